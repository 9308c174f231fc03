//! From a vault to paper and back: the pages of the real PDF, printed to pictures.

mod support;

use enerlink_domain::id::unhex;
use enerlink_paper::{Error, Language, MAX_VAULT, Sheet, pdf, read};
use hayro::hayro_syntax::Pdf;
use image::{GrayImage, ImageFormat, Luma, imageops};
use support::{file, household, print, sheet, vault, wallet};

/// 74 mm less the margin of four modules on each side, at 150 dots an inch.
const DPI: f32 = 150.0;

fn scans(pdf: &[u8]) -> Vec<Vec<u8>> {
    print(pdf, DPI)
        .iter()
        .map(|page| file(page, ImageFormat::Png))
        .collect()
}

/// What the pages say and draw, unpacked.
fn contents(pdf: &[u8]) -> Vec<String> {
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let pages = pdf
        .pages()
        .iter()
        .map(|page| page.page_stream().expect("content").to_vec());
    pages
        .map(|page| page.iter().map(|byte| char::from(*byte)).collect())
        .collect()
}

/// The strings that a page shows, in order.
fn shown(content: &str) -> String {
    let strings = content.lines().filter_map(|line| line.strip_suffix(" Tj"));
    strings.map(string).collect::<Vec<_>>().join(" ")
}

/// A string of a content stream: in brackets, or in hexadecimal when it is not plain.
fn string(text: &str) -> String {
    let hexadecimal = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    match hexadecimal.and_then(unhex) {
        Some(bytes) => bytes.into_iter().map(char::from).collect(),
        None => {
            let plain = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
            plain.expect("a string").replace('\\', "")
        }
    }
}

#[test]
fn a_printed_vault_comes_back() {
    for (length, language) in [
        (1, Language::English),
        (700, Language::Indonesian),
        (6000, Language::English),
    ] {
        let vault = vault(length);
        let document = sheet(&vault, &household(), language);
        let mut pages = scans(&document.bytes);
        assert_eq!(pages.len(), document.pages as usize);
        pages.reverse();
        let read = read(&pages).unwrap_or_else(|error| panic!("{length} bytes: {error}"));
        assert!(read == vault, "{length} bytes");
    }
}

#[test]
fn the_longest_vault_is_printed_and_a_longer_one_is_not() {
    let longest = vault(MAX_VAULT);
    let document = sheet(&longest, &household(), Language::English);
    assert_eq!((document.codes, document.pages), (365, 62));
    assert_eq!(contents(&document.bytes).len(), 62);
    let bytes = MAX_VAULT + 1;
    let longer = vault(bytes);
    let sheet = Sheet {
        vault: &longer,
        wallets: &[],
        created_at: enerlink_domain::UnixMillis(0),
        language: Language::English,
    };
    assert_eq!(pdf(&sheet).err(), Some(Error::TooLarge { bytes }));
    assert_eq!(pdf(&Sheet { vault: &[], ..sheet }).err(), Some(Error::Empty));
}

#[test]
fn modules_are_large_enough_for_a_camera() {
    for length in [1, 300, 720, 1441, 5000] {
        let document = sheet(&vault(length), &household(), Language::English);
        let contents = contents(&document.bytes);
        let scales = contents
            .iter()
            .flat_map(|content| content.lines())
            .filter_map(|line| line.strip_suffix(" cm"))
            .filter_map(|matrix| matrix.split(' ').next()?.parse::<f32>().ok());
        let millimetres: Vec<f32> = scales.map(|points| points / 72.0 * 25.4).collect();
        assert_eq!(millimetres.len(), document.codes as usize);
        assert!(
            millimetres.iter().all(|side| *side >= 0.6),
            "{length} bytes: {millimetres:?}"
        );
    }
}

