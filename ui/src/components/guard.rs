//! The guard, which keeps a household from importing more than its ETK can pay: what it needs from a person above
//! everything else on Home, and how it stands and what it did in a card.

mod words;

use enerlink_domain::{
    Address, Etk, UnixMillis,
    guard::{GuardAct, GuardOrder, GuardView},
};
use enerlink_ipc::OrderGuard;
use leptos::prelude::*;

use crate::{
    components::{
        address::AddressTag,
        amount::concealed,
        doing::Doing,
        icon::{Glyph, Icon},
    },
    feed::{day_start, feed},
    format::{self, Sign},
    i18n::{Key, text},
    ipc,
    prefs::prefs,
    session::{Page, session},
};

use words::{Ask, Banner, banner, name, state_class, state_words, step_words};

/// Rows of the record before the others are asked for.
const FIRST: usize = 5;

/// One line for each guard that has something to say.
#[component]
pub(crate) fn GuardBanners() -> impl IntoView {
    let feed = feed();
    let owners = owners();
    view! {
        <div class="notices">
            <For each=move || owners.get() key=|owner| *owner let:owner>
                <OneBanner view=one(feed.state, owner) />
            </For>
        </div>
    }
}

/// A card for each guard.
#[component]
pub(crate) fn GuardCards() -> impl IntoView {
    let feed = feed();
    let owners = owners();
    let several = Memo::new(move |_| owners.with(|owners| owners.len() > 1));
    view! {
        <For each=move || owners.get() key=|owner| *owner let:owner>
            <GuardCard owner=owner view=one(feed.state, owner) several=several />
        </For>
    }
}

/// Accounts that have a guard.
fn owners() -> Memo<Vec<Address>> {
    let feed = feed();
    Memo::new(move |_| feed.state.with(|state| state.guards.keys().copied().collect()))
}

fn one(state: RwSignal<crate::live::LiveState>, owner: Address) -> Memo<Option<GuardView>> {
    Memo::new(move |_| state.with(|state| state.guards.get(&owner).cloned()))
}

#[component]
fn OneBanner(view: Memo<Option<GuardView>>) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let shown = Memo::new(move |_| view.with(|view| view.as_ref().and_then(banner)));
    let hidden = prefs().hidden;
    let sentence = move || {
        let now = feed.now.get();
        view.with(|view| {
            let view = view.as_ref()?;
            Some(words::sentence(language.get(), view, now, hidden.get()))
        })
    };
    // Whoever listens hears it once, not every second of the countdown.
    let spoken = move || shown.get().map(|shown: Banner| shown.title.text(language.get()));
    move || {
        shown.get().map(|shown| {
            let class = if shown.urgent { "problem" } else { "problem notice" };
            view! {
                <div class=class data-testid="guard-banner" data-state=move || view.with(|view| view.as_ref().map(|view| name(&view.state)))>
                    <Glyph icon=Icon::Guard />
                    <div class="words">
                        <p role="alert">{spoken}</p>
                        <p class="next" data-testid="guard-sentence">{sentence}</p>
                    </div>
                    <Orders view=view asks=shown.asks />
                </div>
            }
        })
    }
}

/// The buttons, and why the last order was refused.
#[component]
fn Orders(view: Memo<Option<GuardView>>, asks: &'static [Ask]) -> impl IntoView {
    let (feed, session) = (feed(), session());
    let doing = Doing::new();
    let order = move |order: GuardOrder| {
        let Some(owner) = view.with_untracked(|view| view.as_ref().map(|view| view.owner)) else {
            return;
        };
        doing.call(OrderGuard { owner, order }, move |told| {
            feed.state.update(|state| drop(state.guards.insert(owner, told)));
        });
    };
    let buttons = asks.iter().map(|ask| match *ask {
        Ask::Order(what, label, testid, first) => {
            let class = if first { "button small" } else { "button quiet small" };
            view! {
                <button type="button" class=class data-testid=testid disabled=doing.busy on:click=move |_| order(what)>
                    {text(label)}
                </button>
            }
            .into_any()
        }
        Ask::Market => view! {
            <button type="button" class="button quiet small" data-testid="guard-market" on:click=move |_| session.open(Page::Market)>
                {text(Key::GetEtk)}
            </button>
        }
        .into_any(),
        Ask::Settings => view! {
            <button type="button" class="button quiet small" data-testid="guard-settings" on:click=move |_| session.open(Page::Settings)>
                {text(Key::Settings)}
            </button>
        }
        .into_any(),
    });
    view! {
        <div class="act row">{buttons.collect_view()}</div>
        {doing.problem()}
    }
}

