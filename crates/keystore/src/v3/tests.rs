//! Tests of key files: those of other programs open, hostile ones are refused at once.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Made by eth-account 0.14.0: `Account.encrypt(key, "sun over the seven roofs", kdf="scrypt", iterations=4096)`.
const SCRYPT: &str = include_str!("../../tests/vectors/v3/eth-account-scrypt.json");
/// Made by eth-account 0.14.0: `Account.encrypt(key, "café über alles", kdf="pbkdf2", iterations=1000)`.
const PBKDF2: &str = include_str!("../../tests/vectors/v3/eth-account-pbkdf2.json");
const KEY: &str = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

fn password() -> Password {
    Password::from("sun over the seven roofs".to_owned())
}

fn scrypt_file() -> Value {
    serde_json::from_str(SCRYPT).expect("JSON")
}

#[test]
fn files_of_another_program_open() {
    let accented = Password::from("cafe\u{301} u\u{308}ber alles".to_owned());
    for (file, password) in [(SCRYPT, &password()), (PBKDF2, &accented)] {
        let account = decode(file, password).expect("opens").account;
        assert_eq!(hex(&*account.secret_bytes()), KEY);
        assert_eq!(
            account.address().to_string(),
            "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b"
        );
        let wrong = Password::from("rain over the seven roofs".to_owned());
        assert!(matches!(decode(file, &wrong), Err(Error::WrongPassword)));
    }
}

/// The two files of the Web3 Secret Storage Definition of ethereum.org, whose password is `testpassword`.
#[test]
fn the_examples_of_the_standard_open() {
    let password = Password::from("testpassword".to_owned());
    let pbkdf2 = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    let scrypt = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt","kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},"mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    for file in [pbkdf2, scrypt] {
        let account = decode(file, &password).expect("opens").account;
        assert_eq!(hex(&*account.secret_bytes()), KEY);
    }
}

#[test]
fn spellings_that_other_programs_use_are_accepted() {
    let mut prefixed = scrypt_file();
    prefixed["address"] = Value::from("0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b");
    let mut anonymous = scrypt_file();
    anonymous.as_object_mut().expect("an object").remove("address");
    let mut capital = scrypt_file();
    let crypto = capital.as_object_mut().expect("an object").remove("crypto");
    capital["Crypto"] = crypto.expect("there");
    for file in [prefixed, anonymous, capital] {
        let account = decode(&file.to_string(), &password()).expect("opens").account;
        assert_eq!(hex(&*account.secret_bytes()), KEY);
    }
}

#[test]
fn what_is_written_opens_again_and_differs_each_time() {
    let account = Account::random().expect("random");
    let write = || encode(&account, &password(), 4, random::system).expect("written");
    let (one, two) = (write(), write());
    assert_ne!(one, two);
    for file in [&one, &two] {
        let again = decode(file, &password()).expect("opens").account;
        assert_eq!(again.address(), account.address());
        assert!(!file.contains(&hex(&*account.secret_bytes())));
    }
}

