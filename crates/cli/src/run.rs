//! `enerlink run` and `enerlink status`.

use std::time::Duration;

use enerlink_domain::Event;
use enerlink_engine::{Access, Engine};
use serde_json::json;

use crate::{
    arguments::{ProfileArguments, RunArguments},
    failure::Outcome,
    output, session,
};

/// Runs the wallet until it is told to stop.
pub(crate) async fn run(arguments: &RunArguments, json: bool) -> Outcome {
    let engine = session::open_unlocked(&arguments.unlock).await?;
    let mut events = engine.events();
    output::answer(
        json,
        &json!({ "event": "started", "status": engine.status() }),
        |_| "EnerLink is running; Ctrl+C stops it.".to_owned(),
    );
    if json {
        engine.snapshot().iter().for_each(output::line);
    }
    let stop = stop_after(arguments.length);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            event = events.next() => match event {
                Some(event) if json => output::line(&event),
                Some(event) => say(&event),
                None => break,
            }
        }
    }
    engine.stop().await;
    Ok(())
}

/// What a person at a terminal wants to know as it happens.
fn say(event: &Event) {
    match event {
        Event::Settlement(row) => output::text_line(&format!(
            "settlement {} {} {} Wh {} ETK{}",
            row.settlement_id,
            row.status.as_str(),
            row.energy_wh.0,
            row.etk,
            row.reason
                .as_ref()
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default()
        )),
        Event::Chain(chain) if !chain.link.up => {
            output::text_line(&format!(
                "chain: {}",
                chain.link.message.as_deref().unwrap_or("down")
            ));
        }
        Event::Device(device) if !device.link.up => {
            output::text_line(&format!(
                "meter {}: {}",
                device.meter_id,
                device.link.message.as_deref().unwrap_or("down")
            ));
        }
        Event::TaskFailed { task, error } => {
            output::text_line(&format!("{task} failed and starts again: {error}"))
        }
        _ => {}
    }
}

/// Completes after `length`, or when the process is asked to end.
pub(crate) async fn stop_after(length: Option<Duration>) {
    let time = async {
        match length {
            Some(length) => tokio::time::sleep(length).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time => {}
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending::<()>().await;
}

/// Shows the profile as it is stored.
pub(crate) async fn status(arguments: &ProfileArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.data_dir, Access::ReadOnly).await?;
    let settlements = engine.settlements(None, 1, None).await?.rows;
    let value = json!({
        "status": engine.status(),
        "network": engine.network_view(),
        "meters": engine.meters(),
        "last_settlement": settlements.first(),
    });
    output::answer(json, &value, |_| sentence(&engine));
    Ok(())
}

fn sentence(engine: &Engine) -> String {
    let status = engine.status();
    let wallet = match (&status.wallet, engine.network_view()) {
        (None, _) => "no wallet".to_owned(),
        (Some(wallet), None) => format!("wallet {} ({}), no network", wallet.address, wallet.name),
        (Some(wallet), Some(network)) => {
            format!(
                "wallet {} ({}) on chain {}",
                wallet.address, wallet.name, network.chain_id
            )
        }
    };
    format!("{}: {wallet}, {} meter(s)", status.data_dir, status.meters)
}
