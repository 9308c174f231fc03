//! Meters and their commands: each in its place, and only on Home what belongs there.

use super::*;

#[test]
fn what_belongs_to_others_is_not_shown() {
    let other: MeterId = "SM-002".parse().expect("a meter id");
    let mut state = state();
    let before = state.clone();
    state.apply(Event::Device(DeviceState {
        meter_id: other.clone(),
        ..device(9)
    }));
    state.apply(Event::Estimate(Estimate {
        meter_id: other.clone(),
        ..estimate(9)
    }));
    state.apply(Event::Settlement(Settlement {
        meter_id: other.clone(),
        ..settlement("x", 1)
    }));
    state.apply(Event::Registration {
        meter_id: other,
        registration: Registration::Missing,
    });
    let balances = Balances {
        account: Address([1; 20]),
        etk: Etk(5),
        idrs: enerlink_domain::Idrs(0),
        native: Wei(1),
        block: 2,
    };
    state.apply(Event::Balances(balances));
    assert_eq!((&state.home, &state.status), (&before.home, &before.status));
    assert_eq!(
        state.balances_of(Address([1; 20])),
        Some(balances),
        "but it is known"
    );
    assert_eq!(state.balances_of(Address([2; 20])), None);
}

#[test]
fn every_meter_is_kept_and_a_new_one_asks_what_home_shows() {
    let mut state = state();
    let mut second = state.home.clone().and_then(|home| home.meter).expect("a meter");
    second.meter.id = "SM-002".parse().expect("a meter id");
    second.device.meter_id = second.meter.id.clone();
    let told = state.apply(Event::Meter(second.clone()));
    assert_eq!(told.refetch, Refetch::Home, "it was not known");
    second.meter.name = "Bengkel".into();
    assert_eq!(
        state.apply(Event::Meter(second.clone())).refetch,
        Refetch::Nothing
    );
    let silent = DeviceState {
        presence: Presence::Stale,
        ..second.device.clone()
    };
    assert_eq!(state.apply(Event::Device(silent)).refetch, Refetch::Nothing);
    let known = state.meters.clone().expect("meters");
    assert_eq!(known.len(), 2);
    assert_eq!(known[1].meter.name, "Bengkel");
    assert_eq!(known[1].device.presence, Presence::Stale);
    assert_eq!(
        known[0].device.presence,
        Presence::Online,
        "the other is untouched"
    );
    second.meter.retired_at = Some(UnixMillis(5));
    assert_eq!(state.apply(Event::Meter(second)).refetch, Refetch::Home);
}

#[test]
fn a_command_moves_on_in_its_place() {
    let mut state = state();
    for (id, stage) in [
        ("a", CommandStage::Queued),
        ("b", CommandStage::Sent),
        ("a", CommandStage::TimedOut),
    ] {
        state.apply(Event::Command(command(id, stage)));
    }
    let stages: Vec<_> = state
        .commands
        .iter()
        .map(|row| (row.correlation_id.as_str(), row.stage))
        .collect();
    assert_eq!(stages, [("b", CommandStage::Sent), ("a", CommandStage::TimedOut)]);
}

#[test]
fn a_command_never_goes_back() {
    let mut state = state();
    let mut shown = |stage, attempts| {
        state.apply(Event::Command(CommandView {
            attempts,
            ..command("a", stage)
        }));
        (state.commands[0].stage, state.commands[0].attempts)
    };
    assert_eq!(shown(CommandStage::Queued, 0), (CommandStage::Queued, 0));
    assert_eq!(shown(CommandStage::Sent, 2), (CommandStage::Sent, 2));
    assert_eq!(
        shown(CommandStage::Sent, 1),
        (CommandStage::Sent, 2),
        "an older one"
    );
    assert_eq!(
        shown(CommandStage::Acknowledged, 2),
        (CommandStage::Acknowledged, 2)
    );
    // What answers the call was on its way when the meter had answered already.
    assert_eq!(shown(CommandStage::Sent, 1), (CommandStage::Acknowledged, 2));
}
