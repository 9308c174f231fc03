//! The guard: scenarios, and any sequence of events against a plain model of what it must never do.

mod model;
mod scenarios;
mod world;
