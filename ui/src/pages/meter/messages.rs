//! The message log: what was heard and sent, word by word, filtered and searched by the core.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{
    MeterId,
    view::{MessageDirection, MessageFilter, MessageView},
};
use enerlink_ipc::{ListMessages, SaveMessages};
use leptos::prelude::*;

use crate::{
    components::{
        copy::CopyButton,
        icon::{Glyph, Icon},
        pages::{Paged, Pages},
        saving::save_rows,
        table::{Cell, Column, Table},
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    ipc,
    pages::meter::pretty::pretty,
    prefs::prefs,
    session::session,
};

/// Rows of a page.
const PAGE: u16 = 50;
/// How often the newest page is read while the log is looked at.
const REFRESH: Duration = Duration::from_secs(3);
/// The core is asked when nobody has typed for this long.
const TYPING: Duration = Duration::from_millis(300);
/// Bytes that the log keeps of a payload.
const KEPT: u64 = 4096;

/// The part.
#[component]
pub(super) fn MessagesPart(id: MeterId) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let filter = session.message_filter;
    if filter.with_untracked(|filter| *filter == MessageFilter::default()) {
        filter.update(|filter| filter.meter_id = Some(id.clone()));
    }
    let pages = Pages::new(|row: &MessageView| (row.id, String::new()));
    let read = move |before: Option<i64>| {
        let command = ListMessages {
            filter: filter.get_untracked(),
            limit: PAGE,
            before,
        };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    Effect::new(move || {
        filter.with(|_| ());
        pages.begin();
        read(None);
    });
    let follow = set_interval_with_handle(move || read(None), REFRESH);
    on_cleanup(move || {
        if let Ok(handle) = follow {
            handle.clear();
        }
    });
    let search = searched(filter);
    let rows = Memo::new(move |_| pages.rows.get().unwrap_or_default());
    let save = move |()| {
        let command = SaveMessages {
            filter: filter.get_untracked(),
        };
        save_rows(session, language.get_untracked(), command, Key::MessagesSaved);
    };
    let fold: Cell<MessageView> = Arc::new(move |row| view! { <Payload row=row.clone() /> }.into_any());
    let empty = move || {
        if filter.with(narrowed) {
            view! {
                <p>{text(Key::NoMessagesFound)}</p>
                <button type="button" class="link" data-testid="messages-clear" on:click=move |_| filter.update(widen)>
                    {text(Key::ClearFilter)}
                </button>
            }
            .into_any()
        } else {
            view! {
                <p>{text(Key::NoMessages)}</p>
                <p class="dim small">{text(Key::NoMessagesHint)}</p>
            }
            .into_any()
        }
    };
    let id = StoredValue::new(id);
    view! {
        <section class="card messages" aria-label=text(Key::MessageLog) data-testid="messages">
            <header><h2>{text(Key::MessageLog)}</h2><small>{text(Key::MessageLogHint)}</small></header>
            <Paged
                pages=pages
                older_testid="messages-older"
                read=read
            >
                <Table
                    id="message"
                    label=Key::MessageLog
                    columns=columns()
                    rows=rows
                    identity=|row: &MessageView| row.id.to_string()
                    kind=|row| direction_name(row.direction).to_owned()
                    empty=ViewFn::from(empty)
                    search=search
                    on_save=save
                    fold=fold.clone()
                >
                    <Filters filter=filter id=id.get_value() />
                </Table>
            </Paged>
        </section>
    }
}

/// The text of the search box, which the filter follows a moment after the last letter.
fn searched(filter: RwSignal<MessageFilter>) -> RwSignal<String> {
    let typed = filter.with_untracked(|filter| filter.search.clone());
    let search = RwSignal::new(typed.unwrap_or_default());
    Effect::new(move || {
        let typed = search.get();
        let take = move || {
            let still = search.try_with_untracked(|now| *now == typed) == Some(true);
            let wanted = Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty());
            if still && filter.try_with_untracked(|filter| filter.search != wanted) == Some(true) {
                filter.update(|filter| filter.search = wanted);
            }
        };
        set_timeout(take, TYPING);
    });
    Effect::new(move || {
        // Another page, or the button that clears, may have set it.
        let wanted = filter.with(|filter| filter.search.clone());
        if wanted.is_none() && search.with_untracked(|typed| !typed.trim().is_empty()) {
            search.set(String::new());
        }
    });
    search
}

