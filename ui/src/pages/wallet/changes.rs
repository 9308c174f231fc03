//! Changes of a wallet that ask for the password: another name, another account.

use enerlink_domain::wallet::WalletView;
use enerlink_ipc::{AddAccount, RenameWallet};
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    components::{
        dialog::{Dialog, Foot},
        doing::{Doing, take},
        field::Field,
        password::PasswordField,
    },
    feed::feed,
    format,
    i18n::{Key, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// The highest index of a path that is not hardened (BIP-32).
const HIGHEST: u32 = 0x7fff_ffff;

/// Another name.
#[component]
pub(super) fn RenameDialog(
    /// Which wallet.
    wallet: WalletView,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let (name, password) = (RwSignal::new(wallet.name.clone()), RwSignal::new(String::new()));
    let (doing, tried) = (Doing::new(), RwSignal::new(false));
    let missing = move || name.with(|name| name.trim().is_empty());
    let complaint = Signal::derive(move || (tried.get() && missing()).then_some(Key::NameMissing));
    let id = wallet.wallet;
    let rename = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if doing.busy.get_untracked() || name.with_untracked(|name| name.trim().is_empty()) {
            return;
        }
        let name = name.get_untracked().trim().to_owned();
        let command = RenameWallet {
            wallet: id,
            password: take(password),
            name: name.clone(),
        };
        doing.call(command, move |_| {
            on_close.try_run(());
            leptos::task::spawn_local(feed.refresh_all());
            let language = language.get_untracked();
            session.say(Tone::Good, say(language, Key::Renamed, &[("name", &name)]));
        });
    };
    let title = Signal::derive(move || say(language.get(), Key::RenameTitle, &[("name", &wallet.name)]));
    view! {
        <Dialog testid="rename-dialog" title=title on_close=on_close busy=doing.busy>
            <form on:submit=rename novalidate>
                <fieldset disabled=doing.busy>
                    <Field testid="rename-name" label=Key::NewName value=name complaint=complaint hint=Key::RenameHint />
                    <PasswordField testid="rename-password" label=Key::VaultPassword value=password />
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button type="submit" class="button" data-testid="rename-submit" disabled=doing.busy>
                        {text(Key::Save)}
                    </button>
                </Foot>
            </form>
        </Dialog>
    }
}

/// Another account.
#[component]
pub(super) fn AddAccountDialog(
    /// Which wallet.
    wallet: WalletView,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let used: Vec<u32> = wallet.accounts.iter().map(|account| account.index).collect();
    let next = next_index(&used);
    let (typed, password) = (RwSignal::new(next.to_string()), RwSignal::new(String::new()));
    let (certain, tried) = (RwSignal::new(false), RwSignal::new(false));
    let doing = Doing::new();
    let used = StoredValue::new(used);
    // None: not an index that can be added. Some(None): the next one, which the core chooses.
    let index = move || match certain.get() {
        false => Some(None),
        true => used.with_value(|used| typed.with(|typed| free_index(typed, used)).map(Some)),
    };
    let complaint =
        Signal::derive(move || (tried.get() && index().is_none()).then_some(Key::AccountIndexWrong));
    let id = wallet.wallet;
    let before = wallet.accounts.clone();
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let Some(index) = untrack(index) else {
            return;
        };
        if doing.busy.get_untracked() {
            return;
        }
        let command = AddAccount {
            wallet: id,
            password: take(password),
            index,
        };
        let before = before.clone();
        doing.call(command, move |wallet| {
            on_close.try_run(());
            leptos::task::spawn_local(feed.refresh_all());
            let added = wallet.accounts.iter().find(|account| !before.contains(account));
            if let Some(added) = added {
                let short = format::short_address(added.address);
                let language = language.get_untracked();
                session.say(
                    Tone::Good,
                    say(language, Key::AccountAdded, &[("address", &short)]),
                );
            }
        });
    };
    let title = Signal::derive(move || say(language.get(), Key::AddAccountTitle, &[("name", &wallet.name)]));
    view! {
        <Dialog testid="account-dialog" title=title on_close=on_close busy=doing.busy>
            <form on:submit=add novalidate>
                <p class="mut">{text(Key::AddAccountLead)}</p>
                <fieldset disabled=doing.busy>
                    <fieldset class="choices">
                        <legend class="unseen">{text(Key::AccountIndex)}</legend>
                        <Choice certain=certain is=false label=Key::NextAccount hint=format!("m/44'/60'/0'/0/{next}") testid="account-next" />
                        <Choice certain=certain is=true label=Key::OtherAccount hint="m/44'/60'/0'/0/n".to_owned() testid="account-other" />
                    </fieldset>
                    <Show when=move || certain.get()>
                        <Field
                            testid="account-index"
                            label=Key::AccountIndex
                            value=typed
                            mode="numeric"
                            hint=Key::AccountIndexHint
                            complaint=complaint
                        />
                    </Show>
                    <PasswordField testid="account-password" label=Key::VaultPassword value=password />
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button type="submit" class="button" data-testid="account-submit" disabled=doing.busy>
                        {text(Key::AddAccount)}
                    </button>
                </Foot>
            </form>
        </Dialog>
    }
}

#[component]
fn Choice(
    certain: RwSignal<bool>,
    is: bool,
    label: Key,
    hint: String,
    testid: &'static str,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input
                type="radio"
                name="account-choice"
                data-testid=testid
                prop:checked=move || certain.get() == is
                on:change=move |_| certain.set(is)
            />
            <span>
                <b>{text(label)}</b>
                <small>{hint}</small>
            </span>
        </label>
    }
}

/// The first index after all that are used, as the core chooses it.
fn next_index(used: &[u32]) -> u32 {
    used.iter().max().map_or(0, |last| last.saturating_add(1))
}

/// A typed index that is not used yet.
fn free_index(typed: &str, used: &[u32]) -> Option<u32> {
    let typed = typed.trim();
    let digits = typed.bytes().all(|byte| byte.is_ascii_digit());
    let index: u32 = typed.parse().ok().filter(|_| digits)?;
    (index <= HIGHEST && !used.contains(&index)).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_account_comes_after_all_others() {
        assert_eq!(next_index(&[]), 0);
        assert_eq!(next_index(&[0, 5, 1]), 6);
    }

    #[test]
    fn only_free_indices_are_taken() {
        for (typed, expected) in [
            (" 7 ", Some(7)),
            ("0", None),
            ("2147483647", Some(HIGHEST)),
            ("2147483648", None),
            ("-1", None),
            ("+3", None),
            ("1.5", None),
            ("", None),
            ("seven", None),
        ] {
            assert_eq!(free_index(typed, &[0, 1]), expected, "{typed:?}");
        }
    }
}
