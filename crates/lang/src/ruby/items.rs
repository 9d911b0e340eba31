//! Methods, blocks, classes, modules.

use base::Symbol;
use ir::{
    Block, ClassId, ClassKind, ExprKind, Field, FunctionId, FunctionKind, Param, ParamKind, StmtKind, TypeId, TypeKind,
    Visibility,
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
    parameters(l, id, node.child_by_field_name("parameters"));
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

fn parameters<'t>(l: &mut Lowering<'t>, id: FunctionId, list: Option<Node<'t>>) {
    for child in list.map(named_children).unwrap_or_default() {
        let name = child.child_by_field_name("name").unwrap_or(child);
        let kind = match child.kind() {
            "splat_parameter" => ParamKind::Rest,
            "hash_splat_parameter" | "hash_splat_nil" => ParamKind::KeywordRest,
            "block_parameter" => ParamKind::Block,
            "keyword_parameter" => ParamKind::Keyword,
            _ => ParamKind::Normal,
        };
        let pattern = (child.kind() == "destructured_parameter").then(|| {
            let items = named_children(child).into_iter().map(|c| expr::target(l, c)).collect();
            l.ir.expr(ExprKind::List(items), range(child))
        });
        let symbol = if pattern.is_some() { Symbol::new("") } else { stmt::plain(l.str(name)) };
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
    let mut visibility = Visibility::Public;
    for stmt in body {
        match l.ir.module.stmt(stmt).kind.clone() {
            StmtKind::Function(function) => {
                let item = l.ir.function_mut(function);
                item.visibility = visibility;
                item.is_static |= is_static;
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
                visibility = visibility_call(l, id, value).unwrap_or(visibility);
                l.ir.class_mut(id).body.push(stmt);
            }
            _ => l.ir.class_mut(id).body.push(stmt),
        }
    }
}

/// `private` alone switches; `private :a` and `private def a` set.
fn visibility_call(l: &mut Lowering<'_>, id: ClassId, value: ir::ExprId) -> Option<Visibility> {
    let ExprKind::Call { callee, args, .. } = l.ir.module.expr(value).kind.clone() else { return None };
    let ExprKind::Name(name) = l.ir.module.expr(callee).kind else { return None };
    let visibility = match name.as_str() {
        "private" => Visibility::Private,
        "protected" => Visibility::Protected,
        "public" => Visibility::Public,
        _ => return None,
    };
    if args.is_empty() {
        return Some(visibility);
    }
    for arg in args {
        if let Some(name) = l.ir.module.string(arg.value) {
            let methods = l.ir.module.class(id).methods.clone();
            for method in methods {
                if l.ir.module.function(method).name == Some(name) {
                    l.ir.function_mut(method).visibility = visibility;
                }
            }
        }
        if let ExprKind::Do(block) = l.ir.module.expr(arg.value).kind.clone() {
            for stmt in block {
                if let StmtKind::Function(function) = l.ir.module.stmt(stmt).kind {
                    l.ir.function_mut(function).visibility = visibility;
                    l.ir.class_mut(id).methods.push(function);
                }
            }
        }
    }
    None
}
