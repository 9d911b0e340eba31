//! What rules ask of a schema.

use super::{ForeignKey, Index, IndexRole, Schema, Table};
use crate::{Dialect, IndexColumn};

/// How an index serves conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Served<'s> {
    /// The index.
    pub index: &'s Index,
    /// How many of its leading columns are compared for equality.
    pub equal: usize,
    /// The next column after them is the one of the range.
    pub ranges: bool,
    /// Its order after the columns of equality is the order asked for.
    pub orders: bool,
    /// It holds only the rows of its predicate; the caller must know that the query asks for these.
    pub is_partial: bool,
}

/// What a query asks of a table: equalities, at most one range, an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'w> {
    /// Columns compared with `=` or `IN`, in any order.
    pub equal: &'w [&'w str],
    /// A column compared with `<`, `>`, `BETWEEN` or a `LIKE` without a leading wildcard.
    pub range: Option<&'w str>,
    /// The columns of `ORDER BY` with their direction (`true` for descending).
    pub order: &'w [(&'w str, bool)],
}

impl Table {
    /// The index that serves best: most columns of equality, then the range, then the order. `None` when none serves at
    /// all. Partial indexes are given only when no whole one is as good.
    pub fn index_for(&self, wanted: &Wanted<'_>, dialect: Dialect) -> Option<Served<'_>> {
        let scored = self.indexes.iter().filter_map(|index| serves(index, wanted, dialect));
        scored.max_by_key(|s| (s.equal, s.ranges, s.orders, !s.is_partial, std::cmp::Reverse(s.index.columns.len())))
    }

    /// An index whose first element is this expression (names and blanks as the dialect compares them).
    pub fn index_on_expression(&self, expression: &str, dialect: Dialect) -> Option<&Index> {
        let wanted = normalised(expression, dialect);
        self.indexes.iter().find(|i| {
            let first = i.columns.first().and_then(|c| c.expression.as_deref());
            first.is_some_and(|e| normalised(e, dialect) == wanted)
        })
    }

    /// Whether at most one row can have given values in these columns: a whole unique index lies within them.
    pub fn is_unique(&self, columns: &[&str], dialect: Dialect) -> bool {
        self.indexes.iter().any(|index| {
            index.unique
                && index.predicate.is_none()
                && index.columns.iter().all(|c| {
                    c.column.as_deref().is_some_and(|own| columns.iter().any(|given| dialect.is_same(given, own)))
                })
        })
    }

    /// Pairs of an index that is not needed and the one that serves in its place.
    pub fn redundant_indexes(&self, dialect: Dialect) -> Vec<(&Index, &Index)> {
        let mut found = Vec::new();
        for (at, index) in self.indexes.iter().enumerate() {
            let better = self
                .indexes
                .iter()
                .enumerate()
                .find(|(other_at, other)| *other_at != at && makes_redundant(index, at, other, *other_at, dialect));
            if let Some((_, better)) = better {
                found.push((index, better));
            }
        }
        found
    }

    /// Foreign keys that no index of this table serves.
    pub fn unindexed_foreign_keys(&self, dialect: Dialect) -> Vec<&ForeignKey> {
        let serves = |f: &ForeignKey, i: &Index| {
            let leading: Vec<&str> = i.leading_columns().take(f.columns.len()).collect();
            // a partial index serves when it leaves out no more than `NULL`s of the key
            let whole = i.predicate.as_deref().is_none_or(|p| {
                let text = normalised(p, dialect);
                f.columns.iter().any(|c| text == format!("{} is not null", c.to_lowercase()))
            });
            matches!(i.method.as_str(), "btree" | "hash")
                && whole
                && leading.len() == f.columns.len()
                && f.columns.iter().all(|c| leading.iter().any(|l| dialect.is_same(l, c)))
        };
        self.foreign_keys.iter().filter(|f| !self.indexes.iter().any(|i| serves(f, i))).collect()
    }
}

impl Schema {
    /// Tables (no partitions and no temporary ones) without a primary key.
    pub fn tables_without_key(&self) -> impl Iterator<Item = &Table> {
        self.tables.values().filter(|t| t.primary_key().is_none() && t.partition_of.is_none() && !t.temporary)
    }

