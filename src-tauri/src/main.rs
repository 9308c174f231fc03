//! The desktop app.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    match enerlink_wallet::run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            enerlink_wallet::tell_failure(&error);
            // Before there is a window, the terminal is where Linux says it.
            #[expect(clippy::print_stderr, reason = "the only output of the app on a terminal")]
            {
                eprintln!("EnerLink cannot start: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
