//! Tests of what is done with wallets: imported, changed, exported, removed, and never twice in one vault.

use enerlink_domain::wallet::WalletKind;
use zeroize::Zeroizing;

use super::*;
use crate::{Account, Import};

const JUNK: &str = "test test test test test test test test test test test junk";
/// Account 0 of [`JUNK`].
const JUNK_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

pub(super) fn phrase(words: &str, accounts: &[u32]) -> Import {
    Import::Phrase {
        words: Zeroizing::new(words.to_owned()),
        passphrase: none(),
        accounts: accounts.to_vec(),
    }
}

pub(super) fn private_key(text: &str) -> Import {
    Import::PrivateKey(Zeroizing::new(text.to_owned()))
}

fn v3(json: &str) -> Import {
    Import::V3 {
        json: Zeroizing::new(json.to_owned()),
        password: Password::from("correct horse battery".to_owned()),
    }
}

#[test]
fn wallets_of_every_kind_share_a_vault_and_sign() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    keystore.unlock(&password(), AT).expect("unlocks");
    let imports = [phrase(JUNK, &[0, 7, (1 << 31) - 1]), private_key(&"5".repeat(64))];
    for (name, import) in ["Phrase", "Key"].into_iter().zip(&imports) {
        let preview = keystore.preview(import).expect("previewed");
        assert!(preview.accounts.iter().all(|account| account.known_as.is_none()));
        let expected: Vec<_> = preview
            .accounts
            .iter()
            .map(|account| account.account.address)
            .collect();
        let view = keystore
            .import(name, &password(), import, &expected, AT)
            .expect("imported");
        assert!(view.phrase_confirmed);
        // It was unlocked, so the new accounts sign at once.
        for address in expected {
            keystore
                .sign(&Signer::Wallet(address), &tx(), 31337)
                .expect("signs");
        }
        let again = keystore.preview(import).expect("previewed");
        assert!(
            again
                .accounts
                .iter()
                .all(|account| account.known_as.as_deref() == Some(name))
        );
    }
    let views = open(dir.path()).wallets();
    assert_eq!(views, keystore.wallets());
    assert_eq!(views, keystore.verify(&password(), AT).expect("verified"));
    let kinds: Vec<_> = views.iter().map(|view| view.kind).collect();
    assert_eq!(
        kinds,
        [WalletKind::Phrase, WalletKind::Phrase, WalletKind::PrivateKey]
    );
    assert_eq!(
        views[1].accounts[2].path.as_deref(),
        Some("m/44'/60'/0'/0/2147483647")
    );
    assert_eq!(views[2].accounts[0].path, None);
    assert!(matches!(
        keystore.reveal_phrase(views[2].wallet, &password(), AT),
        Err(Error::NoPhrase)
    ));
}

#[test]
fn what_is_in_the_vault_is_not_imported_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let import = |name, import: Import| keystore.import(name, &password(), &import, &[], AT);
    import("Old", phrase(JUNK, &[0])).expect("imported");
    for again in [phrase(JUNK, &[0]), phrase(JUNK, &[4, 0]), private_key(JUNK_KEY)] {
        let error = import("New", again).expect_err("refused");
        let shown = enerlink_domain::Error::from(error);
        assert_eq!(shown.code, Code::WalletKnown);
        assert!(shown.message.contains("\"Old\""), "{}", shown.message);
    }
    let error = import("New", phrase(JUNK, &[1])).expect_err("refused");
    assert!(error.to_string().contains("add an account"), "{error}");
    let wallet = only(&keystore).wallet;
    assert!(matches!(
        keystore.add_account(wallet, &password(), Some(0), AT),
        Err(Error::AccountKnown { .. })
    ));
    let view = keystore
        .add_account(wallet, &password(), None, AT)
        .expect("added");
    assert_eq!(view.accounts[1].index, 1);
    assert_eq!(
        view.accounts[1].address.to_string(),
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    );
    assert_eq!(open(dir.path()).wallets(), [view]);
}

#[test]
fn a_passphrase_makes_another_wallet_of_the_same_words() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let secret = Import::Phrase {
        words: Zeroizing::new(JUNK.to_owned()),
        passphrase: Password::from("café".to_owned()),
        accounts: vec![0],
    };
    let plain = keystore
        .import("Plain", &password(), &phrase(JUNK, &[0]), &[], AT)
        .expect("imported");
    let hidden = keystore
        .import("Hidden", &password(), &secret, &[], AT)
        .expect("imported");
    assert!(!plain.passphrase && hidden.passphrase);
    assert_ne!(plain.address(), hidden.address());
    let made = keystore
        .create("Made", &password(), 12, &Password::from("x".to_owned()), AT)
        .expect("created");
    assert!(made.passphrase && !made.phrase_confirmed);
    assert_eq!(keystore.verify(&password(), AT).expect("verified").len(), 3);
}