#[test]
fn a_file_that_claims_another_address_is_refused() {
    let mut swapped = scrypt_file();
    swapped["address"] = Value::from("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
    let mut shifted = scrypt_file();
    // The mac does not cover the iv.
    shifted["crypto"]["cipherparams"]["iv"] = Value::from("651bfc47a4be7e6ee059579c90fe010e");
    for file in [swapped, shifted] {
        assert!(matches!(
            decode(&file.to_string(), &password()),
            Err(Error::AddressMismatch { .. })
        ));
    }
}

#[test]
fn hostile_and_broken_files_are_refused_before_any_work() {
    let changes: &[(&str, Value)] = &[
        ("/version", 1.into()),
        ("/version", "3".into()),
        ("/address", "0x1234".into()),
        ("/crypto/cipher", "aes-256-ctr".into()),
        ("/crypto/ciphertext", "00".into()),
        ("/crypto/ciphertext", "zz".repeat(32).into()),
        ("/crypto/ciphertext", "00".repeat(29).into()),
        ("/crypto/ciphertext", "00".repeat(33).into()),
        ("/crypto/cipherparams/iv", "00".into()),
        ("/crypto/mac", "".into()),
        ("/crypto/kdf", "argon2".into()),
        ("/crypto/kdfparams", Value::Null),
        ("/crypto/kdfparams/n", (1_u64 << 40).into()),
        ("/crypto/kdfparams/n", u64::MAX.into()),
        ("/crypto/kdfparams/n", (1_u64 << 63).into()),
        ("/crypto/kdfparams/n", 0.into()),
        ("/crypto/kdfparams/n", 1.into()),
        ("/crypto/kdfparams/n", 4097.into()),
        ("/crypto/kdfparams/n", (-4096).into()),
        ("/crypto/kdfparams/n", 4096.5.into()),
        ("/crypto/kdfparams/r", 0.into()),
        ("/crypto/kdfparams/r", (1_u64 << 30).into()),
        ("/crypto/kdfparams/r", u64::MAX.into()),
        ("/crypto/kdfparams/p", 0.into()),
        ("/crypto/kdfparams/p", (1_u64 << 30).into()),
        ("/crypto/kdfparams/p", u64::MAX.into()),
        ("/crypto/kdfparams/dklen", 16.into()),
        ("/crypto/kdfparams/dklen", (1_u64 << 40).into()),
        ("/crypto/kdfparams/salt", "0".into()),
    ];
    for (pointer, value) in changes {
        let mut file = scrypt_file();
        *file.pointer_mut(pointer).expect("there") = value.clone();
        refused_at_once(&file.to_string(), pointer);
    }
    let pbkdf2: Value = serde_json::from_str(PBKDF2).expect("JSON");
    for (name, value) in [
        ("c", Value::from(1_u64 << 32)),
        ("c", u64::MAX.into()),
        ("c", 0.into()),
        ("prf", "hmac-sha1".into()),
        ("dklen", 64.into()),
    ] {
        let mut file = pbkdf2.clone();
        file["crypto"]["kdfparams"][name] = value;
        refused_at_once(&file.to_string(), name);
    }
    let deep = "[".repeat(50_000);
    let long = format!("{SCRYPT}{}", " ".repeat(MAX_LENGTH));
    for text in [
        "",
        "{}",
        "null",
        "[]",
        "\u{feff}{}",
        "{\"version\":3}",
        &deep,
        &long,
    ] {
        refused_at_once(text, "text");
    }
}

fn refused_at_once(text: &str, what: &str) {
    // The fastest of some tries: a shared machine may stand still in one of them.
    let fastest = (0..5).map(|_| {
        let started = Instant::now();
        assert!(
            matches!(decode(text, &password()), Err(Error::KeyFile(_))),
            "{what}"
        );
        started.elapsed()
    });
    assert!(fastest.min() < Some(Duration::from_millis(50)), "{what}");
}

#[test]
fn a_key_outside_the_curve_is_refused() {
    let password = password();
    let derived = scrypt(&password, &[1; 32], 1, 8, 1).expect("derived");
    let mut zero = [0; 32];
    apply_cipher(&derived, &[2; 16], &mut zero);
    let file = json!({
        "version": 3,
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": { "iv": hex(&[2; 16]) },
            "ciphertext": hex(&zero),
            "kdf": "scrypt",
            "kdfparams": { "dklen": 32, "n": 2, "r": 8, "p": 1, "salt": hex(&[1; 32]) },
            "mac": hex(&mac_of(&derived, &zero)),
        },
    });
    assert!(matches!(
        decode(&file.to_string(), &password),
        Err(Error::InvalidKey)
    ));
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(text in ".*") {
        prop_assert!(decode(&text, &password()).is_err());
    }
}
