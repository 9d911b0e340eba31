//! What stands before the actions of Rails controllers: filters, in the order of Ruby's classes.

use base::Span;
use ir::{ExprKind, StmtKind};
use program::{ClassRef, FnId, ModuleId};

use super::super::Context;
use super::strings;
use crate::guards::{by_name, declared, unread, words};
use crate::{Guard, GuardKind};

/// A `before_action` and its kin, as written.
struct Filter {
    names: Vec<String>,
    skip: bool,
    only: Option<Vec<String>>,
    except: Option<Vec<String>>,
    span: Span,
    /// The block of `before_action { … }`.
    block: Option<FnId>,
}

/// What stands before an action, from the outermost base on.
pub(super) fn action_guards(context: &Context<'_>, class: ClassRef, action: &str) -> Vec<Guard> {
    let mut guards: Vec<Guard> = Vec::new();
    let mut order = Vec::new();
    outermost_first(context, class, &mut Vec::new(), &mut order);
    if order.iter().any(|c| stands_on_library(context, *c)) || hands_on(context, class, action) {
        let module = context.program.module(class.module);
        guards.push(unread(module.span(context.program.class(class).name_range)));
    }
    for class_ref in order {
        let parts = context.program.classes().info(class_ref).map(|i| i.parts.clone()).unwrap_or_default();
        for part in parts {
            let module = context.program.module(part.module);
            let body = context.program.class(part).body.clone();
            for stmt in included_and(module, &body) {
                let Some(filter) = filter(context, part.module, stmt) else { continue };
                let applies = filter.only.as_ref().is_none_or(|o| o.iter().any(|a| a == action))
                    && !filter.except.as_ref().is_some_and(|e| e.iter().any(|a| a == action));
                if !applies {
                    continue;
                }
                if filter.skip {
                    let opens = guards.iter().any(|g| {
                        filter.names.contains(&g.name)
                            && matches!(g.kind, GuardKind::Authentication | GuardKind::Authorization)
                    });
                    guards.retain(|g| !filter.names.contains(&g.name));
                    if opens {
                        guards.push(declared(GuardKind::Anonymous, "skip_before_action", filter.span));
                    }
                    continue;
                }
                for name in &filter.names {
                    guards.push(filter_guard(context, class, name, filter.span));
                }
                if let Some(block) = filter.block {
                    let (kind, evidence) = context.function_guard(block, "");
                    guards.push(Guard {
                        kind,
                        name: "before_action block".into(),
                        span: filter.span,
                        function: Some(block),
                        evidence,
                    });
                }
            }
        }
    }
    guards
}

/// `OtherController.dispatch(:call, request, response)`: another controller answers, behind filters of its own.
fn hands_on(context: &Context<'_>, class: ClassRef, action: &str) -> bool {
    context.method(class, action).is_some_and(|function| {
        let module = context.program.module(function.module);
        module.exprs_within(module.function(function.function).range).any(|(_, e)| match &e.kind {
            ExprKind::Call { callee, args, .. } => {
                matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } if *name == "dispatch")
                    && args.iter().any(|a| context.sources.text(module.expr_span(a.value)) == "request")
            }
            _ => false,
        })
    })
}

/// Whether a controller stands on one of a library other than Rails, whose filters are not seen here.
fn stands_on_library(context: &Context<'_>, class: ClassRef) -> bool {
    let Some(info) = context.program.classes().info(class) else { return false };
    let is_class = |b: &program::Value| matches!(b, program::Value::Class(c) if context.program.class(*c).kind != ir::ClassKind::Module);
    if info.bases.iter().any(is_class) {
        return false;
    }
    // by what is written: a namespace that an initializer opens is known, what stands in it is not
    info.parts.iter().any(|part| {
        let module = context.program.module(part.module);
        context.program.class(*part).bases.iter().any(|base| {
            let name = context.sources.text(module.span(module.ty(*base).range)).trim_start_matches("::");
            name.contains("::") && name.ends_with("Controller") && !name.starts_with("ActionController")
        })
    })
}

/// A class after what it stands on: its superclass first, then the modules that it includes.
fn outermost_first(context: &Context<'_>, class: ClassRef, seen: &mut Vec<ClassRef>, order: &mut Vec<ClassRef>) {
    let Some(info) = context.program.classes().info(class) else { return };
    // concerns may include each other
    if seen.contains(&class) || seen.len() > 60 {
        return;
    }
    seen.push(class);
    let bases = info.bases.iter().filter_map(|b| match b {
        program::Value::Class(base) => Some(*base),
        _ => None,
    });
    let is_module = |c: &ClassRef| context.program.class(*c).kind == ir::ClassKind::Module;
    let (modules, classes): (Vec<ClassRef>, Vec<ClassRef>) = bases.partition(is_module);
    for base in classes.into_iter().chain(modules) {
        outermost_first(context, base, seen, order);
    }
    order.push(class);
}

