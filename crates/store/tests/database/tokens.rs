//! Exchanges follow their transaction, movements are stored once and taken back, allowances are replaced.

use enerlink_domain::{
    Address, Hash32, Idrs, Status, TxDetail, TxHash, TxStage, UnixMillis,
    token::{ConversionFilter, MovementFilter, MovementKind, Ramp, Token},
};
use enerlink_store::{Approval, NewMovement, approvals, conversions, movements, outbox, transaction_logs};

use crate::{backend, generate};

const CHAIN: u64 = 31_337;
const MINE: Address = Address([1; 20]);
const OTHER: Address = Address([2; 20]);

#[tokio::test]
async fn an_exchange_follows_its_transaction_forward_and_back() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let plain = outbox::insert(&tx, &generate::plain_outbox(MINE))
        .await
        .expect("a row");
    let plain = outbox::get(&tx, plain).await.expect("a read").expect("the row");
    assert_eq!(conversions::follow(&tx, &plain).await.expect("read"), None);
    let id = outbox::insert(&tx, &generate::plain_exchange(MINE, 12_345))
        .await
        .expect("a row");
    let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
    let queued = conversions::follow(&tx, &row)
        .await
        .expect("stored")
        .expect("an exchange");
    assert_eq!(
        (queued.transaction, queued.way, queued.amount),
        (id, Ramp::On, Idrs(12_345))
    );
    assert_eq!((queued.status, queued.settled_at), (Status::Pending, None));
    (row.stage, row.block, row.updated_at) = (TxStage::Confirmed, Some((7, Hash32([7; 32]))), UnixMillis(70));
    row.hash = Some(Hash32([9; 32]));
    let done = conversions::follow(&tx, &row)
        .await
        .expect("stored")
        .expect("an exchange");
    assert_eq!(
        (done.id, done.status, done.block),
        (queued.id, Status::Success, Some(7))
    );
    assert_eq!((done.tx, done.settled_at), (row.hash, Some(UnixMillis(70))));
    row.updated_at = UnixMillis(90);
    row.stage = TxStage::Final;
    let deep = conversions::follow(&tx, &row)
        .await
        .expect("stored")
        .expect("an exchange");
    assert_eq!(deep.settled_at, Some(UnixMillis(70)), "when it first was");
    (row.stage, row.block) = (TxStage::Sent, None);
    let undone = conversions::follow(&tx, &row)
        .await
        .expect("stored")
        .expect("an exchange");
    assert_eq!(
        (undone.status, undone.block, undone.settled_at),
        (Status::Pending, None, None)
    );
    row.stage = TxStage::Failed;
    row.reason = Some("the open ramp is closed".to_owned());
    conversions::follow(&tx, &row).await.expect("stored");
    let all = ConversionFilter::default();
    let page = conversions::list(&tx, &all, 10, None).await.expect("a list");
    assert_eq!(page.rows.len(), 1, "one row for one transaction");
    assert_eq!(
        (page.rows[0].status, page.rows[0].reason.clone()),
        (Status::Failed, row.reason.clone())
    );
    transaction_logs::append(&tx, &[&row]).await.expect("a line");
    let lines = transaction_logs::list(&tx, 1, None).await.expect("a list");
    let line = "on_ramp: exchange 123.45 IDR for IDRS (simulated), failed: the open ramp is closed";
    assert_eq!(lines[0].1.line, line);
}

