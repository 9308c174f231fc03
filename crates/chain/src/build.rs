//! Builds calls and transactions. Nothing here asks a node or signs.

use alloy::{
    primitives::{B256, Bytes, U256},
    sol_types::{SolCall, SolConstructor},
};
use enerlink_domain::{
    Address, Fees, Idrs, MeterId, Permit, UnsignedTx, Wei,
    market::{NewOrder, OrderId},
    settlement::Watermark,
    token::{Amount, Ramp},
};

use crate::{
    Addresses,
    contracts::{
        converter::EnergyConverter,
        etk::ETKToken,
        idrs::IDRSToken,
        market::{IMarket, Market},
        to_alloy,
    },
};

/// What an account asks the chain to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The called account; `None` creates a contract.
    pub to: Option<Address>,
    /// Native coin sent along.
    pub value: Wei,
    /// Calldata, or the creation code of a contract.
    pub input: Vec<u8>,
}

/// `openMeter`: sets the baseline of a meter, once; the prosumer signs.
pub fn open_meter(addresses: &Addresses, meter: &MeterId, baseline: Watermark) -> Call {
    let call = EnergyConverter::openMeterCall {
        meterId: meter.to_string(),
        exportWh: baseline.export.0,
        importWh: baseline.import.0,
    };
    contract(addresses.converter, &call)
}

/// `settleMeter`: pays the net difference up to `to`; the prosumer or the meter's settlement key signs.
/// `settlement_id` has 1 to 128 bytes, see [`enerlink_domain::settlement::settlement_id`].
pub fn settle_meter(addresses: &Addresses, meter: &MeterId, to: Watermark, settlement_id: &str) -> Call {
    let call = EnergyConverter::settleMeterCall {
        meterId: meter.to_string(),
        exportWh: to.export.0,
        importWh: to.import.0,
        settlementId: settlement_id.to_owned(),
    };
    contract(addresses.converter, &call)
}

/// `setSettler`: authorises `settler` to settle this meter, or with the zero address nobody; the prosumer signs.
pub fn set_settler(addresses: &Addresses, meter: &MeterId, settler: Address) -> Call {
    let call = EnergyConverter::setSettlerCall {
        meterId: meter.to_string(),
        settlementKey: to_alloy(settler),
    };
    contract(addresses.converter, &call)
}

/// `registerMeter`: puts a meter into service for `prosumer`; the operator signs. Rated power in watts.
pub fn register_meter(addresses: &Addresses, meter: &MeterId, prosumer: Address, rated_power_w: u32) -> Call {
    let call = EnergyConverter::registerMeterCall {
        meterId: meter.to_string(),
        prosumer: to_alloy(prosumer),
        ratedPowerW: rated_power_w,
    };
    contract(addresses.converter, &call)
}

/// `retireMeter`: takes a meter out of service; the operator signs.
pub fn retire_meter(addresses: &Addresses, meter: &MeterId) -> Call {
    let call = EnergyConverter::retireMeterCall {
        meterId: meter.to_string(),
    };
    contract(addresses.converter, &call)
}

/// `permit` (EIP-2612): sets the allowance that the owner has signed; anybody may send it. `signature` is r, s and v.
pub fn permit(permit: &Permit, signature: &[u8; 65]) -> Call {
    let (r, s) = (&signature[..32], &signature[32..64]);
    let call = ETKToken::permitCall {
        owner: to_alloy(permit.owner),
        spender: to_alloy(permit.spender),
        value: U256::from(permit.value),
        deadline: U256::from(permit.deadline),
        v: signature[64],
        r: B256::from_slice(r),
        s: B256::from_slice(s),
    };
    contract(permit.token, &call)
}

/// `approve`: lets `spender` take up to `amount` base units of the token at `token` from the account that signs.
pub fn approve(token: Address, spender: Address, amount: u128) -> Call {
    let call = ETKToken::approveCall {
        spender: to_alloy(spender),
        value: U256::from(amount),
    };
    contract(token, &call)
}

/// `placeOrder`, or with a signed allowance `placeOrderWithPermit`: the trader signs. A permit is of the token that the order pays with; its signature is r, s and v.
pub fn place_order(market: Address, order: &NewOrder, permit: Option<(&Permit, &[u8; 65])>) -> Call {
    let (side, flags) = (order.side.number(), order.flags.number());
    let (price, lots) = (order.price.get(), order.lots.0);
    let Some((permit, signature)) = permit else {
        let call = Market::placeOrderCall {
            side,
            price,
            lots,
            flags,
            maxFills: order.max_fills,
        };
        return contract(market, &call);
    };
    let call = Market::placeOrderWithPermitCall {
        side,
        price,
        lots,
        flags,
        maxFills: order.max_fills,
        permit: IMarket::Permit {
            value: U256::from(permit.value),
            deadline: U256::from(permit.deadline),
            v: signature[64],
            r: B256::from_slice(&signature[..32]),
            s: B256::from_slice(&signature[32..64]),
        },
    };
    contract(market, &call)
}

