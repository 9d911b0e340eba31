//! Whom a call speaks to, where its meanings do not say it: a statement that was prepared, a shell, another system.

use base::Language;
use ir::{CallKind, ExprId, ExprKind};
use program::ExprRef;

use crate::{
    Kind, Meaning,
    calls::Call,
    interpret::Run,
    names::is_shell,
    value::{Constant, From, Key, Taint, Value},
};

impl Run<'_> {
    /// `where(params)`, `redirect_to(params)`: all that was sent is a table and no text.
    pub(crate) fn is_whole_request(&self, call: &Call<'_>, kind: Kind) -> bool {
        let is_text = matches!(kind, Kind::Sql | Kind::Command | Kind::Code | Kind::Path | Kind::Url | Kind::Redirect);
        let Some((given, value)) = call.positional().next() else { return false };
        let is_whole = |t: &Taint| matches!(t.from, From::Outside(s) if s.name.is_none() && !s.is_part);
        // `update_all(**values)`
        let given = match self.module.expr(given).kind {
            ExprKind::Spread(inner) => inner,
            _ => given,
        };
        // `find_by!(values.except("name"))`
        if self.module.language == Language::Ruby
            && is_text
            && matches!(&self.module.expr(given).kind, ExprKind::Call { callee, .. }
                if matches!(&self.module.expr(*callee).kind, ExprKind::Member { name, .. }
                    if matches!(name.as_str(), "except" | "slice" | "index_with" | "permit" | "symbolize_keys" | "compact_blank")))
        {
            return true;
        }
        self.module.language == Language::Ruby
            && is_text
            && value.parts().is_empty()
            && value.taints.iter().all(is_whole)
            && value.is_tainted()
            && matches!(&self.module.expr(given).kind, ExprKind::Call { callee, args, block: None, .. }
                if args.is_empty() && matches!(self.module.expr(*callee).kind, ExprKind::Name(_)))
    }

    /// Whether a variable of Go is declared with a type that has a name of its own.
    pub(crate) fn is_of_own_type(&self, given: ExprId) -> bool {
        self.module.language == Language::Go
            && self.declared_type(given).is_some_and(|ty| match &self.module.ty(ty).kind {
                ir::TypeKind::Named { path, .. } => {
                    let last = path.as_str().rsplit('.').next().unwrap_or("");
                    last.starts_with(char::is_uppercase)
                }
                _ => false,
            })
    }

    /// Whether a statement was prepared before: `statement = db.prepare(sql)`.
    pub(crate) fn is_prepared(&self, on: ExprId) -> bool {
        let here = ExprRef { module: self.id, expr: on };
        let at = self.program.definition(here).unwrap_or(here);
        let module = self.program.module(at.module);
        let mut made = at.expr;
        while let ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } = module.expr(made).kind {
            made = inner;
        }
        let ExprKind::Call { callee, .. } = &module.expr(made).kind else { return false };
        let (ExprKind::Member { name, .. } | ExprKind::Name(name)) = &module.expr(*callee).kind else { return false };
        matches!(name.as_str(), "prepare" | "Prepare" | "PrepareContext" | "Preparex" | "PrepareNamed")
    }

    /// Whether a call asks another system, whose answer it gives.
    pub(crate) fn asks_elsewhere(call: &Call<'_>, meanings: &[Meaning]) -> bool {
        let is_verb = matches!(
            call.name().trim_end_matches("Async"),
            "get"
                | "post"
                | "put"
                | "patch"
                | "delete"
                | "head"
                | "request"
                | "fetch"
                | "urlopen"
                | "get_content"
                | "Get"
                | "Post"
                | "Head"
                | "PostForm"
                | "GetString"
                | "GetStream"
                | "GetByteArray"
                | "Put"
                | "Delete"
                | "getForObject"
                | "getForEntity"
                | "postForObject"
                | "postForEntity"
                | "exchange"
        );
        is_verb
            && call.kind != CallKind::New
            && meanings.iter().any(|m| matches!(m, Meaning::Sink { kind: Kind::Url, .. }))
    }

    /// Whether a program is run through a shell: `sh -c`, `cmd /c`.
    pub(crate) fn runs_a_shell(&self, call: &Call<'_>) -> bool {
        let is_flag = |v: &Value| {
            v.is_shell_flag
                || matches!(v.constant, Some(Constant::Str(t)) if matches!(t.as_str(), "-c" | "/c" | "/C" | "-Command" | "-e" | "-lc"))
        };
        let any = |is: &dyn Fn(&Value) -> bool| {
            call.values.iter().any(|v| is(v) || v.parts().iter().any(|(_, part)| is(part)))
        };
        // `ping -c 1` is no shell
        let first = call.values.first();
        let program = first.and_then(|v| v.parts().iter().find(|(k, _)| *k == Key::Index(0)).map(|(_, p)| p)).or(first);
        let is_known = program.is_some_and(|p| p.constant.is_some());
        any(&is_flag) && (!is_known || any(&|v| matches!(v.constant, Some(Constant::Str(t)) if is_shell(t.as_str()))))
    }
}
