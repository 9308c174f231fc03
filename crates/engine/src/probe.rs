//! Probing: what is heard at a broker before a meter is added, and what is proposed for it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_domain::{
    BrokerAddress, Code, Error, MeterId, Sensors, StatusSnapshot, UnixMillis,
    command::Capabilities,
    proposal,
    reading::Units,
    view::{BrokerDraft, FoundMeter, Probe},
};
use enerlink_meter::{Heard, HeardPacket, Message, ScanConfig, decode, scan};

use crate::{Engine, broker_access::Access, meters};

/// Nobody waits longer for a meter that may be there.
const LONGEST: Duration = Duration::from_secs(120);
const SHORTEST: Duration = Duration::from_secs(1);

impl Engine {
    /// Listens at a broker, on one base topic or on all, for at most `patience`. Nothing is stored and nothing is sent.
    /// After [`Engine::stop_probe`] it answers at once, with nothing.
    pub async fn probe(
        &self,
        draft: BrokerDraft,
        base_topic: Option<String>,
        patience: Duration,
    ) -> Result<Probe, Error> {
        let broker = meters::parse_broker(&draft.url)?;
        let base_topic = base_topic.as_deref().map(meters::parse_topic).transpose()?;
        let access = self.access(draft, &broker).await?;
        let mut config = ScanConfig {
            broker,
            password: None,
            ca_pem: None,
            client_cert_pem: None,
            client_key_pem: None,
            base_topic,
            patience: patience.clamp(SHORTEST, LONGEST),
        };
        access.configure_scan(&mut config);
        let scan = tokio::select! {
            scan = scan(config, Arc::clone(&self.0.clock)) => scan?,
            () = self.0.probes.notified() => return Ok(Probe::default()),
        };
        Ok(Probe {
            found: scan.heard.iter().flat_map(found).collect(),
            others: scan.others,
        })
    }

    /// Ends every probe that listens now.
    pub fn stop_probe(&self) {
        self.0.probes.notify_waiters();
    }

    /// What the draft names, read and checked, and for the rest what is sealed for this broker already.
    pub(crate) async fn access(&self, draft: BrokerDraft, address: &BrokerAddress) -> Result<Access, Error> {
        let address = address.clone();
        self.with_keys(move |keystore| {
            let access = Access::given(&draft)?.or_sealed(keystore, &address)?;
            if !address.tls && draft.client_cert_file.is_some_and(|path| !path.trim().is_empty()) {
                let text = "certificates need an mqtts:// address";
                return Err(Error::new(Code::InvalidInput, text));
            }
            Ok(access)
        })
        .await
    }
}

/// What one meter behind a base topic has said.
#[derive(Default)]
struct Voice {
    sensors: Vec<(UnixMillis, Sensors)>,
    raw: Vec<HeardPacket>,
    status: Option<StatusSnapshot>,
    capabilities: Capabilities,
    messages: u32,
    live: bool,
    refused: Option<String>,
}

/// One for each meter that is named below a base topic; messages that name none belong to the only one, or are one of
/// their own.
fn found(heard: &Heard) -> Vec<FoundMeter> {
    let mut voices: BTreeMap<Option<MeterId>, Voice> = BTreeMap::new();
    for packet in &heard.packets {
        let message = decode(packet.channel, &packet.payload, Units::default());
        let named = match &message {
            Ok(Message::Sensors(sensors)) => sensors.meter_id.clone(),
            Ok(Message::Heartbeat(heartbeat)) => heartbeat.meter_id.clone(),
            Ok(Message::Status(status)) => status.meter_id.clone(),
            Ok(Message::Response(_)) | Err(_) => None,
        };
        voices.entry(named).or_default().take(packet, message);
    }
    let named: Vec<MeterId> = voices.keys().flatten().cloned().collect();
    if let [only] = named.as_slice()
        && let Some(unnamed) = voices.remove(&None)
    {
        voices.entry(Some(only.clone())).or_default().join(unnamed);
    }
    let several = voices.len() > 1;
    voices
        .into_iter()
        .map(|(meter_id, voice)| voice.propose(heard, meter_id, several))
        .collect()
}

impl Voice {
    fn take(&mut self, packet: &HeardPacket, message: Result<Message, enerlink_meter::DecodeError>) {
        self.messages += 1;
        self.live |= !packet.retained;
        match message {
            Ok(Message::Sensors(sensors)) => {
                self.refused = None;
                self.capabilities.learn_sensors(&sensors);
                // A message from an unknown time says nothing about the energy since.
                if !packet.retained || self.sensors.is_empty() {
                    self.sensors.push((packet.received_at, sensors));
                    self.raw.push(packet.clone());
                }
            }
            Ok(Message::Status(status)) => {
                self.capabilities.learn_status(&status);
                self.status = Some(status);
            }
            Ok(Message::Heartbeat(_)) => {}
            Ok(Message::Response(_)) => self.capabilities.responds = true,
            Err(error) => self.refused = Some(format!("{}: {error}", error.reason())),
        }
    }

