//! Names that Django makes up for tables, indexes and constraints.

use sql::Dialect;

use crate::schemas::digest::md5;

/// How long a name of the database may be.
fn longest(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Postgres | Dialect::Generic => 63,
        Dialect::MySql => 64,
        Dialect::Oracle => 30,
        Dialect::SqlServer => 128,
        Dialect::Sqlite => 200,
    }
}

/// The first characters of the hash of all parts.
pub(super) fn digest<'p>(parts: impl IntoIterator<Item = &'p str>, length: usize) -> String {
    let joined: String = parts.into_iter().collect();
    md5(&joined).chars().take(length).collect()
}

/// A table's name, cut with a hash where it is too long.
pub(super) fn table_name(dialect: Dialect, name: &str) -> String {
    let longest = longest(dialect);
    if name.chars().count() <= longest || dialect == Dialect::Sqlite {
        return name.to_owned();
    }
    let kept: String = name.chars().take(longest - 4).collect();
    format!("{kept}{}", digest([name], 4))
}

/// `_create_index_name` of Django's schema editor.
pub(super) fn index_name(dialect: Dialect, table: &str, columns: &[String], suffix: &str) -> String {
    let table = table.rsplit('.').next().unwrap_or(table).trim_matches('"');
    let longest = longest(dialect);
    let hash = digest(std::iter::once(table).chain(columns.iter().map(String::as_str)), 8);
    let mut suffix = format!("{hash}{suffix}");
    let joined = columns.join("_");
    let whole = format!("{table}_{joined}_{suffix}");
    if whole.chars().count() <= longest {
        return whole;
    }
    if suffix.chars().count() > longest / 3 {
        suffix = suffix.chars().take(longest / 3).collect();
    }
    let other = (longest - suffix.chars().count()) / 2 - 1;
    let cut = |text: &str| text.chars().take(other).collect::<String>();
    let name = format!("{}_{}_{suffix}", cut(table), cut(&joined));
    match name.starts_with(|c: char| c == '_' || c.is_ascii_digit()) {
        true => format!("D{}", name.chars().take(name.chars().count() - 1).collect::<String>()),
        false => name,
    }
}

/// The name of an index of `Meta.indexes` without one: `columns` begin with `-` where they descend.
pub(super) fn meta_index_name(table: &str, columns: &[String], suffix: &str) -> String {
    let table = table.rsplit('.').next().unwrap_or(table).trim_matches('"');
    let parts = std::iter::once(table).chain(columns.iter().map(String::as_str)).chain([suffix]);
    let hash = digest(parts, 6);
    let first = columns.first().map_or("", |c| c.trim_start_matches('-'));
    let cut = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    let name = format!("{}_{}_{hash}_{suffix}", cut(table, 11), cut(first, 7));
    match name.starts_with(|c: char| c == '_' || c.is_ascii_digit()) {
        true => format!("D{}", name.chars().skip(1).collect::<String>()),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_django() {
        let columns = ["group_id".to_owned(), "permission_id".to_owned()];
        assert_eq!(
            index_name(Dialect::Postgres, "auth_group_permissions", &columns, "_uniq"),
            "auth_group_permissions_group_id_permission_id_0cd325b0_uniq"
        );
        let columns = ["content_type_id".to_owned()];
        assert_eq!(
            index_name(Dialect::Postgres, "auth_permission", &columns, "_fk_django_content_type_id"),
            "auth_permission_content_type_id_2f476e4b_fk_django_co"
        );
    }
}
