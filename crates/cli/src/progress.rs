//! A line on standard error for those who wait.

use std::{
    io::{IsTerminal, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

/// How long nobody minds.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the line changes at most.
const PACE: Duration = Duration::from_millis(100);

/// Shows what is being done, once it takes longer than a second, where standard error is a terminal.
pub struct Progress {
    started: Instant,
    shown: Mutex<Option<Instant>>,
    wanted: bool,
}

impl Progress {
    /// Silent unless somebody is looking.
    pub fn new(quiet: bool) -> Self {
        Self { started: Instant::now(), shown: Mutex::new(None), wanted: !quiet && std::io::stderr().is_terminal() }
    }

    /// Says what is being done now.
    pub fn say(&self, what: &str) {
        if !self.wanted || self.started.elapsed() < PATIENCE {
            return;
        }
        let Ok(mut shown) = self.shown.try_lock() else { return };
        if shown.is_some_and(|at| at.elapsed() < PACE) {
            return;
        }
        *shown = Some(Instant::now());
        let _ = write!(std::io::stderr(), "\r\x1b[K{what}…");
    }

    /// Clears the line.
    pub fn end(&self) {
        if let Ok(mut shown) = self.shown.lock()
            && shown.take().is_some()
        {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
