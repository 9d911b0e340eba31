//! Reading the tree: within the root, regular files only, bounded in size and number.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::mpsc,
};

use base::{FileRole, Gap, GapKind, Language, SourceFile};
use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::prelude::*;

use crate::{
    Error, compiled,
    tracked::{WorkTree, is_plain},
};

/// Most files that are read.
const MAX_FILES: usize = 200_000;

/// Directories of other people's code and of build products.
const LEFT_OUT: [&str; 18] = [
    "node_modules",
    "bower_components",
    "vendor",
    "third_party",
    "third-party",
    "dist",
    "target",
    ".venv",
    "venv",
    "site-packages",
    "__pycache__",
    ".git",
    ".next",
    ".nuxt",
    "bin",
    "obj",
    ".gradle",
    ".terraform",
];

/// Files that are no code but are read too.
const BUILD_FILES: [&str; 12] = [
    "package.json",
    "tsconfig.json",
    "go.mod",
    "Cargo.toml",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Gemfile",
    "manage.py",
];

pub(crate) fn read(root: &Path, max_bytes: u64) -> Result<(Vec<SourceFile>, Vec<Gap>), Error> {
    let metadata =
        fs::metadata(root).map_err(|e| Error::Root { path: root.display().to_string(), reason: e.to_string() })?;
    if !metadata.is_dir() {
        return Err(Error::Root { path: root.display().to_string(), reason: "it is not a directory".into() });
    }
    let mut gaps = Vec::new();
    let mut paths: Vec<(String, PathBuf)> = Vec::new();
    let mut walk = WalkBuilder::new(root);
    let work_tree = WorkTree::around(root);
    // outside git nothing says that what `.gitignore` names was left out of what we were given
    walk.git_ignore(work_tree.is_some());
    walk.hidden(false).follow_links(false).require_git(false).git_global(false).parents(false).max_depth(Some(64));
    walk.filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        let is_dir = entry.file_type().is_some_and(|t| t.is_dir());
        !(is_dir && entry.depth() > 0 && is_left_out(&name, entry.path()))
    });
    walk.threads(rayon::current_num_threads());
    let (sender, receiver) = mpsc::channel();
    walk.build_parallel().run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let found = match entry {
                Ok(entry) => classify(root, entry),
                Err(error) => Some(Err(gap(GapKind::Unreadable, "not readable", Some(error.to_string())))),
            };
            match found.map(|found| sender.send(found)) {
                Some(Err(_)) => WalkState::Quit,
                _ => WalkState::Continue,
            }
        })
    });
    drop(sender);
    for found in receiver {
        match found {
            Ok(file) => paths.push(file),
            Err(gap) => gaps.push(gap),
        }
    }
    // threads come in any order
    paths.sort();
    if let Some(work_tree) = work_tree {
        add_tracked(root, &work_tree, &mut paths);
    }
    gaps.sort_by(|a, b| a.path.cmp(&b.path));
    for (path, _) in paths.drain(paths.len().min(MAX_FILES)..) {
        gaps.push(gap(GapKind::Bound, "more than 200,000 files", Some(path)));
    }
    let read: Vec<Result<SourceFile, Gap>> =
        paths.into_par_iter().map(|(path, full)| read_file(path, &full, max_bytes)).collect();
    let mut files = Vec::with_capacity(read.len());
    for result in read {
        match result {
            Ok(file) => files.push(file),
            Err(gap) => gaps.push(gap),
        }
    }
    compiled::leave_out(&mut files, &mut gaps);
    mark_browser_packages(&mut files);
    promote_examples(&mut files);
    Ok((files, gaps))
}

/// Adds files that `.gitignore` names but git tracks.
fn add_tracked(root: &Path, work_tree: &WorkTree, paths: &mut Vec<(String, PathBuf)>) {
    let is_known = |path: &String| paths.binary_search_by(|(known, _)| known.cmp(path)).is_ok();
    let is_ours = |path: &String| {
        let dirs: Vec<&str> = path.split('/').rev().skip(1).collect();
        let mut at = root.to_owned();
        dirs.iter().rev().all(|name| {
            at.push(name);
            !is_left_out(name, &at)
        })
    };
    let tracked: Vec<(String, PathBuf)> = work_tree
        .files()
        .into_iter()
        .filter(|path| is_wanted(path) && !is_known(path) && is_ours(path) && is_plain(root, path))
        .map(|path| (path.clone(), root.join(path)))
        .filter(|(_, full)| fs::symlink_metadata(full).is_ok_and(|m| m.is_file()))
        .collect();
    if !tracked.is_empty() {
        paths.extend(tracked);
        paths.sort();
    }
}

