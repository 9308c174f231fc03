//! A home with panels, a battery, appliances and a grid switch: deterministic, exact, without a clock of its own.
//!
//! Power is constant within each simulated second and decided at its beginning from the time of day, the seed and the
//! battery; energy is the exact integral of it. So two homes with one seed agree to the micro-watt-hour, however their
//! time is cut into steps. At every moment
//! `solar + discharge + import = load + charge + export`: what the sun could give more is curtailed, and what the
//! appliances want more is not served.

mod config;
mod counter;
mod device;
mod envelope;
mod message;
mod meter;
#[cfg(test)]
mod tests;
mod weather;

use enerlink_domain::{MicroWh, UnixMillis, reading::GridMode};

pub use config::HomeConfig;
use counter::Counter;
use device::Outputs;
pub use device::{Answer, Intervals};
pub use meter::{Manners, SimMeter, SimMeterConfig, Snapshot};

/// One micro-watt for one millisecond, of which a micro-watt-hour has 3.6 million.
type Fine = u128;
const MS_PER_HOUR: Fine = 3_600_000;
const MICRO: u64 = 1_000_000;
/// Power is decided anew this often.
const QUANTUM_MS: i64 = 1000;
const DAY_MS: i64 = 86_400_000;

/// Power at one moment, in µW; all are magnitudes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// From the panels, what is curtailed not counted.
    pub solar: u64,
    /// To the appliances, what is not served not counted.
    pub load: u64,
    /// To the grid.
    pub export: u64,
    /// From the grid.
    pub import: u64,
    /// Into the battery.
    pub charge: u64,
    /// Out of the battery.
    pub discharge: u64,
    /// What the panels could have given and nobody took.
    pub curtailed: u64,
    /// What the appliances wanted and nobody gave.
    pub unserved: u64,
}

/// What really went through the meter since the home was built, whatever was reset since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// To the grid.
    pub export: MicroWh,
    /// From the grid.
    pub import: MicroWh,
}

/// Settings that replace the weather and the habits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Overrides {
    solar_w: Option<u32>,
    load_w: Option<u32>,
}

/// A home at one moment of simulated time.
#[derive(Clone, Debug)]
pub struct Home {
    config: HomeConfig,
    seed: u64,
    now: i64,
    booted: i64,
    day: i64,
    mode: GridMode,
    overrides: Overrides,
    flow: Flow,
    /// Until when `flow` holds.
    flow_until: i64,
    solar: Counter,
    load: Counter,
    export: Counter,
    import: Counter,
    charge: Counter,
    discharge: Counter,
    stored: Fine,
    outputs: Outputs,
}

impl Home {
    /// A home whose device boots at `start`. The same seed makes the same clouds and habits.
    pub fn new(config: HomeConfig, seed: u64, start: UnixMillis) -> Self {
        let capacity = Fine::from(config.battery_wh) * Fine::from(MICRO) * MS_PER_HOUR;
        let mut home = Self {
            stored: capacity * Fine::from(config.charge_percent.min(100)) / 100,
            mode: config.mode,
            seed,
            now: start.0,
            booted: start.0,
            day: 0,
            overrides: Overrides::default(),
            flow: Flow::default(),
            flow_until: start.0,
            solar: Counter::default(),
            load: Counter::default(),
            export: Counter::default(),
            import: Counter::default(),
            charge: Counter::default(),
            discharge: Counter::default(),
            outputs: Outputs::new(&config.relays),
            config,
        };
        home.day = home.day_of(home.now);
        home.decide();
        home
    }

    /// Lets time pass until `to`, and returns the power at that moment. A moment that is past changes nothing.
    pub fn step(&mut self, to: UnixMillis) -> Flow {
        while self.now < to.0 {
            let until = self.flow_until.min(to.0);
            self.integrate(until - self.now);
            self.now = until;
            if self.now == self.flow_until {
                self.decide();
            }
        }
        self.flow
    }

    /// The moment that the home has reached.
    pub fn now(&self) -> UnixMillis {
        UnixMillis(self.now)
    }

    /// The grid switch.
    pub fn mode(&self) -> GridMode {
        self.mode
    }

    /// What really went through the meter.
    pub fn totals(&self) -> Totals {
        Totals {
            export: self.export.ever(),
            import: self.import.ever(),
        }
    }

    /// What is in the battery.
    pub fn stored(&self) -> MicroWh {
        MicroWh(counter::micro_wh(self.stored))
    }

    /// Replaces what the panels could give, in W; `None` gives the weather back.
    pub fn set_solar(&mut self, watts: Option<u32>) {
        self.overrides.solar_w = watts;
        self.decide();
    }

