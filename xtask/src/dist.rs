//! Dist: packages for this system as people install them: the app, its command line, its service and its papers.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    process,
    release::Profile,
    setup::{self, Need},
    workspace::root,
};

/// Where Tauri's bundler is installed, at a locked version.
pub(crate) const BUNDLER: &str = "xtask/dist";

/// What people get.
const PROGRAMS: [&str; 2] = ["enerlink-wallet", "enerlink-cli"];

/// What the bundler calls the package on Linux.
const NAME: &str = "ener-link-wallet";

/// What a Linux package brings beside the programs, by where it goes: a file of the checkout.
const BESIDE: [(&str, &str); 5] = [
    (
        "/usr/lib/systemd/user/enerlink.service",
        "src-tauri/linux/enerlink.service",
    ),
    ("/usr/share/doc/enerlink-wallet/LICENSE", "LICENSE"),
    ("/usr/share/doc/enerlink-wallet/CHANGELOG.md", "CHANGELOG.md"),
    (
        "/usr/share/doc/enerlink-wallet/headless.md",
        "docs/guide/headless.md",
    ),
    ("/usr/share/doc/enerlink-wallet/env.example", ".env.example"),
];

/// Where the release workflow says which certificate signs on Windows. On macOS the bundler reads its own variables.
const THUMBPRINT: &str = "WINDOWS_CERTIFICATE_THUMBPRINT";

/// A kind of package, as the bundler calls it, and how the name of its file ends; a folder is packed by another kind.
type Format = (&'static str, Option<&'static str>);

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    profile: Profile,
    /// Also the formats whose tools the bundler downloads.
    all: bool,
    into: Option<PathBuf>,
}

impl Wish {
    /// The options of the chore, if they are such.
    fn of(arguments: &[String]) -> Option<Self> {
        let mut wish = Self {
            profile: Profile::Release,
            all: false,
            into: None,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--debug" => wish.profile = Profile::Debug,
                "--all" => wish.all = true,
                "--into" => wish.into = Some(words.next()?.into()),
                _ => return None,
            }
        }
        Some(wish)
    }

    /// Those that need nothing but this machine, and with `all` the others.
    fn formats(&self) -> Vec<Format> {
        let (own, more): (&[Format], &[Format]) = match env::consts::OS {
            "linux" => (
                &[("deb", Some("deb")), ("rpm", Some("rpm"))],
                &[("appimage", Some("AppImage"))],
            ),
            "windows" => (&[("nsis", Some("exe"))], &[("msi", Some("msi"))]),
            _ => (&[("app", None)], &[("dmg", Some("dmg"))]),
        };
        let more = if self.all { more } else { &[] };
        own.iter().chain(more).copied().collect()
    }
}

