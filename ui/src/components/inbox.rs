//! The bell in the top bar and the inbox behind it: what meters had to tell, newest first.

use enerlink_domain::{
    UnixMillis,
    device::{Notice, NoticeKind},
};
use enerlink_ipc::ListNotices;
use leptos::{ev, html, prelude::*, task::spawn_local, wasm_bindgen::JsCast};

use crate::{
    components::{
        icon::{Glyph, Icon},
        latest::Latest,
        loaded::Waiting,
        problem,
    },
    feed::{day_start, feed},
    format,
    i18n::{Key, Language, notice as words, say, text},
    ipc,
    prefs::prefs,
    session::{MeterPart, Page, Session, Tone, session},
};

/// Rows of a page.
pub(crate) const PAGE: u16 = 30;

/// The bell with the number of notices that nobody has seen.
#[component]
pub(crate) fn Bell() -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let open = session.inbox;
    let button = NodeRef::<html::Button>::new();
    let unseen = Memo::new(move |_| feed.state.with(|state| state.inbox.unseen));
    let name = move || match unseen.get() {
        0 => Key::Inbox.text(language.get()).to_owned(),
        unseen => {
            let count = format::count(language.get(), u64::from(unseen));
            say(language.get(), Key::InboxUnseen, &[("count", &count)])
        }
    };
    let count = move || match unseen.get() {
        0 => None,
        unseen @ 1..=99 => Some(unseen.to_string()),
        _ => Some("99+".to_owned()),
    };
    let close = Callback::new(move |()| {
        open.set(false);
        if let Some(button) = button.get_untracked() {
            // A button that cannot take the focus is still there for the mouse.
            let _ = button.focus();
        }
    });
    view! {
        <button
            node_ref=button
            type="button"
            class="ghost bell"
            data-testid="inbox-bell"
            title=name
            aria-label=name
            aria-haspopup="dialog"
            aria-expanded=move || if open.get() { "true" } else { "false" }
            on:click=move |_| open.update(|open| *open = !*open)
        >
            <Glyph icon=Icon::Bell />
            {move || count().map(|count| view! { <span class="count" data-testid="inbox-count" aria-hidden="true">{count}</span> })}
        </button>
        {move || open.get().then(|| view! { <Panel on_close=close /> })}
    }
}

#[component]
fn Panel(on_close: Callback<()>) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let panel = NodeRef::<html::Section>::new();
    Effect::new(move || {
        if let Some(panel) = panel.get() {
            // Whoever listens hears its name; a panel that cannot take the focus is still there.
            let _ = panel.focus();
        }
    });
    let pressed = window_event_listener(ev::pointerdown, move |event| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let inside = target.is_none_or(|target| target.closest(".inbox, .bell").ok().flatten().is_some());
        if !inside {
            session.inbox.set(false);
        }
    });
    let escaped = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            on_close.run(());
        }
    });
    // Whoever leaves has looked.
    on_cleanup(move || {
        pressed.remove();
        escaped.remove();
        feed.see_notices();
    });
    let newest = Latest::<(), ListNotices>::new();
    let read = move || {
        newest.ask(
            (),
            ListNotices {
                limit: PAGE,
                before: None,
            },
        )
    };
    read();
    Effect::new(move || {
        if let Some(((), page)) = newest.value.get() {
            feed.state.update(|state| state.inbox.begin(page));
        }
    });
    let busy = RwSignal::new(false);
    let older = move |_| {
        let before = feed.state.with_untracked(|state| state.inbox.next);
        busy.set(true);
        spawn_local(async move {
            let answer = ipc::call(&ListNotices { limit: PAGE, before }).await;
            busy.try_set(false);
            match answer {
                Ok(page) => feed.state.update(|state| state.inbox.extend(page)),
                Err(error) => {
                    session.say(Tone::Bad, problem::sentence(language.get_untracked(), &error));
                }
            }
        });
    };
    let rows = Memo::new(move |_| feed.state.with(|state| state.inbox.rows.clone()));
    let any_unseen = Memo::new(move |_| feed.state.with(|state| state.inbox.unseen > 0));
    let more = Memo::new(move |_| feed.state.with(|state| state.inbox.next.is_some()));
    let waits = move || rows.with(Vec::is_empty) && newest.value.with(Option::is_none);
    view! {
        <section node_ref=panel class="inbox" role="dialog" tabindex="-1" aria-label=text(Key::Inbox) data-testid="inbox">
            <header>
                <h2>{text(Key::Inbox)}</h2>
                {move || any_unseen.get().then(|| view! {
                    <button type="button" class="end link" data-testid="inbox-seen" on:click=move |_| feed.see_notices()>
                        {text(Key::MarkSeen)}
                    </button>
                })}
                <button
                    type="button"
                    class="ghost"
                    class:end=move || !any_unseen.get()
                    data-testid="inbox-close"
                    title=text(Key::Close)
                    aria-label=text(Key::Close)
                    on:click=move |_| on_close.run(())
                >
                    <Glyph icon=Icon::Close />
                </button>
            </header>
            <div class="scroll">
                {move || match (waits(), rows.with(Vec::is_empty)) {
                    (true, _) => view! { <Waiting error=newest.error retry=move |()| read() rows=4 /> }.into_any(),
                    (false, true) => view! {
                        <div class="empty" data-testid="inbox-empty">
                            <p>{text(Key::InboxEmpty)}</p>
                            <p class="dim small">{text(Key::InboxEmptyHint)}</p>
                        </div>
                    }
                    .into_any(),
                    (false, false) => view! {
                        <ul>
                            <For each=move || rows.get() key=|notice| format!("{notice:?}") let:notice>
                                <Row notice=notice />
                            </For>
                        </ul>
                    }
                    .into_any(),
                }}
            </div>
            <footer>
                <button type="button" class="link" data-testid="inbox-settings" on:click=move |_| {
                    session.inbox.set(false);
                    session.open(Page::Settings);
                }>
                    {text(Key::NotificationSettings)}
                </button>
                <Show when=move || more.get()>
                    <button type="button" class="link" data-testid="inbox-older" disabled=busy on:click=older>
                        {text(Key::ShowOlder)}
                    </button>
                </Show>
            </footer>
        </section>
    }
}

