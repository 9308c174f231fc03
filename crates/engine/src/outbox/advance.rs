//! One step of one transaction: what to do next depends only on its stage and on what the chain says.

use std::sync::Arc;

use enerlink_chain::{Call, Chain, ChainError, Receipt, SendOutcome, build};
use enerlink_domain::{Code, Error, Fees, SignedTx, TxStage, Wei};
use enerlink_keystore::Signer;
use enerlink_store::OutboxRow;

use super::{Outbox, parse_signer};
use crate::{network::Network, task};

const LOCKED: &str = "waits for the wallet to be unlocked";

impl Outbox {
    /// Moves `row` as far as it goes now. An error of the node leaves the row where it is.
    pub(super) async fn advance(&self, network: &Network, mut row: OutboxRow) -> Result<OutboxRow, Error> {
        // Another chain knows nothing of what was sent to this one, and may have used the nonce for something else.
        if row.stage.is_signed()
            && let Err(error) = network.check_identity().await
        {
            return self.unreachable(row, error).await;
        }
        if matches!(
            row.stage,
            TxStage::Queued | TxStage::AwaitingUnlock | TxStage::NoGas
        ) {
            row = self.sign(network, row).await?;
        }
        if row.stage == TxStage::Signed {
            row = self.send(&network.chain, row).await?;
        }
        if matches!(row.stage, TxStage::Sent | TxStage::Mined) {
            row = self.follow_up(network, row).await?;
        }
        Ok(row)
    }

    /// Says of a row that is not its account's first that it will need an unlocked wallet, should it be locked.
    pub(super) async fn await_unlock(&self, row: OutboxRow) -> Result<(), Error> {
        let signer = parse_signer(&row.signer, row.account);
        if row.stage == TxStage::Queued && !self.parts.keystore.can_sign(&signer) {
            self.wait(row, TxStage::AwaitingUnlock, Code::Locked, LOCKED)
                .await?;
        }
        Ok(())
    }

    /// Simulates, prices and signs; stores the bytes before anybody else sees them.
    async fn sign(&self, network: &Network, mut row: OutboxRow) -> Result<OutboxRow, Error> {
        let signer = parse_signer(&row.signer, row.account);
        if let Signer::Settlement(meter) = &signer
            && matches!(self.parts.keystore.settlement_key(meter), Ok(None))
        {
            // Nobody can sign it any more; what it would have settled is owed again.
            let text = "the settlement key was given up before it had signed";
            return self.fail(row, text.to_owned()).await;
        }
        if !self.parts.keystore.can_sign(&signer) {
            return self
                .wait(row, TxStage::AwaitingUnlock, Code::Locked, LOCKED)
                .await;
        }
        let chain = &network.chain;
        if let Err(error) = network.check_identity().await {
            return self.unreachable(row, error).await;
        }
        let call = Call {
            to: Some(row.to),
            value: Wei::ZERO,
            input: row.input.clone(),
        };
        let gas = match chain.simulate(row.account, &call).await {
            Ok(simulated) => simulated.gas,
            Err(ChainError::Reverted(revert)) => return self.fail(row, revert.message).await,
            Err(error) => return self.unreachable(row, error).await,
        };
        let priced = async {
            Ok::<_, ChainError>((
                chain.fees().await?,
                chain.native_balance(row.account).await?,
                chain.pending_nonce(row.account).await?,
            ))
        };
        let (fees, balance, nonce) = match priced.await {
            Ok(priced) => priced,
            Err(error) => return self.unreachable(row, error).await,
        };
        let Some(fees) = affordable(fees, gas, balance) else {
            let cost = u128::from(gas).saturating_mul(price(fees).0);
            let missing = Wei(cost - balance.0);
            let text = format!("{} needs {missing} of the chain's coin more for gas", row.account);
            return self.wait(row, TxStage::NoGas, Code::NoGas, &text).await;
        };
        let (max_fee, priority_fee) = fee_columns(fees);
        let unsigned = build::unsigned(call, row.chain_id, nonce, gas, fees);
        let (keystore, chain_id) = (Arc::clone(&self.parts.keystore), row.chain_id);
        let signed = task::off_thread(move || keystore.sign(&signer, &unsigned, chain_id)).await?;
        let signed = match signed {
            Ok(signed) => signed,
            Err(error) => {
                let error = Error::from(error);
                return self
                    .wait(row, TxStage::AwaitingUnlock, error.code, &error.message)
                    .await;
            }
        };
        row.nonce = Some(nonce);
        row.gas_limit = Some(gas);
        row.max_fee = Some(max_fee);
        row.priority_fee = priority_fee;
        row.hash = Some(signed.hash);
        row.raw = Some(signed.raw);
        row.stage = TxStage::Signed;
        row.reason = None;
        tracing::info!(
            id = row.id,
            kind = row.kind.as_str(),
            nonce,
            "transaction signed and stored"
        );
        self.save(row, None).await
    }

