//! Guarding: what meters and chain say goes into the guards, and what they decide is stored, told and sent. A guard looks
//! at most once a second, and again as soon as something has changed.

mod ears;
mod handle;
mod missing;
mod ward;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use enerlink_domain::{
    Address, Clock, Code, Error, Etk, Event, MeterId, UnixMillis,
    guard::{Act, GuardOrder, GuardView, Inputs, Money, Seen},
    settlement::Watermark,
};
use enerlink_store::{Store, guards, settlements};
use tokio::sync::{mpsc, watch};

use self::{ears::Ears, handle::Request, ward::Ward};
pub(crate) use self::{
    handle::Handle,
    missing::{Missing, pending_burns},
};
use crate::{
    bus::Bus,
    commands,
    ledger::{self, LedgerState},
    metering::{self, MeterLive},
    notices as told,
    rules::Rules,
    task::Task,
};

/// Between two looks.
const TURN: Duration = Duration::from_secs(1);
/// With nothing going on it is looked again after so long.
const IDLE: Duration = Duration::from_secs(30);
/// What the chain said longer ago is not known any more.
const STALE: Duration = Duration::from_secs(60);

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) rules: watch::Receiver<Rules>,
    pub(crate) metering: metering::Handle,
    pub(crate) ledger: ledger::Handle,
    pub(crate) commands: commands::Handle,
    /// How often the chain is read.
    pub(crate) chain_poll: Duration,
}

pub(crate) struct Guarding {
    parts: Parts,
    missing: Missing,
    inbox: mpsc::Receiver<Request>,
    views: watch::Sender<BTreeMap<Address, GuardView>>,
    wards: BTreeMap<Address, Ward>,
    ears: BTreeMap<MeterId, Ears>,
}

impl Guarding {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let (sender, inbox) = mpsc::channel(16);
        let (views, reader) = watch::channel(BTreeMap::new());
        let missing = Missing::new(parts.store.clone(), parts.bus.clone(), Arc::clone(&parts.clock));
        let guarding = Self {
            parts,
            missing,
            inbox,
            views,
            wards: BTreeMap::new(),
            ears: BTreeMap::new(),
        };
        (guarding, Handle::new(sender, reader))
    }

    /// One look at every account.
    async fn turn(&mut self) -> Result<(), Error> {
        for (owner, lives) in self.accounts() {
            let inputs = self.look(owner, &lives).await?;
            let ward = self.ward(owner).await?;
            let acts = ward.guard.step(&inputs);
            self.follow(owner, &inputs, acts).await?;
            self.missing
                .review(&lives, &self.parts.ledger, &self.parts.rules, inputs.money)
                .await?;
        }
        Ok(())
    }

    async fn obey(&mut self, owner: Address, order: GuardOrder) -> Result<GuardView, Error> {
        let Some(lives) = self.accounts().remove(&owner) else {
            let text = format!("no meter belongs to {owner}");
            return Err(Error::new(Code::MeterUnknown, text));
        };
        let inputs = self.look(owner, &lives).await?;
        let ward = self.ward(owner).await?;
        let acts = ward.guard.order(order, &inputs);
        self.follow(owner, &inputs, acts).await
    }

    /// Every account that has a meter, or had one that is still held.
    fn accounts(&mut self) -> BTreeMap<Address, Vec<MeterLive>> {
        let mut accounts: BTreeMap<Address, Vec<MeterLive>> = BTreeMap::new();
        let state = self.parts.metering.state.borrow_and_update();
        for live in state.values().filter(|live| live.meter.retired_at.is_none()) {
            accounts.entry(live.meter.owner).or_default().push(live.clone());
        }
        for (owner, ward) in &self.wards {
            if ward.guard.is_busy() {
                accounts.entry(*owner).or_default();
            }
        }
        accounts
    }

    async fn ward(&mut self, owner: Address) -> Result<&mut Ward, Error> {
        if !self.wards.contains_key(&owner) {
            let ward = Ward::load(&self.parts.store, owner).await?;
            self.wards.insert(owner, ward);
        }
        self.wards
            .get_mut(&owner)
            .ok_or_else(|| Error::new(Code::Internal, "a guard was not kept"))
    }

    /// What there is to see of an account.
    async fn look(&mut self, owner: Address, lives: &[MeterLive]) -> Result<Inputs, Error> {
        let (steady, wall) = (self.parts.clock.monotonic(), self.parts.clock.wall());
        let ledger = self.parts.ledger.state.borrow_and_update().clone();
        let reader = self.parts.store.reader();
        let mut open = settlements::open_by_meter(&reader).await?;
        let pending = missing::pending_burns(&open, lives, &ledger);
        let money = self.money(owner, &ledger, pending, steady);
        let ward = self.ward(owner).await?;
        let (funded, awaited): (_, BTreeSet<MeterId>) =
            (ward.guard.is_funded(), ward.guard.awaited().cloned().collect());
        let mut sent = ward.sent.clone();
        let mut meters = Vec::with_capacity(lives.len());
        let mut settled = funded || money.is_some_and(|money| money.balance > Etk::ZERO);
        for live in lives {
            let id = &live.meter.id;
            settled = settled || settlements::last_success(&reader, id).await?.is_some();
            let ears = self.ears.entry(id.clone()).or_default();
            ears.hear(live, steady);
            let failed = match awaited.contains(id) {
                true => ears.answered(&reader, id, sent.remove(id), steady).await?,
                false => false,
            };
            let claimed = open.remove(id).map(|open| open.to);
            meters.push(seen(
                live,
                ears,
                &ledger,
                &self.parts.rules.borrow(),
                claimed,
                failed,
                wall,
            ));
        }
        Ok(Inputs {
            steady,
            wall,
            funded: settled,
            money,
            meters,
        })
    }

    /// What the chain says, as long as it is known.
    fn money(&self, owner: Address, ledger: &LedgerState, pending: Etk, now: Duration) -> Option<Money> {
        let read_at = ledger.read_at.filter(|_| ledger.chain.link.up)?;
        let fresh = now.saturating_sub(read_at) <= STALE + self.parts.chain_poll * 2;
        let balances = ledger.balances.get(&owner).filter(|_| fresh)?;
        Some(Money {
            balance: balances.etk,
            pending_burns: pending,
            ratio: ledger.terms?.ratio,
        })
    }

    /// Stores what was decided, tells it, and then does it.
    async fn follow(&mut self, owner: Address, inputs: &Inputs, acts: Vec<Act>) -> Result<GuardView, Error> {
        let (store, bus) = (self.parts.store.clone(), self.parts.bus.clone());
        let ward = self.ward(owner).await?;
        ward.note_subject(inputs, &acts);
        let steps = ward.steps(inputs, &acts);
        let changes = ward.notices(&steps);
        let state = ward.news()?;
        if state.is_some() || !steps.is_empty() || !changes.is_empty() {
            let tx = store.begin().await?;
            guards::set(&tx, owner, &ward.guard).await?;
            for step in &steps {
                guards::note(&tx, owner, step).await?;
            }
            let written = told::write(&tx, &changes, inputs.wall).await?;
            tx.commit().await?;
            ward.stored(state, steps, &written);
            for notice in written {
                bus.tell(Event::Notice(notice));
            }
        }
        let view = ward.view(owner, inputs);
        if ward.told.as_ref() != Some(&view) {
            ward.told = Some(view.clone());
            self.views.send_modify(|views| {
                views.insert(owner, view.clone());
            });
            bus.tell(Event::Guard(view.clone()));
        }
        self.switch(owner, acts).await?;
        Ok(view)
    }

    /// Sends what is to be switched. What could not be stored as a command is repeated by the guard's own rule.
    async fn switch(&mut self, owner: Address, acts: Vec<Act>) -> Result<(), Error> {
        for act in acts {
            let Act::Switch { meter, mode, why } = act else {
                continue;
            };
            tracing::info!(%meter, mode = mode.as_str(), ?why, "the guard switches the grid");
            match self.parts.commands.guard(meter.clone(), mode).await {
                Ok(command) => {
                    let ward = self.ward(owner).await?;
                    ward.sent.insert(meter, command.correlation_id);
                }
                Err(error) => tracing::warn!(%meter, code = ?error.code, %error, "the grid was not switched"),
            }
        }
        Ok(())
    }

    async fn answer(&mut self, request: Request) {
        let Request { owner, order, reply } = request;
        let _ = reply.send(self.obey(owner, order).await);
    }

    fn is_busy(&self) -> bool {
        self.wards.values().any(|ward| ward.guard.is_busy())
    }
}

