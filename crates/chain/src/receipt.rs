//! What became of a transaction.

use alloy::{
    primitives::{B256, U64, keccak256},
    sol_types::{SolCall as _, SolEvent},
};
use enerlink_domain::{Address, BlockHash, TxDetail, TxHash};
use serde::Deserialize;
use serde_json::json;

use crate::{
    Addresses, Chain, ChainError, SettledEvent,
    contracts::{
        AlloyAddress,
        converter::EnergyConverter::{MeterOpened, SettlerChanged, openMeterCall, setSettlerCall},
        from_alloy, hash,
    },
    log::Log,
    settled::{Joined, join},
    tokens,
};

/// What became of a transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction that was asked for.
    pub tx: TxHash,
    /// The including block.
    pub block: u64,
    /// The including block's hash.
    pub block_hash: BlockHash,
    /// Whether it took effect; if not, only gas was paid.
    pub succeeded: bool,
    /// Gas that was paid.
    pub gas_used: u64,
    /// The contract that it created.
    pub contract: Option<Address>,
    logs: Vec<Log>,
    node: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt {
    transaction_hash: B256,
    block_hash: B256,
    block_number: U64,
    status: U64,
    gas_used: U64,
    contract_address: Option<AlloyAddress>,
    logs: Vec<Log>,
}

impl Receipt {
    /// The settlements in this transaction. Logs of other contracts do not count, whatever they look like.
    pub fn settled(&self, addresses: &Addresses) -> Result<Vec<SettledEvent>, ChainError> {
        join(&self.logs, addresses)
            .and_then(Joined::complete)
            .map_err(|reason| self.bad(reason))
    }

    /// Whether it shows what `detail` does with the tokens of `account`. A transfer of native coin leaves no event.
    pub fn shows(&self, addresses: &Addresses, account: Address, detail: &TxDetail) -> bool {
        tokens::shows(&self.logs, addresses, account, detail)
    }

    /// Whether `converter` says that it did what `input` asks it for: that the meter is open at these registers, or has
    /// this settlement key. No other call is known here.
    pub fn obeys(&self, converter: Address, input: &[u8]) -> bool {
        let expected = if let Ok(call) = openMeterCall::abi_decode(input) {
            let event = MeterOpened {
                meterKey: keccak256(call.meterId.as_bytes()),
                exportWh: call.exportWh,
                importWh: call.importWh,
            };
            event.encode_log_data()
        } else if let Ok(call) = setSettlerCall::abi_decode(input) {
            let event = SettlerChanged {
                meterKey: keccak256(call.meterId.as_bytes()),
                settler: call.settlementKey,
            };
            event.encode_log_data()
        } else {
            return false;
        };
        self.logs.iter().any(|log| {
            let found = (from_alloy(log.address), log.topics.as_slice(), &log.data);
            found == (converter, expected.topics(), &expected.data) && !log.removed
        })
    }

    /// The error of a receipt that claims success and does not show what that would have done.
    pub fn shows_nothing(&self, detail: &TxDetail) -> ChainError {
        self.bad(format!(
            "the receipt of {} claims success and does not show it: {}",
            self.tx,
            detail.words()
        ))
    }

    /// The error of a receipt that claims success for a settlement and shows none.
    pub fn shows_no_settlement(&self) -> ChainError {
        self.bad(format!(
            "the receipt of {} claims success and shows no settlement",
            self.tx
        ))
    }

    pub(crate) fn logs(&self) -> &[Log] {
        &self.logs
    }

    pub(crate) fn bad(&self, reason: String) -> ChainError {
        ChainError::BadAnswer {
            node: self.node.clone(),
            method: "eth_getTransactionReceipt".into(),
            reason,
        }
    }
}

impl Chain {
    /// What became of `tx`, or `None` while no block has it.
    pub async fn receipt(&self, tx: TxHash) -> Result<Option<Receipt>, ChainError> {
        const METHOD: &str = "eth_getTransactionReceipt";
        let Some(raw): Option<RawReceipt> = self.wire.request(METHOD, json!([tx])).await? else {
            return Ok(None);
        };
        let own =
            |log: &Log| log.transaction_hash == raw.transaction_hash && log.block_hash == raw.block_hash;
        if hash(raw.transaction_hash) != tx || !raw.logs.iter().all(own) {
            let reason = format!("asked for {tx}, the receipt is of {}", raw.transaction_hash);
            return Err(self.wire.bad(METHOD, reason));
        }
        Ok(Some(Receipt {
            tx,
            block: raw.block_number.to(),
            block_hash: hash(raw.block_hash),
            succeeded: raw.status == U64::ONE,
            gas_used: raw.gas_used.to(),
            contract: raw.contract_address.map(from_alloy),
            logs: raw.logs,
            node: self.wire.node().to_owned(),
        }))
    }

    /// Whether the node has `tx`, in its pool or in a block.
    pub async fn transaction_known(&self, tx: TxHash) -> Result<bool, ChainError> {
        #[derive(Deserialize)]
        struct Known {
            hash: B256,
        }
        const METHOD: &str = "eth_getTransactionByHash";
        match self.wire.request::<Option<Known>>(METHOD, json!([tx])).await? {
            Some(known) if hash(known.hash) != tx => Err(self
                .wire
                .bad(METHOD, format!("asked for {tx}, got {}", known.hash))),
            known => Ok(known.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::Hash32;

    use super::*;
    use crate::log::sample;

    const CONVERTER: Address = Address([1; 20]);

    fn receipt(event: &impl SolEvent) -> Receipt {
        Receipt {
            tx: Hash32([9; 32]),
            block: 7,
            block_hash: Hash32([7; 32]),
            succeeded: true,
            gas_used: 0,
            contract: None,
            logs: vec![sample(CONVERTER, 0, event.encode_log_data())],
            node: String::new(),
        }
    }

    fn open(export: u64, import: u64) -> Vec<u8> {
        let call = openMeterCall {
            meterId: "M-1".to_owned(),
            exportWh: export,
            importWh: import,
        };
        call.abi_encode()
    }

    fn key(settler: u8) -> Vec<u8> {
        let call = setSettlerCall {
            meterId: "M-1".to_owned(),
            settlementKey: AlloyAddress::repeat_byte(settler),
        };
        call.abi_encode()
    }

    #[test]
    fn a_receipt_obeys_only_the_call_that_it_answers() {
        let opened = receipt(&MeterOpened {
            meterKey: keccak256(b"M-1"),
            exportWh: 5,
            importWh: 6,
        });
        let changed = receipt(&SettlerChanged {
            meterKey: keccak256(b"M-1"),
            settler: AlloyAddress::repeat_byte(4),
        });
        for (receipt, input, expected) in [
            (&opened, open(5, 6), true),
            (&opened, open(6, 5), false),
            (&opened, key(4), false),
            (&changed, key(4), true),
            (&changed, key(0), false),
            (&changed, open(5, 6), false),
            (&changed, Vec::new(), false),
        ] {
            assert_eq!(receipt.obeys(CONVERTER, &input), expected, "{receipt:?}");
        }
        let other = Address([2; 20]);
        assert!(!opened.obeys(other, &open(5, 6)), "another contract says nothing");
    }
}
