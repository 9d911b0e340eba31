//! `specialist`: reviews a backend as a senior backend engineer would.
//!
//! Arguments, configuration, output, exit status; everything else is `engine`'s and `report`'s.

mod before;
mod config;
mod fix;
mod live;
mod pages;
mod progress;

use std::{
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use base::{Persona, Severity};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use engine::{Options, Session};
use report::Format;

/// Exit statuses, as the documentation promises them.
mod status {
    pub const CLEAN: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const NOTHING: u8 = 3;
    pub const INCOMPLETE: u8 = 4;
    pub const BUG: u8 = 70;
    pub const INTERRUPTED: u8 = 130;
}

/// Reviews a backend as a senior backend engineer would.
///
/// Reads the code, says what will break, what it costs, how to mend it and how to prove it. Runs nothing of
/// the project, uses no network but to the systems that are named to it, sends nothing anywhere.
#[derive(Parser)]
#[command(name = "specialist", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Review a project.
    Review(Review),
    /// Show the model itself: routes, guards, handlers.
    Map(Map),
    /// Show a rule's page: what it finds, why it matters, how to mend it.
    Explain {
        /// The rule's id.
        rule: String,
    },
    /// List the rules.
    Rules {
        /// Write a page for each rule, and the matrix of rules and stacks, into this directory instead.
        #[arg(long, value_name = "DIR")]
        docs: Option<PathBuf>,
    },
    /// Show the mechanical changes that mend findings, or make them.
    Fix(Fix),
    /// Ask a running system what it is and what it counted: reads only, and no rows of tables.
    Probe {
        #[command(subcommand)]
        system: ProbeSystem,
    },
    /// Print the JSON schema of a review, a map, a facts file or the configuration.
    Schema {
        /// `review`, `map`, `facts` or `config`.
        name: String,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Subcommand)]
enum ProbeSystem {
    /// Ask a database.
    Db(live::Db),
}

#[derive(clap::Args)]
struct Review {
    /// The project's directory.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Output format; may be given several times, each with its own --output.
    #[arg(long, value_name = "FORMAT")]
    format: Vec<String>,
    /// Where the format of the same position goes; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Exit with status 1 when there is a finding of this severity or above.
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Only these rules (comma-separated).
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    only: Vec<String>,
    /// Not these rules (comma-separated).
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    skip: Vec<String>,
    /// For whom: regular hears precise rules only, auditor also less precise ones, pedantic also opinions.
    #[arg(long, value_name = "PERSONA")]
    persona: Option<PersonaArg>,
    /// What was not there at the merge base of HEAD and this commit (`origin/main`) is new: the migrations that are
    /// judged are the new ones. Asks git for what it has stored.
    #[arg(long, visible_alias = "base", value_name = "BASE")]
    diff: Option<String>,
    /// A running database to ask (`postgres://user@host/name`), or a file in which `specialist probe db` kept what one
    /// said; may be given several times. It is asked in one transaction that can only read.
    #[arg(long, value_name = "URL|FILE")]
    db: Vec<String>,
    /// Findings in this file (a JSON review) are known and not told again.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Do not read `specialist.toml` and the project's own facts.
    #[arg(long)]
    no_config: bool,
    /// Further facts about libraries: a directory with `<language>/<library>.toml`; a file named as one of
    /// ours replaces it.
    #[arg(long, value_name = "DIR")]
    facts: Option<PathBuf>,
    /// Threads; as many as there are cores by default.
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Show every place and every gap instead of the first few (terminal).
    #[arg(long)]
    verbose: bool,
    /// Say on standard error where the time went.
    #[arg(long)]
    timings: bool,
    /// Show no progress on standard error.
    #[arg(long, short)]
    quiet: bool,
}

#[derive(clap::Args)]
struct Fix {
    /// The project's directory.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Make the changes that keep what the code does for inputs that were fine.
    #[arg(long = "safe")]
    make_safe: bool,
    /// Make the others too: read them first.
    #[arg(long = "unsafe")]
    make_unsafe: bool,
    /// Only for these rules (comma-separated).
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    only: Vec<String>,
    /// Further facts about libraries, as for `review`.
    #[arg(long, value_name = "DIR")]
    facts: Option<PathBuf>,
    /// Threads; as many as there are cores by default.
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
}

