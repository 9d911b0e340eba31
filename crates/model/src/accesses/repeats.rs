//! Accesses that a loop sends again for each element: directly, or by calls below it.

use base::{FileRole, Span, Symbol};
use ir::{BinaryOp, Block, Child, ExprId, ExprKind, FunctionId, FunctionKind, StmtId, StmtKind, UnaryOp};
use program::{ClassRef, ExprRef, FnId, ModuleId, Value, hands_on_elements};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::relations::{Relation, Relations};
use super::ways::{Ways, is_meant};
use super::{Access, Does, lists, rows, shown};
use crate::adapters::Context;
use crate::adapters::graphql::{self, FieldResolver};
use crate::effects::Effect;
use crate::entities::Route;
use crate::stored::StoredThings;

/// How many functions a name that is handed on may mean.
const MAX_MEANT: usize = 3;

/// An access that a loop repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The call in the loop: the access itself, or what leads to it.
    pub call: ExprRef,
    /// The function that the loop stands in.
    pub function: Option<FnId>,
    /// The access, among all.
    pub access: u32,
    /// The calls from the one in the loop to the access, that one left out.
    pub way: Vec<ExprRef>,
    /// What is gone through, where that is written.
    pub over: Option<ExprRef>,
    /// Where the query for the list stands, as far as that was followed.
    pub made: Option<ExprRef>,
    /// The view that hands the list to a serializer, which asks each row.
    pub view: Option<ClassRef>,
    /// The field of a type whose resolver this is: it is called for each object.
    pub field: Option<String>,
    /// Where a page asks each element.
    pub page: Vec<Span>,
}

/// A relation that a loop asks each element for.
#[derive(Debug)]
pub(super) struct Late {
    pub repeat: Repeat,
    /// What it is called, where the code has no word for it.
    pub name: Option<String>,
    pub relation: Relation,
    pub evidence: base::Evidence,
}

impl Late {
    fn access(&self, context: &Context<'_>) -> Access {
        let call = self.repeat.call;
        let span = context.program.span(call);
        Access {
            call,
            span,
            function: self.repeat.function,
            does: if self.relation.is_many { Does::List } else { Does::One },
            is_lazy: false,
            is_limited: false,
            is_filtered: true,
            links: Vec::new(),
            name: self.name.clone().unwrap_or_else(|| context.sources.text(span).to_owned()),
            record: self.relation.record,
            evidence: self.evidence,
        }
    }
}