#[test]
fn other_accounts_than_those_shown_are_not_imported() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let shown = keystore.preview(&phrase(JUNK, &[0])).expect("previewed").accounts[0]
        .account
        .address;
    for (indices, expected) in [
        (&[1][..], vec![shown]),
        (&[0, 1], vec![shown]),
        (&[0], vec![shown, Address([1; 20])]),
    ] {
        let error = keystore.import("Home", &password(), &phrase(JUNK, indices), &expected, AT);
        assert!(matches!(error, Err(Error::AddressMismatch { .. })));
    }
    assert_eq!(keystore.state(), VaultState::Missing);
}

#[test]
fn a_wallet_is_renamed_and_its_name_is_bounded() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let wallet = only(&keystore).wallet;
    let view = keystore
        .rename(wallet, &password(), " Rumah ", AT)
        .expect("renamed");
    assert_eq!(view.name, "Rumah");
    assert_eq!(open(dir.path()).wallets(), [view]);
    assert!(matches!(
        keystore.rename(wallet, &password(), "", AT),
        Err(Error::WalletName)
    ));
    assert!(matches!(
        keystore.rename(wallet, &wrong(), "Other", AT),
        Err(Error::WrongPassword)
    ));
    let stranger = enerlink_domain::wallet::WalletId([1; 16]);
    let error = keystore
        .rename(stranger, &password(), "Other", AT)
        .expect_err("refused");
    assert_eq!(enerlink_domain::Error::from(error).code, Code::WalletUnknown);
}

#[test]
fn an_exported_key_comes_back_and_the_phrase_is_not_in_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let address = only(&keystore).address();
    let file_password = Password::from("correct horse battery".to_owned());
    let weak = Password::from("password".to_owned());
    assert!(matches!(
        keystore.export_v3(address, &password(), &weak, AT),
        Err(Error::WeakPassword)
    ));
    let json = keystore
        .export_v3(address, &password(), &file_password, AT)
        .expect("exported");
    let account = Account::from_v3(&json, &file_password).expect("opens");
    assert_eq!(account.address(), address);
    // Two words that follow each other: a single one, such as "address", is a name in the file too.
    assert!(
        words_of(&keystore)
            .windows(2)
            .all(|pair| !json.contains(&format!("{} {}", pair[0].1, pair[1].1)))
    );
    let other = tempfile::tempdir().expect("a directory");
    let elsewhere = open(other.path());
    let preview = elsewhere.preview(&v3(&json)).expect("previewed");
    assert!(preview.address_claimed && !preview.padded);
    elsewhere
        .import("Home", &password(), &v3(&json), &[address], AT)
        .expect("imported");
    assert_eq!(only(&elsewhere).address(), address);
}

#[test]
fn a_tampered_key_file_stores_nothing_and_one_without_an_address_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let file_password = "sun over the seven roofs";
    let good = include_str!("../../../tests/vectors/v3/eth-account-scrypt.json");
    let import = |json: &str| Import::V3 {
        json: Zeroizing::new(json.to_owned()),
        password: Password::from(file_password.to_owned()),
    };
    let swapped = good.replace("008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b", &"5a".repeat(20));
    // The mac does not cover the iv.
    let shifted = good.replace(
        "651bfc47a4be7e6ee059579c90fe010f",
        "651bfc47a4be7e6ee059579c90fe010e",
    );
    for tampered in [swapped, shifted] {
        assert_ne!(tampered, good);
        let error = keystore
            .import("Home", &password(), &import(&tampered), &[], AT)
            .expect_err("refused");
        assert!(matches!(error, Error::AddressMismatch { .. }), "{error}");
        assert_eq!(enerlink_domain::Error::from(error).code, Code::KeyInvalid);
        assert_eq!(keystore.state(), VaultState::Missing);
        assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 0);
    }
    let anonymous = good.replace("\"address\"", "\"somebody\"");
    let preview = keystore.preview(&import(&anonymous)).expect("previewed");
    assert!(!preview.address_claimed);
    assert_eq!(
        preview.accounts[0].account.address.to_string(),
        "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b"
    );
}

#[test]
fn a_password_opens_the_vault_however_its_accents_are_composed() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let composed = Password::from("🌞 café über alles 12".to_owned());
    keystore
        .create("Home", &composed, 12, &none(), AT)
        .expect("created");
    let decomposed = Password::from("🌞 cafe\u{301} u\u{308}ber alles 12".to_owned());
    keystore.unlock(&decomposed, AT).expect("unlocks");
    let long = Password::from("kelapa muda di atap ".repeat(60));
    keystore.change_password(&decomposed, &long, AT).expect("changed");
    open(dir.path()).unlock(&long, AT).expect("unlocks");
}

#[test]
fn after_a_password_change_the_old_one_opens_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let wallet = only(&keystore).wallet;
    keystore
        .rename(wallet, &password(), "Other", AT)
        .expect("renamed");
    keystore.unlock(&password(), AT).expect("unlocks");
    let new = Password::from("moon under the nine bridges".to_owned());
    let weak = Password::from("short".to_owned());
    assert!(matches!(
        keystore.change_password(&password(), &weak, AT),
        Err(Error::WeakPassword)
    ));
    assert!(matches!(
        keystore.change_password(&wrong(), &new, AT),
        Err(Error::WrongPassword)
    ));
    keystore.change_password(&password(), &new, AT).expect("changed");
    assert_eq!(keystore.state(), VaultState::Unlocked);
    let path = keystore.vault_path();
    for file in [files::copy_of(&path), path] {
        let bytes = fs::read(&file).expect("there");
        let backup = |password: &Password| keystore.open_backup(&bytes, password).map(drop);
        assert!(matches!(backup(&password()), Err(Error::WrongPassword)));
        backup(&new).expect("opens");
    }
    open(dir.path()).unlock(&new, AT).expect("unlocks");
}

