//! Calls of view functions, whose answers must decode as the contract they are put to.

use alloy::{primitives::Bytes, sol_types::SolCall};
use enerlink_domain::Address;
use serde_json::json;

use crate::{Chain, ChainError, error::quoted};

impl Chain {
    /// Calls a view function and decodes its answer.
    pub(crate) async fn view<C: SolCall>(
        &self,
        contract: &'static str,
        address: Address,
        call: &C,
        block: &str,
    ) -> Result<C::Return, ChainError> {
        const METHOD: &str = "eth_call";
        let input = Bytes::from(call.abi_encode());
        let params = json!([{ "to": address.to_lower(), "data": input, "input": input }, block]);
        let output: Bytes = match self.wire.ask(METHOD, params).await? {
            Ok(output) => output,
            Err(error) => {
                // Views of our contracts never refuse.
                return Err(match self.refusal(METHOD, &error) {
                    ChainError::Reverted(revert) => missing(contract, address, revert.message),
                    error => error,
                });
            }
        };
        if output.is_empty() {
            return Err(missing(contract, address, "the account has no such function"));
        }
        C::abi_decode_returns_validate(&output).map_err(|error| {
            missing(
                contract,
                address,
                format!("its answer cannot be decoded: {error}"),
            )
        })
    }
}

pub(crate) fn missing(contract: &'static str, address: Address, reason: impl AsRef<str>) -> ChainError {
    ChainError::ContractsMissing {
        contract,
        address,
        reason: quoted(reason.as_ref()),
    }
}
