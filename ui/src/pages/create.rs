//! First run: a name, a password, and the vault is made.

use enerlink_domain::Error;
use enerlink_ipc::CreateWallet;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{
        field::Field,
        new_password::{NewPassword, NewPasswordFields},
        problem::Problem,
    },
    feed::feed,
    i18n::{Key, text},
    ipc,
    pages::sheet::Sheet,
    session::{Flow, session},
};

/// Words of a new phrase.
const WORDS: u8 = 12;

/// Name, password twice, create.
#[component]
pub(crate) fn CreatePage() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let (name, password) = (RwSignal::new(String::new()), NewPassword::new());
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<Error>));

    let create = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !password.check() {
            return;
        }
        busy.set(true);
        error.set(None);
        session.flow.set(Some(Flow::Create));
        spawn_local(async move {
            let typed = name.get_untracked().trim().to_owned();
            let named = if typed.is_empty() {
                "EnerLink".to_owned()
            } else {
                typed
            };
            let made = ipc::call(&CreateWallet {
                name: named,
                password: password.typed.get_untracked(),
                words: WORDS,
                passphrase: String::new(),
            })
            .await;
            match made {
                Ok(wallet) => {
                    feed.refresh_all().await;
                    password.wipe();
                    session.flow.set(Some(Flow::Phrase(wallet.wallet)));
                }
                Err(problem) => {
                    error.set(Some(problem));
                    busy.set(false);
                    feed.refresh_all().await;
                }
            }
        });
    };

    view! {
        <Sheet title=Key::CreateTitle lead=Key::CreateLead step=1>
            <form on:submit=create novalidate>
                <fieldset disabled=move || busy.get()>
                    <Field
                        testid="create-name"
                        label=Key::WalletName
                        value=name
                        hint=Key::WalletNameHint
                        first=true
                    />
                    <NewPasswordFields
                        testid="create-password"
                        again="create-password-again"
                        label=Key::Password
                        value=password
                    />
                    <p class="aside">{text(Key::PasswordWarning)}</p>
                    {move || error.get().map(|error| view! { <Problem error=error /> })}
                    <button type="submit" class="button wide" data-testid="create-submit">
                        {text(Key::CreateWallet)}
                    </button>
                </fieldset>
                {move || busy.get().then(|| view! {
                    <div class="progress" role="status">
                        <div class="bar"><i></i></div>
                        <p>{text(Key::Creating)}</p>
                    </div>
                })}
            </form>
        </Sheet>
    }
}
