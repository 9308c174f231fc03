//! A simulated neighbourhood: homes with their meters, an embedded broker, an in-process Ethereum node, and clocks to
//! run them by. Doubles stand at the wire; the wallet's own code runs unchanged against them.

pub mod broker;
pub mod clock;
pub mod home;
pub mod node;
