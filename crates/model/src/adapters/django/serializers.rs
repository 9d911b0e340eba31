//! What REST framework's serializers ask each row of a list for.

use base::Symbol;
use ir::{ExprId, ExprKind, StmtKind};
use program::{ClassRef, ExprRef, FnId, Value};

use crate::adapters::Context;

/// How many serializers deep nesting is followed.
const MAX_DEPTH: usize = 3;

/// A list whose rows a serializer asks for relations.
#[derive(Debug)]
pub(crate) struct SerializedList {
    /// The view.
    pub view: ClassRef,
    /// What gives the rows.
    pub queryset: ExprRef,
    /// The function that it stands in.
    pub function: Option<FnId>,
    /// What each row is asked for.
    pub asked: Vec<Asked>,
}

/// A relation that a row is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The class of the row, as the serializer declares it.
    pub model: ClassRef,
    /// The relation.
    pub name: Symbol,
    /// The declaration that asks.
    pub at: ExprRef,
    /// Whether a row of this class is one of the list itself, and not of a relation of it.
    pub is_direct: bool,
    /// The relation that leads to such a row.
    pub under: Option<Symbol>,
}

/// The views that answer with lists of serialized rows.
pub(crate) fn lists(context: &Context<'_>) -> Vec<SerializedList> {
    let mut found = Vec::new();
    if !context.program.is_imported("rest_framework") {
        return found;
    }
    for (view, _) in context.program.classes().all() {
        let bases = context.program.classes().external_bases(view);
        let lists = bases.iter().any(|b| {
            let b = b.as_str();
            b.starts_with("rest_framework")
                && ["ModelViewSet", "ListAPIView", "ListCreateAPIView", "ListModelMixin"].iter().any(|w| b.ends_with(w))
        });
        if !lists {
            continue;
        }
        let mut asked = Vec::new();
        for serializer in serializers(context, view) {
            ask(context, serializer, None, 0, &mut asked);
        }
        if asked.is_empty() {
            continue;
        }
        let querysets = querysets(context, view);
        found.extend(querysets.into_iter().map(|(queryset, function)| SerializedList {
            view,
            queryset,
            function,
            asked: asked.clone(),
        }));
    }
    found.extend(by_hand(context));
    found
}

/// `ArticleSerializer(articles, many=True)` in a method of a view.
fn by_hand(context: &Context<'_>) -> Vec<SerializedList> {
    let mut found = Vec::new();
    for id in context.program.ids() {
        let module = context.program.module(id);
        if module.language != base::Language::Python {
            continue;
        }
        for (call, _) in context.program.calls(id) {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            if !args.iter().any(|a| a.name.is_some_and(|n| n == "many")) {
                continue;
            }
            let Some(rows) = args.iter().find(|a| a.name.is_none_or(|n| n == "instance")) else { continue };
            let owner = context.program.scopes(id).owner(call);
            let (Some(function), Some(class)) = (owner.function, owner.class) else { continue };
            let callee = ExprRef { module: id, expr: *callee };
            let mut asked = Vec::new();
            for serializer in classes_of(context, callee) {
                ask(context, serializer, None, 0, &mut asked);
            }
            // what gives the rows, where it stands in the same function
            let rows = ExprRef { module: id, expr: rows.value };
            let range = module.function(function).range;
            let origin = context.program.origins_before_calls(rows, context.facts).into_iter().next_back();
            let queryset = origin.filter(|o| o.module == id && range.contains(module.expr(o.expr).range));
            let Some(queryset) = queryset.filter(|_| !asked.is_empty()) else { continue };
            if !matches!(module.expr(queryset.expr).kind, ExprKind::Call { .. }) {
                continue;
            }
            let view = context.program.classes().canonical(ClassRef { module: id, class });
            found.push(SerializedList { view, queryset, function: Some(FnId { module: id, function }), asked });
        }
    }
    found
}

fn field(context: &Context<'_>, class: ClassRef, name: &str) -> Option<ExprRef> {
    let (part, at) = context.program.classes().field(class, Symbol::new(name))?;
    let expr = context.program.class(part).fields[at as usize].init?;
    Some(ExprRef { module: part.module, expr })
}

fn classes_of(context: &Context<'_>, at: ExprRef) -> Vec<ClassRef> {
    let values = context.program.evaluator(at.module, context.facts).eval(at.expr);
    values
        .iter()
        .filter_map(|v| match v {
            Value::Class(class) => Some(*class),
            _ => None,
        })
        .collect()
}

/// The serializers of a view: its `serializer_class`; where it chooses them per action, those for lists.
fn serializers(context: &Context<'_>, view: ClassRef) -> Vec<ClassRef> {
    if let Some(method) = context.method(view, "get_serializer_class") {
        return for_lists(context, method);
    }
    field(context, view, "serializer_class").map(|at| classes_of(context, at)).unwrap_or_default()
}

