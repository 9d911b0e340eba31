//! The conditions and orders that code puts into a query, by the shapes in which libraries take them: maps and named
//! arguments (`where: { email }`, `filter(email=…)`), pieces of SQL (`where("email = ?", email)`), a name and a value
//! (`where('email', email)`), comparisons (`User.email == email`, `u => u.Email == email`), methods of columns
//! (`users::email.eq(email)`, `eq(users.email, email)`).

use ir::{BinaryOp, CallKind, ExprId, ExprKind, Literal, LogicalOp, Module, Part, UnaryOp};
use sql::query::{Operand, Operator, Predicate, Query};
use sql::{Dialect, HOLE, StatementKind};

/// How a column is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It equals a value, or one of several.
    Equal,
    /// It lies in a range, or begins with a text.
    Range,
    /// It is null, a truth, or a constant.
    State,
    /// It holds a text somewhere: `LIKE '%a%'`.
    Holds,
    /// A function of it is compared: `lower(email) = …`.
    Function,
    /// Something that no index of it serves.
    Other,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column, as the code calls it: a field's or column's name.
    pub name: String,
    /// How it is compared.
    pub how: How,
}

/// What a query asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The order, with `true` for descending.
    pub order: Vec<(String, bool)>,
    /// Some conditions are alternatives.
    pub has_alternatives: bool,
    /// Some condition was not understood.
    pub is_partly_read: bool,
}

impl Asked {
    pub(super) fn add(&mut self, name: &str, how: How) {
        let condition = Condition { name: name.to_owned(), how };
        if !name.is_empty() && !self.conditions.contains(&condition) {
            self.conditions.push(condition);
        }
    }

    /// The conditions and the order of a query of SQL on one of its tables.
    pub(super) fn of_query(query: &Query, table: &sql::Name) -> Asked {
        let mut asked = Asked::default();
        let is_own = |column: &sql::query::Column| {
            !column.is_outer && column.table.as_ref().is_some_and(|t| t.name.eq_ignore_ascii_case(&table.name))
        };
        for predicate in query.predicates.iter().filter(|p| is_own(&p.column)) {
            asked.add(&predicate.column.name, how(predicate));
            asked.has_alternatives |= predicate.alternative;
        }
        for order in &query.order_by {
            if let Some(column) = order.column.as_ref().filter(|c| is_own(c)) {
                asked.order.push((column.name.clone(), order.descending));
            }
        }
        asked
    }
}

fn how(predicate: &Predicate) -> How {
    if predicate.function.is_some() {
        return How::Function;
    }
    if predicate.negated {
        return How::Other;
    }
    match predicate.operator {
        // `a = a`, `a = ANY(b)`
        Operator::Eq | Operator::In if matches!(predicate.against, Operand::Column(_)) => How::Other,
        // what only names a constant holds for many rows
        Operator::Eq if matches!(predicate.against, Operand::Literal { .. }) => How::State,
        Operator::Eq | Operator::In => How::Equal,
        Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq | Operator::Between => How::Range,
        Operator::Like if !predicate.leading_wildcard => How::Range,
        Operator::Like | Operator::ILike => How::Holds,
        Operator::IsNull | Operator::IsNotNull | Operator::IsTrue => How::State,
        _ => How::Other,
    }
}

/// Reads arguments of calls.
pub(super) struct Conditions<'m> {
    pub module: &'m Module,
    /// The table, where paths to columns begin with those of their tables (`posts::url`): the others' are passed over.
    pub table: Option<&'m str>,
    pub asked: Asked,
}

