//! The sheet: what it is, whose it is, how to restore, and the codes.

use enerlink_domain::wallet::{WalletKind, WalletView};

use crate::{
    Document, Error, Sheet,
    page::{INK, Imprint, MARGIN, MEASURE, PALE, Pages, Style, WIDTH, write},
    part::{self, Kind, Part},
    photograph::texts,
    symbol::Symbol,
    text::Font,
    words::Words,
};

pub(crate) const TITLE: Style = style(Font::Bold, 23.0, INK);
const HEADING: Style = style(Font::Bold, 12.0, INK);
pub(crate) const BODY: Style = style(Font::Plain, 10.0, INK);
pub(crate) const STRONG: Style = style(Font::Bold, 10.0, INK);
const ADDRESS: Style = style(Font::Fixed, 9.5, INK);
/// On one line with the two above.
const ASIDE: Style = style(Font::Plain, 10.0, PALE);
pub(crate) const PATH: Style = style(Font::Plain, 9.5, PALE);
pub(crate) const SMALL: Style = style(Font::Plain, 8.5, PALE);

/// Codes beside and below each other on a page.
const COLUMNS: usize = 2;
const ROWS: usize = 3;
/// The side of a code with its margin, in points: 74 mm.
const SIDE: f32 = 210.0;
/// From one row of codes to the next.
const ROW: f32 = 228.0;
/// Where the accounts' addresses begin.
const INDENT: f32 = 108.0;

pub(crate) const fn style(font: Font, size: f32, gray: f32) -> Style {
    Style { font, size, gray }
}

/// Lays the sheet out.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooLarge`], and [`Error::Unreadable`] when a code does not read back.
pub fn pdf(sheet: &Sheet<'_>) -> Result<Document, Error> {
    let parts = part::split(Kind::Vault, sheet.vault)?;
    let words = sheet.language.words();
    let mut pages = front(sheet, words, &parts);
    codes(&mut pages, words.how_to_photograph, &parts)?;

    let count = pages.count();
    let imprint = Imprint {
        title: words.title,
        language: words.code,
        created_at: sheet.created_at,
        attachment: None,
    };
    let left = format!("EnerLink Wallet   {}", name(&parts));
    let bytes = pages.finish(&imprint, |page| {
        let right = fill(
            words.page,
            &[("page", &page.to_string()), ("pages", &count.to_string())],
        );
        [left.clone(), right]
    });
    Ok(Document {
        bytes,
        codes: number(parts.len()),
        pages: number(count),
    })
}

/// The pages before the codes. How many they are is known when they are set, and stands on the first: so they are set
/// again when the first guess was wrong.
fn front(sheet: &Sheet<'_>, words: &Words, parts: &[Part]) -> Pages {
    let mut guess = 1;
    loop {
        let pages = set_front(sheet, words, parts, guess);
        if pages.count() == guess {
            return pages;
        }
        guess = pages.count();
    }
}

fn set_front(sheet: &Sheet<'_>, words: &Words, parts: &[Part], before: usize) -> Pages {
    let mut pages = Pages::new();
    pages.text(MARGIN, MEASURE, style(Font::Bold, 10.5, PALE), "EnerLink Wallet");
    pages.skip(10.0);
    pages.text(MARGIN, MEASURE, TITLE, words.title);
    pages.skip(8.0);

    let last = before + parts.len().div_ceil(COLUMNS * ROWS);
    let range = match last - before {
        1 => last.to_string(),
        _ => format!("{}-{last}", before + 1),
    };
    let codes = fill(
        words.codes_on,
        &[("codes", &parts.len().to_string()), ("pages", &range)],
    );
    let moment = words.moment(sheet.created_at);
    let facts = [
        (words.made, moment),
        (words.sheet, name(parts)),
        (words.codes, codes),
    ];
    let column = MEASURE / 3.0;
    for (at, (label, value)) in facts.iter().enumerate() {
        let x = MARGIN + column * at as f32;
        pages.beside(x, SMALL, label);
        pages.skip(13.0);
        pages.beside(x, BODY, value);
        pages.skip(-13.0);
    }
    pages.skip(38.0);

    pages.text(MARGIN, MEASURE, BODY, words.what);
    pages.skip(12.0);
    warn(&mut pages, words);
    heading(&mut pages, words.wallets);
    for wallet in sheet.wallets {
        list(&mut pages, words, wallet);
    }
    let date = words.date(sheet.created_at);
    steps(&mut pages, words, &date);
    pages
}

