//! What the guard does, told as a household would tell it.

use enerlink_domain::{
    Etk,
    guard::{GuardOrder, GuardState, GuardStep, Warning, Why},
    reading::GridMode,
};

use crate::world::{World, notes, switches};

fn off(meter: &str) -> (String, GridMode, Why) {
    (meter.to_owned(), GridMode::Off, Why::Cut)
}

/// A minute of countdown and the seconds around it.
const WARNED: u64 = 6;
const CUT: u64 = 62;

#[test]
fn it_warns_cuts_exports_returns_and_restores() {
    let mut world = World::new(&[3_600], 100);
    let warned = world.pass(WARNED);
    assert_eq!(notes(&warned), [GuardStep::Warned]);
    let ends_at = world.wall().plus(enerlink_domain::guard::COUNTDOWN);
    assert_eq!(world.state(), GuardState::Countdown { ends_at });
    assert_eq!(world.guard.warning(), Some(Warning::Countdown));
    assert_eq!(switches(&world.pass(59)), []);
    let cut = world.pass(1);
    assert_eq!(switches(&cut), [off("M0")]);
    assert_eq!(notes(&cut), [GuardStep::Cutting]);
    let since = world.wall();
    assert_eq!(
        world.state(),
        GuardState::Cutting { since },
        "nobody has said yet that it is off"
    );
    assert_eq!(notes(&world.pass(1)), [GuardStep::Cut]);
    let since = world.wall();
    assert_eq!(world.state(), GuardState::Cut { since });
    assert_eq!(world.guard.warning(), None);
    // Owed is about a minute of 1 Wh/s; a period of it is 300 Wh.
    let owed = world.homes[0].owed;
    let wanted = (300 * 1_000_000 - owed) * 110 / 1_000_000;
    let shown = world.guard.restore_at(&world.inputs()).expect("cut");
    assert!((shown.0 - i128::from(wanted)).abs() <= 1, "{shown} {wanted}");
    world.homes[0].surplus = 500;
    assert_eq!(switches(&world.pass(119)), []);
    let export = ("M0".to_owned(), GridMode::Export, Why::Export);
    assert_eq!(switches(&world.pass(2)), [export]);
    world.homes[0].wants = -500;
    assert_eq!(notes(&world.pass(2)), [GuardStep::Exporting]);
    assert!(matches!(world.state(), GuardState::Exporting { .. }));
    world.homes[0].wants = 200;
    let back = ("M0".to_owned(), GridMode::Off, Why::Return);
    assert_eq!(switches(&world.pass(62)), [back]);
    world.homes[0].surplus = -200;
    world.pass(2);
    assert!(matches!(world.state(), GuardState::Cut { .. }));
    world.balance = world.guard.restore_at(&world.inputs()).expect("cut").0 - 1;
    assert_eq!(switches(&world.pass(100)), []);
    world.balance += 1;
    let restored = ("M0".to_owned(), GridMode::Import, Why::Restore);
    assert_eq!(switches(&world.pass(1)), [restored]);
    assert!(
        matches!(world.state(), GuardState::Cut { .. }),
        "until the meter says otherwise"
    );
    assert_eq!(notes(&world.pass(1)), [GuardStep::Restored]);
    assert_eq!(world.state(), GuardState::Watching);
    assert_eq!(world.guard.restore_at(&world.inputs()), None);
}

#[test]
fn five_percent_are_kept_and_what_is_on_its_way_is_spent() {
    // 300 Wh at the period's end, whenever it is looked at: the burn is 30 000 and its margin 1 500 base units.
    for (balance, pending, warns) in [
        (31_500, 0, true),
        (31_501, 0, false),
        (31_600, 99, false),
        (31_600, 100, true),
    ] {
        let mut world = World::new(&[3_600], 0);
        world.now = 0;
        (world.balance, world.pending) = (balance, pending);
        assert_eq!(world.inputs().burn(), Some(Etk(31_500)));
        let warned = !notes(&world.pass(20)).is_empty();
        assert_eq!(warned, warns, "{balance} less {pending}");
    }
}

