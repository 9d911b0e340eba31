//! Ruby.

mod expr;
mod items;
mod stmt;

use crate::{lowering::Lowering, tree::Node};

pub fn lower<'t>(lowering: &mut Lowering<'t>, root: Node<'t>) {
    lowering.ir.module.body = stmt::block(lowering, root);
}
