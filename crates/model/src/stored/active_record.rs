//! Active Record: which classes are records, their tables, what they belong to, and what they alone keep unique.
//!
//! Columns are not written in the classes: they come from the schema.

use base::{FileRole, Language, Span, Symbol};
use ir::{Arg, Block, ClassKind, ExprId, ExprKind, Literal, StmtKind, TypeKind};
use program::{ClassInfo, ClassRef, ExprRef, ModuleId};
use rustc_hash::FxHashMap;
use sql::{Dialect, Name};

use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::inflections::Inflections;

/// Every record of the repository.
pub(super) fn read(context: &Context<'_>, _: Dialect) -> Vec<Stored> {
    let program = context.program;
    let classes: Vec<(ClassRef, &ClassInfo)> = program.classes().all();
    let is_ours = |class: ClassRef| {
        let module = program.module(class.module);
        module.language == Language::Ruby
            && !matches!(
                context.sources.file(module.file).role,
                FileRole::Test | FileRole::Migration | FileRole::Example
            )
    };
    let records: Vec<ClassRef> = classes
        .iter()
        .filter(|(class, info)| is_ours(*class) && is_record(context, *class, info))
        .map(|(c, _)| *c)
        .collect();
    if records.is_empty() {
        return Vec::new();
    }
    let reader = Reader { context, words: Inflections::read(context), prefixes: prefixes(context, &classes) };
    records.into_iter().filter_map(|class| reader.record(class)).collect()
}

/// Whether a class descends from the base of all records.
fn is_record(context: &Context<'_>, class: ClassRef, info: &ClassInfo) -> bool {
    let program = context.program;
    let item = program.class(class);
    if item.kind != ClassKind::Class || info.bases.is_empty() && item.bases.is_empty() {
        return false;
    }
    let named = |name: &str| matches!(name.trim_start_matches('.'), "ActiveRecord.Base" | "ApplicationRecord");
    // a project that adds to the library's own module hides it: then what is written counts
    let written = |class: &ClassRef| {
        let module = program.module(class.module);
        let base = program.class(*class).bases.first().map(|b| &module.ty(*b).kind);
        matches!(base, Some(TypeKind::Named { path, .. }) if named(path.as_str()))
    };
    program.classes().external_bases(class).iter().any(|b| named(b.as_str()))
        || program.classes().lineage(class).iter().any(written)
}

/// Prefixes of tables by namespace: `def self.table_name_prefix` and `isolate_namespace`.
fn prefixes(context: &Context<'_>, classes: &[(ClassRef, &ClassInfo)]) -> FxHashMap<String, String> {
    let program = context.program;
    let mut found = FxHashMap::default();
    let words = Inflections::default();
    for id in context.modules().filter(|m| program.path(*m).ends_with("engine.rb")) {
        let module = program.module(id);
        for (_, expr) in module.exprs() {
            let ExprKind::Call { callee, args, .. } = &expr.kind else { continue };
            if !matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == "isolate_namespace") {
                continue;
            }
            if let Some(namespace) = args.first().and_then(|a| module.dotted(a.value)) {
                let prefix: Vec<String> = namespace.split('.').map(|part| words.underscored(part)).collect();
                found.insert(namespace, format!("{}_", prefix.join("_")));
            }
        }
    }
    let name = Symbol::new("table_name_prefix");
    for (_, info) in classes {
        let Some(method) = info.methods.get(&name).and_then(|m| m.first()) else { continue };
        let module = program.module(method.module);
        let body = module.function(method.function).body.as_ref();
        let Some(StmtKind::Return(Some(value))) = body.and_then(|b| b.last()).map(|s| &module.stmt(*s).kind) else {
            continue;
        };
        if let (Some(prefix), Some(full)) =
            (context.string(ExprRef { module: method.module, expr: *value }), info.full_name)
        {
            found.insert(full.to_string(), prefix.to_string());
        }
    }
    found
}

struct Reader<'a> {
    context: &'a Context<'a>,
    words: Inflections,
    prefixes: FxHashMap<String, String>,
}

/// A call in the body of a class.
#[derive(Clone, Copy)]
struct Declared<'a> {
    module: ModuleId,
    call: ExprId,
    name: &'a str,
    args: &'a [Arg],
    /// Within `with_options if: …`.
    is_conditional: bool,
}