    fn join(&mut self, other: Self) {
        self.messages += other.messages;
        self.live |= other.live;
        self.status = self.status.take().or(other.status);
        self.refused = self.refused.take().or(other.refused);
        let (mine, others) = (&mut self.capabilities, other.capabilities);
        mine.responds |= others.responds;
        if let Some(status) = &self.status {
            mine.learn_status(status);
        }
        if self.sensors.is_empty() {
            mine.battery |= others.battery;
            mine.solar |= others.solar;
            self.sensors = other.sensors;
            self.raw = other.raw;
        }
    }

    fn propose(self, heard: &Heard, meter_id: Option<MeterId>, several: bool) -> FoundMeter {
        let units = proposal::units(&self.sensors, Units::default());
        let last = self.raw.last();
        let again = last.and_then(|packet| decode(packet.channel, &packet.payload, units.units).ok());
        let sensors = match again {
            Some(Message::Sensors(sensors)) => Some(sensors),
            Some(Message::Heartbeat(_) | Message::Status(_) | Message::Response(_)) | None => None,
        };
        FoundMeter {
            base_topic: heard.base_topic.clone(),
            meter_id,
            family: sensors.as_ref().and_then(|sensors| sensors.family),
            // What was heard before the last messages of each channel cannot be told apart any more.
            messages: if several { self.messages } else { heard.messages },
            only_retained: !self.live,
            profile: sensors.as_ref().and_then(proposal::electrical_profile),
            voltage: sensors.as_ref().and_then(proposal::highest_voltage),
            sensors,
            status: self.status,
            capabilities: self.capabilities,
            units,
            refused: self.refused,
            retained_command: heard.retained_command,
        }
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        MicroVolts,
        device::{ElectricalProfile, PayloadFamily, UnitsCheck},
        view::UnitsReason,
    };

    use enerlink_meter::Channel;

    use super::*;

    fn packet(channel: Channel, seconds: i64, payload: &str) -> HeardPacket {
        HeardPacket {
            channel,
            payload: payload.as_bytes().to_vec(),
            retained: false,
            received_at: UnixMillis(1_790_000_000_000 + 1000 * seconds),
        }
    }

    fn heard(packets: Vec<HeardPacket>) -> Heard {
        Heard {
            base_topic: "home/energy-monitor".to_owned(),
            messages: u32::try_from(packets.len()).expect("few"),
            packets,
            retained_command: false,
        }
    }

    fn sample(seconds: i64, meter: Option<&str>, total: &str) -> HeardPacket {
        let id = meter.map_or(String::new(), |id| format!(r#""meterId":"{id}","#));
        let side = format!(r#"{{"power":1000,"voltage":4.1,"total_energy_wh":{total}}}"#);
        let payload = format!(r#"{{{id}"load":{side},"export":{side},"import":{side}}}"#);
        packet(Channel::Sensors, seconds, &payload)
    }

    #[test]
    fn a_meter_is_proposed_with_what_it_has_shown() {
        let mut status = packet(
            Channel::Status,
            1,
            r#"{"grid":{"mode":"export"},"pwm":{"max_pwm":255,"led_duty":3}}"#,
        );
        status.retained = true;
        let heard = heard(vec![
            sample(0, None, "1.0"),
            status,
            packet(Channel::Sensors, 2, "{"),
            sample(5, None, "1.0014"),
            sample(10, None, "1.0028"),
        ]);
        let found = found(&heard);
        let [meter] = found.as_slice() else {
            panic!("one meter: {found:?}")
        };
        assert_eq!(
            (meter.meter_id.as_ref(), meter.family),
            (None, Some(PayloadFamily::Flat))
        );
        assert_eq!(
            (meter.units.units, meter.units.reason),
            (Units::Milli, UnitsReason::Counters)
        );
        assert_eq!(meter.units.check, UnitsCheck::NotConfirmed);
        assert!(meter.capabilities.grid_control && meter.status.is_some());
        assert_eq!((meter.refused.as_ref(), meter.only_retained), (None, false));
        assert_eq!(meter.messages, 5);
        assert_eq!(
            (meter.profile, meter.voltage),
            (Some(ElectricalProfile::DcBench), Some(MicroVolts(4_100_000)))
        );
    }

    #[test]
    fn several_meters_behind_one_topic_are_told_apart_by_their_ids() {
        let heard = heard(vec![
            sample(0, Some("METER-001"), "1.0"),
            sample(1, Some("METER-002"), "7.0"),
            packet(
                Channel::Status,
                2,
                r#"{"meterId":"METER-002","grid":{"mode":"off"}}"#,
            ),
        ]);
        let found = found(&heard);
        let ids: Vec<_> = found
            .iter()
            .flat_map(|meter| &meter.meter_id)
            .map(MeterId::as_str)
            .collect();
        assert_eq!(ids, ["METER-001", "METER-002"]);
        assert_eq!(found[0].status, None);
        assert!(found[1].capabilities.grid_control);
        assert_eq!(found[1].messages, 2);
    }

    #[test]
    fn a_status_that_names_no_meter_is_the_only_one_s() {
        let heard = heard(vec![
            sample(0, Some("METER-001"), "1.0"),
            packet(Channel::Status, 2, r#"{"grid":{"mode":"off"}}"#),
        ]);
        let found = found(&heard);
        assert_eq!(found.len(), 1);
        assert!(found[0].capabilities.grid_control && found[0].sensors.is_some());
    }
}
