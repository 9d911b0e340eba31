//! Running databases: what they said of themselves, the schema that they have, and where findings about them stand.
//!
//! A running database is one more source of a schema: its tables that nothing in the repository declares are judged as
//! all others are. Of tables that the repository declares as well it says what became of them.

use std::{ops::Range, sync::Arc};

use base::{FileId, SourceMap, Span};
use live::{Lines, Snapshot};
use rustc_hash::FxHashSet;
use sql::locks::Server;
use sql::migrations::{Body, Migration, MigrationSet, Tool, TransactionMode};
use sql::schema::Table;
use sql::{Dialect, Name, Schema};

use crate::schemas::{DatabaseSchema, Told, is_of_tools};

/// A running database.
#[derive(Debug)]
pub struct Running {
    /// What it said.
    pub snapshot: Arc<Snapshot>,
    /// The text of it, among the files of the review.
    pub file: FileId,
    /// Where things stand in that text.
    pub lines: Lines,
    /// The schema that it has.
    pub schema: Schema,
}

/// A table of a running database.
#[derive(Clone, Copy, Debug)]
pub struct RunningTable<'r> {
    /// The database.
    pub running: &'r Running,
    /// Its place among the tables of the snapshot.
    pub at: usize,
}

impl<'r> RunningTable<'r> {
    /// What was measured of it.
    pub fn measured(&self) -> &'r live::Table {
        &self.running.snapshot.tables[self.at]
    }

    /// What it is made of; nothing of a table that was locked.
    pub fn made(&self) -> Option<&'r Table> {
        let measured = self.measured();
        self.running.schema.tables.get(&Name::new(&*measured.schema, &*measured.name))
    }

    /// Its name as people say it: with the schema where that is not the usual one.
    pub fn name(&self) -> String {
        let measured = self.measured();
        match measured.schema == self.running.schema.dialect.default_schema() {
            true => measured.name.clone(),
            false => format!("{}.{}", measured.schema, measured.name),
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.running.span(&self.running.lines.tables[self.at])
    }

    /// What was measured of one of its indexes.
    pub fn index(&self, name: &str) -> Option<&'r live::Index> {
        self.measured().indexes.iter().find(|i| i.name == name)
    }

    /// Its indexes with where they stand.
    pub fn indexes(&self) -> impl Iterator<Item = (&'r live::Index, Span)> {
        let running = self.running;
        self.measured().indexes.iter().zip(&running.lines.indexes[self.at]).map(|(i, line)| (i, running.span(line)))
    }
}

impl Running {
    /// Reads what stands in the file of a snapshot.
    pub(crate) fn read(snapshot: Arc<Snapshot>, file: FileId, sources: &SourceMap) -> Self {
        let (_, lines) = live::written(&snapshot);
        let dialect = match snapshot.system {
            live::System::PostgreSql => Dialect::Postgres,
        };
        let schema = set(sources, file, dialect).schema(|_| &*sources.file(file).text, |_| file);
        Self { snapshot, file, lines, schema }
    }

    /// A place in its text.
    pub fn span(&self, line: &Range<u32>) -> Span {
        Span { file: self.file, start: line.start, end: line.end }
    }

    /// Its tables.
    pub fn tables(&self) -> impl Iterator<Item = RunningTable<'_>> {
        (0..self.snapshot.tables.len()).map(|at| RunningTable { running: self, at })
    }

    /// The table of this name; of one without a schema the one in the usual schema, or the only one.
    pub fn table(&self, name: &Name) -> Option<RunningTable<'_>> {
        let usual = self.schema.dialect.default_schema();
        let wanted = name.schema.as_deref().filter(|s| !s.is_empty());
        let named = || self.tables().filter(|t| t.measured().name == name.name);
        let of_schema = |schema: &str| named().find(|t| t.measured().schema == schema);
        match wanted {
            Some(schema) if schema != usual => of_schema(schema),
            _ => of_schema(usual).or_else(|| {
                let mut all = named();
                all.next().filter(|_| all.next().is_none())
            }),
        }
    }

    /// Its schema for rules on schemas, without the tables that the repository declares: those are judged there, and
    /// what this database says of them is evidence. Nothing where it adds nothing.
    pub(crate) fn undeclared(&self, sources: &SourceMap, declared: &[DatabaseSchema]) -> Option<DatabaseSchema> {
        let tables = declared.iter().filter(|d| !d.is_document).flat_map(|d| d.schema.tables.keys());
        let known: FxHashSet<String> = tables.map(|n| n.name.to_lowercase()).collect();
        let mut schema = self.schema.clone();
        schema.tables.retain(|name, _| !known.contains(&name.name.to_lowercase()) && !is_of_tools(&name.name));
        let set = set(sources, self.file, self.schema.dialect);
        (!schema.tables.is_empty()).then(|| DatabaseSchema {
            server: Server { dialect: schema.dialect, major: self.snapshot.server.major as u16 },
            files: vec![self.file],
            new: vec![false],
            set,
            schema,
            told: Told::ByPlace,
            steps: Vec::new(),
            replaced: Vec::new(),
            is_document: false,
        })
    }
}

/// The text as if it were one migration.
fn set(sources: &SourceMap, file: FileId, dialect: Dialect) -> MigrationSet {
    let source = sources.file(file);
    let whole = sql::Range { start: 0, end: source.text.len() as u32 };
    let migration = Migration {
        version: String::new(),
        name: String::new(),
        file: file.0 as usize,
        forward: Body::Sql(vec![whole]),
        is_reversible: false,
        transaction: TransactionMode::None,
        is_repeatable: true,
    };
    MigrationSet { directory: source.path.clone(), tool: Tool::Live, dialect, migrations: vec![migration], dump: None }
}
