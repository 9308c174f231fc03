//! Settlements as they move on, and what is news about them.

use super::*;

#[test]
fn a_settlement_moves_on_in_its_row_and_its_end_is_news() {
    let mut state = state();
    assert_eq!(state.apply(Event::Settlement(settlement("a", 5))), Outcome::QUIET);
    let done = Settlement {
        status: Status::Success,
        etk: Etk(13_000),
        ..settlement("a", 5)
    };
    let outcome = state.apply(Event::Settlement(done));
    assert_eq!(
        outcome.news,
        Some(News::Settled {
            energy: NetWattHours(131),
            etk: Etk(13_000)
        })
    );
    assert_eq!(outcome.refetch, Refetch::Home);
    let rows = state.home.expect("a home").settlements;
    assert_eq!(rows.iter().map(|row| row.etk).collect::<Vec<_>>(), [Etk(13_000)]);
}

#[test]
fn a_settlement_that_waits_again_was_undone_until_it_has_settled_again() {
    let mut state = state();
    let with = |status| {
        Event::Settlement(Settlement {
            status,
            ..settlement("a", 5)
        })
    };
    state.apply(with(Status::Pending));
    assert!(state.undone.is_empty(), "it is on its way for the first time");
    state.apply(with(Status::Success));
    state.apply(with(Status::Pending));
    assert_eq!(state.undone.iter().collect::<Vec<_>>(), ["a"]);
    state.apply(with(Status::Pending));
    assert_eq!(state.undone.len(), 1, "another confirmation changes nothing");
    state.apply(with(Status::Success));
    assert!(state.undone.is_empty());
}

#[test]
fn an_old_settlement_is_no_news() {
    let mut state = state();
    state.apply(Event::Settlement(settlement("b", 9)));
    let old = Settlement {
        status: Status::Success,
        ..settlement("a", 5)
    };
    assert_eq!(state.apply(Event::Settlement(old)).news, None);
    assert_eq!(state.home.expect("a home").settlements.len(), 2);
}
