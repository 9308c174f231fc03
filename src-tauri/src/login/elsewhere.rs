//! Windows: the registry's list of the user. macOS: a launch agent. The library that writes them quotes nothing.

use std::path::Path;

use auto_launch::{AutoLaunch, AutoLaunchBuilder};

/// The desktop's list, with what it starts.
pub(super) struct List(AutoLaunch);

impl List {
    pub(super) fn new(_config: &Path, words: Vec<String>) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        // The library looks for the program before it writes: its name has to stand as it is.
        if cfg!(target_os = "macos") && escaped(program) != *program {
            return None;
        }
        let written = |word: &String| {
            if cfg!(windows) {
                quoted(word)
            } else {
                escaped(word)
            }
        };
        let arguments: Vec<String> = arguments.iter().map(written).collect();
        let mut builder = AutoLaunchBuilder::new();
        builder
            .set_app_name("EnerLink Wallet")
            .set_app_path(&written(program))
            .set_args(&arguments);
        #[cfg(target_os = "macos")]
        builder.set_macos_launch_mode(auto_launch::MacOSLaunchMode::LaunchAgent);
        #[cfg(windows)]
        builder.set_windows_enable_mode(auto_launch::WindowsEnableMode::CurrentUser);
        builder.build().map(Self).ok()
    }

    pub(super) fn is_on(&self) -> Option<bool> {
        self.0.is_enabled().ok()
    }

    pub(super) fn set(&self, on: bool) -> auto_launch::Result<()> {
        if on { self.0.enable() } else { self.0.disable() }
    }
}

/// A word of a command line of Windows: a backslash before the closing quote would take the quote along.
fn quoted(word: &str) -> String {
    let end = &word[word.trim_end_matches('\\').len()..];
    format!("\"{word}{end}\"")
}

/// A text of a property list.
fn escaped(word: &str) -> String {
    word.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_were_given() {
        assert_eq!(quoted(r"C:\My Apps\wallet.exe"), r#""C:\My Apps\wallet.exe""#);
        assert_eq!(quoted(r"D:\"), r#""D:\\""#);
        assert_eq!(escaped("/Users/a & b/<c>"), "/Users/a &amp; b/&lt;c&gt;");
    }
}
