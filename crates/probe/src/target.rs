//! Where a database is and who asks: from its address, a service file, the environment and `.pgpass`, in this order.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// A word that nobody may see.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••••")
    }
}

/// A database, and how to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) database: String,
    pub(crate) tls: Tls,
    /// A file of certificates to trust beside those of the system.
    pub(crate) root: Option<PathBuf>,
    /// What should be said of how it was found.
    pub(crate) notes: Vec<String>,
}

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    /// The folder of a socket.
    Socket(PathBuf),
}

/// How the server is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Nothing is encrypted.
    Off,
    /// Where the server can; nothing is verified.
    Tried,
    /// Nothing is verified.
    Required,
    /// Its certificate is verified, its name is not.
    Chain,
    /// Its certificate and its name are verified.
    Full,
}

impl Target {
    /// Where it is, without account and password.
    pub(crate) fn shown(&self) -> String {
        match &self.host {
            Host::Name(name) if name.contains(':') => format!("[{name}]:{}", self.port),
            Host::Name(name) => format!("{name}:{}", self.port),
            Host::Socket(path) => path.display().to_string(),
        }
    }

    /// Whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match &self.host {
            Host::Socket(_) => true,
            Host::Name(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        }
    }
}

/// An address without its password.
pub(crate) fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return "…".into() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let end = rest.find('/').unwrap_or(rest.len());
    // a password may hold an `@`, and a `/` that should have been written `%2F`
    match rest.rfind('@') {
        Some(at) => format!("{scheme}://…@{}", &rest[at + 1..]),
        None => format!("{scheme}://{}{}", &rest[..end], &rest[end..]),
    }
}

/// What an address, a service or the environment say; a later one fills in what the earlier left open.
#[derive(Default)]
struct Said {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    service: Option<String>,
    passfile: Option<String>,
}

impl Said {
    fn set(&mut self, name: &str, value: String) {
        let place = match name {
            "host" | "hostaddr" => &mut self.host,
            "port" => &mut self.port,
            "user" => &mut self.user,
            "password" => &mut self.password,
            "dbname" => &mut self.database,
            "sslmode" => &mut self.sslmode,
            "sslrootcert" => &mut self.sslrootcert,
            "service" => &mut self.service,
            "passfile" => &mut self.passfile,
            // what pools and mappers add to their addresses says nothing to us
            _ => return,
        };
        if place.is_none() && !value.is_empty() {
            *place = Some(value);
        }
    }

    fn fill(&mut self, other: Said) {
        let all = [
            ("host", other.host),
            ("port", other.port),
            ("user", other.user),
            ("password", other.password),
            ("dbname", other.database),
            ("sslmode", other.sslmode),
            ("sslrootcert", other.sslrootcert),
            ("service", other.service),
            ("passfile", other.passfile),
        ];
        for (name, value) in all {
            if let Some(value) = value {
                self.set(name, value);
            }
        }
    }
}

