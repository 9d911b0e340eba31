//! Classes and tables of SQLAlchemy, of Flask-SQLAlchemy and of SQLModel.

use base::{FileRole, Language, Span, Symbol};
use ir::{ExprKind, StmtKind, TypeKind};
use program::{ClassRef, ExprRef, ModuleId};
use rustc_hash::FxHashMap;
use sql::{Dialect, Name};

use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::schemas::sqlalchemy::{Column, Constraint, Maker, Reading};
use crate::schemas::written::UNKNOWN;

/// Reads every mapped class and every table.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    if !["sqlalchemy", "flask_sqlalchemy", "sqlmodel"].iter().any(|l| context.program.is_imported(l)) {
        return Vec::new();
    }
    let reading = Reading::new(context, dialect);
    let convention = crate::schemas::alembic::naming_convention(context);
    let mut tables: Vec<Mapped> = Vec::new();
    for (class, _) in context.program.classes().all() {
        if is_ours(context, class.module) {
            tables.extend(mapped(&reading, class));
        }
    }
    for id in context.modules().filter(|m| is_ours(context, *m)) {
        tables.extend(core_tables(&reading, id));
    }
    let names: FxHashMap<String, String> = tables.iter().map(|t| (t.name.clone(), t.table.clone())).collect();
    let make = |mapped: Mapped| stored(mapped, &names, dialect, &convention, context);
    tables.into_iter().map(make).collect()
}

fn is_ours(context: &Context<'_>, id: ModuleId) -> bool {
    let module = context.program.module(id);
    let path = context.program.path(id);
    module.language == Language::Python
        && !context.is_test(id)
        && !matches!(context.sources.file(module.file).role, FileRole::Test | FileRole::Example)
        && !path.contains("/versions/")
        && !path.contains("migrations/")
}

/// What a class or a table declares.
struct Mapped {
    class: Option<ClassRef>,
    module: ModuleId,
    name: String,
    range: ir::Range,
    table: String,
    columns: Vec<(Symbol, Column)>,
    constraints: Vec<Constraint>,
    /// With whether the class says that it is of many or of one.
    relations: Vec<(Symbol, ir::Range, StoredRelation, bool)>,
    /// Another class makes the table.
    shares: bool,
}

/// Calls that map a member to a column.
const COLUMNS: &[&str] = &["Column", "mapped_column", "Field", "deferred"];

/// A class that is mapped to a table.
fn mapped(reading: &Reading<'_>, class: ClassRef) -> Option<Mapped> {
    let context = reading.context;
    let classes = context.program.classes();
    let item = context.program.class(class);
    let lineage = classes.lineage(class);
    let is_sqlmodel = classes.external_bases(class).iter().any(|b| b.as_str().ends_with("SQLModel"));
    if is_sqlmodel && !is_table_model(reading, class) {
        return None;
    }
    let parent = lineage.iter().skip(1).find(|p| own_table(reading, **p).is_some()).copied();
    let own = own_table(reading, class);
    let is_flask = has_flask_base(reading, &lineage);
    let mut shares = false;
    let table = match own {
        Some(table) => table,
        None => match (base_table(reading, class, &lineage), parent) {
            (_, Some(parent)) if !is_sqlmodel => {
                shares = true;
                own_table(reading, parent)?
            }
            (Some(table), None) => table,
            _ if is_sqlmodel => item.name.as_str().to_lowercase(),
            _ if is_flask => snake(item.name.as_str()),
            _ => return None,
        },
    };
    let mut mapped = Mapped {
        class: Some(classes.canonical(class)),
        module: class.module,
        name: item.name.to_string(),
        range: item.name_range,
        table,
        columns: Vec::new(),
        constraints: Vec::new(),
        relations: Vec::new(),
        shares,
    };
    // a class of another table gives no columns, but its key is inherited
    let beyond: Vec<ClassRef> = match parent {
        Some(parent) if !shares => classes.lineage(parent),
        _ => Vec::new(),
    };
    for part in lineage.iter().rev().filter(|p| !beyond.contains(p)) {
        members(reading, *part, class, is_sqlmodel, &mut mapped);
        table_args(reading, *part, class, &mut mapped);
    }
    if mapped.columns.is_empty() || is_abstract(reading, class) {
        return None;
    }
    let has_key = mapped.columns.iter().any(|(_, c)| c.primary_key)
        || mapped.constraints.iter().any(|c| matches!(c, Constraint::PrimaryKey { .. }));
    // without a key SQLAlchemy refuses the class: what was read is not all of it
    if !has_key {
        mapped.shares = true;
    }
    Some(mapped)
}

