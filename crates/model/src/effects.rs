//! Calls of libraries, with what the facts say of them.

use base::{Evidence, Language, Span, Symbol};
use ir::ExprKind;
use program::{Evaluator, ExprRef, FnId, ModuleId, Program, Value};
use rayon::prelude::*;

use crate::adapters::Context;
use crate::facts::{AccessFact, Kind, Record, RecordId};
use crate::options::OptionValue;
use crate::versions::Versions;

/// One call (or annotation) that a record speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// The call.
    pub call: ExprRef,
    /// Where.
    pub span: Span,
    /// The qualified name that matched, or the method name where only that is known.
    pub name: Symbol,
    /// The function that the call stands in.
    pub function: Option<FnId>,
    /// How many loops of that function it stands in.
    pub loop_depth: u32,
    /// Shown when the qualified name was resolved, suspected when only a method name and an import match.
    pub evidence: Evidence,
}

/// Matches every call with the facts.
pub(crate) fn collect(context: &Context<'_>, versions: &Versions) -> Vec<Effect> {
    let ids: Vec<ModuleId> = context.program.ids().collect();
    let per_module: Vec<Vec<Effect>> = ids.into_par_iter().map(|id| of_module(context, versions, id)).collect();
    per_module.into_iter().flatten().collect()
}

fn of_module(context: &Context<'_>, versions: &Versions, id: ModuleId) -> Vec<Effect> {
    let (program, facts) = (context.program, context.facts);
    let module = program.module(id);
    let scopes = program.scopes(id);
    let mut found = Vec::new();
    let mut evaluator = program.evaluator(id, facts);
    for (expr, callee) in program.calls(id) {
        let mut matched: Vec<(RecordId, Symbol, Evidence)> = Vec::new();
        for name in &callee.external {
            for record in facts.of(module.language, *name) {
                if !matched.iter().any(|(r, ..)| *r == record) {
                    matched.push((record, *name, Evidence::Shown));
                }
            }
        }
        let is_known = matched.iter().any(|(record, ..)| !facts.record(*record).is_of_data_layer());
        let is_accessed = matched.iter().any(|(record, ..)| facts.record(*record).is_of_data_layer());
        if callee.functions.is_empty()
            && let Some(name) = callee.name
            && let ExprKind::Call { callee: written, .. } = &module.expr(expr).kind
            && (matches!(module.expr(*written).kind, ExprKind::Member { .. })
                || matches!(module.language, Language::Ruby | Language::CSharp | Language::Java))
        {
            let external = match module.language.is_ecmascript() {
                true => callee.external.as_slice(),
                false => &[],
            };
            let own = bases_of_self(program, id, expr, callee);
            for (record, imports) in facts.of_method(module.language, name) {
                // a header by its name is one whatever else is known of the method
                let known = facts.record(record);
                match known.is_of_data_layer() {
                    true if is_accessed => continue,
                    false if is_known && !(known.distinctive && known.first.is_some()) => continue,
                    _ => {}
                }
                if !known.roots.is_empty() {
                    let is_rooted = |e: &Symbol| {
                        is_rooted(e.as_str(), &known.roots, |link| facts.ends_query(module.language, link))
                    };
                    let on_class = |e: &Symbol| own.iter().any(|base| is_rooted(&Symbol::new(&format!("{base}.{e}"))));
                    // what only adds to a query may be all that a scope is
                    let ends = matches!(known.access, Some(AccessFact::One | AccessFact::Count | AccessFact::Insert));
                    if callee.external.iter().any(is_rooted) || ends && callee.external.iter().any(on_class) {
                        matched.push((record, name, Evidence::Shown));
                    }
                    continue;
                }
                let here = |library: &String| match facts.record(record).anywhere {
                    true => program.is_imported(library),
                    false => program.imports_library(id, library),
                };
                if facts.record(record).distinctive {
                    matched.push((record, name, Evidence::Shown));
                } else if is_of_another(program, external, imports) {
                    // it is known to be a method of something else
                } else if imports.iter().any(here) {
                    matched.push((record, name, Evidence::Suspected));
                }
            }
        }
        matched.retain(|(record, ..)| {
            let record = facts.record(*record);
            holds(context, id, record, expr)
                && (record.near.is_empty() || is_near(program, ExprRef { module: id, expr }, &record.near))
                && has_first_type(&mut evaluator, module, record, expr)
                && versions.allow(program.path(id), record.below.as_deref())
        });
        let function = scopes.owner(expr).function.map(|function| FnId { module: id, function });
        found.extend(matched.into_iter().map(|(record, name, evidence)| Effect {
            record,
            kind: facts.record(record).kind,
            call: ExprRef { module: id, expr },
            span: module.expr_span(expr),
            name,
            function,
            loop_depth: scopes.loop_depth(expr),
            evidence,
        }));
    }
    found.sort_by_key(|e| (e.span, e.record));
    found
}

