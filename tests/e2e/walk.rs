//! A walk through every page in both languages, both themes and both sizes: a picture of each, nothing wider than the
//! window, and nothing that axe-core finds serious. All pictures stand on one sheet in the end.

use image::{
    RgbImage,
    imageops::{self, FilterType},
};
use serde_json::{Value, json};

use crate::{
    close_toasts, create_wallet,
    window::{CONTROL, SIZES, Window},
};

/// A page: the number of its shortcut, what it shows when it is there, and the parts that it is divided into.
struct Page {
    name: &'static str,
    key: char,
    shows: &'static str,
    parts: &'static [&'static str],
}

const PAGES: [Page; 6] = [
    Page {
        name: "home",
        key: '1',
        shows: "power-solar",
        parts: &[],
    },
    Page {
        name: "energy",
        key: '2',
        shows: "energy-part-flow",
        parts: &["energy-part-flow", "energy-part-settlements", "energy-part-audit"],
    },
    Page {
        name: "market",
        key: '3',
        shows: "book",
        parts: &["orders-open", "orders-history", "orders-trades"],
    },
    Page {
        name: "wallet",
        key: '4',
        shows: "wallet-part-wallets",
        parts: &[
            "wallet-part-wallets",
            "wallet-part-tokens",
            "wallet-part-backup",
            "wallet-part-activity",
        ],
    },
    Page {
        name: "meter",
        key: '5',
        shows: "meter-part-live",
        parts: &[
            "meter-part-live",
            "meter-part-controls",
            "meter-part-messages",
            "meter-part-setup",
        ],
    },
    Page {
        name: "settings",
        key: '6',
        shows: "language-id",
        parts: &[],
    },
];

#[tokio::test]
async fn full_every_page_is_whole_in_both_languages_and_themes() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "12"], &profile).await;
    create_wallet(&window).await;
    window.unlock().await;
    // With something settled no page is empty.
    window
        .find_css("[data-testid='settlement-row'][data-status='SUCCESS']")
        .await;
    let mut found = Vec::new();
    for language in ["en", "id"] {
        window.press(&[CONTROL, '6']).await;
        window.click(&format!("language-{language}")).await;
        for page in PAGES {
            found.extend(walk(&window, language, &page).await);
        }
    }
    contact_sheet(&window);
    window.close().await;
    assert!(
        found.is_empty(),
        "{}",
        serde_json::to_string_pretty(&found).expect("JSON")
    );
}

impl Page {
    /// What there are pictures of: its parts, or itself.
    fn views(&self) -> Vec<&'static str> {
        match self.parts {
            [] => vec![self.name],
            parts => parts.to_vec(),
        }
    }
}

/// Puts a small copy of each picture where it can be compared with its neighbours: a row for each view, in it both
/// languages, sizes and themes.
fn contact_sheet(window: &Window) {
    const CELL: (u32, u32) = (320, 220);
    let views: Vec<&str> = PAGES.iter().flat_map(Page::views).collect();
    let kinds: Vec<String> = ["en", "id"]
        .iter()
        .flat_map(|language| SIZES.map(|(width, _)| format!("{language}-{width}")))
        .flat_map(|kind| ["light", "dark"].map(|theme| format!("{kind}-{theme}")))
        .collect();
    let count = |cells: usize| u32::try_from(cells).expect("a few");
    let mut sheet = RgbImage::new(CELL.0 * count(kinds.len()), CELL.1 * count(views.len()));
    for (row, view) in views.iter().enumerate() {
        for (column, kind) in kinds.iter().enumerate() {
            let picture = image::open(window.picture(&format!("walk-{view}-{kind}"))).expect("a picture");
            let small = picture.resize(CELL.0, CELL.1, FilterType::Triangle).into_rgb8();
            let (x, y) = (CELL.0 * count(column), CELL.1 * count(row));
            imageops::replace(&mut sheet, &small, x.into(), y.into());
        }
    }
    sheet.save(window.picture("contact-sheet")).expect("written");
}

async fn walk(window: &Window, language: &str, page: &Page) -> Vec<Value> {
    // A key, as a person's, also keeps the wallet from locking itself.
    window.press(&[CONTROL, page.key]).await;
    // The meters, or the one that was open.
    let open = "[data-testid='meter-open']";
    window
        .find_css(&format!("{open}, [data-testid='{}']", page.shows))
        .await;
    if !window.all(open).await.is_empty() {
        window.click("meter-open").await;
    }
    window.find(page.shows).await;
    let mut found = Vec::new();
    for view in page.views() {
        if page.parts.contains(&view) {
            window.click(view).await;
        }
        found.extend(look(window, &format!("walk-{view}-{language}")).await);
    }
    found
}

async fn look(window: &Window, name: &str) -> Vec<Value> {
    window.wait_gone("[aria-busy='true']").await;
    close_toasts(window).await;
    window.shoot_all(name).await;
    let mut found = Vec::new();
    for theme in ["light", "dark"] {
        let problems = window.violations(theme).await;
        found.extend(problems.into_iter().map(|problem| json!([name, theme, problem])));
    }
    found
}
