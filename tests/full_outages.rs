//! A hundred flaps and a connection that has died without a word: minutes, because the wallet waits longer each time.

mod metered;
mod support;

use std::{thread, time::Duration};

use metered::Meters;

#[test]
fn a_hundred_flaps_lose_no_energy_and_repeat_nothing() {
    metered::flap(100, 5);
}

#[test]
fn a_connection_that_died_silently_is_noticed_and_replaced() {
    let mut meters = Meters::new(2);
    let running = meters.listen_to_all();
    meters.proxy.silence();
    meters.say(0, 50);
    // One and a half keep-alive intervals of 30 s.
    running.wait_for("the wallet tells that it hears nothing", |line| {
        line["event"] == "device" && line["link"]["up"] == false
    });
    meters.say(1, 50);
    thread::sleep(Duration::from_millis(100));
    meters.hear_all(&running);
    running.stop();
    meters.check(true);
}
