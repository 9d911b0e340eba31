//! What libraries mean: flat records in a closed vocabulary.

use std::collections::BTreeMap;

use base::{Language, Symbol};
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::SettingKind;

/// The facts that come with the program: file name and text.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/facts.rs"));

/// What one call (or annotation, or type) of a library is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The type of what a call gives back (`type`); with `parameters`, the type of parameters of these names.
    Returns,
    /// `T<X>` stands for `X`.
    Transparent,
    /// Untrusted data: what a call, a member or a name gives, what a parameter of this type or with this
    /// annotation holds, or what a function with this annotation is given; with `arg`, what the call puts
    /// into that argument. `label` says from where.
    Source,
    /// The request, whose members are untrusted as the `source` records of `type` (`type#member`) say: what
    /// a call, a member or a name gives, what a parameter of this type holds.
    Request,
    /// Something dangerous for untrusted data. `label` says what kind. With `handler-of`, what handlers of
    /// that framework give back.
    Sink,
    /// What it gives is harmless for the kinds in `clears`.
    Sanitizer,
    /// What it gives holds what it is given.
    Propagates,
    /// What it gives does not come from its arguments: the contents of a file, what a program prints.
    Answers,
    /// It does not come back.
    Ends,
    /// Checks input against a schema. Its arguments are harmless for the kinds in `clears` afterwards.
    Validator,
    /// Reads or writes a database. `operation` is `read`, `write`, `delete` or `execute`; `access` says how
    /// many rows, for the rules about the data layer.
    Query,
    /// Adds to a query that another call of the chain sends. `label` is `limit` (with `arg`: the one that says how
    /// many), `offset` (with `arg`), `filter`, `order`, `eager` (related rows come along), `lock`, `lock-alone` (which
    /// the library takes outside of transactions too), `outer` (it speaks of a query around it), `get-or-create` (the
    /// query makes the row when there is none), `inserts` (it writes a row, of whatever it is called on) or `unlocks`
    /// (the query takes no locks, whatever it was told).
    Clause,
    /// A relation that is read when it is first asked for: a field's initialiser or annotation, a call in the
    /// class body. `label` is `one` or `many`.
    Relation,
    /// Opens or runs a transaction. `label` is `of-context` (whose owner rolls it back in the end), `handle` (what it
    /// gives can open one), `after-commit` (what it is given runs when the transaction is over) or `every-request` (a
    /// setting by one of the names in `options` opens one around every request).
    Transaction,
    /// Takes a lock.
    Lock,
    /// Calls another system. `timeout` says where its timeout is set. `label` is `patient` where the platform gives up
    /// by itself, but late.
    Outbound,
    /// A client or pool of another system is made. `timeout` says where its timeout is set.
    Opens,
    /// Closes what `opens` opened.
    Closes,
    /// Reads or writes a cache.
    Cache,
    /// Sends a message.
    Publishes,
    /// Takes messages.
    Consumes,
    /// Writes to a log.
    Logs,
    /// Hashes. `algorithm` says how, or `algorithm-arg` where it is given.
    Hashes,
    /// Hashes a password as it should be done.
    PasswordHash,
    /// Encrypts, or makes what encrypts. `algorithm` says how, or `algorithm-arg` where it is given.
    Encrypts,
    /// Makes random numbers, or what makes them; `secure` says whether they may be secrets.
    Random,
    /// Is given (`arg`, `keyword`, `options`), or is assigned as a member (`Type#member`), what must be secret or
    /// fresh. `label` is `key`, `token` (the key of tokens), `mac` (of a keyed hash), `nonce` or `salt`.
    Keyed,
    /// Signs a token. `secret-arg` is the key's position.
    SignsToken,
    /// Verifies a token.
    VerifiesToken,
    /// Reads a token without verifying it.
    DecodesToken,
    /// Stands before handlers. `guard` says what it does.
    Guard,
    /// Gives the authenticated caller.
    Principal,
    /// Sets a cookie.
    Cookie,
    /// Keeps who signed in in a cookie, which browsers send along by themselves.
    Session,
    /// Configures CORS.
    Cors,
    /// Sets security headers.
    SecurityHeaders,
    /// Answers the caller.
    Responds,
    /// Blocks its thread: not for asynchronous code.
    Blocks,
    /// Starts a task or thread.
    Spawns,
    /// Answers health checks, exports metrics or traces, or reports errors; `label` says which.
    Observes,
    /// Signs in and locks who fails too often, where the argument `arg` is true.
    CountsAttempts,
    /// Only `settings` matter.
    Setting,
}

