//! Signing: what takes the place of a signed transaction, and what every version has in common.

use std::sync::Arc;

use enerlink_chain::{Call, build};
use enerlink_domain::{Address, Code, Error, Fees, TxDetail, TxStage, UnsignedTx, Wei};
use enerlink_keystore::Signer;
use enerlink_store::{OutboxRow, TxVersion, outbox, outbox_versions};

use super::{News, Outbox, parse_signer};
use crate::{network::Network, task};

pub(super) const LOCKED: &str = "waits for the wallet to be unlocked";
/// Gas of a transaction that does nothing.
const NOTHING_GAS: u64 = 21_000;
/// So many higher fees are offered without asking, when the node takes no less: enough to double the first, and one that
/// asks for more says how much. Then a person decides.
const MOST_RAISES: u32 = 8;

/// What takes the place of a signed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// The same for more, because a person wants it.
    HigherFee,
    /// The same for more, because node or chain take no less.
    Demanded,
    /// Nothing, for more.
    Cancellation,
}

impl Outbox {
    /// Says of a row that waits for another that it will need an unlocked wallet, should it be locked.
    pub(super) async fn await_unlock(&self, row: OutboxRow) -> Result<OutboxRow, Error> {
        let signer = parse_signer(&row.signer, row.account);
        if row.stage == TxStage::Queued && !self.parts.keystore.can_sign(&signer) {
            return self
                .wait(row, TxStage::AwaitingUnlock, Code::Locked, LOCKED)
                .await;
        }
        Ok(row)
    }

    /// Signs and stores what takes the place of `row`: same nonce, fees raised by the rule over every version there is.
    ///
    /// # Errors
    /// For a person: `LOCKED`, `NO_GAS`, or that the node cannot be asked. The row is as it was.
    pub(super) async fn replace(
        &self,
        network: &Network,
        mut row: OutboxRow,
        wanted: Replacement,
    ) -> Result<OutboxRow, Error> {
        let signer = parse_signer(&row.signer, row.account);
        if !self.parts.keystore.can_sign(&signer) {
            return Err(Error::new(Code::Locked, LOCKED));
        }
        let mut versions = outbox_versions::list(&self.parts.store.reader(), &row).await?;
        let (Some(nonce), Some(gas), Some(last)) = (row.nonce, row.gas_limit, versions.last()) else {
            return Err(Error::new(
                Code::Internal,
                format!("transaction {} is signed without a nonce", row.id),
            ));
        };
        let number = last.number + 1;
        let paid = highest(&versions).unwrap_or_else(|| fees_of(last));
        // Whoever wants a cancelled transaction faster wants its end faster.
        let cancels = wanted == Replacement::Cancellation || row.cancelling;
        network.check_identity().await?;
        let asked = network.chain.fees().await?;
        let balance = network.chain.native_balance(row.account).await?;
        let fees = paid.raised(asked).ok_or_else(|| {
            Error::new(
                Code::NoGas,
                format!("the fee of transaction {} cannot rise any more", row.id),
            )
        })?;
        let gas = if cancels { NOTHING_GAS } else { gas };
        let others = self.in_flight(&row).await?;
        let value = if cancels { Wei::ZERO } else { value_of(&row) };
        let taken = others.iter().map(cost).fold(value.0, u128::saturating_add);
        let free = Wei(balance.0.saturating_sub(taken));
        if u128::from(gas).saturating_mul(fees.price().0) > free.0 {
            return Err(Error::new(Code::NoGas, missing_gas(row.account, fees, gas, free)));
        }
        let call = if cancels {
            build::transfer(row.account, Wei::ZERO)
        } else {
            call_of(&row)
        };
        let unsigned = build::unsigned(call, row.chain_id, nonce, gas, fees);
        let version = self.signed(signer, unsigned, number, cancels).await??;
        // One that was signed before versions were kept gets its row beside the new one.
        versions.retain(|_| row.versions == 0);
        versions.push(version.clone());
        take(&mut row, &version);
        row.versions = number;
        row.stage = TxStage::Signed;
        row.reason = None;
        row.unknown_since = None;
        if wanted == Replacement::Demanded {
            row.raises += 1;
        }
        tracing::info!(
            id = row.id,
            version = number,
            ?wanted,
            nonce,
            "transaction signed again"
        );
        let news = News {
            versions,
            ..News::default()
        };
        self.save(row, news).await
    }

