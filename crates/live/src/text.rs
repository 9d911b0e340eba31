//! A snapshot in words: the schema as SQL that makes it again, and beside each thing what was measured.
//!
//! The text is read by people, who see its lines in findings, and by `sql`, which makes the schema of it.

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use crate::{Column, Index, Sequence, Session, Snapshot, Table};

/// Where things stand in the text, in the order of the snapshot's lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The server, with its version.
    pub server: Range<u32>,
    /// The role that asked.
    pub role: Range<u32>,
    /// What the database counted.
    pub activity: Range<u32>,
    /// Connections.
    pub connections: Range<u32>,
    /// Transactions since the oldest.
    pub oldest: Range<u32>,
    /// Settings.
    pub settings: Vec<Range<u32>>,
    /// Tables.
    pub tables: Vec<Range<u32>>,
    /// The indexes of each table.
    pub indexes: Vec<Vec<Range<u32>>>,
    /// The constraints of each table.
    pub constraints: Vec<Vec<Range<u32>>>,
    /// Sequences.
    pub sequences: Vec<Range<u32>>,
    /// Statements.
    pub statements: Vec<Range<u32>>,
    /// Sessions.
    pub sessions: Vec<Range<u32>>,
    /// Prepared transactions.
    pub prepared: Vec<Range<u32>>,
    /// Replication slots.
    pub slots: Vec<Range<u32>>,
    /// Replicas.
    pub replicas: Vec<Range<u32>>,
    /// Accounts.
    pub accounts: Vec<Range<u32>>,
    /// Who may come in how.
    pub entries: Vec<Range<u32>>,
}

/// The text of a snapshot, and where things stand in it.
pub fn written(snapshot: &Snapshot) -> (String, Lines) {
    let mut page = Page::default();
    let mut lines = Lines::default();
    head(snapshot, &mut page, &mut lines);
    lines.settings = snapshot
        .settings
        .iter()
        .map(|s| page.note(&format!("setting {} = {}{}", s.name, s.value, s.unit.as_deref().unwrap_or_default())))
        .collect();
    tables(snapshot, &mut page, &mut lines);
    lines.sequences = snapshot.sequences.iter().map(|s| page.note(&sequence(s))).collect();
    lines.statements = snapshot
        .statements
        .iter()
        .map(|s| {
            let text = format!("{} calls, {:.1} ms on average: {}", count(s.calls), s.mean_ms(), s.text);
            page.note(&format!("statement, {text}"))
        })
        .collect();
    lines.sessions = snapshot.sessions.iter().map(|s| page.note(&session(s))).collect();
    let prepared = |p: &crate::Prepared| {
        format!("prepared transaction {} in {}, {} ago", p.name, p.database, span_of_time(p.seconds))
    };
    lines.prepared = snapshot.prepared.iter().map(|p| page.note(&prepared(p))).collect();
    lines.slots = snapshot
        .slots
        .iter()
        .map(|s| {
            let kept = s.kept_bytes.map(|b| format!(", keeps {}", size(b))).unwrap_or_default();
            page.note(&format!(
                "replication slot {}, {}, {}{kept}",
                s.name,
                s.kind,
                if s.active { "active" } else { "inactive" }
            ))
        })
        .collect();
    lines.replicas = snapshot
        .replicas
        .iter()
        .map(|r| {
            let behind = r.behind_bytes.map(|b| format!(", {} behind", size(b))).unwrap_or_default();
            page.note(&format!("replica {}{behind}", r.name))
        })
        .collect();
    lines.accounts = snapshot
        .accounts
        .iter()
        .map(|a| page.note(&format!("account {}{}", a.name, if a.is_superuser { ", superuser" } else { "" })))
        .collect();
    lines.entries = snapshot
        .entries
        .iter()
        .map(|e| {
            let (databases, roles) = (e.databases.join(","), e.roles.join(","));
            let address = e.address.as_deref().unwrap_or_default();
            page.note(&format!("pg_hba.conf line {}: {} {databases} {roles} {address} {}", e.line, e.kind, e.method))
        })
        .collect();
    for unseen in &snapshot.unseen {
        page.note(&format!("not seen: {} ({})", unseen.what, unseen.why));
    }
    (page.text, lines)
}

