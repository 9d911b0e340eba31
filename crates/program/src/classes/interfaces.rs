//! Go's interfaces: whatever has their methods implements them, without saying so.

use base::{Language, Symbol};
use ir::{ClassKind, ParamKind};
use rustc_hash::FxHashMap;

use super::Classes;
use crate::{ClassRef, FnId, Program, Value};

/// An interface that more types than this have says too little of what is called: `String()`, what code
/// generators make for each table.
const MAX_TYPES: usize = 4;

/// How many types are looked at for what one embeds.
const MAX_EMBEDDED: usize = 24;

/// Makes the types that have all methods of an interface its derived classes.
pub(super) fn implement(program: &Program, classes: &mut Classes) {
    let is_interface = |class: &ClassRef| program.class(*class).kind == ClassKind::Interface;
    let of_go: Vec<ClassRef> =
        classes.order.iter().copied().filter(|class| program.module(class.module).language == Language::Go).collect();
    // what a struct embeds gives it its methods
    let methods: FxHashMap<ClassRef, Methods> =
        of_go.iter().map(|class| (*class, methods_with_embedded(program, classes, *class))).collect();
    let mut having: FxHashMap<Symbol, Vec<ClassRef>> = FxHashMap::default();
    for class in of_go.iter().filter(|c| !is_interface(c)) {
        for name in methods[class].keys() {
            having.entry(*name).or_default().push(*class);
        }
    }
    let mut found: Vec<(ClassRef, Vec<ClassRef>)> = Vec::new();
    for interface in of_go.iter().filter(|c| is_interface(c)) {
        let wanted = &methods[interface];
        let rarest = wanted.keys().map(|name| having.get(name).map_or(&[][..], Vec::as_slice)).min_by_key(|h| h.len());
        let mut types: Vec<ClassRef> = rarest
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|class| {
                let has = &methods[class];
                wanted.iter().all(|(name, wanted)| {
                    has.get(name).is_some_and(|has| params(program, *wanted) == params(program, *has))
                })
            })
            .collect();
        // what embeds an implementation without a method of its own is that implementation
        let all = types.clone();
        types.retain(|class| {
            let is_own = wanted.keys().any(|name| classes.infos[class].methods.contains_key(name));
            is_own || !embedded(classes, *class).any(|e| all.contains(&e))
        });
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

type Methods = FxHashMap<Symbol, FnId>;

/// The methods of a type, and those of what it embeds where it has none of that name.
fn methods_with_embedded(program: &Program, classes: &Classes, class: ClassRef) -> Methods {
    // a struct that embeds an interface hands on what it is given: a double in a test
    let is_interface = |class: &ClassRef| program.class(*class).kind == ClassKind::Interface;
    let hands_on = is_interface(&class);
    let mut found = Methods::default();
    let mut line = vec![class];
    let mut at = 0;
    while at < line.len() && line.len() < MAX_EMBEDDED {
        for (name, functions) in &classes.infos[&line[at]].methods {
            if let Some(first) = functions.first() {
                found.entry(*name).or_insert(*first);
            }
        }
        let more: Vec<ClassRef> =
            embedded(classes, line[at]).filter(|e| !line.contains(e) && (hands_on || !is_interface(e))).collect();
        line.extend(more);
        at += 1;
    }
    found
}

fn embedded(classes: &Classes, class: ClassRef) -> impl Iterator<Item = ClassRef> {
    classes.infos.get(&class).into_iter().flat_map(|i| &i.bases).filter_map(|base| match base {
        Value::Class(base) if classes.infos.contains_key(base) => Some(*base),
        _ => None,
    })
}

fn params(program: &Program, function: FnId) -> usize {
    program.function(function).params.iter().filter(|p| p.kind != ParamKind::Receiver).count()
}
