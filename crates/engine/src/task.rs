//! Supervision: a task that fails or panics is reported and started again with back-off, never silent.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use enerlink_domain::{Clock, Code, Error, Event};
use futures_util::FutureExt;
use tokio::{runtime::RuntimeFlavor, sync::watch, task::JoinSet};

use crate::{bus::Bus, storage, wires::Spawner};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A loop that owns its state. `run` begins by loading what it needs, so that it can begin again after a failure.
pub(crate) trait Task: Send + 'static {
    /// Shown when the task fails.
    const NAME: &'static str;

    /// Runs until something fails.
    fn run(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The running tasks of an engine.
pub(crate) struct Tasks {
    running: JoinSet<()>,
    /// Drives the tasks instead.
    spawner: Option<Spawner>,
    storage: storage::Handle,
    stop: watch::Sender<bool>,
}

impl Tasks {
    pub(crate) fn new(spawner: Option<Spawner>, storage: storage::Handle) -> Self {
        Self {
            running: JoinSet::new(),
            spawner,
            storage,
            stop: watch::channel(false).0,
        }
    }

    /// Starts `task` and keeps it running until [`Tasks::stop`].
    pub(crate) fn spawn<T: Task>(&mut self, mut task: T, clock: Arc<dyn Clock>, bus: Bus) {
        let mut stop = self.stop.subscribe();
        let storage = self.storage.clone();
        let supervised = async move {
            let mut pause = FIRST_PAUSE;
            loop {
                let started = clock.monotonic();
                let outcome = tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => return,
                    outcome = AssertUnwindSafe(task.run()).catch_unwind() => outcome,
                };
                let error = match outcome {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => error,
                    Err(panic) => Error::new(
                        Code::Internal,
                        format!("the task panicked: {}", panic_text(&*panic)),
                    ),
                };
                tracing::error!(task = T::NAME, code = ?error.code, %error, "task failed");
                if error.code == Code::Storage {
                    // It is told once for all tasks, and tried again for all of them.
                    storage.refused(error);
                    tokio::select! {
                        biased;
                        _ = stop.wait_for(|stop| *stop) => return,
                        () = storage.writable() => continue,
                    }
                }
                bus.tell(Event::TaskFailed {
                    task: T::NAME.to_owned(),
                    error,
                });
                pause = if clock.monotonic() - started > LONGEST_PAUSE {
                    FIRST_PAUSE
                } else {
                    pause
                };
                tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = clock.sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        match &self.spawner {
            Some(spawn) => spawn(Box::pin(supervised)),
            None => {
                self.running.spawn(supervised);
            }
        }
    }

    /// Stops all tasks at their next point of rest and waits for them.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.running.join_next().await.is_some() {}
        self.stop.closed().await;
    }
}

/// Runs what would hold others up on a thread of its own. On a runtime of one thread there is nobody whom it could hold
/// up for long, and what comes first must not depend on threads.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    if tokio::runtime::Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(Code::Internal, error.to_string()))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
