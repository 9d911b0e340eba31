//! Constants that reach what must be secret or fresh: keys, nonces, salts.
//!
//! A fact says which argument is which; here is asked whether a constant arrives there, through variables,
//! conversions, small functions, parameters and fallbacks.

use base::{Evidence, Span, Symbol};
use ir::{ExprId, ExprKind, Literal, Module, StmtKind};
use program::{CallSite, ExprRef, FnId, Program, Value};

use crate::adapters::Context;
use crate::effects::{Effect, argument};
use crate::facts::{Kind, Record, RecordId};
use crate::options::OptionValue;

/// What a constant is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// The key that signs or verifies tokens.
    TokenKey,
    /// The key of a cipher or session.
    Key,
    /// The key of a keyed hash, which may be a public separator of uses.
    Mac,
    /// What must be new for each message.
    Nonce,
    /// What must be new for each password.
    Salt,
}

/// A constant in the place of a key, nonce or salt.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyedConstant {
    /// As what.
    pub given: Given,
    /// Its text; of bytes, their numbers.
    pub value: String,
    /// Where it is written.
    pub span: Span,
    /// Where it is used.
    pub used: Span,
    /// Whether it only stands in for a missing setting.
    pub is_fallback: bool,
    /// The record of what uses it.
    pub record: RecordId,
    /// Shown where the call was resolved.
    pub evidence: Evidence,
}

/// Every constant that reaches a key, nonce or salt, once for each place where it is written.
pub(crate) fn collect(context: &Context<'_>, effects: &[Effect]) -> Vec<KeyedConstant> {
    let program = context.program;
    let keyed: Vec<&Effect> = effects.iter().filter(|e| given(context.facts.record(e.record)).is_some()).collect();
    let mut found = Vec::new();
    let mut add = |given: Given, at: ExprRef, call: ExprRef, record: RecordId, evidence: Evidence| {
        let mut trace = Trace { program, keyed: &keyed, is_fallback: false };
        let Some((written, value)) = trace.constant(at, 0) else { return };
        // what is for everyone to see
        if value.starts_with("-----BEGIN PUBLIC") || value.starts_with("-----BEGIN CERT") || value.trim().is_empty() {
            return;
        }
        let is_fallback = trace.is_fallback;
        let (span, used) = (program.span(written), program.span(call));
        found.push(KeyedConstant { given, value, span, used, is_fallback, record, evidence });
    };
    for effect in &keyed {
        let record = context.facts.record(effect.record);
        let Some(given) = given(record) else { continue };
        let position = record.secret_arg.or(record.arg);
        let keyword = record.keyword.as_deref().or((given == Given::TokenKey).then_some("key"));
        let at = |expr: ExprId| ExprRef { module: effect.call.module, expr };
        if let Some(arg) = argument(program, effect.call, position, keyword) {
            add(given, at(arg.value), effect.call, effect.record, effect.evidence);
        }
        if !record.options.is_empty()
            && let OptionValue::Set(at) = context.option(effect.call, &record.options)
        {
            add(given, at, effect.call, effect.record, effect.evidence);
        }
    }
    for (record, target, value) in assigned(context) {
        if let Some(given) = given(context.facts.record(record)) {
            add(given, value, target, record, Evidence::Shown);
        }
    }
    found.sort_by_key(|k| (k.span, k.given, k.used));
    found.dedup_by(|later, first| later.span == first.span);
    found
}

/// What a record's argument is.
fn given(record: &Record) -> Option<Given> {
    match (record.kind, record.label.as_deref()) {
        (Kind::SignsToken | Kind::VerifiesToken, _) => {
            (record.secret_arg.is_some() || !record.options.is_empty()).then_some(Given::TokenKey)
        }
        (Kind::Keyed, Some("token")) => Some(Given::TokenKey),
        (Kind::Keyed, Some("mac")) => Some(Given::Mac),
        (Kind::Keyed, Some("nonce")) => Some(Given::Nonce),
        (Kind::Keyed, Some("salt")) => Some(Given::Salt),
        (Kind::Keyed, _) => Some(Given::Key),
        _ => None,
    }
}

/// Assignments to members that records name: `aes.Key = …`, `cipher.iv = …`.
fn assigned(context: &Context<'_>) -> Vec<(RecordId, ExprRef, ExprRef)> {
    let program = context.program;
    let members = context.facts.members_of(Kind::Keyed);
    let mut found = Vec::new();
    for id in program.ids() {
        let module = program.module(id);
        let of_expressions = module.exprs().filter_map(|(_, e)| match e.kind {
            ExprKind::Assign { target, op: None, value } => Some((target, value)),
            _ => None,
        });
        let of_statements = module.stmts().filter_map(|s| match s.kind {
            StmtKind::Assign { target, op: None, value: Some(value), .. } => Some((target, value)),
            _ => None,
        });
        let mut evaluator = program.evaluator(id, context.facts);
        for (target, value) in of_expressions.chain(of_statements) {
            let ExprKind::Member { object, name, .. } = &module.expr(target).kind else { continue };
            if !members.contains(name) {
                continue;
            }
            for held in evaluator.eval(*object) {
                let (Value::ExternalInstance(ty) | Value::External(ty)) = held else { continue };
                let qualified = Symbol::new(&format!("{ty}#{name}"));
                for record in context.facts.of(module.language, qualified) {
                    let at = |expr| ExprRef { module: id, expr };
                    found.push((record, at(target), at(value)));
                }
            }
        }
    }
    found
}

