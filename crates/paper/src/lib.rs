//! The printed backup: a vault as QR codes on paper, and back from photographs.
//!
//! [`pdf`] lays a sheet out: what it is, which addresses it restores, how, and the encrypted vault in as many codes as
//! it takes. [`read`] finds the codes again in images of it. What the codes say is in `docs/sheet-format.md`. Nothing
//! here opens a vault or sees a secret: the vault comes in, and goes out, as the bytes of its file.
//!
//! [`receipt_pdf`] does the same for the receipt of a settlement: what it says for people, and the file that proves it, in
//! codes and as an attachment of the PDF.

mod attachment;
mod base32;
mod error;
mod page;
mod part;
mod photograph;
mod receipt;
mod sheet;
mod symbol;
mod text;
mod words;

use enerlink_domain::{UnixMillis, wallet::WalletView};

pub use self::{
    error::Error,
    photograph::read,
    receipt::{Receipt, read_receipt, receipt_pdf},
    sheet::pdf,
    symbol::qr,
    words::Language,
};

/// The longest vault that is printed, in bytes.
pub const MAX_VAULT: usize = 256 * 1024;

/// What is printed.
pub struct Sheet<'a> {
    /// The vault's file, encrypted as it lies on the disk.
    pub vault: &'a [u8],
    /// The wallets in it, for the addresses. Letters outside of Western European print as `?`.
    pub wallets: &'a [WalletView],
    /// When the sheet is made: it opens with the password of this day.
    pub created_at: UnixMillis,
    /// In which language.
    pub language: Language,
}

/// A sheet, ready to be printed.
pub struct Document {
    /// The PDF file, A4.
    pub bytes: Vec<u8>,
    /// How many QR codes are on it.
    pub codes: u32,
    /// How many pages it has.
    pub pages: u32,
}
