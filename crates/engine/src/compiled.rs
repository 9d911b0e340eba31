//! Scripts that a compiler wrote beside their sources: `server/controllers/conf.ts` and
//! `backend/controllers/conf.js`. What is wrong in the source would be told twice.

use std::collections::{BTreeMap, BTreeSet};

use base::{Gap, GapKind, SourceFile};

/// Fewest files that two trees share by their names.
const LEAST_SHARED: usize = 3;

/// Takes the compiled files out, and says so.
pub(crate) fn leave_out(files: &mut Vec<SourceFile>, gaps: &mut Vec<Gap>) {
    let compiled = compiled(files);
    if compiled.is_empty() {
        return;
    }
    files.retain(|f| !compiled.contains(&f.path));
    gaps.extend(compiled.into_iter().map(|path| Gap {
        kind: GapKind::LeftOut,
        what: "compiled from a source beside it".to_owned(),
        span: None,
        path: Some(path),
    }));
}

fn stem<'p>(path: &'p str, endings: &[&str]) -> Option<&'p str> {
    let stem = endings.iter().find_map(|e| path.strip_suffix(e))?;
    (!stem.ends_with(".d")).then_some(stem)
}

fn compiled(files: &[SourceFile]) -> BTreeSet<String> {
    let written: BTreeSet<&str> = files.iter().filter_map(|f| stem(&f.path, &[".ts", ".tsx"])).collect();
    if written.is_empty() {
        return BTreeSet::new();
    }
    // what stands around the one folder whose name may differ → the names that it has
    let mut trees: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for path in &written {
        for (before, name, after) in folders(path) {
            trees.entry((before, after)).or_default().insert(name);
        }
    }
    let mut found = BTreeSet::new();
    // of each folder with scripts: how many there are, and how many have a source in a folder beside it
    let mut shared: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    let scripts = || files.iter().filter_map(|f| Some((f, stem(&f.path, &[".js", ".mjs", ".cjs"])?)));
    for (file, path) in scripts() {
        if written.contains(path) {
            found.insert(file.path.clone());
        }
        for (before, name, after) in folders(path) {
            let (all, with_source) = shared.entry((before, name)).or_default();
            *all += 1;
            let has_source = trees.get(&(before, after)).is_some_and(|names| names.iter().any(|n| *n != name));
            *with_source += usize::from(has_source);
        }
    }
    shared.retain(|_, (all, with_source)| *with_source >= LEAST_SHARED && *with_source * 10 >= *all * 8);
    for (file, path) in scripts() {
        if folders(path).any(|(before, name, _)| shared.contains_key(&(before, name))) {
            found.insert(file.path.clone());
        }
    }
    found
}

/// Each folder of a path: what stands before it, its name, what stands after it.
fn folders(path: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    path.match_indices('/').map(move |(end, _)| {
        let start = path[..end].rfind('/').map_or(0, |at| at + 1);
        (&path[..start], &path[start..end], &path[end + 1..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{FileRole, Language};

    fn compiled_of(paths: &[&str]) -> Vec<String> {
        let file = |p: &&str| SourceFile::new((*p).to_owned(), "".into(), Language::of_path(p), FileRole::Production);
        compiled(&paths.iter().map(file).collect::<Vec<_>>()).into_iter().collect()
    }

    #[test]
    fn scripts_with_a_source_in_a_tree_beside_theirs_are_compiled() {
        let found = compiled_of(&[
            "backend/app.js",
            "backend/routes/users.js",
            "backend/routes/orders.js",
            "server/app.ts",
            "server/routes/users.ts",
            "server/routes/orders.ts",
        ]);
        assert_eq!(found, ["backend/app.js", "backend/routes/orders.js", "backend/routes/users.js"]);
    }

    #[test]
    fn two_packages_that_share_few_names_are_both_written() {
        let found = compiled_of(&[
            "legacy/index.js",
            "legacy/routes/users.js",
            "legacy/routes/carts.js",
            "legacy/routes/mails.js",
            "next/index.ts",
            "next/routes/users.ts",
            "next/routes/payments.ts",
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_script_beside_its_source_is_compiled() {
        assert_eq!(compiled_of(&["src/db.js", "src/db.ts", "src/seed.js"]), ["src/db.js"]);
    }
}
