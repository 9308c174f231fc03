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

#[cfg(test)]
mod tests {
    use enerlink_domain::id::hex;

    use super::*;

    fn permit() -> Permit {
        Permit {
            token: Address([0x11; 20]),
            token_name: "EnerLink Token".to_owned(),
            chain_id: 31_337,
            owner: Address([0x22; 20]),
            spender: Address([0x33; 20]),
            value: 12_345,
            nonce: 7,
            deadline: 1_800_000_000,
        }
    }

    fn terms() -> PermitTerms {
        PermitTerms {
            chain_id: 31_337,
            token: Address([0x11; 20]),
            nonce: 7,
            now: 1_800_000_000,
            unlimited_confirmed: false,
        }
    }

    /// By eth-account 0.14.0: `encode_typed_data(full_message=…)`, then the hash of version, header and body.
    #[test]
    fn the_digest_is_that_of_another_implementation() {
        let digest = digest(&permit(), &terms()).expect("accepted");
        assert_eq!(
            hex(&digest),
            "73a5be9119b2947a1b0315838214d39eefb7f7fa2c9cb5eab5b2c0bb7016fe1d"
        );
    }

    type Change = fn(&mut Permit, &mut PermitTerms);

    #[test]
    fn e4_a_permit_for_anything_else_is_refused() {
        let refused = |change: Change| {
            let (mut permit, mut terms) = (permit(), terms());
            change(&mut permit, &mut terms);
            digest(&permit, &terms).expect_err("refused")
        };
        assert!(matches!(
            refused(|permit, _| permit.chain_id = 1),
            Error::WrongChain {
                found: 1,
                expected: 31_337
            }
        ));
        assert!(matches!(
            refused(|_, terms| terms.chain_id = 1),
            Error::WrongChain { .. }
        ));
        let changes: [(Change, &str); 6] = [
            (|permit, _| permit.token.0[0] ^= 1, "another token"),
            (|permit, _| permit.nonce += 1, "another permit"),
            (|permit, _| permit.nonce -= 1, "another permit"),
            (|_, terms| terms.now += 1, "expired"),
            (|permit, _| permit.value = u128::MAX, "unlimited"),
            (|permit, _| permit.value = u128::MAX / 2 + 1, "unlimited"),
        ];
        for (change, reason) in changes {
            let shown = refused(change).to_string();
            assert!(shown.contains(reason), "{shown}");
        }
    }

    #[test]
    fn e4_an_unlimited_permit_is_signed_only_when_confirmed() {
        let mut unlimited = permit();
        unlimited.value = u128::MAX;
        let mut confirmed = terms();
        confirmed.unlimited_confirmed = true;
        assert!(digest(&unlimited, &terms()).is_err());
        assert!(digest(&unlimited, &confirmed).is_ok());
        // The confirmation opens nothing else.
        unlimited.token = Address([0x44; 20]);
        assert!(digest(&unlimited, &confirmed).is_err());
    }
}
