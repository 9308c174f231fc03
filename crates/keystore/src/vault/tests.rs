//! Tests of the vault's bytes: what is damaged, swapped or hostile does not open.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::Phrase;
use enerlink_domain::{UnixMillis, wallet::WalletKind};

const TESTS: KdfParams = KdfParams::for_tests();

fn password() -> Password {
    Password::from("sun over the seven roofs".to_owned())
}

fn accounts_of(secret: &Secret) -> Vec<Account> {
    vec![Account {
        index: 0,
        address: secret.account(0).expect("an account").address(),
    }]
}

/// A vault with a private key of its own.
fn key_vault() -> OpenVault {
    let mut open = OpenVault::create(&password(), TESTS, random::system).expect("created");
    let secret = Secret::from_key(crate::Account::from_bytes(&[7; 32]).expect("a key"));
    let clear = Clear::new("Key", &secret, accounts_of(&secret), UnixMillis(5)).expect("a name");
    open.add(clear, secret, random::system).expect("added");
    open
}

fn open_vault(names: &[&str]) -> OpenVault {
    let mut open = OpenVault::create(&password(), TESTS, random::system).expect("created");
    for name in names {
        let phrase = Phrase::generate(12, random::system).expect("a phrase");
        let secret = Secret::new(phrase, Zeroizing::default()).expect("a secret");
        let clear = Clear::new(name, &secret, accounts_of(&secret), UnixMillis(1_700_000_000_000));
        let clear = clear.expect("a name");
        open.add(clear, secret, random::system).expect("added");
    }
    open
}

fn bytes_of(open: &OpenVault) -> Vec<u8> {
    open.seal(random::system)
        .and_then(|sealed| sealed.encode())
        .expect("sealed")
}

fn open(bytes: &[u8]) -> Result<OpenVault, Error> {
    SealedVault::parse(bytes, TESTS)?.open(&password())
}

/// Makes the checksum right again, as somebody who tampers would.
fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

#[test]
fn several_wallets_come_back_under_one_password() {
    let vault = open_vault(&["Home", "Rumah di Bandung"]);
    let bytes = bytes_of(&vault);
    vault.verify(&bytes, TESTS).expect("the same");
    let again = open(&bytes).expect("opens");
    let names: Vec<_> = again
        .wallets
        .iter()
        .map(|wallet| wallet.clear.name.as_str())
        .collect();
    assert_eq!(names, ["Home", "Rumah di Bandung"]);
    assert!(matches!(
        open_vault(&["Home"]).verify(&bytes, TESTS),
        Err(Error::WrongPassword)
    ));
}

#[test]
fn nothing_but_the_password_opens_it() {
    let bytes = bytes_of(&open_vault(&["Home"]));
    let sealed = SealedVault::parse(&bytes, TESTS).expect("parses");
    for wrong in ["", "sun over the seven roof", "Sun over the seven roofs"] {
        assert!(matches!(
            sealed.open(&Password::from(wrong.to_owned())),
            Err(Error::WrongPassword)
        ));
    }
}

