//! A thousand messages a second for a minute.

mod metered;
mod support;

#[test]
fn a_thousand_messages_a_second_for_a_minute() {
    metered::flood(60);
}
