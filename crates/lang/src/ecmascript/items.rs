//! Functions, classes, interfaces, enums, namespaces.

use base::Symbol;
use ir::{
    Block, CallKind, ClassId, ClassKind, ExprId, ExprKind, Field, FunctionId, FunctionKind, Param, ParamKind, StmtKind,
    TypeId, TypeKind, Visibility,
};

use super::{expr, stmt, types};
use crate::{
    lowering::{Lowering, children, field_children, has_token, named_children, range},
    tree::Node,
};

/// `@a.b(c)`
pub fn decorator<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let inner = named_children(node).first().copied();
    let Some(inner) = inner else { return l.ir.expr(ExprKind::Unknown(Vec::new()), at) };
    let (callee, args) = match inner.kind() {
        "call_expression" => {
            let callee = inner.child_by_field_name("function").unwrap_or(inner);
            let args = inner.child_by_field_name("arguments");
            (expr::lower(l, callee), args.map(|a| expr::arguments(l, a)).unwrap_or_default())
        }
        _ => (expr::lower(l, inner), Vec::new()),
    };
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Annotation }, at)
}

/// Any function-like node: declaration, expression, arrow, method, signature.
pub fn function<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let at = range(node);
    let in_class = matches!(
        node.kind(),
        "method_definition"
            | "method_signature"
            | "abstract_method_signature"
            | "call_signature"
            | "construct_signature"
    );
    let name = node.child_by_field_name("name");
    let kind = match (node.kind(), name.map(|n| l.str(n))) {
        (_, Some("constructor")) if in_class => FunctionKind::Constructor,
        _ if in_class => FunctionKind::Method,
        ("function_declaration" | "generator_function_declaration" | "function_signature", _) => FunctionKind::Function,
        _ => FunctionKind::Lambda,
    };
    let kind = match in_class && (has_token(node, "get") || has_token(node, "set")) {
        true => FunctionKind::Accessor,
        false => kind,
    };
    let id = l.ir.function(kind, at);
    let (parent, class) = (l.function, l.class);
    let name_text = name.map(|n| match n.kind() {
        "string" => Symbol::new(&expr::string_text(l, n)),
        // `["name"]() {}`
        "computed_property_name" => match named_children(n).as_slice() {
            [inner] if inner.kind() == "string" => Symbol::new(&expr::string_text(l, *inner)),
            _ => l.symbol(n),
        },
        _ => l.symbol(n),
    });
    {
        let visibility = accessibility(l, node);
        let function = l.ir.function_mut(id);
        function.name = name_text;
        function.name_range = name.map_or(at, range);
        function.is_async = has_token(node, "async");
        function.is_static = has_token(node, "static");
        function.parent = parent;
        function.class = if in_class { class } else { None };
        function.visibility = visibility;
    }
    l.function = Some(id);
    let params = parameters(l, node);
    let ret = node.child_by_field_name("return_type").map(|t| types::lower(l, t));
    let body = node.child_by_field_name("body").map(|body| match body.kind() {
        "statement_block" => stmt::block(l, body),
        _ => {
            let value = expr::lower(l, body);
            vec![l.ir.stmt(StmtKind::Return(Some(value)), range(body))]
        }
    });
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.params = params;
    function.ret = ret;
    function.body = body;
    id
}

fn accessibility(l: &Lowering<'_>, node: Node<'_>) -> Visibility {
    let modifier = named_children(node).into_iter().find(|c| c.kind() == "accessibility_modifier");
    let private_name = node.child_by_field_name("name").is_some_and(|n| n.kind() == "private_property_identifier");
    match modifier.map(|m| l.str(m)) {
        Some("private") => Visibility::Private,
        Some("protected") => Visibility::Protected,
        _ if private_name => Visibility::Private,
        _ => Visibility::Public,
    }
}

fn parameters<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Param> {
    let mut params = Vec::new();
    if let Some(single) = node.child_by_field_name("parameter") {
        params.push(parameter(l, single, None));
    }
    for child in node.child_by_field_name("parameters").map(named_children).unwrap_or_default() {
        match child.kind() {
            "required_parameter" | "optional_parameter" => {
                let pattern = child.child_by_field_name("pattern").unwrap_or(child);
                params.push(parameter(l, pattern, Some(child)));
            }
            "decorator" => {}
            _ => params.push(parameter(l, child, None)),
        }
    }
    params
}

