//! Mechanical changes of the code, where a fact says how the library wants it.

use base::{Edit, Language, Safety, Span};
use ir::{ExprId, ExprKind, Part, Range};
use program::ExprRef;

use crate::{adapters::Context, facts::Bind, facts::Record};

/// The edits that mend a dangerous call; empty where the change is not mechanical.
pub fn of_call(context: &Context<'_>, call: ExprRef, record: &Record) -> Vec<Edit> {
    if let Some(name) = &record.renamed {
        return renamed(context, call, name).into_iter().collect();
    }
    if let Some(option) = &record.shell_option {
        return without_shell(context, call, record, option).unwrap_or_default();
    }
    if let (Some(placeholder), Some(bind)) = (&record.placeholder, record.bind) {
        return parameters(context, call, record, placeholder, bind).unwrap_or_default();
    }
    Vec::new()
}

/// The same call of another function.
fn renamed(context: &Context<'_>, call: ExprRef, name: &str) -> Option<Edit> {
    let module = context.program.module(call.module);
    let ExprKind::Call { callee, args, .. } = &module.expr(call.expr).kind else { return None };
    // options of the old name may be none of the new
    if args.len() > 1 || args.iter().any(|a| a.name.is_some()) {
        return None;
    }
    let ExprKind::Member { name_range, .. } = &module.expr(*callee).kind else { return None };
    Some(Edit { span: module.span(*name_range), text: name.to_owned(), safety: Safety::Safe })
}

/// A statement that is put together becomes one with parameters.
fn parameters(
    context: &Context<'_>,
    call: ExprRef,
    record: &Record,
    placeholder: &str,
    bind: Bind,
) -> Option<Vec<Edit>> {
    let module = context.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return None };
    let positional: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).collect();
    let statement = *positional.get(record.arg? as usize)?;
    // values that are bound already would have to be counted
    let is_next = |e: &ExprId| matches!(module.expr(*e).kind, ExprKind::Lambda(_));
    if positional.get(record.arg? as usize + 1).is_some_and(|e| !is_next(e)) {
        return None;
    }
    let at = match module.expr(statement).kind {
        ExprKind::Name(name) => {
            let definition = context.program.definition(ExprRef { expr: statement, ..call })?;
            let owner = |e| context.program.scopes(call.module).owner(e).function;
            let uses = module
                .exprs()
                .filter(|(e, x)| matches!(x.kind, ExprKind::Name(n) if n == name) && owner(*e) == owner(statement));
            // where it is assigned, and here
            if definition.module != call.module || owner(definition.expr) != owner(statement) || uses.count() > 2 {
                return None;
            }
            definition.expr
        }
        _ => statement,
    };
    let ExprKind::Template(parts) = &module.expr(at).kind else { return None };
    let (text, holes) = with_placeholders(parts, placeholder)?;
    let literal = quoted(module.language, &text)?;
    let values: Vec<String> =
        holes.iter().map(|hole| context.sources.text(module.expr_span(*hole)).to_owned()).collect();
    if values.iter().any(|v| v.contains('\n') || v.is_empty()) {
        return None;
    }
    let values = match bind {
        Bind::List => format!(", [{}]", values.join(", ")),
        Bind::Tuple if values.len() == 1 => format!(", ({},)", values[0]),
        Bind::Tuple => format!(", ({})", values.join(", ")),
        Bind::Rest => format!(", {}", values.join(", ")),
    };
    let end = module.expr(statement).range.end;
    let after = module.span(Range { start: end, end });
    Some(match at == statement {
        true => vec![edit(module.expr_span(at), format!("{literal}{values}"))],
        false => vec![edit(module.expr_span(at), literal), edit(after, values)],
    })
}

