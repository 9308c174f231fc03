//! Collecting a receipt from a node: the header, every transaction and every outcome of one block.

use alloy::{
    consensus::{Header, Receipt, ReceiptWithBloom, TxEnvelope},
    eips::eip2718::Encodable2718 as _,
    primitives::{B256, Bytes, U8, U64},
    rlp::{self, Encodable as _},
    trie::{HashBuilder, Nibbles, proof::ProofRetainer, root::adjust_index_for_rlp},
};
use enerlink_domain::Settlement;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Branch, FORMAT, Figures, InBlock, OnChain, SettlementReceipt, verify};
use crate::{Addresses, Chain, ChainError, block::tag, contracts::hash};

/// More transactions than any block holds.
const MAX_TRANSACTIONS: usize = 20_000;
const BLOCK: &str = "eth_getBlockByHash";
const RECEIPT: &str = "eth_getTransactionReceipt";
const RECEIPTS: &str = "eth_getBlockReceipts";

/// Where a transaction is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    transaction_hash: B256,
    block_hash: B256,
    block_number: U64,
    transaction_index: U64,
}

impl Chain {
    /// The receipt of `settlement`, with everything that proves it; `None` while no block has it. It was verified.
    pub async fn settlement_receipt(
        &self,
        addresses: &Addresses,
        settlement: &Settlement,
    ) -> Result<Option<SettlementReceipt>, ChainError> {
        let Some(tx) = settlement.tx else { return Ok(None) };
        let Some(place): Option<Place> = self.wire.request(RECEIPT, json!([tx])).await? else {
            return Ok(None);
        };
        if hash(place.transaction_hash) != tx {
            return Err(self.wire.bad(RECEIPT, "the receipt is of another transaction"));
        }
        let block: Value = self.wire.request(BLOCK, json!([place.block_hash, true])).await?;
        let header: Header = self.read(BLOCK, block.clone())?;
        if header.hash_slow() != place.block_hash {
            let text = "the header does not hash to its block: it has parts that this wallet does not know";
            return Err(self.wire.bad(BLOCK, text));
        }
        let index = usize::try_from(place.transaction_index.to::<u64>()).unwrap_or(usize::MAX);
        let transactions = self.transactions(&block, index)?;
        let outcomes = self.outcomes(&place, &block).await?;
        let branch = |values: &[Vec<u8>], root: B256, method: &str| {
            branch(values, index, root, tx).ok_or_else(|| {
                let text = "what it holds does not hash to the header's root";
                self.wire.bad(method, text)
            })
        };
        let receipt = SettlementReceipt {
            format: FORMAT.to_owned(),
            chain: OnChain {
                chain_id: addresses.chain_id,
                genesis: addresses.genesis,
                converter: addresses.converter,
            },
            settlement: figures(settlement),
            block: InBlock {
                number: header.number,
                hash: hash(place.block_hash),
                timestamp: header.timestamp,
                header: rlp::encode(&header).into(),
            },
            transaction: branch(&transactions, header.transactions_root, BLOCK)?,
            receipt: branch(&outcomes, header.receipts_root, RECEIPTS)?,
            checksum: Default::default(),
        }
        .sealed();
        verify(&receipt, Some(receipt.block_hash()))
            .map_err(|error| self.wire.bad(RECEIPT, error.to_string()))?;
        Ok(Some(receipt))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, method: &str, value: Value) -> Result<T, ChainError> {
        serde_json::from_value(value).map_err(|error| self.wire.bad(method, error.to_string()))
    }

    /// The transactions of a block, as its trie holds them.
    fn transactions(&self, block: &Value, index: usize) -> Result<Vec<Vec<u8>>, ChainError> {
        let list = block["transactions"].as_array().map_or(&[][..], Vec::as_slice);
        if list.len() > MAX_TRANSACTIONS || index >= list.len() {
            return Err(self.wire.bad(BLOCK, "the transaction is not in its block"));
        }
        let encoded = list.iter().map(|value| {
            let tx: TxEnvelope = self.read(BLOCK, value.clone())?;
            Ok(tx.encoded_2718())
        });
        encoded.collect()
    }

