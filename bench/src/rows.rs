//! How many rows the store has read: it says so, at the level of its finest trace.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Result;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber,
};

/// What the store's reads are told under.
const TARGET: &str = "enerlink::store::read";

static READ: AtomicU64 = AtomicU64::new(0);

/// Rows that were read since [`count`].
pub(crate) fn read() -> u64 {
    READ.load(Ordering::Relaxed)
}

/// Begins to count.
pub(crate) fn count() -> Result<()> {
    Ok(subscriber::set_global_default(Counting)?)
}

struct Counting;

impl Subscriber for Counting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Rows);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Rows;

impl Visit for Rows {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows" {
            READ.fetch_add(value, Ordering::Relaxed);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
