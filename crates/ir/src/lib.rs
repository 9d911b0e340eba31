//! The intermediate representation: one small tree per file, the same for all eight languages.
//!
//! `lang` makes it, everything after `lang` reads it and knows no grammar. Nodes live in arenas of
//! their [`Module`] and are named by ids, so analyses copy ids and never nodes. Every node has a span.
//!
//! The tree keeps what analyses of backends need (names, calls, strings, control flow, types as
//! written, annotations) and drops the rest. What a front end cannot lower becomes
//! [`ExprKind::Unknown`] around whatever it could read below, and a [`base::Gap`].
//!
//! It must never know a library, a framework or a rule. Begin reading at [`Module`].

mod build;
mod module;
mod print;
mod walk;

pub use {build::*, module::*, print::*, walk::*};

use base::Symbol;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
    )*};
}

ids! {
    /// An expression or pattern of one module.
    ExprId
    /// A statement of one module.
    StmtId
    /// A type as written, in one module.
    TypeId
    /// A function, method, lambda or block of one module.
    FunctionId
    /// A class-like thing of one module.
    ClassId
    /// An import of one module.
    ImportId
}

/// Statements in order.
pub type Block = Vec<StmtId>;

/// An expression or a pattern. Patterns use the same shapes: a name binds (`_` too), a [`ExprKind::Map`],
/// [`ExprKind::List`] or call takes apart, a [`ExprKind::Spread`] is the rest, `a | b` in another pattern is
/// [`ExprKind::Logical`], `name @ pattern` (or a default) [`ExprKind::Assign`], `T name` [`ExprKind::Cast`].
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is.
    pub range: Range,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A name. Ruby keeps sigils (`@user`, `$stdout`) and `:symbols` are string literals;
    /// Rust paths `a::b::c` are members `a.b.c`, as are Ruby's `A::B`.
    Name(Symbol),
    /// `this`, `self` of Rust and Ruby. (Python's `self` and Go's receiver are parameters, see
    /// [`ParamKind::Receiver`], but their uses are lowered to `This` too where the name is the receiver.)
    This,
    /// `super`, `base`.
    Super,
    /// A literal.
    Literal(Literal),
    /// A string made of text and holes, whatever the language's way: interpolation, concatenation with
    /// `+` where one side is a string literal or template, `%`, `format`, `Sprintf`, `String.format`,
    /// `format!`. Neighbouring texts are joined.
    Template(Vec<Part>),
    /// `object.name`, `object->name`, `object?.name`, `object::name`.
    Member {
        /// The object.
        object: ExprId,
        /// The member.
        name: Symbol,
        /// Where the name is.
        name_range: Range,
        /// `?.`, `&.`
        optional: bool,
    },
    /// `object[index]`; slices have a [`ExprKind::List`] of their bounds as index.
    Index {
        /// The object.
        object: ExprId,
        /// The index.
        index: ExprId,
    },
    /// A call. Ruby's calls without arguments and parentheses on a receiver (`user.name`) are calls;
    /// a lone identifier that is no local variable is a call with a `Name` callee.
    Call {
        /// What is called. For `new`, the class's name.
        callee: ExprId,
        /// Arguments in order.
        args: Vec<Arg>,
        /// A Ruby block, or a trailing lambda written outside the parentheses.
        block: Option<FunctionId>,
        /// How it is called.
        kind: CallKind,
    },
    /// A lambda, closure or function expression.
    Lambda(FunctionId),
    /// A class expression, or the anonymous class of a Java `new X() { … }` (with its `Call` before it
    /// as `Class`'s base).
    ClassExpr(ClassId),
    /// Array, tuple, set, slice literal; Ruby `%w[]`.
    List(Vec<ExprId>),
    /// Object, dictionary, hash, struct or composite literal with keys, C# object initialiser.
    /// A spread entry has no key and a [`ExprKind::Spread`] value.
    Map(Vec<Entry>),
    /// `!x`, `-x`, `&x`, `*x`, `typeof x`, `delete x`, `x!`, `x?` (Rust's `?` is [`UnaryOp::Try`]).
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: ExprId,
    },
    /// Arithmetic, comparison, membership.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left side.
        left: ExprId,
        /// Right side.
        right: ExprId,
    },
    /// `and`, `or`, `??`.
    Logical {
        /// The operator.
        op: LogicalOp,
        /// Left side.
        left: ExprId,
        /// Right side.
        right: ExprId,
    },
    /// `c ? a : b`, `a if c else b`.
    Ternary {
        /// The condition.
        cond: ExprId,
        /// If true.
        then: ExprId,
        /// If false.
        otherwise: ExprId,
    },
    /// `target = value` or `target op= value` inside an expression (JavaScript, Ruby, C#, walrus).
    Assign {
        /// Target: a name, member, index or pattern.
        target: ExprId,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The value.
        value: ExprId,
    },
    /// `await x`, `x.await`, `<-ch`.
    Await(ExprId),
    /// `yield x`.
    Yield(Option<ExprId>),
    /// `...x`, `*x`, `**x`, `x...`.
    Spread(ExprId),
    /// A conversion or assertion to a type: `x as T`, `(T) x`, `x.(T)`, `[]byte(x)`, `<T>x`.
    Cast {
        /// The type.
        ty: TypeId,
        /// The value.
        value: ExprId,
    },
    /// `x instanceof T`, `x is T`.
    IsType {
        /// The value; its pattern variable is bound in a `Binary`-free way: see `binding`.
        value: ExprId,
        /// The type.
        ty: TypeId,
        /// A variable bound when it holds.
        binding: Option<Symbol>,
    },
    /// A type where an expression stands: `typeof(T)`, `T.class`, a generic argument.
    TypeExpr(TypeId),
    /// Statements where an expression stands (Rust and Ruby `if`, `match`, `begin`, blocks, C# switch
    /// expressions, comprehensions as a loop): its value is that of the last expression statement.
    Do(Block),
    /// Not understood; its children are.
    Unknown(Vec<ExprId>),
}

