//! Runs the forward part of a migration as far as its values are written down, and says the SQL that it sends.

use base::{FileId, Symbol};
use ir::{Arg, Block, ExprId, ExprKind, FunctionId, Literal, LogicalOp, Part, StmtKind, UnaryOp};
use program::{ClassRef, ExprRef, ModuleId};
use sql::{Dialect, Schema, Statement};

use super::tables::NewTable;
use super::types::Version;
use super::values::{Given, Options, Value};
use crate::adapters::Context;
use crate::inflections::Inflections;
use crate::schemas::written::Written;

/// How deep calls and blocks are followed.
const MAX_DEPTH: u32 = 24;

/// How many expressions one migration may have evaluated.
const MAX_STEPS: u32 = 100_000;

/// What runs migrations, one after the other, with the schema as it is by then.
pub(super) struct Runner<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) words: &'a Inflections,
    pub(super) dialect: Dialect,
    pub(super) version: Version,
    /// The schema that the statements so far make: names of indexes are looked up in it.
    pub(super) schema: Schema,
    /// The statements of this migration.
    pub(super) made: Vec<Statement>,
    /// Tables that are being defined.
    pub(super) tables: Vec<NewTable>,
    /// Something that Rails cannot turn round was called within `change`.
    pub(super) is_one_way: bool,
    /// Outside `reversible`.
    pub(super) one_way_counts: bool,
    /// The whole schema is written down: nothing needs to be looked up.
    pub(super) is_dump: bool,
    file: FileId,
    pub(super) module: ModuleId,
    class: Option<ClassRef>,
    /// Where code of other files is called from.
    called_at: Option<ir::Range>,
    variables: Vec<(Symbol, Value)>,
    /// Where the variables of this function begin.
    frame: usize,
    depth: u32,
    steps: u32,
    /// `return` was met in a block: the method around it ends.
    leaves: bool,
}

impl<'a> Runner<'a> {
    pub(super) fn new(context: &'a Context<'a>, words: &'a Inflections, dialect: Dialect) -> Self {
        Self {
            context,
            words,
            dialect,
            version: Version::OLD,
            schema: Schema::new(dialect),
            made: Vec::new(),
            tables: Vec::new(),
            is_one_way: false,
            one_way_counts: false,
            is_dump: false,
            file: FileId(0),
            module: ModuleId(0),
            class: None,
            called_at: None,
            variables: Vec::new(),
            frame: 0,
            depth: 0,
            steps: 0,
            leaves: false,
        }
    }

    /// Begins with the next migration.
    pub(super) fn enter(&mut self, module: ModuleId, class: Option<ClassRef>, version: Version) {
        (self.module, self.class, self.version) = (module, class, version);
        self.file = self.context.program.module(module).file;
        (self.called_at, self.frame, self.depth, self.steps) = (None, 0, 0, 0);
        (self.is_one_way, self.one_way_counts, self.leaves) = (false, false, false);
        self.variables.clear();
        self.tables.clear();
        self.made.clear();
    }

    /// Says statements, which change the schema at once.
    pub(super) fn say(&mut self, write: impl FnOnce(&mut Written)) {
        let mut written = Written::new(self.dialect);
        write(&mut written);
        if written.is_empty() {
            return;
        }
        let statements = written.statements();
        if !self.is_dump {
            self.schema.replay(&statements, self.file, 0);
        }
        self.made.extend(statements);
    }

    pub(super) fn one_way(&mut self) {
        self.is_one_way |= self.one_way_counts;
    }