/// A command for a shell becomes a list of words. A value with spaces was several words before: somebody
/// should read it.
fn without_shell(context: &Context<'_>, call: ExprRef, record: &Record, option: &str) -> Option<Vec<Edit>> {
    let module = context.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return None };
    let command = args.iter().filter(|a| a.name.is_none()).nth(record.arg? as usize)?.value;
    let ExprKind::Template(parts) = &module.expr(command).kind else { return None };
    let mut words: Vec<String> = Vec::new();
    let mut glued = false;
    for part in parts {
        match part {
            Part::Text(fixed) => {
                let fixed = fixed.as_str();
                if fixed.contains(['|', '>', '<', '&', ';', '$', '`', '*', '?', '\'', '"', '\\', '\n', '(', '~'])
                    || glued && !fixed.starts_with(' ')
                {
                    return None;
                }
                words.extend(fixed.split_whitespace().map(|w| format!("\"{w}\"")));
                glued = !fixed.ends_with(' ');
            }
            Part::Hole(_) if glued => return None,
            Part::Hole(hole) => {
                words.push(context.sources.text(module.expr_span(*hole)).to_owned());
                glued = true;
            }
        }
    }
    let at = args.iter().position(|a| a.name.is_some_and(|n| n == option))?;
    // from the end of the argument before, so that its comma goes along
    let from = module.expr(args.get(at.checked_sub(1)?)?.value).range.end;
    let to = module.expr(args[at].value).range.end;
    let safety = Safety::Unsafe;
    Some(vec![
        Edit { span: module.expr_span(command), text: format!("[{}]", words.join(", ")), safety },
        Edit { span: module.span(Range { start: from, end: to }), text: String::new(), safety },
    ])
}

fn edit(span: Span, text: String) -> Edit {
    Edit { span, text, safety: Safety::Safe }
}

/// The text with a placeholder for each hole, where every hole stands for a value.
fn with_placeholders(parts: &[Part], placeholder: &str) -> Option<(String, Vec<ExprId>)> {
    let mut text = String::new();
    let mut holes = Vec::new();
    let mut quote: Option<char> = None;
    for part in parts {
        match part {
            Part::Text(fixed) => {
                let mut fixed = fixed.as_str();
                if let Some(open) = quote.take() {
                    fixed = fixed.strip_prefix(open)?;
                }
                text.push_str(fixed);
            }
            Part::Hole(hole) => {
                if quote.is_some() {
                    return None;
                }
                if let Some(open) = text.chars().next_back().filter(|c| matches!(c, '\'' | '"')) {
                    text.pop();
                    quote = Some(open);
                }
                if !expects_value(&text) {
                    return None;
                }
                holes.push(*hole);
                let number = holes.len().to_string();
                text.push_str(&placeholder.replace('n', &number));
            }
        }
    }
    (quote.is_none() && !holes.is_empty()).then_some((text, holes))
}

/// Whether SQL text is at a place where a value is expected, not a name or a keyword.
fn expects_value(text: &str) -> bool {
    let before = text.trim_end();
    let lower = before.to_ascii_lowercase();
    let in_list = lower.contains("values") || lower.rfind(" in").is_some_and(|at| lower[at..].contains('('));
    match before.chars().next_back() {
        Some('=' | '<' | '>') => true,
        Some('(' | ',') => in_list,
        _ => lower.ends_with(" like") || lower.ends_with(" limit") || lower.ends_with(" offset"),
    }
}

/// A string literal of a language with this text.
fn quoted(language: Language, text: &str) -> Option<String> {
    let lines = text.contains('\n');
    let plain = !text.contains('\\');
    Some(match language {
        _ if !plain => return None,
        Language::Go if !text.contains('`') && (lines || text.contains('"')) => format!("`{text}`"),
        Language::JavaScript | Language::TypeScript | Language::Tsx if lines || text.contains('"') => {
            if text.contains('`') {
                return None;
            }
            format!("`{}`", text.replace("${", "\\${"))
        }
        Language::Python if lines => format!("\"\"\"{text}\"\"\""),
        _ if lines => return None,
        _ => format!("\"{}\"", text.replace('"', "\\\"")),
    })
}
