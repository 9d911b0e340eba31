//! Functions, classes, parameters and types.

use base::Symbol;
use ir::{
    Block, CallKind, ClassKind, ExprId, ExprKind, Field, FunctionId, FunctionKind, Param, ParamKind, StmtKind, TypeId,
    TypeKind, Visibility,
};

use super::{expr, stmt};
use crate::{
    lowering::{Lowering, Nodes, has_token, named_children, range},
    tree::Node,
};

/// A function or class with its decorators, onto the end of `out`.
pub fn definition<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let mut annotations = Vec::new();
    let mut inner = node;
    if node.kind() == "decorated_definition" {
        for child in named_children(node) {
            if child.kind() == "decorator" {
                annotations.push(decorator(l, child));
            }
        }
        let Some(definition) = node.child_by_field_name("definition") else { return };
        inner = definition;
    }
    let kind = match inner.kind() {
        "class_definition" => StmtKind::Class(class(l, inner, annotations, range(node))),
        _ => StmtKind::Function(function(l, inner, annotations, range(node))),
    };
    out.push(l.ir.stmt(kind, range(node)));
}

fn decorator<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let Some(inner) = named_children(node).first().copied() else {
        return l.ir.expr(ExprKind::Unknown(Vec::new()), at);
    };
    let (callee, args) = match inner.kind() {
        "call" => {
            let callee = inner.child_by_field_name("function").unwrap_or(inner);
            let args = inner.child_by_field_name("arguments");
            (expr::lower(l, callee), args.map(|a| expr::arguments(l, a)).unwrap_or_default())
        }
        _ => (expr::lower(l, inner), Vec::new()),
    };
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Annotation }, at)
}

fn has_decorator(l: &Lowering<'_>, annotations: &[ExprId], name: &str) -> bool {
    annotations.iter().any(|a| match &l.ir.module.expr(*a).kind {
        ExprKind::Call { callee, .. } => {
            matches!(&l.ir.module.expr(*callee).kind, ExprKind::Name(n) if *n == name)
        }
        _ => false,
    })
}

/// `@property`, `@name.setter`, `@name.deleter`
fn is_accessor(l: &Lowering<'_>, annotations: &[ExprId], name: &str) -> bool {
    has_decorator(l, annotations, "property")
        || annotations.iter().any(|a| match &l.ir.module.expr(*a).kind {
            ExprKind::Call { callee, .. } => {
                let dotted = l.ir.module.dotted(*callee);
                dotted
                    .as_deref()
                    .and_then(|d| d.strip_prefix(name))
                    .is_some_and(|d| matches!(d, ".setter" | ".deleter"))
            }
            _ => false,
        })
}

fn function<'t>(l: &mut Lowering<'t>, node: Node<'t>, annotations: Vec<ExprId>, whole: ir::Range) -> FunctionId {
    let name = node.child_by_field_name("name");
    let text = name.map_or("", |n| l.str(n));
    // only what stands directly in a class body is a method
    let class = l.class.filter(|c| l.ir.module.class(*c).function == l.function);
    let kind = match (class, text) {
        (Some(_), "__init__") => FunctionKind::Constructor,
        (Some(_), _) if is_accessor(l, &annotations, text) => FunctionKind::Accessor,
        (Some(_), _) => FunctionKind::Method,
        _ => FunctionKind::Function,
    };
    let id = l.ir.function(kind, whole);
    let parent = l.function;
    let is_static_method = has_decorator(l, &annotations, "staticmethod");
    let is_class_method = has_decorator(l, &annotations, "classmethod");
    let visibility = visibility(text);
    {
        let function = l.ir.function_mut(id);
        function.name = Some(Symbol::new(text));
        function.name_range = name.map_or(whole, range);
        function.is_async = has_token(node, "async");
        function.is_static = is_static_method || is_class_method;
        function.annotations = annotations;
        function.class = class;
        function.parent = parent;
        function.visibility = visibility;
    }
    l.function = Some(id);
    let params = node.child_by_field_name("parameters");
    let takes_receiver = class.is_some() && !is_static_method;
    parameters(l, id, params, takes_receiver);
    let ret = node.child_by_field_name("return_type").map(|t| ty(l, t));
    let body = node.child_by_field_name("body").map(|b| stmt::block(l, b));
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.ret = ret;
    function.body = body;
    id
}

