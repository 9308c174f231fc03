//! Who talks to the database: readers, and the one transaction that writes.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, Statement,
    TransactionTrait,
};

use tokio::sync::OwnedSemaphorePermit;

use crate::{StoreError, lockstep::Paced};

pub(crate) mod sealed {
    /// Keeps the connection out of the public interface.
    pub trait Connected: Send + Sync {
        /// What runs the statements.
        type Connection: sea_orm::ConnectionTrait + Send;
        /// The connection.
        fn connection(&self) -> &Self::Connection;
    }
}

/// Something that can be read from: a [`Reader`] or a [`Tx`].
pub trait Read: sealed::Connected {}

/// Sees what was committed when each of its statements began. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader(pub(crate) Paced<DatabaseConnection>);

/// The transaction that writes. Dropped without [`Tx::commit`], it leaves no trace.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Tx(
    pub(crate) Paced<DatabaseTransaction>,
    /// In lockstep, the turn to write: it ends after the transaction.
    #[expect(dead_code, reason = "held as long as the transaction lasts")]
    pub(crate) Option<OwnedSemaphorePermit>,
);

impl Tx {
    /// Makes the writes durable: when this returns, a power cut does not undo them.
    pub async fn commit(self) -> Result<(), StoreError> {
        let lockstep = self.0.lockstep().cloned();
        self.0.finish(DatabaseTransaction::commit).await?;
        if let Some(lockstep) = lockstep {
            lockstep.committed().await;
        }
        Ok(())
    }

    /// Forgets the writes.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.0.finish(DatabaseTransaction::rollback).await?)
    }
}

impl sealed::Connected for Reader {
    type Connection = Paced<DatabaseConnection>;

    fn connection(&self) -> &Self::Connection {
        &self.0
    }
}

impl sealed::Connected for Tx {
    type Connection = Paced<DatabaseTransaction>;

    fn connection(&self) -> &Self::Connection {
        &self.0
    }
}

impl<R: Read> sealed::Connected for &R {
    type Connection = R::Connection;

    fn connection(&self) -> &R::Connection {
        (*self).connection()
    }
}

impl Read for Reader {}
impl Read for Tx {}
impl<R: Read> Read for &R {}

/// Runs a writing statement. One that is refused leaves the transaction usable: PostgreSQL would give up all of it, so
/// that there the statement has a savepoint.
pub(crate) async fn execute_raw(tx: &Tx, statement: Statement) -> Result<ExecResult, DbErr> {
    if tx.0.get_database_backend() != DbBackend::Postgres {
        return tx.0.execute_raw(statement).await;
    }
    let savepoint = tx.0.inner().begin().await?;
    match savepoint.execute_raw(statement).await {
        Ok(done) => savepoint.commit().await.map(|()| done),
        Err(error) => savepoint.rollback().await.and(Err(error)),
    }
}

/// [`execute_raw`] of a statement that is built first.
pub(crate) async fn execute<S>(tx: &Tx, statement: &S) -> Result<ExecResult, DbErr>
where
    S: sea_orm::StatementBuilder,
{
    execute_raw(tx, tx.0.get_database_backend().build(statement)).await
}
