//! A walk through every page in both languages, both themes and both sizes: a picture of each, nothing wider than the
//! window, and nothing that axe-core finds serious.

use serde_json::{Value, json};

use crate::{
    close_toasts, create_wallet,
    window::{CONTROL, Window},
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
    window.close().await;
    assert!(
        found.is_empty(),
        "{}",
        serde_json::to_string_pretty(&found).expect("JSON")
    );
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
    if page.parts.is_empty() {
        return look(window, &format!("walk-{}-{language}", page.name)).await;
    }
    let mut found = Vec::new();
    for part in page.parts {
        window.click(part).await;
        found.extend(look(window, &format!("walk-{part}-{language}")).await);
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