impl Conditions<'_> {
    /// The arguments of a call that filters. `first` is the first one that says which rows are meant.
    pub(super) fn read_call(&mut self, call: ExprId, first: usize) {
        let module = self.module;
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return };
        let called = match &module.expr(*callee).kind {
            ExprKind::Member { name, .. } | ExprKind::Name(name) => name.as_str(),
            _ => "",
        };
        // `find_by_email(email)`
        if let Some(rest) = called.strip_prefix("find_by_").filter(|_| !args.is_empty()) {
            rest.trim_end_matches('!').split("_and_").for_each(|name| self.asked.add(name, How::Equal));
            return;
        }
        let given: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).skip(first).collect();
        for arg in args.iter().filter(|a| a.name.is_some()) {
            if let Some(name) = arg.name {
                self.named(name.as_str(), arg.value);
            }
        }
        // `where('email', email)`, `.eq(User::getEmail, email)`, `.eq("email", email)`
        if let [column, .., value] = given.as_slice()
            && given.len() <= 3
            && let Some(name) = self.column_name(*column)
        {
            let operator = (given.len() == 3).then(|| module.string(given[1])).flatten();
            let how = match operator {
                Some(operator) => operator_of(operator.as_str()),
                None => by_word(called).unwrap_or(How::Equal),
            };
            let is_constant = self.is_constant(*value);
            self.asked.add(&name, if is_constant { How::State } else { how });
            return;
        }
        for value in given {
            self.argument(value);
            // the values of a piece of SQL follow it
            if matches!(module.expr(value).kind, ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_)) {
                break;
            }
        }
    }

    /// One argument of a call, as what says which rows are meant: of `update({ id }, { name })` the first.
    pub(super) fn read_argument(&mut self, call: ExprId, at: usize) {
        let ExprKind::Call { args, .. } = &self.module.expr(call).kind else { return };
        if let Some(arg) = args.iter().filter(|a| a.name.is_none()).nth(at) {
            self.argument(arg.value);
        }
    }

    /// Whether a value is the same in every request: a literal, `State.OPEN`, `State.OPEN.value`.
    fn is_constant(&self, value: ExprId) -> bool {
        match &self.module.expr(value).kind {
            ExprKind::Literal(_) => true,
            ExprKind::Member { object, name, .. } => {
                let name = name.as_str();
                let is_loud = |text: &str| text.len() > 1 && !text.contains(|c: char| c.is_lowercase());
                let is_type = |e: ExprId| matches!(self.module.expr(e).kind, ExprKind::Name(n) if n.as_str().starts_with(char::is_uppercase));
                is_loud(name)
                    || name == "value" && self.is_constant(*object)
                    || is_type(*object) && name.starts_with(char::is_uppercase)
            }
            ExprKind::Name(name) => name.as_str().len() > 1 && !name.as_str().contains(|c: char| c.is_lowercase()),
            ExprKind::List(items) => items.iter().all(|i| self.is_constant(*i)),
            _ => false,
        }
    }

    /// An option of a call: `where: { … }`, `email=…`, `orderBy: { … }`.
    fn named(&mut self, name: &str, value: ExprId) {
        match name {
            "where" | "filter" | "conditions" | "query" if self.is_map(value) => self.map(value),
            "order" | "orderBy" | "order_by" | "sort" => self.order(value),
            "AND" | "$and" | "and" => self.each(value),
            "OR" | "$or" | "or" | "NOT" | "not" | "$nor" => {
                self.asked.has_alternatives = true;
                self.each(value);
            }
            _ => self.key(name, value),
        }
    }

    /// A map, or a structure that is written down: `Favorite{UserID: id}`.
    fn is_row(&self, value: ExprId) -> bool {
        let is_written = |args: &[ir::Arg]| args.iter().any(|a| self.is_map(a.value));
        self.is_map(value)
            || matches!(&self.module.expr(value).kind, ExprKind::Call { kind: CallKind::New, args, .. } if is_written(args))
    }

    fn is_map(&self, value: ExprId) -> bool {
        matches!(self.module.expr(value).kind, ExprKind::Map(_))
    }

    fn each(&mut self, value: ExprId) {
        match &self.module.expr(value).kind {
            ExprKind::List(items) => items.iter().for_each(|i| self.map(*i)),
            _ => self.map(value),
        }
    }

    fn map(&mut self, value: ExprId) {
        let ExprKind::Map(entries) = &self.module.expr(value).kind else {
            self.asked.is_partly_read = true;
            return;
        };
        for entry in entries {
            match entry.key.and_then(|k| self.module.string(k)) {
                Some(key) => self.named(key.as_str(), entry.value),
                None => self.asked.is_partly_read = true,
            }
        }
    }

    /// A column with what it is compared with: a value, or a map of operators (`{ gt: 5 }`, `{ $regex: … }`).
    fn key(&mut self, name: &str, value: ExprId) {
        let (name, mut how) = with_suffix(name);
        if let ExprKind::Map(entries) = &self.module.expr(value).kind {
            let keys = || entries.iter().filter_map(|e| e.key.and_then(|k| self.module.string(k)));
            how = match keys().filter_map(|k| by_word(k.as_str().trim_start_matches('$'))).max() {
                Some(how) => how,
                // `author: { id }` is the author's key, `author: { email }` asks another table
                None if keys().eq(["id"]) => How::Equal,
                None => {
                    self.asked.is_partly_read = true;
                    return;
                }
            };
        }
        match &self.module.expr(value).kind {
            // what only names a constant holds for many rows
            _ if self.is_constant(value) => how = How::State,
            // `createdAt: MoreThan(day)`, `{ [Op.gt]: … }`
            ExprKind::Call { callee, kind, .. } if *kind != CallKind::New => {
                let called = match &self.module.expr(*callee).kind {
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.as_str()),
                    _ => None,
                };
                // an operator that is not known; what small letters begin gives a value
                let unknown = if called.is_some_and(|c| c.starts_with(char::is_uppercase)) { How::Other } else { how };
                how = called.and_then(by_word).unwrap_or(unknown);
            }
            ExprKind::Binary { op: BinaryOp::Range, .. } => how = How::Range,
            _ => {}
        }
        self.asked.add(name, how);
    }

    /// A whole argument: a map, a piece of SQL, a comparison, a lambda.
    fn argument(&mut self, value: ExprId) {
        let module = self.module;
        match &module.expr(value).kind {
            ExprKind::Map(_) => self.map(value),
            ExprKind::Literal(Literal::Str(text)) => self.sql(text.as_str()),
            ExprKind::Template(parts) => {
                let text: String = parts
                    .iter()
                    .map(|p| match p {
                        Part::Text(text) => text.as_str().to_owned(),
                        Part::Hole(_) => HOLE.to_string(),
                    })
                    .collect();
                self.sql(&text);
            }
            ExprKind::Lambda(function) => {
                let body = module.function(*function).body.iter().flatten();
                let last = body.last().map(|s| &module.stmt(*s).kind);
                if let Some(ir::StmtKind::Expr(e) | ir::StmtKind::Return(Some(e))) = last {
                    self.expression(*e);
                }
            }
            ExprKind::List(items) => items.iter().for_each(|i| self.argument(*i)),
            _ => self.expression(value),
        }
    }

    /// A piece of SQL after `WHERE`.
    fn sql(&mut self, text: &str) {
        let statements = sql::parse(&format!("SELECT 1 FROM asked WHERE {text}"), Dialect::Generic);
        match statements.first().map(|s| &s.kind) {
            Some(StatementKind::Query(query)) => {
                for predicate in &query.predicates {
                    self.asked.add(&predicate.column.name, how(predicate));
                    self.asked.has_alternatives |= predicate.alternative;
                }
                self.asked.is_partly_read |= query.predicates.is_empty() || !query.subqueries.is_empty();
            }
            _ => self.asked.is_partly_read = true,
        }
    }

    /// A condition that is written as an expression of the language.
    fn expression(&mut self, value: ExprId) {
        let module = self.module;
        match &module.expr(value).kind {
            ExprKind::Logical { op, left, right } => {
                self.asked.has_alternatives |= *op != LogicalOp::And;
                self.expression(*left);
                self.expression(*right);
            }
            ExprKind::Binary { op: BinaryOp::Other | BinaryOp::Meet, left, right } => {
                // `(A.x == 1) & (A.y == 2)`, and `|`
                self.asked.is_partly_read = true;
                self.expression(*left);
                self.expression(*right);
            }
            ExprKind::Binary { op, left, right } => self.comparison(*op, *left, *right),
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                if let Some(name) = self.member(*operand) {
                    self.asked.add(&name, How::State);
                } else {
                    self.asked.is_partly_read = true;
                }
            }
            // `Where(Favorite{UserID: id})`: a row that says what it must hold
            ExprKind::Call { kind: CallKind::New, args, .. } if matches!(args.as_slice(), [only] if self.is_map(only.value)) =>
            {
                self.map(args[0].value);
            }
            ExprKind::Call { callee, args, .. } => self.call(*callee, args),
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => self.expression(*inner),
            // `First(&device)`: where the row goes
            ExprKind::Unary { op: UnaryOp::Ref, operand } if !self.is_row(*operand) => {}
            ExprKind::Unary { operand, .. } => self.argument(*operand),
            ExprKind::Member { .. } => match self.member(value) {
                Some(name) => self.asked.add(&name, How::State),
                None => self.asked.is_partly_read = true,
            },
            _ => self.asked.is_partly_read = true,
        }
    }

    fn comparison(&mut self, op: BinaryOp, left: ExprId, right: ExprId) {
        let mut how = match op {
            BinaryOp::Eq | BinaryOp::In => How::Equal,
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => How::Range,
            _ => How::Other,
        };
        if self.is_constant(left) || self.is_constant(right) {
            how = How::State;
        }
        // the side of the query: a member of a class or of the lambda's parameter
        for side in [left, right] {
            if let Some(name) = self.member(side) {
                return self.asked.add(&name, how);
            }
            // `u.Email.ToLower() == email`
            if let ExprKind::Call { callee, args, .. } = &self.module.expr(side).kind
                && args.len() <= 1
                && let ExprKind::Member { object, .. } = self.module.expr(*callee).kind
            {
                let inner = self.member(object).or_else(|| args.first().and_then(|a| self.member(a.value)));
                if let Some(name) = inner {
                    return self.asked.add(&name, How::Function);
                }
            }
        }
        self.asked.is_partly_read = true;
    }

    /// `users::email.eq(email)`, `eq(users.email, email)`, `and(…, …)`, `Q(email=…)`, `ids.Contains(u.Id)`.
    fn call(&mut self, callee: ExprId, args: &[ir::Arg]) {
        let module = self.module;
        let (object, name) = match &module.expr(callee).kind {
            ExprKind::Member { object, name, .. } => (Some(*object), name.as_str()),
            ExprKind::Name(name) => (None, name.as_str()),
            _ => return,
        };
        match name {
            "and" | "and_" | "And" | "all" | "All" => {
                if let Some(object) = object {
                    self.expression(object);
                }
                return args.iter().for_each(|a| self.argument(a.value));
            }
            "or" | "or_" | "Or" | "any" | "Any" | "not" | "not_" => {
                self.asked.has_alternatives = true;
                if let Some(object) = object {
                    self.expression(object);
                }
                return args.iter().for_each(|a| self.argument(a.value));
            }
            _ => {}
        }
        if args.iter().any(|a| a.name.is_some()) && object.is_none() {
            for arg in args {
                match arg.name {
                    Some(name) => self.named(name.as_str(), arg.value),
                    None => self.argument(arg.value),
                }
            }
            return;
        }
        let Some(how) = by_word(name) else {
            self.asked.is_partly_read = true;
            return;
        };
        let of_object = object.and_then(|o| self.column_of(o));
        let of_first = || args.first().and_then(|a| self.member(a.value));
        // `ids.Contains(u.Id)` asks for equality, `u.Name.Contains(text)` does not
        match (of_object, of_first()) {
            (_, Some(column)) if matches!(name, "Contains" | "includes" | "contains") => {
                self.asked.add(&column, How::Equal);
            }
            _ if object.is_some_and(|o| self.is_of_another(o)) => {}
            // two columns: how tables meet
            (Some(_), Some(_)) if self.table.is_some() => {}
            (Some(column), _) => self.asked.add(&column, how),
            (None, Some(column)) => self.asked.add(&column, how),
            (None, None) => self.asked.is_partly_read = true,
        }
    }

    /// Whether a path is that of another table's column.
    fn is_of_another(&self, expr: ExprId) -> bool {
        let ExprKind::Member { object, .. } = self.module.expr(expr).kind else { return false };
        let (ExprKind::Member { name, .. } | ExprKind::Name(name)) = &self.module.expr(object).kind else {
            return false;
        };
        self.table.is_some_and(|table| *name != table && *name != "dsl" && *name != "columns")
    }

    /// A column as an object: `users::email`, `User.email`, or a name alone (`email.eq(…)`).
    fn column_of(&self, expr: ExprId) -> Option<String> {
        match self.module.expr(expr).kind {
            ExprKind::Name(name) => Some(name.as_str().to_owned()),
            _ => self.member(expr),
        }
    }

    /// The last name of a plain path: `u.Email`, `User.email`, `user::Column::Email`.
    fn member(&self, expr: ExprId) -> Option<String> {
        let ExprKind::Member { object, name, .. } = &self.module.expr(expr).kind else { return None };
        let mut at = *object;
        loop {
            match &self.module.expr(at).kind {
                ExprKind::Name(_) => return Some(name.as_str().to_owned()),
                ExprKind::Member { object, .. } => at = *object,
                _ => return None,
            }
        }
    }

    /// A column that is given by its name: `'email'`, `"u.email"`, `User::getEmail`.
    fn column_name(&self, expr: ExprId) -> Option<String> {
        if let Some(text) = self.module.string(expr) {
            let last = text.as_str().rsplit('.').next().unwrap_or_default();
            let is_name = !last.is_empty() && last.chars().all(|c| c.is_alphanumeric() || c == '_');
            return is_name.then(|| last.to_owned());
        }
        let name = self.member(expr)?;
        let rest = name.strip_prefix("get").filter(|r| r.starts_with(|c: char| c.is_uppercase()))?;
        Some(rest.to_owned())
    }

    /// What orders: `{ createdAt: 'desc' }`, `"-created"`, `"created_at DESC"`, `u => u.Created`, `created_at: :desc`.
    pub(super) fn order(&mut self, value: ExprId) {
        let module = self.module;
        match &module.expr(value).kind {
            ExprKind::Map(entries) => {
                for entry in entries {
                    if let Some(key) = entry.key.and_then(|k| module.string(k)) {
                        let way = module.string(entry.value).map(|s| s.as_str().to_lowercase());
                        let negative =
                            matches!(module.expr(entry.value).kind, ExprKind::Unary { op: UnaryOp::Neg, .. });
                        let descending = negative || way.is_some_and(|w| w.starts_with("desc") || w == "-1");
                        self.asked.order.push((key.as_str().to_owned(), descending));
                    }
                }
            }
            ExprKind::Literal(Literal::Str(text)) => {
                for part in text.as_str().split(',') {
                    let part = part.trim();
                    let (name, way) = part.split_once(' ').unwrap_or((part, ""));
                    let descending = way.trim().to_lowercase().starts_with("desc") || name.starts_with('-');
                    let name = name.trim_start_matches('-').rsplit('.').next().unwrap_or_default();
                    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                        self.asked.order.push((name.to_owned(), descending));
                    }
                }
            }
            ExprKind::List(items) => items.iter().for_each(|i| self.order(*i)),
            ExprKind::Lambda(function) => {
                let body = module.function(*function).body.iter().flatten();
                let last = body.last().map(|s| &module.stmt(*s).kind);
                if let Some(ir::StmtKind::Expr(e) | ir::StmtKind::Return(Some(e))) = last {
                    self.order(*e);
                }
            }
            // `User.created.desc()`, `desc(users.created)`
            ExprKind::Call { callee, args, .. } => {
                let (object, name) = match &module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } => (Some(*object), name.as_str()),
                    ExprKind::Name(name) => (None, name.as_str()),
                    _ => return,
                };
                let column = object.and_then(|o| self.column_of(o)).filter(|_| args.is_empty());
                let column = column.or_else(|| self.column_of(args.first()?.value));
                if matches!(name, "desc" | "asc" | "Desc" | "Asc")
                    && let Some(column) = column
                {
                    self.asked.order.push((column, name.eq_ignore_ascii_case("desc")));
                }
            }
            ExprKind::Unary { op: UnaryOp::Neg, operand } => {
                if let Some(name) = self.member(*operand) {
                    self.asked.order.push((name, true));
                }
            }
            ExprKind::Member { .. } => {
                if let Some(name) = self.member(value) {
                    self.asked.order.push((name, false));
                }
            }
            _ => {}
        }
    }
}

