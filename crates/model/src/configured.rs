//! What a text is, when code reads it from configuration: `properties.getProperty("cipher", "AES")`.

use ir::ExprKind;
use program::ExprRef;

use crate::Model;
use crate::constants::Constant;

/// How many definitions are followed.
const MAX_DEPTH: u32 = 6;

impl Model {
    /// The text that an expression is: a constant of the code, or what the project's configuration files say
    /// for the key that it reads, or else the default that stands beside the key.
    pub fn text_of(&self, at: ExprRef) -> Option<String> {
        let context = self.context();
        let mut at = at;
        for _ in 0..MAX_DEPTH {
            match context.constant(at) {
                Some(Constant::Str(text)) => return Some(text.to_string()),
                Some(Constant::Name(name)) => return Some(name),
                Some(_) => return None,
                None => {}
            }
            match &self.program.expr(at).kind {
                ExprKind::Name(_) | ExprKind::Member { .. } => at = self.program.definition(at)?,
                ExprKind::Call { .. } => return self.read_from_configuration(at),
                ExprKind::Cast { value, .. } => at = ExprRef { module: at.module, expr: *value },
                _ => return None,
            }
        }
        None
    }

    fn read_from_configuration(&self, call: ExprRef) -> Option<String> {
        let ExprKind::Call { callee, args, .. } = &self.program.expr(call).kind else { return None };
        let ExprKind::Member { name, .. } = &self.program.module(call.module).expr(*callee).kind else { return None };
        let reads = name.as_str().to_ascii_lowercase();
        if !(reads == "get"
            || reads == "fetch"
            || ["property", "getstring", "getvalue"].iter().any(|w| reads.contains(w)))
        {
            return None;
        }
        let text = |at: usize| {
            let arg = args.get(at)?;
            self.context().string(ExprRef { module: call.module, expr: arg.value })
        };
        let key = text(0)?;
        let entry = self.config.iter().find(|e| e.role == base::FileRole::Production && e.key == key.as_str());
        entry.map(|e| e.value.clone()).or_else(|| text(1).map(|t| t.to_string()))
    }
}
