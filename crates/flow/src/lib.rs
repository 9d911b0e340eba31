//! Follows untrusted data from where it comes in to where it is dangerous, across functions and files.
//!
//! One summary per function (what it returns, changes and hands to dangerous calls, in terms of its
//! parameters), computed from the callees up. Inside a function values are followed statement by
//! statement: branches that a constant decides are not taken, keys of maps and places of lists are told
//! apart, checks clear what they check. It knows no library: what a call means is asked of the trait
//! [`Semantics`]. Everything is bounded, and what a bound cut off is told.
//!
//! Begin reading at [`analyze`], then `summaries.rs`, `interpret.rs` (statements), `calls.rs`.

mod accessors;
mod builders;
mod callbacks;
mod calls;
mod conditions;
mod deeds;
mod dynamic;
mod expressions;
mod interpret;
mod kinds;
mod names;
mod order;
mod overloads;
mod places;
mod strings;
mod summaries;
mod types;
mod value;
mod whom;

use base::{Span, Symbol};
use program::{ExprRef, FnId, ModuleId, Program};
use smallvec::SmallVec;

pub use kinds::{Kind, Kinds};
pub use types::is_harmless;
pub use value::Key;

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
    /// An argument of a GraphQL field.
    Argument,
    /// A message of a broker or socket.
    Message,
    /// The name of an entry in an archive.
    Archive,
    /// What a database holds.
    Stored,
    /// The command line, the environment or a file on the disk: the operator's, not the caller's.
    Operator,
}

/// One entry of untrusted data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    /// From which part of the request.
    pub place: Place,
    /// Where the code takes it.
    pub span: Span,
    /// The parameter, field, header or cookie, where one is named; `None` is all of it.
    pub name: Option<Symbol>,
    /// Whether a part of it was taken: a field of the body is no longer the body.
    pub is_part: bool,
}

impl Source {
    /// All of a place.
    pub fn of(place: Place, span: Span) -> Source {
        Source { place, span, name: None, is_part: false }
    }

    fn part(self, key: Key) -> Source {
        match (key, self.name) {
            (Key::Name(name), None) => Source { name: Some(name), is_part: true, ..self },
            _ => Source { is_part: true, ..self },
        }
    }
}

/// Which arguments of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The one at this position, from 0.
    At(u32),
    /// The one at this position, with all that it holds: what a template is given.
    Within(u32),
    /// All from this position on.
    From(u32),
    /// What it is called on.
    Receiver,
}

/// What a call of a library means for data.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// It gives untrusted data.
    Source(Place),
    /// It gives the request, of this type.
    Request(Symbol),
    /// It puts untrusted data into an argument.
    Fills(Argument, Place),
    /// It is dangerous for untrusted data.
    Sink {
        /// For what.
        kind: Kind,
        /// In which arguments.
        arg: Option<Argument>,
        /// Or in the argument or option of this name.
        keyword: Option<Symbol>,
        /// The number of the record that says so.
        record: u32,
    },
    /// What it gives is harmless for these kinds.
    Cleans(Kinds),
    /// What it is called on is given back with its arguments, which are harmless for these kinds from this position
    /// on.
    CleansArguments(Kinds, u32),
    /// Its arguments are harmless for these kinds after it: it throws or ends otherwise.
    Checks(Kinds),
    /// What it is called on is harmless for these kinds after it.
    ChecksReceiver(Kinds),
    /// What it gives holds what it is given.
    Passes,
    /// What it gives does not come from its arguments: rows, answers of other systems.
    Answers,
    /// It does not come back.
    Ends,
}

/// What a parameter or a free name holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing is known.
    Unknown,
    /// The request, of this type, whose members are untrusted: see [`Semantics::of_request`].
    Request(Symbol),
    /// Untrusted data.
    Data(Place),
    /// Untrusted data by this name.
    Named(Place, Symbol),
    /// Nothing dangerous.
    Clean,
}

/// A dangerous use that the declaration of a function without code makes of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// The parameter, from 0.
    pub param: u8,
    /// The part of it.
    pub part: Option<Symbol>,
    /// The danger.
    pub kind: Kind,
    /// Where it is told.
    pub at: ExprRef,
    /// The number of the record that says so.
    pub record: u32,
}

/// What the analysis must be told about libraries and frameworks.
pub trait Semantics: Sync {
    /// Whether a module is looked at at all.
    fn is_followed(&self, module: ModuleId) -> bool;
    /// What a call, or an assignment to a member, means; empty when nothing is known.
    fn of_call(&self, at: ExprRef) -> &[Meaning];
    /// What a parameter holds when the function is entered from outside.
    fn of_param(&self, function: FnId, param: usize) -> Holds;
    /// What a member or method of a request of type `ty` gives.
    fn of_request(&self, ty: Symbol, name: Symbol) -> Holds;
    /// Whether every request that reaches a handler has the same path.
    fn has_fixed_path(&self, function: FnId) -> bool;
    /// What a name holds that no variable has, or a member of `this`.
    fn of_name(&self, at: ExprRef, name: Symbol) -> Holds;
    /// Whether what the record of a sink speaks of refuses data from a place that could do harm.
    fn spares(&self, record: u32, place: Place) -> bool;
    /// Whether an annotation lets its parameter or field through only in a fixed form.
    fn is_checking(&self, annotation: ExprRef) -> bool;
    /// What the declaration of a function without code does with its parameters.
    fn of_declaration(&self, function: FnId) -> &[Declared];
    /// What a function of the repository must not give back as `given`, since it is what the caller sees.
    fn of_return(&self, function: FnId, given: ir::ExprId) -> SmallVec<[Meaning; 2]>;
}

/// What happens to the data at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// It is kept under a name.
    Assigned,
    /// It is given to a function of the repository.
    Passed,
    /// A function of the repository gives it back.
    Returned,
    /// It becomes a part of a string.
    Formatted,
    /// It is kept in an object or a variable that other functions read.
    Kept,
}

/// A step on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// Where.
    pub span: Span,
    /// What happens.
    pub event: Event,
}

/// A dangerous place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sink {
    /// The danger.
    pub kind: Kind,
    /// The call.
    pub at: ExprRef,
    /// The number of the record that says so.
    pub record: u32,
}

/// Untrusted data that reaches a dangerous call.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Where the data comes from.
    pub source: Source,
    /// Where it goes.
    pub sink: Sink,
    /// The steps between, in order.
    pub steps: Vec<Step>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    /// In order of their sinks; of several ways to one sink the shortest.
    pub all: Vec<Flow>,
    /// Functions that a bound cut off.
    pub cut: Vec<FnId>,
}

/// Follows all data of the repository.
pub fn analyze(program: &Program, semantics: &dyn Semantics) -> Flows {
    summaries::run(program, semantics)
}
