//! Tests of typed data: the example of the standard, and what is refused.

use enerlink_domain::id::hex;
use serde_json::{Value, json};

use super::*;
use crate::Account;

/// The example of EIP-712.
fn mail() -> Value {
    json!({
        "types": {
            "EIP712Domain": [
                { "name": "name", "type": "string" },
                { "name": "version", "type": "string" },
                { "name": "chainId", "type": "uint256" },
                { "name": "verifyingContract", "type": "address" },
            ],
            "Person": [{ "name": "name", "type": "string" }, { "name": "wallet", "type": "address" }],
            "Mail": [
                { "name": "from", "type": "Person" },
                { "name": "to", "type": "Person" },
                { "name": "contents", "type": "string" },
            ],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": { "name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" },
            "to": { "name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" },
            "contents": "Hello, Bob!",
        },
    })
}

#[test]
fn the_example_of_the_standard_has_its_digest_and_its_signature() {
    let digest = digest_for(&mail().to_string(), 1).expect("accepted");
    assert_eq!(
        hex(&digest),
        "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
    );
    // The example signs with keccak256("cow").
    let account = Account::from_bytes(&keccak256(b"cow")).expect("a key");
    assert_eq!(
        hex(&account.sign_to_bytes(&digest).expect("signs")),
        "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c"
    );
}

#[test]
fn another_chain_or_none_is_refused() {
    assert!(matches!(
        digest_for(&mail().to_string(), 5),
        Err(Error::WrongChain {
            found: 1,
            expected: 5
        })
    ));
    let mut anywhere = mail();
    anywhere["types"]["EIP712Domain"]
        .as_array_mut()
        .expect("fields")
        .remove(2);
    anywhere["domain"]
        .as_object_mut()
        .expect("a domain")
        .remove("chainId");
    assert!(matches!(
        digest_for(&anywhere.to_string(), 1),
        Err(Error::TypedData(_))
    ));
}
