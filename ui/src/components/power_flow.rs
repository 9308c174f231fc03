//! The power flow diagram: sun, home, battery, grid, and what moves between them.

use std::time::Duration;

use enerlink_domain::MicroWatts;
use leptos::prelude::*;

use crate::{
    components::standing::ago,
    feed::feed,
    flow::{Path, Powers, noise_floor},
    format::{self, PowerUnit},
    i18n::{Key, Language, text},
    prefs::prefs,
};

/// What the diagram needs, so that it is drawn again only when one of it changes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Shown {
    powers: Powers,
    rated_power_w: u32,
    produced: String,
    used: String,
}

/// How fresh the measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    /// Nothing was heard yet.
    None,
    /// Within two intervals.
    Fresh,
    /// Older, by so many milliseconds.
    Stale,
}

/// Nobody calls a meter silent that was heard three seconds ago.
const SHORTEST_SILENCE: Duration = Duration::from_secs(3);

/// The card with the diagram.
#[component]
pub(crate) fn FlowCard() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let shown = Memo::new(move |_| {
        feed.state
            .with(|state| {
                let home = state.home.as_ref()?;
                let meter = home.meter.as_ref()?;
                Some(Shown {
                    powers: Powers::of(&meter.device),
                    rated_power_w: meter.meter.rated_power_w,
                    produced: format::energy(language.get(), home.today.produced).text(),
                    used: format::energy(language.get(), home.today.used).text(),
                })
            })
            .unwrap_or_default()
    });
    let heard = Memo::new(move |_| {
        feed.state.with(|state| {
            let device = &state.home.as_ref()?.meter.as_ref()?.device;
            let limit = device.interval_ms.unwrap_or(5000).saturating_mul(2);
            Some((device.sensors.as_ref()?.0, limit, device.link.up))
        })
    });
    let silence = move || heard.get().map(|(at, ..)| feed.now.get().since(at));
    let age = Memo::new(move |_| silence().map(|silence| feed.felt(silence).as_secs()));
    let freshness = Memo::new(move |_| match (heard.get(), silence()) {
        (Some((_, limit, true)), Some(silence))
            if silence <= Duration::from_millis(limit) || feed.felt(silence) <= SHORTEST_SILENCE =>
        {
            Freshness::Fresh
        }
        (Some(_), _) => Freshness::Stale,
        (None, _) => Freshness::None,
    });
    let age_text = move || match age.get() {
        None => String::new(),
        Some(age) => ago(language.get(), Duration::from_secs(age)),
    };
    let chip = move || match freshness.get() {
        Freshness::Fresh => ("chip good", Key::Online),
        Freshness::Stale => ("chip warn", Key::Stale),
        Freshness::None => ("chip", Key::NotHeard),
    };
    view! {
        <section class="card flow-card" class:stale=move || freshness.get() != Freshness::Fresh>
            <header>
                <h2>{text(Key::PowerNow)}</h2>
                <small>{age_text}</small>
                <span class=move || format!("end {}", chip().0)>{move || chip().1.text(language.get())}</span>
            </header>
            <svg class="flow" viewBox="0 0 560 276" role="img" aria-label=move || equation(language.get(), &shown.get().powers)>
                {Path::ALL.map(|path| view! { <Way path=path shown=shown /> }).into_iter().collect_view()}
                <Node place=SUN label=Key::Sun power=Signal::derive(move || shown.get().powers.solar) shown=shown
                    note=Signal::derive(move || shown.get().produced) tone="solar" testid="power-solar" />
                <Node place=GRID label=Key::Grid power=Signal::derive(move || shown.get().powers.grid) shown=shown
                    note=Signal::derive(move || grid_note(language.get(), &shown.get()))
                    tone=Signal::derive(move || grid_tone(&shown.get())) testid="power-grid" />
                <Node place=BATTERY label=Key::Battery power=Signal::derive(move || shown.get().powers.battery)
                    shown=shown note=Signal::derive(move || battery_note(language.get(), &shown.get()))
                    tone="battery" testid="power-battery" />
                <Node place=HOME label=Key::HomePlace power=Signal::derive(move || shown.get().powers.load) shown=shown
                    note=Signal::derive(move || shown.get().used) tone="home" testid="power-load" />
            </svg>
            <p class="equation">{move || equation(language.get(), &shown.get().powers)}</p>
        </section>
    }
}

