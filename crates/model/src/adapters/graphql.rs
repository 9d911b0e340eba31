//! GraphQL: functions that answer one field of each object of a type, and are called once for each of them.

use base::{Language, Symbol};
use ir::{ExprId, ExprKind, FunctionId, TypeKind};
use program::{FnId, ModuleId};

use super::Context;

/// A function that is called once for each object.
#[derive(Clone, Debug)]
pub(crate) struct FieldResolver {
    /// The function.
    pub function: FnId,
    /// The field, as `Post.author`.
    pub field: String,
    /// The parameter that holds the object.
    pub object: Symbol,
}

/// Types whose fields are asked for once per request.
const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// Packages that bring GraphQL in.
const PACKAGES: [&str; 22] = [
    "graphql",
    "apollo-server",
    "apollo-server-express",
    "@apollo/server",
    "graphql-yoga",
    "express-graphql",
    "graphql-tools",
    "@graphql-tools/schema",
    "mercurius",
    "type-graphql",
    "@nestjs/graphql",
    "graphql-http",
    "graphene",
    "graphene_django",
    "strawberry",
    "ariadne",
    "github.com/99designs/gqlgen",
    "github.com/graph-gophers/graphql-go",
    "org.springframework.graphql",
    "com.netflix.graphql.dgs",
    "async_graphql",
    "juniper",
];

/// The resolvers of fields of objects.
pub(crate) fn field_resolvers(context: &Context<'_>) -> Vec<FieldResolver> {
    if !PACKAGES.iter().any(|p| context.program.is_imported(p)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for id in context.modules() {
        let module = context.program.module(id);
        match module.language {
            l if l.is_ecmascript() => {
                maps(module, id, &mut found);
                annotated(module, id, &["ResolveField", "FieldResolver"], &["Parent", "Root"], &mut found);
            }
            Language::Java => annotated(module, id, &["SchemaMapping", "DgsData"], &[], &mut found),
            Language::Python => classes(context, module, id, &mut found),
            Language::Go => receivers(module, id, &mut found),
            _ => {}
        }
    }
    found
}

/// `{ Post: { author: (post, args, context) => … } }`: a map of types, whose entries are maps of functions.
fn maps(module: &ir::Module, id: ModuleId, found: &mut Vec<FieldResolver>) {
    for (_, item) in module.exprs() {
        let ExprKind::Map(entries) = &item.kind else { continue };
        let keys: Vec<Symbol> = entries.iter().filter_map(|e| module.string(e.key?)).collect();
        // types have names in upper case, and one of them is a root
        let is_type = |key: &Symbol| key.as_str().starts_with(|c: char| c.is_ascii_uppercase());
        if !keys.iter().any(|k| ROOTS.contains(&k.as_str())) || !keys.iter().all(is_type) {
            continue;
        }
        for entry in entries {
            let Some(ty) = entry.key.and_then(|k| module.string(k)).filter(|k| !ROOTS.contains(&k.as_str())) else {
                continue;
            };
            let ExprKind::Map(fields) = &module.expr(entry.value).kind else { continue };
            for field in fields {
                let Some(name) = field.key.and_then(|k| module.string(k)) else { continue };
                let Some(function) = function_of(module, field.value) else { continue };
                let Some(object) = module.function(function).params.first().map(|p| p.name) else { continue };
                found.push(FieldResolver {
                    function: FnId { module: id, function },
                    field: format!("{ty}.{name}"),
                    object,
                });
            }
        }
    }
}

fn function_of(module: &ir::Module, value: ExprId) -> Option<FunctionId> {
    match module.expr(value).kind {
        ExprKind::Lambda(function) => Some(function),
        _ => None,
    }
}

/// Methods with an annotation that says so; the object is the parameter with an annotation of its own, or the first.
fn annotated(module: &ir::Module, id: ModuleId, names: &[&str], objects: &[&str], found: &mut Vec<FieldResolver>) {
    let says = |annotations: &[ExprId], names: &[&str]| {
        annotations.iter().any(|a| {
            let ExprKind::Call { callee, .. } = &module.expr(*a).kind else { return false };
            let name = module.dotted(*callee).unwrap_or_default();
            names.contains(&name.rsplit('.').next().unwrap_or_default())
        })
    };
    for (function, item) in module.functions() {
        if !says(&item.annotations, names) {
            continue;
        }
        let object = match objects {
            [] => item.params.first().filter(|p| p.annotations.is_empty()),
            _ => item.params.iter().find(|p| says(&p.annotations, objects)),
        };
        let (Some(object), Some(name)) = (object, item.name) else { continue };
        found.push(FieldResolver {
            function: FnId { module: id, function },
            field: name.as_str().to_owned(),
            object: object.name,
        });
    }
}

/// `class PostType(ObjectType): def resolve_author(post, info)`.
fn classes(context: &Context<'_>, module: &ir::Module, id: ModuleId, found: &mut Vec<FieldResolver>) {
    for (at, class) in module.classes() {
        let this = program::ClassRef { module: id, class: at };
        let bases = context.program.classes().external_bases(this);
        let is_type =
            |b: &Symbol| PACKAGES.iter().any(|p| b.as_str().strip_prefix(p).is_some_and(|r| r.starts_with('.')));
        if !bases.iter().any(is_type) {
            continue;
        }
        let is_root =
            ROOTS.iter().any(|root| class.name.as_str().starts_with(root) || class.name.as_str().ends_with(root));
        if is_root {
            continue;
        }
        for function in &class.methods {
            let item = module.function(*function);
            let (Some(name), Some(object)) = (item.name, item.params.first()) else { continue };
            let Some(field) = name.as_str().strip_prefix("resolve_") else { continue };
            found.push(FieldResolver {
                function: FnId { module: id, function: *function },
                field: format!("{}.{field}", class.name),
                object: object.name,
            });
        }
    }
}

/// `func (r *postResolver) Author(ctx context.Context, obj *model.Post)`.
fn receivers(module: &ir::Module, id: ModuleId, found: &mut Vec<FieldResolver>) {
    for (function, item) in module.functions() {
        let [receiver, context, object, ..] = item.params.as_slice() else { continue };
        let type_name = |param: &ir::Param| {
            let mut ty = param.ty?;
            while let TypeKind::Ref(inner) = module.ty(ty).kind {
                ty = inner;
            }
            match &module.ty(ty).kind {
                TypeKind::Named { path, .. } => Some(*path),
                _ => None,
            }
        };
        let (Some(receiver), Some(context)) = (type_name(receiver), type_name(context)) else { continue };
        let of = receiver
            .as_str()
            .strip_suffix("Resolver")
            .filter(|of| !of.is_empty() && !ROOTS.iter().any(|root| root.eq_ignore_ascii_case(of)));
        let (Some(of), Some(name)) = (of, item.name) else { continue };
        if !context.as_str().ends_with("Context") || object.name != "obj" {
            continue;
        }
        found.push(FieldResolver {
            function: FnId { module: id, function },
            field: format!("{of}.{name}"),
            object: object.name,
        });
    }
}
