//! Hashes that tools make names with; nothing is protected by them.

use md5::Md5;
use sha1::Sha1;
use sha2::Digest;

/// MD5 of a text, in hexadecimal digits.
pub(crate) fn md5(text: &str) -> String {
    hexadecimal(&Md5::digest(text.as_bytes()))
}

/// SHA-1 of a text, in hexadecimal digits.
pub(crate) fn sha1(text: &str) -> String {
    hexadecimal(&Sha1::digest(text.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