    /// Runs a method, with its arguments, and gives what it returns.
    pub(super) fn method(&mut self, module: ModuleId, function: FunctionId, given: &Given) -> Value {
        let item = self.context.program.module(module).function(function);
        let Some(body) = &item.body else { return Value::Unknown };
        if self.depth >= MAX_DEPTH {
            return Value::Unknown;
        }
        let kept = (self.module, self.called_at, self.frame, self.variables.len());
        let mut values = given.values.iter();
        let bound: Vec<(Symbol, Value)> = item
            .params
            .iter()
            .map(|p| {
                let value = match p.kind {
                    ir::ParamKind::Keyword => given.options.get(p.name.as_str()).cloned(),
                    ir::ParamKind::Normal => values.next().cloned(),
                    ir::ParamKind::KeywordRest => Some(Value::Map(given.options.0.clone())),
                    ir::ParamKind::Rest => Some(Value::List(values.by_ref().cloned().collect())),
                    _ => None,
                };
                let otherwise = || {
                    let by_default = p.default.map(|d| self.context.constant(ExprRef { module, expr: d }));
                    by_default.flatten().map_or(Value::Unknown, |c| constant(&c))
                };
                (p.name, value.unwrap_or_else(otherwise))
            })
            .collect();
        (self.module, self.frame) = (module, self.variables.len());
        self.variables.extend(bound);
        self.depth += 1;
        let value = self.block(body).unwrap_or(Value::Null);
        self.depth -= 1;
        self.leaves = false;
        self.variables.truncate(kept.3);
        (self.module, self.called_at, self.frame) = (kept.0, kept.1, kept.2);
        value
    }

    /// Runs a block with what it is given.
    pub(super) fn yielded(&mut self, block: FunctionId, values: &[Value]) -> Value {
        let item = self.context.program.module(self.module).function(block);
        let Some(body) = &item.body else { return Value::Unknown };
        if self.depth >= MAX_DEPTH {
            return Value::Unknown;
        }
        let start = self.variables.len();
        // `|(a, b)|` and `|a, b|` take a pair apart
        let spread: Vec<Value> = match values {
            [Value::List(items)] if item.params.len() > 1 => items.clone(),
            _ => values.to_vec(),
        };
        for (at, param) in item.params.iter().enumerate() {
            let value = spread.get(at).cloned().unwrap_or(Value::Unknown);
            match param.pattern {
                Some(pattern) => self.assign(pattern, &value),
                None => self.variables.push((param.name, value)),
            }
        }
        self.depth += 1;
        let value = self.block(body).unwrap_or(Value::Null);
        self.depth -= 1;
        self.variables.truncate(start);
        value
    }

    /// Runs statements; what they return, where they do.
    pub(super) fn block(&mut self, block: &Block) -> Option<Value> {
        let module = self.context.program.module(self.module);
        for stmt in block {
            match &module.stmt(*stmt).kind {
                StmtKind::Expr(e) => {
                    self.eval(*e);
                    if self.leaves {
                        return Some(Value::Null);
                    }
                }
                StmtKind::Return(None) => {
                    self.leaves = true;
                    return Some(Value::Null);
                }
                StmtKind::Return(Some(e)) => return Some(self.eval(*e)),
                StmtKind::Assign { target, op: None, value: Some(value), .. } => {
                    let value = self.eval(*value);
                    self.assign(*target, &value);
                }
                StmtKind::If { cond, then, otherwise } => {
                    // what is not known is taken to hold, unless all would end there
                    let ends = |b: &Block| {
                        b.len() == 1 && matches!(module.stmt(b[0]).kind, StmtKind::Return(None) | StmtKind::Throw(_))
                    };
                    let branch = match self.eval(*cond).truth() {
                        Some(false) => otherwise,
                        None if ends(then) => otherwise,
                        _ => then,
                    };
                    if let Some(value) = self.block(branch) {
                        return Some(value);
                    }
                }
                StmtKind::Switch { subject, arms } => {
                    let subject = subject.map(|s| self.eval(s));
                    let fits = |runner: &mut Self, arm: &ir::Arm| {
                        arm.patterns.is_empty() || arm.patterns.iter().any(|p| runner.matches(subject.as_ref(), *p))
                    };
                    let arm = arms.iter().find(|arm| fits(self, arm));
                    if let Some(value) = arm.and_then(|arm| self.block(&arm.body)) {
                        return Some(value);
                    }
                }
                StmtKind::Loop { pattern: Some(pattern), iter: Some(iter), body, .. } => {
                    for item in elements(self.eval(*iter)) {
                        self.assign(*pattern, &item);
                        self.block(body);
                    }
                }
                StmtKind::Try { body, finally, .. } => {
                    let value = self.block(body);
                    self.block(finally);
                    if value.is_some() {
                        return value;
                    }
                }
                StmtKind::Block(inner) => {
                    if let Some(value) = self.block(inner) {
                        return Some(value);
                    }
                }
                StmtKind::Throw(_) => return Some(Value::Unknown),
                _ => {}
            }
        }
        None
    }

