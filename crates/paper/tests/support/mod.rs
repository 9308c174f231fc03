//! A sheet to print, and a printer: pages of the real PDF as pictures.

#![allow(dead_code, reason = "each test target uses a part of this")]

use enerlink_domain::{
    Address, UnixMillis,
    wallet::{AccountView, WalletId, WalletKind, WalletView},
};
use enerlink_paper::{Document, Language, Sheet, pdf};
use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf,
    render, vello_cpu::color::palette::css::WHITE,
};
use image::{GrayImage, ImageFormat};

/// Bytes that look like a vault's: no pattern that a code could be good at.
pub(crate) fn vault(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[3]
    })
    .take(length)
    .collect()
}

/// A wallet of `accounts` accounts.
pub(crate) fn wallet(name: &str, accounts: u8) -> WalletView {
    let account = |index: u8| AccountView {
        index: index.into(),
        address: Address(std::array::from_fn(|at| {
            (at as u8).wrapping_mul(37).wrapping_add(index ^ 0xa5)
        })),
        path: Some(format!("m/44'/60'/0'/0/{index}")),
    };
    WalletView {
        wallet: WalletId([7; 16]),
        name: name.to_owned(),
        kind: WalletKind::Phrase,
        passphrase: false,
        phrase_confirmed: true,
        created_at: UnixMillis(0),
        accounts: (0..accounts).map(account).collect(),
    }
}

/// What a household has: a wallet of three accounts, and an imported key.
pub(crate) fn household() -> Vec<WalletView> {
    let mut key = wallet("Kunci lama (2023)", 1);
    key.kind = WalletKind::PrivateKey;
    key.accounts[0].path = None;
    let mut savings = wallet("Savings", 1);
    savings.passphrase = true;
    vec![wallet("Rumah Menteng", 3), savings, key]
}

/// The sheet of `vault`.
pub(crate) fn sheet(vault: &[u8], wallets: &[WalletView], language: Language) -> Document {
    let created_at = UnixMillis(1_795_209_300_000);
    let sheet = Sheet {
        vault,
        wallets,
        created_at,
        language,
    };
    pdf(&sheet).expect("fits")
}

/// Every page of a PDF as a picture of `dpi` dots an inch.
pub(crate) fn print(pdf: &[u8], dpi: f32) -> Vec<GrayImage> {
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let settings = PixmapSettings {
        x_scale: dpi / 72.0,
        y_scale: dpi / 72.0,
        bg_color: WHITE,
    };
    let cache = RenderCache::new();
    let pages = pdf.pages().iter().map(|page| {
        let page = render(
            page,
            &cache,
            &InterpreterSettings::default(),
            &RenderSettings::default(),
            &settings,
        );
        let png = page.into_png().expect("a picture");
        image::load_from_memory(&png).expect("a picture").into_luma8()
    });
    pages.collect()
}

/// A picture as a file.
pub(crate) fn file(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("written");
    bytes.into_inner()
}
