//! Every shape that a wallet is imported in, with the address that other wallets derive, and what is refused.

use crate::support::{Profile, TEST_ACCOUNTS, TEST_PHRASE, addresses};
use serde_json::Value;

/// Made by eth-account 0.14.0, password "sun over the seven roofs".
const SCRYPT: &str = include_str!("../../crates/keystore/tests/vectors/v3/eth-account-scrypt.json");
/// Made by eth-account 0.14.0, password "café über alles".
const PBKDF2: &str = include_str!("../../crates/keystore/tests/vectors/v3/eth-account-pbkdf2.json");
/// The address in both.
const V3_ADDRESS: &str = "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b";
/// The address of the private key 1.
const ONE: &str = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
/// The order of secp256k1.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/// Word that is repeated, how often, and the last; first account without and with the passphrase "TREZOR", as ethers
/// 6.17 derives them.
const PHRASES: [(usize, &str, &str, &str); 5] = [
    (
        11,
        "about",
        "0x9858EfFD232B4033E47d90003D41EC34EcaEda94",
        "0x9c32F71D4DB8Fb9e1A58B0a80dF79935e7256FA6",
    ),
    (
        14,
        "address",
        "0x54bE88525B024a20229Fe7f6F62DC0884e4aAA0a",
        "0xDDb9b49599b8eD6697D721e41d27486Cb591116b",
    ),
    (
        17,
        "agent",
        "0x197A1bEE163923815Ba58EaD0F14B3Fcd8C5926d",
        "0x8e5713dC3Fdf4812957924Bd7976907DC455FC42",
    ),
    (
        20,
        "admit",
        "0x15cc2210a0AFbb1A2d80Dd3D585aA94eBa6c10E0",
        "0xeC1D2474978707Bc9d48BF133662d342E06256De",
    ),
    (
        23,
        "art",
        "0xF278cF59F82eDcf871d630F28EcC8056f25C1cdb",
        "0x2b5D7A0E9d3EC34D629D07c6bDE5c41fb613c655",
    ),
];

#[test]
fn phrases_of_every_length_give_the_accounts_of_other_wallets() {
    let profile = Profile::new();
    let passphrase = profile.write("passphrase", "TREZOR\n");
    for (times, last, plain, protected) in PHRASES {
        let phrase = profile.write("phrase", format!("{}{last}\n", "abandon ".repeat(times)));
        let scanned = profile.wallet(&["scan", "--phrase-file", &phrase]).remove(0);
        assert_eq!((addresses(&scanned)[0], addresses(&scanned).len()), (plain, 10));
        assert_eq!(
            scanned["accounts"][0]["balances"],
            Value::Null,
            "there is no network"
        );
        let imported = profile.import(&[
            "--phrase-file",
            &phrase,
            "--passphrase-file",
            &passphrase,
            "--expect",
            protected,
        ]);
        assert_eq!(addresses(&imported), [protected]);
        assert_eq!(
            (&imported["passphrase"], &imported["phrase_confirmed"]),
            (&true.into(), &true.into())
        );
    }
    assert_eq!(profile.list().len(), PHRASES.len());
}

#[test]
fn any_accounts_of_a_phrase_can_be_taken_at_once() {
    let profile = Profile::new();
    let phrase = profile.write("phrase", "abandon ".repeat(11) + "about");
    let imported = profile.import(&[
        "--phrase-file",
        &phrase,
        "--account",
        "7",
        "--account",
        "0",
        "--account",
        "1",
    ]);
    let accounts = imported["accounts"].as_array().expect("accounts");
    let mut found: Vec<(u64, &str, &str)> = accounts
        .iter()
        .map(|account| {
            let text = |name: &str| account[name].as_str().expect("a string");
            (
                account["index"].as_u64().expect("an index"),
                text("address"),
                text("path"),
            )
        })
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (
                0,
                "0x9858EfFD232B4033E47d90003D41EC34EcaEda94",
                "m/44'/60'/0'/0/0"
            ),
            (
                1,
                "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0",
                "m/44'/60'/0'/0/1"
            ),
            (
                7,
                "0x593814d3309e2dF31D112824F0bb5aa7Cb0D7d47",
                "m/44'/60'/0'/0/7"
            ),
        ]
    );
    assert!(imported["wallet"].is_string());
}

