//! Supervision: a task that fails or panics is reported and started again with back-off, never silent.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use enerlink_domain::{Clock, Code, Error, Event};
use futures_util::FutureExt;
use tokio::{sync::watch, task::JoinSet};

use crate::bus::Bus;

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
    stop: watch::Sender<bool>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            running: JoinSet::new(),
            stop: watch::channel(false).0,
        }
    }

    /// Starts `task` and keeps it running until [`Tasks::stop`].
    pub(crate) fn spawn<T: Task>(&mut self, mut task: T, clock: Arc<dyn Clock>, bus: Bus) {
        let mut stop = self.stop.subscribe();
        self.running.spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                let started = clock.monotonic();
                let outcome = tokio::select! {
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
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = clock.sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    /// Stops all tasks at their next point of rest and waits for them.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.running.join_next().await.is_some() {}
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
