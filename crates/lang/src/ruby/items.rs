//! Methods, blocks, classes, modules.

use base::Symbol;
use ir::{
    Arg, Block, ClassId, ClassKind, ExprKind, Field, FunctionId, FunctionKind, Param, ParamKind, StmtKind, TypeId,
    TypeKind, Visibility,
};

use super::{expr, stmt};
use crate::{
    lowering::{Lowering, field_children, named_children, range},
    tree::Node,
};

/// `a::B` as `a.B`.
pub fn path(l: &Lowering<'_>, node: Node<'_>) -> Symbol {
    let text: String = l.str(node).chars().filter(|c| !c.is_whitespace()).collect();
    Symbol::new(text.trim_start_matches("::").replace("::", ".").as_str())
}

/// A constant where a type is meant.
pub fn ty<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    let kind = match node.kind() {
        "constant" | "scope_resolution" => TypeKind::Named { path: path(l, node), args: Vec::new() },
        // `Struct.new(:a)`, `ActiveRecord::Migration[7.0]`
        "element_reference" => match node.child_by_field_name("object") {
            Some(object) => return ty(l, object),
            None => TypeKind::Unknown,
        },
        _ => TypeKind::Expr(expr::lower(l, node)),
    };
    l.ir.ty(kind, range(node))
}

/// `def x` and `def self.x`.
pub fn method<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> FunctionId {
    let at = range(node);
    let name = node.child_by_field_name("name");
    let text = name.map_or("", |n| l.str(n));
    let class = l.class;
    let kind = match (class, text) {
        (Some(_), "initialize") => FunctionKind::Constructor,
        (Some(_), _) => FunctionKind::Method,
        _ => FunctionKind::Function,
    };
    let id = l.ir.function(kind, at);
    let parent = l.function;
    {
        let function = l.ir.function_mut(id);
        function.name = Some(Symbol::new(text));
        function.name_range = name.map_or(at, range);
        function.is_static = node.kind() == "singleton_method";
        function.class = class;
        function.parent = parent;
    }
    // locals of a method are its own
    let locals = std::mem::take(&mut l.locals);
    l.function = Some(id);
    parameters(l, id, node.child_by_field_name("parameters"));
    let body = match node.child_by_field_name("body") {
        Some(body) if body.kind() == "body_statement" => stmt::block(l, body),
        Some(body) => {
            let mut out = Block::new();
            stmt::lower(l, body, &mut out);
            out
        }
        None => {
            // older grammars have the statements directly below
            let skip = ["name", "parameters", "object"];
            let skip: Vec<u32> = skip.iter().filter_map(|f| node.child_by_field_name(f)).map(|n| n.id()).collect();
            let list: Vec<_> = named_children(node).into_iter().filter(|c| !skip.contains(&c.id())).collect();
            stmt::statements(l, &list, at)
        }
    };
    stmt::return_last(l, &body);
    l.function = parent;
    l.locals = locals;
    l.ir.function_mut(id).body = Some(body);
    id
}

/// `{ |x| … }`, `do |x| … end`, `->(x) { … }`.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>, kind: FunctionKind) -> FunctionId {
    let id = l.ir.function(kind, range(node));
    let parent = l.function;
    l.ir.function_mut(id).parent = parent;
    let locals = l.locals.clone();
    l.function = Some(id);
    match node.child_by_field_name("parameters") {
        Some(list) => parameters(l, id, Some(list)),
        None => implicit_parameters(l, id, node),
    }
    let mut body = Block::new();
    if let Some(inner) = node.child_by_field_name("body") {
        body = match inner.kind() {
            "block" | "do_block" => match inner.child_by_field_name("body") {
                Some(inner) => stmt::block(l, inner),
                None => Block::new(),
            },
            _ => stmt::block(l, inner),
        };
    }
    stmt::return_last(l, &body);
    l.function = parent;
    l.locals = locals;
    l.ir.function_mut(id).body = Some(body);
    id
}

