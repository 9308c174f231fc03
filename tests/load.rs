//! Ten meters that say a thousand messages a second: nothing is lost, nothing piles up, memory stays where it is.

mod metered;
mod support;

#[test]
fn a_thousand_messages_a_second_for_eight_seconds() {
    metered::flood(8);
}