    /// Whether an arm of `case` fits; `when /mysql/i` is looked for in the subject.
    fn matches(&mut self, subject: Option<&Value>, pattern: ExprId) -> bool {
        let module = self.context.program.module(self.module);
        let text = subject.and_then(Value::text).map(str::to_lowercase);
        match (&module.expr(pattern).kind, text) {
            (ExprKind::Literal(Literal::Regex(regex)), Some(text)) => found_in(regex.as_str(), &text),
            (_, Some(text)) => self.eval(pattern).text().is_some_and(|p| p.eq_ignore_ascii_case(&text)),
            (_, None) => subject.is_none() && self.eval(pattern).truth() == Some(true),
        }
    }

    pub(super) fn assign(&mut self, target: ExprId, value: &Value) {
        let module = self.context.program.module(self.module);
        match &module.expr(target).kind {
            ExprKind::Name(name) => self.variables.push((*name, value.clone())),
            ExprKind::List(targets) => {
                let items = match value {
                    Value::List(items) => items.as_slice(),
                    _ => &[],
                };
                for (at, target) in targets.iter().enumerate() {
                    self.assign(*target, items.get(at).unwrap_or(&Value::Unknown));
                }
            }
            _ => {}
        }
    }

    /// Where an expression is in the migration's file.
    pub(super) fn at(&self, expr: ExprId) -> ir::Range {
        self.called_at.unwrap_or_else(|| self.context.program.module(self.module).expr(expr).range)
    }

