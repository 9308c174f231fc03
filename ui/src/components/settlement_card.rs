//! The settlement card: this period, what it will bring, what is missing, and *Settle now*.

pub(crate) mod standing;
mod together;

use enerlink_domain::{Code, Error, Estimate, Etk, FlowState, MicroWatts, NetMicroWh, Readiness};
use enerlink_ipc::SettleNow;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        amount::concealed,
        icon::{Glyph, Icon},
        meter_select::{Also, MeterSelect},
        problem::{Problem, as_sentence},
        ring::Ring,
    },
    feed::feed,
    format::{self, Sign},
    i18n::{Key, Language, headline, say, text},
    ipc,
    prefs::prefs,
    session::{Page, Tone, session},
};

use standing::{Help, Standing, last_failure};
use together::Together;

/// The card, with its explanation while there is nothing to estimate.
#[component]
pub(crate) fn SettlementCard() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let estimate = Memo::new(move |_| feed.state.with(|state| state.home.as_ref()?.estimate.clone()));
    let some = Memo::new(move |_| estimate.with(Option::is_some));
    let meter = Memo::new(move |_| feed.state.with(|state| state.meter_id().cloned()));
    let period = move || {
        estimate.get().map(|estimate| {
            let clock = |at| format::time_of_day(at, ipc::utc_offset_minutes(estimate.now.0));
            let (from, to) = (clock(estimate.period_start), clock(estimate.period_end));
            let mode = if estimate.readiness == Readiness::Manual {
                Key::ByHand
            } else {
                Key::Automatic
            };
            say(
                language.get(),
                Key::Period,
                &[("from", &from), ("to", &to), ("mode", mode.text(language.get()))],
            )
        })
    };
    view! {
        <section class="card settlement" aria-label=text(Key::Settlement)>
            <header>
                <h2>{text(Key::Settlement)}</h2>
                <MeterSelect meter=meter on_meter=move |id| feed.choose_meter(id) also=Also::Nothing testid="settlement-meter" />
                <small>{period}</small>
                {move || estimate.get().map(|estimate| view! { <FlowChip flow=estimate.flow /> })}
            </header>
            {move || if some.get() {
                view! { <Outlook estimate=estimate /> }.into_any()
            } else {
                view! { <p class="empty">{text(Key::NoEstimate)}</p> }.into_any()
            }}
        </section>
    }
}

#[component]
fn FlowChip(flow: FlowState) -> impl IntoView {
    match flow {
        FlowState::Exporting => view! {
            <span class="end chip export"><Glyph icon=Icon::Up />{text(Key::Exporting)}</span>
        }
        .into_any(),
        FlowState::Importing => view! {
            <span class="end chip import"><Glyph icon=Icon::Down />{text(Key::Importing)}</span>
        }
        .into_any(),
        FlowState::Idle => view! { <span class="end chip">{text(Key::Idle)}</span> }.into_any(),
    }
}