    /// Sends the stored bytes. Without an answer nobody knows: the row stays signed and the same bytes go again.
    async fn send(&self, chain: &Chain, mut row: OutboxRow) -> Result<OutboxRow, Error> {
        let signed = bytes(&row)?;
        match chain.send_raw(&signed).await {
            Ok(SendOutcome::Accepted | SendOutcome::AlreadyKnown | SendOutcome::NonceTooLow) => {
                // A nonce that is too low was used by these bytes or by others: the receipt tells.
                row.stage = TxStage::Sent;
                row.reason = None;
                self.save(row, None).await
            }
            Ok(SendOutcome::Underpriced) => {
                self.wait(
                    row,
                    TxStage::Signed,
                    Code::Reverted,
                    "the node asks for a higher fee",
                )
                .await
            }
            Ok(SendOutcome::InsufficientFunds) => {
                let text = format!("{} cannot pay for the gas of the signed transaction", row.account);
                self.wait(row, TxStage::Signed, Code::NoGas, &text).await
            }
            Err(error) => self.unreachable(row, error).await,
        }
    }

    /// Asks the chain what became of a sent transaction.
    async fn follow_up(&self, network: &Network, row: OutboxRow) -> Result<OutboxRow, Error> {
        let signed = bytes(&row)?;
        let looked = async {
            let head = network.chain.head().await?;
            let receipt = network.chain.receipt(signed.hash).await?;
            Ok::<_, ChainError>((head.number, receipt))
        };
        match looked.await {
            Ok((head, Some(receipt))) => self.mined(network, row, &receipt, head).await,
            Ok((head, None)) => self.missing(network, row, &signed, head).await,
            Err(error) => self.unreachable(row, error).await,
        }
    }

    async fn mined(
        &self,
        network: &Network,
        mut row: OutboxRow,
        receipt: &Receipt,
        head: u64,
    ) -> Result<OutboxRow, Error> {
        let block = Some((receipt.block, receipt.block_hash));
        let settled = match receipt.settled(&network.addresses) {
            Ok(settled) => settled.into_iter().next(),
            Err(error) => return self.unreachable(row, error).await,
        };
        let confirmations = (head + 1).saturating_sub(receipt.block);
        let deep = confirmations >= u64::from(network.confirmations());
        let same = row.block == block && row.confirmations == confirmations && row.reason.is_none();
        if !deep && row.stage == TxStage::Mined && same {
            return Ok(row);
        }
        row.block = block;
        row.confirmations = confirmations;
        row.stage = match (deep, receipt.succeeded) {
            (false, _) => TxStage::Mined,
            (true, true) => TxStage::Confirmed,
            (true, false) => TxStage::Failed,
        };
        row.reason = (deep && !receipt.succeeded).then(|| "the contract refused it in the block".to_owned());
        self.save(row, settled).await
    }

    /// No receipt: still in the pool, dropped, or its nonce was used by something else.
    async fn missing(
        &self,
        network: &Network,
        mut row: OutboxRow,
        signed: &SignedTx,
        head: u64,
    ) -> Result<OutboxRow, Error> {
        let deep_block = (head + 1).saturating_sub(u64::from(network.confirmations()));
        let looked = async {
            let used = network.chain.nonce_at(row.account, deep_block).await?;
            Ok::<_, ChainError>((used, network.chain.transaction_known(signed.hash).await?))
        };
        let (used, known) = match looked.await {
            Ok(looked) => looked,
            Err(error) => return self.unreachable(row, error).await,
        };
        if !known && row.nonce.is_some_and(|nonce| used > nonce) {
            return self
                .fail(row, "its nonce was used by another transaction".to_owned())
                .await;
        }
        if row.stage == TxStage::Mined {
            tracing::warn!(id = row.id, "the block with this transaction is gone");
            row.stage = TxStage::Sent;
            row.block = None;
            row.confirmations = 0;
            row = self.save(row, None).await?;
        }
        if !known {
            tracing::info!(
                id = row.id,
                "the node does not know the transaction: the same bytes are sent again"
            );
            return self.send(&network.chain, row).await;
        }
        if row.reason.take().is_some() {
            return self.save(row, None).await;
        }
        Ok(row)
    }