/// Where all the code stands in directories of examples, the examples are what is to be reviewed.
fn promote_examples(files: &mut [SourceFile]) {
    if files.iter().any(|f| f.language.is_some() && f.role == FileRole::Production) {
        return;
    }
    files.iter_mut().filter(|f| f.role == FileRole::Example).for_each(|f| f.role = FileRole::Production);
}

/// A file to be read, what is told of one that is not, or nothing.
fn classify(root: &Path, entry: DirEntry) -> Option<Result<(String, PathBuf), Gap>> {
    let kind = entry.file_type()?;
    let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
    let path = relative.to_string_lossy().replace('\\', "/");
    if path.is_empty() || kind.is_dir() || !is_wanted(&path) {
        return None;
    }
    Some(if kind.is_symlink() {
        Err(gap(GapKind::Unreadable, "symbolic link, not followed", Some(path)))
    } else if !kind.is_file() {
        Err(gap(GapKind::Unreadable, "not a regular file", Some(path)))
    } else {
        Ok((path, entry.into_path()))
    })
}

/// Code of packages that depend on a library of user interfaces, and on none of servers, runs in browsers.
fn mark_browser_packages(files: &mut [SourceFile]) {
    const INTERFACE: [&str; 9] =
        ["react-dom", "vue", "@angular/core", "svelte", "solid-js", "preact", "vite", "react", "lit"];
    // these render on servers too, and answer requests below folders of these names
    const BOTH: [&str; 4] = ["next", "nuxt", "@remix-run/node", "@sveltejs/kit"];
    const SERVER: [&str; 9] = [
        "express",
        "fastify",
        "koa",
        "@nestjs/core",
        "@hapi/hapi",
        "restify",
        "@adonisjs/core",
        "hono",
        "apollo-server",
    ];
    #[derive(Clone, Copy, PartialEq)]
    enum Package {
        Interface,
        Both,
        Server,
        /// A server whose interface stands in a folder of its own.
        Split,
        Library,
    }
    let mut packages: Vec<(String, Package)> = files
        .iter()
        .filter(|f| f.path.rsplit('/').next() == Some("package.json"))
        .map(|file| {
            let dir = file.path.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned();
            let json: serde_json::Value = serde_json::from_str(&file.text).unwrap_or_default();
            let depends = |names: &[&str]| {
                let keys = ["dependencies", "devDependencies", "peerDependencies"];
                names.iter().any(|n| keys.iter().any(|k| json[*k].get(*n).is_some()))
            };
            let package = match () {
                () if depends(&SERVER) && depends(&INTERFACE) => Package::Split,
                () if depends(&SERVER) => Package::Server,
                () if depends(&BOTH) => Package::Both,
                () if depends(&INTERFACE) => Package::Interface,
                () => Package::Library,
            };
            (dir, package)
        })
        .collect();
    packages.sort_by_key(|(dir, _)| std::cmp::Reverse(dir.len()));
    for file in files.iter_mut().filter(|f| f.role == FileRole::Production) {
        if !file.language.is_some_and(Language::is_ecmascript) {
            continue;
        }
        // the nearest package decides; a library is for whoever is around it
        let around = |(dir, package): &&(String, Package)| {
            *package != Package::Library && (dir.is_empty() || file.path.starts_with(&format!("{dir}/")))
        };
        let for_browsers = match packages.iter().find(around) {
            Some((_, Package::Interface)) => true,
            Some((dir, Package::Split)) => {
                let inside = file.path[dir.len()..].trim_start_matches('/');
                matches!(inside.split('/').next(), Some("client" | "frontend" | "ui"))
            }
            Some((_, Package::Both)) => !file.path.split('/').any(|p| matches!(p, "api" | "server")),
            _ => false,
        };
        if for_browsers {
            file.role = FileRole::Browser;
        }
    }
}