    /// What came of each transaction of a block, as its trie holds it. Not every node answers for a whole block.
    async fn outcomes(&self, place: &Place, block: &Value) -> Result<Vec<Vec<u8>>, ChainError> {
        let at = json!([tag(place.block_number.to())]);
        let all = match self.wire.ask::<Option<Vec<Value>>>(RECEIPTS, at).await? {
            Ok(Some(all)) => all,
            Ok(None) | Err(_) => self.one_by_one(block).await?,
        };
        let encoded = all.into_iter().map(|value| {
            if value["blockHash"] != json!(place.block_hash) {
                return Err(self
                    .wire
                    .bad(RECEIPTS, "receipts of another block than asked for"));
            }
            let kind = match value.get("type") {
                Some(kind) => self.read::<U8>(RECEIPTS, kind.clone())?.to::<u8>(),
                None => 0,
            };
            let receipt: ReceiptWithBloom<Receipt> = self.read(RECEIPTS, value)?;
            let mut bytes = Vec::new();
            if kind != 0 {
                bytes.push(kind);
            }
            receipt.encode(&mut bytes);
            Ok(bytes)
        });
        encoded.collect()
    }

    async fn one_by_one(&self, block: &Value) -> Result<Vec<Value>, ChainError> {
        let list = block["transactions"].as_array().map_or(&[][..], Vec::as_slice);
        let mut all = Vec::with_capacity(list.len());
        for tx in list {
            all.push(self.wire.request(RECEIPT, json!([tx["hash"]])).await?);
        }
        Ok(all)
    }
}

fn figures(settlement: &Settlement) -> Figures {
    // Where another copy of the wallet has settled in between, the row does not know what was settled before it.
    let leads = settlement.to.covers(settlement.from)
        && settlement.to.net_since(settlement.from) == Some(settlement.energy_wh);
    let before = Some(settlement.from).filter(|_| leads);
    Figures {
        settlement_id: settlement.settlement_id.clone(),
        meter_id: settlement.meter_id.clone(),
        prosumer: settlement.prosumer,
        export_before_wh: before.map(|before| before.export),
        import_before_wh: before.map(|before| before.import),
        export_after_wh: settlement.to.export,
        import_after_wh: settlement.to.import,
        energy_wh: settlement.energy_wh,
        etk_cents: settlement.etk,
    }
}

/// The branch to the value at `index`, when the trie of all values has this root.
fn branch(values: &[Vec<u8>], index: usize, root: B256, tx: enerlink_domain::TxHash) -> Option<Branch> {
    let value = values.get(index)?;
    let key = rlp::encode(index);
    let target = Nibbles::unpack(&key);
    let retainer = ProofRetainer::new(vec![target]);
    let mut trie = HashBuilder::default().with_proof_retainer(retainer);
    for at in 0..values.len() {
        // Leaves come in the order of their keys, which is not that of the numbers.
        let at = adjust_index_for_rlp(at, values.len());
        trie.add_leaf(Nibbles::unpack(rlp::encode(at)), &values[at]);
    }
    if trie.root() != root {
        return None;
    }
    let nodes = trie.take_proof_nodes().into_nodes_sorted();
    Some(Branch {
        transaction: tx,
        key: key.into(),
        value: Bytes::copy_from_slice(value),
        proof: nodes.into_iter().map(|(_, node)| node).collect(),
    })
}

#[cfg(test)]
mod tests {
    use alloy::trie::{proof::verify_proof, root::ordered_trie_root_encoded};

    use super::*;

    #[test]
    fn every_place_of_a_block_has_its_branch() {
        for count in [1_usize, 2, 16, 17, 127, 128, 129, 300] {
            let values: Vec<Vec<u8>> = (0..count).map(|at| vec![0xc0 ^ at as u8; 40 + at]).collect();
            let root = ordered_trie_root_encoded(&values);
            for index in (0..count).step_by(1 + count / 40).chain([count - 1]) {
                let found = branch(&values, index, root, Default::default()).expect("a branch");
                let key = Nibbles::unpack(&found.key);
                assert_eq!(found.value, values[index]);
                verify_proof(root, key, Some(values[index].clone()), &found.proof).expect("leads there");
                assert!(found.proof.len() <= 6, "{} nodes", found.proof.len());
            }
            assert_eq!(branch(&values, count, root, Default::default()), None);
            assert_eq!(branch(&values, 0, B256::ZERO, Default::default()), None);
        }
    }
}
