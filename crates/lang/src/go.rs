//! Go.

mod expr;
mod items;
mod stmt;

use crate::{
    lowering::{Lowering, named_children},
    tree::Node,
};

pub fn lower<'t>(lowering: &mut Lowering<'t>, root: Node<'t>) {
    let mut body = Vec::new();
    for child in named_children(root) {
        items::top_level(lowering, child, &mut body);
    }
    lowering.ir.module.body = body;
}
