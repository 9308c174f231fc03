//! The JSON-RPC methods: parameters in, answers out, over the ledger.

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::rpc::types::{Filter, FilterBlockOption, TransactionRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ReorgTxs;
use super::error::RpcError;
use super::ledger::{At, Ledger};
use super::{calls, evm, views};

/// Percentiles that one `eth_feeHistory` may ask for, as in geth.
const MAX_PERCENTILES: usize = 100;

type Answer = Result<Value, RpcError>;

/// Positional parameters. Reading one that is absent or null gives `None`.
struct Params(Vec<Value>);

impl Params {
    fn parse(params: Value) -> Result<Self, RpcError> {
        match params {
            Value::Array(list) => Ok(Self(list)),
            Value::Null => Ok(Self(Vec::new())),
            // Anvil takes a single object by name, e.g. `anvil_reorg`.
            object @ Value::Object(_) => Ok(Self(vec![object])),
            _ => Err(RpcError::params("non-array args")),
        }
    }

    fn optional<T: DeserializeOwned>(&mut self, index: usize) -> Result<Option<T>, RpcError> {
        match self.0.get_mut(index).map(Value::take) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| RpcError::params(format!("invalid argument {index}: {error}"))),
        }
    }

    fn required<T: DeserializeOwned>(&mut self, index: usize) -> Result<T, RpcError> {
        self.optional(index)?
            .ok_or_else(|| RpcError::params(format!("missing value for required argument {index}")))
    }

    fn block(&mut self, index: usize) -> Result<BlockId, RpcError> {
        Ok(self.optional(index)?.unwrap_or(BlockId::latest()))
    }
}

fn answer(value: impl Serialize) -> Answer {
    serde_json::to_value(value)
        .map_err(|error| RpcError::refused(format!("cannot encode the answer: {error}")))
}

fn quantity(value: impl Into<U256>) -> Answer {
    answer(value.into())
}

/// Answers one call.
pub(super) fn dispatch(ledger: &mut Ledger, method: &str, params: Value) -> Answer {
    let mut params = Params::parse(params)?;
    match method.split_once('_').unwrap_or_default() {
        ("eth", "chainId") => quantity(U256::from(ledger.chain.constants.chain_id)),
        ("net", "version") => answer(ledger.chain.constants.chain_id.to_string()),
        ("net", "listening") => answer(true),
        ("web3", "clientVersion") => answer(concat!("enerlink-sim/v", env!("CARGO_PKG_VERSION"))),
        ("eth", "syncing") => answer(false),
        ("eth", "accounts") => answer(Vec::<Address>::new()),
        ("eth", "blockNumber") => quantity(U256::from(ledger.chain.height())),
        ("eth", "getBlockByNumber" | "getBlockByHash" | "getBlockReceipts") => block(ledger, method, params),
        ("eth", "getBlockTransactionCountByNumber" | "getBlockTransactionCountByHash") => {
            block(ledger, method, params)
        }
        ("eth", "getTransactionByHash") => transaction(ledger, params.required(0)?),
        ("eth", "getTransactionReceipt") => receipt(ledger, &params.required(0)?),
        ("eth", "getLogs") => logs(ledger, &params.required(0)?),
        ("eth", "getTransactionCount" | "getBalance" | "getCode" | "getStorageAt") => {
            account(ledger, method, params)
        }
        ("eth", "call") => call(ledger, params),
        ("eth", "estimateGas") => estimate(ledger, params),
        ("eth", "sendRawTransaction") => answer(ledger.submit(&params.required::<Bytes>(0)?)?),
        ("eth", "gasPrice") => quantity(U256::from(ledger.chain.constants.base_fee) + U256::from(ledger.tip)),
        ("eth", "maxPriorityFeePerGas" | "feeHistory") if ledger.chain.constants.legacy => {
            Err(RpcError::method(method))
        }
        ("eth", "maxPriorityFeePerGas") => quantity(U256::from(ledger.tip)),
        ("eth", "feeHistory") => fee_history(ledger, params),
        ("txpool", "status") => {
            let (pending, queued) = ledger.pool_status();
            answer(json!({ "pending": U64::from(pending), "queued": U64::from(queued) }))
        }
        ("anvil" | "evm" | "hardhat", control) => self::control(ledger, method, control, params),
        _ => Err(RpcError::method(method)),
    }
}

