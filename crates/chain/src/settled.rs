//! Settlements as the converter's events tell them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy::{
    primitives::{B256, keccak256},
    sol_types::SolEvent,
};
use enerlink_domain::{Address, BlockHash, Etk, MeterId, NetWattHours, TxHash, settlement::Watermark};
use futures_util::future::try_join_all;
use serde_json::json;

use crate::{
    Addresses, Chain, ChainError,
    contracts::{
        converter::EnergyConverter::{EnergySettled, MeterSettled},
        from_alloy, hash, signed, to_alloy,
    },
    log::{Log, decode},
    meter::watermark,
};

/// So many meters are searched for by their keys; among more, whatever was settled is read. Nodes bound how many keys a
/// search names: geth to 1 000.
const MOST_KEYS: usize = 64;

/// A settlement by registers, as the chain tells it: `EnergySettled` and `MeterSettled` joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledEvent {
    /// The id that was given to the settlement; anybody who may settle chooses it, so it proves nothing.
    pub settlement_id: String,
    /// Which meter.
    pub meter_id: MeterId,
    /// Whose tokens moved.
    pub prosumer: Address,
    /// Net energy; positive is export.
    pub energy: NetWattHours,
    /// Minted (positive) or burned (negative).
    pub etk: Etk,
    /// The registers that are settled since.
    pub registers: Watermark,
    /// The transaction.
    pub tx: TxHash,
    /// The including block.
    pub block: u64,
    /// The including block's hash.
    pub block_hash: BlockHash,
    /// Position of `MeterSettled` among the block's logs.
    pub log_index: u64,
}

impl Chain {
    /// The settlements by registers of `meters` in blocks `from_block..=to_block`, in the order of the chain.
    pub async fn settled_events(
        &self,
        addresses: &Addresses,
        meters: &[MeterId],
        from_block: u64,
        to_block: u64,
    ) -> Result<Vec<SettledEvent>, ChainError> {
        let mut topics = vec![json!([
            MeterSettled::SIGNATURE_HASH,
            EnergySettled::SIGNATURE_HASH
        ])];
        if meters.len() <= MOST_KEYS {
            let standing = meters.iter().map(|meter| self.meter(addresses, meter));
            let prosumers = try_join_all(standing).await?.into_iter().flatten();
            // A meter's key and its prosumer stand at the same place of the two events, so one search finds both.
            let keys = meters.iter().map(|meter| B256::from(meter.key().0));
            let owners = prosumers.map(|meter| to_alloy(meter.prosumer).into_word());
            topics.push(json!(keys.chain(owners).collect::<BTreeSet<_>>()));
        }
        let topics = json!(topics);
        let logs = self
            .logs(&[addresses.converter], &topics, from_block, to_block)
            .await?;
        let bad = |reason: String| self.wire.bad("eth_getLogs", reason);
        let mut joined = join(&logs, addresses).map_err(bad)?;
        // Settlements for a prosumer before this one: their other half is found block by block.
        let blocks: BTreeSet<u64> = joined.alone.iter().map(|log| log.block_number.to()).collect();
        for block in blocks {
            let topics = json!([[MeterSettled::SIGNATURE_HASH, EnergySettled::SIGNATURE_HASH]]);
            let logs = self.logs(&[addresses.converter], &topics, block, block).await?;
            let found = join(&logs, addresses).map_err(bad)?.complete().map_err(bad)?;
            joined.events.retain(|event| event.block != block);
            joined.events.extend(found);
        }
        let meters: BTreeSet<&MeterId> = meters.iter().collect();
        joined.events.retain(|event| meters.contains(&event.meter_id));
        joined.events.sort_by_key(|event| (event.block, event.log_index));
        Ok(joined.events)
    }
}

pub(crate) struct Joined {
    pub(crate) events: Vec<SettledEvent>,
    /// `MeterSettled` whose `EnergySettled` is not among the logs.
    pub(crate) alone: Vec<Log>,
}

impl Joined {
    /// The events, when none of them misses its other half.
    pub(crate) fn complete(self) -> Result<Vec<SettledEvent>, String> {
        match self.alone.first() {
            Some(log) => Err(format!("log {} has no EnergySettled before it", log.log_index)),
            None => Ok(self.events),
        }
    }
}

/// Joins each `MeterSettled` with the `EnergySettled` that the converter emits just before it.
pub(crate) fn join(logs: &[Log], addresses: &Addresses) -> Result<Joined, String> {
    let converter = to_alloy(addresses.converter);
    let mut energy = HashMap::new();
    let mut meters = BTreeMap::new();
    for log in logs.iter().filter(|log| log.address == converter && !log.removed) {
        let place = (
            log.block_number.to::<u64>(),
            log.log_index.to::<u64>(),
            log.block_hash,
        );
        match log.topics.first() {
            Some(topic) if *topic == EnergySettled::SIGNATURE_HASH => {
                energy.insert(place, (log.transaction_hash, decode::<EnergySettled>(log)?));
            }
            Some(topic) if *topic == MeterSettled::SIGNATURE_HASH => {
                meters.insert(place, (log, decode::<MeterSettled>(log)?));
            }
            _ => {}
        }
    }
    let mut joined = Joined {
        events: Vec::new(),
        alone: Vec::new(),
    };
    for ((block, index, block_hash), (log, settled)) in meters {
        let before = index.checked_sub(1).map(|index| (block, index, block_hash));
        let partner = before
            .and_then(|before| energy.get(&before))
            .filter(|(tx, paid)| {
                *tx == log.transaction_hash && keccak256(paid.meterId.as_bytes()) == settled.meterKey
            });
        match partner {
            Some((_, paid)) => joined.events.extend(event(log, &settled, paid)?),
            None => joined.alone.push(log.clone()),
        }
    }
    Ok(joined)
}

