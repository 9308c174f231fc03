//! A receipt on paper: what it says, and the file back from its codes.

#[path = "support/mod.rs"]
mod support;

use enerlink_domain::{
    Address, Etk, Hash32, NetWattHours, Settlement, SettlementStage, Status, Trigger, UnixMillis, WattHours,
    settlement::Watermark,
};
use enerlink_paper::{Document, Error, Language, Receipt, read, read_receipt, receipt_pdf};
use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Dict, Stream, String as Text},
};
use image::ImageFormat;
use support::{file, household, print, sheet, vault};

fn settlement() -> Settlement {
    let mark = |export, import| Watermark {
        export: WattHours(export),
        import: WattHours(import),
    };
    Settlement {
        settlement_id: "METER-001/128450/31200".to_owned(),
        meter_id: "METER-001".parse().expect("an id"),
        prosumer: Address([0x5a; 20]),
        status: Status::Success,
        stage: SettlementStage::Final,
        trigger: Trigger::Periodic,
        from: mark(113_220, 30_700),
        to: mark(128_450, 31_200),
        energy_wh: NetWattHours(14_730),
        etk: Etk(1_473_000),
        tx: Some(Hash32([0xab; 32])),
        block: Some(81_234),
        confirmations: 3,
        reason: None,
        created_at: UnixMillis(1_795_209_000_000),
        settled_at: Some(UnixMillis(1_795_209_300_000)),
        basis: None,
    }
}

/// JSON that is as long, and packs as badly, as that of a real receipt: hexadecimal of noise.
fn json(bytes: usize) -> Vec<u8> {
    let noise = enerlink_domain::id::hex(&vault(bytes));
    format!("{{\"format\":\"enerlink-settlement-receipt-1\",\"noise\":\"0x{noise}\"}}\n").into_bytes()
}

fn receipt(settlement: &Settlement, json: &[u8], language: Language) -> Document {
    let receipt = Receipt {
        settlement,
        chain_id: 31337,
        converter: Address([0xc0; 20]),
        block: 81_234,
        block_hash: Hash32([0xb1; 32]),
        settled_at: UnixMillis(1_795_209_300_000),
        file: json,
        created_at: UnixMillis(1_795_309_300_000),
        language,
    };
    receipt_pdf(&receipt).expect("printed")
}

/// What the first page shows.
fn shown(pdf: &[u8]) -> String {
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let page = pdf
        .pages()
        .iter()
        .next()
        .expect("a page")
        .page_stream()
        .expect("content")
        .to_vec();
    let text: String = page.iter().map(|byte| char::from(*byte)).collect();
    let strings = text.lines().filter_map(|line| line.strip_suffix(" Tj"));
    strings
        .map(|text| text.trim_matches(['(', ')']).replace('\\', ""))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_file_comes_back_from_paper() {
    let settlement = settlement();
    for (bytes, language) in [(40, Language::English), (2500, Language::Indonesian)] {
        let json = json(bytes);
        let document = receipt(&settlement, &json, language);
        let pages: Vec<_> = print(&document.bytes, 150.0)
            .iter()
            .map(|page| file(page, ImageFormat::Png))
            .collect();
        assert_eq!(pages.len(), document.pages as usize);
        assert!(document.codes > 0);
        assert!(read_receipt(&pages).expect("read") == json);
        assert_eq!(read(&pages), Err(Error::NoCode), "it is no vault");
    }
}

/// The attachment that a reader of PDFs lists first: its name and its content.
fn listed(pdf: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let root: Dict<'_> = pdf.xref().get(pdf.xref().root_id()).expect("a catalog");
    let names = root.get::<Dict<'_>>(b"Names").expect("names");
    let files = names.get::<Dict<'_>>(b"EmbeddedFiles").expect("attachments");
    let list = files.get::<Array<'_>>(b"Names").expect("a list");
    let mut items = list.flex_iter();
    let name = items.next::<Text<'_>>().expect("a name");
    let spec = items.next::<Dict<'_>>().expect("what it names");
    let file = spec.get::<Dict<'_>>(b"EF").expect("a file");
    let stream = file.get::<Stream<'_>>(b"UF").expect("a stream");
    let content = stream.decoded().expect("unpacked").into_owned();
    (name.as_bytes().to_vec(), content)
}

#[test]
fn the_file_is_attached_however_long_it_is() {
    for bytes in [40, 2500, 20_000] {
        let json = json(bytes);
        let pdf = receipt(&settlement(), &json, Language::English).bytes;
        assert!(
            listed(&pdf) == (b"receipt.json".to_vec(), json.clone()),
            "{bytes}"
        );
        assert!(read_receipt(&[pdf]).expect("read") == json, "{bytes}");
    }
}

#[test]
fn another_attachment_does_not_hide_the_file() {
    let json = json(900);
    let pdf = receipt(&settlement(), &json, Language::English).bytes;
    let other = b"%PDF-1.7\n9 0 obj\n<</Type/EmbeddedFile/Length 3>>stream\r\nabc\nendstream\n";
    assert!(read_receipt(&[[&other[..], &pdf].concat()]).expect("read") == json);
}

#[test]
fn what_is_not_in_a_pdf_is_not_found() {
    let pdf = receipt(&settlement(), &json(900), Language::English).bytes;
    let stream = pdf
        .windows(7)
        .position(|found| found == b"stream\n")
        .expect("packed");
    let cut = pdf[..stream + 200].to_vec();
    let mut changed = pdf;
    changed[stream + 200] ^= 1;
    let vault = sheet(&vault(900), &household(), Language::English).bytes;
    // Unpacked it is longer than any receipt.
    let bomb = receipt(&settlement(), &vec![b'{'; 600 << 10], Language::English).bytes;
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    let crowd = [&b"%PDF-1.7\n"[..], &b"/EmbeddedFile stream\n".repeat(100_000)].concat();
    for other in [cut, changed, vault, bomb, crowd, b"%PDF-".to_vec()] {
        assert_eq!(read_receipt(&[other]), Err(Error::NotAttached));
    }
}

#[test]
fn a_file_that_is_too_long_is_only_named_on_paper() {
    let json = json(20_000);
    let document = receipt(&settlement(), &json, Language::English);
    assert_eq!((document.codes, document.pages), (0, 1));
    assert!(shown(&document.bytes).contains("too long for paper"));
}

#[test]
fn people_read_every_figure() {
    for (language, words) in [
        (
            Language::English,
            ["Settlement receipt", "14.730 kWh", "14730.00 ETK", "Minted"],
        ),
        (
            Language::Indonesian,
            [
                "Bukti penyelesaian energi",
                "14,730 kWh",
                "14730,00 ETK",
                "Dicetak",
            ],
        ),
    ] {
        let document = receipt(&settlement(), &json(900), language);
        let text = shown(&document.bytes);
        let hashes = [Hash32([0xab; 32]), Hash32([0xb1; 32])].map(|hash| hash.to_string());
        let exact = ["METER-001/128450/31200", "113220 -> 128450 Wh", "81234", "31337"];
        let all = words
            .iter()
            .copied()
            .chain(exact)
            .chain(hashes.iter().map(String::as_str));
        for word in all {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains(['{', '}']), "{text}");
    }
    let burned = Settlement {
        etk: Etk(-5),
        ..settlement()
    };
    let text = shown(&receipt(&burned, &json(900), Language::English).bytes);
    assert!(text.contains("Burned 0.05 ETK"), "{text}");
}
