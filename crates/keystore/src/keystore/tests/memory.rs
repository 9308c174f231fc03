//! What is left in memory after a lock: nothing of a key, of a phrase, of a password.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    sync::Barrier,
};

use super::*;

/// Bytes that are nowhere in memory as they are, so that looking for them does not find the search itself.
struct Marker {
    what: &'static str,
    masked: Vec<u8>,
}

const MASK: u8 = 0xa5;

impl Marker {
    fn new(what: &'static str, bytes: impl IntoIterator<Item = u8>) -> Self {
        Self {
            what,
            masked: bytes.into_iter().map(|byte| byte ^ MASK).collect(),
        }
    }

    fn is_at(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.masked.len()
            && bytes
                .iter()
                .zip(&self.masked)
                .all(|(byte, masked)| byte ^ MASK == *masked)
    }
}

/// Where in the writable memory of this process the markers are.
fn sightings(markers: &[Marker]) -> Vec<String> {
    let maps = File::open("/proc/self/maps").expect("maps");
    let mut memory = File::open("/proc/self/mem").expect("memory");
    let mut buffer = vec![0_u8; 1 << 20];
    let own = buffer.as_ptr() as usize..buffer.as_ptr() as usize + buffer.len();
    let mut found = Vec::new();
    let mut firsts = [false; 256];
    for marker in markers {
        firsts[usize::from(marker.masked[0] ^ MASK)] = true;
    }
    for line in BufReader::new(maps).lines().map(|line| line.expect("a line")) {
        let mut columns = line.split_whitespace();
        let (Some(range), Some(rights)) = (columns.next(), columns.next()) else {
            continue;
        };
        let place = columns.nth(3).unwrap_or("anonymous");
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').expect("a range");
        let address = |text| usize::from_str_radix(text, 16).expect("hexadecimal");
        let (mut at, end) = (address(start), address(end));
        while at < end {
            let length = buffer.len().min(end - at);
            let read = memory
                .seek(SeekFrom::Start(at as u64))
                .and_then(|_| memory.read_exact(&mut buffer[..length]));
            if read.is_ok() {
                let begins = buffer[..length]
                    .iter()
                    .enumerate()
                    .filter(|(_, byte)| firsts[usize::from(**byte)]);
                for (offset, _) in begins.filter(|(offset, _)| !own.contains(&(at + offset))) {
                    for marker in markers
                        .iter()
                        .filter(|marker| marker.is_at(&buffer[offset..length]))
                    {
                        found.push(format!("{} at {:x} in {place}", marker.what, at + offset));
                    }
                }
            }
            at += length;
        }
    }
    buffer.fill(0);
    found
}

/// A key as text order has it, and as the arithmetic does.
fn key_markers(key: &[u8; 32]) -> [Marker; 2] {
    [
        Marker::new("the key", *key),
        Marker::new("the key's limbs", key.iter().rev().copied()),
    ]
}

/// In a frame of its own, which is wiped when it is left.
#[inline(never)]
fn markers(keystore: &Keystore, password: &Password) -> Vec<Marker> {
    let phrase = keystore
        .reveal_phrase(only(keystore).wallet, password, AT)
        .expect("revealed");
    let account = phrase
        .chain("")
        .and_then(|chain| chain.account(0))
        .expect("an account");
    let [key, limbs] = key_markers(&account.secret_bytes());
    vec![
        Marker::new("the password", password.as_bytes().iter().copied()),
        Marker::new("the entropy", phrase.entropy().iter().copied()),
        key,
        limbs,
    ]
}

#[test]
fn after_a_lock_no_secret_is_in_memory() {
    let _alone = crate::process::tests::DUMPABLE.lock().expect("no panic");
    let dir = tempfile::tempdir().expect("a directory");
    let keystore = open(dir.path());
    // The text lies in the read-only part of this program.
    let own = || Password::from("a password of this test alone 2718".to_owned());
    keystore.create("Home", &own(), 24, &none(), AT).expect("created");
    let markers = markers(&keystore, &own());
    crate::process::wipe_stack();
    let signer = Signer::Wallet(only(&keystore).address());
    // A thread that does nothing afterwards keeps on its stack what it has not wiped itself.
    let turn = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            keystore.unlock(&own(), AT).expect("unlocks");
            turn.wait();
            turn.wait();
            keystore.sign(&signer, &tx(), 31337).expect("signs");
            keystore.lock();
            turn.wait();
            turn.wait();
        });
        turn.wait();
        let open = sightings(&markers);
        turn.wait();
        turn.wait();
        let locked = sightings(&markers);
        turn.wait();
        // While it is open the key is there, once: the search finds what it looks for.
        assert_eq!(open.len(), 1, "{open:#?}");
        assert!(open[0].starts_with("the key"), "{open:#?}");
        assert!(locked.is_empty(), "{locked:#?}");
    });
}
