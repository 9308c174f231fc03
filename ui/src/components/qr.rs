//! A text as a QR code, drawn in the page from the modules that the core computes.

use enerlink_domain::view::QrCode;
use enerlink_ipc::DrawQr;
use leptos::prelude::*;

use crate::{
    components::loaded::{Loaded, Waiting},
    i18n::{Key, text},
};

/// Light modules around the code (ISO/IEC 18004).
const QUIET: usize = 4;

/// The code of a text; dark on light in every theme, because cameras expect it.
#[component]
pub(crate) fn Qr(
    /// What it says.
    value: String,
    /// What it is, for those who do not see it.
    label: Key,
) -> impl IntoView {
    let code = Loaded::new();
    let read = move || code.read(DrawQr { text: value.clone() });
    read();
    let retry = Callback::new(move |()| read());
    let drawn = move || {
        code.value.get().map(|code| {
            let size = code.rows.len() + 2 * QUIET;
            view! {
                <svg
                    class="qr"
                    role="img"
                    aria-label=text(label)
                    data-testid="qr"
                    data-modules=code.rows.len()
                    viewBox=format!("0 0 {size} {size}")
                    shape-rendering="crispEdges"
                >
                    <rect class="light" width=size height=size />
                    <path class="dark" d=outline(&code) />
                </svg>
            }
        })
    };
    view! {
        <Show when=move || code.value.with(Option::is_some) fallback=move || view! { <Waiting error=code.error retry=retry /> }>
            {drawn}
        </Show>
    }
}

/// One bar for each run of dark modules in a row.
fn outline(code: &QrCode) -> String {
    let mut path = String::new();
    for (y, row) in code.rows.iter().enumerate() {
        let mut start = None;
        // The light module behind the last one ends a run that reaches the edge.
        for (x, module) in row.bytes().chain([b'0']).enumerate() {
            match (module == b'1', start) {
                (true, None) => start = Some(x),
                (false, Some(from)) => {
                    let width = x - from;
                    path.push_str(&format!("M{} {}h{width}v1h-{width}z", from + QUIET, y + QUIET));
                    start = None;
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_dark_modules_become_bars() {
        let code = |rows: &[&str]| QrCode {
            rows: rows.iter().map(|row| (*row).to_owned()).collect(),
        };
        assert_eq!(
            outline(&code(&["1011", "0000", "0110"])),
            "M4 4h1v1h-1zM6 4h2v1h-2zM5 6h2v1h-2z"
        );
        assert_eq!(outline(&code(&["000"])), "");
    }
}