/// Finds what loops repeat.
pub(super) fn collect(
    context: &Context<'_>,
    effects: &[Effect],
    routes: &[Route],
    accesses: &mut Vec<Access>,
    ways: &Ways,
    stored: &StoredThings,
) -> Vec<Repeat> {
    let relations = Relations::read(context, effects);
    if accesses.is_empty() && relations.is_empty() {
        return Vec::new();
    }
    let resolvers = graphql::field_resolvers(context);
    let direct: FxHashMap<ExprRef, u32> = accesses.iter().enumerate().map(|(at, a)| (a.call, at as u32)).collect();
    // functions in which something of this may happen, by module
    let mut modules: Vec<ModuleId> = accesses.iter().map(|a| a.call.module).collect();
    for function in ways.of.keys() {
        modules.extend(context.program.callers(*function).iter().map(|c| c.module));
    }
    if !relations.is_empty() {
        modules.extend(context.program.ids());
    }
    modules.extend(resolvers.iter().map(|r| r.function.module));
    modules.sort_unstable();
    modules.dedup();
    modules.retain(|id| context.sources.file(context.program.module(*id).file).role == FileRole::Production);
    let found: Vec<(Vec<Repeat>, Vec<Late>)> = modules
        .into_par_iter()
        .map(|id| {
            let module = context.program.module(id);
            let mut walk = Walk {
                context,
                id,
                module,
                ways,
                direct: &direct,
                relations: &relations,
                loops: Vec::new(),
                remembered: 0,
                here: None,
                changed: FxHashSet::default(),
                found: Vec::new(),
                late: Vec::new(),
            };
            walk.block(&module.body);
            for (function, item) in module.functions() {
                let is_inner = item.parent.is_some() && matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block);
                if !is_inner {
                    walk.function(function);
                }
            }
            for resolver in resolvers.iter().filter(|r| r.function.module == id) {
                walk.resolver(resolver);
            }
            (walk.found, walk.late)
        })
        .collect();
    let mut all: Vec<Repeat> = Vec::new();
    let serialized = relations.serialized(context).into_iter().map(|(list, relation)| {
        let names: Vec<&str> = list.asked.iter().map(|a| a.name.as_str()).collect();
        let model = list.asked.first().map_or("", |a| context.program.class(a.model).name.as_str());
        Late {
            repeat: Repeat {
                call: list.queryset,
                function: list.function,
                access: 0,
                way: list.asked.iter().map(|a| a.at).collect(),
                over: Some(list.queryset),
                made: None,
                view: Some(list.view),
                field: None,
                page: Vec::new(),
            },
            name: Some(format!("{model}.{}", names.join(", "))),
            relation,
            evidence: base::Evidence::Shown,
        }
    });
    let known = rows::Known::read(context, &relations, ways, stored);
    let asks = rows::Asks::read(&known);
    let (late, by_methods) = rows::repeats(&known, &asks);
    let (shown, queried) = shown::lists(&known, &asks, routes);
    let more = [(Vec::new(), serialized.collect()), (queried, shown), (by_methods, late)];
    for (repeats, late) in found.into_iter().chain(more) {
        all.extend(repeats);
        for late in late {
            let access = late.access(context);
            all.push(Repeat { access: accesses.len() as u32, ..late.repeat });
            accesses.push(access);
        }
    }
    all.sort_by_key(|r| (r.call, r.access));
    all.dedup_by(|a, b| a.call == b.call && a.page.first() == b.page.first());
    all
}

/// A loop that is being walked.
#[derive(Default)]
struct Around {
    over: Option<ExprId>,
    /// The elements themselves, by name.
    elements: FxHashSet<Symbol>,
    /// Names whose value differs from round to round.
    names: FxHashSet<Symbol>,
    /// Counters, which count only as an index: `xs[i]`.
    counters: FxHashSet<Symbol>,
    /// Whether the element is what methods are called on.
    is_receiver: bool,
}

struct Walk<'c> {
    context: &'c Context<'c>,
    id: ModuleId,
    module: &'c ir::Module,
    ways: &'c Ways,
    direct: &'c FxHashMap<ExprRef, u32>,
    relations: &'c Relations,
    loops: Vec<Around>,
    /// How many conditions around ask what is known already.
    remembered: u32,
    here: Option<FunctionId>,
    /// Relations that are changed and not asked for.
    changed: FxHashSet<ExprId>,
    found: Vec<Repeat>,
    late: Vec<Late>,
}

