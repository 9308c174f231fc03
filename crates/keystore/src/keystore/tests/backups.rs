//! Tests of backups: what comes back, beside what, and what is refused.

use enerlink_domain::wallet::Outcome;
use sha2::{Digest, Sha256};

use super::{
    wallets::{phrase, private_key},
    *,
};

const JUNK: &str = "test test test test test test test test test test test junk";

/// A profile with a phrase of two accounts, a private key, a settlement key and a secret.
fn profile(dir: &Path) -> Keystore {
    let keystore = open(dir);
    for (name, import) in [
        ("Phrase", phrase(JUNK, &[0, 3])),
        ("Key", private_key(&"5".repeat(64))),
    ] {
        keystore
            .import(name, &password(), &import, &[], AT)
            .expect("imported");
    }
    keystore.create_settlement_key(&meter()).expect("made");
    keystore.seal_secret("mqtt", b"hunter2").expect("sealed");
    keystore
}

/// Makes the checksum right again, as somebody who tampers would.
fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

fn outcomes(keystore: &Keystore, backup: &crate::OpenBackup) -> Vec<Outcome> {
    keystore
        .compare(backup)
        .into_iter()
        .map(|wallet| wallet.outcome)
        .collect()
}

#[test]
fn a_backup_comes_back_in_an_empty_profile() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = profile(dir.path());
    let bytes = keystore.back_up(&password(), b"meters", AT).expect("backed up");
    let empty = tempfile::tempdir().expect("a directory");
    let restored = open(empty.path());
    assert!(matches!(
        restored.open_backup(&bytes, &wrong()),
        Err(Error::WrongPassword)
    ));
    let backup = restored.open_backup(&bytes, &password()).expect("opens");
    assert_eq!(
        (backup.created_at(), backup.document()),
        (Some(NOW), Some(&b"meters"[..]))
    );
    assert_eq!(outcomes(&restored, &backup), [Outcome::Restored; 2]);
    let done = restored.restore(&backup, None, AT).expect("restored");
    assert!(done.iter().all(|wallet| wallet.outcome == Outcome::Restored));
    assert_eq!(restored.wallets(), keystore.wallets());
    assert_eq!(restored.state(), VaultState::Locked);
    restored.unlock(&password(), AT).expect("unlocks");
    assert_eq!(
        restored.settlement_key(&meter()).expect("reads"),
        keystore.settlement_key(&meter()).expect("reads")
    );
    assert_eq!(
        *restored.open_secret("mqtt").expect("reads").expect("there"),
        *b"hunter2"
    );
    // A second time nothing is left to do.
    let before = fs::read(restored.vault_path()).expect("there");
    assert_eq!(outcomes(&restored, &backup), [Outcome::Kept; 2]);
    restored
        .restore(&backup, Some(&password()), AT)
        .expect("restored");
    assert_eq!(fs::read(restored.vault_path()).expect("there"), before);
}

#[test]
fn a_backup_adds_to_a_profile_and_overwrites_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let bytes = profile(dir.path())
        .back_up(&password(), b"", AT)
        .expect("backed up");
    let other = tempfile::tempdir().expect("a directory");
    let keystore = open(other.path());
    let own = Password::from("moon under the nine bridges".to_owned());
    let mine = keystore
        .import("Mine", &own, &phrase(JUNK, &[1, 0]), &[], AT)
        .expect("imported");
    let settlement = keystore.create_settlement_key(&meter()).expect("made");
    let backup = keystore.open_backup(&bytes, &password()).expect("opens");
    for missing in [None, Some(&password())] {
        assert!(matches!(
            keystore.restore(&backup, missing, AT),
            Err(Error::WrongPassword)
        ));
    }
    keystore.restore(&backup, Some(&own), AT).expect("restored");
    let views = keystore.verify(&own, AT).expect("verified");
    // Account 3 of the same phrase joins those that are here; the name stays.
    let [same, key] = views.as_slice() else {
        panic!("two wallets")
    };
    assert_eq!((same.wallet, same.name.as_str()), (mine.wallet, "Mine"));
    let indices: Vec<_> = same.accounts.iter().map(|account| account.index).collect();
    assert_eq!(indices, [1, 0, 3]);
    assert_eq!(key.name, "Key");
    assert_eq!(
        keystore.settlement_key(&meter()).expect("reads"),
        Some(settlement)
    );
    assert!(keystore.open_secret("mqtt").expect("reads").is_some());
}