/// Whether it leaves out more than other meters.
fn narrowed(filter: &MessageFilter) -> bool {
    let bare = MessageFilter {
        meter_id: filter.meter_id.clone(),
        ..MessageFilter::default()
    };
    *filter != bare
}

/// Leaves out nothing of the meter any more.
fn widen(filter: &mut MessageFilter) {
    *filter = MessageFilter {
        meter_id: filter.meter_id.take(),
        ..MessageFilter::default()
    };
}

/// Direction, verdict, meter, and the command that was followed here.
#[component]
fn Filters(filter: RwSignal<MessageFilter>, id: MeterId) -> impl IntoView {
    let feed = feed();
    let others = Memo::new(move |_| {
        feed.state
            .with(|state| state.meters.as_ref().map_or(0, Vec::len) > 1)
    });
    let pick = move |label: Key,
                     testid: &'static str,
                     options: Vec<(&'static str, Key)>,
                     now: fn(&MessageFilter) -> &'static str,
                     set: Callback<String>| {
        let options = options
            .into_iter()
            .map(|(value, word)| {
                view! {
                    <option value=value prop:selected=move || filter.with(|filter| now(filter) == value)>{text(word)}</option>
                }
            })
            .collect_view();
        view! {
            <select class="select" data-testid=testid aria-label=text(label) on:change=move |event| set.run(event_target_value(&event))>
                {options}
            </select>
        }
    };
    let direction = Callback::new(move |chosen: String| {
        filter.update(|filter| {
            filter.direction = match chosen.as_str() {
                "in" => Some(MessageDirection::In),
                "out" => Some(MessageDirection::Out),
                _ => None,
            };
        });
    });
    let verdict = Callback::new(move |chosen: String| {
        filter.update(|filter| {
            filter.accepted = match chosen.as_str() {
                "taken" => Some(true),
                "refused" => Some(false),
                _ => None,
            };
        });
    });
    let whose = Callback::new(move |chosen: String| {
        filter.update(|filter| filter.meter_id = (chosen == "this").then(|| id.clone()));
    });
    let command = move || {
        let id = filter.with(|filter| filter.correlation_id.clone())?;
        let short: String = id.chars().take(8).collect();
        let forget = move |_| filter.update(|filter| filter.correlation_id = None);
        Some(view! {
            <button type="button" class="chip accent press" data-testid="messages-command" title=id on:click=forget>
                {text(Key::Command)}" "{short}
                <Glyph icon=Icon::Close />
            </button>
        })
    };
    view! {
        {pick(
            Key::Direction,
            "messages-direction",
            vec![("", Key::BothDirections), ("in", Key::MessageIn), ("out", Key::MessageOut)],
            |filter| filter.direction.map_or("", direction_name),
            direction,
        )}
        {pick(
            Key::MessageResult,
            "messages-result",
            vec![("", Key::AnyResult), ("taken", Key::MessageTaken), ("refused", Key::MessageRefused)],
            |filter| match filter.accepted {
                None => "",
                Some(true) => "taken",
                Some(false) => "refused",
            },
            verdict,
        )}
        <Show when=move || others.get()>
            {pick(
                Key::Meter,
                "messages-meter",
                vec![("this", Key::ThisMeter), ("", Key::AllMeters)],
                |filter| if filter.meter_id.is_some() { "this" } else { "" },
                whose,
            )}
        </Show>
        {command}
    }
}

fn direction_name(direction: MessageDirection) -> &'static str {
    match direction {
        MessageDirection::In => "in",
        MessageDirection::Out => "out",
    }
}

