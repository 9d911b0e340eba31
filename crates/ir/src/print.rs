//! A module in a short form that people read: what tests of front ends compare, and what
//! `dump --tree` shows. It looks like a program but is no language; it leaves out only where things are.

use std::fmt::Write;

use crate::*;

/// The module, a statement to a line, blocks below indented.
pub fn print(module: &Module) -> String {
    printed(module, true)
}

/// The module with each statement of the file on one line.
pub fn print_flat(module: &Module) -> String {
    printed(module, false)
}

fn printed(module: &Module, indents: bool) -> String {
    let mut p = Printer { module, out: String::new(), depth: 0, indents };
    if let Some(package) = module.package {
        p.push(&format!("package {package}\n"));
    }
    for annotation in &module.annotations {
        p.expr(*annotation);
        p.out.push('\n');
    }
    // most front ends put these into statements; the others only into the lists of the module
    let (mut imports, mut classes) = (vec![true; module.imports.len()], vec![true; module.classes.len()]);
    for stmt in module.stmts() {
        match stmt.kind {
            StmtKind::Import(id) => imports[id.0 as usize] = false,
            StmtKind::Class(id) => classes[id.0 as usize] = false,
            _ => {}
        }
    }
    for (_, expr) in module.exprs() {
        if let ExprKind::ClassExpr(id) = expr.kind {
            classes[id.0 as usize] = false;
        }
    }
    for (at, _) in imports.iter().enumerate().filter(|(_, alone)| **alone) {
        p.import(ImportId(at as u32));
        p.out.push('\n');
    }
    for stmt in &module.body {
        p.stmt(*stmt);
        p.out.push('\n');
    }
    for (at, _) in classes.iter().enumerate().filter(|(_, alone)| **alone) {
        p.class(ClassId(at as u32));
        p.out.push('\n');
    }
    p.out
}

struct Printer<'m> {
    module: &'m Module,
    out: String,
    depth: usize,
    indents: bool,
}

