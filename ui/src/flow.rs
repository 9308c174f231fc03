//! Where power comes from and where it goes, from what the meter measures; what does not add up is said.

use enerlink_domain::{DeviceState, MicroWatts, Sensors, Subsystem, reading::BatteryState};

/// The four places of a home, as the meter measures them; none where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Powers {
    /// Generated.
    pub solar: Option<MicroWatts>,
    /// Used.
    pub load: Option<MicroWatts>,
    /// Positive is export.
    pub grid: Option<MicroWatts>,
    /// Positive is charging.
    pub battery: Option<MicroWatts>,
}

impl Powers {
    /// The last measurement of a meter.
    pub(crate) fn of(device: &DeviceState) -> Self {
        device
            .sensors
            .as_ref()
            .map(|(_, sensors)| Self::measured(sensors))
            .unwrap_or_default()
    }

    fn measured(sensors: &Sensors) -> Self {
        let magnitude = |part: &Option<Subsystem>| {
            part.as_ref()
                .and_then(|part| Some(MicroWatts(part.power?.0.saturating_abs())))
        };
        let active = |part: &Option<Subsystem>| {
            let idle = part.as_ref().is_some_and(|part| part.active == Some(false));
            if idle {
                Some(MicroWatts::ZERO)
            } else {
                magnitude(part)
            }
        };
        let grid = match (active(&sensors.export), active(&sensors.import)) {
            (None, None) => None,
            (export, import) => Some(MicroWatts(
                export
                    .unwrap_or_default()
                    .0
                    .saturating_sub(import.unwrap_or_default().0),
            )),
        };
        let battery = sensors.battery.as_ref().and_then(|battery| {
            let power = battery.power?.0.saturating_abs();
            match battery.state {
                Some(BatteryState::Charging) => Some(MicroWatts(power)),
                Some(BatteryState::Discharging) => Some(MicroWatts(-power)),
                Some(BatteryState::Idle) | None => Some(MicroWatts::ZERO),
            }
        });
        Self {
            solar: magnitude(&sensors.solar),
            load: magnitude(&sensors.load),
            grid,
            battery,
        }
    }

    /// The largest magnitude.
    pub(crate) fn largest(&self) -> u64 {
        [self.solar, self.load, self.grid, self.battery]
            .into_iter()
            .flatten()
            .map(|power| power.0.unsigned_abs())
            .max()
            .unwrap_or(0)
    }

    /// How the sources feed the sinks: the sun serves the home first, then the battery, then the grid; the battery
    /// and the grid fill what is left. No path carries more than its source gives or its sink takes.
    pub(crate) fn flow(&self) -> Flow {
        let part = |power: Option<MicroWatts>, sign: i64| {
            u64::try_from(power.unwrap_or_default().0.saturating_mul(sign)).unwrap_or(0)
        };
        let mut sources = [part(self.solar, 1), part(self.battery, -1), part(self.grid, -1)];
        let mut sinks = [part(self.load, 1), part(self.battery, 1), part(self.grid, 1)];
        let (inflow, outflow) = (sources.iter().sum::<u64>(), sinks.iter().sum::<u64>());
        let mut paths = [0; 7];
        for (path, slot) in Path::ALL.into_iter().zip(&mut paths) {
            let (source, sink) = path.ends();
            let moved = sources[source].min(sinks[sink]);
            sources[source] -= moved;
            sinks[sink] -= moved;
            *slot = moved;
        }
        Flow {
            paths,
            inflow,
            outflow,
        }
    }
}

/// A way from a source to a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    SunToHome,
    SunToBattery,
    SunToGrid,
    BatteryToHome,
    GridToHome,
    BatteryToGrid,
    GridToBattery,
}

impl Path {
    /// Every way, in the order in which they are served.
    pub(crate) const ALL: [Self; 7] = [
        Self::SunToHome,
        Self::SunToBattery,
        Self::SunToGrid,
        Self::BatteryToHome,
        Self::GridToHome,
        Self::BatteryToGrid,
        Self::GridToBattery,
    ];

    /// Index among sun, battery, grid as sources and among home, battery, grid as sinks.
    fn ends(self) -> (usize, usize) {
        match self {
            Self::SunToHome => (0, 0),
            Self::SunToBattery => (0, 1),
            Self::SunToGrid => (0, 2),
            Self::BatteryToHome => (1, 0),
            Self::BatteryToGrid => (1, 2),
            Self::GridToHome => (2, 0),
            Self::GridToBattery => (2, 1),
        }
    }
}

/// Power along every way, in µW.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    paths: [u64; 7],
    /// Sum of the sources.
    pub inflow: u64,
    /// Sum of the sinks.
    pub outflow: u64,
}

