//! What the window knows: snapshots of the core, moved on by its events. A plain reducer, without a window.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::{
    Address, Code, CommandView, DeviceState, Error, Estimate, Etk, Event, MeterId, NetWattHours, Settlement,
    Status, Transaction, UnixMillis,
    device::Notice,
    event::{Balances, VaultState},
    guard::GuardView,
    meter::Link,
    token::{Movement, MovementKind},
    view::{Alert, AppStatus, Home, MarketState, MeterView, NetworkView, Order},
    wallet::{Activity, BackupContent, LockReason, WalletView},
};

use crate::inbox::{Inbox, Told};

/// Rows of the home page that events may add before the next snapshot trims them.
const ROWS: usize = 50;

/// Everything that is shown. There are no rows that the core has not told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LiveState {
    /// Vault, wallet, chain; none until the core answered.
    pub status: Option<AppStatus>,
    /// The home page; none until the core answered.
    pub home: Option<Home>,
    /// Every meter of the profile, in the order in which they were added; none until the core answered.
    pub meters: Option<Vec<MeterView>>,
    /// Commands that moved on since the window was opened, the last one first.
    pub commands: Vec<CommandView>,
    /// What meters had to tell.
    pub inbox: Inbox,
    /// The network in use; none when there is none.
    pub network: Option<NetworkView>,
    /// Why the last snapshot could not be read.
    pub failure: Option<Error>,
    /// Why the vault was locked last, while it is.
    pub lock_reason: Option<LockReason>,
    /// What was restored and not looked at yet; nothing is sent until then.
    pub restored: Option<BackupContent>,
    /// What was done with a wallet last; lists of it are read again when it changes.
    pub activity: Option<Activity>,
    /// What each account holds, as far as the chain was read.
    pub balances: BTreeMap<Address, Balances>,
    /// The settlement that moved on last, of whichever meter; lists of them are read again when it changes.
    pub settlement: Option<Settlement>,
    /// The transaction that moved on last.
    pub transaction: Option<Transaction>,
    /// How the market is; none until something happened there.
    pub market: Option<MarketState>,
    /// The order of the wallet that moved on last; what is shown of orders is read again when it changes.
    pub order: Option<Order>,
    /// The price alert that was reached last.
    pub price_alert: Option<Alert>,
    /// The tokens that moved last; lists of them are read again when it changes.
    pub movement: Option<Movement>,
    /// Settlements that a reorganisation has undone while the window watched.
    pub undone: BTreeSet<String>,
    /// The guards, one for each account that has a meter, as far as they were told.
    pub guards: BTreeMap<Address, GuardView>,
    /// The last estimate of each meter.
    pub estimates: BTreeMap<MeterId, Estimate>,
    /// Why the database cannot be written, while it cannot.
    pub storage_problem: Option<Error>,
    /// Tasks of the core that failed and are restarted, by name.
    pub failed_tasks: Vec<(String, Error)>,
}

/// What has to be read again after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refetch {
    /// Nothing.
    Nothing,
    /// The home page: sums have changed that only the core may add up.
    Home,
    /// All snapshots.
    All,
}

/// Something worth a word in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A settlement is final.
    Settled {
        /// Net energy; positive is export.
        energy: NetWattHours,
        /// Minted or burned.
        etk: Etk,
    },
    /// A settlement failed; its energy is owed again.
    SettlementFailed {
        /// Why, as the core says.
        reason: Option<String>,
    },
    /// Tokens came from somebody.
    Received(Movement),
    /// A task of the core failed.
    TaskFailed {
        /// Its name.
        task: String,
    },
    /// A price that somebody waits for was reached.
    PriceReached(Alert),
    /// A meter has something to tell.
    Notice {
        /// Whether it began or is over.
        told: Told,
        /// All of it.
        notice: Notice,
    },
}

/// What an event asks of the window besides being shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What to read again.
    pub refetch: Refetch,
    /// What to say.
    pub news: Option<News>,
}

impl Outcome {
    const QUIET: Self = Self {
        refetch: Refetch::Nothing,
        news: None,
    };

    fn refetch(refetch: Refetch) -> Self {
        Self { refetch, news: None }
    }
}