fn gap(kind: GapKind, what: &str, path: Option<String>) -> Gap {
    Gap { kind, what: what.to_owned(), span: None, path }
}

fn is_left_out(name: &str, path: &Path) -> bool {
    if !LEFT_OUT.contains(&name) {
        return false;
    }
    match name {
        // .NET's build products; elsewhere `bin` holds code
        "bin" | "obj" => has_project_file(path.parent()),
        "target" => path.parent().is_some_and(|p| p.join("Cargo.toml").exists() || p.join("pom.xml").exists()),
        _ => true,
    }
}

fn has_project_file(dir: Option<&Path>) -> bool {
    let entries = dir.and_then(|d| fs::read_dir(d).ok()).into_iter().flatten().flatten();
    entries.take(500).any(|e| e.file_name().to_string_lossy().ends_with(".csproj"))
}

fn is_wanted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    Language::of_path(path).is_some()
        || BUILD_FILES.contains(&name)
        || name.ends_with(".csproj")
        || name.starts_with("tsconfig")
        || model::config::is_config(path)
        || model::config::is_contract(path)
        || model::mappers::is_mapper(path)
        || model::templates::is_template(path)
        || name.ends_with(".sql")
        || name.ends_with(".prisma")
}

fn read_file(path: String, full: &Path, max_bytes: u64) -> Result<SourceFile, Gap> {
    let unreadable =
        |e: std::io::Error| gap(GapKind::Unreadable, &format!("not readable: {}", e.kind()), Some(path.clone()));
    let metadata = fs::symlink_metadata(full).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(gap(GapKind::Unreadable, "not a regular file", Some(path)));
    }
    if metadata.len() > max_bytes {
        return Err(gap(GapKind::TooLarge, "over the size limit", Some(path)));
    }
    let file = fs::File::open(full).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = decode(bytes);
    let language = Language::of_path(&path);
    let is_generated = is_generated(&text);
    let sends = is_generated && sends_queries(&path, &text);
    if language.is_some() && (is_minified(&path, &text) || is_generated && !sends && !says_schema(&path, &text)) {
        return Err(gap(GapKind::LeftOut, "generated or minified", Some(path)));
    }
    if language.is_some_and(Language::is_ecmascript) && is_carried_along(&path, &text) {
        return Err(gap(GapKind::LeftOut, "code of others", Some(path)));
    }
    if language.is_some_and(Language::is_ecmascript) && is_browser_asset(&path) {
        return Err(gap(GapKind::LeftOut, "scripts for browsers", Some(path)));
    }
    let role = if sends { FileRole::Generated } else { role(&path) };
    Ok(SourceFile::new(path, text.into(), language, role))
}

/// UTF-8 with replacements, UTF-16 by its mark; the mark itself is left out.
/// Puts texts in the place of files, by path; a path that is not there becomes a file.
pub(crate) fn replace(files: &mut Vec<SourceFile>, texts: &std::collections::BTreeMap<String, String>) {
    for (path, text) in texts {
        let text: std::sync::Arc<str> = text.as_str().into();
        match files.binary_search_by(|f| f.path.as_str().cmp(path.as_str())) {
            Ok(at) => files[at] = SourceFile::new(path.clone(), text, files[at].language, files[at].role),
            Err(at) => files.insert(at, SourceFile::new(path.clone(), text, Language::of_path(path), role(path))),
        }
    }
}

fn decode(bytes: Vec<u8>) -> String {
    match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect()
}

/// Scripts that are served, not run on the server.
fn is_browser_asset(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|dir| matches!(dir, "assets" | "public" | "static" | "wwwroot" | "htdocs"))
        // what an application of Java carries along
        || path.contains("src/main/resources/")
        || path.contains("src/main/webapp/")
}

/// A library that was copied into the repository with its licence: `libs/archiver/lodash.union/index.js`.
fn is_carried_along(path: &str, text: &str) -> bool {
    let apart = ["libs", "third_party", "third-party", "thirdparty", "3rdparty", "vendors"];
    let head = text.char_indices().nth(1_500).map_or(text, |(at, _)| &text[..at]);
    path.split('/').rev().skip(1).any(|dir| apart.contains(&dir))
        && ["@license", "released under", "licensed under", "mit license", "copyright (c)"]
            .iter()
            .any(|mark| head.to_ascii_lowercase().contains(mark))
}

