//! Namespaces, usings, types, members, attributes, types as written.

use base::Symbol;
use ir::{
    Arg, Block, CallKind, ClassId, ClassKind, ExprId, ExprKind, Field, FunctionId, FunctionKind, Import, ImportKind,
    Param, ParamKind, StmtKind, TypeId, TypeKind, Visibility,
};

use smallvec::smallvec;

use super::{expr, stmt};
use crate::{
    lowering::{Lowering, children, has_token, named_children, range},
    tree::Node,
};

/// Where declarations stand.
#[derive(Default)]
pub struct Namespace {
    current: String,
    /// All namespaces of the file.
    pub seen: Vec<String>,
}

/// Declarations of a file or namespace, onto the end of `out`.
pub fn declarations<'t>(l: &mut Lowering<'t>, node: Node<'t>, scope: &mut Namespace, out: &mut Block) {
    for child in named_children(node) {
        match child.kind() {
            "namespace_declaration" | "file_scoped_namespace_declaration" => {
                let name = child.child_by_field_name("name").map_or("", |n| l.str(n));
                let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
                let before = scope.current.clone();
                scope.current = if before.is_empty() { name } else { format!("{before}.{name}") };
                if !scope.seen.contains(&scope.current) {
                    scope.seen.push(scope.current.clone());
                }
                if child.kind() == "namespace_declaration" {
                    if let Some(body) = child.child_by_field_name("body")
                        && l.enter(body)
                    {
                        declarations(l, body, scope, out);
                        l.leave();
                    }
                    scope.current = before;
                } else {
                    // what follows may be below or beside it
                    declarations(l, child, scope, out);
                }
            }
            "using_directive" => using(l, child, out),
            "global_attribute" | "attribute_list" => {
                let found = attributes_of(l, child);
                l.ir.module.annotations.extend(found);
            }
            "global_statement" => {
                for inner in named_children(child) {
                    stmt::lower(l, inner, out);
                }
            }
            "preproc_if" | "preproc_else" | "preproc_elif" | "preproc_region" | "declaration_list" | "ERROR" => {
                if l.enter(child) {
                    declarations(l, child, scope, out);
                    l.leave();
                }
            }
            kind if is_type(kind) => {
                let namespace = scope.current.clone();
                let class = class(l, child, Some(&namespace));
                out.push(l.ir.stmt(StmtKind::Class(class), range(child)));
            }
            "qualified_name" | "identifier" | "extern_alias_directive" => {}
            kind if kind.starts_with("preproc") => {}
            // of `#if`
            _ if child.is_field("condition") => {}
            _ => stmt::lower(l, child, out),
        }
    }
}

fn using<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let alias = node.child_by_field_name("name").map(|n| l.symbol(n));
    let path =
        named_children(node).into_iter().rfind(|c| Some(c.id()) != node.child_by_field_name("name").map(|n| n.id()));
    let Some(path) = path else { return };
    let text: String = l.str(path).chars().filter(|c| !c.is_whitespace()).collect();
    let (module, name) = match (&alias, text.rsplit_once('.')) {
        (Some(_), Some((module, name))) => (module.to_owned(), Some(Symbol::new(name))),
        (Some(_), None) => (String::new(), Some(Symbol::new(&text))),
        _ => (text, Some(Symbol::new("*"))),
    };
    let import = Import {
        module: Symbol::new(&module),
        name,
        alias: alias.unwrap_or(Symbol::new("")),
        kind: ImportKind::Import,
        range: range(node),
    };
    let import = l.ir.import(import);
    out.push(l.ir.stmt(StmtKind::Import(import), range(node)));
}

/// Whether a node declares a type.
pub fn is_type(kind: &str) -> bool {
    matches!(
        kind,
        "class_declaration"
            | "struct_declaration"
            | "record_declaration"
            | "record_struct_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "delegate_declaration"
    )
}

/// The attributes in all attribute lists of a node.
pub fn attributes<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<ExprId> {
    let lists = named_children(node).into_iter().filter(|c| c.kind() == "attribute_list");
    let mut found = Vec::new();
    for list in lists {
        found.extend(attributes_of(l, list));
    }
    found
}

fn attributes_of<'t>(l: &mut Lowering<'t>, list: Node<'t>) -> Vec<ExprId> {
    let list = named_children(list).into_iter().filter(|c| c.kind() == "attribute");
    list.map(|a| attribute(l, a)).collect()
}

