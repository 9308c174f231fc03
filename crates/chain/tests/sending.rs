//! What a real node says about bytes: accepted, known, too low, underpriced, unaffordable; and what gas costs on it.

#[path = "support/anvil.rs"]
mod anvil;

use anvil::{Account, Anvil, mined};
use enerlink_chain::{ChainError, SendOutcome, build};
use enerlink_domain::{Address, Fees, Hash32, Wei};
use serde_json::json;

#[tokio::test]
async fn every_outcome_of_sending_is_told_apart() {
    let anvil = Anvil::start(&["--no-mining"]);
    let (chain, sender) = (&anvil.chain, Account::funded(0));
    let call = build::transfer(Address([7; 20]), Wei(1));
    let mut tx = sender.unsigned(chain, call, 21_000).await;
    let signed = sender.sign(&tx);
    assert_eq!(chain.transaction_known(signed.hash).await, Ok(false));
    assert_eq!(chain.send_raw(&signed).await, Ok(SendOutcome::Accepted));
    assert_eq!(chain.send_raw(&signed).await, Ok(SendOutcome::AlreadyKnown));
    assert_eq!(chain.transaction_known(signed.hash).await, Ok(true));
    assert_eq!(chain.receipt(signed.hash).await, Ok(None));
    let counts = (
        chain.nonce(sender.address).await,
        chain.pending_nonce(sender.address).await,
    );
    assert_eq!(counts, (Ok(0), Ok(1)));

    tx.value = Wei(2);
    let same_fee = sender.sign(&tx);
    assert_eq!(chain.send_raw(&same_fee).await, Ok(SendOutcome::Underpriced));
    anvil.control("evm_mine", json!([])).await;
    let receipt = chain.receipt(signed.hash).await.expect("answer").expect("mined");
    assert_eq!(
        (receipt.tx, receipt.gas_used, receipt.succeeded),
        (signed.hash, 21_000, true)
    );
    assert_eq!(chain.send_raw(&same_fee).await, Ok(SendOutcome::NonceTooLow));
    let before = chain.nonce_at(sender.address, receipt.block - 1).await;
    let after = chain.nonce_at(sender.address, receipt.block).await;
    assert_eq!((before, after), (Ok(0), Ok(1)));

    let poor = Account::from_bytes(&[0x42; 32]);
    let call = build::transfer(Address([7; 20]), Wei(1));
    let broke = poor.sign(&poor.unsigned(chain, call.clone(), 21_000).await);
    assert_eq!(chain.send_raw(&broke).await, Ok(SendOutcome::InsufficientFunds));
    let error = chain.simulate(poor.address, &call).await.expect_err("no coin");
    assert!(matches!(error, ChainError::InsufficientFunds { .. }), "{error}");

    tx.nonce = 1;
    tx.chain_id = 1;
    let foreign = chain.send_raw(&sender.sign(&tx)).await;
    assert!(matches!(foreign, Err(ChainError::Refused { .. })), "{foreign:?}");
}

#[tokio::test]
async fn a_failed_transaction_is_a_receipt_that_says_so() {
    let anvil = Anvil::start(&[]);
    let (chain, sender) = (&anvil.chain, Account::funded(0));
    // Creation code that reverts at once: PUSH1 0, PUSH1 0, REVERT.
    let call = enerlink_chain::Call {
        to: None,
        value: Wei::ZERO,
        input: vec![0x60, 0, 0x60, 0, 0xfd],
    };
    let error = chain.simulate(sender.address, &call).await.expect_err("revert");
    assert!(
        matches!(&error, ChainError::Reverted(revert) if revert.name == "Empty"),
        "{error:?}"
    );
    let signed = sender.sign(&sender.unsigned(chain, call, 100_000).await);
    assert_eq!(chain.send_raw(&signed).await, Ok(SendOutcome::Accepted));
    assert!(!mined(chain, &signed).await.succeeded);
    assert_eq!(chain.receipt(Hash32([1; 32])).await, Ok(None));
}

#[tokio::test]
async fn a_refusal_in_a_block_is_explained() {
    let home = anvil::Home::build().await;
    let (chain, operator) = (&home.chain, &home.operator);
    let stranger = Account::funded(2);
    let forbidden = build::retire_meter(&home.addresses, &home.meter);
    let empty = enerlink_chain::Call {
        to: None,
        value: Wei::ZERO,
        // PUSH1 0, PUSH1 0, REVERT.
        input: vec![0x60, 0, 0x60, 0, 0xfd],
    };
    let unknown = build::retire_meter(&home.addresses, &"NOBODY".parse().expect("an id"));
    for (name, sender, call, gas) in [
        ("NotOperator", &stranger, forbidden.clone(), 200_000),
        ("MeterUnknown", operator, unknown, 200_000),
        ("Empty", &stranger, empty, 100_000),
        ("OutOfGas", operator, forbidden, 24_000),
    ] {
        let signed = sender.sign(&sender.unsigned(chain, call.clone(), gas).await);
        assert_eq!(chain.send_raw(&signed).await, Ok(SendOutcome::Accepted), "{name}");
        let receipt = mined(chain, &signed).await;
        assert!(!receipt.succeeded, "{name}");
        let told = chain.explain(sender.address, &call, gas, &receipt).await;
        let told = told.expect("an answer").expect("a reason");
        assert_eq!(told.name, name, "{told}");
        assert!(!told.message.is_empty());
    }
}

#[tokio::test]
async fn fees_follow_the_kind_of_chain() {
    let usual = fees(&Anvil::start(&[])).await;
    assert!(
        matches!(usual, Fees::Eip1559 { max_fee, max_priority_fee } if max_fee > max_priority_fee),
        "{usual:?}"
    );
    let free = Anvil::start(&[
        "--base-fee",
        "0",
        "--gas-price",
        "0",
        "--disable-min-priority-fee",
    ]);
    let nothing = Fees::Eip1559 {
        max_fee: Wei(0),
        max_priority_fee: Wei(0),
    };
    assert_eq!(fees(&free).await, nothing);
    let sender = Account::funded(0);
    sender
        .run(&free.chain, build::transfer(Address([7; 20]), Wei(1)))
        .await;

    let legacy = Anvil::start(&["--hardfork", "berlin"]);
    assert!(matches!(fees(&legacy).await, Fees::Legacy { .. }));
    sender
        .run(&legacy.chain, build::transfer(Address([7; 20]), Wei(1)))
        .await;
}

async fn fees(anvil: &Anvil) -> Fees {
    anvil.chain.fees().await.expect("fees")
}