/// How a setting is made by a call or by configuration. All values are compared as text: `true`, `false`,
/// `*`, `None`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SettingFact {
    /// Names of the call's option: keyword arguments, keys of an options object, fields of an object
    /// initialiser, builder methods, setters (`httpOnly` stands for `setHttpOnly` too).
    #[serde(default)]
    pub options: Vec<String>,
    /// The argument that is the value, from 0.
    pub arg: Option<u32>,
    /// The value that the call itself stands for, whatever its arguments.
    pub value: Option<String>,
    /// The value when nothing sets it.
    pub default: Option<String>,
    /// What written values mean, where that is not what they say: `true = "*"` for a switch that allows
    /// every origin.
    #[serde(default)]
    pub means: BTreeMap<String, String>,
    /// Keys of configuration files (`server.error.include-stacktrace`), assignments to members
    /// (`config.force_ssl`; with `*` at the end the options are keys of the assigned map) and, where a name
    /// stands alone, constants of a settings module (`DEBUG`).
    #[serde(default)]
    pub keys: Vec<String>,
    /// Keys of maps, named arguments, fields of structures and members that set it wherever they stand:
    /// `rejectUnauthorized`, `InsecureSkipVerify`. Only names that no other library uses for something else.
    #[serde(default)]
    pub entries: Vec<String>,
    /// Names whose mention as a value sets it to `value`: `NoopHostnameVerifier.INSTANCE`.
    #[serde(default)]
    pub mentions: Vec<String>,
    /// Methods that set it to `value` when the project writes one that does nothing or says yes to all:
    /// `checkServerTrusted`.
    #[serde(default)]
    pub empty_methods: Vec<String>,
}

/// What handlers give back, where it is a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gives {
    /// The body of the answer, which a browser may take as HTML.
    Text,
    /// The name of the view that makes the answer.
    View,
}

/// What a call of a database library sends, and how much comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessFact {
    /// Reads as many rows as there are.
    List,
    /// As `list`, but only when somebody goes through what it gives.
    Lazy,
    /// Reads one row.
    One,
    /// Reads one number or truth: a count, a sum, whether there is any.
    Count,
    /// Writes one new row.
    Insert,
    /// Writes many new rows in one statement.
    InsertMany,
    /// Changes rows.
    Update,
    /// Deletes rows.
    Delete,
    /// What the statement in the argument `arg` (the first) says.
    Statement,
    /// Methods that subtypes of the named types declare without a body; their names and results say what they do. With
    /// a `label`, methods that the named annotation, a mapper file or a generator gives a statement.
    Declared,
}

/// What a guard does, in facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GuardFact {
    /// See [`crate::GuardKind::Authentication`].
    Authentication,
    /// See [`crate::GuardKind::OptionalAuthentication`].
    OptionalAuthentication,
    /// See [`crate::GuardKind::Authorization`].
    Authorization,
    /// See [`crate::GuardKind::Anonymous`].
    Anonymous,
    /// See [`crate::GuardKind::Csrf`].
    Csrf,
    /// See [`crate::GuardKind::RateLimit`].
    RateLimit,
    /// See [`crate::GuardKind::Validation`].
    Validation,
    /// See [`crate::GuardKind::Cors`].
    Cors,
    /// See [`crate::GuardKind::Other`].
    Other,
}

/// How the values of a statement are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bind {
    /// As one list: `query(sql, [a, b])`.
    List,
    /// As one tuple: `execute(sql, (a, b))`.
    Tuple,
    /// One by one: `Query(sql, a, b)`.
    Rest,
}

/// An example in the words of a library. `{model|Article}` stands for what is known at the place (the class, the column,
/// the relation …), and for `Article` where that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Mended(String);

impl Mended {
    /// The example with these words, each with its name.
    pub fn with(&self, words: &[(&str, String)]) -> String {
        let mut made = String::new();
        let mut rest = self.0.as_str();
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            made.push_str(before);
            let hole = from[1..].split_once('}').and_then(|(hole, after)| Some((hole.split_once('|')?, after)));
            match hole.filter(|((name, _), _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase())) {
                Some(((name, example), after)) => {
                    let known = words.iter().find(|(word, _)| *word == name);
                    made.push_str(known.map_or(example, |(_, text)| text));
                    rest = after;
                }
                None => {
                    made.push('{');
                    rest = &from[1..];
                }
            }
        }
        made.push_str(rest);
        made
    }
}

