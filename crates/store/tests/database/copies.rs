//! A copy of the whole database is taken beside a writer, is a commit of its own, and goes back into its place.

use std::{fs, path::Path};

use enerlink_store::{Store, StoreError, settings};

use crate::opening::{beside, directory, set};

async fn counter(store: &Store) -> [u64; 2] {
    let mut found = [0; 2];
    for (value, key) in found.iter_mut().zip(["one", "other"]) {
        let text = settings::get(&store.reader(), key).await.expect("a read");
        *value = text.map_or(0, |text| text.parse().expect("a number"));
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_beside_a_writer_is_one_of_its_commits() {
    let (place, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    let (told, mut end) = tokio::sync::watch::channel(false);
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            let mut count = 0_u64;
            while !*end.borrow_and_update() {
                count += 1;
                let tx = store.begin().await.expect("a transaction");
                for key in ["one", "other"] {
                    let value = count.to_string();
                    settings::set(&tx, key, &value).await.expect("a write");
                }
                tx.commit().await.expect("a commit");
            }
            count
        }
    });
    let mut last = 0;
    for number in 0..8 {
        let copy = place.path().join(format!("copy {number}.db"));
        store.copy_to(&copy).await.expect("a copy");
        assert!(!beside(&copy, "-wal").exists(), "it is one file");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&copy).expect("a copy").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let opened = Store::open(&copy).await.expect("a store");
        opened.check().await.expect("a sound file");
        let [one, other] = counter(&opened).await;
        assert_eq!(one, other, "nothing but whole commits");
        assert!(one >= last, "later copies know more");
        last = one;
        opened.close().await.expect("a close");
    }
    told.send_replace(true);
    let written = writer.await.expect("a writer");
    assert_eq!(counter(&store).await, [written; 2], "no write was lost");
    assert!(last > 0, "the writer wrote meanwhile");
    let copy = place.path().join("copy 0.db");
    let error = store.copy_to(&copy).await.expect_err("it is there");
    assert!(matches!(error, StoreError::Io(_)), "{error}");
}

#[tokio::test]
async fn a_copy_goes_back_and_no_log_is_left_to_spoil_it() {
    let (place, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    set(&store, "one", "1").await;
    let copy = place.path().join("copy.db");
    store.copy_to(&copy).await.expect("a copy");
    set(&store, "one", "2").await;
    // What a killed process leaves: its log lies beside the file.
    let (killed, log) = (place.path().join("killed.db"), beside(&path, "-wal"));
    fs::copy(&path, &killed).expect("the file");
    fs::copy(&log, beside(&killed, "-wal")).expect("its log");
    fs::write(beside(&killed, "-shm"), [0; 32768]).expect("its index");
    store.close().await.expect("a close");

    let replaced = Store::restore(&copy, &killed).await.expect("restored");
    for suffix in ["-wal", "-shm", ".part", ".part-wal"] {
        assert!(!beside(&killed, suffix).exists(), "{suffix}");
    }
    let again = Store::restore(&replaced, &killed).await.expect("restored");
    assert_eq!(Store::copies_beside(&killed), [again.clone(), replaced.clone()]);
    for (path, expected) in [(&killed, 2), (&replaced, 2), (&again, 1), (&copy, 1)] {
        let store = Store::open(path).await.expect("a store");
        assert_eq!(counter(&store).await[0], expected, "{}", path.display());
        store.check().await.expect("a sound file");
        store.close().await.expect("a close");
    }
}

async fn refused(copy: &Path, path: &Path) -> StoreError {
    let before = fs::read(path).expect("the file");
    let files = || {
        fs::read_dir(path.parent().expect("a directory"))
            .expect("a list")
            .count()
    };
    let count = files();
    let error = Store::restore(copy, path).await.expect_err("a refusal");
    assert_eq!(fs::read(path).expect("the file"), before, "it was not touched");
    assert_eq!(files(), count, "no file came or went");
    error
}

#[tokio::test]
async fn what_is_no_sound_copy_is_refused_and_nothing_is_changed() {
    let (place, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    for number in 0..50 {
        set(&store, &format!("key {number}"), &"x".repeat(200)).await;
    }
    let copy = place.path().join("copy.db");
    store.copy_to(&copy).await.expect("a copy");
    store.close().await.expect("a close");
    let sound = fs::read(&copy).expect("the copy");
    fs::write(&copy, &sound[..sound.len() / 2]).expect("half of it");
    let error = refused(&copy, &path).await;
    assert!(
        matches!(error, StoreError::Corrupt { .. } | StoreError::Database(_)),
        "{error}"
    );
    fs::write(&copy, "a letter to my grandmother ".repeat(20)).expect("a letter");
    assert!(matches!(refused(&copy, &path).await, StoreError::Foreign { .. }));
    fs::write(&copy, "").expect("nothing");
    assert!(matches!(refused(&copy, &path).await, StoreError::Foreign { .. }));
    let mut newer = sound.clone();
    newer[60..64].copy_from_slice(&1_000_000_u32.to_be_bytes());
    fs::write(&copy, newer).expect("of the future");
    assert!(matches!(
        refused(&copy, &path).await,
        StoreError::Newer { found: 1_000_000, .. }
    ));
}