fn block(ledger: &mut Ledger, method: &str, mut params: Params) -> Answer {
    let by_hash = method.ends_with("ByHash");
    let at = if by_hash {
        ledger
            .chain
            .number_of(&params.required::<B256>(0)?)
            .map(At::Number)
    } else {
        Some(ledger.resolve_tag(params.required::<BlockNumberOrTag>(0)?))
    };
    let full = params.optional(1).unwrap_or_default().unwrap_or(false);
    let shape = |mined: &super::blocks::Mined| match method {
        "eth_getBlockReceipts" => answer(views::receipts(mined)),
        "eth_getBlockByNumber" | "eth_getBlockByHash" => answer(views::block(mined, full)),
        _ => quantity(U256::from(mined.body.len())),
    };
    match at {
        Some(At::Pending) => ledger.with_pending(|chain| shape(chain.head())),
        Some(At::Number(number)) => ledger.chain.block(number).map_or(Ok(Value::Null), shape),
        None => Ok(Value::Null),
    }
}

fn transaction(ledger: &Ledger, hash: B256) -> Answer {
    if let Some((block, index)) = ledger.chain.transaction(&hash) {
        return answer(views::mined_transaction(block, index));
    }
    answer(
        ledger
            .pool
            .get(&hash)
            .map(|pooled| views::pooled_transaction(&pooled.tx)),
    )
}

fn receipt(ledger: &Ledger, hash: &B256) -> Answer {
    answer(
        ledger
            .chain
            .transaction(hash)
            .map(|(block, index)| views::receipt(block, index)),
    )
}

fn logs(ledger: &Ledger, filter: &Filter) -> Answer {
    let chain = &ledger.chain;
    let (from, to) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let number = chain
                .number_of(&hash)
                .ok_or_else(|| RpcError::refused("unknown block"))?;
            (number, number)
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let number = |tag: Option<BlockNumberOrTag>| match ledger.resolve_tag(tag.unwrap_or_default()) {
                At::Number(number) => number,
                At::Pending => chain.height(),
            };
            (number(from_block), number(to_block))
        }
    };
    if from > to {
        return Err(RpcError::params("invalid block range params"));
    }
    answer(views::logs(chain, filter, from, to)?)
}

fn account(ledger: &mut Ledger, method: &str, mut params: Params) -> Answer {
    let address: Address = params.required(0)?;
    if method == "eth_getStorageAt" {
        let key: U256 = params.required(1)?;
        let at = ledger.resolve(params.block(2)?)?;
        return ledger.read(at, |view, _| answer(B256::from(view.slot(address, key))))?;
    }
    let at = ledger.resolve(params.block(1)?)?;
    match method {
        "eth_getTransactionCount" if at == At::Pending => {
            quantity(U256::from(ledger.pending_nonce(&address)))
        }
        "eth_getTransactionCount" => ledger.read(at, |view, _| quantity(U256::from(view.nonce(&address))))?,
        "eth_getBalance" => ledger.read(at, |view, _| quantity(view.balance(&address)))?,
        _ => ledger.read(at, |view, _| answer(view.code(&address)))?,
    }
}

fn call(ledger: &mut Ledger, mut params: Params) -> Answer {
    let constants = ledger.chain.constants;
    let tx = evm::request_env(&params.required::<TransactionRequest>(0)?, constants)?;
    let at = ledger.resolve(params.block(1)?)?;
    refuse_overrides(&params)?;
    answer(ledger.read(at, |view, header| {
        calls::call(view, header, constants.chain_id, tx)
    })??)
}

/// Estimates for the next block: on the newest state, but at the time and height at which the transaction would be mined.
/// Automine leaves the newest block's time behind, and a rule about time would then be judged in the past.
fn estimate(ledger: &mut Ledger, mut params: Params) -> Answer {
    let constants = ledger.chain.constants;
    let tx = evm::request_env(&params.required::<TransactionRequest>(0)?, constants)?;
    let at = ledger.resolve(params.block(1)?)?;
    refuse_overrides(&params)?;
    let next = (at == At::Number(ledger.chain.height())).then(|| ledger.next_header());
    let gas = ledger.read(at, |view, header| {
        calls::estimate(view, next.as_ref().unwrap_or(header), constants.chain_id, tx)
    })??;
    quantity(U256::from(gas))
}

