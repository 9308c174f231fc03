//! The package of Debian as a household gets it: installed on this very system, its files looked at, its command line and
//! its window used on a throw-away profile, and removed again. `cargo xtask` makes the package, and leaves this test out
//! where nobody may install one, and says so.

use std::{
    fs,
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{
    support::{PASSWORD, end_group},
    window::{
        Window,
        dialog::{close_window, is_visible},
    },
};

const PATIENCE: Duration = Duration::from_secs(60);
/// Another installation may be under way on this system.
const LOCKED: Duration = Duration::from_secs(180);
const NAME: &str = "ener-link-wallet";
const APP: &str = "/usr/bin/enerlink-wallet";
const SERVICE: &str = "/usr/lib/systemd/user/enerlink.service";

/// Runs a program to its end; it must succeed.
fn told(command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} starts: {error}"));
    let text = both(&output);
    assert!(output.status.success(), "{command:?}: {text}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn both(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Says something that is read after a good end too: what a test prints is not shown then.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Whether a program is there, which looks at a file more closely than this test can.
fn has(program: &str) -> bool {
    let here = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    let here = here.is_ok_and(|output| output.status.success());
    if !here {
        say(&format!("{program} is not here: not checked by it"));
    }
    here
}

/// `dpkg` with the rights to change the system.
fn dpkg(arguments: &[&str]) -> Output {
    let root = told(Command::new("id").arg("-u")) == "0";
    let deadline = Instant::now() + LOCKED;
    loop {
        let mut command = Command::new(if root { "dpkg" } else { "sudo" });
        if !root {
            command.args(["-n", "dpkg"]);
        }
        let output = command.args(arguments).output().expect("dpkg is here");
        let locked = !output.status.success() && both(&output).contains("lock");
        if !locked || Instant::now() > deadline {
            return output;
        }
        std::thread::sleep(Duration::from_secs(2));
    }
}

/// The package, as long as this value lives.
struct Installed {
    /// What was not there before it.
    new: Vec<PathBuf>,
}

impl Installed {
    fn from(package: &str) -> Self {
        let list = "dpkg-deb --fsys-tarfile \"$1\" | tar --list";
        let names = told(Command::new("sh").args(["-c", list, "sh", package]));
        let new: Vec<PathBuf> = names
            .lines()
            .map(|name| Path::new("/").join(name.trim_start_matches("./")))
            .filter(|path| !path.exists())
            .collect();
        assert!(!new.is_empty(), "the package brings something");
        let installed = Self { new };
        let output = dpkg(&["--install", package]);
        assert!(output.status.success(), "dpkg --install: {}", both(&output));
        installed
    }

    /// Takes it from the system; nothing of it stays.
    fn remove(self) {
        let output = dpkg(&["--remove", NAME]);
        assert!(output.status.success(), "dpkg --remove: {}", both(&output));
        let left: Vec<&PathBuf> = self.new.iter().filter(|path| path.exists()).collect();
        assert!(left.is_empty(), "these stay: {left:?}");
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // However the test has ended; of a package that is gone there is nothing to purge.
        let output = dpkg(&["--purge", NAME]);
        if !output.status.success() {
            say(&format!("the package stays: {}", both(&output)));
        }
    }
}

/// The app as a desktop starts it, without a driver.
struct App(Child);

impl Drop for App {
    fn drop(&mut self) {
        end_group(&mut self.0);
    }
}

/// A command as this household's person would give it: nothing of it ends up in the home of whoever runs the tests.
fn at_home(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in ["XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
        command.env_remove(variable);
    }
    command.env("HOME", home);
    command
}

#[tokio::test]
async fn full_the_package_is_installed_used_and_removed() {
    let package = std::env::var("ENERLINK_PACKAGE").expect("run by `cargo xtask`");
    let told_name = told(Command::new("dpkg-deb").args(["--field", &package, "Package"]));
    assert_eq!(told_name, NAME);
    let home = tempfile::tempdir().expect("directory");
    let profile = home.path().join("profile");
    let installed = Installed::from(&package);

    papers(&installed, home.path());
    command_line(&profile, home.path());
    let start = first_window(&profile, home.path()).await;
    use_window(&profile).await;

    let bytes = fs::metadata(&package).expect("there").len();
    say(&format!(
        "package: {}.{} MB, {} files; window after {} ms",
        bytes / 1_000_000,
        bytes / 100_000 % 10,
        installed.new.iter().filter(|path| path.is_file()).count(),
        start.as_millis()
    ));
    installed.remove();
    assert!(
        profile.join("vault.enl").is_file(),
        "a household keeps its wallet"
    );
    assert!(profile.join("enerlink.db").is_file(), "and its history");
}

/// The files beside the programs: whoever reads them understands them.
fn papers(installed: &Installed, home: &Path) {
    let ending = |end: &str| {
        let mut found = installed
            .new
            .iter()
            .filter(|path| path.to_string_lossy().ends_with(end));
        found
            .next()
            .unwrap_or_else(|| panic!("the package brings a {end}"))
    };
    let entry = ending(".desktop");
    if has("desktop-file-validate") {
        told(Command::new("desktop-file-validate").arg(entry));
    }
    let text = fs::read_to_string(entry).expect("readable");
    let line = |key: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(key));
        found.unwrap_or_else(|| panic!("{key} in {text}")).to_owned()
    };
    assert_eq!(line("Exec="), "enerlink-wallet");
    let icon = format!("{}.png", line("Icon="));
    ending(&icon);
    ending("/usr/share/doc/enerlink-wallet/LICENSE");
    if has("systemd-analyze") {
        let mut analyze = at_home("systemd-analyze", home);
        // It looks for the units of a session, which a machine that only tests has not.
        analyze.env("XDG_RUNTIME_DIR", home);
        told(analyze.args(["--user", "--man=no", "verify", SERVICE]));
    }
}

