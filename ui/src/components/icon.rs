//! Line icons, drawn here so that none is fetched and none is missing from a font.

use leptos::prelude::*;

/// An icon, by what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Home,
    Settings,
    Lock,
    Unlock,
    Eye,
    EyeOff,
    Copy,
    Check,
    Close,
    Warning,
    Up,
    Down,
    Back,
    Forward,
    History,
    Key,
    Wallet,
    Plus,
    Edit,
    Trash,
    Search,
    File,
    Print,
    Minus,
    Whole,
    Energy,
    Bell,
    Market,
    Meter,
    Radio,
    Save,
    Guard,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Home => "M3 11l9-8 9 8v9a1 1 0 0 1-1 1h-5v-6h-6v6H4a1 1 0 0 1-1-1z",
            Self::Settings => {
                "M4 7h9m5 0h2M4 17h2m5 0h9M15.5 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8.500 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z"
            }
            Self::Lock => {
                "M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zm2 0V7a4 4 0 0 1 8 0v4"
            }
            Self::Unlock => {
                "M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zm2 0V7a4 4 0 0 1 7.700-1.500"
            }
            Self::Eye => {
                "M2 12s3.600-7 10-7 10 7 10 7-3.600 7-10 7-10-7-10-7zm10 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.900 5.200A9.700 9.700 0 0 1 12 5c6.400 0 10 7 10 7a17 17 0 0 1-3 3.800M6.200 6.800A16 16 0 0 0 2 12s3.600 7 10 7a9.600 9.600 0 0 0 4.300-1M9.900 9.900a3 3 0 0 0 4.200 4.200"
            }
            Self::Copy => {
                "M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1zM16 9V4a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h3"
            }
            Self::Check => "M5 12.500l4.500 4.500L19 7.500",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Warning => "M12 4l9 16H3zM12 10v4.500M12 17.300v.2",
            Self::Up => "M12 5l7 13H5z",
            Self::Down => "M12 19L5 6h14z",
            Self::Back => "M15 5l-7 7 7 7",
            Self::Wallet => {
                "M18 8V5a1 1 0 0 0-1-1H5a2 2 0 0 0 0 4h14a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H5a2 2 0 0 1-2-2V6M16.500 14h.01"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Edit => "M4 20l1-4L16 5a2.100 2.100 0 0 1 3 3L8 19zM14 7l3 3",
            Self::Trash => "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.500 11v5.500M13.500 11v5.500",
            Self::Search => "M11 17a6 6 0 1 0 0-12 6 6 0 0 0 0 12zm4.500-1.500L20 20",
            Self::File => "M14 3H7a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1V7zM14 3v4h4",
            Self::Print => {
                "M7 9V4h10v5M7 17H5a1 1 0 0 1-1-1v-5a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v5a1 1 0 0 1-1 1h-2M7 14h10v6H7z"
            }
            Self::Minus => "M5 12h14",
            Self::Whole => "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
            Self::Energy => "M4 20V10M10 20V4M16 20v-8M21 20H3",
            Self::Bell => {
                "M6 10a6 6 0 0 1 12 0c0 6 2.500 7 2.500 7h-17S6 16 6 10zM10 20.500a2.200 2.200 0 0 0 4 0"
            }
            Self::Meter => "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 13l4-4.500M7 15.500h10",
            Self::Market => "M3 17l6-6 4 4 8-8M16 7h5v5",
            Self::Radio => {
                "M12 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM8.500 15.500a5 5 0 0 1 0-7M15.500 8.500a5 5 0 0 1 0 7M5.600 18.400a9 9 0 0 1 0-12.800M18.400 5.600a9 9 0 0 1 0 12.800"
            }
            Self::Guard => {
                "M12 3l7 3v5.500c0 4.500-3 8-7 9.500-4-1.500-7-5-7-9.500V6zM9 12l2.200 2.200L15.200 10"
            }
            Self::Save => "M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14",
            Self::Forward => "M9 5l7 7-7 7",
            Self::History => "M4 5v4.500h4.500M4.600 9.500A8 8 0 1 1 4 12.500M12 8v4.500l3 2",
            Self::Key => "M14.500 13.500a5 5 0 1 0-4-4L3 17v4h4v-3h3v-3l1.500-1.500zM16.500 8h.01",
        }
    }

    fn filled(self) -> bool {
        matches!(self, Self::Up | Self::Down)
    }
}

/// An icon; decoration only, the words beside it or the label of its button say what it means.
#[component]
pub(crate) fn Glyph(
    /// Which one; it may change.
    #[prop(into)]
    icon: Signal<Icon>,
) -> impl IntoView {
    let class = move || if icon.get().filled() { "icon solid" } else { "icon" };
    view! {
        <svg class=class viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=move || icon.get().path() />
        </svg>
    }
}