    async fn fail(&self, mut row: OutboxRow, reason: String) -> Result<OutboxRow, Error> {
        tracing::warn!(
            id = row.id,
            kind = row.kind.as_str(),
            reason,
            "transaction failed"
        );
        row.stage = TxStage::Failed;
        row.reason = Some(reason);
        self.save(row, None).await
    }

    /// Leaves the row waiting with a reason; writes only what is new.
    async fn wait(
        &self,
        mut row: OutboxRow,
        stage: TxStage,
        code: Code,
        reason: &str,
    ) -> Result<OutboxRow, Error> {
        if row.stage == stage && row.reason.as_deref() == Some(reason) {
            return Ok(row);
        }
        tracing::info!(
            id = row.id,
            kind = row.kind.as_str(),
            ?code,
            reason,
            "transaction waits"
        );
        row.stage = stage;
        row.reason = Some(reason.to_owned());
        self.save(row, None).await
    }

    /// The node cannot be asked, or is another one: nothing is known, so nothing changes but the reason that is shown.
    async fn unreachable(&self, row: OutboxRow, error: ChainError) -> Result<OutboxRow, Error> {
        let (stage, error) = (row.stage, Error::from(error));
        self.wait(row, stage, error.code, &error.message).await
    }
}

fn bytes(row: &OutboxRow) -> Result<SignedTx, Error> {
    match (row.hash, &row.raw) {
        (Some(hash), Some(raw)) => Ok(SignedTx {
            hash,
            raw: raw.clone(),
        }),
        _ => Err(Error::new(
            Code::Storage,
            format!("the signed bytes of transaction {} are missing", row.id),
        )),
    }
}

/// Wei per gas at most.
pub(crate) fn price(fees: Fees) -> Wei {
    match fees {
        Fees::Legacy { gas_price } => gas_price,
        Fees::Eip1559 { max_fee, .. } => max_fee,
    }
}

/// The fees that `balance` can pay `gas` with. Where the base fee is zero the tip is a habit of the node: an account
/// without coins goes without.
pub(crate) fn affordable(fees: Fees, gas: u64, balance: Wei) -> Option<Fees> {
    if u128::from(gas).saturating_mul(price(fees).0) <= balance.0 {
        return Some(fees);
    }
    match fees {
        Fees::Eip1559 {
            max_fee,
            max_priority_fee,
        } if max_fee == max_priority_fee => Some(Fees::Eip1559 {
            max_fee: Wei::ZERO,
            max_priority_fee: Wei::ZERO,
        }),
        Fees::Eip1559 { .. } | Fees::Legacy { .. } => None,
    }
}

fn fee_columns(fees: Fees) -> (Wei, Option<Wei>) {
    match fees {
        Fees::Legacy { gas_price } => (gas_price, None),
        Fees::Eip1559 {
            max_fee,
            max_priority_fee,
        } => (max_fee, Some(max_priority_fee)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_coins_pays_nothing_where_nothing_is_asked() {
        let free = Fees::Eip1559 {
            max_fee: Wei(7),
            max_priority_fee: Wei(7),
        };
        let priced = Fees::Eip1559 {
            max_fee: Wei(7),
            max_priority_fee: Wei(1),
        };
        let nothing = Fees::Eip1559 {
            max_fee: Wei::ZERO,
            max_priority_fee: Wei::ZERO,
        };
        assert_eq!(affordable(free, 100, Wei(700)), Some(free));
        assert_eq!(affordable(free, 100, Wei(699)), Some(nothing));
        assert_eq!(affordable(priced, 100, Wei(699)), None);
        assert_eq!(affordable(Fees::Legacy { gas_price: Wei(1) }, 100, Wei(99)), None);
    }
}
