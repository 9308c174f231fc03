//! The fuse: lets a simulated process die at a chosen point, between two instructions as it were.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

/// Where a process may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// Before a question to the node leaves.
    Question,
    /// After the node has carried a question out, before its answer is read.
    Answer,
    /// After a commit, before anything else.
    Commit,
    /// After a message was committed, before the broker is told.
    Acknowledgement,
}

impl Point {
    pub(super) const ALL: [Self; 4] = [Self::Question, Self::Answer, Self::Commit, Self::Acknowledgement];
}

/// The life of one process. Clones are the same life.
#[derive(Clone, Default)]
pub(super) struct Fuse(Arc<Inner>);

#[derive(Default)]
struct Inner {
    lit: Mutex<Option<(Point, u32)>>,
    /// Where it died.
    at: Mutex<Option<Point>>,
    blown: AtomicBool,
    notify: Notify,
}

impl Fuse {
    /// The process dies when it passes `point` for the `count`th time from now.
    pub(super) fn light(&self, point: Point, count: u32) {
        *self.lit() = Some((point, count.max(1)));
    }

    /// Whether the process is dead.
    pub(super) fn is_blown(&self) -> bool {
        self.0.blown.load(Ordering::Relaxed)
    }

    /// The process lives on.
    pub(super) fn put_out(&self) {
        *self.lit() = None;
    }

    /// Where it died; none when it did so at any time.
    pub(super) fn point(&self) -> Option<Point> {
        *self.0.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes `point`; answers whether the process is dead now.
    pub(super) fn strike(&self, point: Point) -> bool {
        let mut lit = self.lit();
        if let Some((at, left)) = &mut *lit
            && *at == point
        {
            *left -= 1;
            if *left == 0 {
                *lit = None;
                drop(lit);
                *self.0.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(point);
                self.blow();
            }
        }
        self.is_blown()
    }

    /// Passes `point`; what is dead never goes on.
    pub(super) async fn pass(&self, point: Point) {
        if self.strike(point) {
            std::future::pending::<()>().await;
        }
    }

    /// The process dies now.
    pub(super) fn blow(&self) {
        self.0.blown.store(true, Ordering::Relaxed);
        self.0.notify.notify_one();
    }

    /// Waits for the death; for one reader.
    pub(super) async fn blown(&self) {
        if !self.is_blown() {
            self.0.notify.notified().await;
        }
    }

    fn lit(&self) -> MutexGuard<'_, Option<(Point, u32)>> {
        self.0.lit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
