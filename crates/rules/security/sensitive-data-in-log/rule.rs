//! Secrets of users in logs.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use ir::{ExprId, ExprKind, Literal, Module, Part};
use model::flow::Kind;
use model::guards::words;
use model::{Kind as Fact, Model};

use crate::injection::callee;
use crate::support::{apply_mended, around, effects, info, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.5),
        escalation: Some(Escalation::DataPrivacy),
        ..info(
            "sensitive-data-in-log",
            "A secret of a user is written to a log",
            Severity::Important,
            Stage::Security,
            &["C8.logging-best-practices.5"],
            &[532, 312],
            &["A09:2021"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let is_log = |record: &model::Record| record.label.as_deref() == Some(Kind::Log.label());
    for effect in effects(model, Fact::Sink).filter(|e| is_log(model.facts.record(e.record))) {
        let module = model.program.module(effect.call.module);
        let ExprKind::Call { args, .. } = &module.expr(effect.call.expr).kind else { continue };
        let Some(name) = args.iter().find_map(|a| secret_in(module, a.value, 0)) else { continue };
        let subject = format!("log {} {} {name}", path(model, effect.span), around(model, effect.call));
        let issue = Text::say("`{}` is written to the log.", &[&name]);
        let mut finding = report.finding(subject, effect.span, issue);
        finding.evidence = effect.evidence;
        finding.details =
            Text::say("`{}` gets the value itself, not a mask or a hash of it.", &[&callee(model, effect.call)]);
        finding.impact = Text::from(
            "Whoever reads the logs, their backups or the service that collects them can sign in as the user.",
        );
        finding.fix = Text::from("Leave it out, or log that it was there:");
        apply_mended(model, &mut finding, effect.record);
        finding.verification =
            Text::from("Send a request with a value that you know, and search the logs for it: it must not be there.");
        report.add(finding);
    }
}

/// The name of a secret that an expression gives as it is.
fn secret_in(module: &Module, expr: ExprId, depth: u32) -> Option<String> {
    if depth > 6 {
        return None;
    }
    let look = |e: ExprId| secret_in(module, e, depth + 1);
    match &module.expr(expr).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => is_secret(name.as_str()).then(|| name.to_string()),
        ExprKind::Index { index, .. } => match &module.expr(*index).kind {
            ExprKind::Literal(Literal::Str(name)) => is_secret(name.as_str()).then(|| name.to_string()),
            _ => None,
        },
        ExprKind::Template(parts) => parts.iter().find_map(|p| match p {
            Part::Hole(hole) => look(*hole),
            Part::Text(_) => None,
        }),
        ExprKind::Binary { op: ir::BinaryOp::Add | ir::BinaryOp::Rem, left, right } => {
            look(*left).or_else(|| look(*right))
        }
        ExprKind::List(items) => items.iter().find_map(|e| look(*e)),
        ExprKind::Map(entries) => entries.iter().find_map(|e| look(e.value)),
        ExprKind::Unary { op: ir::UnaryOp::Ref | ir::UnaryOp::Deref, operand } => look(*operand),
        // a getter without arguments, or text made of it
        ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
            ExprKind::Member { name, object, .. } if args.is_empty() => {
                let plain = name.as_str().trim_start_matches("get");
                match is_secret(plain) {
                    true => Some(name.to_string()),
                    false
                        if matches!(
                            name.as_str(),
                            "toString" | "ToString" | "to_s" | "to_string" | "clone" | "inspect"
                        ) =>
                    {
                        look(*object)
                    }
                    false => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a value of this name is a secret by itself.
fn is_secret(name: &str) -> bool {
    // a constant that names a kind of secret
    if name.chars().all(|c| c.is_ascii_uppercase() || c == '_') && name.contains('_') {
        return false;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["password" | "passwd" | "pwd" | "passphrase" | "cvv" | "cvc" | "ssn"]
            | [
                ..,
                "user"
                    | "new"
                    | "old"
                    | "current"
                    | "plain"
                    | "raw"
                    | "clear"
                    | "login"
                    | "temp"
                    | "temporary"
                    | "default"
                    | "generated"
                    | "my"
                    | "req"
                    | "request"
                    | "db"
                    | "admin",
                "password" | "passwd" | "pwd",
            ]
            | [.., "password", "confirm" | "confirmation" | "plain" | "plaintext"]
            | [.., "access" | "refresh" | "auth" | "bearer" | "jwt" | "session" | "reset" | "id" | "api", "token"]
            | [.., "api" | "secret" | "private" | "encryption" | "signing" | "jwt", "key" | "secret"]
            | [.., "client" | "app", "secret"]
            | [.., "card" | "credit", "number" | "card"]
    )
}
