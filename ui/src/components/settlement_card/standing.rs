//! How the next settlement stands, in one word, one sentence, and the button that helps: a pure look at what the core told.

use enerlink_domain::{Code, Estimate, Etk, NetMicroWh, Readiness, Settlement, Status};

use crate::{
    format::{self, Figure, HIDDEN, Sign},
    i18n::{Key, Language, headline, next_step, say},
    live::LiveState,
};

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Every watt-hour is settled.
    Nothing,
    /// The period's end settles it.
    Ready,
    /// More energy is needed.
    Below(NetMicroWh),
    /// The chain lets no more through yet.
    Full,
    /// It waits for the wallet to be unlocked.
    Locked,
    /// The import costs more than the account holds; so much is missing, when the balance is known.
    NoBalance(Option<Etk>),
    /// The chain cannot be read.
    Offline(Code),
    /// A settlement is on its way.
    Pending,
    /// A reorganisation has undone a settlement, and it is on its way again.
    Undone,
    /// Automatic settlement is off.
    Manual,
    /// Something else is in the way.
    Blocked(Code),
}

/// What the buttons below the sentence do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Help {
    /// Asks for the password.
    Unlock,
    /// Shows where ETK come from.
    Market,
}

impl Standing {
    /// How the meter on Home stands; none before there is an estimate.
    pub(super) fn of(state: &LiveState) -> Option<Self> {
        let home = state.home.as_ref()?;
        let estimate = home.estimate.as_ref()?;
        let open = home.settlements.iter().find(|row| row.status == Status::Pending);
        if open.is_some_and(|row| is_undone(state, row)) {
            return Some(Self::Undone);
        }
        if let Some(error) = state.chain_problem() {
            return Some(Self::Offline(error.code));
        }
        Some(match &estimate.readiness {
            Readiness::Settling => Self::Pending,
            Readiness::Blocked { code: Code::Locked } => Self::Locked,
            Readiness::Blocked {
                code: Code::InsufficientBalance,
            } => Self::NoBalance(missing_etk(state)),
            Readiness::Blocked { code } => Self::Blocked(*code),
            _ if estimate.owed.whole_wh().0 == 0 => Self::Nothing,
            // Nothing settles it by itself, and a hand cannot pay it either.
            Readiness::Manual
                if estimate.short.is_some() || estimate.obstacle == Some(Code::InsufficientBalance) =>
            {
                Self::NoBalance(estimate.short)
            }
            Readiness::Manual => Self::Manual,
            Readiness::BucketFull => Self::Full,
            Readiness::Ready => Self::Ready,
            Readiness::BelowMinimum { missing } => Self::Below(*missing),
        })
    }

    /// Its name for tests.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Ready => "ready",
            Self::Below(_) => "below",
            Self::Full => "full",
            Self::Locked => "locked",
            Self::NoBalance(_) => "no_balance",
            Self::Offline(_) => "offline",
            Self::Pending => "pending",
            Self::Undone => "undone",
            Self::Manual => "manual",
            Self::Blocked(_) => "blocked",
        }
    }

    /// The button that helps, when one does.
    pub(super) fn help(&self) -> Option<Help> {
        match self {
            Self::Locked => Some(Help::Unlock),
            Self::NoBalance(_) => Some(Help::Market),
            _ => None,
        }
    }

    /// What it means, as a sentence.
    pub(super) fn words(&self, language: Language, estimate: &Estimate, hidden: bool) -> String {
        let in_the_way = |code: Code| format!("{} {}", headline(language, code), next_step(language, code));
        match self {
            Self::Nothing => Key::NothingOwed.text(language).to_owned(),
            Self::Ready => Key::ReadyToSettle.text(language).to_owned(),
            Self::Manual => Key::ManualHint.text(language).to_owned(),
            Self::Full => Key::BucketFullWords.text(language).to_owned(),
            Self::Below(missing) => {
                let Figure { value, unit } = more(language, *missing);
                let minimum = format!("{}\u{a0}Wh", format::count(language, estimate.minimum.0));
                let energy = format!("{value}\u{a0}{unit}");
                say(
                    language,
                    Key::BelowMinimum,
                    &[("energy", &energy), ("minimum", &minimum)],
                )
            }
            Self::Locked => Key::SettlingLocked.text(language).to_owned(),
            Self::NoBalance(missing) => {
                let energy = format::net_energy(language, estimate.owed, Sign::Always).text();
                let missing = missing.map(|missing| {
                    if hidden {
                        HIDDEN.to_owned()
                    } else {
                        format::etk(language, missing, Sign::Negative)
                    }
                });
                match missing {
                    Some(missing) => say(
                        language,
                        Key::EtkMissingWords,
                        &[("energy", &energy), ("amount", &missing)],
                    ),
                    None => say(language, Key::EtkMissingUnknown, &[("energy", &energy)]),
                }
            }
            Self::Offline(code) => format!(
                "{} {}",
                headline(language, *code),
                Key::OfflineCarried.text(language)
            ),
            Self::Pending => {
                let energy = format::net_energy(language, estimate.pending, Sign::Always).text();
                say(language, Key::Settling, &[("energy", &energy)])
            }
            Self::Undone => {
                let energy = format::net_energy(language, estimate.pending, Sign::Always).text();
                say(language, Key::SettlingUndone, &[("energy", &energy)])
            }
            Self::Blocked(code) => in_the_way(*code),
        }
    }
}

