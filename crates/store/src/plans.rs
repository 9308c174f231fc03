//! Reads EXPLAIN QUERY PLAN for each public query: none may scan a table that grows, none may sort.

use std::{collections::BTreeSet, sync::Mutex};

use enerlink_domain::{
    Address, Hash32, MeterId, Status, Trigger, UnixMillis, settlement::SettlementFilter, view::MessageFilter,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_orm_migration::async_trait::async_trait;

use crate::{
    Read, Store, address_book, commands, cursors, facts, guards, heartbeats, lockstep::Paced, messages,
    meters, notices, outbox, outbox_versions, prosumers, readings, registers, retention, rollups,
    session::sealed::Connected, settings, settled, settlements, statuses, tallies, transaction_logs, wallets,
};

/// A connection that notes the plan of each query before it runs it.
struct Explaining {
    db: Paced<DatabaseConnection>,
    plans: Mutex<Vec<String>>,
}

#[async_trait]
impl ConnectionTrait for Explaining {
    fn get_database_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.db.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.db.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(&statement).await?;
        self.db.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(&statement).await?;
        self.db.query_all_raw(statement).await
    }
}

impl Explaining {
    async fn note(&self, statement: &Statement) -> Result<(), DbErr> {
        let mut explain = statement.clone();
        explain.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let rows = self.db.query_all_raw(explain).await?;
        let lines = rows.iter().map(|row| row.try_get::<String>("", "detail"));
        let mut lines = lines.collect::<Result<Vec<_>, _>>()?;
        // Which number a market has is asked in a table of as many rows as there are markets.
        lines.retain(|line| !line.starts_with("SCALAR SUBQUERY") && !line.starts_with("SEARCH markets"));
        self.plans.lock().expect("nobody panicked").push(lines.join("; "));
        Ok(())
    }

    /// The plans since the last call.
    fn plans(&self) -> Vec<String> {
        std::mem::take(&mut self.plans.lock().expect("nobody panicked"))
    }
}

impl Connected for Explaining {
    type Connection = Self;

    fn connection(&self) -> &Self {
        self
    }
}

impl Read for Explaining {}

/// Runs `$query` with `$r` and compares the plans of all its statements with `$expected`.
macro_rules! check {
    ($r:expr, $query:expr, $expected:expr) => {{
        $query.await.expect(stringify!($query));
        let expected: &[&str] = &$expected;
        assert_eq!($r.plans(), expected, "{}", stringify!($query));
    }};
}

mod trading;

#[tokio::test]
async fn every_query_finds_its_rows_by_an_index() {
    let store = Store::in_memory().await.expect("a store");
    let r = &Explaining {
        db: store.reader().0,
        plans: Mutex::default(),
    };
    let meter: MeterId = "METER-001".parse().expect("a meter id");
    household(r, &meter).await;
    metering(r, &meter).await;
    traffic(r, &meter).await;
    settling(r, &meter).await;
    trading::market(r).await;
    trading::tokens(r).await;
}

/// Tables with a handful of rows may be read whole.
async fn household(r: &Explaining, meter: &MeterId) {
    let by_name = ["SEARCH prosumers USING INDEX sqlite_autoindex_prosumers_1 (name=?)"];
    check!(r, prosumers::find(r, "Sari"), by_name);
    check!(r, prosumers::list(r), ["SCAN prosumers"]);
    check!(r, wallets::list(r), ["SCAN wallets"]);
    let by_address = ["SEARCH address_book USING INDEX sqlite_autoindex_address_book_1 (address=?)"];
    check!(r, address_book::get(r, Address::ZERO), by_address);
    check!(
        r,
        address_book::list(r),
        ["SCAN address_book USING INDEX sqlite_autoindex_address_book_1"]
    );
    let by_id = ["SEARCH smart_meters USING INDEX sqlite_autoindex_smart_meters_1 (meter_id=?)"];
    check!(r, meters::get(r, meter), by_id);
    check!(
        r,
        meters::list(r),
        ["SCAN smart_meters; USE TEMP B-TREE FOR ORDER BY"]
    );
    let by_owner = ["SEARCH guards USING INDEX sqlite_autoindex_guards_1 (owner=?)"];
    check!(r, guards::get(r, Address::ZERO), by_owner);
    let newest = ["SEARCH guard_acts USING INDEX guard_acts_by_owner_id (owner=?)"];
    check!(r, guards::acts(r, Address::ZERO, 20), newest);
    let by_key = ["SEARCH settings USING INDEX sqlite_autoindex_settings_1 (key=?)"];
    check!(r, settings::get(r, "key"), by_key);
    check!(
        r,
        settings::all(r),
        ["SCAN settings USING INDEX sqlite_autoindex_settings_1"]
    );
}

