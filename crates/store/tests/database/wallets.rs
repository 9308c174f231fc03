//! Wallets with their histories, what was done with them, contacts, and the profile that a backup carries.

use enerlink_domain::{
    Address, Code, Error, MicroWh, Registers, Status, UnixMillis,
    register::CounterSource,
    wallet::{WalletAct, WalletId},
};
use enerlink_store::{
    LogKind, Mark, NewActivity, Origin, Profile, ProfileError, Store, StoreError, address_book, meters,
    outbox, prosumers, registers, settings, transaction_logs, wallets,
};
use proptest::prelude::*;

use crate::{
    backend,
    generate::{self, meter_id, plain_meter, plain_outbox, plain_wallet},
};

#[tokio::test]
async fn a_wallet_keeps_its_history() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let (mut home, shed) = (plain_wallet(1), plain_wallet(2));
    for (at, (view, origin)) in [
        (&home, Origin::Created),
        (&shed, Origin::Imported),
        (&home, Origin::Restored),
    ]
    .into_iter()
    .enumerate()
    {
        wallets::ensure(&tx, view, origin, UnixMillis(at as i64 + 1))
            .await
            .expect("a wallet");
    }
    home.name = "Roof".to_owned();
    wallets::ensure(&tx, &home, Origin::Created, UnixMillis(9))
        .await
        .expect("renamed");
    wallets::count_failure(&tx).await.expect("counted");
    wallets::count_failure(&tx).await.expect("counted");
    let both = [home.wallet, shed.wallet];
    wallets::mark(&tx, &both, Mark::Unlocked, UnixMillis(20))
        .await
        .expect("marked");
    wallets::count_failure(&tx).await.expect("counted");
    for (mark, at) in [
        (Mark::BackedUp, 21),
        (Mark::Sheet, 22),
        (Mark::Exported, 23),
        (Mark::Used, 24),
    ] {
        let ids = [home.wallet, WalletId([77; 16])];
        wallets::mark(&tx, &ids, mark, UnixMillis(at))
            .await
            .expect("marked");
    }
    tx.commit().await.expect("a commit");
    let all = wallets::list(&store.reader()).await.expect("a list");
    let names: Vec<_> = all.iter().map(|wallet| wallet.name.as_str()).collect();
    assert_eq!(names, ["Roof", "Wallet 2"]);
    let history = &all[0].history;
    assert_eq!(
        (history.origin.as_str(), history.created_at),
        ("created", UnixMillis(1))
    );
    assert_eq!(history.unlocked_at, Some(UnixMillis(20)));
    assert_eq!(history.backed_up_at, Some(UnixMillis(21)));
    assert_eq!(history.sheet_at, Some(UnixMillis(22)));
    assert_eq!(history.exported_at, Some(UnixMillis(23)));
    assert_eq!(history.last_used_at, Some(UnixMillis(24)));
    assert_eq!(history.failed_attempts, 1);
    let other = &all[1].history;
    assert_eq!((other.origin.as_str(), other.failed_attempts), ("imported", 1));
    assert_eq!((other.backed_up_at, other.last_used_at), (None, None));
    let tx = store.begin().await.expect("a transaction");
    wallets::remove(&tx, home.wallet).await.expect("removed");
    assert_eq!(wallets::list(&tx).await.expect("a list").len(), 1);
}

fn act(at: i64, act: WalletAct) -> NewActivity {
    NewActivity {
        at: UnixMillis(at),
        act,
        wallet: Some("Home".to_owned()),
        account: Some(Address([3; 20])),
        detail: Some("home.enlbackup".to_owned()),
    }
}

#[tokio::test]
async fn acts_stand_beside_transactions_and_come_in_pages() {
    let store = crate::round_trips::store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let id = outbox::insert(&tx, &plain_outbox(Address([1; 20])))
        .await
        .expect("a row");
    let row = outbox::get(&tx, id).await.expect("a read").expect("the row");
    for (at, kind) in WalletAct::ALL.into_iter().enumerate() {
        let noted = transaction_logs::note(&tx, act(at as i64, kind))
            .await
            .expect("a line");
        assert_eq!((noted.act, noted.at), (kind, UnixMillis(at as i64)));
        transaction_logs::append(&tx, &[&row]).await.expect("a line");
    }
    tx.commit().await.expect("a commit");
    let reader = store.reader();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = transaction_logs::activities(&reader, 5, before)
            .await
            .expect("a page");
        assert!(page.rows.len() <= 5);
        seen.extend(page.rows);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let acts: Vec<_> = seen.iter().rev().map(|row| row.act).collect();
    assert_eq!(acts, WalletAct::ALL);
    assert!(
        seen.iter()
            .all(|row| row.wallet.as_deref() == Some("Home") && row.detail.is_some())
    );
    let logged = transaction_logs::transactions(&reader, 200, None)
        .await
        .expect("a page");
    assert_eq!(logged.rows.len(), seen.len(), "one beside each act");
    let lines = transaction_logs::list(&reader, 2, None).await.expect("a list");
    let line = &lines[1].1;
    assert_eq!(line.kind, LogKind::Wallet(WalletAct::SettlementKeyRevoked));
    assert_eq!((line.status, line.hash), (Status::Success, None));
    let failed = seen
        .iter()
        .find(|row| row.act == WalletAct::UnlockFailed)
        .expect("one");
    let all = transaction_logs::list(&reader, u16::MAX, None)
        .await
        .expect("a list");
    let failed = all.iter().find(|(id, _)| *id == failed.id).expect("its line");
    assert_eq!(failed.1.status, Status::Failed);
}