/// A part of a [`ExprKind::Template`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// Fixed text, escapes resolved.
    Text(Symbol),
    /// A value put in.
    Hole(ExprId),
}

/// Literals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Literal {
    /// A string, character, byte string or Ruby symbol; quotes off, escapes resolved.
    Str(Symbol),
    /// A whole number; `None` when it does not fit.
    Int(Option<i64>),
    /// A number with a fraction, as written.
    Float(Symbol),
    /// `true`, `false`.
    Bool(bool),
    /// `null`, `nil`, `None` (Python), `undefined`.
    Null,
    /// A regular expression, without delimiters.
    Regex(Symbol),
}

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `f(x)`
    Call,
    /// `new C(x)`
    New,
    /// `m!(x)`: arguments are those that could be read as expressions.
    Macro,
    /// A decorator, attribute or annotation, with or without arguments.
    Annotation,
}

/// An argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arg {
    /// Of `name=value`, `name: value`.
    pub name: Option<Symbol>,
    /// The value; `*x`, `**x`, `...x` are [`ExprKind::Spread`].
    pub value: ExprId,
}

/// An entry of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The key: a string literal for a plain `key:` or field name, any expression for a computed one,
    /// `None` for a spread.
    pub key: Option<ExprId>,
    /// The value. A shorthand `{a}` has the name as value.
    pub value: ExprId,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!x`, `not x`
    Not,
    /// `-x`
    Neg,
    /// `&x`, `&mut x`
    Ref,
    /// `*x`
    Deref,
    /// Rust `x?`
    Try,
    /// `x!` of TypeScript and C#
    NonNull,
    /// `delete x`, `del x`
    Delete,
    /// `typeof x`, `~x`, `+x`, `void x`, `x++` and the like
    Other,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`, `//`
    Div,
    /// `%`
    Rem,
    /// `==`, `===`, `is`
    Eq,
    /// `!=`, `!==`, `is not`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `=~`
    Match,
    /// `&` between lists: what both have
    Meet,
    /// `..`, `..=`, `...`
    Range,
    /// `<<`, also Ruby's append
    Shl,
    /// Bit operators, powers, `<=>`, pipes and the rest
    Other,
}

/// Logical operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogicalOp {
    /// `&&`, `and`
    And,
    /// `||`, `or`
    Or,
    /// `??`
    Coalesce,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where it is.
    pub range: Range,
}

