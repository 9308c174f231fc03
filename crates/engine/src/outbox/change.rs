//! What a person may still change: a higher fee for a transaction that waits, or its end.

use enerlink_domain::{
    Code, Error, Transaction, TxHash, TxStage,
    settlement::confirmations,
    transaction::{TransactionLogPage, TransactionPage},
};
use enerlink_store::{OutboxRow, outbox, outbox_versions, transaction_logs};
use tokio::sync::{mpsc, oneshot};

use super::{News, Outbox, sign::Replacement};
use crate::{
    Engine, backup,
    network::{self, Network},
};

/// Rows of one page of transactions, at most.
const PAGE_ROWS: u16 = 200;

type Reply = oneshot::Sender<Result<Transaction, Error>>;

/// What the task is asked.
pub(super) enum Request {
    /// There is something new to do.
    Look,
    SpeedUp(i64, Reply),
    Cancel(i64, Reply),
}

/// Reaches the task.
#[derive(Clone)]
pub(crate) struct Handle(mpsc::Sender<Request>);

impl Handle {
    pub(super) fn new() -> (Self, mpsc::Receiver<Request>) {
        let (sender, inbox) = mpsc::channel(16);
        (Self(sender), inbox)
    }

    /// There is something new to do: a queued row, or a wallet that was unlocked.
    pub(crate) fn wake(&self) {
        // A full inbox means that the task is about to look anyway.
        let _ = self.0.try_send(Request::Look);
    }

    async fn ask(&self, request: impl FnOnce(Reply) -> Request) -> Result<Transaction, Error> {
        let stopped = || Error::new(Code::Internal, "the outbox has stopped");
        let (reply, answer) = oneshot::channel();
        self.0.send(request(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Outbox {
    pub(super) async fn answer(&mut self, request: Request) {
        let (reply, outcome) = match request {
            Request::Look => return,
            Request::SpeedUp(id, reply) => (reply, self.speed_up(id).await),
            Request::Cancel(id, reply) => (reply, self.cancel(id).await),
        };
        let _ = reply.send(outcome.map(|row| row.transaction()));
    }

    async fn speed_up(&self, id: i64) -> Result<OutboxRow, Error> {
        let row = self.row(id).await?;
        if !row.can_speed_up() {
            return Err(too_late(&row));
        }
        self.replace_unless_mined(row, Replacement::HigherFee).await
    }

    async fn cancel(&self, id: i64) -> Result<OutboxRow, Error> {
        let mut row = self.row(id).await?;
        if !row.can_cancel() {
            return Err(too_late(&row));
        }
        if !row.stage.is_signed() {
            // Nobody can have sent what nobody has signed.
            row.stage = TxStage::Failed;
            row.reason = Some("cancelled before it was signed".to_owned());
            return self.save(row, News::WANTED).await;
        }
        self.replace_unless_mined(row, Replacement::Cancellation).await
    }

    async fn row(&self, id: i64) -> Result<OutboxRow, Error> {
        if self.parts.held.borrow().is_some() {
            return Err(backup::unseen());
        }
        let found = outbox::get(&self.parts.store.reader(), id).await?;
        found.ok_or_else(|| Error::new(Code::InvalidInput, format!("there is no transaction {id}")))
    }

    /// Signs another version and sends it. What the chain has decided since it was last asked is found out first.
    async fn replace_unless_mined(&self, row: OutboxRow, wanted: Replacement) -> Result<OutboxRow, Error> {
        let network = self.parts.network.borrow().clone().ok_or_else(network::missing)?;
        if row.chain_id != network.addresses.chain_id {
            let text = format!("transaction {} belongs to chain {}", row.id, row.chain_id);
            return Err(Error::new(Code::OtherChain, text));
        }
        network.check_identity().await?;
        let versions = outbox_versions::list(&self.parts.store.reader(), &row).await?;
        if let Some((version, receipt)) = self.find(&network, &versions).await? {
            let row = self.mined(&network, row, &versions, version, &receipt).await?;
            return Err(too_late(&row));
        }
        let row = self.replace(&network, row, wanted).await?;
        self.deliver(&network, row).await
    }

    /// Sends what a person has just asked for. Another turn follows what became of it.
    async fn deliver(&self, network: &Network, row: OutboxRow) -> Result<OutboxRow, Error> {
        let id = row.id;
        self.send(network, row).await?;
        self.row(id).await
    }
}

fn too_late(row: &OutboxRow) -> Error {
    let text = match row.block {
        Some((block, _)) => format!("transaction {} is in block {block} already", row.id),
        None => format!("transaction {} has come to its end already", row.id),
    };
    Error::new(Code::TooLate, text)
}

impl Engine {
    /// Transactions, newest first.
    pub async fn transactions(&self, limit: u16, before: Option<i64>) -> Result<TransactionPage, Error> {
        let mut page = outbox::list(&self.store().reader(), limit.min(PAGE_ROWS), before).await?;
        let head = self.head().await;
        for row in &mut page.rows {
            row.confirmations = confirmations(row.block, head).unwrap_or(row.confirmations);
        }
        Ok(page)
    }

    /// The log of transactions, newest first: each that came to its end, and each that the chain took back.
    pub async fn transaction_log(
        &self,
        limit: u16,
        before: Option<i64>,
    ) -> Result<TransactionLogPage, Error> {
        let reader = self.store().reader();
        Ok(transaction_logs::transactions(&reader, limit.min(PAGE_ROWS), before).await?)
    }

    /// The transaction of this number.
    pub async fn transaction(&self, id: i64) -> Result<Transaction, Error> {
        let found = outbox::get(&self.store().reader(), id).await?;
        let found =
            found.ok_or_else(|| Error::new(Code::InvalidInput, format!("there is no transaction {id}")))?;
        let mut found = found.transaction();
        found.confirmations = confirmations(found.block, self.head().await).unwrap_or(found.confirmations);
        Ok(found)
    }

    /// The transaction whose version in a block, or else last version, has this hash.
    pub async fn find_transaction(&self, hash: TxHash) -> Result<Option<Transaction>, Error> {
        let found = outbox::of_transaction(&self.store().reader(), hash).await?;
        Ok(found.map(|row| row.transaction()))
    }

    /// Signs transaction `id` once more with a higher fee and sends it: same nonce, same calldata. One that was dropped
    /// is sent again that way.
    ///
    /// # Errors
    /// `TOO_LATE` when it is in a block or at its end, `LOCKED`, `NO_GAS` when the account cannot pay the higher fee.
    pub async fn speed_up(&self, id: i64) -> Result<Transaction, Error> {
        self.may_write()?;
        self.0.outbox.ask(|reply| Request::SpeedUp(id, reply)).await
    }

    /// Ends transaction `id`: one that was not signed is forgotten; of one that was, the nonce is taken by a transaction
    /// that does nothing and pays more. Whichever of them the chain takes first counts.
    ///
    /// # Errors
    /// Those of [`Engine::speed_up`].
    pub async fn cancel_transaction(&self, id: i64) -> Result<Transaction, Error> {
        self.may_write()?;
        self.0.outbox.ask(|reply| Request::Cancel(id, reply)).await
    }
}