/// The installed `enerlink`: its version, a wallet, and the service's own work for a moment.
fn command_line(profile: &Path, home: &Path) {
    let version = told(at_home("enerlink", home).arg("--version"));
    assert_eq!(version, format!("enerlink {}", env!("CARGO_PKG_VERSION")));
    let password = home.join("password");
    fs::write(&password, PASSWORD).expect("writable");
    let on_profile = |words: &[&str]| {
        let mut command = at_home("enerlink", home);
        command.args(words).arg("--data-dir").arg(profile);
        command
    };
    let mut create = on_profile(&["wallet", "create"]);
    create.arg("--password-file").arg(&password);
    create.arg("--phrase-file").arg(home.join("phrase"));
    told(&mut create);
    let list = told(on_profile(&["wallet", "list"]).arg("--json"));
    assert!(list.contains("0x"), "{list}");
    told(&mut on_profile(&["run", "--for", "2s"]));
}

/// How long the installed app takes to show its window, started as its entry says and closed as a person does.
async fn first_window(profile: &Path, home: &Path) -> Duration {
    let started = Instant::now();
    let mut command = at_home("enerlink-wallet", home);
    command.arg("--data-dir").arg(profile).process_group(0);
    let mut app = App(command.spawn().expect("started"));
    while !is_visible() {
        assert!(started.elapsed() < PATIENCE, "the window comes");
        assert!(app.0.try_wait().expect("a child").is_none(), "the app goes on");
        sleep(Duration::from_millis(20)).await;
    }
    let shown = started.elapsed();
    // Whoever closes a window that has shown nothing yet closes another one than people do.
    sleep(Duration::from_secs(2)).await;
    close_window();
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = app.0.try_wait().expect("a child") {
            assert!(status.success(), "{status}");
            return shown;
        }
        assert!(Instant::now() < deadline, "the app ends");
        sleep(Duration::from_millis(100)).await;
    }
}

/// The installed app's page: the wallet of the command line is there and opens.
async fn use_window(profile: &Path) {
    let window = Window::open_program(APP, &[], profile, &[]).await;
    window.unlock().await;
    window.shoot("installed").await;
    window.close().await;
}
