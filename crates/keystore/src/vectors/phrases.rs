//! Phrases: their entropy, seed and keys, in every language.

use enerlink_domain::id::{hex, unhex};
use serde_json::Value;

use super::{ethers, text};
use crate::{Error, Phrase, bip32::ExtendedKey, phrase};

const OTHERS: &str = include_str!("../../tests/vectors/bip39.txt");

/// The languages of the standard's list, by their number in a vault; ethers' names of those that it has cases of.
const NAMES: [(&str, &str); 10] = [
    ("english", "en"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("spanish", "es"),
    ("simplified-chinese", "zh_cn"),
    ("traditional-chinese", "zh_tw"),
    ("french", "fr"),
    ("italian", "it"),
    ("czech", ""),
    ("portuguese", ""),
];

fn number(name: &str) -> u8 {
    (0..)
        .zip(NAMES)
        .find_map(|(number, (own, short))| (name == own || name == short).then_some(number))
        .expect("a language")
}

/// All 1 409 cases: words to entropy and back, and with the passphrase to the seed, in eight languages.
#[test]
fn k1_phrases_of_ethers_give_their_entropy_and_their_seed() {
    let mut checked = [0; NAMES.len()];
    for case in ethers("hdnode") {
        let Some(words) = case["mnemonic"].as_str() else {
            continue;
        };
        let phrase = Phrase::parse(words).expect("a phrase");
        let passphrase = case["password"].as_str().unwrap_or_default();
        assert_eq!(hex(&*phrase.seed(passphrase)), text(&case, "seed")[2..], "{case}");
        let language = number(text(&case, "locale"));
        let entropy = unhex(text(&case, "entropy")).expect("hexadecimal");
        let again =
            Phrase::from_entropy(phrase::language(language).expect("known"), &entropy).expect("a phrase");
        assert!(again.same(&phrase), "{case}");
        checked[usize::from(language)] += 1;
    }
    assert_eq!(checked, [1094, 45, 45, 45, 45, 45, 45, 45, 0, 0]);
}

/// 24 in English, Czech and Portuguese.
#[test]
fn k1_phrases_of_trezor_give_their_seed() {
    let mut checked = 0;
    for line in OTHERS.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<_> = line.split(' ').collect();
        let [name, entropy, seed] = columns[..] else {
            panic!("three columns: {line}")
        };
        let language = phrase::language(number(name)).expect("known");
        let entropy = unhex(entropy).expect("hexadecimal");
        let phrase = Phrase::from_entropy(language, &entropy).expect("a phrase");
        assert_eq!(hex(&*phrase.seed("TREZOR")), seed, "{line}");
        let typed = phrase.words().collect::<Vec<_>>().join(" ");
        let again = Phrase::parse(&typed).expect("a phrase");
        assert!(again.same(&phrase), "{line}");
        assert_eq!(*again.entropy(), entropy, "{line}");
        checked += 1;
    }
    assert_eq!(checked, 72);
}

/// One word of a right phrase is replaced by each word of the list: only those with a right checksum are taken, and
/// they are as many as the standard says. (`ability` is in no other list, so that no other language can be right.)
#[test]
fn k1_a_wrong_checksum_is_refused() {
    let list = phrase::language(0).expect("English").word_list();
    for (words, right) in [(12_u32, 128), (24, 8)] {
        let mut accepted = 0;
        for word in list {
            let typed = format!("{}{word}", "ability ".repeat(words as usize - 1));
            match Phrase::parse(&typed) {
                Ok(_) => accepted += 1,
                Err(Error::PhraseChecksum) => {}
                Err(error) => panic!("{typed}: {error}"),
            }
        }
        assert_eq!(accepted, right);
    }
}

#[test]
fn k3_paths_of_ethers_give_their_keys() {
    let mut checked = 0;
    // A tenth of the cases, six paths each: every derivation takes five steps or so.
    for case in ethers("hdnode").iter().step_by(10) {
        let seed = unhex(text(case, "seed")).expect("hexadecimal");
        for node in case["hdnodes"].as_array().expect("nodes") {
            let path = text(node, "path");
            let key = path.split('/').skip(1).fold(
                ExtendedKey::from_seed(&seed).expect("a master key"),
                |parent, step| parent.child(index(step)).expect("a child"),
            );
            let account = key.account();
            assert_eq!(
                hex(&*account.secret_bytes()),
                text(node, "privateKey")[2..],
                "{path}"
            );
            assert_eq!(account.address().to_lower(), text(node, "address"), "{path}");
            checked += 1;
        }
    }
    assert!(checked > 600, "{checked}");
}

fn index(step: &str) -> u32 {
    match step.strip_suffix('\'') {
        Some(number) => number.parse::<u32>().expect("a number") | crate::bip32::HARDENED,
        None => step.parse().expect("a number"),
    }
}

/// Test vector 5 of BIP-32: sixteen extended keys that are none. Nothing here takes extended keys, right or wrong; and
/// the two private keys of the list that are out of range are none in any form.
#[test]
fn k3_the_bad_keys_of_bip_32_are_refused() {
    const BAD: &str = include_str!("../../tests/vectors/bip32-bad.txt");
    let lines: Vec<_> = BAD.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 16);
    for line in lines {
        assert!(
            matches!(crate::Account::from_text(line), Err(Error::KeyText)),
            "{line}"
        );
        assert!(
            matches!(Phrase::parse(line), Err(Error::PhraseLength(1))),
            "{line}"
        );
    }
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for key in ["0".repeat(64), order.to_owned()] {
        assert!(matches!(crate::Account::from_text(&key), Err(Error::InvalidKey)));
    }
}

/// What a case of ethers looks like must not change unnoticed.
#[test]
fn k1_every_case_has_words() {
    let cases = ethers("hdnode");
    assert_eq!(cases.len(), 1409);
    assert!(
        cases
            .iter()
            .all(|case| matches!(case["mnemonic"], Value::String(_)))
    );
}