/// `_1`, `_2` and `it` of a block without a list of parameters.
fn implicit_parameters<'t>(l: &mut Lowering<'t>, id: FunctionId, block: Node<'t>) {
    let mut used: Vec<(&str, Node<'t>)> = Vec::new();
    let mut open = named_children(block);
    while let Some(node) = open.pop() {
        match node.kind() {
            // those within are theirs
            "lambda" | "method" | "singleton_method" | "class" | "module" => continue,
            "block" | "do_block" if node.child_by_field_name("parameters").is_some() => continue,
            "identifier" => {
                let name = l.str(node);
                let numbered = name.strip_prefix('_').is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
                if (numbered && name != "_0") || (name == "it" && !l.locals.iter().any(|n| *n == name)) {
                    used.push((name, node));
                }
            }
            "call" => {
                // `it` before arguments or a block is a method
                let method = node.child_by_field_name("method").map(|m| m.id());
                open.extend(
                    named_children(node)
                        .into_iter()
                        .filter(|c| Some(c.id()) != method && !matches!(c.kind(), "block" | "do_block")),
                );
            }
            _ => open.extend(named_children(node)),
        }
    }
    used.sort_by_key(|(name, node)| (*name, node.id()));
    used.dedup_by_key(|(name, _)| *name);
    for (name, node) in used {
        let name = Symbol::new(name);
        l.locals.push(name);
        let (pattern, ty, default, annotations, kind) = (None, None, None, Vec::new(), ParamKind::Normal);
        let param = Param { name, pattern, ty, default, annotations, kind, range: range(node) };
        l.ir.function_mut(id).params.push(param);
    }
}

/// The arguments of a `super` without parentheses: the parameters of the method around.
pub fn arguments_passed_on(l: &mut Lowering<'_>, at: ir::Range) -> Vec<Arg> {
    let mut around = l.function;
    while let Some(id) = around
        && l.ir.module.function(id).name.is_none()
    {
        around = l.ir.module.function(id).parent;
    }
    let params: Vec<(Symbol, ParamKind)> = match around {
        Some(id) => l.ir.module.function(id).params.iter().map(|p| (p.name, p.kind)).collect(),
        None => Vec::new(),
    };
    let mut args = Vec::new();
    for (name, kind) in params {
        let value = l.ir.expr(ExprKind::Name(name), at);
        let (name, value) = match kind {
            ParamKind::Keyword => (Some(name), value),
            ParamKind::Rest | ParamKind::KeywordRest => (None, l.ir.expr(ExprKind::Spread(value), at)),
            ParamKind::Block => continue,
            ParamKind::Normal | ParamKind::Receiver => (None, value),
        };
        args.push(Arg { name, value });
    }
    args
}

fn parameters<'t>(l: &mut Lowering<'t>, id: FunctionId, list: Option<Node<'t>>) {
    let all = list.map(named_children).unwrap_or_default();
    for child in all.into_iter().filter(|c| !c.is_field("locals")) {
        let name = child.child_by_field_name("name").unwrap_or(child);
        let kind = match child.kind() {
            "splat_parameter" | "forward_parameter" => ParamKind::Rest,
            "hash_splat_parameter" | "hash_splat_nil" => ParamKind::KeywordRest,
            "block_parameter" => ParamKind::Block,
            "keyword_parameter" => ParamKind::Keyword,
            _ => ParamKind::Normal,
        };
        let pattern = (child.kind() == "destructured_parameter").then(|| expr::target(l, child));
        // without a name, `*`, `**`, `&` and `...` are their names
        let symbol = if pattern.is_some() { Symbol::new("") } else { l.symbol(name) };
        l.locals.push(symbol);
        let default = child.child_by_field_name("value").map(|v| expr::lower(l, v));
        let param =
            Param { name: symbol, pattern, ty: None, default, annotations: Vec::new(), kind, range: range(child) };
        l.ir.function_mut(id).params.push(param);
    }
    for local in list.map(|n| field_children(n, "locals")).unwrap_or_default() {
        let symbol = l.symbol(local);
        l.locals.push(symbol);
    }
}

/// `class X < Y`, `module X`, `class << self`.
pub fn class<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ClassId {
    let at = range(node);
    if node.kind() == "singleton_class"
        && let Some(outer) = l.class
    {
        return singleton(l, node, outer);
    }
    let kind = if node.kind() == "module" { ClassKind::Module } else { ClassKind::Class };
    let name = node.child_by_field_name("name");
    let symbol = name.map_or(Symbol::new(""), |n| path(l, n));
    let id = l.ir.class(kind, symbol, at);
    let superclass = node.child_by_field_name("superclass").and_then(|s| named_children(s).first().copied());
    let bases = superclass.map(|s| ty(l, s)).into_iter().collect();
    let (outer, function) = (l.class, l.function);
    {
        let class = l.ir.class_mut(id);
        class.name_range = name.map_or(at, range);
        class.bases = bases;
        class.outer = outer;
        class.function = function;
    }
    l.class = Some(id);
    let before = l.function.take();
    let locals = std::mem::take(&mut l.locals);
    let body = class_body(l, node);
    members(l, id, body, false);
    l.class = outer;
    l.function = before;
    l.locals = locals;
    id
}