async fn metering(r: &Explaining, meter: &MeterId) {
    let by_id = ["SEARCH registers USING INDEX sqlite_autoindex_registers_1 (meter_id=?)"];
    check!(r, registers::load(r, meter), by_id);
    let detailed = "energy_readings_detailed_by_meter_id_received_at";
    let newest = format!("SEARCH energy_readings_detailed USING INDEX {detailed} (meter_id=?)");
    let counted = newest.replace("meter_id=?", "meter_id=? AND received_at<?");
    check!(r, readings::last(r, meter, UnixMillis(1)), [counted.as_str()]);
    let span = newest.replace("meter_id=?", "meter_id=? AND received_at>? AND received_at<?");
    let (from, to) = (UnixMillis(1), UnixMillis(400 * 86_400_000 + 61 * 60_000));
    check!(r, readings::range(r, meter, from, to, 10), [span.as_str()]);
    check!(r, readings::page(r, meter, from, to, None, 10), [span.as_str()]);
    let place = "SEARCH energy_readings_detailed USING INTEGER PRIMARY KEY (rowid>?)";
    check!(r, readings::page(r, meter, from, to, Some(5), 10), [place]);
    let count = newest.replace("INDEX", "COVERING INDEX");
    check!(r, readings::first(r, meter), [count.as_str()]);
    check!(r, readings::count(r, meter), [count.as_str()]);
    check!(
        r,
        heartbeats::last(r, meter),
        ["SEARCH device_heartbeats USING INDEX device_heartbeats_by_meter_id_received_at (meter_id=?)"]
    );
    check!(
        r,
        statuses::last(r, meter),
        [
            "SEARCH device_status_snapshots USING INDEX device_status_snapshots_by_meter_id_received_at (meter_id=?)"
        ]
    );
    let between = "received_at>? AND received_at<?";
    let minutes = format!("SEARCH energy_readings USING PRIMARY KEY (meter_id=? AND {between})");
    let wider = format!("SEARCH energy_rollups USING PRIMARY KEY (meter_id=? AND width_ms=? AND {between})");
    let next = retention::next(r, meter, to, 10, Some((from, 5)));
    check!(r, next, [span.as_str()]);
    let newest = retention::newest_of(r, readings::TABLE, meter);
    check!(r, newest, [count.as_str()]);
    let (minutes, wider) = (minutes.as_str(), wider.as_str());
    check!(r, rollups::curve(r, meter, from, to, 1_600), [wider]);
    let mark = "SEARCH retention_marks USING INDEX sqlite_autoindex_retention_marks_1 (meter_id=?)";
    let fine = UnixMillis(60_000);
    check!(
        r,
        rollups::curve(r, meter, from, fine, 100),
        [mark, span.as_str(), minutes]
    );
    // Days, and for each edge inside a day the last minute before it.
    let passed = format!(
        "CO-ROUTINE edges; SCAN CONSTANT ROW; SCAN edges; SEARCH minutes USING PRIMARY KEY (meter_id=? AND received_at=?); \
         CORRELATED SCALAR SUBQUERY 2; {minutes}"
    );
    check!(r, rollups::energy(r, meter, from, to), [wider, passed.as_str()]);
    check!(r, rollups::total(r, meter), [wider]);
}