#[derive(clap::Args)]
struct Map {
    /// The project's directory.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// `table` or `json`; or an entity-relationship diagram: `mermaid` or `dot`.
    #[arg(long, default_value = "table")]
    format: String,
    /// Threads; as many as there are cores by default.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

/// When to fail.
#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Critical,
    Important,
    Suggestion,
    Never,
}

#[derive(Clone, Copy, ValueEnum)]
enum PersonaArg {
    Regular,
    Auditor,
    Pedantic,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { status::USAGE } else { status::CLEAN });
        }
    };
    match std::panic::catch_unwind(|| run(cli)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(error)) => {
            let code = match error.downcast_ref::<engine::Error>() {
                Some(engine::Error::Nothing(_)) => status::NOTHING,
                _ => status::USAGE,
            };
            eprintln!("specialist: {}", report::safe::lines(&format!("{error:#}")));
            ExitCode::from(code)
        }
        Err(_) => {
            eprintln!("specialist: a bug of ours; please report it with what it was run on");
            ExitCode::from(status::BUG)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<u8> {
    match cli.command {
        Command::Review(args) => review(args),
        Command::Map(args) => map(&args),
        Command::Explain { rule } => {
            let rules = engine::all_rules();
            let Some(found) = rules.iter().find(|r| r.id == rule) else {
                bail!("there is no rule `{rule}`; `specialist rules` lists them");
            };
            print(&format!("{}\n", found.page.trim_end()))?;
            Ok(status::CLEAN)
        }
        Command::Rules { docs: Some(dir) } => {
            pages::write(&dir)?;
            Ok(status::CLEAN)
        }
        Command::Rules { docs: None } => {
            let mut out = String::new();
            for rule in engine::all_rules() {
                let severity = format!("{:?}", rule.severity).to_lowercase();
                let persona = format!("{:?}", rule.persona).to_lowercase();
                out.push_str(&format!("{:28} {severity:11} {persona:9} {}\n", rule.id, rule.title));
            }
            print(&out)?;
            Ok(status::CLEAN)
        }
        Command::Fix(args) => fix::run(&args),
        Command::Probe { system: ProbeSystem::Db(args) } => live::probe_db(&args),
        Command::Schema { name } => {
            let schema = match name.as_str() {
                "facts" => engine::model::facts::schema(),
                "config" => config::schema(),
                "review" => report::json_schema(),
                "map" => engine::map::schema(),
                _ => bail!("there is no schema `{name}`: use review, map, facts or config"),
            };
            print(&format!("{}\n", serde_json::to_string_pretty(&schema)?))?;
            Ok(status::CLEAN)
        }
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "specialist", &mut out);
            print(&String::from_utf8_lossy(&out))?;
            Ok(status::CLEAN)
        }
    }
}

