//! The audit: what was accumulated equals what is settled, pending and carried, to the micro-watt-hour.

use enerlink_domain::{Address, Error, Etk, MeterId, NetMicroWh, Settlement, settlement::Watermark};
use enerlink_store::{registers, settlements};
use serde::Serialize;

use crate::{Engine, network};

/// Sums of one meter. `accumulated` comes from the registers, `settled` from the chain, `pending` from the open
/// settlement, `carried` from the registers above it: four sources that must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Which meter.
    pub meter_id: MeterId,
    /// Net energy of the registers that the meter was opened with.
    pub baseline_uwh: i64,
    /// Net energy since the baseline, as the registers say.
    pub accumulated_uwh: i64,
    /// Net energy that the chain's registers have moved since the baseline.
    pub settled_uwh: i64,
    /// Net energy of the open settlement, unless the chain has it already.
    pub pending_uwh: i64,
    /// Net energy that stands above both.
    pub carried_uwh: i64,
    /// Settled on chain and not yet in a stored row: another copy of the wallet has sent it, and it is adopted soon.
    pub unrecorded_uwh: i64,
    /// `accumulated = settled + pending + carried`.
    pub adds_up: bool,
}

/// What the chain says an account was minted, burned and holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenSums {
    /// All mints.
    pub etk_minted: Etk,
    /// All burns.
    pub etk_burned: Etk,
    /// The balance now.
    pub etk_balance: Etk,
}

impl Engine {
    /// Reads the chain and adds one meter up.
    pub async fn audit(&self, meter: &MeterId) -> Result<Audit, Error> {
        let network = self.network().ok_or_else(network::missing)?;
        let reader = self.store().reader();
        let registers = registers::load(&reader, meter).await?;
        let open = settlements::open(&reader, meter).await?;
        let standing = network
            .chain
            .meter(&network.addresses, meter)
            .await?
            .filter(|standing| standing.opened);
        let Some(registers) = registers else {
            return Ok(Audit::empty(meter));
        };
        let now = NetMicroWh::between(registers.export, registers.import).0;
        let first = NetMicroWh::between(registers.first.export, registers.first.import).0;
        let (baseline, watermark) = match &standing {
            Some(standing) => (micro(standing.baseline), micro(standing.watermark)),
            None => (first, first),
        };
        let mined = |row: &Settlement| {
            standing
                .as_ref()
                .is_some_and(|found| found.watermark.covers(row.to))
        };
        let energy = |row: &Settlement| row.energy_wh.0 * 1_000_000;
        let recorded = settlements::settled_wh(&reader, meter).await?.0 * 1_000_000;
        // Between the block and its confirmation the chain has already settled what the row still calls pending.
        let recorded = recorded + open.as_ref().filter(|row| mined(row)).map_or(0, energy);
        let pending = open.filter(|row| !mined(row));
        let claimed = pending.as_ref().map_or(watermark, |row| micro(row.to));
        let pending = pending.as_ref().map_or(0, energy);
        let (accumulated, settled, carried) = (now - baseline, watermark - baseline, now - claimed);
        Ok(Audit {
            meter_id: meter.clone(),
            baseline_uwh: baseline,
            accumulated_uwh: accumulated,
            settled_uwh: settled,
            pending_uwh: pending,
            carried_uwh: carried,
            unrecorded_uwh: settled - recorded,
            adds_up: accumulated == settled + pending + carried,
        })
    }

    /// Whether no settlement is on its way.
    pub async fn is_settled(&self) -> Result<bool, Error> {
        let reader = self.store().reader();
        for view in self.meters() {
            if settlements::open(&reader, &view.meter.id).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads from the chain what `account` was minted, burned and holds.
    pub async fn token_sums(&self, account: Address) -> Result<TokenSums, Error> {
        let network = self.network().ok_or_else(network::missing)?;
        let totals = network.chain.token_totals(&network.addresses, account).await?;
        let balances = network.chain.balances(&network.addresses, account).await?;
        Ok(TokenSums {
            etk_minted: totals.minted,
            etk_burned: totals.burned,
            etk_balance: balances.etk,
        })
    }
}

impl Audit {
    /// A meter that has not been heard.
    fn empty(meter: &MeterId) -> Self {
        Self {
            meter_id: meter.clone(),
            baseline_uwh: 0,
            accumulated_uwh: 0,
            settled_uwh: 0,
            pending_uwh: 0,
            carried_uwh: 0,
            unrecorded_uwh: 0,
            adds_up: true,
        }
    }
}

fn micro(mark: Watermark) -> i64 {
    mark.net_micro().unwrap_or_default().0
}