impl Printer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Things between braces, each printed by `item`.
    fn braces<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            return self.push("{}");
        }
        self.push("{");
        self.depth += 1;
        for (i, one) in items.iter().enumerate() {
            match (self.indents, i) {
                (true, _) => {
                    let _ = write!(self.out, "\n{}", "  ".repeat(self.depth));
                }
                (false, 0) => self.push(" "),
                (false, _) => self.push("; "),
            }
            item(self, one);
        }
        self.depth -= 1;
        match self.indents {
            true => {
                let _ = write!(self.out, "\n{}", "  ".repeat(self.depth));
            }
            false => self.push(" "),
        }
        self.push("}");
    }

    fn block(&mut self, block: &[StmtId]) {
        self.braces(block, |p, stmt| p.stmt(*stmt));
    }

    fn list<T>(&mut self, items: &[T], separator: &str, mut item: impl FnMut(&mut Self, &T)) {
        for (i, one) in items.iter().enumerate() {
            if i > 0 {
                self.push(separator);
            }
            item(self, one);
        }
    }

    fn exprs(&mut self, items: &[ExprId]) {
        self.list(items, ", ", |p, e| p.expr(*e));
    }

    fn types(&mut self, items: &[TypeId], separator: &str) {
        self.list(items, separator, |p, t| p.ty(*t));
    }

    fn annotations(&mut self, annotations: &[ExprId]) {
        for annotation in annotations {
            self.expr(*annotation);
            self.push(" ");
        }
    }

    fn stmt(&mut self, id: StmtId) {
        let module = self.module;
        match &module.stmt(id).kind {
            StmtKind::Assign { target, ty, op, value, declares } => {
                self.push(if *declares { "let " } else { "" });
                self.expr(*target);
                self.typed(*ty);
                if let Some(value) = value {
                    self.push(&format!(" {}= ", op.map_or("", sign)));
                    self.expr(*value);
                }
            }
            StmtKind::Expr(e) => self.expr(*e),
            StmtKind::If { cond, then, otherwise } => {
                self.push("if ");
                self.expr(*cond);
                self.push(" ");
                self.block(then);
                if !otherwise.is_empty() {
                    self.push(" else ");
                    self.block(otherwise);
                }
            }
            StmtKind::Loop { pattern, iter, cond, body } => {
                self.push("loop ");
                for (word, e) in [("", pattern), ("in ", iter), ("while ", cond)] {
                    if let Some(e) = e {
                        self.push(word);
                        self.expr(*e);
                        self.push(" ");
                    }
                }
                self.block(body);
            }
            StmtKind::Switch { subject, arms } => {
                self.push("switch ");
                if let Some(subject) = subject {
                    self.expr(*subject);
                    self.push(" ");
                }
                self.braces(arms, |p, arm| {
                    match arm.patterns.is_empty() {
                        true => p.push("_"),
                        false => p.list(&arm.patterns, " | ", |p, e| p.expr(*e)),
                    }
                    if let Some(guard) = arm.guard {
                        p.push(" if ");
                        p.expr(guard);
                    }
                    p.push(" => ");
                    p.block(&arm.body);
                });
            }
            StmtKind::Try { body, catches, finally } => {
                self.push("try ");
                self.block(body);
                for catch in catches {
                    self.push(" catch ");
                    self.types(&catch.types, " | ");
                    if let Some(binding) = catch.binding {
                        let word = if catch.types.is_empty() { "as" } else { " as" };
                        self.push(&format!("{word} {binding}"));
                    }
                    if catch.binding.is_some() || !catch.types.is_empty() {
                        self.push(" ");
                    }
                    self.block(&catch.body);
                }
                if !finally.is_empty() {
                    self.push(" finally ");
                    self.block(finally);
                }
            }
            StmtKind::With { resources, body } => {
                self.push("with ");
                self.block(resources);
                self.push(" ");
                self.block(body);
            }
            StmtKind::Defer(e) => self.word("defer", Some(*e)),
            StmtKind::Spawn(e) => self.word("go", Some(*e)),
            StmtKind::Return(e) => self.word("return", *e),
            StmtKind::Throw(e) => self.word("throw", *e),
            StmtKind::Assert(e) => self.word("assert", Some(*e)),
            StmtKind::Break => self.push("break"),
            StmtKind::Continue => self.push("continue"),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Function(id) => self.function(*id),
            StmtKind::Class(id) => self.class(*id),
            StmtKind::Import(id) => self.import(*id),
        }
    }

    fn word(&mut self, word: &str, e: Option<ExprId>) {
        self.push(word);
        if let Some(e) = e {
            self.push(" ");
            self.expr(e);
        }
    }

    fn typed(&mut self, ty: Option<TypeId>) {
        if let Some(ty) = ty {
            self.push(": ");
            self.ty(ty);
        }
    }

    fn expr(&mut self, id: ExprId) {
        let module = self.module;
        match &module.expr(id).kind {
            ExprKind::Name(name) => self.push(name.as_str()),
            ExprKind::This => self.push("this"),
            ExprKind::Super => self.push("super"),
            ExprKind::Literal(literal) => self.literal(*literal),
            ExprKind::Template(parts) => {
                self.push("`");
                for part in parts {
                    match part {
                        Part::Text(text) => self.push(&escaped(text.as_str(), '`')),
                        Part::Hole(e) => {
                            self.push("${");
                            self.expr(*e);
                            self.push("}");
                        }
                    }
                }
                self.push("`");
            }
            ExprKind::Member { object, name, optional, .. } => {
                self.expr(*object);
                self.push(if *optional { "?." } else { "." });
                self.push(name.as_str());
            }
            ExprKind::Index { object, index } => {
                self.expr(*object);
                self.push("[");
                self.expr(*index);
                self.push("]");
            }
            ExprKind::Call { callee, args, block, kind } => {
                self.push(match kind {
                    CallKind::New => "new ",
                    CallKind::Annotation => "@",
                    CallKind::Call | CallKind::Macro => "",
                });
                self.expr(*callee);
                self.push(if *kind == CallKind::Macro { "!(" } else { "(" });
                self.list(args, ", ", |p, arg| {
                    if let Some(name) = arg.name {
                        p.push(&format!("{name}: "));
                    }
                    p.expr(arg.value);
                });
                self.push(")");
                if let Some(block) = block {
                    self.push(" ");
                    self.function(*block);
                }
            }
            ExprKind::Lambda(function) => self.function(*function),
            ExprKind::ClassExpr(class) => self.class(*class),
            ExprKind::List(items) => self.within("[", "]", |p| p.exprs(items)),
            ExprKind::Map(entries) => self.within("{", "}", |p| {
                p.list(entries, ", ", |p, entry| {
                    if let Some(key) = entry.key {
                        p.expr(key);
                        p.push(": ");
                    }
                    p.expr(entry.value);
                });
            }),
            ExprKind::Unary { op, operand } => {
                self.push(match op {
                    UnaryOp::Not => "!",
                    UnaryOp::Neg => "-",
                    UnaryOp::Ref => "&",
                    UnaryOp::Deref => "*",
                    UnaryOp::Delete => "delete ",
                    UnaryOp::Other => "~",
                    UnaryOp::Try | UnaryOp::NonNull => "",
                });
                self.expr(*operand);
                self.push(match op {
                    UnaryOp::Try => "?",
                    UnaryOp::NonNull => "!",
                    _ => "",
                });
            }
            ExprKind::Binary { op, left, right } => self.infix(sign(*op), *left, *right),
            ExprKind::Logical { op, left, right } => {
                let sign = match op {
                    LogicalOp::And => "&&",
                    LogicalOp::Or => "||",
                    LogicalOp::Coalesce => "??",
                };
                self.infix(sign, *left, *right);
            }
            ExprKind::Ternary { cond, then, otherwise } => self.within("(", ")", |p| {
                p.expr(*cond);
                p.push(" ? ");
                p.expr(*then);
                p.push(" : ");
                p.expr(*otherwise);
            }),
            ExprKind::Assign { target, op, value } => {
                self.infix(&format!("{}=", op.map_or("", sign)), *target, *value);
            }
            ExprKind::Await(e) => self.within("await(", ")", |p| p.expr(*e)),
            ExprKind::Yield(e) => self.within("yield(", ")", |p| p.exprs(e.as_slice())),
            ExprKind::Spread(e) => {
                self.push("...");
                self.expr(*e);
            }
            ExprKind::Cast { ty, value } => self.within("cast<", ")", |p| {
                p.ty(*ty);
                p.push(">(");
                p.expr(*value);
            }),
            ExprKind::IsType { value, ty, binding } => self.within("(", ")", |p| {
                p.expr(*value);
                p.push(" is ");
                p.ty(*ty);
                if let Some(binding) = binding {
                    p.push(&format!(" as {binding}"));
                }
            }),
            ExprKind::TypeExpr(ty) => self.within("type<", ">", |p| p.ty(*ty)),
            ExprKind::Do(block) => {
                self.push("do ");
                self.block(block);
            }
            ExprKind::Unknown(items) => self.within("unknown(", ")", |p| p.exprs(items)),
        }
    }

    fn within(&mut self, open: &str, close: &str, inner: impl FnOnce(&mut Self)) {
        self.push(open);
        inner(self);
        self.push(close);
    }

    fn infix(&mut self, sign: &str, left: ExprId, right: ExprId) {
        self.within("(", ")", |p| {
            p.expr(left);
            p.push(&format!(" {sign} "));
            p.expr(right);
        });
    }

    fn literal(&mut self, literal: Literal) {
        let text = match literal {
            Literal::Str(text) => format!("\"{}\"", escaped(text.as_str(), '"')),
            Literal::Int(Some(number)) => number.to_string(),
            Literal::Int(None) => "int".to_owned(),
            Literal::Float(text) => format!("float {text}"),
            Literal::Bool(value) => value.to_string(),
            Literal::Null => "null".to_owned(),
            Literal::Regex(text) => format!("/{text}/"),
        };
        self.push(&text);
    }

    fn ty(&mut self, id: TypeId) {
        let module = self.module;
        match &module.ty(id).kind {
            TypeKind::Named { path, args } => {
                self.push(path.as_str());
                if !args.is_empty() {
                    self.within("<", ">", |p| p.types(args, ", "));
                }
            }
            TypeKind::Array(item) => self.within("[", "]", |p| p.ty(*item)),
            TypeKind::Map(key, value) => self.within("map<", ">", |p| p.types(&[*key, *value], ", ")),
            TypeKind::Ref(inner) => {
                self.push("&");
                self.ty(*inner);
            }
            TypeKind::Optional(inner) => {
                self.ty(*inner);
                self.push("?");
            }
            TypeKind::Union(items) => self.within("(", ")", |p| p.types(items, " | ")),
            TypeKind::Tuple(items) => self.within("(", ")", |p| p.types(items, ", ")),
            TypeKind::Function(params, ret) => {
                self.within("fn(", ")", |p| p.types(params, ", "));
                if let Some(ret) = ret {
                    self.push(" -> ");
                    self.ty(*ret);
                }
            }
            TypeKind::Expr(e) => {
                self.push("=");
                self.expr(*e);
            }
            TypeKind::Unknown => self.push("unknown"),
        }
    }

    fn function(&mut self, id: FunctionId) {
        let module = self.module;
        let function = module.function(id);
        self.annotations(&function.annotations);
        self.push(shown(function.visibility));
        self.push(if function.is_static { "static " } else { "" });
        self.push(if function.is_async { "async " } else { "" });
        self.push(match function.kind {
            FunctionKind::Function => "fn",
            FunctionKind::Method => "method",
            FunctionKind::Constructor => "constructor",
            FunctionKind::Accessor => "accessor",
            FunctionKind::Lambda => "lambda",
            FunctionKind::Block => "block",
        });
        if let Some(name) = function.name {
            self.push(&format!(" {name}"));
        }
        self.within("(", ")", |p| {
            p.list(&function.params, ", ", |p, param| {
                p.annotations(&param.annotations);
                p.push(match param.kind {
                    ParamKind::Normal => "",
                    ParamKind::Keyword => "key ",
                    ParamKind::Rest => "*",
                    ParamKind::KeywordRest => "**",
                    ParamKind::Receiver => "receiver ",
                    ParamKind::Block => "&",
                });
                match param.pattern {
                    Some(pattern) => p.expr(pattern),
                    None => p.push(param.name.as_str()),
                }
                p.typed(param.ty);
                if let Some(default) = param.default {
                    p.push(" = ");
                    p.expr(default);
                }
            });
        });
        if let Some(ret) = function.ret {
            self.push(" -> ");
            self.ty(ret);
        }
        if let Some(body) = &function.body {
            self.push(" ");
            self.block(body);
        }
    }

    fn class(&mut self, id: ClassId) {
        let module = self.module;
        let class = module.class(id);
        self.annotations(&class.annotations);
        self.push(shown(class.visibility));
        self.push(if class.is_abstract { "abstract " } else { "" });
        self.push(match class.kind {
            ClassKind::Class => "class",
            ClassKind::Struct => "struct",
            ClassKind::Interface => "interface",
            ClassKind::Enum => "enum",
            ClassKind::Impl => "impl",
            ClassKind::Module => "module",
            ClassKind::Alias => "alias",
        });
        if !class.name.is_empty() {
            self.push(&format!(" {}", class.name));
        }
        if let Some(namespace) = class.namespace {
            self.push(&format!(" in {namespace}"));
        }
        if !class.bases.is_empty() {
            self.push(" : ");
            self.types(&class.bases, ", ");
        }
        self.push(" ");
        let fields = class.fields.iter().map(ClassPart::Field);
        let methods = class.methods.iter().map(|m| ClassPart::Method(*m));
        let body = class.body.iter().map(|s| ClassPart::Stmt(*s));
        let parts: Vec<ClassPart<'_>> = fields.chain(methods).chain(body).collect();
        self.braces(&parts, |p, part| match part {
            ClassPart::Field(field) => p.field(field),
            ClassPart::Method(method) => p.function(*method),
            ClassPart::Stmt(stmt) => p.stmt(*stmt),
        });
    }

    fn field(&mut self, field: &Field) {
        self.annotations(&field.annotations);
        self.push(shown(field.visibility));
        self.push(if field.is_static { "static " } else { "" });
        self.push(if field.is_constant { "const " } else { "field " });
        self.push(field.name.as_str());
        self.typed(field.ty);
        if let Some(init) = field.init {
            self.push(" = ");
            self.expr(init);
        }
    }

    fn import(&mut self, id: ImportId) {
        let import = self.module.import(id);
        let word = match import.kind {
            ImportKind::Import => "import",
            ImportKind::Reexport => "reexport",
            ImportKind::Export => "export",
            ImportKind::Type => "import type",
        };
        self.push(&format!("{word} '{}'", import.module));
        if let Some(name) = import.name {
            self.push(&format!(" {name}"));
        }
        if !import.alias.is_empty() {
            self.push(&format!(" as {}", import.alias));
        }
    }
}

/// What stands in a class.
enum ClassPart<'m> {
    Field(&'m Field),
    Method(FunctionId),
    Stmt(StmtId),
}

fn shown(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "",
        Visibility::Protected => "protected ",
        Visibility::Private => "private ",
        Visibility::Internal => "internal ",
    }
}

fn escaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::In => "in",
        BinaryOp::NotIn => "not in",
        BinaryOp::Match => "=~",
        BinaryOp::Meet => "&",
        BinaryOp::Range => "..",
        BinaryOp::Shl => "<<",
        BinaryOp::Other => "<op>",
    }
}
