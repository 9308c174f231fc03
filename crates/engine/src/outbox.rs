//! The outbox: the one writer of nonces. A transaction is signed, its bytes are stored, and only then sent; what
//! became of it is asked of the chain until no reorganisation can change it. Sending the same bytes again is always safe.

mod advance;
mod change;
mod confirmed;
mod gaps;
mod outcome;
mod record;
mod sign;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use enerlink_chain::Head;
use enerlink_domain::{Address, Clock, Error, MeterId, Status, TxKind, TxStage, wallet::BackupContent};
use enerlink_keystore::{Keystore, Signer};
use enerlink_store::{OutboxRow, Store, outbox};
use tokio::sync::{mpsc, watch};

pub(crate) use self::{change::Handle, sign::affordable};
use self::{change::Request, record::News};
use crate::{bus::Bus, commands, diagnostics, ledger, network::Network, task::Task};

/// So many transactions of an account wait for a block at most: nodes drop what goes beyond their own bound, which geth
/// sets at 5 120 for all accounts together.
const MOST_IN_FLIGHT: usize = 512;
/// A transaction that waits is looked at again after this long even when nothing happens.
const TURN: Duration = Duration::from_secs(15);

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
    inbox: mpsc::Receiver<Request>,
    /// A head whose chain is known to hold every confirmed transaction up to it. Lost with the process: then each is
    /// asked for once.
    seen: Option<Head>,
    /// Nonces that keep others from a block and whose bytes nobody here has, with the block at which that was found.
    gaps: BTreeMap<(Address, u64), u64>,
}

impl Outbox {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let (handle, inbox) = Handle::new();
        let outbox = Self {
            parts,
            inbox,
            seen: None,
            gaps: BTreeMap::new(),
        };
        (outbox, handle)
    }

    /// Looks after what is confirmed, then moves every unfinished transaction as far as it will go. What is with the
    /// node is asked for when the chain was read since (`read`), not for each row that is queued meanwhile.
    async fn turn(&mut self, read: bool) -> Result<(), Error> {
        if self.parts.held.borrow().is_some() {
            return Ok(());
        }
        let Some(network) = self.parts.network.borrow().clone() else {
            return Ok(());
        };
        let rows = self.unfinished(&network).await?;
        if rows.is_empty() && !self.has_to_watch(&network).await? {
            return Ok(());
        }
        // Another chain knows nothing of what was sent to this one, and may have used a nonce for something else. It is
        // asked for again before each signature.
        if let Err(error) = network.check_identity().await {
            let error = Error::from(error);
            for row in rows {
                self.leave(row, &error).await?;
            }
            return Ok(());
        }
        let undone = self.watch(&network).await?;
        let read = read || undone;
        let rows = match undone {
            true => self.unfinished(&network).await?,
            false => rows,
        };
        let mut ahead: BTreeSet<(Address, Option<MeterId>)> = BTreeSet::new();
        let mut trading: BTreeSet<Address> = BTreeSet::new();
        let mut in_flight: BTreeMap<Address, InFlight> = BTreeMap::new();
        for row in &rows {
            in_flight.entry(row.account).or_default().add(row);
        }
        for row in rows {
            let flying = in_flight.entry(row.account).or_default();
            let first = !row.stage.is_signed();
            let place = (row.account, row.meter_id.clone());
            // A simulation sees what is in a block. What one account does with one meter, or on the market, goes one after
            // the other; everything else may be on its way at the same time, as far as a node keeps it.
            let trades = is_of_market(row.kind);
            let behind = flying.rows >= MOST_IN_FLIGHT
                || match trades {
                    true => trading.contains(&row.account),
                    false => row.meter_id.is_some() && ahead.contains(&place),
                };
            flying.remove(&row);
            let row = if behind && first {
                self.await_unlock(row).await?
            } else if is_with_node(&row) && !read {
                row
            } else {
                self.advance(&network, row, flying.cost).await?
            };
            flying.add(&row);
            if !matches!(row.stage, TxStage::Mined) && row.stage.status() == Status::Pending {
                match trades {
                    true => trading.insert(row.account),
                    false => ahead.insert(place),
                };
            }
        }
        match read {
            true => self.heal(&network).await,
            false => Ok(()),
        }
    }

    /// What is PENDING on this chain, in the order of queueing.
    async fn unfinished(&self, network: &Network) -> Result<Vec<OutboxRow>, Error> {
        let mut rows = outbox::unfinished(&self.parts.store.reader()).await?;
        rows.retain(|row| row.chain_id == network.addresses.chain_id);
        Ok(rows)
    }
}

/// What an account has signed that is in no block yet.
#[derive(Default)]
struct InFlight {
    rows: usize,
    /// The most that it may take from the account, in wei.
    cost: u128,
}

impl InFlight {
    fn add(&mut self, row: &OutboxRow) {
        if row.stage.is_in_flight() {
            self.rows += 1;
            self.cost = self.cost.saturating_add(sign::cost(row));
        }
    }

    fn remove(&mut self, row: &OutboxRow) {
        if row.stage.is_in_flight() {
            self.rows -= 1;
            self.cost = self.cost.saturating_sub(sign::cost(row));
        }
    }
}

/// Whether nothing becomes of it but by a block: a node has taken it and nothing is amiss.
fn is_with_node(row: &OutboxRow) -> bool {
    matches!(row.stage, TxStage::Sent | TxStage::Mined) && row.reason.is_none()
}

/// Whether it is about orders: each of them sees what those before it have left.
pub(crate) fn is_of_market(kind: TxKind) -> bool {
    matches!(kind, TxKind::PlaceOrder | TxKind::CancelOrders | TxKind::Approve)
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
        let mut read = true;
        loop {
            self.turn(read).await?;
            read = true;
            tokio::select! {
                biased;
                Some(request) = self.inbox.recv() => {
                    read = false;
                    self.answer(request).await;
                    // One turn for all who have asked for one.
                    while let Ok(request) = self.inbox.try_recv() {
                        self.answer(request).await;
                    }
                }
                changed = self.parts.ledger.state.changed() => if changed.is_err() { return Ok(()) },
                () = self.parts.clock.sleep(TURN) => {}
            }
        }
    }
}
