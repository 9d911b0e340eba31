//! Functions in the order in which they can be summed up: callees before callers.

use program::{FnId, ModuleId, Program};
use rayon::prelude::*;

/// The functions of the repository, numbered, with their calls of each other.
pub struct Order {
    ids: Vec<FnId>,
    first: Vec<u32>,
    callers: Vec<Vec<u32>>,
    /// Functions by level: those of a level call only those of lower levels and of their own circle.
    pub levels: Vec<Vec<u32>>,
    /// Whether a function is in a circle.
    pub in_circle: Vec<bool>,
}

impl Order {
    /// Of the modules that are followed.
    pub fn new(program: &Program, is_followed: &dyn Fn(ModuleId) -> bool) -> Order {
        let mut first = Vec::new();
        let mut ids = Vec::new();
        let followed: Vec<bool> = program.ids().map(is_followed).collect();
        for module in program.ids() {
            first.push(ids.len() as u32);
            ids.extend(program.module(module).functions().map(|(function, _)| FnId { module, function }));
        }
        let number = |id: FnId| first[id.module.0 as usize] + id.function.0;
        let mut callees: Vec<Vec<u32>> = ids
            .par_iter()
            .map(|id| {
                if !followed[id.module.0 as usize] {
                    return Vec::new();
                }
                let mut all: Vec<u32> = Vec::new();
                for expr in program.calls_in(*id) {
                    let callee = program.call(program::ExprRef { module: id.module, expr: *expr });
                    let functions = callee.map(|c| c.functions.as_slice()).unwrap_or_default();
                    all.extend(functions.iter().filter(|f| followed[f.module.0 as usize]).map(|f| number(*f)));
                }
                all
            })
            .collect();
        // a lambda runs where it stands: what it calls, the function around it calls
        for at in (0..ids.len()).rev() {
            let id = ids[at];
            if let Some(parent) = program.function(id).parent {
                let parent = number(FnId { module: id.module, function: parent }) as usize;
                let inner = callees[at].clone();
                callees[parent].extend(inner);
            }
        }
        callees.par_iter_mut().for_each(|all| {
            all.sort_unstable();
            all.dedup();
        });
        let mut callers: Vec<Vec<u32>> = vec![Vec::new(); ids.len()];
        for (at, all) in callees.iter().enumerate() {
            all.iter().for_each(|callee| callers[*callee as usize].push(at as u32));
        }
        let runs: Vec<bool> = ids.iter().map(|id| followed[id.module.0 as usize]).collect();
        let (levels, in_circle) = levels(&callees, &runs);
        Order { ids, first, callers, levels, in_circle }
    }

    /// How many functions there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// A function by its number.
    pub fn id(&self, number: u32) -> FnId {
        self.ids[number as usize]
    }

    /// The number of a function.
    pub fn number(&self, id: FnId) -> usize {
        (self.first[id.module.0 as usize] + id.function.0) as usize
    }

    /// The functions that call one.
    pub fn callers(&self, number: u32) -> &[u32] {
        &self.callers[number as usize]
    }
}

/// Tarjan's strongly connected components, without recursion (Tarjan 1972), and their levels.
fn levels(callees: &[Vec<u32>], runs: &[bool]) -> (Vec<Vec<u32>>, Vec<bool>) {
    const NEW: u32 = u32::MAX;
    let n = callees.len();
    let (mut index, mut low) = (vec![NEW; n], vec![0_u32; n]);
    let (mut on_stack, mut in_circle) = (vec![false; n], vec![false; n]);
    let mut level_of = vec![0_u32; n];
    let (mut stack, mut work): (Vec<u32>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
    let mut levels: Vec<Vec<u32>> = Vec::new();
    let mut next = 0;
    for root in 0..n as u32 {
        if index[root as usize] != NEW || !runs[root as usize] {
            continue;
        }
        work.push((root, 0));
        while let Some((at, edge)) = work.pop() {
            let here = at as usize;
            if edge == 0 {
                index[here] = next;
                low[here] = next;
                next += 1;
                stack.push(at);
                on_stack[here] = true;
            }
            if let Some(to) = callees[here].get(edge as usize).map(|t| *t as usize) {
                work.push((at, edge + 1));
                if index[to] == NEW {
                    work.push((to as u32, 0));
                } else if on_stack[to] {
                    low[here] = low[here].min(index[to]);
                }
                continue;
            }
            if low[here] == index[here] {
                let from = stack.iter().rposition(|s| *s == at).unwrap_or(0);
                let circle: Vec<u32> = stack.drain(from..).collect();
                let below = circle.iter().flat_map(|f| &callees[*f as usize]);
                let level = below.filter(|c| !circle.contains(c)).map(|c| level_of[*c as usize] + 1).max().unwrap_or(0);
                let round = circle.len() > 1 || callees[here].contains(&at);
                if levels.len() <= level as usize {
                    levels.resize(level as usize + 1, Vec::new());
                }
                for member in circle {
                    on_stack[member as usize] = false;
                    level_of[member as usize] = level;
                    in_circle[member as usize] = round;
                    levels[level as usize].push(member);
                }
            }
            if let Some((parent, _)) = work.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[here]);
            }
        }
    }
    levels.iter_mut().for_each(|l| l.sort_unstable());
    (levels, in_circle)
}
