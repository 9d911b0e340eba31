//! Live evidence: asks running systems what they are and what they counted.
//!
//! One module per system behind the trait [`Probe`]; to support a system is to write its module and to name it in
//! [`SYSTEMS`]. Each gives a [`live::Snapshot`], which is all that the rest of the program knows of it. A probe is made
//! to be harmless: one connection, one transaction that can only read, a fixed catalogue of our own statements, limits
//! on the time of each and of all, and a cancelled statement when it is interrupted. It reads no rows of tables.
//!
//! It must never know a rule, and no statement comes from outside. An asynchronous runtime stays in here: callers see
//! functions that return when they are done.
//!
//! Begin reading at [`probe`], then `postgres.rs`.

mod interrupt;
mod postgres;
mod target;

use live::Snapshot;

pub use interrupt::Interrupt;

/// A system that can be asked.
pub trait Probe: Sync {
    /// The schemes of its addresses: `postgres`.
    fn schemes(&self) -> &'static [&'static str];

    /// Asks the system at an address.
    ///
    /// # Errors
    /// It could not be reached, or did not let us in.
    fn probe(&self, address: &str, settings: &Settings<'_>) -> Result<Snapshot, Error>;
}

/// Every system.
pub const SYSTEMS: &[&dyn Probe] = &[&postgres::Postgres];

/// What comes from outside an address.
pub struct Settings<'s> {
    /// Variables of the environment.
    pub variable: &'s dyn Fn(&str) -> Option<String>,
    /// Says when somebody wants it to end.
    pub interrupt: &'s Interrupt,
}

/// Why a system was not examined. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none.
    #[error("`{shown}` is no address of a database: {reason}")]
    Address {
        /// The address without its password.
        shown: String,
        /// Why.
        reason: String,
    },
    /// It could not be reached, or did not let us in.
    #[error("cannot examine {host}: {reason}")]
    Connect {
        /// Where.
        host: String,
        /// Why.
        reason: String,
    },
    /// The connection ended, or the first questions were refused.
    #[error("{host} was not examined to the end: {reason}")]
    Lost {
        /// Where.
        host: String,
        /// Why.
        reason: String,
    },
    /// Somebody interrupted it; what was running there was cancelled.
    #[error("interrupted")]
    Interrupted,
}

/// Whether a text is an address of a system that can be asked, and no file.
pub fn is_address(text: &str) -> bool {
    text.contains("://")
}

/// Asks the system at an address.
///
/// # Errors
/// It is no address of a system that is known here, could not be reached, or did not let us in.
pub fn probe(address: &str, settings: &Settings<'_>) -> Result<Snapshot, Error> {
    let scheme = address.split("://").next().unwrap_or_default().to_ascii_lowercase();
    let Some(system) = SYSTEMS.iter().find(|s| s.schemes().contains(&scheme.as_str())) else {
        let known: Vec<String> = SYSTEMS.iter().flat_map(|s| s.schemes()).map(|s| format!("{s}://")).collect();
        let reason = format!("it must begin with {}", known.join(" or "));
        return Err(Error::Address { shown: target::shown(address), reason });
    };
    system.probe(address, settings)
}