fn parameter<'t>(l: &mut Lowering<'t>, node: Node<'t>, outer: Option<Node<'t>>) -> Param {
    let whole = outer.unwrap_or(node);
    let mut default = outer.and_then(|o| o.child_by_field_name("value")).map(|v| expr::lower(l, v));
    let ty = outer.and_then(|o| o.child_by_field_name("type")).map(|t| types::lower(l, t));
    let annotations = outer.map(|o| field_children(o, "decorator")).unwrap_or_default();
    let annotations = annotations.into_iter().map(|d| decorator(l, d)).collect();
    let mut target = node;
    let mut kind = ParamKind::Normal;
    if target.kind() == "assignment_pattern" {
        default = target.child_by_field_name("right").map(|v| expr::lower(l, v));
        target = target.child_by_field_name("left").unwrap_or(target);
    }
    if target.kind() == "rest_pattern" {
        kind = ParamKind::Rest;
        target = named_children(target).first().copied().unwrap_or(target);
    }
    let is_name = matches!(target.kind(), "identifier" | "this");
    let pattern = (!is_name).then(|| expr::pattern(l, target));
    let name = if is_name { l.symbol(target) } else { Symbol::new("") };
    Param { name, pattern, ty, default, annotations, kind, range: range(whole) }
}

/// Any class-like node.
pub fn class<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ClassId {
    let at = range(node);
    let kind = match node.kind() {
        "interface_declaration" => ClassKind::Interface,
        "enum_declaration" => ClassKind::Enum,
        "type_alias_declaration" => ClassKind::Alias,
        "internal_module" | "module" => ClassKind::Module,
        _ => ClassKind::Class,
    };
    let name = node.child_by_field_name("name");
    let symbol = name.map_or(Symbol::new(""), |n| Symbol::new(l.str(n).trim_matches(['"', '\''])));
    let id = l.ir.class(kind, symbol, at);
    let annotations = field_children(node, "decorator").into_iter().map(|d| decorator(l, d)).collect();
    let bases = bases(l, node);
    let (outer, function) = (l.class, l.function);
    {
        let class = l.ir.class_mut(id);
        class.name_range = name.map_or(at, range);
        class.annotations = annotations;
        class.bases = bases;
        class.outer = outer;
        class.function = function;
        class.is_abstract = node.kind().starts_with("abstract");
    }
    l.class = Some(id);
    if kind == ClassKind::Alias {
        alias(l, node, id);
    } else if let Some(body) = node.child_by_field_name("body") {
        match kind {
            ClassKind::Module => namespace(l, body, id),
            ClassKind::Enum => variants(l, body, id),
            _ => members(l, body, id),
        }
    }
    l.class = outer;
    id
}

fn bases<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<TypeId> {
    let mut bases = Vec::new();
    for clause in named_children(node) {
        match clause.kind() {
            "class_heritage" => {
                for inner in named_children(clause) {
                    match inner.kind() {
                        "extends_clause" => {
                            for value in field_children(inner, "value") {
                                let ty = types::of_expression(l, value);
                                bases.push(with_arguments(l, ty, inner));
                            }
                        }
                        "implements_clause" => {
                            bases.extend(named_children(inner).into_iter().map(|t| types::lower(l, t)));
                        }
                        // JavaScript has the expression itself
                        _ => bases.push(types::of_expression(l, inner)),
                    }
                }
            }
            "extends_type_clause" | "extends_clause" => {
                bases.extend(named_children(clause).into_iter().map(|t| types::lower(l, t)));
            }
            _ => {}
        }
    }
    bases
}

fn with_arguments<'t>(l: &mut Lowering<'t>, ty: TypeId, clause: Node<'t>) -> TypeId {
    let Some(list) = clause.child_by_field_name("type_arguments") else { return ty };
    let TypeKind::Named { path, .. } = l.ir.module.ty(ty).kind else { return ty };
    let args = named_children(list).into_iter().map(|a| types::lower(l, a)).collect();
    l.ir.ty(TypeKind::Named { path, args }, range(clause))
}

fn alias<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId) {
    let Some(value) = node.child_by_field_name("value") else { return };
    if value.kind() == "object_type" {
        l.ir.class_mut(id).kind = ClassKind::Interface;
        members(l, value, id);
    } else {
        let ty = types::lower(l, value);
        l.ir.class_mut(id).bases = vec![ty];
    }
}

fn namespace<'t>(l: &mut Lowering<'t>, body: Node<'t>, id: ClassId) {
    let mut block = Block::new();
    for child in named_children(body) {
        stmt::lower(l, child, &mut block);
    }
    // functions of the namespace are its static methods
    let (functions, rest): (Vec<_>, Vec<_>) =
        block.into_iter().partition(|s| matches!(l.ir.module.stmt(*s).kind, StmtKind::Function(_)));
    for stmt in functions {
        if let StmtKind::Function(function) = l.ir.module.stmt(stmt).kind {
            let item = l.ir.function_mut(function);
            item.is_static = true;
            item.class = Some(id);
            l.ir.class_mut(id).methods.push(function);
        }
    }
    l.ir.class_mut(id).body = rest;
}

