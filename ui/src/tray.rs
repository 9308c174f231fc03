//! What the tray shows, in the person's language: power and tokens beside the icon, and what can be done without the
//! window. What is covered in the window is covered here.

use std::time::Duration;

use enerlink_domain::{Etk, MicroWatts, Readiness, device::Presence};
use enerlink_ipc::{
    ShowTray, ShowWindow,
    desktop::{TrayAct, TrayEntry, TrayFace, Wish},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    flow::Powers,
    format::{self, Sign},
    i18n::{Key, Language},
    ipc,
    live::LiveState,
    verbs::{Means, Verb},
};

/// The least time between two faces: nobody reads faster.
const PAUSE: Duration = Duration::from_millis(500);

/// Keeps the tray as the window is, and does what is wished there.
pub(crate) fn follow(means: Means) {
    let Means { feed, session, prefs } = means;
    let face = Memo::new(move |_| {
        let paused = means.paused();
        let (language, hidden) = (prefs.language.get(), prefs.hidden.get());
        feed.state.with(|state| face(language, state, hidden, paused))
    });
    let planned = StoredValue::new(false);
    let send = move || {
        planned.set_value(false);
        let (face, closing) = (face.get_untracked(), prefs.closing.get_untracked());
        // A core that does not take it has ended.
        spawn_local(async move { drop(ipc::call(&ShowTray { face, closing }).await) });
    };
    Effect::new(move || {
        face.track();
        prefs.closing.track();
        if !planned.get_value() {
            planned.set_value(true);
            set_timeout(send, PAUSE);
        }
    });
    let wished = move |wish| match wish {
        Wish::AskClosing | Wish::AskQuitting => session.parting.set(Some(wish)),
        Wish::Act(act) => means.act(act),
    };
    spawn_local(async move {
        // Without them the tray still opens, locks and quits.
        drop(ipc::subscribe_wishes(wished).await);
    });
}

impl Means {
    /// Does what an entry of the tray says, as far as it is not the core's to do.
    fn act(self, act: TrayAct) {
        match act {
            TrayAct::Settle => {
                self.run(Verb::Settle);
                // The password is asked for in the window.
                if self.session.unlocking.get_untracked() {
                    spawn_local(async { drop(ipc::call(&ShowWindow {}).await) });
                }
            }
            TrayAct::Pause => self.run(Verb::Automatic { pause: true }),
            TrayAct::Resume => self.run(Verb::Automatic { pause: false }),
            TrayAct::Open | TrayAct::Lock | TrayAct::Quit => {}
        }
    }
}

/// What the tray shows; `paused` is whether automatic settlement rests, as far as that is known.
fn face(language: Language, state: &LiveState, hidden: bool, paused: Option<bool>) -> TrayFace {
    let entry = |act, label: Key, enabled| TrayEntry {
        act,
        label: label.text(language).to_owned(),
        enabled,
    };
    let (turn, turn_label) = if paused == Some(true) {
        (TrayAct::Resume, Key::VerbResume)
    } else {
        (TrayAct::Pause, Key::VerbPause)
    };
    let estimate = state.home.as_ref().and_then(|home| home.estimate.as_ref());
    let settles = estimate.is_some_and(|estimate| estimate.readiness != Readiness::Settling);
    TrayFace {
        tooltip: [power(language, state), tokens(language, state, hidden)]
            .into_iter()
            .flatten()
            .collect(),
        entries: vec![
            entry(TrayAct::Open, Key::TrayOpen, true),
            entry(TrayAct::Settle, Key::VerbSettle, settles),
            entry(turn, turn_label, paused.is_some()),
            entry(TrayAct::Lock, Key::Lock, state.unlocked()),
            entry(TrayAct::Quit, Key::Quit, true),
        ],
    }
}

