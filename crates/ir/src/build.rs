//! Making a module.

use base::{FileId, Language, Symbol};

use crate::*;

/// Collects the nodes of one module. Front ends own one each.
#[derive(Debug)]
pub struct Builder {
    /// The module so far; its item lists may be filled in directly.
    pub module: Module,
}

impl Builder {
    /// An empty module.
    pub fn new(file: FileId, language: Language) -> Self {
        Self {
            module: Module {
                file,
                language,
                package: None,
                imports: Vec::new(),
                classes: Vec::new(),
                functions: Vec::new(),
                body: Vec::new(),
                annotations: Vec::new(),
                comments: Vec::new(),
                exprs: Vec::new(),
                starts: Vec::new(),
                stmts: Vec::new(),
                types: Vec::new(),
            },
        }
    }

    /// Makes room for what a syntax tree of so many named nodes usually becomes.
    pub fn reserve(&mut self, nodes: usize) {
        self.module.exprs.reserve(nodes / 2);
        self.module.stmts.reserve(nodes / 12);
    }

    /// Ends the making: notes where expressions start, and gives back what was not needed.
    pub fn end(&mut self) {
        let starts = |block: &[Expr]| {
            let starts = block.iter().map(|e| e.range.start);
            (starts.clone().min().unwrap_or(0), starts.max().unwrap_or(0))
        };
        self.module.starts = self.module.exprs.chunks(crate::walk::BLOCK).map(starts).collect();
        self.module.exprs.shrink_to_fit();
        self.module.stmts.shrink_to_fit();
        self.module.types.shrink_to_fit();
        self.module.functions.shrink_to_fit();
    }

    /// Adds an expression.
    pub fn expr(&mut self, kind: ExprKind, range: Range) -> ExprId {
        self.module.exprs.push(Expr { kind, range });
        ExprId(self.module.exprs.len() as u32 - 1)
    }

    /// Replaces an expression's kind: for what is only known after its children.
    pub fn set_expr(&mut self, id: ExprId, kind: ExprKind) {
        self.module.exprs[id.0 as usize].kind = kind;
    }

    /// Adds a statement.
    pub fn stmt(&mut self, kind: StmtKind, range: Range) -> StmtId {
        self.module.stmts.push(Stmt { kind, range });
        StmtId(self.module.stmts.len() as u32 - 1)
    }

    /// Replaces a statement's kind: for what is only known after its children.
    pub fn set_stmt(&mut self, id: StmtId, kind: StmtKind) {
        self.module.stmts[id.0 as usize].kind = kind;
    }

    /// Adds a type.
    pub fn ty(&mut self, kind: TypeKind, range: Range) -> TypeId {
        self.module.types.push(Type { kind, range });
        TypeId(self.module.types.len() as u32 - 1)
    }

    /// Reserves a function, so that what is inside can name it as its parent; fill it with
    /// `builder.module.functions[id]`.
    pub fn function(&mut self, kind: FunctionKind, range: Range) -> FunctionId {
        self.module.functions.push(Function {
            name: None,
            name_range: range,
            kind,
            params: Vec::new(),
            ret: None,
            body: None,
            is_async: false,
            is_static: false,
            visibility: Visibility::Public,
            annotations: Vec::new(),
            class: None,
            parent: None,
            range,
        });
        FunctionId(self.module.functions.len() as u32 - 1)
    }

    /// The function, to be filled in.
    pub fn function_mut(&mut self, id: FunctionId) -> &mut Function {
        &mut self.module.functions[id.0 as usize]
    }

    /// Reserves a class; fill it in with [`Builder::class_mut`].
    pub fn class(&mut self, kind: ClassKind, name: Symbol, range: Range) -> ClassId {
        self.module.classes.push(Class {
            name,
            name_range: range,
            kind,
            namespace: None,
            bases: Vec::new(),
            annotations: Vec::new(),
            fields: Vec::new(),
            methods: Vec::new(),
            body: Vec::new(),
            outer: None,
            function: None,
            visibility: Visibility::Public,
            is_abstract: false,
            range,
        });
        ClassId(self.module.classes.len() as u32 - 1)
    }

