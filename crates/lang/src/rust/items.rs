//! Functions, types, impls, modules, uses, attributes.

use base::Symbol;
use ir::{
    Block, CallKind, ClassId, ClassKind, ExprId, ExprKind, Field, FunctionId, FunctionKind, Import, ImportKind, Param,
    ParamKind, StmtKind, TypeId, TypeKind, Visibility,
};

use super::{expr, macros, stmt};
use crate::{
    lowering::{Lowering, has_token, named_children, range},
    tree::Node,
};

/// A path with `.` for `::`, without type arguments and spaces.
pub fn path(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0u32;
    for c in text.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth > 0 || c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out.replace("::", ".").trim_matches('.').replace("..", ".")
}

/// `#[a::b(c, d = e)]`, `#![…]`
pub fn attribute<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let Some(inner) = named_children(node).into_iter().find(|c| c.kind() == "attribute") else {
        return l.ir.expr(ExprKind::Unknown(Vec::new()), at);
    };
    let name = named_children(inner).first().copied();
    let callee = match name {
        Some(name) => expr::lower(l, name),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
    };
    let mut args = Vec::new();
    if let Some(value) = inner.child_by_field_name("value") {
        args.push(ir::Arg { name: None, value: expr::lower(l, value) });
    }
    if let Some(tokens) = inner.child_by_field_name("arguments") {
        args.extend(macros::arguments(l, tokens));
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Annotation }, at)
}

fn visibility(l: &Lowering<'_>, node: Node<'_>) -> Visibility {
    let modifier = named_children(node).into_iter().find(|c| c.kind() == "visibility_modifier");
    match modifier.map(|m| l.str(m)) {
        Some("pub") => Visibility::Public,
        Some(_) => Visibility::Internal,
        None => Visibility::Private,
    }
}

/// `fn`
pub fn function<'t>(l: &mut Lowering<'t>, node: Node<'t>, annotations: Vec<ExprId>) -> FunctionId {
    let at = range(node);
    let class = l.class.filter(|_| l.function.is_none());
    let id = l.ir.function(if class.is_some() { FunctionKind::Method } else { FunctionKind::Function }, at);
    let name = node.child_by_field_name("name");
    let symbol = name.map(|n| l.symbol(n));
    let parent = l.function;
    let modifiers = named_children(node).into_iter().find(|c| c.kind() == "function_modifiers");
    let is_async = modifiers.is_some_and(|m| has_token(m, "async"));
    let visibility = visibility(l, node);
    {
        let function = l.ir.function_mut(id);
        function.name = symbol;
        function.name_range = name.map_or(at, range);
        function.is_async = is_async;
        function.visibility = visibility;
        if let Some(first) = annotations.first() {
            let start = l.ir.module.expr(*first).range.start;
            l.ir.function_mut(id).range.start = start;
        }
        let function = l.ir.function_mut(id);
        function.annotations = annotations;
        function.class = class;
        function.parent = parent;
    }
    l.function = Some(id);
    let params = node.child_by_field_name("parameters").map(|p| parameters(l, p)).unwrap_or_default();
    let is_static = class.is_some() && params.first().is_none_or(|p| p.kind != ParamKind::Receiver);
    let ret = node.child_by_field_name("return_type").map(|t| ty(l, t));
    let body = node.child_by_field_name("body").map(|b| stmt::body(l, b));
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.params = params;
    function.is_static = is_static;
    function.ret = ret;
    function.body = body;
    id
}

/// A closure.
pub fn closure<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let id = l.ir.function(FunctionKind::Lambda, range(node));
    let parent = l.function;
    let is_async = has_token(node, "async");
    {
        let function = l.ir.function_mut(id);
        function.parent = parent;
        function.is_async = is_async;
    }
    l.function = Some(id);
    let params = node.child_by_field_name("parameters").map(|p| parameters(l, p)).unwrap_or_default();
    let body = node.child_by_field_name("body").map(|b| stmt::body(l, b));
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.params = params;
    function.body = body;
    id
}