/// Reads an address of PostgreSQL.
pub(crate) fn read(address: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Target, Error> {
    let wrong = |reason: String| Error::Address { shown: shown(address), reason };
    let mut said = in_address(address).map_err(wrong)?;
    let of_environment = || {
        let names = [
            ("host", "PGHOST"),
            ("port", "PGPORT"),
            ("user", "PGUSER"),
            ("password", "PGPASSWORD"),
            ("dbname", "PGDATABASE"),
            ("sslmode", "PGSSLMODE"),
            ("sslrootcert", "PGSSLROOTCERT"),
            ("service", "PGSERVICE"),
            ("passfile", "PGPASSFILE"),
        ];
        let mut said = Said::default();
        for (name, of) in names {
            if let Some(value) = variable(of) {
                said.set(name, value);
            }
        }
        said
    };
    let home = variable("HOME").map(PathBuf::from);
    let environment = of_environment();
    let service = said.service.clone().or_else(|| environment.service.clone());
    if let Some(name) = service {
        let file = variable("PGSERVICEFILE").map(PathBuf::from);
        let Some(file) = file.or_else(|| home.as_ref().map(|h| h.join(".pg_service.conf"))) else {
            return Err(wrong(format!("there is no service file for the service `{name}`")));
        };
        let text = fs::read_to_string(&file)
            .map_err(|e| wrong(format!("the service file {} cannot be read: {e}", file.display())))?;
        said.fill(in_service(&text, &name).ok_or_else(|| wrong(format!("there is no service `{name}`")))?);
    }
    said.fill(environment);
    let host = match said.host {
        Some(host) if host.starts_with('/') => Host::Socket(host.into()),
        Some(host) if host.contains(',') => return Err(wrong("several hosts are given; give the one to ask".into())),
        Some(host) => Host::Name(host),
        None => Host::Name("localhost".into()),
    };
    let port = match said.port {
        Some(port) => port.parse().map_err(|_| wrong("its port is no number".into()))?,
        None => 5432,
    };
    let user = said.user.or_else(|| variable("USER")).unwrap_or_else(|| "postgres".into());
    let mut target = Target {
        host,
        port,
        database: said.database.unwrap_or_else(|| user.clone()),
        user,
        password: said.password.map(Secret),
        tls: Tls::Full,
        root: said.sslrootcert.filter(|r| r != "system").map(PathBuf::from),
        notes: Vec::new(),
    };
    target.tls = match said.sslmode.as_deref() {
        Some("disable") => Tls::Off,
        Some("allow" | "prefer") => Tls::Tried,
        // a file of certificates is there to be used
        Some("require") if target.root.is_some() => Tls::Chain,
        Some("require") => Tls::Required,
        Some("verify-ca") => Tls::Chain,
        Some("verify-full") => Tls::Full,
        Some(_) => return Err(wrong("its sslmode is none of disable, prefer, require, verify-ca, verify-full".into())),
        None if target.is_local() => Tls::Tried,
        None => Tls::Full,
    };
    if target.password.is_none() {
        let file = said.passfile.map(PathBuf::from).or_else(|| home.map(|h| h.join(".pgpass")));
        if let Some(file) = file {
            from_pass_file(&file, &mut target);
        }
    }
    Ok(target)
}

fn in_address(address: &str) -> Result<Said, String> {
    let rest = address.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut said = Said::default();
    let (account, place) = authority.rsplit_once('@').map_or(("", authority), |(account, place)| (account, place));
    let (user, password) = account.split_once(':').unwrap_or((account, ""));
    said.set("user", decoded(user)?);
    said.set("password", decoded(password)?);
    let (host, port) = match place.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((host, after)) => (host, after.strip_prefix(':').unwrap_or_default()),
        None => place.rsplit_once(':').unwrap_or((place, "")),
    };
    said.set("host", decoded(host)?);
    said.set("port", port.to_owned());
    said.set("dbname", decoded(path)?);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // where both are there, what is named counts
        match name {
            "host" if !value.is_empty() => said.host = Some(decoded(value)?),
            "port" if !value.is_empty() => said.port = Some(value.to_owned()),
            _ => said.set(name, decoded(value)?),
        }
    }
    Ok(said)
}

/// `%41` is `A`.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => return Err("a `%` in it is not followed by two hexadecimal digits (write it `%25`)".into()),
        }
    }
    String::from_utf8(bytes).map_err(|_| "it holds bytes that are no text".into())
}

/// The lines of one service in a service file.
fn in_service(text: &str, name: &str) -> Option<Said> {
    let mut said = None;
    for line in text.lines().map(str::trim).filter(|l| !l.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            if said.is_some() {
                break;
            }
            said = (section == name).then(Said::default);
        } else if let (Some(said), Some((key, value))) = (&mut said, line.split_once('=')) {
            said.set(key.trim(), value.trim().to_owned());
        }
    }
    said
}

fn from_pass_file(file: &Path, target: &mut Target) {
    let Ok(text) = fs::read_to_string(file) else { return };
    if is_open_to_others(file) {
        target.notes.push(format!("{} is open to others and was not used: `chmod 0600` it", file.display()));
        return;
    }
    let host = match &target.host {
        Host::Name(name) => name.clone(),
        Host::Socket(_) => "localhost".into(),
    };
    let wanted = [host, target.port.to_string(), target.database.clone(), target.user.clone()];
    target.password = in_pass_file(&text, &wanted).map(Secret);
}

#[cfg(unix)]
fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|m| m.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

