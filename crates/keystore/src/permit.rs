//! Permits of EIP-2612: an allowance by signature, compared with what the chain and the person say before it is signed.

use enerlink_domain::{Address, Permit};
use serde_json::json;

use crate::{Error, typed_data};

/// Above it an allowance is one without a limit, whatever its exact number.
const UNLIMITED: u128 = u128::MAX / 2;

/// What a permit is compared with before it is signed: read from the chain and the screen, not from the permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermitTerms {
    /// The chain that the wallet is connected to.
    pub chain_id: u64,
    /// The token contract that the person was shown.
    pub token: Address,
    /// The owner's permit nonce, as the token says.
    pub nonce: u64,
    /// The time, Unix seconds.
    pub now: u64,
    /// Whether the person has typed that the allowance may be unlimited.
    pub unlimited_confirmed: bool,
}

/// What is signed of a permit that keeps to the terms.
pub(crate) fn digest(permit: &Permit, expected: &PermitTerms) -> Result<[u8; 32], Error> {
    check(permit, expected)?;
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let data = json!({
        "types": {
            "EIP712Domain": [
                field("name", "string"),
                field("version", "string"),
                field("chainId", "uint256"),
                field("verifyingContract", "address"),
            ],
            "Permit": [
                field("owner", "address"),
                field("spender", "address"),
                field("value", "uint256"),
                field("nonce", "uint256"),
                field("deadline", "uint256"),
            ],
        },
        "primaryType": "Permit",
        "domain": {
            "name": permit.token_name,
            "version": "1",
            "chainId": permit.chain_id,
            "verifyingContract": permit.token.to_string(),
        },
        "message": {
            "owner": permit.owner.to_string(),
            "spender": permit.spender.to_string(),
            "value": permit.value.to_string(),
            "nonce": permit.nonce,
            "deadline": permit.deadline,
        },
    });
    typed_data::digest_for(&data.to_string(), expected.chain_id)
}

fn check(permit: &Permit, expected: &PermitTerms) -> Result<(), Error> {
    if permit.chain_id != expected.chain_id {
        return Err(Error::WrongChain {
            found: permit.chain_id,
            expected: expected.chain_id,
        });
    }
    let refusal = if permit.token != expected.token {
        "it is for another token"
    } else if permit.nonce != expected.nonce {
        "it was made before another permit was used, or after one that is not known"
    } else if permit.deadline < expected.now {
        "it has expired"
    } else if permit.value > UNLIMITED && !expected.unlimited_confirmed {
        "it is unlimited, which nobody has confirmed"
    } else {
        return Ok(());
    };
    Err(Error::Permit(refusal))
}
