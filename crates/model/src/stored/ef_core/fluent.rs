//! What `OnModelCreating` and classes of configuration say of entities.

use base::{Language, Symbol};
use ir::{Arg, Block, ExprId, ExprKind, Module, StmtKind};
use program::{ClassRef, ExprRef, ModuleId};

use super::LIBRARY;
use super::entities::{Entity, IndexOf, class_of, generic, name_in};
use crate::Constant;
use crate::adapters::Context;

/// A link of a chain on a builder.
struct Link<'p> {
    name: &'static str,
    args: &'p [Arg],
    expr: ExprId,
}

/// The classes that a module's configuration names: `modelBuilder.Entity<T>()`.
pub(super) fn named(context: &Context<'_>, id: ModuleId) -> Vec<ClassRef> {
    let module = context.program.module(id);
    let calls = module.exprs().filter_map(|(_, e)| match &e.kind {
        ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
            ExprKind::Member { name, .. } if *name == "Entity" => type_argument(context, id, args),
            _ => None,
        },
        _ => None,
    });
    calls.collect()
}

fn type_argument(context: &Context<'_>, id: ModuleId, args: &[Arg]) -> Option<ClassRef> {
    let arg = args.iter().find(|a| a.name.is_some_and(|n| n == "<type>"))?;
    match context.program.module(id).expr(arg.value).kind {
        ExprKind::TypeExpr(ty) => class_of(context, id, ty),
        _ => None,
    }
}

/// Reads all configuration.
pub(super) fn configure(context: &Context<'_>, entities: &mut [Entity]) {
    let program = context.program;
    for id in context.modules().filter(|id| program.module(*id).language == Language::CSharp) {
        if !context.imports(id, LIBRARY) {
            continue;
        }
        let module = program.module(id);
        for (_, class) in module.classes() {
            for method in &class.methods {
                let function = module.function(*method);
                let (Some(name), Some(body)) = (function.name, &function.body) else { continue };
                // `Configure(EntityTypeBuilder<T> builder)`, or a method that is handed such a builder
                let built = function.params.iter().find_map(|p| {
                    let (args, last) = generic(module, p.ty?)?;
                    let class = class_of(context, id, *args.first().filter(|_| last == "EntityTypeBuilder")?)?;
                    Some((p.name, class))
                });
                let takes_model = function
                    .params
                    .iter()
                    .any(|p| p.ty.and_then(|ty| generic(module, ty)).is_some_and(|(_, last)| last == "ModelBuilder"));
                if built.is_none() && !takes_model && name != "OnModelCreating" {
                    continue;
                }
                let mut reader = Reader { context, id, module, entities };
                reader.block(body, built);
            }
        }
    }
}

struct Reader<'c, 'p, 'e> {
    context: &'c Context<'p>,
    id: ModuleId,
    module: &'p Module,
    entities: &'e mut [Entity],
}

impl<'p> Reader<'_, 'p, '_> {
    fn block(&mut self, block: &'p Block, built: Option<(Symbol, ClassRef)>) {
        for stmt in block {
            match &self.module.stmt(*stmt).kind {
                StmtKind::Expr(expr) | StmtKind::Return(Some(expr)) => self.chain(*expr, built),
                StmtKind::Block(inner) => self.block(inner, built),
                StmtKind::If { then, .. } => self.block(then, built),
                _ => {}
            }
        }
    }

    /// `builder.A(…).B(…)`, `modelBuilder.Entity<T>(b => …).A(…)`
    fn chain(&mut self, expr: ExprId, built: Option<(Symbol, ClassRef)>) {
        let mut links = Vec::new();
        let mut at = expr;
        let class;
        loop {
            match &self.module.expr(at).kind {
                ExprKind::Call { callee, args, .. } => {
                    let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind else { return };
                    if *name == "Entity" {
                        class = type_argument(self.context, self.id, args);
                        let lambda = args.iter().find_map(|a| match self.module.expr(a.value).kind {
                            ExprKind::Lambda(function) => Some(function),
                            _ => None,
                        });
                        if let (Some(class), Some(lambda)) = (class, lambda) {
                            self.lambda(lambda, class);
                        }
                        break;
                    }
                    links.push(Link { name: name.as_str(), args, expr: at });
                    at = *object;
                }
                ExprKind::Name(name) => {
                    class = built.filter(|(param, _)| param == name).map(|(_, class)| class);
                    break;
                }
                _ => return,
            }
        }
        links.reverse();
        if let Some(entity) = class.and_then(|c| self.entities.iter().position(|e| e.class == c)) {
            self.apply(entity, &links);
        }
    }

