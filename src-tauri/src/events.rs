//! The pump: events of the engine go to the window over one ordered channel, readings at most ten a second and meter.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use enerlink_domain::MeterId;
use enerlink_engine::{Engine, Events};
use enerlink_ipc::Event;
use tauri::ipc::Channel;

/// Ten a second and meter.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What may be thinned out: only the newest value of each matters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Stream {
    Device(MeterId),
    Estimate(MeterId),
}

/// Forwards events to `channel` until the window or the engine is gone.
pub(crate) async fn pump(engine: Engine, channel: Channel<Event>) {
    let mut events = engine.events();
    for event in engine.snapshot() {
        if channel.send(event).is_err() {
            return;
        }
    }
    let mut held: BTreeMap<Stream, (Instant, Option<Event>)> = BTreeMap::new();
    loop {
        let due = held
            .values()
            .filter(|(_, event)| event.is_some())
            .map(|(sent, _)| *sent + SHORTEST_PAUSE)
            .min();
        let Some(event) = next(&mut events, due).await else {
            return;
        };
        let passed = match event {
            Some(event) => thin(&mut held, event),
            None => release(&mut held),
        };
        for event in passed {
            if channel.send(event).is_err() {
                return;
            }
        }
    }
}

/// The next event, or `Some(None)` when a held one is due; `None` at the end.
async fn next(events: &mut Events, due: Option<Instant>) -> Option<Option<Event>> {
    let Some(due) = due else {
        return events.next().await.map(Some);
    };
    tokio::select! {
        event = events.next() => event.map(Some),
        () = tokio::time::sleep_until(due.into()) => Some(None),
    }
}

/// Passes `event` on, or holds it when its stream has just passed one.
fn thin(held: &mut BTreeMap<Stream, (Instant, Option<Event>)>, event: Event) -> Vec<Event> {
    let stream = match &event {
        Event::Device(device) => Stream::Device(device.meter_id.clone()),
        Event::Estimate(estimate) => Stream::Estimate(estimate.meter_id.clone()),
        _ => return vec![event],
    };
    let now = Instant::now();
    match held.get_mut(&stream) {
        Some((sent, waiting)) if now.duration_since(*sent) < SHORTEST_PAUSE => {
            *waiting = Some(event);
            Vec::new()
        }
        _ => {
            held.insert(stream, (now, None));
            vec![event]
        }
    }
}

/// The held events whose time has come.
fn release(held: &mut BTreeMap<Stream, (Instant, Option<Event>)>) -> Vec<Event> {
    let now = Instant::now();
    let mut passed = Vec::new();
    for (sent, waiting) in held.values_mut() {
        if waiting.is_some() && now.duration_since(*sent) >= SHORTEST_PAUSE {
            passed.extend(waiting.take());
            *sent = now;
        }
    }
    passed
}
