//! Settlements: which energy becomes tokens, and when.

mod period;
mod terms;

use serde::{Deserialize, Serialize};

pub use self::{
    period::{Period, period_end},
    terms::{Bucket, Due, Terms},
};
use crate::{
    Address, Etk, MeterId, MicroWh, NetMicroWh, NetWattHours, TxHash, UnixMillis, WattHours, register::Pair,
};

/// The status of the source documents, for transactions and settlements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Not decided by the chain.
    Pending,
    /// On chain, deep enough.
    Success,
    /// The chain used its nonce for something else, or refused it; the energy is owed again.
    Failed,
}

impl Status {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }

    /// The reverse of [`Status::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Success, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// What started a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Trigger {
    /// The period ended.
    Periodic,
    /// A person asked.
    Manual,
    /// The early-settlement amount was reached.
    Threshold,
    /// Found on chain, sent by another copy of the wallet.
    Adopted,
}

impl Trigger {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Periodic => "PERIODIC",
            Self::Manual => "MANUAL",
            Self::Threshold => "THRESHOLD",
            Self::Adopted => "ADOPTED",
        }
    }

    /// The reverse of [`Trigger::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Periodic, Self::Manual, Self::Threshold, Self::Adopted]
            .into_iter()
            .find(|trigger| trigger.as_str() == text)
    }
}

/// The finer state of a settlement; that of its transaction, see [`crate::TxStage`].
pub type SettlementStage = crate::TxStage;

/// Two whole-watt-hour registers, as the chain keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// Exported, whole Wh.
    pub export: WattHours,
    /// Imported, whole Wh.
    pub import: WattHours,
}

impl Watermark {
    /// Net energy above `earlier`; positive is export. `None` when it leaves the range of 64 bits.
    pub fn net_since(self, earlier: Self) -> Option<NetWattHours> {
        let export = i128::from(self.export.0) - i128::from(earlier.export.0);
        let import = i128::from(self.import.0) - i128::from(earlier.import.0);
        i64::try_from(export - import).ok().map(NetWattHours)
    }

    /// `export - import` in micro-watt-hours. `None` when it leaves the range of 64 bits.
    pub fn net_micro(self) -> Option<NetMicroWh> {
        Some(NetMicroWh::between(self.export.micro()?, self.import.micro()?))
    }

    /// Whether neither register is below `other`'s.
    pub fn covers(self, other: Self) -> bool {
        self.export >= other.export && self.import >= other.import
    }
}

/// One settlement: the registers it moves from and to, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// `{meterId}/{exportWh}/{importWh}` with the registers it moves to.
    pub settlement_id: String,
    /// Which meter.
    pub meter_id: MeterId,
    /// The meter's prosumer, whose tokens move.
    pub prosumer: Address,
    /// PENDING, SUCCESS or FAILED.
    pub status: Status,
    /// The finer state.
    pub stage: SettlementStage,
    /// What started it.
    pub trigger: Trigger,
    /// Registers settled before it.
    pub from: Watermark,
    /// Registers settled by it.
    pub to: Watermark,
    /// `to - from`; positive is export.
    pub energy_wh: NetWattHours,
    /// Minted (positive) or burned (negative): an estimate until SUCCESS, then the chain's figure.
    pub etk: Etk,
    /// Its transaction, once signed.
    pub tx: Option<TxHash>,
    /// The block that includes it.
    pub block: Option<u64>,
    /// Blocks on top of and including that one.
    pub confirmations: u64,
    /// Why it waits or failed, as a sentence.
    pub reason: Option<String>,
    /// When the row was written.
    pub created_at: UnixMillis,
    /// When the chain confirmed it.
    pub settled_at: Option<UnixMillis>,
    /// What it was made from; absent when another copy of the wallet has sent it.
    pub basis: Option<Basis>,
}

/// Energy of a settlement by direction, in the words of the source documents; kilowatt-hours are exact decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakdown {
    /// Exported.
    pub raw_export_kwh: String,
    /// Imported.
    pub raw_import_kwh: String,
    /// Export minus import.
    pub net_kwh_from_grid: String,
    /// The same in whole watt-hours.
    pub detailed_energy_breakdown: DetailedEnergy,
}

/// Energy of a settlement by direction, whole watt-hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetailedEnergy {
    /// Exported.
    pub export_energy_wh: WattHours,
    /// Imported.
    pub import_energy_wh: WattHours,
    /// Export minus import.
    pub net_energy_wh: NetWattHours,
}

impl Settlement {
    /// Its energy by direction, as the registers before and after it say.
    pub fn breakdown(&self) -> Breakdown {
        let export = WattHours(self.to.export.0.saturating_sub(self.from.export.0));
        let import = WattHours(self.to.import.0.saturating_sub(self.from.import.0));
        let net = i128::from(export.0) - i128::from(import.0);
        Breakdown {
            raw_export_kwh: kwh(export.0.into()),
            raw_import_kwh: kwh(import.0.into()),
            net_kwh_from_grid: kwh(net),
            detailed_energy_breakdown: DetailedEnergy {
                export_energy_wh: export,
                import_energy_wh: import,
                net_energy_wh: self.energy_wh,
            },
        }
    }

