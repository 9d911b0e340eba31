//! Which stored thing an access asks for.

use base::Symbol;
use ir::{ClassId, ExprId, ExprKind, TypeId, TypeKind, UnaryOp};
use program::{Binding, ClassRef, Evaluator, ExprRef, ModuleId, Value};

use super::MAX_CHAIN;
use crate::adapters::Context;
use crate::stored::{self, Stored, StoredThings, TablePath};

/// Finds the targets of the accesses of one module.
pub(super) struct Targets<'c> {
    context: &'c Context<'c>,
    stored: &'c StoredThings,
    id: ModuleId,
    module: &'c ir::Module,
    evaluator: Evaluator<'c>,
}

impl<'c> Targets<'c> {
    pub(super) fn new(context: &'c Context<'c>, stored: &'c StoredThings, id: ModuleId) -> Self {
        Self { context, stored, id, module: context.program.module(id), evaluator: context.evaluator(id) }
    }

    /// The thing that a call asks for: by the class that its chain begins with (`Article.objects.filter(…)`), that it
    /// is given (`session.query(Article)`, `db.First(&article)`), that a declared type names (`Repository<Article>`),
    /// or by its name (`prisma.article.findMany()`).
    pub(super) fn of_call(&mut self, call: ExprId) -> Option<&'c Stored> {
        let mut at = call;
        for _ in 0..MAX_CHAIN {
            at = match &self.module.expr(at).kind {
                ExprKind::Call { callee, args, .. } => {
                    let given = args.iter().take(2).find_map(|a| self.of_argument(a.value));
                    if given.is_some() {
                        return given;
                    }
                    match self.module.expr(*callee).kind {
                        ExprKind::Member { object, .. } => object,
                        _ => *callee,
                    }
                }
                ExprKind::Member { object, name, .. } => match self.of_value(at).or_else(|| self.of_name(*name)) {
                    Some(stored) => return Some(stored),
                    // `order.lines.filter(…)` asks for what an order leads to
                    None => match self.instance(*object) {
                        Some(holder) => {
                            let relation = holder.field(name.as_str())?.relation.as_ref()?;
                            return self.stored.named(&relation.to);
                        }
                        None => *object,
                    },
                },
                ExprKind::Index { object, .. } => *object,
                ExprKind::Await(inner)
                | ExprKind::Cast { value: inner, .. }
                | ExprKind::Unary { operand: inner, .. } => *inner,
                ExprKind::Name(_) => {
                    if let Some(stored) = self.of_value(at) {
                        return Some(stored);
                    }
                    // `query = select(Article)`, `q := db.Model(&Article{})`
                    let here = ExprRef { module: self.id, expr: at };
                    match self.context.program.definition(here) {
                        Some(made) if made.module == self.id && made.expr != at => made.expr,
                        _ => return None,
                    }
                }
                _ => return None,
            };
        }
        None
    }

    /// The table whose path a chain of calls begins with: `posts::table.filter(…)`, `post::Entity::find()`.
    pub(super) fn table_of_call(&self, call: ExprId) -> Option<TablePath> {
        let mut at = call;
        for _ in 0..MAX_CHAIN {
            let here = ExprRef { module: self.id, expr: at };
            if let Some(found) = stored::table_at(self.context, self.stored, here) {
                return Some(found);
            }
            at = match &self.module.expr(at).kind {
                ExprKind::Call { callee, .. } => match self.module.expr(*callee).kind {
                    ExprKind::Member { object, .. } => object,
                    _ => return None,
                },
                ExprKind::Await(inner) | ExprKind::Member { object: inner, .. } => *inner,
                // `let mut query = posts::table.into_boxed();`
                ExprKind::Name(_) => match self.context.program.definition(here) {
                    Some(made) if made.module == self.id && made.expr != at => made.expr,
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    /// `Article`, `&article`, `&[]Article{}`, `Article.title`, the name of a table.
    fn of_argument(&mut self, value: ExprId) -> Option<&'c Stored> {
        match &self.module.expr(value).kind {
            ExprKind::Unary { op: UnaryOp::Ref | UnaryOp::Deref, operand } => self.of_value(*operand),
            // `select(Article.title)`
            ExprKind::Member { object, .. } => self.of_value(value).or_else(|| self.of_class_only(*object)),
            ExprKind::TypeExpr(ty) => self.of_type(self.id, *ty, None),
            ExprKind::Literal(_) => {
                let text = self.module.string(value)?;
                let name = text.as_str().split(' ').next().unwrap_or_default();
                self.stored.all.iter().find(|s| s.table.name == name)
            }
            _ => self.of_class_only(value),
        }
    }

    fn of_class_only(&mut self, expr: ExprId) -> Option<&'c Stored> {
        let values = self.evaluator.eval(expr);
        values.iter().find_map(|v| match v {
            Value::Class(class) => self.of_class(*class),
            _ => None,
        })
    }

    /// The stored thing that an expression is one of.
    fn instance(&mut self, expr: ExprId) -> Option<&'c Stored> {
        let values = self.evaluator.eval(expr);
        values.iter().find_map(|v| match v {
            Value::Instance(class) => self.of_class(*class),
            _ => None,
        })
    }

    /// What a name or member stands for.
    fn of_value(&mut self, expr: ExprId) -> Option<&'c Stored> {
        let values = self.evaluator.eval(expr);
        for value in &values {
            let (Value::Class(class) | Value::Instance(class)) = value else { continue };
            if let Some(stored) = self.of_class(*class).or_else(|| self.of_repository(*class)) {
                return Some(stored);
            }
        }
        let types = self.written_types(expr);
        types.into_iter().find_map(|(module, ty, class)| self.of_type(module, ty, class))
    }

    fn of_class(&self, class: ClassRef) -> Option<&'c Stored> {
        let classes = self.context.program.classes();
        let canonical = classes.canonical(class);
        self.stored.of_class(canonical).or_else(|| self.stored.of_class(class))
    }

    /// `interface Articles extends JpaRepository<Article, Long>`.
    pub(super) fn of_repository(&self, class: ClassRef) -> Option<&'c Stored> {
        let lineage = self.context.program.classes().lineage(class);
        lineage.into_iter().find_map(|c| {
            let item = self.context.program.class(c);
            item.bases.iter().find_map(|base| self.of_arguments(c.module, *base, Some(c.class)))
        })
    }

    /// A stored thing among the arguments of a type: `DbSet<Article>`.
    fn of_arguments(&self, module: ModuleId, ty: TypeId, class: Option<ClassId>) -> Option<&'c Stored> {
        match &self.context.program.module(module).ty(ty).kind {
            TypeKind::Named { args, .. } => args.iter().find_map(|a| self.of_type(module, *a, class)),
            _ => None,
        }
    }

    /// A stored thing that a type names, itself or within.
    fn of_type(&self, module: ModuleId, ty: TypeId, class: Option<ClassId>) -> Option<&'c Stored> {
        match &self.context.program.module(module).ty(ty).kind {
            TypeKind::Named { args, .. } => {
                let values = self.context.evaluator(module).type_values(ty, class);
                let named = values.iter().find_map(|v| match v {
                    Value::Instance(class) => self.of_class(*class),
                    _ => None,
                });
                named.or_else(|| args.iter().find_map(|a| self.of_type(module, *a, class)))
            }
            TypeKind::Array(inner) | TypeKind::Ref(inner) | TypeKind::Optional(inner) => {
                self.of_type(module, *inner, class)
            }
            _ => None,
        }
    }

    /// The types that are written for a variable, a parameter or a field.
    fn written_types(&mut self, expr: ExprId) -> Vec<(ModuleId, TypeId, Option<ClassId>)> {
        let program = self.context.program;
        let owner = program.scopes(self.id).owner(expr);
        match &self.module.expr(expr).kind {
            ExprKind::Name(name) => {
                let scopes = program.scopes(self.id);
                let mut function = owner.function;
                let mut found = None;
                while let (Some(id), None) = (function, found) {
                    found = scopes.functions[id.0 as usize].get(name);
                    function = self.module.function(id).parent;
                }
                let bindings = found.or_else(|| scopes.top.get(name)).into_iter().flatten();
                let ty = |b: &Binding| match b {
                    Binding::Typed(ty) => Some(*ty),
                    Binding::Param(function, at, path) if path.is_empty() => {
                        self.module.function(*function).params.get(*at as usize)?.ty
                    }
                    _ => None,
                };
                let mut types: Vec<_> = bindings.filter_map(ty).map(|ty| (self.id, ty, owner.class)).collect();
                // a field that is called without `this`
                if types.is_empty()
                    && let Some(class) = owner.class
                {
                    types.extend(self.field_type(ClassRef { module: self.id, class }, *name));
                }
                types
            }
            ExprKind::Member { object, name, .. } => {
                let holders: Vec<ClassRef> = match self.module.expr(*object).kind {
                    ExprKind::This => {
                        owner.class.map(|class| ClassRef { module: self.id, class }).into_iter().collect()
                    }
                    _ => {
                        let values = self.evaluator.eval(*object);
                        let holder = |v: &Value| match v {
                            Value::Instance(class) => Some(*class),
                            _ => None,
                        };
                        values.iter().filter_map(holder).collect()
                    }
                };
                holders.into_iter().filter_map(|class| self.field_type(class, *name)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn field_type(&self, class: ClassRef, name: Symbol) -> Option<(ModuleId, TypeId, Option<ClassId>)> {
        let classes = self.context.program.classes();
        let (part, at) = classes.lineage(classes.canonical(class)).into_iter().find_map(|c| classes.field(c, name))?;
        let ty = self.context.program.class(part).fields.get(at as usize)?.ty?;
        Some((part.module, ty, Some(part.class)))
    }

    /// `prisma.article`, `db.articles`: a thing without a class, by its name.
    fn of_name(&self, name: Symbol) -> Option<&'c Stored> {
        let mut letters = name.as_str().chars();
        let first = letters.next()?;
        let capital: String = first.to_uppercase().chain(letters).collect();
        self.stored.named(&capital).or_else(|| self.stored.named(name.as_str())).filter(|s| s.class.is_none())
    }
}
