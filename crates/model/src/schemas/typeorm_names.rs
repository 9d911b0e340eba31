//! The names that TypeORM gives to keys and indexes: a prefix and the beginning of a hash of the table and columns.

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
    let hash = sha1(key.as_bytes());
    format!("{prefix}_{}", &hash[..length])
}

/// SHA-1 in hexadecimal digits.
fn sha1(data: &[u8]) -> String {
    let mut state: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    let mut message = data.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend((data.len() as u64 * 8).to_be_bytes());
    for block in message.chunks_exact(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = bytes.iter().fold(0, |all, byte| (all << 8) | u32::from(*byte));
        }
        for at in 16..80 {
            words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (mixed, constant) = match at / 20 {
                0 => ((b & c) | (!b & d), 0x5A82_7999),
                1 => (b ^ c ^ d, 0x6ED9_EBA1),
                2 => ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (all, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *all = all.wrapping_add(part);
        }
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha1() {
        assert_eq!(sha1(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(sha1(&[b'a'; 200]), "e61cfffe0d9195a525fc6cf06ca2d77119c24a40");
    }

    #[test]
    fn keys_are_named_as_typeorm_names_them() {
        let columns = ["email".to_owned()];
        assert_eq!(name("UQ", "user", &columns, None), "UQ_e12875dfb3b1d92d7d7c5377e22");
        assert_eq!(name("PK", "user", &["id".to_owned()], None), "PK_cace4a159ff9f2512dd42373760");
    }
}