/// A name with its operator behind: `created__gte`, `email_eq`; only Python's double underscores are read.
fn with_suffix(name: &str) -> (&str, How) {
    match name.rsplit_once("__") {
        Some((column, word)) => match by_word(word) {
            Some(how) => (column, how),
            None => (name, How::Equal),
        },
        None => (name, How::Equal),
    }
}

/// How the operators of a query builder by this sign compare: `where('age', '>', 18)`.
fn operator_of(sign: &str) -> How {
    match sign.trim().to_lowercase().as_str() {
        "=" | "==" | "in" => How::Equal,
        "<" | "<=" | ">" | ">=" | "between" => How::Range,
        "is" | "is null" | "is not null" => How::State,
        "like" | "ilike" => How::Holds,
        _ => How::Other,
    }
}

/// How the operators that libraries write as words compare.
fn by_word(word: &str) -> Option<How> {
    let plain: String = word.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    Some(match plain.as_str() {
        "eq" | "equals" | "in" | "exact" | "eqany" | "isin" | "inarray" | "anyof" | "wherein" | "inlist" | "equal"
        | "where" | "andwhere" | "eqcol" => How::Equal,
        "gt" | "gte" | "lt" | "lte" | "ge" | "le" | "between" | "range" | "startswith" | "startingwith"
        | "morethan" | "lessthan" | "morethanorequal" | "lessthanorequal" | "likeright" | "date" | "year" => How::Range,
        "isnull" | "isnotnull" | "is" | "isempty" => How::State,
        "iexact" | "equalsignorecase" => How::Function,
        "contains" | "icontains" | "like" | "ilike" | "endswith" | "iendswith" | "istartswith" | "regex" | "iregex"
        | "search" | "likeleft" | "includes" => How::Holds,
        "ne" | "not" | "notin" | "neall" | "nin" | "notinarray" | "notequals" | "isnot" => How::Other,
        _ => return None,
    })
}
