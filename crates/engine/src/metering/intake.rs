//! Intake: a batch of messages is decoded, judged, written in one transaction, and then acknowledged.

mod batch;

use std::{collections::BTreeSet, sync::Arc};

use enerlink_domain::{
    BrokerAddress, DeviceState, Error, Event, MeterId, MicroWh, Notice, Sensors, Subsystem, Verdict,
    reading::Response, register::Pair, view::MessageDirection,
};
use enerlink_meter::{DecodeError, Incoming, Message, Packet};
use enerlink_store::{MessageLog, Sample};

use self::batch::Batch;
use super::{
    MeterLive, Metering,
    brokers::{FromBroker, Heard},
};

/// Messages that are shown while others are written, at most. More wait: they are judged twice.
const AHEAD: usize = 64;

/// A message that cannot be decoded, in the log and in the tally.
fn undecoded(error: &DecodeError) -> Refusal {
    Refusal {
        word: error.reason(),
        text: format!("{}: {error}", error.reason()),
    }
}

/// Why a message does not count.
struct Refusal {
    /// Counted under this word.
    word: &'static str,
    /// The word, and more for the log.
    text: String,
}

impl Refusal {
    fn plain(word: &'static str) -> Self {
        Self {
            word,
            text: word.to_owned(),
        }
    }
}

/// Who has sent a packet, and what it says; or, of one meter that has, why it cannot be told.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time; boxing would cost an allocation for each message"
)]
enum Sender {
    Known(MeterLive, Message),
    /// An answer on a topic that several meters share: the command knows whose it is.
    Shared(Vec<MeterId>, Message),
    Unread(Option<MeterLive>, Refusal),
}

impl Metering {
    /// Writes `packets` and acknowledges them. Answers what has come meanwhile.
    pub(super) async fn record(
        &mut self,
        mut packets: Vec<(Arc<BrokerAddress>, Heard)>,
    ) -> Result<Vec<FromBroker>, Error> {
        if packets.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = Batch::default();
        for (address, heard) in &mut packets {
            self.judge(&mut batch, address, heard);
        }
        // Whoever watches sees at once what a meter says; all that rests on it waits until it is durable, and is told then.
        for live in batch.touched.values() {
            self.tell_early(live);
        }
        let began = self.clock.monotonic();
        let (notices, meanwhile) = self.write(&batch).await?;
        self.diagnostics
            .committed(packets.len(), self.clock.monotonic() - began);
        for (_, heard) in packets {
            heard.packet.ack.confirm();
        }
        self.notices.tell(&notices);
        batch.hand_over(&self.commands);
        let touched: BTreeSet<MeterId> = batch.touched.keys().cloned().collect();
        self.state.send_modify(|state| state.extend(batch.touched));
        self.review(Some(&touched)).await?;
        for meter in &batch.changed {
            self.tell_meter(meter);
        }
        Ok(meanwhile)
    }

    /// Writes `batch`. Answers the notices in it, and what has come meanwhile, which was shown and is still to be recorded.
    async fn write(&mut self, batch: &Batch) -> Result<(Vec<Notice>, Vec<FromBroker>), Error> {
        let (store, now) = (self.store.clone(), self.clock.wall());
        let written = async {
            let tx = store.begin().await?;
            let notices = batch.write(&tx, now).await?;
            tx.commit().await?;
            Ok::<_, Error>(notices)
        };
        tokio::pin!(written);
        let (mut meanwhile, mut shown) = (Vec::new(), None);
        loop {
            tokio::select! {
                biased;
                notices = &mut written => return Ok((notices?, meanwhile)),
                Some(next) = self.incoming.1.recv(), if meanwhile.len() < AHEAD => {
                    let shown = shown.get_or_insert_with(|| batch.continued());
                    meanwhile.push(self.show(shown, next));
                }
            }
        }
    }

    /// Shows what a meter says, by a judgement that is forgotten: it is judged again when what was before it is written.
    fn show(&self, shown: &mut Batch, (address, incoming, read): FromBroker) -> FromBroker {
        let Incoming::Packet(packet) = incoming else {
            return (address, incoming, read);
        };
        let mut heard = Heard { packet, read };
        self.judge(shown, &address, &mut heard);
        let meter = shown.logs.pop().and_then(|log| log.meter_id);
        if let Some(live) = meter.and_then(|meter| shown.touched.get(&meter)) {
            self.tell_early(live);
        }
        (address, Incoming::Packet(heard.packet), heard.read)
    }

    fn tell_early(&self, live: &MeterLive) {
        self.bus.tell(Event::Device(DeviceState {
            stored: false,
            ..live.device.clone()
        }));
    }

