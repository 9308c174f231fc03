//! Who talks to the database: readers, and the one transaction that writes.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult};

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

/// Runs a writing statement.
pub(crate) async fn execute<S>(tx: &Tx, statement: &S) -> Result<ExecResult, DbErr>
where
    S: sea_orm::StatementBuilder,
{
    tx.0.execute(statement).await
}
