//! Windows: the registry's list of the user. macOS: a launch agent.

use std::path::Path;

use auto_launch::{AutoLaunch, AutoLaunchBuilder};

/// The desktop's list, with what it starts.
pub(super) struct List(AutoLaunch);

impl List {
    pub(super) fn new(_config: &Path, words: Vec<String>) -> Option<Self> {
        // The registry holds a command line, and the library quotes nothing in it.
        let quoted = |word: String| {
            if cfg!(windows) {
                format!("\"{word}\"")
            } else {
                word
            }
        };
        let words: Vec<String> = words.into_iter().map(quoted).collect();
        let (program, arguments) = words.split_first()?;
        let mut builder = AutoLaunchBuilder::new();
        builder
            .set_app_name("EnerLink Wallet")
            .set_app_path(program)
            .set_args(arguments);
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