impl LiveState {
    /// Takes an event. The same event twice changes nothing more, and says nothing more.
    pub(crate) fn apply(&mut self, event: Event) -> Outcome {
        match event {
            Event::Device(device) => self.apply_device(device),
            Event::Meter(meter) => self.apply_meter(meter),
            Event::Command(command) => self.apply_command(command),
            Event::Notice(notice) => Outcome {
                refetch: Refetch::Nothing,
                news: self.inbox.take(&notice).map(|told| News::Notice { told, notice }),
            },
            Event::Estimate(estimate) => self.apply_estimate(estimate),
            Event::Guard(guard) => {
                self.guards.insert(guard.owner, guard);
                Outcome::QUIET
            }
            Event::Settlement(settlement) => self.apply_settlement(settlement),
            Event::Transaction(transaction) => self.apply_transaction(transaction),
            Event::Balances(balances) => {
                let shown = self.account();
                self.balances.insert(balances.account, balances);
                if let Some(home) = &mut self.home
                    && shown == Some(balances.account)
                {
                    home.balances = Some(balances);
                }
                Outcome::QUIET
            }
            Event::Movement(movement) => self.apply_movement(movement),
            Event::Registration {
                meter_id,
                registration,
            } => {
                for meter in self.views_of(&meter_id) {
                    meter.registration = registration;
                }
                Outcome::QUIET
            }
            Event::Vault { state, reason } => self.apply_vault(state, reason),
            Event::Wallets { wallets, primary } => self.apply_wallets(wallets, primary),
            Event::Activity(activity) => {
                self.activity = Some(activity);
                Outcome::QUIET
            }
            Event::Market(market) => {
                self.market = Some(market);
                Outcome::QUIET
            }
            Event::Order(order) => {
                self.order = Some(order);
                Outcome::QUIET
            }
            Event::PriceAlert(alert) => Outcome {
                refetch: Refetch::Nothing,
                news: self.take_alert(alert),
            },
            Event::Chain(chain) => {
                let Some(status) = &mut self.status else {
                    return Outcome::refetch(Refetch::All);
                };
                let came_back = chain.link.up && !status.chain.link.up;
                status.chain = chain;
                Outcome::refetch(if came_back {
                    Refetch::Home
                } else {
                    Refetch::Nothing
                })
            }
            Event::Storage(link) => self.apply_storage(link),
            Event::TaskFailed { task, error } => self.apply_task_failure(task, error),
            Event::Lagged { .. } => {
                // What the market page reads itself is newer than what was missed.
                self.market = None;
                Outcome::refetch(Refetch::All)
            }
        }
    }

    /// The meter on the home page.
    pub(crate) fn meter_id(&self) -> Option<&MeterId> {
        self.home.as_ref()?.meter.as_ref().map(|meter| &meter.meter.id)
    }

    /// The latest time that an event tells, if it tells one.
    pub(crate) fn time_of(event: &Event) -> Option<UnixMillis> {
        match event {
            Event::Estimate(estimate) => Some(estimate.now),
            Event::Device(device) => device.sensors.as_ref().map(|(at, _)| *at),
            Event::Meter(_)
            | Event::Command(_)
            | Event::Notice(_)
            | Event::Guard(_)
            | Event::Settlement(_)
            | Event::Transaction(_)
            | Event::Balances(_)
            | Event::Movement(_)
            | Event::Registration { .. }
            | Event::Vault { .. }
            | Event::Wallets { .. }
            | Event::Activity(_)
            | Event::Market(_)
            | Event::Order(_)
            | Event::PriceAlert(_)
            | Event::Chain(_)
            | Event::Storage(_)
            | Event::TaskFailed { .. }
            | Event::Lagged { .. } => None,
        }
    }

    /// The account whose balances are shown: that of the meter on the home page, the primary one without a meter.
    pub(crate) fn account(&self) -> Option<Address> {
        let meter = self.home.as_ref().and_then(|home| home.meter.as_ref());
        meter
            .map(|meter| meter.meter.owner)
            .or(self.status.as_ref()?.primary)
    }

    /// What the household calls a meter; its id when it is not known.
    pub(crate) fn name_of(&self, id: &MeterId) -> String {
        let meters = self.meters.iter().flatten();
        let home = self.home.iter().filter_map(|home| home.meter.as_ref());
        meters
            .chain(home)
            .find(|view| view.meter.id == *id)
            .map_or_else(|| id.to_string(), |view| view.meter.name.clone())
    }

