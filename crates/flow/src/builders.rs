//! Programs that are put together step by step: `Command::new("sh").arg("-c").arg(script)`.

use base::Symbol;
use ir::{ExprId, ExprKind};
use program::{ExprRef, FnId};

use crate::{calls::Call, interpret::Run, names::is_shell};

/// What tells a shell that its command follows.
fn is_flag(text: &str) -> bool {
    matches!(text, "-c" | "/c" | "/C" | "-Command" | "-e" | "-lc")
}

/// The program and the fixed arguments of a command.
#[derive(Default)]
struct Command {
    program: Option<Symbol>,
    has_flag: bool,
    is_known: bool,
}

impl Run<'_> {
    /// Whether what is added to a command becomes a script: its program is a shell, or not known, and it was
    /// told that a script follows.
    pub fn adds_to_a_shell(&mut self, call: &Call<'_>) -> bool {
        let Some(on) = call.on else { return false };
        let has_flag = call.args.iter().any(|a| self.holds_flag(a.value));
        let mut command = Command { has_flag, ..Command::default() };
        self.read_command(on, 0, &mut command);
        command.has_flag && command.program.map_or(command.is_known, |program| is_shell(program.as_str()))
    }

    fn read_command(&mut self, on: ExprId, depth: u32, command: &mut Command) {
        if depth > 12 {
            return;
        }
        let module = self.module;
        match &module.expr(on).kind {
            ExprKind::Call { callee, args, .. } => {
                if module.dotted(*callee).is_some_and(|d| d == "Command.new" || d.ends_with(".Command.new")) {
                    command.is_known = true;
                    command.program = args.first().and_then(|a| self.text(a.value));
                    return;
                }
                let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return };
                if matches!(name.as_str(), "arg" | "args") {
                    for arg in args {
                        command.has_flag |= self.holds_flag(arg.value);
                    }
                }
                self.read_command(*object, depth + 1, command);
            }
            ExprKind::Name(name) => self.read_variable(on, *name, depth, command),
            ExprKind::Unary { operand, .. } | ExprKind::Await(operand) => {
                self.read_command(*operand, depth + 1, command);
            }
            _ => {}
        }
    }

    /// `let mut command = Command::new("sh"); command.arg("-c");`
    fn read_variable(&mut self, on: ExprId, name: Symbol, depth: u32, command: &mut Command) {
        let module = self.module;
        let here = ExprRef { module: self.id, expr: on };
        if let Some(defined) = self.program.definition(here).filter(|d| d.module == self.id && d.expr != on) {
            self.read_command(defined.expr, depth + 1, command);
        }
        let Some(function) = self.program.scopes(self.id).owner(on).function else { return };
        for call in self.program.calls_in(FnId { module: self.id, function }).to_vec() {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            let ExprKind::Member { object, name: method, .. } = &module.expr(*callee).kind else { continue };
            let is_here = matches!(module.expr(*object).kind, ExprKind::Name(n) if n == name);
            if is_here && matches!(method.as_str(), "arg" | "args") {
                for arg in args {
                    command.has_flag |= self.holds_flag(arg.value);
                }
            }
        }
    }

    fn holds_flag(&mut self, arg: ExprId) -> bool {
        match &self.module.expr(arg).kind {
            ExprKind::List(items) => items.iter().any(|item| self.holds_flag(*item)),
            ExprKind::Unary { operand, .. } => self.holds_flag(*operand),
            _ => self.text(arg).is_some_and(|text| is_flag(text.as_str())),
        }
    }

    fn text(&self, expr: ExprId) -> Option<Symbol> {
        let here = ExprRef { module: self.id, expr };
        self.module.string(expr).or_else(|| {
            let defined = self.program.definition(here)?;
            self.program.module(defined.module).string(defined.expr)
        })
    }
}
