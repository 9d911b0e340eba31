//! Words in singular and plural, as Ruby on Rails makes names of tables from names of classes and back.

use ir::ExprKind;
use program::ExprRef;

use crate::adapters::Context;

/// The rules of Rails, and what a project adds to them in `config/initializers/inflections.rb`.
#[derive(Debug, Default)]
pub(crate) struct Inflections {
    irregular: Vec<(String, String)>,
    uncountable: Vec<String>,
    acronyms: Vec<String>,
}

const IRREGULAR: &[(&str, &str)] = &[
    ("person", "people"),
    ("man", "men"),
    ("child", "children"),
    ("sex", "sexes"),
    ("move", "moves"),
    ("zombie", "zombies"),
];

const UNCOUNTABLE: &[&str] =
    &["equipment", "information", "rice", "money", "species", "series", "fish", "sheep", "jeans", "police"];

/// What an ending becomes in the plural; the first that fits counts.
const PLURAL: &[(&[&str], &str, &str)] = &[
    (&["quiz"], "", "zes"),
    (&["matrix", "vertix", "indix", "matrex", "vertex", "index"], "?x", "ices"),
    (&["x", "ch", "ss", "sh"], "", "es"),
    (&["quy"], "y", "ies"),
    (&["hive"], "", "s"),
    (&["lf", "rf"], "f", "ves"),
    (&["sis"], "sis", "ses"),
    (&["ta", "ia"], "", ""),
    (&["tum", "ium"], "um", "a"),
    (&["buffalo", "tomato"], "", "es"),
    (&["bus", "miss", "gass"], "", "es"),
    (&["alias", "status"], "", "es"),
    (&["octopi", "viri"], "", ""),
    (&["octopus", "virus"], "us", "i"),
    (&["axis", "testis"], "is", "es"),
    (&["s"], "", ""),
];

/// What an ending becomes in the singular; the first that fits counts.
const SINGULAR: &[(&[&str], &str, &str)] = &[
    (&["ss"], "", ""),
    (&["databases"], "s", ""),
    (&["quizzes"], "zes", ""),
    (&["matrices"], "ices", "ix"),
    (&["vertices", "indices"], "ices", "ex"),
    (&["aliases", "statuses"], "es", ""),
    (&["alias", "status"], "", ""),
    (&["octopi", "viri"], "i", "us"),
    (&["octopus", "virus"], "", ""),
    (&["crises", "testes"], "es", "is"),
    (&["crisis", "testis"], "", ""),
    (&["shoes"], "s", ""),
    (&["oes"], "es", ""),
    (&["buses"], "es", ""),
    (&["bus"], "", ""),
    (&["xes", "ches", "sses", "shes"], "es", ""),
    (&["movies"], "s", ""),
    (&["series", "news"], "", ""),
    (&["quies"], "ies", "y"),
    (&["lves", "rves"], "ves", "f"),
    (&["tives", "hives"], "s", ""),
    (&["analyses", "bases", "diagnoses", "parentheses", "prognoses", "synopses", "theses"], "es", "is"),
    (&["analysis", "basis", "diagnosis", "parenthesis", "prognosis", "synopsis", "thesis"], "", ""),
    (&["ta", "ia"], "a", "um"),
    (&["s"], "s", ""),
];

