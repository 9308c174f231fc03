//! Messages, commands, notices and tallies: what went over the wire, and what the household was told.

use std::collections::BTreeMap;

use enerlink_domain::{
    CommandStage, CommandView, Notice, UnixMillis,
    command::MeterCommand,
    device::NoticeKind,
    reading::GridMode,
    view::{MessageDirection, MessageFilter, Preferences},
};
use enerlink_store::{
    CommandRow, MessageLog, StoreError, commands, messages, notices, preferences, prosumers, settings,
    tallies,
};
use proptest::prelude::*;

use crate::{
    generate::meter_id,
    round_trips::{each, store_with_meter},
};

#[test]
fn messages_are_cut_and_measured() {
    let payloads = proptest::collection::vec(0..20_000_usize, 0..40);
    each(payloads, |tx, lengths| async move {
        let logs: Vec<MessageLog> = lengths.iter().map(|length| message(*length)).collect();
        messages::insert(&tx, &logs).await?;
        let found = messages::export(&tx, &MessageFilter::default(), None, 100).await?;
        prop_assert_eq!(found.len(), logs.len());
        for (view, sent) in found.into_iter().zip(logs) {
            let kept = sent.payload.len().min(messages::PAYLOAD_CAP);
            prop_assert_eq!(view.length, sent.payload.len() as u64);
            prop_assert_eq!(view.payload, String::from_utf8_lossy(&sent.payload[..kept]));
            prop_assert_eq!((view.at, view.direction), (sent.received_at, sent.direction));
            prop_assert_eq!((view.topic, view.meter_id), (sent.topic, sent.meter_id));
            prop_assert_eq!(
                (view.reason, view.correlation_id),
                (sent.reason, sent.correlation_id)
            );
            prop_assert_eq!((view.accepted, view.retained), (sent.accepted, sent.retained));
            prop_assert_eq!(view.duplicate, sent.duplicate);
        }
        Ok(())
    });
}

fn message(length: usize) -> MessageLog {
    let odd = length % 2 == 1;
    MessageLog {
        received_at: UnixMillis(length as i64),
        direction: if odd {
            MessageDirection::In
        } else {
            MessageDirection::Out
        },
        topic: "home/energy-monitor/sensors".to_owned(),
        meter_id: odd.then(meter_id),
        correlation_id: length.is_multiple_of(5).then(|| "b7c0".to_owned()),
        payload: (0..length).map(|at| at as u8).collect(),
        accepted: odd,
        reason: (!odd).then(|| "not UTF-8".to_owned()),
        retained: odd,
        duplicate: !odd,
    }
}

#[tokio::test]
async fn messages_come_in_pages() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let logs: Vec<MessageLog> = (0..25).map(message).collect();
    messages::insert(&tx, &logs).await.expect("an insert");
    tx.commit().await.expect("a commit");
    let reader = store.reader();
    let all = MessageFilter::default();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = messages::list(&reader, &all, 10, before).await.expect("a page");
        seen.extend(page.rows.into_iter().map(|view| view.length));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).rev().collect::<Vec<u64>>());
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = messages::export(&reader, &all, after, 10).await.expect("a page");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().map(|view| view.length));
    }
    assert_eq!(seen, (0..25).collect::<Vec<u64>>());
}