fn attribute<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let name = node.child_by_field_name("name").or_else(|| named_children(node).first().copied());
    let callee = match name {
        Some(name) => expr::lower(l, name),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
    };
    let mut args = Vec::new();
    let list = named_children(node).into_iter().find(|c| c.kind() == "attribute_argument_list");
    for child in list.map(named_children).unwrap_or_default() {
        // `Name = value` and `name: value`
        let parts = named_children(child);
        let named = has_token(child, "=") || has_token(child, ":");
        let (name, value) = match parts.as_slice() {
            [name, value] if named => (Some(l.symbol(*name)), Some(*value)),
            [value, ..] => (None, Some(*value)),
            [] => (None, None),
        };
        if let Some(value) = value {
            if value.kind() == "assignment_expression" {
                let key = value.child_by_field_name("left").map(|k| l.symbol(k));
                if let Some(inner) = value.child_by_field_name("right") {
                    args.push(Arg { name: key, value: expr::lower(l, inner) });
                    continue;
                }
            }
            args.push(Arg { name, value: expr::lower(l, value) });
        }
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Annotation }, at)
}

struct Modifiers {
    visibility: Option<Visibility>,
    is_static: bool,
    is_constant: bool,
    is_abstract: bool,
    is_async: bool,
}

fn modifiers(l: &Lowering<'_>, node: Node<'_>) -> Modifiers {
    let mut found =
        Modifiers { visibility: None, is_static: false, is_constant: false, is_abstract: false, is_async: false };
    for child in children(node) {
        let text = if child.kind() == "modifier" { l.str(child) } else { child.kind() };
        match text {
            "public" => found.visibility = Some(Visibility::Public),
            "protected" => found.visibility = Some(Visibility::Protected),
            "private" => found.visibility = Some(Visibility::Private),
            "internal" => found.visibility = found.visibility.or(Some(Visibility::Internal)),
            "static" => found.is_static = true,
            "const" | "readonly" => found.is_constant = true,
            "abstract" => found.is_abstract = true,
            "async" => found.is_async = true,
            _ => {}
        }
    }
    found
}

/// Any type declaration.
pub fn class<'t>(l: &mut Lowering<'t>, node: Node<'t>, namespace: Option<&str>) -> ClassId {
    let at = range(node);
    let kind = match node.kind() {
        "struct_declaration" | "record_declaration" | "record_struct_declaration" => ClassKind::Struct,
        "interface_declaration" => ClassKind::Interface,
        "enum_declaration" => ClassKind::Enum,
        "delegate_declaration" => ClassKind::Alias,
        _ => ClassKind::Class,
    };
    let name = node.child_by_field_name("name");
    let symbol = name.map_or(Symbol::new(""), |n| l.symbol(n));
    let id = l.ir.class(kind, symbol, at);
    let annotations = attributes(l, node);
    let found = modifiers(l, node);
    let mut bases = Vec::new();
    let clause = node
        .child_by_field_name("bases")
        .or_else(|| named_children(node).into_iter().find(|c| c.kind() == "base_list"));
    for base in clause.map(named_children).unwrap_or_default() {
        match base.kind() {
            "argument_list" => {}
            "primary_constructor_base_type" => {
                if let Some(inner) = named_children(base).first() {
                    bases.push(ty(l, *inner));
                }
            }
            _ => bases.push(ty(l, base)),
        }
    }
    let (outer, function) = (l.class, l.function);
    {
        let class = l.ir.class_mut(id);
        class.name_range = name.map_or(at, range);
        class.namespace = namespace.filter(|n| !n.is_empty()).map(Symbol::new);
        class.annotations = annotations;
        class.bases = bases;
        class.visibility = found.visibility.unwrap_or(Visibility::Internal);
        class.is_abstract = found.is_abstract;
        class.outer = outer;
        class.function = function;
    }
    l.class = Some(id);
    let before = l.function.take();
    if kind != ClassKind::Alias {
        let list = named_children(node).into_iter().find(|c| c.kind() == "parameter_list");
        if let Some(list) = list {
            primary_constructor(l, node, list, id);
        }
        if let Some(body) = node.child_by_field_name("body") {
            members(l, body, id);
        }
    }
    l.function = before;
    l.class = outer;
    id
}

