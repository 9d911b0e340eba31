//! What a condition says of the values that it names.

use base::{Language, Symbol};
use ir::{BinaryOp, ExprId, ExprKind, Literal, LogicalOp, UnaryOp};

use program::ExprRef;

use crate::{
    Kind, Kinds,
    interpret::Run,
    strings::{cleared_by_match, cleared_by_string},
    value::{Constant, From, THIS},
};

impl Run<'_> {
    /// Takes from the values that a condition checks what they can no longer do when it is `truth`.
    pub fn refine(&mut self, cond: ExprId, truth: bool) {
        match &self.module.expr(cond).kind {
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.refine(*operand, !truth),
            // what is nothing does no harm: `name && isPathTraversal(name)`
            ExprKind::Name(_) | ExprKind::Member { .. } if !truth && self.module.language.is_ecmascript() => {
                self.clear(cond, Kinds::ALL);
            }
            ExprKind::Logical { op, left, right } => {
                let (left, right) = (*left, *right);
                if (*op == LogicalOp::And) == truth {
                    self.refine(left, truth);
                    self.refine(right, truth);
                } else {
                    // one of the two: what both say holds
                    let before = self.env.clone();
                    self.refine(left, truth);
                    let one = std::mem::replace(&mut self.env, before);
                    self.refine(right, truth);
                    self.merge(&one);
                }
            }
            ExprKind::Binary { op, left, right } => {
                let (op, left, right) = (*op, self.present(*left), self.present(*right));
                let is = match op {
                    BinaryOp::Eq | BinaryOp::In | BinaryOp::Match => truth,
                    BinaryOp::Ne | BinaryOp::NotIn => !truth,
                    _ => false,
                };
                let is_null = |e: ExprId| matches!(self.module.expr(e).kind, ExprKind::Literal(Literal::Null));
                if matches!(op, BinaryOp::Eq | BinaryOp::Ne) && is_null(right) {
                    // `PATTERN.match(host) is not None`
                    if !is && matches!(self.module.expr(left).kind, ExprKind::Call { .. }) {
                        self.refine(left, true);
                    }
                    return;
                }
                if !is {
                    if matches!(op, BinaryOp::In | BinaryOp::NotIn) {
                        // `".." in name`
                        if let Some(Constant::Str(text)) = self.eval(left).constant {
                            self.lacks(right, text.as_str());
                        }
                        return;
                    }
                    if matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
                        self.no_prototype(left, right);
                    }
                    // `list.indexOf(x) >= 0`, `ALLOWED.index(x) != -1`
                    self.position(op, left, right, truth);
                    return;
                }
                match op {
                    BinaryOp::Eq | BinaryOp::Ne => {
                        let names_value = |e: ExprId| matches!(&self.module.expr(e).kind, ExprKind::Literal(l) if !matches!(l, Literal::Null));
                        self.same(left);
                        self.same(right);
                        // `name.lastIndexOf("/") == -1`: there is none
                        if matches!(self.module.expr(right).kind, ExprKind::Unary { op: UnaryOp::Neg, .. })
                            && self.is_last_of(left, 0)
                            && let Some(text) = self.searched(left, 0)
                        {
                            self.clear(text, Kinds::only(Kind::Path));
                        }
                        // `check(x) == true`
                        let yes =
                            |e: ExprId| matches!(self.module.expr(e).kind, ExprKind::Literal(Literal::Bool(true)));
                        if let Some((value, kinds)) = self.asked_type(left, right) {
                            self.clear(value, kinds);
                        } else if yes(right) {
                            self.refine(left, true);
                        } else if names_value(right) || self.is_constant(right) {
                            self.clear(left, Kinds::ALL);
                        } else if names_value(left) || self.is_constant(left) {
                            self.clear(right, Kinds::ALL);
                        } else {
                            self.same_path(left, right);
                        }
                    }
                    BinaryOp::Match => {
                        self.clear(left, Kinds::ALL);
                        self.clear(right, Kinds::ALL);
                    }
                    // a clean collection names what is allowed
                    _ => {
                        if !self.eval(right).is_tainted() {
                            self.clear(left, Kinds::ALL);
                        } else if let ExprKind::Member { object, name, .. } = &self.module.expr(right).kind
                            && *name == "parents"
                        {
                            // `BASE in path.parents`
                            let path = *object;
                            self.clear(path, Kinds::only(Kind::Path));
                        }
                    }
                }
            }
            ExprKind::Call { callee, args, .. } => {
                let args: Vec<ExprId> = args.iter().map(|a| a.value).collect();
                match truth {
                    true => self.checked(*callee, &args),
                    false => {
                        self.refused(*callee, &args);
                        self.denied(*callee, &args);
                    }
                }
            }
            // `if (url.host) …`: without a host it is an address of ours
            ExprKind::Member { .. } if !truth => {
                if let Some(url) = self.host_of(cond) {
                    self.clear(url, Kinds::only(Kind::Redirect));
                }
            }
            ExprKind::Index { object, index } if truth => {
                // `if (ALLOWED[x])`, `if allowed[x]`
                let (object, index) = (*object, *index);
                if !self.eval(object).is_tainted() {
                    self.clear(index, Kinds::ALL);
                }
            }
            ExprKind::Await(inner) => self.refine(*inner, truth),
            _ => {}
        }
    }

    /// `x` of Rust's `Some(x)` and `Ok(x)`.
    fn present(&self, expr: ExprId) -> ExprId {
        match &self.module.expr(expr).kind {
            ExprKind::Call { callee, args, .. }
                if args.len() == 1
                    && self.module.language == base::Language::Rust
                    && matches!(self.module.expr(*callee).kind, ExprKind::Name(n) if n == "Some" || n == "Ok") =>
            {
                args[0].value
            }
            _ => expr,
        }
    }

    /// What is compared with a value of ours: the host of an address, the common part of paths.
    fn same(&mut self, side: ExprId) {
        if self.host_of(side).is_some() {
            self.clear(side, [Kind::Url, Kind::Redirect].into_iter().collect());
        }
        if let ExprKind::Call { callee, args, .. } = &self.module.expr(side).kind
            && let ExprKind::Member { name, .. } | ExprKind::Name(name) = &self.module.expr(*callee).kind
            && matches!(name.as_str(), "commonpath" | "commonprefix")
        {
            for arg in args {
                let ExprKind::List(items) = &self.module.expr(arg.value).kind else { continue };
                items.iter().for_each(|item| self.clear(*item, Kinds::only(Kind::Path)));
            }
        }
    }

    /// `full === root`: a path that is one of ours.
    fn same_path(&mut self, left: ExprId, right: ExprId) {
        for (path, ours) in [(left, right), (right, left)] {
            if let ExprKind::Name(_) = self.module.expr(path).kind
                && let ExprKind::Name(_) | ExprKind::Member { .. } = self.module.expr(ours).kind
                && self.is_ours(ours)
                && !self.is_ours(path)
            {
                self.clear(path, Kinds::only(Kind::Path));
            }
        }
    }

    /// `typeof x === "string"`: the value, and what it can no longer do.
    fn asked_type(&self, left: ExprId, right: ExprId) -> Option<(ExprId, Kinds)> {
        let (operand, name) = match (&self.module.expr(left).kind, &self.module.expr(right).kind) {
            (ExprKind::Unary { op: UnaryOp::Other, operand }, ExprKind::Literal(Literal::Str(name)))
            | (ExprKind::Literal(Literal::Str(name)), ExprKind::Unary { op: UnaryOp::Other, operand }) => {
                (*operand, name.as_str())
            }
            _ => return None,
        };
        Some((
            operand,
            match name {
                "string" => cleared_by_string(),
                "number" | "boolean" | "bigint" => Kinds::ALL,
                _ => Kinds::NONE,
            },
        ))
    }

    /// `key !== "__proto__"`
    fn no_prototype(&mut self, left: ExprId, right: ExprId) {
        for (name, value) in [(left, right), (right, left)] {
            if self.module.string(name).is_some_and(|n| n == "__proto__") {
                self.clear(value, Kinds::only(Kind::Prototype));
            }
        }
    }

    /// The address whose host an expression is: `x` of `urlparse(x).netloc`, also through a variable.
    pub fn host_of(&self, expr: ExprId) -> Option<ExprId> {
        let module = self.module;
        let (object, name) = match &module.expr(expr).kind {
            ExprKind::Member { object, name, .. } => (*object, *name),
            ExprKind::Name(name) => return self.hosts.get(name).copied(),
            ExprKind::Unary { op: UnaryOp::Ref, operand } => return self.host_of(*operand),
            ExprKind::Call { callee, args, .. } if args.is_empty() => match &module.expr(*callee).kind {
                ExprKind::Member { object, name, .. } => (*object, *name),
                _ => return None,
            },
            _ => return None,
        };
        let is_host = is_host(name);
        match &module.expr(object).kind {
            ExprKind::Name(name) if is_host => self.parsed.get(name).copied(),
            _ if is_host => self.parsed_address(object),
            _ => None,
        }
    }

    /// What Rust takes out of a result: `f(x)` of `f(x)?`, `f(x).unwrap()`.
    fn taken_out(&self, mut expr: ExprId) -> ExprId {
        if self.module.language != base::Language::Rust {
            return expr;
        }
        loop {
            expr = match &self.module.expr(expr).kind {
                ExprKind::Unary { op: UnaryOp::Try, operand } => *operand,
                ExprKind::Call { callee, .. } => match &self.module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. }
                        if matches!(name.as_str(), "unwrap" | "expect" | "map_err" | "ok" | "context")
                            && matches!(self.module.expr(*object).kind, ExprKind::Call { .. }) =>
                    {
                        *object
                    }
                    _ => return expr,
                },
                _ => return expr,
            };
        }
    }

    /// The text that a call takes apart as an address: `urlparse(x)`, `new URL(x)`, `URI.parse(x)`.
    pub fn parsed_address(&self, expr: ExprId) -> Option<ExprId> {
        let module = self.module;
        let ExprKind::Call { callee, args, .. } = &module.expr(self.taken_out(expr)).kind else { return None };
        let (on, name) = match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => (module.dotted(*object), *name),
            ExprKind::Name(name) => (None, *name),
            _ => return None,
        };
        let speaks = |text: &str| {
            let lower = text.to_ascii_lowercase();
            lower.contains("url") || lower.contains("uri")
        };
        let parses = speaks(name.as_str())
            || matches!(name.as_str(), "parse" | "Parse" | "create") && on.is_some_and(|on| speaks(&on));
        args.first().filter(|_| parses).map(|a| a.value)
    }

    /// Whether an expression says where a path lies from another: `filepath.Rel(base, path)`.
    pub fn is_relative(&self, expr: ExprId) -> bool {
        let ExprKind::Call { callee, args, .. } = &self.module.expr(expr).kind else { return false };
        args.len() == 2
            && matches!(&self.module.expr(*callee).kind, ExprKind::Member { name, .. }
                if matches!(name.as_str(), "Rel" | "relative" | "relpath"))
    }

    /// A path that does not begin with `..`, as seen from a directory of ours, lies in it.
    fn lies_within(&mut self, text: ExprId) {
        self.clear(text, Kinds::only(Kind::Path));
        let call = match &self.module.expr(text).kind {
            ExprKind::Name(name) => self.relatives.get(name).copied(),
            _ => Some(text).filter(|t| self.is_relative(*t)),
        };
        let mut waiting: Vec<ExprId> = call.into_iter().collect();
        while let Some(ExprKind::Call { args, .. }) = waiting.pop().map(|call| &self.module.expr(call).kind) {
            for arg in args {
                self.clear(arg.value, Kinds::only(Kind::Path));
                // `filepath.Rel(base, filepath.Join(base, name))`
                if matches!(self.module.expr(arg.value).kind, ExprKind::Call { .. }) && waiting.len() < 4 {
                    waiting.push(arg.value);
                }
            }
        }
    }

    /// A text that does not hold another.
    fn lacks(&mut self, text: ExprId, part: &str) {
        let quote = matches!(part, "'" | "\"");
        match &self.module.expr(text).kind {
            // `"'" in text[1:-1]`: what is between quotes ends where it seems to
            ExprKind::Index { object, index } if quote => {
                if let ExprKind::List(bounds) = &self.module.expr(*index).kind
                    && bounds.len() == 2
                {
                    let object = *object;
                    self.clear(object, [Kind::Code, Kind::XPath, Kind::Sql].into_iter().collect());
                }
            }
            _ => self.clear(text, crate::strings::cleared_by_absence(part)),
        }
    }

    /// A call for the sake of its refusal: `validate_url(url)`, `ensure_path_is_ours(path)`.
    pub fn demanded(&mut self, expr: ExprId) {
        let mut at = expr;
        while let ExprKind::Await(inner) = self.module.expr(at).kind {
            at = inner;
        }
        let ExprKind::Call { callee, args, .. } = &self.module.expr(at).kind else { return };
        let (ExprKind::Member { name, .. } | ExprKind::Name(name)) = &self.module.expr(*callee).kind else { return };
        let deeds = ["valid", "ensure", "assert", "verify", "check"];
        // `sqlValidator.validate(order)`
        let on = match &self.module.expr(*callee).kind {
            ExprKind::Member { object, .. } => match &self.module.expr(*object).kind {
                ExprKind::Name(on) | ExprKind::Member { name: on, .. } => on.as_str(),
                _ => "",
            },
            _ => "",
        };
        let mut kinds = seen_to(name.as_str(), &deeds);
        if names_a_deed(name.as_str(), &deeds) {
            kinds = kinds.with(seen_to(on, &deeds));
        }
        args.iter().for_each(|arg| self.clear(arg.value, kinds));
    }

    /// A call that said no: `name.includes("..")`, `strings.Contains(name, "..")`.
    fn refused(&mut self, callee: ExprId, args: &[ExprId]) {
        let ExprKind::Member { object, name, .. } = &self.module.expr(callee).kind else { return };
        let object = *object;
        let begins = matches!(name.as_str(), "HasPrefix" | "startsWith" | "startswith" | "starts_with");
        if !begins && !matches!(name.as_str(), "includes" | "contains" | "Contains" | "include?") {
            return;
        }
        let (text, part) = match args {
            [part] => (object, *part),
            [text, part] => (*text, *part),
            _ => return,
        };
        let Some(Constant::Str(part)) = self.eval(part).constant else { return };
        match part.as_str() {
            ".." | "../" if begins => self.lies_within(text),
            _ if begins => {}
            part => self.lacks(text, part),
        }
    }

    /// A call that said no: `isNaN(x)`, `["__proto__", …].includes(key)`.
    fn denied(&mut self, callee: ExprId, args: &[ExprId]) {
        let Some(first) = args.first().copied() else { return };
        if let ExprKind::Member { name, .. } | ExprKind::Name(name) = &self.module.expr(callee).kind {
            let lower = name.as_str().to_ascii_lowercase();
            // `isPathTraversal(name)`
            let path = lower.contains("traversal") || lower.contains("separator") || lower.contains("dotdot");
            let any = ["unsafe", "malicious", "dangerous", "illegal", "invalid"].iter().any(|w| lower.contains(w));
            let kinds = if any { Kinds::ALL } else { Kinds::only(Kind::Path) };
            if any || path {
                args.iter().for_each(|a| self.clear(*a, kinds));
            }
        }
        match &self.module.expr(callee).kind {
            ExprKind::Name(name) if *name == "isNaN" => self.number(first),
            ExprKind::Member { name, .. } if *name == "isNaN" => {
                if matches!(self.module.expr(first).kind, ExprKind::Call { .. }) {
                    self.number(first);
                }
            }
            ExprKind::Member { object, name, .. } if matches!(name.as_str(), "includes" | "has") => {
                let here = ExprRef { module: self.id, expr: *object };
                let at = self.program.definition(here).unwrap_or(here);
                let module = self.program.module(at.module);
                let items = match &module.expr(at.expr).kind {
                    ExprKind::Call { args, .. } => args.first().map(|a| &module.expr(a.value).kind),
                    kind => Some(kind),
                };
                if let Some(ExprKind::List(items)) = items
                    && items.iter().any(|i| module.string(*i).is_some_and(|n| n == "__proto__"))
                {
                    self.clear(first, Kinds::only(Kind::Prototype));
                }
            }
            _ => {}
        }
    }

    /// What is a number as a whole: `Number(x)` says so, `parseInt(x)` only of its beginning.
    fn number(&mut self, expr: ExprId) {
        if let ExprKind::Call { callee, .. } = &self.module.expr(expr).kind
            && let ExprKind::Name(name) | ExprKind::Member { name, .. } = &self.module.expr(*callee).kind
            && name.as_str().starts_with("parse")
        {
            return;
        }
        self.clear(expr, Kinds::ALL);
    }

    /// Whether a collection is not the caller's; what the object keeps in its fields is not.
    fn is_ours(&mut self, collection: ExprId) -> bool {
        let value = self.eval(collection).flat();
        value.taints.iter().all(|t| match t.from {
            From::Param(THIS, _) => true,
            // `valid_sorts.include?(column)`: a list that was handed over
            From::Param(..) => self.module.language == Language::Ruby,
            _ => false,
        })
    }

    fn is_constant(&mut self, expr: ExprId) -> bool {
        self.eval(expr).constant.is_some_and(|c| c != Constant::Null)
    }

    fn position(&mut self, op: BinaryOp, left: ExprId, right: ExprId, truth: bool) {
        let number = match &self.module.expr(right).kind {
            ExprKind::Literal(Literal::Int(Some(n))) => *n,
            ExprKind::Unary { op: UnaryOp::Neg, .. } => -1,
            _ => return,
        };
        let found = match (op, number) {
            (BinaryOp::Ge, 0) | (BinaryOp::Gt, -1) | (BinaryOp::Ne, -1) => truth,
            (BinaryOp::Lt, 0) | (BinaryOp::Eq, -1) => !truth,
            _ => return,
        };
        if found
            && let ExprKind::Call { callee, args, .. } = &self.module.expr(left).kind
            && let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind
            && matches!(name.as_str(), "indexOf" | "IndexOf" | "index" | "findIndex")
            && let Some(arg) = args.first()
        {
            let (object, value) = (*object, arg.value);
            if !self.eval(object).is_tainted() {
                self.clear(value, Kinds::ALL);
            }
        }
    }

    /// A call that said yes.
    fn checked(&mut self, callee: ExprId, args: &[ExprId]) {
        let (object, name) = match &self.module.expr(callee).kind {
            ExprKind::Member { object, name, .. } => (Some(*object), *name),
            ExprKind::Name(name) => (None, *name),
            _ => return,
        };
        let lower = name.as_str().to_ascii_lowercase();
        match lower.as_str() {
            // `ALLOWED.includes(x)`
            "includes" | "contains" | "has" | "include?" | "containskey" | "member?" | "key?" | "has_key"
            | "haskey" | "contains_key" | "in_array" | "contain" | "hasownproperty" | "exists" | "some" => {
                if let (Some(object), Some(value)) = (object, args.first())
                    && self.is_ours(object)
                {
                    // `slices.Contains(allowed, x)`
                    let value = args.get(1).unwrap_or(value);
                    self.clear(*value, Kinds::ALL);
                    self.clear_holes(*value);
                    self.same(*value);
                }
            }
            // `x.in?(ALLOWED)`
            "in?" => {
                if let (Some(object), [list]) = (object, args)
                    && self.is_ours(*list)
                {
                    self.clear(object, Kinds::ALL);
                    self.same(object);
                }
            }
            // `x.is_a?(Integer)`, `isinstance(x, int)`
            "is_a?" | "kind_of?" | "instance_of?" | "isinstance" => {
                let (value, class) = match (object, args) {
                    (Some(object), [class]) => (object, *class),
                    (None, [value, class]) => (*value, *class),
                    _ => return,
                };
                if let ExprKind::Name(class) | ExprKind::Member { name: class, .. } = self.module.expr(class).kind {
                    self.clear(value, cleared_by_class(class.as_str()));
                }
            }
            // `path.startsWith(base)`
            "startswith" | "starts_with" | "start_with?" | "hasprefix" | "is_relative_to" | "isrelativeto" => {
                let kinds = Kinds::from_iter([Kind::Path, Kind::Url, Kind::Redirect]);
                match (object, args) {
                    // `strings.HasPrefix(path, base)`
                    (Some(_), [value, _]) if lower == "hasprefix" => self.clear(*value, kinds),
                    (None, [value, _]) => self.clear(*value, kinds),
                    // `path.StartsWith(base, StringComparison.Ordinal)`
                    (Some(object), [_] | [_, _]) => self.clear(object, kinds),
                    _ => {}
                }
            }
            "test" | "match" if self.module.language.is_ecmascript() => {
                let Some(first) = args.first().copied() else { return };
                let on = object.map(|o| self.eval(o)).unwrap_or_default();
                let given = self.eval(first);
                let kinds = match (on.constant, given.constant) {
                    (Some(Constant::Regex(pattern)), _) | (_, Some(Constant::Regex(pattern))) => {
                        cleared_by_match(pattern.as_str())
                    }
                    _ => Kinds::ALL,
                };
                self.clear(first, kinds);
                if let Some(object) = object {
                    self.clear(object, kinds);
                }
            }
            "test" | "match" | "matches" | "fullmatch" | "ismatch" | "is_match" | "matchstring" | "match?"
            | "equals" | "equalsignorecase" => {
                args.iter().for_each(|a| self.clear(*a, Kinds::ALL));
                if let Some(object) = object {
                    self.clear(object, Kinds::ALL);
                }
            }
            "isdigit" | "isnumeric" | "isalnum" | "isalpha" | "isdecimal" | "isalphanumeric" | "isfinite"
            | "ismongoid" | "ishexadecimal" | "isslug" | "isport" | "isip" => {
                if let Some(object) = object {
                    self.clear(object, Kinds::ALL);
                }
                args.iter().for_each(|a| self.clear(*a, Kinds::ALL));
            }
            // `Url.IsLocalUrl(target)`, `IsRelativePath(target)`: an address of ours
            _ if ["islocalurl", "islocaladdress", "isrelative", "is_local_url", "is_relative"]
                .iter()
                .any(|w| lower.contains(w)) =>
            {
                args.iter().for_each(|a| self.clear(*a, Kinds::from_iter([Kind::Redirect, Kind::Url])));
            }
            // `isPathInside(base, path)`, `filepath.IsLocal(path)`
            _ if [
                "inside",
                "within",
                "subpath",
                "islocal",
                "isunder",
                "is_under",
                "isindir",
                "in_dir",
                "ischildof",
            ]
            .iter()
            .any(|w| lower.contains(w)) =>
            {
                args.iter().for_each(|a| self.clear(*a, Kinds::only(Kind::Path)));
            }
            // `containsString(allowed, x)`, `inSlice(x, allowed)`
            _ if args.len() == 2
                && (lower.ends_with("contains")
                    || ["inslice", "inarray", "inlist"].iter().any(|w| lower.contains(w))) =>
            {
                for (list, value) in [(args[0], args[1]), (args[1], args[0])] {
                    if self.is_ours(list) {
                        self.clear(value, Kinds::ALL);
                    }
                }
            }
            _ => {
                if says_allowed(name) {
                    // `allowed_file(name)` asks for the end of the name
                    let of_kind = ["file", "ext", "image", "mime"].iter().any(|w| lower.contains(w))
                        && !["path", "within", "inside"].iter().any(|w| lower.contains(w));
                    let kinds = Kind::ALL.iter().copied().filter(|k| !of_kind || *k != Kind::Path).collect();
                    args.iter().for_each(|a| self.clear(*a, kinds));
                }
            }
        }
    }
}

