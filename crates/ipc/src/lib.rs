//! Every command between the window and the core: its name, its input, its answer. Both sides compile this crate.
//!
//! Values of `domain` go over as they are.

use enerlink_domain::{
    Address, CommandView, MeterCommand, MeterId, UnixMillis,
    audit::{AuditPage, ReceiptFormat, Verification},
    choice::{SettlingChoice, SettlingView},
    command::CommandPage,
    device::NoticePage,
    guard::{GuardOrder, GuardView},
    settlement::SettlementFilter,
    view::{
        AppStatus, BrokerDraft, Diagnostics, History, Home, MessageFilter, MessagePage, MeterDraft,
        MeterEdit, MeterView, NetworkDraft, NetworkView, PowerCurve, Preferences, Probe, QrCode,
        RegistrationRequest, SavedRows, SettlementPage, Strength, Totals,
    },
    wallet::{
        ActivityPage, AddressCheck, BackupContent, BackupReport, BackupSource, Contact, ImportPreview,
        ImportSource, PickedFile, SecurityView, SettlementKeyView, SheetReport, WalletId, WalletView,
    },
};
pub use enerlink_domain::{Code, Error, Event, command, device, view, wallet};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A call from the window into the core. Fields become the arguments, in camel case, as Tauri expects them.
pub trait Command: Serialize + DeserializeOwned {
    /// The command's name in Tauri and in the capabilities.
    const NAME: &'static str;
    /// What it answers.
    type Output: Serialize + DeserializeOwned;
}

