//! The texts of the energy page, the inbox and what the core tells of itself; Indonesian first, then English.

/// Hands a table on to the next macros with the texts of this file behind its own.
macro_rules! with_energy_texts {
    ($next:ident { $then:ident { $texts:ident { $($before:tt)* } } }) => { $next! { $then { $texts { $($before)*
    // Periods
    EnergyPage: "Energi", "Energy";
    PeriodScale: "Rentang waktu", "Period";
    ScaleDay: "Hari", "Day";
    ScaleWeek: "Minggu", "Week";
    ScaleMonth: "Bulan", "Month";
    ScaleYear: "Tahun", "Year";
    ScaleRange: "Pilihan", "Range";
    PeriodEarlier: "Lebih awal (panah kiri)", "Earlier (left arrow)";
    PeriodLater: "Lebih akhir (panah kanan)", "Later (right arrow)";
    PeriodToday: "Hari ini", "Today";
    PeriodDate: "Tanggal", "Date";
    PeriodFrom: "Dari tanggal", "From";
    PeriodTo: "Sampai tanggal", "To";
    RetiredMeter: "{name} (nonaktif)", "{name} (retired)";
    HistoryOffline: "Meter tidak terdengar sejak {time}; yang tercatat tetap tampil.", "The meter is not heard since {time}; what was recorded is shown.";

    // Chart
    ChartOf: "Grafik", "Chart";
    ShowPower: "Daya", "Power";
    ShowEnergy: "Energi", "Energy";
    OwnUse: "Pasokan sendiri", "Own supply";
    ZoomIn: "Perbesar (+)", "Zoom in (+)";
    ZoomOut: "Perkecil (−)", "Zoom out (−)";
    ZoomWhole: "Tampilkan semua (0)", "Show all of it (0)";
    ChartHint: "Seret untuk memperbesar, Shift dan seret untuk menggeser, roda untuk keduanya.", "Drag to zoom, Shift and drag to move, or use the wheel.";
    BarHint: "Klik sebuah batang untuk melihatnya lebih dekat.", "Click a bar to look closer.";
    SavePng: "Simpan PNG", "Save PNG";
    SavePngHint: "Simpan grafik sebagai gambar", "Save the chart as an image";
    PngFailed: "Gambar tidak dapat dibuat.", "The image could not be made.";
    SaveRaw: "Bacaan mentah", "Raw readings";
    SaveRawHint: "Simpan setiap bacaan dari rentang ini sebagai CSV", "Save every reading of this period as CSV";
    SavingRaw: "Menulis…", "Writing…";
    RawSaved: "Tersimpan: {count} bacaan dalam {file}", "Saved: {count} readings in {file}";
    NoPowerHere: "Tidak ada bacaan di rentang ini.", "There are no readings in this stretch.";
    PeriodCurve: "Kurva daya. Puncak surya {sun}, puncak rumah {home}. Angkanya ada di tabel di bawah.", "Power curve. The sun's peak is {sun}, the home's {home}. The numbers are in the table below.";
    PeriodBars: "Batang energi: produksi {produced}, pemakaian {used}, ekspor {exported}, impor {imported}. Angkanya ada di tabel di bawah.", "Energy bars: {produced} produced, {used} used, {exported} exported, {imported} imported. The numbers are in the table below.";
    PeriodSpoken: "{period}: produksi {produced}, pemakaian {used}.", "{period}: {produced} produced, {used} used.";

    // Figures
    SelfConsumption: "Dipakai sendiri", "Self-consumption";
    ExportWorth: "Nilai ekspor", "Export value";
    ImportWorth: "Nilai impor", "Import value";
    Minted: "ETK dicetak", "ETK minted";
    Burned: "ETK dibakar", "ETK burned";
    ProducedMeaning: "Yang dihasilkan panel surya.", "What the panels generated.";
    UsedMeaning: "Yang dipakai rumah.", "What the home used.";
    ExportedMeaning: "Yang mengalir ke jala-jala.", "What went to the grid.";
    ImportedMeaning: "Yang diambil dari jala-jala.", "What came from the grid.";
    SelfSufficiencyMeaning: "Bagian pemakaian yang tidak datang dari jala-jala.", "The part of use that did not come from the grid.";
    SelfConsumptionMeaning: "Bagian produksi yang tidak diekspor.", "The part of production that was not exported.";
    ExportWorthMeaning: "Ekspor dikali tarif listrik di Pengaturan.", "Export times the utility tariff in Settings.";
    ImportWorthMeaning: "Impor dikali tarif listrik di Pengaturan.", "Import times the utility tariff in Settings.";
    MintedMeaning: "Token yang dicetak oleh penyelesaian yang berhasil dalam rentang ini.", "Tokens minted by settlements that succeeded in this period.";
    BurnedMeaning: "Token yang dibakar oleh penyelesaian yang berhasil dalam rentang ini.", "Tokens burned by settlements that succeeded in this period.";
    MorePercent: "{count} % lebih banyak", "{count} % more";
    LessPercent: "{count} % lebih sedikit", "{count} % less";
    MorePoints: "{count} poin lebih tinggi", "{count} pt more";
    LessPoints: "{count} poin lebih rendah", "{count} pt less";
    SameAsBefore: "seperti sebelumnya", "as before";
    NothingBefore: "sebelumnya tidak ada", "none before";
    NoComparison: "tanpa pembanding", "nothing to compare";
    ComparedWith: "Dibandingkan dengan {period}", "Compared with {period}";
    ComparedUntil: "Dibandingkan dengan {period}, sampai {time}", "Compared with {period}, until {time}";
    NotCompared: "{period} belum tercatat seluruhnya.", "{period} was not recorded in full.";

    // Tables
    Numbers: "Angka", "Numbers";
    ByTime: "Menurut waktu", "By time";
    InTotal: "Jumlah", "In total";
    FigureName: "Besaran", "Figure";
    ThisPeriod: "Rentang ini", "This period";
    PeriodBefore: "Sebelumnya", "Before";
    Difference: "Perbedaan", "Difference";
    NoNumbers: "Tidak ada angka di rentang ini.", "There are no numbers in this period.";
    Settlements: "Penyelesaian", "Settlements";
    NetEnergy: "Bersih", "Net";
    TransactionWord: "Transaksi", "Transaction";
    EtkName: "ETK", "ETK";
    Block: "Blok", "Block";

    // Nothing to show
    NoMeterTitle: "Belum ada meter", "There is no meter yet";
    NoMeterHint: "Riwayat energi mulai dengan bacaan pertama sebuah meter.", "The history of energy begins with a meter's first reading.";
    NoMeterGo: "Siapkan meter", "Set up a meter";
    NothingRecorded: "Belum ada yang tercatat", "Nothing was recorded yet";
    NothingRecordedHint: "Riwayat mulai dengan bacaan pertama meter ini, dan muncul di sini dengan sendirinya.", "The history begins with this meter's first reading, and appears here by itself.";
    BeforeFirst: "Sebelum bacaan pertama", "Before the first reading";
    BeforeFirstHint: "Meter ini mulai terdengar pada {date}.", "This meter was first heard on {date}.";
    ToFirst: "Ke hari pertama", "Go to the first day";

    // Inbox
    Inbox: "Kotak masuk", "Inbox";
    InboxUnseen: "Kotak masuk, {count} belum dilihat", "Inbox, {count} not seen";
    InboxEmpty: "Tidak ada pemberitahuan.", "There are no notices.";
    InboxEmptyHint: "Di sini tersimpan yang terjadi dengan meter: terputus, kembali, perintah gagal.", "What happens with your meters is kept here: offline, back again, a command that failed.";
    MarkSeen: "Tandai sudah dilihat", "Mark as seen";
    NoticeOver: "berakhir {time} · {span}", "over {time} · {span}";
    NoticeLasts: "masih berlangsung", "still going on";
    ShowMeter: "Lihat meter {meter}", "Look at meter {meter}";
    MoreNotices: "{count} pemberitahuan baru", "{count} new notices";
    AndMore: "dan {count} lagi", "and {count} more";
    NotificationSettings: "Atur pemberitahuan", "Notification settings";

    // Settings
    Notifications: "Pemberitahuan", "Notifications";
    NotificationsHint: "Yang dimatikan tidak tampil di jendela maupun di desktop; kotak masuk tetap menyimpannya.", "What is switched off is shown neither in the window nor on the desktop; the inbox keeps it all the same.";
    DataSettings: "Data yang disimpan", "Stored data";
    RawDays: "Simpan bacaan mentah (hari)", "Keep raw readings (days)";
    RawDaysHint: "0 untuk selamanya. Ringkasan per menit, jam, dan hari disimpan selamanya.", "0 is for ever. Summaries by minute, hour and day are kept for ever.";
    RawDaysWrong: "Bilangan bulat dari 0 sampai 36.500.", "A whole number from 0 to 36,500.";
    LogMessages: "Simpan catatan pesan (baris)", "Keep the message log (rows)";
    LogMessagesHint: "0 untuk tanpa batas. Yang paling lama dihapus lebih dahulu.", "0 is without bound. The oldest are deleted first.";
    LogMessagesWrong: "Bilangan bulat dari 0 sampai 100.000.000.", "A whole number from 0 to 100,000,000.";
    CopyDatabase: "Salin basis data…", "Copy the database…";
    CopyDatabaseHint: "Bacaan, penyelesaian, dan pengaturan, tanpa kunci: kunci ada di cadangan dompet.", "Readings, settlements and settings, without keys: those are in a backup of the wallet.";
    DatabaseCopied: "Basis data disalin ke {file}", "The database is copied to {file}";
    Tariff: "Tarif listrik (Rp per kWh)", "Utility tariff (Rp per kWh)";
    TariffHint: "Untuk menilai ekspor dan impor; paling banyak dua desimal.", "To value export and import; two decimals at most.";
    TariffWrong: "Angka dari 0 dengan paling banyak dua desimal, seperti 1444,70.", "A number from 0 with two decimals at most, such as 1444.70.";
    SaveChanges: "Simpan", "Save";
    SavingChanges: "Menyimpan…", "Saving…";
    ChangesSaved: "Tersimpan.", "Saved.";

    // Diagnostics
    Diagnostics: "Diagnostik", "Diagnostics";
    DiagnosticsHint: "Keadaan inti aplikasi sekarang; tidak ada yang dikirim keluar.", "How the core fares right now; nothing of it leaves this computer.";
    CopyDiagnostics: "Salin sebagai teks", "Copy as text";
    MessageRate: "Pesan", "Messages";
    PerSecond: "{count} per detik · {total} sejak mulai", "{count} per second · {total} since the start";
    DecodeTime: "Membaca satu pesan", "Decoding a message";
    CommitTime: "Menyimpan satu kelompok", "Committing a batch";
    Percentiles: "median {half}, p99 {most} · n = {count}", "median {half}, p99 {most}, n = {count}";
    NotMeasured: "belum diukur", "not measured yet";
    QueueDepth: "Antrean", "Queue";
    QueueWords: "{count} menunggu · paling banyak {peak}", "{count} waiting · {peak} at most";
    EventQueue: "Peristiwa menunggu", "Events waiting";
    BrokerNamed: "Broker {url}", "Broker {url}";
    BrokerWords: "{state} · {count} kali tersambung lagi", "{state} · reconnected {count} times";
    CommandTime: "Perintah pulang-pergi", "Command round trip";
    RpcTime: "Panggilan node", "Node call";
    BlockAge: "Umur blok terakhir", "Age of the last block";
    SettlementTime: "Antre sampai final", "Queued to final";
    DatabaseSize: "Basis data", "Database";
    DatabaseRefuses: "{size} · tidak dapat ditulis", "{size} · cannot be written";
    } } } };
}
