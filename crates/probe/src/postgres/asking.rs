//! Asking questions one after the other: what is refused, locked or too slow is said and costs nothing else.

use std::error::Error as _;

use live::Unseen;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio_postgres::{Client, Error, error::SqlState, types::Type};

use super::catalogue::{self, Question};

/// How often a question is asked again after it met a lock.
const AGAIN: u32 = 2;

pub(super) struct Asking<'c> {
    client: &'c Client,
    /// When no further question is asked.
    until: Instant,
    /// Who asks.
    pub(super) role: String,
    /// Tables that are locked.
    locked: Vec<i64>,
    /// What was not answered.
    pub(super) unseen: Vec<Unseen>,
}

impl<'c> Asking<'c> {
    pub(super) fn new(client: &'c Client, until: Instant) -> Self {
        Self { client, until, role: String::new(), locked: Vec::new(), unseen: Vec::new() }
    }

    /// The first row of an answer.
    pub(super) async fn first<T: DeserializeOwned>(&mut self, question: &Question) -> Result<Option<T>, Error> {
        Ok(self.all(question).await?.into_iter().next())
    }

    /// All rows of an answer.
    pub(super) async fn all<T: DeserializeOwned>(&mut self, question: &Question) -> Result<Vec<T>, Error> {
        self.rows(question, &question.text(), false).await
    }

    /// All rows of an answer about tables, without those that are locked.
    pub(super) async fn all_of_tables<T: DeserializeOwned>(&mut self, question: &Question) -> Result<Vec<T>, Error> {
        self.rows(question, &question.text(), true).await
    }

    /// Finds out which tables are locked.
    pub(super) async fn look_for_locks(&mut self) -> Result<(), Error> {
        #[derive(serde::Deserialize)]
        struct Locked {
            oid: i64,
        }
        let found: Vec<Locked> = self.rows(&catalogue::LOCKED, &catalogue::LOCKED.text(), false).await?;
        self.locked.extend(found.into_iter().map(|l| l.oid));
        self.locked.sort_unstable();
        self.locked.dedup();
        Ok(())
    }

    /// The rows of an answer; none, and a word of why, where it is refused.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) async fn rows<T: DeserializeOwned>(
        &mut self,
        question: &Question,
        text: &str,
        of_tables: bool,
    ) -> Result<Vec<T>, Error> {
        for round in 0.. {
            if Instant::now() >= self.until {
                self.say(question, "all questions together took too long");
                return Ok(Vec::new());
            }
            self.client.query_typed(catalogue::SAVEPOINT, &[]).await?;
            let locked = self.locked.clone();
            let result = match of_tables {
                true => self.client.query_typed(text, &[(&locked, Type::INT8_ARRAY)]).await,
                false => self.client.query_typed(text, &[]).await,
            };
            let error = match result {
                Ok(rows) => {
                    self.client.query_typed(catalogue::RELEASE, &[]).await?;
                    return Ok(self.read(question, &rows));
                }
                Err(error) => error,
            };
            // without an answer of the server the connection is gone
            let Some(code) = error.code().cloned() else { return Err(error) };
            self.client.query_typed(catalogue::BACK, &[]).await?;
            if code == SqlState::LOCK_NOT_AVAILABLE && of_tables && round < AGAIN {
                Box::pin(self.look_for_locks()).await?;
                continue;
            }
            let why = match &question.grant {
                Some(grant) if code == SqlState::INSUFFICIENT_PRIVILEGE => {
                    let grant = grant.replace("{role}", &catalogue::quoted(&self.role));
                    format!("the role has no right to it: `{grant}`")
                }
                _ if code == SqlState::LOCK_NOT_AVAILABLE => "not examined: locked".into(),
                _ if code == SqlState::QUERY_CANCELED => "it took longer than five seconds".into(),
                _ => reason(&error),
            };
            self.say(question, &why);
            return Ok(Vec::new());
        }
        Ok(Vec::new())
    }

    fn read<T: DeserializeOwned>(&mut self, question: &Question, rows: &[tokio_postgres::Row]) -> Vec<T> {
        let mut read = Vec::with_capacity(rows.len());
        let mut odd = None;
        for row in rows {
            let text: Result<&str, String> = row.try_get(0).map_err(|e| e.to_string());
            match text.and_then(|t| serde_json::from_str(t).map_err(|e| e.to_string())) {
                Ok(thing) => read.push(thing),
                Err(error) => odd = Some(error),
            }
        }
        if let Some(error) = odd {
            self.say(question, &format!("an answer was not understood: {error}"));
        }
        read
    }

    fn say(&mut self, question: &Question, why: &str) {
        self.unseen.push(Unseen { what: question.what.into(), why: why.into() });
    }
}

/// What an error says, down to its cause.
pub(super) fn reason(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} ({})", said.message(), said.code().code());
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words.push_str(&format!(": {next}"));
        cause = next.source();
    }
    words
}