/// Whether a qualified name is of something that begins with one of these: `DbSet#Where()#ToList` with `DbSet`.
/// What a row that came back holds is nothing of the query: no link may end it, no property stand after one.
fn is_rooted(name: &str, roots: &[String], ends: impl Fn(&str) -> bool) -> bool {
    let is_query = |rest: &str| {
        let mut links: Vec<&str> = rest.split(['#', '.']).filter(|l| !l.is_empty()).collect();
        links.pop();
        let from = links.iter().position(|l| l.ends_with("()")).unwrap_or(links.len());
        links[from..].iter().all(|l| l.strip_suffix("()").is_some_and(|l| !ends(l)))
    };
    roots.iter().any(|root| {
        let rest = match root.starts_with('.') {
            true => name.find(root.as_str()).map(|at| &name[at + root.len()..]),
            false => name.strip_prefix(root.as_str()),
        };
        rest.is_some_and(|rest| rest.starts_with(['#', '.', '(']) && is_query(rest))
    })
}

/// The libraries' bases of the class whose method a bare call is: in Ruby `find_by(…)` within `def self.…` asks the
/// class itself.
fn bases_of_self(program: &Program, id: ModuleId, call: ir::ExprId, callee: &program::Callee) -> Vec<Symbol> {
    let module = program.module(id);
    let is_bare = |name: &Symbol| name.as_str().starts_with(|c: char| c.is_ascii_lowercase());
    if module.language != Language::Ruby || !callee.external.iter().any(is_bare) {
        return Vec::new();
    }
    let Some(function) = program.scopes(id).owner(call).function else { return Vec::new() };
    let mut at = function;
    while let (false, Some(parent)) = (module.function(at).is_static, module.function(at).parent) {
        at = parent;
    }
    let is_of_class = module.function(at).is_static && module.function(at).name.is_some();
    let class = program.classes().class_of(FnId { module: id, function: at }).filter(|_| is_of_class);
    class.map(|c| program.classes().external_bases(c)).unwrap_or_default()
}

/// Whether what is called is known to belong to a package other than these.
fn is_of_another(program: &Program, external: &[Symbol], packages: &[String]) -> bool {
    let starts = |name: &str, package: &str| {
        name.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '#', '(', '/']))
    };
    let is_package = |name: &str| {
        let ends = name.match_indices(['.', '#', '(']).map(|(end, _)| end).chain([name.len()]);
        let mut prefixes = ends.map(|end| &name[..end]).filter(|p| !p.is_empty() && !p.starts_with(['.', '~']));
        prefixes.any(|p| program.is_imported(p))
    };
    external.iter().map(|n| n.as_str()).any(|n| is_package(n) && !packages.iter().any(|p| starts(n, p)))
}

/// Whether the first argument is of the type that a record asks for.
fn has_first_type(evaluator: &mut Evaluator<'_>, module: &ir::Module, record: &Record, call: ir::ExprId) -> bool {
    let Some(ty) = &record.first_type else { return true };
    let ExprKind::Call { args, .. } = &module.expr(call).kind else { return false };
    let Some(first) = args.first() else { return false };
    evaluator.eval(first.value).iter().any(|v| matches!(v, Value::ExternalInstance(name) if *name == ty.as_str()))
}

