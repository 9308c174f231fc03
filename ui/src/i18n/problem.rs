//! What went wrong and what to do about it, for every error code, in both languages.

use enerlink_domain::Code;

use super::Language;

/// What went wrong, as one sentence without figures.
pub(crate) fn headline(language: Language, code: Code) -> &'static str {
    let (indonesian, english) = headlines(code);
    match language {
        Language::Indonesian => indonesian,
        Language::English => english,
    }
}

/// What the person can do about it.
pub(crate) fn next_step(language: Language, code: Code) -> &'static str {
    match language {
        Language::Indonesian => step_in_indonesian(code),
        Language::English => code.next_step(),
    }
}

fn headlines(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::WrongPassword => ("Kata sandi salah.", "The password is wrong."),
        Code::UnlockThrottled => ("Terlalu banyak percobaan.", "Too many attempts."),
        Code::WeakPassword => ("Kata sandi terlalu lemah.", "The password is too weak."),
        Code::NoVault => ("Belum ada dompet.", "There is no wallet yet."),
        Code::VaultExists => ("Dompet sudah ada.", "There is a wallet already."),
        Code::VaultUnreadable => ("Brankas dompet tidak dapat dibaca.", "The vault cannot be read."),
        Code::WalletUnknown => (
            "Dompet atau akun itu tidak ada.",
            "There is no such wallet or account.",
        ),
        Code::WalletKnown => ("Dompet itu sudah ada di sini.", "That wallet is here already."),
        Code::PhraseInvalid => ("Frasa pemulihan tidak sah.", "The recovery phrase is not valid."),
        Code::KeyInvalid => (
            "Kunci atau berkas kunci tidak diterima.",
            "The key or key file is not accepted.",
        ),
        Code::BackupUnreadable => ("Cadangan tidak dapat dibaca.", "The backup cannot be read."),
        Code::RestoreUnseen => (
            "Hasil pemulihan belum diperiksa.",
            "What was restored has not been looked at.",
        ),
        Code::Locked => ("Dompet terkunci.", "The wallet is locked."),
        Code::ProfileInUse => (
            "Profil ini dipakai proses lain.",
            "Another process uses this profile.",
        ),
        Code::BrokerUnreachable => ("Broker tidak dapat dihubungi.", "The broker cannot be reached."),
        Code::BrokerRefused => ("Broker menolak sambungan.", "The broker refuses the connection."),
        Code::ClientIdTaken => (
            "Program lain memakai ID klien dompet ini di broker.",
            "Another program uses this wallet's client id at the broker.",
        ),
        Code::MeterSilent => ("Meter tidak mengirim data.", "The meter is silent."),
        Code::NodeUnreachable => (
            "Node Ethereum tidak dapat dihubungi.",
            "The Ethereum node cannot be reached.",
        ),
        Code::WrongChain => (
            "Node ini melayani jaringan lain.",
            "The node serves another chain.",
        ),
        Code::OtherChain => (
            "Ini bukan jaringan yang terikat pada profil ini.",
            "This is not the chain that the profile is bound to.",
        ),
        Code::ContractsMissing => (
            "Kontrak EnerLink tidak ada di alamat itu.",
            "There is no EnerLink contract at the address.",
        ),
        Code::NoNetwork => ("Jaringan belum diatur.", "No network is set up."),
        Code::MeterUnregistered => (
            "Meter belum terdaftar di jaringan.",
            "The meter is not registered on the chain.",
        ),
        Code::MeterForeign => (
            "Meter terdaftar atas akun lain, atau sudah dinonaktifkan.",
            "The meter is registered to another account, or retired.",
        ),
        Code::MeterUnknown => (
            "Meter itu tidak ada di profil ini.",
            "There is no such meter in this profile.",
        ),
        Code::MeterExists => (
            "Meter itu sudah ditambahkan.",
            "That meter has been added already.",
        ),
        Code::ConfirmationMissing => (
            "Perintah ini perlu dikonfirmasi.",
            "The command has to be confirmed.",
        ),
        Code::TooOften => (
            "Terlalu banyak perintah dalam waktu singkat.",
            "Too many commands in a short time.",
        ),
        Code::StillPending => (
            "Masih ada yang sedang berjalan.",
            "Something of it is still on its way.",
        ),
        Code::NoGas => (
            "Akun tidak dapat membayar gas.",
            "The account cannot pay for gas.",
        ),
        Code::InsufficientBalance => ("Saldo tidak cukup.", "The balance does not cover it."),
        Code::NothingToSettle => (
            "Energi belum cukup untuk diselesaikan.",
            "There is not enough energy to settle.",
        ),
        Code::SettlementPending => (
            "Satu penyelesaian sedang berjalan.",
            "A settlement is on its way.",
        ),
        Code::NoMarket => ("Jaringan ini tidak punya pasar.", "The network has no market."),
        Code::MarketUnread => ("Buku pesanan sedang dibaca.", "The market's book is being read."),
        Code::OrderInvalid => (
            "Pasar tidak dapat menerima pesanan ini.",
            "The market cannot take this order.",
        ),
        Code::OrderCrosses => (
            "Pesanan ini akan langsung diperdagangkan.",
            "The order would trade at once.",
        ),
        Code::OrderClosed => (
            "Pesanan itu sudah terpenuhi atau dibatalkan.",
            "The order is filled or cancelled already.",
        ),
        Code::OrderForeign => (
            "Pesanan itu milik orang lain.",
            "The order belongs to somebody else.",
        ),
        Code::AllowanceMissing => (
            "Kontrak belum diizinkan mengambil token sebanyak itu.",
            "The contract may not take so many tokens.",
        ),
        Code::Reverted => (
            "Kontrak menolak transaksi.",
            "The contract refused the transaction.",
        ),
        Code::TooLate => (
            "Transaksi itu tidak dapat diubah lagi.",
            "The transaction cannot be changed any more.",
        ),
        Code::NodesDisagree => (
            "Kedua node menceritakan hal yang berbeda.",
            "The nodes tell different things.",
        ),
        Code::ReceiptInvalid => (
            "Bukti itu tidak membuktikan yang dikatakannya.",
            "The receipt does not prove what it says.",
        ),
        Code::Storage => (
            "Basis data tidak dapat dibaca atau ditulis.",
            "The database cannot be read or written.",
        ),
        Code::DatabaseDamaged => ("Basis data rusak.", "The database is damaged."),
        Code::InvalidInput => ("Masukan tidak sah.", "The input is not valid."),
        Code::Internal => (
            "Terjadi kesalahan di dalam program.",
            "Something went wrong inside the program.",
        ),
    }
}

