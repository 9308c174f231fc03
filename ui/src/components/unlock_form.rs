//! The password that opens the vault: on the unlock page, and in a dialog when an action needs keys.

use std::time::Duration;

use enerlink_domain::{Code, Error, wallet::LockReason};
use enerlink_ipc::Unlock;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{dialog::Dialog, password::PasswordField, problem::Problem},
    feed::{Feed, feed},
    format,
    i18n::{Key, say, text},
    ipc,
    prefs::prefs,
    session::session,
};

/// Why it is locked, whose keys it holds, and the password.
#[component]
pub(crate) fn UnlockForm(
    /// Called when it is open.
    #[prop(into)]
    done: Callback<()>,
) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let password = RwSignal::new(String::new());
    on_cleanup(move || drop(password.try_set(String::new())));
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
            let typed = password.get_untracked();
            password.set(String::new());
            let result = ipc::call(&Unlock { password: typed }).await;
            feed.refresh_all().await;
            busy.try_set(false);
            match result {
                // The page that asked has gone when the vault opened; only a dialog is still there to be told.
                Ok(_) => drop(done.try_run(())),
                Err(problem) => drop(error.try_set(Some(problem))),
            }
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
        <LockedBecause />
        <WalletNames />
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
    }
}

/// The same in a dialog, when an action waits for keys; it goes on once they are there.
#[component]
pub(crate) fn UnlockDialog() -> impl IntoView {
    let session = session();
    let title = text(Key::UnlockTitle);
    move || {
        session.unlocking.get().then(|| {
            view! {
                <Dialog
                    title=Signal::derive(move || title().to_owned())
                    testid="unlock-dialog"
                    on_close=move |()| session.keys_refused()
                >
                    <UnlockForm done=move |()| session.keys_given() />
                </Dialog>
            }
        })
    }
}

/// Why it was locked, in words; nothing at a fresh start.
pub(crate) fn reason_words(reason: LockReason) -> Option<Key> {
    match reason {
        LockReason::Person => Some(Key::LockedByHand),
        LockReason::Idle => Some(Key::LockedIdle),
        LockReason::Suspend => Some(Key::LockedSuspend),
        LockReason::Screen => Some(Key::LockedScreen),
        LockReason::Exit => None,
    }
}

#[component]
fn LockedBecause() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let reason = Memo::new(move |_| feed.state.with(|state| state.lock_reason.and_then(reason_words)));
    move || {
        reason.get().map(|reason| {
            view! { <p class="because" data-testid="lock-reason">{move || reason.text(language.get())}</p> }
        })
    }
}

/// Every wallet of the vault, with its first account.
#[component]
fn WalletNames() -> impl IntoView {
    let feed = feed();
    let wallets = Memo::new(move |_| {
        feed.state.with(|state| {
            let wallets = &state.status.as_ref()?.wallets;
            let named = wallets
                .iter()
                .map(|wallet| (wallet.name.clone(), wallet.address()));
            Some(named.collect::<Vec<_>>())
        })
    });
    let names = move || {
        let names = wallets.get().unwrap_or_default().into_iter();
        names
            .map(|(name, address)| {
                view! {
                    <li class="wallet-name" data-testid="unlock-wallet">
                        <b>{name}</b>
                        <span title=address.to_string()>{format::short_address(address)}</span>
                    </li>
                }
            })
            .collect_view()
    };
    view! { <ul class="wallet-names">{names}</ul> }
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
