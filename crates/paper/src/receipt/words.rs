//! What a receipt says, in both languages.

use crate::Language;

/// The sentences of a receipt. `{…}` is filled in.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) what: &'static str,
    pub(super) settlement: &'static str,
    pub(super) id: &'static str,
    pub(super) meter: &'static str,
    pub(super) prosumer: &'static str,
    pub(super) exported: &'static str,
    pub(super) imported: &'static str,
    pub(super) net: &'static str,
    pub(super) minted: &'static str,
    pub(super) burned: &'static str,
    pub(super) settled_at: &'static str,
    pub(super) chain: &'static str,
    pub(super) block: &'static str,
    pub(super) block_hash: &'static str,
    pub(super) transaction: &'static str,
    pub(super) converter: &'static str,
    pub(super) chain_id: &'static str,
    pub(super) file: &'static str,
    pub(super) verify: &'static str,
    /// `{codes}`, `{name}`.
    pub(super) from_codes: &'static str,
    pub(super) from_file: &'static str,
    pub(super) hash: &'static str,
    /// `{hash}`.
    pub(super) command: &'static str,
    pub(super) proved: &'static str,
    pub(super) not_proved: &'static str,
    pub(super) codes: &'static str,
    /// Between the whole and its parts.
    decimal: char,
}

impl Words {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Indonesian => &INDONESIAN,
            Language::English => &ENGLISH,
        }
    }

    /// A plain decimal as people of this language write it.
    pub(super) fn decimal(&self, text: &str) -> String {
        text.replace('.', &self.decimal.to_string())
    }
}

const ENGLISH: Words = Words {
    title: "Settlement receipt",
    what: "The blockchain below has settled this energy. Nobody has to take our word for it: the file of this receipt holds the \
           chain's own data, and whoever knows the hash of the block can check every figure without us.",
    settlement: "Settlement",
    id: "Settlement",
    meter: "Meter",
    prosumer: "Prosumer",
    exported: "Exported",
    imported: "Imported",
    net: "Net to the grid",
    minted: "Minted",
    burned: "Burned",
    settled_at: "Time of the block",
    chain: "On the blockchain",
    block: "Block",
    block_hash: "Block hash",
    transaction: "Transaction",
    converter: "EnergyConverter",
    chain_id: "Chain id",
    file: "SHA-256 of the file",
    verify: "How to check it",
    from_codes: "Take this PDF itself: the receipt's file is attached to it. From paper, scan or photograph the {codes} codes on the \
                 following pages ({name}).",
    from_file: "Take this PDF itself: the receipt's file is attached to it. It is too long for paper: there, ask for the file, and \
                compare its SHA-256 with the one above.",
    hash: "Ask a node that you trust, or a block explorer, for the hash of the block above.",
    command: "enerlink settle verify FILE --block-hash {hash}",
    proved: "This proves, against the block hash: the transaction and that it succeeded, the meter, the prosumer, the \
             registers after it, the net energy and the tokens, and that the contract above has said so.",
    not_proved: "It does not prove: that the contract above is the one you mean, that the block is still part of the chain, \
                 how the net energy divides into export and import, and what the meter has measured.",
    codes: "Lay the page flat, in even light. Every code has to be sharp and in the picture with its white margin.",
    decimal: '.',
};

const INDONESIAN: Words = Words {
    title: "Bukti penyelesaian energi",
    what: "Blockchain di bawah ini telah menyelesaikan energi berikut. Tidak perlu percaya pada kami: berkas bukti ini memuat data \
           dari rantai itu sendiri, dan siapa pun yang tahu hash bloknya dapat memeriksa setiap angka tanpa kami.",
    settlement: "Penyelesaian",
    id: "Penyelesaian",
    meter: "Meteran",
    prosumer: "Prosumer",
    exported: "Ekspor",
    imported: "Impor",
    net: "Bersih ke jaringan",
    minted: "Dicetak",
    burned: "Dibakar",
    settled_at: "Waktu blok",
    chain: "Di blockchain",
    block: "Blok",
    block_hash: "Hash blok",
    transaction: "Transaksi",
    converter: "EnergyConverter",
    chain_id: "ID rantai",
    file: "SHA-256 berkas",
    verify: "Cara memeriksanya",
    from_codes: "Gunakan PDF ini sendiri: berkas bukti terlampir di dalamnya. Dari kertas, pindai atau foto {codes} kode di halaman \
                 berikut ({name}).",
    from_file: "Gunakan PDF ini sendiri: berkas bukti terlampir di dalamnya. Berkasnya terlalu panjang untuk kertas: dari kertas, \
                mintalah berkasnya, lalu bandingkan SHA-256-nya dengan yang di atas.",
    hash: "Tanyakan hash blok di atas kepada node yang Anda percayai, atau penjelajah blok.",
    command: "enerlink settle verify BERKAS --block-hash {hash}",
    proved: "Yang terbukti terhadap hash blok: transaksi dan keberhasilannya, meteran, prosumer, register sesudahnya, energi \
             bersih dan token, dan bahwa kontrak di atas yang menyatakannya.",
    not_proved: "Yang tidak terbukti: bahwa kontrak di atas adalah yang Anda maksud, bahwa blok itu masih bagian dari rantai, \
                 pembagian energi bersih antara ekspor dan impor, dan apa yang diukur meteran.",
    codes: "Letakkan halaman ini rata, dengan cahaya yang merata. Setiap kode harus tajam dan terlihat beserta tepi \
            putihnya.",
    decimal: ',',
};