/// What there is to see of one meter. `claimed` are the registers up to which a settlement is on its way.
fn seen(
    live: &MeterLive,
    ears: &Ears,
    ledger: &LedgerState,
    rules: &Rules,
    claimed: Option<Watermark>,
    failed: bool,
    wall: UnixMillis,
) -> Seen {
    let meter = &live.meter;
    let period = rules.period(meter);
    // A meter that is not open burns nothing yet.
    let standing = missing::standing(ledger, meter);
    let owed = standing.and_then(|standing| missing::owed(live, standing.watermark, claimed));
    let average = ears.power().filter(|_| owed.is_some() && ears.is_heard());
    Seen {
        meter: meter.id.clone(),
        guarded: rules.of(meter, None).guard.value,
        switchable: ears.is_heard() && meter.capabilities.grid_control,
        owed: owed.unwrap_or_default(),
        carry: standing.map_or(0, |standing| standing.carry),
        average,
        importing: ears.imports(average),
        surplus: ears.surplus(),
        mode: ears.mode(),
        said_at: ears.said_at(),
        failed,
        left: wall.floor_to(period).plus(period).since(wall),
        period,
    }
}

impl Task for Guarding {
    const NAME: &'static str = "guarding";

    async fn run(&mut self) -> Result<(), Error> {
        // What is stored counts, whatever a former run was about to do.
        self.wards.clear();
        loop {
            self.turn().await?;
            let mut wait = self.parts.clock.sleep(TURN);
            loop {
                tokio::select! {
                    () = &mut wait => break,
                    Some(request) = self.inbox.recv() => self.answer(request).await,
                }
            }
            if self.is_busy() {
                continue;
            }
            tokio::select! {
                () = self.parts.clock.sleep(IDLE) => {}
                Some(request) = self.inbox.recv() => self.answer(request).await,
                changed = self.parts.metering.state.changed() => if changed.is_err() { return Ok(()) },
                changed = self.parts.ledger.state.changed() => if changed.is_err() { return Ok(()) },
                changed = self.parts.rules.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }
}

/// The view of a guard that does not run here: as it is stored, with a balance that is not known.
pub(crate) async fn stored_view(
    store: &Store,
    owner: Address,
    lives: &[MeterLive],
    rules: &Rules,
    wall: UnixMillis,
) -> Result<GuardView, Error> {
    let ward = Ward::load(store, owner).await?;
    let meters = lives.iter().map(|live| {
        let ears = Ears::default();
        let nothing = LedgerState::unread(wall);
        seen(live, &ears, &nothing, rules, None, false, wall)
    });
    let inputs = Inputs {
        steady: Duration::ZERO,
        wall,
        funded: false,
        money: None,
        meters: meters.collect(),
    };
    Ok(ward.view(owner, &inputs))
}
