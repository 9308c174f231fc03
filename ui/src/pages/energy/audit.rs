//! The audit: that every watt-hour is accounted for once, the chain of facts behind it, and a verification on demand.

mod sums;

use std::sync::Arc;

use enerlink_domain::{
    Hash32, MeterId,
    audit::{AuditPage, Fact, FactKind, Verification},
};
use enerlink_ipc::{ReadAudit, VerifyAudit};
use leptos::prelude::*;

use super::{settlement::Detail, settlements::window};
use crate::{
    components::{
        copy::CopyButton,
        doing::Doing,
        icon::{Glyph, Icon},
        loaded::{Loaded, Waiting},
        meter_select::{Also, MeterSelect},
        pages::{Paged, Pages},
        problem::{Problem, Weight},
        table::{Cell, Column, Table},
    },
    feed::feed,
    format::{self, HIDDEN, Sign},
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
};

use sums::SumsCard;

/// Rows of a page.
const PAGE: u16 = 20;

/// A link of the chain, and whether amounts are hidden.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    fact: Fact,
    hidden: bool,
}

/// The part.
#[component]
pub(super) fn AuditPart() -> impl IntoView {
    let meter = RwSignal::new(None::<MeterId>);
    let chosen = Memo::new(move |_| meter.get());
    view! {
        <Sums meter=chosen on_meter=move |id| meter.set(id) />
        <VerifyCard />
        <FactsCard meter=chosen />
    }
}

/// Sums of each meter, read again as energy flows.
#[component]
fn Sums(meter: Memo<Option<MeterId>>, #[prop(into)] on_meter: Callback<Option<MeterId>>) -> impl IntoView {
    let feed = feed();
    let loaded = Loaded::<AuditPage>::new();
    let read = move || {
        loaded.read(ReadAudit {
            meter_id: meter.get(),
            limit: 1,
            before: None,
        });
    };
    let told = Memo::new(move |_| feed.state.with(|state| state.settlement.clone()));
    Effect::new(move || {
        feed.read_at.track();
        // A memo that is only tracked never looks at what it depends on.
        let _ = told.get();
        read();
    });
    let offline = Memo::new(move |_| feed.state.with(|state| state.chain_problem()));
    let sums = Memo::new(move |_| {
        loaded
            .value
            .with(|page| page.as_ref().map(|page| page.sums.clone()))
    });
    view! {
        <section class="card audit" aria-label=text(Key::AuditTitle) data-testid="audit">
            <header>
                <h2>{text(Key::AuditTitle)}</h2>
                <small>{text(Key::AuditHint)}</small>
                <span class="end"><MeterSelect meter=meter on_meter=on_meter also=Also::All testid="audit-meter" /></span>
            </header>
            {move || offline.get().map(|error| view! { <Problem error=error weight=Weight::Notice /> })}
            {move || match sums.get() {
                None => view! { <Waiting error=loaded.error retry=move |()| untrack(read) rows=4 /> }.into_any(),
                Some(sums) if sums.is_empty() => view! {
                    <div class="empty" data-testid="audit-empty"><p>{text(Key::NoSums)}</p></div>
                }
                .into_any(),
                Some(sums) => sums
                    .into_iter()
                    .map(|sums| view! { <SumsCard sums=sums /> })
                    .collect_view()
                    .into_any(),
            }}
        </section>
    }
}

/// Everything is computed again and compared with the node, when a person asks.
#[component]
fn VerifyCard() -> impl IntoView {
    let language = prefs().language;
    let doing = Doing::new();
    let found = RwSignal::new(None::<Verification>);
    let verify = move |_| doing.call(VerifyAudit {}, move |answer| drop(found.try_set(Some(answer))));
    view! {
        <section class="card verify" aria-label=text(Key::VerifyTitle)>
            <header>
                <h2>{text(Key::VerifyTitle)}</h2>
                <small>{text(Key::VerifyHint)}</small>
                <button
                    type="button"
                    class="end button small"
                    data-testid="audit-verify"
                    disabled=doing.busy
                    on:click=verify
                >
                    {move || if doing.busy.get() { Key::Verifying } else { Key::Verify }.text(language.get())}
                </button>
            </header>
            {doing.problem()}
            <div aria-live="polite">
                {move || match found.get() {
                    Some(found) => view! { <Verified found=found /> }.into_any(),
                    None => view! { <p class="aside">{text(Key::VerifyWhy)}</p> }.into_any(),
                }}
            </div>
        </section>
    }
}

