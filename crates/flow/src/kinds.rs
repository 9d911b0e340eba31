//! Kinds of danger.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// What untrusted data can do at a sink.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// Its name in facts.
            pub fn label(self) -> &'static str {
                match self { $(Kind::$name => $label,)* }
            }
        }
    };
}

kinds! {
    /// Changes an SQL statement (CWE-89).
    Sql = "sql",
    /// Gives a document store operators where it expects values (CWE-943).
    NoSql = "nosql",
    /// Changes a query or script of a document, search, graph or key-value store (CWE-943).
    NoSqlCode = "nosql-code",
    /// Runs another program, or changes what it does (CWE-78).
    Command = "command",
    /// Runs code (CWE-94).
    Code = "code",
    /// Names a file (CWE-22).
    Path = "path",
    /// Chooses where a request of the server goes (CWE-918).
    Url = "url",
    /// Chooses where a browser is sent (CWE-601).
    Redirect = "redirect",
    /// Becomes markup in a browser (CWE-79).
    Html = "html",
    /// Becomes a template (CWE-1336).
    Template = "template",
    /// Is parsed as XML with external entities (CWE-611).
    Xml = "xml",
    /// Changes an XPath expression (CWE-643).
    XPath = "xpath",
    /// Changes an LDAP filter (CWE-90).
    Ldap = "ldap",
    /// Is turned into objects of any type (CWE-502).
    Deserialization = "deserialization",
    /// Adds a header (CWE-113).
    Header = "header",
    /// Adds lines to a log (CWE-117).
    Log = "log",
    /// Sets any field of a stored object (CWE-915).
    MassAssignment = "fields",
    /// Changes the prototype of all objects (CWE-1321).
    Prototype = "prototype",
    /// Becomes a regular expression (CWE-1333).
    Regex = "regex",
    /// Is matched by a regular expression of ours (CWE-1333).
    Matched = "matched",
    /// Chooses a class or method (CWE-470).
    Reflection = "reflection",
    /// Is kept as trusted in a session (CWE-501).
    Trust = "trust",
}

impl Kind {
    /// The kind of this name in facts.
    pub fn of(label: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|k| k.label() == label)
    }

    /// Whether only a string does harm at the sink. In the parts of an object (`where: { name }`) data is
    /// a value then.
    pub fn needs_string(self) -> bool {
        !matches!(self, Kind::NoSql | Kind::Log | Kind::Deserialization | Kind::MassAssignment | Kind::Trust)
    }

    /// Whether only an object does harm: data that became a string is harmless.
    pub fn needs_object(self) -> bool {
        matches!(self, Kind::NoSql | Kind::MassAssignment | Kind::Prototype)
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kinds(u32);

impl Kinds {
    /// None.
    pub const NONE: Kinds = Kinds(0);
    /// Every kind.
    pub const ALL: Kinds = Kinds(u32::MAX);

    /// The set of one.
    pub const fn only(kind: Kind) -> Kinds {
        Kinds(1 << kind as u8)
    }

    /// Whether a kind is in it.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Those in either.
    #[must_use]
    pub const fn with(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Those in both.
    #[must_use]
    pub const fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    /// Whether no kind is in it.
    pub fn is_none(self) -> bool {
        self == Kinds::NONE
    }

    /// Whether every kind is in it.
    pub fn is_all(self) -> bool {
        self == Kinds::ALL
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Kinds::NONE, |all, kind| all.with(Kinds::only(kind)))
    }
}
