//! The words for each refusal that the contracts know.

use alloy::{
    primitives::U256,
    sol_types::{Panic, Revert as Require, SolError, SolInterface},
};
use enerlink_domain::Etk;

use crate::{
    contracts::{
        amount,
        converter::EnergyConverter::{self, EnergyConverterErrors},
        etk::ETKToken::ETKTokenErrors,
        from_alloy,
        idrs::IDRSToken::IDRSTokenErrors,
        market::Market::MarketErrors,
    },
    error::quoted,
};

/// Name and sentence of what a reverted call returned.
pub(crate) fn words(data: &[u8]) -> (String, String) {
    let Some(selector) = data.first_chunk::<4>() else {
        return ("Empty".into(), "the contract refuses without saying why".into());
    };
    if let Ok(Require { reason }) = Require::abi_decode(data) {
        return (
            "Error".into(),
            format!("the contract refuses: {}", quoted(&reason)),
        );
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return (
            "Panic".into(),
            format!("the contract stops with a defect: {}", quoted(&panic.to_string())),
        );
    }
    if let Ok(error) = EnergyConverterErrors::abi_decode(data) {
        let name = EnergyConverterErrors::name_by_selector(*selector).unwrap_or("Unknown");
        return (name.into(), converter_words(name, error));
    }
    if let Ok(error) = ETKTokenErrors::abi_decode(data) {
        let name = ETKTokenErrors::name_by_selector(*selector).unwrap_or("Unknown");
        return (name.into(), etk_words(name, error));
    }
    // Both tokens share their ERC-20 errors, so only the ramp's own are left.
    if IDRSTokenErrors::abi_decode(data).is_ok() {
        let name = IDRSTokenErrors::name_by_selector(*selector).unwrap_or("Unknown");
        return (name.into(), idrs_words(name));
    }
    if let Ok(error) = MarketErrors::abi_decode(data) {
        let name = MarketErrors::name_by_selector(*selector).unwrap_or("Unknown");
        return (name.into(), market_words(name, error));
    }
    let selector = enerlink_domain::id::hex(selector);
    (
        "Unknown".into(),
        format!("the contract refuses with an error that this wallet does not know (0x{selector})"),
    )
}

fn etk(value: U256) -> String {
    amount(value).map_or_else(|| value.to_string(), |value| Etk(value).to_string())
}

fn converter_words(name: &str, error: EnergyConverterErrors) -> String {
    use EnergyConverterErrors as E;
    match error {
        E::NotProsumer(e) => format!("{} is not the prosumer of this meter", from_alloy(e.caller)),
        E::NotSettler(e) => {
            format!(
                "{} is neither the prosumer nor the settlement key of this meter",
                from_alloy(e.caller)
            )
        }
        E::NotOperator(e) => format!("{} is not the operator", from_alloy(e.caller)),
        E::ProsumerMismatch(e) => {
            format!(
                "the meter belongs to {}, not to {}",
                from_alloy(e.registered),
                from_alloy(e.named)
            )
        }
        E::MeterUnknown(_) => "the meter is not registered on this chain".into(),
        E::MeterAlreadyRegistered(_) => "the meter is registered already".into(),
        E::MeterIsRetired(_) => "the meter is out of service on this chain".into(),
        E::MeterAlreadyOpen(_) => "the baseline of the meter is set already".into(),
        E::MeterNotOpen(_) => "the baseline of the meter is not set yet".into(),
        E::RegisterBehind(e) => format!(
            "the registers {} Wh export and {} Wh import are behind those last settled, {} Wh and {} Wh",
            e.exportWh, e.importWh, e.lastExportWh, e.lastImportWh
        ),
        E::NothingToSettle(_) => "nothing has flowed since the last settlement".into(),
        E::BelowThreshold(e) => {
            format!(
                "{} Wh are less than the {} Wh that a settlement needs",
                e.energyWh, e.thresholdWh
            )
        }
        E::Implausible(e) => implausible(&e),
        E::InsufficientEtk(e) => format!("{} ETK are missing to pay for the import", etk(e.missing)),
        E::SettlementAlreadyProcessed(_) => "this settlement was paid before".into(),
        E::RatioOutOfBounds(e) => format!(
            "the conversion ratio {} is not a multiple of 10 up to 100000000",
            e.ratio
        ),
        E::ThresholdOutOfBounds(e) => format!(
            "the minimum of {} Wh is not between 1 and 10000 Wh",
            e.thresholdWh
        ),
        E::RatedPowerOutOfBounds(e) => format!(
            "the rated power of {} W is not between 1 W and 10 MW",
            e.ratedPowerW
        ),
        E::MeterIdLength(e) => format!("the meter id has {} bytes, 1 to 64 are allowed", e.length),
        E::SettlementIdLength(e) => format!("the settlement id has {} bytes, 1 to 128 are allowed", e.length),
        E::OwnableUnauthorizedAccount(e) => {
            format!("{} is not the owner of the contract", from_alloy(e.account))
        }
        E::ZeroAddress(_) => "the zero address cannot take this part".into(),
        E::RenounceRefused(_) => "ownership cannot be given up".into(),
        _ => format!("the contract refuses: {name}"),
    }
}

