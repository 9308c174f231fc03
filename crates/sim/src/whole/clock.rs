//! The world's time: that of the paused runtime, or real time that runs faster. The computer's time of day can be set;
//! the world's cannot.

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
    /// Seconds of a second of the runtime.
    speed: u32,
    /// What the computer's clock is ahead, in milliseconds.
    shift: Arc<AtomicI64>,
}

impl WorldTime {
    pub(super) fn new(start: UnixMillis, speed: u32) -> Self {
        Self {
            start,
            begun: Instant::now(),
            speed: speed.max(1),
            shift: Arc::default(),
        }
    }

    /// Since the world began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed() * self.speed
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.start.plus(self.elapsed())
    }

    /// Waits until so much has passed since the world began.
    pub(super) async fn sleep_until(&self, moment: Duration) {
        tokio::time::sleep_until(self.begun + moment / self.speed).await;
    }

    pub(super) async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time / self.speed).await;
    }

    /// Sets the computer's clock forward or back.
    pub(super) fn shift(&self, milliseconds: i64) {
        self.shift.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// What the computer's clock shows.
    pub(super) fn wall(&self) -> UnixMillis {
        UnixMillis(self.now().0 + self.shift.load(Ordering::Relaxed))
    }

    /// The clock of a computer that is switched on now.
    pub(super) fn computer(&self) -> Arc<dyn Clock> {
        Arc::new(Computer {
            world: self.clone(),
            booted: self.elapsed(),
        })
    }
}

struct Computer {
    world: WorldTime,
    booted: Duration,
}

impl Clock for Computer {
    fn wall(&self) -> UnixMillis {
        self.world.wall()
    }

    fn monotonic(&self) -> Duration {
        self.world.elapsed().saturating_sub(self.booted)
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let (world, moment) = (self.world.clone(), self.booted + deadline);
        Box::pin(async move { world.sleep_until(moment).await })
    }
}