fn is_minified(path: &str, text: &str) -> bool {
    if path.contains(".min.") || path.ends_with(".bundle.js") {
        return true;
    }
    text.len() > 20_000 && text.len() / (text.bytes().filter(|b| *b == b'\n').count() + 1) > 500
}

fn is_generated(text: &str) -> bool {
    let head = text.char_indices().nth(600).map_or(text, |(at, _)| &text[..at]);
    let marks =
        ["Code generated by", "DO NOT EDIT", "@generated", "<auto-generated", "This file was automatically generated"];
    marks.iter().any(|m| head.contains(m))
}

/// Whether a generated file says what the database holds: migrations (but for the models that they were made from), and
/// entities of SeaORM.
fn says_schema(path: &str, text: &str) -> bool {
    let is_model = path.ends_with(".Designer.cs") || path.ends_with("Snapshot.cs");
    match role(path) {
        FileRole::Migration => path.ends_with(".cs") && !is_model,
        _ => path.ends_with(".rs") && text.contains("DeriveEntityModel"),
    }
}

/// Whether a generated file is where queries are sent: what sqlc makes of statements, and the types that it makes for
/// them.
fn sends_queries(path: &str, text: &str) -> bool {
    path.ends_with(".go") && text.starts_with("// Code generated by sqlc.")
}

/// A path without the folders that are a package's name: `com/example/demo` is where every generated
/// application of Java begins, and no example.
fn outside_packages(path: &str) -> &str {
    if !path.ends_with(".java") {
        return path;
    }
    for root in ["src/main/java/", "src/com/", "src/org/"] {
        if let Some(at) = path.find(root) {
            return &path[..at + root.len()];
        }
    }
    path
}

/// Go's packages that help tests: `httptest`, `storetest`, `testutil`.
fn is_package_for_tests(dir: &str) -> bool {
    let before = dir.strip_suffix("test").unwrap_or("");
    let is_word = ["la", "con", "at", "pro", "in", "ma", "speed", "load"].contains(&before);
    !before.is_empty() && !is_word && !before.ends_with(['-', '_'])
        || matches!(dir, "testutil" | "testutils" | "testhelper" | "testhelpers" | "testlib")
}

