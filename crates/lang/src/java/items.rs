//! Imports, classes, methods, annotations and types.

use base::Symbol;
use ir::{
    Arg, Block, CallKind, ClassId, ClassKind, ExprId, ExprKind, Field, FunctionId, FunctionKind, Import, ImportKind,
    Param, ParamKind, StmtKind, TypeId, TypeKind, Visibility,
};

use super::{expr, stmt};
use crate::{
    lowering::{Lowering, children, field_children, named_children, range},
    tree::Node,
};

/// Lowers a top-level declaration onto the end of `out`.
pub fn top_level<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    match node.kind() {
        "package_declaration" => {
            let name = named_children(node).into_iter().find(|c| c.kind().ends_with("identifier"));
            l.ir.module.package = name.map(|n| l.symbol(n));
        }
        "import_declaration" => import(l, node, out),
        "module_declaration" => {}
        _ => stmt::lower(l, node, out),
    }
}

fn import<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let Some(path) = named_children(node).into_iter().find(|c| c.kind().ends_with("identifier")) else { return };
    let path: String = l.str(path).chars().filter(|c| !c.is_whitespace()).collect();
    let wildcard = named_children(node).iter().any(|c| c.kind() == "asterisk");
    let (module, name) = match path.rsplit_once('.') {
        _ if wildcard => (path.as_str(), "*"),
        Some((module, name)) => (module, name),
        None => ("", path.as_str()),
    };
    let import = Import {
        module: Symbol::new(module),
        name: Some(Symbol::new(name)),
        alias: Symbol::new(if wildcard { "" } else { name }),
        kind: ImportKind::Import,
        range: range(node),
    };
    let import = l.ir.import(import);
    out.push(l.ir.stmt(StmtKind::Import(import), range(node)));
}

struct Modifiers {
    annotations: Vec<ExprId>,
    visibility: Option<Visibility>,
    is_static: bool,
    is_final: bool,
    is_abstract: bool,
}

fn modifiers<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Modifiers {
    let mut found =
        Modifiers { annotations: Vec::new(), visibility: None, is_static: false, is_final: false, is_abstract: false };
    let list = children(node).into_iter().find(|c| c.kind() == "modifiers");
    for child in list.map(children).unwrap_or_default() {
        match child.kind() {
            "annotation" | "marker_annotation" => found.annotations.push(annotation(l, child)),
            "public" => found.visibility = Some(Visibility::Public),
            "protected" => found.visibility = Some(Visibility::Protected),
            "private" => found.visibility = Some(Visibility::Private),
            "static" => found.is_static = true,
            "final" => found.is_final = true,
            "abstract" => found.is_abstract = true,
            _ => {}
        }
    }
    found
}

/// `@A`, `@A(x)`, `@A(n = x)`
pub fn annotation<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    if !l.enter(node) {
        return l.ir.expr(ExprKind::Unknown(Vec::new()), range(node));
    }
    let callee = match node.child_by_field_name("name") {
        Some(name) => expr::lower(l, name),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    };
    let mut args = Vec::new();
    for child in node.child_by_field_name("arguments").map(named_children).unwrap_or_default() {
        match child.kind() {
            "element_value_pair" => {
                let name = child.child_by_field_name("key").map(|k| l.symbol(k));
                if let Some(value) = child.child_by_field_name("value") {
                    args.push(Arg { name, value: expr::lower(l, value) });
                }
            }
            _ => args.push(Arg { name: None, value: expr::lower(l, child) }),
        }
    }
    l.leave();
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Annotation }, range(node))
}

/// Whether a node declares a class-like thing.
pub fn is_class(kind: &str) -> bool {
    matches!(
        kind,
        "class_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "record_declaration"
            | "annotation_type_declaration"
    )
}

/// Any class-like declaration.
pub fn class<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ClassId {
    let at = range(node);
    let kind = match node.kind() {
        "interface_declaration" | "annotation_type_declaration" => ClassKind::Interface,
        "enum_declaration" => ClassKind::Enum,
        "record_declaration" => ClassKind::Struct,
        _ => ClassKind::Class,
    };
    let name = node.child_by_field_name("name");
    let symbol = name.map_or(Symbol::new(""), |n| l.symbol(n));
    let id = l.ir.class(kind, symbol, at);
    let found = modifiers(l, node);
    let mut bases = Vec::new();
    for field in ["superclass", "interfaces"] {
        if let Some(clause) = node.child_by_field_name(field) {
            base_types(l, clause, &mut bases);
        }
    }
    for clause in named_children(node).into_iter().filter(|c| c.kind() == "extends_interfaces") {
        base_types(l, clause, &mut bases);
    }
    open(l, id, name.map_or(at, range), bases, found);
    let before = (l.class, l.function);
    l.class = Some(id);
    if kind == ClassKind::Struct {
        components(l, node, id);
    }
    if let Some(body) = node.child_by_field_name("body") {
        members(l, body, id);
    }
    (l.class, l.function) = before;
    id
}

