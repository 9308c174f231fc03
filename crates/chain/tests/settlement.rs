//! The whole way of a settlement on a real node: deploy, register, open, settle, events, totals, refusals.

#[path = "support/anvil.rs"]
mod anvil;

use std::slice;

use anvil::{Account, Anvil, Home};
use enerlink_chain::{ChainError, MeterOnChain, SettledEvent, TokenTotals, build, create_address, proof};
use enerlink_domain::{
    Address, Code, Error, Etk, Idrs, MeterId, NetWattHours, Settlement, Status, Trigger, TxHash, TxStage,
    UnixMillis, WattHours, settlement::Watermark, settlement::settlement_id,
};
use serde_json::json;

fn registers(export: u64, import: u64) -> Watermark {
    Watermark {
        export: WattHours(export),
        import: WattHours(import),
    }
}

impl Home {
    async fn settle(&self, who: &Account, export: u64, import: u64) -> SettledEvent {
        let to = registers(export, import);
        let id = settlement_id(&self.meter, to);
        let call = build::settle_meter(&self.addresses, &self.meter, to, &id);
        let receipt = who.run(&self.chain, call).await;
        let mut events = receipt.settled(&self.addresses).expect("events");
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    async fn on_chain(&self) -> MeterOnChain {
        let meter = self
            .chain
            .meter(&self.addresses, &self.meter)
            .await
            .expect("answer");
        meter.expect("registered")
    }

    async fn refused(&self, who: &Account, call: enerlink_chain::Call) -> (String, Code, String) {
        let error = self
            .chain
            .simulate(who.address, &call)
            .await
            .expect_err("refusal");
        let ChainError::Reverted(revert) = &error else {
            panic!("not a revert: {error}");
        };
        let name = revert.name.clone();
        let Error { code, message } = error.into();
        (name, code, message)
    }
}

#[tokio::test]
async fn a_settlement_mints_burns_and_tells() {
    let home = Home::build().await;
    let (chain, addresses, prosumer) = (&home.chain, &home.addresses, &home.prosumer);
    assert_eq!(chain.verify(addresses).await, Ok(()));
    assert_eq!(chain.meter(addresses, &home.meter).await, Ok(None));
    let terms = chain.terms(addresses).await.expect("terms");
    assert_eq!((terms.ratio, terms.minimum), (100_000, WattHours(100)));

    home.register().await;
    let meter = home.on_chain().await;
    assert_eq!(
        (meter.prosumer, meter.rated_power_w, meter.opened),
        (prosumer.address, 5000, false)
    );
    assert_eq!(meter.settler, None);
    prosumer
        .run(
            chain,
            build::open_meter(addresses, &home.meter, registers(1000, 200)),
        )
        .await;
    let minted = home.settle(prosumer, 1350, 200).await;
    assert_eq!((minted.energy, minted.etk), (NetWattHours(350), Etk(35_000)));
    assert_eq!(minted.settlement_id, "METER-001/1350/200");
    assert_eq!(minted.registers, registers(1350, 200));
    assert_eq!(
        (minted.prosumer, &minted.meter_id),
        (prosumer.address, &home.meter)
    );

    let settler = Account::funded(2);
    prosumer
        .run(chain, build::set_settler(addresses, &home.meter, settler.address))
        .await;
    let burned = home.settle(&settler, 1350, 320).await;
    assert_eq!((burned.energy, burned.etk), (NetWattHours(-120), Etk(-12_000)));
    assert_eq!(chain.transaction_known(burned.tx).await, Ok(true));
    assert_eq!(chain.block_hash(burned.block).await, Ok(Some(burned.block_hash)));

    let meter = home.on_chain().await;
    assert_eq!(
        (meter.watermark, meter.baseline),
        (registers(1350, 320), registers(1000, 200))
    );
    assert_eq!((meter.minted, meter.burned), (WattHours(350), WattHours(120)));
    assert_eq!(
        (meter.settler, meter.opened, meter.retired),
        (Some(settler.address), true, false)
    );
    let head = chain.head().await.expect("head");
    let events = chain
        .settled_events(addresses, slice::from_ref(&home.meter), 0, head.number)
        .await;
    assert_eq!(events, Ok(vec![minted, burned.clone()]));
    let later = chain
        .settled_events(addresses, slice::from_ref(&home.meter), burned.block, head.number)
        .await;
    assert_eq!(later, Ok(vec![burned]));
    let totals = TokenTotals {
        minted: Etk(35_000),
        burned: Etk(12_000),
    };
    assert_eq!(chain.token_totals(addresses, prosumer.address).await, Ok(totals));
    let balances = chain
        .balances(addresses, prosumer.address)
        .await
        .expect("balances");
    assert_eq!(
        (balances.etk, balances.idrs, balances.block),
        (Etk(23_000), Idrs(0), head.number)
    );
    assert_eq!(chain.native_balance(prosumer.address).await, Ok(balances.native));
    let strangers = chain.token_totals(addresses, settler.address).await;
    assert_eq!(strangers, Ok(TokenTotals::default()));
}

#[tokio::test]
async fn refusals_name_their_reason() {
    let home = Home::build().await;
    let (addresses, prosumer, operator) = (&home.addresses, &home.prosumer, &home.operator);
    let settle =
        |export, import| build::settle_meter(addresses, &home.meter, registers(export, import), "id");
    let refused = |who, call| home.refused(who, call);

    let (name, code, _) = refused(prosumer, settle(1, 0)).await;
    assert_eq!((name.as_str(), code), ("MeterUnknown", Code::MeterUnregistered));
    let register = build::register_meter(addresses, &home.meter, prosumer.address, 5000);
    let (name, _, message) = refused(prosumer, register.clone()).await;
    assert_eq!(message, format!("{} is not the operator.", prosumer.address));
    assert_eq!(name, "NotOperator");

    home.register().await;
    assert_eq!(refused(operator, register).await.0, "MeterAlreadyRegistered");
    assert_eq!(refused(prosumer, settle(1, 0)).await.0, "MeterNotOpen");
    let open = build::open_meter(addresses, &home.meter, registers(0, 0));
    let (name, code, _) = refused(operator, open.clone()).await;
    assert_eq!((name.as_str(), code), ("NotProsumer", Code::MeterForeign));
    prosumer.run(&home.chain, open.clone()).await;
    assert_eq!(refused(prosumer, open).await.0, "MeterAlreadyOpen");

    let (name, code, message) = refused(prosumer, settle(99, 0)).await;
    assert_eq!((name.as_str(), code), ("BelowThreshold", Code::NothingToSettle));
    assert_eq!(message, "99 Wh are less than the 100 Wh that a settlement needs.");
    assert_eq!(refused(prosumer, settle(0, 0)).await.0, "NothingToSettle");
    assert_eq!(refused(prosumer, settle(1_000_000, 0)).await.0, "Implausible");
    assert_eq!(refused(prosumer, settle(u64::MAX, 0)).await.0, "Implausible");
    let (name, code, message) = refused(prosumer, settle(0, 150)).await;
    assert_eq!(
        (name.as_str(), code),
        ("InsufficientEtk", Code::InsufficientBalance)
    );
    assert_eq!(message, "150.00 ETK are missing to pay for the import.");
    assert_eq!(refused(operator, settle(200, 0)).await.0, "NotSettler");
    home.settle(prosumer, 200, 0).await;
    assert_eq!(refused(prosumer, settle(150, 0)).await.0, "RegisterBehind");

    operator
        .run(&home.chain, build::retire_meter(addresses, &home.meter))
        .await;
    let (name, code, _) = refused(prosumer, settle(400, 0)).await;
    assert_eq!((name.as_str(), code), ("MeterIsRetired", Code::MeterForeign));
}

#[tokio::test]
async fn events_are_found_after_the_meter_changed_hands() {
    let home = Home::build().await;
    let (chain, addresses) = (&home.chain, &home.addresses);
    home.register().await;
    let open = |meter| build::open_meter(addresses, meter, registers(0, 0));
    home.prosumer.run(chain, open(&home.meter)).await;
    let first = home.settle(&home.prosumer, 500, 0).await;

    // Another meter of the same prosumer must not be mistaken for this one.
    let other: MeterId = "METER-002".parse().expect("meter id");
    let call = build::register_meter(addresses, &other, home.prosumer.address, 5000);
    home.operator.run(chain, call).await;
    home.prosumer.run(chain, open(&other)).await;
    let call = build::settle_meter(addresses, &other, registers(300, 0), "x");
    home.prosumer.run(chain, call).await;

    home.anvil.control("anvil_mine", json!(["0x3e8"])).await;
    home.wait(3600).await;
    let heir = Account::funded(3);
    home.operator
        .run(chain, build::retire_meter(addresses, &home.meter))
        .await;
    let call = build::register_meter(addresses, &home.meter, heir.address, 5000);
    home.operator.run(chain, call).await;
    let second = home.settle(&heir, 900, 0).await;
    assert_eq!(
        (first.prosumer, second.prosumer),
        (home.prosumer.address, heir.address)
    );
    assert!(second.block - first.block > 1000);
    let events = chain
        .settled_events(addresses, slice::from_ref(&home.meter), 0, second.block)
        .await;
    assert_eq!(events, Ok(vec![first, second]));
}

#[tokio::test]
async fn the_wrong_chain_and_missing_contracts_are_named() {
    let home = Home::build().await;
    let chain = &home.chain;
    let good = &home.addresses;
    let mut wrong = good.clone();
    wrong.chain_id = 5;
    let expected = ChainError::WrongChain {
        expected: 5,
        found: good.chain_id,
    };
    assert_eq!(chain.verify(&wrong).await, Err(expected));
    let mut wrong = good.clone();
    wrong.genesis.0[0] ^= 1;
    let error = Error::from(chain.verify(&wrong).await.expect_err("other genesis"));
    assert_eq!(error.code, Code::OtherChain);

    let nowhere = Address([9; 20]);
    let second = create_address(
        home.operator.address,
        chain.nonce(home.operator.address).await.expect("nonce"),
    );
    let call = build::deploy_etk(home.operator.address);
    assert_eq!(home.operator.run(chain, call).await.contract, Some(second));
    let call = build::deploy_market(second, good.idrs, 1000);
    let other_market = home.operator.run(chain, call).await.contract.expect("created");
    for (converter, etk, idrs, expected) in [
        (nowhere, good.etk, good.idrs, "no code"),
        (good.converter, nowhere, good.idrs, "no code"),
        (good.converter, good.etk, nowhere, "no code"),
        (good.converter, second, good.idrs, "it mints the token"),
        (good.etk, good.converter, good.idrs, "there is no EnergyConverter"),
        (good.converter, good.etk, good.converter, "there is no IDRSToken"),
    ] {
        let wrong = enerlink_chain::Addresses {
            converter,
            etk,
            idrs,
            ..good.clone()
        };
        let error = chain.verify(&wrong).await.expect_err(expected);
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!(Error::from(error).code, Code::ContractsMissing);
    }
    for (market, expected) in [
        (nowhere, "no code"),
        (good.converter, "there is no Market"),
        (other_market, "it trades"),
    ] {
        let wrong = enerlink_chain::Addresses {
            market: Some(market),
            ..good.clone()
        };
        let error = chain.verify(&wrong).await.expect_err(expected);
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    let without = enerlink_chain::Addresses {
        market: None,
        ..good.clone()
    };
    chain
        .verify(&without)
        .await
        .expect("a chain of before the market");
    let wrong = enerlink_chain::Addresses {
        converter: nowhere,
        ..good.clone()
    };
    let error = chain.meter(&wrong, &home.meter).await.expect_err("nothing there");
    assert!(matches!(error, ChainError::ContractsMissing { .. }), "{error}");
    let gone = Anvil::start(&[]).chain.clone();
    assert_eq!(
        Error::from(gone.verify(good).await.expect_err("ended")).code,
        Code::NodeUnreachable
    );
}

#[tokio::test]
async fn a_receipt_of_a_real_node_proves_itself() {
    let home = Home::build().await;
    let (chain, addresses, prosumer) = (&home.chain, &home.addresses, &home.prosumer);
    home.register().await;
    let opened = registers(1000, 200);
    prosumer
        .run(chain, build::open_meter(addresses, &home.meter, opened))
        .await;
    let event = home.settle(prosumer, 1350, 200).await;
    let settlement = Settlement {
        settlement_id: event.settlement_id.clone(),
        meter_id: event.meter_id.clone(),
        prosumer: event.prosumer,
        status: Status::Success,
        stage: TxStage::Confirmed,
        trigger: Trigger::Manual,
        from: opened,
        to: event.registers,
        energy_wh: event.energy,
        etk: event.etk,
        tx: Some(event.tx),
        block: Some(event.block),
        confirmations: 1,
        reason: None,
        created_at: UnixMillis(0),
        settled_at: Some(UnixMillis(0)),
        basis: None,
    };
    let receipt = chain
        .settlement_receipt(addresses, &settlement)
        .await
        .expect("an answer");
    let receipt = receipt.expect("in a block");
    let read = proof::SettlementReceipt::parse(receipt.to_json().as_bytes()).expect("a receipt");
    let trusted = chain.block_hash(event.block).await.expect("an answer");
    let proved = proof::verify(&read, trusted).expect("proved");
    assert_eq!(
        (proved.block, proved.tx, proved.after),
        (event.block, event.tx, event.registers)
    );
    assert_eq!(proved.chain_id, Some(addresses.chain_id));

    let unknown = Settlement {
        tx: Some(TxHash::default()),
        ..settlement.clone()
    };
    assert_eq!(chain.settlement_receipt(addresses, &unknown).await, Ok(None));
    // What the row says must be what the chain says.
    let forged = Settlement {
        etk: Etk(1),
        ..settlement
    };
    let error = chain
        .settlement_receipt(addresses, &forged)
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("the tokens differ"), "{error}");
}
