//! Tests of what works while the wallet is locked: settlement keys and sealed secrets.

use super::*;

#[test]
fn settlement_keys_sign_while_the_wallet_is_locked() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let signer = Signer::Settlement(meter());
    assert_eq!(keystore.settlement_key(&meter()).expect("reads"), None);
    assert!(matches!(
        keystore.sign(&signer, &tx(), 31337),
        Err(Error::NoSettlementKey(_))
    ));
    assert!(!keystore.can_sign(&signer));
    let address = keystore.create_settlement_key(&meter()).expect("made");
    assert!(keystore.can_sign(&signer));
    assert_eq!(keystore.create_settlement_key(&meter()).expect("there"), address);
    let other: MeterId = "..\\METER:001".parse().expect("a meter id");
    assert_ne!(keystore.create_settlement_key(&other).expect("made"), address);

    let again = open(dir.path());
    assert_eq!(again.settlement_key(&meter()).expect("reads"), Some(address));
    let signed = again.sign(&signer, &tx(), 31337).expect("signs");
    assert_eq!(signed, keystore.sign(&signer, &tx(), 31337).expect("signs"));
    assert!(matches!(
        again.sign(&signer, &tx(), 1),
        Err(Error::WrongChain { .. })
    ));

    keystore.remove_settlement_key(&meter()).expect("removed");
    keystore
        .remove_settlement_key(&meter())
        .expect("nothing to remove");
    assert_eq!(again.settlement_key(&meter()).expect("reads"), None);
    assert_ne!(keystore.create_settlement_key(&meter()).expect("made"), address);
    assert!(keystore.settlement_key(&other).expect("reads").is_some());
}

#[test]
fn secrets_are_kept_replaced_and_removed() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    assert!(keystore.open_secret("mqtt").expect("reads").is_none());
    keystore.seal_secret("mqtt", b"hunter2").expect("sealed");
    keystore.seal_secret("mqtt", b"hunter3").expect("sealed");
    keystore.seal_secret("", b"").expect("sealed");
    let again = open(dir.path());
    let content = |name| {
        again
            .open_secret(name)
            .expect("reads")
            .map(|secret| secret.to_vec())
    };
    assert_eq!(content("mqtt"), Some(b"hunter3".to_vec()));
    assert_eq!(content(""), Some(Vec::new()));
    keystore.remove_secret("mqtt").expect("removed");
    assert_eq!(content("mqtt"), None);
}

#[test]
fn sealed_files_are_bound_to_name_kind_and_profile() {
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let other: MeterId = "METER-002".parse().expect("a meter id");
    keystore.create_settlement_key(&meter()).expect("made");
    keystore.create_settlement_key(&other).expect("made");
    let path = |meter: &MeterId| {
        let name = format!("{}.sealed", enerlink_domain::id::hex(&meter.key().0));
        dir.path().join("settlement-keys").join(name)
    };
    let (good, foreign) = (
        fs::read(path(&meter())).expect("there"),
        fs::read(path(&other)).expect("there"),
    );
    let refused = |bytes: &[u8]| {
        fs::write(path(&meter()), bytes).expect("written");
        let refused = keystore.settlement_key(&meter()).is_err();
        // A damaged key is not silently replaced: the chain may still know it.
        refused && keystore.create_settlement_key(&meter()).is_err()
    };
    assert!(refused(&foreign));
    for length in 0..good.len() {
        assert!(refused(&good[..length]), "cut at {length}");
    }
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(&flipped), "bit {bit}");
    }
    assert!(!refused(&good));
    let stranger = tempfile::tempdir().expect("a directory");
    open(stranger.path()).seal_secret("x", b"y").expect("sealed");
    fs::copy(
        stranger.path().join("profile.key"),
        dir.path().join("profile.key"),
    )
    .expect("copied");
    assert!(matches!(
        keystore.settlement_key(&meter()),
        Err(Error::SealedFileDamaged { .. })
    ));
}

#[test]
fn the_keystore_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Keystore>();
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    let addresses: Vec<_> = thread::scope(|scope| {
        let made: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| keystore.create_settlement_key(&meter()).expect("made")))
            .collect();
        made.into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert!(addresses.iter().all(|address| *address == addresses[0]));
}
