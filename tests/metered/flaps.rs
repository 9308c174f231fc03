//! A connection that comes and goes, and what it must not cost.

use super::Meters;
use crate::support::wait_until;

/// Cuts the connection so many times, with so many messages of one meter before each and of the other one meanwhile;
/// checks every message and register.
pub fn flap(times: usize, messages: usize) {
    let mut meters = Meters::new(2);
    let running = meters.listen_to_all();
    for flap in 0..times {
        meters.say(flap % 2, messages);
        meters.proxy.cut();
        meters.say((flap + 1) % 2, messages);
        meters.proxy.mend();
        let before = meters.proxy.acknowledged();
        wait_until("the wallet is back", || meters.proxy.acknowledged() > before);
    }
    meters.hear_all(&running);
    running.stop();
    meters.check(true);
}
