//! A connection to the database, with its statements.

use super::{PostgresOptions, plan::Number, schema};
use crate::titanic::StoreError;
use futures_util::future::{join, try_join_all};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Config, Error, NoTls, Row, Statement,
    config::TargetSessionAttrs,
    error::{DbError, SqlState},
    types::ToSql,
};

/// Something went wrong.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) error: StoreError,
    /// It may go well on another connection, or a moment later.
    pub(super) passing: bool,
}

/// What is asked, prepared; the order is that of `ASKED`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Totals,
    Sign,
    Accept,
    Close,
    Sweep,
    Start,
    Release,
    Finish,
    Fail,
    Look,
    Known,
    Lines,
    Claim,
    LetGo,
    TakeOver,
    Bury,
}

const ASKED: [&str; 16] = [
    schema::TOTALS,
    schema::SIGN,
    schema::ACCEPT,
    schema::CLOSE,
    schema::SWEEP,
    schema::START,
    schema::RELEASE,
    schema::FINISH,
    schema::FAIL,
    schema::LOOK,
    schema::KNOWN,
    schema::LINES,
    schema::CLAIM,
    schema::LET_GO,
    schema::TAKE_OVER,
    schema::BURY,
];

#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    driver: JoinHandle<()>,
    statements: Vec<Statement>,
    pub(super) since: Instant,
}

impl Session {
    /// Connects under this name, ends what is left of connections of that name, and makes the tables if there are none.
    pub(super) async fn connect(
        config: &Config,
        name: &str,
        options: &PostgresOptions,
    ) -> Result<Self, Trouble> {
        let mut config = config.clone();
        config.application_name(name).target_session_attrs(TargetSessionAttrs::ReadWrite);
        let (client, connection) = config.connect(NoTls).await?;
        let driver = tokio::spawn(async move { drop(connection.await) });
        let mut session = Self { client, driver, statements: Vec::new(), since: Instant::now() };
        session.client.query(schema::END_EARLIER, &[&name]).await?;
        // Whoever hangs in the middle of a transaction does not hold up others for longer than it would if it were dead.
        let settings = format!(
            "{}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
            schema::SETTINGS,
            millis(options.patience.mul_f64(0.8)),
            millis(options.lease)
        );
        session.client.batch_execute(&settings).await?;
        session.furnish().await?;
        session.statements = try_join_all(ASKED.iter().map(|text| session.client.prepare(text))).await?;
        Ok(session)
    }

    async fn furnish(&self) -> Result<(), Trouble> {
        let there = self.client.query_one(schema::IS_THERE, &[]).await?;
        if !there.try_get::<_, bool>(0)? {
            // Whoever waited for this finds them.
            let tables = format!(
                "BEGIN; {}; DO $$ BEGIN IF to_regclass('titanic_queue') IS NULL THEN {} END IF; END $$; COMMIT",
                schema::ALONE,
                schema::TABLES
            );
            self.client.batch_execute(&tables).await?;
        }
        let row = self.client.query_one(schema::FORM_AND_SYNC, &[]).await?;
        if row.try_get::<_, i32>(0)? != schema::FORM {
            return Err(Trouble::broken("its tables are of another version"));
        }
        if row.try_get::<_, &str>(1)? != "on" {
            return Err(Trouble::broken(
                "fsync is off: the database would lose what it has promised to keep",
            ));
        }
        Ok(())
    }

    pub(super) async fn query(
        &self,
        ask: Ask,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        let statement =
            self.statements.get(ask as usize).ok_or_else(|| Trouble::broken("no such statement"))?;
        Ok(self.client.query(statement, parameters).await?)
    }

    /// Begins a transaction, and tells what there is: waiting, finished, octets.
    pub(super) async fn begin(&self) -> Result<[i64; 3], Trouble> {
        let begin = self.client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
        let (begun, totals) = join(begin, self.query(Ask::Totals, &[])).await;
        begun?;
        let totals = totals?;
        let row = totals.first().ok_or_else(|| Trouble::broken("no totals"))?;
        Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?])
    }

    /// Ends a transaction that has changed nothing.
    pub(super) async fn leave(&self) -> Result<(), Trouble> {
        Ok(self.client.batch_execute("ROLLBACK").await?)
    }

    /// Ends a transaction, with the signature of whoever made it.
    pub(super) async fn commit(&self, signature: &[&(dyn ToSql + Sync)]) -> Result<(), Trouble> {
        // If the signature fails, the database takes the COMMIT for a ROLLBACK.
        let (signed, committed) =
            join(self.query(Ask::Sign, signature), self.client.batch_execute("COMMIT")).await;
        signed?;
        Ok(committed?)
    }

    /// The number of the last transaction that was committed by this Titanic.
    pub(super) async fn last_batch(&self, daemon: &Number) -> Result<Option<i64>, Trouble> {
        let row = self.client.query_opt(schema::LAST_BATCH, &[&&daemon[..]]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}

/// As the database takes a time: 0 would be for ever, and 24 days are the longest.
fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Trouble {
    pub(super) fn broken(why: &'static str) -> Self {
        Self { error: StoreError::new(why), passing: false }
    }

    pub(super) fn away(why: &'static str) -> Self {
        Self { error: StoreError::away(why), passing: true }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        // What is not said by the database is said of the way to it.
        let passing = error.as_db_error().is_none_or(passes);
        let error = if passing { StoreError::away(error) } else { StoreError::new(error) };
        Self { error, passing }
    }
}

/// Whether what the database says may be otherwise in a moment.
fn passes(error: &DbError) -> bool {
    let moments = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_SESSION_TIMEOUT,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ];
    error.code().code().starts_with("08") || moments.contains(error.code())
}