fn implausible(error: &EnergyConverter::Implausible) -> String {
    match error.clearedAt.saturating_sub(error.limit) {
        seconds if seconds < 365 * 24 * 3600 => format!(
            "the meter cannot have moved so much energy at its rated power; it would have needed {seconds} s more"
        ),
        _ => "the meter cannot have moved so much energy at its rated power".into(),
    }
}

fn etk_words(name: &str, error: ETKTokenErrors) -> String {
    use ETKTokenErrors as E;
    match error {
        E::ERC20InsufficientBalance(e) => format!(
            "{} holds {} tokens, {} are needed",
            from_alloy(e.sender),
            etk(e.balance),
            etk(e.needed)
        ),
        E::ERC20InsufficientAllowance(e) => format!(
            "{} may spend {} tokens, {} are needed",
            from_alloy(e.spender),
            etk(e.allowance),
            etk(e.needed)
        ),
        E::ERC20InvalidReceiver(e) => format!("{} cannot receive tokens", from_alloy(e.receiver)),
        E::NotConverter(e) => format!(
            "{} is not the energy converter of this token",
            from_alloy(e.caller)
        ),
        E::ERC2612ExpiredSignature(e) => format!("the permit was valid until {} (Unix seconds)", e.deadline),
        _ => format!("the token contract refuses: {name}"),
    }
}

fn idrs_words(name: &str) -> String {
    match name {
        "NotRamp" => "only the ramp may do this, the open ramp is closed".into(),
        "RampAlreadyClosed" => "the open ramp was closed before".into(),
        "ERC20ExceededCap" => "there would be more tokens than a wallet can count".into(),
        _ => format!("the token contract refuses: {name}"),
    }
}

fn market_words(name: &str, error: MarketErrors) -> String {
    use MarketErrors as E;
    match error {
        E::WouldCross(e) => format!(
            "the order would trade at once, at {} IDRS units per lot, and must not",
            e.bestPrice
        ),
        E::OrderNotOpen(e) => format!("the order {} is filled or cancelled already", e.id),
        E::NotTrader(e) => format!("the order {} does not belong to {}", e.id, from_alloy(e.caller)),
        E::TooManyOrders(e) => format!(
            "{} orders are too many to cancel at once, 16 are allowed",
            e.count
        ),
        E::MaxFillsOutOfBounds(e) => format!("{} fills are not between 1 and 16", e.maxFills),
        E::ZeroLots(_) => "an order has at least one lot".into(),
        E::ZeroPrice(_) => "a price is at least 1".into(),
        E::UnknownSide(e) => format!("{} is neither a bid nor an ask", e.side),
        E::UnknownFlags(e) => format!("{} is no way for an order to behave", e.flags),
        E::BadTokens(e) => format!(
            "{} and {} are not two tokens",
            from_alloy(e.etkToken),
            from_alloy(e.idrsToken)
        ),
        E::PaidShort(e) => format!(
            "the token {} keeps a fee when it moves and cannot be traded",
            from_alloy(e.token)
        ),
        E::SafeERC20FailedOperation(e) => format!("the token {} refuses to move", from_alloy(e.token)),
        _ => format!("the market refuses: {name}"),
    }
}