fn variants<'t>(l: &mut Lowering<'t>, body: Node<'t>, id: ClassId) {
    for child in named_children(body) {
        let name = child.child_by_field_name("name").unwrap_or(child);
        let init = child.child_by_field_name("value").map(|v| expr::lower(l, v));
        let name = Symbol::new(l.str(name).trim_matches(['"', '\'']));
        let field = Field {
            name,
            ty: None,
            init,
            annotations: Vec::new(),
            visibility: Visibility::Public,
            is_static: true,
            is_constant: true,
            range: range(child),
        };
        l.ir.class_mut(id).fields.push(field);
    }
}

fn members<'t>(l: &mut Lowering<'t>, body: Node<'t>, id: ClassId) {
    let mut decorators: Vec<ExprId> = Vec::new();
    for child in named_children(body) {
        match child.kind() {
            "decorator" => decorators.push(decorator(l, child)),
            "method_definition"
            | "method_signature"
            | "abstract_method_signature"
            | "call_signature"
            | "construct_signature" => {
                let function = function(l, child);
                let annotations = std::mem::take(&mut decorators);
                if let Some(first) = annotations.first() {
                    let start = l.ir.module.expr(*first).range.start;
                    l.ir.function_mut(function).range.start = start;
                }
                l.ir.function_mut(function).annotations = annotations;
                l.ir.class_mut(id).methods.push(function);
                parameter_properties(l, child, function, id);
            }
            "public_field_definition" | "field_definition" | "property_signature" => {
                let annotations = std::mem::take(&mut decorators);
                field(l, child, id, annotations);
            }
            "class_static_block" => {
                if let Some(body) = child.child_by_field_name("body") {
                    let block = stmt::block(l, body);
                    l.ir.class_mut(id).body.extend(block);
                }
            }
            "index_signature" => {}
            "ERROR" => members(l, child, id),
            _ => l.not_understood(child),
        }
    }
}

fn field<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId, mut annotations: Vec<ExprId>) {
    let Some(name) = node.child_by_field_name("name").or(node.child_by_field_name("property")) else { return };
    annotations.extend(field_children(node, "decorator").into_iter().map(|d| decorator(l, d)).collect::<Vec<_>>());
    let symbol = match name.kind() {
        "string" => Symbol::new(&expr::string_text(l, name)),
        _ => l.symbol(name),
    };
    let mut ty = node.child_by_field_name("type").map(|t| types::lower(l, t));
    if children(node).iter().any(|c| c.kind() == "?")
        && let Some(inner) = ty
    {
        ty = Some(l.ir.ty(TypeKind::Optional(inner), range(node)));
    }
    let init = node.child_by_field_name("value").map(|v| expr::lower(l, v));
    let field = Field {
        name: symbol,
        ty,
        init,
        annotations,
        visibility: accessibility(l, node),
        is_static: has_token(node, "static"),
        is_constant: has_token(node, "readonly"),
        range: range(node),
    };
    l.ir.class_mut(id).fields.push(field);
}

/// `constructor(private readonly users: UserService)` declares a field and sets it.
fn parameter_properties<'t>(l: &mut Lowering<'t>, node: Node<'t>, function: FunctionId, id: ClassId) {
    let list = node.child_by_field_name("parameters").map(named_children).unwrap_or_default();
    let list: Vec<_> = list.into_iter().filter(|c| c.kind().ends_with("_parameter")).collect();
    let mut set = Block::new();
    for (at, param) in list.into_iter().enumerate() {
        let declares =
            has_token(param, "readonly") || named_children(param).iter().any(|c| c.kind() == "accessibility_modifier");
        if !declares {
            continue;
        }
        let Some(item) = l.ir.module.function(function).params.get(at).cloned() else { continue };
        let visibility = accessibility(l, param);
        let field = Field {
            name: item.name,
            ty: item.ty,
            init: None,
            annotations: item.annotations,
            visibility,
            is_static: false,
            is_constant: has_token(param, "readonly"),
            range: item.range,
        };
        l.ir.class_mut(id).fields.push(field);
        let sets = l.ir.sets_member(item.name, item.range);
        set.push(sets);
    }
    if let Some(body) = &mut l.ir.function_mut(function).body {
        body.splice(0..0, set);
    }
}
