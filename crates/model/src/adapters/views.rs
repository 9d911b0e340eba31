//! Which page templates views show with what, where no call says it: Django's generic views, Pyramid's renderers.

use base::{Language, Symbol};
use ir::{ExprId, ExprKind, StmtKind};
use program::{ClassRef, ExprRef, FnId, ModuleId};

use super::Context;

/// What an action gives a page: names with what they stand for.
pub(crate) type Given = Vec<(String, ExprRef)>;

/// A page that a view shows.
#[derive(Debug)]
pub(crate) struct ShownPage {
    /// The template's name.
    pub template: String,
    /// What it is given.
    pub given: Given,
    /// The function that gives it.
    pub action: FnId,
    /// Others that have a part in it.
    pub others: Vec<FnId>,
    /// The view, where it is a class.
    pub view: Option<ClassRef>,
}

/// All of them.
pub(crate) fn shown(context: &Context<'_>) -> Vec<ShownPage> {
    let mut found = Vec::new();
    if context.program.is_imported("django") {
        let all = context.program.classes().all();
        found.extend(all.into_iter().filter_map(|(class, _)| generic(context, class)));
    }
    if context.program.is_imported("pyramid") {
        context.program.ids().for_each(|id| rendered(context, id, &mut found));
    }
    found
}

fn field(context: &Context<'_>, class: ClassRef, name: &str) -> Option<ExprRef> {
    let (part, at) = context.program.classes().field(class, Symbol::new(name))?;
    let expr = context.program.class(part).fields[at as usize].init?;
    Some(ExprRef { module: part.module, expr })
}

/// `class Articles(ListView): template_name = "articles.html"`
fn generic(context: &Context<'_>, class: ClassRef) -> Option<ShownPage> {
    let program = context.program;
    let bases = program.classes().external_bases(class);
    if !bases.iter().any(|b| b.as_str().starts_with("django.")) {
        return None;
    }
    let template = context.string(field(context, class, "template_name")?)?;
    let method = |name: &str| program.classes().method(class, Symbol::new(name)).first().copied();
    let (queryset, data) = (method("get_queryset"), method("get_context_data"));
    let mut given = Given::new();
    if bases.iter().any(|b| b.as_str().ends_with("ListView")) {
        let returned = queryset.and_then(|f| {
            let last = *program.scopes(f.module).returns[f.function.0 as usize].last()?;
            Some(ExprRef { module: f.module, expr: last })
        });
        let model = field(context, class, "model");
        let rows = returned.or_else(|| field(context, class, "queryset")).or(model);
        let called = field(context, class, "context_object_name").and_then(|n| context.string(n));
        let of_model = model.and_then(|m| match program.expr(m).kind {
            ExprKind::Name(name) => Some(format!("{}_list", name.as_str().to_lowercase())),
            _ => None,
        });
        let names = ["object_list", "page_obj"].map(str::to_owned).into_iter();
        let names = names.chain(called.map(|c| c.to_string())).chain(of_model);
        given.extend(names.filter_map(|name| Some((name, rows?))));
    }
    if let Some(data) = data {
        kept(context, data, &mut given);
    }
    let action = data.or(queryset)?;
    let others = queryset.into_iter().collect();
    Some(ShownPage { template: template.to_string(), given, action, others, view: Some(class) })
}

/// What a function puts into a dictionary: `context["tags"] = tags`, `{"tags": tags}`.
fn kept(context: &Context<'_>, function: FnId, given: &mut Given) {
    let module = context.program.module(function.module);
    let range = module.function(function.function).range;
    let here = |expr: ExprId| ExprRef { module: function.module, expr };
    for stmt in module.stmts().filter(|s| range.contains(s.range)) {
        let StmtKind::Assign { target, value: Some(value), .. } = stmt.kind else { continue };
        if let ExprKind::Index { index, .. } = module.expr(target).kind
            && let Some(key) = module.string(index)
        {
            given.push((key.to_string(), here(value)));
        }
    }
    for (expr, item) in module.exprs_within(range) {
        if matches!(item.kind, ExprKind::Map(_)) {
            entries(context, here(expr), 0, given);
        }
    }
}

/// `@view_config(renderer="articles.html") def articles(request): return {"articles": …}`
fn rendered(context: &Context<'_>, id: ModuleId, found: &mut Vec<ShownPage>) {
    let module = context.program.module(id);
    if module.language != Language::Python {
        return;
    }
    let renderer = |annotations: &[ExprId]| {
        annotations.iter().find_map(|a| {
            let ExprKind::Call { args, .. } = &module.expr(*a).kind else { return None };
            let value = args.iter().find(|a| a.name.is_some_and(|n| n == "renderer"))?.value;
            context.string(ExprRef { module: id, expr: value })
        })
    };
    for (function, item) in module.functions() {
        let of_class = item.class.and_then(|c| renderer(&module.class(c).annotations));
        let Some(template) = renderer(&item.annotations).or(of_class.filter(|_| !item.annotations.is_empty())) else {
            continue;
        };
        let action = FnId { module: id, function };
        let mut given = Given::new();
        for value in &context.program.scopes(id).returns[function.0 as usize] {
            entries(context, ExprRef { module: id, expr: *value }, 0, &mut given);
        }
        let template =
            template.as_str().rsplit(':').next().unwrap_or_default().trim_start_matches("templates/").to_owned();
        let class = item.class.map(|class| context.program.classes().canonical(ClassRef { module: id, class }));
        found.push(ShownPage { template, given, action, others: Vec::new(), view: class });
    }
}

/// The entries of a dictionary, also of one that a variable or a property of the view holds.
pub(crate) fn entries(context: &Context<'_>, at: ExprRef, depth: usize, given: &mut Given) {
    let module = context.program.module(at.module);
    let here = |expr: ExprId| ExprRef { module: at.module, expr };
    match &module.expr(at.expr).kind {
        ExprKind::Map(all) => {
            for entry in all {
                match entry.key.and_then(|k| module.string(k)) {
                    Some(key) => given.push((key.to_string(), here(entry.value))),
                    None => {
                        if let ExprKind::Spread(inner) = module.expr(entry.value).kind {
                            entries(context, here(inner), depth + 1, given);
                        }
                    }
                }
            }
        }
        ExprKind::Name(_) if depth < 3 => {
            for origin in context.program.origins_before_calls(at, context.facts) {
                if origin != at {
                    entries(context, origin, depth + 1, given);
                }
            }
        }
        // `return self.default_response`
        ExprKind::Member { object, name, .. } if depth < 3 && matches!(module.expr(*object).kind, ExprKind::This) => {
            let class = context.program.scopes(at.module).owner(at.expr).class;
            let class = class.map(|class| ClassRef { module: at.module, class });
            let methods = class.map(|c| context.program.classes().method(c, *name)).unwrap_or_default();
            for method in methods {
                for value in &context.program.scopes(method.module).returns[method.function.0 as usize] {
                    entries(context, ExprRef { module: method.module, expr: *value }, depth + 1, given);
                }
            }
        }
        _ => {}
    }
}