/// Ring, amount, figures, button.
#[component]
fn Outlook(estimate: Memo<Option<Estimate>>) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let of = move |pick: fn(&Estimate) -> i128| estimate.with(|estimate| estimate.as_ref().map_or(0, pick));
    let span = move || of(|estimate| i128::from(estimate.period_end.0 - estimate.period_start.0)).max(1);
    let left = Memo::new(move |_| {
        let end = of(|estimate| i128::from(estimate.period_end.0));
        // Our idea of a simulated clock may be a little off; no period has more left than its length.
        let left = (end - i128::from(feed.now.get().0)).clamp(0, span());
        i64::try_from(left).unwrap_or(0)
    });
    let share = Signal::derive(move || left.get() as f64 / span() as f64);
    let countdown = Signal::derive(move || format::countdown(left.get()));
    let etk = Memo::new(move |_| Etk(of(|estimate| estimate.etk_at_end.0)));
    let tone = Signal::derive(move || match etk.get().0 {
        0 => "idle",
        1.. => "export",
        _ => "import",
    });
    let lead = move || {
        if etk.get().0 < 0 {
            Key::WillPay
        } else {
            Key::WillReceive
        }
        .text(language.get())
    };
    let amount = concealed(move || format::etk(language.get(), Etk(etk.get().0.abs()), Sign::Negative));
    let now = concealed(move || {
        format::etk(
            language.get(),
            Etk(of(|estimate| estimate.etk_now.0)),
            Sign::Always,
        )
    });
    let net = move || {
        let exported = of(|estimate| i128::from(estimate.owed.0));
        let owed = NetMicroWh(i64::try_from(exported).unwrap_or(0));
        let energy = format::net_energy(language.get(), owed, Sign::Always).text();
        say(
            language.get(),
            Key::OwedNow,
            &[("energy", &energy), ("amount", &now())],
        )
    };
    view! {
        <div class="outlook">
            <Ring left=share label=countdown tone=tone />
            <div>
                <div class="mut">{lead}</div>
                <div class="big huge">
                    <span data-testid="etk-estimate">{amount}</span>
                    <small>"ETK"</small>
                </div>
                <div class="dim small">{net}</div>
            </div>
        </div>
        <Figures estimate=estimate />
        <Together />
        <Missing estimate=estimate />
        <SettleButton estimate=estimate />
    }
}

#[component]
fn Figures(estimate: Memo<Option<Estimate>>) -> impl IntoView {
    let language = prefs().language;
    let energy = move |pick: fn(&Estimate) -> NetMicroWh| {
        let energy = Memo::new(move |_| {
            estimate
                .with(|estimate| estimate.as_ref().map(pick))
                .unwrap_or_default()
        });
        view! {
            <dd title=move || format::exact_energy(language.get(), i128::from(energy.get().0))>
                {move || format::period_energy(language.get(), energy.get()).text()}
            </dd>
        }
    };
    let average = move || {
        let average = estimate.with(|estimate| estimate.as_ref().and_then(|estimate| estimate.average_power));
        average.map_or("–".to_owned(), |average| signed_power(language.get(), average))
    };
    view! {
        <dl class="figures">
            <div><dt>{text(Key::ExportedSoFar)}</dt>{energy(|estimate| estimate.exported)}</div>
            <div><dt>{text(Key::ImportedSoFar)}</dt>{energy(|estimate| estimate.imported)}</div>
            <div><dt>{text(Key::Carried)}</dt>{energy(|estimate| estimate.carried)}</div>
            <div><dt>{text(Key::AveragePower)}</dt><dd>{average}</dd></div>
        </dl>
    }
}

/// The magnitude, and which way it goes.
fn signed_power(language: Language, power: MicroWatts) -> String {
    let arrow = match power.0 {
        0 => "",
        1.. => "↑ ",
        _ => "↓ ",
    };
    format!("{arrow}{}", format::power(language, power))
}

/// One sentence: how it stands, and the button that helps. What failed before is said until something newer is there.
#[component]
fn Missing(estimate: Memo<Option<Estimate>>) -> impl IntoView {
    let (feed, session, prefs) = (feed(), session(), prefs());
    let standing = Memo::new(move |_| feed.state.with(Standing::of));
    let failure = Memo::new(move |_| feed.state.with(last_failure));
    let words = Memo::new(move |_| {
        let standing = standing.get()?;
        estimate.with(|estimate| {
            let estimate = estimate.as_ref()?;
            Some(standing.words(prefs.language.get(), estimate, prefs.hidden.get()))
        })
    });
    let help = Memo::new(move |_| standing.with(|standing| standing.as_ref().and_then(Standing::help)));
    let name = move || standing.with(|standing| standing.as_ref().map(Standing::name));
    let button = move || {
        help.get().map(|help| match help {
            Help::Unlock => view! {
                <button type="button" class="link" data-testid="settlement-unlock" on:click=move |_| feed.turn_key()>
                    {text(Key::Unlock)}
                </button>
            }
            .into_any(),
            Help::Market => view! {
                <button type="button" class="link" data-testid="settlement-market" on:click=move |_| session.open(Page::Market)>
                    {text(Key::GetEtk)}
                </button>
            }
            .into_any(),
        })
    };
    let failed = move || {
        failure.get().map(|reason| {
            let reason = Some(reason).filter(|reason| !reason.is_empty());
            let reason = reason.as_deref().map(as_sentence).unwrap_or_default();
            let words = move || say(prefs.language.get(), Key::LastFailed, &[("reason", &reason)]);
            view! { <p class="readiness bad" data-testid="settlement-failed">{words}</p> }
        })
    };
    view! {
        {failed}
        <p class="readiness" data-testid="readiness" data-state=name>
            {move || words.get()}
            {button}
        </p>
    }
}

