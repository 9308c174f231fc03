//! The texts of the command palette and of the keys; Indonesian first, then English.

/// Hands a table on to the next macros with the texts of this file behind its own.
macro_rules! with_frame_texts {
    ($first:ident { $second:ident { $third:ident { $fourth:ident { $fifth:ident { $sixth:ident { $seventh:ident { $texts:ident { $($before:tt)* } } } } } } } }) => { $first! { $second { $third { $fourth { $fifth { $sixth { $seventh { $texts { $($before)*
    // Command palette
    Palette: "Perintah", "Commands";
    PaletteHint: "Cari halaman atau perintah", "Find a page or a command";
    PaletteCount: "{count} perintah. Panah memilih, Enter menjalankan.", "{count} commands. Arrows choose, Enter runs.";
    GroupPage: "halaman", "page";
    GroupPart: "bagian", "part";
    GroupLook: "tampilan", "look";
    GroupAct: "tindakan", "action";
    VerbSettle: "Selesaikan sekarang", "Settle now";
    VerbInbox: "Buka kotak masuk", "Open the inbox";
    VerbSend: "Kirim token atau koin", "Send tokens or coins";
    VerbReceive: "Terima token: alamat dan kode QR", "Receive tokens: address and QR code";
    VerbCopyAddress: "Salin alamat saya", "Copy my address";
    VerbBackUp: "Buat cadangan", "Back up";
    VerbRestore: "Pulihkan dari cadangan", "Restore a backup";
    VerbNewWallet: "Buat dompet baru", "Create a wallet";
    VerbImportWallet: "Impor dompet", "Import a wallet";

    VerbPause: "Jeda penyelesaian otomatis", "Pause automatic settlement";
    VerbResume: "Lanjutkan penyelesaian otomatis", "Resume automatic settlement";
    PausedNow: "Penyelesaian otomatis dijeda.", "Automatic settlement is paused.";
    ResumedNow: "Penyelesaian otomatis berlanjut.", "Automatic settlement goes on.";
    PauseHint: "Berlaku untuk semua meter, di atas pilihan di bawah, sampai dilanjutkan. Menyelesaikan dengan tangan tetap bisa.", "For every meter, over the choices below, until it goes on. Settling by hand still works.";
    Quit: "Keluar dari aplikasi", "Quit";

    // Desktop
    Desktop: "Desktop", "Desktop";
    AtLogin: "Mulai saat masuk", "Start at login";
    AtLoginHint: "Dimulai di baki sistem, tanpa jendela, saat Anda masuk ke komputer.", "It starts in the tray, without a window, when you log in to the computer.";
    OnClosing: "Saat jendela ditutup", "When the window is closed";
    OnClosingHint: "Di baki sistem aplikasi terus mendengar meter dan menyelesaikan.", "In the tray the app goes on listening to the meter and settling.";
    ClosingAsks: "Tanyakan", "Ask";
    KeepRunning: "Terus berjalan di baki", "Keep running in the tray";
    NoTray: "Desktop ini tidak menampilkan baki: menutup jendela berarti keluar.", "This desktop shows no tray: closing the window quits.";
    TrayOpen: "Buka EnerLink", "Open EnerLink";
    TrayPeriod: "periode ini", "this period";
    AskClosingTitle: "Terus berjalan di baki?", "Keep running in the tray?";
    AskClosingWords: "Jendela ditutup, tetapi aplikasi bisa terus mendengar meter dan menyelesaikan. Ikonnya di baki membukanya lagi.", "The window closes, but the app can go on listening to the meter and settling. Its icon in the tray opens it again.";
    AskClosingRemembered: "Ini ditanyakan sekali; di Pengaturan dapat diubah.", "This is asked once; it can be changed in Settings.";
    AskQuittingTitle: "Keluar sekarang?", "Quit now?";
    AskQuittingWords: "Sebuah penyelesaian atau transaksi sedang berjalan. Ia tersimpan dan berlanjut saat aplikasi dibuka lagi.", "A settlement or a transaction is on its way. It is stored, and goes on when the app is started again.";

    VerbSafeColours: "Warna ramah buta warna", "Colour-blind friendly colours";
    VerbUsualColours: "Warna biasa", "Usual colours";
    SafeColours: "Warna ramah buta warna", "Colour-blind palette";
    SafeColoursHint: "Biru dan jingga menggantikan hijau dan merah, juga di grafik.", "Blue and orange take the place of green and red, in charts too.";

    // Profile
    Profile: "Profil", "Profile";
    ProfileName: "Nama", "Name";
    ProfileNameHint: "Nama rumah tangga ini di komputer ini.", "What this household is called on this computer.";
    ProfileNameWrong: "Satu baris, 1 sampai 64 huruf.", "One line of 1 to 64 characters.";
    ProfileContact: "Kontak", "Contact";
    ProfileContactHint: "Opsional: telepon atau surel. Tidak dikirim ke mana pun; ikut dalam cadangan.", "Optional: a phone number or an address. It is sent nowhere, and is part of the backup.";
    ProfileContactWrong: "Satu baris, paling banyak 200 huruf.", "One line of at most 200 characters.";
    ActiveWallet: "Dompet aktif", "Active wallet";

    // Numbers and clock
    NumbersName: "Format angka", "Number format";
    NumbersHint: "Berlaku untuk yang tampil dan yang diketik.", "Counts for what is shown and for what is typed.";
    NumbersLanguage: "Menurut bahasa", "By language";
    NumbersComma: "1.234,56", "1.234,56";
    NumbersPoint: "1,234.56", "1,234.56";
    ZoneName: "Zona waktu", "Time zone";
    ZoneHint: "Hari di Energi mulai pada tengah malam zona ini.", "Days in Energy begin at midnight of this zone.";
    ZoneSystem: "Sesuai desktop", "As the desktop";
    ZoneWib: "WIB (UTC+7)", "WIB (UTC+7)";
    ZoneWita: "WITA (UTC+8)", "WITA (UTC+8)";
    ZoneWit: "WIT (UTC+9)", "WIT (UTC+9)";

    // Licences
    Licences: "Lisensi komponen", "Licences of the parts";
    LicencesHint: "Setiap komponen yang terpasang bersama aplikasi ini, menurut lisensinya.", "Every part that is installed with this app, by its licence.";

    // Keys
    ShortcutSheet: "Pintasan papan ketik", "Keyboard shortcuts";
    ShortcutPalette: "Daftar semua perintah", "List of all commands";
    ShortcutSearch: "Cari di tabel yang tampak", "Search the table that is shown";
    ShortcutLeave: "Tutup dialog, formulir, atau kotak masuk", "Close a dialog, a form or the inbox";
    ShortcutTurnKey: "Kunci atau buka dompet", "Lock or unlock the wallet";
    KeysEverywhere: "Di seluruh jendela", "In the whole window";
    KeysWithin: "Di dalam daftar, tab, dan grafik", "In lists, tabs and charts";
    KeysPalette: "Pilih perintah dalam daftar", "Choose a command in the list";
    KeysTabs: "Pindah antartab", "Go from tab to tab";
    KeysPeriods: "Rentang energi sebelum dan sesudahnya", "The energy period before and after";
    KeysZoom: "Perbesar dan perkecil grafik yang dipilih", "Zoom the focused chart in and out";
    KeysWhole: "Tampilkan seluruh grafik yang dipilih", "Show all of the focused chart";
    KeysNext: "Ke tombol atau isian berikutnya", "To the next button or field";
    KeysEnter: "Kirim formulir; tidak pernah mengonfirmasi transaksi", "Submit a form; it never confirms a transaction";
    } } } } } } } } };
}
