//! Executes transactions and calls on revm under Cancun rules.

use std::convert::Infallible;

use alloy::consensus::transaction::Recovered;
use alloy::consensus::{Header, Transaction, TxEnvelope, Typed2718};
use alloy::primitives::{Address, TxKind, U256};
use alloy::rpc::types::TransactionRequest;
use revm::context::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction, ResultAndState};
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN;
use revm::primitives::hardfork::SpecId;
use revm::{Database, ExecuteEvm, MainBuilder, MainContext};

use super::blocks::Constants;
use super::error::RpcError;

/// Why a transaction or call could not be executed at all.
pub(super) type Invalid = EVMError<Infallible>;

/// Who checks what: a transaction in a block obeys every rule, a call may come from anybody at any nonce and price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Transaction,
    Call,
}

/// Runs one transaction in the environment of `header` on top of `state`, without writing.
pub(super) fn execute<DB: Database<Error = Infallible>>(
    state: DB,
    chain_id: u64,
    header: &Header,
    tx: TxEnv,
    mode: Mode,
) -> Result<ResultAndState<HaltReason>, Invalid> {
    let mut config = CfgEnv::new_with_spec(SpecId::CANCUN).with_chain_id(chain_id);
    if mode == Mode::Call {
        config.disable_nonce_check = true;
        config.disable_eip3607 = true;
        // As in geth: a call that names no price pays none, whatever the base fee.
        config.disable_base_fee = tx.gas_price == 0;
    }
    Context::mainnet()
        .with_db(state)
        .with_cfg(config)
        .with_block(block_env(header))
        .build_mainnet()
        .transact(tx)
}

fn block_env(header: &Header) -> BlockEnv {
    BlockEnv {
        number: U256::from(header.number),
        beneficiary: header.beneficiary,
        timestamp: U256::from(header.timestamp),
        gas_limit: header.gas_limit,
        basefee: header.base_fee_per_gas.unwrap_or_default(),
        difficulty: U256::ZERO,
        prevrandao: Some(header.mix_hash),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new(
            0,
            BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN,
        )),
        slot_num: 0,
    }
}

/// The EVM's view of a signed transaction.
pub(super) fn signed_env(tx: &Recovered<TxEnvelope>) -> TxEnv {
    TxEnv {
        tx_type: tx.ty(),
        caller: tx.signer(),
        gas_limit: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
        kind: tx.kind(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: tx.max_priority_fee_per_gas(),
        ..TxEnv::default()
    }
}

/// The EVM's view of the object that `eth_call` and `eth_estimateGas` take.
pub(super) fn request_env(request: &TransactionRequest, constants: Constants) -> Result<TxEnv, RpcError> {
    let (gas_cap, chain_id) = (constants.gas_limit, constants.chain_id);
    let dynamic = request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
    if request.gas_price.is_some() && dynamic {
        return Err(RpcError::refused(
            "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
        ));
    }
    if request.blob_versioned_hashes.is_some() || request.authorization_list.is_some() {
        return Err(RpcError::refused("transaction type not supported"));
    }
    let access_list = request.access_list.clone().unwrap_or_default();
    let tx_type = match (dynamic, access_list.is_empty()) {
        (true, _) => 2,
        (false, false) => 1,
        (false, true) => 0,
    };
    Ok(TxEnv {
        tx_type,
        caller: request.from.unwrap_or(Address::ZERO),
        gas_limit: request.gas.unwrap_or(gas_cap).min(gas_cap),
        gas_price: request.gas_price.or(request.max_fee_per_gas).unwrap_or_default(),
        kind: request.to.unwrap_or(TxKind::Create),
        value: request.value.unwrap_or_default(),
        data: request.input.input().cloned().unwrap_or_default(),
        nonce: 0,
        chain_id: Some(request.chain_id.unwrap_or(chain_id)),
        access_list,
        gas_priority_fee: dynamic.then(|| request.max_priority_fee_per_gas.unwrap_or_default()),
        ..TxEnv::default()
    })
}

/// The output of a finished call, or the error that geth answers.
pub(super) fn output(result: ExecutionResult) -> Result<alloy::primitives::Bytes, RpcError> {
    match result {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(RpcError::revert(&output)),
        ExecutionResult::Halt { reason, .. } => Err(RpcError::refused(halt_text(&reason))),
    }
}

/// Geth's words for an exceptional halt.
pub(super) fn halt_text(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(_) => "out of gas".to_owned(),
        HaltReason::InvalidFEOpcode => "invalid opcode: INVALID".to_owned(),
        HaltReason::StateChangeDuringStaticCall => "write protection".to_owned(),
        HaltReason::CreateCollision => "contract address collision".to_owned(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".to_owned(),
        other => other.to_string(),
    }
}

/// Geth's words for a call that cannot start.
pub(super) fn invalid_text(error: Invalid, caller: Address) -> RpcError {
    let EVMError::Transaction(invalid) = error else {
        return RpcError::refused(error.to_string());
    };
    RpcError::refused(match invalid {
        InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
            format!("insufficient funds for gas * price + value: address {caller} have {balance} want {fee}")
        }
        InvalidTransaction::GasPriceLessThanBasefee => {
            format!("max fee per gas less than block base fee: address {caller}")
        }
        InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        } => {
            format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}")
        }
        InvalidTransaction::InvalidChainId => "chainId does not match node's".to_owned(),
        other => other.to_string(),
    })
}
