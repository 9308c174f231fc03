//! What a batch of messages changes, prepared in memory and written at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use enerlink_domain::{
    Error, Heartbeat, MeterId, MicroWh, Notice, NoticeKind, Registers, Sensors, StatusSnapshot, UnixMillis,
    Verdict,
    reading::Response,
    register::{CounterSource, Delivery, Pair, Reason, Remark},
};
use enerlink_meter::{Message, Packet};
use enerlink_store::{
    MessageLog, Sample, StoredReading, Tx, heartbeats, messages, meters, readings, registers, rollups,
    statuses, tallies,
};

use crate::{
    commands,
    metering::MeterLive,
    notices::{self, Change},
};

/// An occurrence is told once a minute at most; the tally has every one.
const SAME_OCCURRENCE: Duration = Duration::from_secs(60);

/// What is to be written, and what is to be told afterwards.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) logs: Vec<MessageLog>,
    pub(super) readings: Vec<StoredReading>,
    pub(super) samples: BTreeMap<MeterId, Vec<Sample>>,
    pub(super) heartbeats: Vec<(MeterId, UnixMillis, Heartbeat)>,
    /// With whether the broker had kept it.
    pub(super) statuses: Vec<(MeterId, UnixMillis, StatusSnapshot, bool)>,
    pub(super) responses: Vec<(MeterId, Response)>,
    /// Meters that have shown something new of themselves.
    pub(super) changed: BTreeSet<MeterId>,
    /// Meters that something was heard of, as they are after the batch.
    pub(super) touched: BTreeMap<MeterId, MeterLive>,
    tallies: BTreeMap<MeterId, BTreeMap<String, u64>>,
    occurrences: Vec<Change>,
    /// Meters whose registers have moved, or are suspected of a reboot.
    moved: BTreeSet<MeterId>,
}

impl Batch {
    /// An empty batch that goes on where this one ends.
    pub(super) fn continued(&self) -> Self {
        Self {
            touched: self.touched.clone(),
            ..Self::default()
        }
    }

    /// The meter as this batch has left it so far; to be [`Batch::put`] back.
    pub(super) fn take(&mut self, live: &MeterLive) -> MeterLive {
        self.touched
            .remove(&live.meter.id)
            .unwrap_or_else(|| live.clone())
    }

    pub(super) fn put(&mut self, live: MeterLive) {
        self.touched.insert(live.meter.id.clone(), live);
    }

    /// An answer of one of `meters`.
    pub(super) fn share(&mut self, meters: Vec<MeterId>, message: Message) {
        if let Message::Response(response) = message {
            let each = meters.into_iter().map(|meter| (meter, response.clone()));
            self.responses.extend(each);
        }
    }

    /// Counts a message of `live` that does not count.
    pub(super) fn refuse(&mut self, live: &mut MeterLive, word: &str) {
        live.device.refused += 1;
        self.tally(live, word);
    }

    fn tally(&mut self, live: &mut MeterLive, word: &str) {
        *live.device.tally.entry(word.to_owned()).or_default() += 1;
        let more = self.tallies.entry(live.meter.id.clone()).or_default();
        *more.entry(word.to_owned()).or_default() += 1;
    }

