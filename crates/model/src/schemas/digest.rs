//! MD5 (RFC 1321): tools make names with it, nothing is protected by it.

/// The hash of a text, in hexadecimal digits.
pub(crate) fn md5(text: &str) -> String {
    bytes(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

fn bytes(message: &[u8]) -> [u8; 16] {
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
    #[test]
    fn hashes_are_those_of_the_rfc() {
        assert_eq!(super::md5(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(super::md5("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
