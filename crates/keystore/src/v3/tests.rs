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

/// Seven shapes: both key derivations, the address with a prefix, in capitals or missing, a capital `Crypto`, and
/// hexadecimal in capitals.
#[test]
fn spellings_that_other_programs_use_are_accepted() {
    let accented = Password::from("café über alles".to_owned());
    let mut shapes = vec![
        (scrypt_file(), password()),
        (serde_json::from_str(PBKDF2).expect("JSON"), accented),
    ];
    let mut add = |change: &dyn Fn(&mut Value)| {
        let mut file = scrypt_file();
        change(&mut file);
        shapes.push((file, password()));
    };
    add(&|file| file["address"] = Value::from("0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"));
    add(&|file| file["address"] = Value::from("008AEEDA4D805471DF9B2A5B0F38A0C3BCBA786B"));
    add(&|file| {
        file.as_object_mut().expect("an object").remove("address");
    });
    add(&|file| {
        let crypto = file.as_object_mut().expect("an object").remove("crypto");
        file["Crypto"] = crypto.expect("there");
    });
    add(&|file| {
        for pointer in [
            "/crypto/ciphertext",
            "/crypto/mac",
            "/crypto/cipherparams/iv",
            "/crypto/kdfparams/salt",
        ] {
            let value = file.pointer_mut(pointer).expect("there");
            *value = Value::from(value.as_str().expect("a text").to_uppercase());
        }
    });
    assert_eq!(shapes.len(), 7);
    for (file, password) in shapes {
        let decoded = decode(&file.to_string(), &password).expect("opens");
        assert_eq!(hex(&*decoded.account.secret_bytes()), KEY);
        assert_eq!(decoded.address_claimed, file.get("address").is_some());
        assert!(!decoded.padded);
    }
}

/// Made by another implementation (hashlib and pycryptodome), and opened by eth-keyfile 0.10.0 to as many bytes.
#[test]
fn short_keys_are_filled_at_the_left_and_reported() {
    let password = Password::from("testpassword".to_owned());
    for (file, key, address) in [
        (
            include_str!("../../tests/vectors/v3/short-31.json"),
            "000f441a81606fac7de095ca34ee23ab774b1fa473ab946c52254363fe0a533b",
            "0x86A934e8292F0fdc7FcD0A86dC552200d0cBe740",
        ),
        (
            include_str!("../../tests/vectors/v3/short-30.json"),
            "0000611559474aff85eea211ad60ce6ee39a2ab38beeec422dc214d5a7d9e8f5",
            "0x8b474E10724650EFd127DcFC9b20E7AB176c475B",
        ),
    ] {
        let decoded = decode(file, &password).expect("opens");
        assert_eq!(hex(&*decoded.account.secret_bytes()), key);
        assert_eq!(decoded.account.address().to_string(), address);
        assert!(decoded.padded && !decoded.address_claimed);
    }
}

/// The cost that geth calls standard, and nothing in the file but what the standard names: no phrase, no name.
#[test]
fn an_export_has_the_standard_cost_and_only_the_standard_fields() {
    let account = Account::from_bytes(&[7; 32]).expect("a key");
    let file: Value = serde_json::from_str(&account.to_v3(&password()).expect("written")).expect("JSON");
    let names = |value: &Value| {
        let object = value.as_object().expect("an object");
        object.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&file), "address crypto id version");
    assert_eq!(
        names(&file["crypto"]),
        "cipher cipherparams ciphertext kdf kdfparams mac"
    );
    let params = &file["crypto"]["kdfparams"];
    let cost = ["n", "r", "p", "dklen"].map(|name| params[name].as_u64());
    assert_eq!(cost, [1 << 18, 8, 1, 32].map(Some));
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

/// 43 files with one thing wrong each.
fn hostile() -> Vec<(String, String)> {
    let scrypt: &[(&str, Value)] = &[
        ("/version", 1.into()),
        ("/version", "3".into()),
        ("/address", "0x1234".into()),
        ("/crypto", Value::Null),
        ("/crypto/cipher", "aes-256-ctr".into()),
        ("/crypto/ciphertext", "".into()),
        ("/crypto/ciphertext", "00".into()),
        ("/crypto/ciphertext", "zz".repeat(32).into()),
        ("/crypto/ciphertext", "00".repeat(29).into()),
        ("/crypto/ciphertext", "00".repeat(33).into()),
        ("/crypto/cipherparams/iv", "00".into()),
        ("/crypto/cipherparams/iv", "00".repeat(17).into()),
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
        ("/crypto/kdfparams/n", "4096".into()),
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
    let pbkdf2: &[(&str, Value)] = &[
        ("/crypto/kdfparams/c", (1_u64 << 32).into()),
        ("/crypto/kdfparams/c", u64::MAX.into()),
        ("/crypto/kdfparams/c", 0.into()),
        ("/crypto/kdfparams/c", (-1).into()),
        ("/crypto/kdfparams/c", "1000".into()),
        ("/crypto/kdfparams/prf", "hmac-sha1".into()),
        ("/crypto/kdfparams/prf", "hmac-sha512".into()),
        ("/crypto/kdfparams/dklen", 16.into()),
        ("/crypto/kdfparams/dklen", 64.into()),
        ("/crypto/kdfparams/salt", "zz".into()),
    ];
    let files = [(SCRYPT, scrypt), (PBKDF2, pbkdf2)];
    let changed = files.into_iter().flat_map(|(file, changes)| {
        changes.iter().map(move |(pointer, value)| {
            let mut file: Value = serde_json::from_str(file).expect("JSON");
            *file.pointer_mut(pointer).expect("there") = value.clone();
            (format!("{pointer} = {value}"), file.to_string())
        })
    });
    changed.collect()
}

/// Ten texts that are no key files at all.
fn raw_texts() -> [String; 10] {
    [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\"\\ud800\"".to_owned(),
        "\u{feff}{}".to_owned(),
        "{\"version\":3}".to_owned(),
        "{\"version\":3,\"crypto\":{\"kdfparams\":1e999}}".to_owned(),
        "[".repeat(50_000),
        format!("{SCRYPT}{}", " ".repeat(MAX_LENGTH)),
    ]
}

/// Within 50 ms each, so that nothing was derived and no memory was taken for it.
#[test]
fn hostile_and_broken_files_are_refused_before_any_work() {
    let files = hostile();
    assert_eq!(files.len(), 43);
    for (what, file) in files {
        refused_at_once(&file, &what);
    }
    for text in raw_texts() {
        refused_at_once(&text, "raw text");
    }
}

/// A child with 1 GiB of address space and 5 s of the processor goes through all that is accepted and refused.
#[cfg(target_os = "linux")]
#[test]
fn hostile_files_need_little_memory_and_time() {
    let program = std::env::current_exe().expect("this test");
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg("ulimit -v 1048576 && ulimit -t 5 && exec \"$0\" \"$@\"")
        .arg(program)
        .args(["--test-threads=1", "--exact"])
        .arg("v3::tests::hostile_and_broken_files_are_refused_before_any_work")
        .arg("v3::tests::spellings_that_other_programs_use_are_accepted")
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("2 passed"), "{text}");
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
