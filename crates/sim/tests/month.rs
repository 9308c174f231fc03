//! A month of a simulated home: what is estimated at each period's end is what is then settled.

use std::time::Duration;

use enerlink_domain::{
    Etk, MicroWh, Registers, UnixMillis, WattHours,
    estimate::{Figures, Owing},
    reading::Units,
    register::{CounterSource, Delivery, Pair},
    settlement::{Bucket, Due, Terms, Watermark},
};
use enerlink_meter::{Channel, Message, decode};
use enerlink_sim::home::{Home, HomeConfig};

/// 2025-11-02T00:00:00Z.
const MIDNIGHT: UnixMillis = UnixMillis(1_762_041_600_000);
const PERIOD: Duration = Duration::from_secs(300);
const READING: Duration = Duration::from_secs(100);
const RATED_POWER_W: u32 = 10_000;
const MINIMUM: WattHours = WattHours(100);

/// The chain's side of one meter at one ratio, by the contract's arithmetic.
struct Books {
    ratio: u64,
    opened: Watermark,
    watermark: Watermark,
    carry: i64,
    balance: Etk,
    settled: u32,
    unpaid: u32,
}

impl Books {
    fn open(ratio: u64, watermark: Watermark) -> Self {
        Self {
            ratio,
            opened: watermark,
            watermark,
            carry: 0,
            balance: Etk::ZERO,
            settled: 0,
            unpaid: 0,
        }
    }

    fn terms(&self, now: UnixMillis) -> Terms {
        Terms {
            watermark: self.watermark,
            minimum: MINIMUM,
            ratio: self.ratio,
            carry: self.carry,
            balance: Some(self.balance),
            bucket: Some(Bucket {
                rated_power_w: RATED_POWER_W,
                cleared_at: 0,
                now: u64::try_from(now.0 / 1000).expect("after 1970"),
            }),
        }
    }

    fn owing(&self, now: Pair<MicroWh>, start: (UnixMillis, Pair<MicroWh>), end: UnixMillis) -> Owing {
        Owing {
            registers: now,
            settled: self.watermark,
            terms: self.terms(end),
            since: start.0,
            at_start: start.1,
        }
    }

    /// The end of a period at `now`, for which `figures` were estimated at that moment.
    fn end_period(&mut self, registers: Pair<MicroWh>, now: UnixMillis, figures: &Figures) {
        assert_eq!(
            figures.energy_now, figures.energy_at_end,
            "nothing is left to come"
        );
        assert_eq!(figures.etk_now, figures.etk_at_end);
        let due = self.terms(now).due(registers.export, registers.import);
        assert_eq!((figures.due_now, figures.due_at_end), (due, due), "{now}");
        match due {
            Due::Settle { to, energy } => {
                let (etk, carry) = Etk::from_energy(energy, self.ratio, self.carry);
                assert_eq!((figures.energy_now, figures.etk_now), (energy, etk), "{now}");
                self.balance.0 += etk.0;
                (self.watermark, self.carry) = (to, carry);
                self.settled += 1;
            }
            Due::BelowMinimum { energy, .. } => {
                assert_eq!(figures.energy_now, energy, "{now}");
                assert!(energy.magnitude() < MINIMUM);
            }
            Due::InsufficientEtk { missing } => {
                assert_eq!(self.balance.0 + figures.etk_now.0, -missing.0, "{now}");
                self.unpaid += 1;
            }
            Due::BucketFull => panic!("the home carries less than its rated power"),
        }
    }

    /// Everything that was settled, at once: nothing was rounded away on the way.
    fn close(&self) {
        let energy = self.watermark.net_since(self.opened).expect("in range");
        let paid = self.balance.0 * 1000 + i128::from(self.carry);
        assert_eq!(paid, i128::from(energy.0) * i128::from(self.ratio));
    }
}

#[test]
fn the_estimate_at_each_periods_end_is_what_is_settled() {
    let mut home = Home::new(HomeConfig::default(), 11, MIDNIGHT);
    let mut registers = Registers::new(CounterSource::Total);
    let hear = |registers: &mut Registers, home: &Home| {
        let text = home.sensors_json();
        let Ok(Message::Sensors(sensors)) = decode(Channel::Sensors, text.as_bytes(), Units::Milli) else {
            panic!("no sensors message: {text}");
        };
        registers.apply(&sensors, home.now(), Delivery::First, RATED_POWER_W);
        Pair {
            export: registers.export,
            import: registers.import,
        }
    };
    let first = hear(&mut registers, &home);
    let opened = Watermark {
        export: first.export.floor_wh(),
        import: first.import.floor_wh(),
    };
    // 1 Wh is 1 ETK, 1 kWh is 1 ETK, and one that leaves a remainder each time.
    let mut books = [100_000, 100, 1_230].map(|ratio| Books::open(ratio, opened));
    let mut start = (home.now(), first);
    for period in 1..=30 * 288_u32 {
        let end = MIDNIGHT.plus(PERIOD * period);
        let mut now = start.1;
        while home.now() < end {
            home.step(home.now().plus(READING));
            now = hear(&mut registers, &home);
        }
        for book in &mut books {
            let figures = book.owing(now, start, end).figures(end, end);
            book.end_period(now, end, &figures);
        }
        start = (end, now);
    }
    for book in &books {
        book.close();
        assert!(
            book.settled > 1_000,
            "{} settlements at {}",
            book.settled,
            book.ratio
        );
    }
}
