//! Changes: meters that are added, edited, moved or retired, and registers that the chain is ahead of. Stored first,
//! then taken over, then told.

use enerlink_domain::{
    Code, Error, Event, Meter, MeterId, TxKind, register::CounterSource, wallet::Activity,
};
use enerlink_store::{NewActivity, meters as rows, outbox, registers, transaction_logs};

use super::{Mark, MeterLive, Metering, load};
use crate::meters;

/// Changes a meter, or says why it cannot.
type Apply = Box<dyn FnOnce(&mut MeterLive) -> Result<(), Error> + Send>;

/// What is to become of a meter.
pub(crate) struct Change {
    pub(crate) meter: MeterId,
    pub(crate) apply: Apply,
    /// Written in the same transaction.
    pub(crate) act: Option<NewActivity>,
    /// How its broker is reached has changed: connect anew.
    pub(crate) reconnect: bool,
}

impl Metering {
    pub(super) async fn add(&mut self, meter: Meter) -> Result<(), Error> {
        let tx = self.store.begin().await?;
        rows::insert(&tx, &meter).await?;
        tx.commit().await?;
        let live = MeterLive::new(meter.clone(), self.clock.wall());
        self.bus.tell(Event::Device(live.device.clone()));
        self.state.send_modify(|state| {
            state.insert(meter.id.clone(), live);
        });
        self.tell_meter(&meter.id);
        // The password may be a new one.
        self.hang_up(&meter.broker.url());
        self.listen(&meter.broker);
        Ok(())
    }

    /// Meters that are running already stay as they are.
    pub(super) async fn reload(&mut self) -> Result<(), Error> {
        let stored = load(&self.store, &*self.clock, &self.rules).await?;
        for (id, live) in stored {
            if self.state.borrow().contains_key(&id) {
                continue;
            }
            let broker = live.meter.broker.clone();
            self.bus.tell(Event::Device(live.device.clone()));
            self.state.send_modify(|state| {
                state.insert(id.clone(), live);
            });
            self.tell_meter(&id);
            self.listen(&broker);
        }
        Ok(())
    }

    pub(super) async fn change(&mut self, change: Change) -> Result<Option<Activity>, Error> {
        let Change {
            meter: id,
            apply,
            act,
            reconnect,
        } = change;
        let found = self.state.borrow().get(&id).cloned();
        let before = found.ok_or_else(|| meters::unknown(&id))?;
        let mut live = before.clone();
        apply(&mut live)?;
        if live.meter.take_opening != before.meter.take_opening {
            self.check_opening(&id).await?;
        }
        let now = self.clock.wall();
        let place = |live: &MeterLive| {
            let Meter {
                broker,
                base_topic,
                retired_at,
                ..
            } = &live.meter;
            (broker.clone(), base_topic.clone(), retired_at.is_some())
        };
        let moved = place(&before) != place(&live);
        if moved {
            live.begin_to_listen(now);
        }
        let tx = self.store.begin().await?;
        rows::update(&tx, &live.meter).await?;
        if let Some(changed) = live.registers.filter(|_| live.registers != before.registers) {
            registers::save(&tx, &id, &changed, now).await?;
        }
        let noted = match act {
            Some(act) => Some(transaction_logs::note(&tx, act).await?),
            None => None,
        };
        tx.commit().await?;
        let broker = live.meter.broker.clone();
        self.state.send_modify(|state| {
            state.insert(id.clone(), live);
        });
        if reconnect {
            self.hang_up(&broker.url());
        }
        for address in [&before.meter.broker, &broker] {
            self.listen(address);
        }
        self.review(Some(&[id.clone()].into())).await?;
        self.tell_meter(&id);
        Ok(noted)
    }

    /// Once the chain was told a baseline, or is about to be, the opening balance is what it is.
    async fn check_opening(&self, id: &MeterId) -> Result<(), Error> {
        if self.is_open(id) || outbox::has(&self.store.reader(), id, TxKind::OpenMeter).await? {
            let text = format!("the meter {id} was opened on chain: its opening balance cannot be changed");
            return Err(Error::new(Code::InvalidInput, text));
        }
        Ok(())
    }

    /// Whether the chain has a baseline of the meter, as far as it was read.
    pub(super) fn is_open(&self, id: &MeterId) -> bool {
        let ledger = self.ledger.get().map(|ledger| ledger.state.borrow());
        let standing = ledger.as_ref().and_then(|ledger| ledger.meters.get(id)?.as_ref());
        standing.is_some_and(|standing| standing.opened)
    }

    /// Lifts registers to what the chain has settled. The first time, an opening balance that this profile did not
    /// offer to the chain is given up: whoever opened the meter has decided about it.
    pub(super) async fn raise(&mut self, id: &MeterId, mark: Mark) -> Result<(), Error> {
        let Some(mut live) = self.state.borrow().get(id).cloned() else {
            return Ok(());
        };
        let Some(registers) = live.registers else {
            return Ok(());
        };
        let unoffered = live.meter.take_opening
            && registers.lead.is_none()
            && registers.source == CounterSource::Settlement
            && !outbox::has(&self.store.reader(), id, TxKind::OpenMeter).await?;
        if unoffered {
            live.set_opening(false);
        }
        let Some(mut lifted) = live.registers else {
            return Ok(());
        };
        let before = (lifted.export, lifted.import);
        // An opening balance stands on the registers that nothing has shown: it is no growth.
        let changed = match mark.before_contact && !live.meter.take_opening {
            true => lifted.join(mark.registers),
            false => lifted.raise_to(mark.registers),
        };
        if !changed && !unoffered {
            return Ok(());
        }
        if (lifted.export, lifted.import) != before {
            tracing::warn!(meter = %id, watermark = ?mark.registers, "registers lifted to what the chain has settled");
        }
        live.registers = Some(lifted);
        let tx = self.store.begin().await?;
        registers::save(&tx, id, &lifted, self.clock.wall()).await?;
        if unoffered {
            rows::update(&tx, &live.meter).await?;
        }
        tx.commit().await?;
        self.state.send_modify(|state| {
            state.insert(id.clone(), live);
        });
        Ok(())
    }

    /// Tells a meter with everything known of it.
    pub(super) fn tell_meter(&self, id: &MeterId) {
        let Some(ledger) = self.ledger.get() else { return };
        let live = self.state.borrow().get(id).cloned();
        if let Some(live) = live {
            let view = meters::view(live, &ledger.state.borrow());
            self.bus.tell(Event::Meter(view));
        }
    }
}
