//! Lockstep, for a simulation whose every run must be the same: a statement is carried out before its future is
//! pending for the first time, so that the order of everything else never depends on the threads of a database.

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use enerlink_domain::clock::BoxFuture;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, entity::prelude::async_trait,
};
use tokio::runtime::Handle;

/// Awaited after each commit: where a simulation may let the process die.
pub type AfterCommit = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// How a simulation runs a database. What the database's driver needs of a runtime it finds in another one, which runs
/// in real time and whose threads are waited for.
#[derive(Clone)]
pub struct Lockstep {
    driver: Handle,
    after_commit: AfterCommit,
}

impl Lockstep {
    /// The driver's tasks and timers go to `driver`, a runtime on other threads than the caller's.
    pub fn new(driver: Handle, after_commit: AfterCommit) -> Self {
        Self { driver, after_commit }
    }

    /// Runs `work` to its end, however long this thread has to wait.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let _driver = self.driver.enter();
        // The share of time that this task has must not end a wait that nobody else can take up.
        let mut work = pin!(tokio::task::unconstrained(work));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match work.as_mut().poll(&mut context) {
                Poll::Ready(done) => return done,
                Poll::Pending => thread::park(),
            }
        }
    }

    pub(crate) async fn committed(&self) {
        (self.after_commit)().await;
    }
}

impl fmt::Debug for Lockstep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lockstep")
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A connection or a transaction, in lockstep when there is one.
#[derive(Clone, Debug)]
pub struct Paced<C> {
    /// Absent only while it is being dropped or has ended.
    inner: Option<C>,
    lockstep: Option<Lockstep>,
}

impl<C> Paced<C> {
    pub(crate) fn new(inner: C, lockstep: Option<Lockstep>) -> Self {
        Self {
            inner: Some(inner),
            lockstep,
        }
    }

    pub(crate) fn inner(&self) -> &C {
        self.inner.as_ref().expect("it is taken only at the end")
    }

    pub(crate) fn lockstep(&self) -> Option<&Lockstep> {
        self.lockstep.as_ref()
    }

    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.lockstep {
            Some(lockstep) => lockstep.run(work),
            None => work.await,
        }
    }

    /// Lets `end` end what is inside.
    pub(crate) async fn finish<T, F: Future<Output = T>>(mut self, end: impl FnOnce(C) -> F) -> T {
        let inner = self.inner.take().expect("it is taken only at the end");
        self.run(end(inner)).await
    }
}

impl<C> Drop for Paced<C> {
    fn drop(&mut self) {
        // A connection that is given back is looked after by a task of the driver.
        let _driver = self.lockstep.as_ref().map(|lockstep| lockstep.driver.enter());
        self.inner = None;
    }
}

#[async_trait::async_trait]
impl<C: ConnectionTrait + Send> ConnectionTrait for Paced<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.inner().execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.inner().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.inner().query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.inner().query_all_raw(statement)).await
    }
}
