//! The audit finds what was changed behind its back, and a receipt proves itself.

use std::path::PathBuf;

use enerlink_domain::{
    Etk, Settlement, Status, Trigger, TxStage, UnixMillis,
    audit::{FactKind, ReceiptFormat, Verification},
    settlement::SettlementFilter,
};
use enerlink_engine::{proof, read_receipt, verify_receipt_with};
use enerlink_sim::node::{Fault, ReorgTxs, Span};
use enerlink_store::{facts, settlements};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::support::{Household, Setup, WH, until};

impl Household {
    /// Settles so often.
    async fn settle_times(&mut self, times: usize) {
        for _ in 0..times {
            self.flow(200 * WH, 50 * WH).await;
            self.settle_through().await;
        }
    }

    async fn verify(&self) -> Verification {
        self.engine().verify_audit().await.expect("verified")
    }

    async fn database(&self) -> DatabaseConnection {
        let path = PathBuf::from(self.engine().status().data_dir).join("enerlink.db");
        let url = format!("sqlite://{}", path.display());
        Database::connect(url).await.expect("a connection")
    }
}

/// Changes the database behind the wallet's back; the verification names it and, undone, it is well again.
async fn found(household: &Household, db: &DatabaseConnection, changes: &[&str], named: &str) {
    let keep = ["settlement_facts", "energy_settlements"];
    for table in keep {
        run(db, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    for change in changes {
        run(db, change).await;
    }
    let verification = household.verify().await;
    assert!(!verification.ok, "{changes:?}");
    let problems = verification.problems.join("\n");
    assert!(problems.contains(named), "{changes:?}: {problems}");
    for table in keep {
        run(db, &format!("DELETE FROM {table}")).await;
        run(db, &format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        run(db, &format!("DROP TABLE kept_{table}")).await;
    }
    let verification = household.verify().await;
    assert!(verification.ok, "{changes:?}: {:?}", verification.problems);
}

async fn run(db: &DatabaseConnection, statement: &str) {
    db.execute_unprepared(statement).await.expect(statement);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_changed_is_named() {
    let mut household = Household::open(Setup::default()).await;
    household.settle_times(3).await;
    let sound = household.verify().await;
    assert!(sound.ok, "{:?}", sound.problems);
    assert_eq!((sound.settlements, sound.facts, sound.sums.len()), (3, 3, 1));
    let page = household
        .engine()
        .audit_page(None, 2, None)
        .await
        .expect("a page");
    assert_eq!(
        (page.rows[0].hash, page.rows.len(), page.next),
        (sound.head, 2, Some(2))
    );

    let db = household.database().await;
    let facts = |set: &str| format!("UPDATE settlement_facts SET {set}");
    for (changes, named) in [
        (
            vec![facts("written_at = written_at + 1 WHERE number = 1")],
            "fact 1 is not what was written",
        ),
        (
            vec![facts("content = replace(content, '150', '151') WHERE number = 2")],
            "fact 2 is not",
        ),
        (
            vec![facts("previous = zeroblob(32) WHERE number = 3")],
            "fact 3 is not what was written",
        ),
        (
            vec!["DELETE FROM settlement_facts WHERE number = 3".to_owned()],
            "no fact says so",
        ),
        (
            vec!["DELETE FROM settlement_facts WHERE number = 2".to_owned()],
            "fact 2 is missing",
        ),
        (
            vec!["DELETE FROM settlement_facts WHERE number = 1".to_owned()],
            "fact 1 is missing",
        ),
        (
            vec![
                facts("number = 9 WHERE number = 1"),
                facts("number = 1 WHERE number = 2"),
                facts("number = 2 WHERE number = 9"),
            ],
            "fact 1 is not what was written",
        ),
        (
            vec!["UPDATE energy_settlements SET etk = '1' WHERE id = 2".to_owned()],
            "row 2 of settlements",
        ),
        (
            vec![
                "DELETE FROM energy_settlements WHERE id = 3".to_owned(),
                "DELETE FROM settlement_facts WHERE number = 3".to_owned(),
            ],
            "and no row says so",
        ),
    ] {
        let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
        found(&household, &db, &changes, named).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forger_who_knows_the_hashes_is_found_by_the_chain() {
    let mut household = Household::open(Setup::default()).await;
    household.settle_times(2).await;
    let store = household.store(household.engine()).await;
    let honest = settlements::last_success(&store.reader(), &household.id).await;
    let honest = honest.expect("readable").expect("a settlement");
    // The row with its seal, and the sums.
    let forged = Settlement {
        etk: Etk(honest.etk.0 + 100),
        ..honest.clone()
    };
    let tx = store.begin().await.expect("a transaction");
    settlements::update(&tx, &forged).await.expect("written");
    tx.commit().await.expect("a commit");
    let problems = household.verify().await.problems.join("\n");
    assert!(problems.contains("is not what fact 2 says"), "{problems}");
    assert!(
        problems.contains("something else than the node's event"),
        "{problems}"
    );
    assert!(problems.contains("add up to"), "{problems}");
    // And two facts that say so.
    let tx = store.begin().await.expect("a transaction");
    for (kind, settlement) in [(FactKind::Reversed, &honest), (FactKind::Settled, &forged)] {
        facts::append(&tx, kind, settlement, UnixMillis(1))
            .await
            .expect("a fact");
    }
    tx.commit().await.expect("a commit");
    let verification = household.verify().await;
    assert_eq!(verification.problems.len(), 1, "{:?}", verification.problems);
    assert!(
        verification.problems[0].contains("the node's event"),
        "{:?}",
        verification.problems
    );
    // A settlement that never was.
    let invented = Settlement {
        settlement_id: "METER/invented".to_owned(),
        trigger: Trigger::Adopted,
        ..forged
    };
    let tx = store.begin().await.expect("a transaction");
    settlements::insert(&tx, &invented).await.expect("written");
    facts::append(&tx, FactKind::Settled, &invented, UnixMillis(1))
        .await
        .expect("a fact");
    tx.commit().await.expect("a commit");
    let problems = household.verify().await.problems.join("\n");
    assert!(
        problems.contains("METER/invented is not in the node's block"),
        "{problems}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_copy_has_settled_is_in_the_chain_of_facts() {
    let mut household = Household::open(Setup::default()).await;
    let copy = household.copy().await;
    for _ in 0..2 {
        household.flow(300 * WH, 0).await;
        household.heard(&copy.engine).await;
        let settled = copy
            .engine
            .settle_now(household.id.clone())
            .await
            .expect("queued");
        household
            .concluded(household.engine(), &settled.settlement_id, Status::Success)
            .await;
        household
            .concluded(&copy.engine, &settled.settlement_id, Status::Success)
            .await;
    }
    household.settle_times(1).await;
    household.check(household.engine(), 3).await;
    let newest = household.rows(household.engine()).await.remove(0).settlement_id;
    household.concluded(&copy.engine, &newest, Status::Success).await;
    for engine in [household.engine(), &copy.engine] {
        let verification = engine.verify_audit().await.expect("verified");
        assert!(verification.ok, "{:?}", verification.problems);
        assert_eq!((verification.settlements, verification.facts), (3, 3));
    }
    let rows = household.rows(household.engine()).await;
    for pair in rows.windows(2) {
        assert_eq!(pair[0].from, pair[1].to, "each begins where the one before ends");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reorganisation_takes_from_another_copy_is_taken_back_and_adopted_again() {
    let mut household = Household::open(Setup::default()).await;
    let copy = household.copy().await;
    household.flow(500 * WH, 0).await;
    household.heard(&copy.engine).await;
    let settled = copy
        .engine
        .settle_now(household.id.clone())
        .await
        .expect("queued");
    let id = settled.settlement_id.as_str();
    household.concluded(household.engine(), id, Status::Success).await;
    // The other copy is gone, so that nobody sends it again.
    copy.engine.stop().await;
    let raw = household
        .node
        .reorg(1, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    assert_eq!(raw.len(), 1);
    household.node.mine(1).await.expect("a block");
    let undone = household.concluded(household.engine(), id, Status::Failed).await;
    assert_eq!((undone.stage, undone.block), (TxStage::Failed, None));
    until("the audit to agree", async || household.verify().await.ok).await;
    let facts = household
        .engine()
        .audit_page(None, 9, None)
        .await
        .expect("a page")
        .rows;
    let kinds: Vec<_> = facts.iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::Reversed, FactKind::Settled], "newest first");
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_proves_itself_and_no_changed_byte_of_it_does() {
    let mut household = Household::open(Setup::default()).await;
    household.settle_times(2).await;
    let row = household.rows(household.engine()).await.remove(0);
    let engine = household.engine();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("receipt.json");
    let saved = engine
        .save_receipt(&row.settlement_id, ReceiptFormat::Json, "id", &path)
        .await
        .expect("written");
    assert_eq!(saved.name, "receipt.json");
    let receipt = read_receipt(std::slice::from_ref(&path)).expect("a receipt");
    let (proved, confirmations) = verify_receipt_with(&household.chain, &receipt)
        .await
        .expect("proved");
    assert!(proved.block_trusted && confirmations >= 1);
    assert_eq!(
        (
            proved.settlement_id.as_str(),
            proved.energy_wh,
            proved.etk,
            proved.after
        ),
        (row.settlement_id.as_str(), row.energy_wh, row.etk, row.to)
    );
    assert_eq!(
        (Some(proved.tx), Some(proved.block), proved.before),
        (row.tx, row.block, Some(row.from))
    );
    assert_eq!(proved.chain_id, Some(household.addresses.chain_id));

    let trusted = receipt.block_hash();
    let bytes = std::fs::read(&path).expect("the file");
    let proves = |bytes: &[u8]| {
        proof::SettlementReceipt::parse(bytes).is_ok_and(|found| proof::verify(&found, Some(trusted)).is_ok())
    };
    assert!(proves(&bytes));
    // Every seventh byte each time: all of them would take minutes.
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 7);
        assert!(!proves(&changed), "byte {at}");
    }
    for changed in [
        &bytes[1..],
        &bytes[..bytes.len() - 1],
        &[bytes.as_slice(), b"\n"].concat(),
    ] {
        assert!(!proves(changed));
    }
    let other = household
        .chain
        .block_hash(0)
        .await
        .expect("read")
        .expect("genesis");
    assert!(proof::verify(&receipt, Some(other)).is_err());

    // Not every node answers for a whole block.
    let faults = household.node.faults();
    faults.set_for(
        "eth_getBlockReceipts",
        Fault::Result(serde_json::Value::Null),
        Span::UntilCleared,
    );
    let singly = directory.path().join("singly.json");
    engine
        .save_receipt(&row.settlement_id, ReceiptFormat::Json, "en", &singly)
        .await
        .expect("written");
    assert_eq!(std::fs::read(&singly).expect("the file"), bytes);
    faults.clear();

    let again = engine
        .save_receipt(&row.settlement_id, ReceiptFormat::Json, "id", &path)
        .await;
    again.expect_err("never over a file that is there");
    engine
        .save_receipt(
            "METER-404/1/1",
            ReceiptFormat::Pdf,
            "id",
            &directory.path().join("x.pdf"),
        )
        .await
        .expect_err("no such settlement");
    let pdf = directory.path().join("receipt.pdf");
    engine
        .save_receipt(&row.settlement_id, ReceiptFormat::Pdf, "id", &pdf)
        .await
        .expect("written");
    assert_eq!(read_receipt(&[pdf]).expect("attached"), receipt);
    // A reorganisation takes the block, and the node then says another hash.
    household.node.set_automine(false).await.expect("manual");
    household
        .node
        .reorg(1, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    verify_receipt_with(&household.chain, &receipt)
        .await
        .expect_err("another block");
    assert!(
        proof::verify(&receipt, Some(trusted)).is_ok(),
        "what is trusted stays proved"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settlements_are_exported_and_summed_up() {
    let mut household = Household::open(Setup::default()).await;
    household.settle_times(3).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("settlements.csv");
    let engine = household.engine();
    let filter = SettlementFilter {
        status: Some(Status::Success),
        ..SettlementFilter::of(&household.id)
    };
    let saved = engine.save_settlements(&filter, &path).await.expect("written");
    assert_eq!(saved.rows, 3);
    let text = std::fs::read_to_string(&path).expect("the file");
    assert!(
        text.lines()
            .nth(1)
            .is_some_and(|row| row.contains(",0.200,0.050,0.150,150,150.00,")),
        "{text}"
    );
    let now = engine.now().0;
    let edges = [now - 86_400_000, now - 43_200_000, now + 1].map(UnixMillis);
    for meter in [None, Some(&household.id)] {
        let totals = engine.totals_between(meter, &edges).await.expect("sums");
        let totals: Vec<_> = totals.iter().map(|sum| (sum.settlements, sum.minted.0)).collect();
        assert_eq!(totals, [(0, 0), (3, 45_000)]);
    }
    engine
        .totals_between(None, &edges[..1])
        .await
        .expect_err("one moment");
}
