//! Brokers: one connection to each, for all meters behind it, and what connections tell about themselves.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use enerlink_domain::{
    BrokerAddress, Code, Error, Event, MeterId, UnixMillis, health::BrokerLink, id, meter::Link,
    reading::Units,
};
use enerlink_meter::{DecodeError, Incoming, Message, Packet, Subscription, SubscriptionConfig, decode};

use super::{BATCH, MeterLive, Metering, MeteringState, live};
use crate::{broker_access::Access, commands, meters};

/// A connection to one broker.
pub(super) struct Broker {
    subscription: Subscription,
    base_topics: BTreeSet<String>,
    state: State,
}

/// How far a connection is.
#[derive(Clone, Copy)]
enum State {
    Connecting,
    /// Since when, by the monotonic clock.
    Up(Duration),
    Down,
}

/// What a broker has told; a message with what it says.
pub(super) type FromBroker = (Arc<BrokerAddress>, Incoming, Option<Read>);

/// What a message says, as read in these units. It is decoded on its way, beside the task that judges and writes, which
/// takes as long.
pub(super) type Read = Box<(Units, Result<Message, DecodeError>)>;

/// A message to be judged.
pub(super) struct Heard {
    pub(super) packet: Packet,
    pub(super) read: Option<Read>,
}

impl Heard {
    /// What it says in `units`; read again when they are not those that it was read in.
    pub(super) fn say(&mut self, units: Units) -> Result<Message, DecodeError> {
        match self.read.take_if(|read| read.0 == units) {
            Some(read) => read.1,
            None => decode(self.packet.channel, &self.packet.payload, units),
        }
    }
}

impl Metering {
    /// (Re)connects to the broker of each meter.
    pub(super) fn connect(&mut self) {
        let known: BTreeSet<String> = self
            .state
            .borrow()
            .values()
            .map(|live| live.meter.broker.url())
            .collect();
        self.brokers.clear();
        for address in known.iter().filter_map(|url| BrokerAddress::parse(url)) {
            self.listen(&address);
        }
    }

