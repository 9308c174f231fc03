//! Tests of the keystore as the engine uses it: on a real directory, over restarts, locked and unlocked.

use std::{fs, thread};

use enerlink_domain::{Code, Fees, UnsignedTx, Wei};

mod backups;
#[cfg(target_os = "linux")]
mod memory;
mod sealed;
mod wallets;

use super::*;

const NOW: UnixMillis = UnixMillis(1_780_000_000_000);
const START: Duration = Duration::from_secs(10);
const AT: Moment = Moment {
    wall: NOW,
    monotonic: START,
};

fn password() -> Password {
    Password::from("sun over the seven roofs".to_owned())
}

fn none() -> Password {
    Password::from(String::new())
}

fn only(keystore: &Keystore) -> WalletView {
    keystore.wallets().pop().expect("a wallet")
}

/// All its words, by position.
fn words_of(keystore: &Keystore) -> Vec<(u8, String)> {
    let phrase = keystore
        .reveal_phrase(only(keystore).wallet, &password(), AT)
        .expect("revealed");
    (0..).zip(phrase.words().map(str::to_owned)).collect()
}

fn wrong() -> Password {
    Password::from("rain over the seven roofs".to_owned())
}

fn open(dir: &Path) -> Keystore {
    Keystore::open_with(dir, KdfParams::for_tests()).expect("opens")
}

fn created(dir: &Path) -> Keystore {
    let keystore = open(dir);
    keystore
        .create("Home", &password(), 12, &none(), AT)
        .expect("created");
    keystore
}

fn meter() -> MeterId {
    "METER-001".parse().expect("a meter id")
}

fn tx() -> UnsignedTx {
    UnsignedTx {
        chain_id: 31337,
        nonce: 7,
        to: Some(Address([9; 20])),
        value: Wei(0),
        gas_limit: 100_000,
        fees: Fees::Eip1559 {
            max_fee: Wei(2_000_000_000),
            max_priority_fee: Wei(1_000_000_000),
        },
        input: vec![1, 2, 3],
    }
}

#[test]
fn a_wallet_is_created_locked_and_signs_only_while_unlocked() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    assert_eq!(keystore.state(), VaultState::Missing);
    assert!(keystore.wallets().is_empty());
    assert!(matches!(keystore.unlock(&password(), AT), Err(Error::NoVault)));
    let view = keystore
        .create(" Home ", &password(), 24, &none(), AT)
        .expect("created");
    assert_eq!((view.name.as_str(), view.created_at), ("Home", NOW));
    assert!(!view.phrase_confirmed);
    let signer = Signer::Wallet(view.address());
    assert_eq!(keystore.state(), VaultState::Locked);
    assert!(!keystore.can_sign(&signer));
    assert!(matches!(keystore.sign(&signer, &tx(), 31337), Err(Error::Locked)));

    assert_eq!(
        keystore.unlock(&password(), AT).expect("unlocks"),
        vec![view.clone()]
    );
    assert_eq!(keystore.state(), VaultState::Unlocked);
    keystore.sign(&signer, &tx(), 31337).expect("signs");
    keystore.sign_message(view.address(), b"hello").expect("signs");
    assert!(matches!(
        keystore.sign(&signer, &tx(), 1),
        Err(Error::WrongChain {
            found: 31337,
            expected: 1
        })
    ));
    let stranger = Address([1; 20]);
    assert!(keystore.can_sign(&signer));
    assert!(!keystore.can_sign(&Signer::Wallet(stranger)));
    assert!(matches!(
        keystore.sign(&Signer::Wallet(stranger), &tx(), 31337),
        Err(Error::UnknownAccount(address)) if address == stranger
    ));

    keystore.lock();
    assert_eq!(keystore.state(), VaultState::Locked);
    assert!(matches!(keystore.sign(&signer, &tx(), 31337), Err(Error::Locked)));
    assert!(matches!(
        keystore.sign_message(view.address(), b"hello"),
        Err(Error::Locked)
    ));
    assert_eq!(open(dir.path()).wallets(), [view]);
}

