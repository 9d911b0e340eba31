//! Names of tables and columns: variants of enums with `DeriveIden`, `Alias::new("x")`, texts.

use base::Symbol;
use ir::{ExprId, ExprKind};

use super::Reader;

impl Reader<'_, '_> {
    /// The name that an expression stands for.
    pub(super) fn name(&self, expr: ExprId) -> Option<String> {
        match &self.module.expr(expr).kind {
            ExprKind::Member { object, name, .. } => {
                let around = match &self.module.expr(*object).kind {
                    ExprKind::Name(n) | ExprKind::Member { name: n, .. } => *n,
                    _ => return None,
                };
                Some(self.variant(around, *name))
            }
            ExprKind::Call { callee, args, .. } => {
                let called = self.module.dotted(*callee)?;
                match called.rsplit('.').next()? {
                    "new" | "into" | "into_iden" | "to_string" | "from" | "to_owned" => match args.first() {
                        Some(arg) => self.name(arg.value),
                        None => match &self.module.expr(*callee).kind {
                            ExprKind::Member { object, .. } => self.name(*object),
                            _ => None,
                        },
                    },
                    _ => None,
                }
            }
            ExprKind::List(items) => self.name(*items.first()?),
            ExprKind::Unary { operand, .. } => self.name(*operand),
            // `struct Users;` with `Iden`, or a constant
            ExprKind::Name(name) => {
                let text = self.context.string(self.at(expr)).map(|s| s.to_string());
                text.or_else(|| name.as_str().starts_with(char::is_uppercase).then(|| snake(name.as_str())))
            }
            _ => self.context.string(self.at(expr)).map(|s| s.to_string()),
        }
    }

    /// A variant of an enum: `Users::Table`, `Users::CreatedAt`; `orders::Entity`, `orders::Column::Id`.
    fn variant(&self, around: Symbol, name: Symbol) -> String {
        let own = self.module.classes().find(|(_, c)| c.name == around && c.kind != ir::ClassKind::Impl);
        let class = match own {
            Some((class, _)) => Some(program::ClassRef { module: self.id, class }),
            None => self.context.program.class_named(self.id, around),
        };
        let written = class.and_then(|class| {
            let item = self.context.program.class(class);
            let field = item.fields.iter().find(|f| f.name == name)?;
            let of_enum = || match name == "Table" {
                true => self.iden(class.module, &item.annotations),
                false => None,
            };
            self.iden(class.module, &field.annotations).or_else(of_enum)
        });
        let name = name.as_str().trim_start_matches("r#");
        match (written, name) {
            (Some(written), _) => written,
            (None, "Table" | "Entity") => snake(around.as_str()),
            (None, name) => snake(name),
        }
    }

    /// `#[sea_orm(iden = "x")]`, `#[iden = "x"]`
    fn iden(&self, module: program::ModuleId, annotations: &[ExprId]) -> Option<String> {
        let item = self.context.program.module(module);
        annotations.iter().find_map(|annotation| {
            let ExprKind::Call { callee, args, .. } = &item.expr(*annotation).kind else { return None };
            let is_iden = item.dotted(*callee).is_some_and(|d| d.ends_with("iden"));
            let arg = args.iter().find(|a| a.name.map_or(is_iden, |n| matches!(n.as_str(), "iden" | "rename")))?;
            item.string(arg.value).map(|s| s.to_string())
        })
    }
}

/// `OrgId` as `org_id`.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut made = String::new();
    for (at, c) in chars.iter().enumerate() {
        let begins = c.is_uppercase()
            && at > 0
            && chars[at - 1] != '_'
            && (!chars[at - 1].is_uppercase() || chars.get(at + 1).is_some_and(|n| n.is_lowercase()));
        if begins {
            made.push('_');
        }
        made.extend(c.to_lowercase());
    }
    made
}
