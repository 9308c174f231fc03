//! Blocks: the newest one, and the hash of any.

use alloy::primitives::{B256, U64, U256};
use enerlink_domain::{BlockHash, Wei};
use serde::Deserialize;
use serde_json::json;

use crate::{Chain, ChainError, contracts::hash};

/// The newest block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: BlockHash,
    /// Its time, Unix seconds.
    pub timestamp: u64,
    /// What a gas costs in it at least; none on a chain from before EIP-1559.
    pub base_fee: Option<Wei>,
}

/// The fields of a block that are read; whatever else a node sends is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    pub(crate) number: U64,
    pub(crate) hash: B256,
    pub(crate) timestamp: U64,
    pub(crate) gas_limit: U64,
    pub(crate) base_fee_per_gas: Option<U256>,
}

impl Chain {
    /// The newest block; [`ChainError::Disagree`] when the chain has become shorter than a reorganisation makes it.
    pub async fn head(&self) -> Result<Head, ChainError> {
        let block = self.latest_block().await?;
        self.wire.note_height(block.number.to()).await?;
        Ok(Head {
            number: block.number.to(),
            hash: hash(block.hash),
            timestamp: block.timestamp.to(),
            base_fee: block.base_fee_per_gas.map(|wei| Wei(wei.saturating_to())),
        })
    }

    pub(crate) async fn latest_block(&self) -> Result<Block, ChainError> {
        const METHOD: &str = "eth_getBlockByNumber";
        let block: Option<Block> = self.wire.request(METHOD, json!(["latest", false])).await?;
        block.ok_or_else(|| self.wire.bad(METHOD, "it has no newest block"))
    }

    /// The hash of block `number`, or `None` when there is no such block yet.
    pub async fn block_hash(&self, number: u64) -> Result<Option<BlockHash>, ChainError> {
        Ok(self.block(number).await?.map(|block| hash(block.hash)))
    }

    /// The hash of block `number` and its time in Unix seconds, or `None` when there is no such block yet.
    pub async fn block_time(&self, number: u64) -> Result<Option<(BlockHash, u64)>, ChainError> {
        let block = self.block(number).await?;
        Ok(block.map(|block| (hash(block.hash), block.timestamp.to())))
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, ChainError> {
        const METHOD: &str = "eth_getBlockByNumber";
        let block: Option<Block> = self.wire.request(METHOD, json!([tag(number), false])).await?;
        match block {
            Some(block) if block.number.to::<u64>() != number => Err(self.wire.bad(
                METHOD,
                format!("asked for block {number}, got block {}", block.number),
            )),
            block => Ok(block),
        }
    }
}

/// A block number as JSON-RPC writes it.
pub(crate) fn tag(number: u64) -> String {
    format!("{number:#x}")
}
