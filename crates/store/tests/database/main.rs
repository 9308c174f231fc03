//! The database through its public calls: every table, the one writer, rollups against a model, damage, opening. On
//! SQLite, or on the PostgreSQL server of `DATABASE_URL`.

mod backend;
mod copies;
mod damage;
mod facts;
mod generate;
mod golden;
mod growth;
mod guards;
mod market;
mod opening;
#[cfg(unix)]
mod postgres;
mod retention;
mod rollups;
mod round_trips;
mod settling;
mod tokens;
mod traffic;
mod wallets;
mod writing;
