//! How a meter fares: whether it is heard, what is wrong with it, and what a household is told about that.

use serde::{Deserialize, Serialize};

use crate::{MeterId, UnixMillis};

/// Whether a meter is heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Presence {
    /// Nothing has been heard since it was added or since the app was started.
    #[default]
    Waiting,
    /// Its sensors messages arrive.
    Online,
    /// No sensors message for two of its intervals.
    Stale,
    /// Not heard for longer, or known to be cut off.
    Offline {
        /// Why.
        reason: OfflineReason,
    },
    /// Retired: nobody listens.
    Retired,
}

/// Why a meter is not heard; the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfflineReason {
    /// There is no connection to its broker.
    Broker,
    /// Connected and subscribed, and nothing was ever heard: check the broker's access list.
    SubscriptionSilent,
    /// Its last status says that it is not on the wireless network.
    Wifi,
    /// Its last status says that it lost its broker.
    Mqtt,
    /// Three heartbeats in a row are missing.
    HeartbeatMissed,
    /// Nothing arrives.
    NoData,
}

impl OfflineReason {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::SubscriptionSilent => "subscription_silent",
            Self::Wifi => "wifi",
            Self::Mqtt => "mqtt",
            Self::HeartbeatMissed => "heartbeat_missed",
            Self::NoData => "no_data",
        }
    }
}

/// What the electrical side is; proposed from the voltages, chosen by the household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElectricalProfile {
    /// A direct-current bench of 4 to 9 V: low voltage is no alert.
    DcBench,
    /// An alternating-current grid of some 230 V.
    AcGrid,
}

impl ElectricalProfile {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DcBench => "dc_bench",
            Self::AcGrid => "ac_grid",
        }
    }

    /// The reverse of [`ElectricalProfile::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::DcBench, Self::AcGrid]
            .into_iter()
            .find(|profile| profile.as_str() == text)
    }
}

/// The families of payloads, told apart by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayloadFamily {
    /// `export` and `import` at the top.
    Flat,
    /// `grid.export` and `grid.import`.
    Nested,
    /// `{meterId, datetime, units, data}` on `/data`; commands go to `{base}/command/{meterId}` at QoS 2.
    Envelope,
}

impl PayloadFamily {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Nested => "nested",
            Self::Envelope => "envelope",
        }
    }

    /// The reverse of [`PayloadFamily::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Flat, Self::Nested, Self::Envelope]
            .into_iter()
            .find(|family| family.as_str() == text)
    }
}

/// Whether the units of power and current are those of the energy counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitsCheck {
    /// Too little energy has passed to tell.
    #[default]
    NotConfirmed,
    /// Integrated power agrees with the counters, or the messages declare their units.
    Confirmed,
    /// Integrated power says that the other units are right.
    Contradicted,
}

impl UnitsCheck {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotConfirmed => "not_confirmed",
            Self::Confirmed => "confirmed",
            Self::Contradicted => "contradicted",
        }
    }

    /// The reverse of [`UnitsCheck::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::NotConfirmed, Self::Confirmed, Self::Contradicted]
            .into_iter()
            .find(|check| check.as_str() == text)
    }
}