/// `Name = Struct.new(:a) do … end`, and `Data.define`, `Class.new` and `Module.new` likewise.
pub fn made_class<'t>(l: &mut Lowering<'t>, name: Node<'t>, made: Node<'t>) -> Option<ClassId> {
    let of = made.child_by_field_name("receiver").map(|r| l.str(r))?;
    let kind = match (of, l.str(made.child_by_field_name("method")?)) {
        ("Struct", "new") | ("Data", "define") => ClassKind::Struct,
        ("Class", "new") => ClassKind::Class,
        ("Module", "new") => ClassKind::Module,
        _ => return None,
    };
    let at = ir::Range { start: range(name).start, end: range(made).end };
    let symbol = l.symbol(name);
    let id = l.ir.class(kind, symbol, at);
    let (outer, function) = (l.class, l.function);
    let (mut bases, mut fields) = (Vec::new(), Vec::new());
    for argument in made.child_by_field_name("arguments").map(named_children).unwrap_or_default() {
        match kind {
            ClassKind::Class => bases.push(ty(l, argument)),
            _ if argument.kind() == "simple_symbol" => fields.push(Field {
                name: stmt::plain(l.str(argument)),
                ty: None,
                init: None,
                annotations: Vec::new(),
                visibility: Visibility::Public,
                is_static: false,
                is_constant: of == "Data",
                range: range(argument),
            }),
            _ => {}
        }
    }
    {
        let class = l.ir.class_mut(id);
        class.name_range = range(name);
        class.bases = bases;
        class.fields = fields;
        class.outer = outer;
        class.function = function;
    }
    l.class = Some(id);
    let before = l.function.take();
    // a block sees the variables around it
    let locals = l.locals.clone();
    let block = made.child_by_field_name("block").and_then(|b| b.child_by_field_name("body"));
    let body = block.map(|b| stmt::block(l, b)).unwrap_or_default();
    members(l, id, body, false);
    l.class = outer;
    l.function = before;
    l.locals = locals;
    Some(id)
}

fn class_body<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    match node.child_by_field_name("body") {
        Some(body) => stmt::block(l, body),
        None => {
            let skip = ["name", "superclass", "value"];
            let skip: Vec<u32> = skip.iter().filter_map(|f| node.child_by_field_name(f)).map(|n| n.id()).collect();
            let list: Vec<_> = named_children(node).into_iter().filter(|c| !skip.contains(&c.id())).collect();
            stmt::statements(l, &list, range(node))
        }
    }
}

fn singleton<'t>(l: &mut Lowering<'t>, node: Node<'t>, outer: ClassId) -> ClassId {
    let body = class_body(l, node);
    members(l, outer, body, true);
    outer
}

/// Methods and constants out of a class body, with the visibility that stands before them.
fn members(l: &mut Lowering<'_>, id: ClassId, body: Block, is_static: bool) {
    let mut default = Unsaid { visibility: Visibility::Public, is_static };
    for stmt in body {
        match l.ir.module.stmt(stmt).kind.clone() {
            StmtKind::Function(function) => {
                let item = l.ir.function_mut(function);
                // `private` alone says nothing of `def self.x`
                if is_static || !item.is_static {
                    item.visibility = default.visibility;
                }
                item.is_static |= default.is_static;
                l.ir.class_mut(id).methods.push(function);
            }
            StmtKind::Class(inner) if inner == id => {}
            StmtKind::Assign { target, value, op: None, .. } => match l.ir.module.expr(target).kind {
                ExprKind::Name(name) if name.as_str().starts_with(|c: char| c.is_uppercase()) => {
                    let field = Field {
                        name,
                        ty: None,
                        init: value,
                        annotations: Vec::new(),
                        visibility: Visibility::Public,
                        is_static: true,
                        is_constant: true,
                        range: l.ir.module.stmt(stmt).range,
                    };
                    l.ir.class_mut(id).fields.push(field);
                }
                _ => l.ir.class_mut(id).body.push(stmt),
            },
            StmtKind::Expr(value) => {
                visibility_call(l, id, value, is_static, &mut default);
                defined_method(l, id, value, default);
                scope(l, id, value);
                l.ir.class_mut(id).body.push(stmt);
            }
            _ => {
                methods_within(l, id, stmt, default);
                l.ir.class_mut(id).body.push(stmt);
            }
        }
    }
}

/// What a method is that nothing more is said of.
#[derive(Clone, Copy)]
struct Unsaid {
    visibility: Visibility,
    is_static: bool,
}

/// Methods that a class has under a condition: `if RUBY_VERSION … def x`.
fn methods_within(l: &mut Lowering<'_>, id: ClassId, stmt: ir::StmtId, default: Unsaid) {
    let inner: Vec<ir::StmtId> = match &l.ir.module.stmt(stmt).kind {
        StmtKind::Function(function) => {
            let function = *function;
            let item = l.ir.function_mut(function);
            item.visibility = default.visibility;
            item.is_static |= default.is_static;
            l.ir.class_mut(id).methods.push(function);
            return;
        }
        StmtKind::If { then, otherwise, .. } => then.iter().chain(otherwise).copied().collect(),
        StmtKind::Try { body, .. } | StmtKind::Block(body) => body.clone(),
        _ => return,
    };
    for stmt in inner {
        methods_within(l, id, stmt, default);
    }
}

