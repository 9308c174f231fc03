//! A meter whose counters the test turns by hand.

use super::*;

/// A meter that says what the test wants: counters are in micro-watt-hours, time is its uptime.
pub(super) struct HandMeter {
    client: AsyncClient,
    pub(super) commands: Arc<Mutex<Vec<serde_json::Value>>>,
    base_topic: String,
    shape: Shape,
    uptime_ms: u32,
    pub(super) export: u64,
    pub(super) import: u64,
    /// What the settlement counters began at.
    reset_at: (u64, u64),
}

/// It has run for two hours when it is first heard.
const RUNNING: u32 = 7_200_000;

fn counter(value: u64) -> String {
    format!("{}.{:06}", value / WH, value % WH)
}

impl HandMeter {
    pub(super) async fn join(base_topic: &str, shape: Shape) -> Self {
        let broker = broker().await;
        let address = BrokerAddress::parse(broker.url()).expect("a url");
        let mut options = MqttOptions::new(
            format!("hand-{}", base_topic.replace('/', "-")),
            address.host,
            address.port,
        );
        options.set_credentials(broker.username(), broker.password());
        let (client, mut events) = AsyncClient::new(options, 64);
        let commands = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&commands);
        client
            .subscribe(format!("{base_topic}/command"), QoS::AtLeastOnce)
            .await
            .expect("a connection");
        tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let rumqttc::Event::Incoming(rumqttc::Packet::Publish(command)) = event {
                    let command = serde_json::from_slice(&command.payload).expect("a command is JSON");
                    heard.lock().expect("unharmed").push(command);
                }
            }
        });
        let (export, import) = match shape {
            Shape::Flat => FIRST,
            // Registers that follow settlement counters begin at zero, so the counters do as well.
            Shape::Nested => (0, 0),
        };
        Self {
            client,
            commands,
            base_topic: base_topic.to_owned(),
            shape,
            uptime_ms: RUNNING,
            export,
            import,
            reset_at: (0, 0),
        }
    }

    /// Sets the settlement counters to zero; answers what they showed.
    pub(super) fn reset(&mut self) -> serde_json::Value {
        let (export, import) = self.settlement_counters();
        self.reset_at = (self.export, self.import);
        let text = format!(r#"{{"export_wh":{export},"import_wh":{import}}}"#);
        serde_json::from_str(&text).expect("JSON")
    }

    fn settlement_counters(&self) -> (String, String) {
        let (export, import) = self.reset_at;
        (counter(self.export - export), counter(self.import - import))
    }

    /// An hour passes on the device.
    pub(super) fn flow(&mut self, export: u64, import: u64) {
        self.uptime_ms += 3_600_000;
        self.export += export;
        self.import += import;
    }

    pub(super) async fn say(&self) {
        let payload = match self.shape {
            Shape::Flat => format!(
                r#"{{"timestamp":{},"export":{{"power":0,"total_energy_wh":{}}},"import":{{"power":0,"total_energy_wh":{}}}}}"#,
                self.uptime_ms,
                counter(self.export),
                counter(self.import)
            ),
            Shape::Nested => {
                let (export, import) = self.settlement_counters();
                format!(
                    r#"{{"timestamp":{},"grid":{{"export":{{"settlement_energy_wh":{export}}},"import":{{"settlement_energy_wh":{import}}}}}}}"#,
                    self.uptime_ms
                )
            }
        };
        self.say_on(Channel::Sensors, payload).await;
    }

    /// Says something else.
    pub(super) async fn say_on(&self, channel: Channel, payload: String) {
        let topic = channel.topic(&self.base_topic);
        let said = self.client.publish(topic, QoS::AtLeastOnce, false, payload);
        said.await.expect("a connection");
    }
}

/// A second meter of the household, which the test turns as well.
pub(crate) struct Beside {
    pub(crate) id: MeterId,
    meter: HandMeter,
}

impl Household {
    /// Registers and adds another meter, whose tokens are `owner`'s, and waits until it is open on chain.
    pub(crate) async fn add_beside(&self, id: &str, owner: enerlink_domain::Address) -> Beside {
        let id: MeterId = id.parse().expect("an id");
        let registered = self
            .operator
            .register(&self.addresses, &id, owner, self.setup.rated_power_w);
        registered.await.expect("registered");
        let base_topic = format!("{}-beside", self.base_topic);
        let draft = MeterDraft {
            id: id.clone(),
            owner: Some(owner),
            base_topic: base_topic.clone(),
            ..self.draft().await
        };
        self.engine().add_meter(draft).await.expect("a meter");
        let meter = HandMeter::join(&base_topic, self.setup.shape).await;
        let beside = Beside { id, meter };
        until("the second meter to be open", async || {
            beside.meter.say().await;
            tokio::time::sleep(LOOK).await;
            let view = self.engine().meter(&beside.id).expect("the meter");
            matches!(view.registration, Registration::Open { .. })
        })
        .await;
        beside
    }
}

impl Beside {
    /// Lets energy flow, and waits until `engine` knows.
    pub(crate) async fn flow(&mut self, engine: &Engine, export: u64, import: u64) {
        self.meter.flow(export, import);
        self.meter.say().await;
        let counted = (MicroWh(self.meter.export), MicroWh(self.meter.import));
        until("the second meter's registers to follow", async || {
            registers(engine, &self.id) == Some(counted)
        })
        .await;
    }
}