fn parameters<'t>(l: &mut Lowering<'t>, list: Node<'t>) -> Vec<Param> {
    let mut params = Vec::new();
    for child in named_children(list) {
        let (kind, target) = match child.kind() {
            "self_parameter" => (ParamKind::Receiver, None),
            "attribute_item" | "variadic_parameter" => continue,
            // `self: Box<Self>`
            "parameter" if child.child_by_field_name("pattern").is_some_and(|p| p.kind() == "self") => {
                (ParamKind::Receiver, None)
            }
            // `_` has no node of the grammar
            "parameter" => (ParamKind::Normal, child.child_by_field_name("pattern").or(Some(child))),
            _ => (ParamKind::Normal, Some(child)),
        };
        let ty = child.child_by_field_name("type").map(|t| ty(l, t));
        let mut param = Param {
            name: Symbol::new("self"),
            pattern: None,
            ty,
            default: None,
            annotations: Vec::new(),
            kind,
            range: range(child),
        };
        if let Some(target) = target {
            param.name = Symbol::new("");
            match target.kind() {
                "identifier" => param.name = l.symbol(target),
                "parameter" => param.name = Symbol::new("_"),
                "mut_pattern" | "ref_pattern" | "reference_pattern"
                    if named_children(target).last().is_some_and(|n| n.kind() == "identifier") =>
                {
                    if let Some(name) = named_children(target).last() {
                        param.name = l.symbol(*name);
                    }
                }
                _ => param.pattern = Some(expr::pattern(l, target)),
            }
            // `web::Path(id): web::Path<i32>` binds what the wrapper holds
        }
        params.push(param);
    }
    params
}

/// `struct`, `enum`, `union`, `trait`, `impl`, `type`.
pub fn class<'t>(l: &mut Lowering<'t>, node: Node<'t>, annotations: Vec<ExprId>) -> ClassId {
    let at = range(node);
    let kind = match node.kind() {
        "enum_item" => ClassKind::Enum,
        "trait_item" => ClassKind::Interface,
        "impl_item" => ClassKind::Impl,
        "type_item" => ClassKind::Alias,
        _ => ClassKind::Struct,
    };
    let name = node.child_by_field_name(if kind == ClassKind::Impl { "type" } else { "name" });
    let symbol = Symbol::new(&path(name.map_or("", |n| l.str(n)).trim_start_matches(['&', '*'])));
    let id = l.ir.class(kind, symbol, at);
    let mut bases = Vec::new();
    if let Some(base) = node.child_by_field_name("trait") {
        bases.push(ty(l, base));
    }
    for bound in node.child_by_field_name("bounds").map(named_children).unwrap_or_default() {
        bases.push(ty(l, bound));
    }
    if kind == ClassKind::Alias
        && let Some(aliased) = node.child_by_field_name("type")
    {
        bases.push(ty(l, aliased));
    }
    let visibility = visibility(l, node);
    let (outer, function) = (l.class, l.function);
    let namespace = l.namespace();
    {
        let class = l.ir.class_mut(id);
        class.name_range = name.map_or(at, range);
        class.namespace = namespace;
        class.bases = bases;
        class.annotations = annotations;
        class.visibility = visibility;
        class.function = function;
    }
    l.class = Some(id);
    let before = l.function.take();
    if let Some(body) = node.child_by_field_name("body") {
        match kind {
            ClassKind::Struct | ClassKind::Enum => fields(l, body, id),
            _ => members(l, body, id),
        }
    }
    l.class = outer;
    l.function = before;
    id
}

fn fields<'t>(l: &mut Lowering<'t>, body: Node<'t>, id: ClassId) {
    let mut annotations = Vec::new();
    let mut position = 0;
    for child in named_children(body) {
        match child.kind() {
            "attribute_item" => annotations.push(attribute(l, child)),
            "field_declaration" | "enum_variant" => {
                let Some(name) = child.child_by_field_name("name") else { continue };
                let field_ty = child.child_by_field_name("type").map(|t| ty(l, t));
                let payload = child.child_by_field_name("body").map(|b| {
                    let parts = named_children(b).into_iter().filter(|p| p.kind() != "attribute_item");
                    let parts = parts.map(|p| p.child_by_field_name("type").unwrap_or(p));
                    let items = parts.map(|p| ty(l, p)).collect();
                    l.ir.ty(TypeKind::Tuple(items), range(b))
                });
                let field = Field {
                    name: l.symbol(name),
                    ty: field_ty.or(payload),
                    init: child.child_by_field_name("value").map(|v| expr::lower(l, v)),
                    annotations: std::mem::take(&mut annotations),
                    visibility: visibility(l, child),
                    is_static: child.kind() == "enum_variant",
                    is_constant: true,
                    range: range(child),
                };
                l.ir.class_mut(id).fields.push(field);
            }
            "visibility_modifier" => {}
            // a tuple struct
            _ => {
                let field_ty = ty(l, child);
                let field = Field {
                    name: Symbol::new(&position.to_string()),
                    ty: Some(field_ty),
                    init: None,
                    annotations: std::mem::take(&mut annotations),
                    visibility: Visibility::Private,
                    is_static: false,
                    is_constant: true,
                    range: range(child),
                };
                position += 1;
                l.ir.class_mut(id).fields.push(field);
            }
        }
    }
}

