//! Migrations of Django.
//!
//! `django/order.rs` finds them and puts them in order, `fields.rs`, `meta.rs` and `expressions.rs` read what is
//! written, `operations.rs` carries the operations out over the state of the models (`state.rs`), and `editor.rs` says
//! the statements that Django's schema editor sends, with the names of `names.rs` and the types of `types.rs`.

pub(crate) mod contrib;
mod editor;
mod expressions;
mod fields;
mod meta;
mod names;
mod operations;
mod order;
mod state;
mod types;

use base::Language;
use sql::Dialect;
use sql::migrations::{Body, Migration, MigrationSet, Tool, TransactionMode};

pub(crate) use self::editor::Editor;
pub(crate) use self::fields::Reading;
use self::operations::Run;
use self::order::Node;
pub(crate) use self::order::{app_of, setting, user_model};
pub(crate) use self::state::{Field, Key, Model, State};
use crate::adapters::Context;

/// The migrations of each project.
pub(super) fn sets(context: &Context<'_>, dialect: Dialect) -> Vec<MigrationSet> {
    if !context.program.is_imported("django") {
        return Vec::new();
    }
    let reading = Reading { context, user: order::user_model(context) };
    let projects = order::projects(context, &reading);
    projects.into_iter().map(|(root, nodes)| set(&reading, root, nodes, dialect)).collect()
}

/// The class of keys that Django adds to join tables.
fn join_key(context: &Context<'_>) -> &'static str {
    match order::setting(context, "DEFAULT_AUTO_FIELD") {
        Some(field) if field.ends_with("BigAutoField") => "BigAutoField",
        Some(field) if field.ends_with("SmallAutoField") => "SmallAutoField",
        _ => "AutoField",
    }
}

fn set(reading: &Reading<'_>, root: String, nodes: Vec<Node>, dialect: Dialect) -> MigrationSet {
    let context = reading.context;
    let editor = Editor::new(dialect, true);
    let id = join_key(context);
    let apps: Vec<String> = nodes.iter().map(|n| n.app.clone()).collect();
    let mut run = Run { reading, editor, state: State::default(), id, sends: true, is_reversible: true };
    let mut migrations = Vec::new();
    for node in order::in_order(nodes) {
        let module = context.program.module(node.module);
        debug_assert_eq!(module.language, Language::Python);
        run.editor.file = module.file;
        run.is_reversible = true;
        for ((app, _), range) in &node.dependencies {
            if contrib::APPS.contains(&app.as_str()) && !apps.contains(app) {
                run.editor.at = *range;
                for key in contrib::add(&mut run.state, app, &reading.user, "AutoField") {
                    if let Some(model) = run.state.model(&key).cloned() {
                        run.editor.create_placed(&run.state, &model);
                    }
                }
            }
        }
        for operation in &node.operations {
            run.operation(*operation, &node.app);
        }
        migrations.push(Migration {
            version: node.name.split('_').next().unwrap_or_default().to_owned(),
            name: format!("{}.{}", node.app, node.name),
            file: module.file.0 as usize,
            forward: Body::Statements(run.editor.taken()),
            is_reversible: run.is_reversible,
            transaction: if node.is_atomic { TransactionMode::Whole } else { TransactionMode::None },
            is_repeatable: false,
        });
    }
    let directory = if root.is_empty() { ".".to_owned() } else { root };
    MigrationSet { directory, tool: Tool::Django, dialect, migrations, dump: None }
}