/// What a file is for, by its path.
pub(crate) fn role(path: &str) -> FileRole {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let stem = name.split('.').next().unwrap_or(name);
    let dirs: Vec<&str> = outside_packages(&lower).split('/').rev().skip(1).collect();
    let in_dir = |names: &[&str]| dirs.iter().any(|d| names.contains(d));
    let is_test = in_dir(&[
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "e2e",
        "testing",
        "fixtures",
        "__mocks__",
        "testdata",
        "unittest",
        "unittests",
        "cypress",
        "playwright",
        "mocks",
        "step_definitions",
    ]) || dirs.iter().any(|d| {
        d.ends_with(".tests") || d.ends_with(".test") || d.ends_with("tests") && d.contains('.') || d.ends_with("_test") || d.ends_with("_tests") || d.starts_with("test_")
    }) // Go's packages for tests: `httptest`, `dbtest`
        || name.ends_with(".go") && dirs.first().is_some_and(|d| is_package_for_tests(d)) || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains("-spec.")
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || matches!(stem, "conftest" | "tests" | "test" | "unittest" | "unittests" | "mock" | "mocks")
        || path.ends_with("Test.java")
        || path.ends_with("Tests.java")
        || path.ends_with("Tests.cs")
        || path.ends_with("Test.cs")
        || path.ends_with("IT.java")
        // behave's, which stands beside its scenarios
        || name == "environment.py" && in_dir(&["features"]);
    if is_test {
        return FileRole::Test;
    }
    // Alembic's: `versions/3820a792d88a_add_column.py`, with the date in front in some
    let is_revision = in_dir(&["versions"])
        && name.ends_with(".py")
        && stem.split('_').any(|w| w.len() == 12 && w.bytes().all(|b| b.is_ascii_hexdigit()));
    if in_dir(&["migrations", "migration", "migrate", "alembic"]) || lower.contains("db/migrate/") || is_revision {
        return FileRole::Migration;
    }
    if in_dir(&[
        "example",
        "examples",
        "sample",
        "samples",
        "docs",
        "doc",
        "demo",
        "benchmark",
        "benchmarks",
        "benches",
        "scripts",
        "xtask",
        "hack",
        "dev",
        "devproject",
        "dev_project",
        ".github",
    ]) || dirs.iter().any(|d| d.starts_with("sample") || d.ends_with("-samples") || d.ends_with("-examples"))
        || dirs.last() == Some(&"tools")
        // code of tools that are set up beside the application: `.dredd/hooks`
        || dirs.iter().any(|d| d.starts_with('.') && d.len() > 2)
            && ["js", "ts", "py", "go", "java", "rs", "cs", "rb"].iter().any(|e| name.ends_with(&format!(".{e}")))
        || name == "build.rs"
    {
        return FileRole::Example;
    }
    let is_made_up =
        ["fake_data", "fakedata", "demo_data", "sample_data", "dummy_data", "seed_data", "test_data", "mock_data"];
    if matches!(stem, "seed" | "seeds" | "seeder" | "development" | "dev")
        || name.starts_with("db-reset")
        || is_made_up.contains(&stem)
        || stem.ends_with("_tester")
    {
        return FileRole::Example;
    }
    let says = |word: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == word);
    if name.ends_with(".env") && (says("example") || says("sample") || says("template")) {
        return FileRole::Example;
    }
    if name.contains(".example") || name.contains(".sample") || name.contains(".template") || name.ends_with(".dist") {
        return FileRole::Example;
    }
    FileRole::Production
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_the_path() {
        assert_eq!(role("src/users.test.ts"), FileRole::Test);
        assert_eq!(role("app/tests/api.py"), FileRole::Test);
        assert_eq!(role("db/migrate/1_x.rb"), FileRole::Migration);
        assert_eq!(role("app/versions/2021-09-16_3820a792d88a.py"), FileRole::Migration);
        assert_eq!(role(".env.example"), FileRole::Example);
        assert_eq!(role("src/contest.py"), FileRole::Production);
        assert_eq!(role("src/main/java/com/example/demo/UserController.java"), FileRole::Production);
        assert_eq!(role("examples/src/main/java/com/shop/Main.java"), FileRole::Example);
        assert_eq!(role("src/test/java/com/example/demo/UserService.java"), FileRole::Test);
        assert_eq!(role("unittests/scans/report.json"), FileRole::Test);
        assert_eq!(role("src/file_hosting/mock.rs"), FileRole::Test);
        assert_eq!(role("src/mock-server/mock-server.ts"), FileRole::Production);
        assert_eq!(role("deploy/example.env"), FileRole::Example);
    }

    #[test]
    fn what_git_ignores_is_left_out_unless_git_tracks_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let git = |args: &[&str]| {
            assert!(std::process::Command::new("git").current_dir(root).args(args).output().unwrap().status.success());
        };
        fs::create_dir_all(root.join("build")).unwrap();
        for (file, text) in [(".gitignore", "build/\n*.env\n"), ("app.py", ""), ("build/out.py", ""), ("prod.env", "")]
        {
            fs::write(root.join(file), text).unwrap();
        }
        let paths = || read(root, 1000).unwrap().0.into_iter().map(|f| f.path).collect::<Vec<_>>();
        assert_eq!(paths(), ["app.py", "build/out.py", "prod.env"], "an exported tree holds what was tracked");
        git(&["init", "--quiet"]);
        assert_eq!(paths(), ["app.py"]);
        git(&["add", "--force", "prod.env"]);
        assert_eq!(paths(), ["app.py", "prod.env"]);
    }

    #[test]
    fn byte_order_marks_are_left_out() {
        assert_eq!(decode(vec![0xEF, 0xBB, 0xBF, b'a']), "a");
        assert_eq!(decode(vec![0xFF, 0xFE, b'a', 0]), "a");
    }
}
