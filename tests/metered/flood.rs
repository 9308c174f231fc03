//! A thousand messages a second from ten meters, and what they must not do to the wallet.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use super::{Meters, Publisher};
use crate::support::Running;

const METERS: usize = 10;
const PER_SECOND: u32 = 1_000;
/// What may wait at the end: the wallet is done with everything after as long.
const BEHIND: Duration = Duration::from_secs(3);
/// What the wallet may need while it is flooded.
const MOST_KIB: u64 = 400 * 1024;
/// What it may need more in the second half than in the first.
const GROWTH_KIB: u64 = 48 * 1024;

/// Sends for so many seconds; checks memory, the queue and every register.
pub fn flood(seconds: u32) {
    let mut meters = Meters::new(METERS);
    let running = meters.listen_to_all();
    let mut publishers: Vec<_> = (0..METERS).map(|meter| meters.publisher(meter)).collect();
    let (began, messages) = (Instant::now(), seconds * PER_SECOND);
    let mut halfway = 0;
    for message in 0..messages {
        let due = began + Duration::from_secs(1) * message / PER_SECOND;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let meter = message as usize % METERS;
        let line = meters.next(meter);
        publishers[meter].send(&line);
        if message == messages / 2 {
            halfway = resident_kib(&running);
        }
    }
    let sent = began.elapsed();
    assert!(
        sent < Duration::from_secs(u64::from(seconds) + 2),
        "the publishers kept the pace: {sent:?}"
    );
    publishers.into_iter().for_each(Publisher::finish);
    let waited = Instant::now();
    meters.hear_all(&running);
    assert!(waited.elapsed() < BEHIND, "{:?} behind", waited.elapsed());
    let memory = resident_kib(&running);
    assert!(memory < MOST_KIB, "{memory} KiB");
    assert!(
        memory < halfway + GROWTH_KIB,
        "{halfway} KiB halfway, {memory} KiB at the end"
    );
    running.stop();
    meters.check(true);
}

fn resident_kib(running: &Running) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", running.id())).expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .expect("a size");
    line.split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .expect("KiB")
}
