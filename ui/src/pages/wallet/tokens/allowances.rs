//! Who may take tokens of the accounts, and the button that ends it.

use enerlink_domain::token::{Allowance, Spender};
use enerlink_ipc::{ListAllowances, RevokeAllowance};
use leptos::prelude::*;

use crate::{
    components::{
        address::{AddressTag, Grouped},
        chain_offline::ChainOffline,
        confirm::{Confirm, Demands},
        doing::Doing,
        loaded::{Loaded, Waiting},
        table::{Column, Table},
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// The card with the table.
#[component]
pub(super) fn AllowancesCard() -> impl IntoView {
    let feed = feed();
    let allowances = Loaded::new();
    let read = move || allowances.read(ListAllowances {});
    let none = Memo::new(move |_| {
        allowances
            .value
            .with(|rows: &Option<Vec<Allowance>>| rows.as_ref().is_none_or(Vec::is_empty))
    });
    let told = Memo::new(move |_| {
        let none = none.get();
        feed.state.with(|state| {
            let transaction = state.transaction.as_ref().map(|row| (row.id, row.stage));
            // Those that were granted elsewhere are found block by block.
            let block = state.status.as_ref().and_then(|status| status.chain.block);
            (
                transaction,
                state.movement.as_ref().map(|row| row.id),
                block.filter(|_| none),
            )
        })
    });
    Effect::new(move || {
        // Read, for a memo that is only tracked is never computed.
        told.with(|_| ());
        read();
    });
    let rows = Memo::new(move |_| allowances.value.get().unwrap_or_default());
    let there = Memo::new(move |_| allowances.value.with(Option::is_some));
    let ending = RwSignal::new(None::<Allowance>);
    view! {
        <section class="card allowances" data-testid="allowances" aria-label=text(Key::AllowancesTitle)>
            <header><h2>{text(Key::AllowancesTitle)}</h2><small>{text(Key::AllowancesHint)}</small></header>
            <ChainOffline />
            <Show when=move || there.get() fallback=move || view! { <Waiting error=allowances.error retry=move |()| read() /> }>
                <Table
                    id="allowance"
                    label=Key::AllowancesTitle
                    columns=columns(ending)
                    rows=rows
                    identity=|row: &Allowance| format!("{row:?}")
                    kind=|row: &Allowance| row.spender.to_string()
                    empty=ViewFn::from(|| view! {
                        <p>{text(Key::NoAllowances)}</p>
                        <p class="dim small">{text(Key::NoAllowancesHint)}</p>
                    })
                />
            </Show>
            {move || ending.get().map(|row| view! { <EndDialog row=row on_close=move |()| ending.set(None) on_done=move |()| read() /> })}
        </section>
    }
}

fn spender_words(spender: Spender) -> Key {
    match spender {
        Spender::Market => Key::SpenderMarket,
        Spender::Converter => Key::SpenderConverter,
        Spender::Stranger => Key::SpenderStranger,
    }
}

fn left(row: &Allowance, language: Language) -> String {
    match row.amount {
        Some(amount) => format::amount(language, amount),
        None => Key::AllowanceEndless.text(language).to_owned(),
    }
}

fn columns(ending: RwSignal<Option<Allowance>>) -> Vec<Column<Allowance>> {
    let buttons = move |row: &Allowance| {
        let asked = row.clone();
        if row.ending {
            return view! { <span class="chip accent" data-testid="allowance-ending">{text(Key::AllowanceEnding)}</span> }.into_any();
        }
        view! {
            <button type="button" class="link" data-testid="allowance-end" on:click=move |_| ending.set(Some(asked.clone()))>
                {text(Key::EndAllowance)}
            </button>
        }
        .into_any()
    };
    vec![
        Column::new(Key::SpenderWord, |row: &Allowance, language| {
            format!("{} {}", spender_words(row.known_as).text(language), row.spender)
        })
        .shown(|row| {
            let words = text(spender_words(row.known_as));
            view! { <AddressTag address=row.spender testid="allowance-spender" /><small class="dim">{words}</small> }
                .into_any()
        })
        .exactly(|row| row.spender.to_string()),
        Column::new(Key::TokenWord, |row: &Allowance, _| row.token.symbol().to_owned())
            .ordered(|a, b| a.token.cmp(&b.token)),
        Column::new(Key::AllowanceLeft, left)
            .shown(|row| {
                let language = prefs().language;
                let (row, endless) = (row.clone(), row.amount.is_none());
                let class = if endless { "chip bad" } else { "" };
                view! { <span class=class data-testid="allowance-left" data-endless=endless.to_string()>{move || left(&row, language.get())}</span> }
                    .into_any()
            })
            .ordered(|a, b| {
                let units = |row: &Allowance| row.amount.map_or(u128::MAX, |amount| amount.base_units());
                units(a).cmp(&units(b))
            })
            .exactly(|row| row.amount.map_or("unlimited".to_owned(), |amount| amount.digits()))
            .class("n"),
        Column::new(Key::Account, |row: &Allowance, _| row.owner.to_string())
            .shown(|row| view! { <AddressTag address=row.owner /> }.into_any()),
        Column::buttons(buttons),
    ]
}

/// The question before an allowance ends.
#[component]
fn EndDialog(
    row: Allowance,
    #[prop(into)] on_close: Callback<()>,
    #[prop(into)] on_done: Callback<()>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let doing = Doing::new();
    let Allowance {
        token,
        owner,
        spender,
        known_as,
        ..
    } = row;
    let end = move || {
        let command = RevokeAllowance {
            owner,
            token,
            spender,
        };
        doing.call(command, move |_| {
            on_done.run(());
            on_close.run(());
            let words = Key::EndAllowanceDone.text(language.get_untracked());
            session.say(Tone::Good, words.to_owned());
        });
    };
    let named = move |key: Key| say(language.get(), key, &[("token", token.symbol())]);
    view! {
        <Confirm
            testid="allowance-confirm"
            title=Signal::derive(move || named(Key::EndAllowanceTitle))
            demands=Demands::default()
            action=Signal::derive(move || named(Key::EndAllowanceThis))
            doing=doing
            on_confirm=move |_: String| feed.with_keys(end)
            on_close=on_close
        >
            <p data-testid="allowance-effect"><b>{move || named(Key::EndAllowanceEffect)}</b></p>
            <p class="label">{text(Key::SpenderWord)}" · "{text(spender_words(known_as))}</p>
            <p class="whole-address"><Grouped address=spender /></p>
            <dl class="figures">
                <div><dt>{text(Key::AllowanceLeft)}</dt><dd>{move || left(&row, language.get())}</dd></div>
            </dl>
            <p class="label">{text(Key::Account)}</p>
            <p class="whole-address"><Grouped address=owner /></p>
        </Confirm>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Address, token::Token};

    use super::*;

    #[test]
    fn an_allowance_without_an_end_says_so_loudly() {
        let row = Allowance {
            token: Token::Etk,
            owner: Address([1; 20]),
            spender: Address([2; 20]),
            known_as: Spender::Stranger,
            amount: None,
            block: 5,
            ending: false,
        };
        assert_eq!(left(&row, Language::English), "UNLIMITED");
        let some = Allowance {
            amount: Some(Token::Etk.of(150)),
            ..row
        };
        assert_eq!(left(&some, Language::English).replace('\u{a0}', " "), "1.50 ETK");
    }
}