/// Class-level statements, those of a concern's `included do … end` too.
fn included_and(module: &ir::Module, body: &[ir::StmtId]) -> Vec<ir::StmtId> {
    let mut all = Vec::new();
    for stmt in body {
        if let StmtKind::Expr(e) = module.stmt(*stmt).kind
            && let ExprKind::Call { callee, block: Some(block), .. } = &module.expr(e).kind
            && matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == "included" || *n == "with_options")
        {
            all.extend(module.function(*block).body.clone().unwrap_or_default());
        } else {
            all.push(*stmt);
        }
    }
    all
}

fn filter(context: &Context<'_>, id: ModuleId, stmt: ir::StmtId) -> Option<Filter> {
    let module = context.program.module(id);
    let (StmtKind::Expr(expr) | StmtKind::Return(Some(expr))) = module.stmt(stmt).kind else { return None };
    let ExprKind::Call { callee, args, block, .. } = &module.expr(expr).kind else { return None };
    let ExprKind::Name(name) = &module.expr(*callee).kind else { return None };
    let skip = match name.as_str() {
        "before_action"
        | "prepend_before_action"
        | "append_before_action"
        | "before_filter"
        | "prepend_before_filter" => false,
        "skip_before_action" | "skip_before_filter" | "skip_forgery_protection" => true,
        // these are guards by themselves
        "protect_from_forgery"
        | "http_basic_authenticate_with"
        | "doorkeeper_authorize!"
        | "authorize_resource"
        | "load_and_authorize_resource" => false,
        _ => return None,
    };
    let is_guard = !name.as_str().contains("before_") && !skip;
    let mut names = if is_guard { vec![name.to_string()] } else { Vec::new() };
    let mut block = *block;
    for arg in args.iter().filter(|a| a.name.is_none() && !is_guard) {
        match &module.expr(arg.value).kind {
            ExprKind::Lambda(function) => block = Some(*function),
            _ => names.extend(strings(context, id, arg.value)),
        }
    }
    if name.as_str() == "skip_forgery_protection" {
        names.push("protect_from_forgery".into());
    }
    if skip && names.iter().any(|n| n == "verify_authenticity_token") {
        names.push("protect_from_forgery".into());
    }
    let list = |key: &str| {
        let arg = args.iter().find(|a| a.name.is_some_and(|n| n == key))?;
        Some(strings(context, id, arg.value))
    };
    let conditional = args.iter().any(|a| a.name.is_some_and(|n| n == "if" || n == "unless"));
    if skip && conditional {
        return None;
    }
    let block = block.map(|function| FnId { module: id, function });
    Some(Filter { names, skip, only: list("only"), except: list("except"), span: module.expr_span(expr), block })
}

/// What a filter method does: known ones by name, the project's own by their code.
fn filter_guard(context: &Context<'_>, class: ClassRef, name: &str, span: Span) -> Guard {
    let known = match name {
        "protect_from_forgery" | "verify_authenticity_token" => Some(GuardKind::Csrf),
        "doorkeeper_authorize!" | "authorize_resource" | "load_and_authorize_resource" => {
            Some(GuardKind::Authorization)
        }
        "http_basic_authenticate_with" => Some(GuardKind::Authentication),
        // Devise: `authenticate_user!`, `authenticate_admin_user!`
        n if n.starts_with("authenticate_") && n.ends_with('!') => Some(GuardKind::Authentication),
        _ => None,
    };
    let function = context.method(class, name);
    let (kind, evidence) = match (known, function) {
        (Some(kind), None) => (kind, base::Evidence::Shown),
        (known, Some(function)) => {
            let (seen, evidence) = context.function_guard(function, name);
            match known {
                Some(kind) if seen == GuardKind::Other || seen == GuardKind::OptionalAuthentication => (kind, evidence),
                _ => (name_says(name, seen, context, function), evidence),
            }
        }
        (None, None) => (by_name(name), base::Evidence::Suspected),
    };
    Guard { kind, name: name.to_owned(), span, function, evidence }
}

/// A method that turns callers away only inside the check of a token that may be missing recognises
/// callers, it does not require them.
fn name_says(name: &str, seen: GuardKind, context: &Context<'_>, function: FnId) -> GuardKind {
    let module = context.program.module(function.module);
    let item = module.function(function.function);
    let Some(body) = &item.body else { return seen };
    let tokens = words(name);
    let identifies = tokens.iter().any(|w| w.starts_with("auth") || w == "user" || w == "token");
    if seen == GuardKind::Authentication
        && identifies
        && let [only] = body.as_slice()
        && let StmtKind::If { cond, otherwise, .. } = &module.stmt(*only).kind
        && otherwise.is_empty()
    {
        let text = context.sources.text(module.expr_span(*cond)).to_ascii_lowercase();
        if text.contains("headers") && text.contains("present?") && !text.contains('!') {
            return GuardKind::OptionalAuthentication;
        }
    }
    seen
}
