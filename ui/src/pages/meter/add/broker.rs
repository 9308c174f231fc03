//! How to reach a broker: address, user and password, and the files of a connection with TLS.

use enerlink_domain::{BrokerAddress, view::BrokerDraft, wallet::PickedFile};
use enerlink_ipc::PickPem;
use leptos::{ev::SubmitEvent, prelude::*};

use super::{Adding, Step};
use crate::{
    components::{
        doing::Doing,
        field::Field,
        icon::{Glyph, Icon},
        password::PasswordField,
    },
    i18n::{Key, text},
};

/// What was typed and picked.
#[derive(Clone, Copy)]
pub(in crate::pages::meter) struct BrokerTyped {
    url: RwSignal<String>,
    user: RwSignal<String>,
    password: RwSignal<String>,
    ca: RwSignal<Option<PickedFile>>,
    cert: RwSignal<Option<PickedFile>>,
    key: RwSignal<Option<PickedFile>>,
    /// What is stored and not given anew is taken away.
    forget: RwSignal<bool>,
}

impl BrokerTyped {
    /// Begins with an address.
    pub(in crate::pages::meter) fn new(url: &str) -> Self {
        let (url, user) = apart(url);
        Self {
            url: RwSignal::new(url),
            user: RwSignal::new(user),
            password: RwSignal::new(String::new()),
            ca: RwSignal::new(None),
            cert: RwSignal::new(None),
            key: RwSignal::new(None),
            forget: RwSignal::new(false),
        }
    }

    /// The draft, when its address can be read.
    pub(in crate::pages::meter) fn draft(self) -> Option<BrokerDraft> {
        let url = address(&self.url.get_untracked(), &self.user.get_untracked())?;
        let password = Some(self.password.get_untracked()).filter(|password| !password.is_empty());
        let absent = || self.forget.get_untracked().then(String::new);
        let path = |file: RwSignal<Option<PickedFile>>| {
            let picked = file.get_untracked().map(|file| file.path);
            picked.or_else(absent)
        };
        Some(BrokerDraft {
            url,
            password: password.or_else(absent),
            ca_file: path(self.ca),
            client_cert_file: path(self.cert),
            client_key_file: path(self.key),
        })
    }

    /// Whether a secret or a file was given that is not known yet, or what is known is to be forgotten.
    pub(in crate::pages::meter) fn has_secrets(self) -> bool {
        self.forget.get_untracked()
            || !self.password.with_untracked(String::is_empty)
            || [self.ca, self.cert, self.key]
                .iter()
                .any(|file| file.with_untracked(Option::is_some))
    }

    /// Forgets the password, and the wish to forget.
    pub(in crate::pages::meter) fn wipe(self) {
        self.password.set(String::new());
        self.forget.set(false);
    }

    fn wrong(self) -> bool {
        self.url
            .with(|url| self.user.with(|user| address(url, user)))
            .is_none()
    }
}

/// An address without its user, and the user.
fn apart(url: &str) -> (String, String) {
    match BrokerAddress::parse(url) {
        Some(BrokerAddress {
            host,
            port,
            tls,
            username: Some(user),
        }) => {
            let bare = BrokerAddress {
                host,
                port,
                tls,
                username: None,
            };
            (bare.url(), user)
        }
        _ => (url.to_owned(), String::new()),
    }
}

/// The address with its user: the one that was typed beside it, else the one in it.
fn address(url: &str, user: &str) -> Option<String> {
    let mut address = BrokerAddress::parse(url.trim())?;
    let user = user.trim();
    if user.contains([':', '@', '/']) {
        return None;
    }
    if !user.is_empty() {
        address.username = Some(user.to_owned());
    }
    Some(address.url())
}