/// `cancelOrder`, or for several `cancelOrders`, which passes over those that are not open; 16 at most.
pub fn cancel_orders(market: Address, orders: &[OrderId]) -> Call {
    let number = |id: &OrderId| U256::from(id.number());
    match orders {
        [id] => contract(market, &Market::cancelOrderCall { id: number(id) }),
        ids => contract(
            market,
            &Market::cancelOrdersCall {
                ids: ids.iter().map(number).collect(),
            },
        ),
    }
}

/// `onRamp`: mints rupiah tokens to the account that signs, in simulation mode.
pub fn on_ramp(idrs: Address, amount: u128) -> Call {
    let call = IDRSToken::onRampCall {
        amount: U256::from(amount),
    };
    contract(idrs, &call)
}

/// `setConverter`: lets `converter` mint and burn the token at `etk`; the token's owner signs.
pub fn set_converter(etk: Address, converter: Address) -> Call {
    let call = ETKToken::setConverterCall {
        newConverter: to_alloy(converter),
    };
    contract(etk, &call)
}

/// Creates the ETK token.
pub fn deploy_etk(owner: Address) -> Call {
    let constructor = ETKToken::constructorCall {
        owner: to_alloy(owner),
    };
    creation(&ETKToken::BYTECODE, &constructor)
}

/// Creates the IDRS token. With `open_ramp` anyone mints for themselves, which is the simulated ramp.
pub fn deploy_idrs(owner: Address, open_ramp: bool) -> Call {
    let constructor = IDRSToken::constructorCall {
        owner: to_alloy(owner),
        openRamp_: open_ramp,
    };
    creation(&IDRSToken::BYTECODE, &constructor)
}

/// Creates the energy converter for the ETK token at `etk`.
pub fn deploy_converter(owner: Address, etk: Address) -> Call {
    let constructor = EnergyConverter::constructorCall {
        owner: to_alloy(owner),
        etkToken_: to_alloy(etk),
    };
    creation(&EnergyConverter::BYTECODE, &constructor)
}

/// Creates the market of both tokens, whose lot has `lot_size` base units of ETK; nobody owns it.
pub fn deploy_market(etk: Address, idrs: Address, lot_size: u64) -> Call {
    let constructor = Market::constructorCall {
        etkToken_: to_alloy(etk),
        idrsToken_: to_alloy(idrs),
        lotSize_: lot_size,
    };
    creation(&Market::BYTECODE, &constructor)
}

/// `transfer` of a token, or native coin; the account that holds it signs.
pub fn send(addresses: &Addresses, to: Address, amount: Amount) -> Call {
    let Some(token) = amount.token() else {
        return transfer(to, Wei(amount.base_units()));
    };
    let call = ETKToken::transferCall {
        to: to_alloy(to),
        value: U256::from(amount.base_units()),
    };
    contract(addresses.token(token), &call)
}

/// `onRamp` or `offRamp`: makes IDRS for the account that signs, or takes them from it.
pub fn ramp(addresses: &Addresses, way: Ramp, amount: Idrs) -> Call {
    let amount = Amount::Idrs(amount).base_units();
    match way {
        Ramp::On => on_ramp(addresses.idrs, amount),
        Ramp::Off => {
            let amount = U256::from(amount);
            contract(addresses.idrs, &IDRSToken::offRampCall { amount })
        }
    }
}

/// Sends native coin.
pub fn transfer(to: Address, value: Wei) -> Call {
    Call {
        to: Some(to),
        value,
        input: Vec::new(),
    }
}

/// The transaction that a key signs.
pub fn unsigned(call: Call, chain_id: u64, nonce: u64, gas_limit: u64, fees: Fees) -> UnsignedTx {
    UnsignedTx {
        chain_id,
        nonce,
        to: call.to,
        value: call.value,
        gas_limit,
        fees,
        input: call.input,
    }
}

/// The address of the contract that `sender` creates with its transaction `nonce`.
pub fn create_address(sender: Address, nonce: u64) -> Address {
    crate::contracts::from_alloy(to_alloy(sender).create(nonce))
}

fn contract(to: Address, call: &impl SolCall) -> Call {
    Call {
        to: Some(to),
        value: Wei::ZERO,
        input: call.abi_encode(),
    }
}

fn creation(code: &Bytes, constructor: &impl SolConstructor) -> Call {
    let mut input = code.to_vec();
    input.extend(constructor.abi_encode());
    Call {
        to: None,
        value: Wei::ZERO,
        input,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn created_contracts_have_known_addresses() {
        // The first account of anvil and hardhat, whose first contract everybody has seen.
        let sender = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
            .parse()
            .expect("address");
        let created = create_address(sender, 0);
        assert_eq!(created.to_string(), "0x5FbDB2315678afecb367f032d93F642f64180aa3");
    }

    #[test]
    fn a_deployment_is_bytecode_and_arguments() {
        let owner = Address([0x11; 20]);
        let call = deploy_idrs(owner, true);
        assert_eq!(call.to, None);
        assert_eq!(call.input.len(), IDRSToken::BYTECODE.len() + 64);
        assert_eq!(call.input.last(), Some(&1));
        assert!(
            call.input.len() > 5000,
            "the committed artifact holds the real code"
        );
    }
}
