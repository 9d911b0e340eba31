//! Interned strings.

use std::{
    cell::RefCell,
    fmt,
    hash::BuildHasher,
    num::NonZeroU32,
    sync::{
        OnceLock, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Locks that threads meet on when they intern.
const SHARDS: usize = 64;
/// Strings in the first chunk; each further chunk holds twice as many as the one before.
const FIRST: u32 = 1 << 12;
/// Enough chunks for every number of 32 bits.
const CHUNKS: usize = 21;

type Shard = RwLock<HashTable<(&'static str, Symbol)>>;
type Chunk = OnceLock<Box<[OnceLock<&'static str>]>>;

/// All strings of the process. They are never given back: reading one takes no lock.
struct Interner {
    shards: [Shard; SHARDS],
    chunks: [Chunk; CHUNKS],
    next: AtomicU32,
}

static INTERNER: Interner = Interner {
    shards: [const { RwLock::new(HashTable::new()) }; SHARDS],
    chunks: [const { OnceLock::new() }; CHUNKS],
    next: AtomicU32::new(0),
};

/// The chunk of a string's number, and its place there.
fn place(number: u32) -> (usize, usize) {
    let chunk = (number / FIRST + 1).ilog2();
    let before = FIRST * ((1 << chunk) - 1);
    (chunk as usize, (number - before) as usize)
}

thread_local! {
    /// What this thread asked for last, by hash: a file says the same few names again and again.
    static RECENT: RefCell<[(&'static str, Symbol); RECENT_SIZE]> =
        const { RefCell::new([("", Symbol(NonZeroU32::MAX)); RECENT_SIZE]) };
}
const RECENT_SIZE: usize = 2048;

impl Interner {
    fn intern(&self, text: &str) -> Symbol {
        let hash = FxBuildHasher.hash_one(text);
        RECENT.with_borrow_mut(|recent| {
            let slot = &mut recent[(hash >> 40) as usize % RECENT_SIZE];
            if slot.0 != text || text.is_empty() {
                let symbol = self.intern_shared(text, hash);
                *slot = (self.resolve(symbol), symbol);
            }
            slot.1
        })
    }

    fn intern_shared(&self, text: &str, hash: u64) -> Symbol {
        // the high bits: the table inside uses the low ones
        let shard = &self.shards[(hash >> 50) as usize % SHARDS];
        let is_it = |entry: &(&'static str, Symbol)| entry.0 == text;
        if let Some((_, known)) = shard.read().unwrap_or_else(PoisonError::into_inner).find(hash, is_it) {
            return *known;
        }
        let mut table = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = table.find(hash, is_it) {
            return *known;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text: &'static str = Box::leak(text.into());
        let (chunk, at) = place(number);
        let slots = self.chunks[chunk].get_or_init(|| vec![OnceLock::new(); (FIRST as usize) << chunk].into());
        slots[at].get_or_init(|| text);
        let symbol = Symbol(NonZeroU32::MIN.saturating_add(number));
        table.insert_unique(hash, (text, symbol), |(text, _)| FxBuildHasher.hash_one(text));
        symbol
    }

    fn resolve(&self, symbol: Symbol) -> &'static str {
        let (chunk, at) = place(symbol.0.get() - 1);
        let text = self.chunks[chunk].get().and_then(|slots| slots[at].get());
        text.copied().unwrap_or_default()
    }
}

/// An interned string: a copyable handle that compares for equality in one instruction.
///
/// Order is the order of the strings, never of the handles: handles depend on which thread came
/// first, and nothing that a user sees may depend on that. Hash order must not be seen either.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(NonZeroU32);

impl Symbol {
    /// The handle of `text`.
    pub fn new(text: &str) -> Self {
        INTERNER.intern(text)
    }

    /// The string.
    pub fn as_str(self) -> &'static str {
        INTERNER.resolve(self)
    }

    /// Whether this is the empty string.
    pub fn is_empty(self) -> bool {
        self.as_str().is_empty()
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Symbol {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Symbol::new(&String::deserialize(d)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_each_other_without_a_hole() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(FIRST - 1), (0, FIRST as usize - 1));
        assert_eq!(place(FIRST), (1, 0));
        assert_eq!(place(3 * FIRST - 1), (1, 2 * FIRST as usize - 1));
        assert_eq!(place(3 * FIRST), (2, 0));
        assert_eq!(place(u32::MAX).0, CHUNKS - 1);
    }

    #[test]
    fn threads_agree_on_symbols() {
        let names: Vec<String> = (0..20_000).map(|i| format!("name {}", i % 9_000)).collect();
        let read = || names.iter().map(|n| Symbol::new(n)).collect::<Vec<_>>();
        let all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
            threads.into_iter().filter_map(|t| t.join().ok()).collect::<Vec<_>>()
        });
        assert_eq!(all.len(), 4);
        for symbols in &all {
            assert_eq!(*symbols, all[0]);
            assert!(symbols.iter().zip(&names).all(|(symbol, name)| symbol.as_str() == name));
        }
        assert!(Symbol::new("b") > Symbol::new("a"));
        assert!(Symbol::new("").is_empty());
    }
}
