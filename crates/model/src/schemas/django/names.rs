//! Names that Django makes up for tables, indexes and constraints.

use sql::Dialect;

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
    let bytes = md5(joined.as_bytes());
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    hex.chars().take(length).collect()
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

/// MD5 (RFC 1321): names are made with it, nothing is protected by it.
fn md5(message: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let constants: Vec<u32> = (0..64).map(|i| ((f64::from(i) + 1.0).sin().abs() * 4_294_967_296.0) as u32).collect();
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_le_bytes());
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for chunk in padded.chunks_exact(64) {
        let word =
            |at: usize| chunk[at * 4..at * 4 + 4].iter().rev().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        let [mut a, mut b, mut c, mut d] = state;
        for round in 0..64 {
            let (mixed, from) = match round / 16 {
                0 => ((b & c) | (!b & d), round),
                1 => ((d & b) | (!d & c), (5 * round + 1) % 16),
                2 => (b ^ c ^ d, (3 * round + 5) % 16),
                _ => (c ^ (b | !d), (7 * round) % 16),
            };
            let sum = mixed.wrapping_add(a).wrapping_add(constants[round]).wrapping_add(word(from));
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[round / 16][round % 4]));
        }
        for (state, part) in state.iter_mut().zip([a, b, c, d]) {
            *state = state.wrapping_add(part);
        }
    }
    let mut bytes = [0; 16];
    bytes.chunks_exact_mut(4).zip(state).for_each(|(to, word)| to.copy_from_slice(&word.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_django() {
        assert_eq!(digest(["message digest"], 32), "f96b697d7cb7938d525a2f31aaf161d0");
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
