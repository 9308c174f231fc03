//! The trace of one run: what happened when, as text for a person and as a hash that two equal runs share.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

/// FNV-1a, 64 bits: enough to tell two runs apart, and the same everywhere.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Collects what happens. Clones write to the same trace.
#[derive(Clone)]
pub(super) struct Trace(Arc<Mutex<Inner>>);

struct Inner {
    begun: Instant,
    hash: u64,
    lines: u64,
    /// The newest lines, for a failure; all of them when there is no bound.
    kept: std::collections::VecDeque<String>,
    bound: usize,
}

impl Trace {
    /// A trace that begins now and keeps its last `bound` lines.
    pub(super) fn new(bound: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            begun: Instant::now(),
            hash: OFFSET,
            lines: 0,
            kept: std::collections::VecDeque::new(),
            bound,
        })))
    }

    /// Notes that something happens now.
    pub(super) fn say(&self, what: impl fmt::Display) {
        let mut inner = self.inner();
        let line = format!("{:>10.3}  {what}", inner.begun.elapsed().as_secs_f64());
        for byte in line.bytes() {
            inner.hash = (inner.hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        inner.lines += 1;
        if inner.kept.len() == inner.bound {
            inner.kept.pop_front();
        }
        inner.kept.push_back(line);
    }

    /// The hash over everything so far.
    pub(super) fn hash(&self) -> u64 {
        self.inner().hash
    }

    /// The lines that were kept.
    pub(super) fn lines(&self) -> Vec<String> {
        self.inner().kept.iter().cloned().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves a shorter trace, not a wrong one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
