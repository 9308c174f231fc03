//! The ramp: rupiah to IDRS and back, marked as the simulation that it is.

use enerlink_domain::{
    Address, Idrs,
    token::{Amount, Asset, MOST_RAMPED, Ramp},
};
use enerlink_ipc::ExchangeIdrs;
use leptos::{ev, ev::SubmitEvent, prelude::*};

use super::{account_options, known_accounts};
use crate::{
    components::{
        address::Grouped,
        amount::concealed,
        confirm::{Confirm, Demands},
        doing::Doing,
        field::Field,
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// What is about to be exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exchange {
    account: Address,
    way: Ramp,
    amount: Idrs,
}

/// The card.
#[component]
pub(super) fn RampCard() -> impl IntoView {
    let (feed, prefs) = (feed(), prefs());
    let language = prefs.language;
    let accounts = known_accounts(feed.state);
    let chosen = RwSignal::new(None::<Address>);
    let primary = Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref().and_then(|status| status.primary))
    });
    let account = Memo::new(move |_| chosen.get().or(primary.get()));
    let (way, typed) = (RwSignal::new(Ramp::On), RwSignal::new(String::new()));
    let tried = RwSignal::new(false);
    prefs.on_other_signs(move || {
        typed.set(String::new());
        tried.set(false);
    });
    let asked = RwSignal::new(None::<Exchange>);
    let amount = move || typed.with(|typed| parsed(language.get(), typed));
    let held = Memo::new(move |_| {
        let account = account.get()?;
        feed.state
            .with(|state| state.balances_of(account))
            .map(|balances| balances.idrs)
    });
    let short = move || {
        way.get() == Ramp::Off
            && held
                .get()
                .zip(amount())
                .is_some_and(|(held, amount)| amount > held)
    };
    let complaint = Signal::derive(move || {
        if short() {
            Some(Key::RampTooMuch)
        } else {
            (tried.get() && amount().is_none()).then_some(Key::AmountTwoWrong)
        }
    });
    let ask = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let (Some(account), Some(amount)) = (account.get_untracked(), untrack(amount)) else {
            return;
        };
        let way = way.get_untracked();
        if !untrack(short) {
            asked.set(Some(Exchange { account, way, amount }));
        }
    };
    let ways = [(Ramp::On, Key::RampOn), (Ramp::Off, Key::RampOff)].map(|(this, words)| {
        let on = move || way.get() == this;
        view! {
            <button
                type="button"
                data-testid=format!("ramp-{}", this.as_str())
                class:on=on
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| way.set(this)
            >
                {text(words)}
            </button>
        }
    });
    let choose = move |event: ev::Event| chosen.set(event_target_value(&event).parse().ok());
    let several = move || accounts.with(|accounts| accounts.len() > 1);
    let holding = concealed(move || match held.get() {
        Some(held) => format::amount(language.get(), Amount::Idrs(held)),
        None => "–".to_owned(),
    });
    view! {
        <section class="card ramp" data-testid="ramp-card" aria-label=text(Key::RampTitle)>
            <header>
                <h2>{text(Key::RampTitle)}</h2>
                <span class="chip warn" data-testid="ramp-simulated" title=text(Key::RampHint)>{text(Key::RampSimulated)}</span>
            </header>
            <p class="aside">{text(Key::RampHint)}</p>
            <form on:submit=ask novalidate>
                <div class="segments" role="group" aria-label=text(Key::ExchangeWay)>{ways.into_iter().collect_view()}</div>
                <Show when=several>
                    <div class="field">
                        <label for="ramp-account">{text(Key::Account)}</label>
                        <select id="ramp-account" class="select" data-testid="ramp-account" on:change=choose>{account_options(accounts, account.into())}</select>
                    </div>
                </Show>
                <Field testid="ramp-amount" label=Key::RampAmount value=typed mode="decimal" complaint=complaint />
                <dl class="figures"><div><dt>{text(Key::BalanceBefore)}</dt><dd data-testid="ramp-held">{holding}</dd></div></dl>
                <div class="foot">
                    <button
                        type="submit"
                        class="button small"
                        data-testid="ramp-continue"
                        disabled=move || account.get().is_none() || short()
                    >
                        {text(Key::SendContinue)}
                    </button>
                </div>
            </form>
            {move || asked.get().map(|exchange| view! {
                <ConfirmExchange
                    exchange=exchange
                    held=held.get_untracked()
                    on_close=move |()| asked.set(None)
                    on_done=move |()| { typed.set(String::new()); tried.set(false); }
                />
            })}
        </section>
    }
}