#[tokio::test]
async fn exchanges_are_found_by_account_way_status_and_day_and_exported_oldest_first() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    // Who, when, and how it ended; those of OTHER go the other way.
    for (account, at, stage) in [
        (MINE, 10, TxStage::Confirmed),
        (OTHER, 20, TxStage::Failed),
        (MINE, 30, TxStage::Failed),
        (MINE, 40, TxStage::Sent),
    ] {
        let mut new = generate::plain_exchange(account, i128::from(at));
        new.created_at = UnixMillis(at);
        if account == OTHER {
            new.detail = Some(TxDetail::Ramp {
                way: Ramp::Off,
                amount: Idrs(i128::from(at)),
            });
        }
        let id = outbox::insert(&tx, &new).await.expect("a row");
        let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
        row.stage = stage;
        conversions::follow(&tx, &row).await.expect("stored");
    }
    let all = ConversionFilter::default();
    let own = ConversionFilter {
        account: Some(MINE),
        ..all
    };
    let off = ConversionFilter {
        way: Some(Ramp::Off),
        ..all
    };
    let failed = ConversionFilter {
        status: Some(Status::Failed),
        ..all
    };
    let days = ConversionFilter {
        from: Some(UnixMillis(20)),
        to: Some(UnixMillis(40)),
        ..all
    };
    let failed_of_mine = ConversionFilter {
        account: Some(MINE),
        ..failed
    };
    for (filter, expected) in [
        (all, &[40, 30, 20, 10][..]),
        (own, &[40, 30, 10]),
        (off, &[20]),
        (failed, &[30, 20]),
        (days, &[30, 20]),
        (failed_of_mine, &[30]),
    ] {
        // Page by page both ways.
        let (mut newest, mut before) = (Vec::new(), None);
        loop {
            let page = conversions::list(&tx, &filter, 2, before).await.expect("a page");
            newest.extend(page.rows.iter().map(|row| row.created_at.0));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(newest, expected, "{filter:?}");
        let (mut oldest, mut after) = (Vec::new(), None);
        loop {
            let page = conversions::export(&tx, &filter, after, 2).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            oldest.extend(page.iter().map(|row| row.created_at.0));
        }
        oldest.reverse();
        assert_eq!(oldest, expected, "{filter:?}");
    }
}

fn movement(block: u64, index: u64, kind: MovementKind, other: Option<Address>) -> NewMovement {
    NewMovement {
        account: MINE,
        kind,
        token: Token::Etk,
        units: i128::from(u64::MAX) * 2,
        other,
        tx: TxHash::default(),
        block: (block, Hash32([u8::try_from(block).expect("small"); 32])),
        log_index: index,
        at: UnixMillis(1),
    }
}

