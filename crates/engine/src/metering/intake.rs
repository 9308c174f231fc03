//! Intake: a batch of messages is decoded, judged, written in one transaction, and then acknowledged.

use std::collections::BTreeMap;

use enerlink_domain::{
    BrokerAddress, Error, Event, MeterId, MicroWh, Registers, Sensors, UnixMillis, Verdict,
    reading::{Heartbeat, Response, StatusSnapshot},
    register::{CounterSource, Pair, Reason},
};
use enerlink_meter::{Message, Packet, decode};
use enerlink_store::{
    Direction, MessageLog, Sample, StoredReading, Tx, heartbeats, messages, meters, readings, registers,
    rollups, statuses,
};

use super::{MeterLive, Metering};

/// What a batch changes, prepared in memory and written at once.
#[derive(Default)]
struct Batch {
    logs: Vec<MessageLog>,
    readings: Vec<StoredReading>,
    samples: BTreeMap<MeterId, Vec<Sample>>,
    heartbeats: Vec<(MeterId, Heartbeat)>,
    statuses: Vec<(MeterId, StatusSnapshot)>,
    responses: Vec<(MeterId, Response)>,
    /// Meters whose counters were recognised by this batch.
    sources: Vec<(MeterId, CounterSource)>,
    /// Meters that something was heard of, as they are after the batch.
    touched: BTreeMap<MeterId, MeterLive>,
}

impl Metering {
    /// Writes `packets` and acknowledges them.
    pub(super) async fn record(&mut self, packets: Vec<(BrokerAddress, Packet)>) -> Result<(), Error> {
        if packets.is_empty() {
            return Ok(());
        }
        let now = self.clock.wall();
        let mut batch = Batch::default();
        for (address, packet) in &packets {
            self.judge(&mut batch, address, packet, now);
        }
        let tx = self.store.begin().await?;
        write(&tx, &batch, now).await?;
        tx.commit().await?;
        for (_, packet) in packets {
            packet.ack.confirm();
        }
        for (meter, response) in batch.responses {
            self.commands.answered(meter, response);
        }
        for (meter, live) in batch.touched {
            let device = live.device.clone();
            self.state.send_modify(|state| {
                state.insert(meter, live);
            });
            self.bus.tell(Event::Device(device));
        }
        Ok(())
    }

    fn judge(&self, batch: &mut Batch, address: &BrokerAddress, packet: &Packet, now: UnixMillis) {
        let mut log = MessageLog {
            received_at: now,
            direction: Direction::In,
            topic: packet.topic.clone(),
            meter_id: None,
            payload: packet.payload.clone(),
            accepted: false,
            reason: None,
            retained: packet.retained,
            duplicate: packet.duplicate,
        };
        match self.attribute(batch, address, packet) {
            Err(reason) => log.reason = Some(reason),
            Ok((mut live, message)) => {
                log.meter_id = Some(live.meter.id.clone());
                log.reason = batch.accept(
                    &mut live,
                    message,
                    packet.retained,
                    now,
                    self.config.settling.period,
                );
                log.accepted = log.reason.is_none();
                batch.touched.insert(live.meter.id.clone(), live);
            }
        }
        if let Some(reason) = &log.reason {
            tracing::debug!(topic = packet.topic, reason, "message not counted");
        }
        batch.logs.push(log);
    }

