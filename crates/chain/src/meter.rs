//! The energy converter: its terms, and the meters that it knows.

use alloy::primitives::U256;
use enerlink_domain::{
    Address, Etk, MeterId, WattHours,
    settlement::{Bucket, Terms, Watermark},
};

use crate::{
    Addresses, Chain, ChainError,
    contracts::{converter::EnergyConverter, from_alloy},
};

/// The converter's own bound on its ratio, ETK base units for 1000 Wh.
const MAX_RATIO: u64 = 100_000_000;

/// What the converter asks of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConverterTerms {
    /// ETK base units for 1000 Wh.
    pub ratio: u64,
    /// The smallest net energy of a settlement, in either direction.
    pub minimum: WattHours,
}

/// A meter as the converter knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterOnChain {
    /// Whose meter it is.
    pub prosumer: Address,
    /// The key that may settle it besides the prosumer.
    pub settler: Option<Address>,
    /// Registers last settled.
    pub watermark: Watermark,
    /// Registers of the first transaction, which paid nothing.
    pub baseline: Watermark,
    /// Whether the baseline is set.
    pub opened: bool,
    /// Whether it is out of service.
    pub retired: bool,
    /// Rated power in watts.
    pub rated_power_w: u32,
    /// Unix seconds up to which the plausibility bucket is filled.
    pub cleared_at: u64,
    /// Remainder of the conversion in thousandths of an ETK base unit, -999 to 999.
    pub carry: i64,
    /// Sum of all positive settlements.
    pub minted: WattHours,
    /// Sum of all negative settlements, without the sign.
    pub burned: WattHours,
}

impl MeterOnChain {
    /// On what terms it settles at `ratio` and from `minimum` on, at the chain's time `now` in Unix seconds, where a burn
    /// may take `balance`.
    pub fn terms(&self, ratio: u64, minimum: WattHours, balance: Option<Etk>, now: u64) -> Terms {
        Terms {
            watermark: self.watermark,
            minimum,
            ratio,
            carry: self.carry,
            balance,
            bucket: Some(Bucket {
                rated_power_w: self.rated_power_w,
                cleared_at: self.cleared_at,
                now,
            }),
        }
    }
}

impl Chain {
    /// What the converter asks of a settlement. Tokens that do not count in hundredths any more are
    /// [`ChainError::ContractsMissing`], as in [`Chain::verify`].
    pub async fn terms(&self, addresses: &Addresses) -> Result<ConverterTerms, ChainError> {
        const CONTRACT: &str = "EnergyConverter";
        let (ratio_call, minimum_call) = (
            EnergyConverter::conversionRatioCall {},
            EnergyConverter::minSettlementThresholdCall {},
        );
        let (ratio, minimum, ()) = tokio::try_join!(
            self.view(CONTRACT, addresses.converter, &ratio_call, "latest"),
            self.view(CONTRACT, addresses.converter, &minimum_call, "latest"),
            self.require_cents(addresses)
        )?;
        let absurd = |what: &str, value: U256| {
            self.wire
                .bad("eth_call", format!("a {what} of {value} is absurd"))
        };
        let known = u64::try_from(ratio)
            .ok()
            .filter(|ratio| (1..=MAX_RATIO).contains(ratio));
        Ok(ConverterTerms {
            ratio: known.ok_or_else(|| absurd("conversion ratio", ratio))?,
            minimum: WattHours(u64::try_from(minimum).map_err(|_| absurd("minimum", minimum))?),
        })
    }

    /// The meter as the converter knows it, or `None` when it was never registered.
    pub async fn meter(
        &self,
        addresses: &Addresses,
        meter: &MeterId,
    ) -> Result<Option<MeterOnChain>, ChainError> {
        let call = EnergyConverter::meterCall {
            meterId: meter.to_string(),
        };
        let view = self
            .view("EnergyConverter", addresses.converter, &call, "latest")
            .await?;
        if view.carry.unsigned_abs() > 999 {
            return Err(self
                .wire
                .bad("eth_call", format!("a carry of {} is absurd", view.carry)));
        }
        let prosumer = from_alloy(view.prosumer);
        Ok((prosumer != Address::ZERO).then(|| MeterOnChain {
            prosumer,
            settler: Some(from_alloy(view.settler)).filter(|settler| *settler != Address::ZERO),
            watermark: watermark(view.exportWh, view.importWh),
            baseline: watermark(view.openedExportWh, view.openedImportWh),
            opened: view.opened,
            retired: view.retired,
            rated_power_w: view.ratedPowerW,
            cleared_at: view.clearedAt,
            carry: view.carry,
            minted: WattHours(view.mintedWh),
            burned: WattHours(view.burnedWh),
        }))
    }
}

pub(crate) fn watermark(export_wh: u64, import_wh: u64) -> Watermark {
    Watermark {
        export: WattHours(export_wh),
        import: WattHours(import_wh),
    }
}
