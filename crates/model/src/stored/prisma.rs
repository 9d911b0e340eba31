//! Prisma: the models of `schema.prisma`, in one file or in a folder of several.

mod parse;

use std::collections::BTreeMap;

use base::{FileId, FileRole, Span, Symbol};
use ir::Range;
use rustc_hash::FxHashMap;
use sql::{Dialect, Name};

use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::schemas::table::{Column, DESCENDING, Foreign, Key, Table};
use crate::schemas::written::{Written, literal, quoted};
use parse::{Argument, Attribute, Block, Field};

/// A block with its file.
type Placed<'b> = (FileId, &'b Block);

/// Reads every schema.
pub(super) fn read(context: &Context<'_>, known: Dialect) -> Vec<Stored> {
    let mut files: Vec<(FileId, &str, Vec<Block>)> = Vec::new();
    for (id, file) in context.sources.files() {
        if file.path.ends_with(".prisma") && !matches!(file.role, FileRole::Test | FileRole::Example) {
            files.push((id, &file.path, parse::blocks(&file.text)));
        }
    }
    // the folder of the file that names the database holds all of its files
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(f, _)| format!("{f}/"));
    let names_database = |blocks: &[Block]| blocks.iter().any(|b| b.kind == "datasource");
    let roots: Vec<String> = files.iter().filter(|f| names_database(&f.2)).map(|f| folder(f.1)).collect();
    let mut schemas: BTreeMap<String, Vec<Placed<'_>>> = BTreeMap::new();
    for (id, path, blocks) in &files {
        let root = roots.iter().filter(|r| path.starts_with(r.as_str())).max_by_key(|r| r.len());
        let root = root.cloned().unwrap_or_else(|| folder(path));
        schemas.entry(root).or_default().extend(blocks.iter().map(|b| (*id, b)));
    }
    schemas.values().flat_map(|blocks| Schema::new(blocks, known).stored()).collect()
}

struct Schema<'b> {
    blocks: &'b [Placed<'b>],
    named: FxHashMap<&'b str, &'b Block>,
    dialect: Dialect,
    is_document: bool,
    /// Foreign keys are only checked by the client.
    without_foreign_keys: bool,
}

/// `@map`, `@@map`: the name in the database.
fn mapped(attributes: &[Attribute], name: &str) -> String {
    let map = attributes.iter().find(|a| a.name == "map");
    map.and_then(|a| a.first().or_else(|| a.argument("name"))).and_then(Argument::text).unwrap_or(name).to_owned()
}

fn attribute<'f>(attributes: &'f [Attribute], name: &str) -> Option<&'f Attribute> {
    attributes.iter().find(|a| a.name == name)
}

