//! Go's interfaces: whatever has their methods implements them, without saying so.

use base::{Language, Symbol};
use ir::{ClassKind, ParamKind};
use rustc_hash::FxHashMap;

use super::Classes;
use crate::{ClassRef, FnId, Program};

/// An interface that more types than this have says too little of what is called: `String()`, what code
/// generators make for each table.
const MAX_TYPES: usize = 4;

/// Makes the types that have all methods of an interface its derived classes.
pub(super) fn implement(program: &Program, classes: &mut Classes) {
    let is_interface = |class: &ClassRef| program.class(*class).kind == ClassKind::Interface;
    let of_go: Vec<ClassRef> =
        classes.order.iter().copied().filter(|class| program.module(class.module).language == Language::Go).collect();
    let mut having: FxHashMap<Symbol, Vec<ClassRef>> = FxHashMap::default();
    for class in of_go.iter().filter(|c| !is_interface(c)) {
        for name in classes.infos[class].methods.keys() {
            having.entry(*name).or_default().push(*class);
        }
    }
    let mut found: Vec<(ClassRef, Vec<ClassRef>)> = Vec::new();
    for interface in of_go.iter().filter(|c| is_interface(c)) {
        let wanted = &classes.infos[interface].methods;
        let rarest = wanted.keys().map(|name| having.get(name).map_or(&[][..], Vec::as_slice)).min_by_key(|h| h.len());
        let types: Vec<ClassRef> = rarest
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|class| {
                let methods = &classes.infos[class].methods;
                wanted.iter().all(|(name, functions)| {
                    let (Some(wanted), Some(has)) =
                        (functions.first(), methods.get(name).and_then(|functions| functions.first()))
                    else {
                        return false;
                    };
                    params(program, *wanted) == params(program, *has)
                })
            })
            .collect();
        if !types.is_empty() && types.len() <= MAX_TYPES {
            found.push((*interface, types));
        }
    }
    for (interface, types) in found {
        if let Some(info) = classes.infos.get_mut(&interface) {
            info.derived.extend(types);
        }
    }
}

fn params(program: &Program, function: FnId) -> usize {
    program.function(function).params.iter().filter(|p| p.kind != ParamKind::Receiver).count()
}