#[component]
fn Row(notice: Notice) -> impl IntoView {
    let (feed, session, prefs) = (feed(), session(), prefs());
    let (language, hidden) = (prefs.language, prefs.hidden);
    let kind = notice.kind;
    let lasts = kind.is_condition() && notice.cleared_at.is_none();
    let (raised, cleared) = (
        notice.raised_at,
        notice.cleared_at.filter(|_| kind.is_condition()),
    );
    let today = Memo::new(move |_| day_start(feed.now.get()));
    let reason = notice.detail.clone();
    let detail = move || match hidden.get() && kind.tells_an_amount() {
        true => format::HIDDEN.to_owned(),
        false => words::detail(language.get(), kind, &reason),
    };
    let end = move || match (lasts, cleared) {
        (true, _) => Some(Key::NoticeLasts.text(language.get()).to_owned()),
        (false, Some(cleared)) => Some(over_words(language.get(), raised, cleared)),
        (false, None) => None,
    };
    let meter = notice.meter_id.clone().map(|id| {
        let (shown, opened) = (id.clone(), id);
        let name = Signal::derive(move || feed.state.with(|state| state.name_of(&shown)));
        let title = move || say(language.get(), Key::ShowMeter, &[("meter", &name.get())]);
        let go = move |_| {
            session.inbox.set(false);
            session.open_meter(opened.clone(), part_of(kind));
        };
        view! { <button type="button" class="link" data-testid="notice-meter" title=title on:click=go>{name}</button> }
    });
    let place = place_of(kind).map(|(label, go)| {
        let go = move |_| {
            session.inbox.set(false);
            go(session);
        };
        view! { <button type="button" class="link go" data-testid="notice-go" on:click=go>{text(label)}</button> }
    });
    view! {
        <li
            class="notice-row"
            data-testid="notice-row"
            data-kind=kind.as_str()
            data-state=if lasts { "open" } else { "over" }
            data-unseen=if notice.seen { "false" } else { "true" }
        >
            <span class="dot"></span>
            <b>{move || words::begun(language.get(), kind)}</b>
            <time title=move || words::meaning(language.get(), kind)>{move || format::moment(language.get(), raised, today.get(), ipc::utc_offset_minutes)}</time>
            <div class="detail">
                {meter}
                {move || {
                    let parts: Vec<String> = [Some(detail()), end()].into_iter().flatten().filter(|part| !part.is_empty()).collect();
                    let words = parts.join(" · ");
                    if notice.meter_id.is_some() && !words.is_empty() { format!(" · {words}") } else { words }
                }}
                {place}
            </div>
        </li>
    }
}

/// The part of a meter that a notice leads to.
fn part_of(kind: NoticeKind) -> MeterPart {
    match kind {
        NoticeKind::CommandFailed | NoticeKind::GuardActed | NoticeKind::GuardWarns => MeterPart::Controls,
        NoticeKind::UnitsWrong | NoticeKind::ClientIdTaken => MeterPart::Setup,
        _ => MeterPart::Live,
    }
}

/// The page that a notice is about, when it is not about the meter alone.
fn place_of(kind: NoticeKind) -> Option<(Key, fn(Session))> {
    match kind {
        NoticeKind::SettlementFailed | NoticeKind::SettlementUndone | NoticeKind::SettlementDiffers => {
            Some((Key::Settlements, Session::open_settlements))
        }
        NoticeKind::EtkMissing => Some((Key::GetEtk, |session| session.open(Page::Market))),
        NoticeKind::MarketDiverged | NoticeKind::OrderFilled | NoticeKind::PriceReached => {
            Some((Key::Market, |session| session.open(Page::Market)))
        }
        NoticeKind::GuardWarns | NoticeKind::GuardActed => {
            Some((Key::Guard, |session| session.open(Page::Home)))
        }
        _ => None,
    }
}

/// When it was over, and how long it had lasted.
fn over_words(language: Language, raised: UnixMillis, cleared: UnixMillis) -> String {
    let time = format::time_of_day(cleared, ipc::utc_offset_minutes(cleared.0));
    let lasted = u64::try_from(cleared.0 - raised.0).unwrap_or(0);
    say(
        language,
        Key::NoticeOver,
        &[("time", &time), ("span", &format::span(language, lasted))],
    )
}
