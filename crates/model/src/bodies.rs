//! Where handlers take the body of a request, and whether anything checks it.

use base::{Language, Span};
use ir::{ExprKind, Literal, StmtKind};
use program::{ClassRef, ExprRef, FnId, Value};

use crate::guards::words;
use crate::{Kind, Model, Place, Route};

/// How far below the handler a check still counts.
const DEPTH: usize = 3;

/// Keys of a model's schema that check what is stored by it.
const SCHEMA_CHECKS: [&str; 11] = [
    "required",
    "validate",
    "maxlength",
    "minlength",
    "match",
    "enum",
    "allowNull",
    "maxLength",
    "minLength",
    "min",
    "max",
];

/// Words of calls that store.
const STORES: [&str; 12] =
    ["create", "save", "insert", "update", "add", "upsert", "write", "put", "bulk", "setattr", "execute", "assign"];

impl Model {
    /// Where a route takes its body, and whether anything checks it; `None` when it takes none, or when how it
    /// takes it is not known.
    pub fn body_of(&self, route: &Route, function: FnId) -> Option<(Span, bool)> {
        let module = self.program.module(function.module);
        let (span, declared) = match module.language {
            l if l.is_ecmascript() => {
                let span = self.raw_body(function)?;
                (span, self.schemas_check() && self.stores(function))
            }
            Language::Go => self.bound_struct(function)?,
            Language::Java | Language::CSharp => self.bound_class(route, function)?,
            Language::Python => self.python_body(route, function)?,
            Language::Ruby => return self.mass_assigned(function),
            Language::Rust => (self.loose_json(function)?, false),
            _ => return None,
        };
        Some((span, declared || self.checks_input(function)))
    }

    /// Where a body is declared by a type that checks it.
    pub fn declared_body(&self, route: &Route, function: FnId) -> Option<Span> {
        let module = self.program.module(function.module);
        let declared = match module.language {
            Language::Go => self.bound_struct(function),
            Language::Java | Language::CSharp => self.bound_class(route, function),
            Language::Python => {
                let body = route.inputs.iter().find(|i| i.place == Place::Body && i.validated);
                body.and_then(|i| i.span).map(|span| (span, true))
            }
            _ => None,
        };
        declared.filter(|(_, checked)| *checked).map(|(span, _)| span)
    }

    /// Whether something in reach stores.
    pub fn stores(&self, function: FnId) -> bool {
        self.reachable(function, DEPTH).into_iter().any(|f| {
            let module = self.program.module(f.module);
            self.program.calls_in(f).iter().any(|call| {
                let ExprKind::Call { callee, .. } = &module.expr(*call).kind else { return false };
                let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else {
                    return false;
                };
                words(name.as_str()).iter().any(|w| STORES.contains(&w.as_str()))
            })
        })
    }

    /// Whether a function itself calls what deletes many things or all, by the call's name: `drop_all()`,
    /// `Order.deleteMany()`, `deleteUser(id)`.
    pub fn destroys(&self, function: FnId) -> bool {
        // what one visitor leaves behind
        const PASSING: [&str; 14] = [
            "cookie", "cookies", "session", "sessions", "cache", "key", "keys", "file", "files", "temp", "header",
            "headers", "expired", "token",
        ];
        let module = self.program.module(function.module);
        self.program.calls_in(function).iter().any(|call| {
            let ExprKind::Call { callee, .. } = &module.expr(*call).kind else { return false };
            let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else {
                return false;
            };
            let said = words(name.as_str());
            let first = said
                .first()
                .is_some_and(|w| matches!(w.as_str(), "delete" | "destroy" | "drop" | "truncate" | "wipe" | "purge"));
            first && said.len() > 1 && !said.iter().any(|w| PASSING.contains(&w.as_str()))
        })
    }

