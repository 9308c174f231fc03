//! Who talks to the database: readers, and the one transaction that writes.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, Statement,
    TransactionTrait,
};

use crate::StoreError;

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
pub struct Reader(pub(crate) DatabaseConnection);

/// The transaction that writes. Dropped without [`Tx::commit`], it leaves no trace.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Tx(pub(crate) DatabaseTransaction);

impl Tx {
    /// Makes the writes durable: when this returns, a power cut does not undo them.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }

    /// Forgets the writes.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.0.rollback().await?)
    }
}

impl sealed::Connected for Reader {
    type Connection = DatabaseConnection;

    fn connection(&self) -> &DatabaseConnection {
        &self.0
    }
}

impl sealed::Connected for Tx {
    type Connection = DatabaseTransaction;

    fn connection(&self) -> &DatabaseTransaction {
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
    let savepoint = tx.0.begin().await?;
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