/// `lambda a, b: c`
pub fn lambda<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let id = l.ir.function(FunctionKind::Lambda, range(node));
    let parent = l.function;
    l.ir.function_mut(id).parent = parent;
    l.function = Some(id);
    parameters(l, id, node.child_by_field_name("parameters"), false);
    if let Some(body) = node.child_by_field_name("body") {
        let value = expr::lower(l, body);
        let stmt = l.ir.stmt(StmtKind::Return(Some(value)), range(body));
        l.ir.function_mut(id).body = Some(vec![stmt]);
    }
    l.function = parent;
    id
}

fn visibility(name: &str) -> Visibility {
    match name {
        n if n.starts_with("__") && n.ends_with("__") => Visibility::Public,
        n if n.starts_with("__") => Visibility::Private,
        n if n.starts_with('_') => Visibility::Protected,
        _ => Visibility::Public,
    }
}

fn parameters<'t>(l: &mut Lowering<'t>, id: FunctionId, list: Option<Node<'t>>, takes_receiver: bool) {
    let mut keyword_only = false;
    for child in list.map(named_children).unwrap_or_default() {
        if child.kind() == "keyword_separator" {
            keyword_only = true;
            continue;
        }
        if child.kind() == "positional_separator" {
            continue;
        }
        let is_first = l.ir.module.function(id).params.is_empty();
        let mut param = parameter(l, child);
        if takes_receiver && is_first && param.kind == ParamKind::Normal {
            param.kind = ParamKind::Receiver;
        } else if keyword_only && param.kind == ParamKind::Normal {
            param.kind = ParamKind::Keyword;
        }
        keyword_only |= param.kind == ParamKind::Rest;
        l.ir.function_mut(id).params.push(param);
    }
}

fn parameter<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Param {
    let mut target = node.child_by_field_name("name").unwrap_or(node);
    if node.kind() == "typed_parameter" {
        target = named_children(node).first().copied().unwrap_or(node);
    }
    let kind = match target.kind() {
        "list_splat_pattern" => ParamKind::Rest,
        "dictionary_splat_pattern" => ParamKind::KeywordRest,
        _ => ParamKind::Normal,
    };
    if kind != ParamKind::Normal {
        target = named_children(target).first().copied().unwrap_or(target);
    }
    let pattern = (target.kind() == "tuple_pattern").then(|| expr::lower(l, target));
    let name = if pattern.is_some() { Symbol::new("") } else { l.symbol(target) };
    let ty = node.child_by_field_name("type").map(|t| ty(l, t));
    let default = node.child_by_field_name("value").map(|v| expr::lower(l, v));
    Param { name, pattern, ty, default, annotations: Vec::new(), kind, range: range(node) }
}

fn class<'t>(l: &mut Lowering<'t>, node: Node<'t>, annotations: Vec<ExprId>, whole: ir::Range) -> ir::ClassId {
    let name = node.child_by_field_name("name");
    let symbol = name.map_or(Symbol::new(""), |n| l.symbol(n));
    let id = l.ir.class(ClassKind::Class, symbol, whole);
    let mut bases = Vec::new();
    for base in node.child_by_field_name("superclasses").map(named_children).unwrap_or_default() {
        if base.kind() != "keyword_argument" {
            bases.push(ty(l, base));
        }
    }
    let (outer, function) = (l.class, l.function);
    {
        let class = l.ir.class_mut(id);
        class.name_range = name.map_or(whole, range);
        class.bases = bases;
        class.annotations = annotations;
        class.outer = outer;
        class.function = function;
    }
    l.class = Some(id);
    let body = node.child_by_field_name("body").map(|b| stmt::block(l, b)).unwrap_or_default();
    l.class = outer;
    members(l, id, body);
    id
}

/// `type A = B`
pub fn alias<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ir::ClassId {
    let name = node.child_by_field_name("left");
    let text = name.map_or("", |n| l.str(n)).split('[').next().unwrap_or("").trim();
    let id = l.ir.class(ClassKind::Alias, Symbol::new(text), range(node));
    let base = node.child_by_field_name("right").map(|t| ty(l, t));
    let (outer, function) = (l.class, l.function);
    let class = l.ir.class_mut(id);
    class.name_range = name.map_or(class.range, range);
    class.bases = base.into_iter().collect();
    class.outer = outer;
    class.function = function;
    id
}