/// Whether a settlement that waits had succeeded before: the window saw it, or the core has told.
fn is_undone(state: &LiveState, row: &Settlement) -> bool {
    let told = state.inbox.rows.iter().any(|notice| {
        notice.kind == enerlink_domain::NoticeKind::SettlementUndone
            && notice.meter_id.as_ref() == Some(&row.meter_id)
            && notice.raised_at >= row.created_at
    });
    told || state.undone.contains(&row.settlement_id)
}

/// Why the last settlement of the meter on Home failed, unless a later one went well or is on its way.
pub(super) fn last_failure(state: &LiveState) -> Option<String> {
    let newest = state.home.as_ref()?.settlements.first()?;
    (newest.status == Status::Failed).then(|| newest.reason.clone().unwrap_or_default())
}

/// ETK that the account lacks for what the meter on Home will burn; none when nothing lacks or it is not known.
pub(crate) fn missing_etk(state: &LiveState) -> Option<Etk> {
    state.home.as_ref()?.estimate.as_ref()?.short
}

/// What is missing, in whole Wh and rounded up, so that it is never too little.
fn more(language: Language, missing: NetMicroWh) -> Figure {
    let watt_hours = missing
        .0
        .unsigned_abs()
        .div_ceil(enerlink_domain::quantity::MICRO);
    Figure {
        value: format::count(language, watt_hours),
        unit: "Wh",
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{NoticeKind, UnixMillis};

    use super::*;
    use crate::{
        inbox::tests::notice,
        live::tests::{home, settlement, state_with},
    };

    fn with(readiness: Readiness) -> LiveState {
        let mut home = home();
        if let Some(estimate) = &mut home.estimate {
            estimate.readiness = readiness;
            estimate.owed = NetMicroWh(-87_000_000);
            estimate.etk_now = Etk(-8_700);
        }
        state_with(home)
    }

    fn blocked(code: Code) -> LiveState {
        with(Readiness::Blocked { code })
    }

    #[test]
    fn every_standing_is_told_from_what_the_core_says() {
        let missing = NetMicroWh(12_000_001);
        for (state, expected) in [
            (with(Readiness::Ready), Standing::Ready),
            (with(Readiness::Manual), Standing::Manual),
            (
                with(Readiness::BelowMinimum { missing }),
                Standing::Below(missing),
            ),
            (with(Readiness::BucketFull), Standing::Full),
            (with(Readiness::Settling), Standing::Pending),
            (blocked(Code::Locked), Standing::Locked),
            (blocked(Code::NoGas), Standing::Blocked(Code::NoGas)),
        ] {
            assert_eq!(Standing::of(&state), Some(expected));
        }
        let mut quiet = with(Readiness::BelowMinimum { missing });
        if let Some(estimate) = quiet.home.as_mut().and_then(|home| home.estimate.as_mut()) {
            estimate.owed = NetMicroWh(999_999);
        }
        assert_eq!(Standing::of(&quiet), Some(Standing::Nothing));
        let mut offline = with(Readiness::Ready);
        if let Some(status) = &mut offline.status {
            status.chain.link.up = false;
            status.chain.link.code = Some(Code::NodeUnreachable);
        }
        assert_eq!(
            Standing::of(&offline),
            Some(Standing::Offline(Code::NodeUnreachable))
        );
    }

    #[test]
    fn what_is_missing_is_said_and_rounded_up() {
        let state = with(Readiness::BelowMinimum {
            missing: NetMicroWh(12_000_001),
        });
        let estimate = state.home.as_ref().and_then(|home| home.estimate.as_ref());
        let words = Standing::of(&state).expect("a standing").words(
            Language::English,
            estimate.expect("an estimate"),
            false,
        );
        assert_eq!(
            words,
            "13\u{a0}Wh more until the minimum of 100\u{a0}Wh; what has flowed is carried."
        );
    }

    #[test]
    fn an_import_that_cannot_be_paid_says_what_to_buy() {
        let mut state = blocked(Code::InsufficientBalance);
        assert_eq!(Standing::of(&state), Some(Standing::NoBalance(None)));
        if let Some(estimate) = state.home.as_mut().and_then(|home| home.estimate.as_mut()) {
            estimate.short = Some(Etk(3_700));
        }
        let standing = Standing::of(&state).expect("a standing");
        assert_eq!(standing, Standing::NoBalance(Some(Etk(3_700))));
        assert_eq!(standing.help(), Some(Help::Market));
        let estimate = state.home.as_ref().and_then(|home| home.estimate.as_ref());
        let estimate = estimate.expect("an estimate");
        assert!(
            standing
                .words(Language::English, estimate, false)
                .contains("37.00")
        );
        assert!(
            !standing
                .words(Language::English, estimate, true)
                .contains("37.00")
        );
    }

    #[test]
    fn by_hand_too_an_import_that_cannot_be_paid_says_what_to_buy() {
        let mut state = with(Readiness::Manual);
        assert_eq!(Standing::of(&state), Some(Standing::Manual));
        fn estimate(state: &mut LiveState) -> &mut Estimate {
            let home = state.home.as_mut();
            home.and_then(|home| home.estimate.as_mut()).expect("an estimate")
        }
        estimate(&mut state).obstacle = Some(Code::InsufficientBalance);
        assert_eq!(Standing::of(&state), Some(Standing::NoBalance(None)));
        estimate(&mut state).obstacle = None;
        estimate(&mut state).short = Some(Etk(3_700));
        let standing = Standing::of(&state).expect("a standing");
        assert_eq!(standing, Standing::NoBalance(Some(Etk(3_700))));
        assert_eq!(standing.help(), Some(Help::Market));
    }

    #[test]
    fn a_settlement_that_was_undone_is_told_until_it_has_settled_again() {
        let mut state = with(Readiness::Settling);
        let row = settlement("a", 100);
        if let Some(home) = &mut state.home {
            home.settlements = vec![row.clone()];
        }
        assert_eq!(Standing::of(&state), Some(Standing::Pending));
        let mut told = notice(200, NoticeKind::SettlementUndone, Some(200));
        told.meter_id = Some(row.meter_id.clone());
        state.inbox.rows = vec![told.clone()];
        assert_eq!(Standing::of(&state), Some(Standing::Undone));
        told.raised_at = UnixMillis(99);
        state.inbox.rows = vec![told];
        assert_eq!(Standing::of(&state), Some(Standing::Pending), "of an earlier one");
        state.undone.insert(row.settlement_id);
        assert_eq!(Standing::of(&state), Some(Standing::Undone));
    }

    #[test]
    fn a_failure_is_told_until_something_newer_is_there() {
        let mut state = with(Readiness::Ready);
        let failed = Settlement {
            status: Status::Failed,
            reason: Some("the contract says no".to_owned()),
            ..settlement("b", 100)
        };
        if let Some(home) = &mut state.home {
            home.settlements = vec![failed];
        }
        assert_eq!(last_failure(&state).as_deref(), Some("the contract says no"));
        if let Some(home) = &mut state.home {
            home.settlements.insert(0, settlement("c", 200));
        }
        assert_eq!(last_failure(&state), None);
    }
}