impl<'b> Schema<'b> {
    fn new(blocks: &'b [Placed<'b>], known: Dialect) -> Self {
        let source = blocks.iter().find(|(_, b)| b.kind == "datasource");
        let setting = |name: &str| {
            let (_, block) = source?;
            block.settings.iter().find(|(n, _)| n == name).and_then(|(_, a)| a.text())
        };
        let provider = setting("provider").unwrap_or_default();
        let dialect = match provider {
            "postgresql" | "postgres" | "cockroachdb" => Dialect::Postgres,
            "mysql" => Dialect::MySql,
            "sqlite" => Dialect::Sqlite,
            "sqlserver" => Dialect::SqlServer,
            _ => known,
        };
        Schema {
            blocks,
            named: blocks.iter().map(|(_, b)| (b.name.as_str(), *b)).collect(),
            dialect,
            is_document: provider == "mongodb",
            without_foreign_keys: setting("relationMode") == Some("prisma"),
        }
    }

    fn stored(&self) -> Vec<Stored> {
        let models = || self.blocks.iter().filter(|(_, b)| b.kind == "model");
        let mut found: Vec<Stored> = models().map(|(file, block)| self.model(*file, block)).collect();
        let mut joins: Vec<String> = Vec::new();
        for (file, block) in models() {
            for field in &block.fields {
                found.extend(self.join_table(*file, block, field).filter(|s| {
                    let is_new = !joins.contains(&s.table.name);
                    joins.push(s.table.name.clone());
                    is_new
                }));
            }
        }
        found
    }

    fn table_name(&self, block: &Block) -> String {
        let name = mapped(&block.attributes, &block.name);
        match attribute(&block.attributes, "schema").and_then(|a| a.first()).and_then(Argument::text) {
            Some(schema) if self.dialect == Dialect::Postgres => format!("{schema}.{name}"),
            _ => name,
        }
    }

    fn is_model(&self, ty: &str) -> bool {
        self.named.get(ty).is_some_and(|b| matches!(b.kind.as_str(), "model" | "view"))
    }

    fn columns(&self, block: &Block, names: &[String]) -> Vec<String> {
        let column = |name: &String| {
            let field = block.fields.iter().find(|f| f.name == *name);
            field.map_or_else(|| name.clone(), |f| mapped(&f.attributes, &f.name))
        };
        names.iter().map(column).collect()
    }

    fn model(&self, file: FileId, block: &Block) -> Stored {
        let name = self.table_name(block);
        let mut written = Written::new(self.dialect);
        let table = self.table(block, &name);
        if !table.columns.is_empty() && !self.is_document {
            self.enums(block, &mut written);
            written.create_apart(&table);
        }
        let fields = block.fields.iter().map(|f| StoredField {
            name: Symbol::new(&f.name),
            span: Span::new(file, f.at.start, f.at.end),
            column: (!self.is_model(&f.ty)).then(|| mapped(&f.attributes, &f.name)),
            relation: self.is_model(&f.ty).then(|| StoredRelation { to: f.ty.clone(), is_many: f.is_list, back: None }),
        });
        let bare = name.rsplit_once('.').map(|(schema, bare)| Name::new(schema, bare));
        Stored {
            class: None,
            name: block.name.clone(),
            library: "Prisma",
            span: Span::new(file, block.at.start, block.at.end),
            table: bare.unwrap_or_else(|| Name::bare(&name)),
            is_document: self.is_document,
            is_made: true,
            fields: fields.collect(),
            statements: if self.is_document { Vec::new() } else { written.statements() },
            checked_unique: Vec::new(),
        }
    }

    /// The enums that a model uses first.
    fn enums(&self, block: &Block, written: &mut Written) {
        let is_first = |field: &Field| {
            let mut all = self.blocks.iter().filter(|(_, b)| b.kind == "model").flat_map(|(_, b)| &b.fields);
            all.find(|f| f.ty == field.ty).is_some_and(|f| std::ptr::eq(f, field))
        };
        if self.dialect != Dialect::Postgres {
            return;
        }
        for field in block.fields.iter().filter(|f| is_first(f)) {
            let Some(found) = self.named.get(field.ty.as_str()).filter(|b| b.kind == "enum") else { continue };
            let values: Vec<String> = found.fields.iter().map(|v| literal(&mapped(&v.attributes, &v.name))).collect();
            let name = quoted(self.dialect, &self.table_name(found));
            written.say(&format!("CREATE TYPE {name} AS ENUM ({});\n", values.join(", ")), field.at);
        }
    }

    fn table(&self, block: &Block, name: &str) -> Table {
        let bare = name.rsplit('.').next().unwrap_or(name);
        let mut table = Table { name: name.to_owned(), at: block.at, ..Table::default() };
        let ends = "pkey";
        for field in block.fields.iter().filter(|f| !self.is_model(&f.ty)) {
            let column = self.column(field);
            if let Some(id) = attribute(&field.attributes, "id") {
                let name = id.text("map").map_or_else(|| format!("{bare}_{ends}"), str::to_owned);
                table.primary = Some(Key { name: Some(name), ..Key::index(vec![column.name.clone()], field.at) });
            }
            if let Some(unique) = attribute(&field.attributes, "unique") {
                let made = || self.key_name(bare, std::slice::from_ref(&column.name), "key");
                let name = unique.text("map").map_or_else(made, str::to_owned);
                table.keys.push(Key {
                    name: Some(name),
                    unique: true,
                    ..Key::index(vec![column.name.clone()], field.at)
                });
            }
            table.columns.push(column);
        }
        for given in &block.attributes {
            let listed = given.first().or_else(|| given.argument("fields"));
            let fields = listed.map(Argument::words).unwrap_or_default();
            let names = self.columns(block, &fields);
            let made =
                |end: &str| Some(given.text("map").map_or_else(|| self.key_name(bare, &names, end), str::to_owned));
            let descends = listed.map(Argument::descends).unwrap_or_default();
            let way = |(at, name): (usize, &String)| match descends.get(at) {
                Some(true) => format!("{name}{DESCENDING}"),
                _ => name.clone(),
            };
            let columns: Vec<String> = names.iter().enumerate().map(way).collect();
            match given.name.as_str() {
                "id" => {
                    let name = given.text("map").map_or_else(|| format!("{bare}_{ends}"), str::to_owned);
                    table.primary = Some(Key { name: Some(name), ..Key::index(columns, given.at) });
                }
                "unique" => {
                    table.keys.push(Key { name: made("key"), unique: true, ..Key::index(columns, given.at) });
                }
                "index" | "fulltext" => {
                    let method = match (given.name.as_str(), given.argument("type").and_then(Argument::word)) {
                        ("fulltext", _) => Some("FULLTEXT".to_owned()),
                        (_, word) => word.filter(|w| *w != "BTree").map(str::to_lowercase),
                    };
                    table.keys.push(Key { name: made("idx"), method, ..Key::index(columns, given.at) });
                }
                _ => {}
            }
        }
        if !self.without_foreign_keys {
            table.foreign = block.fields.iter().filter_map(|f| self.foreign(block, bare, f)).collect();
        }
        table
    }

    /// The name of a key; one that is too long loses the end of its middle.
    fn key_name(&self, table: &str, columns: &[String], end: &str) -> String {
        let limit = match self.dialect {
            Dialect::Postgres => 63,
            Dialect::MySql => 64,
            _ => 128,
        };
        let whole = format!("{table}_{}", columns.join("_"));
        let kept: String = whole.chars().take(limit - end.len() - 1).collect();
        format!("{kept}_{end}")
    }

    fn foreign(&self, block: &Block, bare: &str, field: &Field) -> Option<Foreign> {
        let relation = attribute(&field.attributes, "relation")?;
        let fields = relation.argument("fields")?.words();
        let to = self.named.get(field.ty.as_str())?;
        let columns = self.columns(block, &fields);
        let action = |name: &str| {
            relation.argument(name).and_then(Argument::word).map(|w| {
                match w {
                    "Cascade" => "CASCADE",
                    "SetNull" => "SET NULL",
                    "SetDefault" => "SET DEFAULT",
                    "NoAction" => "NO ACTION",
                    _ => "RESTRICT",
                }
                .to_owned()
            })
        };
        let is_optional = fields.iter().any(|n| block.fields.iter().any(|f| f.name == *n && f.is_optional));
        let default = if is_optional { "SET NULL" } else { "RESTRICT" };
        let start = field.at.start;
        Some(Foreign {
            name: Some(relation.text("map").map_or_else(|| self.key_name(bare, &columns, "fkey"), str::to_owned)),
            columns,
            at: Range { start, end: relation.at.end },
            references: self.table_name(to),
            referenced: self.columns(to, &relation.argument("references").map(Argument::words).unwrap_or_default()),
            on_delete: action("onDelete").or_else(|| Some(default.to_owned())),
            on_update: action("onUpdate").or_else(|| Some("CASCADE".to_owned())),
            deferrable: None,
        })
    }

    fn column(&self, field: &Field) -> Column {
        let mut column = Column { name: mapped(&field.attributes, &field.name), at: field.at, ..Column::default() };
        let native = field.attributes.iter().find(|a| a.name.starts_with("db."));
        column.data_type = match (native, &field.unsupported) {
            (Some(native), _) => native_type(self.dialect, native),
            (None, Some(text)) => text.clone(),
            (None, None) => self.scalar(&field.ty),
        };
        column.not_null = !field.is_optional && !field.is_list;
        if let Some(default) = attribute(&field.attributes, "default").and_then(Attribute::first) {
            match default {
                Argument::Call(name, _) if name == "autoincrement" => {
                    crate::schemas::node::typeorm::count(self.dialect, &mut column, true);
                }
                other => column.default = self.default(field, other),
            }
        }
        if field.is_list {
            column.data_type.push_str("[]");
        }
        column
    }

    fn scalar(&self, ty: &str) -> String {
        if let Some(found) = self.named.get(ty).filter(|b| b.kind == "enum") {
            let values = || found.fields.iter().map(|v| literal(&mapped(&v.attributes, &v.name))).collect::<Vec<_>>();
            return match self.dialect {
                Dialect::Postgres => quoted(self.dialect, &self.table_name(found)),
                Dialect::MySql => format!("ENUM({})", values().join(", ")),
                _ => "TEXT".to_owned(),
            };
        }
        let words = match self.dialect {
            Dialect::MySql => [
                "VARCHAR(191)",
                "INTEGER",
                "BIGINT",
                "DOUBLE",
                "DECIMAL(65,30)",
                "BOOLEAN",
                "DATETIME(3)",
                "JSON",
                "LONGBLOB",
            ],
            Dialect::Sqlite => ["TEXT", "INTEGER", "BIGINT", "REAL", "DECIMAL", "BOOLEAN", "DATETIME", "JSONB", "BLOB"],
            Dialect::SqlServer => [
                "NVARCHAR(1000)",
                "INT",
                "BIGINT",
                "FLOAT(53)",
                "DECIMAL(32,16)",
                "BIT",
                "DATETIME2",
                "NVARCHAR(max)",
                "VARBINARY(max)",
            ],
            _ => [
                "TEXT",
                "INTEGER",
                "BIGINT",
                "DOUBLE PRECISION",
                "DECIMAL(65,30)",
                "BOOLEAN",
                "TIMESTAMP(3)",
                "JSONB",
                "BYTEA",
            ],
        };
        let names = ["String", "Int", "BigInt", "Float", "Decimal", "Boolean", "DateTime", "Json", "Bytes"];
        names
            .iter()
            .position(|n| *n == ty)
            .and_then(|at| words.get(at))
            .map_or_else(|| "TEXT".to_owned(), |w| (*w).to_owned())
    }

    /// A default that the database keeps.
    fn default(&self, field: &Field, given: &Argument) -> Option<String> {
        match given {
            Argument::Text(text) => Some(literal(text)),
            Argument::Word(word) => {
                let value = self.named.get(field.ty.as_str()).and_then(|b| b.fields.iter().find(|f| f.name == *word));
                Some(match value {
                    Some(value) => literal(&mapped(&value.attributes, &value.name)),
                    None => word.clone(),
                })
            }
            Argument::Call(name, args) => match name.as_str() {
                "now" => Some("CURRENT_TIMESTAMP".to_owned()),
                "dbgenerated" => args.first().and_then(Argument::text).map(str::to_owned),
                _ => None,
            },
            Argument::List(_) => Some("'{}'".to_owned()),
        }
    }

    /// The table between two lists that lead to each other.
    fn join_table(&self, file: FileId, block: &Block, field: &Field) -> Option<Stored> {
        let relation = |f: &Field| {
            let given = attribute(&f.attributes, "relation")?;
            given.first().or_else(|| given.argument("name")).and_then(Argument::text).map(str::to_owned)
        };
        if !field.is_list || self.is_document {
            return None;
        }
        let to = self.named.get(field.ty.as_str()).filter(|b| b.kind == "model")?;
        let name = relation(field);
        let is_back = |f: &&Field| f.is_list && f.ty == block.name && relation(f) == name && !std::ptr::eq(*f, field);
        to.fields.iter().find(is_back)?;
        let (first, second) = if block.name <= to.name { (block, *to) } else { (*to, block) };
        let table = format!("_{}", name.unwrap_or_else(|| format!("{}To{}", first.name, second.name)));
        let side = |column: &str, block: &Block| {
            let key = block.fields.iter().find(|f| attribute(&f.attributes, "id").is_some())?;
            let mut made = self.column(key);
            made.data_type = match made.data_type.as_str() {
                "serial" => "INTEGER".to_owned(),
                "bigserial" => "BIGINT".to_owned(),
                other => other.to_owned(),
            };
            let column_name = mapped(&key.attributes, &key.name);
            let foreign = Foreign {
                name: Some(format!("{table}_{column}_fkey")),
                columns: vec![column.to_owned()],
                at: field.at,
                references: self.table_name(block),
                referenced: vec![column_name],
                on_delete: Some("CASCADE".to_owned()),
                on_update: Some("CASCADE".to_owned()),
                deferrable: None,
            };
            let plain = Column {
                name: column.to_owned(),
                at: field.at,
                default: None,
                more: String::new(),
                not_null: true,
                ..made
            };
            Some((plain, foreign))
        };
        let ((a, to_a), (b, to_b)) = (side("A", first)?, side("B", second)?);
        let both = vec!["A".to_owned(), "B".to_owned()];
        let made = Table {
            name: table.clone(),
            at: field.at,
            columns: vec![a, b],
            primary: Some(Key { name: Some(format!("{table}_AB_pkey")), ..Key::index(both, field.at) }),
            keys: vec![Key { name: Some(format!("{table}_B_index")), ..Key::index(vec!["B".to_owned()], field.at) }],
            foreign: if self.without_foreign_keys { Vec::new() } else { vec![to_a, to_b] },
            ..Table::default()
        };
        let mut written = Written::new(self.dialect);
        written.create_apart(&made);
        Some(Stored {
            class: None,
            name: table.clone(),
            library: "Prisma",
            span: Span::new(file, field.at.start, field.at.end),
            table: Name::bare(table),
            is_document: false,
            is_made: true,
            fields: Vec::new(),
            statements: written.statements(),
            checked_unique: Vec::new(),
        })
    }
}

/// `@db.VarChar(100)`.
fn native_type(dialect: Dialect, given: &Attribute) -> String {
    let word = given.name.trim_start_matches("db.");
    let args: Vec<&str> = given.args.iter().filter_map(|(_, a)| a.word()).collect();
    let args = if args.is_empty() { String::new() } else { format!("({})", args.join(",")) };
    let plain = match (dialect, word) {
        (_, "Timestamptz") => return format!("TIMESTAMP{args} WITH TIME ZONE"),
        (_, "Timetz") => return format!("TIME{args} WITH TIME ZONE"),
        (Dialect::Postgres, "DoublePrecision") => "DOUBLE PRECISION",
        (Dialect::Postgres, "ByteA") => "BYTEA",
        (Dialect::MySql, word) if word.starts_with("Unsigned") => {
            return format!("{} UNSIGNED", word.trim_start_matches("Unsigned").to_uppercase());
        }
        _ => word,
    };
    format!("{}{args}", plain.to_uppercase())
}
