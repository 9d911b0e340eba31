//! Which files git tracks: what it tracks belongs to the project, though `.gitignore` names it.

use std::{fs, path::Path};

/// Largest index that is read: a million files have one of about 100 MB.
const MAX_INDEX: u64 = 256 * 1024 * 1024;

/// The git work tree that a directory lies in.
pub(crate) struct WorkTree {
    /// The directory's path within the work tree, with a slash at the end; empty at its top.
    prefix: String,
    index: Vec<u8>,
}

impl WorkTree {
    /// Looks upward for `.git`; `None` where there is none. Where the index cannot be read no file counts as
    /// tracked.
    pub(crate) fn around(root: &Path) -> Option<WorkTree> {
        let root = root.canonicalize().ok()?;
        let top = root.ancestors().find(|dir| dir.join(".git").exists())?;
        let inside = root.strip_prefix(top).ok()?.to_string_lossy().replace('\\', "/");
        let prefix = if inside.is_empty() { inside } else { format!("{inside}/") };
        let index = top.join(".git/index");
        let is_readable = fs::symlink_metadata(&index).is_ok_and(|m| m.is_file() && m.len() <= MAX_INDEX);
        let index = if is_readable { fs::read(index).unwrap_or_default() } else { Vec::new() };
        Some(WorkTree { prefix, index })
    }

    /// Tracked regular files below the directory, by their paths within it.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        // what stands after a broken entry is not read
        let _ = entries(&self.index, &mut |path, is_regular| {
            let path = std::str::from_utf8(path).ok().and_then(|p| p.strip_prefix(&self.prefix));
            if let Some(path) = path.filter(|p| is_regular && stays_inside(p)) {
                files.push(path.to_owned());
            }
        });
        files
    }
}

/// Whether a path names something below where it starts, by plain names only.
fn stays_inside(path: &str) -> bool {
    !path.contains(['\\', ':']) && path.split('/').all(|name| !matches!(name, "" | "." | ".." | ".git"))
}

/// Whether a path is reached without a symbolic link.
pub(crate) fn is_plain(root: &Path, path: &str) -> bool {
    let mut at = root.to_owned();
    let Some((dirs, _)) = path.rsplit_once('/') else { return true };
    dirs.split('/').all(|name| {
        at.push(name);
        fs::symlink_metadata(&at).is_ok_and(|m| m.is_dir())
    })
}

/// Gives each entry's path and whether it is a regular file. The format is that of `gitformat-index(5)`,
/// versions 2 to 4, with names of objects of 20 bytes.
fn entries(index: &[u8], give: &mut dyn FnMut(&[u8], bool)) -> Option<()> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let version = number(4).filter(|v| index.starts_with(b"DIRC") && (2..=4).contains(v))?;
    let mut at = 12;
    let mut path: Vec<u8> = Vec::new();
    for _ in 0..number(8)? {
        let mode = number(at + 24)?;
        let flags = u16::from_be_bytes(index.get(at + 60..at + 62)?.try_into().ok()?);
        let is_extended = version >= 3 && flags & 0x4000 != 0;
        let mut name = at + if is_extended { 64 } else { 62 };
        if version == 4 {
            let kept = path.len().checked_sub(variable_width(index, &mut name)?)?;
            path.truncate(kept);
        } else {
            path.clear();
        }
        let length = index.get(name..)?.iter().position(|b| *b == 0)?;
        path.extend_from_slice(&index[name..name + length]);
        give(&path, mode >> 12 == 0o10);
        let end = name + length + 1;
        // before version 4 entries are padded with zeros to eight bytes
        at = if version == 4 { end } else { at + (end - at).next_multiple_of(8) };
    }
    Some(())
}

/// A number as pack files write offsets: seven bits a byte, each byte that goes on adding one.
fn variable_width(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0usize;
    for round in 0..5 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if round > 0 {
            value += 1;
        }
        value = value << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn git(dir: &Path, args: &[&str]) {
        let status = Command::new("git").current_dir(dir).args(args).output().unwrap().status;
        assert!(status.success(), "git {args:?}");
    }

    #[test]
    fn tracked_files_are_read_in_every_version_of_the_index() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("app/config")).unwrap();
        for file in ["a.py", "app/main.py", "app/config/prod.env", "app/config/prod.env.old", "app/müll.py"] {
            fs::write(root.join(file), file).unwrap();
        }
        git(root, &["init", "--quiet"]);
        git(root, &["add", "."]);
        let whole = ["a.py", "app/config/prod.env", "app/config/prod.env.old", "app/main.py", "app/müll.py"];
        for version in ["2", "3", "4"] {
            git(root, &["update-index", "--index-version", version]);
            git(root, &["add", "--intent-to-add", "."]);
            assert_eq!(WorkTree::around(root).unwrap().files(), whole, "version {version}");
            let below = WorkTree::around(&root.join("app")).unwrap().files();
            assert_eq!(below, ["config/prod.env", "config/prod.env.old", "main.py", "müll.py"]);
        }
    }

    #[test]
    fn a_broken_index_gives_what_stands_before_the_break() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["a.py", "b.py", "c.py"] {
            fs::write(dir.path().join(file), file).unwrap();
        }
        git(dir.path(), &["init", "--quiet"]);
        git(dir.path(), &["add", "."]);
        let whole = fs::read(dir.path().join(".git/index")).unwrap();
        for end in 0..whole.len() {
            let tree = WorkTree { prefix: String::new(), index: whole[..end].to_vec() };
            assert!(tree.files().len() <= 3);
        }
        let tree = WorkTree { prefix: String::new(), index: whole[..100].to_vec() };
        assert_eq!(tree.files(), ["a.py"]);
    }

    #[test]
    fn paths_that_lead_away_are_none() {
        for path in ["../a", "a/../../b", "/etc/passwd", "a//b", ".git/config", "c:/x", "a\\b"] {
            assert!(!stays_inside(path), "{path}");
        }
        assert!(stays_inside("a/b.py"));
    }
}