fn step_in_indonesian(code: Code) -> &'static str {
    match code {
        Code::WrongPassword => "Ketik ulang kata sandi; periksa tombol caps lock.",
        Code::UnlockThrottled => "Tunggu selama waktu yang tertera, lalu coba lagi.",
        Code::WeakPassword => "Pilih sedikitnya 12 karakter yang sukar ditebak.",
        Code::NoVault => "Buat dompet terlebih dahulu.",
        Code::VaultExists => "Buka kunci dompet yang ada, atau pilih direktori data lain.",
        Code::VaultUnreadable => {
            "Pulihkan brankas dari salinan .bak atau dari cadangan Anda; tidak ada yang diubah."
        }
        Code::WalletUnknown => "Pilih salah satu dompet dalam daftar.",
        Code::WalletKnown => "Gunakan dompet yang sudah ada; tambahkan akun bila perlu.",
        Code::PhraseInvalid => "Bandingkan setiap kata dengan catatan Anda, dalam urutan yang sama.",
        Code::KeyInvalid => "Periksa kunci atau berkasnya; tidak ada yang disimpan.",
        Code::BackupUnreadable => "Pilih salinan cadangan yang lain; tidak ada yang diubah.",
        Code::RestoreUnseen => "Lihat daftar hasil pemulihan lalu konfirmasikan.",
        Code::Locked => "Buka kunci dompet lalu coba lagi.",
        Code::ProfileInUse => {
            "Lakukan di proses EnerLink yang lain itu, atau tutup dahulu; direktori data lain adalah profil lain."
        }
        Code::BrokerUnreachable => "Periksa apakah broker menyala dan alamat serta portanya benar.",
        Code::BrokerRefused => "Periksa nama pengguna, kata sandi, sertifikat, dan daftar akses broker.",
        Code::ClientIdTaken => {
            "Akhiri program lain itu, atau salinan profil ini; hanya satu yang dapat mendengarkan."
        }
        Code::MeterSilent => "Periksa daya dan jaringan meter, serta topik dasarnya.",
        Code::NodeUnreachable => {
            "Periksa apakah node Ethereum berjalan dan alamatnya benar; energi tetap dihitung sementara itu."
        }
        Code::WrongChain => "Pilih node dari jaringan yang diatur, atau impor berkas alamat yang benar.",
        Code::OtherChain => {
            "Gunakan profil lain untuk jaringan ini; jaringan yang dikenal profil ini tidak disentuh."
        }
        Code::ContractsMissing => "Minta berkas alamat terbaru kepada operator, lalu impor.",
        Code::NoNetwork => "Impor berkas alamat dari operator.",
        Code::MeterUnregistered => {
            "Kirim permintaan pendaftaran kepada operator; sementara itu energi tetap dihitung dan dibawa."
        }
        Code::MeterForeign => "Minta operator mendaftarkan meter atas akun Anda.",
        Code::MeterUnknown => "Periksa ID meter, atau tambahkan meter itu.",
        Code::MeterExists => "Pilih ID meter lain, atau gunakan meter yang sudah ada.",
        Code::ConfirmationMissing => "Konfirmasikan perintahnya.",
        Code::TooOften => "Tunggu beberapa detik lalu coba lagi.",
        Code::StillPending => "Tunggu sampai selesai, lalu coba lagi.",
        Code::NoGas => "Minta operator mengisi akun Anda dengan koin jaringan; tidak ada yang hilang.",
        Code::InsufficientBalance => {
            "Dapatkan token terlebih dahulu; yang terutang dibawa ke periode berikut."
        }
        Code::NothingToSettle => "Tunggu sampai lebih banyak energi mengalir; energi ini dibawa.",
        Code::SettlementPending => "Tunggu penyelesaian yang sedang berjalan.",
        Code::NoMarket => "Minta operator berkas alamat yang memuat pasar, lalu impor.",
        Code::MarketUnread => "Tunggu sampai buku pesanan selesai dibaca; itu berjalan sendiri.",
        Code::OrderInvalid => "Perbaiki pesanan: sedikitnya satu lot, dengan harga sedikitnya 1.",
        Code::OrderCrosses => {
            "Pilih harga yang tidak langsung diperdagangkan, atau biarkan pesanan diperdagangkan."
        }
        Code::OrderClosed => "Tidak ada lagi yang perlu dilakukan; daftar pesanan menunjukkan hasilnya.",
        Code::OrderForeign => "Pilih salah satu pesanan Anda sendiri.",
        Code::AllowanceMissing => "Coba lagi; dompet meminta izin sebanyak yang diperlukan pesanan.",
        Code::Reverted => "Baca alasannya; energi tetap terutang dan tidak ada yang hilang.",
        Code::TooLate => "Tunggu sampai selesai; daftar transaksi menunjukkannya.",
        Code::NodesDisagree => {
            "Tanyakan kepada operator node mana yang benar; tidak ada yang ditandatangani sampai keduanya sepakat."
        }
        Code::ReceiptInvalid => "Minta bukti itu lagi, dan hash bloknya dari sumber yang Anda percaya.",
        Code::Storage => "Periksa ruang disk dan izin tulis; data yang sudah disimpan tetap aman.",
        Code::DatabaseDamaged => {
            "Pasang kembali salinannya dengan `enerlink database restore --from SALINAN`; yang sudah diselesaikan dibaca dari rantai."
        }
        Code::InvalidInput => "Perbaiki masukan lalu coba lagi.",
        Code::Internal => {
            "Mulai ulang aplikasi dan laporkan masalah ini beserta lognya; data tersimpan tetap aman."
        }
    }
}