/// How far a constant is followed.
const MAX_DEPTH: u32 = 8;

struct Trace<'a> {
    program: &'a Program,
    keyed: &'a [&'a Effect],
    is_fallback: bool,
}

impl Trace<'_> {
    /// Where the constant is written, and its text.
    fn constant(&mut self, at: ExprRef, depth: u32) -> Option<(ExprRef, String)> {
        let module = self.program.module(at.module);
        if let Some(text) = module.string(at.expr) {
            // `toString('hex')`: how it is written, not what
            return (!is_encoding(text.as_str())).then(|| (at, text.to_string()));
        }
        if depth > MAX_DEPTH {
            return None;
        }
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::Name(_) | ExprKind::Member { .. } => match self.program.definition(at) {
                Some(defined) => {
                    let found = self.constant(defined, depth + 1)?;
                    (!self.is_filled(at, defined)).then_some(found)
                }
                None => self.of_callers(at, depth),
            },
            ExprKind::List(items) => bytes(module, items)
                .map(|text| (at, text))
                // `keys: ['…']`, `return []byte("…"), nil`
                .or_else(|| self.constant(here(*items.first()?), depth + 1)),
            ExprKind::Logical { left, right, .. } => {
                self.constant(here(*left), depth + 1).or_else(|| self.fallback(here(*right), depth))
            }
            ExprKind::Ternary { then, otherwise, .. } => {
                self.fallback(here(*then), depth).or_else(|| self.fallback(here(*otherwise), depth))
            }
            ExprKind::Cast { value, .. } | ExprKind::Await(value) => self.constant(here(*value), depth + 1),
            ExprKind::Unary { operand, .. } => self.constant(here(*operand), depth + 1),
            ExprKind::Index { object, index } if is_slice(module, *index) => self.constant(here(*object), depth + 1),
            ExprKind::Lambda(function) => self.returned(FnId { module: at.module, function: *function }, depth),
            ExprKind::Call { .. } => self.of_call(at, depth),
            _ => None,
        }
    }

    fn fallback(&mut self, at: ExprRef, depth: u32) -> Option<(ExprRef, String)> {
        let found = self.constant(at, depth + 1)?;
        self.is_fallback = true;
        Some(found)
    }

    /// `Buffer.from("…")`, `"…".getBytes()`, `env.get("X", "…")`, `secret_key()`
    fn of_call(&mut self, at: ExprRef, depth: u32) -> Option<(ExprRef, String)> {
        let module = self.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return None };
        let known = self.program.call(at);
        if let Some([function]) = known.map(|c| c.functions.as_slice()) {
            return self.returned(*function, depth);
        }
        let (object, name) = match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => (Some(*object), *name),
            ExprKind::Name(name) => (None, *name),
            _ => return None,
        };
        let plain = name.as_str().to_ascii_lowercase().replace('_', "");
        let written = module.dotted(*callee).unwrap_or_default().to_ascii_lowercase();
        let reads_setting = ["env", "config", "setting"].iter().any(|w| written.contains(w))
            || object.is_some_and(|o| calls_environment(module, o));
        if plain.starts_with("unwrapor") || plain == "getordefault" || reads_setting {
            let value = match plain.as_str() {
                _ if args.len() > 1 => args[1].value,
                _ if plain.starts_with("unwrapor") => args.first()?.value,
                _ => return None,
            };
            return self.fallback(here(value), depth);
        }
        if !CONVERSIONS.contains(&plain.as_str()) {
            return None;
        }
        let of_object = object.and_then(|o| self.constant(here(o), depth + 1));
        if matches!(plain.as_str(), "expect" | "pack" | "tostring" | "clone" | "trim" | "strip") {
            return of_object;
        }
        of_object.or_else(|| self.constant(here(args.first()?.value), depth + 1))
    }

    /// What a function gives back, where that is one constant.
    fn returned(&mut self, function: FnId, depth: u32) -> Option<(ExprRef, String)> {
        let values = &self.program.scopes(function.module).returns[function.function.0 as usize];
        // of several the last stands after all that was tried
        let value = *values.last()?;
        let found = self.constant(ExprRef { module: function.module, expr: value }, depth + 1)?;
        self.is_fallback |= values.len() > 1;
        Some(found)
    }

    /// What a parameter is given.
    fn of_callers(&mut self, at: ExprRef, depth: u32) -> Option<(ExprRef, String)> {
        let module = self.program.module(at.module);
        let ExprKind::Name(name) = &module.expr(at.expr).kind else { return None };
        let function = self.program.scopes(at.module).owner(at.expr).function?;
        let params = module.function(function).params.iter().filter(|p| p.kind != ir::ParamKind::Receiver);
        let position = params.clone().position(|p| p.name == *name)? as u32;
        let sites: Vec<CallSite> = self.program.callers(FnId { module: at.module, function }).to_vec();
        let given = |site: &CallSite| {
            let call = ExprRef { module: site.module, expr: site.expr };
            let arg = argument(self.program, call, Some(position), Some(name.as_str()))?;
            Some(ExprRef { module: site.module, expr: arg.value })
        };
        let values: Vec<ExprRef> = sites.iter().filter_map(given).collect();
        values.into_iter().find_map(|value| self.constant(value, depth + 1))
    }

    /// Whether a buffer of equal bytes is filled with others before it is used: it is given to something other
    /// than what takes keys.
    fn is_filled(&self, used: ExprRef, defined: ExprRef) -> bool {
        let module = self.program.module(used.module);
        let ExprKind::Name(name) = module.expr(used.expr).kind else { return false };
        let is_buffer = module.exprs_within(self.program.expr(defined).range).any(|(_, e)| match &e.kind {
            ExprKind::List(items) => is_repeated(module, items),
            _ => false,
        });
        let Some(function) = self.program.scopes(used.module).owner(used.expr).function else { return false };
        if !is_buffer {
            return false;
        }
        let range = module.function(function).range;
        let is_taken = |at: ir::Range| {
            self.keyed.iter().any(|e| e.call.module == used.module && module.expr(e.call.expr).range.contains(at))
        };
        !is_only_bound(module, range, name, &is_taken)
    }
}