fn warn(pages: &mut Pages, words: &Words) {
    let inset = 16.0;
    let (x, width) = (MARGIN + inset, MEASURE - 2.0 * inset);
    let texts: f32 = words
        .warnings
        .iter()
        .map(|text| Pages::height(width, BODY, text) + 5.0)
        .sum();
    let height = texts + Pages::height(width, STRONG, words.warning) + 22.0;
    pages.shade(height);
    pages.skip(11.0);
    pages.text(x, width, STRONG, words.warning);
    for text in words.warnings {
        pages.skip(5.0);
        pages.text(x, width, BODY, text);
    }
    pages.skip(11.0);
}

pub(crate) fn heading(pages: &mut Pages, text: &str) {
    pages.skip(20.0);
    pages.keep(60.0);
    pages.text(MARGIN, MEASURE, HEADING, text);
    pages.skip(2.0);
    pages.rule();
    pages.skip(9.0);
}

/// A wallet's name and what its keys come from, then its accounts.
fn list(pages: &mut Pages, words: &Words, wallet: &WalletView) {
    let kind = match (wallet.kind, wallet.passphrase) {
        (WalletKind::Phrase, false) => words.phrase,
        (WalletKind::Phrase, true) => words.phrase_and_passphrase,
        (WalletKind::PrivateKey, _) => words.private_key,
    };
    pages.keep(34.0);
    let end = ASIDE.font.width(kind, ASIDE.size);
    pages.beside(WIDTH - MARGIN - end, ASIDE, kind);
    pages.text(MARGIN, MEASURE - end - 20.0, STRONG, &wallet.name);
    for account in &wallet.accounts {
        pages.keep(14.0);
        if let Some(path) = &account.path {
            pages.beside(MARGIN, PATH, path);
        }
        pages.beside(MARGIN + INDENT, ADDRESS, &account.address.to_string());
        pages.skip(14.0);
    }
    pages.skip(8.0);
}

fn steps(pages: &mut Pages, words: &Words, date: &str) {
    let (x, width) = (MARGIN + 18.0, MEASURE - 18.0);
    let texts = words.steps.map(|step| fill(step, &[("date", date)]));
    let all: f32 = texts
        .iter()
        .map(|text| Pages::height(width, BODY, text) + 4.0)
        .sum();
    // The steps are read as one: they begin on a new page rather than break.
    pages.keep(all + 90.0);
    heading(pages, words.restore);
    for (at, text) in texts.iter().enumerate() {
        pages.beside(MARGIN, STRONG, &format!("{}.", at + 1));
        pages.text(x, width, BODY, text);
        pages.skip(4.0);
    }
    pages.skip(4.0);
    pages.text(MARGIN, MEASURE, SMALL, words.not_here);
}

/// The codes, each with its number and the sheet's name below.
pub(crate) fn codes(pages: &mut Pages, how: &str, parts: &[Part]) -> Result<(), Error> {
    let gap = (MEASURE - COLUMNS as f32 * SIDE) / (COLUMNS - 1) as f32;
    for page in parts.chunks(COLUMNS * ROWS) {
        pages.turn();
        pages.text(MARGIN, MEASURE, SMALL, how);
        pages.skip(8.0);
        for row in page.chunks(COLUMNS) {
            for (column, part) in row.iter().enumerate() {
                let x = MARGIN + column as f32 * (SIDE + gap);
                let symbol = symbol(part)?;
                pages.draw(SIDE, |content, bottom| {
                    symbol.draw(content, x, bottom, SIDE);
                    let number = format!("{} / {}", part.number, part.of);
                    let name = part.sheet.short();
                    let widths = [
                        STRONG.font.width(&number, STRONG.size),
                        ASIDE.font.width(&name, ASIDE.size),
                    ];
                    let start = x + (SIDE - widths.iter().sum::<f32>() - 10.0) / 2.0;
                    write(content, start, bottom - 8.0, STRONG, &number);
                    write(content, start + widths[0] + 10.0, bottom - 8.0, ASIDE, &name);
                });
            }
            pages.skip(ROW);
        }
    }
    Ok(())
}

/// The code of a part, read back before it is printed: paper is not looked at again until it is needed.
fn symbol(part: &Part) -> Result<Symbol, Error> {
    let text = part.to_text();
    let symbol = Symbol::of(&text).ok();
    symbol
        .filter(|symbol| texts(&symbol.picture()).contains(&text))
        .ok_or(Error::Unreadable { number: part.number })
}

pub(crate) fn name(parts: &[Part]) -> String {
    parts.first().map(|part| part.sheet.short()).unwrap_or_default()
}

pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Puts values in the place of their `{names}`.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let fill = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
    values.iter().fold(text.to_owned(), fill)
}