    fn judge(&self, batch: &mut Batch, address: &BrokerAddress, heard: &mut Heard) {
        let sender = self.sender(batch, address, heard);
        let packet = &heard.packet;
        let mut log = MessageLog {
            received_at: packet.received_at,
            direction: MessageDirection::In,
            topic: packet.topic.clone(),
            meter_id: None,
            correlation_id: None,
            payload: packet.payload.clone(),
            accepted: false,
            reason: None,
            retained: packet.retained,
            duplicate: packet.duplicate,
        };
        let refusal = match sender {
            Sender::Unread(None, refusal) => Some(refusal),
            Sender::Unread(Some(mut live), refusal) => {
                log.meter_id = Some(live.meter.id.clone());
                batch.refuse(&mut live, refusal.word);
                batch.put(live);
                Some(refusal)
            }
            Sender::Shared(meters, message) => {
                log.correlation_id = correlation_id(&message).map(str::to_owned);
                batch.share(meters, message);
                None
            }
            Sender::Known(mut live, message) => {
                log.meter_id = Some(live.meter.id.clone());
                log.correlation_id = correlation_id(&message).map(str::to_owned);
                let word = self.accept(batch, &mut live, message, packet);
                if let Some(word) = word {
                    batch.refuse(&mut live, word);
                }
                batch.put(live);
                word.map(Refusal::plain)
            }
        };
        if let Some(refusal) = refusal {
            tracing::debug!(topic = packet.topic, reason = refusal.text, "message not counted");
            log.reason = Some(refusal.text);
        }
        log.accepted = log.reason.is_none();
        batch.logs.push(log);
    }

    /// Which meter a packet is from: the one that it names, else the only one on its topic.
    fn sender(&self, batch: &mut Batch, address: &BrokerAddress, heard: &mut Heard) -> Sender {
        let state = self.state.borrow();
        let here: Vec<&MeterLive> = state
            .values()
            .filter(|live| {
                let Some(meter) = Some(&live.meter).filter(|meter| meter.retired_at.is_none()) else {
                    return false;
                };
                meter.base_topic == heard.packet.base_topic && meter.broker == *address
            })
            .collect();
        let Some(first) = here.first() else {
            let text = "no_meter: nobody listens to this topic".to_owned();
            return Sender::Unread(
                None,
                Refusal {
                    word: "no_meter",
                    text,
                },
            );
        };
        let message = match heard.say(first.meter.units) {
            Ok(message) => message,
            Err(error) => return Sender::Unread(Some(batch.take(first)), undecoded(&error)),
        };
        if let Message::Response(_) = message
            && here.len() > 1
        {
            let asked = self.commands.asked(correlation_id(&message).unwrap_or_default());
            if let Some((meter, _)) = asked
                && let Some(live) = here.iter().find(|live| live.meter.id == meter)
            {
                return Sender::Known(batch.take(live), message);
            }
            let ids = here.iter().map(|live| live.meter.id.clone()).collect();
            return Sender::Shared(ids, message);
        }
        let Some(named) = named_meter(&message) else {
            return match here.len() {
                1 => Sender::Known(batch.take(first), message),
                _ => Sender::Unread(
                    None,
                    Refusal {
                        word: "unnamed",
                        text: "unnamed: several meters share this topic, and the message names none"
                            .to_owned(),
                    },
                ),
            };
        };
        if *named == first.meter.id {
            return Sender::Known(batch.take(first), message);
        }
        let Some(other) = here.iter().find(|live| live.meter.id == *named) else {
            let text = format!("other_meter: the message names meter {named}");
            let only = (here.len() == 1).then(|| batch.take(first));
            return Sender::Unread(
                only,
                Refusal {
                    word: "other_meter",
                    text,
                },
            );
        };
        // The units belong to the meter that the message turned out to be from.
        match heard.say(other.meter.units) {
            Ok(message) => Sender::Known(batch.take(other), message),
            Err(error) => Sender::Unread(Some(batch.take(other)), undecoded(&error)),
        }
    }

