//! Faults while a vault is saved: a few of each kind. `full_vault_faults` tries every system call of every change.

#[path = "../support/vault_faults.rs"]
mod steps;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use crate::support::{gather, run_failing};
use steps::{Call, Change, Fault, Scene};

/// The calls of a change by which the vault itself, and not its copy or the count of attempts, is saved.
fn of_the_vault(scene: &Scene) -> Vec<Call> {
    let new = scene.profile().join("vault.enl.tmp");
    scene.points(|call| call.concerns(&new) && (call.writes() || call.creates()) && call.name != "unlink")
}

#[test]
fn a_killed_save_leaves_the_old_vault_or_the_new() {
    let scene = Scene::new(Change::Import);
    let mut left = [0; 2];
    for call in of_the_vault(&scene) {
        left[scene.strike(&call, Fault::Kill)] += 1;
    }
    // The process dies before the call: to create, to write, to flush and to rename.
    assert_eq!(left, [4, 0]);
}

#[test]
fn a_save_that_fails_says_so_and_leaves_the_old_vault() {
    let scene = Scene::new(Change::Passwd);
    let calls = of_the_vault(&scene);
    for (name, error) in [
        ("openat", "EROFS"),
        ("write", "ENOSPC"),
        ("fsync", "EIO"),
        ("rename", "EACCES"),
    ] {
        let call = calls
            .iter()
            .find(|call| call.name == name)
            .expect("a save makes it");
        assert_eq!(scene.strike(call, Fault::Error(error)), 0);
    }
}

#[test]
fn what_is_renamed_was_flushed_and_its_directory_is_flushed_after() {
    let scene = Scene::new(Change::Passwd);
    let calls = scene.calls();
    let directory = scene.profile();
    let mut renamed = Vec::new();
    for (at, call) in calls.iter().enumerate().filter(|(_, call)| call.name == "rename") {
        let path = call.line.split('"').nth(1).expect("a path");
        let new = std::path::Path::new(path);
        let last = calls[..at]
            .iter()
            .rfind(|call| call.concerns(new) && call.writes());
        assert!(
            last.is_some_and(|last| last.name == "fsync"),
            "{}: {last:?}",
            call.line
        );
        let next = calls[at + 1..].iter().find(|call| call.writes());
        let flushed = next.is_some_and(|next| next.name == "fsync" && next.concerns(&directory));
        assert!(flushed, "{}: {next:?}", call.line);
        renamed.push(new.file_name().expect("a name").to_string_lossy().into_owned());
    }
    assert_eq!(
        renamed,
        ["unlock-attempts.json.tmp", "vault.enl.bak.tmp", "vault.enl.tmp"]
    );

    let mode = |path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(directory.clone()), 0o700);
    let mut files = Vec::new();
    gather(&directory, &mut files);
    files.retain(|(path, _)| path.file_name().is_some_and(|name| name != "profile.lock"));
    assert!(files.len() >= 3, "vault, copy and database");
    for (path, _) in files {
        assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
    }
}

#[test]
fn links_are_neither_read_nor_written_through() {
    let scene = Scene::new(Change::Import);
    let outside = tempfile::tempdir().expect("directory");
    for name in ["vault.enl", "vault.enl.bak"] {
        scene.reset();
        let vault = scene.profile().join("vault.enl");
        let (target, link) = (outside.path().join(name), scene.profile().join(name));
        fs::copy(&vault, &target).expect("copied");
        let before = fs::read(&target).expect("there");
        let _ = fs::remove_file(&link);
        symlink(&target, &link).expect("linked");
        let words = scene.changing();
        let words: Vec<&str> = words
            .get_args()
            .map(|word| word.to_str().expect("text"))
            .collect();
        let error = run_failing(&words);
        assert!(
            error["message"].as_str().is_some_and(|text| text.contains(name)),
            "{error}"
        );
        assert_eq!(fs::read(&target).expect("there"), before);
    }
}