/// Centres of the four circles.
const SUN: (i32, i32) = (280, 50);
const GRID: (i32, i32) = (64, 138);
const BATTERY: (i32, i32) = (496, 138);
const HOME: (i32, i32) = (280, 226);

#[component]
fn Node(
    place: (i32, i32),
    label: Key,
    power: Signal<Option<MicroWatts>>,
    shown: Memo<Shown>,
    note: Signal<String>,
    #[prop(into)] tone: Signal<&'static str>,
    testid: &'static str,
) -> impl IntoView {
    let language = prefs().language;
    let (x, y) = place;
    let figure = move || {
        let unit = PowerUnit::for_largest(shown.get().powers.largest());
        power.get().map_or("–".to_owned(), |power| {
            unit.figure(language.get(), power).text()
        })
    };
    view! {
        <g class=move || format!("node {}", tone.get())>
            <circle cx=x cy=y r="48" />
            <text class="label" x=x y=y - 16>{text(label)}</text>
            <text class="figure" x=x y=y + 6 data-testid=testid>{figure}</text>
            <text class="note" x=x y=y + 22>{move || note.get()}</text>
        </g>
    }
}

/// One way: a band as wide as its power, and dots that run along it.
#[component]
fn Way(path: Path, shown: Memo<Shown>) -> impl IntoView {
    let (line, tone) = drawing(path);
    let band = Memo::new(move |_| {
        shown.with(|shown| {
            let largest = shown.powers.largest();
            let power = shown.powers.flow().along(path);
            let floor = noise_floor(largest, shown.rated_power_w);
            (power > floor).then(|| Band::of(power, largest))
        })
    });
    move || {
        band.get().map(|band| {
            view! {
                <g class=format!("way {tone}")>
                    <path class="band" d=line stroke-width=band.width() />
                    <path class=format!("dots {}", band.pace()) d=line stroke-width=band.dot() />
                </g>
            }
        })
    }
}

/// A way's power in tenths of the largest, so that it is not redrawn for every watt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Band(u8);

impl Band {
    fn of(power: u64, largest: u64) -> Self {
        let tenths = (u128::from(power) * 10).div_ceil(u128::from(largest.max(1)));
        Self(u8::try_from(tenths).unwrap_or(10).clamp(1, 10))
    }

    fn width(self) -> String {
        format!("{:.1}", 2.0 + f64::from(self.0))
    }

    fn dot(self) -> String {
        format!("{:.1}", 1.6 + f64::from(self.0) * 0.22)
    }

    fn pace(self) -> &'static str {
        match self.0 {
            0..=3 => "slow",
            4..=7 => "middle",
            _ => "fast",
        }
    }
}

/// Where a way runs, from source to sink, and its colour.
fn drawing(path: Path) -> (&'static str, &'static str) {
    match path {
        Path::SunToHome => ("M280 98V178", "solar"),
        Path::SunToGrid => ("M261 94C258 128 196 138 112 138", "export"),
        Path::SunToBattery => ("M299 94C302 128 364 138 448 138", "battery"),
        Path::GridToHome => ("M112 138C196 138 258 148 261 182", "import"),
        Path::BatteryToHome => ("M448 138C364 138 302 148 299 182", "battery"),
        Path::BatteryToGrid => ("M448 138H112", "export"),
        Path::GridToBattery => ("M112 138H448", "import"),
    }
}

fn grid_tone(shown: &Shown) -> &'static str {
    match direction(shown, shown.powers.grid) {
        1 => "export",
        -1 => "import",
        _ => "idle",
    }
}

