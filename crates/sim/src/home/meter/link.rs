//! The MQTT client of a simulated device: what cannot be sent now is kept and sent later, in order.

use std::{collections::VecDeque, pin::pin, time::Duration};

use enerlink_domain::{BrokerAddress, device::PayloadFamily};
use enerlink_meter::{Channel, Route};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::sync::{mpsc, watch};
use tracing::{debug, warn};

use super::SimMeterConfig;

/// Messages that a device keeps while the broker is away; the oldest is given up first.
const KEPT: usize = 10_000;
/// Between two attempts to connect, in real time as the network is.
const RETRY: Duration = Duration::from_millis(500);
/// Commands that may wait for the device.
const COMMANDS: usize = 32;

/// A message that waits.
struct Message {
    topic: String,
    payload: Vec<u8>,
}

/// The handle of the device's connection.
pub(super) struct Link {
    base: String,
    outbox: mpsc::UnboundedSender<Message>,
    state: watch::Receiver<(usize, bool)>,
}

impl Link {
    /// Connects in the background; the receiver gets the payloads of commands.
    pub(super) fn start(config: &SimMeterConfig) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (outbox, messages) = mpsc::unbounded_channel();
        let (command, commands) = mpsc::channel(COMMANDS);
        let (state, states) = watch::channel((0, false));
        let newer = config.home.family == PayloadFamily::Envelope;
        let route = Route {
            base_topic: config.base_topic.clone(),
            meter_id: newer.then(|| config.meter_id.clone()),
        };
        let task = Task {
            topic: route.topic(),
            qos: if newer { QoS::ExactlyOnce } else { QoS::AtLeastOnce },
            kept: VecDeque::new(),
            sent: false,
            state,
            command,
        };
        match options(config) {
            Some(options) => drop(tokio::spawn(task.run(options, messages))),
            None => warn!(
                url = config.broker_url,
                "the broker's address is not mqtt://host[:port]"
            ),
        }
        let link = Self {
            base: config.base_topic.clone(),
            outbox,
            state: states,
        };
        (link, commands)
    }

    /// Sends `payload` as soon as the broker takes it.
    pub(super) fn send(&self, channel: Channel, payload: Vec<u8>) {
        let topic = channel.topic(&self.base);
        // Without a task there is nobody to send it.
        let _ = self.outbox.send(Message { topic, payload });
    }

    /// Messages that wait, and whether the broker is there.
    pub(super) fn state(&self) -> (usize, bool) {
        *self.state.borrow()
    }
}

fn options(config: &SimMeterConfig) -> Option<MqttOptions> {
    let broker = BrokerAddress::parse(&config.broker_url).filter(|broker| !broker.tls)?;
    let mut options = MqttOptions::new(format!("meter-{}", config.meter_id), broker.host, broker.port);
    options.set_max_packet_size(1 << 20, 8 << 20);
    if let Some(user) = config.username.clone().or(broker.username) {
        options.set_credentials(user, config.password.clone().unwrap_or_default());
    }
    Some(options)
}

struct Task {
    /// Where commands arrive.
    topic: String,
    qos: QoS,
    kept: VecDeque<Message>,
    /// The first of `kept` is on its way. One at a time keeps the order over every fault.
    sent: bool,
    state: watch::Sender<(usize, bool)>,
    command: mpsc::Sender<Vec<u8>>,
}

impl Task {
    async fn run(mut self, options: MqttOptions, mut messages: mpsc::UnboundedReceiver<Message>) {
        let (client, mut events) = AsyncClient::new(options, 16);
        let mut connected = false;
        loop {
            self.report(connected);
            if connected && !self.sent {
                self.send_first(&client);
            }
            let event = {
                let mut poll = pin!(events.poll());
                loop {
                    tokio::select! {
                        event = &mut poll => break event,
                        message = messages.recv() => match message {
                            Some(message) => self.keep(message),
                            None => return,
                        },
                    }
                    self.report(connected);
                    if connected && !self.sent {
                        self.send_first(&client);
                    }
                }
            };
            match event {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    connected = true;
                    self.sent = false;
                    let _ = client.try_subscribe(&self.topic, self.qos);
                }
                Ok(Event::Incoming(Packet::PubAck(_))) => {
                    self.kept.pop_front();
                    self.sent = false;
                }
                Ok(Event::Incoming(Packet::Publish(publish))) if publish.topic == self.topic => {
                    if self.command.try_send(publish.payload.to_vec()).is_err() {
                        warn!("the device is too busy for a command");
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    debug!(%error, "the simulated meter has lost its broker");
                    connected = false;
                    self.report(connected);
                    events.clean();
                    events.state.events.clear();
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    fn keep(&mut self, message: Message) {
        if self.kept.len() >= KEPT {
            // The first may be on its way, so the second goes.
            self.kept.remove(usize::from(self.sent));
        }
        self.kept.push_back(message);
    }

    fn send_first(&mut self, client: &AsyncClient) {
        if let Some(message) = self.kept.front() {
            let sent = client.try_publish(&message.topic, QoS::AtLeastOnce, false, message.payload.clone());
            self.sent = sent.is_ok();
        }
    }

    fn report(&self, connected: bool) {
        self.state.send_replace((self.kept.len(), connected));
    }
}
