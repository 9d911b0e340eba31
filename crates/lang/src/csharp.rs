//! C#.

mod expr;
mod items;
mod patterns;
mod stmt;

use base::Symbol;

use crate::{lowering::Lowering, tree::Node};

pub fn lower<'t>(lowering: &mut Lowering<'t>, root: Node<'t>) {
    let mut scope = items::Namespace::default();
    let mut body = Vec::new();
    items::declarations(lowering, root, &mut scope, &mut body);
    lowering.ir.module.body = body;
    // the namespace of the file, when it has exactly one
    if let [one] = scope.seen.as_slice() {
        lowering.ir.module.package = Some(Symbol::new(one));
    }
}
