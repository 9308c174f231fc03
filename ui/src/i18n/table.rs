//! Every text of the window, in both languages side by side: Indonesian first, then English.

use super::Language;

macro_rules! texts {
    ($($key:ident: $indonesian:literal, $english:literal;)*) => {
        /// A text of the window.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(clippy::enum_variant_names, reason = "some texts speak of keys")]
        pub(crate) enum Key { $($key,)* }

        impl Key {
            /// Every text, for the tests.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$key,)*];

            /// The text in a language.
            pub(crate) fn text(self, language: Language) -> &'static str {
                let [indonesian, english] = match self { $(Self::$key => [$indonesian, $english],)* };
                match language {
                    Language::Indonesian => indonesian,
                    Language::English => english,
                }
            }
        }
    };
}

#[cfg(test)]
impl Key {
    /// Names and words that both languages share.
    pub(crate) const SAME_IN_BOTH: &'static [Self] = &[
        Self::Meter,
        Self::Online,
        Self::Offline,
        Self::StageFinal,
        Self::Wifi,
        Self::Desktop,
        Self::NumbersComma,
        Self::NumbersPoint,
        Self::ZoneWib,
        Self::ZoneWita,
        Self::ZoneWit,
        Self::LimitWord,
        Self::ImmediateWord,
        Self::TotalWord,
        Self::VolumeWord,
        Self::AuditPart,
        Self::StatusWord,
        Self::RegistersWh,
        Self::FactHash,
        Self::Nonce,
        Self::SettingMinimum,
        Self::WattHoursUnit,
        Self::TotalEnergy,
        Self::HeartbeatSays,
        Self::Mqtt,
        Self::Led,
        Self::CanMotor,
        Self::ResetWord,
        Self::CommandQuestion,
        Self::StepBroker,
        Self::EtkName,
        Self::BrokerNamed,
        Self::Sha256,
    ];
}

