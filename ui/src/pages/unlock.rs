//! The locked wallet: password, back-off, and a look at the home without keys.

use std::time::Duration;

use enerlink_domain::{Code, Error};
use enerlink_ipc::Unlock;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{password::PasswordField, problem::Problem},
    feed::{Feed, feed},
    format,
    i18n::{Key, say, text},
    ipc,
    pages::sheet::Sheet,
    prefs::prefs,
    session::session,
};

/// Password and unlock.
#[component]
pub(crate) fn UnlockPage() -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let password = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<Error>);
    let wait = wait_left(feed);
    let unlock = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || wait.get_untracked() > 0 {
            return;
        }
        busy.set(true);
        error.set(None);
        spawn_local(async move {
            let result = ipc::call(&Unlock {
                password: password.get_untracked(),
            })
            .await;
            password.set(String::new());
            feed.refresh_all().await;
            if let Err(problem) = result {
                error.try_set(Some(problem));
            }
            busy.try_set(false);
        });
    };
    let label = move || match (busy.get(), wait.get()) {
        (true, _) => Key::Unlocking.text(language.get()).to_owned(),
        (false, 0) => Key::Unlock.text(language.get()).to_owned(),
        (false, left) => say(
            language.get(),
            Key::UnlockWait,
            &[("time", &format::countdown(left))],
        ),
    };
    // The countdown on the button says the same as long as it runs.
    let shown = move || {
        error
            .get()
            .filter(|error| error.code != Code::UnlockThrottled || wait.get() > 0)
    };
    view! {
        <Sheet title=Key::UnlockTitle lead=Key::UnlockLead>
            <WalletName />
            <form on:submit=unlock novalidate>
                <fieldset>
                    <PasswordField testid="unlock-password" label=Key::Password value=password first=true />
                    {move || shown().map(|error| view! { <Problem error=error /> })}
                    <button
                        type="submit"
                        class="button wide"
                        data-testid="unlock-submit"
                        disabled=move || busy.get() || { wait.get() > 0 }
                    >
                        {label}
                    </button>
                </fieldset>
            </form>
            <button type="button" class="link" data-testid="watch" on:click=move |_| session.watching.set(true)>
                {text(Key::WatchLocked)}
            </button>
        </Sheet>
    }
}

/// Milliseconds until another attempt is allowed, counting down.
fn wait_left(feed: Feed) -> Memo<i64> {
    let now = RwSignal::new(ipc::wall_millis());
    let tick = move || {
        now.try_set(ipc::wall_millis());
    };
    if let Ok(handle) = set_interval_with_handle(tick, Duration::from_millis(250)) {
        on_cleanup(move || handle.clear());
    }
    Memo::new(move |_| (feed.unlock_at.get() - now.get()).max(0))
}

#[component]
fn WalletName() -> impl IntoView {
    let feed = feed();
    let wallet = Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref()?.primary_wallet().cloned())
    });
    move || {
        wallet.get().map(|wallet| {
            let address = wallet.address();
            view! {
                <p class="wallet-name">
                    <b>{wallet.name}</b>
                    <span title=address.to_string()>{format::short_address(address)}</span>
                </p>
            }
        })
    }
}
