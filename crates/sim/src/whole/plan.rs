//! The plan of one seed: how the world is made, and what happens in it when.

use std::time::Duration;

use super::{device, dice::Dice, fuse::Point, wire};

/// How long things go wrong.
pub(super) const STORM: Duration = Duration::from_secs(20 * 60);
const MINUTE: u64 = 60_000;
/// How often the person settles by hand where nothing goes wrong.
const BY_HAND: Duration = Duration::from_secs(11);
/// The account of each meter: of three households one has a second meter, and half of those a second account.
const HOUSEHOLDS: [&[usize]; 6] = [&[0], &[0], &[0], &[0], &[0, 0], &[0, 1]];
/// What the panels give and the appliances want, in W; the weather's and the habits' when absent.
type Power = (Option<u32>, Option<u32>);
const POWERS: [Power; 4] = [
    (None, None),
    (Some(4_000), Some(300)),
    (Some(3_000), Some(0)),
    (Some(0), Some(2_500)),
];

/// How a world is made.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Wei per gas.
    pub(super) base_fee: u64,
    /// Blocks that a transaction must be deep.
    pub(super) confirmations: u32,
    /// Between blocks.
    pub(super) block_time: Duration,
    /// ETK base units per 1000 Wh.
    pub(super) ratio: u64,
    /// Of settling.
    pub(super) period: Duration,
    /// The account of each meter, by their numbers.
    pub(super) accounts: &'static [usize],
    /// Whether meters may be settled while the wallet is locked.
    pub(super) settlement_key: bool,
    /// Of each meter.
    pub(super) powers: Vec<Power>,
    pub(super) beats: device::Beats,
    /// Milliseconds of uptime at first.
    pub(super) uptime: u64,
    pub(super) wire: wire::Rates,
    pub(super) messages: device::Rates,
    /// Of 1000 blocks, so many are replaced or stay empty.
    pub(super) reorganised: u64,
    pub(super) empty: u64,
    /// Nothing goes wrong.
    pub(super) quiet: bool,
    /// In the order of time.
    pub(super) acts: Vec<Turn>,
}

/// Something that happens, to one of the meters where it is about a meter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Since the storm began.
    pub(super) at: Duration,
    pub(super) act: Act,
    pub(super) meter: usize,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Crash(Option<(Point, u32)>),
    Restart,
    SetClock(i64),
    BrokerDown { keeps: bool, length: Duration },
    BrokerUp,
    NodeDown { length: Duration },
    NodeUp,
    DropTransaction,
    Reboot,
    ResetCounters,
    Noise,
    Silence { length: Duration },
    Speak,
    Retain,
    Lock,
    Unlock,
    GiveUpKey,
    WantKey,
    SetRatio(u64),
    SetThreshold(u64),
    TakeGas,
    GiveGas,
    StartCopy,
    StopCopy,
    KeepBackup,
    RestoreBackup,
    LoseDatabase,
    SettleNow,
    SetPower(Option<u32>, Option<u32>),
}

impl Plan {
    /// The plan of `seed`; without faults when it is `quiet`.
    pub(super) fn of(seed: u64, quiet: bool) -> Self {
        let mut dice = Dice::new(seed, "plan");
        // Of their own, so that everything else is as it is with one meter.
        let mut meters = Dice::new(seed, "meters");
        let mut plan = Self {
            accounts: meters.of(&HOUSEHOLDS),
            base_fee: dice.of(&[0, 0, 1_000_000_000]),
            confirmations: dice.pick(1..6) as u32,
            block_time: dice.millis(3_000..15_000),
            ratio: dice.of(&[100_000, 100_000, 100]),
            period: Duration::from_secs(60 * dice.of(&[1, 2, 3])),
            settlement_key: dice.happens(600),
            powers: vec![dice.of(&POWERS)],
            beats: device::Beats {
                sensors: Duration::from_secs(dice.of(&[10, 15, 30])),
                others: Duration::from_secs(120),
            },
            uptime: 0,
            wire: wire::Rates::default(),
            messages: device::Rates::default(),
            reorganised: 0,
            empty: 0,
            quiet,
            acts: Vec::new(),
        };
        let count = plan.accounts.len();
        plan.powers.resize_with(count, || meters.of(&POWERS));
        if quiet {
            let turns = (1..).map(|turn| Turn {
                at: BY_HAND * turn,
                act: Act::SettleNow,
                meter: turn as usize % count,
            });
            plan.acts = turns.take_while(|turn| turn.at < STORM).collect();
            return plan;
        }
        let rate = dice.of(&[0, 5, 20, 60]);
        plan.wire = wire::Rates {
            lost: rate,
            answer_lost: rate,
            delayed: rate / 2,
            duplicated: rate * 5,
        };
        let rate = dice.of(&[0, 5, 20, 80]);
        plan.messages = device::Rates {
            lost: rate,
            delayed: rate,
            duplicated: rate,
            reordered: rate / 2,
        };
        plan.reorganised = dice.of(&[0, 10, 40]);
        plan.empty = dice.of(&[0, 50, 300]);
        if dice.happens(250) {
            plan.uptime = (1 << 32) - dice.pick(2 * MINUTE..20 * MINUTE);
        }
        for _ in 0..dice.pick(4..14) {
            let meter = meters.pick(0..count as u64) as usize;
            plan.add(&mut dice, meter);
        }
        plan.acts.sort_by_key(|turn| turn.at);
        plan
    }

