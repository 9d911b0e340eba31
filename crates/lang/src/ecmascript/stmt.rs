//! Statements, imports and exports.

use base::Symbol;
use ir::{Arm, BinaryOp, Block, Catch, ExprId, ExprKind, Import, ImportKind, StmtKind};

use super::{expr, items, types};
use crate::{
    lowering::{Lowering, children, field_children, has_token, named_children, range},
    tree::Node,
};

/// Lowers a statement onto the end of `out`.
pub fn lower<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    if !l.enter(node) {
        return;
    }
    lower_kind(l, node, out);
    l.leave();
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        "expression_statement" => {
            for child in named_children(node) {
                expression(l, child, out);
            }
        }
        "lexical_declaration" | "variable_declaration" => {
            for child in named_children(node) {
                if child.kind() == "variable_declarator" {
                    declarator(l, child, out);
                }
            }
        }
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            let function = items::function(l, node);
            out.push(l.ir.stmt(StmtKind::Function(function), at));
        }
        "class_declaration"
        | "abstract_class_declaration"
        | "interface_declaration"
        | "enum_declaration"
        | "type_alias_declaration"
        | "internal_module"
        | "module" => {
            let class = items::class(l, node);
            out.push(l.ir.stmt(StmtKind::Class(class), at));
        }
        "ambient_declaration" => {
            for child in named_children(node) {
                lower(l, child, out);
            }
        }
        "import_statement" => import(l, node, out),
        "export_statement" => export(l, node, out),
        // `import A = B.C`
        "import_alias" => {
            if let [name, value, ..] = named_children(node).as_slice() {
                let target = expr::lower(l, *name);
                let value = Some(expr::lower(l, *value));
                out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op: None, value, declares: true }, at));
            }
        }
        "statement_block" => {
            let block = block(l, node);
            out.push(l.ir.stmt(StmtKind::Block(block), at));
        }
        "if_statement" => {
            let cond = condition(l, node);
            let then = body_of(l, node.child_by_field_name("consequence"));
            let otherwise = node.child_by_field_name("alternative");
            let otherwise = match otherwise {
                Some(clause) => {
                    let mut block = Block::new();
                    for child in named_children(clause) {
                        lower(l, child, &mut block);
                    }
                    block
                }
                None => Block::new(),
            };
            out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise }, at));
        }
        "for_statement" => {
            if let Some(init) = node.child_by_field_name("initializer") {
                if init.kind().ends_with("declaration") || init.kind().ends_with("statement") {
                    lower(l, init, out);
                } else {
                    expression(l, init, out);
                }
            }
            let cond = node.child_by_field_name("condition").and_then(|c| match c.kind() {
                "expression_statement" => named_children(c).first().copied(),
                "empty_statement" => None,
                _ => Some(c),
            });
            let cond = cond.map(|c| expr::lower(l, c));
            let mut body = body_of(l, node.child_by_field_name("body"));
            if let Some(step) = node.child_by_field_name("increment") {
                expression(l, step, &mut body);
            }
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
        }
        "for_in_statement" => {
            let pattern = node.child_by_field_name("left").map(|p| expr::pattern(l, p));
            let iter = node.child_by_field_name("right").map(|e| expr::lower(l, e));
            let body = body_of(l, node.child_by_field_name("body"));
            out.push(l.ir.stmt(StmtKind::Loop { pattern, iter, cond: None, body }, at));
        }
        "while_statement" | "do_statement" => {
            let cond = Some(condition(l, node));
            let body = body_of(l, node.child_by_field_name("body"));
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
        }
        "switch_statement" => switch(l, node, out),
        "try_statement" => {
            let body = body_of(l, node.child_by_field_name("body"));
            let catches = node.child_by_field_name("handler").map(|h| catch(l, h)).into_iter().collect();
            let finally = match node.child_by_field_name("finalizer") {
                Some(clause) => body_of(l, clause.child_by_field_name("body")),
                None => Block::new(),
            };
            out.push(l.ir.stmt(StmtKind::Try { body, catches, finally }, at));
        }
        "return_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Return(value), at));
        }
        "throw_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Throw(value), at));
        }
        "break_statement" => out.push(l.ir.stmt(StmtKind::Break, at)),
        "continue_statement" => out.push(l.ir.stmt(StmtKind::Continue, at)),
        "labeled_statement" | "with_statement" => {
            if let Some(object) = node.child_by_field_name("object") {
                for child in named_children(object) {
                    expression(l, child, out);
                }
            }
            if let Some(body) = node.child_by_field_name("body") {
                lower(l, body, out);
            }
        }
        "empty_statement" | "debugger_statement" | "hash_bang_line" => {}
        "ERROR" => {
            for child in named_children(node) {
                lower(l, child, out);
            }
        }
        // what stands as an expression where the parser recovered
        _ => expression(l, node, out),
    }
}