#[test]
fn every_flipped_bit_is_refused_with_one_error() {
    let bytes = bytes_of(&open_vault(&["Home"]));
    let version = 64..80;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match SealedVault::parse(&flipped, TESTS) {
            Err(Error::VaultDamaged) => {}
            Err(Error::VaultNewer { .. }) if version.contains(&bit) => {}
            Err(error) => panic!("bit {bit}: {error}"),
            Ok(_) => panic!("bit {bit} is accepted"),
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_even_when_the_checksum_is_made_right() {
    for vault in [open_vault(&["Home"]), key_vault()] {
        every_flipped_bit_is_refused_in(&bytes_of(&vault));
    }
}

fn every_flipped_bit_is_refused_in(bytes: &[u8]) {
    let body = bytes.len() - 32;
    // 8 bytes magic, 2 version, 1 algorithm; then memory, passes and lanes, which would only ask for more work.
    let costs = 11..23;
    for byte in (0..body).filter(|byte| !costs.contains(byte)) {
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[byte] ^= 1 << bit;
            assert!(open(&with_checksum(flipped)).is_err(), "byte {byte}, bit {bit}");
        }
    }
    for (at, value) in [(14, 65_u8), (18, 2), (22, 2)] {
        let mut other = bytes.to_vec();
        other[at] = value;
        assert!(
            matches!(open(&with_checksum(other)), Err(Error::WrongPassword)),
            "cost at {at}"
        );
    }
}

#[test]
fn every_cut_and_every_addition_is_refused() {
    let bytes = bytes_of(&open_vault(&["Home"]));
    for length in 0..bytes.len() {
        assert!(matches!(
            SealedVault::parse(&bytes[..length], TESTS),
            Err(Error::VaultDamaged)
        ));
        if length >= 32 {
            assert!(SealedVault::parse(&with_checksum(bytes[..length].to_vec()), TESTS).is_err());
        }
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(SealedVault::parse(&with_checksum(longer), TESTS).is_err());
}

#[test]
fn costs_out_of_bounds_are_refused_before_anything_is_derived() {
    let bytes = bytes_of(&open_vault(&["Home"]));
    for (at, value) in [
        (11, u32::MAX),
        (11, (1 << 20) + 1),
        (15, 33),
        (15, u32::MAX),
        (19, 17),
        (19, 0),
        (11, 0),
    ] {
        let mut hostile = bytes.clone();
        hostile[at..at + 4].copy_from_slice(&value.to_be_bytes());
        let hostile = with_checksum(hostile);
        // The fastest of some tries: a shared machine may stand still in one of them.
        let fastest = (0..5).map(|_| {
            let started = std::time::Instant::now();
            assert!(matches!(
                SealedVault::parse(&hostile, TESTS),
                Err(Error::KdfRefused)
            ));
            started.elapsed().as_millis()
        });
        assert!(fastest.min() < Some(50));
    }
    // A vault of the tests is itself too cheap for the program.
    assert!(matches!(
        SealedVault::parse(&bytes, KdfParams::FLOOR),
        Err(Error::KdfRefused)
    ));
}

#[test]
fn a_newer_format_is_named() {
    let mut bytes = bytes_of(&open_vault(&["Home"]));
    bytes[8..10].copy_from_slice(&99_u16.to_be_bytes());
    for bytes in [bytes.clone(), with_checksum(bytes)] {
        let error = SealedVault::parse(&bytes, TESTS).err().expect("refused");
        assert!(error.to_string().contains("newer version"), "{error}");
    }
}

#[test]
fn records_cannot_be_swapped_dropped_doubled_or_moved_between_vaults() {
    let vault = open_vault(&["One", "Two"]);
    let sealed = || vault.seal(random::system).expect("sealed");
    let refused =
        |sealed: &SealedVault| matches!(open(&sealed.encode().expect("encodes")), Err(Error::VaultDamaged));
    let mut swapped = sealed();
    swapped.records.swap(0, 1);
    assert!(refused(&swapped));
    let mut dropped = sealed();
    dropped.records.pop();
    assert!(refused(&dropped));
    let mut exchanged = sealed();
    let [left, right] = exchanged.records.as_mut_slice() else {
        panic!("two records")
    };
    std::mem::swap(&mut left.sealed, &mut right.sealed);
    assert!(refused(&exchanged));
    let mut foreign = sealed();
    foreign.records = open_vault(&["One", "Two"])
        .seal(random::system)
        .expect("sealed")
        .records;
    assert!(refused(&foreign));
}

#[test]
fn a_record_authenticates_its_clear_part_and_fits_its_secret() {
    let vault = open_vault(&["One", "Two"]);
    // Under a right stamp, so that only the record's own seal can refuse.
    let restamp = |mut sealed: SealedVault| {
        let body = sealed.body().expect("a body");
        sealed.stamp = vault.data_key.seal(random::system, &body, &[]).expect("sealed");
        sealed.encode().expect("encodes")
    };
    let sealed = || vault.seal(random::system).expect("sealed");
    assert!(open(&restamp(sealed())).is_ok());
    let mut renamed = sealed();
    renamed.records[0].clear.name = "Uno".to_owned();
    let mut confirmed = sealed();
    confirmed.records[0].clear.confirmed = true;
    let mut readdressed = sealed();
    readdressed.records[0].clear.accounts = readdressed.records[1].clear.accounts.clone();
    let mut renumbered = sealed();
    renumbered.records[0].id = renumbered.records[1].id;
    for tampered in [renamed, confirmed, readdressed, renumbered] {
        assert!(matches!(open(&restamp(tampered)), Err(Error::VaultDamaged)));
    }
    let mut lying = open_vault(&["One"]);
    lying.wallets[0].clear.accounts[0].address.0[0] ^= 1;
    assert!(matches!(open(&bytes_of(&lying)), Err(Error::VaultDamaged)));
}

#[test]
fn a_thousand_saves_never_use_a_nonce_twice() {
    let vault = open_vault(&["Home"]);
    let mut nonces = std::collections::HashSet::new();
    for _ in 0..1000 {
        let sealed = vault.seal(random::system).expect("sealed");
        assert!(nonces.insert(sealed.wrapped.nonce));
        assert!(nonces.insert(sealed.records[0].sealed.nonce));
        assert!(nonces.insert(sealed.stamp.nonce));
    }
}

#[test]
fn without_randomness_nothing_is_made() {
    let broken: Random = |_| Err(Error::NoRandomness);
    assert!(matches!(
        OpenVault::create(&password(), TESTS, broken),
        Err(Error::NoRandomness)
    ));
    assert!(matches!(
        open_vault(&["Home"]).seal(broken),
        Err(Error::NoRandomness)
    ));
}

#[test]
fn names_are_bounded() {
    for refused in ["", "  ", "a\nb", &"x".repeat(65)] {
        assert!(matches!(wallet_name(refused), Err(Error::WalletName)));
    }
    let secret = Secret::from_key(crate::Account::from_bytes(&[7; 32]).expect("a key"));
    let longest = "ラ".repeat(64);
    let clear = Clear::new(&longest, &secret, accounts_of(&secret), UnixMillis(-1)).expect("accepted");
    assert_eq!(Clear::decode(&clear.encode().expect("encodes")), Some(clear));
}

/// A vault of format 1 at the floor's cost, frozen when that format was released. It has to open for ever.
#[test]
fn a_vault_of_the_first_format_opens() {
    let bytes = include_bytes!("../../tests/vectors/vault-1.enl");
    let vault = SealedVault::parse(bytes, KdfParams::FLOOR).expect("parses");
    let names: Vec<_> = vault.views().into_iter().map(|wallet| wallet.name).collect();
    assert_eq!(names, ["Home", "Rumah di Bandung"]);
    let opened = vault.open(&password()).expect("opens");
    let [home, rumah] = opened.wallets.as_slice() else {
        panic!("two wallets")
    };
    assert_eq!(home.clear.created_at, UnixMillis(1_780_000_000_000));
    assert!(home.clear.confirmed && !rumah.clear.confirmed);
    let address = home.secret.account(0).expect("an account").address().to_string();
    assert_eq!(address, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    let indices: Vec<_> = rumah.clear.accounts.iter().map(|account| account.index).collect();
    assert_eq!(indices, [0, 1, 2]);
}

/// As above, with what the format holds besides English phrases: another language with a passphrase, and a private key.
/// The addresses of the phrase are those that eth-account derives.
#[test]
fn a_vault_of_the_first_format_with_every_kind_of_secret_opens() {
    let bytes = include_bytes!("../../tests/vectors/vault-1-kinds.enl");
    let vault = SealedVault::parse(bytes, KdfParams::FLOOR).expect("parses");
    let opened = vault.open(&password()).expect("opens");
    assert_eq!(vault.views(), opened.views());
    let [phrase, key] = &opened.views()[..] else {
        panic!("two wallets")
    };
    assert_eq!((phrase.kind, phrase.passphrase), (WalletKind::Phrase, true));
    assert_eq!((key.kind, key.passphrase), (WalletKind::PrivateKey, false));
    let addresses: Vec<_> = [phrase, key]
        .into_iter()
        .flat_map(|view| &view.accounts)
        .map(|account| (account.index, account.address.to_string()))
        .collect();
    let expected = [
        (0, "0x1aDFb1dAF35a09340515B057af7F3D4068386169"),
        (5, "0x96F3aA8B60FAFc6854325b60886Dceb938578fD3"),
        (0, "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b"),
    ];
    assert_eq!(
        addresses,
        expected.map(|(index, address)| (index, address.to_owned()))
    );
    let language = opened.wallets[0].secret.phrase().expect("a phrase").language();
    assert_eq!(language, 1);
}

proptest! {
    #[test]
    fn any_bytes_behind_a_right_header_are_judged_without_a_panic(
        records in 0_u16..4,
        mut tail in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut bytes = Header { kdf: TESTS, salt: [7; 32] }.encode();
        bytes.extend([0; 60]);
        bytes.extend(records.to_be_bytes());
        bytes.append(&mut tail);
        bytes.extend([0; 32]);
        prop_assert!(open(&with_checksum(bytes)).is_err());
    }
}