/// One record. Names are qualified as `program` resolves them: `pg.Pool#query` (a method of a value),
/// `jsonwebtoken.verify` (a member of a module or a static method), `java.sql.Statement#executeQuery`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// The qualified names that it speaks of.
    #[serde(default)]
    pub names: Vec<String>,
    /// When the receiver is unknown: match calls of these method names too, in files that import the
    /// library, as suspected evidence.
    #[serde(default)]
    pub methods: Vec<String>,
    /// For `returns`: the type.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// What kind of danger, source, query or observation.
    pub label: Option<String>,
    /// For `query` and `cache`: `read`, `write`, `delete`, `execute`.
    pub operation: Option<String>,
    /// For `query`: what is sent, and how much comes back.
    pub access: Option<AccessFact>,
    /// For `query` with `access`: options and arguments by name that limit how many rows come back.
    #[serde(default)]
    pub limits: Vec<String>,
    /// For `query` with `access`: options and arguments by name that say how many rows are passed over.
    #[serde(default)]
    pub offsets: Vec<String>,
    /// For `query` with `access`: the library's form to ask whether there is any row.
    pub exists: Option<String>,
    /// For `opens`: it keeps connections, and is made once for all that use it.
    #[serde(default)]
    pub shared: bool,
    /// For `opens`: options and methods that say how many connections it has at most, where the library has no limit
    /// by itself.
    #[serde(default)]
    pub bounds: Vec<String>,
    /// The argument that matters, from 0. For `query` with `access`: the statement, or the first of those that say
    /// which rows are meant.
    pub arg: Option<u32>,
    /// For `sink`: data from these places, by the labels of sources, does no harm: the library refuses it.
    #[serde(default)]
    pub spares: Vec<String>,
    /// For `sink` with `arg`: all that the argument holds matters, such as the entries of the map that a
    /// template is given.
    #[serde(default)]
    pub within: bool,
    /// The keyword or option name of the argument that matters.
    pub keyword: Option<String>,
    /// For `sink`: all arguments from this position on matter. For `sanitizer`: only they become harmless, what
    /// the call is made on and the arguments before stay as they are.
    pub from: Option<u32>,
    /// For `sink`: what it is called on matters.
    #[serde(default)]
    pub on_receiver: bool,
    /// For `sanitizer` and `validator`: the kinds of danger, by the labels of sinks, or `all`.
    #[serde(default)]
    pub clears: Vec<String>,
    /// The call counts only when one of these options or keyword arguments is given: a name, or
    /// `name=value`.
    #[serde(default)]
    pub only: Vec<String>,
    /// The call does not count when one of these is given.
    #[serde(default)]
    pub unless: Vec<String>,
    /// For `request` and `source`: the parameter at `arg` of the handlers of this framework. For `sink`: what they
    /// give back.
    pub handler_of: Option<String>,
    /// For `request`, `source` and `returns`: names by which parameters without a type are known, in files of
    /// the language (`{}` is one that is taken apart); with `second` only where the next one has one of those
    /// names, with `before` where the one before has.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// See `parameters`.
    #[serde(default)]
    pub second: Vec<String>,
    /// For `source`: all parameters after one of these names, in files that import the library.
    #[serde(default)]
    pub after: Vec<String>,
    /// With `after`: only of functions of these names (`resolve_*`: that begin so), or with an annotation.
    #[serde(default)]
    pub functions: Vec<String>,
    /// See `parameters`.
    #[serde(default)]
    pub before: Vec<String>,
    /// For `outbound` and `opens`: names of options (keyword arguments, keys of an options object,
    /// builder methods) that set a timeout. Empty: the library has a sane default.
    #[serde(default)]
    pub timeout: Vec<String>,
    /// For `opens`: the builder methods that finish it. Where none is in sight the builder goes elsewhere, and
    /// the rest may be set there.
    #[serde(default)]
    pub finished_by: Vec<String>,
    /// For `hashes` and `encrypts`: the algorithm.
    pub algorithm: Option<String>,
    /// For `hashes` and `encrypts`: the position of the algorithm's name.
    pub algorithm_arg: Option<u32>,
    /// For `signs-token` and `verifies-token`: the position of the key.
    pub secret_arg: Option<u32>,
    /// For `signs-token`, `verifies-token` and `keyed`: names of options (keys of an options object, fields,
    /// builder methods) that are the key.
    #[serde(default)]
    pub options: Vec<String>,
    /// For `signs-token`: option names or builder methods that set an expiry.
    #[serde(default)]
    pub expiry: Vec<String>,
    /// For `random`: whether it may make secrets.
    pub secure: Option<bool>,
    /// For `guard`: what it does.
    pub guard: Option<GuardFact>,
    /// The library's own mended form, quoted in fixes.
    pub mended: Option<Mended>,
    /// For `query` with many rows: how the library asks for a page of them, by the last key seen.
    pub paged: Option<Mended>,
    /// Whether no other library of the language has methods of the names in `methods`: they match without
    /// an import, as shown evidence.
    #[serde(default)]
    pub distinctive: bool,
    /// For `sink`: another function of the library that does the same without the danger. A fix renames the
    /// call.
    pub renamed: Option<String>,
    /// For `sink`: how a value is written in the statement (`?`, `%s`; `n` stands for its number: `$n`). With
    /// `bind` a fix makes a statement that was put together one with parameters.
    pub placeholder: Option<String>,
    /// How the values follow the statement.
    pub bind: Option<Bind>,
    /// For `sink`: the option that asks for a shell. A fix takes it away and gives the words of the command as
    /// a list.
    pub shell_option: Option<String>,
    /// The call counts only when its first argument is a value of this type.
    pub first_type: Option<String>,
    /// `methods` match in every file of a repository that imports the library anywhere, as suspected
    /// evidence: for objects that other files make.
    #[serde(default)]
    pub anywhere: bool,
    /// `package version`: the call counts only where the nearest manifest that names the package asks for
    /// releases below this version (read from `package.json`).
    pub below: Option<String>,
    /// The call counts only when its first argument is this string, in any case; with `*` at the end, when
    /// it begins so. With `handler-of` it speaks of what the handler gives back.
    pub first: Option<String>,
    /// For `sink` with `handler-of`: whether the handler gives back the body of the answer as `text`, or the
    /// name of a `view`.
    pub gives: Option<Gives>,
    /// The call counts only in a function that says one of these: a text that begins so (`text/html`), or the
    /// last names of a constant (`mime.HTML`).
    #[serde(default)]
    pub near: Vec<String>,
    /// For `source`: keys whose values are the application's own and not the caller's: `params[:action]`.
    #[serde(default)]
    pub except: Vec<String>,
    /// For `methods`: the last name of what the method is called on must be this: `Cookies` of
    /// `Response.Cookies.Append(…)`.
    pub receiver: Option<String>,
    /// `methods` match only at the end of chains that begin with one of these, whatever stands between:
    /// `DbSet` of `DbSet#Where()#ToList`. As shown evidence.
    #[serde(default)]
    pub roots: Vec<String>,
    /// Whether settings of all such calls in one function hold together.
    #[serde(default)]
    pub grouped: bool,
    /// Settings that the call or configuration makes.
    #[serde(default)]
    pub settings: BTreeMap<SettingKind, SettingFact>,
}

