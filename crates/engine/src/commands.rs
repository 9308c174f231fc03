//! Commands to meters: stored, sent, then answered, observed or timed out. The same correlation id goes with every
//! attempt, so that a meter can tell a repetition from a new wish.

mod course;
mod evidence;
mod handle;
mod limits;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_domain::{
    Clock, CommandStage, CommandView, Error, Event, Meter, MeterCommand, MeterId, Sensors, StatusSnapshot,
    UnixMillis, device::PayloadFamily, reading::Response, view::MessageDirection,
};
use enerlink_meter::{Route, encode};
use enerlink_store::{CommandRow, MessageLog, Store, commands as rows, messages, notices, readings};
use tokio::sync::{OnceCell, mpsc, watch};
use uuid::Uuid;

pub(crate) use self::handle::Handle;
use self::{
    course::{Course, LATE_WITHIN_MS, Now, Step},
    evidence::Evidence,
    handle::{Awaited, PAGE_ROWS, Request},
    limits::Rate,
};
use crate::{
    bus::Bus,
    diagnostics,
    metering::{self, MeterLive},
    meters,
    task::Task,
};

/// With nothing on its way there is nothing to look at.
const IDLE: Duration = Duration::from_secs(3600);

pub(crate) struct Commands {
    clock: Arc<dyn Clock>,
    store: Store,
    bus: Bus,
    diagnostics: diagnostics::Handle,
    inbox: mpsc::Receiver<Request>,
    /// Meters that have settled.
    settled: mpsc::UnboundedReceiver<MeterId>,
    /// Metering sends for this task and is sent answers by it, so one of the two learns of the other later.
    metering: Arc<OnceCell<metering::Handle>>,
    /// Every command of which something may still be heard, by its correlation id.
    courses: BTreeMap<String, Course>,
    awaited: watch::Sender<Awaited>,
    rate: Rate,
}