/// What comes from the roof and goes through the grid, as long as the meter of Home is heard.
fn power(language: Language, state: &LiveState) -> Option<String> {
    let device = &state.home.as_ref()?.meter.as_ref()?.device;
    if device.presence != Presence::Online {
        let [meter, offline] = [Key::Meter, Key::Offline].map(|key| key.text(language));
        return Some(format!("{meter}: {offline}"));
    }
    let powers = Powers::of(device);
    let watts = |power: MicroWatts| format::power(language, MicroWatts(power.0.saturating_abs()));
    let sun = powers
        .solar
        .map(|power| format!("{} {}", Key::Sun.text(language), watts(power)));
    let grid = powers.grid.map(|power| {
        let way = match power.0 {
            0 => Key::Grid,
            1.. => Key::Exporting,
            _ => Key::Importing,
        };
        format!("{} {}", way.text(language), watts(power))
    });
    let parts: Vec<String> = [sun, grid].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// What the account holds, and what the period will bring.
fn tokens(language: Language, state: &LiveState, hidden: bool) -> Option<String> {
    let shown = |amount: Etk, sign| match hidden {
        true => format::HIDDEN.to_owned(),
        false => format::etk(language, amount, sign),
    };
    let held = state.balances_of(state.account()?)?.etk;
    let held = format!("{} ETK", shown(held, Sign::Negative));
    let estimate = state.home.as_ref().and_then(|home| home.estimate.as_ref());
    let Some(estimate) = estimate else {
        return Some(held);
    };
    let due = shown(Etk(estimate.etk_at_end.0), Sign::Always);
    Some(format!("{held} · {} {due}", Key::TrayPeriod.text(language)))
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        Idrs, Sensors, Subsystem, UnixMillis, Wei,
        event::{Balances, VaultState},
    };

    use super::*;
    use crate::live::tests::{ACCOUNT, home, state_with};

    const EN: Language = Language::English;

    fn state() -> LiveState {
        let mut home = home();
        home.balances = Some(Balances {
            account: ACCOUNT,
            etk: Etk(123_400),
            idrs: Idrs(0),
            native: Wei(0),
            block: 1,
        });
        if let Some(meter) = &mut home.meter {
            let watts = |watts: i64| {
                Some(Subsystem {
                    power: Some(MicroWatts(watts * 1_000_000)),
                    ..Subsystem::default()
                })
            };
            let sensors = Sensors {
                solar: watts(1_280),
                export: watts(900),
                import: watts(0),
                ..Sensors::default()
            };
            meter.device.sensors = Some((UnixMillis(1000), sensors));
        }
        state_with(home)
    }

    fn entry(face: &TrayFace, act: TrayAct) -> &TrayEntry {
        let mut entries = face.entries.iter();
        entries.find(|entry| entry.act == act).expect("an entry")
    }

    #[test]
    fn the_tooltip_tells_power_and_tokens_and_covers_what_is_covered() {
        let shown = face(EN, &state(), false, None).tooltip;
        assert_eq!(shown[0].replace('\u{a0}', " "), "Sun 1.28 kW · exporting 0.90 kW");
        assert_eq!(shown[1], "1,234.00 ETK · this period 0.00");
        let covered = face(EN, &state(), true, None).tooltip;
        assert_eq!(covered[0], shown[0]);
        assert_eq!(covered[1], "••••• ETK · this period •••••");
        let indonesian = face(Language::Indonesian, &state(), false, None).tooltip;
        assert!(indonesian[0].starts_with("Surya 1,28"), "{indonesian:?}");
    }

    #[test]
    fn a_meter_that_is_not_heard_has_no_power() {
        let mut state = state();
        let meter = state.home.as_mut().and_then(|home| home.meter.as_mut());
        meter.expect("a meter").device.presence = Presence::Stale;
        assert_eq!(face(EN, &state, false, None).tooltip[0], "Meter: offline");
        assert_eq!(face(EN, &LiveState::default(), false, None).tooltip, [""; 0]);
    }

    #[test]
    fn entries_are_there_always_and_enabled_when_they_would_do_something() {
        let bare = face(EN, &LiveState::default(), false, None);
        assert_eq!(bare.entries.len(), 5);
        for (act, enabled) in [
            (TrayAct::Open, true),
            (TrayAct::Settle, false),
            (TrayAct::Pause, false),
            (TrayAct::Lock, false),
            (TrayAct::Quit, true),
        ] {
            assert_eq!(entry(&bare, act).enabled, enabled, "{act:?}");
        }
        let paused = face(EN, &state(), false, Some(true));
        assert!(entry(&paused, TrayAct::Resume).enabled && entry(&paused, TrayAct::Settle).enabled);
        assert!(entry(&paused, TrayAct::Lock).enabled);
        let mut locked = state();
        if let Some(status) = &mut locked.status {
            status.vault = VaultState::Locked;
        }
        assert!(!entry(&face(EN, &locked, false, Some(false)), TrayAct::Lock).enabled);
    }
}
