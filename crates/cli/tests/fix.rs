//! `specialist fix`: what it shows, what it changes, and that a second run changes nothing.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const JS: &str = "const express = require('express');
const { Pool } = require('pg');
const pool = new Pool();
const app = express();
app.get('/users', async (req, res) => {
  const sql = `SELECT id FROM users WHERE name = '${req.query.name}' AND age > ${req.query.age}`;
  res.json(await pool.query(sql));
});
app.get('/orders', async (req, res) => {
  res.json(await pool.query(`SELECT id FROM orders ORDER BY ${req.query.sort}`));
});
";

const PYTHON: &str = "import subprocess

import yaml
from flask import Flask, request

app = Flask(__name__)


@app.route('/load', methods=['POST'])
def load():
    return str(yaml.load(request.data))


@app.route('/ping')
def ping():
    host = request.args['host']
    subprocess.run(f'ping -c 1 {host}', shell=True)
    return 'sent'
";

fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app.js"), JS).unwrap();
    fs::write(dir.path().join("app.py"), PYTHON).unwrap();
    dir
}

fn fix(dir: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_specialist")).arg("fix").arg(dir).args(flags).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn without_a_flag_only_a_diff_is_shown() {
    let dir = project();
    let shown = text(&fix(dir.path(), &[]));
    assert!(shown.contains("+  const sql = \"SELECT id FROM users WHERE name = $1 AND age > $2\";"), "{shown}");
    assert!(shown.contains("+    return str(yaml.safe_load(request.data))"), "{shown}");
    assert_eq!(fs::read_to_string(dir.path().join("app.js")).unwrap(), JS);
    assert_eq!(fs::read_to_string(dir.path().join("app.py")).unwrap(), PYTHON);
}

#[test]
fn safe_changes_are_made_and_unsafe_ones_wait() {
    let dir = project();
    let said = text(&fix(dir.path(), &["--safe"]));
    assert!(said.contains("with `--unsafe`"), "{said}");
    let js = fs::read_to_string(dir.path().join("app.js")).unwrap();
    assert!(js.contains("pool.query(sql, [req.query.name, req.query.age])"), "{js}");
    // a name of a column is no value
    assert!(js.contains("ORDER BY ${req.query.sort}"), "{js}");
    let python = fs::read_to_string(dir.path().join("app.py")).unwrap();
    assert!(python.contains("yaml.safe_load(request.data)") && python.contains("shell=True"), "{python}");
    let again = text(&fix(dir.path(), &["--safe"]));
    assert!(again.starts_with("0 findings mended."), "{again}");
    assert_eq!(fs::read_to_string(dir.path().join("app.js")).unwrap(), js);
}

#[test]
fn unsafe_changes_are_made_on_request() {
    let dir = project();
    fix(dir.path(), &["--unsafe"]);
    let python = fs::read_to_string(dir.path().join("app.py")).unwrap();
    assert!(python.contains("subprocess.run([\"ping\", \"-c\", \"1\", host])"), "{python}");
}