impl Commands {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        store: Store,
        bus: Bus,
        diagnostics: diagnostics::Handle,
    ) -> (Self, Handle, Arc<OnceCell<metering::Handle>>) {
        let (sender, inbox) = mpsc::channel(256);
        let (settled_sender, settled) = mpsc::unbounded_channel();
        let (awaited, reader) = watch::channel(Awaited::default());
        let metering = Arc::new(OnceCell::new());
        let commands = Self {
            clock,
            store,
            bus,
            diagnostics,
            inbox,
            settled,
            metering: Arc::clone(&metering),
            courses: BTreeMap::new(),
            awaited,
            rate: Rate::default(),
        };
        (commands, Handle::new(sender, settled_sender, reader), metering)
    }

    /// Takes up what a former run has left.
    async fn load(&mut self) -> Result<(), Error> {
        let now = self.now();
        let reader = self.store.reader();
        let mut found = rows::unfinished(&reader).await?;
        for meter in self.meters() {
            found.extend(self.silent(&meter, now).await?);
        }
        for row in found {
            let mut course = Course::resumed(row.view, row.json, now);
            let view = &course.view;
            if view.command == Some(MeterCommand::ResetSettlement) {
                course.reset_in = readings::epoch(&reader, &view.meter_id, view.created_at).await?;
            }
            self.courses.insert(course.view.correlation_id.clone(), course);
        }
        self.note_watched();
        Ok(())
    }

    /// Commands of `meter` that have ended in silence not long ago, and that no newer one has undone since.
    async fn silent(&self, meter: &MeterId, now: Now) -> Result<Vec<CommandRow>, Error> {
        let reader = self.store.reader();
        let since = now.wall.0.saturating_sub(LATE_WITHIN_MS);
        let ended = rows::timed_out_since(&reader, meter, UnixMillis(since)).await?;
        let recent = rows::list(&reader, meter, PAGE_ROWS, None).await?.rows;
        let key = |view: &CommandView| view.command.as_ref().map(limits::key);
        let undone = |view: &CommandView| {
            let newer = recent.iter().filter(|other| other.created_at > view.created_at);
            newer.map(key).any(|other| other == key(view))
        };
        Ok(ended.into_iter().filter(|row| !undone(&row.view)).collect())
    }

    async fn answer(&mut self, request: Request) -> Result<(), Error> {
        match request {
            Request::Send(meter, command, confirmed, reply) => {
                let answer = self.wish(&meter, command, confirmed).await;
                let _ = reply.send(answer);
                Ok(())
            }
            Request::Guard(meter, mode, reply) => {
                let answer = match self.live(&meter) {
                    Ok(live) => self.create(&live, MeterCommand::Grid { mode }, true).await,
                    Err(error) => Err(error),
                };
                let _ = reply.send(answer);
                Ok(())
            }
            Request::Answered(meter, response) => self.answered(&meter, &response).await,
            Request::Observed(meter, status, sensors) => {
                self.observed(&meter, status.as_deref(), sensors.as_deref()).await
            }
        }
    }

    /// A person's command.
    async fn wish(
        &mut self,
        meter: &MeterId,
        command: MeterCommand,
        confirmed: bool,
    ) -> Result<CommandView, Error> {
        let live = self.live(meter)?;
        let command = limits::checked(command, &live.meter, confirmed)?;
        let key = limits::key(&command);
        self.rate.take(meter, &key, self.clock.monotonic())?;
        self.create(&live, command, false).await
    }

    /// Where a reset would lose what flows between the last message and itself, the household may accept that.
    async fn reset(&mut self, meter: &MeterId) -> Result<(), Error> {
        let Ok(live) = self.live(meter) else { return Ok(()) };
        if live.meter.retired_at.is_none() && live.meter.resets_display() {
            self.create(&live, MeterCommand::ResetSettlement, true).await?;
        }
        Ok(())
    }

    async fn create(
        &mut self,
        live: &MeterLive,
        command: MeterCommand,
        automatic: bool,
    ) -> Result<CommandView, Error> {
        let now = self.now();
        let correlation_id = Uuid::new_v4().to_string();
        let json = encode(&command, &correlation_id, now.wall);
        let before = live.device.sensors.as_ref().map(|(_, sensors)| sensors.clone());
        let evidence = Evidence::of(before, live.device.interval_ms);
        let view = CommandView {
            correlation_id: correlation_id.clone(),
            meter_id: live.meter.id.clone(),
            command: Some(command),
            stage: CommandStage::Queued,
            attempts: 0,
            created_at: now.wall,
            sent_at: None,
            finished_at: None,
            error: None,
        };
        let mut course = Course::new(view, json, evidence, now);
        course.automatic = automatic;
        if course.view.command == Some(MeterCommand::ResetSettlement) {
            course.reset_in = live.registers.map(|registers| registers.epoch);
        }
        let tx = self.store.begin().await?;
        rows::insert(&tx, &row(&course)).await?;
        tx.commit().await?;
        self.bus.tell(Event::Command(course.view.clone()));
        self.replace_older(&course).await?;
        self.courses.insert(correlation_id, course.clone());
        // Its answer may come before the broker's acknowledgement does.
        self.note_watched();
        let course = self.attempt(course).await?;
        Ok(course.view)
    }

    /// Repeating an older command for the same output would undo the newer one.
    async fn replace_older(&mut self, newer: &Course) -> Result<(), Error> {
        let key = |course: &Course| course.view.command.as_ref().map(limits::key);
        let reset = |course: &Course| course.view.command.as_ref().is_none_or(MeterCommand::resets);
        let older: Vec<String> = self
            .courses
            .values()
            .filter(|course| course.view.meter_id == newer.view.meter_id)
            .filter(|course| !reset(course) && key(course) == key(newer))
            .map(|course| course.view.correlation_id.clone())
            .collect();
        for id in older {
            let Some(mut course) = self.courses.remove(&id) else {
                continue;
            };
            if course.replace(self.now()) {
                self.save(&course, None).await?;
            }
        }
        self.note_watched();
        Ok(())
    }

    /// Hands a command to the broker. Without a connection that is no attempt.
    async fn attempt(&mut self, mut course: Course) -> Result<Course, Error> {
        let live = self.live(&course.view.meter_id);
        let outcome = match (&live, self.metering.get()) {
            (Ok(live), Some(metering)) => metering.publish(&live.meter.id, course.json.clone()).await,
            _ => Err(meters::unknown(&course.view.meter_id)),
        };
        let now = self.now();
        let news = match &outcome {
            Ok(()) => {
                course.sent(now);
                true
            }
            Err(error) => course.held_back(&error.message, now.steady),
        };
        if news {
            let log = live.map(|live| outbound(&course, &live.meter, outcome.err(), now));
            self.save(&course, log.ok()).await?;
        }
        self.keep(course.clone());
        Ok(course)
    }

    async fn answered(&mut self, meter: &MeterId, response: &Response) -> Result<(), Error> {
        let now = self.now();
        let known = self.courses.get(&response.correlation_id).cloned();
        let stored = match known {
            Some(course) => Some(course),
            // It may have ended long ago.
            None => rows::get(&self.store.reader(), &response.correlation_id)
                .await?
                .map(|row| Course::resumed(row.view, row.json, now)),
        };
        let Some(mut course) = stored.filter(|course| course.view.meter_id == *meter) else {
            tracing::info!(%meter, id = response.correlation_id, "answer to an unknown command");
            return Ok(());
        };
        if course.answered(response, now) {
            self.time(&course, now);
            self.save(&course, None).await?;
            self.keep(course);
        }
        Ok(())
    }

    async fn observed(
        &mut self,
        meter: &MeterId,
        status: Option<&StatusSnapshot>,
        sensors: Option<&Sensors>,
    ) -> Result<(), Error> {
        let now = self.now();
        let mut shown = Vec::new();
        for course in self.courses.values_mut() {
            if course.view.meter_id == *meter && course.observed(status, sensors, now) {
                shown.push(course.clone());
            }
        }
        for course in shown {
            self.time(&course, now);
            self.save(&course, None).await?;
            self.keep(course);
        }
        Ok(())
    }

    /// Does what is due: repeats, gives up, forgets.
    async fn turn(&mut self) -> Result<(), Error> {
        let now = self.now();
        let due: Vec<(String, Step)> = self
            .courses
            .iter()
            .map(|(id, course)| (id.clone(), course.step(now)))
            .filter(|(_, step)| *step != Step::Wait)
            .collect();
        for (id, step) in due {
            let Some(mut course) = self.courses.get(&id).cloned() else {
                continue;
            };
            match step {
                Step::Wait => {}
                Step::Send => {
                    self.attempt(course).await?;
                }
                Step::End => {
                    let answers = self
                        .live(&course.view.meter_id)
                        .is_ok_and(|live| live.meter.capabilities.responds);
                    course.end(answers, now);
                    self.save(&course, None).await?;
                    self.keep(course);
                }
                Step::Forget => {
                    self.courses.remove(&id);
                    self.note_watched();
                }
            }
        }
        Ok(())
    }

    /// Stores a changed command with what hangs on it, then tells.
    async fn save(&self, course: &Course, log: Option<MessageLog>) -> Result<(), Error> {
        let tx = self.store.begin().await?;
        rows::update(&tx, &row(course)).await?;
        if let Some(log) = log {
            messages::insert(&tx, &[log]).await?;
        }
        let notice = match course.notice() {
            Some((kind, detail)) => {
                let meter = Some(&course.view.meter_id);
                Some(notices::raise(&tx, meter, kind, &detail, self.clock.wall()).await?)
            }
            None => None,
        };
        tx.commit().await?;
        let CommandView {
            meter_id,
            correlation_id,
            stage,
            ..
        } = &course.view;
        tracing::info!(meter = %meter_id, id = correlation_id, stage = stage.as_str(), "command");
        self.bus.tell(Event::Command(course.view.clone()));
        if let Some(notice) = notice {
            self.bus.tell(Event::Notice(notice));
        }
        Ok(())
    }

    /// Remembers a command as long as something may be heard of it.
    fn keep(&mut self, course: Course) {
        let id = course.view.correlation_id.clone();
        if course.is_watched() {
            self.courses.insert(id, course);
        } else {
            self.courses.remove(&id);
        }
        self.note_watched();
    }

    fn note_watched(&self) {
        let mut awaited = Awaited::default();
        for (id, course) in &self.courses {
            let meter = &course.view.meter_id;
            awaited.meters.insert(meter.clone());
            awaited
                .commands
                .insert(id.clone(), (meter.clone(), course.reset_in));
        }
        self.awaited.send_if_modified(|known| {
            let changed = *known != awaited;
            *known = awaited;
            changed
        });
    }

    fn time(&self, course: &Course, now: Now) {
        if let Some(sent) = course.first_sent {
            self.diagnostics.commanded(now.steady.saturating_sub(sent));
        }
    }

    fn live(&self, meter: &MeterId) -> Result<MeterLive, Error> {
        let lives = self.metering.get();
        let found = lives.and_then(|metering| metering.state.borrow().get(meter).cloned());
        found.ok_or_else(|| meters::unknown(meter))
    }

    fn meters(&self) -> Vec<MeterId> {
        self.metering
            .get()
            .map(|metering| metering.state.borrow().keys().cloned().collect())
            .unwrap_or_default()
    }

    fn now(&self) -> Now {
        Now {
            steady: self.clock.monotonic(),
            wall: self.clock.wall(),
        }
    }
}