fn head(snapshot: &Snapshot, page: &mut Page, lines: &mut Lines) {
    let (server, activity) = (&snapshot.server, &snapshot.activity);
    let name = snapshot.system.name();
    lines.server =
        page.note(&format!("{name} {}, database {} at {}", server.version, server.database, or_unknown(&server.host)));
    let rights = if server.is_superuser { ", a superuser" } else { "" };
    lines.role = page.note(&format!("asked as {}{rights}, at {}", or_unknown(&server.role), server.taken_at));
    let mut counted = vec!["statistics".to_owned()];
    counted.extend(activity.seconds.map(|s| format!("of {}", span_of_time(s))));
    if let (Some(hit), Some(read)) = (activity.blocks_hit, activity.blocks_read)
        && hit + read > 0
    {
        counted.push(format!("{:.1} % of blocks found in memory", 100.0 * hit as f64 / (hit + read) as f64));
    }
    counted.extend(activity.deadlocks.map(|n| format!("{} deadlocks", count(n))));
    counted.extend(activity.temporary_bytes.map(|n| format!("{} of temporary files", size(n))));
    lines.activity = page.note(&counted.join(", "));
    let (used, most) = (server.connections, server.max_connections);
    let said = |n: Option<i64>| n.map_or_else(|| "?".to_owned(), count);
    lines.connections = page.note(&format!("connections: {} of {}", said(used), said(most)));
    lines.oldest = page.note(&format!("transactions since the oldest: {}", said(server.oldest_transaction)));
}

fn tables(snapshot: &Snapshot, page: &mut Page, lines: &mut Lines) {
    let mut serial: BTreeMap<(&str, &str, &str), ()> = BTreeMap::new();
    for sequence in &snapshot.sequences {
        if let (Some(schema), Some(table), Some(column)) = (&sequence.table_schema, &sequence.table, &sequence.column) {
            serial.insert((schema, table, column), ());
        }
    }
    for table in &snapshot.tables {
        page.blank();
        let counts = |c: &Column| serial.contains_key(&(&table.schema, &table.name, &c.name));
        lines.tables.push(create(table, page, &counts));
        let is_key = |d: &str| d.starts_with("FOREIGN KEY");
        let own = table.constraints.iter().map(|c| match is_key(&c.definition) {
            true => 0..0,
            false => page.line(
                &constraint(table, c),
                &table.indexes.iter().find(|i| i.name == c.name).map_or_else(String::new, measured),
            ),
        });
        let own: Vec<Range<u32>> = own.collect();
        let index = |index: &Index| {
            if index.of_constraint {
                let at = table.constraints.iter().position(|c| c.name == index.name);
                return at.map_or(0..0, |at| own[at].clone());
            }
            match is_made_here(table) {
                true => page.line(&format!("{};", index.definition), &measured(index)),
                false => page.note(&format!("{}; {}", index.definition, measured(index))),
            }
        };
        lines.indexes.push(table.indexes.iter().map(index).collect());
        lines.constraints.push(own);
    }
    page.blank();
    // tables come before what references them
    for (table, lines) in snapshot.tables.iter().zip(&mut lines.constraints) {
        for (constraint_of, line) in table.constraints.iter().zip(lines) {
            if constraint_of.definition.starts_with("FOREIGN KEY") {
                *line = page.line(&constraint(table, constraint_of), "");
            }
        }
    }
}

/// Whether the text makes the table: not what was locked, and no view.
fn is_made_here(table: &Table) -> bool {
    !table.locked && table.kind != "materialized view"
}

fn create(table: &Table, page: &mut Page, counts: &dyn Fn(&Column) -> bool) -> Range<u32> {
    let name = full_name(&table.schema, &table.name);
    if table.locked {
        return page.note(&format!("table {name}: not examined: locked"));
    }
    let mut said = Vec::new();
    said.extend(table.rows.map(|n| format!("{} rows", count(n))));
    said.extend(table.bytes.map(size));
    said.extend(table.sequential_scans.map(|n| format!("{} sequential scans", count(n))));
    said.extend(table.dead_rows.filter(|n| *n > 0).map(|n| format!("{} dead rows", count(n))));
    said.extend((!table.options.is_empty()).then(|| table.options.join(" ")));
    let said = said.join(", ");
    if !is_made_here(table) {
        return page.note(&format!("{} {name}: {said}", table.kind));
    }
    let unlogged = if table.unlogged { "UNLOGGED " } else { "" };
    let line = page.line(&format!("CREATE {unlogged}TABLE {name} ("), &said);
    for (at, column) in table.columns.iter().enumerate() {
        let comma = if at + 1 < table.columns.len() { "," } else { "" };
        page.line(&format!("  {}{comma}", column_said(column, counts(column))), "");
    }
    let partitions = table.partitioned_by.as_ref().map(|by| format!(" PARTITION BY {by}")).unwrap_or_default();
    page.line(&format!("){partitions};"), "");
    line
}

