//! What the database and the chain say, and whether it agrees.

use std::slice;

use super::*;
use enerlink_domain::settlement::SettlementFilter;

impl Household {
    /// Gives the wallet's account native coin.
    pub(crate) async fn fund(&self, account: enerlink_domain::Address, wei: u128) {
        let funded = self.operator.fund(account, Wei(wei)).await;
        funded.expect("funded");
    }

    /// Waits until transaction `id` is at `stage`.
    pub(crate) async fn at(&self, id: i64, stage: TxStage) -> Transaction {
        let mut found = None;
        until(&format!("transaction {id} to be {stage:?}"), async || {
            let row = self.engine().transaction(id).await.expect("the row");
            found = Some(row).filter(|row| row.stage == stage);
            found.is_some()
        })
        .await;
        found.expect("just found")
    }

    /// What the household was told, oldest first.
    pub(crate) async fn told(&self, kind: NoticeKind) -> Vec<Notice> {
        let page = self.engine().notices(200, None).await.expect("an inbox");
        let mut told: Vec<_> = page
            .rows
            .into_iter()
            .filter(|notice| notice.kind == kind)
            .collect();
        told.reverse();
        told
    }

    pub(crate) async fn settlement_transaction(&self) -> Option<Transaction> {
        let rows = self.outbox(self.engine()).await;
        rows.into_iter().find(|tx| tx.kind == TxKind::SettleMeter)
    }

    /// Every transaction of the profile, newest first.
    pub(crate) async fn outbox(&self, engine: &Engine) -> Vec<Transaction> {
        let reader = self.store(engine).await.reader();
        let page = enerlink_store::outbox::list(&reader, 100, None).await;
        page.expect("readable").rows
    }

    pub(crate) async fn settlement_transactions(&self, engine: &Engine) -> usize {
        let rows = self.outbox(engine).await;
        rows.iter().filter(|tx| tx.kind == TxKind::SettleMeter).count()
    }

    pub(super) async fn newest(&self, engine: &Engine, id: &str) -> Option<Settlement> {
        self.rows(engine)
            .await
            .into_iter()
            .find(|row| row.settlement_id == id)
    }

    /// The settlements of the meter as stored, newest first.
    pub(crate) async fn rows(&self, engine: &Engine) -> Vec<Settlement> {
        engine
            .settlements(&SettlementFilter::of(&self.id), 200, None)
            .await
            .expect("readable")
            .rows
    }

    /// The database of `engine`, opened beside it.
    pub(crate) async fn store(&self, engine: &Engine) -> Store {
        let path = PathBuf::from(engine.status().data_dir).join("enerlink.db");
        Store::open(&path).await.expect("a database")
    }

    /// Everything that has to be true when nothing is on its way: so many settlements on chain, each once in the
    /// profile, registers, tokens and sums in step.
    pub(crate) async fn check(&self, engine: &Engine, expected: usize) {
        until("the settlements to be known", async || {
            let rows = self.rows(engine).await;
            let known = rows.iter().filter(|row| row.status == Status::Success).count();
            known == expected && engine.is_settled().await.expect("readable")
        })
        .await;
        let events = self.events().await;
        assert_eq!(events.len(), expected, "settlements on chain");
        let standing = self.chain.meter(&self.addresses, &self.id).await.expect("read");
        let standing = standing.expect("registered");
        let last = events.last().map_or(standing.baseline, |event| event.registers);
        assert_eq!(
            standing.watermark, last,
            "the chain's registers are the last event's"
        );
        let rows = self.rows(engine).await;
        for event in &events {
            let twins: Vec<_> = rows
                .iter()
                .filter(|row| row.status == Status::Success && row.settlement_id == event.settlement_id)
                .collect();
            assert_eq!(twins.len(), 1, "{} is stored once", event.settlement_id);
            let stored = (twins[0].to, twins[0].energy_wh, twins[0].etk, twins[0].tx);
            assert_eq!(stored, (event.registers, event.energy, event.etk, Some(event.tx)));
        }
        let audit = engine.audit(&self.id).await.expect("added up");
        assert!(audit.adds_up && audit.unrecorded.0 == 0, "{audit:?}");
        let sum = audit.settled.0 + audit.pending.0 + audit.carried.0;
        assert_eq!(audit.accumulated.0, sum, "{audit:?}");
        let verified = engine.verify_audit().await.expect("verified");
        assert!(verified.ok, "{:?}", verified.problems);
        // Those of every meter of the profile.
        let succeeded = SettlementFilter {
            status: Some(Status::Success),
            ..SettlementFilter::default()
        };
        let all = engine
            .settlements(&succeeded, 200, None)
            .await
            .expect("readable")
            .rows;
        assert_eq!(verified.settlements, all.len() as u64);
        let (export, import) = registers(engine, &self.id).expect("heard");
        let net = |mark: Watermark| mark.net_micro().expect("in range").0;
        let accumulated = NetMicroWh::between(export, import).0 - net(standing.baseline);
        assert_eq!(audit.accumulated.0, accumulated, "{audit:?}");
        assert_eq!(audit.settled.0, net(standing.watermark) - net(standing.baseline));
        let sums = engine.token_sums(self.owner()).await.expect("added up");
        assert_eq!(
            sums.etk_balance.0,
            sums.etk_minted.0 - sums.etk_burned.0,
            "{sums:?}"
        );
        assert_eq!(
            sums.etk_balance.0,
            events.iter().map(|event| event.etk.0).sum::<i128>()
        );
    }

    /// The settlements of the meter, as the chain tells them.
    pub(crate) async fn events(&self) -> Vec<SettledEvent> {
        let head = self.chain.head().await.expect("a head").number;
        let events = self
            .chain
            .settled_events(&self.addresses, slice::from_ref(&self.id), 0, head);
        events.await.expect("events")
    }

    /// The registers on chain.
    pub(crate) async fn watermark(&self) -> Watermark {
        let standing = self.chain.meter(&self.addresses, &self.id).await.expect("read");
        standing.expect("registered").watermark
    }

    /// Whole watt-hours of what the meter has counted.
    pub(crate) fn floor(&self) -> Watermark {
        let (export, import) = self.counted();
        Watermark {
            export: export.floor_wh(),
            import: import.floor_wh(),
        }
    }

    /// Waits until the connection to the node is down for this reason.
    pub(crate) async fn link_down(&self, code: Code) {
        until(&format!("the chain's link to say {code:?}"), async || {
            let link = self.engine().status().chain.link;
            !link.up && link.code == Some(code)
        })
        .await;
    }

    pub(crate) async fn link_up(&self) {
        until("the chain's link to be up", async || {
            self.engine().status().chain.link.up
        })
        .await;
    }
}
