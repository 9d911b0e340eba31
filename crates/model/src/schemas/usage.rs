//! Whether code still uses a column or table that a migration takes away.
//!
//! Code is not the database: a column is used where a class named for its table has a field of its name, where SQL text
//! names both, and, as a guess, where its name alone stands if no other table has such a column.

use base::{FileRole, SourceFile, Span};
use sql::{Name, Schema};

use super::DatabaseSchema;
use crate::Model;

/// Uses that are told, at most.
const MOST: usize = 5;
/// How many bytes around a table's name in SQL a column of the statement may stand.
const NEAR: usize = 600;

/// A place in production code that speaks of a column or table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Where.
    pub span: Span,
    /// It speaks of this table or column without doubt; else only of its name.
    pub is_certain: bool,
}

impl DatabaseSchema {
    /// Where production code uses a column, the certain uses first.
    pub fn uses_of_column(&self, model: &Model, before: &Schema, table: &Name, column: &str) -> Vec<Use> {
        let names = forms(column);
        let others = before.tables.values().filter(|t| t.name.name != table.name);
        let is_alone = !others.flat_map(|t| &t.columns).any(|c| forms(&c.name)[0] == names[0]);
        let speaks = is_alone && split(column).len() > 1;
        let tables = table_forms(&table.name);
        let mut found = fields(model, &tables, &names);
        for (id, file) in production(model, self) {
            for word in &names {
                for at in words(&file.text, word) {
                    let near = around(&file.text, at, NEAR);
                    let is_certain = in_sql(near, &table.name);
                    if is_certain || speaks {
                        let span = Span::new(id, at as u32, (at + word.len()) as u32);
                        found.push(Use { span, is_certain });
                    }
                }
            }
        }
        sorted(found)
    }

    /// Where production code uses a table, the certain uses first.
    pub fn uses_of_table(&self, model: &Model, table: &Name) -> Vec<Use> {
        let mut found = Vec::new();
        let speaks = split(&table.name).len() > 1;
        for (id, file) in production(model, self) {
            for at in words(&file.text, &table.name) {
                let before = file.text[..at].trim_end_matches(['"', '`', '[', '\'']);
                let quoted = file.text[..at].ends_with(['"', '\'', '`']);
                let in_sql = follows_sql_word(before);
                if in_sql || (quoted && speaks) {
                    let span = Span::new(id, at as u32, (at + table.name.len()) as u32);
                    found.push(Use { span, is_certain: true });
                } else if speaks {
                    let span = Span::new(id, at as u32, (at + table.name.len()) as u32);
                    found.push(Use { span, is_certain: false });
                }
            }
        }
        sorted(found)
    }
}

fn sorted(mut found: Vec<Use>) -> Vec<Use> {
    found.sort_by_key(|u| (!u.is_certain, u.span));
    found.dedup_by_key(|u| u.span);
    found.truncate(MOST);
    found
}

/// Files of code that run in production and are no migrations.
fn production<'m>(
    model: &'m Model,
    database: &'m DatabaseSchema,
) -> impl Iterator<Item = (base::FileId, &'m SourceFile)> {
    let is_meant = move |file: &SourceFile| {
        let own = !database.set.directory.is_empty() && file.path.starts_with(&format!("{}/", database.set.directory));
        file.role == FileRole::Production && file.language.is_some() && !own
    };
    model.sources.files().filter(move |(_, file)| is_meant(file))
}

/// Fields of classes that are named for a table.
fn fields(model: &Model, tables: &[String], names: &[String]) -> Vec<Use> {
    let mut found = Vec::new();
    for id in model.program.ids().filter(|id| model.module_role(*id) == FileRole::Production) {
        let module = model.program.module(id);
        for (_, class) in module.classes().filter(|(_, c)| tables.iter().any(|t| c.name.as_str() == t)) {
            let own = class.fields.iter().filter(|f| names.iter().any(|n| f.name.as_str() == n));
            found.extend(own.map(|f| Use { span: module.span(f.range), is_certain: true }));
        }
    }
    found
}

/// The words of a name: `last_login`, `lastLogin`.
fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            was_small = false;
            words.push(String::new());
            continue;
        }
        if words.is_empty() || (c.is_uppercase() && was_small) {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut() {
            last.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|w| !w.is_empty());
    words
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// How code writes a name: `last_login`, `lastLogin`, `LastLogin`.
fn forms(name: &str) -> [String; 3] {
    let words = split(name);
    let pascal: String = words.iter().map(|w| capital(w)).collect();
    let camel = words.iter().enumerate().map(|(at, w)| if at == 0 { w.clone() } else { capital(w) }).collect();
    [words.join("_"), camel, pascal]
}

/// How classes of a table are called: `Person`, `People`, `OrderLine`.
fn table_forms(name: &str) -> Vec<String> {
    let pascal = forms(name)[2].clone();
    let mut found = vec![pascal.clone()];
    for (end, instead) in
        [("ies", "y"), ("ses", "s"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", ""), ("People", "Person")]
    {
        if let Some(stem) = pascal.strip_suffix(end) {
            found.push(format!("{stem}{instead}"));
        }
    }
    found
}

/// Where a word stands alone, but for lines that are only a comment.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let line = text[..*at].rfind('\n').map_or(0, |n| n + 1);
        let begins = text[line..].trim_start();
        let is_comment =
            ["//", "#", "*", "--", "/*"].iter().any(|c| begins.starts_with(c)) && !begins.starts_with("#[");
        !text[..*at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part) && !is_comment
    })
}

fn around(text: &str, at: usize, reach: usize) -> &str {
    let (mut from, mut to) = (at.saturating_sub(reach), (at + reach).min(text.len()));
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    while !text.is_char_boundary(to) {
        to += 1;
    }
    &text[from..to]
}

/// Whether a text names a table as SQL does.
fn in_sql(text: &str, table: &str) -> bool {
    words(text, table).any(|at| follows_sql_word(text[..at].trim_end_matches(['"', '`', '[', '\''])))
}

fn follows_sql_word(before: &str) -> bool {
    let before = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').trim_end_matches('.').trim_end();
    let word_start = before.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
    let word = before.get(word_start..).unwrap_or("");
    ["FROM", "JOIN", "INTO", "UPDATE"].contains(&word) || ["from", "join", "into", "update"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_forms_of_code() {
        assert_eq!(forms("last_login"), ["last_login", "lastLogin", "LastLogin"]);
        assert_eq!(forms("lastLogin")[0], "last_login");
        assert!(table_forms("order_lines").contains(&"OrderLine".to_owned()));
        assert!(table_forms("categories").contains(&"Category".to_owned()));
    }

    #[test]
    fn sql_is_told_from_prose() {
        assert!(in_sql("SELECT a FROM users WHERE", "users"));
        assert!(in_sql("update \"users\" set", "users"));
        assert!(!in_sql("the users of", "users"));
    }
}
