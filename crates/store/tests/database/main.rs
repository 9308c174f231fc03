//! The database through its public calls: every table, the one writer, rollups against a model, damage, opening.

mod damage;
mod generate;
mod opening;
mod rollups;
mod round_trips;
mod settling;
mod traffic;
mod wallets;
mod writing;