    /// Whether there is a vault; not known is no.
    pub(crate) fn has_vault(&self) -> bool {
        let status = self.status.as_ref();
        status.is_some_and(|status| status.vault != VaultState::Missing)
    }

    /// Whether keys can sign.
    pub(crate) fn unlocked(&self) -> bool {
        let status = self.status.as_ref();
        status.is_some_and(|status| status.vault == VaultState::Unlocked)
    }

    /// What an account holds, from an event or, for the account on Home, from the last snapshot.
    pub(crate) fn balances_of(&self, account: Address) -> Option<Balances> {
        let home = self.home.as_ref().and_then(|home| home.balances);
        self.balances
            .get(&account)
            .copied()
            .or(home.filter(|balances| balances.account == account))
    }

    fn shows(&self, meter_id: &MeterId) -> bool {
        self.meter_id() == Some(meter_id)
    }

    /// Everywhere where a meter stands: on Home and among all.
    fn views_of<'a>(&'a mut self, id: &'a MeterId) -> impl Iterator<Item = &'a mut MeterView> {
        let home = self.home.as_mut().and_then(|home| home.meter.as_mut());
        home.into_iter()
            .chain(self.meters.iter_mut().flatten())
            .filter(move |view| view.meter.id == *id)
    }

    fn apply_device(&mut self, device: DeviceState) -> Outcome {
        let known = |meters: &Vec<MeterView>| meters.iter().any(|view| view.meter.id == device.meter_id);
        // A meter that was added by another copy of the app.
        let strange = self.home.as_ref().is_none_or(|home| home.meter.is_none())
            || !self.meters.as_ref().is_none_or(known);
        for meter in self.views_of(&device.meter_id) {
            meter.device = device.clone();
        }
        Outcome::refetch(if strange { Refetch::Home } else { Refetch::Nothing })
    }

    fn apply_meter(&mut self, view: MeterView) -> Outcome {
        let meters = self.meters.get_or_insert_default();
        let known = meters.iter_mut().find(|known| known.meter.id == view.meter.id);
        // Which meter stands on Home, and whether one does, is the core's choice.
        let choose = known
            .as_ref()
            .is_none_or(|known| known.meter.retired_at != view.meter.retired_at);
        match known {
            Some(known) => *known = view.clone(),
            None => meters.push(view.clone()),
        }
        if let Some(home) = &mut self.home
            && let Some(meter) = &mut home.meter
            && meter.meter.id == view.meter.id
        {
            *meter = view;
        }
        Outcome::refetch(if choose { Refetch::Home } else { Refetch::Nothing })
    }

    /// The answer to the one who sent it may come after the event that it has ended: it never goes back.
    fn apply_command(&mut self, command: CommandView) -> Outcome {
        let id = &command.correlation_id;
        match self.commands.iter_mut().find(|known| known.correlation_id == *id) {
            Some(known) => {
                let again = known.stage == command.stage && known.attempts <= command.attempts;
                if again || known.stage.may_become(command.stage) {
                    *known = command;
                }
            }
            None => self.commands.insert(0, command),
        }
        self.commands.truncate(ROWS);
        Outcome::QUIET
    }

    fn apply_estimate(&mut self, estimate: Estimate) -> Outcome {
        self.estimates.insert(estimate.meter_id.clone(), estimate.clone());
        if self.shows(&estimate.meter_id)
            && let Some(home) = &mut self.home
        {
            home.now = home.now.max(estimate.now);
            home.estimate = Some(estimate);
        }
        Outcome::QUIET
    }

    fn apply_settlement(&mut self, settlement: Settlement) -> Outcome {
        self.note(&settlement);
        if !self.shows(&settlement.meter_id) {
            return Outcome::QUIET;
        }
        let Some(home) = &mut self.home else {
            return Outcome::QUIET;
        };
        let newest = home
            .settlements
            .iter()
            .all(|row| row.created_at < settlement.created_at);
        let known = home
            .settlements
            .iter_mut()
            .find(|row| row.settlement_id == settlement.settlement_id);
        let before = known.as_ref().map(|row| row.status);
        // An unknown row is news only when it is the newest: a subscription begins with what was there before.
        let fresh = before.is_some_and(|before| before != settlement.status) || before.is_none() && newest;
        let news = match settlement.status {
            Status::Success if fresh => Some(News::Settled {
                energy: settlement.energy_wh,
                etk: settlement.etk,
            }),
            Status::Failed if fresh => Some(News::SettlementFailed {
                reason: settlement.reason.clone(),
            }),
            Status::Pending | Status::Success | Status::Failed => None,
        };
        match known {
            Some(row) => *row = settlement,
            None => home.settlements.insert(0, settlement),
        }
        home.settlements.truncate(ROWS);
        let refetch = if news.is_some() {
            Refetch::Home
        } else {
            Refetch::Nothing
        };
        Outcome { refetch, news }
    }