#[tokio::test]
async fn movements_are_stored_once_paged_by_the_chain_and_taken_back() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let events = [
        movement(5, 0, MovementKind::Minted, None),
        movement(9, 3, MovementKind::Sent, Some(OTHER)),
        movement(7, 1, MovementKind::Received, Some(OTHER)),
        movement(9, 4, MovementKind::Sent, Some(OTHER)),
    ];
    for event in &events {
        let twice = [event.clone(), event.clone()];
        let stored = movements::insert(&tx, CHAIN, &twice).await.expect("stored");
        let stored: Vec<_> = stored.into_iter().map(|row| row.amount).collect();
        assert_eq!(stored, [event.token.of(event.units)]);
        let again = movements::insert(&tx, CHAIN, &twice).await.expect("known");
        assert!(again.is_empty(), "{again:?}");
    }
    let all = MovementFilter::default();
    let page = movements::list(&tx, CHAIN, &all, 3, None).await.expect("a page");
    let blocks: Vec<u64> = page.rows.iter().map(|row| row.block).collect();
    assert_eq!(blocks, [9, 9, 7], "the newest in the chain first");
    let rest = movements::list(&tx, CHAIN, &all, 3, page.next)
        .await
        .expect("a page");
    assert_eq!((rest.rows.len(), rest.rows[0].block, rest.next), (1, 5, None));
    let minted = MovementFilter {
        kinds: vec![MovementKind::Minted, MovementKind::Burned],
        token: Some(Token::Etk),
        account: Some(MINE),
        ..MovementFilter::default()
    };
    assert_eq!(
        movements::list(&tx, CHAIN, &minted, 9, None)
            .await
            .expect("a page")
            .rows
            .len(),
        1
    );
    assert!(
        movements::list(&tx, 1, &all, 9, None)
            .await
            .expect("a page")
            .rows
            .is_empty()
    );
    assert_eq!(movements::paid(&tx, CHAIN).await.expect("read"), [(OTHER, 2)]);
    let last = movements::last_before(&tx, CHAIN, MINE, 9).await.expect("read");
    assert_eq!(last, Some((7, Hash32([7; 32]))));
    let forgotten = movements::forget_from(&tx, CHAIN, MINE, 7)
        .await
        .expect("forgotten");
    assert!(forgotten.contains(&TxHash::default()));
    let nothing = movements::forget_from(&tx, CHAIN, MINE, 7)
        .await
        .expect("nothing there");
    assert!(nothing.is_empty());
    let left = movements::list(&tx, CHAIN, &all, 9, None)
        .await
        .expect("a page")
        .rows;
    assert_eq!(left.iter().map(|row| row.block).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn movements_are_found_by_account_and_day_and_exported_oldest_first() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    // Read later, but earlier in the chain, and two of one block.
    let mut events = [
        movement(9, 3, MovementKind::Minted, None),
        movement(5, 0, MovementKind::Minted, None),
        movement(9, 4, MovementKind::Burned, None),
        movement(7, 1, MovementKind::Minted, None),
    ];
    for event in &mut events {
        let (block, _) = event.block;
        event.at = UnixMillis(i64::try_from(block).expect("small"));
    }
    events[3].account = OTHER;
    movements::insert(&tx, CHAIN, &events).await.expect("stored");
    let all = MovementFilter::default();
    let of = |account| MovementFilter {
        account: Some(account),
        ..MovementFilter::default()
    };
    let days = |from, to| MovementFilter {
        from: Some(UnixMillis(from)),
        to: Some(UnixMillis(to)),
        ..MovementFilter::default()
    };
    let burned = MovementFilter {
        kinds: vec![MovementKind::Burned],
        ..MovementFilter::default()
    };
    for (filter, expected) in [
        (all, &[5, 7, 9, 9][..]),
        (of(MINE), &[5, 9, 9]),
        (of(OTHER), &[7]),
        (days(5, 9), &[5, 7]),
        (days(6, 10), &[7, 9, 9]),
        (burned, &[9]),
    ] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = movements::export(&tx, CHAIN, &filter, after, 1)
                .await
                .expect("a page");
            let Some(last) = page.last() else { break };
            after = Some((last.block, last.id));
            seen.extend(page.iter().map(|row| row.block));
        }
        assert_eq!(seen, expected, "{filter:?}");
        let page = movements::list(&tx, CHAIN, &filter, 200, None).await;
        let mut listed: Vec<u64> = page.expect("a page").rows.iter().map(|row| row.block).collect();
        listed.reverse();
        assert_eq!(listed, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn an_allowance_is_replaced_and_stays_known_when_it_is_nothing() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let allowance = |left, block| Approval {
        token: Token::Idrs,
        owner: MINE,
        spender: OTHER,
        left,
        block,
    };
    for approval in [allowance(Some(500), 1), allowance(None, 2), allowance(Some(0), 3)] {
        approvals::set(&tx, CHAIN, &approval, UnixMillis(1))
            .await
            .expect("stored");
        assert_eq!(approvals::list(&tx, CHAIN).await.expect("read"), [approval]);
    }
    assert!(approvals::list(&tx, 1).await.expect("read").is_empty());
}

#[tokio::test]
async fn sends_that_succeeded_are_found_by_kind() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let exchange = generate::plain_exchange(MINE, 1);
    for stage in [TxStage::Confirmed, TxStage::Final, TxStage::Failed, TxStage::Sent] {
        let id = outbox::insert(&tx, &exchange).await.expect("a row");
        let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
        row.stage = stage;
        outbox::update(&tx, &row).await.expect("an update");
    }
    let found = outbox::succeeded(&tx, CHAIN, &[exchange.kind])
        .await
        .expect("read");
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|row| matches!(row.detail, Some(TxDetail::Ramp { .. })))
    );
    let other = outbox::succeeded(&tx, CHAIN, &[enerlink_domain::TxKind::SendCoin])
        .await
        .expect("read");
    assert!(other.is_empty());
}