impl Flow {
    /// Power along one way.
    pub(crate) fn along(&self, path: Path) -> u64 {
        Path::ALL
            .into_iter()
            .zip(self.paths)
            .find(|(known, _)| *known == path)
            .map_or(0, |(_, power)| power)
    }

    /// What comes in and does not go out (positive), or goes out and does not come in (negative).
    pub(crate) fn unaccounted(&self) -> i64 {
        i64::try_from(i128::from(self.inflow) - i128::from(self.outflow)).unwrap_or(i64::MAX)
    }
}

/// Power below which nothing is drawn: half a percent of the largest power, and a two-thousandth of the rated one.
pub(crate) fn noise_floor(largest: u64, rated_power_w: u32) -> u64 {
    (largest / 200)
        .max(u64::from(rated_power_w) * 1_000_000 / 2000)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watts(value: i64) -> Option<MicroWatts> {
        Some(MicroWatts(value * 1_000_000))
    }

    fn check(name: &str, powers: Powers, expected: &[(Path, u64)], unaccounted: i64) {
        let flow = powers.flow();
        for path in Path::ALL {
            let watts = expected
                .iter()
                .find(|(known, _)| *known == path)
                .map_or(0, |(_, watts)| *watts);
            assert_eq!(flow.along(path), watts * 1_000_000, "{name}: {path:?}");
        }
        assert_eq!(flow.unaccounted(), unaccounted * 1_000_000, "{name}");
    }

    #[test]
    fn sources_feed_sinks_and_the_rest_is_said() {
        let sunny = Powers {
            solar: watts(2840),
            load: watts(830),
            grid: watts(1620),
            battery: watts(380),
        };
        check(
            "a sunny noon",
            sunny,
            &[
                (Path::SunToHome, 830),
                (Path::SunToBattery, 380),
                (Path::SunToGrid, 1620),
            ],
            10,
        );
        let night = Powers {
            solar: watts(0),
            load: watts(900),
            grid: watts(-500),
            battery: watts(-380),
        };
        check(
            "night",
            night,
            &[(Path::BatteryToHome, 380), (Path::GridToHome, 500)],
            -20,
        );
        let charging = Powers {
            solar: watts(100),
            load: watts(50),
            grid: watts(-250),
            battery: watts(300),
        };
        check(
            "charging from the grid",
            charging,
            &[
                (Path::SunToHome, 50),
                (Path::SunToBattery, 50),
                (Path::GridToBattery, 250),
            ],
            0,
        );
        let selling = Powers {
            solar: None,
            load: watts(100),
            grid: watts(200),
            battery: watts(-300),
        };
        check(
            "selling from the battery",
            selling,
            &[(Path::BatteryToHome, 100), (Path::BatteryToGrid, 200)],
            0,
        );
        check("nothing is known", Powers::default(), &[], 0);
    }

    #[test]
    fn no_way_carries_more_than_its_ends() {
        for solar in [0, 7, 1000] {
            for load in [0, 5, 900] {
                for grid in [-800, -3, 0, 3, 800] {
                    for battery in [-400, 0, 400] {
                        let powers = Powers {
                            solar: watts(solar),
                            load: watts(load),
                            grid: watts(grid),
                            battery: watts(battery),
                        };
                        let flow = powers.flow();
                        let moved: u64 = Path::ALL.into_iter().map(|path| flow.along(path)).sum();
                        assert!(moved <= flow.inflow && moved <= flow.outflow, "{powers:?}");
                        assert_eq!(moved, flow.inflow.min(flow.outflow), "{powers:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_battery_state_gives_the_direction() {
        let measured = |state, power| {
            let battery = Subsystem {
                power: watts(power),
                state,
                ..Subsystem::default()
            };
            Powers::measured(&Sensors {
                battery: Some(battery),
                ..Sensors::default()
            })
            .battery
        };
        assert_eq!(measured(Some(BatteryState::Charging), 152), watts(152));
        assert_eq!(measured(Some(BatteryState::Discharging), 152), watts(-152));
        assert_eq!(measured(Some(BatteryState::Idle), 1), watts(0));
    }

    #[test]
    fn grid_power_is_export_less_import_and_missing_is_missing() {
        let side = |power, active| {
            Some(Subsystem {
                power: watts(power),
                active,
                ..Subsystem::default()
            })
        };
        let grid = |export, import| {
            Powers::measured(&Sensors {
                export,
                import,
                ..Sensors::default()
            })
            .grid
        };
        assert_eq!(grid(side(1620, Some(true)), side(0, Some(false))), watts(1620));
        assert_eq!(grid(side(3, Some(false)), side(500, Some(true))), watts(-500));
        assert_eq!(grid(None, side(500, None)), watts(-500));
        assert_eq!(grid(None, None), None);
    }
}
