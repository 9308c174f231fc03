//! The market through the whole stack: contract, chain, book, database, outbox.

mod model;
mod orders;
mod street;
