//! Use cases of meters: add, list, edit, move and retire them, ask the operator to register one.

use std::path::Path;

use enerlink_domain::{
    Address, BrokerAddress, Code, Error, Meter, MeterId, Registration, Settlement,
    command::{Capabilities, OutputSetting},
    device::UnitsCheck,
    meter::base_topic,
    proposal::HIGHEST_RATED_POWER_W,
    view::{
        BrokerDraft, MeterDraft, MeterEdit, MeterView, Opening, QrCode, RegisterView, RegistrationRequest,
    },
    wallet::PickedFile,
};
use enerlink_store::{outbox, settlements};

use crate::{
    Engine, files,
    ledger::LedgerState,
    metering::{Change, MeterLive},
    network, operator,
};

/// Characters of a meter's or an output's name.
const LONGEST_NAME: usize = 80;
/// Outputs that a meter can have settings for.
const MOST_OUTPUTS: usize = 64;
/// Text that fits a QR code which a telephone still reads from a screen, in bytes.
const LONGEST_QR: usize = 2000;
/// What a registration request in a file begins with, so that an older one may be replaced.
const REQUEST_START: &[u8] = b"{\n  \"kind\": \"enerlink-registration";

impl Engine {
    /// Adds a meter of the account that the draft names, else of the primary one, and begins to listen.
    pub async fn add_meter(&self, draft: MeterDraft) -> Result<MeterView, Error> {
        self.may_write()?;
        let primary = self.primary();
        let primary = primary.ok_or_else(|| Error::new(Code::NoVault, "there is no wallet yet"))?;
        let owner = draft.owner.unwrap_or(primary);
        self.wallet_with(owner)?;
        let broker = parse_broker(&draft.broker.url)?;
        let meter = Meter {
            name: parse_name(&draft.name, &draft.id),
            id: draft.id,
            owner,
            broker: broker.clone(),
            base_topic: parse_topic(&draft.base_topic)?,
            units: draft.units,
            source: None,
            rated_power_w: checked_power(draft.rated_power_w)?,
            settlement_key: draft.settlement_key,
            added_at: self.clock().wall(),
            profile: draft.profile,
            family: None,
            capabilities: Capabilities::default(),
            outputs: Vec::new(),
            units_check: UnitsCheck::NotConfirmed,
            auto_reset: None,
            take_opening: draft.take_opening,
            retired_at: None,
        };
        if self.metering().state.borrow().contains_key(&meter.id) {
            let text = format!("the meter {} is in this profile already", meter.id);
            return Err(Error::new(Code::MeterExists, text));
        }
        self.seal_access(draft.broker, &broker).await?;
        let id = meter.id.clone();
        self.metering().add(meter).await?;
        self.ledger().refresh();
        tracing::info!(meter = %id, "meter added");
        self.meter(&id)
    }

    /// Seals what a draft names for the broker at `address`; answers whether that was anything.
    async fn seal_access(&self, draft: BrokerDraft, address: &BrokerAddress) -> Result<bool, Error> {
        let access = self.access(draft, address).await?;
        let address = address.clone();
        self.with_keys(move |keystore| {
            access.seal(keystore, &address)?;
            Ok(!access.is_empty())
        })
        .await
    }

    /// Changes what `edit` names. Registers and history stay, wherever the meter is heard from now on.
    pub async fn edit_meter(&self, id: MeterId, edit: MeterEdit) -> Result<MeterView, Error> {
        self.may_write()?;
        self.meter(&id)?;
        let broker = edit
            .broker
            .as_ref()
            .map(|draft| parse_broker(&draft.url))
            .transpose()?;
        let base_topic = edit.base_topic.as_deref().map(parse_topic).transpose()?;
        let rated_power = edit.rated_power_w.map(checked_power).transpose()?;
        let outputs = edit.outputs.map(checked_outputs).transpose()?;
        let mut reconnect = false;
        if let (Some(draft), Some(address)) = (edit.broker, &broker) {
            reconnect = self.seal_access(draft, address).await?;
        }
        let apply = move |live: &mut MeterLive| {
            let meter = &mut live.meter;
            if let Some(name) = edit.name {
                meter.name = parse_name(&name, &meter.id);
            }
            meter.broker = broker.unwrap_or_else(|| meter.broker.clone());
            meter.base_topic = base_topic.unwrap_or_else(|| meter.base_topic.clone());
            if let Some(units) = edit.units.filter(|units| *units != meter.units) {
                meter.units = units;
                meter.units_check = UnitsCheck::NotConfirmed;
                live.forget_units();
            }
            let meter = &mut live.meter;
            meter.profile = edit.profile.or(meter.profile);
            meter.rated_power_w = rated_power.unwrap_or(meter.rated_power_w);
            if let Some(outputs) = outputs {
                meter.outputs = outputs;
            }
            meter.auto_reset = edit.auto_reset.or(meter.auto_reset);
            if let Some(take) = edit.take_opening {
                live.set_opening(take);
            }
            Ok(())
        };
        self.change_meter(&id, reconnect, apply).await
    }

    /// Gives a meter to another account of the vault. The operator has to register it anew, so that nothing of the
    /// former owner may be on its way.
    pub async fn move_meter(&self, id: MeterId, owner: Address) -> Result<MeterView, Error> {
        self.may_write()?;
        self.wallet_with(owner)?;
        if self.meter(&id)?.meter.owner == owner {
            return self.meter(&id);
        }
        let reader = self.store().reader();
        let on_its_way = |row: &enerlink_store::OutboxRow| row.meter_id.as_ref() == Some(&id);
        let queued = outbox::unfinished(&reader).await?.iter().any(on_its_way);
        if queued || settlements::open(&reader, &id).await?.is_some() {
            let text = format!("a transaction of the meter {id} is on its way");
            return Err(Error::new(Code::StillPending, text));
        }
        self.change_meter(&id, false, move |live| {
            live.meter.owner = owner;
            Ok(())
        })
        .await
    }

