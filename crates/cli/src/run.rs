//! `enerlink run` and `enerlink status`.

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{
    Address, Code, Event, NoticeKind, Registration, TxStage,
    event::VaultState,
    guard::GuardState,
    meter::Link,
    settlement::SettlementFilter,
    view::{Diagnostics, Latency},
    wallet::LockReason,
};
use enerlink_engine::{Access, Engine};
use serde_json::json;

use crate::{
    arguments::{ProfileArguments, RunArguments},
    failure::Outcome,
    guard, output, records, session, settle, signals, tokens,
};

/// An event as a line of JSON; a settlement as `enerlink settle list` shows it.
fn line(event: &Event) {
    #[derive(serde::Serialize)]
    struct Settled<'a> {
        event: &'static str,
        #[serde(flatten)]
        row: settle::Row<'a>,
    }
    match event {
        Event::Settlement(row) => output::line(&Settled {
            event: "settlement",
            row: settle::Row::of(row),
        }),
        other => output::line(other),
    }
}

/// Runs the wallet until it is told to stop.
pub(crate) async fn run(arguments: &RunArguments, json: bool) -> Outcome {
    // From the first moment: the signal would end a process that does not listen to it.
    let mut lock_asked = signals::Lock::listen();
    let engine = session::open_unlocked(&arguments.unlock).await?;
    let mut events = engine.events();
    output::answer(
        json,
        &json!({ "event": "started", "status": engine.status() }),
        |_| "EnerLink is running; Ctrl+C stops it.".to_owned(),
    );
    let mut teller = Teller::new(json);
    engine.snapshot().iter().for_each(|event| teller.tell(event));
    let stop = stop_after(arguments.length);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = lock_asked.next() => engine.lock(LockReason::Person),
            event = events.next() => match event {
                Some(event) => teller.tell(&event),
                None => break,
            }
        }
    }
    engine.stop().await;
    Ok(())
}

/// Tells events: all of them as JSON, or to a person what is new.
struct Teller {
    json: bool,
    /// How each guard stood when it was told of last: its amounts move on with every reading.
    guards: BTreeMap<Address, GuardState>,
}

impl Teller {
    fn new(json: bool) -> Self {
        Self {
            json,
            guards: BTreeMap::new(),
        }
    }

    fn tell(&mut self, event: &Event) {
        match event {
            event if self.json => line(event),
            Event::Guard(view) if self.guards.get(&view.owner) == Some(&view.state) => {}
            Event::Guard(view) => {
                self.guards.insert(view.owner, view.state.clone());
                say(event);
            }
            event => say(event),
        }
    }
}

/// What a person at a terminal wants to know as it happens: what was settled, what is in the way, what to do about it.
fn say(event: &Event) {
    match event {
        Event::Settlement(row) => {
            let reason = row
                .reason
                .as_ref()
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            let (status, energy) = (row.status.as_str(), row.energy_wh.0);
            output::text_line(&format!(
                "settlement {}: {status}, {energy} Wh, {} ETK{reason}",
                row.settlement_id, row.etk
            ));
        }
        Event::Transaction(tx) => match tx.stage {
            TxStage::NoGas => trouble("gas", tx.reason.as_deref(), Code::NoGas),
            TxStage::AwaitingUnlock => trouble("signature", tx.reason.as_deref(), Code::Locked),
            _ => {}
        },
        Event::Chain(chain) => down("chain", &chain.link),
        Event::Storage(link) => down("database", link),
        Event::Device(device) => down(&format!("meter {}", device.meter_id), &device.link),
        Event::Registration {
            meter_id,
            registration,
        } => match registration {
            Registration::Missing => trouble(
                meter_id.as_str(),
                Some("not registered on chain"),
                Code::MeterUnregistered,
            ),
            Registration::Foreign { .. } | Registration::Retired => {
                trouble(
                    meter_id.as_str(),
                    Some("not registered to this wallet"),
                    Code::MeterForeign,
                );
            }
            Registration::Unknown | Registration::Registered | Registration::Open { .. } => {}
        },
        Event::Command(command) => output::text_line(&format!("command {}", crate::meter::fared(command))),
        // The order has told so itself.
        Event::Notice(notice) if notice.kind == NoticeKind::OrderFilled => {}
        Event::Notice(notice) => output::text_line(&records::told(notice)),
        Event::TaskFailed { task, error } => {
            output::text_line(&format!(
                "{task} failed and starts again: {error}. {}",
                error.code.next_step()
            ));
        }
        Event::Vault { state, reason } => {
            if let (VaultState::Locked, Some(reason)) = (state, reason) {
                output::text_line(why_locked(*reason));
            }
        }
        Event::Guard(view) => output::text_line(&format!("guard {}", guard::standing(view))),
        Event::Order(order) => output::text_line(&crate::market::told(order)),
        Event::Movement(row) => output::text_line(&tokens::moved(row)),
        // The notice of a price tells as much.
        Event::PriceAlert(_) => {}
        Event::Meter(_)
        | Event::Market(_)
        | Event::Wallets { .. }
        | Event::Activity(_)
        | Event::Estimate(_)
        | Event::Balances(_)
        | Event::Lagged { .. } => {}
    }
}

