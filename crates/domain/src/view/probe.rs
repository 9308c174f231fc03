//! What is heard at a broker before a meter is added.

use serde::{Deserialize, Serialize};

use crate::{
    MeterId, MicroVolts, Sensors, StatusSnapshot,
    command::Capabilities,
    device::{ElectricalProfile, PayloadFamily, UnitsCheck},
    reading::Units,
};

/// How to reach a broker. Files are named, not sent: the core reads them and seals what they hold. What is absent stays as
/// it is sealed; what is empty is taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrokerDraft {
    /// `mqtt://[user@]host[:port]` or `mqtts://…`.
    pub url: String,
    /// The user's password; it goes to the sealed file, not to the database.
    pub password: Option<String>,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<String>,
    /// PEM certificate chain of this client, when the broker asks for one.
    pub client_cert_file: Option<String>,
    /// PEM private key to it.
    pub client_key_file: Option<String>,
}

/// What was heard within the time allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// One for each base topic and meter id, in the order of their topics.
    pub found: Vec<FoundMeter>,
    /// Messages that are none of a meter's.
    pub others: u32,
}

/// A meter that was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundMeter {
    /// Before `/sensors` or `/data`.
    pub base_topic: String,
    /// The id in its payload, when it sends one.
    pub meter_id: Option<MeterId>,
    /// How it speaks; none before a sensors message.
    pub family: Option<PayloadFamily>,
    /// Messages of it.
    pub messages: u32,
    /// Whether all of them were kept by the broker: it may be switched off.
    pub only_retained: bool,
    /// Its last sensors message, decoded in the proposed units.
    pub sensors: Option<Sensors>,
    /// Its last status.
    pub status: Option<StatusSnapshot>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Units of power and current.
    pub units: UnitsProposal,
    /// What the electrical side seems to be; none without a voltage.
    pub profile: Option<ElectricalProfile>,
    /// The highest voltage of home and grid that was heard, which `profile` is proposed by.
    pub voltage: Option<MicroVolts>,
    /// Why its last message was refused, if it was.
    pub refused: Option<String>,
    /// A retained command lies on the broker for it.
    pub retained_command: bool,
}

/// The units that are proposed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitsProposal {
    /// Of power and current.
    pub units: Units,
    /// Why.
    pub reason: UnitsReason,
    /// Whether that is proven.
    pub check: UnitsCheck,
}

/// Why units are proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitsReason {
    /// The messages say so themselves.
    Declared,
    /// Power over time gives what the energy counters gained.
    Counters,
    /// Voltage times current gives the power in these units only.
    VoltageTimesCurrent,
    /// In the other units the meter would exceed any roof.
    Magnitude,
    /// Nothing was heard that could tell: what the reference firmware sends.
    Default,
}
