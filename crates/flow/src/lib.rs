//! Follows untrusted data from where it comes in to where it is dangerous, across functions and files.
//!
//! One summary per function (what it returns, changes and hands to dangerous calls, in terms of its
//! parameters), computed in rounds, each only from the one before. Inside a function values are followed
//! statement by statement: branches that a constant decides are not taken, keys of maps and places of
//! lists are told apart, checks clear what they check. It knows no library: what a call means is asked of
//! the trait [`Semantics`].
//!
//! Begin reading at [`analyze`], then `interpret.rs` (statements), `calls.rs`.

mod calls;
mod conditions;
mod interpret;
mod kinds;
mod rounds;
mod value;

use base::{Language, Span, Symbol};
use program::{ExprRef, FnId, ModuleId, Program};

pub use kinds::{Kind, Kinds};

/// Where untrusted data enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A part of the path.
    Path,
    /// A query parameter.
    Query,
    /// The body, or a field of it.
    Body,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// An uploaded file, its name included.
    File,
    /// Any part of the request.
    Request,
}

/// One entry of untrusted data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// From which part of the request.
    pub place: Place,
    /// Where the code takes it.
    pub span: Span,
}

/// What a call of a library means for data.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// It gives untrusted data.
    Source(Place),
    /// It is dangerous for untrusted data in an argument (`None`: in any).
    Sink {
        /// For what.
        kind: Kind,
        /// The argument, from 0.
        arg: Option<u32>,
        /// Its keyword.
        keyword: Option<Symbol>,
    },
    /// What it gives is harmless for these kinds.
    Cleans(Kinds),
    /// What it gives holds what it is given.
    Passes,
    /// What it gives does not come from its arguments: rows, answers of other systems.
    Answers,
}

/// What a parameter or a free name holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing is known.
    Unknown,
    /// The request, whose members are untrusted: see [`Semantics::of_request`].
    Request,
    /// Untrusted data.
    Data(Place),
    /// Nothing dangerous.
    Clean,
}

/// What the analysis must be told about libraries and frameworks.
pub trait Semantics: Sync {
    /// What a call means; empty when nothing is known.
    fn of_call(&self, at: ExprRef) -> &[Meaning];
    /// What a parameter holds when the function is entered from outside.
    fn of_param(&self, function: FnId, param: usize) -> Holds;
    /// What a member or method of the request gives.
    fn of_request(&self, language: Language, name: Symbol) -> Option<Place>;
    /// What a name holds that the module does not bind to a value: `params`, `request`.
    fn of_name(&self, module: ModuleId, name: Symbol) -> Holds;
}

/// What happens to the data at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is kept under a name.
    Assigned,
    /// It is given to a function of the repository.
    Passed,
    /// A function of the repository gives it back.
    Returned,
    /// It becomes a part of a string.
    Formatted,
}

/// A step on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub span: Span,
    /// What happens.
    pub event: Event,
}

/// Untrusted data that reaches a dangerous call.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The danger.
    pub kind: Kind,
    /// Where the data comes from.
    pub source: Source,
    /// The dangerous call.
    pub sink: ExprRef,
    /// The steps between, in order.
    pub steps: Vec<Step>,
}

/// All flows, in order of their sinks; of several ways to one sink the shortest.
pub fn analyze(program: &Program, semantics: &dyn Semantics) -> Vec<Flow> {
    rounds::run(program, semantics)
}