#[test]
fn it_counts_all_meters_with_their_signs_and_cuts_those_that_import() {
    let mut world = World::new(&[3_600, -3_000, 0], 60);
    world.homes[1].mode = GridMode::Export;
    // 600 W remain, which are 50 Wh.
    assert_eq!(notes(&world.pass(30)), []);
    world.homes[1].wants = -2_000;
    let acts = world.pass(CUT + 10);
    assert_eq!(switches(&acts), [off("M0")]);
    world.homes[1].wants = 2_000;
    let acts = world.pass(CUT + 10);
    assert_eq!(
        switches(&acts),
        [off("M1")],
        "one that imports later has its own warning"
    );
    world.balance = 1_000_000;
    let mut restored = switches(&world.pass(1));
    restored.sort_by(|left, right| left.0.cmp(&right.0));
    let back = |meter: &str, mode| (meter.to_owned(), mode, Why::Restore);
    assert_eq!(
        restored,
        [back("M0", GridMode::Import), back("M1", GridMode::Export)]
    );
}

#[test]
fn a_lost_balance_stops_the_countdown_and_is_warned_of_and_never_cuts() {
    let mut world = World::new(&[3_600], 100);
    world.pass(WARNED + 50);
    world.known = false;
    let acts = world.pass(600);
    assert_eq!(switches(&acts), []);
    assert_eq!(world.state(), GuardState::Unknown);
    assert_eq!(world.guard.warning(), Some(Warning::Unknown));
    world.known = true;
    assert_eq!(switches(&world.pass(60)), [], "a whole countdown again");
    assert_eq!(switches(&world.pass(10)), [off("M0")]);
}

#[test]
fn it_does_nothing_before_it_was_explained_and_something_was_received() {
    for (explained, funded) in [(false, true), (true, false)] {
        let mut world = World::new(&[3_600], 0);
        world.guard = Default::default();
        world.funded = funded;
        if explained {
            world.order(GuardOrder::Explained);
        }
        assert_eq!(world.pass(600), []);
        assert_eq!(world.state(), GuardState::Unarmed);
        assert_eq!(world.guard.warning(), None);
    }
}

#[test]
fn not_now_is_an_hour_even_over_a_restart_and_resume_ends_it() {
    let mut world = World::new(&[3_600], 100);
    world.pass(WARNED + 30);
    assert_eq!(notes(&world.order(GuardOrder::NotNow)), [GuardStep::Paused]);
    let until = world.wall().plus(enerlink_domain::guard::PAUSE);
    world.pass(1_800);
    world.restart();
    assert_eq!(world.pass(1_790), []);
    assert_eq!(world.state(), GuardState::Paused { until });
    assert!(notes(&world.pass(30)).contains(&GuardStep::Warned));
    world.order(GuardOrder::NotNow);
    assert_eq!(notes(&world.order(GuardOrder::Resume)), [GuardStep::Resumed]);
    assert_eq!(switches(&world.pass(WARNED + CUT)), [off("M0")]);
}

#[test]
fn a_person_restores_and_has_an_hour() {
    let mut world = World::new(&[3_600], 100);
    world.pass(WARNED + CUT);
    let restored = ("M0".to_owned(), GridMode::Import, Why::Restore);
    assert_eq!(switches(&world.order(GuardOrder::Restore)), [restored]);
    assert_eq!(switches(&world.pass(3_590)), []);
    assert_eq!(world.homes[0].mode, GridMode::Import);
    assert!(matches!(world.state(), GuardState::Paused { .. }));
}

#[test]
fn a_switch_that_a_person_turns_is_the_persons() {
    let mut world = World::new(&[3_600], 100);
    world.pass(WARNED + CUT);
    world.homes[0].mode = GridMode::Export;
    assert_eq!(notes(&world.pass(2)), [GuardStep::Paused]);
    world.balance = 1_000_000;
    assert_eq!(
        switches(&world.pass(4_000)),
        [],
        "there is nothing of ours to restore"
    );
}

