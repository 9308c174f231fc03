//! Ciphers, hashes, key derivation and signatures: Wycheproof, RFC 9106.

use aes_gcm::{
    Aes128Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use enerlink_domain::id::hex;
use hmac::{Hmac, Mac};
use k256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use sha2::{Sha256, Sha512};
use wycheproof::{TestResult, aead, ecdsa, mac, pbkdf2};

use crate::{
    bip32,
    seal::{Key, NONCE_LENGTH, Sealed},
};

/// All keys of 256 bits with a nonce of 96, which is what is used here, both ways; those of 128 bits through the
/// crate; other nonces cannot be given to either.
#[test]
fn k14_aes_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).expect("loads");
    let (mut own, mut others, mut other_nonces) = (0, 0, 0);
    for group in set.test_groups {
        for case in group.tests {
            let bytes = [&case.ct[..], &case.tag[..]].concat();
            let Ok(nonce) = <[u8; NONCE_LENGTH]>::try_from(&case.nonce[..]) else {
                other_nonces += 1;
                continue;
            };
            let opened = match group.key_size {
                256 => {
                    let key = Key::from_slice(&case.key).expect("32 bytes");
                    own += 1;
                    key.open(&case.aad, &Sealed { nonce, bytes })
                        .map(|plain| plain.to_vec())
                }
                128 => {
                    let key = Aes128Gcm::new_from_slice(&case.key).expect("16 bytes");
                    others += 1;
                    let payload = Payload {
                        msg: &bytes,
                        aad: &case.aad,
                    };
                    key.decrypt(&Nonce::from(nonce), payload).ok()
                }
                _ => continue,
            };
            let expected = (case.result == TestResult::Valid).then(|| case.pt.to_vec());
            assert_eq!(opened, expected, "case {}", case.tc_id);
        }
    }
    assert!(
        own >= 60 && others >= 60 && other_nonces > 0,
        "{own} {others} {other_nonces}"
    );
}

/// RFC 9106, 5.3, with a secret and associated data, which vaults do not use.
#[test]
fn k14_argon2id_of_rfc_9106() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).expect("short"))
        .output_len(32)
        .build()
        .expect("valid");
    let argon2 =
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).expect("valid");
    let mut out = [0; 32];
    argon2
        .hash_password_into(&[1; 32], &[2; 16], &mut out)
        .expect("derives");
    assert_eq!(
        hex(&out),
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    );
}

/// The rows of the reference implementation's own test: passes, memory as a power of two, lanes.
#[test]
fn k14_argon2id_at_eight_costs() {
    for (passes, log_memory, lanes, password, salt, expected) in [
        (
            2,
            16,
            1,
            "password",
            "somesalt",
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
        ),
        (
            2,
            18,
            1,
            "password",
            "somesalt",
            "78fe1ec91fb3aa5657d72e710854e4c3d9b9198c742f9616c2f085bed95b2e8c",
        ),
        (
            2,
            8,
            1,
            "password",
            "somesalt",
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
        ),
        (
            2,
            8,
            2,
            "password",
            "somesalt",
            "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
        ),
        (
            1,
            16,
            1,
            "password",
            "somesalt",
            "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98",
        ),
        (
            4,
            16,
            1,
            "password",
            "somesalt",
            "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c",
        ),
        (
            2,
            16,
            1,
            "differentpassword",
            "somesalt",
            "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
        ),
        (
            2,
            16,
            1,
            "password",
            "diffsalt",
            "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c",
        ),
    ] {
        let params = argon2::Params::new(1 << log_memory, passes, lanes, Some(32)).expect("valid");
        let mut out = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), salt.as_bytes(), &mut out)
            .expect("derives");
        assert_eq!(
            hex(&out),
            expected,
            "{passes} {log_memory} {lanes} {password} {salt}"
        );
    }
}

#[test]
fn k14_pbkdf2() {
    let mut checked = 0;
    for name in [
        pbkdf2::TestName::Pbkdf2HmacSha256,
        pbkdf2::TestName::Pbkdf2HmacSha512,
    ] {
        let set = pbkdf2::TestSet::load(name).expect("loads");
        for case in set.test_groups.iter().flat_map(|group| &group.tests) {
            let rounds = u32::try_from(case.iteration_count).expect("32 bits");
            let mut out = vec![0; case.dk_len];
            match name {
                pbkdf2::TestName::Pbkdf2HmacSha256 => {
                    ::pbkdf2::pbkdf2_hmac::<Sha256>(&case.password, &case.salt, rounds, &mut out);
                }
                _ => ::pbkdf2::pbkdf2_hmac::<Sha512>(&case.password, &case.salt, rounds, &mut out),
            }
            assert_eq!(
                out == case.dk[..],
                case.result != TestResult::Invalid,
                "case {}",
                case.tc_id
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 60 + 58);
}

/// HMAC-SHA-512 through the halves that BIP-32 uses, HMAC-SHA-256 through the crate; tags may be cut.
#[test]
fn k14_hmac() {
    let mut checked = 0;
    for name in [mac::TestName::HmacSha256, mac::TestName::HmacSha512] {
        let set = mac::TestSet::load(name).expect("loads");
        for group in &set.test_groups {
            for case in &group.tests {
                let tag = if name == mac::TestName::HmacSha512 {
                    let (left, right) = bip32::hmac_halves(&case.key, &[&case.msg]);
                    [*left, *right].concat()
                } else {
                    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&case.key).expect("a key");
                    mac.update(&case.msg);
                    mac.finalize().into_bytes().to_vec()
                };
                let same = tag[..group.tag_size / 8] == case.tag[..];
                assert_eq!(same, case.result == TestResult::Valid, "case {}", case.tc_id);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 2 * 174);
}

/// The set for chains that take only a low s.
#[test]
fn e1_wycheproof_signatures_over_secp256k1() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256k1Sha256Bitcoin).expect("loads");
    let mut checked = 0;
    for group in &set.test_groups {
        let key = VerifyingKey::from_sec1_bytes(&group.key.key).expect("a key");
        for case in &group.tests {
            let accepted = Signature::from_der(&case.sig).is_ok_and(|signature| {
                signature.normalize_s().is_none() && key.verify(&case.msg, &signature).is_ok()
            });
            assert_eq!(accepted, case.result == TestResult::Valid, "case {}", case.tc_id);
            checked += 1;
        }
    }
    assert_eq!(checked, 463);
}
