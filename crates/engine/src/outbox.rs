//! The outbox: the one writer of nonces. A transaction is signed, its bytes are stored, and only then sent; what
//! became of it is asked of the chain until no reorganisation can change it. Sending the same bytes again is always safe.

mod advance;
mod change;
mod confirmed;
mod first;
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
const MOST_IN_FLIGHT: usize = 1024;
/// So many are asked for, signed and stored together.
const AT_ONCE: usize = 32;
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
    /// Nonces that keep others from a block and that nobody here can take with the bytes of before, with the block at which
    /// that was found.
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
        if rows.is_empty() {
            self.parts.ledger.await_block(false);
            if !self.has_to_watch(&network).await? {
                return Ok(());
            }
        }
        // Another chain knows nothing of what was sent to this one, and may have used a nonce for something else. It is
        // asked for again before anything is signed.
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
        let (signed, waiting): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.stage.is_signed());
        let (mut signed, due): (Vec<_>, Vec<_>) =
            signed.into_iter().partition(|row| is_with_node(row) && !read);
        for due in portions(due) {
            signed.extend(self.follow_up(&network, due).await?);
        }
        let mut line = Line::default();
        signed.iter().for_each(|row| line.add(row));
        let mut ready = Vec::new();
        for row in waiting {
            match line.lets_through(&row) {
                true => ready.push(row),
                false => {
                    self.await_unlock(row).await?;
                }
            }
        }
        let sent = self.bring(&network, ready, &mut line.in_flight).await?;
        let waits = |row: &OutboxRow| row.stage == TxStage::Sent && is_with_node(row);
        self.parts.ledger.await_block(sent || signed.iter().any(waits));
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
}

/// Who goes before whom. A simulation sees what is in a block: what one account does with one meter, or on the market,
/// goes one after the other; everything else may be on its way at the same time, as far as a node keeps it.
#[derive(Default)]
struct Line {
    in_flight: BTreeMap<Address, InFlight>,
    /// Rows of each account that were let through.
    let_through: BTreeMap<Address, usize>,
    meters: BTreeSet<(Address, MeterId)>,
    trading: BTreeSet<Address>,
}

impl Line {
    /// Takes a signed row in.
    fn add(&mut self, row: &OutboxRow) {
        self.in_flight.entry(row.account).or_default().add(row);
        if !matches!(row.stage, TxStage::Mined) && row.stage.status() == Status::Pending {
            self.occupy(row);
        }
    }

    /// Whether a row that nobody has signed may go now. Either way those behind it wait for it.
    fn lets_through(&mut self, row: &OutboxRow) -> bool {
        let flying = self.in_flight.get(&row.account).map_or(0, |flying| flying.rows);
        let through = self.let_through.get(&row.account).copied().unwrap_or_default();
        let free = flying + through < MOST_IN_FLIGHT;
        let first = self.occupy(row);
        if free && first {
            *self.let_through.entry(row.account).or_default() += 1;
        }
        free && first
    }

    /// Keeps the row's place. Answers whether it was free.
    fn occupy(&mut self, row: &OutboxRow) -> bool {
        match &row.meter_id {
            _ if is_of_market(row.kind) => self.trading.insert(row.account),
            Some(meter) => self.meters.insert((row.account, meter.clone())),
            None => true,
        }
    }
}

/// The rows, so many at a time as go together.
fn portions(rows: Vec<OutboxRow>) -> impl Iterator<Item = Vec<OutboxRow>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let some: Vec<_> = rows.by_ref().take(AT_ONCE).collect();
        (!some.is_empty()).then_some(some)
    })
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
                changed = self.parts.ledger.sight.changed() => if changed.is_err() {
                    return Ok(());
                },
                () = self.parts.clock.sleep(TURN) => {}
            }
        }
    }
}
