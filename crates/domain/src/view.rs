//! Shapes that group several values for a reader: the window, the command line, the operator.

mod diagnostics;
mod history;
mod market;
mod messages;
mod probe;

pub use diagnostics::{BrokerDiagnostics, Diagnostics, Latency};
pub use history::{History, Preferences};
pub use market::{
    Alert, DepthChart, MarketPhase, MarketQuery, MarketState, MarketView, Order, OrderFilter, OrderPage,
    PerformanceView, TicketView, Trade, TradeFilter, TradePage,
};
pub use messages::{MessageDirection, MessageFilter, MessagePage, MessageView, SavedRows};
pub use probe::{BrokerDraft, FoundMeter, Probe, UnitsProposal, UnitsReason};

use crate::{
    Address, DeviceState, Estimate, Etk, Hash32, Meter, MeterId, MicroWatts, MicroWh, Registration,
    Settlement, Transaction, UnixMillis,
    event::{Balances, ChainState, VaultState},
    settlement::Watermark,
    wallet::WalletView,
};
use serde::{Deserialize, Serialize};

/// What the window needs to choose its first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppStatus {
    /// Version of the app.
    pub version: String,
    /// Whether this is the simulated neighbourhood.
    pub demo: bool,
    /// Whether another process has the profile and this one only reads.
    pub read_only: bool,
    /// Where the profile lives.
    pub data_dir: String,
    /// Whether there is a wallet and whether it is open.
    pub vault: VaultState,
    /// Every wallet of the vault.
    pub wallets: Vec<WalletView>,
    /// The account that is proposed when a meter is added.
    pub primary: Option<Address>,
    /// The connection to the node.
    pub chain: ChainState,
    /// How many meters the profile has.
    pub meters: u32,
    /// Milliseconds until the next unlock attempt is allowed.
    pub unlock_wait_ms: u64,
}

impl AppStatus {
    /// The wallet of the primary account.
    pub fn primary_wallet(&self) -> Option<&WalletView> {
        let primary = self.primary?;
        self.wallets.iter().find(|wallet| wallet.has(primary))
    }
}

/// How strong a password is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// 0 (guessed at once) to 4 (strong), as zxcvbn counts.
    pub score: u8,
    /// Whether it is accepted.
    pub accepted: bool,
}

/// Addresses of the contracts, as the operator's file holds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkDraft {
    /// JSON-RPC endpoint of the Ethereum node, `http://`, `https://`, `ws://` or `wss://`.
    pub rpc_url: String,
    /// A second endpoint of the same chain, asked when the first does not answer.
    #[serde(default)]
    pub fallback_url: Option<String>,
    /// The text of the addresses file.
    pub addresses: String,
}

/// The network in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkView {
    /// JSON-RPC endpoint.
    pub rpc_url: String,
    /// The second endpoint, when there is one.
    pub fallback_url: Option<String>,
    /// The endpoint that answered last, without user and password.
    pub answering: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of block 0, which the profile is bound to.
    pub genesis: Hash32,
    /// EnergyConverter.
    pub converter: Address,
    /// ETKToken.
    pub etk: Address,
    /// IDRSToken.
    pub idrs: Address,
    /// Market; absent on a chain of before there was one.
    #[serde(default)]
    pub market: Option<Address>,
    /// Blocks that a transaction must be deep, the including one counted.
    pub confirmations: u32,
}

/// A meter to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterDraft {
    /// The id registered on chain.
    pub id: MeterId,
    /// What the household calls it; the id when empty.
    pub name: String,
    /// Whose it is; the primary account when absent.
    #[serde(default)]
    pub owner: Option<Address>,
    /// Where it is heard.
    pub broker: BrokerDraft,
    /// Before `/sensors`.
    pub base_topic: String,
    /// Units of power and current.
    pub units: crate::reading::Units,
    /// What the electrical side is; told by the first voltages when absent.
    #[serde(default)]
    pub profile: Option<crate::device::ElectricalProfile>,
    /// The most it can carry in one direction, in W.
    pub rated_power_w: u32,
    /// Whether settlement may go on while the wallet is locked.
    pub settlement_key: bool,
    /// Whether what stands on the settlement counters at first contact is settled too, bounded by one day at rated power.
    #[serde(default)]
    pub take_opening: bool,
}

