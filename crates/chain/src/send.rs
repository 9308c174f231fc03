//! From a call to a transaction on its way: simulation, gas, fees, sending.

use alloy::{
    primitives::{B256, Bytes, U64, U256},
    sol_types::SolCall,
};
use enerlink_domain::{Address, Etk, Fees, NetWattHours, SignedTx, Wei};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    Chain, ChainError, Receipt,
    block::{Block, tag},
    build::Call,
    contracts::{
        converter::EnergyConverter::settleMeterCall,
        hash,
        market::Market::{placeOrderCall, placeOrderWithPermitCall},
        signed,
    },
    market::Placed,
    revert::Revert,
    wire::RpcError,
};

/// Gas of the cheapest transaction.
const MIN_GAS: u64 = 21_000;
/// EIP-7825: no transaction may ask for more.
const MAX_GAS: u64 = 1 << 24;
/// 10 000 gwei for one gas; whoever asks for more is mistaken or lies.
const MAX_GAS_PRICE: u128 = 10_000_000_000_000;

/// A call that would succeed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// Gas limit to sign with: the node's estimate and a fifth more, at most a block's limit.
    pub gas: u64,
    /// What a `settleMeter` would move and mint (positive) or burn (negative); none for any other call.
    pub settled: Option<(NetWattHours, Etk)>,
    /// What a `placeOrder` would do; none for any other call.
    pub placed: Option<Placed>,
}

/// What a node says about bytes that were sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// It has taken them.
    Accepted,
    /// It has had them already.
    AlreadyKnown,
    /// The nonce is used: by these bytes or by others, the receipt tells.
    NonceTooLow,
    /// It asks for a higher fee.
    Underpriced,
    /// The account cannot pay for value and gas.
    InsufficientFunds,
}

impl Chain {
    /// Runs `call` at the newest block without leaving a trace, and estimates its gas.
    /// A refusal is [`ChainError::Reverted`], an estimate beyond belief [`ChainError::AbsurdGas`].
    pub async fn simulate(&self, from: Address, call: &Call) -> Result<Simulated, ChainError> {
        let (ran, block) = tokio::try_join!(self.run(from, call), self.latest_block())?;
        self.simulated(call, ran, &block)
    }

    /// [`Chain::simulate`] of several that know nothing of each other. Answers them in their order; an error when the
    /// newest block cannot be had.
    pub async fn simulate_all(
        &self,
        calls: &[(Address, Call)],
    ) -> Result<Vec<Result<Simulated, ChainError>>, ChainError> {
        let runs = join_all(calls.iter().map(|(from, call)| self.run(*from, call)));
        let (runs, block) = tokio::join!(runs, self.latest_block());
        let block = block?;
        let simulated = calls
            .iter()
            .zip(runs)
            .map(|((_, call), ran)| self.simulated(call, ran?, &block));
        Ok(simulated.collect())
    }

    /// What the call answers, and the node's estimate of its gas.
    async fn run(&self, from: Address, call: &Call) -> Result<(Bytes, u64), ChainError> {
        let request = request(from, call);
        let (output, estimate) = tokio::try_join!(
            self.attempt::<Bytes>(from, "eth_call", json!([request, "latest"])),
            self.attempt::<U64>(from, "eth_estimateGas", json!([request, "latest"])),
        )?;
        Ok((output, estimate.to()))
    }

    fn simulated(
        &self,
        call: &Call,
        (output, estimate): (Bytes, u64),
        block: &Block,
    ) -> Result<Simulated, ChainError> {
        let limit = block.gas_limit.to::<u64>().min(MAX_GAS);
        if !(MIN_GAS..=limit).contains(&estimate) {
            return Err(ChainError::AbsurdGas { gas: estimate, limit });
        }
        Ok(Simulated {
            gas: (estimate + estimate / 5).min(limit),
            settled: self.settled(call, &output)?,
            placed: self.answered_order(call, &output)?,
        })
    }

    /// What `settleMeter` answered; none for any other call.
    fn settled(&self, call: &Call, output: &[u8]) -> Result<Option<(NetWattHours, Etk)>, ChainError> {
        if !call.input.starts_with(&settleMeterCall::SELECTOR) {
            return Ok(None);
        }
        let bad = || {
            self.wire.bad(
                "eth_call",
                "a settlement answers energy and tokens, this does not",
            )
        };
        let answer = settleMeterCall::abi_decode_returns_validate(output).map_err(|_| bad())?;
        let energy = i64::try_from(answer.energyWh).map_err(|_| bad())?;
        let etk = signed(answer.etkAmount).ok_or_else(bad)?;
        Ok(Some((NetWattHours(energy), Etk(etk))))
    }

    /// What `placeOrder` answered; none for any other call.
    fn answered_order(&self, call: &Call, output: &[u8]) -> Result<Option<Placed>, ChainError> {
        let (plain, permitted) = (placeOrderCall::SELECTOR, placeOrderWithPermitCall::SELECTOR);
        if !call.input.starts_with(&plain) && !call.input.starts_with(&permitted) {
            return Ok(None);
        }
        // Both answer the same.
        let answer = placeOrderCall::abi_decode_returns_validate(output).map_err(|_| {
            let reason = "an order answers an id and lots, this does not";
            self.wire.bad("eth_call", reason)
        })?;
        self.placed(answer.orderId, answer.lotsFilled).map(Some)
    }