#[test]
fn a_removed_wallet_is_in_no_file_and_the_last_one_takes_the_vault_along() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let home = only(&keystore);
    keystore.unlock(&password(), AT).expect("unlocks");
    let key = keystore
        .import("Key", &password(), &private_key(JUNK_KEY), &[], AT)
        .expect("imported");
    assert!(matches!(
        keystore.remove(key.wallet, &wrong(), AT),
        Err(Error::WrongPassword)
    ));
    keystore.remove(key.wallet, &password(), AT).expect("removed");
    assert!(!keystore.can_sign(&Signer::Wallet(key.address())));
    assert!(keystore.can_sign(&Signer::Wallet(home.address())));
    let path = keystore.vault_path();
    for file in [&files::copy_of(&path), &path] {
        let bytes = fs::read(file).expect("there");
        let inside = bytes.windows(20).any(|window| window == key.address().0);
        assert!(!inside, "{}", file.display());
    }
    keystore.create_settlement_key(&meter()).expect("made");
    fs::write(dir.path().join("vault.enl.tmp"), "left behind").expect("written");
    keystore.remove(home.wallet, &password(), AT).expect("removed");
    assert_eq!(keystore.state(), VaultState::Missing);
    let mut left: Vec<_> = fs::read_dir(dir.path())
        .expect("lists")
        .map(|entry| entry.expect("reads").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["profile.key", "settlement-keys"]);
    created(dir.path());
}

#[test]
fn a_weaker_vault_is_opened_and_wrapped_stronger() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = created(dir.path());
    let weaker = fs::read(keystore.vault_path()).expect("there");
    let better = KdfParams::from_array([128, 2, 1]);
    let stronger = Keystore::open_with(dir.path(), better).expect("opens");
    stronger.unlock(&password(), AT).expect("unlocks");
    assert_eq!(stronger.state(), VaultState::Unlocked);
    let path = stronger.vault_path();
    for file in [&files::copy_of(&path), &path] {
        assert_eq!(fs::read(file).expect("there")[11..19], [0, 0, 0, 128, 0, 0, 0, 2]);
    }
    // A stronger one is left alone, and so is one whose new cost cannot be written.
    let before = fs::read(&path).expect("there");
    open(dir.path()).unlock(&password(), AT).expect("unlocks");
    assert_eq!(fs::read(&path).expect("there"), before);
    fs::write(&path, &weaker).expect("written");
    fs::create_dir(dir.path().join("vault.enl.tmp")).expect("made");
    let stuck = Keystore::open_with(dir.path(), better).expect("opens");
    stuck.unlock(&password(), AT).expect("unlocks");
    assert_eq!(stuck.state(), VaultState::Unlocked);
    assert_eq!(fs::read(&path).expect("there"), weaker);
}

#[test]
fn typed_data_and_permits_are_signed_while_unlocked_for_this_chain_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let owner = keystore
        .import("Key", &password(), &private_key(JUNK_KEY), &[], AT)
        .expect("imported")
        .address();
    let mut permit = enerlink_domain::Permit {
        token: Address([0x11; 20]),
        token_name: "EnerLink Token".to_owned(),
        chain_id: 31_337,
        owner,
        spender: Address([0x33; 20]),
        value: 5,
        nonce: 0,
        deadline: 100,
    };
    let terms = crate::PermitTerms {
        chain_id: 31_337,
        token: permit.token,
        nonce: 0,
        now: 100,
        unlimited_confirmed: false,
    };
    assert!(matches!(
        keystore.sign_permit(&permit, &terms),
        Err(Error::Locked)
    ));
    keystore.unlock(&password(), AT).expect("unlocks");
    let signature = keystore.sign_permit(&permit, &terms).expect("signed");
    let digest = crate::permit::digest(&permit, &terms).expect("accepted");
    let account = Account::from_text(JUNK_KEY).expect("a key");
    assert_eq!(signature, account.sign_to_bytes(&digest).expect("signs"));
    permit.owner = Address([0x22; 20]);
    assert!(matches!(
        keystore.sign_permit(&permit, &terms),
        Err(Error::UnknownAccount(_))
    ));
    let json = r#"{"types":{"EIP712Domain":[{"name":"chainId","type":"uint256"}],"Note":[{"name":"text","type":"string"}]},
        "primaryType":"Note","domain":{"chainId":31337},"message":{"text":"hello"}}"#;
    keystore.sign_typed_data(owner, json, 31_337).expect("signed");
    let error = keystore.sign_typed_data(owner, json, 1).expect_err("refused");
    assert_eq!(enerlink_domain::Error::from(error).code, Code::WrongChain);
}
