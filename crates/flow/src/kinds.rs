//! Kinds of danger.

/// What untrusted data can do at a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Changes an SQL statement (CWE-89).
    Sql,
    /// Changes a query of a document, key-value or search store (CWE-943).
    NoSql,
    /// Runs another program (CWE-78).
    Command,
    /// Runs code (CWE-94).
    Code,
    /// Names a file (CWE-22).
    Path,
    /// Chooses where a request of the server goes (CWE-918).
    Request,
    /// Chooses where a browser is sent (CWE-601).
    Redirect,
    /// Becomes markup in a browser (CWE-79).
    Html,
    /// Becomes a template (CWE-1336).
    Template,
    /// Is parsed as XML with external entities (CWE-611).
    Xml,
    /// Changes an XPath expression (CWE-643).
    XPath,
    /// Changes an LDAP filter (CWE-90).
    Ldap,
    /// Is turned into objects of any type (CWE-502).
    Deserialization,
    /// Adds a header (CWE-113).
    Header,
    /// Adds lines to a log (CWE-117).
    Log,
    /// Sets any field of a stored object (CWE-915).
    MassAssignment,
    /// Becomes a regular expression (CWE-1333).
    Regex,
    /// Chooses a class or method (CWE-470).
    Reflection,
    /// Is kept as trusted in a session (CWE-501).
    Trust,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 19] = [
        Kind::Sql,
        Kind::NoSql,
        Kind::Command,
        Kind::Code,
        Kind::Path,
        Kind::Request,
        Kind::Redirect,
        Kind::Html,
        Kind::Template,
        Kind::Xml,
        Kind::XPath,
        Kind::Ldap,
        Kind::Deserialization,
        Kind::Header,
        Kind::Log,
        Kind::MassAssignment,
        Kind::Regex,
        Kind::Reflection,
        Kind::Trust,
    ];

    /// Its name in facts.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Sql => "sql",
            Kind::NoSql => "nosql",
            Kind::Command => "command",
            Kind::Code => "code",
            Kind::Path => "path",
            Kind::Request => "request",
            Kind::Redirect => "redirect",
            Kind::Html => "html",
            Kind::Template => "template",
            Kind::Xml => "xml",
            Kind::XPath => "xpath",
            Kind::Ldap => "ldap",
            Kind::Deserialization => "deserialization",
            Kind::Header => "header",
            Kind::Log => "log",
            Kind::MassAssignment => "mass-assignment",
            Kind::Regex => "regex",
            Kind::Reflection => "reflection",
            Kind::Trust => "trust",
        }
    }

    /// The kind of this name in facts.
    pub fn of(label: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.label() == label)
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kinds(u32);

impl Kinds {
    /// None.
    pub const NONE: Kinds = Kinds(0);
    /// Every kind.
    pub const ALL: Kinds = Kinds(u32::MAX);

    /// The set of one.
    pub fn only(kind: Kind) -> Kinds {
        Kinds(1 << kind as u8)
    }

    /// Whether a kind is in it.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Those in either.
    #[must_use]
    pub fn with(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Those in both.
    #[must_use]
    pub fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
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