    /// Judges a sensors message. Answers the verdict and the registers before it, or why it does not count.
    pub(super) fn judge(
        &mut self,
        live: &mut MeterLive,
        sensors: &Sensors,
        packet: &Packet,
    ) -> Result<(Verdict, Registers), &'static str> {
        let id = live.meter.id.clone();
        if live.meter.source.is_none() && !packet.retained {
            live.meter.source = CounterSource::offered_by(sensors);
            if live.meter.source.is_some() {
                self.changed.insert(id.clone());
            }
        }
        let unknown = match packet.retained {
            true => Reason::Retained,
            false => Reason::NoCounters,
        };
        let source = live.meter.source.ok_or(unknown.as_str())?;
        let before = live.registers.unwrap_or_else(|| Registers::new(source));
        let mut registers = before;
        let verdict = registers.apply(
            sensors,
            packet.received_at,
            delivery(packet),
            live.meter.rated_power_w,
        );
        self.note(id, sensors, verdict, &registers, packet);
        if let Verdict::Refused { reason } = verdict {
            // A refused message may still be a sign of a reboot, which has to be remembered.
            live.registers = live.registers.map(|_| registers);
            return Err(reason.as_str());
        }
        live.device.counted += 1;
        live.registers = Some(registers);
        Ok((verdict, before))
    }

    /// Judges what a meter has shown just before a reset that was asked for in an epoch. Answers the verdict and the
    /// registers before it; none when it does not count.
    pub(super) fn judge_reset(
        &mut self,
        live: &mut MeterLive,
        sensors: &Sensors,
        (shown, asked_in): (Pair<MicroWh>, u32),
        packet: &Packet,
    ) -> Option<(Verdict, Registers)> {
        let before = live.registers?;
        let mut registers = before;
        let rated = live.meter.rated_power_w;
        let verdict = registers.count_reset(shown, asked_in, packet.received_at, rated)?;
        self.note(live.meter.id.clone(), sensors, verdict, &registers, packet);
        live.registers = Some(registers);
        Some((verdict, before))
    }

    /// Keeps a reading, and the registers as it leaves them.
    fn note(
        &mut self,
        meter: MeterId,
        sensors: &Sensors,
        verdict: Verdict,
        registers: &Registers,
        packet: &Packet,
    ) {
        self.readings.push(StoredReading {
            meter_id: meter.clone(),
            received_at: packet.received_at,
            sensors: sensors.clone(),
            verdict,
            registers: Some((registers.export, registers.import)),
            epoch: registers.epoch,
            boot: registers.boot,
        });
        self.moved.insert(meter);
    }

    /// Counts what was special about a message, and tells the household of what it should know. `boot` is the one before.
    pub(super) fn remark(&mut self, live: &mut MeterLive, verdict: Verdict, boot: u32, moment: Duration) {
        let Verdict::Counted {
            new_epoch, remark, ..
        } = verdict
        else {
            return;
        };
        if let Some(remark) = remark.filter(|remark| *remark != Remark::Rebooted) {
            self.tally(live, remark.as_str());
        }
        // A remark is the first of several: whoever boots may have lost the counters as well.
        if live.registers.is_some_and(|registers| registers.boot > boot) {
            self.booted(live, moment);
        }
        // Settlement counters are set back after each settlement, by design.
        if new_epoch && live.meter.source == Some(CounterSource::Total) {
            let epoch = live.registers.map_or(0, |registers| registers.epoch);
            self.occur(live, NoticeKind::CounterReset, epoch.to_string(), moment);
        }
    }

    /// The device has booted: sensors messages show it, or heartbeat and status where those cannot.
    pub(super) fn booted(&mut self, live: &mut MeterLive, moment: Duration) {
        self.tally(live, Remark::Rebooted.as_str());
        live.run.booted = Some(moment);
    }

    fn occur(&mut self, live: &mut MeterLive, kind: NoticeKind, detail: String, moment: Duration) {
        let last = live.run.told.get(&kind);
        if last.is_some_and(|last| moment.saturating_sub(*last) < SAME_OCCURRENCE) {
            return;
        }
        live.run.told.insert(kind, moment);
        self.occurrences.push(Change::Raise {
            meter: Some(live.meter.id.clone()),
            kind,
            detail,
        });
    }

    /// Writes everything; answers the notices that are to be told once it is committed.
    pub(super) async fn write(&self, tx: &Tx, now: UnixMillis) -> Result<Vec<Notice>, Error> {
        messages::insert(tx, &self.logs).await?;
        readings::insert(tx, &self.readings).await?;
        rollups::add(tx, &self.samples).await?;
        for (meter, at, heartbeat) in &self.heartbeats {
            heartbeats::insert(tx, meter, *at, heartbeat).await?;
        }
        for (meter, at, status, _) in &self.statuses {
            statuses::insert(tx, meter, *at, status).await?;
        }
        for (meter, more) in &self.tallies {
            tallies::add(tx, meter, more).await?;
        }
        for live in self.changed.iter().filter_map(|meter| self.touched.get(meter)) {
            meters::update(tx, &live.meter).await?;
        }
        let moved = self.moved.iter().filter_map(|meter| {
            let live = self.touched.get(meter)?;
            Some((meter, live.registers.as_ref()?))
        });
        registers::save_all(tx, moved, now).await?;
        notices::write(tx, &self.occurrences, now).await
    }

    /// Lets the commands know what was answered and what can be seen.
    pub(super) fn hand_over(&mut self, commands: &commands::Handle) {
        for (meter, response) in self.responses.drain(..) {
            commands.answered(meter, response);
        }
        for (meter, _, status, retained) in &self.statuses {
            if !retained {
                commands.observed(meter, Some(status), None);
            }
        }
        for reading in &self.readings {
            if !matches!(reading.verdict, Verdict::Refused { .. }) {
                commands.observed(&reading.meter_id, None, Some(&reading.sensors));
            }
        }
    }
}

/// What the broker says of a packet.
fn delivery(packet: &Packet) -> Delivery {
    match (packet.retained, packet.duplicate) {
        (true, _) => Delivery::Retained,
        (false, true) => Delivery::Again,
        (false, false) => Delivery::First,
    }
}