    /// The foreign keys of other tables that reference this one.
    pub fn references_to<'s>(&'s self, table: &'s Table) -> impl Iterator<Item = (&'s Table, &'s ForeignKey)> {
        let all = self.tables.values().flat_map(|t| t.foreign_keys.iter().map(move |f| (t, f)));
        all.filter(|(_, f)| self.key_of(&f.references) == self.key_of(&table.name))
    }
}

fn serves<'s>(index: &'s Index, wanted: &Wanted<'_>, dialect: Dialect) -> Option<Served<'s>> {
    let is = |c: &IndexColumn, name: &str| c.column.as_deref().is_some_and(|own| dialect.is_same(own, name));
    let ordered = index.method == "btree";
    if !ordered && index.method != "hash" {
        return None;
    }
    let equal = index.columns.iter().take_while(|c| wanted.equal.iter().any(|name| is(c, name))).count();
    if index.method == "hash" && equal < index.columns.len() {
        return None;
    }
    let rest = &index.columns[equal..];
    let ranges = ordered && wanted.range.is_some_and(|name| rest.first().is_some_and(|c| is(c, name)));
    let order: Vec<&(&str, bool)> =
        wanted.order.iter().filter(|(name, _)| !wanted.equal.iter().any(|e| dialect.is_same(e, name))).collect();
    let follows = order.len() <= rest.len() && order.iter().zip(rest).all(|((name, _), c)| is(c, name));
    let same_way = order.iter().zip(rest).all(|((_, d), c)| *d == c.descending)
        || order.iter().zip(rest).all(|((_, d), c)| *d != c.descending);
    let orders = ordered && !order.is_empty() && follows && same_way;
    if equal == 0 && !ranges && !orders {
        return None;
    }
    Some(Served { index, equal, ranges, orders, is_partial: index.predicate.is_some() })
}

/// Whether `other` does all that `index` does.
fn makes_redundant(index: &Index, at: usize, other: &Index, other_at: usize, dialect: Dialect) -> bool {
    let same_kind = index.method == other.method
        && index.predicate.as_deref().map(|p| normalised(p, dialect))
            == other.predicate.as_deref().map(|p| normalised(p, dialect))
        && index.role != IndexRole::PrimaryKey
        && index.role != IndexRole::Exclusion
        && other.role != IndexRole::Exclusion
        && index.include.iter().all(|c| other.include.contains(c) || other.leading_columns().any(|o| o == c));
    if !same_kind {
        return false;
    }
    let element = |c: &IndexColumn| {
        let text = c.column.clone().or_else(|| c.expression.as_deref().map(|e| normalised(e, dialect)));
        (text.unwrap_or_default().to_lowercase(), c.descending, c.operator_class.clone(), c.length, c.collation.clone())
    };
    let (own, others): (Vec<_>, Vec<_>) =
        (index.columns.iter().map(element).collect(), other.columns.iter().map(element).collect());
    let equal = own == others;
    if index.unique {
        // a unique index is redundant only beside another that is unique over the same
        return equal
            && other.unique
            && (other.role < index.role || at > other_at || other.role == IndexRole::PrimaryKey)
            && !(index.role != IndexRole::Plain && other.role == IndexRole::Plain);
    }
    if equal {
        return other.unique || at > other_at;
    }
    index.method == "btree" && own.len() < others.len() && others.starts_with(&own)
}

/// An expression without outer parentheses, with single blanks and small letters outside of strings.
pub(crate) fn normalised(expression: &str, dialect: Dialect) -> String {
    let tokens = crate::lex::tokens(expression, dialect);
    let mut slice = tokens.as_slice();
    while let [first, inner @ .., last] = slice {
        let mut depth = 0i32;
        let closes_early = inner.iter().any(|t| {
            depth += i32::from(t.is_symbol("(")) - i32::from(t.is_symbol(")"));
            depth < 0
        });
        if !first.is_symbol("(") || !last.is_symbol(")") || closes_early {
            break;
        }
        slice = inner;
    }
    let words: Vec<String> = slice
        .iter()
        .map(|t| match t.kind {
            crate::lex::Kind::Word => t.text.to_lowercase(),
            crate::lex::Kind::Quoted => t.name(),
            _ => t.text.to_owned(),
        })
        .collect();
    words.join(" ")
}
