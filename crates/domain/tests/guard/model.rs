//! Any sequence of events against a plain model, which knows nothing of how the guard thinks.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::{
    MeterId,
    guard::{Act, GuardOrder, GuardStep, Why},
    reading::GridMode,
};
use proptest::prelude::*;

use crate::world::World;

/// Something that happens.
#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    /// Time passes, and no meter says anything.
    Silence(u64),
    Balance(i128),
    Pending(i128),
    Known(bool),
    Wants(usize, i64),
    Surplus(usize, i64),
    Obeys(usize, Option<u64>),
    Hand(usize, GridMode),
    Guarded(usize, bool),
    Switchable(usize, bool),
    Order(GuardOrder),
    Restart,
    ClockBack,
}

fn mode() -> impl Strategy<Value = GridMode> {
    prop_oneof![
        Just(GridMode::Import),
        Just(GridMode::Export),
        Just(GridMode::Off)
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let home = 0..2_usize;
    prop_oneof![
        8 => (1..200_u64).prop_map(Event::Pass),
        2 => (1..90_u64).prop_map(Event::Silence),
        3 => (0..60_000_i128).prop_map(Event::Balance),
        1 => (0..5_000_i128).prop_map(Event::Pending),
        2 => any::<bool>().prop_map(Event::Known),
        3 => (home.clone(), -4_000..4_000_i64).prop_map(|(home, watts)| Event::Wants(home, watts)),
        2 => (home.clone(), -500..500_i64).prop_map(|(home, watts)| Event::Surplus(home, watts)),
        2 => (home.clone(), prop::option::of(0..100_u64)).prop_map(|(home, delay)| Event::Obeys(home, delay)),
        1 => (home.clone(), mode()).prop_map(|(home, mode)| Event::Hand(home, mode)),
        1 => (home.clone(), any::<bool>()).prop_map(|(home, on)| Event::Guarded(home, on)),
        1 => (home, any::<bool>()).prop_map(|(home, on)| Event::Switchable(home, on)),
        2 => prop_oneof![
            Just(GuardOrder::Explained), Just(GuardOrder::NotNow), Just(GuardOrder::Restore), Just(GuardOrder::Resume)
        ].prop_map(Event::Order),
        2 => Just(Event::Restart),
        1 => Just(Event::ClockBack),
    ]
}

/// What a meter has gone through at the guard's hands.
#[derive(Debug)]
struct Touched {
    former: GridMode,
    cuts: u32,
    was_off: bool,
}

/// What an onlooker remembers.
#[derive(Default)]
struct Onlooker {
    explained: bool,
    /// Since when a warning has been standing without a break.
    warned: Option<u64>,
    paused_until: u64,
    touched: BTreeMap<MeterId, Touched>,
    /// Switches that a person has turned, and to what.
    by_hand: BTreeMap<MeterId, Vec<GridMode>>,
}

impl Onlooker {
    fn watch(&mut self, world: &World, acts: &[Act]) {
        if !world.known {
            self.warned = None;
        }
        for act in acts {
            match act {
                Act::Note(GuardStep::Warned) => self.warned = Some(world.now),
                Act::Note(GuardStep::Cleared) => self.warned = None,
                Act::Note(GuardStep::Paused) => {
                    self.warned = None;
                    self.paused_until = world.now + 3600;
                    // What a person has taken begins anew.
                    let taken = self
                        .touched
                        .iter_mut()
                        .filter(|(meter, _)| self.by_hand.contains_key(meter));
                    taken.for_each(|(_, touched)| (touched.cuts, touched.was_off) = (0, false));
                }
                Act::Note(_) => {}
                Act::Switch { meter, mode, why } => self.judge(world, meter, *mode, *why),
            }
        }
        if acts.contains(&Act::Note(GuardStep::Cutting)) {
            self.warned = None;
        }
        self.let_go(world);
    }

    fn judge(&mut self, world: &World, meter: &MeterId, mode: GridMode, why: Why) {
        let home = world.homes.iter().find(|home| home.id == *meter).expect("known");
        let inputs = world.inputs();
        let seen = inputs
            .meters
            .iter()
            .find(|seen| seen.meter == *meter)
            .expect("known");
        match why {
            Why::Cut => {
                assert!(world.known, "never with an unknown balance");
                assert!(self.explained && world.funded, "never unarmed");
                assert!(
                    world.now >= self.paused_until,
                    "never while a person said not now"
                );
                assert!(home.guarded && home.switchable && home.importing() > 0 && mode == GridMode::Off);
                let warned = self.warned.expect("never without a warning");
                assert!(world.now - warned >= 60, "never without a whole countdown");
                let former = seen.mode.expect("it speaks");
                let fresh = Touched {
                    former,
                    cuts: 0,
                    was_off: false,
                };
                let touched = self.touched.entry(meter.clone()).or_insert(fresh);
                touched.cuts += 1;
                assert!(
                    touched.cuts <= 2 && !touched.was_off,
                    "once, and once more when it did not hear"
                );
            }
            Why::Export | Why::Return => {
                assert!(self.touched.contains_key(meter), "only what it has cut");
                assert_ne!(mode, GridMode::Import);
            }
            Why::Restore => {
                let touched = self.touched.get_mut(meter).expect("only what it has changed");
                let by_hand = self.by_hand.get(meter).is_some_and(|modes| modes.contains(&mode));
                assert!(mode == touched.former || by_hand, "what it was before");
                // The episode of this meter is over.
                (touched.cuts, touched.was_off) = (0, false);
            }
        }
    }

    /// A meter is let go as it was, or as a person has it; it is not forgotten before.
    fn let_go(&mut self, world: &World) {
        let stored = serde_json::to_value(&world.guard).expect("json");
        let held: BTreeSet<&str> = stored["held"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|held| held["meter"].as_str())
            .collect();
        for home in &world.homes {
            let Some(touched) = self.touched.get_mut(&home.id) else {
                continue;
            };
            if held.contains(home.id.as_str()) {
                // An order of the episode before, carried out late, says nothing about this one.
                touched.was_off = touched.cuts > 0 && world_says(world, &home.id) == Some(GridMode::Off);
                continue;
            }
            let said = world_says(world, &home.id);
            assert!(
                said == Some(touched.former) || self.by_hand.contains_key(&home.id),
                "{} was forgotten: {touched:?}, {said:?}",
                home.id
            );
            self.touched.remove(&home.id);
        }
        self.by_hand.retain(|meter, _| self.touched.contains_key(meter));
    }
}

fn world_says(world: &World, meter: &MeterId) -> Option<GridMode> {
    let inputs = world.inputs();
    inputs.meters.iter().find(|seen| seen.meter == *meter)?.mode
}

fn live(events: Vec<Event>) {
    let mut world = World::new(&[1_500, 800], 100);
    let mut onlooker = Onlooker {
        explained: true,
        ..Onlooker::default()
    };
    for event in events {
        let mut speaks = true;
        let mut seconds = 1;
        match event {
            Event::Pass(length) => seconds = length,
            Event::Silence(length) => (seconds, speaks) = (length, false),
            Event::Balance(balance) => world.balance = balance,
            Event::Pending(pending) => world.pending = pending,
            Event::Known(known) => world.known = known,
            Event::Wants(home, watts) => world.homes[home].wants = watts,
            Event::Surplus(home, watts) => world.homes[home].surplus = watts,
            Event::Obeys(home, delay) => world.homes[home].obeys_in = delay,
            Event::Hand(home, mode) => {
                world.homes[home].mode = mode;
                let modes = onlooker.by_hand.entry(world.homes[home].id.clone());
                modes.or_default().push(mode);
            }
            Event::Guarded(home, on) => world.homes[home].guarded = on,
            Event::Switchable(home, on) => world.homes[home].switchable = on,
            Event::Order(order) => {
                let acts = world.order(order);
                onlooker.watch(&world, &acts);
                if order == GuardOrder::Resume {
                    onlooker.paused_until = 0;
                }
            }
            Event::Restart => {
                world.restart();
                // The next look begins the countdown anew.
                onlooker.warned = onlooker.warned.map(|_| world.now + 1);
            }
            Event::ClockBack => world.wall_shift -= 86_400_000,
        }
        for _ in 0..seconds {
            let acts = world.second(speaks);
            onlooker.watch(&world, &acts);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn it_never_cuts_unwarned_unarmed_blind_or_twice_and_restores_what_it_changed(
        events in prop::collection::vec(event(), 1..60),
    ) {
        live(events);
    }

    /// However it went, once the balance is there, the meters hear and nobody interferes, they are as they were.
    #[test]
    fn in_the_end_everything_is_restored(events in prop::collection::vec(event(), 1..40)) {
        let mut world = World::new(&[1_500, 800], 100);
        for event in events {
            match event {
                Event::Pass(length) => drop(world.pass(length)),
                Event::Balance(balance) => world.balance = balance,
                Event::Surplus(home, watts) => world.homes[home].surplus = watts,
                Event::Obeys(home, delay) => world.homes[home].obeys_in = delay,
                Event::Known(known) => world.known = known,
                Event::Restart => world.restart(),
                _ => {}
            }
        }
        world.known = true;
        world.balance = i128::from(u64::MAX);
        world.homes.iter_mut().for_each(|home| home.obeys_in = Some(0));
        world.pass(1_200);
        prop_assert!(world.homes.iter().all(|home| home.mode == GridMode::Import), "{:?}", world.homes);
    }
}
