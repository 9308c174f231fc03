//! The market through the whole stack: contract, chain, book, database, outbox.

mod alarm;
mod model;
mod orders;
mod street;