fn members<'t>(l: &mut Lowering<'t>, body: Node<'t>, id: ClassId) {
    let mut annotations = Vec::new();
    for child in named_children(body) {
        match child.kind() {
            "attribute_item" => annotations.push(attribute(l, child)),
            "function_item" | "function_signature_item" => {
                let method = function(l, child, std::mem::take(&mut annotations));
                l.ir.class_mut(id).methods.push(method);
            }
            "const_item" => {
                annotations.clear();
                let Some(name) = child.child_by_field_name("name") else { continue };
                let field = Field {
                    name: l.symbol(name),
                    ty: child.child_by_field_name("type").map(|t| ty(l, t)),
                    init: child.child_by_field_name("value").map(|v| expr::lower(l, v)),
                    annotations: Vec::new(),
                    visibility: Visibility::Public,
                    is_static: true,
                    is_constant: true,
                    range: range(child),
                };
                l.ir.class_mut(id).fields.push(field);
            }
            _ => {
                annotations.clear();
                let mut out = Block::new();
                stmt::lower(l, child, Vec::new(), &mut out);
                l.ir.class_mut(id).body.extend(out);
            }
        }
    }
}

/// `mod a;` is an import; what stands in `mod a { … }` is lowered in place, under the namespace `a`
/// (its classes), its functions as static methods of a module.
pub fn module<'t>(l: &mut Lowering<'t>, node: Node<'t>, annotations: Vec<ExprId>, out: &mut Block) {
    let at = range(node);
    let Some(name) = node.child_by_field_name("name") else { return };
    let symbol = l.symbol(name);
    let Some(body) = node.child_by_field_name("body") else {
        let import = Import {
            module: Symbol::new(&format!("self.{symbol}")),
            name: None,
            alias: symbol,
            kind: ImportKind::Import,
            range: at,
        };
        let import = l.ir.import(import);
        out.push(l.ir.stmt(StmtKind::Import(import), at));
        return;
    };
    let id = l.ir.class(ClassKind::Module, symbol, at);
    let (outer, function) = (l.class, l.function);
    {
        let namespace = l.namespace();
        let class = l.ir.class_mut(id);
        class.name_range = range(name);
        class.namespace = namespace;
        class.annotations = annotations;
        class.function = function;
    }
    l.namespaces.push(symbol);
    l.class = None;
    let inner = stmt::block(l, body);
    l.class = outer;
    l.namespaces.pop();
    let mut rest = Block::new();
    for stmt in inner {
        match l.ir.module.stmt(stmt).kind {
            StmtKind::Function(function) => {
                let item = l.ir.function_mut(function);
                item.class = Some(id);
                item.is_static = true;
                l.ir.class_mut(id).methods.push(function);
            }
            _ => rest.push(stmt),
        }
    }
    l.ir.class_mut(id).body = rest;
    out.push(l.ir.stmt(StmtKind::Class(id), at));
}

/// `use a::{b, c as d, e::*};`
pub fn import<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let kind = match visibility(l, node) {
        Visibility::Private => ImportKind::Import,
        _ => ImportKind::Reexport,
    };
    if node.kind() == "extern_crate_declaration" {
        let Some(name) = node.child_by_field_name("name") else { return };
        let alias = node.child_by_field_name("alias").unwrap_or(name);
        let (module, alias) = (l.symbol(name), l.symbol(alias));
        add(l, module.as_str(), None, alias.as_str(), kind, node, out);
        return;
    }
    if let Some(argument) = node.child_by_field_name("argument") {
        tree(l, argument, "", kind, out);
    }
}

fn add<'t>(
    l: &mut Lowering<'t>,
    module: &str,
    name: Option<&str>,
    alias: &str,
    kind: ImportKind,
    node: Node<'t>,
    out: &mut Block,
) {
    let import = Import {
        module: Symbol::new(module),
        name: name.map(Symbol::new),
        alias: Symbol::new(if alias == "_" { "" } else { alias }),
        kind,
        range: range(node),
    };
    let import = l.ir.import(import);
    out.push(l.ir.stmt(StmtKind::Import(import), range(node)));
}

