//! The words of the guard: what each state means for the household, what it asks for, and what it did.

use enerlink_domain::{
    Etk, UnixMillis,
    guard::{GuardAct, GuardOrder, GuardState, GuardStep, GuardView},
};

use super::left;
use crate::{
    format::{self, HIDDEN, Sign},
    i18n::{Key, Language, say},
    ipc,
};

/// Something that a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// An order, its button, where a test finds it, and whether it is the first thing to do.
    Order(GuardOrder, Key, &'static str, bool),
    /// Where ETK come from.
    Market,
    /// Where it is switched on and off.
    Settings,
}

/// What stands above everything else on Home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Banner {
    /// In a few words.
    pub title: Key,
    /// Whether something is about to happen, or has.
    pub urgent: bool,
    /// The buttons.
    pub asks: &'static [Ask],
}

const EXPLAINED: Ask = Ask::Order(
    GuardOrder::Explained,
    Key::GuardUnderstood,
    "guard-explained",
    true,
);
const NOT_NOW: Ask = Ask::Order(GuardOrder::NotNow, Key::GuardNotNow, "guard-not-now", true);
const RESTORE: Ask = Ask::Order(GuardOrder::Restore, Key::GuardRestore, "guard-restore", true);
const RESUME: Ask = Ask::Order(GuardOrder::Resume, Key::GuardResume, "guard-resume", true);
const PAUSE: Ask = Ask::Order(GuardOrder::NotNow, Key::GuardPause, "guard-pause", false);

/// The banner of a guard, when it has one: a day on which it only watches needs none.
pub(super) fn banner(view: &GuardView) -> Option<Banner> {
    let banner = |title, urgent, asks| Some(Banner { title, urgent, asks });
    match view.state {
        GuardState::Unarmed if !view.explained => {
            banner(Key::GuardExplainTitle, false, &[EXPLAINED, Ask::Settings])
        }
        GuardState::Countdown { .. } => banner(Key::GuardCountdownTitle, true, &[NOT_NOW, Ask::Market]),
        GuardState::Cut { .. } => banner(Key::GuardCutTitle, true, &[RESTORE, Ask::Market]),
        GuardState::Cutting { .. } => banner(Key::GuardCuttingTitle, true, &[NOT_NOW, Ask::Market]),
        GuardState::Powerless { .. } => banner(Key::GuardPowerlessTitle, true, &[PAUSE, Ask::Market]),
        GuardState::Exporting { .. } => banner(Key::GuardExportingTitle, false, &[RESTORE, Ask::Market]),
        GuardState::Unknown => banner(Key::GuardUnknownTitle, false, &[]),
        GuardState::Paused { .. } => banner(Key::GuardPausedTitle, false, &[RESUME]),
        GuardState::Off | GuardState::Unarmed | GuardState::Watching => None,
    }
}

/// The buttons of the card.
pub(super) fn asks(state: &GuardState) -> &'static [Ask] {
    match state {
        GuardState::Off | GuardState::Unarmed => &[Ask::Settings],
        GuardState::Watching | GuardState::Unknown => &[PAUSE, Ask::Settings],
        GuardState::Countdown { .. } | GuardState::Cutting { .. } => &[NOT_NOW],
        GuardState::Powerless { .. } => &[PAUSE],
        GuardState::Cut { .. } | GuardState::Exporting { .. } => &[RESTORE],
        GuardState::Paused { .. } => &[RESUME],
    }
}

/// What the state means, with its figures.
pub(super) fn sentence(language: Language, view: &GuardView, now: UnixMillis, hidden: bool) -> String {
    let clock = |at: UnixMillis| format::time_of_day(at, ipc::utc_offset_minutes(at.0));
    let etk = |amount: Option<Etk>| match amount {
        None => "–".to_owned(),
        Some(_) if hidden => HIDDEN.to_owned(),
        Some(amount) => format::etk(language, amount, Sign::Negative),
    };
    let (available, burn, restore) = (etk(view.available), etk(view.burn), etk(view.restore_at));
    let amounts = [
        ("available", available.as_str()),
        ("burn", burn.as_str()),
        ("restore", restore.as_str()),
    ];
    let with_time = |key: Key, name: &str, time: &str| {
        let mut values = amounts.to_vec();
        values.push((name, time));
        say(language, key, &values)
    };
    match &view.state {
        GuardState::Off => say(language, Key::GuardOffWords, &[]),
        GuardState::Unarmed if view.explained => say(language, Key::GuardUnarmedWords, &[]),
        GuardState::Unarmed => say(language, Key::GuardExplainWords, &[]),
        GuardState::Watching => say(language, Key::GuardWatchingWords, &[]),
        GuardState::Unknown => say(language, Key::GuardUnknownWords, &[]),
        GuardState::Countdown { ends_at } => {
            with_time(Key::GuardCountdownWords, "left", &left(*ends_at, now))
        }
        GuardState::Cutting { since } => with_time(Key::GuardCuttingWords, "time", &clock(*since)),
        GuardState::Powerless { since } => with_time(Key::GuardPowerlessWords, "time", &clock(*since)),
        GuardState::Cut { since } => with_time(Key::GuardCutWords, "time", &clock(*since)),
        GuardState::Exporting { since } => with_time(Key::GuardExportingWords, "time", &clock(*since)),
        GuardState::Paused { until } => with_time(Key::GuardPausedWords, "time", &clock(*until)),
    }
}

