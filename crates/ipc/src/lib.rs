//! Every command between the window and the core: its name, its input, its answer. Both sides compile this crate.
//!
//! Values of `domain` go over as they are.

pub use enerlink_domain::{Code, Error, Event, view};
use enerlink_domain::{
    MeterId, UnixMillis,
    view::{
        AppStatus, CommandId, Home, MeterDraft, MeterView, NetworkDraft, NetworkView, PowerCurve,
        RegistrationRequest, SettlementPage, Strength, WalletView,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A call from the window into the core. Fields become the arguments, in camel case, as Tauri expects them.
pub trait Command: Serialize + DeserializeOwned {
    /// The command's name in Tauri and in the capabilities.
    const NAME: &'static str;
    /// What it answers.
    type Output: Serialize + DeserializeOwned;
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($text:literal) { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? } -> $output:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }

            impl Command for $name {
                const NAME: &'static str = $text;
                type Output = $output;
            }
        )*

        /// The name of every command, for the test that the shell registers and permits each.
        pub const NAMES: &[&str] = &[$($text),*];
    };
}

commands! {
    /// What the window needs to choose its first page.
    ReadStatus("read_status") {} -> AppStatus;
    /// How strong a password is.
    RatePassword("rate_password") {
        /// The candidate; it is not kept.
        password: String,
    } -> Strength;
    /// Creates the vault with a new phrase. The wallet stays locked; the phrase is revealed by its own command.
    CreateWallet("create_wallet") {
        /// What the household calls it.
        name: String,
        /// Seals the vault.
        password: String,
        /// Words of the phrase: 12, 15, 18, 21 or 24.
        words: u8,
    } -> WalletView;
    /// The recovery phrase, after the password again.
    RevealPhrase("reveal_phrase") {
        /// Opens the vault for this answer only.
        password: String,
    } -> Vec<String>;
    /// Notes that the phrase was written down, after it was typed back.
    ConfirmPhrase("confirm_phrase") {
        /// The password again, because the phrase has to be compared.
        password: String,
        /// Position (from 0) and word, at least four of them.
        words: Vec<(u8, String)>,
    } -> WalletView;
    /// Opens the vault.
    Unlock("unlock") {
        /// Opens the vault.
        password: String,
    } -> WalletView;
    /// Wipes the keys from memory.
    Lock("lock") {} -> ();
    /// The network in use.
    ReadNetwork("read_network") {} -> Option<NetworkView>;
    /// Takes an addresses file and the node's address; checked against the node before it is kept.
    SetNetwork("set_network") {
        /// What to use.
        draft: NetworkDraft,
    } -> NetworkView;
    /// Adds a meter and begins to listen.
    AddMeter("add_meter") {
        /// The meter.
        draft: MeterDraft,
    } -> MeterView;
    /// All meters of the profile.
    ListMeters("list_meters") {} -> Vec<MeterView>;
    /// The signed request that the operator registers the meter by.
    RequestRegistration("request_registration") {
        /// Which meter.
        meter_id: MeterId,
    } -> RegistrationRequest;
    /// The home page, whole.
    ReadHome("read_home") {
        /// Which meter; the first when absent.
        meter_id: Option<MeterId>,
        /// The start of the household's day, which the core does not know.
        day_start: UnixMillis,
    } -> Home;
    /// Power between two moments, in at most as many buckets as asked for.
    ReadPower("read_power") {
        /// Which meter.
        meter_id: MeterId,
        /// From, included.
        from: UnixMillis,
        /// To, excluded.
        to: UnixMillis,
        /// At most so many points per series.
        points: u16,
    } -> PowerCurve;
    /// Settlements, newest first.
    ListSettlements("list_settlements") {
        /// Only of this meter.
        meter_id: Option<MeterId>,
        /// At most so many, 200 at most.
        limit: u16,
        /// Only those with a smaller row number: the last page's `next`.
        before: Option<i64>,
    } -> SettlementPage;
    /// Settles what is owed now.
    SettleNow("settle_now") {
        /// Which meter.
        meter_id: MeterId,
    } -> enerlink_domain::Settlement;
    /// Resets the settlement counters on the meter's display; the registers do not depend on it.
    ResetDisplay("reset_display") {
        /// Which meter.
        meter_id: MeterId,
    } -> CommandId;
}
