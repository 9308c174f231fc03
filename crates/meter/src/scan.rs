//! What can be heard at a broker before a meter is added: raw messages, grouped by base topic.

mod harvest;

use std::{sync::Arc, time::Duration};

use enerlink_domain::{BrokerAddress, Clock, Error, UnixMillis};
use rumqttc::{AsyncClient, Event, EventLoop, Packet, QoS, SubAck, SubscribeFilter, SubscribeReasonCode};

use crate::{
    Channel, SubscriptionConfig, channel,
    subscription::{backoff, failure::Failure, options, rival::random_id},
};
use harvest::Harvest;

/// Where to listen, and for how long.
#[derive(Clone)]
pub struct ScanConfig {
    /// Where the broker listens, and as whom to ask.
    pub broker: BrokerAddress,
    /// The password of that user.
    pub password: Option<String>,
    /// For `mqtts`: PEM certificates to trust instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// This client's PEM certificate, when the broker asks for one.
    pub client_cert_pem: Option<Vec<u8>>,
    /// The PEM private key of that certificate.
    pub client_key_pem: Option<Vec<u8>>,
    /// One meter's base topic; none for everything that the broker lets this user hear.
    pub base_topic: Option<String>,
    /// How long to listen, connecting included.
    pub patience: Duration,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// By base topic, in their order; at most 200, those that sent measurements first.
    pub heard: Vec<Heard>,
    /// Messages on topics that no meter uses, and those for which there was no room.
    pub others: u32,
}

/// What was heard below one base topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Before `/sensors` or `/data`.
    pub base_topic: String,
    /// Messages on its channels.
    pub messages: u32,
    /// The last of them on each channel, in the order of their arrival.
    pub packets: Vec<HeardPacket>,
    /// A command is kept by the broker for it.
    pub retained_command: bool,
}

/// A message that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardPacket {
    /// On which channel.
    pub channel: Channel,
    /// The bytes, cut to one more than [`crate::MAX_PAYLOAD`].
    pub payload: Vec<u8>,
    /// The broker kept it from before.
    pub retained: bool,
    /// When it was taken from the network.
    pub received_at: UnixMillis,
}

/// Listens at a broker under a client id of its own, without a session, and says nothing.
///
/// With a base topic it ends as soon as that meter is understood: two sensors messages at least three seconds apart, so
/// that their counters can be compared with their power, and a status.
///
/// # Errors
/// `INVALID_INPUT` when the configuration cannot be used, `BROKER_UNREACHABLE` and `BROKER_REFUSED` as for a
/// subscription. A connection that is lost after something was heard is no error.
pub async fn scan(config: ScanConfig, clock: Arc<dyn Clock>) -> Result<Scan, Error> {
    let patience = config.patience;
    let mut listener = Listener {
        place: format!("{}:{}", config.broker.host, config.broker.port),
        base: config.base_topic.clone(),
        harvest: Harvest::default(),
        accepted: false,
        clock,
    };
    let mut options = options::build(&subscription(config))?;
    options.set_clean_session(true).set_manual_acks(false);
    let (client, mut events) = AsyncClient::new(options, 16);
    let end = tokio::select! {
        end = listener.listen(&client, &mut events) => end,
        () = backoff::pause(patience) => Ok(()),
    };
    match end {
        Err(failure) if listener.harvest.is_empty() => Err(failure.error),
        Ok(()) if !listener.accepted => Err(Failure::late(&listener.place).error),
        _ => Ok(listener.harvest.gather()),
    }
}

/// The configuration of a connection that is never made persistent; a scan of everything has no base topic.
fn subscription(config: ScanConfig) -> SubscriptionConfig {
    let base = config.base_topic.unwrap_or_else(|| "all".to_owned());
    SubscriptionConfig {
        password: config.password,
        ca_pem: config.ca_pem,
        client_cert_pem: config.client_cert_pem,
        client_key_pem: config.client_key_pem,
        ..SubscriptionConfig::new(config.broker, random_id("enerlink-scan"), vec![base])
    }
}

struct Listener {
    place: String,
    base: Option<String>,
    harvest: Harvest,
    accepted: bool,
    clock: Arc<dyn Clock>,
}

impl Listener {
    /// Listens until the meter is understood, or the connection ends.
    async fn listen(&mut self, client: &AsyncClient, events: &mut EventLoop) -> Result<(), Failure> {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    self.accepted = true;
                    // The queue has room for the only request.
                    let _ = client.try_subscribe_many(self.filters());
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => self.granted(&answer)?,
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    self.harvest.take(&publish, self.clock.wall());
                    if self
                        .base
                        .as_ref()
                        .is_some_and(|base| self.harvest.understands(base))
                    {
                        return Ok(());
                    }
                }
                Ok(_) => {}
                Err(error) => return Err(Failure::of(&error, &self.place, self.accepted)),
            }
        }
    }

    /// One base topic is asked for topic by topic, because an access list may allow these and no wildcard.
    fn filters(&self) -> Vec<SubscribeFilter> {
        let topics = match &self.base {
            None => vec!["#".to_owned()],
            Some(base) => {
                let command = channel::command_topic(base);
                let heard = Channel::ALL.iter().map(|channel| channel.topic(base));
                heard.chain([format!("{command}/+"), command.clone()]).collect()
            }
        };
        let filter = |topic| SubscribeFilter::new(topic, QoS::AtMostOnce);
        topics.into_iter().map(filter).collect()
    }

    fn granted(&self, answer: &SubAck) -> Result<(), Failure> {
        let refused = |code: &SubscribeReasonCode| *code == SubscribeReasonCode::Failure;
        if answer.return_codes.iter().all(refused) {
            let topic = self
                .base
                .as_ref()
                .map_or("#".to_owned(), |base| format!("{base}/…"));
            return Err(Failure::unscanned(&self.place, &topic));
        }
        Ok(())
    }
}
