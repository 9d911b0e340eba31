//! Indexes and constraints of `Meta`, as they are written in code.

use program::ExprRef;
use sql::Dialect;

use super::expressions::Expressions;
use super::fields::{Call, Reading};
use super::names::meta_index_name;
use super::state::{Constraint, ConstraintKind, Field, Index, Model};
use crate::constants::Constant;

impl Reading<'_> {
    /// An index over the fields of a model that has this table.
    pub(crate) fn index(&self, at: ExprRef, model: &Model, table: &str) -> Option<Index> {
        let call = self.call(at)?;
        let (method, suffix) = match call.name.as_str() {
            "GinIndex" => ("gin", "gin"),
            "GistIndex" => ("gist", "gist"),
            "BrinIndex" => ("brin", "brin"),
            "HashIndex" => ("hash", "hash"),
            "SpGistIndex" => ("spgist", "spgist"),
            "BTreeIndex" => ("btree", "btree"),
            "BloomIndex" => ("bloom", "bloom"),
            "HnswIndex" => ("hnsw", "hnsw"),
            "IvfflatIndex" => ("ivfflat", "ivfflat"),
            name if name.ends_with("Index") => ("", "idx"),
            _ => return None,
        };
        let expressions = Expressions { reading: self, fields: &model.fields };
        let fields = call.named("fields").map(|f| self.strings(f)).unwrap_or_default();
        let name = call.named("name").and_then(|n| self.string(n));
        let name = name.map(|n| expanded(&n, model));
        let column = |field: &String| match field.strip_prefix('-') {
            Some(field) => format!("-{}", model.column(field)),
            None => model.column(field),
        };
        let own: Vec<String> = fields.iter().map(column).collect();
        Some(Index {
            name: name.unwrap_or_else(|| meta_index_name(table, &own, suffix)),
            expressions: self.elements(&call, &expressions),
            condition: call.named("condition").map(|c| expressions.condition(c)),
            include: call.named("include").map(|i| self.strings(i)).unwrap_or_default(),
            opclasses: call.named("opclasses").map(|o| self.strings(o)).unwrap_or_default(),
            method: method.to_owned(),
            suffix,
            fields,
            range: self.range(at),
        })
    }

    /// Expressions given by position, each with its class of operators.
    fn elements(&self, call: &Call, expressions: &Expressions<'_, '_>) -> Vec<String> {
        let here = |arg: &ir::Arg| ExprRef { module: call.at.module, expr: arg.value };
        let element = |arg: &ir::Arg| {
            let at = here(arg);
            let inner = self.call(at).filter(|c| c.name == "OpClass");
            let class = inner.and_then(|c| c.arg(1, "name")).and_then(|n| self.string(n));
            let text = expressions.expression(at);
            class.map_or(text.clone(), |class| format!("{text} {class}"))
        };
        call.args.iter().filter(|a| a.name.is_none()).map(element).collect()
    }

    /// A constraint over the fields of a model.
    pub(crate) fn constraint(&self, at: ExprRef, model: &Model) -> Option<Constraint> {
        let call = self.call(at)?;
        let name = call.named("name").and_then(|n| self.string(n)).map(|n| expanded(&n, model))?;
        let expressions = Expressions { reading: self, fields: &model.fields };
        let condition = |name: &str| call.named(name).map(|c| expressions.condition(c));
        let strings = |name: &str| call.named(name).map(|i| self.strings(i)).unwrap_or_default();
        let kind = match call.name.as_str() {
            "CheckConstraint" => ConstraintKind::Check(condition("condition").or(condition("check"))?),
            "UniqueConstraint" => {
                let deferrable = call.named("deferrable").and_then(|d| {
                    let module = self.context.program.module(d.module);
                    let dotted = module.dotted(d.expr)?;
                    Some(if dotted.ends_with("IMMEDIATE") {
                        " DEFERRABLE INITIALLY IMMEDIATE"
                    } else {
                        " DEFERRABLE INITIALLY DEFERRED"
                    })
                });
                let nulls = call.named("nulls_distinct").and_then(|n| self.context.constant(n));
                ConstraintKind::Unique {
                    fields: strings("fields"),
                    expressions: self.elements(&call, &expressions),
                    condition: condition("condition"),
                    include: strings("include"),
                    opclasses: strings("opclasses"),
                    deferrable,
                    nulls_not_distinct: nulls == Some(Constant::Bool(false)),
                }
            }
            "ExclusionConstraint" => {
                let element = |at: ExprRef| match self.items(at).as_slice() {
                    [what, operator] => {
                        let module = self.context.program.module(operator.module);
                        let name = module.dotted(operator.expr).unwrap_or_default();
                        let operator = match self.string(*operator).unwrap_or(name).rsplit('.').next() {
                            Some("OVERLAPS") => "&&".to_owned(),
                            Some("EQUAL") => "=".to_owned(),
                            Some("NOT_EQUAL") => "<>".to_owned(),
                            other => other.unwrap_or("=").to_owned(),
                        };
                        Some((expressions.expression(*what), operator))
                    }
                    _ => None,
                };
                let elements = call.named("expressions").map(|e| self.items(e)).unwrap_or_default();
                let method = call.named("index_type").and_then(|m| self.string(m)).unwrap_or_else(|| "gist".to_owned());
                ConstraintKind::Exclude {
                    method: method.to_lowercase(),
                    elements: elements.into_iter().filter_map(element).collect(),
                    condition: condition("condition"),
                }
            }
            _ => ConstraintKind::Unknown,
        };
        Some(Constraint { name, kind, range: self.range(at) })
    }

    /// `[("a", "b"), …]` or one of them alone.
    pub(crate) fn together(&self, at: ExprRef) -> Vec<Vec<String>> {
        let items = self.items(at);
        if items.iter().any(|i| self.string(*i).is_some()) {
            return vec![items.into_iter().filter_map(|i| self.string(i)).collect()];
        }
        items.into_iter().map(|i| self.strings(i)).filter(|f| !f.is_empty()).collect()
    }

    /// An option of `Meta`.
    pub(crate) fn option(
        &self,
        model: &mut Model,
        name: &str,
        value: ExprRef,
        dialect: Dialect,
        state: &super::state::State,
    ) {
        let is = |truth: bool| self.context.constant(value) == Some(Constant::Bool(truth));
        match name {
            "db_table" => model.db_table = self.string(value).filter(|t| !t.is_empty()),
            "managed" => model.is_unmanaged = is(false),
            "proxy" => model.is_proxy = is(true),
            "unique_together" => model.unique_together = self.together(value),
            "index_together" => model.index_together = self.together(value),
            "order_with_respect_to" if self.string(value).is_some() => {
                model.fields.push(Field { range: self.range(value), ..Field::new("_order", "OrderWrt") });
            }
            "indexes" => {
                let table = state.table(&std::sync::Arc::new(model.clone()), dialect);
                let found: Vec<Index> =
                    self.items(value).into_iter().filter_map(|i| self.index(i, model, &table)).collect();
                model.indexes.extend(found);
            }
            "constraints" => {
                let found: Vec<Constraint> =
                    self.items(value).into_iter().filter_map(|i| self.constraint(i, model)).collect();
                model.constraints.extend(found);
            }
            _ => {}
        }
    }
}

/// `%(app_label)s_%(class)s_unique`
fn expanded(name: &str, model: &Model) -> String {
    name.replace("%(app_label)s", &model.app.to_lowercase()).replace("%(class)s", &model.name.to_lowercase())
}
