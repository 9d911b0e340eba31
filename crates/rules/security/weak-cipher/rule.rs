//! A broken cipher, a mode that shows patterns, a key that is too short, a constant vector or salt.

use base::{Evidence, RuleInfo, Severity, Span, Stage, Text};
use model::facts::RecordId;
use model::keyed::{Given, KeyedConstant};
use model::{Kind, Model, SettingKind};
use program::ExprRef;

use crate::support::{apply_mended, around, effects, info, is_production, path, production_settings};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.5),
        ..info(
            "weak-cipher",
            "A broken cipher, a key that is too short, or a constant vector or salt",
            Severity::Important,
            Stage::Security,
            &["C2.security-best-practices.1", "W2.7"],
            &[327, 326, 329, 760],
            &["A02:2021"],
        )
    },
    check,
};

/// Least bits of an RSA key (NIST SP 800-131A).
const LEAST_BITS: i64 = 2048;

fn check(model: &Model, report: &mut Report<'_>) {
    for effect in effects(model, Kind::Encrypts).filter(|e| e.evidence > Evidence::Suspected) {
        let record = model.facts.record(effect.record);
        let written = match (&record.algorithm, record.algorithm_arg) {
            (Some(algorithm), _) => Some(algorithm.clone()),
            (None, None) => None,
            (None, position) => model::effects::argument(&model.program, effect.call, position, None)
                .and_then(|a| model.text_of(ExprRef { module: effect.call.module, expr: a.value })),
        };
        let Some((algorithm, why)) = written.as_deref().and_then(broken) else { continue };
        let function = around(model, effect.call);
        tell(model, report, effect.span, effect.record, &function, algorithm, why);
    }
    for setting in production_settings(model) {
        let value = setting.value.as_deref().unwrap_or("");
        match setting.kind {
            SettingKind::CipherMode if value == "ECB" => {
                tell(model, report, setting.span, setting.record, "", "ECB", PATTERNS);
            }
            SettingKind::RsaBits if value.parse::<i64>().is_ok_and(|bits| (1..LEAST_BITS).contains(&bits)) => {
                let algorithm = format!("RSA with {value} bits");
                tell(model, report, setting.span, setting.record, "", &algorithm, SHORT);
            }
            _ => {}
        }
    }
    let is_ours = |k: &&model::keyed::KeyedConstant| is_production(model, k.used) && is_production(model, k.span);
    let constants = model.keyed.iter().filter(|k| k.evidence > Evidence::Suspected).filter(is_ours);
    for constant in constants {
        match constant.given {
            Given::Nonce => tell_constant(model, report, constant, &NONCE),
            Given::Salt => tell_constant(model, report, constant, &SALT),
            _ => {}
        }
    }
}

/// What is said of something constant that must be new each time.
struct Stale {
    issue: &'static str,
    details: &'static str,
    impact: &'static str,
    fix: &'static str,
    verification: &'static str,
}

const NONCE: Stale = Stale {
    issue: "A constant is the initialisation vector of a cipher.",
    details: "Equal texts, or texts with equal beginnings, are encrypted equally. With GCM, CTR or ChaCha20 two messages under one vector give away both texts, and with GCM the key that proves them genuine.",
    impact: "Whoever sees two messages learns what they have in common, and may read or forge them.",
    fix: "Make a new random vector for each message and put it before what is encrypted:",
    verification: "Encrypt the same text twice: the results must differ from the first byte on.",
};

const SALT: Stale = Stale {
    issue: "A constant is the salt of a password hash or key derivation.",
    details: "With one salt for all, equal passwords have equal hashes, and a table made once breaks every one of them.",
    impact: "Whoever gets hold of the hashes tries each guess on all of them at once.",
    fix: "Make a new random salt for each password and keep it beside the hash:",
    verification: "Store the same password twice: the hashes must differ.",
};

fn tell_constant(model: &Model, report: &mut Report<'_>, constant: &KeyedConstant, stale: &'static Stale) {
    let subject = format!("constant {} {}", path(model, constant.span), base::source_hash(&[&constant.value]));
    let mut finding = report.finding(subject, constant.span, Text::from(stale.issue));
    finding.details = Text::from(stale.details);
    finding.impact = Text::from(stale.impact);
    finding.fix = Text::from(stale.fix);
    apply_mended(model, &mut finding, constant.record);
    finding.verification = Text::from(stale.verification);
    finding.evidence = constant.evidence;
    report.add(finding);
}

const SMALL_KEY: &str = "Its key is tried out within a day.";
const SMALL_BLOCK: &str =
    "Its blocks are so small that they repeat within some gigabytes, and show what was encrypted (SWEET32).";
const BIASED: &str = "Its output is biased, so that what is sent often can be read.";
const PATTERNS: &str =
    "The mode ECB encrypts equal blocks equally: patterns show, and blocks can be exchanged unnoticed.";
const SHORT: &str = "Keys of RSA below 2048 bits are within reach of those who can pay for it.";

/// What is wrong with a transformation: `DES/CBC/PKCS5Padding`, `aes-128-ecb`, `RC4`.
fn broken(transformation: &str) -> Option<(&'static str, &'static str)> {
    let lower = transformation.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty()).collect();
    let has = |names: &[&str]| parts.iter().any(|p| names.contains(p));
    if has(&["desede", "3des", "des3", "tripledes", "ede3", "ede"]) {
        Some(("3DES", SMALL_BLOCK))
    } else if has(&["des", "pbewithmd5anddes"]) {
        Some(("DES", SMALL_KEY))
    } else if has(&["rc4", "arcfour", "arc4"]) {
        Some(("RC4", BIASED))
    } else if has(&["rc2"]) {
        Some(("RC2", SMALL_BLOCK))
    } else if has(&["blowfish", "bf"]) {
        Some(("Blowfish", SMALL_BLOCK))
    } else if has(&["ecb"]) && parts.first() != Some(&"rsa") {
        Some(("ECB", PATTERNS))
    } else {
        None
    }
}

fn tell(
    model: &Model,
    report: &mut Report<'_>,
    span: Span,
    record: RecordId,
    function: &str,
    algorithm: &str,
    why: &'static str,
) {
    let subject = format!("cipher {} {function} {algorithm}", path(model, span));
    let mut finding = report.finding(subject, span, Text::say("{} is used to encrypt.", &[algorithm]));
    finding.details = Text::from(why);
    finding.impact = Text::from("Whoever gets hold of what is encrypted may read or change it without the key.");
    finding.fix = Text::from("Use AES-GCM (or ChaCha20-Poly1305) with a fresh nonce for each message:");
    apply_mended(model, &mut finding, record);
    finding.verification = Text::from(
        "Encrypt the same text twice: the results must differ in every block, and a changed bit must be refused.",
    );
    finding.trade_offs =
        Text::from("What is stored must be read with the old cipher once and written with the new one.");
    report.add(finding);
}
