//! Thousands of small mutations of real-looking code: nothing may panic, and every span stays in bounds and
//! on character boundaries. What the fuzz targets look for without end, in the seconds that a test has.

#![allow(clippy::unwrap_used)]

use base::{FileId, Language};
use specialist_lang::lower;

/// Mutations for each language.
const ROUNDS: u32 = 250;

/// Xorshift (Marsaglia, 2003): the same mutations on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn seed(language: Language) -> &'static str {
    match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            include_str!("../../../examples/bookshop/src/app.js")
        }
        Language::Python => include_str!("../../rules/security/missing-ownership-check/fixtures/fastapi/main.py"),
        Language::Go => include_str!("../../rules/security/missing-ownership-check/fixtures/gin/main.go"),
        Language::Java => include_str!("../../rules/security/missing-ownership-check/fixtures/spring/Orders.java"),
        Language::Rust => include_str!("../../rules/security/error-detail-leak/fixtures/actix/main.rs"),
        Language::CSharp => include_str!("../../rules/security/missing-ownership-check/fixtures/aspnet/Orders.cs"),
        Language::Ruby => {
            include_str!("../../rules/security/error-detail-leak/fixtures/rails/app/controllers/books_controller.rb")
        }
    }
}

fn mutate(text: &str, random: &mut Random) -> String {
    const PIECES: [&str; 16] =
        ["(", ")", "{", "}", "[", "\"", "'", "`", "#{", "${", "é", "\\", "=>", ";", "\n", "<<~A\n"];
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(6) {
        let at = random.below(chars.len());
        match random.below(4) {
            0 => {
                let end = (at + random.below(40)).min(chars.len());
                chars.drain(at..end);
            }
            1 => {
                let end = (at + random.below(40)).min(chars.len());
                let copy: Vec<char> = chars[at..end].to_vec();
                let to = random.below(chars.len());
                chars.splice(to..to, copy);
            }
            2 => {
                chars.splice(at..at, PIECES[random.below(PIECES.len())].chars());
            }
            _ => chars.truncate(at.max(1)),
        }
        if chars.is_empty() {
            chars.push('x');
        }
    }
    chars.into_iter().collect()
}

#[test]
fn mutated_code_is_lowered_within_its_bounds() {
    let run = || {
        for language in Language::ALL {
            let mut random = Random(0x9E37_79B9_7F4A_7C15);
            for round in 0..ROUNDS {
                let text = mutate(seed(language), &mut random);
                let lowered = lower(FileId(0), language, &text);
                for (_, expr) in lowered.module.exprs() {
                    let (start, end) = (expr.range.start as usize, expr.range.end as usize);
                    let holds = start <= end && text.is_char_boundary(start) && text.is_char_boundary(end);
                    assert!(holds, "{language:?}, round {round}: {start}..{end} of\n{text}");
                }
            }
        }
    };
    std::thread::Builder::new().stack_size(64 * 1024 * 1024).spawn(run).unwrap().join().unwrap();
}
