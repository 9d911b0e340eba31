use tree_sitter::Node;

use crate::lowering::Lowering;

pub fn lower<'t>(_lowering: &mut Lowering<'t>, _root: Node<'t>) {}
