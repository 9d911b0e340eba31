//! JavaScript, TypeScript and TSX: one front end for three grammars.

mod expr;
mod items;
mod stmt;
mod types;

use crate::{
    lowering::{Lowering, named_children},
    tree::Node,
};

pub fn lower<'t>(lowering: &mut Lowering<'t>, root: Node<'t>) {
    let mut body = Vec::new();
    for child in named_children(root) {
        stmt::lower(lowering, child, &mut body);
    }
    lowering.ir.module.body = body;
}
