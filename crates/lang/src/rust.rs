//! Rust.

mod expr;
mod items;
mod macros;
mod stmt;

use tree_sitter::Node;

use crate::lowering::Lowering;

pub fn lower<'t>(lowering: &mut Lowering<'t>, root: Node<'t>) {
    lowering.ir.module.body = stmt::block(lowering, root);
}
