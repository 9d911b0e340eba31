//! What a review does to the machine: it reads. Seen from outside, by the system calls of a whole run.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command};

/// Runs a review under `strace`; `None` where there is none.
fn traced(root: &Path, args: &[&str]) -> Option<String> {
    let here = Command::new("strace").arg("-V").output().is_ok_and(|o| o.status.success());
    if !here {
        assert!(std::env::var_os("SPECIALIST_REQUIRE_STRACE").is_none(), "strace is missing and was asked for");
        eprintln!("not run: strace is missing; .ci/run installs it");
        return None;
    }
    let log = tempfile::NamedTempFile::new().unwrap();
    let calls = "execve,execveat,socket,connect,bind,sendto,openat,open,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,symlinkat,linkat,truncate,fchmodat,ptrace";
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", &format!("trace={calls}"), "-o"])
        .arg(log.path())
        .arg(env!("CARGO_BIN_EXE_specialist"))
        .args(args)
        .arg(root)
        .output()
        .unwrap();
    assert!(output.status.code().is_some_and(|c| c < 2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.is_empty());
    Some(fs::read_to_string(log.path()).unwrap())
}

/// A project that would like to be run.
fn trap() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let file = dir.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write("package.json", r#"{"scripts": {"preinstall": "touch /tmp/owned", "test": "touch /tmp/owned"}}"#);
    write("Cargo.toml", "[package]\nname = \"x\"\nbuild = \"build.rs\"\n");
    write("build.rs", "fn main() { std::fs::write(\"/tmp/owned\", \"\").unwrap(); }");
    write("setup.py", "import os\nos.system('touch /tmp/owned')\n");
    write("app.py", "import requests\n\ndef rates():\n    return requests.get('http://127.0.0.1:1')\n");
    write(".git/config", "[core]\n\tfsmonitor = touch /tmp/owned\n\tpager = touch /tmp/owned\n");
    write("Gemfile", "system('touch /tmp/owned')\n");
    dir
}

#[test]
fn a_review_runs_nothing_opens_no_socket_and_writes_nothing() {
    let project = trap();
    let Some(log) = traced(project.path(), &["review", "--format", "json"]) else { return };
    // a call that another thread interrupts is told twice: whole at its beginning, and when it resumes
    let lines: Vec<&str> = log.lines().filter(|l| !l.contains(" resumed>")).collect();
    let programs: Vec<&&str> = lines.iter().filter(|l| l.contains("execve") && !l.contains("= -1")).collect();
    assert_eq!(programs.len(), 1, "only the program itself is run: {programs:?}");
    for line in lines {
        let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
        let reads = call.starts_with("openat(") && call.contains("O_RDONLY") || call.starts_with("execve(");
        // the standard library opens it when a standard stream is closed
        let harmless = call.contains("\"/dev/null\"") || call.starts_with("+++") || call.starts_with("---");
        assert!(reads || harmless, "{line}");
    }
}

#[test]
fn an_output_is_the_only_file_that_is_written() {
    let project = trap();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("review.md");
    let text = file.to_string_lossy().into_owned();
    let arguments = ["review", "--format", "markdown", "--output", &text, "--format", "json"];
    let Some(log) = traced(project.path(), &arguments) else { return };
    let written: Vec<&str> = log
        .lines()
        .filter(|l| ["O_WRONLY", "O_RDWR", "O_CREAT", "rename", "unlink"].iter().any(|w| l.contains(w)))
        .collect();
    assert!(!written.is_empty());
    assert!(written.iter().all(|l| l.contains(&text)), "{written:?}");
    assert!(fs::read_to_string(file).unwrap().contains('#'));
}

#[cfg(unix)]
#[test]
fn an_output_that_is_no_file_is_written_to_and_stays() {
    use std::os::unix::fs::FileTypeExt as _;

    let dir = trap();
    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut review = Command::new(env!("CARGO_BIN_EXE_specialist"))
        .args(["review", "--format", "json", "--output"])
        .arg(&pipe)
        .arg(dir.path())
        .spawn()
        .unwrap();
    let text = fs::read_to_string(&pipe).unwrap();
    assert!(review.wait().unwrap().code().is_some_and(|c| c < 2));
    assert!(text.contains("\"specialist-review/v1\""), "{text}");
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
}
