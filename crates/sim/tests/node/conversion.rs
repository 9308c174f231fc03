//! The conversion of energy to tokens: the wallet's formula beside the contract's.

use alloy::primitives::{Address as AlloyAddress, Bytes, I256, U256};
use alloy::sol;
use alloy::sol_types::{SolCall, SolValue};
use enerlink_chain::{Call, Chain};
use enerlink_domain::{Etk, NetWattHours, Wei};
use enerlink_engine::{Account, operator::DirectAccount};
use enerlink_sim::node::{Node, NodeConfig};
use serde_json::json;

use crate::support::{Clock, ETHER};

sol! {
    function calculateEtkAmount(int256 energyWh) view returns (int256);
    function setConversionRatio(uint256 newRatio);
}

/// Numbers that look like chance and are the same in each run (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Whole watt-hours of any size that registers can differ by, small ones as often as large ones.
    fn energy(&mut self) -> i64 {
        let size = i64::try_from(self.next() >> (21 + self.next() % 43)).expect("43 bits");
        if self.next().is_multiple_of(2) {
            size
        } else {
            -size
        }
    }

    /// A ratio that the contract takes.
    fn ratio(&mut self) -> u64 {
        (self.next() % 10_000_000 + 1) * 10
    }
}

#[tokio::test]
async fn ten_thousand_energies_convert_as_on_chain() {
    let account = Account::random().unwrap();
    let accounts = vec![(AlloyAddress::from(account.address().0), U256::from(ETHER))];
    let node = Node::in_memory(&NodeConfig {
        accounts,
        ..Clock::default().config()
    });
    let chain = Chain::over(node.endpoint());
    let operator = DirectAccount::connect(account, chain.clone()).await.unwrap();
    let addresses = operator.deploy().await.unwrap();
    let mut chance = Chance(20_261_122);
    for round in 0..20 {
        let ratio = match round {
            0 => 100_000,
            1 => 100,
            2 => 100_000_000,
            _ => chance.ratio(),
        };
        let input = setConversionRatioCall {
            newRatio: U256::from(ratio),
        };
        let call = Call {
            to: Some(addresses.converter),
            value: Wei::ZERO,
            input: input.abi_encode(),
        };
        operator.send(call).await.unwrap();
        assert_eq!(chain.terms(&addresses).await.unwrap().ratio, ratio);
        for _ in 0..500 {
            let energy = chance.energy();
            let input = calculateEtkAmountCall {
                energyWh: I256::try_from(energy).unwrap(),
            };
            let call = json!([{ "to": addresses.converter.to_string(), "input": Bytes::from(input.abi_encode()) }, "latest"]);
            let answer = node.request("eth_call", call).await.unwrap();
            let answer: Bytes = serde_json::from_value(answer).unwrap();
            let told = I256::abi_decode(&answer).unwrap();
            let (own, _) = Etk::from_energy(NetWattHours(energy), ratio, 0);
            assert_eq!(I256::try_from(own.0).unwrap(), told, "{energy} Wh at {ratio}");
        }
    }
}