    /// What an expression stands for; calls of the tool are carried out.
    pub(super) fn eval(&mut self, expr: ExprId) -> Value {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Value::Unknown;
        }
        let module = self.context.program.module(self.module);
        match &module.expr(expr).kind {
            ExprKind::Literal(literal) => match literal {
                Literal::Str(text) => Value::Str(text.to_string()),
                Literal::Int(n) => n.map_or(Value::Unknown, Value::Int),
                Literal::Float(text) => Value::Float(text.to_string()),
                Literal::Bool(b) => Value::Bool(*b),
                Literal::Null => Value::Null,
                Literal::Regex(_) => Value::Unknown,
            },
            ExprKind::Template(parts) => {
                let mut text = Some(String::new());
                for part in parts {
                    let part = match part {
                        Part::Text(fixed) => Some(fixed.to_string()),
                        Part::Hole(hole) => self.eval(*hole).shown(),
                    };
                    text = text.zip(part).map(|(text, part)| text + &part);
                }
                text.map_or(Value::Unknown, Value::Str)
            }
            ExprKind::Name(name) => self.named(*name, expr),
            ExprKind::Member { .. } => self.defined(expr),
            ExprKind::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    match &module.expr(*item).kind {
                        ExprKind::Spread(inner) => values.extend(elements(self.eval(*inner))),
                        _ => values.push(self.eval(*item)),
                    }
                }
                Value::List(values)
            }
            ExprKind::Map(entries) => {
                let mut made = Vec::with_capacity(entries.len());
                for entry in entries {
                    let value = self.eval(entry.value);
                    match entry.key.map(|key| self.eval(key).shown()) {
                        Some(Some(key)) => made.push((key, value)),
                        Some(None) => {}
                        None => {
                            if let Value::Map(inner) = value {
                                made.extend(inner);
                            }
                        }
                    }
                }
                Value::Map(made)
            }
            ExprKind::Spread(inner) => self.eval(*inner),
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                self.eval(*operand).truth().map_or(Value::Unknown, |t| Value::Bool(!t))
            }
            ExprKind::Unary { op: UnaryOp::Neg, operand } => match self.eval(*operand) {
                Value::Int(n) => Value::Int(n.wrapping_neg()),
                Value::Float(text) => Value::Float(format!("-{text}")),
                _ => Value::Unknown,
            },
            ExprKind::Logical { op, left, right } => {
                let first = self.eval(*left);
                match (op, first.truth()) {
                    (LogicalOp::And, Some(false)) => first,
                    (LogicalOp::Or | LogicalOp::Coalesce, Some(true)) => first,
                    // `setting || :bigint` where the setting is not known
                    (LogicalOp::And, None) => match self.eval(*right) {
                        second if second.truth() == Some(false) => second,
                        _ => Value::Unknown,
                    },
                    _ => self.eval(*right),
                }
            }
            ExprKind::Ternary { cond, then, otherwise } => match self.eval(*cond).truth() {
                Some(false) => self.eval(*otherwise),
                _ => self.eval(*then),
            },
            ExprKind::Binary { op, left, right } => {
                let (left, right) = (self.eval(*left), self.eval(*right));
                binary(*op, left, right)
            }
            ExprKind::Assign { target, op: None, value } => {
                let value = self.eval(*value);
                self.assign(*target, &value);
                value
            }
            ExprKind::Index { object, index } => {
                let (object, index) = (self.eval(*object), self.eval(*index));
                match (object, index) {
                    (Value::Map(entries), key) => {
                        let key = key.shown();
                        let found = entries.into_iter().find(|(k, _)| Some(k) == key.as_ref());
                        found.map_or(Value::Null, |(_, value)| value)
                    }
                    (Value::List(items), Value::Int(at)) => {
                        usize::try_from(at).ok().and_then(|at| items.get(at).cloned()).unwrap_or(Value::Unknown)
                    }
                    _ => Value::Unknown,
                }
            }
            // a default: `-> { "now()" }`
            ExprKind::Lambda(function) => match self.yielded(*function, &[]) {
                Value::Str(text) => Value::Sql(text),
                _ => Value::Unknown,
            },
            ExprKind::Do(block) => self.block(block).unwrap_or(Value::Unknown),
            ExprKind::Call { callee, args, block, .. } => self.call(expr, *callee, args, *block),
            _ => Value::Unknown,
        }
    }

    fn named(&mut self, name: Symbol, expr: ExprId) -> Value {
        let is_field = name.as_str().starts_with('@');
        let start = if is_field { 0 } else { self.frame };
        if let Some((_, value)) = self.variables[start..].iter().rev().find(|(n, _)| *n == name) {
            return value.clone();
        }
        self.defined(expr)
    }

    /// A constant of the repository.
    fn defined(&mut self, expr: ExprId) -> Value {
        let at = ExprRef { module: self.module, expr };
        let Some(definition) = self.context.program.definition(at) else { return Value::Unknown };
        if self.depth >= MAX_DEPTH || definition == at {
            return Value::Unknown;
        }
        let kept = (self.module, self.called_at);
        (self.module, self.called_at) = (definition.module, Some(self.at(expr)));
        self.depth += 1;
        let value = self.eval(definition.expr);
        self.depth -= 1;
        (self.module, self.called_at) = kept;
        value
    }

    /// Arguments with their values; a hash at the end is options.
    pub(super) fn given(&mut self, args: &[Arg]) -> Given {
        let module = self.context.program.module(self.module);
        let mut given = Given::default();
        for arg in args {
            let value = match (&module.expr(arg.value).kind, arg.name) {
                (_, Some(name)) => {
                    let value = self.eval(arg.value);
                    given.options.0.push((name.to_string(), value));
                    continue;
                }
                // `&block`
                (ExprKind::Unary { op: UnaryOp::Ref, .. }, None) => continue,
                (ExprKind::Spread(inner), None) => match self.eval(*inner) {
                    Value::List(items) => {
                        given.values.extend(items);
                        continue;
                    }
                    Value::Map(entries) => {
                        given.options.0.extend(entries);
                        continue;
                    }
                    _ => continue,
                },
                _ => self.eval(arg.value),
            };
            given.values.push(value);
        }
        if let Some(Value::Map(entries)) = given.values.last().cloned() {
            given.values.pop();
            given.options.0.extend(entries);
        }
        given
    }

    fn call(&mut self, expr: ExprId, callee: ExprId, args: &[Arg], block: Option<FunctionId>) -> Value {
        let module = self.context.program.module(self.module);
        match &module.expr(callee).kind {
            ExprKind::Name(name) => {
                let found = self.named_method(*name);
                match found {
                    Some((module, function)) => {
                        let given = self.given(args);
                        let called_at = (module != self.module).then(|| self.at(expr));
                        let kept = self.called_at;
                        self.called_at = kept.or(called_at);
                        let value = self.method(module, function, &given);
                        self.called_at = kept;
                        value
                    }
                    None => self.tool(expr, name.as_str(), args, block),
                }
            }
            ExprKind::Member { object, name, .. } => self.member(expr, *object, name.as_str(), args, block),
            _ => Value::Unknown,
        }
    }

    /// A method of the migration's own class or of what it mixes in.
    fn named_method(&self, name: Symbol) -> Option<(ModuleId, FunctionId)> {
        let class = self.class?;
        let found = self.context.program.classes().method(class, name);
        found.first().map(|f| (f.module, f.function))
    }

    fn member(&mut self, expr: ExprId, object: ExprId, name: &str, args: &[Arg], block: Option<FunctionId>) -> Value {
        let module = self.context.program.module(self.module);
        if matches!(module.expr(object).kind, ExprKind::This) || is_connection(module, object) {
            return self.tool(expr, name, args, block);
        }
        let environment = || {
            let inner = match &module.expr(object).kind {
                ExprKind::Call { callee, .. } => *callee,
                _ => object,
            };
            module.dotted(inner).is_some_and(|d| d == "Rails.env")
        };
        match name {
            "production?" if environment() => return Value::Bool(true),
            "test?" | "development?" if environment() => return Value::Bool(false),
            _ => {}
        }
        let receiver = self.eval(object);
        match (&receiver, name) {
            (Value::Table(table), _) => {
                let table = table.clone();
                self.column_method(&table, expr, name, args, block)
            }
            (Value::Direction, "up") => block.map_or(Value::Null, |b| self.yielded(b, &[])),
            (Value::Direction, _) => Value::Null,
            (Value::List(_) | Value::Map(_), _) => self.of_list(receiver, name, args, block),
            (Value::Str(_), _) => {
                let Value::Str(text) = receiver else { return Value::Unknown };
                let given = self.given(args);
                self.of_text(&text, name, &given)
            }
            (Value::Int(_) | Value::Bool(_) | Value::Null | Value::Float(_), "to_s" | "inspect") => {
                receiver.shown().map_or(Value::Unknown, Value::Str)
            }
            (Value::Null, "present?") | (_, "nil?" | "blank?") if receiver != Value::Unknown => {
                Value::Bool(name != "present?" && receiver == Value::Null)
            }
            (Value::Unknown, "quoted_table_name" | "table_name") => self.table_of_class(object),
            // `ENV['X']`, `ActiveRecord::Base.transaction do`
            (_, "transaction" | "with_lock" | "unscoped" | "tap" | "silence" | "suppress_messages") => {
                block.map_or(Value::Unknown, |b| self.yielded(b, &[receiver]))
            }
            (_, "update_all" | "delete_all" | "insert_all" | "update_columns") => {
                self.rows_changed(expr, object, name, args);
                Value::Unknown
            }
            _ => Value::Unknown,
        }
    }

    fn of_list(&mut self, receiver: Value, name: &str, args: &[Arg], block: Option<FunctionId>) -> Value {
        let items = elements(receiver.clone());
        match (name, block) {
            ("each" | "map" | "flat_map" | "collect" | "each_pair" | "each_entry", Some(block)) => {
                Value::List(items.iter().map(|item| self.yielded(block, std::slice::from_ref(item))).collect())
            }
            ("each_with_index", Some(block)) => {
                for (at, item) in items.iter().enumerate() {
                    self.yielded(block, &[item.clone(), Value::Int(at as i64)]);
                }
                receiver
            }
            ("each_key" | "each_value", Some(block)) => {
                let at = usize::from(name == "each_value");
                for item in items {
                    let part = match &item {
                        Value::List(pair) => pair.get(at).cloned().unwrap_or(Value::Unknown),
                        _ => Value::Unknown,
                    };
                    self.yielded(block, &[part]);
                }
                receiver
            }
            ("join", _) => {
                let between = self.given(args).text(0).unwrap_or_default().to_owned();
                let texts: Option<Vec<String>> = items.iter().map(Value::shown).collect();
                texts.map_or(Value::Unknown, |t| Value::Str(t.join(&between)))
            }
            ("first", _) => items.into_iter().next().unwrap_or(Value::Null),
            ("last", _) => items.into_iter().next_back().unwrap_or(Value::Null),
            ("merge" | "reverse_merge" | "merge!", _) => match (receiver, self.given(args).options) {
                (Value::Map(mut entries), Options(more)) => {
                    entries.extend(more);
                    Value::Map(entries)
                }
                (other, _) => other,
            },
            ("keys" | "values", _) => {
                let at = usize::from(name == "values");
                let part = |item: Value| match item {
                    Value::List(pair) => pair.into_iter().nth(at).unwrap_or(Value::Unknown),
                    other => other,
                };
                Value::List(items.into_iter().map(part).collect())
            }
            ("any?" | "present?", None) => Value::Bool(!items.is_empty()),
            ("empty?" | "blank?" | "none?", None) => Value::Bool(items.is_empty()),
            ("include?", _) => {
                let wanted = self.given(args).values.into_iter().next();
                wanted.filter(|w| *w != Value::Unknown).map_or(Value::Unknown, |w| Value::Bool(items.contains(&w)))
            }
            ("freeze" | "to_a" | "flatten" | "compact" | "uniq" | "dup" | "sort" | "to_h" | "symbolize_keys", None) => {
                receiver
            }
            ("reverse", None) => Value::List(items.into_iter().rev().collect()),
            _ => Value::Unknown,
        }
    }

    fn of_text(&self, text: &str, name: &str, given: &Given) -> Value {
        let made = match name {
            "squish" => text.split_whitespace().collect::<Vec<_>>().join(" "),
            "strip" => text.trim().to_owned(),
            "to_s" | "to_sym" | "freeze" | "html_safe" | "strip_heredoc" | "dup" | "to_str" | "chomp" => {
                text.to_owned()
            }
            "pluralize" => self.words.plural(text),
            "singularize" => self.words.singular(text),
            "underscore" => self.words.underscored(text),
            "tableize" => self.words.plural(&self.words.underscored(text)),
            "camelize" | "classify" => self.words.camelized(&self.words.singular(text)),
            "downcase" => text.to_lowercase(),
            "upcase" => text.to_uppercase(),
            "include?" | "start_with?" | "end_with?" | "==" => {
                let Some(part) = given.text(0) else { return Value::Unknown };
                return Value::Bool(match name {
                    "include?" => text.contains(part),
                    "start_with?" => text.starts_with(part),
                    "end_with?" => text.ends_with(part),
                    _ => text == part,
                });
            }
            "present?" => return Value::Bool(!text.trim().is_empty()),
            "blank?" | "empty?" | "nil?" => return Value::Bool(name != "nil?" && text.trim().is_empty()),
            "gsub" | "sub" | "tr" => match (given.text(0), given.text(1)) {
                (Some(from), Some(to)) => text.replace(from, to),
                _ => return Value::Unknown,
            },
            _ => return Value::Unknown,
        };
        Value::Str(made)
    }

    /// The table of a model by the name of its class.
    pub(super) fn table_of_class(&self, class: ExprId) -> Value {
        let module = self.context.program.module(self.module);
        let Some(dotted) = module.dotted(class) else { return Value::Unknown };
        let last = dotted.rsplit('.').next().unwrap_or_default();
        match last.starts_with(char::is_uppercase) {
            true => Value::Str(self.words.plural(&self.words.underscored(last))),
            false => Value::Unknown,
        }
    }
}