    /// Takes a decoded message in; answers why it does not count, if so.
    fn accept(
        &self,
        batch: &mut Batch,
        live: &mut MeterLive,
        message: Message,
        packet: &Packet,
    ) -> Option<&'static str> {
        let (at, moment) = (packet.received_at, self.clock.monotonic());
        let id = live.meter.id.clone();
        match message {
            Message::Sensors(sensors) => self.count(batch, live, sensors, packet),
            Message::Heartbeat(_) if packet.retained => Some("retained"),
            Message::Heartbeat(heartbeat) => {
                if live.beat(at, moment, &heartbeat) {
                    batch.booted(live, moment);
                }
                batch.heartbeats.push((id, at, heartbeat));
                None
            }
            Message::Status(status) => {
                if live.meter.capabilities.learn_status(&status) {
                    batch.changed.insert(id.clone());
                }
                // A state from an unknown time is better than none, and worse than any other.
                if packet.retained && live.device.status.is_some() {
                    return Some("retained");
                }
                if live.report(at, &status) {
                    batch.booted(live, moment);
                }
                batch.statuses.push((id, at, status, packet.retained));
                None
            }
            Message::Response(_) if packet.retained => Some("retained"),
            Message::Response(response) => {
                let known = &mut live.meter.capabilities;
                let counters = response.export_before_reset.is_some();
                if !known.responds || (counters && !known.reports_counters) {
                    known.responds = true;
                    known.reports_counters |= counters;
                    batch.changed.insert(id.clone());
                }
                self.count_reset(batch, live, &response, packet);
                batch.responses.push((id, response));
                None
            }
        }
    }

    /// Moves the registers by a sensors message, if it is one that counts.
    fn count(
        &self,
        batch: &mut Batch,
        live: &mut MeterLive,
        sensors: Sensors,
        packet: &Packet,
    ) -> Option<&'static str> {
        let at = packet.received_at;
        let period = self.rules.borrow().period(&live.meter);
        let moment = self.clock.monotonic();
        let (verdict, before) = match batch.judge(live, &sensors, packet) {
            Ok(judged) => judged,
            Err(word) => return Some(word),
        };
        let id = live.meter.id.clone();
        // Whoever opened the meter on chain has decided about the opening balance.
        if verdict == Verdict::First && live.meter.take_opening {
            live.meter.take_opening = false;
            if self.is_open(&id) {
                batch.changed.insert(id.clone());
            } else {
                live.set_opening(true);
            }
        }
        let begun = live.registers.filter(|_| verdict == Verdict::First);
        let start = begun.unwrap_or(before);
        let start = Pair {
            export: start.export,
            import: start.import,
        };
        live.roll_period(at, period, start);
        batch.remark(live, verdict, before.boot, moment);
        let sample = sample(live, &sensors, verdict, packet);
        batch.samples.entry(id.clone()).or_default().push(sample);
        if live.hear(at, moment, sensors) {
            batch.changed.insert(id);
        }
        None
    }

    /// Counts what a meter that is followed by its settlement counters tells of them in its answer to a reset: that is a
    /// reading too, the last of its epoch.
    fn count_reset(&self, batch: &mut Batch, live: &mut MeterLive, response: &Response, packet: &Packet) {
        let Some(shown) = response.before_reset() else {
            return;
        };
        let asked = self.commands.asked(&response.correlation_id);
        let Some((_, Some(epoch))) = asked.filter(|(meter, _)| *meter == live.meter.id) else {
            return;
        };
        let sensors = shown_before_reset(live, shown);
        let Some((verdict, before)) = batch.judge_reset(live, &sensors, (shown, epoch), packet) else {
            return;
        };
        let start = Pair {
            export: before.export,
            import: before.import,
        };
        live.roll_period(packet.received_at, self.rules.borrow().period(&live.meter), start);
        batch.remark(live, verdict, before.boot, self.clock.monotonic());
        let sample = sample(live, &sensors, verdict, packet);
        batch
            .samples
            .entry(live.meter.id.clone())
            .or_default()
            .push(sample);
    }
}

/// What an answer shows that was given just before a reset: settlement counters, and nothing else.
fn shown_before_reset(live: &MeterLive, shown: Pair<MicroWh>) -> Sensors {
    let counter = |energy| {
        Some(Subsystem {
            settlement_energy: Some(energy),
            ..Subsystem::default()
        })
    };
    Sensors {
        meter_id: Some(live.meter.id.clone()),
        export: counter(shown.export),
        import: counter(shown.import),
        family: live.meter.family,
        ..Sensors::default()
    }
}

fn named_meter(message: &Message) -> Option<&MeterId> {
    match message {
        Message::Sensors(sensors) => sensors.meter_id.as_ref(),
        Message::Heartbeat(heartbeat) => heartbeat.meter_id.as_ref(),
        Message::Status(status) => status.meter_id.as_ref(),
        Message::Response(_) => None,
    }
}

fn correlation_id(message: &Message) -> Option<&str> {
    match message {
        Message::Response(response) => Some(&response.correlation_id),
        Message::Sensors(_) | Message::Heartbeat(_) | Message::Status(_) => None,
    }
}

/// What a counted message adds to the rollups. Produced and used energy are for the eye, so that a counter that
/// restarts simply adds nothing.
fn sample(live: &MeterLive, sensors: &Sensors, verdict: Verdict, packet: &Packet) -> Sample {
    let added = match verdict {
        Verdict::Counted { added, .. } => added,
        Verdict::First | Verdict::Refused { .. } => Pair::default(),
    };
    let last = live.device.sensors.as_ref().map(|(_, sensors)| sensors);
    let grown = |pick: fn(&Sensors) -> Option<MicroWh>| -> MicroWh {
        let growth = last
            .and_then(pick)
            .zip(pick(sensors))
            .and_then(|(last, now)| now.checked_sub(last));
        growth.unwrap_or_default()
    };
    Sample {
        at: packet.received_at,
        solar: sensors.solar.and_then(|solar| solar.power),
        load: sensors.load.and_then(|load| load.power),
        grid: sensors.grid_power(),
        battery: sensors.battery_power(),
        produced: grown(|sensors| sensors.solar?.total_energy),
        used: grown(|sensors| sensors.load?.total_energy),
        exported: added.export,
        imported: added.import,
    }
}