fn column_said(column: &Column, counts: bool) -> String {
    let mut out = format!("{} ", quoted(&column.name));
    let is_next = column.default.as_deref().is_some_and(|d| d.starts_with("nextval("));
    let serial = match column.data_type.as_str() {
        "smallint" => "smallserial",
        "integer" => "serial",
        "bigint" => "bigserial",
        _ => "",
    };
    if counts && is_next && !serial.is_empty() {
        out.push_str(serial);
        return out;
    }
    out.push_str(&column.data_type);
    if column.not_null {
        out.push_str(" NOT NULL");
    }
    match (&column.identity, &column.default) {
        (Some(identity), _) => _ = write!(out, " GENERATED {} AS IDENTITY", identity.to_uppercase()),
        (None, Some(expression)) if column.generated => _ = write!(out, " GENERATED ALWAYS AS ({expression}) STORED"),
        (None, Some(default)) => _ = write!(out, " DEFAULT {default}"),
        (None, None) => {}
    }
    out
}

fn constraint(table: &Table, constraint: &crate::Constraint) -> String {
    let (name, constraint_name) = (full_name(&table.schema, &table.name), quoted(&constraint.name));
    format!("ALTER TABLE ONLY {name} ADD CONSTRAINT {constraint_name} {};", constraint.definition)
}

fn measured(index: &Index) -> String {
    let mut said = Vec::new();
    said.extend(index.invalid.then(|| "invalid".to_owned()));
    said.extend(index.bytes.map(size));
    said.extend(index.scans.map(|n| format!("{} scans", count(n))));
    said.join(", ")
}

fn sequence(sequence: &Sequence) -> String {
    let last = sequence.last.map_or_else(|| "none yet".to_owned(), count);
    format!("sequence {}: {last} of {}", full_name(&sequence.schema, &sequence.name), count(sequence.end))
}

fn session(session: &Session) -> String {
    let mut out = format!(
        "session {} of {}: {}",
        session.pid,
        session.role.as_deref().unwrap_or("?"),
        session.state.as_deref().unwrap_or("?")
    );
    out.push_str(
        &session.transaction_seconds.map(|s| format!(", transaction of {}", span_of_time(s))).unwrap_or_default(),
    );
    if !session.blocked_by.is_empty() {
        let by: Vec<String> = session.blocked_by.iter().map(i64::to_string).collect();
        _ = write!(out, ", waits for {}", by.join(", "));
    }
    out.push_str(&session.statement.as_ref().map(|s| format!(": {s}")).unwrap_or_default());
    out
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "?" } else { text }
}

/// A name with its schema, both in quotes where they need them.
fn full_name(schema: &str, name: &str) -> String {
    match schema {
        "" => quoted(name),
        _ => format!("{}.{}", quoted(schema), quoted(name)),
    }
}

/// A name in quotes where it may need them: any word may be reserved that is no plain one of several parts.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain && (name.contains('_') || name == "public") {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A number with its thousands apart.
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit that suits them.
pub fn size(bytes: i64) -> String {
    let mut amount = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if amount.abs() < 1024.0 {
            return if amount < 10.0 && unit != "bytes" {
                format!("{amount:.1} {unit}")
            } else {
                format!("{amount:.0} {unit}")
            };
        }
        amount /= 1024.0;
    }
    format!("{amount:.1} TB")
}

