//! Wires: what stands in for the world outside of the process when the engine runs in a simulation. Nothing by default.

use std::{fmt, sync::Arc};

use enerlink_domain::clock::BoxFuture;
pub use enerlink_store::Lockstep;

/// Takes a task over and drives it to its end, unless the process "dies" before.
pub type Spawner = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// The seams at which a simulation takes hold, so that every run of it is the same. The chain's is [`crate::Config::chain`].
#[derive(Clone, Default)]
pub struct Wires {
    /// The broker behind every address.
    pub broker: Option<Arc<dyn enerlink_meter::Source>>,
    /// How the database is driven.
    pub store: Option<Lockstep>,
    /// Who drives the tasks: what is woken at once has to run in one order.
    pub tasks: Option<Spawner>,
}

impl fmt::Debug for Wires {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wires")
    }
}
