//! The tree before the change under review, as git keeps it.
//!
//! Git is asked for names of commits and for what is stored, never to compare with the work tree: so nothing that the
//! project configures (filters, hooks, drivers of differences) is run.

use std::{path::Path, process::Command};

use anyhow::{Context, bail};
use engine::base::Before;

/// Change logs whose older text is read, at most.
const MAX_TEXTS: usize = 500;

/// The tree at the merge base of `HEAD` and `name`, below `root`.
pub fn read(root: &Path, name: &str) -> anyhow::Result<Before> {
    let commit = format!("{name}^{{commit}}");
    let found = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
        .with_context(|| format!("git knows no commit `{name}` in {}", root.display()))?;
    let base = git(root, &["merge-base", "HEAD", found.trim()])
        .with_context(|| format!("`{name}` and HEAD have no commit in common"))?;
    let base = base.trim();
    let listed = git(root, &["ls-tree", "-r", "-z", "--name-only", base])?;
    let paths: std::collections::BTreeSet<String> =
        listed.split('\0').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    let logs = paths.iter().filter(|p| engine::model::schemas::is_written_on(p) && root.join(p).is_file());
    let mut before = Before { name: name.to_owned(), ..Before::default() };
    for path in logs.take(MAX_TEXTS) {
        let text = git(root, &["cat-file", "blob", &format!("{base}:./{path}")])?;
        before.texts.insert(path.clone(), text);
    }
    before.paths = paths;
    Ok(before)
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .current_dir(root)
        .args(["--no-optional-locks", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .context("git cannot be run")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn commit(dir: &Path, message: &str) {
        git(dir, &["add", "."]).unwrap();
        let name = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        git(dir, &[&name[..], &["commit", "--quiet", "--message", message]].concat()).unwrap();
    }

    #[test]
    fn what_is_not_at_the_merge_base_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let (root, below) = (dir.path(), dir.path().join("db"));
        fs::create_dir_all(below.join("changelog")).unwrap();
        git(root, &["init", "--quiet", "--initial-branch", "main"]).unwrap();
        fs::write(below.join("1.sql"), "one").unwrap();
        fs::write(below.join("changelog/all.sql"), "first").unwrap();
        commit(root, "start");
        git(root, &["checkout", "--quiet", "-b", "work"]).unwrap();
        fs::write(below.join("2.sql"), "two").unwrap();
        fs::write(below.join("changelog/all.sql"), "first second").unwrap();
        commit(root, "work");
        // what came to the other branch meanwhile does not count
        git(root, &["checkout", "--quiet", "main"]).unwrap();
        fs::write(below.join("9.sql"), "nine").unwrap();
        commit(root, "meanwhile");
        git(root, &["checkout", "--quiet", "work"]).unwrap();
        let before = read(&below, "main").unwrap();
        assert_eq!(before.paths.iter().collect::<Vec<_>>(), ["1.sql", "changelog/all.sql"]);
        assert_eq!(before.texts["changelog/all.sql"], "first");
        assert!(read(&below, "nowhere").is_err());
        assert!(read(&below, "--help").is_err());
    }
}