impl Record {
    /// Whether only the rules about the data layer read it: the flow of data does not change by it.
    pub(crate) fn is_of_data_layer(&self) -> bool {
        matches!(self.kind, Kind::Clause | Kind::Relation) || self.access.is_some() && self.operation.is_none()
    }

    /// Whether the parameter at a place is one that `parameters`, `second` and `before` speak of.
    pub(crate) fn is_parameter(&self, names: &[Symbol], at: usize) -> bool {
        let is = |known: &[String], name: Option<&Symbol>| {
            name.is_some_and(|name| known.iter().any(|k| *name == k.as_str() || k == "{}" && name.is_empty()))
        };
        let before = at.checked_sub(1).and_then(|at| names.get(at));
        is(&self.parameters, names.get(at))
            && (self.second.is_empty() || is(&self.second, names.get(at + 1)))
            && (self.before.is_empty() || is(&self.before, before))
    }
}

/// The names of a record as the program resolves them: Go's modules without their major version.
fn unversioned(record: &mut Record) {
    record.names.iter_mut().chain(&mut record.ty).for_each(|name| *name = program::without_version(name));
    record.names.sort();
    record.names.dedup();
}

/// One library's file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LibraryFacts {
    /// Its name for people.
    pub library: String,
    /// Names (packages, modules) whose import brings the library in.
    #[serde(default)]
    pub imports: Vec<String>,
    /// What it means.
    #[serde(default, rename = "record")]
    pub records: Vec<Record>,
}

/// Why facts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The file is not as the schema has it.
    #[error("{file}: {error}")]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong.
        error: String,
    },
}