/// The parameters behind the name of a class: of a record they are properties, of another class its own
/// affair. The constructor hands arguments to the base and sets each.
fn primary_constructor<'t>(l: &mut Lowering<'t>, node: Node<'t>, list: Node<'t>, id: ClassId) {
    let constructor = l.ir.function(FunctionKind::Constructor, range(list));
    l.ir.function_mut(constructor).class = Some(id);
    l.function = Some(constructor);
    let params = parameters(l, list);
    let bases = named_children(node).into_iter().filter(|c| c.kind() == "base_list").flat_map(named_children);
    let handed = bases.flat_map(|b| if b.kind() == "argument_list" { smallvec![b] } else { named_children(b) });
    let mut body = Block::new();
    for arguments in handed.filter(|c| c.kind() == "argument_list") {
        let at = range(arguments);
        let args = expr::arguments(l, arguments);
        let callee = l.ir.expr(ExprKind::Super, at);
        let call = l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at);
        body.push(l.ir.stmt(StmtKind::Expr(call), at));
    }
    l.function = None;
    let is_record = node.kind().starts_with("record");
    for param in &params {
        body.push(l.ir.sets_member(param.name, param.range));
        let field = Field {
            name: param.name,
            ty: param.ty,
            init: None,
            annotations: param.annotations.clone(),
            visibility: if is_record { Visibility::Public } else { Visibility::Private },
            is_static: false,
            is_constant: true,
            range: param.range,
        };
        l.ir.class_mut(id).fields.push(field);
    }
    let function = l.ir.function_mut(constructor);
    function.params = params;
    function.body = Some(body);
    l.ir.class_mut(id).methods.push(constructor);
}

fn members<'t>(l: &mut Lowering<'t>, body: Node<'t>, id: ClassId) {
    for child in named_children(body) {
        match child.kind() {
            "field_declaration" | "event_field_declaration" => fields(l, child, id),
            "property_declaration" | "event_declaration" | "indexer_declaration" => property(l, child, id),
            "method_declaration"
            | "constructor_declaration"
            | "destructor_declaration"
            | "operator_declaration"
            | "conversion_operator_declaration" => {
                let method = function(l, child);
                l.ir.class_mut(id).methods.push(method);
            }
            "enum_member_declaration" => {
                let Some(name) = child.child_by_field_name("name") else { continue };
                let init = child.child_by_field_name("value").map(|v| expr::lower(l, v));
                let annotations = attributes(l, child);
                let field = Field {
                    name: l.symbol(name),
                    ty: None,
                    init,
                    annotations,
                    visibility: Visibility::Public,
                    is_static: true,
                    is_constant: true,
                    range: range(child),
                };
                l.ir.class_mut(id).fields.push(field);
            }
            kind if is_type(kind) => {
                let inner = class(l, child, None);
                let stmt = l.ir.stmt(StmtKind::Class(inner), range(child));
                l.ir.class_mut(id).body.push(stmt);
            }
            "ERROR"
            | "preproc_if"
            | "preproc_else"
            | "preproc_elif"
            | "declaration_list"
            | "enum_member_declaration_list" => members(l, child, id),
            kind if kind.starts_with("preproc") => {}
            // of `#if`
            _ if child.is_field("condition") => {}
            // what the parser recovered to inside a broken or conditional member
            "identifier" | "modifier" | "predefined_type" | "attribute_list" => {}
            _ => l.not_understood(child),
        }
    }
}

fn fields<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId) {
    let annotations = attributes(l, node);
    let found = modifiers(l, node);
    let declaration = named_children(node).into_iter().find(|c| c.kind() == "variable_declaration");
    let Some(declaration) = declaration else { return };
    let declared = declaration.child_by_field_name("type");
    let field_ty = declared.map(|t| ty(l, t));
    for declarator in named_children(declaration).into_iter().filter(|c| c.kind() == "variable_declarator") {
        let Some(name) = declarator.child_by_field_name("name") else { continue };
        let init = stmt::initializer(l, declarator, declared);
        let field = Field {
            name: l.symbol(name),
            ty: field_ty,
            init,
            annotations: annotations.clone(),
            visibility: found.visibility.unwrap_or(Visibility::Private),
            is_static: found.is_static,
            is_constant: found.is_constant,
            range: range(node),
        };
        l.ir.class_mut(id).fields.push(field);
    }
}

fn property<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId) {
    let annotations = attributes(l, node);
    let found = modifiers(l, node);
    let declared = node.child_by_field_name("type");
    let field_ty = declared.map(|t| ty(l, t));
    let name = node.child_by_field_name("name").map_or(Symbol::new("this"), |n| l.symbol(n));
    let value = node.child_by_field_name("value");
    let mut init = None;
    match value.map(|v| v.kind()) {
        Some("arrow_expression_clause") => {
            let getter = accessor(l, node, name, id);
            let body = value.map(|v| arrow(l, v));
            l.ir.function_mut(getter).body = body;
            l.function = None;
        }
        Some(_) => init = value.map(|v| stmt::typed(l, v, declared)),
        None => {}
    }
    let list = node.child_by_field_name("accessors");
    for child in list.map(named_children).unwrap_or_default() {
        let Some(body) = child.child_by_field_name("body") else { continue };
        let function = accessor(l, child, name, id);
        let block = match body.kind() {
            "arrow_expression_clause" => arrow(l, body),
            _ => stmt::block(l, body),
        };
        l.ir.function_mut(function).body = Some(block);
        l.function = None;
    }
    let field = Field {
        name,
        ty: field_ty,
        init,
        annotations,
        visibility: found.visibility.unwrap_or(Visibility::Private),
        is_static: found.is_static,
        is_constant: !list.map(children).unwrap_or_default().iter().any(|a| has_token(*a, "set")),
        range: range(node),
    };
    l.ir.class_mut(id).fields.push(field);
}

