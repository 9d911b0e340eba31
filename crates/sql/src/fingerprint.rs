//! One text for all queries that differ in their values only.

use crate::{
    Dialect,
    lex::{Kind, tokens},
};

/// The query with its literals and placeholders as `?`, lists of them and rows of `VALUES` as one, names without quotes
/// in small letters, and single blanks. Two queries that differ in their values only have the same.
pub fn fingerprint(text: &str, dialect: Dialect) -> String {
    let mut words: Vec<String> = Vec::new();
    for token in tokens(text, dialect) {
        let word = match token.kind {
            Kind::String | Kind::Dollar | Kind::Number | Kind::Placeholder | Kind::Hole | Kind::Broken => {
                "?".to_owned()
            }
            Kind::Word => token.text.to_lowercase(),
            Kind::Quoted => token.name().to_lowercase(),
            Kind::Symbol if token.text == ";" => continue,
            Kind::Symbol => token.text.to_owned(),
        };
        words.push(word);
        fold_end(&mut words);
    }
    words.join(" ")
}

/// Folds what the last word made foldable: `?, ?` and `(?), (?)`.
fn fold_end(words: &mut Vec<String>) {
    loop {
        let ends = |tail: &[&str]| {
            words.len() >= tail.len() && words[words.len() - tail.len()..].iter().zip(tail).all(|(a, b)| a == b)
        };
        if ends(&["?", ",", "?"]) {
            words.truncate(words.len() - 2);
        } else if ends(&["(", "?", ")", ",", "(", "?", ")"]) {
            words.truncate(words.len() - 4);
        } else {
            return;
        }
    }
}
