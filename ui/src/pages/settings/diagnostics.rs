//! How the core itself fares, read every two seconds while somebody looks.

use std::time::Duration;

use enerlink_domain::view::{BrokerDiagnostics, Diagnostics, Latency};
use enerlink_ipc::ReadDiagnostics;
use leptos::prelude::*;

use crate::{
    components::{
        copy::copy_text,
        icon::{Glyph, Icon},
        latest::Latest,
        loaded::Waiting,
    },
    format::{self, Sign},
    i18n::{Key, Language, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// How often the figures are read.
const EVERY: Duration = Duration::from_secs(2);

/// The card with the figures.
#[component]
pub(super) fn DiagnosticsCard() -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let latest = Latest::<(), ReadDiagnostics>::new();
    let read = move || latest.ask((), ReadDiagnostics {});
    read();
    let again = move || {
        if !document().hidden() {
            read();
        }
    };
    if let Ok(handle) = set_interval_with_handle(again, EVERY) {
        on_cleanup(move || handle.clear());
    }
    let lines = move || {
        let language = language.get();
        latest
            .value
            .with(|value| value.as_ref().map(|((), figures)| lines(language, figures)))
    };
    let any = Memo::new(move |_| latest.value.with(Option::is_some));
    let copy_all = move |_| {
        let Some(lines) = untrack(lines) else { return };
        let words = lines
            .into_iter()
            .map(|line| format!("{}: {}\n", line.name, line.value));
        let text = words.collect::<String>().replace('\u{a0}', " ");
        let language = language.get_untracked();
        copy_text(text, session, language, move || {
            session.say(Tone::Good, Key::Copied.text(language).to_owned());
        });
    };
    let rows = move || {
        let rows = lines()?.into_iter().map(|line| {
            view! {
                <div>
                    <dt>{line.name}</dt>
                    <dd class:quiet=line.quiet data-testid=format!("diagnostic-{}", line.id)>{line.value}</dd>
                </div>
            }
        });
        Some(rows.collect_view())
    };
    view! {
        <section class="card" data-testid="diagnostics-card">
            <header>
                <h2>{text(Key::Diagnostics)}</h2>
                <button
                    type="button"
                    class="end button quiet small"
                    data-testid="diagnostics-copy"
                    disabled=move || !any.get()
                    on:click=copy_all
                >
                    <Glyph icon=Icon::Copy />
                    {text(Key::CopyDiagnostics)}
                </button>
            </header>
            <p class="aside">{text(Key::DiagnosticsHint)}</p>
            {move || if any.get() {
                view! { <dl class="figures wide">{rows}</dl> }.into_any()
            } else {
                view! { <Waiting error=latest.error retry=move |()| read() rows=6 /> }.into_any()
            }}
        </section>
    }
}

/// A figure in words.
#[derive(Debug, PartialEq)]
struct Line {
    id: &'static str,
    name: String,
    value: String,
    /// Nothing is known of it.
    quiet: bool,
}

fn lines(language: Language, figures: &Diagnostics) -> Vec<Line> {
    let line = |id, key: Key, value: String| Line {
        id,
        name: key.text(language).to_owned(),
        value,
        quiet: false,
    };
    let timed = |id, key: Key, latency: Latency| Line {
        quiet: latency.count == 0,
        ..line(id, key, latency_words(language, latency))
    };
    let count = |value: u64| format::count(language, value);
    let rate = format::decimal(
        language,
        i128::from(figures.messages_per_1000s),
        3,
        2,
        Sign::Negative,
    );
    let rate = [("count", rate), ("total", count(figures.messages))];
    let queue = [
        ("count", count(figures.queue.into())),
        ("peak", count(figures.queue_peak.into())),
    ];
    let mut lines = vec![
        line(
            "messages",
            Key::MessageRate,
            filled(language, Key::PerSecond, &rate),
        ),
        timed("decode", Key::DecodeTime, figures.decode),
        timed("commit", Key::CommitTime, figures.commit),
        line(
            "queue",
            Key::QueueDepth,
            filled(language, Key::QueueWords, &queue),
        ),
        line("events", Key::EventQueue, count(figures.events.into())),
    ];
    lines.extend(figures.brokers.iter().map(|broker| broker_line(language, broker)));
    lines.extend([
        timed("command", Key::CommandTime, figures.command),
        timed("rpc", Key::RpcTime, figures.rpc),
        Line {
            quiet: figures.block_age_ms.is_none(),
            ..line(
                "block-age",
                Key::BlockAge,
                figures.block_age_ms.map_or_else(
                    || Key::NotMeasured.text(language).to_owned(),
                    |age| format::span(language, age),
                ),
            )
        },
        timed("settlement", Key::SettlementTime, figures.settlement),
        line("database", Key::DatabaseSize, database_words(language, figures)),
    ]);
    lines
}

fn database_words(language: Language, figures: &Diagnostics) -> String {
    let size = format::file_size(language, figures.database_bytes);
    if figures.storage.up {
        size
    } else {
        say(language, Key::DatabaseRefuses, &[("size", &size)])
    }
}

fn broker_line(language: Language, broker: &BrokerDiagnostics) -> Line {
    let state = if broker.connected {
        Key::Connected
    } else {
        Key::NotConnected
    };
    let words = [
        ("state", state.text(language).to_owned()),
        ("count", format::count(language, broker.reconnects)),
    ];
    Line {
        id: "broker",
        name: say(language, Key::BrokerNamed, &[("url", &broker.url)]),
        value: filled(language, Key::BrokerWords, &words),
        quiet: !broker.connected,
    }
}

fn latency_words(language: Language, latency: Latency) -> String {
    if latency.count == 0 {
        return Key::NotMeasured.text(language).to_owned();
    }
    let words = [
        ("half", format::latency(language, latency.p50_us)),
        ("most", format::latency(language, latency.p99_us)),
        ("count", format::count(language, latency.count)),
    ];
    filled(language, Key::Percentiles, &words)
}

fn filled(language: Language, key: Key, values: &[(&str, String)]) -> String {
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(place, value)| (*place, value.as_str()))
        .collect();
    say(language, key, &values)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{UnixMillis, meter::Link};

    use super::*;

    #[test]
    fn every_figure_has_a_readable_unit() {
        let latency = |count, p50_us, p99_us| Latency {
            count,
            p50_us,
            p99_us,
        };
        let figures = Diagnostics {
            at: UnixMillis(0),
            messages_per_1000s: 1_230,
            messages: 1_284_512,
            decode: latency(74, 42, 180),
            commit: latency(74, 1_240, 6_800),
            queue: 0,
            queue_peak: 37,
            events: 2,
            brokers: vec![BrokerDiagnostics {
                url: "mqtt://127.0.0.1:1883".to_owned(),
                connected: true,
                reconnects: 3,
            }],
            command: latency(0, 0, 0),
            rpc: latency(9, 2_400, 18_800),
            block_age_ms: None,
            settlement: latency(1, 4_000_000, 4_000_000),
            database_bytes: 1_610_612_736,
            storage: Link::up(UnixMillis(0)),
        };
        let shown: Vec<(&str, String)> = lines(Language::English, &figures)
            .into_iter()
            .map(|line| (line.id, line.value.replace('\u{a0}', " ")))
            .collect();
        let expected = [
            ("messages", "1.23 per second · 1,284,512 since the start"),
            ("decode", "median 42 µs, p99 180 µs, n = 74"),
            ("commit", "median 1.2 ms, p99 6.8 ms, n = 74"),
            ("queue", "0 waiting · 37 at most"),
            ("events", "2"),
            ("broker", "connected · reconnected 3 times"),
            ("command", "not measured yet"),
            ("rpc", "median 2.4 ms, p99 18.8 ms, n = 9"),
            ("block-age", "not measured yet"),
            ("settlement", "median 4.00 s, p99 4.00 s, n = 1"),
            ("database", "1,536.0 MiB"),
        ];
        assert_eq!(shown, expected.map(|(id, value)| (id, value.to_owned())));
    }
}
