//! Classes and definitions whose instances are rows or documents: the models of object-relational mappers and of
//! document stores, with the tables that they stand for.
//!
//! To support a library is to write `stored/<library>.rs` and to name it in [`ALL`]. What is declared here meets what
//! migrations make in [`crate::schemas`], and the accesses of the code by class and by name.

mod active_record;
mod annotated;
mod diesel;
mod django;
mod drizzle;
mod ef_core;
mod gorm;
mod jpa;
mod mongoose;
mod mybatis_plus;
mod naming;
mod prisma;
mod sea_orm;
mod sequelize;
mod spring_mongo;
mod sqlalchemy;
mod table;
mod typeorm;
pub(crate) mod words;
mod xorm;

use base::{Gap, Language, Span, Symbol};
use program::{ClassRef, ExprRef};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use sql::{Dialect, Name, Statement};

use crate::adapters::Context;
use crate::schemas::{apart, caught};

/// Something that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The class; none for what a call defines (`sequelize.define('order', …)`, a model of Prisma).
    pub class: Option<ClassRef>,
    /// Its name in the code: `Order`.
    pub name: String,
    /// The library that stores it, for people: `Django`.
    pub library: &'static str,
    /// Where it is declared: its name.
    pub span: Span,
    /// The table or collection.
    pub table: Name,
    /// It is a document, with indexes and without a schema.
    pub is_document: bool,
    /// The library makes its table, by itself or by the migrations that it writes.
    pub is_made: bool,
    /// What it holds.
    pub fields: Vec<StoredField>,
    /// What the library would make of it: the table with its columns and keys, then its indexes and foreign keys. Empty
    /// where the class does not say its columns (ActiveRecord).
    pub statements: Vec<Statement>,
    /// Sets of columns of which the code alone says that no two rows share their values
    /// (`validates :email, uniqueness: true`), with where.
    pub checked_unique: Vec<(Vec<String>, Span)>,
}

/// A field of something that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredField {
    /// Its name in the code.
    pub name: Symbol,
    /// Where it is declared.
    pub span: Span,
    /// Its column; none for what the table does not hold (a list of other rows).
    pub column: Option<String>,
    /// What it leads to.
    pub relation: Option<StoredRelation>,
}

/// A field that leads to other stored things.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRelation {
    /// The name of what it leads to, in the code.
    pub to: String,
    /// It leads to many.
    pub is_many: bool,
    /// What leads back, where this declares it: its name in the class that this leads to, and whether to many.
    pub back: Option<(Symbol, bool)>,
}

impl Stored {
    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&StoredField> {
        self.fields.iter().find(|f| f.name.as_str() == name)
    }

    /// The column that the code calls by a name: a field's, or the column itself.
    pub fn column_of(&self, name: &str) -> Option<&str> {
        let by_field = self.field(name).and_then(|f| f.column.as_deref());
        by_field.or_else(|| self.fields.iter().filter_map(|f| f.column.as_deref()).find(|c| *c == name))
    }
}

/// All that is stored.
#[derive(Debug, Default)]
pub struct StoredThings {
    /// In order of place.
    pub all: Vec<Stored>,
    of_class: FxHashMap<ClassRef, u32>,
    named: FxHashMap<String, Vec<u32>>,
}

impl StoredThings {
    pub(crate) fn new(mut all: Vec<Stored>) -> Self {
        all.sort_by(|a, b| (a.span, &a.name).cmp(&(b.span, &b.name)));
        let mut made = StoredThings::default();
        for (at, stored) in all.iter().enumerate() {
            if let Some(class) = stored.class {
                made.of_class.entry(class).or_insert(at as u32);
            }
            made.named.entry(stored.name.clone()).or_default().push(at as u32);
        }
        made.all = all;
        made
    }

    /// What a class stores.
    pub fn of_class(&self, class: ClassRef) -> Option<&Stored> {
        self.of_class.get(&class).map(|at| &self.all[*at as usize])
    }

    /// What is stored under a name, where there is only one of it.
    pub fn named(&self, name: &str) -> Option<&Stored> {
        match self.named.get(name)?.as_slice() {
            [at] => Some(&self.all[*at as usize]),
            _ => None,
        }
    }
}

/// A table that code names by a path which a library makes, without a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TablePath {
    /// The table.
    pub table: Symbol,
    /// Columns are named by paths that begin with their table's: `posts::url`.
    pub has_columns: bool,
}

/// The table that an expression is the path of.
pub(crate) fn table_at(context: &Context<'_>, stored: &StoredThings, at: ExprRef) -> Option<TablePath> {
    if context.program.module(at.module).language != Language::Rust {
        return None;
    }
    let by_path = diesel::table_at(context, at).map(|table| TablePath { table, has_columns: true });
    by_path.or_else(|| {
        let table = sea_orm::table_at(context, stored, at)?;
        Some(TablePath { table, has_columns: false })
    })
}

/// One library. It is given the dialect for what it would send.
pub(crate) type Reader = fn(&Context<'_>, Dialect) -> Vec<Stored>;

/// Every library.
pub(crate) const ALL: &[Reader] = &[
    active_record::read,
    diesel::read,
    django::read,
    drizzle::read,
    ef_core::read,
    gorm::read,
    xorm::read,
    jpa::read,
    mongoose::read,
    mybatis_plus::read,
    prisma::read,
    sea_orm::read,
    sequelize::read,
    spring_mongo::read,
    sqlalchemy::read,
    typeorm::read,
];

/// Reads all that is stored, and what could not be.
pub(crate) fn read(context: &Context<'_>, dialect: Dialect) -> (StoredThings, Vec<Gap>) {
    let read = ALL.par_iter().map(|reader| caught("stored classes", || reader(context, dialect))).collect();
    let (found, gaps) = apart(read);
    (StoredThings::new(found.into_iter().flatten().collect()), gaps)
}
