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

const SHOP: &str = "const express = require('express');
const { Pool } = require('pg');
const pool = new Pool();
const app = express();
app.get('/orders/:email', async (req, res) => {
  const found = await pool.query('SELECT id, total FROM orders WHERE email = $1 ORDER BY placed LIMIT 20', [req.params.email]);
  res.json(found.rows);
});
";

const TABLES: &str = "CREATE TABLE customers (id bigserial PRIMARY KEY);
CREATE TABLE orders (
  id bigserial PRIMARY KEY,
  customer_id bigint REFERENCES customers (id) ON DELETE CASCADE,
  email text NOT NULL,
  placed timestamptz NOT NULL,
  total numeric NOT NULL
);
";

#[test]
fn an_index_becomes_a_migration_of_the_projects_own_tool() {
    let dir = tempfile::tempdir().unwrap();
    let migrations = dir.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    fs::write(dir.path().join("app.js"), SHOP).unwrap();
    fs::write(migrations.join("000007_tables.up.sql"), TABLES).unwrap();
    fs::write(migrations.join("000007_tables.down.sql"), "DROP TABLE orders;\n").unwrap();
    let made = || {
        let mut names: Vec<String> =
            fs::read_dir(&migrations).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let shown = text(&fix(dir.path(), &["--only", "missing-index"]));
    assert!(shown.contains("+++ b/migrations/000008_index_orders_on_email_and_placed.up.sql"), "{shown}");
    assert!(shown.contains("+CREATE INDEX CONCURRENTLY orders_email_placed_idx ON orders (email, placed);"), "{shown}");
    assert_eq!(made().len(), 2, "nothing is made without a flag");
    let said = text(&fix(dir.path(), &["--only", "missing-index", "--unsafe"]));
    assert!(said.contains("1 finding mended."), "{said}");
    let down = migrations.join("000008_index_orders_on_email_and_placed.down.sql");
    assert_eq!(fs::read_to_string(down).unwrap(), "DROP INDEX CONCURRENTLY orders_email_placed_idx;\n");
    let again = text(&fix(dir.path(), &["--only", "missing-index", "--unsafe"]));
    assert!(again.starts_with("0 findings mended."), "{again}");
    fix(dir.path(), &["--unsafe"]);
    assert_eq!(made().len(), 6, "the foreign key's index is the next one: {:?}", made());
}
