//! The node and the operator's addresses file.

use enerlink_domain::{Error, view::NetworkDraft};
use enerlink_ipc::SetNetwork;
use leptos::{
    ev::{Event, SubmitEvent},
    html,
    prelude::*,
    task::spawn_local,
};

use crate::{
    components::{
        field::{Field, KeptFocus},
        problem::Problem,
    },
    feed::feed,
    i18n::{Key, text},
    ipc,
    prefs::prefs,
    session::{Tone, session},
};

/// Node URL and addresses, checked against the node before they are kept.
#[component]
pub(crate) fn NetworkForm() -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let known = feed.state.with_untracked(|state| state.network.clone());
    let fallback_url = RwSignal::new(
        known
            .as_ref()
            .and_then(|network| network.fallback_url.clone())
            .unwrap_or_default(),
    );
    let rpc_url = RwSignal::new(known.map(|network| network.rpc_url).unwrap_or_default());
    let addresses = RwSignal::new(String::new());
    let (busy, tried) = (RwSignal::new(false), RwSignal::new(false));
    let error = RwSignal::new(None::<Error>);
    let url_wrong = move || !rpc_url.with(|url| is_node_url(url));
    let fallback_wrong = move || fallback_url.with(|url| !url.trim().is_empty() && !is_node_url(url));
    let fallback_complaint =
        Signal::derive(move || (tried.get() && fallback_wrong()).then_some(Key::NodeUrlWrong));
    let url_complaint = Signal::derive(move || (tried.get() && url_wrong()).then_some(Key::NodeUrlWrong));
    let addresses_wrong = move || addresses.with(|text| text.trim().is_empty());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if busy.get_untracked() || url_wrong() || fallback_wrong() || addresses_wrong() {
            return;
        }
        let focus = KeptFocus::now();
        busy.set(true);
        error.set(None);
        let draft = NetworkDraft {
            rpc_url: rpc_url.get_untracked().trim().to_owned(),
            fallback_url: Some(fallback_url.get_untracked().trim().to_owned()).filter(|url| !url.is_empty()),
            addresses: addresses.get_untracked(),
        };
        spawn_local(async move {
            match ipc::call(&SetNetwork { draft }).await {
                Ok(_) => {
                    session.say(
                        Tone::Good,
                        Key::NetworkSet.text(language.get_untracked()).to_owned(),
                    );
                    session.form.set(None);
                    feed.refresh_all().await;
                }
                Err(problem) => {
                    error.try_set(Some(problem));
                    busy.try_set(false);
                    focus.give_back();
                }
            }
        });
    };
    let hint = move || {
        let key = if tried.get() && addresses_wrong() {
            Key::AddressesMissing
        } else {
            Key::AddressesHint
        };
        key.text(language.get())
    };
    view! {
        <section class="card form">
            <header><h2>{text(Key::NetworkTitle)}</h2></header>
            <p class="mut">{text(Key::NetworkLead)}</p>
            <form on:submit=submit novalidate>
                <fieldset disabled=move || busy.get()>
                    <Field
                        testid="network-url"
                        label=Key::NodeUrl
                        value=rpc_url
                        placeholder="http://127.0.0.1:8545"
                        mode="url"
                        hint=Key::NodeUrlHint
                        complaint=url_complaint
                        first=true
                    />
                    <Field
                        testid="network-fallback"
                        label=Key::FallbackUrl
                        value=fallback_url
                        placeholder="https://node-2.local:8545"
                        mode="url"
                        hint=Key::FallbackUrlHint
                        complaint=fallback_complaint
                    />
                    <div class="field" class:wrong=move || tried.get() && addresses_wrong()>
                        <div class="label-row">
                            <label for="network-addresses">{text(Key::Addresses)}</label>
                            <AddressesFile addresses=addresses error=error />
                        </div>
                        <textarea
                            id="network-addresses"
                            data-testid="network-addresses"
                            rows="7"
                            spellcheck="false"
                            autocomplete="off"
                            placeholder="{ \"chainId\": … }"
                            bind:value=addresses
                        ></textarea>
                        <p class="hint">{hint}</p>
                    </div>
                    {move || error.get().map(|error| view! { <Problem error=error /> })}
                    <button type="submit" class="button" data-testid="network-submit">
                        {move || if busy.get() { Key::CheckingNode } else { Key::UseNetwork }.text(language.get())}
                    </button>
                </fieldset>
            </form>
        </section>
    }
}

/// Takes the text out of a file.
#[component]
fn AddressesFile(addresses: RwSignal<String>, error: RwSignal<Option<Error>>) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let read = move |_: Event| {
        let file = input
            .get_untracked()
            .and_then(|input| input.files())
            .and_then(|files| files.get(0));
        let Some(file) = file else { return };
        spawn_local(async move {
            match ipc::read_file(&file).await {
                Ok(text) => addresses.set(text),
                Err(problem) => error.set(Some(problem)),
            }
        });
    };
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    view! {
        <input
            node_ref=input
            type="file"
            accept=".json,application/json"
            class="hidden"
            tabindex="-1"
            aria-hidden="true"
            data-testid="network-file"
            on:change=read
        />
        <button type="button" class="link" on:click=open>{text(Key::ChooseFile)}</button>
    }
}

/// `http://`, `https://`, `ws://` or `wss://` and something behind it.
fn is_node_url(url: &str) -> bool {
    let url = url.trim();
    let rest = ["http://", "https://", "ws://", "wss://"]
        .into_iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_reached_over_http_or_a_web_socket() {
        for (url, expected) in [
            ("http://127.0.0.1:8545", true),
            (" https://node.local/x ", true),
            ("ws://a", true),
            ("wss://a:8546/x", true),
            ("ftp://a", false),
            ("http://", false),
            ("http://a b", false),
        ] {
            assert_eq!(is_node_url(url), expected, "{url}");
        }
    }
}