/// The way of a command to `meter`.
pub(crate) fn route(meter: &Meter) -> Route {
    let newer = meter.family == Some(PayloadFamily::Envelope);
    Route {
        base_topic: meter.base_topic.clone(),
        meter_id: newer.then(|| meter.id.clone()),
    }
}

fn row(course: &Course) -> CommandRow {
    CommandRow {
        view: course.view.clone(),
        json: course.json.clone(),
    }
}

fn outbound(course: &Course, meter: &Meter, refusal: Option<Error>, now: Now) -> MessageLog {
    MessageLog {
        received_at: now.wall,
        direction: MessageDirection::Out,
        topic: route(meter).topic(),
        meter_id: Some(meter.id.clone()),
        correlation_id: Some(course.view.correlation_id.clone()),
        payload: course.json.clone().into_bytes(),
        accepted: refusal.is_none(),
        reason: refusal.map(|error| error.message),
        retained: false,
        duplicate: course.view.attempts > 1,
    }
}

impl Task for Commands {
    const NAME: &'static str = "commands";

    async fn run(&mut self) -> Result<(), Error> {
        self.load().await?;
        loop {
            self.turn().await?;
            let now = self.clock.monotonic();
            let next = self.courses.values().map(Course::next).min();
            let next = next.unwrap_or(now + IDLE);
            tokio::select! {
                biased;
                Some(request) = self.inbox.recv() => self.answer(request).await?,
                Some(meter) = self.settled.recv() => self.reset(&meter).await?,
                () = self.clock.sleep_until(next) => {}
            }
        }
    }
}
