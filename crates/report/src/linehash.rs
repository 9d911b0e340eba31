//! The hash of a line by which GitHub's code scanning recognises an alert in later commits.
//!
//! Its upload action fills in `primaryLocationLineHash` where it is missing; the upload API does not.
//! Computing the very same value makes both ways agree, so that an alert is never opened twice. The hash
//! is a polynomial one, modulo 2^64, over the hundred characters (UTF-16 units, spaces and tabs skipped)
//! from the start of the line on; line endings count as LF, the end of the file as 65535, and then NUL.
//! A counter tells apart lines with the same hash.

use std::collections::HashMap;

const WINDOW: usize = 100;
const BASE: u64 = 37;
const END_OF_FILE: u16 = 0xffff;

/// The hash of every line of a text, first line first, such as `54703d4cd895b18:1`.
pub fn line_hashes(text: &str) -> Vec<String> {
    let (units, starts) = significant_units(text);
    let oldest_weight = (0..WINDOW).fold(1u64, |weight, _| weight.wrapping_mul(BASE));
    let unit = |at: usize| units.get(at).copied().unwrap_or(0) as u64;

    let mut seen: HashMap<u64, usize> = HashMap::new();
    let mut hashes = Vec::with_capacity(starts.len());
    let (mut hash, mut hashed) = (0u64, 0usize);
    for start in starts {
        // after this, `hash` covers the units `start..start + WINDOW`
        while hashed < start + WINDOW {
            let leaving = if hashed >= WINDOW { unit(hashed - WINDOW) } else { 0 };
            hash = BASE.wrapping_mul(hash).wrapping_add(unit(hashed)).wrapping_sub(oldest_weight.wrapping_mul(leaving));
            hashed += 1;
        }
        let count = seen.entry(hash).or_default();
        *count += 1;
        hashes.push(format!("{hash:x}:{count}"));
    }
    hashes
}

/// The units that count, the end of the file included, and at which of them each line starts.
fn significant_units(text: &str) -> (Vec<u16>, Vec<usize>) {
    const TAB: u16 = 9;
    const LF: u16 = 10;
    const CR: u16 = 13;
    const SPACE: u16 = 32;
    let mut units = Vec::with_capacity(text.len() + 1);
    let mut starts = Vec::new();
    let (mut at_line_start, mut after_cr) = (true, false);
    for unit in text.encode_utf16().chain([END_OF_FILE]) {
        if unit == SPACE || unit == TAB || (after_cr && unit == LF) {
            after_cr = false;
            continue;
        }
        after_cr = unit == CR;
        if at_line_start {
            starts.push(units.len());
        }
        at_line_start = unit == LF || unit == CR;
        units.push(if unit == CR { LF } else { unit });
    }
    (units, starts)
}

#[cfg(test)]
mod tests {
    use super::line_hashes;

    const GREETINGS: [&str; 7] = [
        "e9496ae3ebfced30:1",
        "fb7c023a8b9ccb3f:1",
        "ce8ba1a563dcdaca:1",
        "e20e36e16fcb0cc8:1",
        "b3edc88f2938467e:1",
        "c8e28b0b4002a3a0:1",
        "c129715d7a2bc9a3:1",
    ];

    #[test]
    fn the_vectors_of_the_upload_action_hold() {
        assert_eq!(line_hashes(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            line_hashes(" a\nb\n  \t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
        assert_eq!(
            line_hashes(" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"),
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1"
            ]
        );
    }

    #[test]
    fn every_line_ending_hashes_alike() {
        for text in [
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ] {
            assert_eq!(line_hashes(text), GREETINGS, "{text:?}");
        }
    }

    #[test]
    fn repeated_lines_are_counted() {
        assert_eq!(
            line_hashes(&"Lorem ipsum dolor sit amet.\n".repeat(10)),
            [
                "a7f2ff13bc495cf2:1",
                "a7f2ff13bc495cf2:2",
                "a7f2ff13bc495cf2:3",
                "a7f2ff13bc495cf2:4",
                "a7f2ff13bc495cf2:5",
                "a7f2ff13bc495cf2:6",
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1"
            ]
        );
    }
}
