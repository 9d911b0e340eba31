#![no_main]
//! SQL of every dialect: statements, schema, migrations.

use libfuzzer_sys::fuzz_target;
use sql::{Dialect, Schema, fingerprint, migrations, parse};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::SqlServer, Dialect::Oracle] {
        let statements = parse(text, dialect);
        let mut schema = Schema::new(dialect);
        schema.replay(&statements, base::FileId(0), 0);
        let _ = (schema.describe(), fingerprint(text, dialect));
    }
    for path in ["db/migrations/001_a.sql", "db/changelog.xml", "db/changelog.yaml"] {
        let file = migrations::File { path, text };
        for set in migrations::find(&[file], None) {
            let _ = set.schema(&[file], |_| base::FileId(0));
        }
    }
});