/// The kinds of statements.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// A declaration or an assignment, one target each (`a = b = c` becomes two, last first;
    /// `a, b = f()` has a [`ExprKind::List`] target).
    Assign {
        /// A name, member, index or pattern.
        target: ExprId,
        /// The declared type.
        ty: Option<TypeId>,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The value; `None` for a declaration without one.
        value: Option<ExprId>,
        /// Whether it declares (`let`, `var`, `:=`, a typed local).
        declares: bool,
    },
    /// An expression.
    Expr(ExprId),
    /// `if`/`unless`; `elsif` is an `If` in `otherwise`. Go's and C#'s init statement stands before it.
    If {
        /// The condition; for `if let` and `case … in` an [`ExprKind::Assign`] of the pattern.
        cond: ExprId,
        /// If true.
        then: Block,
        /// If false.
        otherwise: Block,
    },
    /// Every loop. `for x in xs` has `pattern` and `iter`; `while` has `cond`; a C-style `for` has its
    /// init statement before it, `cond`, and its step at the end of `body`.
    Loop {
        /// What each round binds.
        pattern: Option<ExprId>,
        /// What is iterated.
        iter: Option<ExprId>,
        /// The condition.
        cond: Option<ExprId>,
        /// The body.
        body: Block,
    },
    /// `switch`, `match`, `case`, `select`.
    Switch {
        /// The subject; `None` for `switch {` and `select`.
        subject: Option<ExprId>,
        /// The arms.
        arms: Vec<Arm>,
    },
    /// `try`/`begin`.
    Try {
        /// The body, with Python's and Ruby's `else` at its end.
        body: Block,
        /// The handlers.
        catches: Vec<Catch>,
        /// `finally`, `ensure`.
        finally: Block,
    },
    /// `with`, `using`, try-with-resources, `lock`, `synchronized`: each resource is an `Assign`
    /// statement when it is bound and an `Expr` statement otherwise.
    With {
        /// The resources.
        resources: Block,
        /// The body (the rest of the block for C#'s `using var`).
        body: Block,
    },
    /// Go `defer`.
    Defer(ExprId),
    /// Go `go f()`.
    Spawn(ExprId),
    /// `return`; the last expression of a Rust or Ruby function and an arrow function's expression too.
    Return(Option<ExprId>),
    /// `throw`, `raise`; (Rust and Go `panic` are calls).
    Throw(Option<ExprId>),
    /// `assert`.
    Assert(ExprId),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// A block of its own.
    Block(Block),
    /// A function declared here.
    Function(FunctionId),
    /// A class declared here.
    Class(ClassId),
    /// An import that stands here.
    Import(ImportId),
}

/// An arm of a switch.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The patterns or values; empty for `default`, `_`, `else`.
    pub patterns: Vec<ExprId>,
    /// A guard.
    pub guard: Option<ExprId>,
    /// The body.
    pub body: Block,
    /// Where it is.
    pub range: Range,
}

/// A handler of a `try`.
#[derive(Clone, Debug)]
pub struct Catch {
    /// The types caught; empty catches everything.
    pub types: Vec<TypeId>,
    /// The variable.
    pub binding: Option<Symbol>,
    /// The body.
    pub body: Block,
    /// Where it is.
    pub range: Range,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Where it is.
    pub range: Range,
}

/// The kinds of types.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// A name, dotted as written (`::` becomes `.`), with type arguments.
    Named {
        /// The dotted path.
        path: Symbol,
        /// Type arguments.
        args: Vec<TypeId>,
    },
    /// `T[]`, `[]T`, `[T]`, `[N]T`.
    Array(TypeId),
    /// `map[K]V`.
    Map(TypeId, TypeId),
    /// `*T`, `&T`, `&mut T`.
    Ref(TypeId),
    /// `T?`, `T | None`, `T | null`.
    Optional(TypeId),
    /// `A | B`.
    Union(Vec<TypeId>),
    /// `(A, B)`.
    Tuple(Vec<TypeId>),
    /// A function type: parameters and result.
    Function(Vec<TypeId>, Option<TypeId>),
    /// An expression where a type stands: a literal type, the `Depends(…)` of `Annotated[T, Depends(…)]`.
    Expr(ExprId),
    /// Not understood.
    Unknown,
}

/// What kind of function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A named function outside a class.
    Function,
    /// A method (Go's have a [`ParamKind::Receiver`] and no class).
    Method,
    /// A constructor: `constructor`, `__init__`, `initialize`, Java's and C#'s.
    Constructor,
    /// A property's getter or setter.
    Accessor,
    /// A lambda, closure or function expression.
    Lambda,
    /// A Ruby block.
    Block,
}

/// Visibility as declared; what is not declared is as the language has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Visible everywhere.
    Public,
    /// Subclasses.
    Protected,
    /// The class or module.
    Private,
    /// Package, assembly, crate.
    Internal,
}