fn accessor<'t>(l: &mut Lowering<'t>, node: Node<'t>, name: Symbol, id: ClassId) -> FunctionId {
    let function = l.ir.function(FunctionKind::Accessor, range(node));
    let item = l.ir.function_mut(function);
    item.name = Some(name);
    item.class = Some(id);
    l.ir.class_mut(id).methods.push(function);
    l.function = Some(function);
    function
}

fn arrow<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let Some(value) = named_children(node).first().copied() else { return Block::new() };
    let value = expr::lower(l, value);
    vec![l.ir.stmt(StmtKind::Return(Some(value)), range(node))]
}

/// A method, constructor, operator or local function.
pub fn function<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let at = range(node);
    let kind = match node.kind() {
        "constructor_declaration" => FunctionKind::Constructor,
        "local_function_statement" => FunctionKind::Function,
        _ => FunctionKind::Method,
    };
    let id = l.ir.function(kind, at);
    let annotations = attributes(l, node);
    let found = modifiers(l, node);
    let name = node.child_by_field_name("name");
    let symbol = name.map(|n| l.symbol(n));
    let (parent, class) = (l.function, l.class);
    let interface = class.is_some_and(|c| l.ir.module.class(c).kind == ClassKind::Interface);
    {
        let default = if interface { Visibility::Public } else { Visibility::Private };
        let function = l.ir.function_mut(id);
        function.name = symbol;
        function.name_range = name.map_or(at, range);
        function.is_async = found.is_async;
        function.is_static = found.is_static;
        function.visibility = found.visibility.unwrap_or(default);
        function.annotations = annotations;
        function.class = if kind == FunctionKind::Function { None } else { class };
        function.parent = parent;
    }
    l.function = Some(id);
    let params = node.child_by_field_name("parameters").map(|p| parameters(l, p)).unwrap_or_default();
    let ret = node.child_by_field_name("returns").or_else(|| node.child_by_field_name("type")).map(|t| ty(l, t));
    // `: base(…)`, `: this(…)`
    let mut first = Block::new();
    if let Some(initializer) = named_children(node).into_iter().find(|c| c.kind() == "constructor_initializer") {
        let callee = if has_token(initializer, "base") { ExprKind::Super } else { ExprKind::This };
        let callee = l.ir.expr(callee, range(initializer));
        let list = named_children(initializer).into_iter().find(|c| c.kind() == "argument_list");
        let args = list.map(|a| expr::arguments(l, a)).unwrap_or_default();
        let call = ExprKind::Call { callee, args, block: None, kind: CallKind::Call };
        let call = l.ir.expr(call, range(initializer));
        first.push(l.ir.stmt(StmtKind::Expr(call), range(initializer)));
    }
    let body = node.child_by_field_name("body").map(|body| match body.kind() {
        "arrow_expression_clause" => arrow(l, body),
        _ => stmt::block(l, body),
    });
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.params = params;
    function.ret = ret;
    function.body = body.map(|mut body| {
        first.append(&mut body);
        first
    });
    id
}

/// A lambda or anonymous method.
pub fn lambda<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let id = l.ir.function(FunctionKind::Lambda, range(node));
    let annotations = attributes(l, node);
    let is_async = modifiers(l, node).is_async;
    let parent = l.function;
    {
        let function = l.ir.function_mut(id);
        function.parent = parent;
        function.annotations = annotations;
        function.is_async = is_async;
    }
    l.function = Some(id);
    let params = match node.child_by_field_name("parameters") {
        Some(one) if one.kind() == "implicit_parameter" || one.kind() == "identifier" => vec![plain(l, one)],
        Some(list) => parameters(l, list),
        None => Vec::new(),
    };
    let body =
        node.child_by_field_name("body").or_else(|| named_children(node).into_iter().find(|c| c.kind() == "block"));
    let body = body.map(|body| match body.kind() {
        "block" => stmt::block(l, body),
        _ => {
            let value = expr::lower(l, body);
            vec![l.ir.stmt(StmtKind::Return(Some(value)), range(body))]
        }
    });
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.params = params;
    function.body = body;
    id
}