    /// The class, to be filled in.
    pub fn class_mut(&mut self, id: ClassId) -> &mut Class {
        &mut self.module.classes[id.0 as usize]
    }

    /// Adds an import.
    pub fn import(&mut self, import: Import) -> ImportId {
        self.module.imports.push(import);
        ImportId(self.module.imports.len() as u32 - 1)
    }

    /// How much there is of each kind now, for [`Builder::shift`].
    pub fn mark(&self) -> Mark {
        let m = &self.module;
        Mark { exprs: m.exprs.len(), stmts: m.stmts.len(), types: m.types.len(), functions: m.functions.len() }
    }

    /// Moves everything added since `mark` by `shift` bytes, within a file of `length` bytes: for text
    /// that was parsed apart from its file.
    pub fn shift(&mut self, mark: Mark, shift: i64, length: u32) {
        let moved = |at: u32| (i64::from(at) + shift).clamp(0, i64::from(length)) as u32;
        let moved = |range: &mut Range| *range = Range { start: moved(range.start), end: moved(range.end) };
        for expr in &mut self.module.exprs[mark.exprs..] {
            moved(&mut expr.range);
            if let ExprKind::Member { name_range, .. } = &mut expr.kind {
                moved(name_range);
            }
        }
        for stmt in &mut self.module.stmts[mark.stmts..] {
            moved(&mut stmt.range);
            if let StmtKind::Switch { arms, .. } = &mut stmt.kind {
                arms.iter_mut().for_each(|arm| moved(&mut arm.range));
            }
        }
        self.module.types[mark.types..].iter_mut().for_each(|ty| moved(&mut ty.range));
        for function in &mut self.module.functions[mark.functions..] {
            moved(&mut function.range);
            moved(&mut function.name_range);
            function.params.iter_mut().for_each(|param| moved(&mut param.range));
        }
    }

    /// `this.name = name`, for constructors that say it with their parameters.
    pub fn sets_member(&mut self, name: Symbol, range: Range) -> StmtId {
        let object = self.expr(ExprKind::This, range);
        let target = self.expr(ExprKind::Member { object, name, name_range: range, optional: false }, range);
        let value = Some(self.expr(ExprKind::Name(name), range));
        self.stmt(StmtKind::Assign { target, ty: None, op: None, value, declares: false }, range)
    }

    /// A template of `parts`, neighbouring texts joined; a plain string literal when there is no hole.
    pub fn template(&mut self, parts: Vec<Part>, range: Range) -> ExprId {
        let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Part::Text(text)) if text.is_empty() => {}
                (Some(Part::Text(before)), Part::Text(text)) => {
                    *before = Symbol::new(&format!("{before}{text}"));
                }
                (_, part) => joined.push(part),
            }
        }
        let kind = match joined.as_slice() {
            [] => ExprKind::Literal(Literal::Str(Symbol::new(""))),
            [Part::Text(text)] => ExprKind::Literal(Literal::Str(*text)),
            _ => ExprKind::Template(joined),
        };
        self.expr(kind, range)
    }

    /// The parts of an expression when it stands in a template: a string's text, a template's parts, or
    /// itself as a hole. Concatenations are flattened with this.
    pub fn parts_of(&self, id: ExprId) -> Vec<Part> {
        match &self.module.expr(id).kind {
            ExprKind::Literal(Literal::Str(text)) => vec![Part::Text(*text)],
            ExprKind::Template(parts) => parts.clone(),
            _ => vec![Part::Hole(id)],
        }
    }

    /// `left + right`: a template when either side is a string or a template, an addition otherwise.
    pub fn add(&mut self, left: ExprId, right: ExprId, range: Range) -> ExprId {
        let is_text = |id: ExprId| {
            matches!(self.module.expr(id).kind, ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_))
        };
        if is_text(left) || is_text(right) {
            let mut parts = self.parts_of(left);
            parts.extend(self.parts_of(right));
            return self.template(parts, range);
        }
        self.expr(ExprKind::Binary { op: BinaryOp::Add, left, right }, range)
    }
}

/// See [`Builder::mark`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    exprs: usize,
    stmts: usize,
    types: usize,
    functions: usize,
}