/// `define_method(:x) { … }` is a method whose body is the block.
fn defined_method(l: &mut Lowering<'_>, id: ClassId, value: ir::ExprId, default: Unsaid) {
    let ExprKind::Call { callee, args, block: Some(block), .. } = &l.ir.module.expr(value).kind else { return };
    let ExprKind::Name(callee) = l.ir.module.expr(*callee).kind else { return };
    let alone = match callee.as_str() {
        "define_method" => default.is_static,
        "define_singleton_method" => true,
        _ => return,
    };
    let Some(name) = args.first().and_then(|a| l.ir.module.string(a.value)) else { return };
    let block = *block;
    let item = l.ir.function_mut(block);
    item.name = Some(name);
    item.kind = FunctionKind::Method;
    item.class = Some(id);
    item.is_static = alone;
    if !alone {
        item.visibility = default.visibility;
    }
    l.ir.class_mut(id).methods.push(block);
}

/// `scope :by, ->(column) { … }` is a method of the class whose body is the lambda.
fn scope(l: &mut Lowering<'_>, id: ClassId, value: ir::ExprId) {
    let ExprKind::Call { callee, args, block: None, .. } = &l.ir.module.expr(value).kind else { return };
    if !matches!(&l.ir.module.expr(*callee).kind, ExprKind::Name(n) if *n == "scope") {
        return;
    }
    let [name, body, ..] = args.as_slice() else { return };
    let Some(name) = l.ir.module.string(name.value) else { return };
    let function = match &l.ir.module.expr(body.value).kind {
        ExprKind::Lambda(function) => *function,
        // `lambda { |column| … }`, `proc do |column| … end`
        ExprKind::Call { block: Some(block), callee, args, .. }
            if args.is_empty()
                && matches!(&l.ir.module.expr(*callee).kind, ExprKind::Name(n) if *n == "lambda" || *n == "proc") =>
        {
            *block
        }
        _ => return,
    };
    let item = l.ir.function_mut(function);
    item.name = Some(name);
    item.kind = FunctionKind::Method;
    item.class = Some(id);
    item.is_static = true;
    l.ir.class_mut(id).methods.push(function);
}

/// `private` alone switches; `private :a` and `private def a` set. `is_singleton` is within
/// `class << self`.
fn visibility_call(l: &mut Lowering<'_>, id: ClassId, value: ir::ExprId, is_singleton: bool, default: &mut Unsaid) {
    let ExprKind::Call { callee, args, .. } = l.ir.module.expr(value).kind.clone() else { return };
    let ExprKind::Name(name) = l.ir.module.expr(callee).kind else { return };
    let (visibility, of_class) = match name.as_str() {
        "private" => (Visibility::Private, is_singleton),
        "protected" => (Visibility::Protected, is_singleton),
        "public" => (Visibility::Public, is_singleton),
        "private_class_method" => (Visibility::Private, true),
        "public_class_method" => (Visibility::Public, true),
        // its methods can be called on the module
        "module_function" => (Visibility::Public, false),
        _ => return,
    };
    if args.is_empty() {
        match name.as_str() {
            "module_function" => default.is_static = true,
            "private" | "protected" | "public" => default.visibility = visibility,
            _ => {}
        }
        return;
    }
    let mut open: Vec<ir::ExprId> = args.iter().map(|a| a.value).collect();
    while let Some(value) = open.pop() {
        match l.ir.module.expr(value).kind.clone() {
            // `private *%i[a b]`
            ExprKind::Spread(inner) => open.push(inner),
            ExprKind::List(items) => open.extend(items),
            ExprKind::Do(block) => {
                for stmt in block {
                    if let StmtKind::Function(function) = l.ir.module.stmt(stmt).kind {
                        let item = l.ir.function_mut(function);
                        item.visibility = visibility;
                        item.is_static |= is_singleton || name == "module_function";
                        l.ir.class_mut(id).methods.push(function);
                    }
                }
            }
            _ => {
                let Some(named) = l.ir.module.string(value) else { continue };
                for method in l.ir.module.class(id).methods.clone() {
                    let item = l.ir.function_mut(method);
                    if item.name == Some(named) && item.is_static == of_class {
                        item.visibility = visibility;
                        item.is_static |= name == "module_function";
                    }
                }
            }
        }
    }
}