    /// Blocks on top of and including its own when `head` is the newest; as it was stored where that is not known.
    pub fn confirmations_at(&self, head: Option<u64>) -> u64 {
        confirmations(self.block, head).unwrap_or(self.confirmations)
    }

    /// An alarm when the chain has booked other tokens than the wallet's own formula makes of the same energy, by the
    /// ratio and the remainder that the row was written with: the ratio has changed since then, or one of both is wrong.
    pub fn surprise(&self) -> Option<String> {
        let basis = self.basis.as_ref()?;
        let (own, _) = Etk::from_energy(self.energy_wh, basis.ratio, basis.carry);
        let (per_kwh, _) = Etk::from_energy(NetWattHours(1000), basis.ratio, 0);
        (own != self.etk).then(|| {
            let (chain, energy) = (self.etk, self.energy_wh.0);
            format!("the chain has booked {chain} ETK for {energy} Wh, not {own} ETK as {per_kwh} ETK a kWh would be")
        })
    }
}

/// Blocks on top of and including `block` when `head` is the newest.
pub fn confirmations(block: Option<u64>, head: Option<u64>) -> Option<u64> {
    Some((head? + 1).saturating_sub(block?))
}

/// Watt-hours as kilowatt-hours with three decimals, none of them rounded.
fn kwh(wh: i128) -> String {
    let sign = if wh < 0 { "-" } else { "" };
    let wh = wh.unsigned_abs();
    format!("{sign}{}.{:03}", wh / 1000, wh % 1000)
}

/// What a settlement was made from, as it stood when the row was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The export register, to the micro-watt-hour.
    pub export: MicroWh,
    /// The import register.
    pub import: MicroWh,
    /// The counters' epoch.
    pub epoch: u32,
    /// Epochs that began since the settlement before.
    pub epochs_crossed: u32,
    /// The last reading of the settlement before, or the first reading.
    pub from: Option<UnixMillis>,
    /// The last reading that counted.
    pub to: Option<UnixMillis>,
    /// ETK base units per 1000 Wh.
    pub ratio: u64,
    /// Remainder on chain before it, thousandths of a base unit.
    pub carry: i64,
    /// The registers that the settlement before was made from, or where they began; told with a row that is read, where
    /// that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Pair<MicroWh>>,
}

/// Which settlements are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettlementFilter {
    /// Only of this meter.
    pub meter_id: Option<MeterId>,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only started by this.
    pub trigger: Option<Trigger>,
    /// Written at or after.
    pub from: Option<UnixMillis>,
    /// Written before.
    pub to: Option<UnixMillis>,
}

impl SettlementFilter {
    /// All of one meter.
    pub fn of(meter: &MeterId) -> Self {
        Self {
            meter_id: Some(meter.clone()),
            ..Self::default()
        }
    }
}

/// The id under which the household path settles up to `to`.
pub fn settlement_id(meter: &MeterId, to: Watermark) -> String {
    format!("{meter}/{}/{}", to.export.0, to.import.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilowatt_hours_are_exact() {
        for (wh, text) in [
            (0, "0.000"),
            (-1, "-0.001"),
            (15_230, "15.230"),
            (-2_000_500, "-2000.500"),
        ] {
            assert_eq!(kwh(wh), text);
        }
    }

    #[test]
    fn tokens_that_the_formula_does_not_make_are_a_surprise() {
        let mut row = Settlement {
            settlement_id: "M-1/1105/200".to_owned(),
            meter_id: "M-1".parse().expect("an id"),
            prosumer: Address::ZERO,
            status: Status::Success,
            stage: SettlementStage::Confirmed,
            trigger: Trigger::Manual,
            from: Watermark::default(),
            to: Watermark::default(),
            energy_wh: NetWattHours(105),
            etk: Etk(11),
            tx: None,
            block: None,
            confirmations: 1,
            reason: None,
            created_at: UnixMillis(0),
            settled_at: None,
            basis: None,
        };
        assert_eq!(row.surprise(), None, "nothing is known of another copy's");
        row.basis = Some(Basis {
            export: MicroWh(1_105_000_000),
            import: MicroWh(200_000_000),
            epoch: 0,
            epochs_crossed: 0,
            from: None,
            to: None,
            ratio: 100,
            carry: 500,
            before: None,
        });
        assert_eq!(row.surprise(), None, "the remainder counts");
        row.etk = Etk(10_500);
        assert_eq!(
            row.surprise().as_deref(),
            Some("the chain has booked 105.00 ETK for 105 Wh, not 0.11 ETK as 1.00 ETK a kWh would be")
        );
    }
}
