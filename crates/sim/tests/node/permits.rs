//! Permits that the keystore signs are those that the token takes, on anvil and on the in-process node.

use alloy::primitives::Address as AlloyAddress;
use enerlink_chain::ChainError;
use enerlink_domain::{Address, Permit, UnixMillis};
use enerlink_engine::{Chain, KdfParams, Keystore, Password};
use enerlink_keystore::{Import, Moment, PermitTerms};
use serde_json::json;

use crate::{
    anvil::{FIRST, start_anvil},
    conformance::{ON_REQUEST, start_ours},
    contracts::etk_code,
    support::{CHAIN, Client, Key},
};

const NOW: u64 = 1_767_225_600;

fn moment() -> Moment {
    Moment {
        wall: UnixMillis(i64::try_from(NOW).expect("fits") * 1000),
        monotonic: std::time::Duration::ZERO,
    }
}

/// A keystore with the account that every anvil starts with, unlocked.
fn keystore(directory: &std::path::Path) -> Keystore {
    let keystore = Keystore::open_with(directory, KdfParams::for_tests()).expect("a keystore");
    let password = Password::from("seven roofs under one sun".to_owned());
    let key = Import::PrivateKey(format!("{FIRST:#x}").into());
    keystore
        .import("Home", &password, &key, &[], moment())
        .expect("imported");
    keystore.unlock(&password, moment()).expect("unlocked");
    keystore
}

async fn permit_is_taken_once(url: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let keystore = keystore(directory.path());
    let owner = Key::from_secret(FIRST);
    let client = Client::new(url);
    client.send(&owner.create(0, &etk_code(owner.address))).await;
    client.ask("evm_mine", json!([])).await;
    let token = Address(owner.address.create(0).into_array());
    let chain = Chain::new(url).expect("a client");
    let permit = Permit {
        token,
        token_name: "EnerLink Energy Token".to_owned(),
        chain_id: CHAIN,
        owner: Address(owner.address.into_array()),
        spender: Address([0x77; 20]),
        value: 12_345,
        nonce: chain
            .permit_nonce(token, Address(owner.address.into_array()))
            .await
            .expect("a nonce"),
        deadline: u64::MAX >> 1,
    };
    let terms = PermitTerms {
        chain_id: CHAIN,
        token,
        nonce: permit.nonce,
        now: NOW,
        unlimited_confirmed: false,
    };
    let signature = keystore.sign_permit(&permit, &terms).expect("signed");
    let call = enerlink_chain::build::permit(&permit, &signature);
    client
        .send(&owner.call(1, AlloyAddress::from(token.0), &call.input))
        .await;
    client.ask("evm_mine", json!([])).await;
    let allowance = chain.allowance(token, permit.owner, permit.spender).await;
    assert_eq!(allowance, Ok(12_345));
    assert_eq!(
        chain.permit_nonce(token, permit.owner).await,
        Ok(permit.nonce + 1)
    );
    // A second use is refused by the token, and not signed once its nonce is read again.
    let again = chain.simulate(permit.owner, &call).await;
    assert!(matches!(again, Err(ChainError::Reverted(_))), "{again:?}");
    let later = PermitTerms {
        nonce: permit.nonce + 1,
        ..terms
    };
    assert!(keystore.sign_permit(&permit, &later).is_err());
}

#[tokio::test]
async fn anvil_takes_a_permit_once() {
    let anvil = start_anvil(ON_REQUEST);
    permit_is_taken_once(&anvil.url).await;
}

#[tokio::test]
async fn our_node_takes_a_permit_once() {
    let owner = Key::from_secret(FIRST);
    let (node, _clock) = start_ours(owner.address).await;
    permit_is_taken_once(node.url()).await;
}
