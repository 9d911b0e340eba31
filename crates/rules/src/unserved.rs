//! What code asks of tables that no index of them serves.

use std::collections::BTreeMap;

use base::{Span, Text, TraceStep};
use model::Model;
use model::accesses::{Does, Question};
use model::guards::words;
use model::schemas::{DatabaseSchema, place_of};
use sql::schema::{IndexRole, Table};
use sql::{Dialect, Name, TypeClass};

use crate::repeated::is_run_by_hand;
use crate::support::{is_production, path};

/// Where a class declares a column, whose library makes the table from it: that is the place to change.
pub fn source_of(model: &Model, table: &Table, column: &str) -> Option<Span> {
    model.stored.all.iter().filter(|s| s.is_made && s.table.name == table.name.name).find_map(|stored| {
        let field = stored.fields.iter().find(|f| f.column.as_deref() == Some(column))?;
        // what a library adds by itself stands at the class
        (field.span != stored.span && is_production(model, field.span)).then_some(field.span)
    })
}

/// How many columns an index that is proposed has at most.
const MAX_COLUMNS: usize = 3;

/// What asks for the same columns of the same table, in order of place.
pub type Unserved<'m> = BTreeMap<(u32, &'m Name, Vec<String>), Vec<&'m Question>>;

/// The columns of tables that production code asks for and no index begins with.
pub fn unserved(model: &Model) -> Unserved<'_> {
    let mut of_table: BTreeMap<(u32, &Name), Vec<(Wanted, &Question)>> = BTreeMap::new();
    for question in &model.questions {
        let access = &model.accesses.all[question.access as usize];
        let database = &model.schemas[question.schema as usize];
        let Some(table) = database.schema.tables.get(&question.table) else { continue };
        let is_page = access.is_limited && access.does == Does::List;
        let is_request = access.function.is_some_and(|f| model.route_served(f).is_some());
        if is_production(model, access.span)
            && (is_request || !is_run_by_hand(path(model, access.span)))
            && let Some(wanted) = wanted(question, database, table, is_request && is_page)
        {
            of_table.entry((question.schema, &question.table)).or_default().push((wanted, question));
        }
    }
    let mut unserved: Unserved<'_> = BTreeMap::new();
    for ((schema, table), asked) in of_table {
        for (columns, question) in together(asked) {
            unserved.entry((schema, table, columns)).or_default().push(question);
        }
    }
    unserved
}

/// The columns that an index would serve a question with.
#[derive(Clone)]
struct Wanted {
    /// Those of equality.
    equal: Vec<String>,
    /// The one of the range or the order, which comes after them.
    then: Option<String>,
}

/// As few indexes as serve all: columns that most ask for come first, and what another index begins with needs none of
/// its own.
fn together(asked: Vec<(Wanted, &Question)>) -> Vec<(Vec<String>, &Question)> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for column in asked.iter().flat_map(|(wanted, _)| &wanted.equal) {
        *uses.entry(column).or_default() += 1;
    }
    let columns = |wanted: &Wanted| {
        let mut columns = wanted.equal.clone();
        columns.sort_by_key(|c| (std::cmp::Reverse(uses.get(c.as_str()).copied()), c.clone()));
        columns.extend(wanted.then.clone());
        columns.truncate(MAX_COLUMNS);
        columns
    };
    let all: Vec<(Vec<String>, &Question)> =
        asked.iter().map(|(wanted, question)| (columns(wanted), *question)).collect();
    let longest = |columns: &Vec<String>| {
        let longer = all.iter().map(|(other, _)| other).filter(|other| other.starts_with(columns));
        longer.max_by_key(|other| (other.len(), std::cmp::Reverse(*other))).cloned()
    };
    all.iter().map(|(columns, question)| (longest(columns).unwrap_or_default(), *question)).collect()
}