#[test]
fn a_bare_vault_is_a_backup_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = profile(dir.path());
    let bytes = keystore.sealed_vault().expect("there");
    assert_eq!(bytes, fs::read(keystore.vault_path()).expect("there"));
    let empty = tempfile::tempdir().expect("a directory");
    let restored = open(empty.path());
    let backup = restored.open_backup(&bytes, &password()).expect("opens");
    assert_eq!((backup.created_at(), backup.document()), (None, None));
    restored.restore(&backup, None, AT).expect("restored");
    assert_eq!(restored.wallets(), keystore.wallets());
}

#[test]
fn parts_of_two_backups_do_not_fit_together() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = profile(dir.path());
    let one = keystore.back_up(&password(), b"one", AT).expect("backed up");
    let wallet = only(&keystore).wallet;
    // A name of the same length: the vaults differ and both parts have the same places.
    keystore.rename(wallet, &password(), "Yek", AT).expect("renamed");
    let two = keystore.back_up(&password(), b"two", AT).expect("backed up");
    assert_eq!(one.len(), two.len());
    let vault = 22 + keystore.sealed_vault().expect("there").len();
    let swapped = with_checksum([&one[..vault], &two[vault..]].concat());
    let error = keystore
        .open_backup(&swapped, &password())
        .err()
        .expect("refused");
    assert_eq!(enerlink_domain::Error::from(error).code, Code::BackupUnreadable);
}

#[test]
fn every_flipped_bit_is_refused_even_when_the_checksum_is_made_right() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    keystore
        .import("Key", &password(), &private_key(&"5".repeat(64)), &[], AT)
        .expect("imported");
    keystore.seal_secret("mqtt", b"hunter2").expect("sealed");
    let good = keystore.back_up(&password(), b"meters", AT).expect("backed up");
    // The costs in the vault's header would only ask for more work.
    let costs = 22 + 11..22 + 23;
    for byte in (0..good.len() - 32).filter(|byte| !costs.contains(byte)) {
        for bit in 0..8 {
            let mut flipped = good.clone();
            flipped[byte] ^= 1 << bit;
            let refused = keystore.open_backup(&with_checksum(flipped), &password());
            assert!(refused.is_err(), "byte {byte}, bit {bit}");
        }
    }
    assert!(keystore.open_backup(&with_checksum(good), &password()).is_ok());
}

#[test]
fn damaged_foreign_long_and_newer_backups_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = profile(dir.path());
    let good = keystore.back_up(&password(), b"meters", AT).expect("backed up");
    let refused = |bytes: &[u8]| {
        let error = keystore.open_backup(bytes, &password()).err().expect("refused");
        let shown = enerlink_domain::Error::from(error);
        assert_eq!(shown.code, Code::BackupUnreadable, "{}", shown.message);
        shown.message
    };
    for length in 0..good.len() {
        refused(&good[..length]);
    }
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&flipped);
    }
    assert!(refused(b"PK\x03\x04").contains("no backup of EnerLink"));
    assert!(refused(&vec![0; (16 << 20) + 1]).contains("too long"));
    let mut newer = good.clone();
    newer[9] = 2;
    assert!(refused(&newer).contains("newer version"));
    assert!(keystore.open_backup(&good, &password()).is_ok());
    assert!(matches!(
        keystore.back_up(&password(), &vec![0; 16 << 20], AT),
        Err(Error::Backup(_))
    ));
}

/// A backup of format 1 at the floor's cost, frozen when that format was made. It has to open for ever.
#[test]
fn a_backup_of_the_first_format_opens() {
    let bytes = include_bytes!("../../../tests/vectors/backup-1.enlb");
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = Keystore::open_with(dir.path(), KdfParams::FLOOR).expect("opens");
    let backup = keystore.open_backup(bytes, &password()).expect("opens");
    assert_eq!(backup.created_at(), Some(NOW));
    assert_eq!(backup.document(), Some(&b"{\"meters\":[]}"[..]));
    keystore.restore(&backup, None, AT).expect("restored");
    let names: Vec<_> = keystore.wallets().into_iter().map(|wallet| wallet.name).collect();
    assert_eq!(names, ["日本", "Kunci"]);
    let settlement = keystore.settlement_key(&meter()).expect("reads").expect("there");
    assert_eq!(
        settlement.to_string(),
        "0x629E96E878f33917CB4ED4947172FB88B729dC73"
    );
    assert_eq!(
        *keystore.open_secret("mqtt").expect("reads").expect("there"),
        *b"hunter2"
    );
}
