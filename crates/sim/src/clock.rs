//! Two clocks that are not the system's: one that runs faster, one that is moved by hand.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use enerlink_domain::{Clock, UnixMillis, clock::BoxFuture};
use tokio::{sync::watch, time::Instant};

/// Time that starts at a chosen moment and runs a whole number of times as fast as real time.
#[derive(Debug)]
pub struct SimClock {
    start: UnixMillis,
    speed: u32,
    origin: Instant,
}

impl SimClock {
    /// A clock that shows `start` now; a `speed` of 0 counts as 1.
    pub fn new(start: UnixMillis, speed: u32) -> Self {
        Self {
            start,
            speed: speed.max(1),
            origin: Instant::now(),
        }
    }
}

impl Clock for SimClock {
    fn wall(&self) -> UnixMillis {
        self.start.plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed().saturating_mul(self.speed)
    }

    fn pace(&self) -> u32 {
        self.speed
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        // A nanosecond more, because the division rounds down and the clock must have reached the deadline.
        let real = deadline / self.speed + Duration::from_nanos(1);
        let wake = self.origin + real;
        Box::pin(tokio::time::sleep_until(wake))
    }
}

/// Time that stands still until it is advanced.
#[derive(Debug)]
pub struct ManualClock {
    start: UnixMillis,
    shift_ms: AtomicI64,
    elapsed: watch::Sender<Duration>,
}

impl ManualClock {
    /// A clock that shows `start` until it is advanced.
    pub fn new(start: UnixMillis) -> Self {
        Self {
            start,
            shift_ms: AtomicI64::new(0),
            elapsed: watch::Sender::new(Duration::ZERO),
        }
    }

    /// Moves both times forward and wakes whoever waited for that.
    pub fn advance(&self, duration: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed += duration);
    }

    /// Sets the time of day forward or, when negative, back, as a person or a time server does; the monotonic time
    /// goes on.
    pub fn shift_wall(&self, milliseconds: i64) {
        self.shift_ms.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> UnixMillis {
        let now = self.start.plus(self.monotonic());
        UnixMillis(now.0.saturating_add(self.shift_ms.load(Ordering::Relaxed)))
    }

    fn monotonic(&self) -> Duration {
        *self.elapsed.borrow()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let mut elapsed = self.elapsed.subscribe();
        Box::pin(async move {
            if elapsed.wait_for(|elapsed| *elapsed >= deadline).await.is_err() {
                // The clock is gone, so its time never comes.
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis(1_762_045_200_000);

    #[tokio::test]
    async fn a_fast_clock_reaches_its_deadlines() {
        let clock = SimClock::new(START, 600);
        for _ in 0..20 {
            let deadline = clock.monotonic() + Duration::from_millis(1501);
            let real = Instant::now();
            clock.sleep_until(deadline).await;
            assert!(clock.monotonic() >= deadline);
            assert!(real.elapsed() < Duration::from_millis(500));
        }
        let before = clock.monotonic();
        let wall = clock.wall().since(START);
        let after = clock.monotonic();
        let rounding = Duration::from_millis(1);
        assert!(
            before <= wall + rounding && wall <= after + rounding,
            "{before:?} {wall:?} {after:?}"
        );
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_it_is_advanced() {
        let clock = ManualClock::new(START);
        let early = tokio::spawn(clock.sleep(Duration::from_secs(5)));
        let late = tokio::spawn(clock.sleep(Duration::from_secs(9)));
        clock.advance(Duration::from_secs(5));
        early.await.expect("woken");
        assert!(!late.is_finished());
        assert_eq!(clock.wall(), START.plus(Duration::from_secs(5)));
        clock.shift_wall(-86_400_000);
        assert_eq!(clock.wall().0, START.0 + 5_000 - 86_400_000);
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
        clock.advance(Duration::from_secs(4));
        late.await.expect("woken");
    }
}
