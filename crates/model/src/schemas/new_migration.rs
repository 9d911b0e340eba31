//! A new migration that makes an index, in the form of the project's own tool, without stopping writes where the
//! database can.

use base::{FileId, NewFile, Safety, SourceMap};
use sql::Dialect;
use sql::migrations::{Migration, Tool};
use sql::schema::Table;

use super::{DatabaseSchema, index_name};

/// What a migration's file says, apart from its name.
struct Words<'w> {
    up: &'w str,
    down: &'w str,
    table: &'w str,
    columns: &'w [String],
    /// The database cannot do it in a transaction.
    alone: bool,
}

impl DatabaseSchema {
    /// The files of a new migration that makes an index on these columns; none where the tool's form is not known here.
    pub fn index_migration(&self, sources: &SourceMap, table: &Table, columns: &[String]) -> Vec<NewFile> {
        // what a project calls its tables must not become code
        let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let names = columns.iter().chain([&table.name.name]).chain(&table.name.schema);
        if !names.into_iter().all(|name| is_plain(name)) {
            return Vec::new();
        }
        let Some(last) = self.set.migrations.iter().rev().find(|m| !m.is_repeatable) else { return Vec::new() };
        let Some(version) = next(&last.version) else { return Vec::new() };
        let path = &sources.file(FileId(last.file as u32)).path;
        let alone = self.schema.dialect == Dialect::Postgres;
        let down = self.drop_index_statement(table, &index_name(table, columns));
        let up = self.index_statement(table, columns);
        let table = table.name.name.as_str();
        let words = Words { up: &up, down: &down, table, columns, alone };
        let texts = files(self.set.tool, last, path, &version, sources, &words);
        let slot = format!("{} {version}", self.set.directory);
        let file = |(path, text)| NewFile { path, text, slot: slot.clone(), safety: Safety::Unsafe };
        texts.into_iter().map(file).collect()
    }
}

/// The next version: a number with as many digits, a time one second later, the first part of `1.2.3`.
fn next(version: &str) -> Option<String> {
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    let is_number = version.bytes().all(|b| b.is_ascii_digit());
    if !is_number && digits.len() < 12 {
        let first = version.split(|c: char| !c.is_ascii_digit()).next()?;
        return Some((first.parse::<u64>().ok()? + 1).to_string());
    }
    let added = (digits.parse::<u128>().ok()? + 1).to_string();
    let mut added = match digits.get(digits.len().saturating_sub(6)..) {
        // the last second of a minute is followed by the first of the next
        Some(time) if digits.len() == 14 && time.ends_with("59") => {
            let minutes = (digits[..12].parse::<u128>().ok()? + 1).to_string();
            format!("{minutes}00")
        }
        _ => format!("{added:0>width$}", width = digits.len()),
    }
    .chars()
    .collect::<Vec<char>>()
    .into_iter();
    Some(version.chars().map(|c| if c.is_ascii_digit() { added.next().unwrap_or(c) } else { c }).collect::<String>())
        .map(|made| made + &added.collect::<String>())
}

fn files(
    tool: Tool,
    last: &Migration,
    path: &str,
    version: &str,
    sources: &SourceMap,
    words: &Words<'_>,
) -> Vec<(String, String)> {
    let (directory, base) = path.rsplit_once('/').unwrap_or(("", path));
    let within = |directory: &str, name: &str| match directory {
        "" => name.to_owned(),
        _ => format!("{directory}/{name}"),
    };
    let name = format!("index_{}_on_{}", words.table, words.columns.join("_and_"));
    let name: String = name.chars().take(120).collect();
    // what stands between version and name in the last one: `_`, `__`, `-`
    let between = |base: &str| {
        let rest = base.split_once(last.version.as_str()).map_or("_", |(_, rest)| rest);
        let end = rest.find(|c: char| c.is_alphanumeric() || c == '.').unwrap_or(0);
        if end == 0 { "_".to_owned() } else { rest[..end].to_owned() }
    };
    let Words { up, down, .. } = words;
    let stem = |base: &str| format!("{version}{}{name}", between(base));
    match tool {
        Tool::GolangMigrate => vec![
            (within(directory, &format!("{}.up.sql", stem(base))), format!("{up}\n")),
            (within(directory, &format!("{}.down.sql", stem(base))), format!("{down}\n")),
        ],
        Tool::Goose => {
            let first = if words.alone { "-- +goose NO TRANSACTION\n" } else { "" };
            let text = format!("{first}-- +goose Up\n{up}\n\n-- +goose Down\n{down}\n");
            vec![(within(directory, &format!("{}.sql", stem(base))), text)]
        }
        Tool::SqlMigrate => {
            let how = if words.alone { " notransaction" } else { "" };
            let text = format!("-- +migrate Up{how}\n{up}\n\n-- +migrate Down{how}\n{down}\n");
            vec![(within(directory, &format!("{}.sql", stem(base))), text)]
        }
        Tool::Dbmate => {
            let how = if words.alone { " transaction:false" } else { "" };
            let text = format!("-- migrate:up{how}\n{up}\n\n-- migrate:down{how}\n{down}\n");
            vec![(within(directory, &format!("{}.sql", stem(base))), text)]
        }
        Tool::Flyway => {
            let file = within(directory, &format!("V{version}__{name}.sql"));
            let mut made = vec![(file.clone(), format!("{up}\n"))];
            if words.alone {
                made.push((format!("{file}.conf"), "executeInTransaction=false\n".to_owned()));
            }
            made
        }
        Tool::Sqlx => {
            let first = if words.alone { "-- no-transaction\n" } else { "" };
            vec![(within(directory, &format!("{}.sql", stem(base))), format!("{first}{up}\n"))]
        }
        Tool::Plain => vec![(within(directory, &format!("{}.sql", stem(base))), format!("{up}\n"))],
        Tool::Diesel | Tool::Prisma => {
            let (above, folder) = directory.rsplit_once('/').unwrap_or(("", directory));
            let folder = within(above, &stem(folder));
            if tool == Tool::Prisma {
                return vec![(format!("{folder}/migration.sql"), format!("{up}\n"))];
            }
            let mut made = vec![
                (format!("{folder}/up.sql"), format!("{up}\n")),
                (format!("{folder}/down.sql"), format!("{down}\n")),
            ];
            if words.alone {
                made.push((format!("{folder}/metadata.toml"), "run_in_transaction = false\n".to_owned()));
            }
            made
        }
        Tool::Rails => {
            let text = sources.file(FileId(last.file as u32)).text.clone();
            vec![(within(directory, &format!("{version}_add_{name}.rb")), rails(&text, words))]
        }
        Tool::Knex => {
            let extension = base.rsplit('.').next().unwrap_or("js");
            vec![(within(directory, &format!("{}.{extension}", stem(base))), knex(extension, words))]
        }
        _ => Vec::new(),
    }
}