fn columns() -> Vec<Column<MessageView>> {
    vec![
        Column::new(Key::Time, |row: &MessageView, language| {
            let offset = ipc::utc_offset_minutes(row.at.0);
            let day = format::day_and_month(language, row.at, offset);
            format!("{day} {}", format::time_with_seconds(row.at, offset))
        })
        .exactly(|row| format::iso_time(row.at))
        .class("when"),
        Column::new(Key::Direction, |row: &MessageView, language| {
            direction_words(row.direction).text(language).to_owned()
        })
        .shown(|row| {
            let (icon, word) = match row.direction {
                MessageDirection::In => (Icon::Down, Key::MessageIn),
                MessageDirection::Out => (Icon::Up, Key::MessageOut),
            };
            view! { <span class="way-of"><Glyph icon=icon />{text(word)}</span> }.into_any()
        }),
        Column::new(Key::Topic, |row: &MessageView, _| row.topic.clone())
            .shown(|row| view! { <code class="code">{row.topic.clone()}</code> }.into_any()),
        Column::new(Key::MessageResult, result_words).shown(|row| {
            let class = if row.accepted { "chip good" } else { "chip bad" };
            let row = row.clone();
            let language = prefs().language;
            view! { <span class=class>{move || result_words(&row, language.get())}</span> }.into_any()
        }),
        Column::new(Key::Size, |row: &MessageView, language| {
            format::file_size(language, row.length)
        })
        .class("n"),
    ]
}

fn direction_words(direction: MessageDirection) -> Key {
    match direction {
        MessageDirection::In => Key::MessageIn,
        MessageDirection::Out => Key::MessageOut,
    }
}

/// What became of it, and what was special about it.
fn result_words(row: &MessageView, language: Language) -> String {
    let verdict = match (row.direction, row.accepted) {
        (MessageDirection::In, true) => Key::MessageTaken,
        (MessageDirection::Out, true) => Key::MessageHandedOver,
        (MessageDirection::In | MessageDirection::Out, false) => Key::MessageRefused,
    };
    let marks = [
        row.retained.then_some(Key::MessageRetained),
        row.duplicate.then_some(Key::MessageDuplicate),
    ];
    let marks = marks.into_iter().flatten().map(|key| key.text(language));
    let words: Vec<&str> = std::iter::once(verdict.text(language)).chain(marks).collect();
    words.join(" · ")
}

/// What stands below a row: the reason, the command, and the payload as text.
#[component]
fn Payload(row: MessageView) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let shown = pretty(&row.payload);
    let cut = (row.length > KEPT).then(|| {
        let length = row.length;
        move || {
            say(
                language.get(),
                Key::PayloadCut,
                &[("size", &format::file_size(language.get(), length))],
            )
        }
    });
    let reason = row.reason.clone().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| {
        let words = move || say(language.get(), Key::MessageReason, &[("reason", &reason)]);
        view! { <p class="warn" data-testid="message-reason">{words}</p> }
    });
    let command = row.correlation_id.clone().map(|id| {
        let wanted = id.clone();
        let go = move |_| {
            session
                .message_filter
                .update(|filter| filter.correlation_id = Some(wanted.clone()));
        };
        view! {
            <p class="small">
                {text(Key::CorrelationId)}" "<code class="code">{id}</code>" "
                <button type="button" class="link" data-testid="message-command" on:click=go>{text(Key::ShowMessages)}</button>
            </p>
        }
    });
    view! {
        <div class="payload">
            {reason}
            {command}
            <div class="json">
                <pre data-testid="message-payload" tabindex="0">{shown}</pre>
                <CopyButton value=row.payload label=Key::Copy />
            </div>
            {cut.map(|cut| view! { <p class="aside">{cut}</p> })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::UnixMillis;

    use super::*;

    fn row() -> MessageView {
        MessageView {
            id: 1,
            at: UnixMillis(0),
            direction: MessageDirection::In,
            topic: "home/sensors".into(),
            meter_id: None,
            correlation_id: None,
            payload: "{}".into(),
            length: 2,
            accepted: true,
            reason: None,
            retained: false,
            duplicate: false,
        }
    }

    #[test]
    fn a_row_says_what_became_of_it() {
        let said = |row: &MessageView| result_words(row, Language::English);
        assert_eq!(said(&row()), "taken");
        let kept = MessageView {
            accepted: false,
            retained: true,
            ..row()
        };
        assert_eq!(said(&kept), "refused · retained");
        let sent = MessageView {
            direction: MessageDirection::Out,
            ..row()
        };
        assert_eq!(said(&sent), "handed to the broker");
    }

    #[test]
    fn clearing_keeps_the_meter() {
        let mut filter = MessageFilter {
            meter_id: Some("SM-001".parse().expect("a meter id")),
            search: Some("x".into()),
            ..MessageFilter::default()
        };
        assert!(narrowed(&filter));
        widen(&mut filter);
        assert!(!narrowed(&filter) && filter.meter_id.is_some());
    }
}