/// The inputs.
#[component]
pub(in crate::pages::meter) fn BrokerFields(
    /// What was typed.
    broker: BrokerTyped,
    /// Whether it was tried: what is wrong is complained about from then on.
    #[prop(into)]
    tried: Signal<bool>,
    /// Whether there is a connection that these would change.
    #[prop(default = false)]
    known: bool,
) -> impl IntoView {
    let complaint = Signal::derive(move || (tried.get() && broker.wrong()).then_some(Key::BrokerUrlWrong));
    let tls = move || broker.url.with(|url| url.trim().starts_with("mqtts://"));
    let hint = if known {
        Key::SecretsKept
    } else {
        Key::CertificatesHint
    };
    view! {
        <div class="columns">
            <div class="across">
                <Field testid="meter-broker" label=Key::BrokerUrl value=broker.url mode="url"
                    hint=Key::BrokerUrlHint complaint=complaint first=!known />
            </div>
            <Field testid="meter-broker-user" label=Key::BrokerUser value=broker.user hint=Key::BrokerUserHint />
            <PasswordField testid="meter-broker-password" label=Key::BrokerPassword value=broker.password />
        </div>
        <details class="fold" data-testid="broker-certificates" prop:open=tls>
            <summary>{text(Key::Certificates)}</summary>
            <p class="aside">{text(hint)}</p>
            <div class="files">
                <PemFile label=Key::CaFile file=broker.ca testid="broker-ca" />
                <PemFile label=Key::ClientCertFile file=broker.cert testid="broker-cert" />
                <PemFile label=Key::ClientKeyFile file=broker.key testid="broker-key" />
            </div>
        </details>
        {known.then(|| view! {
            <label class="choice alone">
                <input type="checkbox" data-testid="broker-forget" bind:checked=broker.forget />
                <span><b>{text(Key::ForgetSecrets)}</b><small>{text(Key::ForgetSecretsHint)}</small></span>
            </label>
        })}
    }
}

/// A file that the native dialog picks; the core reads it, the window only knows its name.
#[component]
fn PemFile(label: Key, file: RwSignal<Option<PickedFile>>, testid: &'static str) -> impl IntoView {
    let picking = Doing::new();
    let pick = move |_| {
        picking.call(PickPem {}, move |picked| {
            // Whoever closes the dialog keeps what was picked before.
            if picked.is_some() {
                file.try_set(picked);
            }
        });
    };
    let none = text(Key::NoFile);
    let name = move || file.get().map_or_else(|| none().to_owned(), |file| file.name);
    let remove = text(Key::RemoveFile);
    view! {
        <div class="field">
            <span class="label">{text(label)}</span>
            <div class="picked">
                <Glyph icon=Icon::File />
                <span
                    class:dim=move || file.with(Option::is_none)
                    data-testid=format!("{testid}-name")
                    title=move || file.get().map(|file| file.path)
                >
                    {name}
                </span>
                {move || file.with(Option::is_some).then(|| view! {
                    <button type="button" class="ghost" title=remove aria-label=remove on:click=move |_| file.set(None)>
                        <Glyph icon=Icon::Close />
                    </button>
                })}
                <button type="button" class="button quiet small" data-testid=testid disabled=picking.busy on:click=pick>
                    {text(Key::ChooseFile)}
                </button>
            </div>
            {picking.problem()}
        </div>
    }
}

/// The first step.
#[component]
pub(super) fn BrokerStep(adding: Adding) -> impl IntoView {
    let tried = RwSignal::new(false);
    let go = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if let Some(draft) = adding.broker.draft() {
            adding.go(Step::Find);
            adding.finding.start(draft, None);
        }
    };
    let typed = move |_| {
        tried.set(true);
        if adding.broker.draft().is_some() {
            adding.go(Step::Find);
        }
    };
    view! {
        <p class="mut">{text(Key::BrokerLead)}</p>
        <form on:submit=go novalidate>
            <fieldset>
                <BrokerFields broker=adding.broker tried=tried />
                <div class="row">
                    <button type="submit" class="button" data-testid="add-find">
                        <Glyph icon=Icon::Radio />
                        {text(Key::FindMeters)}
                    </button>
                    <button type="button" class="button quiet" data-testid="add-know-topic" on:click=typed>
                        {text(Key::KnowTopic)}
                    </button>
                </div>
            </fieldset>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_typed_beside_the_address_or_in_it() {
        for (url, user, expected) in [
            ("mqtt://pi.local", "", Some("mqtt://pi.local:1883")),
            ("mqtt://pi.local", " rumah ", Some("mqtt://rumah@pi.local:1883")),
            (
                "mqtts://lama@pi.local",
                "baru",
                Some("mqtts://baru@pi.local:8883"),
            ),
            ("mqtts://lama@pi.local", "", Some("mqtts://lama@pi.local:8883")),
            ("mqtt://pi.local", "a:b", None),
            ("http://pi.local", "", None),
        ] {
            assert_eq!(address(url, user).as_deref(), expected, "{url} {user}");
        }
        assert_eq!(
            apart("mqtts://rumah@pi.local:8883"),
            ("mqtts://pi.local:8883".to_owned(), "rumah".to_owned())
        );
        assert_eq!(
            apart("half an address"),
            ("half an address".to_owned(), String::new())
        );
    }
}