fn rails(last: &str, words: &Words<'_>) -> String {
    let base = last.split_once("ActiveRecord::Migration").map_or("", |(_, rest)| rest);
    let base = base.split(char::is_whitespace).next().filter(|b| b.starts_with('[')).unwrap_or_default();
    let camel = |text: &str| {
        let mut letters = text.chars();
        letters.next().map(|c| c.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let joined = format!("add_index_{}_on_{}", words.table, words.columns.join("_and_"));
    let class: String = joined.split('_').map(camel).collect();
    let columns = match words.columns {
        [one] => format!(":{one}"),
        many => format!("[{}]", many.iter().map(|c| format!(":{c}")).collect::<Vec<_>>().join(", ")),
    };
    let (first, how) = match words.alone {
        true => ("  disable_ddl_transaction!\n\n", ", algorithm: :concurrently"),
        false => ("", ""),
    };
    format!(
        "class {class} < ActiveRecord::Migration{base}\n{first}  def change\n    add_index :{}, {columns}{how}\n  end\nend\n",
        words.table
    )
}

fn knex(extension: &str, words: &Words<'_>) -> String {
    let (ty, export) = match extension {
        "ts" => (": Knex", "export "),
        "mjs" => ("", "export "),
        _ => ("", ""),
    };
    let import = if extension == "ts" { "import type { Knex } from 'knex';\n\n" } else { "" };
    let sql = |text: &str| text.trim_end_matches(';').replace('`', "\\`");
    let (up, down) = (sql(words.up), sql(words.down));
    if export.is_empty() {
        let config = if words.alone { "\nexports.config = { transaction: false };\n" } else { "" };
        return format!(
            "exports.up = (knex) => knex.raw(`{up}`);\n\nexports.down = (knex) => knex.raw(`{down}`);\n{config}"
        );
    }
    let config = if words.alone { "\nexport const config = { transaction: false };\n" } else { "" };
    format!(
        "{import}{export}async function up(knex{ty}) {{\n  await knex.raw(`{up}`);\n}}\n\n{export}async function down(knex{ty}) {{\n  await knex.raw(`{down}`);\n}}\n{config}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_version_sorts_after_the_last() {
        let of = |version: &str| next(version).unwrap_or_default();
        assert_eq!(of("000012"), "000013");
        assert_eq!(of("9"), "10");
        assert_eq!(of("20240131235900"), "20240131235901");
        assert_eq!(of("20240131235959"), "20240131236000", "tools compare numbers");
        assert_eq!(of("2024-01-02-030405"), "2024-01-02-030406");
        assert_eq!(of("1.4.2"), "2");
        assert_eq!(next("abc"), None);
    }

    #[test]
    fn an_index_is_added_in_the_words_of_rails_and_knex() {
        let columns = ["tenant_id".to_owned(), "email".to_owned()];
        let words = Words {
            up: "CREATE INDEX CONCURRENTLY i ON users (tenant_id, email);",
            down: "DROP INDEX CONCURRENTLY i;",
            table: "users",
            columns: &columns,
            alone: true,
        };
        let text = rails("class A < ActiveRecord::Migration[7.1]\n", &words);
        assert_eq!(
            text,
            "class AddIndexUsersOnTenantIdAndEmail < ActiveRecord::Migration[7.1]\n  disable_ddl_transaction!\n\n  def change\n    add_index :users, [:tenant_id, :email], algorithm: :concurrently\n  end\nend\n"
        );
        assert!(knex("js", &words).contains("exports.config = { transaction: false };"));
    }
}