/// Methods and fields out of a class body; the rest stays in it.
fn members(l: &mut Lowering<'_>, id: ir::ClassId, body: Block) {
    let mut rest = Block::new();
    for stmt in body {
        match l.ir.module.stmt(stmt).kind.clone() {
            StmtKind::Function(function) => l.ir.class_mut(id).methods.push(function),
            StmtKind::Assign { target, ty, op: None, value, .. } => {
                let ExprKind::Name(name) = l.ir.module.expr(target).kind else {
                    rest.push(stmt);
                    continue;
                };
                let field = Field {
                    name,
                    ty,
                    init: value,
                    annotations: Vec::new(),
                    visibility: visibility(name.as_str()),
                    is_static: true,
                    is_constant: false,
                    range: l.ir.module.stmt(stmt).range,
                };
                l.ir.class_mut(id).fields.push(field);
            }
            _ => rest.push(stmt),
        }
    }
    l.ir.class_mut(id).body = rest;
}

/// A type annotation.
pub fn ty<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    if !l.enter(node) {
        return l.ir.ty(TypeKind::Unknown, range(node));
    }
    let id = ty_kind(l, node);
    l.leave();
    id
}

fn named<'t>(l: &mut Lowering<'t>, head: Node<'t>, args: Nodes<'t>, at: ir::Range) -> TypeId {
    let path: String = l.str(head).chars().filter(|c| !c.is_whitespace()).collect();
    let last = path.rsplit('.').next().unwrap_or(&path).to_owned();
    let args: Vec<TypeId> = args.into_iter().map(|a| ty(l, a)).collect();
    let kind = match (last.as_str(), args.as_slice()) {
        ("Optional", [one]) => TypeKind::Optional(*one),
        ("Union", items) if !items.is_empty() => TypeKind::Union(items.to_vec()),
        ("Tuple" | "tuple", items) if !items.is_empty() => TypeKind::Tuple(items.to_vec()),
        ("Awaitable" | "Coroutine", items) if !items.is_empty() => return items[items.len() - 1],
        _ => TypeKind::Named { path: Symbol::new(&path), args },
    };
    l.ir.ty(kind, at)
}

fn ty_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    let at = range(node);
    let kind = match node.kind() {
        "type" | "parenthesized_expression" => match named_children(node).first() {
            Some(inner) => return ty(l, *inner),
            None => TypeKind::Unknown,
        },
        "identifier" | "attribute" | "dotted_name" | "member_type" => return named(l, node, Nodes::new(), at),
        "none" => TypeKind::Named { path: Symbol::new("None"), args: Vec::new() },
        "subscript" => {
            let Some(head) = node.child_by_field_name("value") else { return l.ir.ty(TypeKind::Unknown, at) };
            let args = crate::lowering::field_children(node, "subscript");
            return named(l, head, args, at);
        }
        "generic_type" => {
            let parts = named_children(node);
            let Some(head) = parts.first().copied() else { return l.ir.ty(TypeKind::Unknown, at) };
            let args = parts.get(1).map(|p| named_children(*p)).unwrap_or_default();
            return named(l, head, args, at);
        }
        "binary_operator" | "union_type" => {
            let mut items = Vec::new();
            let mut optional = false;
            for child in named_children(node) {
                let item = ty(l, child);
                match &l.ir.module.ty(item).kind {
                    TypeKind::Named { path, .. } if *path == "None" => optional = true,
                    TypeKind::Union(inner) => items.extend(inner.clone()),
                    TypeKind::Optional(inner) => {
                        optional = true;
                        items.push(*inner);
                    }
                    _ => items.push(item),
                }
            }
            match (items.as_slice(), optional) {
                ([one], true) => TypeKind::Optional(*one),
                (_, true) => {
                    let union = l.ir.ty(TypeKind::Union(items), at);
                    TypeKind::Optional(union)
                }
                _ => TypeKind::Union(items),
            }
        }
        "string" => {
            // a forward reference
            let text = l.str(node).trim_matches(['"', '\'']);
            let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
            match plain {
                true => TypeKind::Named { path: Symbol::new(text), args: Vec::new() },
                false => TypeKind::Expr(expr::lower(l, node)),
            }
        }
        "list" => TypeKind::Tuple(named_children(node).into_iter().map(|c| ty(l, c)).collect()),
        _ => TypeKind::Expr(expr::lower(l, node)),
    };
    l.ir.ty(kind, at)
}