#[test]
fn capitals_tabs_and_doubled_spaces_do_not_change_a_phrase() {
    let profile = Profile::new();
    for (at, text) in [
        TEST_PHRASE.to_uppercase(),
        TEST_PHRASE.replace(' ', "\t"),
        TEST_PHRASE.replace(' ', "  "),
        TEST_PHRASE.replace(' ', "\u{a0}"),
        TEST_PHRASE.replace(' ', "\n"),
        format!("  {TEST_PHRASE}  \r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let phrase = profile.write("phrase", &text);
        let scanned = profile
            .wallet(&["scan", "--account", "0", "--phrase-file", &phrase])
            .remove(0);
        assert_eq!(addresses(&scanned), [TEST_ACCOUNTS[0]], "shape {at}");
    }
}

#[test]
fn private_keys_come_with_and_without_a_prefix() {
    let profile = Profile::new();
    let scan = |text: &str| {
        let key = profile.write("key", text);
        addresses(&profile.wallet(&["scan", "--private-key-file", &key]).remove(0))[0].to_owned()
    };
    let one = format!("{:064x}", 1);
    let last = ORDER.replace("364141", "364140");
    assert_eq!(scan(&one), ONE);
    assert_eq!(scan(&format!("0x{one}\n")), ONE);
    assert_eq!(scan(&last), "0x80C0dbf239224071c59dD8970ab9d542E3414aB2");
    assert_eq!(scan(&last.to_uppercase()), scan(&format!("0x{last}\r\n")));
    let key = profile.write("key", format!("0x{one}"));
    let imported = profile.import(&["--private-key-file", &key]);
    assert_eq!(
        (addresses(&imported), &imported["kind"]),
        (vec![ONE], &"private_key".into())
    );
}

#[test]
fn key_files_of_other_programs_come_in_every_spelling() {
    let profile = Profile::new();
    let (scrypt, pbkdf2) = (
        profile.write("scrypt-password", "sun over the seven roofs"),
        profile.write("pbkdf2-password", "cafe\u{301} u\u{308}ber alles\n"),
    );
    let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut file: Value = serde_json::from_str(SCRYPT).expect("JSON");
        change(file.as_object_mut().expect("an object"));
        file.to_string()
    };
    for (text, password, claimed) in [
        (SCRYPT.to_owned(), &scrypt, true),
        (PBKDF2.to_owned(), &pbkdf2, true),
        (
            changed(&|file| {
                file.remove("address");
            }),
            &scrypt,
            false,
        ),
        (
            changed(&|file| {
                file.insert("address".into(), V3_ADDRESS.to_lowercase().into());
            }),
            &scrypt,
            true,
        ),
        (
            changed(&|file| {
                file.insert("address".into(), V3_ADDRESS[2..].to_uppercase().into());
            }),
            &scrypt,
            true,
        ),
        (
            changed(&|file| {
                let crypto = file.remove("crypto").expect("there");
                file.insert("Crypto".into(), crypto);
            }),
            &scrypt,
            true,
        ),
    ] {
        let file = profile.write("key.json", &text);
        let scanned = profile
            .wallet(&["scan", "--keystore", &file, "--keystore-password-file", password])
            .remove(0);
        assert_eq!(
            (addresses(&scanned), &scanned["address_claimed"]),
            (vec![V3_ADDRESS], &claimed.into()),
            "{text}"
        );
        assert_eq!(scanned["padded"], false);
    }
    // A test vector of geth whose key begins with a zero byte that was left out.
    let short = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"e0c41130a323adc1446fc82f724bca2f"},"ciphertext":"9517cd5bdbe69076f9bf5057248c6c050141e970efa36ce53692d5d59a3984","kdf":"scrypt","kdfparams":{"dklen":32,"n":2,"r":8,"p":1,"salt":"711f816911c92d649fb4c84b047915679933555030b3552c1212609b38208c63"},"mac":"d5e116151c6aa71470e67a7d42c9620c75c4d23229847dcc127794f0732b0db5"},"id":"fecfc4ce-e956-48fd-953b-30f8b52ed66c","version":3}"#;
    let (file, foo) = (profile.write("short.json", short), profile.write("foo", "foo"));
    let keystore = ["--keystore", &file, "--keystore-password-file", &foo];
    let scanned = profile.wallet(&[&["scan"], &keystore[..]].concat()).remove(0);
    assert_eq!(scanned["padded"], true);
    let address = "0xd1E64E5480bFaf733Ba7D48712DEcb8227797a4e";
    let imported = profile.import(&[&keystore[..], &["--expect", address]].concat());
    assert_eq!(addresses(&imported), [address]);
}

