//! Evidence of running systems: asked now, or kept in a file.

use std::{fs, path::Path, sync::Arc};

use anyhow::Context;
use live::Snapshot;
use probe::{Interrupt, Settings};

use crate::{print, status, write_whole};

/// Asks a database and keeps what it says.
#[derive(clap::Args)]
pub struct Db {
    /// The database: `postgres://user@host/name`. What it leaves open comes from `PGHOST`, `PGUSER`, `PGPASSWORD` and
    /// their kin, a service file and `.pgpass`.
    url: String,
    /// Where to keep what it says; `-` is standard output. Without it a page for people is printed.
    #[arg(long, value_name = "FILE")]
    save: Option<std::path::PathBuf>,
}

/// What running systems said, and those that could not be asked with the reason.
#[derive(Default)]
pub struct Evidence {
    pub snapshots: Vec<Arc<Snapshot>>,
    pub unexamined: Vec<(String, String)>,
    pub interrupted: bool,
}

/// Asks or reads each database of `--db`. One that cannot be reached does not end a review.
pub fn evidence(named: &[String]) -> anyhow::Result<Evidence> {
    let mut evidence = Evidence::default();
    let mut interrupt = None;
    for name in named {
        if !probe::is_address(name) {
            let text = fs::read_to_string(name).with_context(|| format!("cannot read the snapshot {name}"))?;
            let snapshot = Snapshot::from_json(&text).with_context(|| format!("{name} is no evidence"))?;
            evidence.snapshots.push(Arc::new(snapshot));
            continue;
        }
        let interrupt = match &interrupt {
            Some(interrupt) => interrupt,
            None => interrupt.insert(watch()?),
        };
        match ask(name, interrupt) {
            Ok(snapshot) => evidence.snapshots.push(Arc::new(snapshot)),
            Err(probe::Error::Interrupted) => {
                evidence.interrupted = true;
                return Ok(evidence);
            }
            // a mistake on the command line is no fault of a system
            Err(error @ probe::Error::Address { .. }) => return Err(error.into()),
            Err(error) => evidence.unexamined.push(("--db".into(), error.to_string())),
        }
    }
    Ok(evidence)
}

/// `specialist probe db`.
pub fn probe_db(args: &Db) -> anyhow::Result<u8> {
    let snapshot = match ask(&args.url, &watch()?) {
        Ok(snapshot) => snapshot,
        Err(probe::Error::Interrupted) => return Ok(status::INTERRUPTED),
        Err(error @ probe::Error::Address { .. }) => return Err(error.into()),
        Err(error) => {
            eprintln!("specialist: {}", report::safe::lines(&error.to_string()));
            return Ok(status::INCOMPLETE);
        }
    };
    let kept = || snapshot.to_json().context("the snapshot cannot be written");
    match &args.save {
        Some(file) if file.as_os_str() != "-" => write_whole(Path::new(file), &kept()?)?,
        Some(_) => print(&kept()?)?,
        None => print(&report::safe::lines(&live::written(&snapshot).0))?,
    }
    Ok(if snapshot.stopped.is_some() { status::INCOMPLETE } else { status::CLEAN })
}

fn ask(url: &str, interrupt: &Interrupt) -> Result<Snapshot, probe::Error> {
    probe::probe(url, &Settings { variable: &|name| std::env::var(name).ok(), interrupt })
}

/// Interrupts end the program as ever; those that come while a database is asked are heard there first.
fn watch() -> anyhow::Result<Interrupt> {
    Interrupt::watch(|| std::process::exit(i32::from(status::INTERRUPTED))).context("interrupts cannot be heard")
}