/// `if self.action == "list": return ArticleListSerializer`
fn for_lists(context: &Context<'_>, method: FnId) -> Vec<ClassRef> {
    let module = context.program.module(method.module);
    let range = module.function(method.function).range;
    let mut found = Vec::new();
    for stmt in module.stmts().filter(|s| range.contains(s.range)) {
        let StmtKind::If { cond, then, .. } = &stmt.kind else { continue };
        let asks = module.exprs_within(module.expr(*cond).range);
        if !asks.into_iter().any(|(e, _)| module.string(e).is_some_and(|s| s == "list")) {
            continue;
        }
        for inner in then {
            if let StmtKind::Return(Some(expr)) = module.stmt(*inner).kind {
                found.extend(classes_of(context, ExprRef { module: method.module, expr }));
            }
        }
    }
    found
}

/// What gives a view's rows: what `get_queryset` returns, else `queryset`.
fn querysets(context: &Context<'_>, view: ClassRef) -> Vec<(ExprRef, Option<FnId>)> {
    let Some(method) = context.method(view, "get_queryset") else {
        return field(context, view, "queryset").map(|at| (at, None)).into_iter().collect();
    };
    let module = context.program.module(method.module);
    let item = module.function(method.function);
    let mut last = None;
    for stmt in item.body.iter().flatten() {
        if let StmtKind::Return(Some(expr)) = module.stmt(*stmt).kind {
            last = Some((ExprRef { module: method.module, expr }, Some(method)));
        }
    }
    last.into_iter().collect()
}

/// The model of a serializer: `class Meta: model = Article`.
fn model_of(context: &Context<'_>, serializer: ClassRef) -> Option<ClassRef> {
    for part in context.program.classes().lineage(serializer) {
        let module = context.program.module(part.module);
        let meta = module.classes().find(|(_, c)| c.outer == Some(part.class) && c.name == "Meta");
        let Some((_, meta)) = meta else { continue };
        let init = meta.fields.iter().find(|f| f.name == "model").and_then(|f| f.init);
        if let Some(expr) = init {
            return classes_of(context, ExprRef { module: part.module, expr }).first().copied();
        }
    }
    None
}

/// What a serializer asks each row for.
fn ask(
    context: &Context<'_>,
    serializer: ClassRef,
    from: Option<(Symbol, ClassRef)>,
    depth: usize,
    asked: &mut Vec<Asked>,
) {
    let (under, parent) = from.unzip();
    let Some(model) = model_of(context, serializer).filter(|_| depth < MAX_DEPTH) else { return };
    let program = context.program;
    for part in program.classes().lineage(serializer) {
        let module = program.module(part.module);
        let here = |expr: ExprId| ExprRef { module: part.module, expr };
        let mut add = |name: Symbol, expr: ExprId| {
            // a row below another knows that one
            let back = parent
                .is_some_and(|p| program.class(p).name.as_str().eq_ignore_ascii_case(&name.as_str().replace('_', "")));
            if !back && !asked.iter().any(|a: &Asked| a.model == model && a.name == name) {
                asked.push(Asked { model, name, at: here(expr), is_direct: under.is_none(), under });
            }
        };
        let mut nested = Vec::new();
        for field in &module.class(part.class).fields {
            let Some(init) = field.init else { continue };
            let ExprKind::Call { callee, args, .. } = &module.expr(init).kind else { continue };
            let given = |name: &str| args.iter().find(|a| a.name.is_some_and(|n| n == name)).map(|a| a.value);
            if given("write_only").is_some() {
                continue;
            }
            let source = given("source").and_then(|s| module.string(s));
            let (first, rest) = match &source {
                Some(source) => match source.as_str().split_once('.') {
                    Some((first, _)) => (Symbol::new(first), true),
                    None => (*source, false),
                },
                None => (field.name, false),
            };
            let inner = classes_of(context, here(*callee)).into_iter().find(|c| model_of(context, *c).is_some());
            let last = module.dotted(*callee).unwrap_or_default();
            let last = last.rsplit('.').next().unwrap_or_default();
            if inner.is_some() || rest || matches!(last, "StringRelatedField" | "SlugRelatedField") {
                add(first, init);
                nested.extend(inner.map(|inner| (inner, first)));
            }
        }
        // `def get_author(self, article): return article.author.name`
        for method in &module.class(part.class).methods {
            let item = module.function(*method);
            let is_getter = item.name.is_some_and(|n| n.as_str().starts_with("get_") || n == "to_representation");
            let Some(row) = item.params.iter().filter(|p| p.kind == ir::ParamKind::Normal).map(|p| p.name).next()
            else {
                continue;
            };
            if !is_getter || item.params.len() > 2 {
                continue;
            }
            for (expr, item) in module.exprs_within(item.range) {
                if let ExprKind::Member { object, name, .. } = item.kind
                    && matches!(module.expr(object).kind, ExprKind::Name(n) if n == row)
                {
                    add(name, expr);
                }
            }
        }
        for (inner, name) in nested {
            ask(context, inner, Some((name, model)), depth + 1, asked);
        }
    }
}
