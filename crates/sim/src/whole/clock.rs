//! Virtual time: that of the paused runtime. The computer's time of day can be set; the world's cannot.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use enerlink_domain::{Clock, UnixMillis, clock::BoxFuture};
use tokio::time::Instant;

/// The world's time, which nobody sets.
#[derive(Clone, Debug)]
pub(super) struct WorldTime {
    start: UnixMillis,
    begun: Instant,
    /// What the computer's clock is ahead, in milliseconds.
    shift: Arc<AtomicI64>,
}

impl WorldTime {
    pub(super) fn new(start: UnixMillis) -> Self {
        Self {
            start,
            begun: Instant::now(),
            shift: Arc::default(),
        }
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.start.plus(self.begun.elapsed())
    }

    /// Sets the computer's clock forward or back.
    pub(super) fn shift(&self, milliseconds: i64) {
        self.shift.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// The clock of a computer that is switched on now.
    pub(super) fn computer(&self) -> Arc<dyn Clock> {
        Arc::new(Computer {
            world: self.clone(),
            booted: Instant::now(),
        })
    }
}

struct Computer {
    world: WorldTime,
    booted: Instant,
}

impl Clock for Computer {
    fn wall(&self) -> UnixMillis {
        UnixMillis(self.world.now().0 + self.world.shift.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.booted.elapsed()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.booted + deadline))
    }
}
