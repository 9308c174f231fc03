//! What the sheet says, in both languages.

use chrono::{DateTime, Datelike as _, Timelike as _};
use enerlink_domain::UnixMillis;

/// The language of a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Bahasa Indonesia.
    Indonesian,
    /// English.
    English,
}

/// The sentences of a sheet. `{…}` is filled in.
pub(crate) struct Words {
    /// RFC 5646.
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) made: &'static str,
    pub(crate) sheet: &'static str,
    pub(crate) codes: &'static str,
    /// `{codes}`, `{pages}`.
    pub(crate) codes_on: &'static str,
    pub(crate) what: &'static str,
    pub(crate) warning: &'static str,
    pub(crate) warnings: [&'static str; 2],
    pub(crate) wallets: &'static str,
    pub(crate) phrase: &'static str,
    pub(crate) phrase_and_passphrase: &'static str,
    pub(crate) private_key: &'static str,
    pub(crate) restore: &'static str,
    /// `{date}` in the fourth.
    pub(crate) steps: [&'static str; 5],
    pub(crate) not_here: &'static str,
    pub(crate) how_to_photograph: &'static str,
    /// `{page}`, `{pages}`.
    pub(crate) page: &'static str,
    months: [&'static str; 12],
    /// Between hours and minutes.
    time: char,
}

impl Language {
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::Indonesian => &INDONESIAN,
            Self::English => &ENGLISH,
        }
    }
}

impl Words {
    /// `21 November 2026, 20:15 UTC`.
    pub(crate) fn moment(&self, at: UnixMillis) -> String {
        let Some(moment) = DateTime::from_timestamp_millis(at.0) else {
            return format!("{at} ms");
        };
        let (date, hour, minute) = (self.date(at), moment.hour(), moment.minute());
        format!("{date}, {hour:02}{}{minute:02} UTC", self.time)
    }

    /// `21 November 2026`, of UTC.
    pub(crate) fn date(&self, at: UnixMillis) -> String {
        let Some(moment) = DateTime::from_timestamp_millis(at.0) else {
            return format!("{at} ms");
        };
        let month = self.months[moment.month0() as usize];
        format!("{} {month} {}", moment.day(), moment.year())
    }
}

const ENGLISH: Words = Words {
    code: "en",
    title: "Wallet backup on paper",
    made: "Made on",
    sheet: "Sheet",
    codes: "Codes",
    codes_on: "{codes}, on page {pages}",
    what: "This sheet brings the wallets listed below back on any computer. The QR codes on the following pages hold \
           their encrypted vault. EnerLink opens it with the password that was in use on the day above.",
    warning: "Keep this sheet like a key",
    warnings: [
        "Whoever has this sheet and the password has the wallets and everything in them. Keep the two apart, and \
         show the codes to nobody.",
        "The password is not on this sheet, and nobody can reset it. Recovery phrases, their passphrases and private \
         keys are not on it in readable form either: keep written phrases, and passphrases, somewhere else.",
    ],
    wallets: "Wallets",
    phrase: "Recovery phrase",
    phrase_and_passphrase: "Recovery phrase with a passphrase",
    private_key: "Private key",
    restore: "How to restore",
    steps: [
        "Install EnerLink Wallet on a computer that you trust, and start it.",
        "Choose Restore, then the printed sheet.",
        "Scan or photograph the codes and choose the pictures (PNG or JPEG). All codes are needed, in any order; one \
         picture may show several.",
        "Type the password that was in use on {date}. A later password does not open this sheet.",
        "Compare the addresses with those above.",
    ],
    not_here: "Meters, their readings, contacts and settings are not on paper: they are in the backup file.",
    how_to_photograph: "Lay the page flat, in even light. Every code has to be sharp and in the picture with its white \
                        margin.",
    page: "Page {page} of {pages}",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    time: ':',
};

const INDONESIAN: Words = Words {
    code: "id",
    title: "Cadangan dompet di atas kertas",
    made: "Dibuat pada",
    sheet: "Lembar",
    codes: "Kode",
    codes_on: "{codes}, di halaman {pages}",
    what: "Lembar ini mengembalikan dompet-dompet di bawah ini di komputer mana pun. Kode QR di halaman berikut memuat \
           brankasnya yang terenkripsi. EnerLink membukanya dengan kata sandi yang berlaku pada tanggal di atas.",
    warning: "Simpan lembar ini seperti kunci",
    warnings: [
        "Siapa pun yang memiliki lembar ini beserta kata sandinya memiliki dompet dan seluruh isinya. Simpan keduanya \
         terpisah, dan jangan perlihatkan kode-kodenya kepada siapa pun.",
        "Kata sandi tidak tercantum di lembar ini, dan tidak ada yang dapat mengatur ulang. Frasa pemulihan, frasa \
         sandinya, dan kunci pribadi juga tidak terbaca di sini: simpan catatan frasa dan frasa sandi di tempat lain.",
    ],
    wallets: "Dompet",
    phrase: "Frasa pemulihan",
    phrase_and_passphrase: "Frasa pemulihan dengan frasa sandi",
    private_key: "Kunci pribadi",
    restore: "Cara memulihkan",
    steps: [
        "Pasang EnerLink Wallet di komputer yang Anda percayai, lalu jalankan.",
        "Pilih Pulihkan, lalu lembar cetak.",
        "Pindai atau potret kode-kodenya, lalu pilih gambarnya (PNG atau JPEG). Semua kode diperlukan, urutannya \
         bebas; satu gambar boleh memuat beberapa kode.",
        "Ketik kata sandi yang berlaku pada {date}. Kata sandi yang lebih baru tidak membuka lembar ini.",
        "Bandingkan alamatnya dengan alamat di atas.",
    ],
    not_here: "Meteran, catatannya, kontak, dan pengaturan tidak ada di kertas: semuanya ada di berkas cadangan.",
    how_to_photograph: "Letakkan halaman ini rata, dengan cahaya yang merata. Setiap kode harus tajam dan terlihat \
                        beserta tepi putihnya.",
    page: "Halaman {page} dari {pages}",
    months: [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    time: '.',
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_out() {
        let at = UnixMillis(1_780_000_000_000);
        assert_eq!(ENGLISH.moment(at), "28 May 2026, 20:26 UTC");
        assert_eq!(INDONESIAN.moment(at), "28 Mei 2026, 20.26 UTC");
        assert_eq!(ENGLISH.date(UnixMillis(i64::MAX)), format!("{} ms", i64::MAX));
    }
}