    /// Subscribes to every meter at `address` over one connection; ends it when there is none any more.
    pub(super) fn listen(&mut self, address: &BrokerAddress) {
        let url = address.url();
        let base_topics: BTreeSet<String> = self
            .state
            .borrow()
            .values()
            .filter(|live| live.meter.broker == *address && live.meter.retired_at.is_none())
            .map(|live| live.meter.base_topic.clone())
            .collect();
        let same = |broker: &Broker| broker.base_topics == base_topics;
        if self.brokers.get(&url).is_some_and(same) {
            return;
        }
        self.hang_up(&url);
        if base_topics.is_empty() {
            return;
        }
        let mut config = SubscriptionConfig::new(
            address.clone(),
            self.client_id(address),
            base_topics.iter().cloned().collect(),
        );
        config.queue = BATCH;
        Access::sealed(&self.keystore, address).configure(&mut config);
        let clock = Arc::clone(&self.clock);
        let (subscription, mut receiver) = match &self.wires.broker {
            Some(source) => Subscription::start_on(&**source, config, clock),
            None => Subscription::start(config, clock),
        };
        self.diagnostics.broker(&url, false, 0);
        let broker = Broker {
            subscription,
            base_topics,
            state: State::Connecting,
        };
        self.brokers.insert(url, broker);
        let (address, forward) = (Arc::new(address.clone()), self.incoming.0.clone());
        let (meters, clock, diagnostics) = (
            self.state.subscribe(),
            Arc::clone(&self.clock),
            self.diagnostics.clone(),
        );
        tokio::spawn(async move {
            while let Some(incoming) = receiver.recv().await {
                let began = clock.monotonic();
                let read = match &incoming {
                    Incoming::Packet(packet) => {
                        let units = units_of(&meters.borrow(), &address, &packet.base_topic);
                        units.map(|units| Read::new((units, decode(packet.channel, &packet.payload, units))))
                    }
                    _ => None,
                };
                if read.is_some() {
                    diagnostics.decoded(clock.monotonic() - began);
                }
                if forward
                    .send((Arc::clone(&address), incoming, read))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
    }

    /// Ends the connection to the broker at `url`, if there is one.
    pub(super) fn hang_up(&mut self, url: &str) {
        if let Some(old) = self.brokers.remove(url) {
            old.subscription.stop();
            self.diagnostics.forget_broker(url);
        }
    }

    /// Stable, so that the broker keeps this profile's session; random, so that no two profiles evict each other.
    fn client_id(&self, address: &BrokerAddress) -> String {
        let name = format!("{}|{}", self.session, address.url());
        let digest = id::keccak256(name.as_bytes());
        format!("enerlink-{}", id::hex(&digest[..6]))
    }

    /// The connection to the broker of `live`.
    pub(super) fn broker_link(&self, live: &MeterLive, moment: Duration) -> BrokerLink {
        let broker = self.brokers.get(&live.meter.broker.url());
        match broker.map(|broker| broker.state) {
            None | Some(State::Connecting) => BrokerLink::Connecting,
            Some(State::Up(since)) => BrokerLink::Up(moment.saturating_sub(since)),
            Some(State::Down) => BrokerLink::Down,
        }
    }

    pub(super) async fn publish(&self, id: &MeterId, command: &str) -> Result<(), Error> {
        let meter = self.state.borrow().get(id).map(|live| live.meter.clone());
        let meter = meter.ok_or_else(|| meters::unknown(id))?;
        let url = meter.broker.url();
        let unreachable = |text: String| Error::new(Code::BrokerUnreachable, text);
        let Some(broker) = self.brokers.get(&url) else {
            return Err(unreachable(format!("not connected to {url}")));
        };
        let route = commands::route(&meter);
        let sent = broker.subscription.publish(&route, command).await;
        sent.map_err(|error| unreachable(format!("{url}: {error}")))
    }

    /// Handles everything that has arrived: runs of messages in one transaction, changes of a link by themselves. What has
    /// come meanwhile has `arrived` then.
    pub(super) async fn take(&mut self, arrived: &mut Vec<FromBroker>) -> Result<(), Error> {
        let mut packets: Vec<(Arc<BrokerAddress>, Heard)> = Vec::with_capacity(arrived.len());
        let mut changed = false;
        for (address, incoming, read) in arrived.drain(..) {
            match incoming {
                Incoming::Packet(packet) => {
                    packets.push((address, Heard { packet, read }));
                    continue;
                }
                Incoming::Connected => self.connected(&address),
                Incoming::Disconnected(error) => self.disconnected(&address, &error, false),
                Incoming::TakenOver(error) => self.disconnected(&address, &error, true),
                Incoming::RetainedCommand {
                    base_topic,
                    topic,
                    payload,
                } => self.note_retained(&address, &base_topic, &topic, !payload.is_empty()),
            }
            changed = true;
        }
        arrived.extend(self.record(packets).await?);
        if changed {
            self.review(None).await?;
        }
        Ok(())
    }

    fn connected(&mut self, address: &BrokerAddress) {
        self.set_state(address, State::Up(self.clock.monotonic()));
        self.change_links(address, |live, now| {
            live.run.broker_down = false;
            live.run.taken_over = false;
            if live.device.link.up {
                return None;
            }
            Some(live::silent(now, &live.meter.base_topic, live.last_heard()))
        });
    }

    fn disconnected(&mut self, address: &BrokerAddress, error: &Error, taken_over: bool) {
        self.set_state(address, State::Down);
        self.change_links(address, |live, now| {
            live.run.broker_down = true;
            live.run.taken_over |= taken_over;
            // What the broker still keeps is told after the next connect.
            live.run.retained.clear();
            Some(Link::down(now, error.clone()))
        });
    }

    fn set_state(&mut self, address: &BrokerAddress, state: State) {
        let url = address.url();
        if let Some(broker) = self.brokers.get_mut(&url) {
            broker.state = state;
            let up = matches!(state, State::Up(_));
            self.diagnostics
                .broker(&url, up, broker.subscription.reconnects());
        }
    }

    /// Changes what is known of each meter at `address`; a link that says something new is told.
    fn change_links(
        &self,
        address: &BrokerAddress,
        change: impl Fn(&mut MeterLive, UnixMillis) -> Option<Link>,
    ) {
        let now = self.clock.wall();
        self.state.send_modify(|state| {
            let here =
                |live: &&mut MeterLive| live.meter.broker == *address && live.meter.retired_at.is_none();
            for live in state.values_mut().filter(here) {
                let Some(link) = change(live, now) else { continue };
                let before = &live.device.link;
                let news = before.message != link.message || before.up != link.up;
                live.device.link = link;
                if news {
                    self.bus.tell(Event::Device(live.device.clone()));
                }
            }
        });
    }

    /// A command that the broker keeps on `{base}/command` is for every meter there, on `{base}/command/{id}` for one.
    fn note_retained(&self, address: &BrokerAddress, base_topic: &str, topic: &str, kept: bool) {
        let named = topic
            .strip_prefix(base_topic)
            .and_then(|rest| rest.strip_prefix("/command/"));
        self.state.send_modify(|state| {
            let meant = |live: &&mut MeterLive| {
                let here = live.meter.broker == *address && live.meter.base_topic == base_topic;
                here && named.is_none_or(|named| named == live.meter.id.as_str())
            };
            for live in state.values_mut().filter(meant) {
                match kept {
                    true => live.run.retained.insert(topic.to_owned()),
                    false => live.run.retained.remove(topic),
                };
            }
        });
    }
}

/// The units of the first meter on a topic: most topics have one.
fn units_of(meters: &MeteringState, address: &BrokerAddress, base_topic: &str) -> Option<Units> {
    let mut here = meters.values().map(|live| &live.meter).filter(|meter| {
        meter.retired_at.is_none() && meter.base_topic == base_topic && meter.broker == *address
    });
    here.next().map(|meter| meter.units)
}