/// Whether the conditions of a record hold for a call.
pub(crate) fn holds(context: &Context<'_>, id: ModuleId, record: &Record, call: ir::ExprId) -> bool {
    let module = context.program.module(id);
    let ExprKind::Call { args, callee, .. } = &module.expr(call).kind else { return false };
    let first = record.first.as_ref().is_none_or(|first| {
        args.first().is_some_and(|a| says(context.program, ExprRef { module: id, expr: a.value }, first))
    });
    let receiver = record.receiver.as_ref().is_none_or(|receiver| {
        let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { return false };
        let last = match &module.expr(*object).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
            ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
                _ => return false,
            },
            _ => return false,
        };
        last == receiver.as_str()
    });
    first && receiver && {
        let at = ExprRef { module: id, expr: call };
        let given = |option: &String| has_option(module, args, option) || is_set(context, at, option);
        (record.only.is_empty() || record.only.iter().any(given)) && !record.unless.iter().any(given)
    }
}

/// Whether the function around a call (all that stands in it) says one of these.
fn is_near(program: &Program, at: ExprRef, wanted: &[String]) -> bool {
    let module = program.module(at.module);
    let mut function = program.scopes(at.module).owner(at.expr).function;
    while let Some(outer) = function.and_then(|f| module.function(f).parent) {
        function = Some(outer);
    }
    let Some(function) = function else { return false };
    module.exprs_within(module.function(function).range).any(|(expr, item)| match &item.kind {
        ExprKind::Name(_) | ExprKind::Member { .. } => module.dotted(expr).is_some_and(|dotted| {
            wanted.iter().any(|w| dotted.strip_suffix(w.as_str()).is_some_and(|r| r.is_empty() || r.ends_with('.')))
        }),
        _ => module.string(expr).is_some_and(|text| {
            wanted.iter().any(|w| text.as_str().get(..w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w)))
        }),
    })
}

/// Whether an expression is this string, in any case, or with `*` at its end begins with it.
pub(crate) fn says(program: &Program, at: ExprRef, wanted: &str) -> bool {
    let module = program.module(at.module);
    // `("Location", value)`
    if let ExprKind::List(items) = &module.expr(at.expr).kind
        && let Some(first) = items.first()
        && module.language == Language::Rust
    {
        return says(program, ExprRef { expr: *first, ..at }, wanted);
    }
    // `header::LOCATION`, `HttpHeaders.LOCATION`, `fiber.HeaderLocation`
    if let ExprKind::Name(name) | ExprKind::Member { name, .. } = &module.expr(at.expr).kind {
        let plain = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
        let name = plain(name.as_str());
        if name.strip_prefix("header").unwrap_or(&name) == plain(wanted) {
            return true;
        }
    }
    let Some(prefix) = wanted.strip_suffix('*') else {
        let text = |at: ExprRef| program.module(at.module).string(at.expr);
        let written = text(at).or_else(|| program.definition(at).and_then(text));
        return written.is_some_and(|w| w.as_str().eq_ignore_ascii_case(wanted));
    };
    let mut at = at;
    for _ in 0..24 {
        let module = program.module(at.module);
        if let Some(text) = module.string(at.expr) {
            return text.as_str().get(..prefix.len()).is_some_and(|t| t.eq_ignore_ascii_case(prefix));
        }
        at = match &module.expr(at.expr).kind {
            ExprKind::Binary { left, .. } => ExprRef { expr: *left, ..at },
            ExprKind::Template(parts) => match parts.first() {
                Some(ir::Part::Text(text)) => {
                    return text.as_str().get(..prefix.len()).is_some_and(|t| t.eq_ignore_ascii_case(prefix));
                }
                Some(ir::Part::Hole(hole)) => ExprRef { expr: *hole, ..at },
                None => return false,
            },
            _ => match program.definition(at) {
                Some(defined) => defined,
                None => return false,
            },
        };
    }
    false
}

