//! Tokens that moved: minted, burned, received and sent, as the chain tells it.

use enerlink_domain::{
    Address,
    token::{Movement, MovementFilter, MovementKind, Token},
};
use enerlink_ipc::{ListMovements, SaveMovements};
use leptos::prelude::*;

use super::AccountFilter;
use crate::{
    components::{
        activity::Hash,
        address::AddressTag,
        chain_offline::ChainOffline,
        dates::{DayRange, Days, Widen},
        pages::{Paged, Pages, Veiled},
        saving::save_rows,
        table::{Column, Table},
    },
    feed::feed,
    format::{self, HIDDEN},
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
    session::session,
};

/// Rows of a page.
const PAGE: u16 = 20;

/// Which kinds are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    All,
    /// ETK that were minted and burned.
    Etk,
    Transfers,
}

impl View {
    const ALL: [(Self, Key, &'static str); 3] = [
        (Self::All, Key::MovementsAll, "movements-all"),
        (Self::Etk, Key::MovementsEtk, "movements-etk"),
        (Self::Transfers, Key::MovementsTransfers, "movements-transfers"),
    ];

    fn kinds(self) -> (Vec<MovementKind>, Option<Token>) {
        match self {
            Self::All => (Vec::new(), None),
            Self::Etk => (vec![MovementKind::Minted, MovementKind::Burned], Some(Token::Etk)),
            Self::Transfers => (vec![MovementKind::Received, MovementKind::Sent], None),
        }
    }

    /// Whether a filter shows these; whose they are and of which days is another matter.
    fn is_of(self, filter: &MovementFilter) -> bool {
        let (kinds, token) = self.kinds();
        filter.kinds == kinds && filter.token == token
    }

    /// The filter with these.
    fn choose(self, filter: &mut MovementFilter) {
        (filter.kinds, filter.token) = self.kinds();
    }
}

type Row = Veiled<Movement>;

/// The card with the table.
#[component]
pub(super) fn MovementsCard() -> impl IntoView {
    let feed = feed();
    let filter = RwSignal::new(MovementFilter::default());
    // The newest in the chain first.
    let pages = Pages::new(|row: &Movement| {
        let block = i64::try_from(row.block).unwrap_or(i64::MAX);
        (block, format!("{:020}", row.id))
    });
    let read = move |before: Option<i64>| {
        let command = ListMovements {
            filter: filter.get_untracked(),
            limit: PAGE,
            before,
        };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    let none = Memo::new(move |_| pages.rows.with(|rows| rows.as_ref().is_none_or(Vec::is_empty)));
    let told = Memo::new(move |_| {
        let none = none.get();
        feed.state.with(|state| {
            let transaction = state.transaction.as_ref().map(|row| (row.id, row.stage));
            // What was there before is read block by block, and not told.
            let block = state.status.as_ref().and_then(|status| status.chain.block);
            (state.movement.clone(), transaction, block.filter(|_| none))
        })
    });
    Effect::new(move || {
        // Read, for a memo that is only tracked is never computed.
        filter.with(|_| ());
        told.with(|_| ());
        // A reorganisation takes rows back: they are read anew.
        pages.begin();
        read(None);
    });
    let rows = pages.veiled(prefs().hidden);
    let views = move || {
        View::ALL
            .map(|(this, words, testid)| {
                let on = move || filter.with(|filter| this.is_of(filter));
                view! {
                    <button
                        type="button"
                        data-testid=testid
                        class:on=on
                        aria-pressed=move || if on() { "true" } else { "false" }
                        on:click=move |_| filter.update(|filter| this.choose(filter))
                    >
                        {text(words)}
                    </button>
                }
            })
            .into_iter()
            .collect_view()
    };
    let account = Signal::derive(move || filter.with(|filter| filter.account));
    let choose_account = move |account: Option<Address>| filter.update(|filter| filter.account = account);
    let days = Signal::derive(move || {
        filter.with(|filter| Days {
            from: filter.from,
            to: filter.to,
        })
    });
    let choose_days = move |days: Days| {
        filter.update(|filter| (filter.from, filter.to) = (days.from, days.to));
    };
    let (session, language) = (session(), prefs().language);
    let save = move |()| {
        let command = SaveMovements {
            filter: filter.get_untracked(),
        };
        save_rows(session, language.get_untracked(), command, Key::MovementsSaved);
    };
    let empty = move || {
        if filter.with(|filter| *filter != MovementFilter::default()) {
            view! { <p>{text(Key::NoMovementsFound)}</p> }.into_any()
        } else {
            view! {
                <p>{text(Key::NoMovements)}</p>
                <p class="dim small">{text(Key::NoMovementsHint)}</p>
            }
            .into_any()
        }
    };
    view! {
        <section class="card movements" data-testid="movements" aria-label=text(Key::MovementsTitle)>
            <header><h2>{text(Key::MovementsTitle)}</h2><small>{text(Key::MovementsHint)}</small></header>
            <ChainOffline />
            <Paged pages=pages older_testid="movements-older" read=read>
                <Table
                    id="movement"
                    label=Key::MovementsTitle
                    columns=columns()
                    rows=rows
                    identity=|row: &Row| format!("{row:?}")
                    kind=|row: &Row| row.row.kind.as_str().to_owned()
                    named=|row: &Row| row.row.id.to_string()
                    empty=ViewFn::from(empty)
                    on_save=save
                >
                    <div class="segments" role="group" aria-label=text(Key::MovementWord)>{views()}</div>
                    <AccountFilter account=account on_account=choose_account testid="movement-account" />
                    <DayRange id="movement" days=days on_days=choose_days />
                    <Widen id="movement" filter=filter />
                </Table>
            </Paged>
        </section>
    }
}

fn kind_words(kind: MovementKind) -> Key {
    match kind {
        MovementKind::Minted => Key::MovedMinted,
        MovementKind::Burned => Key::MovedBurned,
        MovementKind::Received => Key::MovedReceived,
        MovementKind::Sent => Key::MovedSent,
    }
}

/// Whether the account has more of it than before.
fn comes(kind: MovementKind) -> bool {
    matches!(kind, MovementKind::Minted | MovementKind::Received)
}

fn amount(row: &Row, language: Language) -> String {
    let sign = if comes(row.row.kind) { '+' } else { '\u{2212}' };
    match row.hidden {
        true => HIDDEN.to_owned(),
        false => format!("{sign}{}", format::amount(language, row.row.amount)),
    }
}

fn exact(row: &Row) -> String {
    let sign = if comes(row.row.kind) { "" } else { "-" };
    match row.hidden {
        true => HIDDEN.to_owned(),
        false => format!("{sign}{}", row.row.amount.digits()),
    }
}

fn columns() -> Vec<Column<Row>> {
    vec![
        Column::new(Key::Time, |row: &Row, language| {
            let at = row.row.at;
            format::day_and_time(language, at, ipc::utc_offset_minutes(at.0))
        })
        .ordered(|a, b| (a.row.block, a.row.id).cmp(&(b.row.block, b.row.id)))
        .exactly(|row| format::iso_time(row.row.at))
        .class("when"),
        Column::new(Key::MovementWord, |row: &Row, language| {
            kind_words(row.row.kind).text(language).to_owned()
        })
        .ordered(|a, b| a.row.kind.as_str().cmp(b.row.kind.as_str()))
        .exactly(|row| row.row.kind.as_str().to_owned()),
        Column::new(Key::SendAmount, amount).exactly(exact).class("n"),
        Column::new(Key::TokenWord, |row: &Row, _| {
            row.row.amount.token().map_or("", Token::symbol).to_owned()
        }),
        Column::new(Key::Account, |row: &Row, _| row.row.account.to_string())
            .shown(|row| view! { <AddressTag address=row.row.account /> }.into_any()),
        Column::new(Key::OtherSide, |row: &Row, _| {
            row.row.other.map(|other| other.to_string()).unwrap_or_default()
        })
        .shown(|row| {
            row.row
                .other
                .map(|other| view! { <AddressTag address=other /> })
                .into_any()
        }),
        Column::new(Key::TransactionWord, |row: &Row, _| row.row.tx.to_string())
            .shown(|row| view! { <Hash hash=row.row.tx /> }.into_any())
            .class("n"),
        Column::new(Key::Block, |row: &Row, language| {
            format::count(language, row.row.block)
        })
        .exactly(|row| row.row.block.to_string())
        .class("n"),
    ]
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Etk, Hash32, UnixMillis};

    use super::*;

    #[test]
    fn what_goes_has_a_minus_and_what_is_hidden_has_nothing() {
        let row = |kind, hidden| Row {
            row: Movement {
                id: 1,
                account: Address([1; 20]),
                kind,
                amount: Token::Etk.of(150),
                other: None,
                tx: Hash32([1; 32]),
                block: 5,
                at: UnixMillis(5),
            },
            hidden,
        };
        let burned = row(MovementKind::Burned, false);
        assert_eq!(exact(&burned), "-1.50");
        assert_eq!(burned.row.amount, enerlink_domain::token::Amount::Etk(Etk(150)));
        let words = amount(&row(MovementKind::Received, false), Language::English);
        assert_eq!(words.replace('\u{a0}', " "), "+1.50 ETK");
        assert_eq!(
            amount(&row(MovementKind::Minted, true), Language::English),
            HIDDEN
        );
        assert_eq!(exact(&row(MovementKind::Minted, true)), HIDDEN);
    }

    #[test]
    fn the_history_of_etk_is_what_was_minted_and_burned() {
        let mut filter = MovementFilter {
            account: Some(Address([1; 20])),
            from: Some(UnixMillis(5)),
            ..MovementFilter::default()
        };
        let before = filter.clone();
        assert!(View::All.is_of(&filter), "of one account and from one day on");
        View::Etk.choose(&mut filter);
        assert_eq!(filter.token, Some(Token::Etk));
        assert_eq!(filter.kinds, [MovementKind::Minted, MovementKind::Burned]);
        assert!(View::Etk.is_of(&filter) && !View::All.is_of(&filter));
        View::All.choose(&mut filter);
        assert_eq!(filter, before, "the account and the days stay");
    }
}