/// The password of the first line of `.pgpass` that fits: `host:port:database:user:password`, `*` for any, `\` before
/// what stands for itself.
fn in_pass_file(text: &str, wanted: &[String; 4]) -> Option<String> {
    text.lines().filter(|l| !l.starts_with('#')).find_map(|line| {
        let mut fields = vec![String::new()];
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => fields.last_mut()?.extend(chars.next()),
                ':' if fields.len() < 5 => fields.push(String::new()),
                c => fields.last_mut()?.push(c),
            }
        }
        let fits =
            fields.len() == 5 && fields.iter().zip(wanted).all(|(given, wanted)| given == "*" || given == wanted);
        fits.then(|| fields.swap_remove(4))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn target(address: &str, variables: &[(&str, &str)]) -> Target {
        read(address, &|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())).unwrap()
    }

    #[test]
    fn an_address_says_it_all() {
        let found = target("postgres://app:p%40ss%2Fw@db.example.com:6543/shop?schema=public&sslmode=require", &[]);
        assert_eq!(found.host, Host::Name("db.example.com".into()));
        assert_eq!((found.port, found.user.as_str(), found.database.as_str()), (6543, "app", "shop"));
        assert_eq!(found.password, Some(Secret("p@ss/w".into())));
        assert_eq!(found.tls, Tls::Required);
        assert_eq!(found.shown(), "db.example.com:6543");
    }

    #[test]
    fn the_environment_fills_in_what_an_address_leaves_open() {
        let variables =
            [("PGHOST", "h"), ("PGUSER", "u"), ("PGPASSWORD", "p"), ("PGDATABASE", "d"), ("PGSSLMODE", "verify-ca")];
        let found = target("postgres://", &variables);
        assert_eq!((found.shown().as_str(), found.user.as_str(), found.database.as_str()), ("h:5432", "u", "d"));
        assert_eq!(found.password, Some(Secret("p".into())));
        assert_eq!(found.tls, Tls::Chain);
        assert_eq!(target("postgres://other@host2/x", &variables).user, "other");
    }

    #[test]
    fn servers_elsewhere_are_verified_unless_somebody_says_otherwise() {
        assert_eq!(target("postgres://db.example.com/a", &[]).tls, Tls::Full);
        assert_eq!(target("postgres://127.0.0.1/a", &[]).tls, Tls::Tried);
        assert_eq!(target("postgres://[::1]:5433/a", &[]).tls, Tls::Tried);
        assert_eq!(target("postgres://localhost/a?sslmode=verify-full", &[]).tls, Tls::Full);
        let socket = target("postgres:///a?host=/run/postgresql", &[]);
        assert_eq!((socket.host, socket.tls), (Host::Socket("/run/postgresql".into()), Tls::Tried));
    }

    #[test]
    fn passwords_come_from_the_first_line_that_fits() {
        let text = "# notes\nother:*:*:*:no\n*:5432:sh\\:op:app:a\\\\b:c\n*:*:*:*:last\n";
        let wanted = |database: &str| ["h".into(), "5432".into(), database.into(), "app".into()];
        assert_eq!(in_pass_file(text, &wanted("sh:op")).as_deref(), Some("a\\b:c"));
        assert_eq!(in_pass_file(text, &wanted("x")).as_deref(), Some("last"));
        assert_eq!(in_pass_file("h:1", &wanted("x")), None);
    }

    #[test]
    fn a_service_is_its_section() {
        let text = "[a]\nhost=x\n[shop]\n# comment\nhost = y\nport=1\n[z]\nuser=z\n";
        let said = in_service(text, "shop").unwrap();
        assert_eq!((said.host.as_deref(), said.port.as_deref(), said.user.as_deref()), (Some("y"), Some("1"), None));
        assert!(in_service(text, "none").is_none());
    }

    #[test]
    fn no_message_holds_a_password() {
        for address in ["postgres://a:secret@h:x/d", "postgres://a:sec/secret@h/d?sslmode=y", "mongodb://a:secret@h"] {
            let error = crate::probe(
                address,
                &crate::Settings { variable: &|_| None, interrupt: &crate::Interrupt::default() },
            )
            .unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert!(!format!("{:?}", target("postgres://a:secret@h/d", &[])).contains("secret"));
    }
}