/// A function, method, lambda or block.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name; `None` for lambdas and blocks.
    pub name: Option<Symbol>,
    /// Where the name is, or the start.
    pub name_range: Range,
    /// What kind.
    pub kind: FunctionKind,
    /// Parameters, a declared receiver (`self` of Python and Rust, Go's) first.
    pub params: Vec<Param>,
    /// The declared result.
    pub ret: Option<TypeId>,
    /// The statements; `None` without a body (interface, abstract).
    pub body: Option<Block>,
    /// `async`.
    pub is_async: bool,
    /// `static`, `@staticmethod`, `@classmethod`, Ruby `def self.x`, a Rust function without `self`.
    pub is_static: bool,
    /// Visibility.
    pub visibility: Visibility,
    /// Annotations, each a [`ExprKind::Call`] of kind [`CallKind::Annotation`].
    pub annotations: Vec<ExprId>,
    /// The class in whose body it stands.
    pub class: Option<ClassId>,
    /// The function in whose body it stands.
    pub parent: Option<FunctionId>,
    /// Where all of it is, annotations included.
    pub range: Range,
}

/// What kind of parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// By position (or keyword).
    Normal,
    /// By keyword only.
    Keyword,
    /// `*args`, `...args`, `params`.
    Rest,
    /// `**kwargs`.
    KeywordRest,
    /// `self`, Go's receiver.
    Receiver,
    /// Ruby's `&block`.
    Block,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name; for a pattern, empty.
    pub name: Symbol,
    /// A destructuring pattern.
    pub pattern: Option<ExprId>,
    /// The declared type.
    pub ty: Option<TypeId>,
    /// The default.
    pub default: Option<ExprId>,
    /// Annotations.
    pub annotations: Vec<ExprId>,
    /// What kind.
    pub kind: ParamKind,
    /// Where it is.
    pub range: Range,
}

/// What kind of class-like thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassKind {
    /// A class.
    Class,
    /// A struct or record.
    Struct,
    /// An interface, trait or protocol; a TypeScript object type alias too.
    Interface,
    /// An enum; its variants are fields.
    Enum,
    /// A Rust `impl`: `name` is the type, `bases` the trait.
    Impl,
    /// A Ruby module, TypeScript or C# namespace with a body of its own.
    Module,
    /// A type alias: the aliased type is the only base.
    Alias,
}

/// A class-like thing.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name (Ruby: dotted as written, `Api.V1.UsersController`).
    pub name: Symbol,
    /// Where the name is.
    pub name_range: Range,
    /// What kind.
    pub kind: ClassKind,
    /// The namespaces and packages around it, dotted, outer classes not included.
    pub namespace: Option<Symbol>,
    /// Base classes, interfaces, traits, Go's embedded structs, Ruby's superclass.
    pub bases: Vec<TypeId>,
    /// Annotations (a Rust derive is `derive(A, B)`).
    pub annotations: Vec<ExprId>,
    /// Fields with constants and enum variants; also Python's and Ruby's class-level assignments.
    pub fields: Vec<Field>,
    /// Methods and constructors.
    pub methods: Vec<FunctionId>,
    /// Statements in the class body (Ruby's `has_many`, Python's class-level calls, static blocks).
    pub body: Block,
    /// The class around it.
    pub outer: Option<ClassId>,
    /// The function around it.
    pub function: Option<FunctionId>,
    /// Visibility.
    pub visibility: Visibility,
    /// `abstract`.
    pub is_abstract: bool,
    /// Where all of it is, annotations included.
    pub range: Range,
}

/// A field, constant, property or enum variant.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Symbol,
    /// The declared type.
    pub ty: Option<TypeId>,
    /// The value it starts with.
    pub init: Option<ExprId>,
    /// Annotations. A Go struct tag is a string here.
    pub annotations: Vec<ExprId>,
    /// Visibility.
    pub visibility: Visibility,
    /// `static`, class-level.
    pub is_static: bool,
    /// `const`, `final`, `readonly`.
    pub is_constant: bool,
    /// Where it is.
    pub range: Range,
}

/// An import, one per name brought in.
#[derive(Clone, Debug)]
pub struct Import {
    /// The module as written: `./users`, `django.http`, `..models`, `github.com/gin-gonic/gin`,
    /// `java.util`, `crate.users`, `System.Linq`, a Ruby `require` path.
    pub module: Symbol,
    /// The name taken from it; `None` for the module itself, `*` for everything, `default` for a
    /// JavaScript default.
    pub name: Option<Symbol>,
    /// The name it has here; empty when nothing is bound (side effects).
    pub alias: Symbol,
    /// What kind.
    pub kind: ImportKind,
    /// Where it is.
    pub range: Range,
}

/// What kind of import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// Brings a name in.
    Import,
    /// Gives a name on: `export … from`, `pub use`.
    Reexport,
    /// An export of a local name: `export { name as alias }`, `export default`, `module.exports = …`;
    /// `name` is the local name (or `None` with the value in an `Assign` to `module.exports`).
    Export,
    /// Types only.
    Type,
}
