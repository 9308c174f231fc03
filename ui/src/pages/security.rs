//! The security part of the settings: idle lock, password, settlement keys.

mod keys;
mod password;

use enerlink_ipc::SetIdleLock;
use leptos::prelude::*;

use crate::{
    components::{doing::Doing, loaded::Waiting},
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    live::LiveState,
    pages::security::{keys::SettlementKeys, password::ChangePasswordDialog},
    prefs::prefs,
    security::security,
    session::{Tone, session},
};

/// Minutes that are offered; 0 is never.
const CHOICES: [u32; 6] = [1, 5, 10, 30, 60, 0];

/// Both cards.
#[component]
pub(crate) fn SecurityCards() -> impl IntoView {
    view! {
        <SecurityCard />
        <SettlementKeys />
    }
}

#[component]
fn SecurityCard() -> impl IntoView {
    let (feed, security) = (feed(), security());
    let changing = RwSignal::new(false);
    let close = Callback::new(move |()| changing.set(false));
    let minutes = Memo::new(move |_| {
        security
            .view
            .value
            .with(|view| view.as_ref().map(|view| view.idle_lock_minutes))
    });
    let unlocked = Memo::new(move |_| feed.state.with(LiveState::unlocked));
    view! {
        <section class="card" data-testid="security-card">
            <header><h2>{text(Key::Security)}</h2></header>
            {move || match minutes.get() {
                Some(minutes) => view! { <IdleLock minutes=minutes /> }.into_any(),
                None => view! { <Waiting error=security.view.error retry=move |()| security.read() rows=1 /> }.into_any(),
            }}
            <div class="setting">
                <div><b>{text(Key::PasswordSetting)}</b><small>{text(Key::PasswordSettingHint)}</small></div>
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="change-password"
                    on:click=move |_| changing.set(true)
                >
                    {text(Key::ChangePassword)}
                </button>
            </div>
            <div class="setting">
                <div>
                    <b>{move || text(if unlocked.get() { Key::LockNowSetting } else { Key::LockedSetting })()}</b>
                    <small>{move || text(if unlocked.get() { Key::LockNowHint } else { Key::LockedSettingHint })()}</small>
                </div>
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="lock-now"
                    on:click=move |_| feed.turn_key()
                >
                    {move || text(if unlocked.get() { Key::Lock } else { Key::Unlock })()}
                </button>
            </div>
            {move || changing.get().then(|| view! { <ChangePasswordDialog on_close=close /> })}
        </section>
    }
}

#[component]
fn IdleLock(minutes: u32) -> impl IntoView {
    let (security, session, language) = (security(), session(), prefs().language);
    let doing = Doing::new();
    let choose = move |event: web_sys::Event| {
        let Ok(minutes) = event_target_value(&event).parse() else {
            return;
        };
        doing.call(SetIdleLock { minutes }, move |()| {
            security.read();
            session.say(
                Tone::Good,
                Key::IdleSaved.text(language.get_untracked()).to_owned(),
            );
        });
    };
    let options = choices(minutes).into_iter().map(|choice| {
        view! {
            <option value=choice.to_string() selected=choice == minutes>
                {move || minutes_words(language.get(), choice)}
            </option>
        }
    });
    view! {
        <div class="setting">
            <div>
                <b><label for="idle-lock">{text(Key::IdleLock)}</label></b>
                <small>{text(Key::IdleLockHint)}</small>
            </div>
            <select id="idle-lock" class="select" data-testid="idle-lock" disabled=doing.busy on:change=choose>
                {options.collect_view()}
            </select>
        </div>
        {(minutes == 0).then(|| view! {
            <p class="aside warn" data-testid="idle-never">{text(Key::IdleNeverWarning)}</p>
        })}
        {doing.problem()}
    }
}

/// The choices, with the one in use among them: the command line may have set another.
fn choices(minutes: u32) -> Vec<u32> {
    let mut choices = CHOICES.to_vec();
    if !choices.contains(&minutes) {
        let at = choices
            .iter()
            .position(|choice| *choice == 0 || *choice > minutes)
            .unwrap_or_default();
        choices.insert(at, minutes);
    }
    choices
}

fn minutes_words(language: Language, minutes: u32) -> String {
    if minutes == 0 {
        return Key::IdleNever.text(language).to_owned();
    }
    let count = format::count(language, u64::from(minutes));
    let key = if minutes == 1 {
        Key::IdleMinute
    } else {
        Key::IdleMinutes
    };
    say(language, key, &[("count", &count)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_in_use_is_always_offered() {
        assert_eq!(choices(10), CHOICES);
        assert_eq!(choices(15), [1, 5, 10, 15, 30, 60, 0]);
        assert_eq!(choices(1440), [1, 5, 10, 30, 60, 1440, 0]);
    }

    #[test]
    fn minutes_are_counted_in_words() {
        assert_eq!(minutes_words(Language::English, 1), "1 minute");
        assert_eq!(minutes_words(Language::English, 1440), "1,440 minutes");
        assert_eq!(minutes_words(Language::Indonesian, 0), "Tidak pernah");
    }
}
