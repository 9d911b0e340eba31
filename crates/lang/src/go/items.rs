//! Declarations and types.

use base::Symbol;
use ir::{
    Block, ClassId, ClassKind, Field, FunctionId, FunctionKind, Import, ImportKind, Param, ParamKind, StmtKind, TypeId,
    TypeKind, Visibility,
};
use smallvec::smallvec;

use super::{expr, stmt};
use crate::{
    lowering::{Lowering, field_children, named_children, range},
    text,
    tree::Node,
};

/// Lowers a top-level declaration onto the end of `out`.
pub fn top_level<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    match node.kind() {
        "package_clause" => l.ir.module.package = named_children(node).first().map(|n| l.symbol(*n)),
        "import_declaration" => {
            for child in named_children(node) {
                let specs = if child.kind() == "import_spec_list" { named_children(child) } else { smallvec![child] };
                for spec in specs {
                    import(l, spec, out);
                }
            }
        }
        "function_declaration" | "method_declaration" => {
            let function = function(l, node);
            out.push(l.ir.stmt(StmtKind::Function(function), range(node)));
        }
        _ => stmt::lower(l, node, out),
    }
}

fn import<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let Some(path) = node.child_by_field_name("path") else { return };
    let module = l.str(path).trim_matches(['"', '`']);
    let given = node.child_by_field_name("name").map(|n| l.str(n));
    let (name, alias) = match given {
        Some(".") => (Some(Symbol::new("*")), ""),
        Some("_") => (None, ""),
        Some(alias) => (None, alias),
        None => (None, package_name(module)),
    };
    let import = Import {
        module: Symbol::new(module),
        name,
        alias: Symbol::new(alias),
        kind: ImportKind::Import,
        range: range(node),
    };
    let import = l.ir.import(import);
    out.push(l.ir.stmt(StmtKind::Import(import), range(node)));
}

/// The name that a package most likely has: the last segment, before `/v2`, without `.v3`.
fn package_name(module: &str) -> &str {
    let mut segments = module.rsplit('/');
    let last = segments.next().unwrap_or(module);
    let is_version =
        |s: &str| s.strip_prefix('v').is_some_and(|d| !d.is_empty() && d.chars().all(|c| c.is_ascii_digit()));
    let name = if is_version(last) { segments.next().unwrap_or(last) } else { last };
    match name.rsplit_once('.') {
        Some((name, version)) if is_version(version) => name,
        // a name with a dash is none of Go: `go-redis` is `redis`, `gopher-lua` is `lua`
        _ => {
            let name = name.trim_end_matches(".go").trim_start_matches("go.");
            let name = name.strip_suffix("-go").unwrap_or(name);
            name.rsplit('-').next().unwrap_or(name)
        }
    }
}

fn visibility(name: &str) -> Visibility {
    if name.starts_with(|c: char| c.is_uppercase()) { Visibility::Public } else { Visibility::Internal }
}

/// A function, method or function literal.
pub fn function<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let at = range(node);
    let kind = match node.kind() {
        "method_declaration" | "method_elem" | "method_spec" => FunctionKind::Method,
        "func_literal" => FunctionKind::Lambda,
        _ => FunctionKind::Function,
    };
    let id = l.ir.function(kind, at);
    let parent = l.function;
    let name = node.child_by_field_name("name");
    let text = name.map(|n| l.str(n));
    {
        let class = if matches!(node.kind(), "method_elem" | "method_spec") { l.class } else { None };
        let function = l.ir.function_mut(id);
        function.name = text.map(Symbol::new);
        function.name_range = name.map_or(at, range);
        function.parent = parent;
        function.class = class;
        function.visibility = text.map_or(Visibility::Public, visibility);
    }
    l.function = Some(id);
    if let Some(receiver) = node.child_by_field_name("receiver") {
        let mut params = parameters(l, receiver);
        if let Some(receiver) = params.first_mut() {
            receiver.kind = ParamKind::Receiver;
        }
        l.ir.function_mut(id).params = params;
    }
    if let Some(list) = node.child_by_field_name("parameters") {
        let params = parameters(l, list);
        l.ir.function_mut(id).params.extend(params);
    }
    let ret = node.child_by_field_name("result").map(|r| result(l, r));
    let body = node.child_by_field_name("body").map(|b| stmt::block(l, b));
    l.function = parent;
    let function = l.ir.function_mut(id);
    function.ret = ret;
    function.body = body;
    id
}

/// The first of several results: what a call's value is, its error apart.
fn result<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    if node.kind() != "parameter_list" {
        return ty(l, node);
    }
    let first = named_children(node).first().copied();
    let first = first.and_then(|p| p.child_by_field_name("type").or(Some(p)));
    match first {
        Some(first) => ty(l, first),
        None => l.ir.ty(TypeKind::Unknown, range(node)),
    }
}

fn parameters<'t>(l: &mut Lowering<'t>, list: Node<'t>) -> Vec<Param> {
    let mut params = Vec::new();
    for child in named_children(list) {
        let ty = child.child_by_field_name("type").map(|t| ty(l, t));
        let kind = if child.kind() == "variadic_parameter_declaration" { ParamKind::Rest } else { ParamKind::Normal };
        let names = field_children(child, "name");
        let mut add = |name: Symbol, at| {
            params.push(Param { name, pattern: None, ty, default: None, annotations: Vec::new(), kind, range: at });
        };
        if names.is_empty() {
            add(Symbol::new(""), range(child));
        }
        for name in names {
            add(l.symbol(name), range(child));
        }
    }
    params
}