/// Names that the host of an address has in libraries.
pub fn is_host(name: Symbol) -> bool {
    matches!(
        name.as_str(),
        "netloc"
            | "hostname"
            | "host"
            | "host_str"
            | "Host"
            | "Hostname"
            | "getHost"
            | "authority"
            | "Authority"
            | "origin"
    )
}

/// What values of a class can no longer do, by the names that classes of numbers, dates and files have.
fn cleared_by_class(name: &str) -> Kinds {
    match name {
        "String" | "str" => cleared_by_string(),
        // fields with values, no text
        "Hash" | "dict" => [Kind::Sql, Kind::Command, Kind::Code, Kind::Path].into_iter().collect(),
        "Integer" | "Float" | "Numeric" | "Rational" | "Range" | "DateTime" | "Date" | "Time" | "Tempfile" | "IO"
        | "int" | "float" | "bool" | "Decimal" | "UUID" | "datetime" | "date" => Kinds::ALL,
        _ => Kinds::NONE,
    }
}

/// What a call sees to by its name, where that names a deed and its object: `validate_next_url`.
pub fn seen_to(name: &str, deeds: &[&str]) -> Kinds {
    let lower = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if !names_a_deed(name, deeds) {
        return Kinds::NONE;
    }
    let address = says(&["url", "uri", "host", "redirect", "address", "ssrf"]);
    let file = says(&["path", "filename", "traversal"]);
    let statement = says(&["sql", "column"]);
    let fields = says(&["model", "schema", "fields", "attributes"]);
    let kinds = [
        (address, Kind::Url),
        (address, Kind::Redirect),
        (file, Kind::Path),
        (statement, Kind::Sql),
        (fields, Kind::MassAssignment),
    ];
    kinds.into_iter().filter(|(says, _)| *says).map(|(_, kind)| kind).collect()
}

/// Whether a name says one of these deeds, and not that it fails.
fn names_a_deed(name: &str, deeds: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    says(deeds) && !says(&["unsafe", "invalid"])
}

/// Whether a name says that what it is asked about is allowed: `isValidUrl`, `is_safe_path`, `allowedHost`.
fn says_allowed(name: Symbol) -> bool {
    let lower = name.as_str().to_ascii_lowercase();
    ["valid", "allow", "safe", "whitelist", "permitted", "trusted", "islocalurl", "isuuid", "isint", "isinteger"]
        .iter()
        .any(|w| lower.contains(w))
        && !lower.contains("invalid")
        && !lower.contains("unsafe")
}