#[test]
fn every_kind_of_line_has_one_name() {
    let kinds: Vec<LogKind> = WalletAct::ALL.into_iter().map(LogKind::Wallet).collect();
    for kind in kinds {
        assert_eq!(LogKind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(LogKind::parse("spent"), None);
}

#[tokio::test]
async fn contacts_are_kept_by_address_and_listed_by_name() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    for (at, (number, name)) in [(1, "wayan"), (2, "Agus"), (1, "Wayan")].into_iter().enumerate() {
        address_book::put(&tx, Address([number; 20]), name, UnixMillis(at as i64))
            .await
            .expect("a contact");
    }
    let all = address_book::list(&tx).await.expect("a list");
    let names: Vec<_> = all
        .iter()
        .map(|contact| (contact.name.as_str(), contact.created_at.0))
        .collect();
    assert_eq!(names, [("Agus", 1), ("Wayan", 0)]);
    address_book::remove(&tx, Address([1; 20]))
        .await
        .expect("removed");
    let missing = address_book::remove(&tx, Address([1; 20])).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })));
}

/// A store with everything that a profile holds.
async fn full(registers_kept: Registers) -> Store {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let mut meter = plain_meter("METER-001");
    meter.source = Some(registers_kept.source);
    meters::insert(&tx, &meter).await.expect("a meter");
    registers::save(&tx, &meter.id, &registers_kept, UnixMillis(3))
        .await
        .expect("registers");
    meters::insert(&tx, &plain_meter("METER-002"))
        .await
        .expect("a meter");
    settings::set(&tx, "wallet.primary", "0x01")
        .await
        .expect("a setting");
    settings::set(&tx, "mqtt.session", "mine")
        .await
        .expect("a setting");
    address_book::put(&tx, Address([5; 20]), "Agus", UnixMillis(7))
        .await
        .expect("a contact");
    prosumers::ensure(&tx, "Sari", UnixMillis(1))
        .await
        .expect("a prosumer");
    tx.commit().await.expect("a commit");
    store
}

async fn exported(store: &Store) -> Profile {
    Profile::export(&store.reader(), |key| key != "mqtt.session")
        .await
        .expect("a profile")
}

#[test]
fn a_profile_comes_back_whole() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    proptest!(ProptestConfig::with_cases(backend::cases() / 3), |(kept in generate::registers())| {
        runtime.block_on(async {
            let profile = exported(&full(kept).await).await;
            let bytes = profile.to_json()?;
            prop_assert_eq!(&Profile::parse(&bytes)?, &profile);
            let empty = Store::in_memory().await?;
            let tx = empty.begin().await?;
            let expected = profile.compare(&tx).await?;
            let added = profile.import(&tx, UnixMillis(50)).await?;
            prop_assert_eq!(&added, &expected);
            prop_assert_eq!((added.settings, added.contacts), (1, 1));
            prop_assert!(added.meters.iter().all(|(_, _, new)| *new));
            prop_assert_eq!(registers::load(&tx, &meter_id()).await?, Some(kept.continued()));
            tx.commit().await?;
            let again = exported(&empty).await;
            prop_assert_eq!(&again.meters[1], &profile.meters[1]);
            prop_assert_eq!((again.settings, again.contacts, again.prosumers), (profile.settings, profile.contacts, profile.prosumers));
            Ok(())
        })?;
    });
}

#[tokio::test]
async fn what_is_here_is_kept() {
    let old = Registers {
        export: MicroWh(10),
        ..Registers::new(CounterSource::Total)
    };
    let profile = exported(&full(old).await).await;
    let new = Registers {
        export: MicroWh(900),
        ..Registers::new(CounterSource::Total)
    };
    let here = full(new).await;
    let tx = here.begin().await.expect("a transaction");
    address_book::put(&tx, Address([5; 20]), "Agus Santoso", UnixMillis(8))
        .await
        .expect("a contact");
    let added = profile.import(&tx, UnixMillis(9)).await.expect("imported");
    assert!(added.meters.iter().all(|(_, _, new)| !new));
    assert_eq!((added.settings, added.contacts), (0, 0));
    assert_eq!(
        registers::load(&tx, &meter_id()).await.expect("a read"),
        Some(new)
    );
    let contacts = address_book::list(&tx).await.expect("a list");
    assert_eq!(contacts[0].name, "Agus Santoso");
    assert_eq!(prosumers::list(&tx).await.expect("a list").len(), 1);
}

#[tokio::test]
async fn a_profile_that_is_none_is_refused() {
    let profile = exported(&full(Registers::new(CounterSource::Total)).await).await;
    let text = String::from_utf8(profile.to_json().expect("bytes")).expect("text");
    let newer = text.replace(r#""version":1"#, r#""version":99"#);
    let error = Profile::parse(newer.as_bytes()).expect_err("newer");
    assert!(matches!(error, ProfileError::Newer { found: 99 }));
    assert_eq!(Error::from(error).code, Code::BackupUnreadable);
    let long = "x".repeat(70_000);
    for (broken, too_large) in [
        (text[..text.len() - 2].to_owned(), false),
        ("[]".to_owned(), false),
        (text.replace(r#""settings""#, r#""other":1,"settings""#), false),
        (text.replace("127.0.0.1", "127.0.0.1/../x"), false),
        (
            text.replace(r#""export":"0""#, r#""export":"9300000000000000000""#),
            false,
        ),
        (text.replace("Agus", &long), true),
        (format!("{text}{}", " ".repeat(9 << 20)), true),
    ] {
        let error = Profile::parse(broken.as_bytes()).expect_err("refused");
        assert_eq!(
            matches!(error, ProfileError::TooLarge { .. }),
            too_large,
            "{error}"
        );
        assert!(matches!(
            error,
            ProfileError::TooLarge { .. } | ProfileError::Malformed(_)
        ));
    }
}
