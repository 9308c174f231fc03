//! `eth_call` and `eth_estimateGas`: executions that leave no trace.

use std::convert::Infallible;

use alloy::consensus::Header;
use alloy::primitives::{Bytes, TxKind, U256};
use revm::context::TxEnv;
use revm::context::result::{ExecutionResult, HaltReason};
use revm::database_interface::WrapDatabaseRef;

use super::blocks::View;
use super::error::RpcError;
use super::evm::{self, Mode};

/// Gas of a plain transfer.
const TRANSFER_GAS: u64 = 21_000;
/// Gas that a call with value hands to the callee for free.
const STIPEND: u64 = 2_300;

/// Runs a call and answers its output.
pub(super) fn call(view: View<'_>, header: &Header, chain_id: u64, tx: TxEnv) -> Result<Bytes, RpcError> {
    evm::output(run(view, header, chain_id, tx)?)
}

fn run(view: View<'_>, header: &Header, chain_id: u64, tx: TxEnv) -> Result<ExecutionResult, RpcError> {
    let caller = tx.caller;
    evm::execute::<WrapDatabaseRef<View<'_>>>(WrapDatabaseRef(view), chain_id, header, tx, Mode::Call)
        .map(|outcome| outcome.result)
        .map_err(|error: revm::context::result::EVMError<Infallible>| evm::invalid_text(error, caller))
}

/// The smallest gas limit with which the transaction succeeds.
pub(super) fn estimate(
    view: View<'_>,
    header: &Header,
    chain_id: u64,
    mut tx: TxEnv,
) -> Result<u64, RpcError> {
    let most = affordable(view, &tx)?;
    let attempt = |gas_limit: u64| {
        run(
            view,
            header,
            chain_id,
            TxEnv {
                gas_limit,
                ..tx.clone()
            },
        )
    };
    if is_plain(view, &tx) && most >= TRANSFER_GAS && attempt(TRANSFER_GAS)?.is_success() {
        return Ok(TRANSFER_GAS);
    }
    tx.gas_limit = most;
    let first = run(view, header, chain_id, tx.clone()).map_err(|error| too_little(error, most))?;
    if let ExecutionResult::Halt {
        reason: HaltReason::OutOfGas(_),
        ..
    } = first
    {
        return Err(RpcError::refused(format!(
            "gas required exceeds allowance ({most})"
        )));
    }
    let (used, spent) = (first.tx_gas_used(), first.gas().total_gas_spent());
    evm::output(first)?;
    let attempt = |gas_limit: u64| {
        run(
            view,
            header,
            chain_id,
            TxEnv {
                gas_limit,
                ..tx.clone()
            },
        )
    };
    let enough = |gas_limit: u64| attempt(gas_limit).is_ok_and(|result| result.is_success());
    let (mut low, mut high) = (used.saturating_sub(1), most);
    // EIP-150 keeps back a 64th at each call; this bound is nearly always enough and close.
    let likely = (spent + STIPEND).saturating_mul(64) / 63;
    if likely < high && enough(likely) {
        high = likely;
    }
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle
        } else {
            low = middle
        }
    }
    Ok(high)
}

/// Gas limit that the request asks for, cut to what its sender can pay at the price it names.
fn affordable(view: View<'_>, tx: &TxEnv) -> Result<u64, RpcError> {
    if tx.gas_price == 0 {
        return Ok(tx.gas_limit);
    }
    let balance = view.balance(&tx.caller);
    let left = balance
        .checked_sub(tx.value)
        .ok_or_else(|| RpcError::refused("insufficient funds for transfer"))?;
    let most = left / U256::from(tx.gas_price);
    Ok(u64::try_from(most).unwrap_or(u64::MAX).min(tx.gas_limit))
}

fn too_little(error: RpcError, most: u64) -> RpcError {
    if error.message.starts_with("intrinsic gas too low") {
        return RpcError::refused(format!("gas required exceeds allowance ({most})"));
    }
    error
}

/// A transfer to an account without code.
fn is_plain(view: View<'_>, tx: &TxEnv) -> bool {
    match tx.kind {
        TxKind::Call(to) => tx.data.is_empty() && tx.access_list.is_empty() && view.code(&to).is_empty(),
        TxKind::Create => false,
    }
}