#[test]
fn a_vault_is_never_overwritten_by_another() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let before = fs::read(keystore.vault_path()).expect("there");
    for keystore in [&keystore, &open(dir.path())] {
        assert!(matches!(
            keystore.create("Other", &wrong(), 12, &none(), AT),
            Err(Error::WrongPassword)
        ));
    }
    assert_eq!(fs::read(keystore.vault_path()).expect("there"), before);
    fs::rename(keystore.vault_path(), files::copy_of(&keystore.vault_path())).expect("moved");
    assert!(matches!(
        Keystore::open(dir.path()),
        Err(Error::VaultMissing { .. })
    ));
    assert!(matches!(
        keystore.create("Other", &password(), 12, &none(), AT),
        Err(Error::VaultMissing { .. })
    ));
}

#[test]
fn bad_input_creates_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let weak = Password::from("password1234".to_owned());
    assert!(matches!(
        keystore.create("Home", &weak, 12, &none(), AT),
        Err(Error::WeakPassword)
    ));
    assert!(matches!(
        keystore.create("Home", &password(), 13, &none(), AT),
        Err(Error::WordCount(13))
    ));
    assert!(matches!(
        keystore.create("", &password(), 12, &none(), AT),
        Err(Error::WalletName)
    ));
    let broken = Keystore::open_from(dir.path(), Cost::Fixed(KdfParams::for_tests()), |_| {
        Err(Error::NoRandomness)
    })
    .expect("opens");
    assert!(matches!(
        broken.create("Home", &password(), 12, &none(), AT),
        Err(Error::NoRandomness)
    ));
    assert!(matches!(
        broken.create_settlement_key(&meter()),
        Err(Error::NoRandomness)
    ));
    assert_eq!(keystore.state(), VaultState::Missing);
    assert!(!keystore.vault_path().exists());
}

#[test]
fn the_phrase_is_revealed_and_confirmed_by_password_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    assert!(matches!(
        keystore.reveal_phrase(only(&keystore).wallet, &wrong(), AT),
        Err(Error::WrongPassword)
    ));
    let phrase = keystore
        .reveal_phrase(only(&keystore).wallet, &password(), AT)
        .expect("revealed");
    assert_eq!(keystore.state(), VaultState::Locked);
    let address = only(&keystore).address();
    assert_eq!(
        phrase
            .chain("")
            .and_then(|chain| chain.account(0))
            .expect("an account")
            .address(),
        address
    );
    let typed: Vec<(u8, String)> = (0..).zip(phrase.words().map(str::to_owned)).collect();

    let mut mistyped = typed.clone();
    mistyped[3].1 = "nonsense".to_owned();
    assert!(matches!(
        keystore.confirm_phrase(only(&keystore).wallet, &password(), &mistyped, AT),
        Err(Error::WrongWord { position: 3 })
    ));
    assert!(matches!(
        keystore.confirm_phrase(only(&keystore).wallet, &password(), &typed[..3], AT),
        Err(Error::TooFewWords)
    ));
    assert!(matches!(
        keystore.confirm_phrase(only(&keystore).wallet, &wrong(), &typed, AT),
        Err(Error::WrongPassword)
    ));
    assert!(!only(&open(dir.path())).phrase_confirmed);

    let before = fs::read(keystore.vault_path()).expect("there");
    let view = keystore
        .confirm_phrase(only(&keystore).wallet, &password(), &typed[4..8], AT)
        .expect("confirmed");
    assert!(view.phrase_confirmed);
    assert_eq!(open(dir.path()).wallets(), [view]);
    assert_eq!(
        fs::read(files::copy_of(&keystore.vault_path())).expect("a copy"),
        before
    );
    keystore.unlock(&password(), AT).expect("unlocks");
}

#[test]
fn an_open_wallet_stays_open_while_its_phrase_is_confirmed() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    keystore.unlock(&password(), AT).expect("unlocks");
    let phrase = keystore
        .reveal_phrase(only(&keystore).wallet, &password(), AT)
        .expect("revealed");
    let typed: Vec<(u8, String)> = (0..).zip(phrase.words().map(str::to_owned)).collect();
    keystore
        .confirm_phrase(only(&keystore).wallet, &password(), &typed, AT)
        .expect("confirmed");
    assert_eq!(keystore.state(), VaultState::Unlocked);
}