/// Seconds in the unit that suits them.
pub fn span_of_time(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// A line of SQL with what was measured beside it.
    fn line(&mut self, sql: &str, measured: &str) -> Range<u32> {
        let start = self.text.len() as u32;
        self.text.push_str(sql);
        let end = self.text.len() as u32;
        if !measured.is_empty() {
            _ = write!(self.text, " -- {}", in_one_line(measured));
        }
        self.text.push('\n');
        start..end
    }

    /// A line that is no SQL.
    fn note(&mut self, text: &str) -> Range<u32> {
        let start = self.text.len() as u32;
        _ = write!(self.text, "-- {}", in_one_line(text));
        let end = self.text.len() as u32;
        self.text.push('\n');
        start..end
    }

    fn blank(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

/// What could end a comment is a blank.
fn in_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Constraint;

    #[test]
    fn tables_are_written_as_statements_that_make_them_again() {
        let mut snapshot = Snapshot::default();
        snapshot.server.database = "shop".into();
        let column = |name: &str, data_type: &str, default: Option<&str>| Column {
            name: name.into(),
            data_type: data_type.into(),
            not_null: true,
            default: default.map(str::to_owned),
            ..Column::default()
        };
        let constraint = |name: &str, definition: &str| Constraint {
            name: name.into(),
            definition: definition.into(),
            unvalidated: false,
        };
        snapshot.tables.push(Table {
            schema: "public".into(),
            name: "line_items".into(),
            columns: vec![
                column("id", "integer", Some("nextval('public.line_items_id_seq'::regclass)")),
                column("order", "bigint", None),
                column("a\"b", "text", Some("'x'::text")),
            ],
            constraints: vec![
                constraint("line_items_order_fkey", "FOREIGN KEY (\"order\") REFERENCES public.orders(id)"),
                constraint("line_items_pkey", "PRIMARY KEY (id)"),
            ],
            indexes: vec![
                Index { name: "line_items_pkey".into(), of_constraint: true, bytes: Some(3 << 20), ..Index::default() },
                Index {
                    name: "i".into(),
                    definition: "CREATE INDEX i ON public.line_items USING btree (\"order\")".into(),
                    scans: Some(0),
                    ..Index::default()
                },
            ],
            rows: Some(1_204_331),
            ..Table::default()
        });
        snapshot.sequences.push(Sequence {
            table_schema: Some("public".into()),
            table: Some("line_items".into()),
            column: Some("id".into()),
            ..Sequence::default()
        });
        let (text, lines) = written(&snapshot);
        let expected = "
CREATE TABLE public.line_items ( -- 1,204,331 rows
  \"id\" serial,
  \"order\" bigint NOT NULL,
  \"a\"\"b\" text NOT NULL DEFAULT 'x'::text
);
ALTER TABLE ONLY public.line_items ADD CONSTRAINT line_items_pkey PRIMARY KEY (id); -- 3.0 MB
CREATE INDEX i ON public.line_items USING btree (\"order\"); -- 0 scans

ALTER TABLE ONLY public.line_items ADD CONSTRAINT line_items_order_fkey FOREIGN KEY (\"order\") REFERENCES public.orders(id);
";
        assert!(text.contains(expected), "{text}");
        let at = |range: &Range<u32>| &text[range.start as usize..range.end as usize];
        assert!(
            at(&lines.indexes[0][0]).starts_with("ALTER TABLE ONLY public.line_items ADD CONSTRAINT line_items_pkey")
        );
        assert!(at(&lines.indexes[0][1]).starts_with("CREATE INDEX i"));
        assert!(at(&lines.constraints[0][0]).contains("FOREIGN KEY"));
    }

    #[test]
    fn a_name_cannot_end_a_comment() {
        let mut snapshot = Snapshot::default();
        snapshot.slots.push(crate::Slot { name: "a\nDROP TABLE b;".into(), ..crate::Slot::default() });
        assert!(written(&snapshot).0.contains("-- replication slot a DROP TABLE b;"));
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([count(0), count(-1_000), count(12_345_678)], ["0", "-1,000", "12,345,678"]);
        assert_eq!(
            [size(12), size(8 << 10), size(182 << 20), size(5 << 40)],
            ["12 bytes", "8.0 kB", "182 MB", "5.0 TB"]
        );
        assert_eq!([span_of_time(40), span_of_time(7_200), span_of_time(864_000)], ["40 s", "2 hours", "10 days"]);
    }
}
