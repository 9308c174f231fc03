//! What is wrong with a meter now, since when, and what was wrong before and is over.

use enerlink_domain::{MeterId, Notice, device::NoticePage};
use enerlink_ipc::ListNotices;
use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        loaded::Loaded,
        standing::HealthChip,
    },
    i18n::{Key, Language, notice, say, text},
    pages::meter::{One, moment, part},
    prefs::prefs,
};

/// Conditions that are over and still worth a line.
const PAST: usize = 4;
/// Notices that are looked through for them.
const LOOKED_AT: u16 = 100;

/// The card.
#[component]
pub(super) fn UnwellCard(meter: One) -> impl IntoView {
    let language = prefs().language;
    let now = part(meter, |view| {
        (view.meter.id.clone(), view.device.conditions.clone())
    });
    let health = Signal::derive(move || meter.with(|meter| meter.as_ref()?.device.health));
    let past = Loaded::<NoticePage>::new();
    // When a condition has come or gone, the list of those that are over has changed.
    Effect::new(move || {
        // A memo that is only tracked never looks at what it depends on.
        let _ = now.get();
        past.read(ListNotices {
            limit: LOOKED_AT,
            before: None,
        });
    });
    let conditions = move || {
        let (_, conditions) = now.get()?;
        Some(if conditions.is_empty() {
            view! {
                <p class="done-line" data-testid="all-clear">
                    <Glyph icon=Icon::Check />
                    {text(Key::AllClear)}
                </p>
            }
            .into_any()
        } else {
            let rows = conditions
                .into_iter()
                .map(|row| condition(language, row))
                .collect_view();
            view! { <ul class="conditions">{rows}</ul> }.into_any()
        })
    };
    let over = move || {
        let (id, _) = now.get()?;
        let rows = past.value.with(|page| over_rows(page.as_ref(), &id));
        (!rows.is_empty()).then(|| {
            let rows = rows
                .into_iter()
                .map(|row| {
                    let line = over_words(language.get(), &row);
                    view! { <li data-testid="past-condition" data-kind=row.kind.as_str()>{line}</li> }
                })
                .collect_view();
            view! { <h3>{text(Key::PastConditions)}</h3><ul class="past">{rows}</ul> }
        })
    };
    view! {
        <section class="card unwell" aria-label=text(Key::Health) data-testid="conditions" aria-live="polite">
            <header>
                <h2>{text(Key::Health)}</h2>
                <span class="end"><HealthChip health=health /></span>
            </header>
            {conditions}
            {over}
        </section>
    }
}

/// One condition with its beginning.
fn condition(language: RwSignal<Language>, row: Notice) -> impl IntoView {
    let kind = row.kind;
    let detail = row.detail.clone();
    let detail = move || {
        let words = notice::detail(language.get(), kind, &detail);
        (!words.is_empty()).then(|| format!(" · {words}"))
    };
    let since = move || {
        let since = moment(language.get(), row.raised_at);
        say(language.get(), Key::SinceMoment, &[("when", &since)])
    };
    view! {
        <li class="condition" data-testid="condition" data-kind=kind.as_str()>
            <Glyph icon=Icon::Warning />
            <div>
                <p><b>{move || notice::begun(language.get(), kind)}</b>{detail}</p>
                <p class="mut small">{move || notice::meaning(language.get(), kind)}</p>
                <p class="dim small">{since}</p>
            </div>
        </li>
    }
}

/// The conditions of a meter that are over, the last one first.
fn over_rows(page: Option<&NoticePage>, id: &MeterId) -> Vec<Notice> {
    let rows = page.into_iter().flat_map(|page| &page.rows);
    rows.filter(|row| {
        row.meter_id.as_ref() == Some(id) && row.kind.is_condition() && row.cleared_at.is_some()
    })
    .take(PAST)
    .cloned()
    .collect()
}

/// `Meter is back: 21 Nov 2026 10:02, after 21 Nov 2026 9:58`.
fn over_words(language: Language, row: &Notice) -> String {
    let cleared = row.cleared_at.unwrap_or(row.raised_at);
    let words = notice::over(language, row.kind);
    let (from, to) = (moment(language, row.raised_at), moment(language, cleared));
    say(
        language,
        Key::OverAt,
        &[("what", words), ("from", &from), ("to", &to)],
    )
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{NoticeKind, UnixMillis};

    use super::*;

    fn row(id: i64, meter: &str, kind: NoticeKind, cleared: bool) -> Notice {
        Notice {
            id,
            meter_id: Some(meter.parse().expect("a meter id")),
            kind,
            detail: String::new(),
            raised_at: UnixMillis(id),
            cleared_at: cleared.then_some(UnixMillis(id + 1)),
            seen: false,
        }
    }

    #[test]
    fn only_the_meter_s_own_conditions_that_ended_are_past() {
        let mut rows = vec![
            row(9, "SM-001", NoticeKind::Offline, false),
            row(8, "SM-002", NoticeKind::Offline, true),
            row(7, "SM-001", NoticeKind::CounterReset, true),
            row(6, "SM-001", NoticeKind::LowHeap, true),
        ];
        rows.extend(
            (0..5)
                .rev()
                .map(|id| row(id, "SM-001", NoticeKind::Offline, true)),
        );
        let page = NoticePage {
            rows,
            unseen: 0,
            next: None,
        };
        let id = "SM-001".parse().expect("a meter id");
        let ids: Vec<i64> = over_rows(Some(&page), &id).iter().map(|row| row.id).collect();
        assert_eq!(ids, [6, 4, 3, 2]);
        assert_eq!(over_rows(None, &id), []);
    }
}
