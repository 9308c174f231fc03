//! The time of a household.

use super::*;

/// The time of a household; its time of day can be set, while the chain keeps its own.
pub(crate) struct HouseClock {
    pub(super) inner: SimClock,
    shift_ms: AtomicI64,
    /// Whether whoever sits at it lives by real time.
    simulated: AtomicBool,
}

impl HouseClock {
    pub(super) fn new(speed: u32) -> Self {
        Self {
            inner: SimClock::new(MORNING, speed),
            shift_ms: AtomicI64::new(0),
            simulated: AtomicBool::new(false),
        }
    }

    /// Sets the time of day forward or, when negative, back.
    pub(crate) fn shift(&self, milliseconds: i64) {
        self.shift_ms.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// From now on a person at it lives by real time, or by its time.
    pub(crate) fn simulate(&self, simulated: bool) {
        self.simulated.store(simulated, Ordering::Relaxed);
    }

    /// Waits until so much of its time has passed.
    pub(crate) async fn pass(&self, time: Duration) {
        self.sleep(time).await;
    }
}

impl Clock for HouseClock {
    fn wall(&self) -> UnixMillis {
        UnixMillis(self.inner.wall().0 + self.shift_ms.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.inner.monotonic()
    }

    fn pace(&self) -> u32 {
        match self.simulated.load(Ordering::Relaxed) {
            true => self.inner.pace(),
            false => 1,
        }
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.inner.sleep_until(deadline)
    }
}
