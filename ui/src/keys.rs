//! The keys that work everywhere: which press means what, and how a key is written beside what it does.

use leptos::{prelude::document, wasm_bindgen::JsCast};

use crate::{i18n::Key, session::Page};

/// A key as the web view tells it, and where it would go otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Press<'a> {
    /// The key's own name, `KeyboardEvent.key`.
    pub key: &'a str,
    /// Whether Ctrl is held.
    pub control: bool,
    /// Whether Alt is held.
    pub alt: bool,
    /// Whether Shift is held.
    pub shift: bool,
    /// Whether a dialog is open: it takes its own keys.
    pub dialog: bool,
    /// Whether a field has the focus: letters belong to it.
    pub field: bool,
}

/// What a key of the whole window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortcut {
    /// Goes to a page.
    Page(Page),
    /// Locks what is open, asks for the password of what is locked.
    TurnKey,
    /// Opens the list of everything that can be done.
    Palette,
    /// Shows all shortcuts.
    Sheet,
    /// Puts the cursor into the search of the page.
    Search,
    /// Closes a form and leaves a flow.
    Leave,
    /// Ends the program.
    Quit,
}

impl Shortcut {
    /// Every shortcut, in the order of the sheet.
    pub(crate) const ALL: [Self; 12] = [
        Self::Palette,
        Self::Sheet,
        Self::Search,
        Self::Leave,
        Self::TurnKey,
        Self::Quit,
        Self::Page(Page::Home),
        Self::Page(Page::Energy),
        Self::Page(Page::Market),
        Self::Page(Page::Wallet),
        Self::Page(Page::Meter),
        Self::Page(Page::Settings),
    ];

    /// What a press means; none when it means nothing here, or belongs to a field or a dialog.
    pub(crate) fn of(press: Press<'_>) -> Option<Self> {
        if press.key == "Escape" {
            return (!press.dialog).then_some(Self::Leave);
        }
        if press.alt {
            return None;
        }
        if press.control {
            return Self::with_control(press).filter(|_| !press.shift);
        }
        // Where these two stand differs from keyboard to keyboard: some need Shift for them.
        match press.key {
            _ if press.dialog || press.field => None,
            "?" => Some(Self::Sheet),
            "/" => Some(Self::Search),
            _ => None,
        }
    }

    fn with_control(press: Press<'_>) -> Option<Self> {
        match press.key {
            // Locking must never wait for a dialog, nor must whoever wants to go.
            "l" | "L" => Some(Self::TurnKey),
            "q" | "Q" => Some(Self::Quit),
            _ if press.dialog => None,
            "k" | "K" => Some(Self::Palette),
            digit => {
                let at: usize = digit.parse().ok()?;
                let page = Page::ALL.get(at.checked_sub(1)?)?;
                Some(Self::Page(*page))
            }
        }
    }

    /// The keys as they stand on the keyboard.
    pub(crate) fn keys(self) -> &'static str {
        match self {
            Self::Page(Page::Home) => "Ctrl 1",
            Self::Page(Page::Energy) => "Ctrl 2",
            Self::Page(Page::Market) => "Ctrl 3",
            Self::Page(Page::Wallet) => "Ctrl 4",
            Self::Page(Page::Meter) => "Ctrl 5",
            Self::Page(Page::Settings) => "Ctrl 6",
            Self::TurnKey => "Ctrl L",
            Self::Palette => "Ctrl K",
            Self::Sheet => "?",
            Self::Search => "/",
            Self::Leave => "Esc",
            Self::Quit => "Ctrl Q",
        }
    }

    /// What it does, in words.
    pub(crate) fn label(self) -> Key {
        match self {
            Self::Page(page) => page.title(),
            Self::TurnKey => Key::ShortcutTurnKey,
            Self::Palette => Key::ShortcutPalette,
            Self::Sheet => Key::ShortcutSheet,
            Self::Search => Key::ShortcutSearch,
            Self::Leave => Key::ShortcutLeave,
            Self::Quit => Key::Quit,
        }
    }
}

/// Whether a field has the focus.
pub(crate) fn in_field() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(
            element.tag_name().to_ascii_uppercase().as_str(),
            "INPUT" | "TEXTAREA" | "SELECT"
        )
    })
}

/// Whether a dialog is open.
pub(crate) fn in_dialog() -> bool {
    document().query_selector("dialog[open]").ok().flatten().is_some()
}

/// Whether keys go into a field or a dialog: then `/` is a letter.
pub(crate) fn typing() -> bool {
    in_field() || in_dialog()
}

/// Where `/` leads: to the first search of the page; where nothing is searched, to what narrows a list.
const SEARCHES: [&str; 2] = [
    ".page .search input:not(:disabled)",
    ".page .tools :is(select, input):not(:disabled), .page .filters :is(select, input):not(:disabled)",
];

/// Puts the cursor into the search of the page; answers whether there is one.
pub(crate) fn focus_search() -> bool {
    let document = document();
    let mut fields = SEARCHES
        .iter()
        .filter_map(|selector| document.query_selector(selector).ok().flatten());
    let field = fields.find_map(|field| field.dyn_into::<web_sys::HtmlElement>().ok());
    field.is_some_and(|field| field.focus().is_ok())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plain(key: &str) -> Press<'_> {
        Press {
            key,
            ..Press::default()
        }
    }

    fn control(key: &str) -> Press<'_> {
        Press {
            control: true,
            ..plain(key)
        }
    }

    #[test]
    fn each_shortcut_has_keys_of_its_own_that_mean_it() {
        let mut seen = BTreeSet::new();
        for shortcut in Shortcut::ALL {
            assert!(seen.insert(shortcut.keys()), "{shortcut:?}");
            let press = match shortcut.keys().split_once(' ') {
                Some((_, key)) => control(key),
                None if shortcut == Shortcut::Leave => plain("Escape"),
                None => plain(shortcut.keys()),
            };
            assert_eq!(Shortcut::of(press), Some(shortcut));
        }
    }

    #[test]
    fn letters_belong_to_fields_and_keys_to_dialogs() {
        for key in ["?", "/"] {
            let shifted = Press {
                shift: true,
                ..plain(key)
            };
            assert!(Shortcut::of(shifted).is_some(), "{key}");
            for taken in [
                Press {
                    field: true,
                    ..plain(key)
                },
                Press {
                    dialog: true,
                    ..plain(key)
                },
                Press {
                    alt: true,
                    ..plain(key)
                },
                control(key),
            ] {
                assert_eq!(Shortcut::of(taken), None, "{taken:?}");
            }
        }
        let typing = Press {
            field: true,
            ..control("k")
        };
        assert_eq!(Shortcut::of(typing), Some(Shortcut::Palette));
        for (key, expected) in [("k", None), ("1", None), ("l", Some(Shortcut::TurnKey))] {
            let above = Press {
                dialog: true,
                ..control(key)
            };
            assert_eq!(Shortcut::of(above), expected, "{key}");
        }
        let above = Press {
            dialog: true,
            ..plain("Escape")
        };
        assert_eq!(Shortcut::of(above), None);
    }

    #[test]
    fn other_keys_mean_nothing() {
        for press in [plain("k"), plain("1"), control("0"), control("7"), control("a")] {
            assert_eq!(Shortcut::of(press), None, "{press:?}");
        }
        let shifted = Press {
            shift: true,
            ..control("k")
        };
        assert_eq!(Shortcut::of(shifted), None);
    }
}
