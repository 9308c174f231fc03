//! What a household is told about its meters, in both languages: that something began, that it is over, and what it means.

use enerlink_domain::device::NoticeKind;

use super::Language;

/// The words of one kind of notice.
struct Words {
    /// It began, or it happened.
    begun: [&'static str; 2],
    /// It is over; an occurrence has nothing that could be.
    over: [&'static str; 2],
    /// What it means and what to do about it, as a sentence.
    meaning: [&'static str; 2],
}

/// What began or happened.
pub(crate) fn begun(language: Language, kind: NoticeKind) -> &'static str {
    pick(language, words(kind).begun)
}

/// The all-clear.
pub(crate) fn over(language: Language, kind: NoticeKind) -> &'static str {
    pick(language, words(kind).over)
}

/// What it means, and what to do about it.
pub(crate) fn meaning(language: Language, kind: NoticeKind) -> &'static str {
    pick(language, words(kind).meaning)
}

fn pick(language: Language, [indonesian, english]: [&'static str; 2]) -> &'static str {
    match language {
        Language::Indonesian => indonesian,
        Language::English => english,
    }
}

/// The detail of a notice as a person reads it: reasons have words, figures and names stay as they are. Numbers that only
/// tell one occurrence from another say nothing to a person.
pub(crate) fn detail(language: Language, kind: NoticeKind, detail: &str) -> String {
    let reason = match (kind, detail) {
        (NoticeKind::Offline, "broker") => ["tidak ada sambungan ke broker", "no connection to its broker"],
        (NoticeKind::Offline, "subscription_silent") => [
            "langganan sunyi: periksa daftar akses broker",
            "subscription is silent: check the broker's access list",
        ],
        (NoticeKind::Offline, "wifi") => ["Wi-Fi terputus", "off the wireless network"],
        (NoticeKind::Offline, "mqtt") => ["meter kehilangan brokernya", "the meter lost its broker"],
        (NoticeKind::Offline, "heartbeat_missed") => {
            ["tiga heartbeat tidak datang", "three heartbeats are missing"]
        }
        (NoticeKind::Offline, "no_data") => ["tidak ada data", "no data"],
        (NoticeKind::UnitsWrong, "milli") => ["lebih cocok mW dan mA", "mW and mA would fit"],
        (NoticeKind::UnitsWrong, "base") => ["lebih cocok W dan A", "W and A would fit"],
        (NoticeKind::CommandFailed | NoticeKind::Rebooted | NoticeKind::CounterReset, _) => {
            return String::new();
        }
        (NoticeKind::OrderFilled, _) => {
            let (word, rest) = match detail.split_once(' ') {
                Some(("BID", rest)) => (["Dibeli", "Bought"], rest),
                Some(("ASK", rest)) => (["Terjual", "Sold"], rest),
                _ => return detail.to_owned(),
            };
            return format!("{} {rest}", pick(language, word));
        }
        _ => return detail.to_owned(),
    };
    pick(language, reason).to_owned()
}

fn words(kind: NoticeKind) -> Words {
    let [begun, over, meaning] = match kind {
        NoticeKind::Offline => [
            ["Meter offline", "Meter offline"],
            ["Meter kembali online", "Meter is back"],
            [
                "Meter tidak terdengar, dan ketika ia kembali.",
                "A meter is not heard, and when it is back.",
            ],
        ],
        NoticeKind::Rebooted => [
            ["Meter menyala ulang", "Meter restarted"],
            ["Meter berjalan lancar lagi", "Meter has kept running"],
            [
                "Meter memulai ulang; penghitungan berlanjut. Berakhir setelah lima menit tanpa menyala ulang lagi.",
                "A meter has started anew; counting goes on. Over when it has run for five minutes.",
            ],
        ],
        NoticeKind::LowHeap => [
            ["Memori meter hampir habis", "Meter is short of memory"],
            ["Memori meter cukup lagi", "Meter has memory again"],
            [
                "Memori bebas sedikit; meter mungkin segera menyala ulang.",
                "Little free memory; the meter may restart soon.",
            ],
        ],
        NoticeKind::WeakSignal => [
            ["Sinyal Wi-Fi lemah", "Weak wireless signal"],
            ["Sinyal Wi-Fi baik lagi", "Wireless signal is good again"],
            [
                "Meter mungkin terputus; dekatkan titik aksesnya.",
                "The meter may drop out; move its access point closer.",
            ],
        ],
        NoticeKind::SensorError => [
            ["Sensor bermasalah", "Sensor error"],
            ["Sensor bekerja lagi", "Sensor works again"],
            [
                "Sebuah sensor melaporkan galat atau nilai yang tak mungkin.",
                "A sensor reports an error or a value that cannot be.",
            ],
        ],
        NoticeKind::HeartbeatWarning => [
            ["Meter memberi peringatan", "Meter reports a warning"],
            ["Peringatan meter berakhir", "Meter's warning is over"],
            [
                "Heartbeat meter berstatus \"warning\".",
                "The meter's heartbeat says \"warning\".",
            ],
        ],
        NoticeKind::HeartbeatError => [
            ["Meter melaporkan galat", "Meter reports an error"],
            ["Galat meter berakhir", "Meter's error is over"],
            [
                "Heartbeat meter berstatus \"error\".",
                "The meter's heartbeat says \"error\".",
            ],
        ],
        NoticeKind::BatteryDisagrees => [
            [
                "Baterai tidak cocok dengan arusnya",
                "Battery and current disagree",
            ],
            [
                "Baterai cocok lagi dengan arusnya",
                "Battery and current agree again",
            ],
            [
                "Baterai mengaku mengisi sementara arusnya keluar, atau sebaliknya.",
                "The battery says that it charges while current leaves it, or the reverse.",
            ],
        ],
        NoticeKind::BatteryLow => [
            ["Baterai hampir kosong", "Battery is nearly empty"],
            ["Baterai terisi lagi", "Battery has charge again"],
            [
                "Muatan baterai tinggal sedikit.",
                "The battery has little charge left.",
            ],
        ],
        NoticeKind::UnitsWrong => [
            ["Satuan daya salah", "Units of power are wrong"],
            ["Satuan daya benar", "Units of power are right"],
            [
                "Daya dan penghitung energi tidak cocok; periksa satuan meter.",
                "Power and energy counters do not agree; check the meter's units.",
            ],
        ],
        NoticeKind::CounterReset => [
            ["Penghitung mulai dari nol", "Counter started anew"],
            ["Penghitung mulai dari nol", "Counter started anew"],
            [
                "Penghitung turun; energi sebelumnya tetap dihitung.",
                "A counter has fallen; the energy before it is kept.",
            ],
        ],
        NoticeKind::RetainedCommand => [
            ["Perintah tersimpan di broker", "A command is kept on the broker"],
            ["Perintah tersimpan sudah hilang", "The kept command is gone"],
            [
                "Meter akan menjalankannya setiap kali menyala; hapus dari broker.",
                "The meter would carry it out at each start; remove it from the broker.",
            ],
        ],
        NoticeKind::ClientIdTaken => [
            [
                "Nama MQTT dipakai program lain",
                "MQTT name is used by another program",
            ],
            ["Nama MQTT bebas lagi", "MQTT name is free again"],
            [
                "Program lain memutus sambungan ini; beri nama klien yang berbeda.",
                "Another program cuts this connection; give it another client id.",
            ],
        ],
        NoticeKind::CommandFailed => [
            ["Perintah gagal", "Command failed"],
            ["Perintah gagal", "Command failed"],
            [
                "Meter menolak perintah atau tidak menjawab.",
                "A meter refused a command or did not answer.",
            ],
        ],
        NoticeKind::GuardActed => [
            ["Pelindung saldo bertindak", "The guard acted"],
            ["Pelindung saldo bertindak", "The guard acted"],
            [
                "Sakelar jala-jala diubah untuk menjaga saldo.",
                "The grid was switched to protect the balance.",
            ],
        ],
        NoticeKind::GuardWarns => [
            ["Saldo ETK tidak akan cukup", "The ETK will not last"],
            ["Saldo ETK cukup lagi", "The ETK will last again"],
            [
                "Impor periode ini melebihi saldo, atau saldonya tidak diketahui; pelindung saldo berjaga.",
                "This period's imports exceed the balance, or it is unknown; the guard is watching.",
            ],
        ],
        NoticeKind::EtkMissing => [
            [
                "ETK kurang untuk membayar impor",
                "ETK missing to pay for imports",
            ],
            ["Impor yang terutang terbayar", "Imports that were owed are paid"],
            [
                "Yang terutang dibawa; beli ETK di pasar untuk membayarnya.",
                "What is owed is carried; buy ETK on the market to pay for it.",
            ],
        ],
        NoticeKind::SettlementFailed => [
            ["Penyelesaian gagal", "Settlement failed"],
            ["Penyelesaian gagal", "Settlement failed"],
            [
                "Energinya terutang lagi; tidak ada yang hilang.",
                "Its energy is owed again; nothing is lost.",
            ],
        ],
        NoticeKind::SettlementUndone => [
            [
                "Jaringan membatalkan penyelesaian",
                "The chain has undone a settlement",
            ],
            [
                "Jaringan membatalkan penyelesaian",
                "The chain has undone a settlement",
            ],
            [
                "Jaringan menyusun ulang bloknya; penyelesaian yang sama diajukan lagi, satu kali.",
                "The chain has reorganised its blocks; the same settlement is brought forward again, once.",
            ],
        ],
        NoticeKind::SettlementDiffers => [
            [
                "Jaringan membukukan ETK yang lain",
                "The chain has booked another amount of ETK",
            ],
            [
                "Jaringan membukukan ETK yang lain",
                "The chain has booked another amount of ETK",
            ],
            [
                "Rasionya berubah sejak penyelesaian ditulis, atau ada yang salah; tanyakan kepada operator bila rasionya tidak diubah.",
                "The ratio has changed since the settlement was written, or something is wrong; ask the operator if it was not changed.",
            ],
        ],
        NoticeKind::MarketDiverged => [
            [
                "Buku pesanan tidak cocok dengan jaringan",
                "The order book did not agree with the chain",
            ],
            [
                "Buku pesanan tidak cocok dengan jaringan",
                "The order book did not agree with the chain",
            ],
            [
                "Buku dibaca ulang dari kontrak pasar; laporkan hal ini kepada operator.",
                "The book was read anew from the market's contract; tell the operator about it.",
            ],
        ],
        NoticeKind::OrderFilled => [
            ["Pesanan terlaksana", "Order filled"],
            ["Pesanan terlaksana", "Order filled"],
            [
                "Pesanan terlaksana, seluruhnya atau sebagian; hasilnya sudah ada di dompet.",
                "All of an order or a part of it was traded; what it brought is in the wallet.",
            ],
        ],
        NoticeKind::PriceReached => [
            ["Pengingat harga tercapai", "Price alert reached"],
            ["Pengingat harga tercapai", "Price alert reached"],
            [
                "Harga di pasar mencapai batas yang Anda tetapkan di sana.",
                "A price of the market came to the limit that you have set there.",
            ],
        ],
    };
    Words { begun, over, meaning }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use enerlink_domain::reading::Units;

    use super::*;
    use crate::format::HIDDEN;

    #[test]
    fn every_kind_has_its_own_words() {
        for language in Language::ALL {
            let mut seen = BTreeSet::new();
            for kind in NoticeKind::ALL {
                assert!(seen.insert(begun(language, kind)), "{kind:?}");
                assert_eq!(
                    kind.is_condition(),
                    seen.insert(over(language, kind)),
                    "{kind:?}: only what lasts has an all-clear"
                );
                assert!(meaning(language, kind).ends_with('.'), "{kind:?}");
            }
        }
    }

    #[test]
    fn reasons_have_words_and_figures_stay() {
        let shown = |kind, text| detail(Language::English, kind, text);
        assert_eq!(
            shown(NoticeKind::Offline, "heartbeat_missed"),
            "three heartbeats are missing"
        );
        assert_eq!(shown(NoticeKind::WeakSignal, "-87 dBm"), "-87 dBm");
        assert_eq!(shown(NoticeKind::Rebooted, "17"), "");
        assert_eq!(
            shown(NoticeKind::OrderFilled, "ASK 0.5 kWh, 700.00 IDRS"),
            "Sold 0.5 kWh, 700.00 IDRS"
        );
        assert_eq!(
            detail(
                Language::Indonesian,
                NoticeKind::OrderFilled,
                "BID 0.5 kWh, 700.00 IDRS"
            ),
            "Dibeli 0.5 kWh, 700.00 IDRS"
        );
        assert_eq!(
            shown(NoticeKind::OrderFilled, HIDDEN),
            HIDDEN,
            "what is covered stays so"
        );
        for units in [Units::Milli, Units::Base] {
            assert!(shown(NoticeKind::UnitsWrong, units.as_str()).ends_with("would fit"));
        }
        for reason in [
            "broker",
            "subscription_silent",
            "wifi",
            "mqtt",
            "heartbeat_missed",
            "no_data",
        ] {
            assert_ne!(detail(Language::Indonesian, NoticeKind::Offline, reason), reason);
        }
    }
}