/// The chore `dist`.
pub(crate) fn chore(arguments: &[String]) -> Result<ExitCode> {
    let Some(wish) = Wish::of(arguments) else {
        eprintln!(
            "not an option: {}; there are --debug, --all and --into FOLDER",
            arguments.join(" ")
        );
        return Ok(ExitCode::from(2));
    };
    let started = Instant::now();
    setup::ensure(&[Need::Window, Need::Bundler])?;
    eprintln!("dist: 1 of 2: the programs");
    let programs = wish.profile.build(&PROGRAMS)?;
    eprintln!("dist: 2 of 2: the packages");
    let packages = packages(&wish, &programs)?;
    eprintln!("dist: done in {} s", started.elapsed().as_secs());
    for package in packages {
        println!("{}  {}", size(&package)?, package.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// The package of Debian in the debug profile, which a test installs. It is made as those that people get are, with none of
/// the parts that only tests may use.
pub(crate) fn debian_package() -> Result<PathBuf> {
    setup::ensure(&[Need::Window, Need::Bundler, Need::Packages])?;
    let wish = Wish {
        profile: Profile::Debug,
        all: false,
        into: None,
    };
    let programs = wish.profile.build(&PROGRAMS)?;
    let made = packages(&wish, &programs)?;
    let package = made
        .into_iter()
        .find(|path| path.extension().is_some_and(|kind| kind == "deb"));
    package.context("the bundler made no package of Debian")
}

/// Why no package can be installed here, if none can.
pub(crate) fn obstacle() -> Option<&'static str> {
    let says = |program: &str, words: &[&str]| process::answer(process::command(program).args(words));
    if !cfg!(target_os = "linux") || process::find("dpkg").is_none() {
        return Some("this system has no dpkg");
    }
    if says("id", &["-u"]).as_deref() != Some("0") && says("sudo", &["-n", "true"]).is_none() {
        return Some("installing a package needs root, or sudo without a password");
    }
    let status = ["--show", "--showformat=${db:Status-Status}", NAME];
    (says("dpkg-query", &status).as_deref() == Some("installed"))
        .then_some("the app is installed on this system, and the test would take it away")
}

/// Makes the packages of what stands in `programs`.
fn packages(wish: &Wish, programs: &Path) -> Result<Vec<PathBuf>> {
    let bundles = programs.join("bundle");
    if bundles.exists() {
        fs::remove_dir_all(&bundles).context("cannot clear the old packages")?;
    }
    let formats = wish.formats();
    let names: Vec<&str> = formats.iter().map(|(name, _)| *name).collect();
    let mut bundler = process::command("node");
    bundler
        .current_dir(root())
        .arg(root().join(BUNDLER).join("node_modules/@tauri-apps/cli/tauri.js"))
        // A package holds the program as it was built and tested.
        .args(["bundle", "--ci", "--no-binary-patching", "--bundles"])
        .arg(names.join(","))
        .arg("--config")
        .arg(configuration(programs)?.to_string());
    if wish.profile == Profile::Debug {
        bundler.arg("--debug");
    }
    process::run(&mut bundler).context("the packages were not made")?;
    let mut packages = Vec::new();
    for (name, end) in formats {
        let made = made(&bundles, name, end)?;
        ensure!(!made.is_empty(), "the bundler made no {name}");
        packages.extend(made);
    }
    match &wish.into {
        Some(folder) => packages.iter().map(|package| copy(package, folder)).collect(),
        None => Ok(packages),
    }
}

/// The packages whose names end so; without an end there is no file to hand out.
fn made(bundles: &Path, name: &str, end: Option<&str>) -> Result<Vec<PathBuf>> {
    // An app of macOS is a folder, which the disk image packs.
    let (folder, end) = match end {
        Some(end) => (bundles.join(name), end),
        None => (bundles.join("macos"), "app"),
    };
    let mut made = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
        let path = file?.path();
        made.extend(path.extension().is_some_and(|kind| kind == end).then_some(path));
    }
    made.sort();
    Ok(made)
}

/// Copies a package into `folder`, which is made; a folder stays where it is.
fn copy(package: &Path, folder: &Path) -> Result<PathBuf> {
    if package.is_dir() {
        return Ok(package.to_owned());
    }
    let folder = root().join(folder);
    fs::create_dir_all(&folder)?;
    // A space in a name is no good in a link.
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let copy = folder.join(name.replace(' ', "-"));
    fs::copy(package, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
    Ok(copy)
}

/// The configuration that is not the same on every machine: where this build has put the command line, and who signs.
fn configuration(programs: &Path) -> Result<Value> {
    let mut files = serde_json::Map::new();
    for (place, source) in BESIDE {
        files.insert(place.to_owned(), json!(root().join(source)));
    }
    let mut bundle = json!({
        "externalBin": [command_line(programs)?],
        "linux": { "deb": { "files": files }, "rpm": { "files": files } },
    });
    if let Some(thumbprint) = env::var_os(THUMBPRINT).filter(|thumbprint| !thumbprint.is_empty()) {
        bundle["windows"] = json!({ "certificateThumbprint": thumbprint.to_string_lossy() });
    }
    Ok(json!({ "bundle": bundle }))
}

/// `enerlink` under the name by which the bundler looks for a program that belongs to the app: with the system it was
/// built for, which it leaves out again.
fn command_line(programs: &Path) -> Result<PathBuf> {
    let told = process::answer(process::command("rustc").args(["--print", "host-tuple"]));
    let target = told.context("rustc does not say what it builds for")?;
    let folder = programs.join("beside");
    fs::create_dir_all(&folder)?;
    let suffix = env::consts::EXE_SUFFIX;
    let copy = folder.join(format!("enerlink-{target}{suffix}"));
    fs::copy(programs.join(format!("enerlink{suffix}")), copy).context("the command line was not built")?;
    Ok(folder.join("enerlink"))
}

fn size(path: &Path) -> Result<String> {
    let bytes = bytes(path).with_context(|| format!("no {}", path.display()))?;
    Ok(format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10))
}

/// Of a file, or of all in a folder.
fn bytes(path: &Path) -> std::io::Result<u64> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Ok(found.len());
    }
    fs::read_dir(path)?.map(|entry| bytes(&entry?.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(words: &[&str]) -> Option<Wish> {
        Wish::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_understood_or_refused() {
        let plain = wish(&[]).expect("no options");
        assert_eq!((plain.profile, plain.all), (Profile::Release, false));
        let full = wish(&["--all", "--into", "packages", "--debug"]).expect("all options");
        assert_eq!(
            (full.profile, full.all, full.into),
            (Profile::Debug, true, Some("packages".into()))
        );
        for wrong in [&["--into"][..], &["--relase"], &["deb"]] {
            assert_eq!(wish(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn everything_that_a_package_brings_is_in_the_checkout() {
        for (_, source) in BESIDE {
            assert!(root().join(source).is_file(), "{source}");
        }
        let more = Wish {
            profile: Profile::Release,
            all: true,
            into: None,
        };
        let own = Wish {
            all: false,
            ..wish(&[]).expect("no options")
        };
        assert!(more.formats().len() > own.formats().len());
    }
}