impl Reader<'_> {
    fn record(&self, class: ClassRef) -> Option<Stored> {
        let program = self.context.program;
        if self.is_abstract(class) {
            return None;
        }
        // single-table inheritance: the classes down to the one that has the table
        let lineage = program.classes().lineage(class);
        let is_class = |c: &&ClassRef| program.class(**c).kind == ClassKind::Class;
        let line: Vec<ClassRef> =
            lineage.iter().filter(is_class).copied().take_while(|c| *c == class || self.is_concrete(*c)).collect();
        let base = *line.last()?;
        let table = line.iter().find_map(|c| self.written_table(*c)).unwrap_or_else(|| self.table_of(base));
        let declared = self.declared(&lineage);
        let fields: Vec<StoredField> = declared.iter().flat_map(|d| self.fields(d)).collect();
        // what a kind of row keeps unique holds among these rows only
        let checked_unique = match base == class {
            true => declared.iter().flat_map(|d| self.unique(d, &fields)).collect(),
            false => Vec::new(),
        };
        let item = program.class(class);
        let name = item.name.as_str().rsplit('.').next().unwrap_or_default().to_owned();
        let span = program.module(class.module).span(item.name_range);
        let table = match table.split_once('.') {
            Some((schema, table)) => Name::new(schema, table),
            None => Name::bare(table),
        };
        Some(Stored {
            class: Some(class),
            name,
            library: "Active Record",
            span,
            table,
            is_document: false,
            is_made: false,
            fields,
            statements: Vec::new(),
            checked_unique,
        })
    }

    fn is_concrete(&self, class: ClassRef) -> bool {
        let program = self.context.program;
        let info = program.classes().info(class);
        program.class(class).name != "ApplicationRecord"
            && info.is_some_and(|i| is_record(self.context, class, i))
            && !self.is_abstract(class)
    }

    fn is_abstract(&self, class: ClassRef) -> bool {
        self.assigned(class, "abstract_class").is_some_and(|(module, value)| {
            matches!(self.context.program.module(module).expr(value).kind, ExprKind::Literal(Literal::Bool(true)))
        }) || self.context.program.class(class).name == "ApplicationRecord"
            || self.declared(&[class]).iter().any(|d| d.name == "primary_abstract_class")
    }

    /// What the body of a class assigns to a property of its own: `self.table_name = "orders"`.
    fn assigned(&self, class: ClassRef, property: &str) -> Option<(ModuleId, ExprId)> {
        let program = self.context.program;
        let info = program.classes().info(class)?;
        info.parts.iter().find_map(|part| {
            let module = program.module(part.module);
            program.class(*part).body.iter().find_map(|s| {
                let (target, value) = match &module.stmt(*s).kind {
                    StmtKind::Assign { target, value: Some(value), .. } => (*target, *value),
                    _ => return None,
                };
                let ExprKind::Member { object, name, .. } = &module.expr(target).kind else { return None };
                let is_own = matches!(module.expr(*object).kind, ExprKind::This);
                (is_own && *name == property).then_some((part.module, value))
            })
        })
    }

    fn written_table(&self, class: ClassRef) -> Option<String> {
        let (id, expr) = self.assigned(class, "table_name")?;
        let module = self.context.program.module(id);
        // `"#{table_name_prefix}users#{table_name_suffix}"`, where both are empty as a rule
        let ExprKind::Template(parts) = &module.expr(expr).kind else {
            return self.context.string(ExprRef { module: id, expr }).map(|s| s.to_string());
        };
        let part = |part: &ir::Part| match part {
            ir::Part::Text(text) => Some(text.to_string()),
            ir::Part::Hole(hole) => match &module.expr(*hole).kind {
                ExprKind::Call { callee, .. } => {
                    let named = |n: &Symbol| matches!(n.as_str(), "table_name_prefix" | "table_name_suffix");
                    matches!(&module.expr(*callee).kind, ExprKind::Name(n) if named(n)).then(String::new)
                }
                _ => self.context.string(ExprRef { module: id, expr: *hole }).map(|s| s.to_string()),
            },
        };
        parts.iter().map(part).collect()
    }

    /// The table of a class by its name and what is around it.
    fn table_of(&self, class: ClassRef) -> String {
        let program = self.context.program;
        let full = program.classes().info(class).and_then(|i| i.full_name).map(|n| n.to_string()).unwrap_or_default();
        let (around, name) = full.rsplit_once('.').unwrap_or(("", &full));
        let plural = self.words.plural(&self.words.underscored(name));
        // a record within a record is named after both
        let outer = program.classes().all().into_iter().find(|(c, info)| {
            !around.is_empty()
                && info.full_name.is_some_and(|n| n == around)
                && program.class(*c).kind == ClassKind::Class
                && self.is_concrete(*c)
        });
        if let Some((outer, _)) = outer {
            return format!("{}_{plural}", self.words.singular(&self.table_of(outer)));
        }
        let mut at = around;
        while !at.is_empty() {
            if let Some(prefix) = self.prefixes.get(at) {
                return format!("{prefix}{plural}");
            }
            at = at.rsplit_once('.').map_or("", |(above, _)| above);
        }
        let bases = program.classes().lineage(class);
        let prefix = bases.iter().find_map(|c| {
            let (module, expr) = self.assigned(*c, "table_name_prefix")?;
            self.context.string(ExprRef { module, expr })
        });
        format!("{}{plural}", prefix.map_or(String::new(), |p| p.to_string()))
    }

    /// The calls in the bodies of classes, and in what the concerns among them put there.
    fn declared(&self, lineage: &[ClassRef]) -> Vec<Declared<'_>> {
        let program = self.context.program;
        let mut found = Vec::new();
        for class in lineage {
            let parts = program.classes().info(*class).map_or(&[][..], |i| i.parts.as_slice());
            for part in parts {
                let item = program.class(*part);
                let is_concern = item.kind == ClassKind::Module;
                self.calls(part.module, &item.body, is_concern, false, &mut found);
            }
        }
        found
    }

    fn calls<'s>(
        &'s self,
        id: ModuleId,
        block: &Block,
        only_included: bool,
        is_conditional: bool,
        found: &mut Vec<Declared<'s>>,
    ) {
        let module = self.context.program.module(id);
        for stmt in block {
            let (StmtKind::Expr(e) | StmtKind::Return(Some(e))) = &module.stmt(*stmt).kind else { continue };
            let ExprKind::Call { callee, args, block, .. } = &module.expr(*e).kind else { continue };
            let name = match &module.expr(*callee).kind {
                ExprKind::Name(name) => name.as_str(),
                // `with_options(…) do |given| given.validates …`
                ExprKind::Member { object, name, .. } if matches!(module.expr(*object).kind, ExprKind::Name(_)) => {
                    name.as_str()
                }
                _ => continue,
            };
            let inner = block.and_then(|b| module.function(b).body.as_ref());
            match (name, inner) {
                ("included" | "prepended", Some(inner)) => self.calls(id, inner, false, is_conditional, found),
                _ if only_included => {}
                ("with_options", Some(inner)) => {
                    let conditional = args.iter().any(|a| a.name.is_some_and(|n| is_condition(n.as_str())));
                    self.calls(id, inner, false, is_conditional || conditional, found);
                }
                _ => found.push(Declared { module: id, call: *e, name, args, is_conditional }),
            }
        }
    }

    fn fields(&self, declared: &Declared<'_>) -> Vec<StoredField> {
        let is_many = match declared.name {
            "belongs_to" | "has_one" | "belongs_to_polymorphic" => false,
            "has_many" | "has_and_belongs_to_many" => true,
            _ => return Vec::new(),
        };
        let module = self.context.program.module(declared.module);
        let Some(first) = declared.args.first().filter(|a| a.name.is_none()) else { return Vec::new() };
        let Some(name) = module.string(first.value) else { return Vec::new() };
        let span = module.expr_span(first.value);
        let option = |wanted: &str| self.option(declared, wanted);
        let text = |wanted: &str| option(wanted).and_then(|o| self.context.string(o)).map(|s| s.to_string());
        let is_polymorphic = option("polymorphic").is_some();
        let to = text("class_name").unwrap_or_else(|| {
            let one = if is_many { self.words.singular(name.as_str()) } else { name.to_string() };
            self.words.camelized(&one)
        });
        let to = to.rsplit([':', '.']).next().unwrap_or_default().to_owned();
        let belongs = declared.name == "belongs_to";
        let column = belongs.then(|| text("foreign_key").unwrap_or_else(|| format!("{name}_id")));
        let relation = (!is_polymorphic).then_some(StoredRelation { to, is_many, back: None });
        let mut made = vec![StoredField { name, span, column, relation }];
        if belongs && is_polymorphic {
            let column = text("foreign_type").unwrap_or_else(|| format!("{name}_type"));
            made.push(StoredField { name: Symbol::new(&column), span, column: Some(column.clone()), relation: None });
        }
        made
    }

    fn option(&self, declared: &Declared<'_>, name: &str) -> Option<ExprRef> {
        let arg = declared.args.iter().find(|a| a.name.is_some_and(|n| n == name))?;
        Some(ExprRef { module: declared.module, expr: arg.value })
    }

    /// Sets of columns that a validation keeps unique, where it holds for all rows.
    fn unique(&self, declared: &Declared<'_>, fields: &[StoredField]) -> Vec<(Vec<String>, Span)> {
        let module = self.context.program.module(declared.module);
        let options: Vec<(String, ExprId)> = match declared.name {
            "validates" => {
                let Some(value) = self.option(declared, "uniqueness") else { return Vec::new() };
                let around = declared.args.iter().filter_map(|a| Some((a.name?.to_string(), a.value)));
                let mut options: Vec<(String, ExprId)> = around.filter(|(n, _)| is_condition(n)).collect();
                match &module.expr(value.expr).kind {
                    ExprKind::Map(entries) => {
                        let own = entries.iter().filter_map(|e| Some((module.string(e.key?)?.to_string(), e.value)));
                        options.extend(own);
                    }
                    ExprKind::Literal(Literal::Bool(true)) => {}
                    _ => return Vec::new(),
                }
                options
            }
            "validates_uniqueness_of" => {
                declared.args.iter().filter_map(|a| Some((a.name?.to_string(), a.value))).collect()
            }
            _ => return Vec::new(),
        };
        if declared.is_conditional || options.iter().any(|(n, value)| self.restricts(declared.module, n, *value)) {
            return Vec::new();
        }
        let column = |name: &str| {
            let field = fields.iter().find(|f| f.name == name);
            field.and_then(|f| f.column.clone()).unwrap_or_else(|| name.to_owned())
        };
        let mut scope = Vec::new();
        if let Some((_, value)) = options.iter().find(|(n, _)| n == "scope") {
            let Some(names) = self.names(declared.module, *value) else { return Vec::new() };
            for name in names {
                scope.push(column(&name));
                // a relation to rows of many tables is two columns
                let with_type = format!("{name}_type");
                if fields.iter().any(|f| f.name == with_type.as_str()) {
                    scope.push(with_type);
                }
            }
        }
        let attributes = declared.args.iter().filter(|a| a.name.is_none()).filter_map(|a| module.string(a.value));
        let span = module.expr_span(declared.call);
        attributes
            .map(|name| {
                let mut columns = vec![column(name.as_str())];
                columns.extend(scope.iter().cloned());
                columns.dedup();
                (columns, span)
            })
            .collect()
    }

    /// Whether an option of a validation makes it hold for some rows only. That a column has changed, or holds
    /// something, is no such restriction.
    fn restricts(&self, module: ModuleId, name: &str, value: ExprId) -> bool {
        match name {
            "conditions" | "on" => true,
            "if" | "unless" => {
                let said = self.context.string(ExprRef { module, expr: value });
                !said.is_some_and(|s| {
                    let said = s.as_str();
                    name == "if"
                        && (said.ends_with("_changed?")
                            || said.starts_with("will_save_change_to_")
                            || said.ends_with("_present?")
                            || said == "new_record?")
                })
            }
            _ => false,
        }
    }

    /// A name, or a list of names.
    fn names(&self, module: ModuleId, value: ExprId) -> Option<Vec<String>> {
        let at = |expr| ExprRef { module, expr };
        match &self.context.program.module(module).expr(value).kind {
            ExprKind::List(items) => items.iter().map(|i| self.context.string(at(*i)).map(|s| s.to_string())).collect(),
            _ => self.context.string(at(value)).map(|s| vec![s.to_string()]),
        }
    }
}

fn is_condition(name: &str) -> bool {
    matches!(name, "if" | "unless" | "on" | "conditions")
}