    /// Remembers a settlement, and that it was undone when it waits again after it had succeeded.
    fn note(&mut self, settlement: &Settlement) {
        let rows = self.home.iter().flat_map(|home| &home.settlements);
        let known = rows.chain(&self.settlement);
        let had_succeeded = known
            .into_iter()
            .any(|known| known.settlement_id == settlement.settlement_id && known.status == Status::Success);
        if settlement.status != Status::Pending {
            self.undone.remove(&settlement.settlement_id);
        } else if had_succeeded {
            self.undone.insert(settlement.settlement_id.clone());
        }
        self.settlement = Some(settlement.clone());
    }

    /// Tokens that moved are told once; what another account sent is worth a word.
    fn apply_movement(&mut self, movement: Movement) -> Outcome {
        let known = self.movement.as_ref() == Some(&movement);
        let received = !known && movement.kind == MovementKind::Received;
        self.movement = Some(movement.clone());
        Outcome {
            refetch: Refetch::Nothing,
            news: received.then_some(News::Received(movement)),
        }
    }

    fn apply_transaction(&mut self, transaction: Transaction) -> Outcome {
        self.transaction = Some(transaction.clone());
        if let Some(home) = &mut self.home {
            match home.transactions.iter_mut().find(|row| row.id == transaction.id) {
                Some(row) => *row = transaction,
                None => home.transactions.insert(0, transaction),
            }
            home.transactions.truncate(ROWS);
        }
        Outcome::QUIET
    }

    /// An alert speaks once for each time it is reached.
    fn take_alert(&mut self, alert: Alert) -> Option<News> {
        let known = self.price_alert.replace(alert.clone());
        (known.as_ref() != Some(&alert)).then_some(News::PriceReached(alert))
    }

    fn apply_vault(&mut self, vault: VaultState, reason: Option<LockReason>) -> Outcome {
        self.lock_reason = match vault {
            VaultState::Locked => reason.or(self.lock_reason),
            VaultState::Missing | VaultState::Unlocked => None,
        };
        match &mut self.status {
            Some(status) if status.vault == vault => Outcome::QUIET,
            Some(status) => {
                status.vault = vault;
                Outcome::refetch(Refetch::All)
            }
            None => Outcome::refetch(Refetch::All),
        }
    }

    fn apply_wallets(&mut self, wallets: Vec<WalletView>, primary: Option<Address>) -> Outcome {
        let Some(status) = &mut self.status else {
            return Outcome::refetch(Refetch::All);
        };
        let moved = status.primary != primary;
        status.wallets = wallets;
        status.primary = primary;
        Outcome::refetch(if moved { Refetch::Home } else { Refetch::Nothing })
    }

    fn apply_task_failure(&mut self, task: String, error: Error) -> Outcome {
        let failure = (task.clone(), error);
        match self.failed_tasks.iter_mut().find(|(name, _)| *name == task) {
            Some(known) if *known == failure => return Outcome::QUIET,
            Some(known) => *known = failure,
            None => self.failed_tasks.push(failure),
        }
        Outcome {
            refetch: Refetch::Nothing,
            news: Some(News::TaskFailed { task }),
        }
    }

    fn apply_storage(&mut self, link: Link) -> Outcome {
        self.storage_problem = (!link.up).then(|| {
            Error::new(
                link.code.unwrap_or(Code::Storage),
                link.message.unwrap_or_default(),
            )
        });
        Outcome::QUIET
    }

    /// What keeps the chain from working, if anything does.
    pub(crate) fn chain_problem(&self) -> Option<Error> {
        let link = &self.status.as_ref()?.chain.link;
        (!link.up).then(|| {
            let code = link.code.unwrap_or(Code::NodeUnreachable);
            Error::new(code, link.message.clone().unwrap_or_default())
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
