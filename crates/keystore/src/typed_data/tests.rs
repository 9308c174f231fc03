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

/// The example with one more field of this type and value in its message.
fn with_field(kind: &str, value: Value) -> Result<[u8; 32], Error> {
    let mut data = mail();
    let fields = data["types"]["Mail"].as_array_mut().expect("fields");
    fields.push(json!({ "name": "more", "type": kind }));
    data["message"]["more"] = value;
    digest_for(&data.to_string(), 1)
}

#[test]
fn values_that_do_not_fit_their_type_are_refused() {
    let digits = |bits: usize| (alloy_primitives::U256::MAX >> (256 - bits)).to_string();
    let above = |bits: usize| format!("0x1{}", "0".repeat(bits / 4));
    for bits in (8..256).step_by(8) {
        let (uint, int) = (format!("uint{bits}"), format!("int{bits}"));
        assert!(with_field(&uint, json!(digits(bits))).is_ok(), "{uint}");
        assert!(with_field(&uint, json!(above(bits))).is_err(), "{uint}");
        assert!(with_field(&int, json!(digits(bits - 1))).is_ok(), "{int}");
        assert!(with_field(&int, json!(digits(bits))).is_err(), "{int}");
        let lowest = format!("-{}", alloy_primitives::U256::from(1) << (bits - 1));
        assert!(with_field(&int, json!(lowest)).is_ok(), "{int}");
        assert!(
            with_field(&int, json!(format!("-{}", digits(bits)))).is_err(),
            "{int}"
        );
    }
    let refused = [
        ("uint256", json!(above(256))),
        (
            "uint256",
            json!("115792089237316195423570985008687907853269984665640564039457584007913129639936"),
        ),
        ("uint256", json!(-1)),
        ("uint256", json!("-1")),
        ("uint256", json!("-0")),
        ("uint256", json!("+1")),
        ("uint256", json!("1e3")),
        ("uint256", json!(" 1")),
        ("uint256", json!("1_000")),
        ("uint256", json!("")),
        ("uint256", json!("0x")),
        ("uint256", json!("0X1")),
        ("uint256", json!(1.0)),
        ("uint256", json!(true)),
        ("uint256", Value::Null),
        ("bool", json!(1)),
        ("bool", json!("true")),
        ("string", json!(1)),
        ("bytes", json!("00")),
        ("bytes", json!("0x0")),
        ("bytes", json!("0xzz")),
        ("bytes2", json!("0x00")),
        ("bytes2", json!("0x000000")),
        ("address", json!("0x00")),
        ("address", json!("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD827")),
        ("address", json!("CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD8")),
        ("Person", json!("Cow")),
        ("Person", Value::Null),
        ("uint8[2]", json!([1])),
        ("uint8[2]", json!([1, 2, 3])),
        ("uint8[2]", json!({ "0": 1, "1": 2 })),
        ("uint8[]", json!(1)),
        ("uint8[]", json!([256])),
        ("uint8[2][]", json!([[1, 2], [3]])),
    ];
    for (kind, value) in refused {
        let shown = format!("{kind} {value}");
        assert!(
            matches!(with_field(kind, value), Err(Error::TypedData(_))),
            "{shown}"
        );
    }
    for (kind, value) in [
        ("uint256", json!(u64::MAX)),
        ("uint256", json!("0xff")),
        ("int8", json!(-128)),
        ("bool", json!(false)),
        ("bytes", json!("0x")),
        ("bytes2", json!("0xAbCd")),
        ("uint8[2]", json!([1, "2"])),
        ("uint8[2][]", json!([])),
        (
            "Person[]",
            json!([{ "name": "Eve", "wallet": "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826" }]),
        ),
    ] {
        let shown = format!("{kind} {value}");
        assert!(with_field(kind, value).is_ok(), "{shown}");
    }
}

#[test]
fn types_that_are_none_are_refused() {
    for kind in [
        "uint",
        "int",
        "uint7",
        "uint0",
        "uint264",
        "uint08",
        "int512",
        "bytes0",
        "bytes33",
        "bytes01",
        "byte",
        "fixed128x18",
        "function",
        "uint8[0]",
        "uint8[01]",
        "uint8[-1]",
        "uint8[",
        "uint8]",
        "[]",
        "",
        "Mails",
        "EIP712Domain",
        "address payable",
        " string",
    ] {
        assert!(
            matches!(with_field(kind, json!([])), Err(Error::TypedData(_))),
            "{kind}"
        );
    }
}

type Change = fn(&mut Value);

#[test]
fn a_shape_that_says_more_or_less_is_refused() {
    let changes: [(&str, Change); 13] = [
        ("no types", |data| {
            drop(data.as_object_mut().map(|data| data.remove("types")))
        }),
        ("no domain", |data| {
            drop(data.as_object_mut().map(|data| data.remove("domain")))
        }),
        ("another part", |data| data["comment"] = json!("hello")),
        ("an unknown primary type", |data| {
            data["primaryType"] = json!("Letter")
        }),
        ("the domain as primary type", |data| {
            data["primaryType"] = json!("EIP712Domain")
        }),
        ("no type of the domain", |data| {
            drop(
                data["types"]
                    .as_object_mut()
                    .map(|types| types.remove("EIP712Domain")),
            );
        }),
        ("a foreign field of the domain", |data| {
            data["types"]["EIP712Domain"][0]["name"] = json!("title");
        }),
        ("a foreign type of the domain", |data| {
            data["types"]["EIP712Domain"][2]["type"] = json!("uint64");
        }),
        ("more in the domain than its type", |data| {
            data["domain"]["salt"] = json!("0x00")
        }),
        ("a field without a type", |data| {
            data["types"]["Person"][0] = json!({ "name": "name" })
        }),
        ("a field with more", |data| {
            data["types"]["Person"][0]["indexed"] = json!(true)
        }),
        ("a field that is twice there", |data| {
            data["types"]["Person"][1] = data["types"]["Person"][0].clone();
        }),
        ("a type named like an elementary one", |data| {
            data["types"]["uint8"] = json!([])
        }),
    ];
    for (what, change) in changes {
        let mut data = mail();
        change(&mut data);
        assert!(
            matches!(digest_for(&data.to_string(), 1), Err(Error::TypedData(_))),
            "{what}"
        );
    }
    let twice = mail().to_string().replace(
        "\"contents\":\"Hello",
        "\"contents\":\"Bye\",\"contents\":\"Hello",
    );
    let long = format!("{}{}", mail(), " ".repeat(MAX_LENGTH));
    let deep = "[".repeat(100_000);
    for text in ["", "null", "[]", "{}", &twice, &long, &deep] {
        assert!(
            matches!(digest_for(text, 1), Err(Error::TypedData(_))),
            "{:.80}",
            text
        );
    }
}