macro_rules! commands {
    ($names:ident: $($(#[$doc:meta])* $name:ident($text:literal) { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? } -> $output:ty;)*) => {
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

        /// The names of these.
        pub(crate) const $names: &[&str] = &[$($text),*];
    };
}

pub mod desktop;
mod market;
mod tokens;

pub use desktop::{AnswerClosing, PauseSettling, Quit, ReadDesktop, SetAtLogin, ShowTray, ShowWindow};
pub use market::*;
pub use tokens::*;

/// The name of every command, for the test that the shell registers and permits each.
pub fn names() -> impl Iterator<Item = &'static str> {
    let tables = [HOUSEHOLD, tokens::TOKENS, market::MARKET, desktop::DESKTOP];
    tables.into_iter().flatten().copied()
}

commands! { HOUSEHOLD:
    /// What the window needs to choose its first page.
    ReadStatus("read_status") {} -> AppStatus;
    /// Starts the app anew: in the simulated neighbourhood, or back in the household's own profile.
    SwitchProfile("switch_profile") {
        /// Whether it shall be the simulated neighbourhood.
        demo: bool,
    } -> ();
    /// How strong a password is.
    RatePassword("rate_password") {
        /// The candidate; it is not kept.
        password: String,
    } -> Strength;
    /// Makes a wallet from a new phrase, and the vault when it is the first. The keys stay as locked as they are; the
    /// phrase is revealed by its own command.
    CreateWallet("create_wallet") {
        /// What the household calls it.
        name: String,
        /// The vault's password; the new one when there is no vault.
        password: String,
        /// Words of the phrase: 12, 15, 18, 21 or 24.
        words: u8,
        /// The passphrase of BIP-39, empty for none.
        passphrase: String,
    } -> WalletView;
    /// What an import would bring; nothing is kept.
    PreviewImport("preview_import") {
        /// What is imported.
        source: ImportSource,
    } -> ImportPreview;
    /// Imports a wallet, and makes the vault when it is the first.
    ImportWallet("import_wallet") {
        /// What the household calls it.
        name: String,
        /// The vault's password; the new one when there is no vault.
        password: String,
        /// What is imported.
        source: ImportSource,
        /// The addresses that the person has seen in the preview: others are refused.
        expected: Vec<Address>,
    } -> WalletView;
    /// Adds an account to a wallet that comes from a phrase.
    AddAccount("add_account") {
        /// Which wallet.
        wallet: WalletId,
        /// The vault's password.
        password: String,
        /// The last step of the path; the next free one when absent.
        index: Option<u32>,
    } -> WalletView;
    /// Gives a wallet another name.
    RenameWallet("rename_wallet") {
        /// Which wallet.
        wallet: WalletId,
        /// The vault's password: names are sealed like everything else in it.
        password: String,
        /// The new name.
        name: String,
    } -> WalletView;
    /// Removes a wallet from this computer; the vault goes with the last one.
    RemoveWallet("remove_wallet") {
        /// Which wallet.
        wallet: WalletId,
        /// The vault's password.
        password: String,
    } -> ();
    /// Chooses the account that is proposed when a meter is added.
    SetPrimary("set_primary") {
        /// One of the vault's accounts.
        address: Address,
    } -> ();
    /// Puts the vault under another password.
    ChangePassword("change_password") {
        /// The password until now.
        password: String,
        /// The new one.
        new_password: String,
    } -> ();
    /// The recovery phrase, after the password again.
    RevealPhrase("reveal_phrase") {
        /// Which wallet.
        wallet: WalletId,
        /// Opens the vault for this answer only.
        password: String,
    } -> Vec<String>;
    /// Notes that the phrase was written down, after it was typed back.
    ConfirmPhrase("confirm_phrase") {
        /// Which wallet.
        wallet: WalletId,
        /// The password again, because the phrase has to be compared.
        password: String,
        /// Position (from 0) and word, at least four of them.
        words: Vec<(u8, String)>,
    } -> WalletView;
    /// Opens the vault.
    Unlock("unlock") {
        /// Opens the vault.
        password: String,
    } -> Vec<WalletView>;
    /// Wipes the keys from memory.
    Lock("lock") {} -> ();
    /// Somebody is at the computer: the idle lock starts anew.
    Touch("touch") {} -> ();
    /// A secret was pasted: when the clipboard still holds it in 30 s, or when the app ends, it is cleared.
    ForgetPaste("forget_paste") {} -> ();
    /// Lets the person pick a key file in the native dialog.
    PickKeystore("pick_keystore") {} -> Option<PickedFile>;
    /// Lets the person say where, then writes one key as a key file of version 3.
    ExportKeystore("export_keystore") {
        /// The account.
        address: Address,
        /// The vault's password.
        password: String,
        /// The password of the file, as strong as a vault's.
        file_password: String,
    } -> Option<PickedFile>;
    /// Lets the person say where, then writes the encrypted backup and opens it again.
    SaveBackup("save_backup") {
        /// The vault's password, which the backup is sealed with.
        password: String,
    } -> Option<BackupReport>;
    /// Lets the person say where, then writes the printable sheet and reads its codes back.
    SaveSheet("save_sheet") {
        /// The language of the sheet: `id` or `en`.
        language: String,
    } -> Option<SheetReport>;
    /// Lets the person pick a backup file.
    PickBackup("pick_backup") {} -> Option<PickedFile>;
    /// Lets the person pick images of a sheet's codes.
    PickSheet("pick_sheet") {} -> Vec<PickedFile>;
    /// What a backup holds; nothing is changed.
    InspectBackup("inspect_backup") {
        /// The backup.
        backup: BackupSource,
        /// The password that the vault had when the backup was made.
        backup_password: String,
    } -> BackupContent;
    /// Restores a backup beside what is here; nothing that is here is overwritten.
    Restore("restore") {
        /// The backup.
        backup: BackupSource,
        /// The password that the vault had when the backup was made.
        backup_password: String,
        /// The password of the vault that is here; in an empty profile the vault keeps the backup's.
        password: Option<String>,
    } -> BackupContent;
    /// The list of what was restored has been seen: transactions may be sent again.
    AcknowledgeRestore("acknowledge_restore") {} -> ();
    /// Lets the person say where, then writes the rows of a table.
    SaveTable("save_table") {
        /// What the rows are, for the proposed file name: letters, digits and `-`.
        name: String,
        /// Comma-separated values (RFC 4180).
        csv: String,
    } -> Option<PickedFile>;
    /// Copies the database to a new file that a person chooses; none when the dialog was cancelled. Keys are not in it.
    CopyDatabase("copy_database") {} -> Option<PickedFile>;
    /// What was done with wallets, newest first.
    ReadActivity("read_activity") {
        /// At most so many, 200 at most.
        limit: u16,
        /// Only those with a smaller row number: the last page's `next`.
        before: Option<i64>,
    } -> ActivityPage;
    /// The security page.
    ReadSecurity("read_security") {} -> SecurityView;
    /// After how many minutes without a person the wallet locks.
    SetIdleLock("set_idle_lock") {
        /// 1 to 1440; 0 is never.
        minutes: u32,
    } -> ();
    /// Lets settlement of a meter go on while the wallet is locked, or no longer.
    SetSettlementKey("set_settlement_key") {
        /// Which meter.
        meter_id: MeterId,
        /// Whether it may.
        enabled: bool,
    } -> SettlementKeyView;
    /// What a typed address is worth.
    CheckAddress("check_address") {
        /// As typed.
        text: String,
    } -> AddressCheck;
    /// The address book, by name.
    ListContacts("list_contacts") {} -> Vec<Contact>;
    /// Notes a contact, or renames the one with this address.
    PutContact("put_contact") {
        /// As typed; refused when its checksum is wrong.
        address: String,
        /// What the household calls them.
        name: String,
    } -> Contact;
    /// Forgets a contact.
    RemoveContact("remove_contact") {
        /// Whose.
        address: Address,
    } -> ();
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
        /// Which settlements.
        filter: SettlementFilter,
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
    /// Lets the person say where, then writes the settlements as CSV.
    SaveSettlements("save_settlements") {
        /// Which settlements.
        filter: SettlementFilter,
    } -> Option<SavedRows>;
    /// Sums of settlements between moments that follow each other, of one meter or of all: one between each two.
    ReadTotals("read_totals") {
        /// Which meter; all when absent.
        meter_id: Option<MeterId>,
        /// 2 to 121 moments, each later than the one before.
        edges: Vec<UnixMillis>,
    } -> Vec<Totals>;
    /// The audit: sums, and the chain of facts.
    ReadAudit("read_audit") {
        /// Which meter; all when absent.
        meter_id: Option<MeterId>,
        /// At most so many facts, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<u64>,
    } -> AuditPage;
    /// Checks the chain of facts, the sums, and every settlement against the node.
    VerifyAudit("verify_audit") {} -> Verification;
    /// Lets the person say where, then writes the receipt of a settlement, which proves itself against a block header.
    SaveReceipt("save_receipt") {
        /// Which settlement.
        settlement_id: String,
        /// `json` or `pdf`.
        format: ReceiptFormat,
        /// The language of the PDF: `id` or `en`.
        language: String,
    } -> Option<PickedFile>;
    /// The settings of settlement, and where each value comes from.
    ReadSettling("read_settling") {} -> SettlingView;
    /// Chooses for an account, or for one meter over its account.
    SetSettling("set_settling") {
        /// Whose meters.
        owner: Address,
        /// Only this one.
        meter_id: Option<MeterId>,
        /// What is absent is inherited.
        choice: SettlingChoice,
    } -> SettlingView;
    /// The guards, one for each account that has a meter.
    ReadGuards("read_guards") {} -> Vec<GuardView>;
    /// Tells a guard what to do.
    OrderGuard("order_guard") {
        /// Whose guard.
        owner: Address,
        /// What.
        order: GuardOrder,
    } -> GuardView;
    /// What is heard at a broker: base topics and meters, for a limited time. With a base topic it ends as soon as the
    /// meter there has said enough.
    ProbeBroker("probe_broker") {
        /// The broker.
        broker: BrokerDraft,
        /// Only this meter.
        base_topic: Option<String>,
        /// How long to listen, 1 to 120 s.
        seconds: u16,
    } -> Probe;
    /// Leaves off listening to brokers: what `probe_broker` still waits for is answered with nothing.
    StopProbe("stop_probe") {} -> ();
    /// Lets the person pick a PEM file: a certificate or a key. Its content stays in the core.
    PickPem("pick_pem") {} -> Option<PickedFile>;
    /// Changes a meter.
    EditMeter("edit_meter") {
        /// Which meter.
        meter_id: MeterId,
        /// What is changed.
        edit: MeterEdit,
    } -> MeterView;
    /// Gives a meter to another account of the vault; refused while something of it is on its way.
    MoveMeter("move_meter") {
        /// Which meter.
        meter_id: MeterId,
        /// To whom.
        owner: Address,
    } -> MeterView;
    /// Stops listening to a meter, or begins again; its history stays.
    RetireMeter("retire_meter") {
        /// Which meter.
        meter_id: MeterId,
        /// Whether it is retired.
        retired: bool,
    } -> MeterView;
    /// Lets the person say where, then writes the registration request as JSON.
    SaveRegistration("save_registration") {
        /// Which meter.
        meter_id: MeterId,
    } -> Option<PickedFile>;
    /// Text as a QR code, of at most 2000 bytes.
    DrawQr("draw_qr") {
        /// The text.
        text: String,
    } -> QrCode;
    /// Stores a command for a meter, within its limits, and sends it.
    SendCommand("send_command") {
        /// Which meter.
        meter_id: MeterId,
        /// What it shall do.
        command: MeterCommand,
        /// A person has confirmed it; needed where power is switched or counters are reset.
        confirmed: bool,
    } -> CommandView;
    /// Commands of a meter, newest first.
    ListCommands("list_commands") {
        /// Which meter.
        meter_id: MeterId,
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> CommandPage;
    /// Energy between moments that follow each other: one bar between each two.
    ReadHistory("read_history") {
        /// Which meter.
        meter_id: MeterId,
        /// 2 to 401 moments, each later than the one before.
        edges: Vec<UnixMillis>,
    } -> History;
    /// Lets the person say where, then writes the raw readings of a range as CSV.
    SaveReadings("save_readings") {
        /// Which meter.
        meter_id: MeterId,
        /// From, included.
        from: UnixMillis,
        /// To, excluded.
        to: UnixMillis,
    } -> Option<SavedRows>;
    /// Lets the person say where, then writes an image that the page has drawn.
    SaveImage("save_image") {
        /// What it shows, for the proposed file name: letters, digits and `-`.
        name: String,
        /// A PNG file in Base64, 8 MiB at most.
        png: String,
    } -> Option<PickedFile>;
    /// The message log, newest first.
    ListMessages("list_messages") {
        /// Which messages.
        filter: MessageFilter,
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> MessagePage;
    /// Lets the person say where, then writes the messages as CSV.
    SaveMessages("save_messages") {
        /// Which messages.
        filter: MessageFilter,
    } -> Option<SavedRows>;
    /// The inbox, newest first.
    ListNotices("list_notices") {
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> NoticePage;
    /// Somebody has looked at the inbox.
    SeeNotices("see_notices") {} -> ();
    /// Shows a notice on the desktop, in the words of the window.
    ShowNotification("show_notification") {
        /// One line.
        title: String,
        /// At most 300 characters.
        body: String,
    } -> ();
    /// What the household pays and wants to keep.
    ReadPreferences("read_preferences") {} -> Preferences;
    /// Keeps what the household has chosen.
    SetPreferences("set_preferences") {
        /// All of it.
        preferences: Preferences,
    } -> Preferences;
    /// How the core itself fares.
    ReadDiagnostics("read_diagnostics") {} -> Diagnostics;
}