fn tree<'t>(l: &mut Lowering<'t>, node: Node<'t>, prefix: &str, kind: ImportKind, out: &mut Block) {
    if !l.enter(node) {
        return;
    }
    let with = |text: &str| match (prefix.is_empty(), text.is_empty()) {
        (true, _) => text.to_owned(),
        (_, true) => prefix.to_owned(),
        _ => format!("{prefix}.{text}"),
    };
    match node.kind() {
        "use_list" => {
            for child in named_children(node) {
                tree(l, child, prefix, kind, out);
            }
        }
        "scoped_use_list" => {
            let inner = node.child_by_field_name("path").map_or(String::new(), |p| path(l.str(p)));
            if let Some(list) = node.child_by_field_name("list") {
                tree(l, list, &with(&inner), kind, out);
            }
        }
        "use_wildcard" => {
            let inner = named_children(node).first().map_or(String::new(), |p| path(l.str(*p)));
            add(l, &with(&inner), Some("*"), "", kind, node, out);
        }
        "use_as_clause" => {
            let full = with(&node.child_by_field_name("path").map_or(String::new(), |p| path(l.str(p))));
            let alias = node.child_by_field_name("alias").map_or("", |a| l.str(a));
            leaf(l, &full, Some(alias), kind, node, out);
        }
        _ => {
            let full = with(&path(l.str(node)));
            leaf(l, &full, None, kind, node, out);
        }
    }
    l.leave();
}

fn leaf<'t>(l: &mut Lowering<'t>, full: &str, alias: Option<&str>, kind: ImportKind, node: Node<'t>, out: &mut Block) {
    // `a::{self}` names `a`
    let full = full.strip_suffix(".self").unwrap_or(full);
    match full.rsplit_once('.') {
        Some((module, name)) => add(l, module, Some(name), alias.unwrap_or(name), kind, node, out),
        None => add(l, full, None, alias.unwrap_or(full), kind, node, out),
    }
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
        "generic_type" | "generic_type_with_turbofish" => {
            let head = node.child_by_field_name("type").map_or(String::new(), |t| path(l.str(t)));
            let list = node.child_by_field_name("type_arguments").map(named_children).unwrap_or_default();
            let list = list.into_iter().filter(|a| !matches!(a.kind(), "lifetime" | "type_binding"));
            let args: Vec<TypeId> = list.map(|a| ty(l, a)).collect();
            match (head.rsplit('.').next(), args.as_slice()) {
                (Some("Option"), [one]) => TypeKind::Optional(*one),
                (Some("Vec"), [one]) => TypeKind::Array(*one),
                // what is there when it did not fail
                (Some("Result"), [one, ..]) => return *one,
                _ => TypeKind::Named { path: Symbol::new(&head), args },
            }
        }
        "reference_type" | "pointer_type" => match node.child_by_field_name("type") {
            Some(inner) => TypeKind::Ref(ty(l, inner)),
            None => TypeKind::Unknown,
        },
        "array_type" | "slice_type" => {
            let inner = node.child_by_field_name("element").or_else(|| named_children(node).first().copied());
            match inner {
                Some(inner) => TypeKind::Array(ty(l, inner)),
                None => TypeKind::Unknown,
            }
        }
        "tuple_type" => TypeKind::Tuple(named_children(node).into_iter().map(|t| ty(l, t)).collect()),
        "unit_type" => TypeKind::Tuple(Vec::new()),
        "abstract_type" | "dynamic_type" => match node.child_by_field_name("trait") {
            Some(inner) => return ty(l, inner),
            None => TypeKind::Unknown,
        },
        "bounded_type" | "removed_trait_bound" | "higher_ranked_trait_bound" => match named_children(node).first() {
            Some(inner) => return ty(l, *inner),
            None => TypeKind::Unknown,
        },
        "function_type" => TypeKind::Function(Vec::new(), None),
        "never_type" | "macro_invocation" | "bracketed_type" | "qualified_type" | "lifetime" => TypeKind::Unknown,
        _ => TypeKind::Named { path: Symbol::new(&path(l.str(node))), args: Vec::new() },
    };
    l.ir.ty(kind, at)
}
