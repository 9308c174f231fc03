//! Typed data: digests and signatures of ethers.

use enerlink_domain::id::hex;
use serde_json::{Map, Value, json};

use super::{ethers, key, text};
use crate::typed_data::digest_of_any_chain;

/// The JSON of `eth_signTypedData_v4` that a case stands for: ethers leaves the domain's type to be inferred.
fn complete(case: &Value) -> Value {
    let standard = [
        ("name", "string"),
        ("version", "string"),
        ("chainId", "uint256"),
        ("verifyingContract", "address"),
        ("salt", "bytes32"),
    ];
    let domain: Vec<_> = standard
        .into_iter()
        .filter(|(name, _)| case["domain"].get(name).is_some())
        .map(|(name, kind)| json!({ "name": name, "type": kind }))
        .collect();
    let mut types: Map<String, Value> = case["types"].as_object().expect("types").clone();
    types.insert("EIP712Domain".to_owned(), domain.into());
    json!({
        "types": types,
        "primaryType": case["primaryType"],
        "domain": case["domain"],
        "message": case["data"],
    })
}

#[test]
fn e3_digests_and_signatures_are_those_of_ethers() {
    let (mut checked, mut signed) = (0, 0);
    for case in ethers("eip712") {
        let data = complete(&case).to_string();
        let digest = digest_of_any_chain(&data).unwrap_or_else(|error| panic!("{error}: {case}"));
        assert_eq!(hex(&digest), text(&case, "digest")[2..], "{case}");
        checked += 1;
        if case["signature"].is_string() {
            let signature = key(&case, "privateKey").sign_to_bytes(&digest).expect("signs");
            assert_eq!(hex(&signature), text(&case, "signature")[2..], "{case}");
            signed += 1;
        }
    }
    assert_eq!(checked, 1025);
    assert!(signed >= 1, "{signed}");
}

/// Derived from each case: what is left out, added, or of another length is refused; nothing is signed by accident.
#[test]
fn e3_cases_with_a_missing_or_an_extra_field_are_refused() {
    let mut checked = 0;
    for case in ethers("eip712") {
        let good = complete(&case);
        let names: Vec<String> = good["message"]
            .as_object()
            .expect("a struct")
            .keys()
            .cloned()
            .collect();
        for name in names {
            let mut missing = good.clone();
            missing["message"]
                .as_object_mut()
                .expect("a struct")
                .remove(&name);
            assert!(digest_of_any_chain(&missing.to_string()).is_err(), "{missing}");
            if let Some(array) = good["message"][&name].as_array()
                && !field_type(&good, &name).ends_with("[]")
            {
                let mut longer = good.clone();
                let mut elements = array.clone();
                elements.extend(array.first().cloned());
                longer["message"][&name] = elements.into();
                assert!(
                    array.is_empty() || digest_of_any_chain(&longer.to_string()).is_err(),
                    "{longer}"
                );
            }
            checked += 1;
        }
        let mut extra = good.clone();
        extra["message"]["surplus"] = json!("0x");
        assert!(digest_of_any_chain(&extra.to_string()).is_err(), "{extra}");
    }
    assert!(checked > 1000, "{checked}");
}

fn field_type<'a>(data: &'a Value, name: &str) -> &'a str {
    let fields = data["types"][data["primaryType"].as_str().expect("a name")].as_array();
    fields
        .expect("fields")
        .iter()
        .find_map(|field| (field["name"] == name).then(|| field["type"].as_str()))
        .flatten()
        .expect("a type")
}