    fn lambda(&mut self, lambda: ir::FunctionId, class: ClassRef) {
        let function = self.module.function(lambda);
        if let (Some(param), Some(body)) = (function.params.first(), &function.body) {
            self.block(body, Some((param.name, class)));
        }
    }

    fn constant(&self, link: &Link<'p>) -> Option<Constant> {
        self.context.constant(ExprRef { module: self.id, expr: link.args.first()?.value })
    }

    fn text(&self, link: &Link<'p>, at: usize) -> Option<String> {
        let arg = link.args.get(at).filter(|a| a.name.is_none_or(|n| n != "<type>"))?;
        self.context.string(ExprRef { module: self.id, expr: arg.value }).map(|s| s.to_string())
    }

    /// The properties that arguments name: `x => x.A`, `x => new { x.A, x.B }`, `"A", "B"`.
    fn properties(&self, link: &Link<'p>) -> Vec<String> {
        let mut names = Vec::new();
        for arg in link.args.iter().filter(|a| a.name.is_none()) {
            match &self.module.expr(arg.value).kind {
                ExprKind::Lambda(function) => names.extend(self.members(*function)),
                _ => names.extend(name_in(self.context, self.id, arg.value)),
            }
        }
        names
    }

    fn members(&self, function: ir::FunctionId) -> Vec<String> {
        let last = self.module.function(function).body.as_ref().and_then(|b| b.last());
        let Some(StmtKind::Return(Some(expr)) | StmtKind::Expr(expr)) = last.map(|s| &self.module.stmt(*s).kind) else {
            return Vec::new();
        };
        let one = |expr: ExprId| {
            let expr = match self.module.expr(expr).kind {
                ExprKind::Cast { value, .. } => value,
                ExprKind::Unary { operand, .. } => operand,
                _ => expr,
            };
            match &self.module.expr(expr).kind {
                ExprKind::Member { name, .. } => Some(name.to_string()),
                _ => None,
            }
        };
        match &self.module.expr(*expr).kind {
            ExprKind::Map(entries) => entries.iter().filter_map(|e| one(e.value)).collect(),
            _ => one(*expr).into_iter().collect(),
        }
    }