#[test]
fn wrong_passwords_make_everybody_wait_even_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    for _ in 0..5 {
        assert!(matches!(keystore.unlock(&wrong(), AT), Err(Error::WrongPassword)));
    }
    let second = Duration::from_secs(1);
    assert_eq!(keystore.unlock_wait(AT), second);
    for keystore in [&keystore, &open(dir.path())] {
        // The right password has to wait as well, through each of the doors.
        let error = keystore.unlock(&password(), AT).expect_err("refused");
        let shown = enerlink_domain::Error::from(error);
        assert_eq!(shown.code, Code::UnlockThrottled);
        assert!(shown.message.contains("1 s"), "{}", shown.message);
        assert!(matches!(
            keystore.reveal_phrase(
                only(keystore).wallet,
                &password(),
                Moment {
                    wall: UnixMillis(0),
                    ..AT
                }
            ),
            Err(Error::UnlockThrottled { .. })
        ));
    }
    keystore
        .unlock(
            &password(),
            Moment {
                monotonic: START + second,
                ..AT
            },
        )
        .expect("unlocks after the wait");
    assert_eq!(keystore.unlock_wait(AT), Duration::ZERO);
    assert_eq!(open(dir.path()).unlock_wait(AT), Duration::ZERO);
    assert!(matches!(
        keystore.unlock(
            &wrong(),
            Moment {
                monotonic: START + second,
                ..AT
            }
        ),
        Err(Error::WrongPassword)
    ));
}

/// A wait holds at every door, the right password notwithstanding, and each wrong one counts at every door.
#[test]
fn every_call_that_takes_the_password_counts_and_waits() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let wallet = only(&keystore).wallet;
    let address = only(&keystore).address();
    let import = wallets::private_key(&"5".repeat(64));
    let strong = Password::from("moon under the nine bridges".to_owned());
    type Door<'a> = Box<dyn Fn(&Password) -> Result<(), Error> + 'a>;
    let doors: [Door<'_>; 13] = [
        Box::new(|password| keystore.unlock(password, AT).map(drop)),
        Box::new(|password| keystore.verify(password, AT).map(drop)),
        Box::new(|password| keystore.create("Other", password, 12, &none(), AT).map(drop)),
        Box::new(|password| keystore.import("Key", password, &import, &[], AT).map(drop)),
        Box::new(|password| keystore.add_account(wallet, password, None, AT).map(drop)),
        Box::new(|password| keystore.rename(wallet, password, "New", AT).map(drop)),
        Box::new(|password| keystore.remove(wallet, password, AT)),
        Box::new(|password| keystore.change_password(password, &strong, AT)),
        Box::new(|password| keystore.reveal_phrase(wallet, password, AT).map(drop)),
        Box::new(|password| keystore.confirm_phrase(wallet, password, &[], AT).map(drop)),
        Box::new(|password| keystore.export_v3(address, password, &strong, AT).map(drop)),
        Box::new(|password| keystore.back_up(password, b"", AT).map(drop)),
        Box::new(|password| {
            let backup =
                keystore.open_backup(&keystore.sealed_vault()?, &crate::keystore::tests::password())?;
            keystore.restore(&backup, Some(password), AT).map(drop)
        }),
    ];
    let before = fs::read(keystore.vault_path()).expect("there");
    for (number, door) in doors.iter().enumerate() {
        hold(&keystore.attempts).succeed();
        for _ in 0..5 {
            assert!(
                matches!(door(&wrong()), Err(Error::WrongPassword)),
                "door {number}"
            );
        }
        assert!(
            matches!(door(&password()), Err(Error::UnlockThrottled { .. })),
            "door {number}"
        );
    }
    assert_eq!(fs::read(keystore.vault_path()).expect("there"), before);
}

