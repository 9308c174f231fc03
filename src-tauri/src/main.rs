//! The desktop app.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    match enerlink_wallet::run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Before there is a window, the terminal is the only place to say it.
            #[expect(
                clippy::print_stderr,
                reason = "the only output of the app outside its window"
            )]
            {
                eprintln!("EnerLink cannot start: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
