//! Judgements over the model: one folder per rule, `crates/rules/<area>/<rule-id>/`.
//!
//! A rule is a pure function of the model. It touches no file and no socket, names no language, library
//! or framework, and runs no regular expression over source text. Its page (`rule.md`) is its
//! documentation, its help text and its promise; its fixtures hold code in every stack that it claims.
//!
//! To add a rule: `cargo xtask new-rule <area> <id>`, then name it below, as a module and in [`all`].
//! [`strengths`] are the controls found in place.

mod cleartext;
mod following;
mod injection;
mod migrating;
pub mod naming;
pub mod passwords;
mod privileges;
mod races;
mod repeated;
pub mod roles;
mod running;
pub mod secrets;
pub mod strengths;
pub mod support;
mod unserved;

use base::review::Refuted;
use base::{Evidence, Finding, Persona, RuleInfo, Span, Text};
use model::Model;

/// A rule: what is always true of it, and its check.
pub struct Rule {
    /// Its metadata.
    pub info: RuleInfo,
    /// Reads the model, reports findings.
    pub check: fn(&Model, &mut Report<'_>),
}

/// Collects the findings of one rule.
pub struct Report<'r> {
    info: &'r RuleInfo,
    persona: Persona,
    findings: Vec<Finding>,
    masks: Vec<Span>,
    refuted: Vec<Refuted>,
}

/// What a rule reported.
#[derive(Debug, Default)]
pub struct Said {
    /// Its findings: those about one subject are one, the places of the others are related.
    pub findings: Vec<Finding>,
    /// What no output may show.
    pub masks: Vec<Span>,
    /// What running systems refute.
    pub refuted: Vec<Refuted>,
}

impl<'r> Report<'r> {
    /// An empty report for a rule, and who will read it.
    pub fn new(info: &'r RuleInfo, persona: Persona) -> Self {
        Self { info, persona, findings: Vec::new(), masks: Vec::new(), refuted: Vec::new() }
    }

    /// A finding about `subject` at `span`, with the rule's own severity and shown evidence, to be
    /// filled in and given to [`Report::add`].
    pub fn finding(&self, subject: String, span: Span, issue: Text) -> Finding {
        Finding {
            rule: self.info.id,
            severity: self.info.severity,
            evidence: Evidence::Shown,
            subject,
            endpoint: None,
            span,
            issue,
            details: Text::new(),
            impact: Text::new(),
            fix: Text::new(),
            verification: Text::new(),
            trade_offs: Text::new(),
            related: Vec::new(),
            trace: Vec::new(),
            edits: Vec::new(),
            new_files: Vec::new(),
            fingerprint: String::new(),
        }
    }

    /// Reports a finding.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Reports what is too often meant so to be shown to everyone: auditors weigh it.
    pub fn add_for_auditors(&mut self, finding: Finding) {
        if self.persona >= Persona::Auditor {
            self.findings.push(finding);
        }
    }

    /// Marks a span that no output may show.
    pub fn mask(&mut self, span: Span) {
        self.masks.push(span);
    }

    /// Says that a finding is none, and why: a running system shows it.
    pub fn refute(&mut self, finding: Finding, reason: Text) {
        let Finding { rule, subject, span, issue, .. } = finding;
        self.refuted.push(Refuted { rule, subject, span, issue, reason });
    }

    /// What was reported. Findings about one subject are one: the first stays, the places of the others become related.
    pub fn finish(mut self) -> Said {
        // the gravest of each subject stays
        self.findings.sort_by(|a, b| {
            (&a.subject, std::cmp::Reverse(a.severity), a.span).cmp(&(
                &b.subject,
                std::cmp::Reverse(b.severity),
                b.span,
            ))
        });
        let mut merged: Vec<Finding> = Vec::new();
        for finding in self.findings {
            match merged.last_mut() {
                Some(last) if last.subject == finding.subject => {
                    if last.span != finding.span && last.related.iter().all(|r| r.span != finding.span) {
                        last.related.push(base::Related::again(finding.span));
                    }
                    last.severity = last.severity.max(finding.severity);
                }
                _ => merged.push(finding),
            }
        }
        self.refuted.sort_by(|a, b| (&a.subject, a.span).cmp(&(&b.subject, b.span)));
        self.refuted.dedup_by(|a, b| a.subject == b.subject);
        Said { findings: merged, masks: self.masks, refuted: self.refuted }
    }
}