/// A language whose libraries are its own; TypeScript has those of JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Family(Language);

impl Family {
    fn of(language: Language) -> Family {
        Family(if language.is_ecmascript() { Language::JavaScript } else { language })
    }

    /// By the folder of a facts file: `facts/<language>/<library>.toml`.
    fn of_file(name: &str) -> Option<Family> {
        let folder = name.rsplit('/').nth(1)?;
        Language::ALL.into_iter().find(|l| l.tag() == folder).map(Family::of)
    }
}

/// A record's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(pub u32);

/// All facts, indexed.
#[derive(Debug, Default)]
pub struct Facts {
    records: Vec<Record>,
    libraries: Vec<String>,
    library_of: Vec<u32>,
    languages: Vec<Option<Family>>,
    imports: Vec<Vec<String>>,
    by_name: FxHashMap<Symbol, Vec<RecordId>>,
    by_method: FxHashMap<Symbol, Vec<RecordId>>,
    returns: FxHashMap<Symbol, Symbol>,
    transparent: FxHashMap<Symbol, ()>,
    known: FxHashMap<Symbol, ()>,
    /// Records that say the type of a parameter.
    parameters: Vec<RecordId>,
}

impl Facts {
    /// The facts that come with the program.
    ///
    /// # Errors
    /// A file of ours that is not as the schema has it: a bug, which a test shows.
    pub fn embedded() -> Result<Facts, FactsError> {
        Self::parse(EMBEDDED.iter().map(|(name, text)| (*name, *text)))
    }

