//! A meter goes to another account, or is not listened to any more.

use enerlink_domain::Address;
use enerlink_ipc::{MoveMeter, RetireMeter};
use leptos::prelude::*;

use crate::{
    components::{
        address::AddressTag,
        confirm::{Confirm, Demands},
        doing::Doing,
    },
    feed::feed,
    i18n::{Key, say, text},
    pages::meter::{
        One, moment,
        owner::{OwnerField, owner_name, wallet_name, wallets},
        part, take_over,
    },
    prefs::prefs,
    session::{Tone, session},
};

/// Whose it is, and the way to another account.
#[component]
pub(super) fn OwnerCard(meter: One) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let owner = part(meter, |view| view.meter.owner);
    let chosen = RwSignal::new(None::<Address>);
    let asking = RwSignal::new(false);
    let doing = Doing::new();
    let wallets = wallets(feed.state);
    let several =
        move || wallets.with(|wallets| wallets.iter().map(|wallet| wallet.accounts.len()).sum::<usize>() > 1);
    let other = move || chosen.get().filter(|chosen| Some(*chosen) != owner.get());
    let named = move |address: Address| wallets.with(|wallets| owner_name(wallets, address));
    let whose = move || wallets.with(|wallets| wallet_name(wallets, owner.get()?));
    let title = Signal::derive(move || {
        let name = other().map(named).unwrap_or_default();
        say(language.get(), Key::MoveQuestion, &[("account", &name)])
    });
    let go = move |_: String| {
        let id = meter.with_untracked(|meter| meter.as_ref().map(|view| view.meter.id.clone()));
        let (Some(meter_id), Some(owner)) = (id, untrack(other)) else {
            return;
        };
        doing.call(MoveMeter { meter_id, owner }, move |view| {
            take_over(feed, view);
            asking.set(false);
            session.say(
                Tone::Good,
                Key::MeterMoved.text(language.get_untracked()).to_owned(),
            );
        });
    };
    let ask = move || {
        asking.get().then(|| {
            view! {
                <Confirm
                    testid="move-confirm"
                    title=title
                    demands=Demands::pause()
                    action=title_action(Key::MoveMeter)
                    doing=doing
                    on_confirm=go
                    on_close=move |()| asking.set(false)
                >
                    <p>{text(Key::MoveEffect)}</p>
                    <p class="mut small">{text(Key::MovePending)}</p>
                </Confirm>
            }
        })
    };
    view! {
        <section class="card" aria-label=text(Key::MeterOwner) data-testid="setup-owner">
            <header><h2>{text(Key::MeterOwner)}</h2></header>
            <div class="row">
                // At the left, where the whole address has room beside it.
                {move || owner.get().map(|owner| view! { <AddressTag address=owner testid="meter-owner-address" /> })}
                <span class="mut">{whose}</span>
            </div>
            <Show when=several>
                <div class="move">
                    <OwnerField owner=chosen proposed=owner />
                    <button
                        type="button"
                        class="button quiet small"
                        data-testid="move-meter"
                        disabled=move || other().is_none()
                        on:click=move |_| asking.set(true)
                    >
                        {text(Key::MoveMeter)}
                    </button>
                </div>
            </Show>
            {ask}
        </section>
    }
}

/// The word on a button.
fn title_action(key: Key) -> Signal<String> {
    let language = prefs().language;
    Signal::derive(move || key.text(language.get()).to_owned())
}

/// Listens to it no more, or again.
#[component]
pub(super) fn RetireCard(meter: One) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let retired = part(meter, |view| view.meter.retired_at);
    let retired = Memo::new(move |_| retired.get().flatten());
    let asking = RwSignal::new(false);
    let doing = Doing::new();
    let hint = move || match retired.get() {
        Some(at) => say(
            language.get(),
            Key::RetiredSince,
            &[("when", &moment(language.get(), at))],
        ),
        None => Key::RetireHint.text(language.get()).to_owned(),
    };
    let word = move || {
        if retired.get().is_some() {
            Key::UnretireMeter
        } else {
            Key::RetireMeter
        }
    };
    let title = Signal::derive(move || {
        let name = meter.with(|meter| meter.as_ref().map(|view| view.meter.name.clone()));
        let key = if retired.get().is_some() {
            Key::UnretireQuestion
        } else {
            Key::RetireQuestion
        };
        say(language.get(), key, &[("meter", &name.unwrap_or_default())])
    });
    let action = Signal::derive(move || word().text(language.get()).to_owned());
    let go = move |_: String| {
        let id = meter.with_untracked(|meter| meter.as_ref().map(|view| view.meter.id.clone()));
        let Some(meter_id) = id else { return };
        let retire = retired.get_untracked().is_none();
        doing.call(
            RetireMeter {
                meter_id,
                retired: retire,
            },
            move |view| {
                take_over(feed, view);
                asking.set(false);
                let told = if retire {
                    Key::MeterRetired
                } else {
                    Key::MeterUnretired
                };
                session.say(Tone::Good, told.text(language.get_untracked()).to_owned());
            },
        );
    };
    let ask = move || {
        asking.get().then(|| {
            let retire = retired.get_untracked().is_none();
            let (effect, demands) = if retire {
                (Key::RetireEffect, Demands::pause())
            } else {
                (Key::UnretireEffect, Demands::default())
            };
            view! {
                <Confirm
                    testid="retire-confirm"
                    title=title
                    demands=demands
                    action=action
                    doing=doing
                    on_confirm=go
                    on_close=move |()| asking.set(false)
                >
                    <p>{text(effect)}</p>
                </Confirm>
            }
        })
    };
    view! {
        <section class="card" aria-label=text(Key::RetireMeter) data-testid="setup-retire">
            <div class="setting first">
                <div><b>{move || word().text(language.get())}</b><small>{hint}</small></div>
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="retire-meter"
                    on:click=move |_| asking.set(true)
                >
                    {move || word().text(language.get())}
                </button>
            </div>
            {ask}
        </section>
    }
}