    /// Whether a handler may change something: it stores, deletes, sends, or calls what is not known.
    pub fn may_change_state(&self, function: FnId) -> bool {
        const CHANGES: [&str; 26] = [
            "delete",
            "remove",
            "destroy",
            "set",
            "send",
            "publish",
            "cancel",
            "close",
            "open",
            "start",
            "stop",
            "toggle",
            "increment",
            "push",
            "append",
            "submit",
            "process",
            "handle",
            "enqueue",
            "commit",
            "enable",
            "disable",
            "upload",
            "dispatch",
            "post",
            "reset",
        ];
        let by_name = |name: &str| words(name).iter().any(|w| CHANGES.contains(&w.as_str()));
        self.stores(function)
            || self.program.function(function).body.is_none()
            || self.reachable(function, DEPTH).into_iter().any(|f| {
                let module = self.program.module(f.module);
                self.program.calls_in(f).iter().any(|call| {
                    let ExprKind::Call { callee, .. } = &module.expr(*call).kind else { return false };
                    matches!(&module.expr(*callee).kind, ExprKind::Name(name) | ExprKind::Member { name, .. } if by_name(name.as_str()))
                })
            })
    }

    /// Whether what a handler reaches is named for changing something: no mere start, opening or setting of
    /// what may be an object of its own.
    pub fn alters(&self, function: FnId) -> bool {
        const DEEDS: [&str; 20] = [
            "delete",
            "remove",
            "destroy",
            "send",
            "publish",
            "cancel",
            "toggle",
            "increment",
            "submit",
            "enqueue",
            "commit",
            "enable",
            "disable",
            "upload",
            "reset",
            "deliver",
            "withdraw",
            "transfer",
            "pay",
            "revoke",
        ];
        let by_name = |name: &str| words(name).first().is_some_and(|w| DEEDS.contains(&w.as_str()));
        self.stores(function)
            || self.program.function(function).name.is_some_and(|n| by_name(n.as_str()))
            || self.reachable(function, DEPTH).into_iter().any(|f| {
                let module = self.program.module(f.module);
                self.program.calls_in(f).iter().any(|call| {
                    let ExprKind::Call { callee, .. } = &module.expr(*call).kind else { return false };
                    matches!(&module.expr(*callee).kind, ExprKind::Name(name) | ExprKind::Member { name, .. } if by_name(name.as_str()))
                })
            })
    }

    /// Whether the models of the repository check what is stored by them: `{ type: String, required: true }`.
    fn schemas_check(&self) -> bool {
        self.program.ids().any(|id| {
            let module = self.program.module(id);
            module.language.is_ecmascript()
                && module.exprs().any(|(_, e)| {
                    let ExprKind::Call { callee, args, .. } = &e.kind else { return false };
                    let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else {
                        return false;
                    };
                    matches!(name.as_str(), "Schema" | "define" | "init")
                        && args.iter().any(|a| {
                            let range = module.expr(a.value).range;
                            module.exprs_within(range).any(|(_, x)| match &x.kind {
                                ExprKind::Map(entries) => entries.iter().any(|e| {
                                    e.key
                                        .and_then(|k| module.string(k))
                                        .is_some_and(|k| SCHEMA_CHECKS.contains(&k.as_str()))
                                }),
                                _ => false,
                            })
                        })
                })
        })
    }

    /// Python: `request.POST`, `request.data`, `json.loads(request.body)` in a handler that stores; a body that is
    /// declared as a dictionary.
    fn python_body(&self, route: &Route, function: FnId) -> Option<(Span, bool)> {
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        let loose = item.params.iter().find_map(|p| {
            let ty = p.ty?;
            let text = self.sources.text(module.span(module.ty(ty).range));
            let is_dict =
                matches!(text.split('[').next().unwrap_or("").trim(), "dict" | "Dict" | "typing.Dict" | "Any");
            let is_body = route.inputs.iter().any(|i| i.place == Place::Body && i.name == p.name.as_str());
            (is_dict && is_body).then(|| module.span(p.range))
        });
        let below = self.reachable(function, 1);
        let unchecked = loose
            .filter(|_| self.stores(function))
            .or_else(|| below.iter().find_map(|f| self.stored_unchecked(*f)))
            .map(|span| (span, false));
        unchecked.or_else(|| {
            below.iter().find_map(|f| {
                let module = self.program.module(f.module);
                let item = module.function(f.function);
                let mut all = module.exprs_within(item.range);
                all.find(|(_, e)| is_python_body(module, e)).map(|(id, _)| (module.expr_span(id), true))
            })
        })
    }