fn review(args: Review) -> anyhow::Result<u8> {
    let settings = if args.no_config { config::Config::default() } else { config::find(&args.path)? };
    let fail_on = match args.fail_on {
        Some(FailOn::Critical) => Some(Severity::Critical),
        Some(FailOn::Important) => Some(Severity::Important),
        Some(FailOn::Suggestion) => Some(Severity::Suggestion),
        Some(FailOn::Never) => None,
        None => settings.fail_on.unwrap_or_default().severity(),
    };
    let persona = match args.persona {
        Some(PersonaArg::Regular) => Persona::Regular,
        Some(PersonaArg::Auditor) => Persona::Auditor,
        Some(PersonaArg::Pedantic) => Persona::Pedantic,
        None => settings.persona.unwrap_or(Persona::Regular),
    };
    let mut formats = Vec::new();
    for name in &args.format {
        formats.push(name.parse::<Format>()?);
    }
    if formats.is_empty() {
        formats.push(Format::Terminal);
    }
    if args.output.len() > formats.len() {
        bail!("more --output than --format: give each output its format");
    }
    let evidence = live::evidence(&args.db)?;
    if evidence.interrupted {
        return Ok(status::INTERRUPTED);
    }
    let options = Options {
        threads: args.threads,
        snapshots: evidence.snapshots,
        unexamined: evidence.unexamined,
        only: if args.only.is_empty() { settings.only } else { args.only },
        skip: args.skip.into_iter().chain(settings.skip).collect(),
        persona,
        baseline: match &args.baseline {
            Some(file) => baseline(file)?,
            None => Vec::new(),
        },
        overrides: settings
            .overrides
            .into_iter()
            .map(|o| engine::Override { paths: o.paths, skip: o.skip, severity: o.severity })
            .collect(),
        own_facts: !args.no_config,
        facts: args.facts.clone(),
        before: match &args.diff {
            Some(name) => Some(Arc::new(before::read(&args.path, name)?)),
            None => None,
        },
        progress: None,
        ..Options::default()
    };
    let progress = Arc::new(progress::Progress::new(args.quiet));
    let teller = progress.clone();
    let options = Options { progress: Some(Arc::new(move |what: &str| teller.say(what))), ..options };
    let review = Session::open(&args.path, options).and_then(|mut session| {
        let review = session.review()?;
        Ok((session, review))
    });
    progress.end();
    let (session, review) = review?;
    for (at, format) in formats.iter().enumerate() {
        let file = args.output.get(at).filter(|f| f.as_os_str() != "-");
        let color = *format == Format::Terminal && file.is_none() && wants_color();
        let options = report::Options { color, verbose: args.verbose, ..report::Options::default() };
        let text = report::render(*format, &review, &session.sources, &options);
        match file {
            Some(file) => write_whole(file, &text)?,
            None => print(&text)?,
        }
    }
    if args.timings {
        let t = &session.timings;
        eprintln!(
            "read {:?}; parse {:?} and lower {:?} over all threads, {:?} by the clock; program and model {:?}; rules {:?}",
            t.read, t.parse, t.lower, t.front, t.model, t.rules
        );
    }
    if review.incomplete {
        return Ok(status::INCOMPLETE);
    }
    let failed = fail_on.is_some_and(|threshold| engine::fails(&review, threshold));
    Ok(if failed { status::FAILED } else { status::CLEAN })
}

fn map(args: &Map) -> anyhow::Result<u8> {
    let session = Session::open(&args.path, Options { threads: args.threads, ..Options::default() })?;
    match args.format.as_str() {
        "json" => print(&format!("{}\n", serde_json::to_string_pretty(&engine::map::json(&session))?))?,
        "table" => print(&report::safe::lines(&engine::map::table(&session)))?,
        "mermaid" => print(&report::safe::lines(&engine::map::mermaid(&session)))?,
        "dot" => print(&report::safe::lines(&engine::map::dot(&session)))?,
        other => bail!("unknown format `{other}`: use table, json, mermaid or dot"),
    }
    Ok(status::CLEAN)
}

/// The fingerprints in a JSON review.
fn baseline(file: &Path) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the baseline {}", file.display()))?;
    let value: serde_json::Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is no JSON review; write one with --format json", file.display()))?;
    let findings = value["findings"].as_array().cloned().unwrap_or_default();
    Ok(findings.iter().filter_map(|f| f["fingerprint"].as_str().map(str::to_owned)).collect())
}

/// Writes a file as a whole or not at all. What is no file (`/dev/null`, a pipe, a link to one) is written to and stays
/// what it is.
fn write_whole(file: &Path, text: &str) -> anyhow::Result<()> {
    if fs::metadata(file).is_ok_and(|m| !m.is_file()) {
        let mut open = fs::OpenOptions::new();
        let mut special = open.write(true).open(file).with_context(|| format!("cannot write {}", file.display()))?;
        return special.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", file.display()));
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    fs::write(&part, text).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, file).with_context(|| format!("cannot write {}", file.display()))
}

/// Prints; a reader that went away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// `NO_COLOR`, `CLICOLOR_FORCE`, else whether somebody is looking.
fn wants_color() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
    !set("NO_COLOR") && (set("CLICOLOR_FORCE") || std::io::stdout().is_terminal())
}