/// `class Team(SQLModel, table=True)`: the argument stands between the bases.
fn is_table_model(reading: &Reading<'_>, class: ClassRef) -> bool {
    let module = reading.context.program.module(class.module);
    let item = module.class(class.class);
    let head = ir::Range { start: item.name_range.end, end: (item.name_range.end + 300).min(item.range.end) };
    let text = reading.context.sources.text(module.span(head));
    let head = text.split(':').next().unwrap_or_default();
    head.replace(' ', "").contains("table=True")
}

fn is_abstract(reading: &Reading<'_>, class: ClassRef) -> bool {
    let module = reading.context.program.module(class.module);
    let said = module.class(class.class).fields.iter().find(|f| f.name == "__abstract__").and_then(|f| f.init);
    said.is_some_and(|expr| reading.truth(Some(ExprRef { module: class.module, expr })) == Some(true))
}

/// `__tablename__` of a class itself.
fn own_table(reading: &Reading<'_>, class: ClassRef) -> Option<String> {
    let module = reading.context.program.module(class.module);
    let fields = &module.class(class.class).fields;
    if let Some(said) = fields.iter().find(|f| f.name == "__tablename__").and_then(|f| f.init) {
        return reading.text(ExprRef { module: class.module, expr: said });
    }
    // `__table__ = Table("orders", metadata, …)`
    let table = fields.iter().find(|f| f.name == "__table__").and_then(|f| f.init)?;
    let call = reading.call(reading.resolved(ExprRef { module: class.module, expr: table }))?;
    call.arg(0, "name").and_then(|n| reading.text(n)).filter(|_| call.name == "Table")
}

/// The name that a base's `@declared_attr` makes of the class's.
fn base_table(reading: &Reading<'_>, class: ClassRef, lineage: &[ClassRef]) -> Option<String> {
    let program = reading.context.program;
    let name = program.class(class).name;
    for part in lineage {
        let Some(info) = program.classes().info(*part) else { continue };
        let Some(function) = info.methods.get(&Symbol::new("__tablename__")).and_then(|f| f.first()) else { continue };
        let module = program.module(function.module);
        let mut given =
            module.function(function.function).body.iter().flatten().filter_map(|s| match &module.stmt(*s).kind {
                StmtKind::Return(Some(value)) => Some(*value),
                _ => None,
            });
        let last = given.next_back()?;
        return made_name(reading, ExprRef { module: function.module, expr: last }, name.as_str(), 0);
    }
    None
}

/// What a base makes of a class's name: `cls.__name__.lower() + "s"`, `to_snake(cls.__name__)`.
fn made_name(reading: &Reading<'_>, at: ExprRef, class: &str, depth: usize) -> Option<String> {
    let module = reading.context.program.module(at.module);
    let here = |expr: ir::ExprId| ExprRef { module: at.module, expr };
    if depth > 6 {
        return None;
    }
    match &module.expr(at.expr).kind {
        ExprKind::Member { name, .. } if *name == "__name__" => Some(class.to_owned()),
        ExprKind::Name(_) => match reading.resolved(at) {
            made if made != at => made_name(reading, made, class, depth + 1),
            _ => None,
        },
        ExprKind::Literal(ir::Literal::Str(text)) => Some(text.to_string()),
        ExprKind::Template(parts) => parts
            .iter()
            .map(|part| match part {
                ir::Part::Text(text) => Some(text.to_string()),
                ir::Part::Hole(hole) => made_name(reading, here(*hole), class, depth + 1),
            })
            .collect(),
        ExprKind::Binary { op: ir::BinaryOp::Add, left, right } => {
            let left = made_name(reading, here(*left), class, depth + 1)?;
            Some(left + &made_name(reading, here(*right), class, depth + 1)?)
        }
        ExprKind::Call { .. } => {
            let call = reading.call(at)?;
            let object = call.object.and_then(|o| made_name(reading, o, class, depth + 1));
            match (call.name.as_str(), object) {
                ("lower", Some(text)) => Some(text.to_lowercase()),
                ("upper", Some(text)) => Some(text.to_uppercase()),
                // `re.sub("(?<!^)(?=[A-Z])", "_", cls.__name__)`, a function of the project
                _ => call
                    .positional()
                    .find_map(|a| match &module.expr(a.expr).kind {
                        ExprKind::Literal(_) => None,
                        _ => made_name(reading, a, class, depth + 1),
                    })
                    .map(|text| snake(&text)),
            }
        }
        _ => None,
    }
}