fn plain(l: &Lowering<'_>, node: Node<'_>) -> Param {
    Param {
        name: l.symbol(node),
        pattern: None,
        ty: None,
        default: None,
        annotations: Vec::new(),
        kind: ParamKind::Normal,
        range: range(node),
    }
}

fn parameters<'t>(l: &mut Lowering<'t>, list: Node<'t>) -> Vec<Param> {
    let mut params = Vec::new();
    // `params T[] xs` has its parts directly in the list
    let mut rest_ty = None;
    for child in children(list) {
        match child.kind() {
            "parameter" => {
                let Some(name) = child.child_by_field_name("name") else { continue };
                let annotations = attributes(l, child);
                let param_ty = child.child_by_field_name("type").map(|t| ty(l, t));
                let taken = [Some(name.id()), child.child_by_field_name("type").map(|t| t.id())];
                let default = named_children(child)
                    .into_iter()
                    .find(|c| !taken.contains(&Some(c.id())) && !matches!(c.kind(), "attribute_list" | "modifier"));
                let default = default.map(|d| match d.kind() {
                    "equals_value_clause" => named_children(d).first().copied().unwrap_or(d),
                    _ => d,
                });
                let default = default.map(|d| expr::lower(l, d));
                let kind = if has_token(child, "params") { ParamKind::Rest } else { ParamKind::Normal };
                let mut param = plain(l, name);
                param.ty = param_ty;
                param.default = default;
                param.annotations = annotations;
                param.kind = kind;
                param.range = range(child);
                params.push(param);
            }
            "implicit_parameter" => params.push(plain(l, child)),
            "array_type" | "nullable_type" | "generic_name" => rest_ty = Some(ty(l, child)),
            "identifier" => {
                let mut param = plain(l, child);
                param.ty = rest_ty.take();
                param.kind = ParamKind::Rest;
                params.push(param);
            }
            _ => {}
        }
    }
    params
}

/// A type as written.
pub fn ty<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    if !l.enter(node) {
        return l.ir.ty(TypeKind::Unknown, range(node));
    }
    let id = ty_kind(l, node);
    l.leave();
    id
}

fn ty_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    let at = range(node);
    let kind = match node.kind() {
        "generic_name" => {
            let parts = named_children(node);
            let path = parts.first().map_or(Symbol::new(""), |p| l.symbol(*p));
            let list = parts.iter().find(|p| p.kind() == "type_argument_list").map(|p| named_children(*p));
            let args: Vec<TypeId> = list.unwrap_or_default().into_iter().map(|a| ty(l, a)).collect();
            match (path.as_str(), args.as_slice()) {
                // what is awaited in the end
                ("Task" | "ValueTask" | "ActionResult", [one]) => return *one,
                _ => TypeKind::Named { path, args },
            }
        }
        "qualified_name" => {
            // the last part may be generic
            let parts = named_children(node);
            match parts.last().filter(|p| p.kind() == "generic_name") {
                Some(last) => {
                    let inner = ty(l, *last);
                    let text = l.str(node).split('<').next().unwrap_or("").replace(char::is_whitespace, "");
                    match l.ir.module.ty(inner).kind.clone() {
                        TypeKind::Named { args, .. } => TypeKind::Named { path: Symbol::new(&text), args },
                        _ => return inner,
                    }
                }
                None => TypeKind::Named { path: l.symbol(node), args: Vec::new() },
            }
        }
        "nullable_type" => match named_children(node).first() {
            Some(inner) => TypeKind::Optional(ty(l, *inner)),
            None => TypeKind::Unknown,
        },
        "array_type" => match node.child_by_field_name("type").or_else(|| named_children(node).first().copied()) {
            Some(inner) => TypeKind::Array(ty(l, inner)),
            None => TypeKind::Unknown,
        },
        "pointer_type" | "ref_type" | "scoped_type" => match named_children(node).last() {
            Some(inner) => TypeKind::Ref(ty(l, *inner)),
            None => TypeKind::Unknown,
        },
        "tuple_type" => {
            let elements = named_children(node).into_iter();
            let elements = elements.filter_map(|e| e.child_by_field_name("type").or(Some(e)));
            TypeKind::Tuple(elements.map(|e| ty(l, e)).collect())
        }
        "implicit_type" | "function_pointer_type" => TypeKind::Unknown,
        _ => {
            let path: String = l.str(node).chars().filter(|c| !c.is_whitespace()).collect();
            TypeKind::Named { path: Symbol::new(&path), args: Vec::new() }
        }
    };
    l.ir.ty(kind, at)
}