/// `type` declarations.
pub fn types<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    for spec in named_children(node) {
        if matches!(spec.kind(), "type_spec" | "type_alias") {
            let class = class(l, spec);
            out.push(l.ir.stmt(StmtKind::Class(class), range(spec)));
        }
    }
}

fn class<'t>(l: &mut Lowering<'t>, spec: Node<'t>) -> ClassId {
    let at = range(spec);
    let name = spec.child_by_field_name("name");
    let text = name.map_or("", |n| l.str(n));
    let inner = spec.child_by_field_name("type");
    let kind = match inner.map(|t| t.kind()) {
        Some("struct_type") => ClassKind::Struct,
        Some("interface_type") => ClassKind::Interface,
        _ => ClassKind::Alias,
    };
    let id = l.ir.class(kind, Symbol::new(text), at);
    let (outer, function) = (l.class, l.function);
    {
        let class = l.ir.class_mut(id);
        class.name_range = name.map_or(at, range);
        class.function = function;
        class.visibility = visibility(text);
    }
    let Some(inner) = inner else { return id };
    l.class = Some(id);
    match kind {
        ClassKind::Struct => fields(l, inner, id),
        ClassKind::Interface => {
            for child in named_children(inner) {
                match child.kind() {
                    "method_elem" | "method_spec" => {
                        let method = self::function(l, child);
                        l.ir.class_mut(id).methods.push(method);
                    }
                    _ => {
                        for base in named_children(child) {
                            let base = ty(l, base);
                            l.ir.class_mut(id).bases.push(base);
                        }
                    }
                }
            }
        }
        _ => {
            let base = ty(l, inner);
            l.ir.class_mut(id).bases.push(base);
        }
    }
    l.class = outer;
    id
}

fn fields<'t>(l: &mut Lowering<'t>, node: Node<'t>, id: ClassId) {
    let list = named_children(node).into_iter().flat_map(named_children);
    for child in list.filter(|c| c.kind() == "field_declaration") {
        let field_ty = child.child_by_field_name("type").map(|t| ty(l, t));
        let tag = child.child_by_field_name("tag").map(|t| expr::lower(l, t));
        let names = field_children(child, "name");
        if names.is_empty() {
            if let Some(base) = field_ty {
                l.ir.class_mut(id).bases.push(base);
            }
            continue;
        }
        for name in names {
            let text = l.str(name);
            let field = Field {
                name: Symbol::new(text),
                ty: field_ty,
                init: None,
                annotations: tag.into_iter().collect(),
                visibility: visibility(text),
                is_static: false,
                is_constant: false,
                range: range(child),
            };
            l.ir.class_mut(id).fields.push(field);
        }
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
    let one = |l: &mut Lowering<'t>, field: &str| {
        let child = node.child_by_field_name(field).or_else(|| named_children(node).last().copied());
        match child {
            Some(child) => ty(l, child),
            None => l.ir.ty(TypeKind::Unknown, at),
        }
    };
    let kind = match node.kind() {
        "type_identifier" | "identifier" | "qualified_type" | "selector_expression" | "package_identifier" => {
            TypeKind::Named { path: l.symbol(node), args: Vec::new() }
        }
        "pointer_type" => TypeKind::Ref(one(l, "type")),
        "slice_type" | "array_type" | "implicit_length_array_type" => TypeKind::Array(one(l, "element")),
        "channel_type" => TypeKind::Array(one(l, "value")),
        "map_type" => {
            let key = one(l, "key");
            let value = one(l, "value");
            TypeKind::Map(key, value)
        }
        "parenthesized_type" | "negated_type" | "type_elem" => return one(l, "type"),
        "generic_type" => {
            let path = node.child_by_field_name("type").map_or(Symbol::new(""), |t| l.symbol(t));
            let args = node.child_by_field_name("type_arguments").map(named_children).unwrap_or_default();
            let args = args.into_iter().map(|a| ty(l, a)).collect();
            TypeKind::Named { path, args }
        }
        "function_type" => {
            let ret = node.child_by_field_name("result").map(|r| result(l, r));
            let params = node.child_by_field_name("parameters").map(|p| parameters(l, p)).unwrap_or_default();
            TypeKind::Function(params.into_iter().filter_map(|p| p.ty).collect(), ret)
        }
        "struct_type" | "interface_type" => TypeKind::Unknown,
        _ => TypeKind::Unknown,
    };
    l.ir.ty(kind, at)
}

/// A string literal's text.
pub fn string_text(l: &Lowering<'_>, node: Node<'_>) -> String {
    let raw = l.str(node);
    if node.kind() == "raw_string_literal" {
        return raw.trim_matches('`').to_owned();
    }
    let inner = raw.strip_prefix(['"', '\'']).and_then(|r| r.strip_suffix(['"', '\''])).unwrap_or(raw);
    text::unescape(inner, &text::GO)
}