    /// Why a transaction of `from` with this `call`, which stands in a block and took no effect, was refused: the call is
    /// run again on what its block began with, then on what it left. `None` when neither refuses, because something
    /// before it in the same block was the reason, or the node does not keep that state.
    pub async fn explain(
        &self,
        from: Address,
        call: &Call,
        gas_limit: u64,
        receipt: &Receipt,
    ) -> Result<Option<Revert>, ChainError> {
        let mut request = request(from, call);
        request["gas"] = json!(tag(gas_limit));
        // All of it is gone: whatever the call says without a limit, this is what happened.
        let exhausted = receipt.gas_used >= gas_limit;
        for block in [receipt.block.saturating_sub(1), receipt.block] {
            let params = json!([request, tag(block)]);
            let Err(error) = self.wire.ask::<Bytes>("eth_call", params).await? else {
                continue;
            };
            match Revert::from_rpc(&error) {
                Some(revert) if revert.name != "OutOfGas" => return Ok(Some(revert)),
                Some(_) => return Ok(Some(Revert::out_of_gas(gas_limit))),
                None => {}
            }
        }
        Ok(exhausted.then(|| Revert::out_of_gas(gas_limit)))
    }

    async fn attempt<T: serde::de::DeserializeOwned>(
        &self,
        account: Address,
        method: &str,
        params: Value,
    ) -> Result<T, ChainError> {
        match self.wire.ask(method, params).await? {
            Ok(answer) => Ok(answer),
            Err(error) if classify(&error) == Some(SendOutcome::InsufficientFunds) => {
                Err(ChainError::InsufficientFunds {
                    account,
                    message: crate::error::quoted(&error.message),
                })
            }
            Err(error) => Err(self.refusal(method, &error)),
        }
    }

    /// A node's error as the refusal of a contract, if it is one.
    pub(crate) fn refusal(&self, method: &str, error: &RpcError) -> ChainError {
        Revert::from_rpc(error).map_or_else(|| self.wire.refused(method, error), ChainError::Reverted)
    }

    /// What gas costs now: EIP-1559 with twice the base fee and the node's tip as the cap, legacy on a chain without
    /// base fee. All may be zero. More than 10 000 gwei for one gas is refused.
    pub async fn fees(&self) -> Result<Fees, ChainError> {
        let block = self.latest_block().await?;
        let Some(base) = block.base_fee_per_gas else {
            let gas_price = self.price("eth_gasPrice").await?;
            return Ok(Fees::Legacy { gas_price });
        };
        let base = self.believable("eth_getBlockByNumber", base)?;
        let tip = self.tip(base).await?;
        Ok(Fees::Eip1559 {
            max_fee: Wei(2 * base.0 + tip.0),
            max_priority_fee: tip,
        })
    }

    /// The tip that the node suggests. Where the base fee is zero some nodes suggest one out of habit; their gas
    /// price then says whether gas is free.
    async fn tip(&self, base: Wei) -> Result<Wei, ChainError> {
        const METHOD: &str = "eth_maxPriorityFeePerGas";
        const UNKNOWN_METHOD: i64 = -32601;
        match self.wire.ask(METHOD, json!([])).await? {
            Ok(tip) if base > Wei::ZERO => self.believable(METHOD, tip),
            Ok(tip) => Ok(self
                .believable(METHOD, tip)?
                .min(self.price("eth_gasPrice").await?)),
            Err(error) if error.code == UNKNOWN_METHOD => {
                let price = self.price("eth_gasPrice").await?;
                Ok(price.checked_sub(base).unwrap_or_default())
            }
            Err(error) => Err(self.wire.refused(METHOD, &error)),
        }
    }

    async fn price(&self, method: &str) -> Result<Wei, ChainError> {
        let price = self.wire.request(method, json!([])).await?;
        self.believable(method, price)
    }

    fn believable(&self, method: &str, price: U256) -> Result<Wei, ChainError> {
        u128::try_from(price)
            .ok()
            .filter(|price| *price <= MAX_GAS_PRICE)
            .map(Wei)
            .ok_or_else(|| {
                self.wire
                    .bad(method, format!("{price} wei for one gas is absurd"))
            })
    }

    /// Sends signed bytes. [`ChainError::Refused`] says that the node did not take them for a reason that is none
    /// of [`SendOutcome`]; [`ChainError::Unreachable`] says that the outcome is unknown: they may be on their way.
    pub async fn send_raw(&self, tx: &SignedTx) -> Result<SendOutcome, ChainError> {
        const METHOD: &str = "eth_sendRawTransaction";
        let raw = Bytes::copy_from_slice(&tx.raw);
        let answer = self.wire.tell::<B256>(METHOD, json!([raw])).await;
        match answer.map_err(|error| self.wire.unreachable(format!("the outcome is unknown, {error}")))? {
            Ok(answer) if hash(answer) == tx.hash => Ok(SendOutcome::Accepted),
            Ok(answer) => {
                let reason = format!(
                    "the outcome is unknown, sent {}, the node names {answer}",
                    tx.hash
                );
                Err(self.wire.unreachable(reason))
            }
            Err(error) => classify(&error).ok_or_else(|| self.wire.refused(METHOD, &error)),
        }
    }
}

