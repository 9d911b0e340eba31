//! Types as written.

use base::Symbol;
use ir::{TypeId, TypeKind};

use super::expr;
use crate::{
    lowering::{Lowering, named_children, range},
    tree::Node,
};

/// Lowers a type or a type annotation.
pub fn lower<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    if !l.enter(node) {
        return l.ir.ty(TypeKind::Unknown, range(node));
    }
    let id = lower_kind(l, node);
    l.leave();
    id
}

/// The type that an expression names (`instanceof X`, `extends X`).
pub fn of_expression<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    let value = expr::lower(l, node);
    let kind = match l.ir.module.dotted(value) {
        Some(path) => TypeKind::Named { path: Symbol::new(&path), args: Vec::new() },
        None => TypeKind::Expr(value),
    };
    l.ir.ty(kind, range(node))
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> TypeId {
    let at = range(node);
    let kind = match node.kind() {
        "type_annotation"
        | "parenthesized_type"
        | "readonly_type"
        | "rest_type"
        | "constraint"
        | "default_type"
        | "opting_type_annotation"
        | "omitting_type_annotation"
        | "adding_type_annotation" => match named_children(node).last() {
            Some(inner) => return lower(l, *inner),
            None => TypeKind::Unknown,
        },
        "type_identifier" | "predefined_type" | "identifier" | "this_type" | "this" => {
            TypeKind::Named { path: l.symbol(node), args: Vec::new() }
        }
        "nested_type_identifier" | "nested_identifier" | "member_expression" => {
            let path: String = l.str(node).chars().filter(|c| !c.is_whitespace()).collect();
            TypeKind::Named { path: Symbol::new(&path), args: Vec::new() }
        }
        "generic_type" => {
            let path = node.child_by_field_name("name").map_or("", |n| l.str(n));
            let args = node.child_by_field_name("type_arguments").map(named_children).unwrap_or_default();
            let args: Vec<TypeId> = args.into_iter().map(|a| lower(l, a)).collect();
            match (path, args.as_slice()) {
                ("Array" | "ReadonlyArray", [item]) => TypeKind::Array(*item),
                // what is awaited in the end
                ("Promise", [item]) => return *item,
                _ => TypeKind::Named { path: Symbol::new(path), args },
            }
        }
        "array_type" => match named_children(node).first() {
            Some(item) => TypeKind::Array(lower(l, *item)),
            None => TypeKind::Unknown,
        },
        "tuple_type" => TypeKind::Tuple(named_children(node).into_iter().map(|t| lower(l, t)).collect()),
        "union_type" => {
            let mut items = Vec::new();
            let mut optional = false;
            for child in named_children(node) {
                let text = l.str(child);
                if matches!(text, "null" | "undefined") {
                    optional = true;
                    continue;
                }
                let item = lower(l, child);
                match &l.ir.module.ty(item).kind {
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
                ([one], false) => return *one,
                (_, true) => {
                    let union = l.ir.ty(TypeKind::Union(items), at);
                    TypeKind::Optional(union)
                }
                _ => TypeKind::Union(items),
            }
        }
        "intersection_type" => TypeKind::Union(named_children(node).into_iter().map(|t| lower(l, t)).collect()),
        "literal_type" => match named_children(node).first() {
            Some(value) => TypeKind::Expr(expr::lower(l, *value)),
            None => TypeKind::Unknown,
        },
        "optional_type" => match named_children(node).first() {
            Some(inner) => TypeKind::Optional(lower(l, *inner)),
            None => TypeKind::Unknown,
        },
        "type_predicate" | "type_predicate_annotation" => {
            TypeKind::Named { path: Symbol::new("boolean"), args: Vec::new() }
        }
        "function_type" => {
            let params = node.child_by_field_name("parameters").map(named_children).unwrap_or_default();
            let params = params.into_iter().map(|p| match p.child_by_field_name("type") {
                Some(ty) => lower(l, ty),
                None => l.ir.ty(TypeKind::Unknown, range(p)),
            });
            let params = params.collect();
            let ret = node.child_by_field_name("return_type").map(|r| lower(l, r));
            TypeKind::Function(params, ret)
        }
        // object, mapped, conditional and query types say nothing of where values come from
        _ => TypeKind::Unknown,
    };
    l.ir.ty(kind, at)
}
