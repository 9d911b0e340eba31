//! Guards of NestJS, with the marks on routes that they themselves ask for.

use base::Evidence;
use ir::{ExprKind, Literal, StmtKind, TypeKind, UnaryOp};
use program::{ClassRef, ExprRef, FnId};

use super::{Context, Controller, Mark, class_of};
use crate::guards::{by_name, declared};
use crate::{Guard, GuardKind, Method};

/// A guard and what decides whether it guards.
pub(super) struct NestGuard {
    guard: Guard,
    /// The metadata that it asks for, and whether it lets pass what has it (else: what lacks it).
    asks: Vec<(String, bool)>,
}

/// What stands before a route, outermost first.
pub(super) fn before(
    context: &Context<'_>,
    controller: &Controller<'_>,
    own: &[Mark],
    verb: Method,
    local: &str,
    full: &str,
) -> Vec<Guard> {
    let mut guards = Vec::new();
    for middleware in controller.application.iter().flat_map(|a| &a.middleware) {
        if middleware.covers(controller.class, verb, local) || middleware.covers(controller.class, verb, full) {
            guards.extend(middleware.applied.iter().map(|at| applied(context, *at)));
        }
    }
    let global = controller.application.iter().flat_map(|a| a.guards.iter().copied());
    let mut all: Vec<NestGuard> = global.map(|at| read(context, at)).collect();
    for mark in controller.marks.iter().chain(own).filter(|m| m.name == "UseGuards") {
        all.extend(mark.args(context).into_iter().map(|at| read(context, at)));
    }
    for NestGuard { guard, asks } in all {
        let opened = asks.iter().find(|(key, opens)| match metadata(context, own, controller.marks, key) {
            Some(value) => value == *opens,
            None => !opens,
        });
        match opened {
            None => guards.push(guard),
            // said on the route: it is meant to be open
            Some((key, true)) => guards.insert(0, declared(GuardKind::Anonymous, key, guard.span)),
            Some((_, false)) => {}
        }
    }
    guards
}

/// Whether a route has metadata of a key that is true; the method's own before the class's.
fn metadata(context: &Context<'_>, own: &[Mark], of_class: &[Mark], key: &str) -> Option<bool> {
    own.iter().chain(of_class).find_map(|mark| {
        let args = mark.args(context);
        let (name, value) = match mark.name.as_str() {
            "SetMetadata" => (key_of(context, *args.first()?), args.get(1)),
            "createDecorator" => {
                let module = context.program.module(mark.at.module);
                let ExprKind::Call { callee, .. } = &module.expr(mark.at.expr).kind else { return None };
                (key_of(context, ExprRef { module: mark.at.module, expr: *callee }), args.first())
            }
            _ => return None,
        };
        let is_false =
            value.is_some_and(|v| matches!(context.program.expr(*v).kind, ExprKind::Literal(Literal::Bool(false))));
        (name == key).then_some(!is_false)
    })
}

/// A key by its text, else by the name that it is written with.
fn key_of(context: &Context<'_>, at: ExprRef) -> String {
    let text = context.string(at).map(|s| s.to_string());
    let written = || context.program.module(at.module).dotted(at.expr);
    text.or_else(written).unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned()
}

/// Middleware of a module: a function, or a class with `use`.
fn applied(context: &Context<'_>, at: ExprRef) -> Guard {
    let class = class_of(context, at);
    let Some((class, function)) = class.and_then(|c| Some((c, context.method(c, "use")?))) else {
        return context.guard(at);
    };
    let name = context.program.class(class).name.to_string();
    let (kind, evidence) = context.function_guard(function, &name);
    Guard { kind, name, span: context.program.span(at), function: Some(function), evidence }
}

fn read(context: &Context<'_>, at: ExprRef) -> NestGuard {
    match class_of(context, at) {
        Some(class) => of_class(context, class, at),
        None => NestGuard { guard: context.guard(at), asks: Vec::new() },
    }
}

fn of_class(context: &Context<'_>, class: ClassRef, at: ExprRef) -> NestGuard {
    let name = context.program.class(class).name.to_string();
    let lineage = context.program.classes().lineage(class);
    let guard = |kind, function, evidence| Guard {
        kind,
        name: name.clone(),
        span: context.program.span(at),
        function,
        evidence,
    };
    let asks = lineage.iter().flat_map(|c| asked(context, *c)).collect();
    let own = context.method(class, "canActivate");
    if lineage.iter().any(|c| extends_passport(context, *c)) {
        let handles = context.method(class, "handleRequest");
        let kind = match handles {
            Some(f) if !context.seen(f).throws && !hands_up(context, f) => GuardKind::OptionalAuthentication,
            _ => GuardKind::Authentication,
        };
        return NestGuard { guard: guard(kind, own.or(handles), Evidence::Shown), asks };
    }
    let Some(function) = own else {
        return NestGuard { guard: guard(by_name(&name), None, Evidence::Suspected), asks };
    };
    let (mut kind, mut evidence) = context.function_guard(function, &name);
    let seen = context.seen(function);
    if by_name(&name) == GuardKind::Csrf {
        // whatever status it answers, it does not ask who calls
        kind = GuardKind::Csrf;
    } else if matches!(kind, GuardKind::Other | GuardKind::OptionalAuthentication) && refuses(context, function) {
        // what gives `false` is answered with 403
        if seen.identifies || seen.asks {
            (kind, evidence) = (GuardKind::Authentication, Evidence::Shown);
        }
    } else if matches!(kind, GuardKind::Authentication | GuardKind::Authorization)
        && !refuses(context, function)
        && !seen.throws
    {
        (kind, evidence) = (GuardKind::Other, Evidence::Shown);
    }
    NestGuard { guard: guard(kind, Some(function), evidence), asks }
}