/// `db.Model` of Flask-SQLAlchemy.
fn has_flask_base(reading: &Reading<'_>, lineage: &[ClassRef]) -> bool {
    let program = reading.context.program;
    lineage.iter().any(|part| {
        let module = program.module(part.module);
        module.class(part.class).bases.iter().any(|base| {
            matches!(&module.ty(*base).kind, TypeKind::Named { path, .. } if path.as_str().ends_with("db.Model"))
        })
    }) && program.is_imported("flask_sqlalchemy")
}

/// Flask-SQLAlchemy's name of a table: `UserAPIKey` is `user_api_key`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut made = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|b| letters.get(b));
        let after_small = before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let before_small = at > 0 && letters.get(at + 1).is_some_and(|n| n.is_ascii_lowercase());
        if letter.is_ascii_uppercase() && (after_small || before_small) && !made.ends_with('_') {
            made.push('_');
        }
        made.push(letter.to_ascii_lowercase());
    }
    made
}

/// The columns and relations of one class of the line.
fn members(reading: &Reading<'_>, part: ClassRef, class: ClassRef, is_sqlmodel: bool, mapped: &mut Mapped) {
    let program = reading.context.program;
    let module = program.module(part.module);
    let place = |range: ir::Range| if part.module == class.module { range } else { program.class(class).name_range };
    for field in &module.class(part.class).fields {
        let name = field.name;
        if name.as_str().starts_with("__") {
            continue;
        }
        let init = field.init.map(|expr| ExprRef { module: part.module, expr });
        let call = init.and_then(|i| reading.call(reading.resolved(i)));
        let called = call.as_ref().map(|c| c.name.as_str()).unwrap_or_default();
        if matches!(called, "relationship" | "Relationship" | "dynamic_loader") {
            let to = call.as_ref().and_then(|c| c.arg(0, "argument")).and_then(|a| reading.column_named(a));
            if let Some((to, is_many)) = related(reading, part.module, field.ty, to) {
                let said = |wanted: &str| call.as_ref().and_then(|c| c.named(wanted));
                let of_list = said("uselist").and_then(|u| reading.truth(Some(u)));
                let back = said("backref").and_then(|b| back(reading, b));
                let is_said = of_list.is_some() || field.ty.is_some();
                let relation = StoredRelation { to, is_many: of_list.unwrap_or(is_many), back };
                mapped.relations.push((name, place(field.range), relation, is_said));
            }
            continue;
        }
        let is_mapped = || call.is_none() && is_mapped_annotation(reading, part.module, field.ty, is_sqlmodel);
        if !(COLUMNS.contains(&called) || is_mapped()) {
            continue;
        }
        let Some(mut column) = column(reading, part.module, field, init, is_sqlmodel) else { continue };
        column.range = place(field.range);
        column.foreign_keys.iter_mut().for_each(|f| f.range = place(field.range));
        mapped.columns.retain(|(n, _)| *n != name);
        mapped.columns.push((name, column));
    }
    for (name, column) in declared_columns(reading, part) {
        let column = Column { range: program.class(class).name_range, ..column };
        if !mapped.columns.iter().any(|(n, _)| *n == name) {
            mapped.columns.push((name, column));
        }
    }
}