fn refuse_overrides(params: &Params) -> Result<(), RpcError> {
    let is_set =
        |value: &Value| !value.is_null() && value.as_object().is_none_or(|object| !object.is_empty());
    if params.0.iter().skip(2).any(is_set) {
        return Err(RpcError::params("state and block overrides are not supported"));
    }
    Ok(())
}

fn fee_history(ledger: &Ledger, mut params: Params) -> Answer {
    // Geth takes the count as a hex quantity or as a plain number.
    let count: U64 = params.required(0)?;
    let newest = match ledger.resolve(BlockId::Number(params.required(1)?))? {
        At::Number(number) => number,
        At::Pending => ledger.chain.height(),
    };
    let percentiles: Option<Vec<f64>> = params.optional(2)?;
    if let Some(list) = &percentiles {
        let sorted = list.is_sorted() && list.iter().all(|percentile| (0.0..=100.0).contains(percentile));
        if !sorted || list.len() > MAX_PERCENTILES {
            return Err(RpcError::params("invalid reward percentile"));
        }
    }
    answer(views::fee_history(
        &ledger.chain,
        count.to(),
        newest,
        percentiles.as_deref(),
    ))
}

fn control(ledger: &mut Ledger, method: &str, name: &str, mut params: Params) -> Answer {
    match name {
        "mine" => {
            let (count, interval) = match method {
                // `evm_mine` takes a timestamp where `anvil_mine` takes a count.
                "evm_mine" => {
                    if let Some(timestamp) = params.optional::<U64>(0)? {
                        ledger.set_next_timestamp(timestamp.to())?;
                    }
                    (1, None)
                }
                _ => (
                    params.optional::<U64>(0)?.map_or(1, |count| count.to()),
                    params.optional::<U64>(1)?,
                ),
            };
            ledger.mine(count, interval.map(|seconds| seconds.to()))?;
            if method == "evm_mine" {
                answer("0x0")
            } else {
                Ok(Value::Null)
            }
        }
        "setAutomine" => {
            ledger.set_automine(params.required(0)?);
            Ok(Value::Null)
        }
        "setNextBlockTimestamp" => {
            ledger.set_next_timestamp(params.required::<U64>(0)?.to())?;
            Ok(Value::Null)
        }
        "setBalance" => {
            ledger.set_balance(params.required(0)?, params.required(1)?);
            Ok(Value::Null)
        }
        "dropTransaction" => {
            let hash: B256 = params.required(0)?;
            answer(ledger.pool.remove(&hash).then_some(hash))
        }
        "reorg" => reorg(ledger, params),
        _ => Err(RpcError::method(method)),
    }
}

/// `anvil_reorg [depth, []]`, or the same by name; `{"depth": n, "requeue": true}` puts the transactions back into the pool.
fn reorg(ledger: &mut Ledger, mut params: Params) -> Answer {
    let first: Value = params.required(0)?;
    let (depth, pairs, requeue) = match &first {
        Value::Object(options) => (
            options.get("depth").cloned().unwrap_or_default(),
            options.get("tx_block_pairs").cloned(),
            options.get("requeue").and_then(Value::as_bool).unwrap_or(false),
        ),
        depth => (depth.clone(), params.optional(1)?, false),
    };
    if pairs.is_some_and(|pairs: Value| pairs.as_array().is_none_or(|list| !list.is_empty())) {
        return Err(RpcError::params(
            "transactions for the new blocks are not supported",
        ));
    }
    let depth: U64 =
        serde_json::from_value(depth).map_err(|error| RpcError::params(format!("depth: {error}")))?;
    ledger.reorg(
        depth.to(),
        if requeue {
            ReorgTxs::Requeue
        } else {
            ReorgTxs::Drop
        },
    )?;
    Ok(Value::Null)
}
