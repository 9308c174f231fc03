//! What the window and the command line read. Nothing here changes anything.

use std::time::Duration;

use enerlink_domain::{
    Code, Error, Estimate, Event, Meter, MeterId, Settlement, Transaction, UnixMillis,
    register::Pair,
    settlement::{SettlementFilter, settlement_id},
    view::{AppStatus, DayEnergy, Home, NetworkView, PowerCurve, SettlementPage, Totals},
};
use enerlink_store::{Reader, outbox, registers, rollups, settlements};

use crate::{Engine, config::Access, estimating, ledger::LedgerState, metering::MeterLive, meters, network};

/// Rows of the lists on the home page.
const HOME_ROWS: u16 = 5;
/// Waiting transactions on it besides, at most.
const HOME_WAITING: usize = 50;
/// Rows of one page of settlements, at most.
const PAGE_ROWS: u16 = 200;
/// Whoever lists what is stored does not wait longer for a node.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Points per series, at most: more than any screen is wide.
const MOST_POINTS: u16 = 4096;

impl Engine {
    /// What a reader needs first.
    pub fn status(&self) -> AppStatus {
        let wait = self.keystore().unlock_wait(self.moment()).as_millis();
        AppStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            demo: self.config().demo,
            read_only: self.config().access == Access::ReadOnly,
            data_dir: self.config().data_dir.display().to_string(),
            vault: self.vault(),
            wallets: self.wallets(),
            primary: self.primary(),
            chain: self.ledger().state.borrow().chain.clone(),
            meters: u32::try_from(self.metering().state.borrow().len()).unwrap_or(u32::MAX),
            unlock_wait_ms: u64::try_from(wait).unwrap_or(u64::MAX),
        }
    }

    /// How many transactions are on their way and need nobody for it; settlements among them.
    pub async fn under_way(&self) -> Result<usize, Error> {
        let rows = outbox::unfinished(&self.store().reader()).await?;
        Ok(rows.iter().filter(|row| row.stage.is_on_its_way()).count())
    }

    /// The time it lives in, which may be simulated.
    pub fn now(&self) -> UnixMillis {
        self.clock().wall()
    }

    /// Everything that events tell, as it is now: for a reader that comes late or has missed some.
    pub fn snapshot(&self) -> Vec<Event> {
        let ledger = self.ledger().state.borrow().clone();
        let mut events = vec![
            Event::Vault {
                state: self.vault(),
                reason: None,
            },
            Event::Wallets {
                wallets: self.wallets(),
                primary: self.primary(),
            },
            Event::Chain(ledger.chain.clone()),
            Event::Storage(self.0.storage.link()),
        ];
        for live in self.metering().state.borrow().values() {
            let registration = ledger.registration(&live.meter);
            events.push(Event::Device(live.device.clone()));
            events.push(Event::Registration {
                meter_id: live.meter.id.clone(),
                registration,
            });
        }
        events.extend(ledger.balances.values().copied().map(Event::Balances));
        events.extend(self.0.guarding.views().into_values().map(Event::Guard));
        events
    }

    /// The network in use.
    pub fn network_view(&self) -> Option<NetworkView> {
        self.network().map(|network| network.view())
    }

    /// The settlement card of `meter`.
    pub async fn estimate(&self, meter: &MeterId) -> Result<Estimate, Error> {
        let mut found = self.estimates(Some(meter)).await?;
        found.pop().ok_or_else(|| meters::unknown(meter))
    }

    /// What `meter`, or else each meter in use, will settle by what the chain said last.
    pub async fn estimates(&self, meter: Option<&MeterId>) -> Result<Vec<Estimate>, Error> {
        let ledger = self.ledger().state.borrow().clone();
        self.estimates_by(meter, &ledger).await
    }

    /// [`Engine::estimates`] by what the chain says now, for a process that does not follow it.
    ///
    /// # Errors
    /// `METER_UNKNOWN`, `NO_NETWORK`, or why the node cannot be asked.
    pub async fn ask_estimates(&self, meter: Option<&MeterId>) -> Result<Vec<Estimate>, Error> {
        let network = self.network().ok_or_else(network::missing)?;
        let lives = self.metering().state.borrow().clone();
        let known: Vec<Meter> = lives.values().map(|live| live.meter.clone()).collect();
        let ledger = LedgerState::ask(&network, &known, self.clock().wall()).await?;
        self.estimates_by(meter, &ledger).await
    }

    async fn estimates_by(
        &self,
        meter: Option<&MeterId>,
        ledger: &LedgerState,
    ) -> Result<Vec<Estimate>, Error> {
        let lives = self.metering().state.borrow().clone();
        if let Some(id) = meter.filter(|id| !lives.contains_key(*id)) {
            return Err(meters::unknown(id));
        }
        let rules = self.0.rules.borrow().clone();
        let mut situations = estimating::situations(self.store(), self.keystore(), &lives, ledger).await?;
        if self.config().access == Access::ReadOnly {
            // Only the process that has the profile knows whether the wallet is open there.
            situations
                .values_mut()
                .for_each(|situation| situation.locked = false);
        }
        let now = self.clock().wall();
        let wanted = |live: &MeterLive| match meter {
            Some(id) => live.meter.id == *id,
            None => live.meter.retired_at.is_none(),
        };
        let wanted = lives.iter().filter(|(_, live)| wanted(live));
        let estimate = |(id, live)| estimating::estimate(live, ledger, &situations[id], &rules, now);
        Ok(wanted.map(estimate).collect())
    }

    /// The meter that is meant where none is named: the first in use, or of all when none is in use.
    pub fn first_meter(&self) -> Option<MeterId> {
        let lives = self.metering().state.borrow();
        let in_use = lives.values().find(|live| live.meter.retired_at.is_none());
        let first = in_use.or_else(|| lives.values().next());
        first.map(|live| live.meter.id.clone())
    }

    /// The home page of `meter`, or of [`Engine::first_meter`].
    pub async fn home(&self, meter: Option<MeterId>, day_start: UnixMillis) -> Result<Home, Error> {
        let now = self.clock().wall();
        let reader = self.store().reader();
        let Some(id) = meter.or_else(|| self.first_meter()) else {
            let transactions = last_transactions(&reader).await?;
            return Ok(self.empty_home(now, transactions));
        };
        let view = self.meter(&id)?;
        let balances = self
            .ledger()
            .state
            .borrow()
            .balances
            .get(&view.meter.owner)
            .copied();
        Ok(Home {
            now,
            estimate: Some(self.estimate(&id).await?),
            balances,
            today: rollups::energy(&reader, &id, day_start, now).await?,
            settlements: settlements::list(&reader, &SettlementFilter::of(&id), HOME_ROWS, None)
                .await?
                .rows,
            transactions: last_transactions(&reader).await?,
            totals: settlements::totals(&reader, &id).await?,
            meter: Some(view),
        })
    }

    fn empty_home(&self, now: UnixMillis, transactions: Vec<Transaction>) -> Home {
        let ledger = self.ledger().state.borrow();
        let balances = self
            .primary()
            .and_then(|primary| ledger.balances.get(&primary).copied());
        Home {
            now,
            meter: None,
            estimate: None,
            balances,
            today: DayEnergy::default(),
            settlements: Vec::new(),
            transactions,
            totals: Totals::default(),
        }
    }

    /// Power of `meter` between two moments, in at most `points` buckets.
    pub async fn power(
        &self,
        meter: &MeterId,
        from: UnixMillis,
        to: UnixMillis,
        points: u16,
    ) -> Result<PowerCurve, Error> {
        if to <= from || points == 0 || points > MOST_POINTS {
            let text = format!("a curve needs a range and 1 to {MOST_POINTS} points");
            return Err(Error::new(Code::InvalidInput, text));
        }
        Ok(rollups::curve(&self.store().reader(), meter, from, to, points).await?)
    }

    /// Settlements, newest first.
    pub async fn settlements(
        &self,
        filter: &SettlementFilter,
        limit: u16,
        before: Option<i64>,
    ) -> Result<SettlementPage, Error> {
        let mut page =
            settlements::list(&self.store().reader(), filter, limit.min(PAGE_ROWS), before).await?;
        let head = self.head().await;
        for row in &mut page.rows {
            row.confirmations = row.confirmations_at(head);
            self.tell_before(row).await?;
        }
        Ok(page)
    }

    /// Says which registers the settlement before `row` was made from.
    pub(crate) async fn tell_before(&self, row: &mut Settlement) -> Result<(), Error> {
        let Some(basis) = &mut row.basis else {
            return Ok(());
        };
        let reader = self.store().reader();
        // It settled up to where this one begins.
        let id = settlement_id(&row.meter_id, row.from);
        basis.before = match settlements::get(&reader, &id).await? {
            Some(before) => before.basis.map(|before| Pair {
                export: before.export,
                import: before.import,
            }),
            None => {
                let registers = registers::load(&reader, &row.meter_id).await?;
                let first = registers.map(|registers| registers.first);
                first.filter(|first| {
                    let floor = (first.export.floor_wh(), first.import.floor_wh());
                    floor == (row.from.export, row.from.import)
                })
            }
        };
        Ok(())
    }

    /// The newest block: as the running wallet sees it, else as the node answers at once. Rows are not written again for
    /// each block that comes on top of theirs.
    pub(crate) async fn head(&self) -> Option<u64> {
        let seen = self.ledger().state.borrow().chain.block;
        if seen.is_some() {
            return seen;
        }
        let network = self.network()?;
        let asked = tokio::time::timeout(AT_ONCE, network.chain.head()).await;
        Some(asked.ok()?.ok()?.number)
    }
}

/// The last transactions, and those before them that still wait: one that is forgotten is made twice.
async fn last_transactions(reader: &Reader) -> Result<Vec<Transaction>, Error> {
    let mut rows = outbox::list(reader, HOME_ROWS, None).await?.rows;
    let waiting = outbox::unfinished(reader).await?;
    for row in waiting.iter().rev().take(HOME_WAITING) {
        if rows.iter().all(|known| known.id != row.id) {
            rows.push(row.transaction());
        }
    }
    Ok(rows)
}