    /// The embedded facts with a user's own over them: a file with the same folder and name replaces ours.
    ///
    /// # Errors
    /// A file that is not as the schema has it.
    pub fn with_overlay<'a>(overlay: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Facts, FactsError> {
        let overlay: Vec<(&str, &str)> = overlay.collect();
        let is_replaced =
            |ours: &str| overlay.iter().any(|(name, _)| name.strip_suffix(ours).is_some_and(|n| n.ends_with('/')));
        let ours = EMBEDDED.iter().map(|(name, text)| (*name, *text)).filter(|(name, _)| !is_replaced(name));
        Self::parse(ours.chain(overlay.iter().copied()))
    }

    fn parse<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Facts, FactsError> {
        let mut facts = Facts::default();
        for (name, text) in files {
            let library: LibraryFacts = toml::from_str(text)
                .map_err(|e| FactsError::Invalid { file: name.to_owned(), error: e.to_string() })?;
            facts.add(library, Family::of_file(name));
        }
        Ok(facts)
    }

    fn add(&mut self, library: LibraryFacts, language: Option<Family>) {
        let number = self.libraries.len() as u32;
        self.libraries.push(library.library);
        self.languages.push(language);
        self.imports.push(library.imports);
        for mut record in library.records {
            if language.is_some_and(|l| l == Family(Language::Go)) {
                unversioned(&mut record);
            }
            let id = RecordId(self.records.len() as u32);
            for name in &record.names {
                let symbol = Symbol::new(name);
                self.know(name);
                match record.kind {
                    Kind::Returns => {
                        if let Some(ty) = &record.ty {
                            self.know(ty);
                            self.returns.insert(symbol, Symbol::new(ty));
                        }
                    }
                    Kind::Transparent => {
                        self.transparent.insert(symbol, ());
                    }
                    _ => self.by_name.entry(symbol).or_default().push(id),
                }
            }
            if record.kind == Kind::Returns && !record.parameters.is_empty() {
                self.parameters.push(id);
            }
            for method in &record.methods {
                self.by_method.entry(Symbol::new(method)).or_default().push(id);
            }
            self.records.push(record);
            self.library_of.push(number);
        }
    }

    fn know(&mut self, name: &str) {
        self.known.insert(Symbol::new(name), ());
        if let Some((ty, _)) = name.split_once('#').or_else(|| name.rsplit_once('.')) {
            self.known.insert(Symbol::new(ty), ());
        }
    }

    /// The record.
    pub fn record(&self, id: RecordId) -> &Record {
        &self.records[id.0 as usize]
    }

    /// The record, if there is one of this number.
    pub(crate) fn get(&self, id: RecordId) -> Option<&Record> {
        self.records.get(id.0 as usize)
    }

    /// The members that records of a kind name: `Key` of `Aes#Key`.
    pub(crate) fn members_of(&self, kind: Kind) -> rustc_hash::FxHashSet<Symbol> {
        let names = self.records.iter().filter(|r| r.kind == kind).flat_map(|r| &r.names);
        names.filter_map(|n| n.rsplit_once('#')).map(|(_, member)| Symbol::new(member)).collect()
    }

    /// The name of a record's library.
    pub fn library(&self, id: RecordId) -> &str {
        &self.libraries[self.library_of[id.0 as usize] as usize]
    }

    /// The packages of a record's library.
    pub(crate) fn packages(&self, id: RecordId) -> &[String] {
        &self.imports[self.library_of[id.0 as usize] as usize]
    }

    fn speaks(&self, id: RecordId, language: Language) -> bool {
        let library = self.library_of[id.0 as usize] as usize;
        self.languages[library].is_none_or(|l| l == Family::of(language))
    }

    /// The records of a qualified name in a language.
    pub fn of(&self, language: Language, qualified: Symbol) -> impl Iterator<Item = RecordId> {
        self.by_name.get(&qualified).into_iter().flatten().copied().filter(move |id| self.speaks(*id, language))
    }

    /// The records that match by method name alone, with the imports that one of must be present.
    pub fn of_method(&self, language: Language, method: Symbol) -> impl Iterator<Item = (RecordId, &[String])> {
        self.by_method
            .get(&method)
            .into_iter()
            .flatten()
            .filter(move |id| self.speaks(**id, language))
            .map(|id| (*id, self.imports[self.library_of[id.0 as usize] as usize].as_slice()))
    }

    /// The first record of this kind for a qualified name.
    pub fn find(&self, language: Language, qualified: Symbol, kind: Kind) -> Option<&Record> {
        self.of(language, qualified).map(|id| self.record(id)).find(|r| r.kind == kind)
    }

    /// The sink of a qualified name.
    pub(crate) fn sink_named(&self, language: Language, qualified: &str) -> Option<RecordId> {
        self.of(language, Symbol::new(qualified)).find(|id| self.record(*id).kind == Kind::Sink)
    }

    /// The records of a kind for a language.
    pub fn of_kind(&self, language: Language, kind: Kind) -> impl Iterator<Item = &Record> {
        self.records().filter(move |(id, r)| r.kind == kind && self.speaks(*id, language)).map(|(_, r)| r)
    }

    /// Whether a method of this name sends a query, so that what follows is about what came back.
    pub(crate) fn ends_query(&self, language: Language, method: &str) -> bool {
        self.of_method(language, Symbol::new(method)).any(|(record, _)| {
            let access = self.record(record).access;
            access.is_some_and(|a| a != AccessFact::Lazy)
        })
    }

    /// All records.
    pub(crate) fn records(&self) -> impl Iterator<Item = (RecordId, &Record)> {
        self.records.iter().enumerate().map(|(i, r)| (RecordId(i as u32), r))
    }

    /// Whether a record speaks of code in a language.
    pub(crate) fn is_for(&self, id: RecordId, language: Language) -> bool {
        self.speaks(id, language)
    }

    /// All libraries with the number of their records, for people.
    pub fn libraries(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for library in &self.library_of {
            *counts.entry(self.libraries[*library as usize].as_str()).or_default() += 1;
        }
        counts
    }
}

impl program::Library for Facts {
    fn returns(&self, qualified: Symbol) -> Option<Symbol> {
        self.returns.get(&qualified).copied()
    }

    fn is_transparent(&self, qualified: Symbol) -> bool {
        self.transparent.contains_key(&qualified)
    }

    fn is_known(&self, qualified: Symbol) -> bool {
        self.known.contains_key(&qualified)
    }

    fn names_method(&self, name: Symbol) -> bool {
        self.by_method.contains_key(&name) || self.by_name.contains_key(&name)
    }

    fn parameter(&self, language: Language, names: &[Symbol], at: usize) -> Option<(Symbol, &[String])> {
        let of = |id: &&RecordId| self.speaks(**id, language) && self.record(**id).is_parameter(names, at);
        let id = *self.parameters.iter().find(of)?;
        Some((Symbol::new(self.record(id).ty.as_ref()?), self.packages(id)))
    }
}

/// The JSON schema of a facts file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(LibraryFacts).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_facts_are_as_the_schema_has_them() {
        let facts = Facts::embedded();
        assert!(facts.is_ok(), "{}", facts.err().map(|e| e.to_string()).unwrap_or_default());
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let text = "library = \"x\"\n[[record]]\nkind = \"query\"\nnames = [\"a\"]\nregex = \"b\"";
        assert!(Facts::parse([("x.toml", text)].into_iter()).is_err());
    }
}