impl Inflections {
    /// The rules, with the project's own.
    pub(crate) fn read(context: &Context<'_>) -> Self {
        let mut made = Self::default();
        let is_ours = |path: &str| path.ends_with("config/initializers/inflections.rb");
        for id in context.modules().filter(|m| is_ours(context.program.path(*m))) {
            let module = context.program.module(id);
            for (_, expr) in module.exprs() {
                let ExprKind::Call { callee, args, .. } = &expr.kind else { continue };
                let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
                let words = args.iter().flat_map(|a| context.constant(ExprRef { module: id, expr: a.value }));
                let words: Vec<String> =
                    words.flat_map(|c| c.text().split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
                match (name.as_str(), words.as_slice()) {
                    ("irregular", [one, many]) => made.irregular.push((one.clone(), many.clone())),
                    ("uncountable", words) => made.uncountable.extend(words.iter().cloned()),
                    ("acronym", [word]) => made.acronyms.push(word.clone()),
                    _ => {}
                }
            }
        }
        made
    }

    /// `order_item` gives `order_items`.
    pub(crate) fn plural(&self, word: &str) -> String {
        if self.is_uncountable(word) {
            return word.to_owned();
        }
        for (one, many) in self.irregular() {
            if let Some(start) = word.strip_suffix(many).or_else(|| word.strip_suffix(one)) {
                return format!("{start}{many}");
            }
        }
        let is_consonant = |c: char| !"aeiouy".contains(c);
        if let Some(start) = word.strip_suffix('y')
            && start.ends_with(is_consonant)
        {
            return format!("{start}ies");
        }
        if let Some(start) = word.strip_suffix("fe")
            && !start.ends_with('f')
            && !start.is_empty()
        {
            return format!("{start}ves");
        }
        if let Some(start) = word.strip_suffix("ouse")
            && matches!(start, "m" | "l")
        {
            return format!("{start}ice");
        }
        if word == "ox" {
            return "oxen".to_owned();
        }
        replaced(word, PLURAL).unwrap_or_else(|| format!("{word}s"))
    }

    /// `order_items` gives `order_item`.
    pub(crate) fn singular(&self, word: &str) -> String {
        if self.is_uncountable(word) {
            return word.to_owned();
        }
        for (one, many) in self.irregular() {
            if let Some(start) = word.strip_suffix(many).or_else(|| word.strip_suffix(one)) {
                return format!("{start}{one}");
            }
        }
        if let Some(start) = word.strip_suffix("ice")
            && matches!(start, "m" | "l")
        {
            return format!("{start}ouse");
        }
        // `queries`, but `movies` and `series` are below
        if let Some(start) = word.strip_suffix("ies")
            && start.ends_with(|c: char| !"aeiouy".contains(c))
            && !word.ends_with("movies")
            && !word.ends_with("series")
        {
            return format!("{start}y");
        }
        if let Some(start) = word.strip_suffix("ves")
            && !start.ends_with(['f', 'l', 'r'])
            && !word.ends_with("hives")
            && !word.ends_with("tives")
        {
            return format!("{start}fe");
        }
        replaced(word, SINGULAR).unwrap_or_else(|| word.to_owned())
    }

    /// `OrderItem` gives `order_item`, `HTMLPage` gives `html_page`.
    pub(crate) fn underscored(&self, word: &str) -> String {
        let mut word = word.to_owned();
        for acronym in &self.acronyms {
            let lower = acronym[1..].to_lowercase();
            word = word.replace(acronym, &format!("{}{lower}", &acronym[..1]));
        }
        let letters: Vec<char> = word.chars().collect();
        let mut made = String::with_capacity(word.len() + 4);
        for (at, c) in letters.iter().enumerate() {
            let before = at.checked_sub(1).map(|b| letters[b]);
            let begins = c.is_uppercase()
                && before.is_some_and(|b| {
                    b.is_lowercase()
                        || b.is_ascii_digit()
                        || b.is_uppercase() && letters.get(at + 1).is_some_and(|n| n.is_lowercase())
                });
            if begins {
                made.push('_');
            }
            made.extend(c.to_lowercase());
        }
        made
    }

    /// `order_item` gives `OrderItem`.
    pub(crate) fn camelized(&self, word: &str) -> String {
        let part = |part: &str| {
            if let Some(acronym) = self.acronyms.iter().find(|a| a.eq_ignore_ascii_case(part)) {
                return acronym.clone();
            }
            let mut letters = part.chars();
            letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
        };
        word.split('_').map(part).collect()
    }

    fn irregular(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.irregular.iter().map(|(one, many)| (one.as_str(), many.as_str()));
        own.chain(IRREGULAR.iter().copied())
    }

    fn is_uncountable(&self, word: &str) -> bool {
        let own = self.uncountable.iter().map(String::as_str);
        own.chain(UNCOUNTABLE.iter().copied()).any(|u| {
            word.strip_suffix(u).is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    }
}

/// A word with its ending replaced. `?x` takes two letters off.
fn replaced(word: &str, rules: &[(&[&str], &str, &str)]) -> Option<String> {
    let (_, off, on) = rules.iter().find(|(endings, ..)| endings.iter().any(|e| word.ends_with(e)))?;
    let start = match *off {
        "?x" => &word[..word.len() - 2],
        off => word.strip_suffix(off)?,
    };
    Some(format!("{start}{on}"))
}

#[cfg(test)]
mod tests {
    use super::Inflections;

    #[test]
    fn words_are_counted_as_rails_does() {
        let words = Inflections::default();
        let pairs = [
            ("user", "users"),
            ("category", "categories"),
            ("key", "keys"),
            ("status", "statuses"),
            ("address", "addresses"),
            ("tax", "taxes"),
            ("branch", "branches"),
            ("person", "people"),
            ("child", "children"),
            ("shelf", "shelves"),
            ("index", "indices"),
            ("analysis", "analyses"),
            ("datum", "data"),
            ("quiz", "quizzes"),
            ("news", "news"),
            ("series", "series"),
            ("movie", "movies"),
            ("move", "moves"),
            ("house", "houses"),
            ("alias", "aliases"),
            ("knife", "knives"),
            ("query", "queries"),
            ("archive", "archives"),
            ("database", "databases"),
            ("photo", "photos"),
            ("hero", "heros"),
            ("order_item", "order_items"),
        ];
        for (one, many) in pairs {
            assert_eq!(words.plural(one), many);
            if !matches!(one, "archive") {
                assert_eq!(words.singular(many), one);
            }
        }
        assert_eq!(words.underscored("HTMLPage"), "html_page");
        assert_eq!(words.underscored("OrderItem2Tag"), "order_item2_tag");
        assert_eq!(words.camelized("order_item"), "OrderItem");
    }
}