impl Walk<'_> {
    fn function(&mut self, id: FunctionId) {
        let item = self.module.function(id);
        let Some(body) = &item.body else { return };
        let before = self.here.replace(id);
        let is_callback = matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block);
        let over = self
            .context
            .program
            .scopes(self.id)
            .iterated(id)
            .filter(|over| is_callback && self.is_gone_through(*over, Some(id)));
        let kept = match is_callback {
            true => Vec::new(),
            false => std::mem::take(&mut self.loops),
        };
        if let Some(over) = over {
            let mut names = FxHashSet::default();
            for param in &item.params {
                match param.pattern {
                    Some(pattern) => self.names_of(pattern, &mut names),
                    None => {
                        names.insert(param.name);
                    }
                }
            }
            let elements = names.clone();
            self.loops.push(Around { over: Some(over), elements, names, ..Around::default() });
        }
        self.block(body);
        if over.is_some() {
            self.loops.pop();
        }
        if !is_callback {
            self.loops = kept;
        }
        self.here = before;
    }

    /// A function that is called for each object: what it asks for by the object is asked for again each time.
    fn resolver(&mut self, resolver: &FieldResolver) {
        let names: FxHashSet<Symbol> = [resolver.object].into_iter().collect();
        let item = self.module.function(resolver.function.function);
        // `this` is the object where the first parameter is the receiver
        let is_receiver =
            item.params.first().is_some_and(|p| p.kind == ir::ParamKind::Receiver && p.name == resolver.object);
        let elements = names.clone();
        self.loops = vec![Around { elements, names, is_receiver, ..Around::default() }];
        self.here = Some(resolver.function.function);
        let before = self.found.len();
        if let Some(body) = &item.body {
            self.block(body);
        }
        self.loops.clear();
        self.here = None;
        self.found.truncate(before + 1);
        for repeat in &mut self.found[before..] {
            repeat.field = Some(resolver.field.clone());
        }
    }

    fn block(&mut self, block: &Block) {
        for stmt in block {
            self.stmt(*stmt);
        }
    }

    fn stmt(&mut self, id: StmtId) {
        match &self.module.stmt(id).kind {
            StmtKind::Assign { target, value, .. } => {
                if let Some(value) = value {
                    self.expr(*value);
                    self.assign(*target, *value);
                }
                // what is set is not asked for
                match self.module.expr(*target).kind {
                    ExprKind::Member { object, .. } => self.expr(object),
                    _ => self.expr(*target),
                }
            }
            StmtKind::Expr(e) | StmtKind::Defer(e) | StmtKind::Spawn(e) | StmtKind::Assert(e) => self.expr(*e),
            StmtKind::If { cond, then, otherwise } => {
                self.expr(*cond);
                // `if (!byId.has(id)) byId.set(id, await find(id))`: what is known is not asked for again
                let remembers = self.asks_a_map(*cond);
                self.remembered += u32::from(remembers);
                self.block(then);
                self.block(otherwise);
                self.remembered -= u32::from(remembers);
            }
            StmtKind::Loop { pattern, iter, cond, body } => self.walk_loop(*pattern, *iter, *cond, body),
            StmtKind::Switch { subject, arms } => {
                subject.iter().for_each(|e| self.expr(*e));
                for arm in arms {
                    arm.guard.iter().for_each(|e| self.expr(*e));
                    self.block(&arm.body);
                }
            }
            StmtKind::Try { body, catches, finally } => {
                self.block(body);
                for catch in catches {
                    self.block(&catch.body);
                }
                self.block(finally);
            }
            StmtKind::With { resources, body } => {
                self.block(resources);
                self.block(body);
            }
            StmtKind::Return(e) | StmtKind::Throw(e) => e.iter().for_each(|e| self.expr(*e)),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) => {}
            StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn walk_loop(&mut self, pattern: Option<ExprId>, iter: Option<ExprId>, cond: Option<ExprId>, body: &Block) {
        if let Some(iter) = iter {
            self.expr(iter);
        }
        let mut around = Around { over: iter, ..Around::default() };
        let counts = match (pattern, iter, cond) {
            (Some(pattern), Some(iter), _) => {
                let target = if self.is_range(iter) { &mut around.counters } else { &mut around.names };
                self.names_of(pattern, target);
                around.elements.clone_from(&around.names);
                lists::may_be_long(self.context, ExprRef { module: self.id, expr: iter })
            }
            // Go's `for i := range xs` binds the index first; without a pattern nothing differs
            (None, Some(_), _) => false,
            (_, None, Some(cond)) => {
                self.counted(cond, body, &mut around);
                !around.names.is_empty() || !around.counters.is_empty()
            }
            _ => false,
        };
        if counts {
            self.loops.push(around);
        }
        if let Some(cond) = cond {
            self.expr(cond);
        }
        self.block(body);
        if counts {
            self.loops.pop();
        }
    }

    /// What differs in a loop that only has a condition: a counter that is an index, the row of a cursor.
    fn counted(&self, cond: ExprId, body: &Block, around: &mut Around) {
        match &self.module.expr(cond).kind {
            ExprKind::Binary {
                op: BinaryOp::Lt | BinaryOp::Le | BinaryOp::Ne | BinaryOp::Gt | BinaryOp::Ge,
                left,
                ..
            } => {
                if let ExprKind::Name(name) = self.module.expr(*left).kind {
                    around.counters.insert(name);
                }
            }
            // `rows.Next()`, `rs.next()`: what is read of the cursor is another row each time
            ExprKind::Call { callee, args, .. } if args.is_empty() => {
                let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind else { return };
                let ExprKind::Name(cursor) = self.module.expr(*object).kind else { return };
                if !matches!(name.as_str(), "Next" | "next" | "MoveNext" | "Read" | "ReadAsync") {
                    return;
                }
                for stmt in body {
                    self.filled_from(*stmt, cursor, &mut around.names);
                }
            }
            _ => {}
        }
    }

    /// Names that a statement fills from a cursor: `rows.Scan(&id)`, `id = rs.getLong(1)`.
    fn filled_from(&self, stmt: StmtId, cursor: Symbol, names: &mut FxHashSet<Symbol>) {
        struct Filled<'m> {
            module: &'m ir::Module,
            cursor: Symbol,
            names: FxHashSet<Symbol>,
        }
        impl ir::Visit for Filled<'_> {
            fn expr(&mut self, id: ExprId) -> bool {
                let ExprKind::Call { callee, args, .. } = &self.module.expr(id).kind else { return true };
                let ExprKind::Member { object, .. } = &self.module.expr(*callee).kind else { return true };
                if matches!(self.module.expr(*object).kind, ExprKind::Name(n) if n == self.cursor) {
                    for arg in args {
                        let ExprKind::Unary { op: UnaryOp::Ref, operand } = self.module.expr(arg.value).kind else {
                            continue;
                        };
                        let mut root = operand;
                        while let ExprKind::Member { object, .. } | ExprKind::Index { object, .. } =
                            self.module.expr(root).kind
                        {
                            root = object;
                        }
                        if let ExprKind::Name(name) = self.module.expr(root).kind {
                            self.names.insert(name);
                        }
                    }
                }
                true
            }
            fn stmt(&mut self, id: StmtId) -> bool {
                if let StmtKind::Assign { target, value: Some(value), .. } = self.module.stmt(id).kind
                    && let ExprKind::Name(name) = self.module.expr(target).kind
                    && mentions(self.module, value, &|n, _| n == self.cursor)
                {
                    self.names.insert(name);
                }
                true
            }
        }
        let mut filled = Filled { module: self.module, cursor, names: FxHashSet::default() };
        self.module.walk_stmt(stmt, &mut filled);
        names.extend(filled.names);
    }

    fn expr(&mut self, id: ExprId) {
        let mut below = Vec::new();
        self.module.children(id, |child| below.push(child));
        // what is set is not asked for
        if let ExprKind::Assign { target, .. } = self.module.expr(id).kind
            && let ExprKind::Member { object, .. } = self.module.expr(target).kind
            && let Some(first) = below.first_mut()
        {
            *first = Child::Expr(object);
        }
        self.changed.extend(self.changed_by(id));
        for child in below {
            match child {
                Child::Expr(expr) => self.expr(expr),
                Child::Stmt(stmt) => self.stmt(stmt),
                Child::Function(function) => self.function(function),
            }
        }
        match &self.module.expr(id).kind {
            ExprKind::Assign { target, value, .. } => self.assign(*target, *value),
            ExprKind::Call { .. } => self.call(id),
            ExprKind::Member { object, name, .. } => self.member(id, *object, *name),
            _ => {}
        }
    }

    /// The relation that something is only added to or taken from: `article.tags.add(tag)`, `article.tags << tag`.
    fn changed_by(&self, id: ExprId) -> Option<ExprId> {
        match &self.module.expr(id).kind {
            ExprKind::Binary { op: BinaryOp::Shl, left, .. } => Some(self.called(*left)),
            ExprKind::Call { callee, .. } => match &self.module.expr(*callee).kind {
                ExprKind::Member { object, name, .. }
                    if matches!(
                        name.as_str(),
                        "add"
                            | "remove"
                            | "set"
                            | "clear"
                            | "create"
                            | "build"
                            | "append"
                            | "push"
                            | "extend"
                            | "addAll"
                    ) =>
                {
                    Some(self.called(*object))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The callee of a call, else the expression itself.
    fn called(&self, id: ExprId) -> ExprId {
        match self.module.expr(id).kind {
            ExprKind::Call { callee, .. } => callee,
            _ => id,
        }
    }

    /// `article.author` of an article that the loop goes through.
    fn member(&mut self, id: ExprId, object: ExprId, name: Symbol) {
        if self.relations.is_empty() || self.changed.contains(&id) {
            return;
        }
        let ExprKind::Name(variable) = self.module.expr(object).kind else { return };
        let Some(around) = self.loops.iter().rev().find(|a| a.elements.contains(&variable)) else { return };
        let here = |expr: ExprId| ExprRef { module: self.id, expr };
        let over = around.over.map(here);
        let Some((relation, evidence)) = self.relations.asked(self.context, here(object), name, over) else { return };
        let function = self.here.map(|function| FnId { module: self.id, function });
        let repeat = Repeat {
            call: here(id),
            function,
            access: 0,
            way: Vec::new(),
            over,
            made: None,
            view: None,
            field: None,
            page: Vec::new(),
        };
        self.late.push(Late { repeat, name: None, relation, evidence });
    }

    /// What is assigned from something that differs differs as well.
    fn assign(&mut self, target: ExprId, value: ExprId) {
        let mut names = FxHashSet::default();
        self.names_of(target, &mut names);
        for at in 0..self.loops.len() {
            if self.differs(value, &self.loops[at]) {
                self.loops[at].names.extend(names.iter().copied());
            }
        }
    }

    /// A method of an element that asks for a relation of it.
    fn asks(&mut self, id: ExprId) -> bool {
        if self.relations.is_empty() {
            return false;
        }
        let call = ExprRef { module: self.id, expr: id };
        let Some(callee) = self.context.program.call(call).filter(|c| c.certain && c.functions.len() == 1) else {
            return false;
        };
        let ExprKind::Call { callee: written, args, .. } = &self.module.expr(id).kind else { return false };
        let object = match &self.module.expr(*written).kind {
            ExprKind::Member { object, .. } => Some(*object),
            _ => None,
        };
        for around in self.loops.iter().rev() {
            let is_element =
                |e: &ExprId| matches!(self.module.expr(*e).kind, ExprKind::Name(n) if around.elements.contains(&n));
            let Some(element) = object.into_iter().chain(args.first().map(|a| a.value)).find(is_element) else {
                continue;
            };
            let over = around.over.map(|expr| ExprRef { module: self.id, expr });
            let element = ExprRef { module: self.id, expr: element };
            let Some((relation, at)) = self.relations.asked_by(self.context, callee.functions[0], element, over) else {
                continue;
            };
            let function = self.here.map(|function| FnId { module: self.id, function });
            let repeat = Repeat {
                call,
                function,
                access: 0,
                way: vec![at],
                over,
                made: None,
                view: None,
                field: None,
                page: Vec::new(),
            };
            let name = Some(self.context.sources.text(self.context.program.span(at)).to_owned());
            self.late.push(Late { repeat, name, relation, evidence: base::Evidence::Shown });
            return true;
        }
        false
    }

    fn call(&mut self, id: ExprId) {
        self.handed_on(id);
        if self.loops.is_empty() || self.remembered > 0 || self.asks(id) {
            return;
        }
        let call = ExprRef { module: self.id, expr: id };
        let (access, way) = match self.direct.get(&call) {
            Some(access) => (*access, Vec::new()),
            None => {
                if !is_meant(self.context, call) && !self.is_of_element(id) {
                    return;
                }
                let Some(callee) = self.context.program.call(call) else { return };
                let Some(way) = callee.functions.iter().find_map(|f| self.ways.of.get(f)) else { return };
                (way.access, way.calls.clone())
            }
        };
        let Some(around) = self.loops.iter().rev().find(|around| self.call_differs(id, around)) else { return };
        let function = self.here.map(|function| FnId { module: self.id, function });
        let over = around.over.map(|expr| ExprRef { module: self.id, expr });
        self.found.push(Repeat {
            call,
            function,
            access,
            way,
            over,
            made: None,
            view: None,
            field: None,
            page: Vec::new(),
        });
    }

    /// A function by its name that is called with each element: `ids.map(load)`, `flux.flatMap(this::byName)`.
    fn handed_on(&mut self, id: ExprId) {
        let ExprKind::Call { callee, args, .. } = &self.module.expr(id).kind else { return };
        let ExprKind::Member { object, name, .. } = self.module.expr(*callee).kind else { return };
        let [only] = args.as_slice() else { return };
        let is_name = matches!(self.module.expr(only.value).kind, ExprKind::Name(_) | ExprKind::Member { .. });
        if !is_name
            || self.remembered > 0
            || !hands_on_elements(self.module.language, name.as_str())
            || !self.is_gone_through(object, None)
        {
            return;
        }
        let mut functions: Vec<FnId> = Vec::new();
        for value in self.context.evaluator(self.id).eval(only.value) {
            let Value::Function(function) = value else { continue };
            functions.push(function);
            if self.context.program.function(function).body.is_none() {
                functions.extend(self.context.program.classes().overrides(self.context.program, function, MAX_MEANT));
            }
        }
        functions.retain(|f| self.context.program.function(*f).body.is_some());
        if functions.len() > MAX_MEANT {
            return;
        }
        let Some(way) = functions.iter().find_map(|f| self.ways.of.get(f)) else { return };
        let call = ExprRef { module: self.id, expr: id };
        let function = self.here.map(|function| FnId { module: self.id, function });
        let over = Some(ExprRef { module: self.id, expr: object });
        let (access, way) = (way.access, way.calls.clone());
        self.found.push(Repeat {
            call,
            function,
            access,
            way,
            over,
            made: None,
            view: None,
            field: None,
            page: Vec::new(),
        });
    }

    /// The only method of its name, called on an element that is called as the method's class is:
    /// `invitation.crate_name(conn)` of `OwnerInvitation`.
    fn is_of_element(&self, id: ExprId) -> bool {
        let ExprKind::Call { callee, .. } = &self.module.expr(id).kind else { return false };
        let ExprKind::Member { object, .. } = self.module.expr(*callee).kind else { return false };
        let ExprKind::Name(element) = self.module.expr(object).kind else { return false };
        if !self.loops.iter().any(|around| around.elements.contains(&element)) {
            return false;
        }
        let call = ExprRef { module: self.id, expr: id };
        let Some([only]) = self.context.program.call(call).map(|c| c.functions.as_slice()) else { return false };
        let Some(class) = self.context.program.classes().class_of(*only) else { return false };
        let plain = |text: &str| text.rsplit('.').next().unwrap_or_default().replace('_', "").to_ascii_lowercase();
        let (element, class) = (plain(element.as_str()), plain(self.context.program.class(class).name.as_str()));
        element.len() > 3 && class.ends_with(&element)
    }

    fn call_differs(&self, id: ExprId, around: &Around) -> bool {
        let ExprKind::Call { callee, args, .. } = &self.module.expr(id).kind else { return false };
        self.differs(*callee, around) || args.iter().any(|a| self.differs(a.value, around))
    }

    fn differs(&self, id: ExprId, around: &Around) -> bool {
        let is_this = |(_, item): (ExprId, &ir::Expr)| matches!(&item.kind, ExprKind::Member { object, .. } if matches!(self.module.expr(*object).kind, ExprKind::This));
        if around.is_receiver && self.module.exprs_within(self.module.expr(id).range).any(is_this) {
            return true;
        }
        mentions(self.module, id, &|name, is_index| {
            around.names.contains(&name) || is_index && around.counters.contains(&name)
        })
    }

    /// Whether a list is what a function is called with the elements of, and may be long.
    fn is_gone_through(&self, over: ExprId, callback: Option<FunctionId>) -> bool {
        let over = ExprRef { module: self.id, expr: over };
        lists::is_list(self.context, over, callback) && lists::may_be_long(self.context, over)
    }

    fn names_of(&self, pattern: ExprId, names: &mut FxHashSet<Symbol>) {
        match &self.module.expr(pattern).kind {
            ExprKind::Name(name) if *name != "_" => {
                names.insert(*name);
            }
            ExprKind::Member { .. } | ExprKind::Index { .. } => {}
            _ => self.module.children(pattern, |child| {
                if let Child::Expr(expr) = child {
                    self.names_of(expr, names);
                }
            }),
        }
    }

    /// `1..n`, `range(len(xs))`: what it gives are numbers.
    fn is_range(&self, iter: ExprId) -> bool {
        match &self.module.expr(iter).kind {
            ExprKind::Binary { op: BinaryOp::Range, .. } => true,
            ExprKind::Call { callee, .. } => {
                matches!(self.module.expr(*callee).kind, ExprKind::Name(n) if n == "range")
            }
            _ => false,
        }
    }

    /// Whether a condition asks whether a map or set of the code's own holds something.
    fn asks_a_map(&self, cond: ExprId) -> bool {
        let is_own = |e: ExprId| matches!(self.module.expr(e).kind, ExprKind::Name(_));
        self.module.exprs_within(self.module.expr(cond).range).any(|(_, e)| match &e.kind {
            ExprKind::Binary { op: BinaryOp::NotIn, right, .. } => is_own(*right),
            ExprKind::Call { callee, .. } => match &self.module.expr(*callee).kind {
                ExprKind::Member { object, name, .. } => {
                    is_own(*object)
                        && matches!(
                            name.as_str(),
                            "has"
                                | "containsKey"
                                | "ContainsKey"
                                | "TryGetValue"
                                | "key?"
                                | "has_key?"
                                | "contains_key"
                        )
                }
                _ => false,
            },
            _ => false,
        })
    }
}

/// Whether an expression mentions a name that the test holds for; it is told whether the name is (in) an index.
fn mentions(module: &ir::Module, id: ExprId, test: &dyn Fn(Symbol, bool) -> bool) -> bool {
    fn below(module: &ir::Module, id: ExprId, is_index: bool, depth: u32, test: &dyn Fn(Symbol, bool) -> bool) -> bool {
        if depth > 40 {
            return false;
        }
        match &module.expr(id).kind {
            ExprKind::Name(name) => test(*name, is_index),
            ExprKind::Index { object, index } => {
                below(module, *object, is_index, depth + 1, test) || below(module, *index, true, depth + 1, test)
            }
            _ => {
                let mut found = false;
                module.children(id, |child| {
                    found = found
                        || match child {
                            Child::Expr(expr) => below(module, expr, is_index, depth + 1, test),
                            Child::Function(function) => {
                                let body = module.function(function).body.as_deref().unwrap_or_default();
                                body.iter().any(|s| in_stmt(module, *s, depth + 1, test))
                            }
                            Child::Stmt(stmt) => in_stmt(module, stmt, depth + 1, test),
                        };
                });
                found
            }
        }
    }
    fn in_stmt(module: &ir::Module, id: StmtId, depth: u32, test: &dyn Fn(Symbol, bool) -> bool) -> bool {
        struct Any<'t> {
            module: &'t ir::Module,
            depth: u32,
            test: &'t dyn Fn(Symbol, bool) -> bool,
            found: bool,
        }
        impl ir::Visit for Any<'_> {
            fn expr(&mut self, id: ExprId) -> bool {
                self.found = self.found || below(self.module, id, false, self.depth + 1, self.test);
                false
            }
        }
        let mut any = Any { module, depth, test, found: false };
        module.walk_stmt(id, &mut any);
        any.found
    }
    below(module, id, false, 0, test)
}