fn why_locked(reason: LockReason) -> &'static str {
    match reason {
        LockReason::Person => "locked by hand; settlement goes on under the settlement key",
        LockReason::Idle => "locked: nobody was there",
        LockReason::Suspend => "locked: the computer slept",
        LockReason::Screen => "locked: the screen is locked",
        LockReason::Exit => "locked",
    }
}

fn down(what: &str, link: &Link) {
    if let Some(code) = link.code.filter(|_| !link.up) {
        trouble(what, link.message.as_deref(), code);
    }
}

fn trouble(what: &str, message: Option<&str>, code: Code) {
    output::text_line(&format!(
        "{what}: {}. {}",
        message.unwrap_or("waits").trim_end_matches('.'),
        code.next_step()
    ));
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
        () = signals::terminated() => {}
    }
}

/// Shows the profile as it is stored.
pub(crate) async fn status(arguments: &ProfileArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.data_dir, Access::ReadOnly).await?;
    let settlements = engine
        .settlements(&SettlementFilter::default(), 1, None)
        .await?
        .rows;
    let (meters, told) = session::told_meters(&engine);
    let (diagnostics, age) = told.unzip();
    let value = json!({
        "status": engine.status(),
        "network": engine.network_view(),
        "meters": meters,
        "last_settlement": settlements.first(),
        "diagnostics": diagnostics,
        "diagnostics_age_ms": age,
    });
    output::answer(json, &value, |_| {
        let figures = diagnostics
            .as_ref()
            .zip(age)
            .map(|(told, age)| figures(told, age));
        sentence(&engine) + &figures.unwrap_or_default()
    });
    Ok(())
}

/// How the running core fares, in two lines.
fn figures(told: &Diagnostics, age_ms: u64) -> String {
    let brokers = told.brokers.iter().filter(|broker| broker.connected).count();
    format!(
        "\n  {} s ago: {}.{:03} messages/s, {} waiting (most {}), {}/{} broker(s) connected\n  decode {}, commit {}, \
         command {}, node {}, settlement {}, database {} MB{}",
        age_ms / 1000,
        told.messages_per_1000s / 1000,
        told.messages_per_1000s % 1000,
        told.queue,
        told.queue_peak,
        brokers,
        told.brokers.len(),
        latency(told.decode),
        latency(told.commit),
        latency(told.command),
        latency(told.rpc),
        latency(told.settlement),
        told.database_bytes.div_ceil(1_000_000),
        if told.storage.up {
            ""
        } else {
            ", cannot be written"
        },
    )
}

fn latency(latency: Latency) -> String {
    let text = |micros: u64| match micros {
        0..10_000 => format!("{micros} µs"),
        10_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    };
    match latency.count {
        0 => "–".to_owned(),
        _ => format!("{} (p99 {})", text(latency.p50_us), text(latency.p99_us)),
    }
}

fn sentence(engine: &Engine) -> String {
    let status = engine.status();
    let network = engine.network_view().map_or_else(
        || "no network".to_owned(),
        |network| format!("chain {}", network.chain_id),
    );
    let mut text = format!(
        "{}: {} wallet(s), {network}, {} meter(s)",
        status.data_dir,
        status.wallets.len(),
        status.meters
    );
    for wallet in &status.wallets {
        for account in &wallet.accounts {
            let primary = if status.primary == Some(account.address) {
                ", primary"
            } else {
                ""
            };
            text += &format!("\n  {} ({}{primary})", account.address, wallet.name);
        }
    }
    text
}