    fn apply(&mut self, at: usize, links: &[Link<'p>]) {
        let Some(first) = links.first() else { return };
        match first.name {
            "Property" => self.property(at, links),
            "HasIndex" => {
                let find = |names: &[&str]| links.iter().find(|l| names.contains(&l.name));
                let is_unique = find(&["IsUnique"]).is_some_and(|l| self.constant(l) != Some(Constant::Bool(false)));
                let name = find(&["HasDatabaseName", "HasName"]).and_then(|l| self.text(l, 0));
                let filter = find(&["HasFilter"]).and_then(|l| self.text(l, 0));
                let range = self.module.expr(first.expr).range;
                let properties = self.properties(first);
                let entity = &mut self.entities[at];
                // configuration may stand in another file
                let here = entity.class.module == self.id;
                let own = self.context.program.class(entity.class).name_range;
                entity.indexes.push(IndexOf {
                    properties,
                    name,
                    is_unique,
                    filter,
                    at: if here { range } else { own },
                });
            }
            "HasOne" | "HasMany" | "OwnsOne" | "OwnsMany" => self.relation(at, links),
            _ => {
                for link in links {
                    self.whole(at, link);
                }
            }
        }
    }

    /// What is said of the whole entity.
    fn whole(&mut self, at: usize, link: &Link<'p>) {
        match link.name {
            "ToTable" => {
                let (table, schema) = (self.text(link, 0), self.text(link, 1));
                let entity = &mut self.entities[at];
                entity.table = table.or(entity.table.take());
                entity.schema = schema.or(entity.schema.take());
            }
            "ToView" | "HasNoKey" | "ToSqlQuery" => self.entities[at].is_left_out = true,
            "HasKey" => self.entities[at].key = self.properties(link),
            "Ignore" => {
                let names = self.properties(link);
                self.entities[at].properties.retain(|p| !names.iter().any(|n| *n == p.name.as_str()));
            }
            _ => {}
        }
    }

    fn property(&mut self, at: usize, links: &[Link<'p>]) {
        let Some(name) = links.first().and_then(|l| self.properties(l).into_iter().next()) else { return };
        let said: Vec<(&str, Option<Constant>)> = links.iter().skip(1).map(|l| (l.name, self.constant(l))).collect();
        let Some(property) = self.entities[at].properties.iter_mut().find(|p| p.name.as_str() == name) else { return };
        for said in said {
            match said {
                ("HasColumnName", Some(Constant::Str(name))) => property.column = name.to_string(),
                ("HasColumnType", Some(Constant::Str(ty))) => property.written_type = Some(ty.to_string()),
                ("HasMaxLength", Some(Constant::Int(length))) => property.max_length = Some(length),
                ("IsRequired", Some(Constant::Bool(false))) => property.is_nullable = true,
                ("IsRequired", _) => property.is_nullable = false,
                ("ValueGeneratedNever", _) => property.is_given = true,
                ("HasConversion", _) if property.clr == "int" => property.clr = "string".to_owned(),
                _ => {}
            }
        }
    }

    /// `HasOne(x => x.Nav).WithMany(y => y.List).HasForeignKey(x => x.NavId).OnDelete(…)`
    fn relation(&mut self, at: usize, links: &[Link<'p>]) {
        let first = &links[0];
        let own = self.properties(first).into_iter().next();
        let find = |names: &[&str]| links.iter().find(|l| names.contains(&l.name));
        let inverse = find(&["WithMany", "WithOne"]).and_then(|l| self.properties(l).into_iter().next());
        let foreign_key = find(&["HasForeignKey"]).map(|l| self.properties(l)).unwrap_or_default();
        let on_delete = find(&["OnDelete"]).and_then(|l| match &self.module.expr(l.args.first()?.value).kind {
            ExprKind::Member { name, .. } => Some(name.as_str()),
            _ => None,
        });
        let leads = |e: &Entity, name: &Option<String>| {
            name.as_ref().and_then(|n| e.properties.iter().position(|p| p.name.as_str() == n && p.target.is_some()))
        };
        let Some(position) = leads(&self.entities[at], &own) else { return };
        let target = self.entities[at].properties[position].target;
        let other = self.entities.iter().position(|e| Some(e.class) == target);
        if first.name.starts_with("Owns") {
            if let Some(other) = other {
                self.entities[other].is_left_out = true;
            }
            return;
        }
        // the side with the key is that of the one
        let (holder, position) = match (first.name, other) {
            ("HasMany", Some(other)) => match leads(&self.entities[other], &inverse) {
                Some(position) => (other, position),
                None => (at, position),
            },
            ("HasOne", Some(other)) if find(&["WithOne"]).is_some() => {
                let holds = |e: &Entity| !foreign_key.is_empty() && foreign_key.iter().all(|k| e.property(k).is_some());
                match leads(&self.entities[other], &inverse) {
                    Some(theirs) if !holds(&self.entities[at]) && holds(&self.entities[other]) => (other, theirs),
                    _ => (at, position),
                }
            }
            _ => (at, position),
        };
        let property = &mut self.entities[holder].properties[position];
        if !foreign_key.is_empty() {
            property.foreign_key = foreign_key;
        }
        property.on_delete = on_delete.or(property.on_delete);
        if let Some(inverse) = inverse.filter(|_| holder == at) {
            property.inverse = Some(Symbol::new(&inverse));
        }
    }
}
