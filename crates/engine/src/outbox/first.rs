//! The first way of a transaction: simulated, priced, signed, stored, sent. Those that wait go together, so that what
//! they all need is asked and stored once.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_chain::{ChainError, Simulated, build};
use enerlink_domain::{Address, Code, Error, Fees, Settlement, Status, TxStage, Wei, settlement::Watermark};
use enerlink_keystore::Signer;
use enerlink_store::{OutboxRow, outbox, settlements};
use futures_util::future::try_join_all;

use super::{
    InFlight, News, Outbox, parse_signer, portions,
    record::Changed,
    sign::{LOCKED, affordable, call_of, missing_gas, take, value_of},
};
use crate::network::Network;

/// What the chain says of an account that is about to sign.
struct Purse {
    balance: Wei,
    /// The next nonce, with what waits in the node's pool.
    pending: u64,
    /// The next nonce of this wallet.
    next: u64,
}

/// What the chain says before rows are signed.
struct Asked {
    fees: Fees,
    /// Of each row.
    simulated: Vec<Result<Simulated, ChainError>>,
    purses: BTreeMap<Address, Purse>,
    /// What the rows are to settle, by the ids of settlements.
    planned: BTreeMap<String, Settlement>,
}

impl Outbox {
    /// Brings rows on their way that nobody has signed: the bytes of those that go together are stored before anybody else
    /// sees one of them, in the order of the rows. While they are sent, the next are asked for and signed. `in_flight` is
    /// what their accounts have on their way. Answers whether any was sent.
    pub(super) async fn bring(
        &self,
        network: &Network,
        rows: Vec<OutboxRow>,
        in_flight: &mut BTreeMap<Address, InFlight>,
    ) -> Result<bool, Error> {
        let mut any = false;
        let mut signed = Vec::new();
        for rows in portions(self.signable(rows).await?) {
            let next = async {
                let asked = self.ask(network, &rows).await;
                self.sign(network, rows, asked, in_flight).await
            };
            let (next, sent) = tokio::join!(next, self.hand_all(network, signed));
            any |= sent?;
            signed = next?;
        }
        Ok(self.hand_all(network, signed).await? || any)
    }

    /// Sends what is signed and stored. Answers whether a node has taken any of it.
    async fn hand_all(&self, network: &Network, signed: Vec<OutboxRow>) -> Result<bool, Error> {
        let sent = self.send_all(network, signed).await?;
        // Nodes that mine at once have them in a block already: the last one tells.
        let Some(last) = sent.last().and_then(|row| row.hash) else {
            return Ok(false);
        };
        if let Ok(Some(_)) = network.chain.receipt(last).await {
            self.look(network, sent).await?;
        }
        Ok(true)
    }

    /// Those of the rows for which there is a key at hand.
    async fn signable(&self, rows: Vec<OutboxRow>) -> Result<Vec<OutboxRow>, Error> {
        let mut ready = Vec::with_capacity(rows.len());
        for row in rows {
            let signer = parse_signer(&row.signer, row.account);
            if let Signer::Settlement(meter) = &signer
                && matches!(self.parts.keystore.settlement_key(meter), Ok(None))
            {
                // Nobody can sign it any more; what it would have settled is owed again.
                let text = "the settlement key was given up before it had signed";
                self.fail(row, text.to_owned()).await?;
            } else if self.parts.keystore.can_sign(&signer) {
                ready.push(row);
            } else {
                self.wait(row, TxStage::AwaitingUnlock, Code::Locked, LOCKED)
                    .await?;
            }
        }
        Ok(ready)
    }

    /// Simulates, and asks for prices and accounts.
    async fn ask(&self, network: &Network, rows: &[OutboxRow]) -> Result<Asked, Error> {
        network.check_identity().await?;
        let calls: Vec<_> = rows.iter().map(|row| (row.account, call_of(row))).collect();
        let ids = rows.iter().filter_map(|row| row.settlement_id.as_deref());
        let ids: Vec<_> = ids.collect();
        let reader = self.parts.store.reader();
        let (fees, simulated, purses, planned) = tokio::join!(
            network.chain.fees(),
            network.chain.simulate_all(&calls),
            self.purses(network, rows),
            settlements::alive(&reader, &ids)
        );
        let planned = planned?.into_iter().map(|row| (row.settlement_id.clone(), row));
        Ok(Asked {
            fees: fees?,
            simulated: simulated?,
            purses: purses?,
            planned: planned.collect(),
        })
    }