    /// Stops listening to a meter and settling it, or begins again. Its history stays.
    pub async fn retire_meter(&self, id: MeterId, retired: bool) -> Result<MeterView, Error> {
        self.may_write()?;
        let now = self.clock().wall();
        self.change_meter(&id, false, move |live| {
            let since = live.meter.retired_at.unwrap_or(now);
            live.meter.retired_at = retired.then_some(since);
            Ok(())
        })
        .await
    }

    async fn change_meter(
        &self,
        id: &MeterId,
        reconnect: bool,
        apply: impl FnOnce(&mut MeterLive) -> Result<(), Error> + Send + 'static,
    ) -> Result<MeterView, Error> {
        let change = Change {
            meter: id.clone(),
            apply: Box::new(apply),
            act: None,
            reconnect,
        };
        self.metering().change(change).await?;
        self.ledger().refresh();
        self.meter(id)
    }

    /// Every meter of the profile.
    pub fn meters(&self) -> Vec<MeterView> {
        let ids: Vec<MeterId> = self.metering().state.borrow().keys().cloned().collect();
        ids.iter().filter_map(|id| self.meter(id).ok()).collect()
    }

    /// One meter with everything known of it.
    pub fn meter(&self, id: &MeterId) -> Result<MeterView, Error> {
        let live = self.metering().state.borrow().get(id).cloned();
        let live = live.ok_or_else(|| unknown(id))?;
        Ok(view(live, &self.ledger().state.borrow()))
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

    /// Writes the signed registration request to `path`; an older one is replaced, any other file is not.
    pub async fn save_registration(&self, id: &MeterId, path: &Path) -> Result<PickedFile, Error> {
        let request = self.request_registration(id).await?;
        let json = serde_json::to_vec_pretty(&request)
            .map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        files::replace(path, &json, REQUEST_START, |_| Ok(()))?;
        Ok(files::picked(path))
    }

    /// `text` as a QR code, of at most 2000 bytes.
    pub fn draw_qr(&self, text: &str) -> Result<QrCode, Error> {
        let rows = enerlink_paper::qr(text).filter(|_| text.len() <= LONGEST_QR);
        rows.map(|rows| QrCode { rows }).ok_or_else(|| {
            let text = format!("a QR code holds at most {LONGEST_QR} bytes here");
            Error::new(Code::InvalidInput, text)
        })
    }

    /// Settles what `meter` is owed now; answers the stored row, which is PENDING.
    pub async fn settle_now(&self, meter: MeterId) -> Result<Settlement, Error> {
        self.may_write()?;
        self.check_seen()?;
        self.settling().settle_now(meter).await
    }
}

/// A meter with everything that metering and the chain know of it.
pub(crate) fn view(live: MeterLive, ledger: &LedgerState) -> MeterView {
    let registration = ledger.registration(&live.meter);
    let standing = ledger.meters.get(&live.meter.id).and_then(Option::as_ref);
    let open = !standing.is_some_and(|standing| standing.opened);
    MeterView {
        registration,
        registers: live.registers.map(|registers| RegisterView {
            export: registers.export,
            import: registers.import,
            epoch: registers.epoch,
            watermark: standing.map(|standing| standing.watermark),
            opening: Opening {
                export: registers.opening.export,
                import: registers.opening.import,
                taken: live.meter.take_opening,
                open: open && registration != Registration::Retired,
            },
        }),
        meter: live.meter,
        device: live.device,
    }
}

pub(crate) fn parse_broker(url: &str) -> Result<BrokerAddress, Error> {
    BrokerAddress::parse(url.trim()).ok_or_else(|| {
        let text = format!("{url:?} is not a broker address; write mqtt://host:1883 without a password");
        Error::new(Code::InvalidInput, text)
    })
}

pub(crate) fn parse_topic(text: &str) -> Result<String, Error> {
    base_topic(text).ok_or_else(|| {
        let text = "the base topic is empty, too long, begins with '$', or contains '+' or '#'";
        Error::new(Code::InvalidInput, text)
    })
}

fn parse_name(name: &str, id: &MeterId) -> String {
    match name.trim() {
        "" => id.to_string(),
        name => name.chars().take(LONGEST_NAME).collect(),
    }
}

fn checked_power(watts: u32) -> Result<u32, Error> {
    if (1..=HIGHEST_RATED_POWER_W).contains(&watts) {
        return Ok(watts);
    }
    let text = format!("the rated power must be 1 to {HIGHEST_RATED_POWER_W} W");
    Err(Error::new(Code::InvalidInput, text))
}

fn checked_outputs(outputs: Vec<OutputSetting>) -> Result<Vec<OutputSetting>, Error> {
    let fine = |output: &OutputSetting| {
        let limit = output.limit_percent.is_none_or(|limit| limit <= 100);
        let name = output.name.chars().count() <= LONGEST_NAME && output.key.len() <= LONGEST_NAME;
        let again = outputs.iter().filter(|other| other.key == output.key).count();
        limit && name && !output.key.is_empty() && again == 1
    };
    if outputs.len() > MOST_OUTPUTS || !outputs.iter().all(fine) {
        let text =
            "each output has one setting, a name of at most 80 characters and a limit of at most 100 %";
        return Err(Error::new(Code::InvalidInput, text));
    }
    Ok(outputs)
}

pub(crate) fn unknown(id: &MeterId) -> Error {
    Error::new(
        Code::MeterUnknown,
        format!("there is no meter {id} in this profile"),
    )
}