/// Whether a name stands nowhere but where it is bound and where it is taken.
fn is_only_bound(module: &Module, range: ir::Range, name: Symbol, is_taken: &dyn Fn(ir::Range) -> bool) -> bool {
    module.exprs_within(range).all(|(id, e)| {
        !matches!(e.kind, ExprKind::Name(n) if n == name)
            || is_taken(e.range)
            || module.stmts().any(|s| matches!(s.kind, StmtKind::Assign { target, .. } if target == id))
            || module.exprs().any(|(_, e)| matches!(e.kind, ExprKind::Assign { target, .. } if target == id))
    })
}

/// What changes the form of a text or of bytes and keeps what it says.
const CONVERSIONS: [&str; 61] = [
    "from",
    "fromslice",
    "bytes",
    "getbytes",
    "asbytes",
    "asref",
    "encode",
    "decode",
    "toowned",
    "tostring",
    "tovec",
    "into",
    "clone",
    "unwrap",
    "expect",
    "new",
    "b64decode",
    "base64decode",
    "urlsafeb64decode",
    "b64encode",
    "decodestring",
    "frombase64string",
    "tobase64string",
    "fromhexstring",
    "fromhex",
    "hex",
    "fromsecret",
    "frombase64secret",
    "hmacshakeyfor",
    "secretkeyspec",
    "ivparameterspec",
    "symmetricsecuritykey",
    "symmetricalgorithm",
    "textencoder",
    "parse",
    "ljust",
    "rjust",
    "padend",
    "padstart",
    "slice",
    "substring",
    "substr",
    "trim",
    "strip",
    "digest",
    "hexdigest",
    "update",
    "sha256",
    "sha512",
    "md5",
    "sha1",
    "computehash",
    "hashdata",
    "tobytes",
    "tochararray",
    "b",
    "bytearray",
    "unhexlify",
    "createsecretkey",
    "pack",
    "intobytes",
];

fn is_encoding(text: &str) -> bool {
    let lower = text.to_ascii_lowercase().replace(['-', '_'], "");
    [
        "utf8",
        "utf16le",
        "utf16",
        "ascii",
        "usascii",
        "latin1",
        "binary",
        "iso88591",
        "hex",
        "base64",
        "base64url",
        "buffer",
    ]
    .contains(&lower.as_str())
}

/// The numbers of a list of bytes.
fn bytes(module: &Module, items: &[ExprId]) -> Option<String> {
    let number = |item: &ExprId| match module.expr(*item).kind {
        ExprKind::Literal(Literal::Int(Some(n))) => Some(n.to_string()),
        ExprKind::Cast { value, .. } => match module.expr(value).kind {
            ExprKind::Literal(Literal::Int(Some(n))) => Some(n.to_string()),
            _ => None,
        },
        _ => None,
    };
    let numbers: Vec<String> = items.iter().map(number).collect::<Option<_>>()?;
    (numbers.len() >= 2).then(|| numbers.join(","))
}

/// `[0; 32]`, which has its element and its length; or equal elements.
fn is_repeated(module: &Module, items: &[ExprId]) -> bool {
    bytes(module, items).is_some_and(|text| {
        let mut parts = text.split(',');
        let first = parts.next();
        items.len() == 2 || parts.all(|p| Some(p) == first)
    })
}

fn is_slice(module: &Module, index: ExprId) -> bool {
    module.string(index).is_none()
        && !matches!(module.expr(index).kind, ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Member { .. })
}

/// `std::env::var("X").unwrap_or(…)`
fn calls_environment(module: &Module, object: ExprId) -> bool {
    let ExprKind::Call { callee, .. } = &module.expr(object).kind else { return false };
    module.dotted(*callee).is_some_and(|d| d.to_ascii_lowercase().contains("env"))
}
