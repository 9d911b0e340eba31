//! The names that TypeORM gives to keys and indexes: a prefix and the beginning of a hash of the table and columns.

use super::digest::sha1;

/// `PK`, `UQ`, `FK`, `IDX`, `REL`, `CHK`, with the columns in order of their names. `more` is the condition of an index.
pub(crate) fn name(prefix: &str, table: &str, columns: &[String], more: Option<&str>) -> String {
    let mut sorted: Vec<&str> = columns.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let mut key = format!("{}_{}", table.replace('.', "_"), sorted.join("_"));
    if let Some(more) = more {
        key.push('_');
        key.push_str(more);
    }
    let length = 30 - prefix.len() - 1;
    let length = if prefix.len() == 2 { 27 } else { length };
    let hash = sha1(&key);
    format!("{prefix}_{}", &hash[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_typeorm_names_them() {
        let columns = ["email".to_owned()];
        assert_eq!(name("UQ", "user", &columns, None), "UQ_e12875dfb3b1d92d7d7c5377e22");
        assert_eq!(name("PK", "user", &["id".to_owned()], None), "PK_cace4a159ff9f2512dd42373760");
    }
}
