//! The receipt of a settlement on paper: the figures, what they prove and how to check it, and the file, as codes and as an
//! attachment.

mod words;

use enerlink_domain::{Address, BlockHash, Settlement, UnixMillis, WattHours};
use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};
use sha2::{Digest as _, Sha256};

use self::words::Words;
use crate::{
    Document, Error, Language,
    attachment::{Attachment, attached},
    page::{INK, Imprint, MARGIN, MEASURE, PALE, Pages, Style},
    part::{self, Kind, Part},
    photograph::read_kind,
    sheet::{BODY, PATH, SMALL, STRONG, TITLE, codes, fill, heading, name, number, style},
    text::Font,
};

const VALUE: Style = style(Font::Fixed, 8.6, INK);
/// Where values begin.
const INDENT: f32 = 118.0;
/// From one fact to the next.
const LINE: f32 = 15.0;
/// What the file is called among the attachments.
const FILE_NAME: &str = "receipt.json";
/// More codes than this nobody photographs: on paper the file is then only named by its hash.
const MOST_CODES: usize = 12;
/// The longest file that is unpacked, in bytes.
const MAX_FILE: usize = 512 << 10;

/// What is printed.
pub struct Receipt<'a> {
    /// What the receipt says.
    pub settlement: &'a Settlement,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The contract that has settled.
    pub converter: Address,
    /// The height of the block.
    pub block: u64,
    /// Its hash: with it the receipt is checked.
    pub block_hash: BlockHash,
    /// When the block was made.
    pub settled_at: UnixMillis,
    /// The receipt as it proves itself.
    pub file: &'a [u8],
    /// When it is printed.
    pub created_at: UnixMillis,
    /// In which language.
    pub language: Language,
}

/// Lays the receipt out, with the file attached. On paper, one that is too long is named by its SHA-256 only.
///
/// # Errors
/// [`Error::Unreadable`] when a code does not read back.
pub fn receipt_pdf(receipt: &Receipt<'_>) -> Result<Document, Error> {
    let words = Words::of(receipt.language);
    let parts = parts(receipt.file)?;
    let mut pages = Pages::new();
    front(&mut pages, receipt, words, &parts);
    codes(&mut pages, words.codes, &parts)?;
    let count = pages.count();
    let common = receipt.language.words();
    let imprint = Imprint {
        title: words.title,
        language: common.code,
        created_at: receipt.created_at,
        attachment: Some(Attachment {
            name: FILE_NAME,
            media_type: "application/json",
            content: receipt.file,
        }),
    };
    let left = format!("EnerLink Wallet   {}", receipt.settlement.settlement_id);
    let bytes = pages.finish(&imprint, |page| {
        let values = [("page", &*page.to_string()), ("pages", &count.to_string())];
        [left.clone(), fill(common.page, &values)]
    });
    Ok(Document {
        bytes,
        codes: number(parts.len()),
        pages: number(count),
    })
}

/// Reads the file back from the PDF, or from images (PNG, JPEG) of the codes. What the PDF shows is not looked at.
///
/// # Errors
/// [`Error::NotAttached`] for a PDF without it. For images as [`crate::read`]; [`Error::Damaged`] too when the codes hold
/// something else than a packed file.
pub fn read_receipt(files: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    if let [pdf] = files
        && pdf.starts_with(b"%PDF-")
    {
        let json = attached(pdf, MAX_FILE).find(|file| file.starts_with(b"{"));
        return json.ok_or(Error::NotAttached);
    }
    let packed = read_kind(Kind::Receipt, files)?;
    decompress_to_vec_zlib_with_limit(&packed, MAX_FILE).map_err(|_| Error::Damaged)
}

/// The file in parts; none when there would be too many.
fn parts(file: &[u8]) -> Result<Vec<Part>, Error> {
    if file.len() > MAX_FILE {
        return Ok(Vec::new());
    }
    match part::split(Kind::Receipt, &compress_to_vec_zlib(file, 9)) {
        Ok(parts) if parts.len() <= MOST_CODES => Ok(parts),
        Ok(_) | Err(Error::TooLarge { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn front(pages: &mut Pages, receipt: &Receipt<'_>, words: &Words, parts: &[Part]) {
    pages.text(MARGIN, MEASURE, style(Font::Bold, 10.5, PALE), "EnerLink Wallet");
    pages.skip(10.0);
    pages.text(MARGIN, MEASURE, TITLE, words.title);
    pages.skip(8.0);
    pages.text(MARGIN, MEASURE, BODY, words.what);

    heading(pages, words.settlement);
    let settlement = receipt.settlement;
    let energy = settlement.breakdown();
    let minted = settlement.etk.0 >= 0;
    let tokens = if minted { words.minted } else { words.burned };
    let registers = |before: WattHours, after: WattHours, energy: &str| {
        let energy = words.decimal(energy);
        format!("{energy} kWh   ({} -> {} Wh)", before.0, after.0)
    };
    let (from, to) = (settlement.from, settlement.to);
    let net = words.decimal(&energy.net_kwh_from_grid);
    let etk = words.decimal(&settlement.etk.to_string());
    facts(
        pages,
        &[
            (words.id, settlement.settlement_id.clone()),
            (words.meter, settlement.meter_id.to_string()),
            (words.prosumer, settlement.prosumer.to_string()),
            (
                words.exported,
                registers(from.export, to.export, &energy.raw_export_kwh),
            ),
            (
                words.imported,
                registers(from.import, to.import, &energy.raw_import_kwh),
            ),
            (words.net, format!("{net} kWh")),
            (tokens, format!("{} ETK", etk.trim_start_matches('-'))),
            (
                words.settled_at,
                receipt.language.words().moment(receipt.settled_at),
            ),
        ],
    );

    heading(pages, words.chain);
    let tx = settlement.tx.map(|tx| tx.to_string()).unwrap_or_default();
    facts(
        pages,
        &[
            (words.block, receipt.block.to_string()),
            (words.block_hash, receipt.block_hash.to_string()),
            (words.transaction, tx),
            (words.converter, receipt.converter.to_string()),
            (words.chain_id, receipt.chain_id.to_string()),
            (words.file, sha256(receipt.file)),
        ],
    );

    heading(pages, words.verify);
    let (x, width) = (MARGIN + 18.0, MEASURE - 18.0);
    let where_from = if parts.is_empty() {
        words.from_file.to_owned()
    } else {
        fill(
            words.from_codes,
            &[("codes", &*parts.len().to_string()), ("name", &name(parts))],
        )
    };
    let command = fill(words.command, &[("hash", &*receipt.block_hash.to_string())]);
    for (at, text) in [where_from.as_str(), words.hash, &command].iter().enumerate() {
        pages.beside(MARGIN, STRONG, &format!("{}.", at + 1));
        pages.text(x, width, BODY, text);
        pages.skip(4.0);
    }
    pages.skip(6.0);
    for text in [words.proved, words.not_proved] {
        pages.text(MARGIN, MEASURE, SMALL, text);
        pages.skip(4.0);
    }
}

fn facts(pages: &mut Pages, facts: &[(&str, String)]) {
    for (label, value) in facts {
        pages.keep(LINE);
        pages.beside(MARGIN, PATH, label);
        let lines = VALUE.font.wrap(value, VALUE.size, MEASURE - INDENT);
        for line in &lines {
            pages.beside(MARGIN + INDENT, VALUE, line);
            pages.skip(LINE);
        }
    }
}

fn sha256(file: &[u8]) -> String {
    let digest = Sha256::digest(file);
    enerlink_domain::id::hex(&digest)
}
