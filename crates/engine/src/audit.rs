//! The audit: what was accumulated equals what is settled, pending and carried, to the micro-watt-hour; and the chain of
//! facts, which can be checked from its first link to the node.

mod agreement;
mod receipt;
mod verify;

pub use self::{
    receipt::{read_receipt, verify_receipt_with},
    verify::VerifyProgress,
};

use enerlink_domain::{
    Address, Error, Etk, MeterId, NetMicroWh, Settlement,
    audit::{AuditPage, AuditSums},
    settlement::Watermark,
};
use enerlink_store::{facts, meters, registers, settlements};
use serde::Serialize;

use crate::{Engine, network};

/// Facts of one page, at most.
const PAGE_ROWS: u16 = 200;

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
    pub async fn audit(&self, meter: &MeterId) -> Result<AuditSums, Error> {
        let network = self.network().ok_or_else(network::missing)?;
        let reader = self.store().reader();
        let registers = registers::load(&reader, meter).await?;
        // More than one after a reorganisation of the chain.
        let open = settlements::all_open(&reader, meter).await?;
        let standing = network
            .chain
            .meter(&network.addresses, meter)
            .await?
            .filter(|standing| standing.opened);
        let Some(registers) = registers else {
            return Ok(empty(meter));
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
        let (mined, pending): (Vec<_>, Vec<_>) = open.iter().partition(|row| mined(row));
        let recorded = recorded + mined.into_iter().map(energy).sum::<i64>();
        let claimed = pending.last().map_or(watermark, |row| micro(row.to));
        let pending = pending.into_iter().map(energy).sum::<i64>();
        let (accumulated, settled, carried) = (now - baseline, watermark - baseline, now - claimed);
        let sums = [
            baseline,
            accumulated,
            settled,
            pending,
            carried,
            settled - recorded,
        ];
        let [baseline, accumulated, settled, pending, carried, unrecorded] = sums.map(NetMicroWh);
        Ok(AuditSums {
            meter_id: meter.clone(),
            baseline,
            accumulated,
            settled,
            pending,
            carried,
            unrecorded,
            adds_up: accumulated.0 == settled.0 + pending.0 + carried.0,
        })
    }

    /// Sums of every meter, those that were removed included.
    async fn all_sums(&self) -> Result<Vec<AuditSums>, Error> {
        let mut sums = Vec::new();
        for meter in meters::list(&self.store().reader()).await? {
            sums.push(self.audit(&meter.id).await?);
        }
        Ok(sums)
    }

    /// Sums of `meter` or of every one, and a page of the chain of facts, newest first. Without the node there are no sums.
    pub async fn audit_page(
        &self,
        meter: Option<&MeterId>,
        limit: u16,
        before: Option<u64>,
    ) -> Result<AuditPage, Error> {
        let reader = self.store().reader();
        let (mut rows, next) = facts::list(&reader, meter, limit.min(PAGE_ROWS), before).await?;
        for row in &mut rows {
            self.tell_before(&mut row.settlement).await?;
        }
        let sums = match meter {
            Some(meter) => self.audit(meter).await.map(|sums| vec![sums]),
            None => self.all_sums().await,
        };
        let sums = sums.unwrap_or_else(|error| {
            tracing::debug!(%error, "the audit has no sums");
            Vec::new()
        });
        Ok(AuditPage { sums, rows, next })
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

/// A meter that has not been heard.
fn empty(meter: &MeterId) -> AuditSums {
    AuditSums {
        meter_id: meter.clone(),
        baseline: NetMicroWh::ZERO,
        accumulated: NetMicroWh::ZERO,
        settled: NetMicroWh::ZERO,
        pending: NetMicroWh::ZERO,
        carried: NetMicroWh::ZERO,
        unrecorded: NetMicroWh::ZERO,
        adds_up: true,
    }
}

fn micro(mark: Watermark) -> i64 {
    mark.net_micro().unwrap_or_default().0
}