#[tokio::test]
async fn messages_are_found_by_what_is_asked() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let texts: [(&str, &[u8], Option<&str>); 6] = [
        ("home/a/sensors", b"{\"Power\": 5}", None),
        ("home/a/STATUS", b"100%_done", None),
        ("home/b/sensors", "Zähler".as_bytes(), Some("no_meter: nobody")),
        ("home/b/sensors", b"\xff\xfe\\power", None),
        ("home/b/response", b"", Some("POWER")),
        ("home/b/x", b"a\0power", None),
    ];
    let logs: Vec<MessageLog> = texts
        .iter()
        .enumerate()
        .map(|(at, (topic, payload, reason))| MessageLog {
            received_at: UnixMillis(at as i64),
            topic: (*topic).to_owned(),
            payload: payload.to_vec(),
            reason: reason.map(str::to_owned),
            accepted: reason.is_none(),
            ..message(at)
        })
        .collect();
    messages::insert(&tx, &logs).await.expect("an insert");
    let filter = MessageFilter::default;
    let search = |text: &str| MessageFilter {
        search: Some(text.to_owned()),
        ..filter()
    };
    for (name, filter, expected) in [
        ("all", filter(), vec![0, 1, 2, 3, 4, 5]),
        ("no text", search(""), vec![0, 1, 2, 3, 4, 5]),
        ("any case", search("pOWER"), vec![0, 3, 4, 5]),
        ("a topic", search("status"), vec![1]),
        ("no pattern", search("0%_d"), vec![1]),
        ("nothing", search("%"), vec![1]),
        ("a letter beyond ASCII", search("Zähl"), vec![2]),
        ("a backslash", search("\\pow"), vec![3]),
        ("a quote", search("\"power\""), vec![0]),
        (
            "refused",
            MessageFilter {
                accepted: Some(false),
                ..filter()
            },
            vec![2, 4],
        ),
        (
            "accepted, in",
            MessageFilter {
                accepted: Some(true),
                direction: Some(MessageDirection::In),
                ..filter()
            },
            vec![1, 3, 5],
        ),
        (
            "of a meter",
            MessageFilter {
                meter_id: Some(meter_id()),
                ..filter()
            },
            vec![1, 3, 5],
        ),
        (
            "of a command",
            MessageFilter {
                correlation_id: Some("b7c0".to_owned()),
                ..filter()
            },
            vec![0, 5],
        ),
        (
            "of a time",
            MessageFilter {
                from: Some(UnixMillis(2)),
                to: Some(UnixMillis(4)),
                ..filter()
            },
            vec![2, 3],
        ),
    ] {
        let found = messages::export(&tx, &filter, None, 100).await.expect(name);
        let times: Vec<i64> = found.iter().map(|view| view.at.0).collect();
        assert_eq!(times, expected, "{name}");
        let mut page = messages::list(&tx, &filter, 100, None).await.expect(name).rows;
        page.reverse();
        assert_eq!(page, found, "{name}");
    }
}

fn command(id: &str, at: i64) -> CommandRow {
    CommandRow {
        view: CommandView {
            correlation_id: id.to_owned(),
            meter_id: meter_id(),
            command: Some(MeterCommand::Grid { mode: GridMode::Off }),
            stage: CommandStage::Queued,
            attempts: 0,
            created_at: UnixMillis(at),
            sent_at: None,
            finished_at: None,
            error: None,
        },
        json: format!(r#"{{"correlation_id":"{id}","grid":"off","timestamp":1}}"#),
    }
}

#[tokio::test]
async fn commands_move_on_until_they_are_finished() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let mut row = command("b7c0", 5);
    commands::insert(&tx, &row).await.expect("an insert");
    let again = commands::insert(&tx, &row).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })));
    for stage in CommandStage::ALL {
        row.view.stage = stage;
        row.view.attempts += 1;
        row.view.sent_at = Some(UnixMillis(6));
        row.view.finished_at = Some(UnixMillis(7));
        row.view.error = Some("motor blocked".to_owned());
        commands::update(&tx, &row).await.expect("an update");
        let found = commands::get(&tx, "b7c0").await.expect("a read");
        assert_eq!(found.as_ref(), Some(&row));
        let open = commands::unfinished(&tx).await.expect("a list");
        assert_eq!(open.len(), usize::from(stage.is_open()), "{stage:?}");
        for (since, waits) in [(7, stage == CommandStage::TimedOut), (8, false)] {
            let late = commands::timed_out_since(&tx, &meter_id(), UnixMillis(since)).await;
            assert_eq!(late.expect("a list").len(), usize::from(waits), "{stage:?}");
        }
    }
    let missing = commands::update(&tx, &command("other", 1)).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })));
}

#[tokio::test]
async fn commands_come_in_pages() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    for at in 0..5 {
        commands::insert(&tx, &command(&at.to_string(), 9 - at))
            .await
            .expect("an insert");
    }
    let first = commands::list(&tx, &meter_id(), 3, None).await.expect("a page");
    let second = commands::list(&tx, &meter_id(), 3, first.next)
        .await
        .expect("a page");
    let ids = first.rows.iter().chain(&second.rows);
    let ids: Vec<&str> = ids.map(|view| view.correlation_id.as_str()).collect();
    assert_eq!((ids, second.next), (vec!["4", "3", "2", "1", "0"], None));
}

