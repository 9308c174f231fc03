//! What is kept for how long.

use enerlink_ipc::CopyDatabase;
use leptos::prelude::*;

use crate::{
    components::{doing::Doing, field::Field, loaded::Waiting},
    format,
    household::household,
    i18n::{Key, say, text},
    pages::settings::typed::whole,
    prefs::prefs,
    session::{Tone, session},
};

/// A hundred years.
const MOST_DAYS: u32 = 36_500;
const MOST_MESSAGES: u32 = 100_000_000;

/// The card with the form.
#[component]
pub(super) fn DataCard() -> impl IntoView {
    let (household, session, language) = (household(), session(), prefs().language);
    let copying = Doing::new();
    let copy = move |_| {
        copying.call(CopyDatabase {}, move |copy| {
            if let Some(copy) = copy {
                let words = say(
                    language.get_untracked(),
                    Key::DatabaseCopied,
                    &[("file", &copy.name)],
                );
                session.say(Tone::Good, words);
            }
        });
    };
    let known = Memo::new(move |_| household.preferences.value.with(Option::is_some));
    view! {
        <section class="card" data-testid="data-card">
            <header><h2>{text(Key::DataSettings)}</h2></header>
            {move || if known.get() {
                view! { <Form /> }.into_any()
            } else {
                view! { <Waiting error=household.preferences.error retry=move |()| household.read() rows=3 /> }.into_any()
            }}
            <div class="setting">
                <div><b>{text(Key::DatabaseSize)}</b><small>{text(Key::CopyDatabaseHint)}</small></div>
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="copy-database"
                    disabled=move || copying.busy.get()
                    on:click=copy
                >
                    {text(Key::CopyDatabase)}
                </button>
            </div>
            {copying.problem()}
        </section>
    }
}

#[component]
fn Form() -> impl IntoView {
    let (household, session, language) = (household(), session(), prefs().language);
    let doing = Doing::new();
    let [days, messages] = [(); 2].map(|()| RwSignal::new(String::new()));
    // Preferences are read again now and then; what is being typed stays unless these two are others.
    let kept = Memo::new(move |_| {
        let known = household.preferences.value;
        known.with(|known| known.as_ref().map(|known| (known.raw_days, known.log_messages)))
    });
    Effect::new(move || {
        if let Some((raw_days, log_messages)) = kept.get() {
            days.set(format::count(language.get(), raw_days.into()));
            messages.set(format::count(language.get(), log_messages.into()));
        }
    });
    let typed = move || {
        Some((
            whole(&days.get(), MOST_DAYS)?,
            whole(&messages.get(), MOST_MESSAGES)?,
        ))
    };
    let changed = move || typed() != kept.get();
    let complaint = move |right: bool, key: Key| (!right).then_some(key);
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some((raw_days, log_messages)) = untrack(typed) else {
            return;
        };
        household.change(
            doing,
            |preferences| {
                preferences.raw_days = raw_days;
                preferences.log_messages = log_messages;
            },
            move || {
                let words = Key::ChangesSaved.text(language.get_untracked());
                session.say(Tone::Good, words.to_owned());
            },
        );
    };
    view! {
        <form class="data" on:submit=save>
            <Field testid="data-raw-days" label=Key::RawDays value=days hint=Key::RawDaysHint mode="numeric"
                complaint=Signal::derive(move || complaint(whole(&days.get(), MOST_DAYS).is_some(), Key::RawDaysWrong)) />
            <Field testid="data-log-messages" label=Key::LogMessages value=messages hint=Key::LogMessagesHint mode="numeric"
                complaint=Signal::derive(move || complaint(whole(&messages.get(), MOST_MESSAGES).is_some(), Key::LogMessagesWrong)) />
            <div class="foot">
                {doing.problem()}
                <button
                    type="submit"
                    class="button small"
                    data-testid="data-save"
                    disabled=move || doing.busy.get() || typed().is_none() || !changed()
                >
                    {move || text(if doing.busy.get() { Key::SavingChanges } else { Key::SaveChanges })()}
                </button>
            </div>
        </form>
    }
}