    /// Prices and signs, and stores the bytes. What fails before that has taken no nonce and has cost nothing. Answers what
    /// is signed now.
    async fn sign(
        &self,
        network: &Network,
        rows: Vec<OutboxRow>,
        asked: Result<Asked, Error>,
        in_flight: &mut BTreeMap<Address, InFlight>,
    ) -> Result<Vec<OutboxRow>, Error> {
        let Asked {
            fees,
            simulated,
            mut purses,
            planned,
        } = match asked {
            Ok(asked) => asked,
            Err(error) if error.code == Code::Storage => return Err(error),
            Err(error) => {
                for row in rows {
                    self.leave(row, &error).await?;
                }
                return Ok(Vec::new());
            }
        };
        let mut changes = Vec::with_capacity(rows.len());
        for (row, simulated) in rows.into_iter().zip(simulated) {
            let simulated = match simulated {
                Ok(simulated) => simulated,
                Err(ChainError::Reverted(revert)) => {
                    self.fail(row, revert.message).await?;
                    continue;
                }
                Err(error) => {
                    self.unreachable(row, error).await?;
                    continue;
                }
            };
            let flying = in_flight.entry(row.account).or_default();
            let Some(purse) = purses.get_mut(&row.account) else {
                continue;
            };
            if let Some((row, mut news)) = self.sign_one(row, simulated, fees, purse, flying.cost).await? {
                flying.add(&row);
                let planned = row.settlement_id.as_ref().and_then(|id| planned.get(id));
                if let Some(planned) = planned {
                    news.from = self.moved_from(network, planned, &simulated).await;
                }
                changes.push((row, news));
            }
        }
        self.save_all(changes).await
    }

    /// What the accounts of `rows` have, and which nonce comes next. A node may have lost what was sent to it, and one
    /// that lags behind does not know it yet: what the outbox has signed counts as well.
    async fn purses(&self, network: &Network, rows: &[OutboxRow]) -> Result<BTreeMap<Address, Purse>, Error> {
        let accounts: BTreeSet<Address> = rows.iter().map(|row| row.account).collect();
        let asked = accounts.into_iter().map(async |account| {
            let (balance, pending) = tokio::try_join!(
                network.chain.native_balance(account),
                network.chain.pending_nonce(account)
            )?;
            let chain_id = network.addresses.chain_id;
            let highest = outbox::highest_nonce(&self.parts.store.reader(), account, chain_id).await?;
            let purse = Purse {
                balance,
                pending,
                next: highest.map_or(pending, |highest| pending.max(highest + 1)),
            };
            Ok::<_, Error>((account, purse))
        });
        Ok(try_join_all(asked).await?.into_iter().collect())
    }

    /// Prices and signs one row. `taken` is what the account's other transactions on their way cost at most, in wei.
    async fn sign_one(
        &self,
        mut row: OutboxRow,
        simulated: Simulated,
        fees: Fees,
        purse: &mut Purse,
        taken: u128,
    ) -> Result<Option<Changed>, Error> {
        // A row that fills a gap was given its nonce; what offers too little under it may be in the pool all the same.
        let before = self.offered_before(&row).await?;
        let fees = before.and_then(|before| before.raised(fees)).unwrap_or(fees);
        let taken = taken.saturating_add(value_of(&row).0);
        let free = Wei(purse.balance.0.saturating_sub(taken));
        let Some(fees) = affordable(fees, simulated.gas, free) else {
            let text = missing_gas(row.account, fees, simulated.gas, free);
            self.wait(row, TxStage::NoGas, Code::NoGas, &text).await?;
            return Ok(None);
        };
        let nonce = row.nonce.unwrap_or(purse.next);
        if nonce < purse.pending && before.is_none() {
            let text = "the gap that it was to fill has closed without it";
            self.fail(row, text.to_owned()).await?;
            return Ok(None);
        }
        let signer = parse_signer(&row.signer, row.account);
        let unsigned = build::unsigned(call_of(&row), row.chain_id, nonce, simulated.gas, fees);
        let version = match self.signed(signer, unsigned, 1, false).await? {
            Ok(version) => version,
            Err(error) => {
                self.wait(row, TxStage::AwaitingUnlock, error.code, &error.message)
                    .await?;
                return Ok(None);
            }
        };
        purse.next = purse.next.max(nonce + 1);
        row.nonce = Some(nonce);
        row.gas_limit = Some(simulated.gas);
        row.simulated = simulated.settled;
        row.simulated_order = simulated.placed.map(|placed| (placed.order, placed.traded));
        row.stage = TxStage::Signed;
        row.reason = None;
        take(&mut row, &version);
        row.versions = 1;
        tracing::info!(
            id = row.id,
            kind = row.kind.as_str(),
            nonce,
            "transaction signed, to be stored"
        );
        let news = News {
            versions: vec![version],
            ..News::default()
        };
        Ok(Some((row, news)))
    }

    /// The registers from which a settlement moves now, when they are not those it was written for: another settlement of
    /// the meter was undone, failed, or came from another copy of the wallet.
    async fn moved_from(
        &self,
        network: &Network,
        settlement: &Settlement,
        simulated: &Simulated,
    ) -> Option<Watermark> {
        let (energy, _) = simulated.settled?;
        if settlement.status != Status::Pending || settlement.energy_wh == energy {
            return None;
        }
        let meter = &settlement.meter_id;
        let standing = network.chain.meter(&network.addresses, meter).await.ok()??;
        (settlement.to.net_since(standing.watermark) == Some(energy)).then_some(standing.watermark)
    }
}