/// Columns that methods under `@declared_attr` give.
fn declared_columns(reading: &Reading<'_>, part: ClassRef) -> Vec<(Symbol, Column)> {
    let program = reading.context.program;
    let module = program.module(part.module);
    let of = |id: &ir::FunctionId| {
        let function = module.function(*id);
        let name = function.name.filter(|n| !n.as_str().starts_with("__"))?;
        let is_declared = function.annotations.iter().any(|a| {
            let text = reading.context.sources.text(module.expr_span(*a));
            text.contains("declared_attr")
        });
        let given = function.body.iter().flatten().find_map(|s| match &module.stmt(*s).kind {
            StmtKind::Return(Some(value)) => Some(*value),
            _ => None,
        });
        let mut column = reading.column(ExprRef { module: part.module, expr: given.filter(|_| is_declared)? })?;
        if column.name.is_empty() {
            column.name = name.to_string();
        }
        let range = column.range;
        column.foreign_keys.iter_mut().for_each(|f| f.range = range);
        Some((name, column))
    };
    module.class(part.class).methods.iter().filter_map(of).collect()
}

/// Whether a member without a value is a column: `name: Mapped[str]`, any of SQLModel.
fn is_mapped_annotation(reading: &Reading<'_>, module: ModuleId, ty: Option<ir::TypeId>, is_sqlmodel: bool) -> bool {
    let Some(ty) = ty else { return false };
    match &reading.context.program.module(module).ty(ty).kind {
        TypeKind::Named { path, args } => {
            let last = path.as_str().rsplit('.').next().unwrap_or_default();
            if last == "ClassVar" {
                return false;
            }
            last == "Mapped" && reading.annotated(module, ty).is_some() && !args.is_empty()
                || is_sqlmodel && reading.annotated(module, ty).is_some()
        }
        _ => is_sqlmodel && reading.annotated(module, ty).is_some(),
    }
}

/// A column of a member, with what its annotation says.
fn column(
    reading: &Reading<'_>,
    module: ModuleId,
    field: &ir::Field,
    init: Option<ExprRef>,
    is_sqlmodel: bool,
) -> Option<Column> {
    let annotated = field.ty.and_then(|t| reading.annotated(module, t));
    let call = init.and_then(|i| reading.call(reading.resolved(i)));
    let is_field = call.as_ref().is_some_and(|c| c.name == "Field");
    if is_field && !is_sqlmodel {
        return None;
    }
    let mut column = match (&call, is_field) {
        (Some(call), true) => model_field(reading, call)?,
        (Some(_), false) => reading.column(init?)?,
        (None, _) => Column::default(),
    };
    if column.name.is_empty() {
        column.name = field.name.to_string();
    }
    if let Some((of_type, may_miss)) = annotated {
        if column.of_type.text.is_empty() {
            column.of_type = of_type;
        } else if column.of_type.text.starts_with('(') {
            // only a length was said
            column.of_type.text = format!("{}{}", of_type.text, column.of_type.text);
        }
        if column.nullable.is_none() {
            column.nullable = Some(may_miss && !column.primary_key);
        }
    }
    // that of the column that it references, or of an alias
    if column.of_type.text.is_empty() {
        column.of_type.text = UNKNOWN.to_owned();
    }
    Some(column)
}

/// `Field(default=None, foreign_key="team.id", index=True)` of SQLModel.
fn model_field(reading: &Reading<'_>, call: &crate::schemas::sqlalchemy::Call) -> Option<Column> {
    if let Some(column) = call.named("sa_column").and_then(|c| reading.column(c)) {
        return Some(column);
    }
    let flag = |name: &str| reading.truth(call.named(name));
    let mut column = Column { range: reading.range(call.at), ..Column::default() };
    column.primary_key = flag("primary_key").unwrap_or(false);
    column.unique = flag("unique").unwrap_or(false);
    column.index = flag("index").unwrap_or(false);
    column.nullable = flag("nullable");
    if let Some(of_type) = call.named("sa_type").and_then(|t| reading.column_type(t)) {
        column.of_type = of_type;
    } else if let Some(length) = reading.number(call.named("max_length")) {
        column.of_type.text = format!("({length})");
    }
    if let Some(target) = call.named("foreign_key").and_then(|f| reading.text(f)) {
        let (table, referenced) = target.rsplit_once('.')?;
        let action = call.named("ondelete").and_then(|a| reading.text(a));
        column.foreign_keys.push(crate::schemas::sqlalchemy::ForeignKey {
            table: table.to_owned(),
            referenced: vec![referenced.to_owned()],
            clauses: action.map_or(String::new(), |a| format!(" ON DELETE {a}")),
            range: column.range,
            ..Default::default()
        });
    }
    Some(column)
}