/// Every code, for the tests.
#[cfg(test)]
pub(super) const ALL: [Code; 49] = [
    Code::WrongPassword,
    Code::UnlockThrottled,
    Code::WeakPassword,
    Code::NoVault,
    Code::VaultExists,
    Code::VaultUnreadable,
    Code::WalletUnknown,
    Code::WalletKnown,
    Code::PhraseInvalid,
    Code::KeyInvalid,
    Code::BackupUnreadable,
    Code::RestoreUnseen,
    Code::Locked,
    Code::ProfileInUse,
    Code::BrokerUnreachable,
    Code::BrokerRefused,
    Code::ClientIdTaken,
    Code::MeterSilent,
    Code::NodeUnreachable,
    Code::WrongChain,
    Code::OtherChain,
    Code::ContractsMissing,
    Code::NoNetwork,
    Code::MeterUnregistered,
    Code::MeterForeign,
    Code::MeterUnknown,
    Code::MeterExists,
    Code::ConfirmationMissing,
    Code::TooOften,
    Code::StillPending,
    Code::NoGas,
    Code::InsufficientBalance,
    Code::NothingToSettle,
    Code::SettlementPending,
    Code::NoMarket,
    Code::MarketUnread,
    Code::OrderInvalid,
    Code::OrderCrosses,
    Code::OrderClosed,
    Code::OrderForeign,
    Code::AllowanceMissing,
    Code::Reverted,
    Code::TooLate,
    Code::NodesDisagree,
    Code::ReceiptInvalid,
    Code::Storage,
    Code::DatabaseDamaged,
    Code::InvalidInput,
    Code::Internal,
];