    /// Which meter a packet is from, and what it says; or the reason why neither can be told.
    fn attribute(
        &self,
        batch: &mut Batch,
        address: &BrokerAddress,
        packet: &Packet,
    ) -> Result<(MeterLive, Message), String> {
        let state = self.state.borrow();
        let here =
            |live: &&MeterLive| live.meter.broker == *address && live.meter.base_topic == packet.base_topic;
        let Some(first) = state.values().find(here) else {
            return Err("no_meter: nobody listens to this topic".to_owned());
        };
        let message = match decode(packet.channel, &packet.payload, first.meter.units) {
            Ok(message) => message,
            Err(error) => {
                batch.touch(first).device.refused += 1;
                return Err(format!("{}: {error}", error.reason()));
            }
        };
        let named = named_meter(&message).filter(|id| **id != first.meter.id);
        let Some(id) = named else {
            return Ok((batch.touch(first).clone(), message));
        };
        let Some(other) = state.values().filter(here).find(|live| live.meter.id == *id) else {
            return Err(format!("other_meter: the message names meter {id}"));
        };
        // The units belong to the meter that the message turned out to be from.
        let message = decode(packet.channel, &packet.payload, other.meter.units)
            .map_err(|error| format!("{}: {error}", error.reason()))?;
        Ok((batch.touch(other).clone(), message))
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

impl Batch {
    /// The meter as this batch has left it so far.
    fn touch(&mut self, live: &MeterLive) -> &mut MeterLive {
        self.touched
            .entry(live.meter.id.clone())
            .or_insert_with(|| live.clone())
    }

    /// Takes a decoded message in; answers why it does not count, if so.
    fn accept(
        &mut self,
        live: &mut MeterLive,
        message: Message,
        retained: bool,
        now: UnixMillis,
        period: std::time::Duration,
    ) -> Option<String> {
        match message {
            Message::Sensors(sensors) => self.accept_sensors(live, sensors, retained, now, period),
            Message::Heartbeat(heartbeat) => {
                live.device.heartbeat = Some((now, heartbeat.clone()));
                self.heartbeats.push((live.meter.id.clone(), heartbeat));
                None
            }
            Message::Status(status) => {
                live.device.status = Some((now, status.clone()));
                self.statuses.push((live.meter.id.clone(), status));
                None
            }
            Message::Response(response) => {
                self.responses.push((live.meter.id.clone(), response));
                None
            }
        }
    }

    fn accept_sensors(
        &mut self,
        live: &mut MeterLive,
        sensors: Sensors,
        retained: bool,
        now: UnixMillis,
        period: std::time::Duration,
    ) -> Option<String> {
        if live.meter.source.is_none() && !retained {
            live.meter.source = CounterSource::offered_by(&sensors);
            self.sources
                .extend(live.meter.source.map(|source| (live.meter.id.clone(), source)));
        }
        let Some(source) = live.meter.source else {
            live.device.refused += 1;
            return Some(Reason::NoCounters.as_str().to_owned());
        };
        let mut registers = live.registers.unwrap_or_else(|| Registers::new(source));
        let before = Pair {
            export: registers.export,
            import: registers.import,
        };
        let verdict = registers.apply(&sensors, now, retained, live.meter.rated_power_w);
        let reason = match verdict {
            Verdict::First => None,
            Verdict::Counted { .. } => None,
            Verdict::Refused { reason } => Some(reason.as_str().to_owned()),
        };
        self.readings.push(StoredReading {
            meter_id: live.meter.id.clone(),
            received_at: now,
            sensors: sensors.clone(),
            verdict,
            registers: Some((registers.export, registers.import)),
            epoch: registers.epoch,
            boot: registers.boot,
        });
        if reason.is_some() {
            live.device.refused += 1;
            // A refused message may still be a sign of a reboot, which has to be remembered.
            live.registers = live.registers.map(|_| registers);
            return reason;
        }
        live.device.counted += 1;
        let start = if verdict == Verdict::First {
            Pair {
                export: registers.export,
                import: registers.import,
            }
        } else {
            before
        };
        live.roll_period(now, period, start);
        live.set_registers(registers);
        let sample = sample(live, &sensors, verdict, now);
        self.samples
            .entry(live.meter.id.clone())
            .or_default()
            .push(sample);
        live.hear(now, sensors);
        None
    }
}

/// What a counted message adds to the rollups. Produced and used energy are for the eye, so that a counter that
/// restarts simply adds nothing.
fn sample(live: &MeterLive, sensors: &Sensors, verdict: Verdict, now: UnixMillis) -> Sample {
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
        at: now,
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

async fn write(tx: &Tx, batch: &Batch, now: UnixMillis) -> Result<(), Error> {
    messages::insert(tx, &batch.logs).await?;
    readings::insert(tx, &batch.readings).await?;
    for (meter, samples) in &batch.samples {
        rollups::add(tx, meter, samples).await?;
    }
    for (meter, heartbeat) in &batch.heartbeats {
        heartbeats::insert(tx, meter, now, heartbeat).await?;
    }
    for (meter, status) in &batch.statuses {
        statuses::insert(tx, meter, now, status).await?;
    }
    for (meter, source) in &batch.sources {
        meters::set_source(tx, meter, *source).await?;
    }
    for (meter, live) in &batch.touched {
        if let Some(counted) = &live.registers {
            registers::save(tx, meter, counted, now).await?;
        }
    }
    Ok(())
}
