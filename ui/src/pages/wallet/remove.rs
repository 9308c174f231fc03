//! A wallet leaves this computer: what is lost, what it can be brought back from, and the question.

use enerlink_domain::wallet::{WalletHistory, WalletView};
use enerlink_ipc::RemoveWallet;
use leptos::prelude::*;

use crate::{
    components::{
        confirm::{Confirm, Demands},
        doing::Doing,
        icon::{Glyph, Icon},
    },
    feed::feed,
    format,
    i18n::{Key, say, text},
    pages::wallet::tasks::ways,
    prefs::prefs,
    session::{Tone, session},
};

/// The question.
#[component]
pub(super) fn RemoveDialog(
    /// Which wallet.
    wallet: WalletView,
    /// What was done with it, as far as that is known.
    history: Option<WalletHistory>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let doing = Doing::new();
    let last = feed.state.with_untracked(|state| {
        let wallets = state.status.as_ref().map(|status| status.wallets.len());
        wallets == Some(1)
    });
    let (id, name) = (wallet.wallet, wallet.name.clone());
    let remove = Callback::new({
        let name = name.clone();
        move |password: String| {
            let name = name.clone();
            let command = RemoveWallet { wallet: id, password };
            doing.call(command, move |()| {
                on_close.try_run(());
                leptos::task::spawn_local(feed.refresh_all());
                let language = language.get_untracked();
                session.say(Tone::Good, say(language, Key::WalletRemoved, &[("name", &name)]));
            });
        }
    });
    let title = {
        let name = name.clone();
        Signal::derive(move || say(language.get(), Key::RemoveTitle, &[("name", &name)]))
    };
    let addresses = wallet
        .accounts
        .iter()
        .map(|account| {
            let address = account.address;
            view! { <li title=address.to_string()>{format::short_address(address)}</li> }
        })
        .collect_view();
    let backed_up = move || {
        let ways = ways(language.get(), &wallet, history.as_ref());
        if ways.is_empty() {
            view! {
                <div class="problem" data-testid="remove-not-backed-up">
                    <Glyph icon=Icon::Warning />
                    <div class="words"><p>{Key::RemoveNotBackedUp.text(language.get())}</p></div>
                </div>
            }
            .into_any()
        } else {
            let ways = say(
                language.get(),
                Key::RemoveBackedUp,
                &[("ways", &ways.join(" · "))],
            );
            view! { <p data-testid="remove-backed-up">{ways}</p> }.into_any()
        }
    };
    view! {
        <Confirm
            testid="remove"
            title=title
            demands=Demands::all(name)
            action=Signal::derive(move || Key::RemoveWallet.text(language.get()).to_owned())
            doing=doing
            on_confirm=remove
            on_close=on_close
        >
            <p>{text(Key::RemoveEffect)}</p>
            <ul class="addresses">{addresses}</ul>
            {last.then(|| view! { <p data-testid="remove-last">{text(Key::RemoveLast)}</p> })}
            {backed_up}
        </Confirm>
    }
}