/// The state in a word.
pub(super) fn state_words(state: &GuardState) -> Key {
    match state {
        GuardState::Off => Key::GuardOff,
        GuardState::Unarmed => Key::GuardUnarmed,
        GuardState::Watching => Key::GuardWatching,
        GuardState::Unknown => Key::GuardUnknown,
        GuardState::Countdown { .. } => Key::GuardCountdown,
        GuardState::Cutting { .. } => Key::GuardCutting,
        GuardState::Powerless { .. } => Key::GuardPowerless,
        GuardState::Cut { .. } => Key::GuardCut,
        GuardState::Exporting { .. } => Key::GuardExporting,
        GuardState::Paused { .. } => Key::GuardPaused,
    }
}

pub(super) fn state_class(state: &GuardState) -> &'static str {
    match state {
        GuardState::Watching => "chip good",
        GuardState::Countdown { .. }
        | GuardState::Cutting { .. }
        | GuardState::Powerless { .. }
        | GuardState::Cut { .. } => "chip bad",
        GuardState::Exporting { .. } | GuardState::Unknown | GuardState::Paused { .. } => "chip warn",
        GuardState::Off | GuardState::Unarmed => "chip",
    }
}

/// The state's name in JSON, for tests.
pub(super) fn name(state: &GuardState) -> &'static str {
    match state {
        GuardState::Off => "off",
        GuardState::Unarmed => "unarmed",
        GuardState::Watching => "watching",
        GuardState::Unknown => "unknown",
        GuardState::Countdown { .. } => "countdown",
        GuardState::Cutting { .. } => "cutting",
        GuardState::Powerless { .. } => "powerless",
        GuardState::Cut { .. } => "cut",
        GuardState::Exporting { .. } => "exporting",
        GuardState::Paused { .. } => "paused",
    }
}

/// What it did, in a word.
pub(super) fn step_words(step: GuardStep) -> Key {
    match step {
        GuardStep::Warned => Key::StepWarned,
        GuardStep::Cleared => Key::StepCleared,
        GuardStep::Cutting => Key::StepCutting,
        GuardStep::Failed => Key::StepFailed,
        GuardStep::Cut => Key::StepCut,
        GuardStep::Exporting => Key::StepExporting,
        GuardStep::Restored => Key::StepRestored,
        GuardStep::Paused => Key::StepPaused,
        GuardStep::Resumed => Key::StepResumed,
    }
}

/// The balance then, and what the period would have burned.
pub(super) fn amounts(language: Language, act: &GuardAct) -> String {
    let etk = |amount: Etk| format::etk(language, amount, Sign::Negative);
    match (act.available, act.burn) {
        (Some(available), Some(burn)) => {
            let (available, burn) = (etk(available), etk(burn));
            say(
                language,
                Key::GuardActAmounts,
                &[("available", &available), ("burn", &burn)],
            )
        }
        (Some(available), None) => format!("{}\u{a0}ETK", etk(available)),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::live::tests::{ACCOUNT, meter_id};

    const AT: UnixMillis = UnixMillis(60_000);

    const STATES: [GuardState; 10] = [
        GuardState::Off,
        GuardState::Unarmed,
        GuardState::Watching,
        GuardState::Unknown,
        GuardState::Countdown { ends_at: AT },
        GuardState::Cutting { since: AT },
        GuardState::Powerless { since: AT },
        GuardState::Cut { since: AT },
        GuardState::Exporting { since: AT },
        GuardState::Paused { until: AT },
    ];

    fn view(state: GuardState, explained: bool) -> GuardView {
        GuardView {
            owner: ACCOUNT,
            meters: vec![meter_id()],
            state,
            explained,
            available: Some(Etk(1_200)),
            burn: Some(Etk(1_500)),
            restore_at: Some(Etk(2_000)),
            record: Vec::new(),
        }
    }

    #[test]
    fn every_state_has_its_own_word_and_name() {
        let names: HashSet<&str> = STATES.iter().map(name).collect();
        let words: HashSet<Key> = STATES.iter().map(state_words).collect();
        assert_eq!((names.len(), words.len()), (STATES.len(), STATES.len()));
        let steps: HashSet<Key> = GuardStep::ALL.map(step_words).into_iter().collect();
        assert_eq!(steps.len(), GuardStep::ALL.len());
        for state in STATES {
            let json = serde_json::to_value(&state).expect("json");
            assert_eq!(json["state"], name(&state));
        }
    }

    #[test]
    fn a_guard_speaks_up_only_when_there_is_something_to_know() {
        for state in [GuardState::Off, GuardState::Watching] {
            assert_eq!(banner(&view(state, true)), None);
        }
        assert_eq!(banner(&view(GuardState::Unarmed, true)), None);
        let first = banner(&view(GuardState::Unarmed, false)).expect("a banner");
        assert_eq!(first.asks[0], EXPLAINED);
        let counting = banner(&view(GuardState::Countdown { ends_at: AT }, true)).expect("a banner");
        assert!(counting.urgent && counting.asks.contains(&NOT_NOW));
        let unknown = banner(&view(GuardState::Unknown, true)).expect("a banner");
        assert!(!unknown.urgent, "an unknown balance cuts nothing");
    }

    #[test]
    fn the_countdown_says_what_is_left_and_hidden_amounts_stay_hidden() {
        let counting = view(GuardState::Countdown { ends_at: AT }, true);
        let shown = sentence(Language::English, &counting, UnixMillis(15_000), false);
        assert!(
            shown.contains("0:45") && shown.contains("12.00") && shown.contains("15.00"),
            "{shown}"
        );
        let hidden = sentence(Language::English, &counting, UnixMillis(15_000), true);
        assert!(!hidden.contains("12.00") && !hidden.contains("15.00"), "{hidden}");
    }
}