/// The columns of an index that would serve a question that none serves now.
fn wanted(question: &Question, database: &DatabaseSchema, table: &Table, is_page: bool) -> Option<Wanted> {
    let dialect = database.schema.dialect;
    if question.is_partly_read || table.temporary || stays_small(table) {
        return None;
    }
    let asked = || question.equal.iter().chain(&question.ranges).chain(question.order.iter().map(|(name, _)| name));
    let begins = |name: &String| {
        let indexes = table.indexes.iter().filter_map(|i| i.columns.first());
        indexes.filter_map(|c| c.column.as_deref()).any(|first| dialect.is_same(first, name))
    };
    if asked().any(begins) {
        return None;
    }
    let tells = |name: &&String| tells_apart(table, name, dialect);
    let mut equal: Vec<String> = question.equal.iter().filter(tells).cloned().collect();
    equal.sort();
    equal.dedup();
    let then = question.ranges.first().or(question.order.first().map(|(name, _)| name)).cloned();
    // a page of rows in an order: without an index all are read and sorted
    let asks_nothing = equal.is_empty() && question.equal.is_empty() && question.ranges.is_empty();
    if asks_nothing && is_page && question.others.is_empty() && table.columns.len() > 3 {
        return then.filter(|t| tells_apart(table, t, dialect)).map(|t| Wanted { equal: Vec::new(), then: Some(t) });
    }
    (!equal.is_empty()).then_some(Wanted { then: then.filter(|t| !equal.contains(t)), equal })
}

/// Where a column is made and where the indexes of its table are: what an index is added beside.
pub fn declarations(model: &Model, database: &DatabaseSchema, table: &Table, columns: &[String]) -> Vec<TraceStep> {
    let column = columns.first().map_or("", String::as_str);
    let made = table.column(column, database.schema.dialect).map_or(table.origin.made, |c| c.origin.made);
    let mut steps = vec![TraceStep {
        span: place_of(&model.sources, made, column),
        message: Text::say("`{}` is made here.", &[column]),
    }];
    let mut add = |span: Span, message: Text| {
        if steps.iter().all(|s| s.span != span) {
            steps.push(TraceStep { span, message });
        }
    };
    let own = table.indexes.iter().filter(|i| i.role == IndexRole::Plain).map(|i| i.origin.made);
    if let Some(last) = own.max_by_key(|place| place_of(&model.sources, *place, "")) {
        add(place_of(&model.sources, last, ""), Text::say("The indexes of `{}` are here.", &[&table.name.name]));
    }
    for stored in model.stored.all.iter().filter(|s| s.table.name == table.name.name) {
        if let Some(field) = stored.fields.iter().find(|f| f.column.as_deref() == Some(column)) {
            add(field.span, Text::say("`{}` is it in the code.", &[field.name.as_str()]));
        }
        if let Some(last) = stored.statements.iter().map(|s| s.range).max_by_key(|r| r.start) {
            let last = Span { file: stored.span.file, start: last.start, end: last.end };
            add(last, Text::say("`{}` says here what its table has.", &[&stored.name]));
        }
    }
    steps
}

/// Whether a table is called after what there is little of.
pub fn stays_small(table: &Table) -> bool {
    const FEW: [&str; 22] = [
        "config",
        "configs",
        "configuration",
        "configurations",
        "setting",
        "settings",
        "option",
        "options",
        "preference",
        "preferences",
        "role",
        "roles",
        "permission",
        "permissions",
        "feature",
        "flags",
        "migrations",
        "country",
        "countries",
        "currency",
        "currencies",
        "plans",
    ];
    let name = table.name.name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let is_of_many = ["user", "users", "account", "member", "customer", "tenant"].iter().any(|w| words.contains(w));
    !is_of_many && words.last().is_some_and(|last| FEW.contains(last))
}

/// Whether the values of a column tell many rows apart: a flag or a state does not.
fn tells_apart(table: &Table, name: &str, dialect: Dialect) -> bool {
    const FEW: [&str; 13] = [
        "status",
        "state",
        "type",
        "kind",
        "role",
        "gender",
        "sex",
        "level",
        "priority",
        "locale",
        "language",
        "currency",
        "visibility",
    ];
    let Some(column) = table.column(name, dialect) else { return false };
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    let is_flag = words.first().is_some_and(|w| matches!(w.as_str(), "is" | "has" | "was" | "can"));
    let is_small = matches!(column.data_type.name.as_str(), "tinyint" | "bit" | "smallint");
    !is_flag
        && !is_small
        && !FEW.contains(&last)
        && !matches!(column.data_type.class(), TypeClass::Boolean | TypeClass::Enum | TypeClass::Json { .. })
}