    /// How many wallets own the meters.
    pub(super) fn wallets(&self) -> usize {
        self.accounts.iter().max().map_or(1, |last| last + 1)
    }

    /// The same over sockets: a process dies at any time there, because nobody stands between it and its sockets, and
    /// no counter begins anew, because nobody knows what was heard of it before.
    pub(super) fn over_sockets(mut self) -> Self {
        self.acts
            .retain(|turn| !matches!(turn.act, Act::ResetCounters | Act::DropTransaction));
        for turn in &mut self.acts {
            if let Act::Crash(Some((Point::Question | Point::Answer | Point::Acknowledgement, _))) = turn.act
            {
                turn.act = Act::Crash(None);
            }
        }
        self
    }

    /// Adds one thing that happens to `meter`, and its end where it has one.
    fn add(&mut self, dice: &mut Dice, meter: usize) {
        let at = dice.millis(0..STORM.as_millis() as u64);
        let length = dice.millis(20_000..6 * MINUTE);
        let points = Point::ALL;
        let (act, end) = match dice.pick(0..30) {
            0..=5 => {
                let point = dice.of(&points);
                (Act::Crash(Some((point, dice.pick(1..60) as u32))), None)
            }
            6 => (Act::Crash(None), None),
            7 => (Act::Restart, None),
            8 => (Act::SetClock(-(dice.pick(1_000..90 * MINUTE) as i64)), None),
            9 => (Act::SetClock(dice.pick(1_000..90 * MINUTE) as i64), None),
            10 => {
                let keeps = dice.happens(600);
                (Act::BrokerDown { keeps, length }, Some(Act::BrokerUp))
            }
            11 => (Act::NodeDown { length }, Some(Act::NodeUp)),
            12 | 13 => (Act::DropTransaction, None),
            14 => (Act::Reboot, None),
            15 => (Act::ResetCounters, None),
            16 => (Act::Noise, None),
            17 => (Act::Silence { length }, Some(Act::Speak)),
            18 => (Act::Retain, None),
            19 => (Act::Lock, Some(Act::Unlock)),
            20 => (Act::GiveUpKey, Some(Act::WantKey)),
            21 => (Act::SetRatio(dice.of(&[100, 1_000, 100_000, 123_450])), None),
            22 => (Act::SetThreshold(dice.of(&[1, 50, 150, 400])), None),
            23 => (Act::TakeGas, Some(Act::GiveGas)),
            24 => (Act::StartCopy, Some(Act::StopCopy)),
            25 => (Act::KeepBackup, Some(Act::RestoreBackup)),
            26 => (Act::LoseDatabase, None),
            27 | 28 => (Act::SettleNow, None),
            _ => {
                let power = dice.of(&[(Some(4_500), Some(0)), (Some(0), Some(2_000)), (None, None)]);
                (Act::SetPower(power.0, power.1), None)
            }
        };
        self.acts.push(Turn { at, act, meter });
        if let Some(act) = end {
            let at = at + length;
            self.acts.push(Turn { at, act, meter });
        }
    }
}