/// Arguments that name files by what is in them; the profile and its password come on top.
fn refused(profile: &Profile, given: &[(&str, &[u8])]) -> String {
    let mut line = vec!["import".to_owned()];
    for (option, content) in given {
        line.extend([(*option).to_owned(), profile.write(&option[2..], content)]);
    }
    profile.refused(&line.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_is_no_phrase_is_refused_and_nothing_is_kept() {
    let profile = Profile::new();
    let swapped = TEST_PHRASE.replace("junk", "test");
    let eleven = TEST_PHRASE.replacen("test ", "", 1);
    let thirteen = format!("test {TEST_PHRASE}");
    let twenty_five = format!("{} {} test", TEST_PHRASE, TEST_PHRASE);
    let unknown = TEST_PHRASE.replace("junk", "junck");
    let mixed = TEST_PHRASE.replace("junk", "basura");
    let control = TEST_PHRASE.replace("junk", "ju\0nk");
    for text in [
        "",
        " ",
        "junk",
        &swapped,
        &eleven,
        &thirteen,
        &twenty_five,
        &unknown,
        &mixed,
        &control,
    ] {
        assert_eq!(
            refused(&profile, &[("--phrase-file", text.as_bytes())]),
            "PHRASE_INVALID",
            "{text:?}"
        );
    }
    let phrase = TEST_PHRASE.as_bytes();
    assert_eq!(
        refused(&profile, &[("--phrase-file", &[0xff; 40])]),
        "INVALID_INPUT"
    );
    assert_eq!(
        refused(&profile, &[("--phrase-file", &vec![b'a'; (1 << 20) + 1])]),
        "INVALID_INPUT"
    );
    let path = profile.write("phrase", phrase);
    assert_eq!(
        profile.refused(&["import", "--phrase-file", &path, "--account", "2147483648"]),
        "INVALID_INPUT"
    );
    let other = ["import", "--phrase-file", &path, "--expect", TEST_ACCOUNTS[1]];
    assert_eq!(
        profile.refused(&other),
        "KEY_INVALID",
        "the source gives another address"
    );
    assert_eq!(
        profile.refused(&["import", "--phrase-file", "/nowhere/phrase"]),
        "INVALID_INPUT"
    );
    profile.write("password", "password1234");
    assert_eq!(
        profile.refused(&["import", "--phrase-file", &path]),
        "WEAK_PASSWORD"
    );
    assert_eq!(profile.vault_files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_is_no_key_is_refused_and_nothing_is_kept() {
    let profile = Profile::new();
    let one = format!("{:064x}", 1);
    for text in [
        "",
        &"0".repeat(64),
        ORDER,
        &ORDER.replace("364141", "364142"),
        &one[2..],
        &format!("00{one}"),
        &format!("0X{one}"),
        &format!(" {one}"),
        &format!("{one} "),
        &format!("0x{}g", &one[1..]),
        "kunci",
    ] {
        assert_eq!(
            refused(&profile, &[("--private-key-file", text.as_bytes())]),
            "KEY_INVALID",
            "{text:?}"
        );
    }
    let password = b"sun over the seven roofs".as_slice();
    let v3 = |text: &str, password: &[u8]| {
        refused(
            &profile,
            &[
                ("--keystore", text.as_bytes()),
                ("--keystore-password-file", password),
            ],
        )
    };
    assert_eq!(v3(SCRYPT, b"rain over the seven roofs"), "WRONG_PASSWORD");
    let changed = |pointer: &str, value: Value| {
        let mut file: Value = serde_json::from_str(SCRYPT).expect("JSON");
        *file.pointer_mut(pointer).expect("there") = value;
        file.to_string()
    };
    for text in [
        String::new(),
        "{}".to_owned(),
        "[".repeat(50_000),
        changed("/version", 1.into()),
        changed("/crypto/kdfparams/n", (1_u64 << 40).into()),
        changed("/crypto/kdfparams/p", (1_u64 << 30).into()),
        changed(
            "/crypto/cipherparams/iv",
            "651bfc47a4be7e6ee059579c90fe010e".into(),
        ),
        changed("/address", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed".into()),
    ] {
        assert_eq!(v3(&text, password), "KEY_INVALID", "{text}");
    }
    assert_eq!(profile.vault_files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_command_that_says_too_little_or_too_much_is_bad_usage() {
    let profile = Profile::new();
    let file = profile.write("file", "x");
    let password = profile.path("password");
    for line in [
        &["import", "--password-file", &password][..],
        &[
            "import",
            "--password-file",
            &password,
            "--phrase-file",
            &file,
            "--private-key-file",
            &file,
        ],
        &["import", "--password-file", &password, "--keystore", &file],
        &[
            "import",
            "--password-file",
            &password,
            "--keystore-password-file",
            &file,
        ],
        &[
            "import",
            "--password-file",
            &password,
            "--private-key-file",
            &file,
            "--passphrase-file",
            &file,
        ],
        &[
            "import",
            "--password-file",
            &password,
            "--private-key-file",
            &file,
            "--account",
            "1",
        ],
        &[
            "import",
            "--password-file",
            &password,
            "--phrase-file",
            &file,
            "--account",
            "-1",
        ],
        &["import", "--phrase-file", &file],
        &["import", "--password", "on the line", "--phrase-file", &file],
        &["restore", "--password-file", &password],
        &["restore", "--from", &file],
        &[
            "restore",
            "--from",
            &file,
            "--sheet",
            &file,
            "--password-file",
            &password,
        ],
        &["sheet", "--out", &file, "--language", "de"],
        &["frobnicate"],
    ] {
        let output = profile.output(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}");
        assert!(output.stdout.is_empty(), "{line:?}");
    }
    // Two secrets cannot both come from standard input.
    let twice = profile.output(&["import", "--password-file", "-", "--phrase-file", "-"]);
    assert_eq!(twice.status.code(), Some(1));
    assert_eq!(profile.vault_files(), Vec::<std::path::PathBuf>::new());
}