#[test]
fn the_first_page_says_what_a_person_needs() {
    let wallets = household();
    for (language, words) in [
        (
            Language::English,
            [
                "Wallet backup on paper",
                "20 November 2026, 21:15 UTC",
                "How to restore",
                "5, on page 2",
                "Page 1 of 2",
            ],
        ),
        (
            Language::Indonesian,
            [
                "Cadangan dompet di atas kertas",
                "20 November 2026, 21.15 UTC",
                "Cara memulihkan",
                "5, di halaman 2",
                "Halaman 1 dari 2",
            ],
        ),
    ] {
        let document = sheet(&vault(3100), &wallets, language);
        let first = shown(&contents(&document.bytes)[0]);
        for word in words {
            assert!(first.contains(word), "{word}: {first}");
        }
        for wallet in &wallets {
            assert!(first.contains(&wallet.name), "{first}");
            for account in &wallet.accounts {
                assert!(first.contains(&account.address.to_string()), "{first}");
                assert!(account.path.iter().all(|path| first.contains(path)), "{first}");
            }
        }
        assert!(!first.contains(['{', '}']), "{first}");
        let codes = shown(&contents(&document.bytes)[1]);
        let labels = (1..=5).all(|number| codes.contains(&format!("{number} / 5 6SYG-R3RZ")));
        assert!(labels, "{codes}");
    }
}

#[test]
fn many_accounts_and_strange_names_go_on_to_the_next_page() {
    let wallets = [wallet(&"家 ☀ Zoë ".repeat(10), 60), wallet("\u{7}\n(\\", 40)];
    let document = sheet(&vault(900), &wallets, Language::English);
    let contents = contents(&document.bytes);
    assert_eq!(contents.len(), 4);
    let text = contents
        .iter()
        .map(|page| shown(page))
        .collect::<Vec<_>>()
        .join(" ");
    let accounts = wallets.iter().flat_map(|wallet| &wallet.accounts);
    assert!(
        accounts
            .into_iter()
            .all(|account| text.contains(&account.address.to_string()))
    );
    assert!(text.contains("? ? Zo\u{eb}"), "{text}");
    assert!(text.contains("2, on page 4"), "{text}");
}

#[test]
fn what_is_wrong_with_the_images_is_said() {
    let document = sheet(&vault(3100), &household(), Language::English);
    let pages = scans(&document.bytes);
    assert_eq!(read(&[]), Err(Error::NoCode));
    assert_eq!(read(&pages[..1]), Err(Error::NoCode));
    for other in [
        &b"%PDF-1.7"[..],
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff\xe0",
    ] {
        let images = [pages[1].clone(), other.to_vec()];
        assert_eq!(read(&images), Err(Error::NotAnImage { image: 2 }));
    }

    let codes = print(&document.bytes, DPI).remove(1);
    let upper = imageops::crop_imm(&codes, 0, 0, codes.width(), codes.height() * 5 / 8).to_image();
    let missing = Error::Missing {
        missing: vec![5],
        of: 5,
    };
    assert_eq!(read(&[file(&upper, ImageFormat::Png)]), Err(missing));

    let other = sheet(&vault(3101), &household(), Language::English);
    let images = [pages[1].clone(), scans(&other.bytes)[1].clone()];
    assert!(matches!(read(&images), Err(Error::AnotherSheet { image: 2, .. })));
}

#[test]
fn large_images_are_refused_before_they_are_decoded() {
    assert_eq!(
        read(&[vec![0; (32 << 20) + 1]]),
        Err(Error::ImageTooLarge { image: 1 })
    );
    // A PNG of 4 GiB in less than a hundred bytes: only its size is true.
    let mut bomb = file(&GrayImage::new(1, 1), ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let checksum = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    assert_eq!(read(&[bomb]), Err(Error::ImageTooLarge { image: 1 }));
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    let fold = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(u32::MAX, fold)
}

#[test]
fn noise_is_no_code() {
    let random = vault(700 * 500);
    for (width, height) in [
        (1, 1),
        (1, 300),
        (7, 7),
        (21, 21),
        (40, 41),
        (177, 177),
        (700, 500),
    ] {
        for coarse in [1, 2, 5] {
            let picture = GrayImage::from_fn(width, height, |x, y| {
                let value = random[(y / coarse * width + x / coarse) as usize];
                Luma([if coarse == 1 { value } else { (value & 1) * 255 }])
            });
            assert_eq!(read(&[file(&picture, ImageFormat::Png)]), Err(Error::NoCode));
        }
    }
}
