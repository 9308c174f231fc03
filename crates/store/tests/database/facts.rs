//! The chain of facts: each holds its place, each covers the one before.

use enerlink_domain::{
    Hash32, Settlement, Status, TxStage, UnixMillis,
    audit::{Fact, FactKind},
    settlement::SettlementFilter,
};
use enerlink_store::{Store, StoreError, facts, meters, settlements};
use proptest::prelude::*;
use sea_orm::ConnectionTrait;

use crate::{
    generate::{self, meter_id, plain_meter, plain_settlement},
    opening::{connect, directory},
    round_trips::store_with_meter,
};

fn settled(number: i128) -> Settlement {
    plain_settlement(
        &format!("METER-001/{number}/0"),
        &meter_id(),
        Status::Success,
        100 * number,
    )
}

async fn append(store: &Store, count: i128) -> Vec<Fact> {
    let tx = store.begin().await.expect("a transaction");
    let mut all = Vec::new();
    for number in 1..=count {
        let kind = if number % 4 == 0 {
            FactKind::Reversed
        } else {
            FactKind::Settled
        };
        let fact = facts::append(&tx, kind, &settled(number), UnixMillis(number as i64)).await;
        all.push(fact.expect("a fact"));
    }
    tx.commit().await.expect("a commit");
    all
}

#[tokio::test]
async fn facts_follow_each_other() {
    let store = store_with_meter().await;
    assert_eq!(facts::last(&store.reader()).await.expect("a read"), None);
    let written = append(&store, 9).await;
    let reader = store.reader();
    assert_eq!(written[0].previous, Hash32::default());
    for pair in written.windows(2) {
        assert_eq!(
            (pair[1].number, pair[1].previous),
            (pair[0].number + 1, pair[0].hash)
        );
    }
    assert_eq!(
        facts::last(&reader).await.expect("a read").as_ref(),
        written.last()
    );
    let links = facts::after(&reader, 4, 3).await.expect("links");
    let facts_of = |links: Vec<facts::Link>| links.into_iter().map(|link| link.fact.expect("sound"));
    assert!(facts_of(links).eq(written[4..7].iter().cloned()));

    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let (page, next) = facts::list(&reader, Some(&meter_id()), 4, before)
            .await
            .expect("a page");
        seen.extend(page);
        before = next;
        if before.is_none() {
            break;
        }
    }
    assert!(seen.iter().eq(written.iter().rev()));
    let other = "METER-002".parse().expect("a meter id");
    let none = facts::list(&reader, Some(&other), 4, None).await.expect("a page");
    assert_eq!(none, (Vec::new(), None));
}

#[tokio::test]
async fn the_last_fact_of_a_settlement_counts() {
    let store = store_with_meter().await;
    let (one, two) = (settled(1), settled(2));
    let tx = store.begin().await.expect("a transaction");
    for (kind, settlement) in [
        (FactKind::Settled, &one),
        (FactKind::Settled, &two),
        (FactKind::Reversed, &one),
    ] {
        facts::append(&tx, kind, settlement, UnixMillis(1))
            .await
            .expect("a fact");
    }
    let ids = [one.settlement_id.as_str(), two.settlement_id.as_str(), "other"];
    let latest = facts::latest(&tx, &ids).await.expect("facts");
    let kinds: Vec<_> = latest.values().map(|fact| (fact.number, fact.kind)).collect();
    assert_eq!(kinds, [(3, FactKind::Reversed), (2, FactKind::Settled)]);
}

#[tokio::test]
async fn a_transaction_that_is_given_up_leaves_no_fact() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    facts::append(&tx, FactKind::Settled, &settled(1), UnixMillis(1))
        .await
        .expect("a fact");
    tx.rollback().await.expect("a rollback");
    assert_eq!(facts::last(&store.reader()).await.expect("a read"), None);
}

#[test]
fn a_fact_keeps_every_field() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = runtime.block_on(store_with_meter());
    let config = ProptestConfig::with_cases(crate::backend::cases());
    proptest!(config, |(settlement in generate::settlement(), at in any::<i64>())| {
        runtime.block_on(async {
            let tx = store.begin().await?;
            let fact = facts::append(&tx, FactKind::Settled, &settlement, UnixMillis(at)).await?;
            prop_assert_eq!(&fact.settlement, &settlement);
            prop_assert_eq!(facts::last(&tx).await?, Some(fact));
            Ok(())
        })?;
    });
}