fn open(l: &mut Lowering<'_>, id: ClassId, name_range: ir::Range, bases: Vec<TypeId>, found: Modifiers) {
    let namespace = l.ir.module.package;
    let (outer, function) = (l.class, l.function);
    let class = l.ir.class_mut(id);
    class.name_range = name_range;
    class.namespace = namespace;
    class.bases = bases;
    class.annotations = found.annotations;
    class.visibility = found.visibility.unwrap_or(Visibility::Internal);
    class.is_abstract = found.is_abstract;
    class.outer = outer;
    class.function = function;
}

fn base_types<'t>(l: &mut Lowering<'t>, clause: Node<'t>, bases: &mut Vec<TypeId>) {
    for child in named_children(clause) {
        if child.kind() == "type_list" {
            bases.extend(named_children(child).into_iter().map(|t| ty(l, t)).collect::<Vec<_>>());
        } else {
            bases.push(ty(l, child));
        }
    }
}

/// The anonymous class of `new X(…) { … }`; the construction is the first statement of its body.
pub fn anonymous<'t>(l: &mut Lowering<'t>, body: Node<'t>, base: Option<Node<'t>>, made: ExprId) -> ClassId {
    let at = range(body);
    let id = l.ir.class(ClassKind::Class, Symbol::new(""), at);
    let bases = base.map(|b| ty(l, b)).into_iter().collect();
    let none =
        Modifiers { annotations: Vec::new(), visibility: None, is_static: false, is_final: false, is_abstract: false };
    open(l, id, at, bases, none);
    let before = l.class;
    l.class = Some(id);
    let first = l.ir.stmt(StmtKind::Expr(made), at);
    l.ir.class_mut(id).body.push(first);
    members(l, body, id);
    l.class = before;
    id
}

fn components<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId) {
    let Some(list) = node.child_by_field_name("parameters") else { return };
    let params = parameters(l, list);
    for param in &params {
        let field = Field {
            name: param.name,
            ty: param.ty,
            init: None,
            annotations: param.annotations.clone(),
            visibility: Visibility::Private,
            is_static: false,
            is_constant: true,
            range: param.range,
        };
        l.ir.class_mut(id).fields.push(field);
    }
    // the canonical constructor: what a compact one says, then each component is set
    let constructor = l.ir.function(FunctionKind::Constructor, range(list));
    let members = node.child_by_field_name("body").map(named_children).unwrap_or_default();
    let compact = members.into_iter().find(|c| c.kind() == "compact_constructor_declaration");
    let before = l.function.replace(constructor);
    let mut body = compact.and_then(|c| c.child_by_field_name("body")).map(|b| stmt::block(l, b)).unwrap_or_default();
    l.function = before;
    body.extend(params.iter().map(|p| l.ir.sets_member(p.name, p.range)));
    let function = l.ir.function_mut(constructor);
    function.params = params;
    function.class = Some(id);
    function.body = Some(body);
    l.ir.class_mut(id).methods.push(constructor);
}

fn members<'t>(l: &mut Lowering<'t>, body: Node<'t>, id: ClassId) {
    // what stands in a class in a function does not belong to that function's body
    let before = l.function.take();
    for child in named_children(body) {
        match child.kind() {
            "field_declaration" | "constant_declaration" => fields(l, child, id),
            "method_declaration" | "constructor_declaration" | "annotation_type_element_declaration" => {
                let method = method(l, child, Some(id));
                l.ir.class_mut(id).methods.push(method);
            }
            // in the canonical constructor
            "compact_constructor_declaration" => {}
            "enum_constant" => constant(l, child, id),
            "enum_body_declarations" | "ERROR" => members(l, child, id),
            "block" | "static_initializer" => {
                let inner = if child.kind() == "block" { Some(child) } else { named_children(child).first().copied() };
                if let Some(inner) = inner {
                    let block = stmt::block(l, inner);
                    l.ir.class_mut(id).body.extend(block);
                }
            }
            kind if is_class(kind) => {
                let inner = class(l, child);
                let stmt = l.ir.stmt(StmtKind::Class(inner), range(child));
                l.ir.class_mut(id).body.push(stmt);
            }
            _ => l.not_understood(child),
        }
    }
    l.function = before;
}

fn fields<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId) {
    let found = modifiers(l, node);
    let interface = l.ir.module.class(id).kind == ClassKind::Interface;
    let field_ty = node.child_by_field_name("type").map(|t| ty(l, t));
    for declarator in field_children(node, "declarator") {
        let Some(name) = declarator.child_by_field_name("name") else { continue };
        let init = declarator.child_by_field_name("value").map(|v| expr::lower(l, v));
        let field = Field {
            name: l.symbol(name),
            ty: field_ty,
            init,
            annotations: found.annotations.clone(),
            visibility: found.visibility.unwrap_or(if interface { Visibility::Public } else { Visibility::Internal }),
            is_static: found.is_static || interface,
            is_constant: found.is_final || interface,
            range: range(node),
        };
        l.ir.class_mut(id).fields.push(field);
    }
}

