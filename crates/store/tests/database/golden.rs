//! A frozen database of every schema opens, is migrated, and has lost nothing.

use std::{fs, io, path::Path};

use enerlink_domain::{
    Address, MicroWh, UnixMillis,
    market::{Lots, Width},
    settlement::SettlementFilter,
    token::{ConversionFilter, MovementFilter},
    view::{MessageFilter, TradeFilter},
};
use enerlink_store::{
    Store, address_book, approvals, conversions, market_candles, market_trades, messages, meters, movements,
    outbox, price_alerts, readings, registers, settings, settlements, trade_orders,
};
use flate2::read::GzDecoder;

use crate::{
    generate::meter_id,
    opening::{beside, directory},
};

/// The schemas that are frozen in `tests/golden`, the oldest first.
const FROZEN: std::ops::RangeInclusive<u32> = 1..=14;
/// The first schema with an address book.
const ADDRESS_BOOK: u32 = 5;
/// The first schema with the market, and what the files since have of it.
const TRADING: u32 = 11;
const MARKET: Address = Address([9; 20]);
/// The first schema with tokens, and the chain that the files since have movements of.
const TOKENS: u32 = 12;
const CHAIN: u64 = 31_337;

fn unpack(version: u32, to: &Path) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let file = fs::File::open(golden.join(format!("v{version}.db.gz"))).expect("a golden file");
    let mut target = fs::File::create(to).expect("writable");
    io::copy(&mut GzDecoder::new(file), &mut target).expect("unpacked");
}

/// What the file at `path` was filled with when it was frozen.
async fn assert_complete(path: &Path, version: u32) {
    let store = Store::open(path).await.expect("migrated");
    store.check().await.expect("a sound file");
    let (reader, meter) = (store.reader(), meter_id());
    let text = settings::get(&reader, "golden").await.expect("a read");
    assert_eq!(text.as_deref(), Some("kept"), "v{version}");
    let found = meters::get(&reader, &meter)
        .await
        .expect("a read")
        .expect("the meter");
    assert_eq!(
        (found.name.as_str(), found.rated_power_w),
        ("Roof", 5_000),
        "v{version}"
    );
    let contacts = address_book::list(&reader).await.expect("a read");
    assert_eq!(contacts.len(), usize::from(version >= ADDRESS_BOOK), "v{version}");
    if version >= 2 {
        let value = registers::load(&reader, &meter)
            .await
            .expect("sound")
            .expect("registers");
        assert_eq!(
            (value.export, value.import),
            (MicroWh(123_456_789), MicroWh(987_654_321))
        );
        let rows = readings::range(&reader, &meter, UnixMillis(0), UnixMillis(9_000), 9);
        assert_eq!(rows.await.expect("readings").len(), 3, "v{version}");
    }
    if version >= 3 {
        let log = messages::list(&reader, &MessageFilter::default(), 9, None).await;
        assert_eq!(log.expect("a log").rows.len(), 2, "v{version}");
    }
    if version >= 4 {
        let page = settlements::list(&reader, &SettlementFilter::of(&meter), 9, None).await;
        let found: Vec<_> = page
            .expect("sound")
            .rows
            .into_iter()
            .map(|row| row.etk.0)
            .collect();
        assert_eq!(found, [-300, 500, 100], "v{version}");
        let totals = settlements::totals(&reader, &meter).await.expect("sound");
        assert_eq!((totals.minted.0, totals.burned.0), (600, 300), "v{version}");
        let row = outbox::get(&reader, 1)
            .await
            .expect("sound")
            .expect("a transaction");
        assert_eq!(row.input, [1, 2, 3], "v{version}");
    }
    assert_traded(&store, version).await;
    store.close().await.expect("a close");
}

/// The orders, trades and exchanges of the file.
async fn assert_traded(store: &Store, version: u32) {
    let reader = store.reader();
    let open = trade_orders::open(&reader, MARKET, 0, 9).await.expect("sound");
    let open: Vec<_> = open.into_iter().map(|(_, order)| order.lots).collect();
    let trades = market_trades::list(&reader, MARKET, &TradeFilter::default(), 9, None).await;
    let trades: Vec<_> = trades
        .expect("sound")
        .rows
        .into_iter()
        .map(|row| row.lots)
        .collect();
    let days =
        market_candles::between(&reader, MARKET, Width::Day, UnixMillis(0), UnixMillis(i64::MAX)).await;
    let counts = (
        days.expect("sound").len(),
        price_alerts::list(&reader).await.expect("sound").len(),
    );
    match version >= TRADING {
        true => assert_eq!(
            (open, trades, counts),
            (vec![Lots(6)], vec![Lots(10), Lots(4)], (1, 1)),
            "v{version}"
        ),
        false => assert_eq!((open, trades, counts), (vec![], vec![], (0, 0)), "v{version}"),
    }
    let moved = movements::list(&reader, CHAIN, &MovementFilter::default(), 9, None).await;
    let counts = (
        moved.expect("sound").rows.len(),
        conversions::list(&reader, &ConversionFilter::default(), 9, None)
            .await
            .expect("sound")
            .rows
            .len(),
        approvals::list(&reader, CHAIN).await.expect("sound").len(),
    );
    assert_eq!(
        counts,
        if version >= TOKENS { (1, 1, 1) } else { (0, 0, 0) },
        "v{version}"
    );
}

#[tokio::test]
async fn a_database_of_each_schema_is_migrated_with_its_rows() {
    for version in FROZEN {
        let (_directory, path) = directory();
        unpack(version, &path);
        assert_complete(&path, version).await;
        let now = fs::read(&path).expect("the file")[60..64].to_owned();
        if now == version.to_be_bytes() {
            continue;
        }
        // The copy from before is of the old schema, and opens as well.
        let copy = beside(&path, &format!(".v{version}.bak"));
        let header = fs::read(&copy).expect("a copy");
        assert_eq!(header[60..64], version.to_be_bytes());
        assert_complete(&copy, version).await;
    }
}