#[component]
fn Verified(found: Verification) -> impl IntoView {
    let language = prefs().language;
    let (settlements, facts) = (found.settlements, found.facts);
    let counted = move || {
        let count = |number| format::count(language.get(), number);
        let values = [("settlements", count(settlements)), ("facts", count(facts))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        say(language.get(), Key::VerifiedCounts, &values)
    };
    let (key, class, icon) = if found.ok {
        (Key::VerifiedGood, "verdict good", Icon::Check)
    } else {
        (Key::VerifiedBad, "verdict bad", Icon::Warning)
    };
    let problems = found
        .problems
        .into_iter()
        .map(|problem| view! { <li>{problem}</li> });
    view! {
        <div class="verified" data-testid="audit-verified" data-state=if found.ok { "ok" } else { "bad" }>
            <p class=class><Glyph icon=icon /><b>{text(key)}</b><span>{counted}</span></p>
            <ul class="problems" data-testid="audit-problems">{problems.collect_view()}</ul>
            <Head hash=found.head />
        </div>
    }
}

/// The hash that vouches for everything before it.
#[component]
fn Head(hash: Hash32) -> impl IntoView {
    view! {
        <p class="head-hash small">
            <span class="mut">{text(Key::HeadHash)}</span>
            <code class="code" data-testid="audit-head">{hash.to_string()}</code>
            <CopyButton value=hash.to_string() label=Key::Copy testid="audit-head-copy" />
        </p>
        <p class="aside">{text(Key::HeadHashHint)}</p>
    }
}

/// The chain, newest link first.
#[component]
fn FactsCard(meter: Memo<Option<MeterId>>) -> impl IntoView {
    let (feed, prefs) = (feed(), prefs());
    let pages = Pages::new(|row: &Fact| (i64::try_from(row.number).unwrap_or(i64::MAX), String::new()));
    let read = move |before: Option<i64>| {
        let command = ReadAudit {
            meter_id: meter.get_untracked(),
            limit: PAGE,
            before: before.and_then(|before| u64::try_from(before).ok()),
        };
        pages.read(command, before, |page| {
            (page.rows, page.next.and_then(|next| i64::try_from(next).ok()))
        });
    };
    Effect::new(move || {
        meter.track();
        pages.begin();
        read(None);
    });
    let told = Memo::new(move |_| {
        feed.state.with(|state| {
            let row = state.settlement.as_ref();
            row.map(|row| (row.settlement_id.clone(), row.status.as_str()))
        })
    });
    Effect::new(move |before: Option<()>| {
        // A memo that is only tracked never looks at what it depends on.
        let _ = told.get();
        if before.is_some() {
            read(None);
        }
    });
    let rows = Memo::new(move |_| {
        let hidden = prefs.hidden.get();
        let facts = pages.rows.get().unwrap_or_default().into_iter();
        facts.map(|fact| Row { fact, hidden }).collect::<Vec<_>>()
    });
    let fold: Cell<Row> = Arc::new(|row| {
        let fact = row.fact.clone();
        view! {
            <dl class="figures facts-links">
                <div><dt>{text(Key::FactHash)}</dt><dd class="code">{fact.hash.to_string()}<CopyButton value=fact.hash.to_string() label=Key::Copy /></dd></div>
                <div><dt>{text(Key::FactBefore)}</dt><dd class="code">{fact.previous.to_string()}</dd></div>
            </dl>
            <Detail row=fact.settlement gone={fact.kind == FactKind::Reversed} />
        }
        .into_any()
    });
    view! {
        <section class="card settlements facts-card" aria-label=text(Key::Facts)>
            <header><h2>{text(Key::Facts)}</h2><small>{text(Key::FactsHint)}</small></header>
            <Paged
                pages=pages
                older_testid="facts-older"
                read=read
            >
                <Table
                    id="facts"
                    label=Key::Facts
                    columns=columns()
                    rows=rows
                    identity=|row: &Row| format!("{row:?}")
                    kind=|row: &Row| row.fact.kind.as_str().to_owned()
                    named=|row: &Row| row.fact.number.to_string()
                    empty=ViewFn::from(|| view! {
                        <p>{text(Key::NoFacts)}</p>
                        <p class="dim small">{text(Key::NoFactsHint)}</p>
                    })
                    fold=fold.clone()
                />
            </Paged>
        </section>
    }
}

fn columns() -> Vec<Column<Row>> {
    vec![
        Column::new(Key::FactNumber, |row: &Row, language| {
            format::count(language, row.fact.number)
        })
        .ordered(|a, b| a.fact.number.cmp(&b.fact.number))
        .exactly(|row| row.fact.number.to_string())
        .class("n"),
        Column::new(Key::FactSays, |row: &Row, language| {
            fact_words(row.fact.kind).text(language).to_owned()
        })
        .shown(|row| {
            let kind = row.fact.kind;
            let class = match kind {
                FactKind::Settled => "chip good",
                FactKind::Reversed => "chip warn",
            };
            view! { <span class=class>{text(fact_words(kind))}</span> }.into_any()
        })
        .exactly(|row| row.fact.kind.as_str().to_owned()),
        Column::new(Key::Time, |row: &Row, language| {
            let at = row.fact.at;
            format::date_and_time(language, at, ipc::utc_offset_minutes(at.0))
        })
        .exactly(|row| format::iso_time(row.fact.at))
        .class("when"),
        Column::new(Key::Meter, |row: &Row, _| {
            row.fact.settlement.meter_id.to_string()
        })
        .shown(|row| {
            let feed = feed();
            let id = row.fact.settlement.meter_id.clone();
            (move || feed.state.with(|state| state.name_of(&id))).into_any()
        }),
        Column::new(Key::PeriodWord, |row: &Row, language| {
            window(language, &row.fact.settlement)
        })
        .exactly(|row| row.fact.settlement.settlement_id.clone())
        .class("when"),
        Column::new(Key::NetEnergy, |row: &Row, language| {
            format::whole_energy(language, row.fact.settlement.energy_wh)
        })
        .exactly(|row| row.fact.settlement.energy_wh.0.to_string())
        .class("n"),
        Column::new(Key::EtkName, etk_words)
            .exactly(|row| row.fact.settlement.etk.to_string())
            .class("n"),
        Column::new(Key::FactHash, |row: &Row, _| row.fact.hash.to_string())
            .shown(|row| {
                let hash = row.fact.hash.to_string();
                let short = format::shorten(&hash);
                view! { <code class="code" title=hash>{short}</code> }.into_any()
            })
            .class("n"),
    ]
}

fn etk_words(row: &Row, language: Language) -> String {
    if row.hidden {
        HIDDEN.to_owned()
    } else {
        format::etk(language, row.fact.settlement.etk, Sign::Always)
    }
}

fn fact_words(kind: FactKind) -> Key {
    match kind {
        FactKind::Settled => Key::FactSettled,
        FactKind::Reversed => Key::FactReversed,
    }
}