/// What a household is told about a meter. A condition lasts until its all-clear; an occurrence is over at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Condition: the meter is offline.
    Offline,
    /// Condition: it has started anew, and has not run for long since.
    Rebooted,
    /// Condition: little free memory.
    LowHeap,
    /// Condition: weak wireless signal.
    WeakSignal,
    /// Condition: a sensor reports an error or nonsense.
    SensorError,
    /// Condition: the heartbeat says `warning`.
    HeartbeatWarning,
    /// Condition: the heartbeat says `error`.
    HeartbeatError,
    /// Condition: the battery's state and the sign of its current disagree.
    BatteryDisagrees,
    /// Condition: the battery is nearly empty.
    BatteryLow,
    /// Condition: power and energy counters show that the units are wrong.
    UnitsWrong,
    /// Occurrence: a counter has fallen and counting went on in a new epoch.
    CounterReset,
    /// Condition: a retained command lies on the broker and would be carried out again at each start of the meter.
    RetainedCommand,
    /// Condition: another program uses this wallet's MQTT client id.
    ClientIdTaken,
    /// Occurrence: a command failed or timed out.
    CommandFailed,
    /// Occurrence: the grid was switched to protect the balance.
    GuardActed,
    /// Condition: the imports of this period will cost more than the account can pay, or its balance is unknown.
    GuardWarns,
    /// Condition: what was imported costs more ETK than the account holds; it is owed and carried.
    EtkMissing,
    /// Occurrence: a settlement has failed; its energy is owed again.
    SettlementFailed,
    /// Occurrence: a reorganisation of the chain has undone a settlement; it is brought forward again.
    SettlementUndone,
    /// Occurrence: the chain has booked other tokens for a settlement than the wallet reckons.
    SettlementDiffers,
    /// Occurrence: events and rules of the market, or its contract's own view, did not agree.
    MarketDiverged,
    /// Occurrence: an order of the household was traded, all of it or a part.
    OrderFilled,
    /// Occurrence: a price that the household waits for was reached.
    PriceReached,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 23] = [
        Self::Offline,
        Self::Rebooted,
        Self::LowHeap,
        Self::WeakSignal,
        Self::SensorError,
        Self::HeartbeatWarning,
        Self::HeartbeatError,
        Self::BatteryDisagrees,
        Self::BatteryLow,
        Self::UnitsWrong,
        Self::CounterReset,
        Self::RetainedCommand,
        Self::ClientIdTaken,
        Self::CommandFailed,
        Self::GuardActed,
        Self::GuardWarns,
        Self::EtkMissing,
        Self::SettlementFailed,
        Self::SettlementUndone,
        Self::SettlementDiffers,
        Self::MarketDiverged,
        Self::OrderFilled,
        Self::PriceReached,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Rebooted => "rebooted",
            Self::LowHeap => "low_heap",
            Self::WeakSignal => "weak_signal",
            Self::SensorError => "sensor_error",
            Self::HeartbeatWarning => "heartbeat_warning",
            Self::HeartbeatError => "heartbeat_error",
            Self::BatteryDisagrees => "battery_disagrees",
            Self::BatteryLow => "battery_low",
            Self::UnitsWrong => "units_wrong",
            Self::CounterReset => "counter_reset",
            Self::RetainedCommand => "retained_command",
            Self::ClientIdTaken => "client_id_taken",
            Self::CommandFailed => "command_failed",
            Self::GuardActed => "guard_acted",
            Self::GuardWarns => "guard_warns",
            Self::EtkMissing => "etk_missing",
            Self::SettlementFailed => "settlement_failed",
            Self::SettlementUndone => "settlement_undone",
            Self::SettlementDiffers => "settlement_differs",
            Self::MarketDiverged => "market_diverged",
            Self::OrderFilled => "order_filled",
            Self::PriceReached => "price_reached",
        }
    }

    /// The reverse of [`NoticeKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it is about how the meter fares, and not about what its energy costs.
    pub fn is_of_the_device(self) -> bool {
        !matches!(
            self,
            Self::GuardActed
                | Self::GuardWarns
                | Self::EtkMissing
                | Self::SettlementFailed
                | Self::SettlementUndone
                | Self::SettlementDiffers
                | Self::MarketDiverged
                | Self::OrderFilled
                | Self::PriceReached
        )
    }

    /// Whether its detail says how much the household has, owes or trades.
    pub fn tells_an_amount(self) -> bool {
        matches!(self, Self::EtkMissing | Self::OrderFilled)
    }

    /// Whether it lasts until an all-clear.
    pub fn is_condition(self) -> bool {
        !matches!(
            self,
            Self::CounterReset
                | Self::CommandFailed
                | Self::GuardActed
                | Self::SettlementFailed
                | Self::SettlementUndone
                | Self::SettlementDiffers
                | Self::MarketDiverged
                | Self::OrderFilled
                | Self::PriceReached
        )
    }
}

/// Something that a household is told, and its all-clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its number in this profile.
    pub id: i64,
    /// Which meter, when it is about one.
    pub meter_id: Option<MeterId>,
    /// What happened.
    pub kind: NoticeKind,
    /// The value behind it, as the device or the core says it: `-87 dBm`, `heartbeat_missed`, a command's id.
    pub detail: String,
    /// When it began.
    pub raised_at: UnixMillis,
    /// When it was over: for an occurrence, at once.
    pub cleared_at: Option<UnixMillis>,
    /// Whether somebody has looked at the inbox since.
    pub seen: bool,
}

/// A page of the inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticePage {
    /// Newest first.
    pub rows: Vec<Notice>,
    /// How many nobody has seen.
    pub unseen: u32,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}