fn constant<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let at = range(node);
    let args = node.child_by_field_name("arguments").map(|a| expr::arguments(l, a)).unwrap_or_default();
    let own = l.ir.module.class(id).name;
    let callee = l.ir.expr(ExprKind::Name(own), at);
    let made = l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::New }, at);
    if let Some(body) = node.child_by_field_name("body") {
        let inner = anonymous(l, body, None, made);
        let stmt = l.ir.stmt(StmtKind::Class(inner), range(body));
        l.ir.class_mut(id).body.push(stmt);
    }
    let field = Field {
        name: l.symbol(name),
        ty: None,
        init: Some(made),
        annotations: Vec::new(),
        visibility: Visibility::Public,
        is_static: true,
        is_constant: true,
        range: at,
    };
    l.ir.class_mut(id).fields.push(field);
}

/// A method or constructor.
pub fn method<'t>(l: &mut Lowering<'t>, node: Node<'t>, class: Option<ClassId>) -> FunctionId {
    let at = range(node);
    let kind = match class {
        None => FunctionKind::Function,
        Some(_) if node.kind().contains("constructor") => FunctionKind::Constructor,
        Some(_) => FunctionKind::Method,
    };
    let id = l.ir.function(kind, at);
    let found = modifiers(l, node);
    let interface = class.is_some_and(|c| l.ir.module.class(c).kind == ClassKind::Interface);
    let name = node.child_by_field_name("name");
    let symbol = name.map(|n| l.symbol(n));
    let parent = l.function;
    {
        let function = l.ir.function_mut(id);
        function.name = symbol;
        function.name_range = name.map_or(at, range);
        function.is_static = found.is_static;
        let default = if interface { Visibility::Public } else { Visibility::Internal };
        function.visibility = found.visibility.unwrap_or(default);
        function.annotations = found.annotations;
        function.class = class;
        function.parent = parent;
    }
    l.function = Some(id);
    let params = node.child_by_field_name("parameters").map(|p| parameters(l, p)).unwrap_or_default();
    let ret = node.child_by_field_name("type").map(|t| ty(l, t));
    let body = node.child_by_field_name("body").map(|b| stmt::block(l, b));
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.params = params;
    function.ret = ret;
    function.body = body;
    id
}

/// A lambda.
pub fn lambda<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let id = l.ir.function(FunctionKind::Lambda, range(node));
    let parent = l.function;
    l.ir.function_mut(id).parent = parent;
    l.function = Some(id);
    let params = match node.child_by_field_name("parameters") {
        Some(one) if one.kind() == "identifier" => vec![plain(l, one)],
        Some(list) if list.kind() == "inferred_parameters" => {
            named_children(list).into_iter().map(|p| plain(l, p)).collect()
        }
        Some(list) => parameters(l, list),
        None => Vec::new(),
    };
    let body = node.child_by_field_name("body").map(|body| match body.kind() {
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
    for child in named_children(list) {
        let found = modifiers(l, child);
        let ty_node = child.child_by_field_name("type").or_else(|| {
            named_children(child).into_iter().find(|c| !matches!(c.kind(), "modifiers" | "variable_declarator"))
        });
        let (name, kind) = match child.kind() {
            "formal_parameter" => (child.child_by_field_name("name"), ParamKind::Normal),
            "spread_parameter" => {
                let declarator = named_children(child).into_iter().find(|c| c.kind() == "variable_declarator");
                (declarator.and_then(|d| d.child_by_field_name("name")), ParamKind::Rest)
            }
            _ => continue,
        };
        let Some(name) = name else { continue };
        let ty = ty_node.map(|t| ty(l, t));
        params.push(Param {
            name: l.symbol(name),
            pattern: None,
            ty,
            default: None,
            annotations: found.annotations,
            kind,
            range: range(child),
        });
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
        "generic_type" => {
            let parts = named_children(node);
            let path = parts.first().map_or("", |p| l.str(*p));
            let path: String = path.chars().filter(|c| !c.is_whitespace()).collect();
            let args = parts.iter().find(|p| p.kind() == "type_arguments").map(|p| named_children(*p));
            let args: Vec<TypeId> = args.unwrap_or_default().into_iter().map(|a| ty(l, a)).collect();
            match (path.as_str(), args.as_slice()) {
                ("Optional" | "java.util.Optional", [one]) => TypeKind::Optional(*one),
                _ => TypeKind::Named { path: Symbol::new(&path), args },
            }
        }
        "array_type" => match node.child_by_field_name("element") {
            Some(element) => TypeKind::Array(ty(l, element)),
            None => TypeKind::Unknown,
        },
        "annotated_type" | "wildcard" => {
            let inner = named_children(node).into_iter().rfind(|c| !c.kind().contains("annotation"));
            match inner {
                Some(inner) => return ty(l, inner),
                None => TypeKind::Unknown,
            }
        }
        "union_type" | "catch_type" => TypeKind::Union(named_children(node).into_iter().map(|t| ty(l, t)).collect()),
        _ => {
            let path: String = l.str(node).chars().filter(|c| !c.is_whitespace()).collect();
            TypeKind::Named { path: Symbol::new(&path), args: Vec::new() }
        }
    };
    l.ir.ty(kind, at)
}