fn expression<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        "sequence_expression" => {
            for child in named_children(node) {
                expression(l, child, out);
            }
        }
        "assignment_expression" => {
            let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
            else {
                return;
            };
            // `a = b = c` is two statements, the last first
            let value = if right.kind() == "assignment_expression" && l.enter(right) {
                expression(l, right, out);
                l.leave();
                match right.child_by_field_name("left") {
                    Some(inner) => expr::lower(l, inner),
                    None => return,
                }
            } else {
                expr::lower(l, right)
            };
            let target = expr::pattern(l, left);
            let declares = has_token(node, "using");
            out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op: None, value: Some(value), declares }, at));
        }
        "augmented_assignment_expression" => {
            let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
            else {
                return;
            };
            let target = expr::lower(l, left);
            let value = expr::lower(l, right);
            let op = node.child_by_field_name("operator").map_or("", |o| l.str(o));
            let (op, value) = expr::compound(l, op, target, value, at);
            out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value: Some(value), declares: false }, at));
        }
        // `await using a = b`
        "await_expression" if named_children(node).first().is_some_and(|c| has_token(*c, "using")) => {
            for child in named_children(node) {
                expression(l, child, out);
            }
        }
        "internal_module" | "function_declaration" | "class_declaration" => lower(l, node, out),
        _ => {
            let value = expr::lower(l, node);
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
    }
}

fn declarator<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let target = expr::pattern(l, name);
    let ty = node.child_by_field_name("type").map(|t| types::lower(l, t));
    let value = node.child_by_field_name("value").map(|v| expr::lower(l, v));
    let kind = StmtKind::Assign { target, ty, op: None, value, declares: true };
    out.push(l.ir.stmt(kind, range(node)));
}

/// The statements of a block node.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let mut out = Block::new();
    for child in named_children(node) {
        lower(l, child, &mut out);
    }
    out
}

fn body_of<'t>(l: &mut Lowering<'t>, node: Option<Node<'t>>) -> Block {
    let Some(node) = node else { return Block::new() };
    if node.kind() == "statement_block" {
        return block(l, node);
    }
    let mut out = Block::new();
    lower(l, node, &mut out);
    out
}

fn condition<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    match node.child_by_field_name("condition") {
        Some(condition) => expr::lower(l, condition),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn switch<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let subject = node.child_by_field_name("value").map(|v| expr::lower(l, v));
    let mut arms = Vec::new();
    // labels without statements belong to the next ones with some
    let (mut patterns, mut is_default) = (Vec::new(), false);
    let mut cases = node.child_by_field_name("body").map(named_children).unwrap_or_default().into_iter().peekable();
    while let Some(case) = cases.next() {
        match case.child_by_field_name("value") {
            Some(value) => patterns.push(expr::lower(l, value)),
            None => is_default = true,
        }
        let statements = field_children(case, "body");
        if statements.is_empty() && cases.peek().is_some() {
            continue;
        }
        let mut body = Block::new();
        for stmt in statements {
            lower(l, stmt, &mut body);
        }
        let mut labels = std::mem::take(&mut patterns);
        if std::mem::take(&mut is_default) {
            labels.clear();
        }
        arms.push(Arm { patterns: labels, guard: None, body, range: range(case) });
    }
    out.push(l.ir.stmt(StmtKind::Switch { subject, arms }, range(node)));
}

fn catch<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Catch {
    let parameter = node.child_by_field_name("parameter");
    let binding = parameter.map(|p| l.symbol(p));
    let mut body = body_of(l, node.child_by_field_name("body"));
    // `catch ({ message })` takes apart what has no name; its text is one that no other thing has
    if let (Some(parameter), Some(name)) = (parameter.filter(|p| p.kind() != "identifier"), binding) {
        let at = range(parameter);
        let target = expr::pattern(l, parameter);
        let value = Some(l.ir.expr(ExprKind::Name(name), at));
        body.insert(0, l.ir.stmt(StmtKind::Assign { target, ty: None, op: None, value, declares: true }, at));
    }
    Catch { types: Vec::new(), binding, body, range: range(node) }
}

fn import<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let types_only = has_token(node, "type");
    let kind = if types_only { ImportKind::Type } else { ImportKind::Import };
    let source = node.child_by_field_name("source").map(|s| Symbol::new(&expr::string_text(l, s)));
    let mut add = |l: &mut Lowering<'t>, module: Symbol, name: Option<Symbol>, alias: Symbol, at: Node<'t>| {
        // `import { type A }`
        let is_type = at.kind() == "import_specifier" && has_token(at, "type");
        let kind = if is_type { ImportKind::Type } else { kind };
        let import = l.ir.import(Import { module, name, alias, kind, range: range(at) });
        out.push(l.ir.stmt(StmtKind::Import(import), range(at)));
    };
    let mut any = false;
    for clause in named_children(node) {
        match clause.kind() {
            "import_clause" => {
                let Some(module) = source else { continue };
                for item in named_children(clause) {
                    any = true;
                    match item.kind() {
                        "identifier" => {
                            let alias = l.symbol(item);
                            add(l, module, Some(Symbol::new("default")), alias, item);
                        }
                        "namespace_import" => {
                            if let Some(name) = named_children(item).first() {
                                let alias = l.symbol(*name);
                                add(l, module, None, alias, item);
                            }
                        }
                        "named_imports" => {
                            for specifier in named_children(item) {
                                let Some(name) = specifier.child_by_field_name("name") else { continue };
                                let alias = specifier.child_by_field_name("alias").unwrap_or(name);
                                let (name, alias) = (l.symbol(name), l.symbol(alias));
                                add(l, module, Some(name), alias, specifier);
                            }
                        }
                        _ => {}
                    }
                }
            }
            // `import x = require("y")`
            "import_require_clause" => {
                any = true;
                let parts = named_children(clause);
                if let [name, source, ..] = parts.as_slice() {
                    let module = Symbol::new(&expr::string_text(l, *source));
                    let alias = l.symbol(*name);
                    add(l, module, None, alias, clause);
                }
            }
            _ => {}
        }
    }
    if !any && let Some(module) = source {
        add(l, module, None, Symbol::new(""), node);
    }
}

