//! Input that nobody writes by hand: nothing may crash, hang, or leave its bounds.

#![allow(clippy::unwrap_used)]

use base::{FileId, GapKind, Language};
use specialist_lang::{Lowered, lower};

/// Lowers on a thread with the stack that workers have.
fn lowered(language: Language, text: String) -> Lowered {
    std::thread::Builder::new()
        .stack_size(64 * 1024 * 1024)
        .spawn(move || lower(FileId(0), language, &text))
        .unwrap()
        .join()
        .unwrap()
}

fn sample(language: Language) -> &'static str {
    match language {
        Language::JavaScript => {
            "const { a, b: c } = require('x');\nclass A extends B { async f(x = `é${c}`) { try { await x?.y(...z) } catch (e) {} } }\nexport default (q) => q && { [k]: 1, ...r };\n"
        }
        Language::TypeScript => {
            "import type { T } from './t';\n@Dec({ a: 1 })\nexport class A<T> implements I { constructor(private readonly x: Map<string, T[]>) {} get y(): T | null { return this.x as T; } }\n"
        }
        Language::Tsx => "export const C = ({ a }: P) => <div className={a} {...p}>é {a ? <B/> : null}</div>;\n",
        Language::Python => {
            "@app.get(f'/{x}')\nasync def f(a: Annotated[int, Depends(g)], *, b=1, **kw) -> X | None:\n    with open(p) as q, r():\n        match a:\n            case {'k': [1, *rest]} if b:\n                return '%s é' % a\n    return [y async for y in z if (w := y)]\n"
        }
        Language::Go => {
            "package p\nimport ( x \"a/b/v2\" )\nfunc (s *S) F(a, b int) (c []string, err error) {\n\tdefer s.mu.Unlock()\n\tfor i, v := range m { switch t := v.(type) { case int: go f(i, t) } }\n\treturn fmt.Sprintf(\"é %d\", a), nil\n}\n"
        }
        Language::Java => {
            "package a.b;\nimport x.Y;\n@R(\"/x\") public class A<T> extends B implements C { private final D d = new D() { void f() {} };\n@G(value = \"/é\", m = {1, 2}) public T g(@P(\"i\") long i) { try (var q = r(); ) { return switch (i) { case 1 -> a::b; default -> null; }; } catch (E | F e) { throw e; } } }\n"
        }
        Language::Rust => {
            "use a::{b, c as d, e::*};\n#[get(\"/é/{id}\")]\nasync fn f(x: web::Path<(i32,)>, Y(y): Y) -> Result<impl R, E> {\n    let Some(z) = g(&x).await? else { return Err(e) };\n    match z { A::B { c, .. } if c > 0 => format!(\"{c} {}\", d), _ => vec![1, 2].iter().map(|v| v + 1).collect() }\n}\n"
        }
        Language::CSharp => {
            "using A.B;\nnamespace C;\n[R(\"x\", N = 1)]\npublic record D(int E) : F { public G H { get; init; } = new() { I = $\"é{J}\" }; async Task<K> L([M] N n) => await n?.O() ?? throw new P(); }\n"
        }
        Language::Ruby => {
            "class A::B < C\n  before_action :d, only: %i[e f]\n  def g(h, i: 1, *j, &k)\n    l = <<~SQL\n      SELECT '#{h}' é\n    SQL\n    m&.n(o) { |p| p unless q } rescue nil\n  end\nend\n"
        }
    }
}

fn check_bounds(lowered: &Lowered, text: &str) {
    for (_, expr) in lowered.module.exprs() {
        let (start, end) = (expr.range.start as usize, expr.range.end as usize);
        assert!(start <= end && end <= text.len(), "{start}..{end} of {}", text.len());
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end}");
    }
}

#[test]
fn samples_of_every_language_are_understood() {
    for language in Language::ALL {
        let lowered = lowered(language, sample(language).to_owned());
        assert_eq!(lowered.nodes_unknown, 0, "{language:?}: {:?}", lowered.gaps);
        check_bounds(&lowered, sample(language));
    }
}

#[test]
fn a_file_cut_anywhere_is_read_within_its_bounds() {
    for language in Language::ALL {
        let text = sample(language);
        for end in (0..text.len()).step_by(7).filter(|e| text.is_char_boundary(*e)) {
            check_bounds(&lowered(language, text[..end].to_owned()), &text[..end]);
        }
    }
}

#[test]
fn deep_nesting_is_a_gap_and_no_crash() {
    for language in Language::ALL {
        for (open, close) in [("(", ")"), ("[", "]")] {
            let text = format!("x = {}1{}\n", open.repeat(20_000), close.repeat(20_000));
            lowered(language, text);
        }
    }
}

#[test]
fn odd_bytes_and_line_ends_are_read() {
    for language in Language::ALL {
        let text = sample(language).replace('\n', "\r\n");
        check_bounds(&lowered(language, text.clone()), &text);
        let text = format!("\u{feff}{}\0\u{fffd}", sample(language));
        check_bounds(&lowered(language, text.clone()), &text);
    }
}

#[test]
fn a_table_of_numbers_is_read_up_to_a_bound() {
    for language in Language::ALL {
        let (before, after) = match language {
            Language::Go => ("package p\nvar first = f()\nvar t = []int{", "}\n"),
            Language::Java => ("class B { int first = f(); } class A { int[] t = {", "}; }\n"),
            Language::CSharp => ("class B { int first = f(); } class A { int[] t = {", "}; }\n"),
            Language::Rust => ("static FIRST: i32 = f();\nstatic T: &[i32] = &[", "];\n"),
            _ => ("first = f()\nt = [", "]\n"),
        };
        let text = format!("{before}{}{after}", "1,".repeat(480_000));
        let lowered = lowered(language, text.clone());
        check_bounds(&lowered, &text);
        // Go has two nodes for each number
        assert!(lowered.nodes < 450_000, "{language:?}: {}", lowered.nodes);
        let is_call = |e: &ir::Expr| matches!(e.kind, ir::ExprKind::Call { .. });
        assert!(lowered.module.exprs().any(|(_, e)| is_call(e)), "{language:?}");
        let gap = lowered.gaps.iter().find(|g| g.kind == GapKind::Bound).and_then(|g| g.span).unwrap();
        assert!((400_000..420_000).contains(&gap.start) && gap.end as usize == text.len(), "{language:?}: {gap:?}");
    }
}
