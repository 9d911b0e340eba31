//! `specialist fix`: the mechanical changes as a diff, and made on request.

use std::{fs, io::Write as _, path::Path};

use anyhow::Context;
use base::Safety;
use engine::{Options, fix};
use similar::TextDiff;

use crate::{Fix, config, print, status, write_whole};

/// Shows or makes the changes.
pub fn run(args: &Fix) -> anyhow::Result<u8> {
    let settings = config::find(&args.path)?;
    let options = Options {
        threads: args.threads,
        only: if args.only.is_empty() { settings.only } else { args.only.clone() },
        skip: settings.skip,
        facts: args.facts.clone(),
        ..Options::default()
    };
    let is_dry = !args.make_safe && !args.make_unsafe;
    let allowed = if args.make_unsafe || is_dry { Safety::Unsafe } else { Safety::Safe };
    let fixes = fix::propose(&args.path, &options, allowed)?;
    let mut out = String::new();
    let mut made = 0;
    for change in &fixes.changes {
        for (rule, issue) in &change.mended {
            out.push_str(&format!("{}: {rule}: {issue}\n", change.path));
        }
        if is_dry {
            let diff = TextDiff::from_lines(change.before.as_ref(), change.after.as_str());
            let (a, b) = (format!("a/{}", change.path), format!("b/{}", change.path));
            out.push_str(&diff.unified_diff().context_radius(2).header(&a, &b).to_string());
            made += change.mended.len();
        } else if write(&args.path.join(&change.path), change)? {
            made += change.mended.len();
        } else {
            out.push_str(&format!("{}: not changed: its bytes are not plain UTF-8\n", change.path));
        }
    }
    let mut told = None;
    for creation in &fixes.creations {
        let (rule, issue) = &creation.mended;
        let path = &creation.file.path;
        if told.replace(&creation.mended) != Some(&creation.mended) {
            out.push_str(&format!("{path}: {rule}: {issue}\n"));
            made += 1;
        }
        match is_dry {
            true => {
                let diff = TextDiff::from_lines("", creation.file.text.as_str());
                out.push_str(&diff.unified_diff().header("/dev/null", &format!("b/{path}")).to_string());
            }
            false => create(&args.path.join(path), &creation.file.text)?,
        }
    }
    for (rule, path, why) in &fixes.dropped {
        out.push_str(&format!("{path}: {rule}: not changed: {why}\n"));
    }
    let s = |n: usize| if n == 1 { "" } else { "s" };
    out.push_str(&match is_dry {
        true if made == 0 => "Nothing can be mended mechanically.\n".to_owned(),
        true => format!(
            "{made} finding{} would be mended. `--safe` makes the safe changes, `--unsafe` all of them.\n",
            s(made)
        ),
        false => format!("{made} finding{} mended.\n", s(made)),
    });
    if fixes.held_back > 0 {
        out.push_str(&format!("{} more with `--unsafe`: read them first.\n", fixes.held_back));
    }
    print(&report::safe::lines(&out))?;
    Ok(status::CLEAN)
}

/// Makes a new file; what is there stays.
fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).with_context(|| format!("cannot make {}", above.display()))?;
    }
    let mut file =
        fs::File::create_new(path).with_context(|| format!("cannot make {}: is it there already?", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file, if what is there is still what was read.
fn write(path: &Path, change: &fix::Change) -> anyhow::Result<bool> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let plain = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    if plain != change.before.as_bytes() {
        return Ok(false);
    }
    let mark = if plain.len() < bytes.len() { "\u{feff}" } else { "" };
    let permissions = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.permissions();
    write_whole(path, &format!("{mark}{}", change.after))?;
    fs::set_permissions(path, permissions).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}