/// What was typed, if the ramp can exchange it.
fn parsed(language: Language, typed: &str) -> Option<Idrs> {
    let text = format::canonical(language, typed)?;
    match Amount::parse_moved(Asset::Idrs, &text).ok()? {
        Amount::Idrs(amount) if amount <= MOST_RAMPED => Some(amount),
        _ => None,
    }
}

/// What the account holds afterwards.
fn after(exchange: Exchange, held: Idrs) -> Option<Idrs> {
    match exchange.way {
        Ramp::On => held.checked_add(exchange.amount),
        Ramp::Off => held.checked_sub(exchange.amount).filter(|rest| rest.0 >= 0),
    }
}

#[component]
fn ConfirmExchange(
    exchange: Exchange,
    held: Option<Idrs>,
    #[prop(into)] on_close: Callback<()>,
    #[prop(into)] on_done: Callback<()>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let doing = Doing::new();
    let Exchange { account, way, amount } = exchange;
    let act = move || {
        let command = ExchangeIdrs {
            account,
            way,
            amount: Amount::Idrs(amount).digits(),
        };
        doing.call(command, move |_| {
            on_done.run(());
            on_close.run(());
            session.say(
                Tone::Good,
                Key::RampDone.text(language.get_untracked()).to_owned(),
            );
        });
    };
    let (title, effect, this) = match way {
        Ramp::On => (Key::RampOn, Key::RampOnEffect, Key::RampOnThis),
        Ramp::Off => (Key::RampOff, Key::RampOffEffect, Key::RampOffThis),
    };
    let with_amount = move |key: Key| {
        let language = language.get();
        say(language, key, &[("amount", &format::idrs(language, amount))])
    };
    let later = move || held.and_then(|held| after(exchange, held));
    view! {
        <Confirm
            testid="ramp-confirm"
            title=Signal::derive(move || title.text(language.get()).to_owned())
            demands=Demands::default()
            action=Signal::derive(move || with_amount(this))
            doing=doing
            on_confirm=move |_: String| feed.with_keys(act)
            on_close=on_close
        >
            <p data-testid="ramp-effect"><b>{move || with_amount(effect)}</b></p>
            <p class="aside">{text(Key::RampHint)}</p>
            <dl class="figures">
                <div><dt>{text(Key::BalanceAfter)}</dt><dd>{concealed(move || match later() {
                    Some(rest) => format::amount(language.get(), Amount::Idrs(rest)),
                    None => "–".to_owned(),
                })}</dd></div>
            </dl>
            <p class="label">{text(Key::Account)}</p>
            <p class="whole-address"><Grouped address=account /></p>
        </Confirm>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exchanged_is_exact_and_bounded() {
        let english = |typed| parsed(Language::English, typed);
        assert_eq!(english("1,000.50"), Some(Idrs(100_050)));
        assert_eq!(english("1000000000000"), Some(MOST_RAMPED));
        for typed in ["1000000000000.01", "0", "1.005", "1e3", ""] {
            assert_eq!(english(typed), None, "{typed}");
        }
        let exchange = |way| Exchange {
            account: Address([1; 20]),
            way,
            amount: Idrs(5),
        };
        assert_eq!(after(exchange(Ramp::On), Idrs(10)), Some(Idrs(15)));
        assert_eq!(after(exchange(Ramp::Off), Idrs(10)), Some(Idrs(5)));
        assert_eq!(after(exchange(Ramp::Off), Idrs(4)), None);
    }
}
