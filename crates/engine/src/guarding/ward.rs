//! One account under guard: its guard, as it was stored and told last, its record and its notices.

use std::collections::{BTreeMap, VecDeque};

use enerlink_domain::{
    Address, Code, Error, MeterId, Notice,
    device::NoticeKind,
    guard::{Act, Guard, GuardAct, GuardStep, GuardView, Inputs, Warning},
};
use enerlink_store::{Store, guards, meters, notices};

use crate::notices::Change;

/// So much of the record is shown.
const RECORD: u16 = 20;

pub(super) struct Ward {
    pub(super) guard: Guard,
    /// As it is in the database.
    stored: String,
    /// Newest first.
    record: VecDeque<GuardAct>,
    /// The warning that lasts, and what it says.
    warned: Option<Notice>,
    /// The meter that the household is told of.
    subject: Option<MeterId>,
    /// What was told last.
    pub(super) told: Option<GuardView>,
    /// The last command to each meter.
    pub(super) sent: BTreeMap<MeterId, String>,
}

impl Ward {
    /// The guard of `owner` as it was left.
    pub(super) async fn load(store: &Store, owner: Address) -> Result<Self, Error> {
        let reader = store.reader();
        let guard = guards::get(&reader, owner).await?.unwrap_or_default();
        let meters = meters::list(&reader).await?;
        let own = |notice: &Notice| {
            let id = notice.meter_id.as_ref();
            meters
                .iter()
                .any(|meter| meter.owner == owner && Some(&meter.id) == id)
        };
        let warned = notices::open(&reader)
            .await?
            .into_iter()
            .find(|notice| notice.kind == NoticeKind::GuardWarns && own(notice));
        Ok(Self {
            stored: text(&guard)?,
            guard,
            record: guards::acts(&reader, owner, RECORD).await?.into(),
            subject: warned.as_ref().and_then(|notice| notice.meter_id.clone()),
            warned,
            told: None,
            sent: BTreeMap::new(),
        })
    }

    /// The meter that is switched, or that imports.
    pub(super) fn note_subject(&mut self, inputs: &Inputs, acts: &[Act]) {
        let switched = acts.iter().find_map(|act| match act {
            Act::Switch { meter, .. } => Some(meter),
            Act::Note(_) => None,
        });
        let importing = || inputs.meters.iter().find(|meter| meter.importing);
        let first = || inputs.meters.first().filter(|_| self.subject.is_none());
        let found = switched.or_else(|| Some(&importing().or_else(first)?.meter));
        self.subject = found.cloned().or_else(|| self.subject.take());
    }

    /// What goes into the record.
    pub(super) fn steps(&self, inputs: &Inputs, acts: &[Act]) -> Vec<GuardAct> {
        let step = |act: &Act| match act {
            Act::Note(what) => Some(GuardAct {
                at: inputs.wall,
                what: *what,
                available: inputs.available(),
                burn: inputs.burn(),
            }),
            Act::Switch { .. } => None,
        };
        acts.iter().filter_map(step).collect()
    }

    /// What the household is told: that the guard warns as long as it does, and what it did.
    pub(super) fn notices(&self, steps: &[GuardAct]) -> Vec<Change> {
        let warning = self.guard.warning().map(Warning::as_str);
        let lasting = match (&self.warned, warning) {
            (Some(notice), Some(word)) => (notice.detail != word).then(|| Change::Raise {
                meter: notice.meter_id.clone(),
                kind: NoticeKind::GuardWarns,
                detail: word.to_owned(),
            }),
            (None, Some(word)) => Some(Change::Raise {
                meter: self.subject.clone(),
                kind: NoticeKind::GuardWarns,
                detail: word.to_owned(),
            }),
            (Some(notice), None) => Some(Change::Clear(notice.id)),
            (None, None) => None,
        };
        let done = steps.iter().filter(|step| match step.what {
            GuardStep::Cut | GuardStep::Exporting | GuardStep::Restored | GuardStep::Failed => true,
            GuardStep::Warned
            | GuardStep::Cleared
            | GuardStep::Cutting
            | GuardStep::Paused
            | GuardStep::Resumed => false,
        });
        let done = done.map(|step| Change::Raise {
            meter: self.subject.clone(),
            kind: NoticeKind::GuardActed,
            detail: step.what.as_str().to_owned(),
        });
        lasting.into_iter().chain(done).collect()
    }

    /// The guard as text, when it is not as it is stored.
    pub(super) fn news(&self) -> Result<Option<String>, Error> {
        let text = text(&self.guard)?;
        Ok((text != self.stored).then_some(text))
    }

    /// Notes what was stored.
    pub(super) fn stored(&mut self, state: Option<String>, steps: Vec<GuardAct>, written: &[Notice]) {
        if let Some(state) = state {
            self.stored = state;
        }
        for step in steps {
            self.record.push_front(step);
        }
        self.record.truncate(usize::from(RECORD));
        for notice in written {
            if notice.kind == NoticeKind::GuardWarns {
                self.warned = notice.cleared_at.is_none().then(|| notice.clone());
            }
        }
    }

    pub(super) fn view(&self, owner: Address, inputs: &Inputs) -> GuardView {
        let switchable = inputs.meters.iter().filter(|meter| meter.guarded);
        GuardView {
            owner,
            meters: switchable.map(|meter| meter.meter.clone()).collect(),
            state: self.guard.state(inputs),
            explained: self.guard.is_explained(),
            available: inputs.available(),
            burn: inputs.burn(),
            restore_at: self.guard.restore_at(inputs),
            record: self.record.iter().cloned().collect(),
        }
    }
}

fn text(guard: &Guard) -> Result<String, Error> {
    serde_json::to_string(guard)
        .map_err(|error| Error::new(Code::Internal, format!("a guard is no text: {error}")))
}