    /// Python: a part of the body that is stored as it came: given to a call that stores or to a model, set on an
    /// object; not asked about before.
    fn stored_unchecked(&self, function: FnId) -> Option<Span> {
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        let all: Vec<_> = module.exprs_within(item.range).collect();
        let is_source = |e: &ir::Expr| is_python_body(module, e);
        let statements: Vec<_> = module.stmts().filter(|s| item.range.contains(s.range)).collect();
        let mut held: Vec<(ir::Range, Option<base::Symbol>)> =
            all.iter().filter(|(_, e)| is_source(e)).map(|(_, e)| (e.range, None)).collect();
        // `data = json.loads(request.body)`, `name = data["name"]`
        for stmt in &statements {
            let StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind else { continue };
            let ExprKind::Name(name) = module.expr(*target).kind else { continue };
            let range = module.expr(*value).range;
            let from = held.iter().find(|(r, _)| range.contains(*r)).is_some()
                || all.iter().any(|(_, e)| {
                    range.contains(e.range)
                        && matches!(e.kind, ExprKind::Name(n) if held.iter().any(|(_, h)| *h == Some(n)))
                });
            let made = matches!(&module.expr(*value).kind, ExprKind::Call { callee, .. }
                if module.dotted(*callee).is_some_and(|d| d.rsplit('.').next().is_some_and(|l| l.starts_with(char::is_uppercase))));
            if from && !made {
                held.push((range, Some(name)));
            }
        }
        let asked = |name: base::Symbol| {
            let names = |range: ir::Range| {
                all.iter().any(|(_, e)| range.contains(e.range) && matches!(e.kind, ExprKind::Name(n) if n == name))
            };
            statements.iter().any(|s| match &s.kind {
                StmtKind::If { cond, .. } => names(module.expr(*cond).range),
                StmtKind::Loop { iter: Some(iter), .. } => names(module.expr(*iter).range),
                StmtKind::Assert(cond) => names(module.expr(*cond).range),
                _ => false,
            }) || all.iter().any(|(_, e)| match &e.kind {
                ExprKind::Ternary { cond, .. } => names(module.expr(*cond).range),
                ExprKind::Binary { .. } => names(e.range),
                _ => false,
            })
        };
        let holds = |range: ir::Range| {
            let direct = held.iter().find(|(r, name)| name.is_none() && range.contains(*r)).map(|(r, _)| *r);
            direct.or_else(|| {
                all.iter().find_map(|(_, e)| match e.kind {
                    ExprKind::Name(n)
                        if range.contains(e.range) && held.iter().any(|(_, h)| *h == Some(n)) && !asked(n) =>
                    {
                        Some(e.range)
                    }
                    _ => None,
                })
            })
        };
        for (_, e) in &all {
            let ExprKind::Call { callee, args, .. } = &e.kind else { continue };
            let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { continue };
            let said = words(name.as_str());
            let stores =
                said.first().is_some_and(|w| matches!(w.as_str(), "create" | "update" | "insert" | "bulk" | "setattr"))
                    || matches!(name.as_str(), "get_or_create" | "add" | "save" | "execute");
            if stores && let Some(range) = args.iter().find_map(|a| holds(module.expr(a.value).range)) {
                return Some(module.span(range));
            }
        }
        let saves = statements.iter().any(|s| match &s.kind {
            StmtKind::Expr(e) => matches!(&module.expr(*e).kind, ExprKind::Call { callee, .. }
                if matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } if *name == "save" || *name == "commit")),
            _ => false,
        });
        statements.iter().filter(|_| saves).find_map(|s| match &s.kind {
            StmtKind::Assign { target, value: Some(value), .. }
                if matches!(module.expr(*target).kind, ExprKind::Member { .. }) =>
            {
                holds(module.expr(*value).range).map(|range| module.span(range))
            }
            _ => None,
        })
    }

    /// Ruby: parameters that are stored, and whether those that may be stored are named.
    fn mass_assigned(&self, function: FnId) -> Option<(Span, bool)> {
        let mut named = None;
        for f in self.reachable(function, 2) {
            let module = self.program.module(f.module);
            let item = module.function(f.function);
            for (id, e) in module.exprs_within(item.range) {
                let ExprKind::Member { object, name, .. } = &e.kind else { continue };
                let of_params = || self.sources.text(module.expr_span(*object)).trim_start().starts_with("params");
                match name.as_str() {
                    "permit!" | "to_unsafe_h" | "to_unsafe_hash" if of_params() => {
                        return self.stores(function).then(|| (module.expr_span(id), false));
                    }
                    "permit" | "expect" if of_params() => named = named.or_else(|| Some(module.expr_span(id))),
                    _ => {}
                }
            }
        }
        named.map(|span| (span, true))
    }

    /// Rust: JSON that is taken as whatever it is.
    fn loose_json(&self, function: FnId) -> Option<Span> {
        let module = self.program.module(function.module);
        module.function(function.function).params.iter().find_map(|p| {
            let ty = module.ty(p.ty?);
            let text: String = self.sources.text(module.span(ty.range)).split_whitespace().collect();
            let loose = ["Json<Value>", "Json<serde_json::Value>", "Json<HashMap<"].iter().any(|t| text.contains(t));
            (loose && self.stores(function)).then(|| module.span(p.range))
        })
    }

    /// Whether a route's body is bound to a class whose objects are stored as they are: an entity.
    pub fn binds_entity(&self, route: &Route, function: FnId) -> bool {
        let Some(body) = route.inputs.iter().find(|i| i.place == Place::Body) else { return false };
        let module = self.program.module(function.module);
        let params = &module.function(function.function).params;
        let Some(class) =
            params.iter().find(|p| p.name == body.name.as_str()).and_then(|p| self.class_of_type(function, p.ty?))
        else {
            return false;
        };
        let of_class = self.program.module(class.module);
        let item = self.program.class(class);
        let is_annotated = item.annotations.iter().any(|a| {
            matches!(&of_class.expr(*a).kind, ExprKind::Call { callee, .. }
                if of_class.dotted(*callee).is_some_and(|d| matches!(d.rsplit('.').next(), Some("Entity" | "Document"))))
        });
        // `DbSet<Product> Products`
        let set = format!("DbSet<{}>", item.name);
        let in_a_set = || {
            self.program.classes().all().into_iter().any(|(c, _)| {
                let module = self.program.module(c.module);
                let mut types = self.program.class(c).fields.iter().filter_map(|f| f.ty);
                module.language == Language::CSharp
                    && types.any(|t| self.sources.text(module.span(module.ty(t).range)).trim_end_matches('?') == set)
            })
        };
        is_annotated || module.language == Language::CSharp && in_a_set()
    }

    /// Java and C#: a body that is bound to a class, and whether its constraints are declared and asked for.
    fn bound_class(&self, route: &Route, function: FnId) -> Option<(Span, bool)> {
        let body = route.inputs.iter().find(|i| i.place == Place::Body)?;
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        let named = |a: &ir::ExprId, wanted: &[&str]| {
            matches!(&module.expr(*a).kind, ExprKind::Call { callee, .. }
                if module.dotted(*callee).is_some_and(|d| wanted.contains(&d.rsplit('.').next().unwrap_or(""))))
        };
        let is_java = module.language == Language::Java;
        let param = item.params.iter().find(|p| {
            if is_java {
                p.annotations.iter().any(|a| named(a, &["RequestBody"]))
            } else {
                p.name == body.name.as_str()
            }
        })?;
        let span = param.annotations.first().map_or(module.span(param.range), |a| module.expr_span(*a));
        let class = self.class_of_type(function, param.ty?)?;
        if !is_java && (!self.is_controller(function) || self.asks_in_a_filter()) {
            return None;
        }
        let declared = self.has_constraints(class, 0);
        let asked = match is_java {
            true => param.annotations.iter().any(|a| named(a, &["Valid", "Validated"])),
            // `[ApiController]` asks by itself
            false => {
                declared
                    && self.program.classes().class_of(function).is_some_and(|c| {
                        self.program.classes().lineage(c).into_iter().any(|c| {
                            let module = self.program.module(c.module);
                            self.program.class(c).annotations.iter().any(|a| {
                                matches!(&module.expr(*a).kind, ExprKind::Call { callee, .. }
                            if module.dotted(*callee).is_some_and(|d| d.ends_with("ApiController")))
                            })
                        })
                    })
            }
        };
        if asked {
            return Some((span, true));
        }
        // where nothing is declared there must be something to check: a text
        let has_text = self.program.class(class).fields.iter().any(|f| {
            let module = self.program.module(class.module);
            f.ty.is_some_and(|t| self.sources.text(module.span(module.ty(t).range)).eq_ignore_ascii_case("string"))
        });
        (declared || has_text).then_some((span, self.has_validator(class)))
    }

    /// Whether a function belongs to a controller. What stands before other handlers is not known well enough.
    fn is_controller(&self, function: FnId) -> bool {
        self.program.classes().class_of(function).is_some_and(|c| {
            self.program.classes().lineage(c).into_iter().any(|c| {
                let module = self.program.module(c.module);
                let item = self.program.class(c);
                item.bases.iter().any(|b| self.sources.text(module.span(module.ty(*b).range)).contains("Controller"))
                    || item.name.as_str().ends_with("Controller")
            })
        })
    }

    /// C#: a filter of the project's own that asks `ModelState` before every action.
    fn asks_in_a_filter(&self) -> bool {
        *self.has_model_filter.get_or_init(|| {
            self.program.classes().all().into_iter().any(|(class, _)| {
                let module = self.program.module(class.module);
                let item = self.program.class(class);
                module.language == Language::CSharp
                    && item.bases.iter().any(|b| self.sources.text(module.span(module.ty(*b).range)).contains("Filter"))
                    && module
                        .exprs_within(item.range)
                        .any(|(_, e)| matches!(&e.kind, ExprKind::Member { name, .. } if *name == "ModelState"))
            })
        })
    }

    fn class_of_type(&self, function: FnId, ty: ir::TypeId) -> Option<ClassRef> {
        self.context().evaluator(function.module).type_values(ty, None).iter().find_map(|v| match v {
            Value::Instance(class) | Value::Class(class) => Some(*class),
            _ => None,
        })
    }

    /// Whether a class of the repository validates another: `class OrderValidator : AbstractValidator<Order>`.
    fn has_validator(&self, of: ClassRef) -> bool {
        let name = self.program.class(of).name.as_str();
        let validators = self.validators.get_or_init(|| {
            let bases = |class: ClassRef| {
                let module = self.program.module(class.module);
                self.program.class(class).bases.iter().map(|b| module.span(module.ty(*b).range))
            };
            let spans = self.program.classes().all().into_iter().flat_map(|(class, _)| bases(class));
            spans.filter(|span| self.sources.text(*span).contains("Validator<")).collect()
        });
        validators.iter().any(|span| self.sources.text(*span).contains(name))
    }

    /// `req.body` in a handler or what it calls.
    fn raw_body(&self, function: FnId) -> Option<Span> {
        self.reachable(function, 1).into_iter().find_map(|f| {
            let module = self.program.module(f.module);
            let item = module.function(f.function);
            module.exprs_within(item.range).find_map(|(id, e)| {
                let ExprKind::Member { object, name, .. } = &e.kind else { return None };
                let ExprKind::Name(root) = module.expr(*object).kind else { return None };
                // `req.body.userId = …` fills it
                let is_set = module.stmts().any(|s| {
                    matches!(&s.kind, StmtKind::Assign { target, .. }
                    if module.expr(*target).range.contains(e.range))
                });
                (*name == "body"
                    && !is_set
                    && item.params.iter().any(|p| p.name == root && matches!(root.as_str(), "req" | "request")))
                .then(|| module.expr_span(id))
            })
        })
    }

    /// Go: `c.ShouldBindJSON(&x)` with a struct that has no `binding` tags.
    fn bound_struct(&self, function: FnId) -> Option<(Span, bool)> {
        let context = self.context();
        self.reachable(function, 2).into_iter().find_map(|f| {
            let module = self.program.module(f.module);
            self.program.calls_in(f).iter().find_map(|call| {
                let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { return None };
                let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { return None };
                if !matches!(
                    name.as_str(),
                    "ShouldBindJSON" | "BindJSON" | "ShouldBind" | "Bind" | "ShouldBindBodyWith"
                ) {
                    return None;
                }
                let at = ExprRef { module: f.module, expr: args.first()?.value };
                let class = context.eval(at).into_iter().find_map(|v| match v {
                    Value::Instance(class) | Value::Class(class) => Some(class),
                    _ => None,
                })?;
                Some((module.expr_span(*call), self.has_tags(class, 0)))
            })
        })
    }

    fn has_tags(&self, class: ClassRef, depth: u32) -> bool {
        let module = self.program.module(class.module);
        let item = self.program.class(class);
        item.fields.iter().any(|f| {
            let tag = f.annotations.first().and_then(|t| module.string(*t));
            tag.is_some_and(|t| ["binding:", "validate:", "valid:", "vd:"].iter().any(|k| t.as_str().contains(k)))
                || depth < 3
                    && f.ty.is_some_and(|ty| {
                        self.context().evaluator(class.module).type_values(ty, None).iter().any(|v| match v {
                            Value::Instance(inner) | Value::Class(inner) if *inner != class => {
                                self.has_tags(*inner, depth + 1)
                            }
                            _ => false,
                        })
                    })
        }) || depth < 3
            && self
                .program
                .classes()
                .lineage(class)
                .into_iter()
                .any(|base| base != class && self.has_tags(base, depth + 1))
    }

    /// Whether a class declares constraints on its fields, or on those of what they hold.
    fn has_constraints(&self, class: ClassRef, depth: u32) -> bool {
        // projects have constraints of their own, so what is none is listed
        const OTHERS: [&str; 30] = [
            "Column",
            "Id",
            "Key",
            "Table",
            "GeneratedValue",
            "ManyToOne",
            "OneToMany",
            "OneToOne",
            "ManyToMany",
            "JoinColumn",
            "Enumerated",
            "Transient",
            "DataMember",
            "Display",
            "DisplayName",
            "Description",
            "Schema",
            "ApiModelProperty",
            "Getter",
            "Setter",
            "Parameter",
            "Obsolete",
            "Deprecated",
            "ForeignKey",
            "NotMapped",
            "Default",
            "Autowired",
            "Value",
            "Nullable",
            "BindProperty",
        ];
        self.program.classes().lineage(class).into_iter().any(|class| {
            let item = self.program.class(class);
            let module = self.program.module(class.module);
            let constructors = item.methods.iter().map(|m| module.function(*m)).filter(|m| m.kind == ir::FunctionKind::Constructor);
            let annotations = item
                .fields
                .iter()
                .flat_map(|f| &f.annotations)
                .chain(constructors.flat_map(|m| m.params.iter().flat_map(|p| &p.annotations)));
            let own = annotations.into_iter().any(|a| {
                matches!(&module.expr(*a).kind, ExprKind::Call { callee, .. }
                if module.dotted(*callee).is_some_and(|d| {
                    let last = d.rsplit('.').next().unwrap_or("");
                    !OTHERS.contains(&last) && !last.starts_with("Json") && !last.starts_with("Swagger") && !last.starts_with("Bson") && !last.starts_with("Table")
                }))
            });
            own || depth < 2
                && item.fields.iter().filter_map(|f| f.ty).any(|ty| {
                    self.context().evaluator(class.module).type_values(ty, None).iter().any(|v| match v {
                        Value::Instance(inner) | Value::Class(inner) if *inner != class => self.has_constraints(*inner, depth + 1),
                        _ => false,
                    })
                })
        })
    }

    /// `if len(order.Name) == 0 { …; return }`: a handler that turns away what one of the body's fields holds.
    fn measures_input(&self, function: FnId) -> bool {
        let module = self.program.module(function.module);
        let range = module.function(function.function).range;
        let of_object = |e: ir::ExprId| match &module.expr(e).kind {
            ExprKind::Member { object, .. } => matches!(&module.expr(*object).kind, ExprKind::Name(n)
                if !words(n.as_str()).iter().any(|w| matches!(w.as_str(), "err" | "error" | "result" | "res" | "config" | "settings"))),
            _ => false,
        };
        module.stmts().any(|stmt| {
            let ir::StmtKind::If { cond, then, .. } = &stmt.kind else { return false };
            let leaves = then.last().is_some_and(|last| {
                matches!(module.stmt(*last).kind, ir::StmtKind::Return(_) | ir::StmtKind::Throw(_))
            });
            leaves
                && range.contains(module.expr(*cond).range)
                && module.exprs_within(module.expr(*cond).range).any(|(_, e)| match &e.kind {
                    // `len(order.Name)`, `order.Name.length`
                    ExprKind::Call { callee, args, .. } => {
                        matches!(&module.expr(*callee).kind, ExprKind::Name(n) if matches!(n.as_str(), "len" | "strlen" | "count"))
                            && args.iter().any(|a| of_object(a.value))
                    }
                    ExprKind::Member { object, name, .. } => {
                        matches!(name.as_str(), "length" | "size" | "Length" | "isEmpty") && of_object(*object)
                    }
                    _ => false,
                })
        })
    }

    /// Whether a validator, or an answer of 400 or 422, is in reach.
    fn checks_input(&self, function: FnId) -> bool {
        if self.effects_from(function, DEPTH).iter().any(|e| e.kind == Kind::Validator) || self.measures_input(function)
        {
            return true;
        }
        self.reachable(function, DEPTH).into_iter().any(|f| {
            let module = self.program.module(f.module);
            let item = module.function(f.function);
            let named = item.name.is_some_and(|n| {
                let said = words(n.as_str());
                let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
                has(&["validate", "validator", "validation", "sanitize"])
                    || has(&["check", "assert", "ensure"])
                        && !has(&["permission", "permissions", "auth", "access", "user", "login", "role", "owner"])
            });
            named
                || module.exprs_within(item.range).any(|(_, e)| match &e.kind {
                    ExprKind::Literal(Literal::Int(Some(status))) => matches!(status, 400 | 422),
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                        let plain: String =
                            name.as_str().chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
                        plain.contains("badrequest")
                            || plain.contains("unprocessable")
                            || plain.contains("valid")
                            || plain.contains("schema")
                            || plain.contains("illegalargument")
                            || plain.contains("isblank")
                            || plain.contains("hastext")
                            || plain.contains("isnullor")
                            || plain.contains("precondition")
                            || plain == "requirenonnull"
                            || plain.contains("serializer")
                    }
                    _ => false,
                })
        })
    }
}

/// `request.POST`, `self.request.data`.
fn is_python_body(module: &ir::Module, e: &ir::Expr) -> bool {
    let ExprKind::Member { object, name, .. } = &e.kind else { return false };
    let of_request = match &module.expr(*object).kind {
        ExprKind::Name(n) => *n == "request",
        ExprKind::Member { object, name, .. } => {
            *name == "request" && matches!(module.expr(*object).kind, ExprKind::This)
        }
        _ => false,
    };
    of_request && matches!(name.as_str(), "POST" | "data" | "body" | "json" | "get_json" | "form")
}