/// `extends AuthGuard('jwt')`.
fn extends_passport(context: &Context<'_>, class: ClassRef) -> bool {
    let module = context.program.module(class.module);
    context.imports(class.module, "@nestjs/passport")
        && context.program.class(class).bases.iter().any(|base| match &module.ty(*base).kind {
            TypeKind::Named { path, .. } => path.as_str().ends_with("AuthGuard"),
            _ => context.sources.text(module.span(module.ty(*base).range)).starts_with("AuthGuard"),
        })
}

/// Whether a method calls that of its base.
fn hands_up(context: &Context<'_>, function: FnId) -> bool {
    let module = context.program.module(function.module);
    module
        .exprs_within(module.function(function.function).range)
        .any(|(_, e)| matches!(&e.kind, ExprKind::Member { object, .. } if matches!(module.expr(*object).kind, ExprKind::Super)))
}

/// Whether a guard may give something other than `true`.
fn refuses(context: &Context<'_>, function: FnId) -> bool {
    let module = context.program.module(function.module);
    let range = module.function(function.function).range;
    module.stmts().filter(|s| range.contains(s.range)).any(|s| match s.kind {
        StmtKind::Return(Some(value)) => !matches!(module.expr(value).kind, ExprKind::Literal(Literal::Bool(true))),
        _ => false,
    })
}

/// `const open = this.reflector.get('open', …); if (open) return true;`
fn asked(context: &Context<'_>, class: ClassRef) -> Vec<(String, bool)> {
    let module = context.program.module(class.module);
    let mut found = Vec::new();
    for id in &context.program.class(class).methods {
        let range = module.function(*id).range;
        let read = |expr: ir::ExprId| reflected(context, ExprRef { module: class.module, expr });
        let variables: Vec<(base::Symbol, String)> = module
            .stmts()
            .filter(|s| range.contains(s.range))
            .filter_map(|s| match &s.kind {
                StmtKind::Assign { target, value: Some(value), .. } => match &module.expr(*target).kind {
                    ExprKind::Name(name) => read(*value).map(|key| (*name, key)),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        for statement in module.stmts().filter(|s| range.contains(s.range)) {
            let StmtKind::If { cond, then, .. } = &statement.kind else { continue };
            let passes = then.iter().any(|s| match module.stmt(*s).kind {
                StmtKind::Return(Some(v)) => matches!(module.expr(v).kind, ExprKind::Literal(Literal::Bool(true))),
                _ => false,
            });
            if !passes {
                continue;
            }
            let key = module.exprs_within(module.expr(*cond).range).find_map(|(e, x)| match &x.kind {
                ExprKind::Name(name) => variables.iter().find(|(v, _)| v == name).map(|(_, key)| key.clone()),
                ExprKind::Call { .. } => read(e),
                _ => None,
            });
            if let Some(key) = key {
                found.push((key, !is_negated(module, *cond)));
            }
        }
    }
    found
}

/// `!roles`, `roles === undefined`, `!roles || roles.length === 0`.
fn is_negated(module: &ir::Module, cond: ir::ExprId) -> bool {
    match &module.expr(cond).kind {
        ExprKind::Unary { op: UnaryOp::Not, .. } => true,
        ExprKind::Logical { left, .. } => is_negated(module, *left),
        ExprKind::Binary { op: ir::BinaryOp::Eq, right, .. } => {
            !matches!(module.expr(*right).kind, ExprKind::Literal(Literal::Bool(true)))
        }
        _ => false,
    }
}

/// The key that a call asks the reflector for.
fn reflected(context: &Context<'_>, at: ExprRef) -> Option<String> {
    let module = context.program.module(at.module);
    let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return None };
    let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return None };
    let is_reader = matches!(name.as_str(), "get" | "getAllAndOverride" | "getAllAndMerge" | "getAll");
    let is_reflector = module.dotted(*object).is_some_and(|o| o.to_ascii_lowercase().ends_with("reflector"));
    let key = ExprRef { module: at.module, expr: args.first()?.value };
    (is_reader && is_reflector).then(|| key_of(context, key))
}