fn request(from: Address, call: &Call) -> Value {
    let input = Bytes::copy_from_slice(&call.input);
    let mut request = json!({
        "from": from.to_lower(),
        "value": format!("{:#x}", call.value.0),
        // Older nodes read `data`, newer ones prefer `input`; equal values are accepted by all.
        "data": input,
        "input": input,
    });
    if let Some(to) = call.to {
        request["to"] = json!(to.to_lower());
    }
    request
}

/// What the words of geth, anvil, Besu and Nethermind mean. There are no codes to go by.
fn classify(error: &RpcError) -> Option<SendOutcome> {
    const WORDS: [(&str, SendOutcome); 17] = [
        ("alreadyknown", SendOutcome::AlreadyKnown),
        ("knowntransaction", SendOutcome::AlreadyKnown),
        ("alreadyimported", SendOutcome::AlreadyKnown),
        ("noncetoolow", SendOutcome::NonceTooLow),
        ("nonceistoolow", SendOutcome::NonceTooLow),
        ("oldnonce", SendOutcome::NonceTooLow),
        ("noncealreadyused", SendOutcome::NonceTooLow),
        ("underpriced", SendOutcome::Underpriced),
        ("feetoolow", SendOutcome::Underpriced),
        ("gaspricetoolow", SendOutcome::Underpriced),
        ("replacementnotallowed", SendOutcome::Underpriced),
        ("lessthanblockbasefee", SendOutcome::Underpriced),
        ("lessthancurrentbasefee", SendOutcome::Underpriced),
        ("gaspricebelow", SendOutcome::Underpriced),
        ("insufficientfunds", SendOutcome::InsufficientFunds),
        ("insufficientbalance", SendOutcome::InsufficientFunds),
        ("upfrontcostexceeds", SendOutcome::InsufficientFunds),
    ];
    let letters = error
        .message
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric());
    let text: String = letters
        .map(|letter| letter.to_ascii_lowercase())
        .take(1000)
        .collect();
    WORDS
        .iter()
        .find(|(words, _)| text.contains(words))
        .map(|(_, outcome)| *outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_each_node_are_understood() {
        use SendOutcome::{AlreadyKnown, InsufficientFunds, NonceTooLow, Underpriced};
        for (node, message, expected) in [
            ("geth", "already known", Some(AlreadyKnown)),
            (
                "geth",
                "nonce too low: next nonce 5, tx nonce 4",
                Some(NonceTooLow),
            ),
            ("geth", "replacement transaction underpriced", Some(Underpriced)),
            (
                "geth",
                "transaction underpriced: gas tip cap 0, minimum needed 1",
                Some(Underpriced),
            ),
            (
                "geth",
                "max fee per gas less than block base fee: address 0x0",
                Some(Underpriced),
            ),
            (
                "geth",
                "insufficient funds for gas * price + value: balance 0",
                Some(InsufficientFunds),
            ),
            ("geth", "intrinsic gas too low: gas 1, minimum needed 21000", None),
            ("geth", "exceeds block gas limit", None),
            ("anvil", "transaction already imported", Some(AlreadyKnown)),
            ("anvil", "nonce too low", Some(NonceTooLow)),
            (
                "anvil",
                "Insufficient funds for gas * price + value",
                Some(InsufficientFunds),
            ),
            ("besu", "Known transaction", Some(AlreadyKnown)),
            ("besu", "Nonce too low", Some(NonceTooLow)),
            ("besu", "Replacement transaction underpriced", Some(Underpriced)),
            (
                "besu",
                "Gas price below configured minimum gas price",
                Some(Underpriced),
            ),
            ("besu", "gasPrice is less than the current BaseFee", None),
            (
                "besu",
                "Upfront cost exceeds account balance",
                Some(InsufficientFunds),
            ),
            ("nethermind", "AlreadyKnown", Some(AlreadyKnown)),
            (
                "nethermind",
                "OldNonce, Current nonce: 5, nonce of rejected tx: 4",
                Some(NonceTooLow),
            ),
            (
                "nethermind",
                "FeeTooLow, MaxFeePerGas too low.",
                Some(Underpriced),
            ),
            ("nethermind", "FeeTooLowToCompete", Some(Underpriced)),
            ("nethermind", "ReplacementNotAllowed", Some(Underpriced)),
            (
                "nethermind",
                "InsufficientFunds, Account balance: 0",
                Some(InsufficientFunds),
            ),
            ("any", "", None),
        ] {
            let error = RpcError {
                code: -32000,
                message: message.into(),
                data: Value::Null,
            };
            assert_eq!(classify(&error), expected, "{node}: {message}");
        }
    }
}
