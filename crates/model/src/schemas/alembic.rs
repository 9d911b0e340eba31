//! Migrations of Alembic (and of Flask-Migrate, which is Alembic).
//!
//! `alembic/order.rs` finds the revisions and puts them in order, `alembic/run.rs` walks through `upgrade`, and
//! `alembic/operations.rs` says what each operation sends.

mod operations;
mod order;
mod run;

use sql::Dialect;
use sql::migrations::{Body, Migration, MigrationSet, Tool, TransactionMode};

pub(crate) use self::order::naming_convention;
use self::run::Run;
use super::sqlalchemy::{Maker, Reading};
use crate::adapters::Context;

/// The revisions of each folder.
pub(super) fn sets(context: &Context<'_>, dialect: Dialect) -> Vec<MigrationSet> {
    if !context.program.is_imported("alembic") {
        return Vec::new();
    }
    let convention = naming_convention(context);
    let of = |(directory, revisions): (String, Vec<order::Revision>)| {
        let maker = Maker::new(dialect, convention.clone());
        let mut run = Run::new(Reading::new(context, dialect), maker);
        let mut migrations = Vec::new();
        for revision in order::in_order(revisions) {
            let module = context.program.module(revision.module);
            run.begin(module.file);
            if let Some(upgrade) = revision.upgrade {
                run.function(revision.module, upgrade);
            }
            migrations.push(Migration {
                version: revision.id,
                name: revision.name,
                file: module.file.0 as usize,
                forward: Body::Statements(run.maker.taken()),
                is_reversible: revision.is_reversible,
                transaction: if run.commits { TransactionMode::None } else { TransactionMode::Whole },
                is_repeatable: false,
            });
        }
        MigrationSet { directory, tool: Tool::Alembic, dialect, migrations, dump: None }
    };
    order::folders(context).into_iter().map(of).collect()
}