#[tokio::test]
async fn a_condition_lasts_until_its_all_clear() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let meter = meter_id();
    let raise = async |meter, kind, detail, at| -> Notice {
        notices::raise(&tx, meter, kind, detail, UnixMillis(at))
            .await
            .expect("a notice")
    };
    let weak = raise(Some(&meter), NoticeKind::WeakSignal, "-87 dBm", 1).await;
    assert_eq!((weak.cleared_at, weak.seen), (None, false));
    let same = raise(Some(&meter), NoticeKind::WeakSignal, "-90 dBm", 2).await;
    assert_eq!(
        (same.id, same.raised_at.0, same.detail.as_str()),
        (weak.id, 1, "-90 dBm")
    );
    let reset = raise(Some(&meter), NoticeKind::CounterReset, "", 3).await;
    let again = raise(Some(&meter), NoticeKind::CounterReset, "", 4).await;
    assert_eq!(
        (reset.cleared_at, again.cleared_at),
        (Some(UnixMillis(3)), Some(UnixMillis(4)))
    );
    let global = raise(None, NoticeKind::ClientIdTaken, "", 5).await;
    assert_eq!(
        notices::open(&tx).await.expect("a list"),
        [same.clone(), global.clone()]
    );

    let clear = notices::clear(&tx, weak.id, UnixMillis(6))
        .await
        .expect("cleared");
    assert_eq!(clear.cleared_at, Some(UnixMillis(6)));
    let late = notices::clear(&tx, weak.id, UnixMillis(9))
        .await
        .expect("cleared");
    assert_eq!(late, clear);
    let unknown = notices::clear(&tx, 99, UnixMillis(9)).await;
    assert!(matches!(unknown, Err(StoreError::Missing { .. })));

    let page = notices::list(&tx, 3, None).await.expect("a page");
    assert_eq!((page.unseen, page.rows[0].id, page.rows.len()), (4, global.id, 3));
    let rest = notices::list(&tx, 3, page.next).await.expect("a page");
    assert_eq!((rest.rows, rest.next), (vec![clear], None));
    notices::see_all(&tx).await.expect("seen");
    let page = notices::list(&tx, 9, None).await.expect("a page");
    assert_eq!(page.unseen, 0);
    assert!(page.rows.iter().all(|notice| notice.seen));
    let back = raise(Some(&meter), NoticeKind::WeakSignal, "-91 dBm", 10).await;
    assert!(back.id > global.id && !back.seen, "a new episode");
}

#[tokio::test]
async fn tallies_add_up() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let tally = |words: &[(&str, u64)]| -> BTreeMap<String, u64> {
        words
            .iter()
            .map(|(word, times)| ((*word).to_owned(), *times))
            .collect()
    };
    for more in [
        tally(&[("duplicate", 2), ("late", 1)]),
        tally(&[]),
        tally(&[("late", 4), ("rollover", 1)]),
    ] {
        tallies::add(&tx, &meter_id(), &more).await.expect("added");
    }
    let all = tallies::load(&tx, &meter_id()).await.expect("a tally");
    assert_eq!(all, tally(&[("duplicate", 2), ("late", 5), ("rollover", 1)]));
}

#[tokio::test]
async fn preferences_are_what_was_saved_or_the_default() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    assert_eq!(
        preferences::load(&tx).await.expect("a read"),
        Preferences::default()
    );
    for muted in [NoticeKind::ALL.to_vec(), Vec::new()] {
        let chosen = Preferences {
            raw_days: 0,
            log_messages: u32::MAX,
            tariff_sen_per_kwh: u64::MAX,
            muted,
            ..Preferences::default()
        };
        preferences::save(&tx, &chosen).await.expect("a write");
        assert_eq!(preferences::load(&tx).await.expect("a read"), chosen);
    }
    settings::set(&tx, "preferences.raw_days", "many")
        .await
        .expect("a write");
    let found = preferences::load(&tx).await.expect("a read");
    assert_eq!(found.raw_days, Preferences::default().raw_days);
}

#[tokio::test]
async fn who_lives_here_is_one_prosumer_whatever_it_is_called() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    for (name, contact) in [("Sari", None), ("Sari & Budi", Some("0812-3456")), ("Sari", None)] {
        prosumers::describe(&tx, name, contact, UnixMillis(7))
            .await
            .expect("a write");
        let found = preferences::load(&tx).await.expect("a read");
        assert_eq!((found.name.as_str(), found.contact.as_deref()), (name, contact));
    }
    let all = prosumers::list(&tx).await.expect("a list");
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].created_at, UnixMillis(7));
}
