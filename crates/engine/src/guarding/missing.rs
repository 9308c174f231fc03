//! Imports that the account cannot pay: owed and carried, told once with what is missing, and the all-clear.

use std::{collections::BTreeMap, sync::Arc};

use enerlink_chain::MeterOnChain;
use enerlink_domain::{
    Clock, Error, Etk, Meter, MeterId, NetMicroWh, Notice, Registration, Settlement,
    device::NoticeKind,
    guard::Money,
    settlement::{Due, Watermark},
};
use enerlink_store::{Store, notices};
use tokio::sync::watch;

use crate::{
    bus::Bus,
    ledger::{self, LedgerState},
    metering::MeterLive,
    notices::{Change, Notices},
    rules::Rules,
};

/// Tells what is missing, and that nothing is any more.
#[derive(Clone)]
pub(crate) struct Missing {
    store: Store,
    notices: Notices,
    clock: Arc<dyn Clock>,
}

impl Missing {
    pub(crate) fn new(store: Store, bus: Bus, clock: Arc<dyn Clock>) -> Self {
        Self {
            notices: Notices::new(store.clone(), bus),
            store,
            clock,
        }
    }

    /// So many ETK are missing to settle the imports of `meter`. Said again it is the same notice with the new amount.
    pub(crate) async fn note(&self, meter: &MeterId, missing: Etk) -> Result<(), Error> {
        let detail = format!("{missing} ETK");
        let known = self.open().await?.remove(meter);
        if known.is_some_and(|notice| notice.detail == detail) {
            return Ok(());
        }
        self.change(Change::Raise {
            meter: Some(meter.clone()),
            kind: NoticeKind::EtkMissing,
            detail,
        })
        .await
    }

    /// Gives the all-clear for those of `lives` whose imports can be paid now, by the rule that settles them.
    pub(super) async fn review(
        &self,
        lives: &[MeterLive],
        ledger: &ledger::Handle,
        rules: &watch::Receiver<Rules>,
        money: Option<Money>,
    ) -> Result<(), Error> {
        let Some(money) = money else { return Ok(()) };
        let open = self.open().await?;
        for live in lives {
            let Some(notice) = open.get(&live.meter.id) else {
                continue;
            };
            let payable = is_payable(live, &ledger.state.borrow(), &rules.borrow(), money);
            if payable {
                self.change(Change::Clear(notice.id)).await?;
            }
        }
        Ok(())
    }

    /// What is missing now, by meter.
    async fn open(&self) -> Result<BTreeMap<MeterId, Notice>, Error> {
        let open = notices::open(&self.store.reader()).await?;
        let missing = open
            .into_iter()
            .filter(|notice| notice.kind == NoticeKind::EtkMissing);
        Ok(missing
            .filter_map(|notice| Some((notice.meter_id.clone()?, notice)))
            .collect())
    }

    async fn change(&self, change: Change) -> Result<(), Error> {
        let written = self.notices.store(&[change], self.clock.wall()).await?;
        self.notices.tell(&written);
        Ok(())
    }
}

fn is_payable(live: &MeterLive, ledger: &LedgerState, rules: &Rules, money: Money) -> bool {
    let (Some(standing), Some(registers)) = (standing(ledger, &live.meter), live.compared()) else {
        return false;
    };
    let effect = rules.of(&live.meter, ledger.minimum());
    let free = Etk(money.balance.0.saturating_sub(money.pending_burns.0));
    let terms = standing.terms(money.ratio, effect.minimum.value, Some(free), ledger.time());
    match terms.due(registers.export, registers.import) {
        Due::Settle { .. } | Due::BelowMinimum { .. } => true,
        Due::BucketFull | Due::InsufficientEtk { .. } => false,
    }
}

/// What the chain says of `meter`, when it is open to this account.
pub(super) fn standing<'a>(ledger: &'a LedgerState, meter: &Meter) -> Option<&'a MeterOnChain> {
    let open = matches!(ledger.registration(meter), Registration::Open { .. });
    ledger.meters.get(&meter.id)?.as_ref().filter(|_| open)
}

/// What `live` is owed beyond the registers that are settled or claimed; none before they were compared.
pub(super) fn owed(live: &MeterLive, settled: Watermark, claimed: Option<Watermark>) -> Option<NetMicroWh> {
    let registers = live.compared()?;
    let claimed = claimed.unwrap_or(settled);
    let export = settled.export.max(claimed.export).micro()?;
    let import = settled.import.max(claimed.import).micro()?;
    Some(NetMicroWh::between(
        registers.export.checked_sub(export).unwrap_or_default(),
        registers.import.checked_sub(import).unwrap_or_default(),
    ))
}

/// What the `open` settlements of these meters will burn, as a positive amount: those that the balance, which was read
/// together with the registers on chain, does not show yet.
pub(crate) fn pending_burns<'a>(
    open: &BTreeMap<MeterId, Settlement>,
    lives: impl IntoIterator<Item = &'a MeterLive>,
    ledger: &LedgerState,
) -> Etk {
    let mut burns = Etk::ZERO;
    for live in lives {
        let Some(open) = open.get(&live.meter.id) else {
            continue;
        };
        let burned = standing(ledger, &live.meter).is_some_and(|standing| standing.watermark.covers(open.to));
        if !burned {
            burns = Etk(burns.0 - open.etk.0.min(0));
        }
    }
    burns
}