fn grid_note(language: Language, shown: &Shown) -> String {
    let key = match direction(shown, shown.powers.grid) {
        1 => Key::ExportingArrow,
        -1 => Key::ImportingArrow,
        _ if shown.powers.grid.is_none() => return String::new(),
        _ => Key::Idle,
    };
    key.text(language).to_owned()
}

fn battery_note(language: Language, shown: &Shown) -> String {
    let key = match direction(shown, shown.powers.battery) {
        1 => Key::ChargingArrow,
        -1 => Key::DischargingArrow,
        _ if shown.powers.battery.is_none() => return String::new(),
        _ => Key::Idle,
    };
    key.text(language).to_owned()
}

/// The sign of a power above the noise floor.
fn direction(shown: &Shown, power: Option<MicroWatts>) -> i64 {
    let power = power.unwrap_or_default().0;
    let floor = noise_floor(shown.powers.largest(), shown.rated_power_w);
    if power.unsigned_abs() > floor {
        power.signum()
    } else {
        0
    }
}

/// What comes in equals what goes out, and the difference is named.
pub(crate) fn equation(language: Language, powers: &Powers) -> String {
    let unit = PowerUnit::for_largest(powers.largest());
    let term = |key: Key, power: i64| {
        format!(
            "{} {}",
            key.text(language),
            unit.digits(language, MicroWatts(power))
        )
    };
    let (mut inflow, mut outflow) = (Vec::new(), Vec::new());
    let mut put = |key: Key, power: Option<MicroWatts>, in_sign: i64| {
        let seen = |power: &i64| {
            unit.digits(language, MicroWatts(*power)) != unit.digits(language, MicroWatts::ZERO)
        };
        let Some(power) = power.map(|power| power.0).filter(seen) else {
            return;
        };
        let side = if power.signum() == in_sign {
            &mut inflow
        } else {
            &mut outflow
        };
        side.push(term(key, power));
    };
    put(Key::SunSmall, powers.solar, 1);
    put(Key::GridSmall, powers.grid, -1);
    put(Key::BatterySmall, powers.battery, -1);
    put(Key::HomeSmall, powers.load, -1);
    let rest = powers.flow().unaccounted();
    if unit.digits(language, MicroWatts(rest)) != unit.digits(language, MicroWatts::ZERO) {
        let side = if rest > 0 { &mut outflow } else { &mut inflow };
        side.push(term(Key::Unaccounted, rest));
    }
    if inflow.is_empty() && outflow.is_empty() {
        return Key::NothingMoves.text(language).to_owned();
    }
    let zero = || vec![unit.digits(language, MicroWatts::ZERO)];
    let [inflow, outflow] =
        [inflow, outflow].map(|side| if side.is_empty() { zero() } else { side }.join(" + "));
    format!("{inflow} = {outflow} {}", unit.symbol())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watts(value: i64) -> Option<MicroWatts> {
        Some(MicroWatts(value * 1_000_000))
    }

    #[test]
    fn both_sides_add_up_and_the_difference_is_named() {
        for (name, powers, expected) in [
            (
                "sunny",
                Powers {
                    solar: watts(2840),
                    load: watts(830),
                    grid: watts(1620),
                    battery: watts(380),
                },
                "sun 2.84 = grid 1.62 + battery 0.38 + home 0.83 + unaccounted 0.01 kW",
            ),
            (
                "night",
                Powers {
                    solar: watts(0),
                    load: watts(900),
                    grid: watts(-500),
                    battery: watts(-300),
                },
                "grid 0.50 + battery 0.30 + unaccounted 0.10 = home 0.90 kW",
            ),
            (
                "a bench",
                Powers {
                    solar: watts(1),
                    load: watts(1),
                    grid: None,
                    battery: None,
                },
                "sun 1.00 = home 1.00 W",
            ),
            ("nothing", Powers::default(), "nothing moves"),
        ] {
            assert_eq!(equation(Language::English, &powers), expected, "{name}");
        }
    }

    #[test]
    fn bands_grow_with_power() {
        assert_eq!(
            [Band::of(1, 1000), Band::of(500, 1000), Band::of(1000, 1000)],
            [Band(1), Band(5), Band(10)]
        );
    }
}