async fn traffic(r: &Explaining, meter: &MeterId) {
    // Row numbers are the order of the table: the newest are at its end, and the limit stops the scan.
    let all = &MessageFilter::default();
    check!(r, messages::list(r, all, 10, None), ["SCAN mqtt_message_logs"]);
    let older = ["SEARCH mqtt_message_logs USING INTEGER PRIMARY KEY (rowid<?)"];
    check!(r, messages::list(r, all, 10, Some(5)), older);
    let newer = ["SEARCH mqtt_message_logs USING INTEGER PRIMARY KEY (rowid>?)"];
    check!(r, messages::export(r, all, Some(5), 10), newer);
    let search = |index: &str, by: &str| format!("SEARCH mqtt_message_logs USING INDEX {index} ({by})");
    for (filter, index, by) in [
        (
            MessageFilter {
                meter_id: Some(meter.clone()),
                ..all.clone()
            },
            "mqtt_message_logs_by_meter_id_id",
            "meter_id=? AND id<?",
        ),
        (
            MessageFilter {
                correlation_id: Some("id".to_owned()),
                meter_id: Some(meter.clone()),
                search: Some("grid".to_owned()),
                ..all.clone()
            },
            "mqtt_message_logs_by_correlation_id_id",
            "correlation_id=? AND id<?",
        ),
        (
            MessageFilter {
                accepted: Some(false),
                meter_id: Some(meter.clone()),
                from: Some(UnixMillis(1)),
                ..all.clone()
            },
            "mqtt_message_logs_refused",
            "id<?",
        ),
    ] {
        let plan = search(index, by);
        check!(r, messages::list(r, &filter, 10, Some(5)), [plan.as_str()]);
    }
    let by_id = ["SEARCH device_commands USING INDEX sqlite_autoindex_device_commands_1 (correlation_id=?)"];
    check!(r, commands::get(r, "id"), by_id);
    let search = |index: &str, by: &str| {
        format!("SEARCH device_commands USING INDEX device_commands_by_{index} ({by})")
    };
    // Only the few that are open are sorted.
    let open = search("status_id", "status=?") + "; USE TEMP B-TREE FOR ORDER BY";
    check!(r, commands::unfinished(r), [open.as_str()]);
    let page = search("meter_id_id", "meter_id=? AND id<?");
    check!(r, commands::list(r, meter, 10, Some(5)), [page.as_str()]);
    let late = search(
        "meter_id_stage_finished_at",
        "meter_id=? AND stage=? AND finished_at>?",
    );
    check!(
        r,
        commands::timed_out_since(r, meter, UnixMillis(1)),
        [late.as_str()]
    );
    let open = ["SCAN device_notices USING INDEX device_notices_open"];
    check!(r, notices::open(r), open);
    let page = "SEARCH device_notices USING INTEGER PRIMARY KEY (rowid<?)";
    let unseen = "SCAN device_notices USING INDEX device_notices_unseen";
    check!(r, notices::list(r, 10, Some(5)), [page, unseen]);
    let tally = ["SEARCH meter_tallies USING INDEX sqlite_autoindex_meter_tallies_1 (meter_id=?)"];
    check!(r, tallies::load(r, meter), tally);
}

/// Whatever is asked for, a page costs what it shows.
async fn filters(r: &Explaining, meter: &MeterId) {
    for mask in 1..16 {
        let wanted = |bit: u8| mask & (1 << bit) != 0;
        let filter = SettlementFilter {
            meter_id: wanted(0).then(|| meter.clone()),
            status: wanted(1).then_some(Status::Success),
            trigger: wanted(2).then_some(Trigger::Manual),
            from: wanted(3).then_some(UnixMillis(1)),
            to: wanted(3).then_some(UnixMillis(9)),
        };
        settlements::list(r, &filter, 10, Some(5)).await.expect("a page");
        settlements::export(r, &filter, Some(5), 10)
            .await
            .expect("a page");
        for plan in r.plans() {
            let single = "SEARCH energy_settlements USING INTEGER PRIMARY KEY (rowid=?)";
            let by_index = plan.starts_with("SEARCH energy_settlements USING INDEX energy_settlements_by_")
                && !plan.contains("TEMP B-TREE");
            let by_time = !wanted(3) || plan.contains("created_at>? AND created_at<?");
            assert!(plan == single || by_index && by_time, "{filter:?}: {plan}");
        }
    }
}

