//! Libraries and programs of the operating system, by its package manager.

use std::process::Command;

use super::{Install, Missing, Need};
use crate::process;

/// How to see that a package is there, whatever installed it.
#[derive(Clone, Copy)]
enum Probe {
    /// A library that pkg-config knows.
    Library(&'static str),
    /// A program on the path.
    Program(&'static str),
    /// A module that `python3` can load.
    Python(&'static str),
    /// The server of PostgreSQL, which Debian keeps off the path.
    PostgreSql,
}

/// One package under its names.
struct Package {
    need: Need,
    probe: Probe,
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
}

const fn package(need: Need, probe: Probe, names: [&'static str; 3]) -> Package {
    let [debian, fedora, arch] = names;
    Package {
        need,
        probe,
        debian,
        fedora,
        arch,
    }
}

use Probe::{Library, PostgreSql, Program, Python};

/// In the order in which they are installed.
const PACKAGES: [Package; 20] = [
    package(
        Need::Window,
        Program("pkg-config"),
        ["pkg-config", "pkgconf-pkg-config", "pkgconf"],
    ),
    package(
        Need::Window,
        Program("cc"),
        ["build-essential", "gcc-c++", "base-devel"],
    ),
    package(
        Need::Window,
        Library("webkit2gtk-4.1"),
        ["libwebkit2gtk-4.1-dev", "webkit2gtk4.1-devel", "webkit2gtk-4.1"],
    ),
    package(
        Need::Window,
        Library("gtk+-3.0"),
        ["libgtk-3-dev", "gtk3-devel", "gtk3"],
    ),
    package(
        Need::Window,
        Library("libsoup-3.0"),
        ["libsoup-3.0-dev", "libsoup3-devel", "libsoup3"],
    ),
    package(
        Need::Window,
        Library("librsvg-2.0"),
        ["librsvg2-dev", "librsvg2-devel", "librsvg"],
    ),
    package(
        Need::Driver,
        Program("WebKitWebDriver"),
        ["webkit2gtk-driver", "/usr/bin/WebKitWebDriver", "webkitgtk-6.0"],
    ),
    package(
        Need::Driver,
        Program("xvfb-run"),
        ["xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"],
    ),
    package(
        Need::Driver,
        Program("xauth"),
        ["xauth", "xorg-x11-xauth", "xorg-xauth"],
    ),
    package(
        Need::Driver,
        Program("dbus-run-session"),
        ["dbus", "dbus-daemon", "dbus"],
    ),
    package(
        Need::Driver,
        Program("dbus-launch"),
        ["dbus-x11", "dbus-x11", "dbus"],
    ),
    package(
        Need::Driver,
        Program("xdotool"),
        ["xdotool", "xdotool", "xdotool"],
    ),
    package(
        Need::Tests,
        Program("mosquitto"),
        ["mosquitto", "mosquitto", "mosquitto"],
    ),
    package(
        Need::Tests,
        Program("mosquitto_pub"),
        ["mosquitto-clients", "mosquitto", "mosquitto"],
    ),
    package(Need::Tests, Program("strace"), ["strace", "strace", "strace"]),
    package(
        Need::Tests,
        PostgreSql,
        ["postgresql", "postgresql-server", "postgresql"],
    ),
    // Python's own environments, for the wallets that our key files are tried with. Debian splits them off.
    package(
        Need::Tests,
        Python("ensurepip"),
        ["python3-venv", "python3-pip", "python"],
    ),
    package(
        Need::Windows,
        Program("x86_64-w64-mingw32-gcc"),
        ["mingw-w64", "mingw64-gcc", "mingw-w64-gcc"],
    ),
    package(
        Need::Windows,
        Program("x86_64-w64-mingw32-windres"),
        ["mingw-w64", "mingw64-binutils", "mingw-w64-binutils"],
    ),
    package(
        Need::Packages,
        Program("desktop-file-validate"),
        ["desktop-file-utils", "desktop-file-utils", "desktop-file-utils"],
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distribution {
    Debian,
    Fedora,
    Arch,
    Other,
}

/// The system packages that `needs` lack here.
pub(super) fn missing(needs: &[Need]) -> Option<Missing> {
    match std::env::consts::OS {
        "linux" => linux(needs),
        "macos" => macos(needs),
        // Windows brings its web view; Visual Studio's tools come with Rust.
        _ => None,
    }
}

fn linux(needs: &[Need]) -> Option<Missing> {
    let lacking: Vec<&Package> = PACKAGES
        .iter()
        .filter(|package| needs.contains(&package.need) && !is_here(package.probe))
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let distribution = distribution();
    let names = names(&lacking, distribution);
    let what = format!("system packages: {}", names.join(", "));
    let by_hand = by_hand(distribution, &names);
    let install = (distribution == Distribution::Debian)
        .then(privilege)
        .flatten()
        .map(|before| {
            let get = |arguments: &[&str]| {
                let words: Vec<&str> = before
                    .iter()
                    .copied()
                    .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"])
                    .collect();
                let mut command = process::command(words[0]);
                command.args(&words[1..]).args(arguments);
                command
            };
            let mut install: Command = get(&["install", "-y"]);
            install.args(&names);
            Install::Run(vec![get(&["update"]), install])
        });
    Some(Missing {
        what,
        by_hand,
        install,
    })
}

/// What macOS brings itself stays with the person: its tools ask in a window.
fn macos(needs: &[Need]) -> Option<Missing> {
    if process::answer(process::command("xcode-select").arg("-p")).is_none() {
        return Some(Missing {
            what: "the command line tools of Xcode".into(),
            by_hand: "xcode-select --install".into(),
            install: None,
        });
    }
    let broker = needs.contains(&Need::Tests) && process::find("mosquitto").is_none();
    broker.then(|| Missing {
        what: "mosquitto".into(),
        by_hand: "brew install mosquitto".into(),
        install: None,
    })
}

fn is_here(probe: Probe) -> bool {
    match probe {
        Library(name) => process::answer(process::command("pkg-config").args(["--exists", name])).is_some(),
        Python(module) => {
            let import = format!("import {module}");
            process::answer(process::command("python3").args(["-c", &import])).is_some()
        }
        PostgreSql => {
            let versions = std::fs::read_dir("/usr/lib/postgresql")
                .into_iter()
                .flatten()
                .flatten();
            process::find("initdb").is_some()
                || versions
                    .into_iter()
                    .any(|version| version.path().join("bin/initdb").is_file())
        }
        // A broker or a driver may stand where only root looks.
        Program(name) => {
            let elsewhere = [
                "/usr/sbin",
                "/usr/lib/webkit2gtk-4.1",
                "/usr/libexec/webkit2gtk-4.1",
            ];
            process::find(name).is_some()
                || elsewhere
                    .iter()
                    .any(|folder| std::path::Path::new(folder).join(name).is_file())
        }
    }
}

fn distribution() -> Distribution {
    let managers = [
        ("apt-get", Distribution::Debian),
        ("dnf", Distribution::Fedora),
        ("pacman", Distribution::Arch),
    ];
    let found = managers
        .into_iter()
        .find(|(program, _)| process::find(program).is_some());
    found.map_or(Distribution::Other, |(_, distribution)| distribution)
}

/// Each package once, in order.
fn names(packages: &[&Package], distribution: Distribution) -> Vec<&'static str> {
    let mut names = Vec::new();
    for package in packages {
        let name = match distribution {
            Distribution::Debian | Distribution::Other => package.debian,
            Distribution::Fedora => package.fedora,
            Distribution::Arch => package.arch,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn by_hand(distribution: Distribution, names: &[&str]) -> String {
    let names = names.join(" ");
    match distribution {
        Distribution::Debian => format!("sudo apt-get update && sudo apt-get install -y {names}"),
        Distribution::Fedora => format!("sudo dnf install {names}"),
        Distribution::Arch => format!("sudo pacman -S --needed {names}"),
        Distribution::Other => format!("install what your system calls these packages of Debian: {names}"),
    }
}

/// What stands before a command that changes the system: nothing for root, `sudo` where it asks for no password.
fn privilege() -> Option<Vec<&'static str>> {
    if process::answer(process::command("id").arg("-u")).as_deref() == Some("0") {
        return Some(Vec::new());
    }
    let without_password = process::answer(process::command("sudo").args(["-n", "true"])).is_some();
    without_password.then(|| vec!["sudo", "-n"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_each_package_once() {
        let packages: Vec<&Package> = PACKAGES
            .iter()
            .filter(|package| package.need == Need::Tests)
            .collect();
        let cases = [
            (
                Distribution::Debian,
                "sudo apt-get update && sudo apt-get install -y mosquitto mosquitto-clients strace postgresql python3-venv",
            ),
            (
                Distribution::Fedora,
                "sudo dnf install mosquitto strace postgresql-server python3-pip",
            ),
            (
                Distribution::Arch,
                "sudo pacman -S --needed mosquitto strace postgresql python",
            ),
            (
                Distribution::Other,
                "install what your system calls these packages of Debian: mosquitto mosquitto-clients strace postgresql python3-venv",
            ),
        ];
        for (distribution, expected) in cases {
            assert_eq!(by_hand(distribution, &names(&packages, distribution)), expected);
        }
    }

    #[test]
    fn probes_tell_what_is_here() {
        assert!(is_here(Program("cargo")));
        assert!(!is_here(Program("enerlink-no-such-program")));
        assert!(!is_here(Library("enerlink-no-such-library")));
        assert!(!is_here(Python("enerlink_no_such_module")));
    }
}
