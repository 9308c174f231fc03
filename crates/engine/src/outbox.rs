//! The outbox: the one writer of nonces. A transaction is signed, its bytes are stored, and only then sent; what
//! became of it is asked of the chain until it is deep enough. Sending the same bytes again is always safe.

mod advance;

use std::{sync::Arc, time::Duration};

use enerlink_domain::{
    Address, Clock, Error, Event, MeterId, Settlement, Status, TxKind, TxStage, audit::FactKind,
    settlement::Watermark, wallet::BackupContent,
};
use enerlink_keystore::{Keystore, Signer};
use enerlink_store::{Mark, OutboxRow, Store, facts, outbox, settlements, transaction_logs, wallets};
use tokio::sync::{mpsc, watch};

pub(crate) use self::advance::affordable;
use crate::{bus::Bus, commands, diagnostics, ledger, network::Network, task::Task};

/// A transaction that waits is looked at again after this long even when nothing happens.
const TURN: Duration = Duration::from_secs(15);

/// Wakes the task.
#[derive(Clone)]
pub(crate) struct Handle(mpsc::Sender<()>);

impl Handle {
    /// There is something new to do: a queued row, or a wallet that was unlocked.
    pub(crate) fn wake(&self) {
        // A full inbox means that the task is about to look anyway.
        let _ = self.0.try_send(());
    }
}

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) bus: Bus,
    pub(crate) network: watch::Receiver<Option<Network>>,
    pub(crate) ledger: ledger::Handle,
    pub(crate) commands: commands::Handle,
    pub(crate) diagnostics: diagnostics::Handle,
    /// What was restored and nobody has looked at yet: nothing is sent.
    pub(crate) held: watch::Receiver<Option<BackupContent>>,
}

pub(crate) struct Outbox {
    parts: Parts,
    inbox: mpsc::Receiver<()>,
}

impl Outbox {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let (sender, inbox) = mpsc::channel(1);
        (Self { parts, inbox }, Handle(sender))
    }

    /// Moves every unfinished transaction as far as it will go; per account one after the other, because the next
    /// nonce is only certain when the one before is in a block.
    async fn turn(&self) -> Result<(), Error> {
        if self.parts.held.borrow().is_some() {
            return Ok(());
        }
        let Some(network) = self.parts.network.borrow().clone() else {
            return Ok(());
        };
        let mut busy: Vec<Address> = Vec::new();
        for row in outbox::unfinished(&self.parts.store.reader()).await? {
            if row.chain_id != network.addresses.chain_id {
                continue;
            }
            if busy.contains(&row.account) {
                self.await_unlock(row).await?;
                continue;
            }
            let row = self.advance(&network, row).await?;
            if !matches!(row.stage, TxStage::Confirmed | TxStage::Failed) {
                busy.push(row.account);
            }
        }
        Ok(())
    }

    /// Stores a changed row together with what hangs on it, then tells.
    async fn save(
        &self,
        mut row: OutboxRow,
        settled: Option<enerlink_chain::SettledEvent>,
    ) -> Result<OutboxRow, Error> {
        row.updated_at = self.parts.clock.wall();
        let tx = self.parts.store.begin().await?;
        outbox::update(&tx, &row).await?;
        let mut settlement = None;
        if let Some(id) = &row.settlement_id
            && let Some(found) = settlements::pending(&tx, id).await?
        {
            let changed = follow(found, &row, settled);
            settlements::update(&tx, &changed).await?;
            if changed.status == Status::Success {
                facts::append(&tx, FactKind::Settled, &changed, row.updated_at).await?;
            }
            settlement = Some(changed);
        }
        if matches!(row.stage, TxStage::Confirmed | TxStage::Failed) {
            transaction_logs::append(&tx, &row).await?;
        }
        if row.stage == TxStage::Signed {
            let signer = self.parts.keystore.wallets();
            let signer = signer.iter().find(|wallet| wallet.has(row.account));
            let ids: Vec<_> = signer.iter().map(|wallet| wallet.wallet).collect();
            wallets::mark(&tx, &ids, Mark::Used, row.updated_at).await?;
        }
        tx.commit().await?;
        self.parts.bus.tell(Event::Transaction(row.transaction()));
        if let Some(settlement) = settlement {
            if let Some(settled) = settlement.settled_at {
                self.parts
                    .diagnostics
                    .settled(settled.since(settlement.created_at));
            }
            self.parts.bus.tell(Event::Settlement(settlement));
        }
        if row.stage == TxStage::Confirmed {
            self.confirmed(&row).await;
        }
        Ok(row)
    }

    async fn confirmed(&self, row: &OutboxRow) {
        self.parts.ledger.refresh();
        if row.kind == TxKind::SettleMeter
            && let Some(meter) = &row.meter_id
        {
            self.parts
                .commands
                .reset_display_after_settlement(meter.clone())
                .await;
        }
    }
}

/// The settlement as its transaction has left it.
fn follow(
    mut settlement: Settlement,
    row: &OutboxRow,
    settled: Option<enerlink_chain::SettledEvent>,
) -> Settlement {
    settlement.stage = row.stage;
    settlement.status = row.stage.status();
    settlement.tx = row.hash;
    settlement.block = row.block.map(|(number, _)| number);
    settlement.confirmations = row.confirmations;
    settlement.reason.clone_from(&row.reason);
    if let Some(event) = settled {
        settlement.energy_wh = event.energy;
        settlement.etk = event.etk;
        settlement.to = Watermark {
            export: event.registers.export,
            import: event.registers.import,
        };
    }
    if row.stage == TxStage::Confirmed {
        settlement.settled_at = Some(row.updated_at);
    }
    settlement
}

/// How a signer is written in the database: `wallet` or `settlement/{meterId}`.
pub(crate) fn signer_text(signer: &Signer) -> String {
    match signer {
        Signer::Wallet(_) => "wallet".to_owned(),
        Signer::Settlement(meter) => format!("settlement/{meter}"),
    }
}

/// The reverse of [`signer_text`], for a row of `account`.
fn parse_signer(text: &str, account: Address) -> Signer {
    let meter = text
        .strip_prefix("settlement/")
        .and_then(|id| id.parse::<MeterId>().ok());
    meter.map_or(Signer::Wallet(account), Signer::Settlement)
}

impl Task for Outbox {
    const NAME: &'static str = "outbox";

    async fn run(&mut self) -> Result<(), Error> {
        loop {
            self.turn().await?;
            tokio::select! {
                biased;
                _ = self.inbox.recv() => {}
                changed = self.parts.ledger.state.changed() => if changed.is_err() { return Ok(()) },
                () = self.parts.clock.sleep(TURN) => {}
            }
        }
    }
}