async fn settling(r: &Explaining, meter: &MeterId) {
    let search = |index: &str, by: &str| {
        format!("SEARCH energy_settlements USING INDEX energy_settlements_by_{index} ({by})")
    };
    let newest = search("settlement_id_id", "settlement_id=?");
    check!(r, settlements::get(r, "id"), [newest.as_str()]);
    check!(r, settlements::pending(r, "id"), [newest.as_str()]);
    let status = search("meter_id_status_id", "meter_id=? AND status=?");
    check!(r, settlements::open(r, meter), [status.as_str()]);
    check!(r, settlements::all_open(r, meter), [status.as_str()]);
    let open = search("status_id", "status=?");
    check!(r, settlements::open_by_meter(r), [open.as_str()]);
    check!(r, settlements::burning_by_meter(r), [open.as_str()]);
    check!(r, settlements::last_success(r, meter), [status.as_str()]);
    let page = search("meter_id_id", "meter_id=?");
    check!(
        r,
        settlements::list(r, &SettlementFilter::of(meter), 10, None),
        [page.as_str()]
    );
    let next = search("meter_id_id", "meter_id=? AND id<?");
    check!(
        r,
        settlements::list(r, &SettlementFilter::of(meter), 10, Some(5)),
        [next.as_str()]
    );
    check!(
        r,
        settlements::list(r, &SettlementFilter::default(), 10, None),
        ["SCAN energy_settlements"]
    );
    filters(r, meter).await;
    let alive = "SEARCH energy_settlements USING INDEX energy_settlements_alive (settlement_id=?)";
    check!(r, settlements::alive(r, &["a", "b"]), [alive]);
    let blocks = search("meter_id_block", "meter_id=? AND block>?");
    check!(
        r,
        settlements::in_blocks_after(r, meter, (3, 5), 10),
        [blocks.as_str()]
    );
    let before = search("meter_id_block", "meter_id=? AND block<?");
    check!(r, settlements::last_before(r, meter, 3), [before.as_str()]);
    let changing = "SEARCH energy_settlements USING INTEGER PRIMARY KEY (rowid=?); LIST SUBQUERY 1; \
                    SEARCH energy_settlements USING COVERING INDEX energy_settlements_by_settlement_id_id \
                    (settlement_id=?); CREATE BLOOM FILTER";
    check!(r, settlements::Changes::load(r, &["a", "b"]), [changing]);
    let meters = [meter.clone(), "METER-002".parse().expect("a meter id")];
    check!(r, settlements::adopted_from(r, &meters, 3), [blocks.as_str()]);
    let place = (meter.clone(), 3_600_000, UnixMillis(0));
    let by_place = "SEARCH settlement_rollups USING INDEX sqlite_autoindex_settlement_rollups_1 \
                    (meter_id=? AND width_ms=? AND settled_at=?)";
    check!(r, settled::load_places(r, &BTreeSet::from([&place])), [by_place]);
    let search_facts = |index: &str, by: &str| format!("SEARCH settlement_facts USING {index} ({by})");
    check!(r, facts::last(r), ["SCAN settlement_facts"]);
    let key = search_facts("INTEGER PRIMARY KEY", "rowid>?");
    check!(r, facts::after(r, 3, 10), [key.as_str()]);
    let before = search_facts("INTEGER PRIMARY KEY", "rowid<?");
    check!(r, facts::list(r, None, 10, Some(3)), [before.as_str()]);
    let of_meter = "INDEX settlement_facts_by_meter_id_number";
    let before = search_facts(of_meter, "meter_id=? AND number<?");
    check!(r, facts::list(r, Some(meter), 10, Some(3)), [before.as_str()]);
    let of_settlement = search_facts(
        "INDEX settlement_facts_by_settlement_id_number",
        "settlement_id=?",
    );
    check!(r, facts::latest(r, &["a", "b"]), [of_settlement.as_str()]);
    let sums = ["SEARCH settlement_totals USING INDEX sqlite_autoindex_settlement_totals_1 (meter_id=?)"];
    check!(r, settlements::totals(r, meter), sums);
    check!(r, settlements::settled_wh(r, meter), sums);
    let single = search(
        "meter_id_settled_at",
        "meter_id=? AND settled_at>? AND settled_at<?",
    );
    let wider = "SEARCH settlement_rollups USING INDEX sqlite_autoindex_settlement_rollups_1 \
                 (meter_id=? AND width_ms=? AND settled_at>? AND settled_at<?)";
    let (from, to) = (UnixMillis(1), UnixMillis(400 * 86_400_000 + 3_600_001));
    check!(
        r,
        settlements::between(r, meter, from, to),
        [single.as_str(), wider, wider, wider, single.as_str()]
    );
    let made = search(
        "meter_id_created_at",
        "meter_id=? AND created_at>? AND created_at<?",
    );
    let made = made.replace("INDEX", "COVERING INDEX");
    check!(r, settlements::made_in(r, meter, from, to), [made.as_str()]);

    check!(
        r,
        outbox::get(r, 1),
        ["SEARCH outbox USING INTEGER PRIMARY KEY (rowid=?)"]
    );
    check!(
        r,
        outbox::get_all(r, &[1, 2]),
        ["SEARCH outbox USING INTEGER PRIMARY KEY (rowid=?)"]
    );
    check!(
        r,
        outbox_versions::of_rows(r, &[1, 2]),
        ["SEARCH outbox_versions USING INDEX sqlite_autoindex_outbox_versions_1 (outbox_id=?)"]
    );
    let hashed = "SEARCH outbox USING INDEX outbox_by_tx_hash (tx_hash=?)";
    check!(r, outbox::of_transaction(r, Hash32([1; 32])), [hashed]);
    let open = ["SEARCH outbox USING INDEX outbox_by_status_id (status=?)"];
    check!(r, outbox::unfinished(r), open);
    let flying = ["SEARCH outbox USING INDEX outbox_by_stage_block (stage=?)"];
    check!(r, outbox::in_flight(r), flying);
    let nonce =
        "SEARCH outbox USING INDEX outbox_by_account_chain_id_nonce (account=? AND chain_id=? AND nonce>?)";
    check!(r, outbox::highest_nonce(r, Address::ZERO, 1), [nonce]);
    let twins = nonce.replace("nonce>?", "nonce=?");
    check!(r, outbox::with_nonce(r, Address::ZERO, 1, 7), [twins.as_str()]);
    let watched = "SEARCH outbox USING INDEX outbox_by_stage_block (stage=? AND block>? AND block<?)";
    check!(r, outbox::confirmed(r, 1, 3..9, 10), [watched]);
    check!(r, outbox::list(r, 10, None), ["SCAN outbox"]);
    let page = "SEARCH outbox USING INTEGER PRIMARY KEY (rowid<?)";
    check!(r, outbox::list(r, 10, Some(5)), [page]);
    check!(r, transaction_logs::list(r, 10, None), ["SCAN transaction_logs"]);
    let acts = "SEARCH transaction_logs USING INDEX transaction_logs_by_category_id (category=?)";
    check!(r, transaction_logs::activities(r, 10, None), [acts]);
    let older = acts.replace("category=?", "category=? AND id<?");
    check!(r, transaction_logs::activities(r, 10, Some(5)), [older.as_str()]);
    check!(
        r,
        transaction_logs::transactions(r, 10, Some(5)),
        [older.as_str()]
    );
    let by_name = "SEARCH chain_cursors USING INDEX sqlite_autoindex_chain_cursors_1 (chain_id=? AND name=?)";
    check!(r, cursors::get(r, 1, "settled"), [by_name]);
    let of_chain = by_name.replace(" AND name=?", "");
    check!(r, cursors::by_name(r, 1), [of_chain.as_str()]);
}