    /// Replaces what the appliances want, in W; `None` gives the habits back.
    pub fn set_load(&mut self, watts: Option<u32>) {
        self.overrides.load_w = watts;
        self.decide();
    }

    /// Turns the grid switch.
    pub fn set_mode(&mut self, mode: GridMode) {
        self.mode = mode;
        self.decide();
    }

    /// The device has been up for so many milliseconds.
    pub fn set_uptime(&mut self, milliseconds: u64) {
        self.booted = self.now.saturating_sub_unsigned(milliseconds);
    }

    /// The device starts again: uptime 0, everything else kept.
    pub fn reboot(&mut self) {
        self.booted = self.now;
    }

    /// The device starts again as new: all counters 0.
    pub fn factory_reset(&mut self) {
        self.reboot();
        for counter in self.counters() {
            counter.reset();
        }
    }

    fn counters(&mut self) -> [&mut Counter; 6] {
        [
            &mut self.solar,
            &mut self.load,
            &mut self.export,
            &mut self.import,
            &mut self.charge,
            &mut self.discharge,
        ]
    }

    /// Adds the energy of `milliseconds` of the present power.
    fn integrate(&mut self, milliseconds: i64) {
        let time = Fine::from(milliseconds.unsigned_abs());
        let flow = self.flow;
        let flows = [
            flow.solar,
            flow.load,
            flow.export,
            flow.import,
            flow.charge,
            flow.discharge,
        ];
        for (counter, power) in self.counters().into_iter().zip(flows) {
            counter.add(Fine::from(power) * time);
        }
        // `decide` bounds both, so that the battery is never overfull or below empty.
        self.stored = self.stored + Fine::from(flow.charge) * time - Fine::from(flow.discharge) * time;
    }

    /// Decides the power until the end of this second.
    fn decide(&mut self) {
        let day = self.day_of(self.now);
        if day != self.day {
            self.day = day;
            for counter in self.counters() {
                counter.begin_day();
            }
        }
        self.flow_until = (self.now.div_euclid(QUANTUM_MS) + 1) * QUANTUM_MS;
        let second = self.now.div_euclid(QUANTUM_MS) * QUANTUM_MS;
        let (sun, wish) = weather::at(&self.config, self.seed, self.local(second));
        let watts = |watts: u32| u64::from(watts) * MICRO;
        let sun = self.overrides.solar_w.map_or(sun, watts);
        let wish = self.overrides.load_w.map_or(wish, watts);
        self.flow = self.share(sun, wish);
    }

    /// Shares `sun` and `wish` (µW) between appliances, battery and grid, in this order.
    ///
    /// The switch: `export` is on grid, both ways; `import` takes from the grid but gives nothing; `off` is an island.
    fn share(&self, sun: u64, wish: u64) -> Flow {
        let rated = u64::from(self.config.rated_power_w) * MICRO;
        let (room, stock) = self.battery_limits();
        let surplus = sun.saturating_sub(wish);
        let charge = surplus.min(room);
        let offered = surplus - charge;
        let export = if self.mode == GridMode::Export {
            offered.min(rated)
        } else {
            0
        };
        let deficit = wish.saturating_sub(sun);
        let discharge = deficit.min(stock);
        let asked = deficit - discharge;
        let import = if self.mode == GridMode::Off {
            0
        } else {
            asked.min(rated)
        };
        Flow {
            solar: sun - (offered - export),
            load: wish - (asked - import),
            export,
            import,
            charge,
            discharge,
            curtailed: offered - export,
            unserved: asked - import,
        }
    }

    /// The most that the battery can take and give until the end of this second, in µW.
    fn battery_limits(&self) -> (u64, u64) {
        let capacity = Fine::from(self.config.battery_wh) * Fine::from(MICRO) * MS_PER_HOUR;
        let time = Fine::from((self.flow_until - self.now).max(1).unsigned_abs());
        let limit = u64::from(self.config.battery_w) * MICRO;
        let bounded = |energy: Fine| u64::try_from(energy / time).unwrap_or(limit).min(limit);
        (
            bounded(capacity.saturating_sub(self.stored)),
            bounded(self.stored),
        )
    }

    /// Milliseconds of the home's own clock.
    fn local(&self, at: i64) -> i64 {
        at + i64::from(self.config.utc_offset_minutes) * 60_000
    }

    fn day_of(&self, at: i64) -> i64 {
        self.local(at).div_euclid(DAY_MS)
    }

    /// Milliseconds since boot, as a 32-bit device counts them: from 2^32 on it starts at 0 again.
    pub(crate) fn uptime(&self) -> u32 {
        (self.now - self.booted) as u32
    }
}