#[component]
fn GuardCard(owner: Address, view: Memo<Option<GuardView>>, several: Memo<bool>) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let state = Memo::new(move |_| view.with(|view| view.as_ref().map(|view| view.state.clone())));
    let chip = move || {
        state.get().map(|state| {
            let class = state_class(&state);
            view! { <span class=class data-testid="guard-state" data-state=name(&state)>{text(state_words(&state))}</span> }
        })
    };
    let amount = move |pick: fn(&GuardView) -> Option<Etk>| {
        concealed(move || {
            let etk = view.with(|view| view.as_ref().and_then(pick));
            etk.map_or("–".to_owned(), |etk| {
                format!("{}\u{a0}ETK", format::etk(language.get(), etk, Sign::Negative))
            })
        })
    };
    let (available, burn, restore) = (
        amount(|view| view.available),
        amount(|view| view.burn),
        amount(|view| view.restore_at),
    );
    let restores =
        Memo::new(move |_| view.with(|view| view.as_ref().is_some_and(|view| view.restore_at.is_some())));
    let meters = move || {
        view.with(|view| {
            let ids = view.iter().flat_map(|view| &view.meters);
            let names = ids.map(|id| feed.state.with(|state| state.name_of(id)));
            names.collect::<Vec<_>>().join(", ")
        })
    };
    let sentence = move || {
        let hidden = prefs().hidden.get();
        view.with(|view| {
            let view = view.as_ref()?;
            Some(words::sentence(language.get(), view, feed.now.get(), hidden))
        })
    };
    let record = Memo::new(move |_| {
        view.with(|view| view.as_ref().map(|view| view.record.clone()))
            .unwrap_or_default()
    });
    let asks = Memo::new(move |_| state.get().map_or(&[] as &[Ask], |state| words::asks(&state)));
    view! {
        <section class="card guard" aria-label=text(Key::Guard) data-testid="guard-card" data-owner=owner.to_string()>
            <header>
                <h2>{text(Key::Guard)}</h2>
                {move || several.get().then(|| view! { <AddressTag address=owner /> })}
                <span class="end">{chip}</span>
            </header>
            <div class="guard-body">
                <div>
                    <p class="mut" data-testid="guard-words">{sentence}</p>
                    <dl class="figures">
                        <div><dt>{text(Key::GuardAvailable)}</dt><dd data-testid="guard-available">{available}</dd></div>
                        <div><dt>{text(Key::GuardBurn)}</dt><dd data-testid="guard-burn">{burn}</dd></div>
                        <div class:hidden=move || !restores.get()><dt>{text(Key::GuardRestoreAt)}</dt><dd data-testid="guard-restore-at">{restore}</dd></div>
                        <div><dt>{text(Key::GuardMeters)}</dt><dd>{meters}</dd></div>
                    </dl>
                    {move || view! { <Orders view=view asks=asks.get() /> }}
                </div>
                <Record rows=record />
            </div>
        </section>
    }
}

/// What it did, newest first.
#[component]
fn Record(rows: Memo<Vec<GuardAct>>) -> impl IntoView {
    let all = RwSignal::new(false);
    let shown = Memo::new(move |_| {
        let mut rows = rows.get();
        if !all.get() {
            rows.truncate(FIRST);
        }
        rows
    });
    view! {
        <div class="guard-record">
            <h3 class="label">{text(Key::GuardRecord)}</h3>
            <Show when=move || !shown.with(Vec::is_empty) fallback=|| view! {
                <p class="dim small" data-testid="guard-record-empty">{text(Key::GuardRecordEmpty)}</p>
            }>
                <ul>
                    <For each=move || shown.get() key=|act| format!("{act:?}") let:act><Act act=act /></For>
                </ul>
                <Show when=move || !all.get() && rows.with(|rows| rows.len() > FIRST)>
                    <button type="button" class="link" data-testid="guard-record-older" on:click=move |_| all.set(true)>
                        {text(Key::ShowOlder)}
                    </button>
                </Show>
            </Show>
        </div>
    }
}

#[component]
fn Act(act: GuardAct) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let (at, what) = (act.at, act.what);
    let today = Memo::new(move |_| day_start(feed.now.get()));
    let when = move || format::moment(language.get(), at, today.get(), ipc::utc_offset_minutes);
    let amounts = concealed(move || words::amounts(language.get(), &act));
    view! {
        <li data-testid="guard-act" data-kind=what.as_str()>
            <time>{when}</time>
            <span>{text(step_words(what))}</span>
            <span class="dim n">{amounts}</span>
        </li>
    }
}

/// How long until a moment, as a countdown.
fn left(until: UnixMillis, now: UnixMillis) -> String {
    format::countdown(until.0 - now.0)
}