/// Whether a call is given an option: a keyword argument or an entry of an options object, `name` or
/// `name=value`. Values are compared by their last name or text; a lone value (`=FOLLOW`) by any argument.
fn has_option(module: &ir::Module, args: &[ir::Arg], option: &str) -> bool {
    let (name, value) = option.split_once('=').map_or((option, None), |(n, v)| (n, Some(v)));
    let says = |expr: ir::ExprId| value.is_none_or(|v| last_word(module, expr) == Some(Symbol::new(v)));
    args.iter().any(|arg| {
        if name.is_empty() {
            return says(arg.value);
        }
        if arg.name.is_some_and(|n| n == name) {
            return says(arg.value);
        }
        let ExprKind::Map(entries) = &module.expr(arg.value).kind else { return false };
        entries.iter().any(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| k == name) && says(e.value))
    })
}

/// Whether an option is set where the call is not written: in what made one of its arguments, or on the
/// variable that holds its result.
fn is_set(context: &Context<'_>, call: ExprRef, option: &str) -> bool {
    let (name, value) = option.split_once('=').map_or((option, None), |(n, v)| (n, Some(v)));
    let language = context.program.module(call.module).language;
    if !name.is_empty() && language.is_ecmascript() {
        return is_set_in_object(context, call, name, value);
    }
    if name.is_empty() || language != Language::Python {
        return false;
    }
    let names = [name.to_owned()];
    let mut found = context.option(call, &names);
    if let ExprKind::Call { args, .. } = &context.program.expr(call).kind {
        for arg in args.iter().filter(|a| a.name.is_some()) {
            if matches!(found, OptionValue::Set(_) | OptionValue::On(_)) {
                break;
            }
            found = context.option_of(ExprRef { module: call.module, expr: arg.value }, &names);
        }
    }
    match found {
        OptionValue::Set(at) => {
            let module = context.program.module(at.module);
            value.is_none_or(|v| last_word(module, at.expr).is_some_and(|w| w == v))
        }
        OptionValue::On(_) => value.is_none_or(|v| v == "true"),
        OptionValue::Unset | OptionValue::Unknown => false,
    }
}

/// `const options = { noent: true }; parse(text, options)`
fn is_set_in_object(context: &Context<'_>, call: ExprRef, name: &str, value: Option<&str>) -> bool {
    let ExprKind::Call { args, .. } = &context.program.expr(call).kind else { return false };
    args.iter().any(|arg| {
        let Some(at) = context.program.definition(ExprRef { module: call.module, expr: arg.value }) else {
            return false;
        };
        let module = context.program.module(at.module);
        let ExprKind::Map(entries) = &module.expr(at.expr).kind else { return false };
        let is_named = |key: ir::ExprId| module.string(key).is_some_and(|k| k == name);
        let says = |expr: ir::ExprId| value.is_none_or(|v| last_word(module, expr) == Some(Symbol::new(v)));
        entries.iter().any(|e| e.key.is_some_and(is_named) && says(e.value))
    })
}

fn last_word(module: &ir::Module, expr: ir::ExprId) -> Option<Symbol> {
    match &module.expr(expr).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        ExprKind::Literal(ir::Literal::Bool(yes)) => Some(Symbol::new(if *yes { "true" } else { "false" })),
        ExprKind::Call { callee, .. } => last_word(module, *callee),
        _ => module.string(expr),
    }
}

impl Effect {
    /// The argument that the record says matters: by position, or by keyword.
    pub fn argument<'p>(&self, program: &'p Program, record: &Record) -> Option<&'p ir::Arg> {
        argument(program, self.call, record.arg, record.keyword.as_deref())
    }
}

/// The argument of a call by keyword, or by position among the unnamed.
pub fn argument<'p>(
    program: &'p Program,
    call: ExprRef,
    position: Option<u32>,
    keyword: Option<&str>,
) -> Option<&'p ir::Arg> {
    let ExprKind::Call { args, .. } = &program.expr(call).kind else { return None };
    let by_name = keyword.and_then(|k| args.iter().find(|a| a.name.is_some_and(|n| n == k)));
    by_name.or_else(|| args.iter().filter(|a| a.name.is_none()).nth(position? as usize))
}
