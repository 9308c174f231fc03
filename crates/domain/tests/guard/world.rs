//! An account and its meters, whose time, balance and manners the test decides.

use std::{collections::VecDeque, time::Duration};

use enerlink_domain::{
    Etk, MeterId, MicroWatts, NetMicroWh, UnixMillis,
    guard::{Act, Guard, GuardOrder, GuardState, GuardStep, Inputs, Money, Seen, Why},
    reading::GridMode,
};

/// Periods are five minutes long.
pub(crate) const PERIOD: u64 = 300;
/// 1 Wh is 1 ETK.
const RATIO: u64 = 100_000;
/// Some morning.
const START: i64 = 1_762_074_000_000;

/// A meter and the home behind it.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) id: MeterId,
    pub(crate) guarded: bool,
    pub(crate) switchable: bool,
    pub(crate) mode: GridMode,
    /// What it takes from the grid when it may, W; negative is export.
    pub(crate) wants: i64,
    /// What the sun gives beyond what the home uses, W.
    pub(crate) surplus: i64,
    pub(crate) owed: i64,
    /// How long it takes to obey, s; none is never.
    pub(crate) obeys_in: Option<u64>,
    /// Commands on their way, in order, and when they arrive.
    queue: VecDeque<(u64, GridMode)>,
    /// What it said last, and when.
    said: (u64, GridMode),
}

impl Home {
    pub(crate) fn importing(&self) -> i64 {
        match self.mode {
            GridMode::Off => 0,
            GridMode::Import => self.wants.max(0),
            GridMode::Export => self.wants,
        }
    }
}

/// Everything outside the guard. Time is in seconds.
pub(crate) struct World {
    pub(crate) now: u64,
    /// When this run began.
    began: u64,
    pub(crate) wall_shift: i64,
    pub(crate) balance: i128,
    pub(crate) pending: i128,
    pub(crate) known: bool,
    pub(crate) funded: bool,
    pub(crate) homes: Vec<Home>,
    pub(crate) guard: Guard,
}

impl World {
    /// Homes that import so many watts, an armed guard, and so many ETK.
    pub(crate) fn new(imports: &[i64], balance: i128) -> Self {
        let home = |(number, wants): (usize, &i64)| Home {
            id: format!("M{number}").parse().expect("an id"),
            guarded: true,
            switchable: true,
            mode: GridMode::Import,
            wants: *wants,
            surplus: 0,
            owed: 0,
            obeys_in: Some(0),
            queue: VecDeque::new(),
            said: (0, GridMode::Import),
        };
        let mut world = Self {
            now: 1,
            began: 0,
            wall_shift: 0,
            balance: balance * 100,
            pending: 0,
            known: true,
            funded: true,
            homes: imports.iter().enumerate().map(home).collect(),
            guard: Guard::default(),
        };
        world.order(GuardOrder::Explained);
        world
    }

    pub(crate) fn wall(&self) -> UnixMillis {
        UnixMillis(START + i64::try_from(self.now).expect("small") * 1000 + self.wall_shift)
    }

    pub(crate) fn inputs(&self) -> Inputs {
        let left = PERIOD - self.now % PERIOD;
        let seen = |home: &Home| Seen {
            meter: home.id.clone(),
            guarded: home.guarded,
            switchable: home.switchable,
            owed: NetMicroWh(home.owed),
            carry: 0,
            average: Some(MicroWatts(-home.importing() * 1_000_000)),
            importing: home.importing() > 0,
            surplus: Some(MicroWatts(home.surplus * 1_000_000)),
            mode: Some(home.said.1),
            said_at: (home.said.0 >= self.began).then(|| Duration::from_secs(home.said.0 - self.began)),
            failed: false,
            left: Duration::from_secs(left),
            period: Duration::from_secs(PERIOD),
        };
        Inputs {
            steady: Duration::from_secs(self.now - self.began),
            wall: self.wall(),
            funded: self.funded,
            money: self.known.then_some(Money {
                balance: Etk(self.balance),
                pending_burns: Etk(self.pending),
                ratio: RATIO,
            }),
            meters: self.homes.iter().map(seen).collect(),
        }
    }

    pub(crate) fn state(&self) -> GuardState {
        self.guard.state(&self.inputs())
    }

    /// Lets so many seconds pass, with every meter speaking each second, and the guard looking after that.
    pub(crate) fn pass(&mut self, seconds: u64) -> Vec<Act> {
        let mut acts = Vec::new();
        for _ in 0..seconds {
            acts.extend(self.second(true));
        }
        acts
    }

    /// One second; `speak` says whether the meters tell how they are.
    pub(crate) fn second(&mut self, speak: bool) -> Vec<Act> {
        self.now += 1;
        for home in &mut self.homes {
            home.owed -= home.importing() * 1_000_000 / 3600;
            while home.queue.front().is_some_and(|(at, _)| *at <= self.now) {
                home.mode = home.queue.pop_front().expect("just seen").1;
            }
            if speak {
                home.said = (self.now, home.mode);
            }
        }
        let inputs = self.inputs();
        let acts = self.guard.step(&inputs);
        self.carry_out(&acts);
        acts
    }

    pub(crate) fn order(&mut self, order: GuardOrder) -> Vec<Act> {
        let inputs = self.inputs();
        let acts = self.guard.order(order, &inputs);
        self.carry_out(&acts);
        acts
    }

    /// Only what is stored is left.
    pub(crate) fn restart(&mut self) {
        let stored = serde_json::to_string(&self.guard).expect("json");
        self.guard = serde_json::from_str(&stored).expect("the same again");
        self.began = self.now + 1;
    }

    fn carry_out(&mut self, acts: &[Act]) {
        for act in acts {
            let Act::Switch { meter, mode, .. } = act else {
                continue;
            };
            let home = self.homes.iter_mut().find(|home| home.id == *meter);
            let home = home.expect("a meter of the account");
            if let Some(delay) = home.obeys_in {
                // A broker keeps the order.
                let at = home.queue.back().map_or(0, |(at, _)| *at).max(self.now + delay);
                home.queue.push_back((at, *mode));
            }
        }
    }
}

/// The switches among `acts`.
pub(crate) fn switches(acts: &[Act]) -> Vec<(String, GridMode, Why)> {
    let switch = |act: &Act| match act {
        Act::Switch { meter, mode, why } => Some((meter.to_string(), *mode, *why)),
        Act::Note(_) => None,
    };
    acts.iter().filter_map(switch).collect()
}

/// The steps among `acts`.
pub(crate) fn notes(acts: &[Act]) -> Vec<GuardStep> {
    let note = |act: &Act| match act {
        Act::Note(step) => Some(*step),
        Act::Switch { .. } => None,
    };
    acts.iter().filter_map(note).collect()
}