/// `None` for a meter whose id this wallet cannot name; it is then not this wallet's meter.
fn event(log: &Log, settled: &MeterSettled, paid: &EnergySettled) -> Result<Option<SettledEvent>, String> {
    let Ok(meter_id) = paid.meterId.parse() else {
        return Ok(None);
    };
    let absurd = || format!("log {} settles an absurd amount", log.log_index);
    Ok(Some(SettledEvent {
        settlement_id: paid.settlementId.clone(),
        meter_id,
        prosumer: from_alloy(paid.prosumer),
        energy: NetWattHours(paid.energyWh.try_into().map_err(|_| absurd())?),
        etk: Etk(signed(paid.etkAmount).ok_or_else(absurd)?),
        registers: watermark(settled.exportWh, settled.importWh),
        tx: hash(log.transaction_hash),
        block: log.block_number.to(),
        block_hash: hash(log.block_hash),
        log_index: log.log_index.to(),
    }))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::I256;

    use super::*;
    use crate::{contracts::AlloyAddress, log::sample};

    const CONVERTER: Address = Address([1; 20]);

    fn addresses() -> Addresses {
        Addresses {
            chain_id: 31337,
            genesis: BlockHash::default(),
            converter: CONVERTER,
            etk: Address([2; 20]),
            idrs: Address([3; 20]),
            market: None,
            confirmations: None,
        }
    }

    fn paid(index: u64, meter: &str, energy: I256) -> Log {
        let event = EnergySettled {
            meterId: meter.into(),
            prosumer: AlloyAddress::repeat_byte(4),
            energyWh: energy,
            etkAmount: energy,
            settlementId: "s".into(),
        };
        sample(CONVERTER, index, event.encode_log_data())
    }

    fn moved(index: u64, meter: &str, export: u64) -> Log {
        let event = MeterSettled {
            meterKey: keccak256(meter.as_bytes()),
            exportWh: export,
            importWh: 0,
            carry: 0,
        };
        sample(CONVERTER, index, event.encode_log_data())
    }

    /// Export registers of the joined events, and how many logs stayed alone.
    fn check(logs: &[Log]) -> Result<(Vec<u64>, usize), String> {
        let joined = join(logs, &addresses())?;
        let exports = joined
            .events
            .iter()
            .map(|event| event.registers.export.0)
            .collect();
        Ok((exports, joined.alone.len()))
    }

    #[test]
    fn halves_are_joined_only_where_they_belong_together() {
        let wh = |energy: i64| I256::try_from(energy).expect("fits");
        let one = [paid(0, "M-1", wh(5)), moved(1, "M-1", 5)];
        assert_eq!(check(&one), Ok((vec![5], 0)));
        let two = [
            moved(3, "M-2", 6),
            one[1].clone(),
            paid(2, "M-2", wh(-6)),
            one[0].clone(),
        ];
        assert_eq!(check(&two), Ok((vec![5, 6], 0)), "in the order of the chain");
        assert_eq!(check(&one[1..]), Ok((vec![], 1)));
        assert_eq!(
            check(&one[..1]),
            Ok((vec![], 0)),
            "the operator's payments move no registers"
        );
        assert_eq!(
            check(&[paid(0, "M-2", wh(5)), moved(1, "M-1", 5)]),
            Ok((vec![], 1))
        );
        assert_eq!(
            check(&[paid(0, "M-1", wh(5)), moved(2, "M-1", 5)]),
            Ok((vec![], 1))
        );
        let unnameable = [paid(0, "a b", wh(5)), moved(1, "a b", 5)];
        assert_eq!(check(&unnameable), Ok((vec![], 0)));
    }

    #[test]
    fn strangers_and_nonsense_do_not_settle() {
        let pair = || [paid(0, "M-1", I256::ONE), moved(1, "M-1", 5)];
        let mut foreign = pair();
        foreign
            .iter_mut()
            .for_each(|log| log.address = AlloyAddress::ZERO);
        assert_eq!(check(&foreign), Ok((vec![], 0)));
        let mut removed = pair();
        removed.iter_mut().for_each(|log| log.removed = true);
        assert_eq!(check(&removed), Ok((vec![], 0)));
        let mut other_transaction = pair();
        other_transaction[0].transaction_hash = B256::ZERO;
        assert_eq!(check(&other_transaction), Ok((vec![], 1)));
        let absurd = [paid(0, "M-1", I256::MAX), moved(1, "M-1", 5)];
        assert_eq!(check(&absurd), Err("log 1 settles an absurd amount".into()));
        let mut cut = pair();
        cut[1].data = Default::default();
        assert!(check(&cut).is_err_and(|error| error.contains("is no MeterSettled")));
    }
}
