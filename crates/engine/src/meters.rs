//! Use cases of meters: add one, list them, ask the operator to register one.

use enerlink_domain::{
    BrokerAddress, Code, Error, Meter, MeterId, Settlement,
    view::{MeterDraft, MeterView, RegisterView, RegistrationRequest},
};

use crate::{Engine, metering, network, operator};

/// Nobody's roof carries more: 1 MW.
const HIGHEST_RATED_POWER_W: u32 = 1_000_000;

impl Engine {
    /// Adds a meter of the account that the draft names, else of the primary one, and begins to listen.
    pub async fn add_meter(&self, draft: MeterDraft) -> Result<MeterView, Error> {
        self.may_write()?;
        let primary = self.primary();
        let primary = primary.ok_or_else(|| Error::new(Code::NoVault, "there is no wallet yet"))?;
        let owner = draft.owner.unwrap_or(primary);
        self.wallet_with(owner)?;
        let meter = self.checked(draft.clone(), owner)?;
        if let Some(password) = draft.broker_password {
            let name = metering::broker_secret(&meter.broker);
            self.with_keys(move |keystore| Ok(keystore.seal_secret(&name, password.as_bytes())?))
                .await?;
        }
        let id = meter.id.clone();
        self.metering().add(meter).await?;
        self.ledger().refresh();
        tracing::info!(meter = %id, "meter added");
        self.meter(&id)
    }

    fn checked(&self, draft: MeterDraft, owner: enerlink_domain::Address) -> Result<Meter, Error> {
        let invalid = |text: String| Error::new(Code::InvalidInput, text);
        let broker = BrokerAddress::parse(draft.broker_url.trim()).ok_or_else(|| {
            invalid(format!(
                "{:?} is not a broker address; write mqtt://host:1883 without a password",
                draft.broker_url
            ))
        })?;
        let base_topic = draft.base_topic.trim().trim_end_matches('/').to_owned();
        if base_topic.is_empty() || base_topic.len() > 200 || base_topic.contains(['+', '#', '\0']) {
            return Err(invalid(
                "the base topic is empty, too long, or contains '+' or '#'".to_owned(),
            ));
        }
        if !(1..=HIGHEST_RATED_POWER_W).contains(&draft.rated_power_w) {
            return Err(invalid(format!(
                "the rated power must be 1 to {HIGHEST_RATED_POWER_W} W"
            )));
        }
        let name = draft.name.trim();
        Ok(Meter {
            name: if name.is_empty() {
                draft.id.to_string()
            } else {
                name.chars().take(80).collect()
            },
            id: draft.id,
            owner,
            broker,
            base_topic,
            units: draft.units,
            source: None,
            rated_power_w: draft.rated_power_w,
            settlement_key: draft.settlement_key,
            added_at: self.clock().wall(),
        })
    }

    /// Every meter of the profile.
    pub fn meters(&self) -> Vec<MeterView> {
        let ids: Vec<MeterId> = self.metering().state.borrow().keys().cloned().collect();
        ids.iter().filter_map(|id| self.meter(id).ok()).collect()
    }

    /// One meter with everything known of it.
    pub fn meter(&self, id: &MeterId) -> Result<MeterView, Error> {
        let live = self
            .metering()
            .state
            .borrow()
            .get(id)
            .cloned()
            .ok_or_else(|| unknown(id))?;
        let ledger = self.ledger().state.borrow();
        let watermark = ledger
            .meters
            .get(id)
            .and_then(Option::as_ref)
            .map(|standing| standing.watermark);
        Ok(MeterView {
            registration: ledger.registration(&live.meter),
            registers: live.registers.map(|registers| RegisterView {
                export: registers.export,
                import: registers.import,
                epoch: registers.epoch,
                watermark,
            }),
            meter: live.meter,
            device: live.device,
        })
    }

    /// The signed request by which the operator registers `meter`.
    pub async fn request_registration(&self, id: &MeterId) -> Result<RegistrationRequest, Error> {
        let view = self.meter(id)?;
        let addresses = self.network().ok_or_else(network::missing)?.addresses;
        let mut request = RegistrationRequest {
            kind: operator::REQUEST_KIND.to_owned(),
            meter_id: view.meter.id,
            prosumer: view.meter.owner,
            rated_power_w: view.meter.rated_power_w,
            chain_id: addresses.chain_id,
            converter: addresses.converter,
            signature: String::new(),
        };
        let text = operator::request_text(&request);
        let signature = self
            .with_keys(move |keystore| Ok(keystore.sign_message(view.meter.owner, text.as_bytes())?))
            .await?;
        request.signature = format!("0x{}", enerlink_domain::id::hex(&signature));
        Ok(request)
    }

    /// Settles what `meter` is owed now; answers the stored row, which is PENDING.
    pub async fn settle_now(&self, meter: MeterId) -> Result<Settlement, Error> {
        self.may_write()?;
        self.check_seen()?;
        self.settling().settle_now(meter).await
    }
}

pub(crate) fn unknown(id: &MeterId) -> Error {
    Error::new(
        Code::MeterUnknown,
        format!("there is no meter {id} in this profile"),
    )
}