#[test]
fn an_order_that_a_meter_seemed_to_have_followed_already_is_not_a_persons_when_it_comes() {
    let mut world = World::new(&[3_600], 100);
    world.homes[0].mode = GridMode::Export;
    world.homes[0].surplus = 2;
    world.pass(WARNED + CUT);
    assert_eq!(world.homes[0].mode, GridMode::Off);
    // The sun wants it to export. It is slow, so that it is told to stay off, as it still is.
    world.homes[0].obeys_in = Some(78);
    let told: Vec<GridMode> = switches(&world.pass(181))
        .iter()
        .map(|(_, mode, _)| *mode)
        .collect();
    assert_eq!(told, [GridMode::Export, GridMode::Off]);
    // It exports, is off, and exports again, all as it was told.
    world.order(GuardOrder::NotNow);
    let acts = world.pass(300);
    assert_eq!(notes(&acts), [GuardStep::Restored]);
    assert_eq!(world.homes[0].mode, GridMode::Export);
}

#[test]
fn a_deaf_meter_is_told_twice_and_nothing_is_claimed() {
    let mut world = World::new(&[3_600], 100);
    world.homes[0].obeys_in = None;
    let acts = world.pass(600);
    assert_eq!(switches(&acts), [off("M0"), off("M0")]);
    let steps = [
        GuardStep::Warned,
        GuardStep::Cutting,
        GuardStep::Failed,
        GuardStep::Warned,
        GuardStep::Cutting,
        GuardStep::Failed,
        GuardStep::Warned,
    ];
    assert_eq!(notes(&acts), steps);
    assert!(matches!(world.state(), GuardState::Powerless { .. }));
    // When it hears at last, it is off, and comes back.
    world.homes[0].mode = GridMode::Off;
    assert_eq!(notes(&world.pass(1)), [GuardStep::Cut]);
    world.pass(60);
    assert!(matches!(world.state(), GuardState::Cut { .. }));
    world.homes[0].obeys_in = Some(0);
    world.balance = 1_000_000;
    world.pass(2);
    assert_eq!(world.homes[0].mode, GridMode::Import);
}

#[test]
fn without_a_switch_it_says_so_and_cuts_nothing() {
    let mut world = World::new(&[3_600], 100);
    world.homes[0].switchable = false;
    let acts = world.pass(600);
    assert_eq!((switches(&acts), notes(&acts)), (vec![], vec![GuardStep::Warned]));
    assert!(matches!(world.state(), GuardState::Powerless { .. }));
    assert_eq!(world.guard.warning(), Some(Warning::Powerless));
    world.homes[0].wants = 0;
    assert_eq!(notes(&world.pass(40)), [GuardStep::Cleared]);
    assert_eq!(world.guard.warning(), None);
}

#[test]
fn a_restart_forgets_neither_the_cut_nor_what_was_before() {
    let mut world = World::new(&[3_600], 100);
    world.pass(WARNED + 40);
    world.restart();
    assert_eq!(switches(&world.pass(60)), [], "a whole countdown again");
    // It ends between the order and the answer.
    while !matches!(world.state(), GuardState::Cutting { .. }) {
        world.pass(1);
    }
    world.restart();
    let acts = world.pass(300);
    assert_eq!((switches(&acts), notes(&acts)), (vec![], vec![GuardStep::Cut]));
    world.restart();
    assert_eq!(world.pass(300), []);
    world.balance = 1_000_000;
    let restored = ("M0".to_owned(), GridMode::Import, Why::Restore);
    assert_eq!(switches(&world.pass(1)), [restored]);
}

#[test]
fn a_guard_that_is_switched_off_gives_back_what_it_has() {
    let mut world = World::new(&[3_600], 100);
    world.pass(WARNED + CUT);
    world.homes[0].guarded = false;
    let restored = ("M0".to_owned(), GridMode::Import, Why::Restore);
    assert_eq!(switches(&world.pass(1)), [restored]);
    world.pass(2);
    assert_eq!(world.state(), GuardState::Off);
}

#[test]
fn a_meter_that_does_not_come_back_is_told_again_and_again() {
    let mut world = World::new(&[3_600], 100);
    world.pass(WARNED + CUT);
    world.homes[0].obeys_in = None;
    world.balance = 1_000_000;
    let told = switches(&world.pass(3_600));
    assert!((5..=10).contains(&told.len()), "{told:?}");
    assert!(
        told.iter()
            .all(|(_, mode, why)| (*mode, *why) == (GridMode::Import, Why::Restore))
    );
    world.homes[0].obeys_in = Some(0);
    assert_eq!(notes(&world.pass(910)).last(), Some(&GuardStep::Restored));
}
