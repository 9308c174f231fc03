//! What happens to profiles and nodes: ends, losses, copies, exchanges.

use super::*;

impl Setup {
    /// What the environment says.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let mut named = self.variables.iter().filter(|(known, _)| *known == name);
        named.next().map(|(_, value)| (*value).to_owned())
    }
}

impl Household {
    /// Ends the engine with or without saying so, and starts another on the same profile.
    pub(crate) async fn restart(&mut self, end: End) {
        self.restart_while(end, async |_| {}).await;
    }

    /// [`Household::restart`]; `meanwhile` happens to the node.
    pub(crate) async fn restart_while(&mut self, end: End, meanwhile: impl AsyncFnOnce(&Node)) {
        self.end(end).await;
        meanwhile(&self.node).await;
        let engine = start(self.profile.directory.path(), self.setup, &self.clock).await;
        self.profile.engine = engine.expect("the same profile again");
        unlock(self.engine()).await;
    }

    async fn end(&mut self, end: End) {
        // A reader of the same profile keeps the engine's place until the next one starts.
        let reader = self.second(Access::ReadOnly).await.expect("a reader");
        let old = std::mem::replace(&mut self.profile.engine, reader);
        if end == End::Stopped {
            old.stop().await;
        }
    }

    /// Removes the database and begins anew with the keys that are left.
    pub(crate) async fn lose_database(&mut self) {
        self.end(End::Stopped).await;
        let directory = self.profile.directory.path();
        for entry in fs::read_dir(directory).expect("readable").flatten() {
            if entry.file_name().to_string_lossy().starts_with("enerlink.db") {
                fs::remove_file(entry.path()).expect("removed");
            }
        }
        let engine = start(directory, self.setup, &self.clock).await;
        self.profile.engine = engine.expect("an engine");
        self.furnish(self.engine()).await;
    }

    /// Another computer with the same keys: everything is copied but the database.
    pub(crate) async fn copy(&self) -> Profile {
        let directory = tempfile::tempdir().expect("a directory");
        copy_keys(self.profile.directory.path(), directory.path());
        let engine = start(directory.path(), self.setup, &self.clock)
            .await
            .expect("an engine");
        self.furnish(&engine).await;
        self.greet(&engine).await;
        Profile { directory, engine }
    }

    /// An engine on an empty profile: a new computer.
    pub(crate) async fn fresh(&self) -> Profile {
        let directory = tempfile::tempdir().expect("a directory");
        let engine = start(directory.path(), self.setup, &self.clock)
            .await
            .expect("an engine");
        Profile { directory, engine }
    }

    /// The computer is lost with everything on it; what goes on begins with nothing.
    pub(crate) async fn wipe(&mut self) {
        let fresh = self.fresh().await;
        let old = std::mem::replace(&mut self.profile, fresh);
        old.engine.stop().await;
    }

    /// Another engine on the same profile.
    pub(crate) async fn second(&self, access: Access) -> Result<Engine, Error> {
        let mut config = Config::new(self.profile.directory.path().to_owned());
        config.access = access;
        config.apply_environment(|name| self.setup.variable(name))?;
        Engine::start(config, parts(self.profile.directory.path(), &self.clock)).await
    }

    /// A new computer that has the vault and nothing else.
    pub(crate) async fn lose_database_and_keys(&mut self) {
        let fresh = self.fresh().await;
        let vault = self.profile.directory.path().join("vault.enl");
        let source = enerlink_domain::wallet::BackupSource::File {
            path: vault.display().to_string(),
        };
        let restored = fresh.engine.restore(source, password(), None).await;
        restored.expect("a bare vault is a backup");
        fresh.engine.acknowledge_restore().await.expect("seen");
        let old = std::mem::replace(&mut self.profile, fresh);
        old.engine.stop().await;
        self.furnish(self.engine()).await;
    }

    /// A path beside the profiles.
    pub(crate) fn shelf(&self, name: &str) -> PathBuf {
        self.shelf.path().join(name)
    }

    /// Repeats what the meter said last until `engine` has the same registers.
    pub(crate) async fn follows(&self, engine: &Engine) {
        let counted = self.counted();
        until("the registers to catch up", async || {
            self.repeat().await;
            tokio::time::sleep(LOOK).await;
            registers(engine, &self.id) == Some(counted)
        })
        .await;
    }

    /// The keys of the profile, unlocked, outside the engine.
    fn keys(&self) -> Keystore {
        let keystore =
            Keystore::open_with(self.profile.directory.path(), KdfParams::for_tests()).expect("keys");
        keystore
            .unlock(
                &password(),
                Moment {
                    wall: self.clock.wall(),
                    monotonic: self.clock.monotonic(),
                },
            )
            .expect("unlocked");
        keystore
    }

    /// A development node that is started again: another chain at the same address, under the same id.
    pub(crate) async fn replace_node(&mut self) {
        let port = self.node.url().rsplit_once(':').expect("a port").1;
        let port = port.parse().expect("a port");
        self.node.shutdown().await;
        self.node = node(&self.clock, self.operator.address().0, port, self.setup).await;
    }

    /// Sends a transaction of the wallet's own account past the wire and past the outbox.
    pub(crate) async fn send_beside(&self, nonce: u64) {
        let call = build::transfer(self.operator.address(), Wei::ZERO);
        self.call_beside(nonce, call).await;
    }

    /// [`Household::send_beside`] with something to say.
    pub(crate) async fn call_beside(&self, nonce: u64, call: Call) {
        let gas = if call.input.is_empty() { 21_000 } else { 500_000 };
        let fees = Fees::Legacy { gas_price: Wei::ZERO };
        let transfer: UnsignedTx = build::unsigned(call, self.addresses.chain_id, nonce, gas, fees);
        let signer = Signer::Wallet(self.owner());
        let signed = self.keys().sign(&signer, &transfer, self.addresses.chain_id);
        let raw = format!("0x{}", hex(&signed.expect("signed").raw));
        let taken = self.node.request("eth_sendRawTransaction", json!([raw])).await;
        taken.expect("taken");
    }

    /// A simulated home behind the same topic, instead of the meter that is turned by hand.
    pub(crate) async fn move_in(&self, home: HomeConfig) -> SimMeter {
        self.neighbour(self.id.clone(), self.base_topic.clone(), home)
            .await
    }

    /// A second meter of the same account, with a simulated home behind it.
    pub(crate) async fn extend(&self, home: HomeConfig) -> (MeterId, SimMeter) {
        let id: MeterId = format!("{}-B", self.id).parse().expect("an id");
        let base_topic = format!("{}-b", self.base_topic);
        let rated = self.setup.rated_power_w;
        let registered = self.operator.register(&self.addresses, &id, self.owner(), rated);
        registered.await.expect("registered");
        let draft = MeterDraft {
            id: id.clone(),
            base_topic: base_topic.clone(),
            ..self.draft().await
        };
        self.engine().add_meter(draft).await.expect("a meter");
        let meter = self.neighbour(id.clone(), base_topic, home).await;
        (id, meter)
    }

    async fn neighbour(&self, meter_id: MeterId, base_topic: String, home: HomeConfig) -> SimMeter {
        let broker = broker().await;
        let config = SimMeterConfig {
            broker_url: broker.url().to_owned(),
            username: Some(broker.username().to_owned()),
            password: Some(broker.password().to_owned()),
            base_topic,
            meter_id,
            home,
            seed: 42,
        };
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        SimMeter::start(config, clock)
    }
}
