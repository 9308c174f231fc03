//! `enerlink`: the wallet's engine without a window, for a small always-on computer, for scripts and for operators.

mod arguments;
mod contacts;
mod database;
mod demo;
mod failure;
mod guard;
mod history;
mod market;
mod meter;
mod moment;
mod network;
mod operator;
mod output;
mod pages;
mod records;
mod run;
mod secret;
mod session;
mod settle;
mod signals;
mod sim;
mod tokens;
mod transactions;
mod wallet;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

#[tokio::main]
async fn main() -> ExitCode {
    // clap answers bad usage with exit code 2.
    let arguments = Arguments::parse();
    log_to_stderr(match arguments.command {
        // What goes wrong there does so on purpose.
        Command::Sim(_) => "off",
        _ => "warn,rumqttd=off",
    });
    enerlink_engine::harden_process();
    let json = arguments.json;
    let outcome = match arguments.command {
        Command::Demo(options) => demo::demo(options).await,
        Command::Run(options) => run::run(&options, json).await,
        Command::Status(options) => run::status(&options, json).await,
        Command::Network(command) => network::network(command, json).await,
        Command::Wallet(command) => wallet::wallet(command, json).await,
        Command::Contacts(command) => contacts::contacts(command, json).await,
        Command::Market(command) => market::market(command, json).await,
        Command::Meter(command) => meter::meter(command, json).await,
        Command::History(options) => history::history(options, json).await,
        Command::Messages(options) => records::messages(options, json).await,
        Command::Notices(options) => records::notices(options, json).await,
        Command::Export(command) => records::export(command, json).await,
        Command::Database(command) => database::database(command, json).await,
        Command::Preferences(options) => records::preferences(options, json).await,
        Command::Guard(command) => guard::guard(command, json).await,
        Command::Settle(command) => settle::settle(command, json).await,
        Command::Send(arguments) => tokens::send(arguments, json).await,
        Command::Ramp(command) => tokens::ramp(command, json).await,
        Command::Transfers(arguments) => tokens::transfers(arguments, json).await,
        Command::Allowances(command) => tokens::allowances(command, json).await,
        Command::Sim(arguments) => sim::sim(arguments, json).await,
        Command::Tx(command) => transactions::transactions(command, json).await,
        Command::Operator(command) => operator::operator(command, json).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(json);
            ExitCode::FAILURE
        }
    }
}

/// Answers go to standard output, everything else to standard error.
fn log_to_stderr(default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ENERLINK_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter)
        .init();
}
