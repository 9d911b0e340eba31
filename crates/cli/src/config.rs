//! `specialist.toml`: found from the project's directory upward.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use base::{Persona, Severity};
use schemars::JsonSchema;
use serde::Deserialize;

/// The configuration. Unknown keys are refused; nothing here can loosen safety: there are no targets, no
/// output paths, no redaction and no limits in it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Exit with status 1 when there is a finding of this severity or above.
    pub fail_on: Option<Threshold>,
    /// Only these rules.
    #[serde(default)]
    pub only: Vec<String>,
    /// Not these rules.
    #[serde(default)]
    pub skip: Vec<String>,
    /// For whom.
    #[schemars(with = "Option<String>")]
    pub persona: Option<Persona>,
    /// What holds for parts of the tree only. Of several that match a file the last counts.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// What holds for the files that match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Override {
    /// Globs of paths relative to the project: `legacy/**`.
    pub paths: Vec<String>,
    /// Rules that are not told there.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Rules with another severity there: `critical`, `important`, `suggestion`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub severity: BTreeMap<String, Severity>,
}

/// When to fail.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// On critical findings.
    #[default]
    Critical,
    /// On important findings too.
    Important,
    /// On any finding.
    Suggestion,
    /// Never.
    Never,
}

impl Threshold {
    /// The severity, if any.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Threshold::Critical => Some(Severity::Critical),
            Threshold::Important => Some(Severity::Important),
            Threshold::Suggestion => Some(Severity::Suggestion),
            Threshold::Never => None,
        }
    }
}

/// Reads the nearest `specialist.toml` from `start` upward; the default without one.
///
/// # Errors
/// A file that cannot be read or is not as the schema has it.
pub fn find(start: &Path) -> anyhow::Result<Config> {
    let Ok(start) = start.canonicalize() else { return Ok(Config::default()) };
    for dir in start.ancestors() {
        let file = dir.join("specialist.toml");
        if file.is_file() {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            return toml::from_str(&text).with_context(|| format!("{} is not as its schema has it", file.display()));
        }
        // the project ends where its repository does
        if dir.join(".git").exists() {
            break;
        }
    }
    Ok(Config::default())
}

/// The JSON schema of the file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).into()
}
