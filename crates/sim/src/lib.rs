//! The simulated neighbourhood: homes with meters, an embedded broker, an Ethereum node in this process, and time that
//! can run faster. Deterministic by seed. Everything behind a wire may be swapped for the real thing.

pub mod broker;
pub mod clock;
pub mod demo;
pub mod home;
pub mod node;
#[cfg(feature = "whole")]
pub mod proxy;
#[cfg(feature = "whole")]
pub mod whole;
