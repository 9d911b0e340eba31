//! Rust.

mod expr;
mod items;
mod macros;
mod stmt;
mod tokens;

use crate::{lowering::Lowering, tree::Node};

pub fn lower<'t>(lowering: &mut Lowering<'t>, root: Node<'t>) {
    lowering.ir.module.body = stmt::block(lowering, root);
}