with_frame_texts! { with_token_texts { with_market_texts { with_settling_texts { with_meter_texts { with_energy_texts { with_first_run_texts { with_wallet_texts { texts {
    // Frame
    Navigation: "Navigasi", "Navigation";
    Home: "Beranda", "Home";
    Settings: "Pengaturan", "Settings";
    Chain: "Jaringan", "Chain";
    Meter: "Meter", "Meter";
    Signing: "Kunci", "Key";
    Lock: "Kunci dompet", "Lock";
    Unlock: "Buka kunci", "Unlock";
    Locked: "terkunci", "locked";
    Unlocked: "terbuka", "unlocked";
    Connected: "tersambung", "connected";
    NotConnected: "tak tersambung", "not connected";
    NotSetUp: "belum diatur", "not set up";
    Online: "online", "online";
    Offline: "offline", "offline";
    Silent: "tanpa data", "silent";
    DemoHint: "Lingkungan simulasi: tidak ada uang atau meter sungguhan.", "A simulated neighbourhood: no real money, no real meter.";
    HideAmounts: "Sembunyikan jumlah", "Hide amounts";
    ShowAmounts: "Tampilkan jumlah", "Show amounts";
    BalanceUnknown: "Saldo belum dibaca dari jaringan", "The balance has not been read from the chain yet";
    Copy: "Salin", "Copy";
    Copied: "Tersalin", "Copied";
    CopyAddress: "Salin alamat", "Copy address";
    CopyFailed: "Tidak dapat menyalin; pilih teksnya dan salin sendiri.", "Copying did not work; select the text and copy it by hand.";
    CopyTransaction: "Salin hash transaksi", "Copy transaction hash";
    Close: "Tutup", "Close";
    TryAgain: "Coba lagi", "Try again";
    Starting: "Memulai…", "Starting…";
    Detail: "Rincian: {text}", "Detail: {text}";
    JustNow: "baru saja", "just now";
    Ago: "{age} lalu", "{age} ago";

    // Power
    PowerNow: "Daya saat ini", "Power now";
    Sun: "Surya", "Sun";
    Grid: "Jala-jala", "Grid";
    Battery: "Baterai", "Battery";
    HomePlace: "Rumah", "Home";
    SunSmall: "surya", "sun";
    GridSmall: "jala-jala", "grid";
    BatterySmall: "baterai", "battery";
    HomeSmall: "rumah", "home";
    Unaccounted: "tak terhitung", "unaccounted";
    NothingMoves: "tidak ada aliran", "nothing moves";
    ExportingArrow: "↑ ekspor", "↑ exporting";
    ImportingArrow: "↓ impor", "↓ importing";
    ChargingArrow: "↑ mengisi", "↑ charging";
    DischargingArrow: "↓ dipakai", "↓ discharging";
    Exporting: "ekspor", "exporting";
    Importing: "impor", "importing";
    Idle: "diam", "idle";
    Stale: "data lama", "stale";
    NotHeard: "belum terdengar", "not heard yet";

    // Settlement
    Settlement: "Penyelesaian", "Settlement";
    Period: "{from} sampai {to} · {mode}", "{from} to {to} · {mode}";
    Automatic: "otomatis", "automatic";
    ByHand: "manual", "by hand";
    WillReceive: "Anda akan menerima sekitar", "You will receive about";
    WillPay: "Anda akan membayar sekitar", "You will pay about";
    OwedNow: "{energy} bersih · {amount} ETK bila sekarang", "{energy} net · {amount} ETK if settled now";
    ExportedSoFar: "Ekspor sejauh ini", "Exported so far";
    ImportedSoFar: "Impor sejauh ini", "Imported so far";
    Carried: "Dibawa dari sebelumnya", "Carried from before";
    AveragePower: "Daya jala-jala rata-rata", "Average grid power";
    ReadyToSettle: "Akan diselesaikan di akhir periode.", "Settles at the end of the period.";
    ManualHint: "Penyelesaian otomatis mati; gunakan tombol di bawah.", "Automatic settlement is off; use the button.";
    Settling: "Penyelesaian {energy} sedang berjalan.", "A settlement of {energy} is on its way.";
    BelowMinimum: "Kurang {energy} lagi dari minimum {minimum}; yang sudah mengalir dibawa.", "{energy} more until the minimum of {minimum}; what has flowed is carried.";
    SettleNow: "Selesaikan {energy} sekarang", "Settle {energy} now";
    SettleNothing: "Selesaikan sekarang", "Settle now";
    SettlingBusy: "Menyelesaikan…", "Settling…";
    SettleStarted: "Penyelesaian dimulai.", "The settlement has started.";
    SettledTimes: "{count} selesai · {amount} ETK", "{count} settled · {amount} ETK";
    NoEstimate: "Perkiraan muncul setelah meter terdengar dan jaringan dibaca.", "The estimate appears once the meter was heard and the chain was read.";

    // Today
    Today: "Hari ini", "Today";
    PowerWord: "daya", "power";
    PowerSince: "daya sejak {time}", "power since {time}";
    Produced: "Produksi", "Produced";
    Used: "Pemakaian", "Used";
    Exported: "Ekspor", "Exported";
    Imported: "Impor", "Imported";
    SelfSufficiency: "Swasembada", "Self-sufficiency";
    SelfSufficiencyHint: "dari pemakaian rumah", "of what the home used";
    UsedAtHome: "{share} % dipakai sendiri", "{share} % used at home";
    OnAverage: "rata-rata {power}", "{power} on average";
    NetOfDay: "bersih {energy}", "net {energy}";
    ShareOfUse: "{share} % dari pemakaian", "{share} % of use";
    NothingYet: "belum ada", "nothing yet";
    NoCurve: "Kurva mulai dengan pesan pertama dari meter.", "The curve begins with the meter's first message.";
    CurveInWords: "Kurva daya hari ini. Puncak surya {sun}, puncak rumah {home}.", "Power curve of today. The sun's peak is {sun}, the home's {home}.";

    // Activity
    Activity: "Aktivitas", "Activity";
    NoActivity: "Belum ada penyelesaian.", "No settlement yet.";
    NoActivityHint: "Yang pertama muncul di sini begitu energi bersih mencapai minimum.", "The first one appears here once the net energy has reached the minimum.";
    ShowOlder: "Tampilkan yang lebih lama", "Show older";
    Direction: "Arah", "Direction";
    Time: "Waktu", "Time";
    Energy: "Energi", "Energy";
    State: "Keadaan", "State";
    Settled: "Selesai", "Settled";
    OpenMeter: "Buka meter", "Open the meter";
    MeterOpened: "Meter dibuka", "Meter opened";
    SettlerSet: "Kunci penyelesaian", "Settlement key";
    NonceFilled: "Celah diisi", "Gap filled";
    PlaceOrder: "Pesanan", "Order";
    CancelOrders: "Pembatalan pesanan", "Cancellation of orders";
    Approve: "Izin token", "Token allowance";
    StageQueued: "antre", "queued";
    StageAwaitingUnlock: "menunggu kunci", "awaiting unlock";
    StageNoGas: "tanpa gas", "no gas";
    StageSigned: "ditandatangani", "signed";
    StageSent: "dikirim", "sent";
    StageMined: "tercatat · {count}", "mined · {count}";
    StageConfirmed: "terkonfirmasi", "confirmed";
    StageFinal: "final", "final";
    StageDropped: "terlempar", "dropped";
    StageReplaced: "dibatalkan", "cancelled";
    StageFailed: "gagal", "failed";
    ToastSettled: "Selesai: {energy}, {amount} ETK.", "Settled: {energy}, {amount} ETK.";
    ToastFailed: "Penyelesaian gagal; energinya tetap terutang. {reason}", "A settlement failed; its energy is still owed. {reason}";
    ToastTask: "Bagian \"{task}\" gagal dan dimulai lagi.", "\"{task}\" failed and is started again.";

    // Device
    LinkState: "Sambungan", "Connection";
    GridSwitch: "Sakelar jala-jala", "Grid switch";
    GridImport: "impor", "import";
    GridExport: "ekspor", "export";
    GridOff: "mati", "off";
    Wifi: "Wi-Fi", "Wi-Fi";
    FreeMemory: "Memori bebas", "Free memory";
    Uptime: "Menyala selama", "Uptime";
    Counted: "Pesan dihitung", "Messages counted";
    Refused: "Pesan ditolak", "Messages refused";

    // Registration
    RequestWhy: "Buat permintaan yang ditandatangani dompet Anda, lalu kirimkan kepada operator. Energi dihitung sementara itu dan dibawa ke penyelesaian pertama.", "Make a request that your wallet signs, and send it to the operator. Energy is counted meanwhile and carried into the first settlement.";
    MakeRequest: "Buat permintaan pendaftaran", "Make the registration request";
    CopyRequest: "Salin permintaan", "Copy request";
    RequestHow: "Salin teks ini dan kirimkan kepada operator. Tidak ada rahasia di dalamnya.", "Copy this text and send it to the operator. It holds no secret.";

    // Setup
    SetupTitle: "Siapkan rumah Anda", "Set up your home";
    SetupLead: "Dompet sudah ada. Tinggal jaringan tempat energi diselesaikan dan meter yang menghitungnya.", "The wallet is there. What is left is the network that settles energy and the meter that counts it.";
    BackHome: "Kembali ke beranda", "Back to Home";
    Network: "Jaringan", "Network";
    NetworkStepHint: "Node Ethereum dan alamat kontrak", "Ethereum node and contract addresses";
    MeterStepHint: "Broker MQTT, topik, dan daya", "MQTT broker, topic and power";
    NetworkTitle: "Sambungkan ke jaringan", "Connect to the network";
    NetworkLead: "Operator jaringan memberi Anda alamat node dan sebuah berkas alamat. Keduanya diperiksa sebelum disimpan.", "The network's operator gives you the node's address and an addresses file. Both are checked before they are kept.";
    NodeUrl: "Alamat node", "Address of the node";
    NodeUrlHint: "Titik akhir JSON-RPC.", "Its JSON-RPC endpoint.";
    NodeUrlWrong: "Awali dengan http://, https://, ws:// atau wss://.", "Begin with http://, https://, ws:// or wss://.";
    Addresses: "Berkas alamat", "Addresses file";
    AddressesHint: "Pilih berkas, atau tempelkan isinya.", "Choose the file, or paste what it holds.";
    AddressesMissing: "Berkas alamat diperlukan.", "The addresses file is needed.";
    ChooseFile: "Pilih berkas…", "Choose a file…";
    UseNetwork: "Periksa dan gunakan", "Check and use";
    CheckingNode: "Memeriksa node…", "Checking the node…";
    NetworkSet: "Jaringan tersambung.", "The network is connected.";
    ChangeNetwork: "Ubah jaringan", "Change network";
    MeterTitle: "Tambahkan meter", "Add a meter";
    MeterId: "ID meter", "Meter id";
    MeterIdHint: "Sama seperti yang terdaftar di jaringan.", "The same as registered on the chain.";
    MeterIdWrong: "1 sampai 64 karakter, tanpa spasi, '/', '+', dan '#'.", "1 to 64 characters, without spaces, '/', '+' and '#'.";
    MeterName: "Nama", "Name";
    MeterNameHint: "Bagaimana Anda menyebutnya; boleh kosong.", "What you call it; it may stay empty.";
    MeterOwner: "Pemilik meter", "Owner of the meter";
    MeterOwnerHint: "Akun yang terdaftar untuk meter ini di jaringan.", "The account that the chain knows for this meter.";
    BrokerUrl: "Alamat broker", "Address of the broker";
    BrokerUrlHint: "mqtt://pengguna@host:porta, atau mqtts:// untuk TLS.", "mqtt://user@host:port, or mqtts:// for TLS.";
    BrokerUrlWrong: "Awali dengan mqtt:// atau mqtts://; tanpa kata sandi di dalamnya.", "Begin with mqtt:// or mqtts://; no password in it.";
    BrokerPassword: "Kata sandi broker", "Password of the broker";
    BaseTopic: "Topik dasar", "Base topic";
    BaseTopicHint: "Bagian sebelum /sensors.", "The part before /sensors.";
    BaseTopicWrong: "Tanpa '+' dan '#', tidak diawali '$', tidak kosong.", "Without '+' and '#', not beginning with '$', not empty.";
    RatedPower: "Daya tersambung (W)", "Rated power (W)";
    RatedPowerHint: "Terbanyak yang dapat lewat satu arah; bacaan di atasnya ditolak.", "The most that can flow one way; a reading above it is refused.";
    RatedPowerWrong: "Bilangan bulat di atas nol.", "A whole number above zero.";
    UnitsTitle: "Satuan daya dan arus", "Units of power and current";
    UnitsMilli: "mW dan mA", "mW and mA";
    UnitsBase: "W dan A", "W and A";
    SettleWhileLocked: "Tetap selesaikan saat dompet terkunci", "Keep settling while the wallet is locked";
    SettleWhileLockedHint: "Sebuah kunci penyelesaian hanya dapat menyelesaikan meter ini: ia tidak dapat memindahkan token, dan dapat dicabut dengan satu transaksi.", "A settlement key can only settle this meter: it cannot move tokens, and one transaction revokes it.";
    AddMeter: "Tambahkan meter", "Add meter";
    AddingMeter: "Menambahkan…", "Adding…";
    MeterAdded: "Meter ditambahkan; bacaan muncul begitu ia mengirim.", "The meter was added; readings appear as soon as it sends.";

    // Settings
    Appearance: "Tampilan", "Appearance";
    LanguageName: "Bahasa", "Language";
    LanguageHint: "Teks dan format angka.", "Texts and number format.";
    ThemeName: "Tema", "Theme";
    ThemeHint: "Otomatis mengikuti desktop Anda.", "Automatic follows your desktop.";
    ThemeAuto: "Otomatis", "Automatic";
    ThemeLight: "Terang", "Light";
    ThemeDark: "Gelap", "Dark";
    HideAmountsHint: "Saldo dan jumlah token diganti titik.", "Balances and token amounts become dots.";
    ChainId: "ID jaringan", "Chain id";
    GenesisHash: "Hash blok 0", "Hash of block 0";
    ConverterContract: "Kontrak EnergyConverter", "EnergyConverter contract";
    EtkContract: "Kontrak ETKToken", "ETKToken contract";
    IdrsContract: "Kontrak IDRSToken", "IDRSToken contract";
    ConfirmationsNeeded: "Konfirmasi yang diperlukan", "Confirmations needed";
    About: "Tentang", "About";
    Version: "Versi", "Version";
    DataDirectory: "Direktori data", "Data directory";
    Licence: "Lisensi", "Licence";
    Font: "Huruf", "Font";
} } } } } } } } }