/// What is changed of a meter; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MeterEdit {
    /// What the household calls it.
    pub name: Option<String>,
    /// Where it is heard.
    pub broker: Option<BrokerDraft>,
    /// Before `/sensors`.
    pub base_topic: Option<String>,
    /// Units of power and current.
    pub units: Option<crate::reading::Units>,
    /// What the electrical side is.
    pub profile: Option<crate::device::ElectricalProfile>,
    /// The most it can carry in one direction, in W.
    pub rated_power_w: Option<u32>,
    /// All its outputs as the household wants them.
    pub outputs: Option<Vec<crate::command::OutputSetting>>,
    /// Whether the display is reset after each settlement.
    pub auto_reset: Option<bool>,
    /// Whether the opening balance is taken; refused once the meter was opened on chain.
    pub take_opening: Option<bool>,
}

/// A meter with everything known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterView {
    /// As added.
    pub meter: Meter,
    /// Its last messages.
    pub device: DeviceState,
    /// Its standing on chain.
    pub registration: Registration,
    /// Its registers, once heard.
    pub registers: Option<RegisterView>,
}

/// The registers of a meter, and how they stand to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterView {
    /// Exported.
    pub export: MicroWh,
    /// Imported.
    pub import: MicroWh,
    /// How often a counter has started anew.
    pub epoch: u32,
    /// Registers last settled, once the chain was read.
    pub watermark: Option<Watermark>,
    /// What stood on the settlement counters at first contact, as far as it can be taken.
    pub opening: Opening,
}

/// The opening balance of a meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Exported.
    pub export: MicroWh,
    /// Imported.
    pub import: MicroWh,
    /// Whether it is settled too.
    pub taken: bool,
    /// Whether that can still be changed: the meter was not opened on chain yet.
    pub open: bool,
}

/// What the operator needs to register a meter; signed by the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationRequest {
    /// Always `enerlink-registration-1`.
    pub kind: String,
    /// The meter.
    pub meter_id: MeterId,
    /// Whose it shall be.
    pub prosumer: Address,
    /// Its rated power in W.
    pub rated_power_w: u32,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// EnergyConverter.
    pub converter: Address,
    /// EIP-191 signature of the prosumer over the text of the fields above, `0x` and 130 digits.
    pub signature: String,
}

/// Energy of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEnergy {
    /// Generated by the sun.
    pub produced: MicroWh,
    /// Used by the home.
    pub used: MicroWh,
    /// To the grid.
    pub exported: MicroWh,
    /// From the grid.
    pub imported: MicroWh,
}

/// The home page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The core's clock, which may be simulated.
    pub now: UnixMillis,
    /// The meter shown; none yet in a new profile.
    pub meter: Option<MeterView>,
    /// The settlement card.
    pub estimate: Option<Estimate>,
    /// What the account holds, once the chain was read.
    pub balances: Option<Balances>,
    /// Energy of today.
    pub today: DayEnergy,
    /// The last settlements, newest first.
    pub settlements: Vec<Settlement>,
    /// The last transactions, and those before them that still wait, newest first.
    pub transactions: Vec<Transaction>,
    /// Sums over all settlements of this meter.
    pub totals: Totals,
}

/// Sums over settlements with SUCCESS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// How many.
    pub settlements: u64,
    /// ETK minted.
    pub minted: Etk,
    /// ETK burned, as a positive amount.
    pub burned: Etk,
}

/// A page of settlements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementPage {
    /// Newest first.
    pub rows: Vec<Settlement>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

/// Power within a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// Average.
    pub mean: MicroWatts,
    /// Lowest.
    pub low: MicroWatts,
    /// Highest.
    pub high: MicroWatts,
}

/// One bucket of the power curve; absent where nothing was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerPoint {
    /// Start of the bucket.
    pub at: UnixMillis,
    /// Sun.
    pub solar: Option<Spread>,
    /// Home.
    pub load: Option<Spread>,
    /// Grid; positive is export.
    pub grid: Option<Spread>,
    /// Battery; positive is charging.
    pub battery: Option<Spread>,
}

/// Power over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerCurve {
    /// Width of a bucket in milliseconds.
    pub bucket_ms: u64,
    /// In the order of time; buckets without data are left out.
    pub points: Vec<PowerPoint>,
}

/// A QR code, to be drawn with four light modules around it (ISO/IEC 18004).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    /// Rows from the top; `1` is dark, `0` is light.
    pub rows: Vec<String>,
}
