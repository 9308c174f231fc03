//! The window shows this program's own page, and leaves it for nothing: a policy of the page itself does not bind where
//! its window goes.

use tauri::{
    Runtime, Url,
    plugin::{Builder, TauriPlugin},
};

/// The host of the page where the platform knows no schemes of programs.
const OWN_HOST: &str = "tauri.localhost";

/// Refuses to go anywhere else.
pub(crate) fn guard<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("page")
        .on_navigation(|_, url| {
            let own = is_own(url, tauri::is_dev());
            if !own {
                tracing::warn!(scheme = url.scheme(), "the window was asked to leave its page");
            }
            own
        })
        .build()
}

/// Whether `url` is the program's page. While the program is developed a server on this machine has it.
fn is_own(url: &Url, developed: bool) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" => {
            url.host_str() == Some(OWN_HOST) || developed && url.host_str() == Some("127.0.0.1")
        }
        _ => url.as_str() == "about:blank",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_own_page_is_shown() {
        let is_own = |text: &str, developed| is_own(&text.parse().expect("an address"), developed);
        for own in [
            "tauri://localhost/",
            "http://tauri.localhost/index.html",
            "about:blank",
        ] {
            assert!(is_own(own, false), "{own}");
        }
        for other in [
            "http://127.0.0.1:1420/",
            "http://tauri.localhost.example/",
            "https://example.org/?tauri://localhost",
            "data:text/html,hello",
            "file:///etc/passwd",
            "blob:tauri://localhost/1",
        ] {
            assert!(!is_own(other, false), "{other}");
        }
        assert!(is_own("http://127.0.0.1:1420/", true));
    }
}