/// What a relation leads to: by its argument, or by the annotation `Mapped[list["Order"]]`.
fn related(
    reading: &Reading<'_>,
    module: ModuleId,
    ty: Option<ir::TypeId>,
    to: Option<String>,
) -> Option<(String, bool)> {
    let ir = reading.context.program.module(module);
    let text = ty.map(|t| reading.context.sources.text(ir.span(ir.ty(t).range))).unwrap_or_default();
    let lists = ["list[", "List[", "set[", "Set[", "Sequence[", "Collection[", "WriteOnlyMapped[", "DynamicMapped["];
    let is_many = lists.iter().any(|l| text.contains(l));
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    if let Some(to) = to {
        return Some((last(&to), is_many));
    }
    let inner = text.split('[').next_back().unwrap_or(text);
    let inner = inner.split(']').next().unwrap_or(inner).split('|').next().unwrap_or(inner);
    let name = inner.trim().trim_matches(['"', '\'']).trim();
    (!name.is_empty()).then(|| (last(name), is_many))
}

/// `backref="orders"`, `backref=backref("orders", …)`
fn back(reading: &Reading<'_>, at: ExprRef) -> Option<(Symbol, bool)> {
    let named = match reading.call(at) {
        Some(call) => call.arg(0, "name")?,
        None => at,
    };
    Some((Symbol::new(&reading.text(named)?), true))
}

/// `__table_args__ = (UniqueConstraint(…), Index(…), {"schema": "app"})`
fn table_args(reading: &Reading<'_>, part: ClassRef, class: ClassRef, mapped: &mut Mapped) {
    let program = reading.context.program;
    let module = program.module(part.module);
    let item = module.class(part.class);
    let by_field = item.fields.iter().find(|f| f.name == "__table_args__").and_then(|f| f.init);
    let by_method = || {
        let info = program.classes().info(part)?;
        let function = info.methods.get(&Symbol::new("__table_args__"))?.first()?;
        let module = program.module(function.module);
        module.function(function.function).body.iter().flatten().find_map(|s| match &module.stmt(*s).kind {
            StmtKind::Return(Some(value)) => Some(*value),
            _ => None,
        })
    };
    let Some(args) = by_field.or_else(by_method) else { return };
    let args = ExprRef { module: part.module, expr: args };
    let made = reading.resolved(args);
    let mut parts = reading.items(made);
    parts.push(made);
    for at in parts {
        if let Some(schema) = reading.context.entry(reading.resolved(at), "schema").and_then(|s| reading.text(s)) {
            if !mapped.table.contains('.') {
                mapped.table = format!("{schema}.{}", mapped.table);
            }
            continue;
        }
        if let Some(mut constraint) = reading.constraint(at) {
            if part.module != class.module {
                place_constraint(&mut constraint, program.class(class).name_range);
            }
            mapped.constraints.push(constraint);
        }
    }
}

fn place_constraint(constraint: &mut Constraint, at: ir::Range) {
    match constraint {
        Constraint::PrimaryKey { range, .. } | Constraint::Unique { range, .. } | Constraint::Check { range, .. } => {
            *range = at
        }
        Constraint::Foreign(foreign) => foreign.range = at,
        Constraint::Index(index) => index.range = at,
    }
}

