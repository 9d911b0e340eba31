//! Servers that tests start for themselves, in a temporary folder and on a socket in it, and stop.
//!
//! A server that is not installed is a failure and not a skip: `.ci/run` and `cargo xtask test` install them.

#![allow(clippy::unwrap_used, dead_code)] // a test may fail, and does not use every server

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The program of a server, or a failure that says what to install.
fn program(name: &str, package: &str) -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    places.push("/usr/sbin".into());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|v| v.path().join("bin")));
    let found = places.into_iter().map(|place| place.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("`{name}` is missing: `apt-get install {package}` (as `.ci/run` does)"))
}

/// A command that runs as the server's user when the tests run as root, which these servers refuse.
fn as_user(user: &str, program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--"]).arg(program);
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"))
}

/// A folder that the server's user may write to.
fn folder(user: &str) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("specialist-").tempdir_in("/tmp").unwrap();
    if is_root() {
        checked(Command::new("chown").arg(user).arg(folder.path()));
    }
    folder
}

fn checked(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let problem = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {problem}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Gives a client its script and takes what it prints.
fn fed(command: &mut Command, script: &str) -> String {
    let mut client =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a client");
    let mut input = client.stdin.take().unwrap();
    let script = script.to_owned();
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = client.wait_with_output().unwrap();
    let _ = writer.join();
    let problem = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{problem}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until the server answers.
fn wait(mut answers: impl FnMut() -> bool, server: &mut Child) {
    let started = Instant::now();
    while !answers() {
        let exit = server.try_wait().unwrap();
        assert!(exit.is_none(), "the server ended: {exit:?}");
        assert!(started.elapsed() < Duration::from_secs(60), "the server does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A PostgreSQL of its own.
pub struct Postgres {
    folder: tempfile::TempDir,
    psql: PathBuf,
    port: String,
    server: Child,
    control: PathBuf,
}

impl Postgres {
    /// Starts it.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts it with settings such as `log_statement=all`.
    pub fn start_with(settings: &[&str]) -> Self {
        Self::start_at(5432, settings)
    }

    /// Starts it with settings that make it listen at a port.
    pub fn start_at(port: u16, settings: &[&str]) -> Self {
        let port = port.to_string();
        let user = "postgres";
        let (initdb, postgres) = (program("initdb", "postgresql"), program("postgres", "postgresql"));
        let (control, psql) = (program("pg_ctl", "postgresql"), program("psql", "postgresql-client"));
        let folder = folder(user);
        let data = folder.path().join("data");
        let options = ["-A", "trust", "-U", "postgres", "--no-sync", "--encoding=UTF8", "--locale=C"];
        checked(as_user(user, &initdb).arg("-D").arg(&data).args(options));
        let mut server = as_user(user, &postgres)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .args(settings.iter().flat_map(|s| ["-c", s]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answers = || {
            let mut command = Command::new(&psql);
            command.arg("-h").arg(folder.path()).args(["-p", &port, "-U", "postgres", "-c", "select 1"]);
            command.output().is_ok_and(|o| o.status.success())
        };
        wait(answers, &mut server);
        Self { folder, psql, port, server, control }
    }

    /// The folder with its socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client of it that was not started yet: `psql`, or another program beside it.
    pub fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.psql.with_file_name(name));
        command.arg("-h").arg(self.folder.path()).args(["-p", &self.port, "-U", "postgres"]);
        command
    }

    /// Runs a script and gives what it prints.
    pub fn run(&self, script: &str) -> String {
        let mut command = Command::new(&self.psql);
        command.arg("-h").arg(self.folder.path());
        fed(command.args(["-p", &self.port, "-U", "postgres", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"]), script)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let mut stop = as_user("postgres", &self.control);
        let _ = stop.arg("-D").arg(data).args(["-m", "immediate", "-w", "stop"]).output();
        let _ = self.server.wait();
    }
}

/// A MariaDB of its own.
pub struct MariaDb {
    folder: tempfile::TempDir,
    client: PathBuf,
    server: Child,
    admin: PathBuf,
}

impl MariaDb {
    /// Starts it.
    pub fn start() -> Self {
        let user = "mysql";
        let package = "mariadb-server";
        let (install, server) = (program("mariadb-install-db", package), program("mariadbd", package));
        let (client, admin) = (program("mariadb", package), program("mariadb-admin", package));
        let folder = folder(user);
        let data = format!("--datadir={}", folder.path().display());
        let socket = format!("--socket={}", folder.path().join("s").display());
        let options = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"];
        checked(as_user(user, &install).args(options).arg(&data));
        let mut server = as_user(user, &server)
            .args(["--no-defaults", "--skip-networking", "--innodb-flush-log-at-trx-commit=0"])
            .args([&data, &socket])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answers = || {
            let mut command = Command::new(&client);
            command.args(["--no-defaults", &socket, "-uroot", "-e", "create database shop character set utf8mb4"]);
            command.output().is_ok_and(|o| o.status.success())
        };
        wait(answers, &mut server);
        Self { folder, client, server, admin }
    }

    fn socket(&self) -> String {
        format!("--socket={}", self.folder.path().join("s").display())
    }

    /// Runs a script in the database `shop` and gives what it prints.
    pub fn run(&self, script: &str) -> String {
        let mut command = Command::new(&self.client);
        fed(command.args(["--no-defaults", &self.socket(), "-uroot", "-N", "-r", "shop"]), script)
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let mut stop = Command::new(&self.admin);
        let _ = stop.args(["--no-defaults", &self.socket(), "-uroot", "shutdown"]).output();
        let _ = self.server.wait();
    }
}