/// Settles what is owed. It moves only energy of one's own, so there is nothing to confirm.
#[component]
fn SettleButton(estimate: Memo<Option<Estimate>>) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<Error>);
    let owed = Memo::new(move |_| {
        estimate
            .with(|estimate| estimate.as_ref().map(|estimate| estimate.owed))
            .unwrap_or_default()
    });
    let meter = Memo::new(move |_| {
        estimate.with(|estimate| estimate.as_ref().map(|estimate| estimate.meter_id.clone()))
    });
    let obstacle = Memo::new(move |_| {
        estimate.with(|estimate| estimate.as_ref().and_then(|estimate| estimate.obstacle))
    });
    // A refusal is of its moment and its meter: once it stands otherwise it is no longer true.
    Effect::new(move || {
        // A memo that is only tracked never looks at what it depends on.
        let _ = (meter.get(), obstacle.get());
        error.set(None);
    });
    let settle = move || {
        let Some(meter_id) = meter.get_untracked() else {
            return;
        };
        busy.set(true);
        error.set(None);
        spawn_local(async move {
            match ipc::call(&SettleNow { meter_id }).await {
                Ok(_) => session.say(
                    Tone::Good,
                    Key::SettleStarted.text(language.get_untracked()).to_owned(),
                ),
                Err(problem) => drop(error.try_set(Some(problem))),
            }
            busy.try_set(false);
            feed.refresh_home().await;
        });
    };
    let press = move |_| match obstacle.get_untracked() {
        Some(Code::Locked) => feed.with_keys(settle),
        _ => settle(),
    };
    let label = move || match (busy.get(), owed.get().whole_wh().0) {
        (true, _) => Key::SettlingBusy.text(language.get()).to_owned(),
        (false, 0) => Key::SettleNothing.text(language.get()).to_owned(),
        (false, _) => say(
            language.get(),
            Key::SettleNow,
            &[("energy", &format::whole_wh(language.get(), owed.get()))],
        ),
    };
    let reason = move || obstacle.get().map(|code| headline(language.get(), code));
    view! {
        <div class="settle" aria-live="polite">
            {move || error.get().map(|error| view! { <Problem error=error /> })}
            <button
                type="button"
                class="button"
                data-testid="settle-now"
                disabled=move || busy.get() || obstacle.get().is_some_and(|code| code != Code::Locked)
                title=reason
                on:click=press
            >
                {label}
            </button>
            <AddUp />
        </div>
    }
}

/// How many settlements there have been, and what they brought.
#[component]
fn AddUp() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let totals = Memo::new(move |_| {
        feed.state
            .with(|state| state.home.as_ref().map(|home| home.totals))
    });
    let net = concealed(move || {
        let totals = totals.get().unwrap_or_default();
        format::etk(
            language.get(),
            Etk(totals.minted.0 - totals.burned.0),
            Sign::Always,
        )
    });
    move || {
        totals
            .get()
            .filter(|totals| totals.settlements > 0)
            .map(|totals| {
                let count = format::count(language.get(), totals.settlements);
                let words = say(
                    language.get(),
                    Key::SettledTimes,
                    &[("count", &count), ("amount", &net())],
                );
                view! { <span class="dim small end" data-testid="totals">{words}</span> }
            })
    }
}