/// What every change of a column does to the link it is in.
#[tokio::test]
async fn every_changed_value_of_a_fact_is_noticed() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    let tx = store.begin().await.expect("a transaction");
    meters::insert(&tx, &plain_meter("METER-001"))
        .await
        .expect("a meter");
    tx.commit().await.expect("a commit");
    append(&store, 3).await;
    let sound = facts::after(&store.reader(), 0, 10).await.expect("links");
    let db = connect(&path).await;
    for change in [
        "kind = 'REVERSED'",
        "kind = 'x'",
        "written_at = 7",
        "settlement_id = 'METER-001/1/0'",
        "content = replace(content, 'SUCCESS', 'FAILED')",
        "content = content || ' '",
        "content = ''",
        "previous = zeroblob(32)",
        "hash = zeroblob(32)",
        "hash = x'00'",
        "number = 9",
    ] {
        let change = format!("UPDATE settlement_facts SET {change} WHERE number = 2");
        db.execute_unprepared(&change).await.expect(&change);
        let links = facts::after(&store.reader(), 0, 10).await.expect("links");
        assert_eq!(
            links.iter().filter(|link| link.fact.is_none()).count(),
            1,
            "{change}"
        );
        let listed = facts::list(&store.reader(), None, 10, None).await;
        assert!(matches!(listed, Err(StoreError::Damaged { .. })), "{change}");
        db.execute_unprepared("DELETE FROM settlement_facts")
            .await
            .expect("emptied");
        append(&store, 3).await;
        let again = facts::after(&store.reader(), 0, 10).await.expect("links");
        assert_eq!(again, sound, "the same facts have the same hashes");
    }
}

#[tokio::test]
async fn settlements_are_found_by_every_filter() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let other = plain_meter("METER-002");
    meters::insert(&tx, &other).await.expect("a meter");
    let triggers = [
        enerlink_domain::Trigger::Manual,
        enerlink_domain::Trigger::Adopted,
    ];
    let mut all = Vec::new();
    for number in 0..40_i64 {
        let meter = if number % 3 == 0 {
            other.id.clone()
        } else {
            meter_id()
        };
        let status = if number % 5 == 0 {
            Status::Failed
        } else {
            Status::Success
        };
        let row = Settlement {
            trigger: triggers[number as usize % 2],
            // The clock was set back in the middle.
            created_at: UnixMillis(if number < 20 { number } else { number - 15 }),
            stage: TxStage::Confirmed,
            ..plain_settlement(&format!("{meter}/{number}/0"), &meter, status, 100)
        };
        settlements::insert(&tx, &row).await.expect("a row");
        all.push(row);
    }
    for mask in 0..32 {
        let wanted = |bit: u8| mask & (1 << bit) != 0;
        let filter = SettlementFilter {
            meter_id: wanted(0).then(|| other.id.clone()),
            status: wanted(1).then_some(Status::Failed),
            trigger: wanted(2).then_some(triggers[1]),
            from: wanted(3).then_some(UnixMillis(6)),
            to: wanted(4).then_some(UnixMillis(19)),
        };
        let mut expected: Vec<_> = all
            .iter()
            .filter(|row| {
                filter.meter_id.as_ref().is_none_or(|id| row.meter_id == *id)
                    && filter.status.is_none_or(|status| row.status == status)
                    && filter.trigger.is_none_or(|trigger| row.trigger == trigger)
                    && filter.from.is_none_or(|from| row.created_at >= from)
                    && filter.to.is_none_or(|to| row.created_at < to)
            })
            .cloned()
            .collect();
        if wanted(3) || wanted(4) {
            expected.sort_by_key(|row| row.created_at);
        }
        let (mut oldest_first, mut after) = (Vec::new(), None);
        loop {
            let page = settlements::export(&tx, &filter, after, 3).await.expect("a page");
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            oldest_first.extend(page.into_iter().map(|(_, row)| row));
        }
        assert_eq!(oldest_first, expected, "{filter:?}");
        let (mut newest_first, mut before) = (Vec::new(), None);
        loop {
            let page = settlements::list(&tx, &filter, 3, before).await.expect("a page");
            newest_first.extend(page.rows);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert!(newest_first.iter().eq(expected.iter().rev()), "{filter:?}");
    }
}