#[test]
fn a_lock_during_an_unlock_wins() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let gate = hold(&keystore.gate);
    thread::scope(|scope| {
        let unlocking = scope.spawn(|| keystore.unlock(&password(), AT));
        // The other thread notes the count of locks before it waits at the gate.
        thread::sleep(Duration::from_millis(100));
        keystore.lock();
        assert_eq!(keystore.state(), VaultState::Locked);
        assert_eq!(keystore.unlock_wait(AT), Duration::ZERO);
        drop(gate);
        assert!(matches!(unlocking.join().expect("no panic"), Err(Error::Locked)));
    });
    assert_eq!(keystore.state(), VaultState::Locked);
}

#[test]
fn a_save_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let phrase = keystore
        .reveal_phrase(only(&keystore).wallet, &password(), AT)
        .expect("revealed");
    let typed: Vec<(u8, String)> = (0..).zip(phrase.words().map(str::to_owned)).collect();
    let before = fs::read(keystore.vault_path()).expect("there");
    // A directory in the place of the temporary file cannot be replaced, whoever runs the test.
    fs::create_dir(dir.path().join("vault.enl.tmp")).expect("made");
    assert!(matches!(
        keystore.confirm_phrase(only(&keystore).wallet, &password(), &typed, AT),
        Err(Error::File { .. })
    ));
    assert!(!only(&keystore).phrase_confirmed);
    assert_eq!(fs::read(keystore.vault_path()).expect("there"), before);
    keystore.unlock(&password(), AT).expect("unlocks");
}

#[test]
fn a_newer_damaged_or_cheap_vault_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    assert!(matches!(Keystore::open(dir.path()), Err(Error::KdfRefused)));
    let path = keystore.vault_path();
    let good = fs::read(&path).expect("there");
    let mut newer = good.clone();
    newer[9] = 99;
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 4;
    for (bytes, sentence) in [(newer, "newer version"), (damaged, "damaged")] {
        fs::write(&path, &bytes).expect("written");
        let error = Keystore::open_with(dir.path(), KdfParams::for_tests())
            .err()
            .expect("refused");
        let shown = enerlink_domain::Error::from(error);
        assert_eq!(shown.code, Code::VaultUnreadable);
        assert!(shown.message.contains(sentence), "{}", shown.message);
        // One that was opened before sees it as well.
        assert!(keystore.unlock(&password(), AT).is_err());
        assert_eq!(fs::read(&path).expect("there"), bytes);
    }
}

#[test]
fn no_file_shows_a_secret_and_all_are_private() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    keystore.create_settlement_key(&meter()).expect("made");
    keystore
        .seal_secret("mqtt", b"marker-broker-password")
        .expect("sealed");
    let _ = keystore.unlock(&wrong(), AT);
    let phrase = keystore
        .reveal_phrase(only(&keystore).wallet, &password(), AT)
        .expect("revealed");
    let typed: Vec<(u8, String)> = (0..).zip(phrase.words().map(str::to_owned)).collect();
    keystore
        .confirm_phrase(only(&keystore).wallet, &password(), &typed, AT)
        .expect("confirmed");
    let settlement = keystore
        .settlement_account(&meter())
        .expect("reads")
        .expect("there");
    let wallet = phrase
        .chain("")
        .and_then(|chain| chain.account(0))
        .expect("an account");
    let secrets = [
        password().as_bytes().to_vec(),
        b"marker-broker-password".to_vec(),
        phrase.entropy().to_vec(),
        settlement.secret_bytes().to_vec(),
        wallet.secret_bytes().to_vec(),
    ];
    let mut pending = vec![dir.path().to_owned()];
    let mut seen = 0;
    while let Some(path) = pending.pop() {
        let found = fs::symlink_metadata(&path).expect("there");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(found.permissions().mode() & 0o077, 0, "{}", path.display());
        }
        if found.is_dir() {
            pending.extend(
                fs::read_dir(&path)
                    .expect("lists")
                    .map(|entry| entry.expect("reads").path()),
            );
            continue;
        }
        seen += 1;
        let bytes = fs::read(&path).expect("reads");
        for secret in &secrets {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_slice()),
                "{}",
                path.display()
            );
        }
    }
    assert_eq!(seen, 5);
}
