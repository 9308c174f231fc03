//! A network that comes and goes, a stolen name, a long silence and a power cut: every watt-hour counts, and once.

use std::process::{Command, Stdio};

use crate::metered::Meters;
use crate::support::wait_until;

#[test]
fn a_connection_that_flaps_loses_and_repeats_nothing() {
    crate::metered::flap(6, 20);
}

#[test]
fn ten_minutes_of_outage_count_in_full() {
    let mut meters = Meters::new(2);
    let running = meters.listen_to_all();
    meters.proxy.cut();
    // By the devices' own clocks; the broker keeps what they say.
    meters.say(0, 120);
    meters.say(1, 120);
    meters.proxy.mend();
    meters.hear_all(&running);
    running.stop();
    meters.check(true);
}

#[test]
fn a_stolen_client_id_costs_no_energy() {
    let mut meters = Meters::new(2);
    let running = meters.listen_to_all();
    let name = meters.proxy.client_id().expect("connected");
    // A copy of this profile: it comes back whenever the wallet has thrown it out, and takes what the broker has kept.
    let mut thief = Command::new("mosquitto_sub")
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &meters.broker.port.to_string(),
            "-i",
            &name,
        ])
        .args(["-c", "-q", "1", "-t", "m0/sensors", "-t", "m1/sensors"])
        .stdout(Stdio::null())
        .spawn()
        .expect("mosquitto_sub is installed by `cargo xtask test`");
    meters.say(0, 20);
    meters.say(1, 20);
    running.wait_for("the wallet tells of the other one", |line| {
        line["event"] == "device" && line["link"]["code"] == "CLIENT_ID_TAKEN"
    });
    running.stop();
    thief.kill().expect("running");
    thief.wait().expect("ended");
    // What the thief has acknowledged is gone; what comes next shows the energy of it.
    let running = meters.listen();
    meters.say(0, 1);
    meters.say(1, 1);
    meters.hear_all(&running);
    running.stop();
    meters.check(false);
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_comes_once() {
    let mut meters = Meters::new(1);
    meters.listen_to_all().stop();
    meters.say(0, 20_000);
    for _ in 0..3 {
        let acknowledged = meters.proxy.acknowledged();
        let running = meters.listen();
        wait_until("some of it is acknowledged", || {
            meters.proxy.acknowledged() > acknowledged + 300
        });
        running.signal("KILL");
        drop(running);
        let (stored, acknowledged) = (meters.counted(0) as u64, meters.proxy.acknowledged());
        assert!(
            stored >= acknowledged,
            "{stored} rows, {acknowledged} acknowledged"
        );
        assert!(stored < meters.said(), "it was killed in the middle");
    }
    let running = meters.listen();
    meters.say(0, 1);
    meters.hear_all(&running);
    running.stop();
    meters.check(true);
}