    /// The node takes the last version for no less than more.
    pub(super) async fn underpriced(&self, network: &Network, row: OutboxRow) -> Result<OutboxRow, Error> {
        let stage = row.stage;
        if row.raises >= MOST_RAISES {
            let text = format!("the node asks for a higher fee than {MOST_RAISES} raises have offered");
            return self.wait(row, stage, Code::NoGas, &text).await;
        }
        match self.replace(network, row.clone(), Replacement::Demanded).await {
            Ok(row) => Ok(row),
            Err(error) => {
                let text = format!("the node asks for a higher fee: {error}");
                self.wait(row, stage, error.code, &text).await
            }
        }
    }

    /// Other transactions of the account that may still take its coins.
    async fn in_flight(&self, row: &OutboxRow) -> Result<Vec<OutboxRow>, Error> {
        let mut rows = outbox::in_flight(&self.parts.store.reader()).await?;
        rows.retain(|other| {
            let same = (other.account, other.chain_id) == (row.account, row.chain_id);
            same && other.id != row.id
        });
        Ok(rows)
    }

    /// Signs off the async threads. The inner error is the keystore's.
    pub(super) async fn signed(
        &self,
        signer: Signer,
        unsigned: UnsignedTx,
        number: u32,
        cancels: bool,
    ) -> Result<Result<TxVersion, Error>, Error> {
        let (keystore, chain_id) = (Arc::clone(&self.parts.keystore), unsigned.chain_id);
        let fees = unsigned.fees;
        let signed = task::off_thread(move || keystore.sign(&signer, &unsigned, chain_id)).await?;
        Ok(signed.map_err(Error::from).map(|signed| TxVersion {
            number,
            hash: signed.hash,
            raw: signed.raw,
            max_fee: fees.price(),
            priority_fee: match fees {
                Fees::Legacy { .. } => None,
                Fees::Eip1559 { .. } => Some(fees.tip()),
            },
            cancels,
            created_at: self.parts.clock.wall(),
        }))
    }
}

/// Makes `version` the one that the row speaks of.
pub(super) fn take(row: &mut OutboxRow, version: &TxVersion) {
    row.hash = Some(version.hash);
    row.raw = Some(version.raw.clone());
    row.max_fee = Some(version.max_fee);
    row.priority_fee = version.priority_fee;
    row.cancelling = version.cancels;
}

/// What the row asks the chain to do.
pub(super) fn call_of(row: &OutboxRow) -> Call {
    Call {
        to: Some(row.to),
        value: value_of(row),
        input: row.input.clone(),
    }
}

/// Native coin that goes along.
pub(super) fn value_of(row: &OutboxRow) -> Wei {
    row.detail.as_ref().map_or(Wei::ZERO, TxDetail::value)
}

fn fees_of(version: &TxVersion) -> Fees {
    match version.priority_fee {
        Some(max_priority_fee) => Fees::Eip1559 {
            max_fee: version.max_fee,
            max_priority_fee,
        },
        None => Fees::Legacy {
            gas_price: version.max_fee,
        },
    }
}

/// The most that any version offers: a node may hold each of them.
pub(super) fn highest(versions: &[TxVersion]) -> Option<Fees> {
    versions
        .iter()
        .map(fees_of)
        .reduce(|one, other| match (one, other) {
            (Fees::Legacy { .. }, _) => Fees::Legacy {
                gas_price: one.price().max(other.price()),
            },
            (Fees::Eip1559 { .. }, _) => Fees::Eip1559 {
                max_fee: one.price().max(other.price()),
                max_priority_fee: one.tip().max(other.tip()),
            },
        })
}

/// What a signed row can take from its account at most, in wei.
pub(super) fn cost(row: &OutboxRow) -> u128 {
    let gas = u128::from(row.gas_limit.unwrap_or(0));
    let value = if row.cancelling { 0 } else { value_of(row).0 };
    gas.saturating_mul(row.max_fee.unwrap_or_default().0)
        .saturating_add(value)
}

pub(super) fn missing_gas(account: Address, fees: Fees, gas: u64, balance: Wei) -> String {
    let cost = u128::from(gas).saturating_mul(fees.price().0);
    let missing = Wei(cost.saturating_sub(balance.0));
    format!("{account} needs {missing} of the chain's coin more for gas")
}

/// The fees that `balance` can pay `gas` with. Where the base fee is zero the tip is a habit of the node: an account
/// without coins goes without.
pub(crate) fn affordable(fees: Fees, gas: u64, balance: Wei) -> Option<Fees> {
    if u128::from(gas).saturating_mul(fees.price().0) <= balance.0 {
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