#[path = "../data/duplicate-index/rule.rs"]
mod duplicate_index;
#[path = "../data/lost-update/rule.rs"]
mod lost_update;
#[path = "../data/missing-constraint/rule.rs"]
mod missing_constraint;
#[path = "../data/missing-primary-key/rule.rs"]
mod missing_primary_key;
#[path = "../data/model-schema-mismatch/rule.rs"]
mod model_schema_mismatch;
#[path = "../data/partial-write/rule.rs"]
mod partial_write;
#[path = "../data/query-in-loop/rule.rs"]
mod query_in_loop;
#[path = "../data/row-by-row-write/rule.rs"]
mod row_by_row_write;
#[path = "../data/unbounded-query/rule.rs"]
mod unbounded_query;
#[path = "../data/unindexed-foreign-key/rule.rs"]
mod unindexed_foreign_key;

#[path = "../data/blocking-index/rule.rs"]
mod blocking_index;
#[path = "../data/constraint-checked-under-lock/rule.rs"]
mod constraint_checked_under_lock;
#[path = "../data/data-and-schema-together/rule.rs"]
mod data_and_schema_together;
#[path = "../data/destructive-change/rule.rs"]
mod destructive_change;
#[path = "../data/irreversible-migration/rule.rs"]
mod irreversible_migration;
#[path = "../data/no-lock-timeout/rule.rs"]
mod no_lock_timeout;
#[path = "../data/not-null-without-default/rule.rs"]
mod not_null_without_default;
#[path = "../data/rewriting-change/rule.rs"]
mod rewriting_change;

#[path = "../reliability/blocking-call-in-async/rule.rs"]
mod blocking_call_in_async;
#[path = "../reliability/missing-timeout/rule.rs"]
mod missing_timeout;
#[path = "../reliability/swallowed-error/rule.rs"]
mod swallowed_error;

#[path = "../security/debug-enabled/rule.rs"]
mod debug_enabled;
#[path = "../security/error-detail-leak/rule.rs"]
mod error_detail_leak;
#[path = "../security/hardcoded-secret/rule.rs"]
mod hardcoded_secret;
#[path = "../security/insecure-cookie/rule.rs"]
mod insecure_cookie;
#[path = "../security/missing-ownership-check/rule.rs"]
mod missing_ownership_check;
#[path = "../security/no-rate-limit-on-login/rule.rs"]
mod no_rate_limit_on_login;
#[path = "../security/permissive-cors/rule.rs"]
mod permissive_cors;
#[path = "../security/unguarded-write/rule.rs"]
mod unguarded_write;
#[path = "../security/unvalidated-body/rule.rs"]
mod unvalidated_body;
#[path = "../security/unverified-token/rule.rs"]
mod unverified_token;
#[path = "../security/user-enumeration/rule.rs"]
mod user_enumeration;
#[path = "../security/weak-password-hash/rule.rs"]
mod weak_password_hash;