/// `connection`, `ActiveRecord::Base.connection`, `User.lease_connection`, `@connection`.
fn is_connection(module: &ir::Module, object: ExprId) -> bool {
    let named = |name: Symbol| {
        matches!(
            name.as_str().trim_start_matches('@'),
            "connection" | "lease_connection" | "conn" | "ActiveRecord.Migration" | "migration"
        )
    };
    match &module.expr(object).kind {
        ExprKind::Name(name) => named(*name),
        ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => named(*name),
            _ => false,
        },
        _ => false,
    }
}

/// What a loop goes through.
pub(super) fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items,
        Value::Map(entries) => {
            entries.into_iter().map(|(key, value)| Value::List(vec![Value::Str(key), value])).collect()
        }
        _ => Vec::new(),
    }
}

fn binary(op: ir::BinaryOp, left: Value, right: Value) -> Value {
    use ir::BinaryOp;
    match (op, left, right) {
        (_, Value::Unknown, _) | (_, _, Value::Unknown) => Value::Unknown,
        (BinaryOp::Add, Value::Str(left), Value::Str(right)) => Value::Str(left + &right),
        (BinaryOp::Add, Value::Int(left), Value::Int(right)) => {
            left.checked_add(right).map_or(Value::Unknown, Value::Int)
        }
        (BinaryOp::Sub, Value::Int(left), Value::Int(right)) => {
            left.checked_sub(right).map_or(Value::Unknown, Value::Int)
        }
        (BinaryOp::Mul, Value::Int(left), Value::Int(right)) => {
            left.checked_mul(right).map_or(Value::Unknown, Value::Int)
        }
        (BinaryOp::Add, Value::List(mut left), Value::List(right)) => {
            left.extend(right);
            Value::List(left)
        }
        (BinaryOp::Range, Value::Int(left), Value::Int(right)) if right.saturating_sub(left) < 100 => {
            Value::List((left..=right).map(Value::Int).collect())
        }
        (BinaryOp::Eq, left, right) => Value::Bool(match (left.text(), right.text()) {
            (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
            _ => left == right,
        }),
        (BinaryOp::Ne, left, right) => Value::Bool(left != right),
        _ => Value::Unknown,
    }
}

/// Whether a simple pattern without signs, or one of its alternatives, is in a text in small letters.
fn found_in(regex: &str, text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
    regex.split('|').map(|part| part.trim_matches(|c| !plain(c)).to_lowercase()).any(|part| text.contains(&part))
}

fn constant(constant: &crate::Constant) -> Value {
    match constant {
        crate::Constant::Bool(b) => Value::Bool(*b),
        crate::Constant::Int(n) => Value::Int(*n),
        crate::Constant::Str(text) => Value::Str(text.to_string()),
        crate::Constant::Null => Value::Null,
        crate::Constant::List(items) => Value::List(items.iter().map(self::constant).collect()),
        crate::Constant::Name(_) => Value::Unknown,
    }
}