/// `orders = Table("orders", metadata, Column("id", Integer, primary_key=True))`
fn core_tables(reading: &Reading<'_>, id: ModuleId) -> Vec<Mapped> {
    let module = reading.context.program.module(id);
    let of = |stmt: &ir::StmtId| {
        let StmtKind::Assign { target, value: Some(value), .. } = &module.stmt(*stmt).kind else { return None };
        let ExprKind::Name(name) = &module.expr(*target).kind else { return None };
        let call = reading.call(ExprRef { module: id, expr: *value }).filter(|c| c.name == "Table")?;
        let table = call.arg(0, "name").and_then(|n| reading.text(n))?;
        let table = match call.named("schema").and_then(|s| reading.text(s)) {
            Some(schema) => format!("{schema}.{table}"),
            None => table,
        };
        let (mut columns, mut constraints) = (Vec::new(), Vec::new());
        for part in call.positional().skip(2) {
            if let Some(column) = reading.column(part) {
                columns.push((Symbol::new(&column.name), column));
            } else if let Some(constraint) = reading.constraint(part) {
                constraints.push(constraint);
            }
        }
        (!columns.is_empty()).then(|| Mapped {
            class: None,
            module: id,
            name: name.to_string(),
            range: module.expr(*target).range,
            table,
            // without any key it may only say how a table is asked that another program makes
            shares: !constraints.iter().any(|c| !matches!(c, Constraint::Index(_)))
                && !columns.iter().any(|(_, c)| c.primary_key || c.unique || !c.foreign_keys.is_empty()),
            columns,
            constraints,
            relations: Vec::new(),
        })
    };
    module.body.iter().filter_map(of).collect()
}

fn stored(
    mut mapped: Mapped,
    names: &FxHashMap<String, String>,
    dialect: Dialect,
    convention: &[(String, String)],
    context: &Context<'_>,
) -> Stored {
    let file = context.program.module(mapped.module).file;
    let span = |range: ir::Range| Span::new(file, range.start, range.end);
    // columns that constraints name are those of members
    let by_member: FxHashMap<String, String> =
        mapped.columns.iter().map(|(member, column)| (member.to_string(), column.name.clone())).collect();
    for (_, column) in &mut mapped.columns {
        for foreign in &mut column.foreign_keys {
            if let Some(table) = names.get(&foreign.table) {
                foreign.table.clone_from(table);
            }
        }
    }
    for constraint in &mut mapped.constraints {
        let rename = |columns: &mut Vec<String>| {
            for column in columns.iter_mut() {
                if let Some(own) = by_member.get(column) {
                    column.clone_from(own);
                }
            }
        };
        match constraint {
            Constraint::PrimaryKey { columns, .. } | Constraint::Unique { columns, .. } => rename(columns),
            Constraint::Foreign(foreign) => rename(&mut foreign.columns),
            _ => {}
        }
    }
    let mut maker = Maker::new(dialect, convention.to_vec());
    maker.file = file;
    maker.at = mapped.range;
    if !mapped.shares {
        let columns: Vec<Column> = mapped.columns.iter().map(|(_, c)| c.clone()).collect();
        maker.create_table(&mapped.table, &columns, &mapped.constraints, false);
    }
    let mut fields: Vec<StoredField> = Vec::new();
    for (name, column) in &mapped.columns {
        let column_name = Some(column.name.clone());
        fields.push(StoredField { name: *name, span: span(column.range), column: column_name, relation: None });
    }
    for (name, range, mut relation, is_said) in mapped.relations {
        // a class without a key to the other has many of it
        let table = names.get(&relation.to).unwrap_or(&relation.to);
        let of_columns = mapped.columns.iter().flat_map(|(_, c)| &c.foreign_keys);
        let of_table = mapped.constraints.iter().filter_map(|c| match c {
            Constraint::Foreign(foreign) => Some(foreign),
            _ => None,
        });
        let has_key = of_columns.chain(of_table).any(|f| f.table == *table);
        if !is_said {
            relation.is_many = !has_key;
        }
        if let Some((_, is_many)) = &mut relation.back {
            *is_many = has_key;
        }
        fields.push(StoredField { name, span: span(range), column: None, relation: Some(relation) });
    }
    let table = match mapped.table.split_once('.') {
        Some((schema, table)) => Name::new(schema, table),
        None => Name::bare(mapped.table),
    };
    Stored {
        class: mapped.class,
        name: mapped.name,
        library: "SQLAlchemy",
        span: span(mapped.range),
        table,
        is_document: false,
        is_made: true,
        fields,
        statements: maker.taken(),
        checked_unique: Vec::new(),
    }
}