#[path = "../security/code-injection/rule.rs"]
mod code_injection;
#[path = "../security/command-injection/rule.rs"]
mod command_injection;
#[path = "../security/cross-site-scripting/rule.rs"]
mod cross_site_scripting;
#[path = "../security/header-injection/rule.rs"]
mod header_injection;
#[path = "../security/ldap-injection/rule.rs"]
mod ldap_injection;
#[path = "../security/log-injection/rule.rs"]
mod log_injection;
#[path = "../security/mass-assignment/rule.rs"]
mod mass_assignment;
#[path = "../security/nosql-injection/rule.rs"]
mod nosql_injection;
#[path = "../security/open-redirect/rule.rs"]
mod open_redirect;
#[path = "../security/path-traversal/rule.rs"]
mod path_traversal;
#[path = "../security/prototype-pollution/rule.rs"]
mod prototype_pollution;
#[path = "../security/regex-denial-of-service/rule.rs"]
mod regex_denial_of_service;
#[path = "../security/second-order-injection/rule.rs"]
mod second_order_injection;
#[path = "../security/sensitive-data-in-log/rule.rs"]
mod sensitive_data_in_log;
#[path = "../security/server-side-request-forgery/rule.rs"]
mod server_side_request_forgery;
#[path = "../security/sql-injection/rule.rs"]
mod sql_injection;
#[path = "../security/template-injection/rule.rs"]
mod template_injection;
#[path = "../security/trust-boundary/rule.rs"]
mod trust_boundary;
#[path = "../security/unescaped-output/rule.rs"]
mod unescaped_output;
#[path = "../security/unsafe-deserialization/rule.rs"]
mod unsafe_deserialization;
#[path = "../security/unsafe-reflection/rule.rs"]
mod unsafe_reflection;
#[path = "../security/xml-external-entity/rule.rs"]
mod xml_external_entity;
#[path = "../security/xpath-injection/rule.rs"]
mod xpath_injection;
/// The languages of each rule's fixtures.
const STACKS: &[(&str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/stacks.rs"));
#[path = "../data/autovacuum-off/rule.rs"]
mod autovacuum_off;
#[path = "../data/bloated-table/rule.rs"]
mod bloated_table;
#[path = "../data/blocking-session/rule.rs"]
mod blocking_session;
#[path = "../data/check-then-act/rule.rs"]
mod check_then_act;
#[path = "../data/connection-leak/rule.rs"]
mod connection_leak;
#[path = "../data/connection-per-request/rule.rs"]
mod connection_per_request;
#[path = "../data/connections-near-limit/rule.rs"]
mod connections_near_limit;
#[path = "../data/count-for-existence/rule.rs"]
mod count_for_existence;
#[path = "../security/csrf-unprotected/rule.rs"]
mod csrf_unprotected;
#[path = "../data/dead-rows/rule.rs"]
mod dead_rows;
#[path = "../data/deep-offset/rule.rs"]
mod deep_offset;
#[path = "../data/dual-write/rule.rs"]
mod dual_write;
#[path = "../data/durability-off/rule.rs"]
mod durability_off;
#[path = "../security/end-of-life-server/rule.rs"]
mod end_of_life_server;
#[path = "../security/exposed-password/rule.rs"]
mod exposed_password;
#[path = "../data/failing-archive/rule.rs"]
mod failing_archive;
#[path = "../data/float-money/rule.rs"]
mod float_money;
#[path = "../data/inactive-replication-slot/rule.rs"]
mod inactive_replication_slot;
#[path = "../data/invalid-index/rule.rs"]
mod invalid_index;
#[path = "../data/isolation-assumed/rule.rs"]
mod isolation_assumed;
#[path = "../data/lock-misuse/rule.rs"]
mod lock_misuse;
#[path = "../data/long-transaction/rule.rs"]
mod long_transaction;
#[path = "../data/low-cache-hit-rate/rule.rs"]
mod low_cache_hit_rate;
#[path = "../data/missing-index/rule.rs"]
mod missing_index;
#[path = "../data/narrow-charset/rule.rs"]
mod narrow_charset;
#[path = "../data/narrow-key/rule.rs"]
mod narrow_key;
#[path = "../data/narrow-reference/rule.rs"]
mod narrow_reference;
#[path = "../data/not-in-with-nulls/rule.rs"]
mod not_in_with_nulls;
#[path = "../data/outbound-call-in-transaction/rule.rs"]
mod outbound_call_in_transaction;
#[path = "../security/passwordless-access/rule.rs"]
mod passwordless_access;
#[path = "../data/pool-unbounded/rule.rs"]
mod pool_unbounded;
#[path = "../data/random-order/rule.rs"]
mod random_order;
#[path = "../data/replication-lag/rule.rs"]
mod replication_lag;
#[path = "../data/schema-drift/rule.rs"]
mod schema_drift;
#[path = "../data/select-star/rule.rs"]
mod select_star;
#[path = "../data/sequence-near-end/rule.rs"]
mod sequence_near_end;
#[path = "../data/sequential-scans/rule.rs"]
mod sequential_scans;
#[path = "../data/slow-statement/rule.rs"]
mod slow_statement;
#[path = "../data/stale-statistics/rule.rs"]
mod stale_statistics;
#[path = "../data/statement-outside-transaction/rule.rs"]
mod statement_outside_transaction;
#[path = "../security/superuser-application/rule.rs"]
mod superuser_application;
#[path = "../data/temporary-files/rule.rs"]
mod temporary_files;
#[path = "../security/tls-verification-off/rule.rs"]
mod tls_verification_off;
#[path = "../data/transaction-wraparound/rule.rs"]
mod transaction_wraparound;
#[path = "../data/unclosed-transaction/rule.rs"]
mod unclosed_transaction;
#[path = "../data/uncounted-statements/rule.rs"]
mod uncounted_statements;
#[path = "../security/unencrypted-connection/rule.rs"]
mod unencrypted_connection;
#[path = "../data/unique-ignores-soft-delete/rule.rs"]
mod unique_ignores_soft_delete;
#[path = "../data/unordered-page/rule.rs"]
mod unordered_page;
#[path = "../data/unsafe-table-engine/rule.rs"]
mod unsafe_table_engine;
#[path = "../data/unusable-index/rule.rs"]
mod unusable_index;
#[path = "../data/unused-index/rule.rs"]
mod unused_index;
#[path = "../data/unvalidated-constraint/rule.rs"]
mod unvalidated_constraint;
#[path = "../security/weak-cipher/rule.rs"]
mod weak_cipher;
#[path = "../security/weak-hash/rule.rs"]
mod weak_hash;
#[path = "../security/weak-password-policy/rule.rs"]
mod weak_password_policy;
#[path = "../security/weak-random-for-secret/rule.rs"]
mod weak_random_for_secret;
#[path = "../data/write-without-where/rule.rs"]
mod write_without_where;

/// A rule with the page of its folder.
macro_rules! rule {
    ($folder:literal, $module:ident) => {{
        let mut rule = $module::RULE;
        rule.info.page = include_str!(concat!("../", $folder, "/rule.md"));
        rule.info.stacks = STACKS.iter().find(|(id, _)| *id == rule.info.id).map_or(&[], |(_, stacks)| *stacks);
        rule
    }};
}

/// Every rule, by id.
pub fn all() -> Vec<Rule> {
    let mut all = vec![
        rule!("data/blocking-index", blocking_index),
        rule!("data/constraint-checked-under-lock", constraint_checked_under_lock),
        rule!("data/data-and-schema-together", data_and_schema_together),
        rule!("data/destructive-change", destructive_change),
        rule!("data/check-then-act", check_then_act),
        rule!("data/connection-leak", connection_leak),
        rule!("data/dual-write", dual_write),
        rule!("data/duplicate-index", duplicate_index),
        rule!("data/float-money", float_money),
        rule!("data/irreversible-migration", irreversible_migration),
        rule!("data/isolation-assumed", isolation_assumed),
        rule!("data/lock-misuse", lock_misuse),
        rule!("data/lost-update", lost_update),
        rule!("data/missing-constraint", missing_constraint),
        rule!("data/missing-index", missing_index),
        rule!("data/missing-primary-key", missing_primary_key),
        rule!("data/model-schema-mismatch", model_schema_mismatch),
        rule!("data/narrow-key", narrow_key),
        rule!("data/narrow-charset", narrow_charset),
        rule!("data/narrow-reference", narrow_reference),
        rule!("data/no-lock-timeout", no_lock_timeout),
        rule!("data/not-null-without-default", not_null_without_default),
        rule!("data/outbound-call-in-transaction", outbound_call_in_transaction),
        rule!("data/partial-write", partial_write),
        rule!("data/query-in-loop", query_in_loop),
        rule!("data/rewriting-change", rewriting_change),
        rule!("data/row-by-row-write", row_by_row_write),
        rule!("data/statement-outside-transaction", statement_outside_transaction),
        rule!("data/unbounded-query", unbounded_query),
        rule!("data/unclosed-transaction", unclosed_transaction),
        rule!("data/unindexed-foreign-key", unindexed_foreign_key),
        rule!("data/unusable-index", unusable_index),
        rule!("data/unique-ignores-soft-delete", unique_ignores_soft_delete),
        rule!("data/unsafe-table-engine", unsafe_table_engine),
        rule!("data/unvalidated-constraint", unvalidated_constraint),
        rule!("reliability/blocking-call-in-async", blocking_call_in_async),
        rule!("reliability/missing-timeout", missing_timeout),
        rule!("reliability/swallowed-error", swallowed_error),
        rule!("security/code-injection", code_injection),
        rule!("security/command-injection", command_injection),
        rule!("security/cross-site-scripting", cross_site_scripting),
        rule!("security/csrf-unprotected", csrf_unprotected),
        rule!("security/debug-enabled", debug_enabled),
        rule!("security/error-detail-leak", error_detail_leak),
        rule!("security/exposed-password", exposed_password),
        rule!("security/hardcoded-secret", hardcoded_secret),
        rule!("security/header-injection", header_injection),
        rule!("security/insecure-cookie", insecure_cookie),
        rule!("security/ldap-injection", ldap_injection),
        rule!("security/log-injection", log_injection),
        rule!("security/mass-assignment", mass_assignment),
        rule!("security/missing-ownership-check", missing_ownership_check),
        rule!("security/no-rate-limit-on-login", no_rate_limit_on_login),
        rule!("security/nosql-injection", nosql_injection),
        rule!("security/open-redirect", open_redirect),
        rule!("security/path-traversal", path_traversal),
        rule!("security/permissive-cors", permissive_cors),
        rule!("security/prototype-pollution", prototype_pollution),
        rule!("security/regex-denial-of-service", regex_denial_of_service),
        rule!("security/second-order-injection", second_order_injection),
        rule!("security/sensitive-data-in-log", sensitive_data_in_log),
        rule!("security/server-side-request-forgery", server_side_request_forgery),
        rule!("security/sql-injection", sql_injection),
        rule!("security/template-injection", template_injection),
        rule!("security/tls-verification-off", tls_verification_off),
        rule!("security/trust-boundary", trust_boundary),
        rule!("security/unescaped-output", unescaped_output),
        rule!("security/unguarded-write", unguarded_write),
        rule!("security/unsafe-deserialization", unsafe_deserialization),
        rule!("security/unsafe-reflection", unsafe_reflection),
        rule!("security/unvalidated-body", unvalidated_body),
        rule!("security/unverified-token", unverified_token),
        rule!("security/user-enumeration", user_enumeration),
        rule!("security/weak-cipher", weak_cipher),
        rule!("security/weak-hash", weak_hash),
        rule!("security/weak-password-hash", weak_password_hash),
        rule!("security/weak-password-policy", weak_password_policy),
        rule!("security/weak-random-for-secret", weak_random_for_secret),
        rule!("security/xml-external-entity", xml_external_entity),
        rule!("security/xpath-injection", xpath_injection),
        rule!("data/unused-index", unused_index),
        rule!("data/invalid-index", invalid_index),
        rule!("data/sequential-scans", sequential_scans),
        rule!("data/sequence-near-end", sequence_near_end),
        rule!("data/transaction-wraparound", transaction_wraparound),
        rule!("data/autovacuum-off", autovacuum_off),
        rule!("data/dead-rows", dead_rows),
        rule!("data/stale-statistics", stale_statistics),
        rule!("data/bloated-table", bloated_table),
        rule!("data/long-transaction", long_transaction),
        rule!("data/blocking-session", blocking_session),
        rule!("data/slow-statement", slow_statement),
        rule!("data/low-cache-hit-rate", low_cache_hit_rate),
        rule!("data/connections-near-limit", connections_near_limit),
        rule!("data/inactive-replication-slot", inactive_replication_slot),
        rule!("data/replication-lag", replication_lag),
        rule!("data/durability-off", durability_off),
        rule!("security/superuser-application", superuser_application),
        rule!("security/unencrypted-connection", unencrypted_connection),
        rule!("security/end-of-life-server", end_of_life_server),
        rule!("security/passwordless-access", passwordless_access),
        rule!("data/unvalidated-constraint", unvalidated_constraint),
        rule!("data/failing-archive", failing_archive),
        rule!("data/uncounted-statements", uncounted_statements),
        rule!("data/temporary-files", temporary_files),
        rule!("data/schema-drift", schema_drift),
        rule!("data/connection-per-request", connection_per_request),
        rule!("data/count-for-existence", count_for_existence),
        rule!("data/deep-offset", deep_offset),
        rule!("data/not-in-with-nulls", not_in_with_nulls),
        rule!("data/pool-unbounded", pool_unbounded),
        rule!("data/random-order", random_order),
        rule!("data/select-star", select_star),
        rule!("data/unordered-page", unordered_page),
        rule!("data/write-without-where", write_without_where),
    ];
    all.sort_by_key(|r| r.info.id);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_auditors_is_shown_to_auditors_alone() {
        let info = support::info(
            "open-door",
            "A door is open",
            base::Severity::Critical,
            base::Stage::Security,
            &[],
            &[],
            &[],
        );
        for (persona, shown) in [(Persona::Regular, 1), (Persona::Auditor, 2), (Persona::Pedantic, 2)] {
            let mut report = Report::new(&info, persona);
            let span = Span { file: base::FileId(0), start: 0, end: 1 };
            report.add(report.finding("front".to_owned(), span, Text::new()));
            report.add_for_auditors(report.finding("back".to_owned(), span, Text::new()));
            assert_eq!(report.finish().findings.len(), shown, "{persona:?}");
        }
    }
}