fn export<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    let source = node.child_by_field_name("source").map(|s| Symbol::new(&expr::string_text(l, s)));
    let default = Symbol::new("default");
    let first = out.len();
    let mut is_default = false;
    for child in children(node) {
        match child.kind() {
            "default" => is_default = true,
            "*" => {
                if let Some(module) = source {
                    let import = Import {
                        module,
                        name: Some(Symbol::new("*")),
                        alias: Symbol::new(""),
                        kind: ImportKind::Reexport,
                        range: at,
                    };
                    let import = l.ir.import(import);
                    out.push(l.ir.stmt(StmtKind::Import(import), at));
                }
            }
            "namespace_export" => {
                if let (Some(module), Some(name)) = (source, named_children(child).first()) {
                    let alias = l.symbol(*name);
                    let import = Import { module, name: None, alias, kind: ImportKind::Reexport, range: at };
                    let import = l.ir.import(import);
                    out.push(l.ir.stmt(StmtKind::Import(import), at));
                }
            }
            "export_clause" => {
                for specifier in named_children(child) {
                    let Some(name) = specifier.child_by_field_name("name") else { continue };
                    let alias = specifier.child_by_field_name("alias").unwrap_or(name);
                    let import = Import {
                        module: source.unwrap_or(Symbol::new("")),
                        name: Some(l.symbol(name)),
                        alias: l.symbol(alias),
                        kind: if source.is_some() { ImportKind::Reexport } else { ImportKind::Export },
                        range: range(specifier),
                    };
                    let import = l.ir.import(import);
                    out.push(l.ir.stmt(StmtKind::Import(import), range(specifier)));
                }
            }
            _ => {}
        }
    }
    if let Some(declaration) = node.child_by_field_name("declaration") {
        lower(l, declaration, out);
        if is_default {
            // the declaration's own name, exported as the default
            let name = out.get(first).and_then(|s| match l.ir.module.stmt(*s).kind {
                StmtKind::Function(f) => l.ir.module.function(f).name,
                StmtKind::Class(c) => Some(l.ir.module.class(c).name),
                _ => None,
            });
            export_default(l, name.filter(|n| !n.is_empty()), at, out);
        }
    }
    if let Some(value) = node.child_by_field_name("value") {
        match value.kind() {
            "identifier" => {
                let name = l.symbol(value);
                export_default(l, Some(name), at, out);
            }
            _ => {
                let target = l.ir.expr(ExprKind::Name(default), range(value));
                let value = expr::lower(l, value);
                let kind = StmtKind::Assign { target, ty: None, op: None, value: Some(value), declares: true };
                out.push(l.ir.stmt(kind, at));
                export_default(l, Some(default), at, out);
            }
        }
    }
    // decorators before `export` belong to the class behind it
    let decorators: Vec<_> = field_children(node, "decorator").into_iter().map(|d| items::decorator(l, d)).collect();
    if !decorators.is_empty()
        && let Some(StmtKind::Class(class)) = out.get(first).map(|s| l.ir.module.stmt(*s).kind.clone())
    {
        l.ir.class_mut(class).annotations.splice(0..0, decorators);
    }
    // `export = x`
    if has_token(node, "=")
        && let Some(value) = named_children(node).last()
    {
        let target = l.ir.expr(ExprKind::Name(default), at);
        let value = expr::lower(l, *value);
        let kind = StmtKind::Assign { target, ty: None, op: None, value: Some(value), declares: true };
        out.push(l.ir.stmt(kind, at));
        export_default(l, Some(default), at, out);
    }
}

fn export_default(l: &mut Lowering<'_>, name: Option<Symbol>, at: ir::Range, out: &mut Block) {
    let alias = Symbol::new("default");
    let import = Import { module: Symbol::new(""), name, alias, kind: ImportKind::Export, range: at };
    let import = l.ir.import(import);
    out.push(l.ir.stmt(StmtKind::Import(import), at));
}

/// The operator of a compound assignment without its `=`.
pub fn binary_op(op: &str) -> BinaryOp {
    match op {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "==" | "===" => BinaryOp::Eq,
        "!=" | "!==" => BinaryOp::Ne,
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        "in" => BinaryOp::In,
        "<<" => BinaryOp::Shl,
        _ => BinaryOp::Other,
    }
}
