//! A wallet from a phrase, a key or a key file: what is typed, then which accounts, then into the vault.

mod accounts;
mod choice;
mod sources;
mod typed;

use enerlink_domain::wallet::{ImportPreview, ImportSource, PickedFile};
use enerlink_ipc::ImportWallet;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use self::{accounts::FoundAccounts, choice::Choice, sources::SourceStage};
use crate::{
    components::{
        doing::Doing,
        field::Field,
        vault_password::{VaultPassword, VaultPasswordFields},
    },
    feed::feed,
    i18n::{Key, say, text},
    pages::{
        create::{Sealing, named},
        sheet::{Leave, Sheet},
    },
    prefs::prefs,
    session::{Flow, Tone, session},
};

/// What is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A phrase of BIP-39.
    Phrase,
    /// A private key as digits.
    Key,
    /// A key file of version 3.
    File,
}

/// Where the import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The source is typed or picked.
    Source,
    /// Accounts were found and are chosen.
    Accounts,
}

/// What a preview says besides its accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    /// Whether the address has to be compared by eye.
    unclaimed: bool,
    /// Whether the key was filled up with zeros.
    padded: bool,
}

/// What was typed and found; every secret in it is wiped when the page goes.
#[derive(Clone, Copy)]
struct Draft {
    stage: RwSignal<Stage>,
    kind: RwSignal<Kind>,
    words: RwSignal<String>,
    passphrase: RwSignal<String>,
    key: RwSignal<String>,
    file: RwSignal<Option<PickedFile>>,
    file_password: RwSignal<String>,
    choice: RwSignal<Choice>,
    facts: RwSignal<Facts>,
    compared: RwSignal<bool>,
}

impl Draft {
    fn new() -> Self {
        let secret = || RwSignal::new(String::new());
        Self {
            stage: RwSignal::new(Stage::Source),
            kind: RwSignal::new(Kind::Phrase),
            words: secret(),
            passphrase: secret(),
            key: secret(),
            file: RwSignal::new(None),
            file_password: secret(),
            choice: RwSignal::new(Choice::default()),
            facts: RwSignal::new(Facts::default()),
            compared: RwSignal::new(false),
        }
    }

    /// What the core is given; `accounts` matter to a phrase only. None while no file is picked.
    fn source(self, accounts: Vec<u32>) -> Option<ImportSource> {
        match self.kind.get_untracked() {
            Kind::Phrase => Some(ImportSource::Phrase {
                words: self.words.get_untracked(),
                passphrase: self.passphrase.get_untracked(),
                accounts,
            }),
            Kind::Key => Some(ImportSource::PrivateKey {
                key: self.key.get_untracked().trim().to_owned(),
            }),
            Kind::File => self.file.get_untracked().map(|file| ImportSource::Keystore {
                path: file.path,
                password: self.file_password.get_untracked(),
            }),
        }
    }

    /// Takes what the core found and goes on to the accounts.
    fn found(self, preview: ImportPreview) {
        let facts = Facts {
            unclaimed: !preview.address_claimed,
            padded: preview.padded,
        };
        self.facts.try_set(facts);
        self.compared.try_set(false);
        self.choice.try_set(Choice::new(preview.accounts));
        self.stage.try_set(Stage::Accounts);
    }

    /// Whether everything that a person has to look at was looked at. A phrase names no address, and its table is
    /// there to be compared.
    fn looked_at(self) -> bool {
        let by_eye = self.kind.get() == Kind::File && self.facts.get().unclaimed;
        !by_eye || self.compared.get()
    }

    fn wipe(self) {
        for secret in [self.words, self.passphrase, self.key, self.file_password] {
            secret.try_set(String::new());
        }
    }
}

/// The two stages.
#[component]
pub(crate) fn ImportPage() -> impl IntoView {
    let draft = Draft::new();
    on_cleanup(move || draft.wipe());
    move || match (draft.stage.get(), draft.kind.get_untracked()) {
        (Stage::Source, _) => view! {
            <Sheet title=Key::ImportTitle lead=Key::ImportLead roomy=true>
                <SourceStage draft=draft />
                <Leave />
            </Sheet>
        }
        .into_any(),
        (Stage::Accounts, Kind::Phrase) => view! {
            <Sheet title=Key::ChooseAccounts lead=Key::ChooseAccountsLead wide=true>
                <AccountsStage draft=draft />
            </Sheet>
        }
        .into_any(),
        (Stage::Accounts, Kind::Key | Kind::File) => view! {
            <Sheet title=Key::CompareAddress lead=Key::CompareAddressLead wide=true>
                <AccountsStage draft=draft />
            </Sheet>
        }
        .into_any(),
    }
}

/// The accounts, then name and password of what becomes a wallet.
#[component]
fn AccountsStage(draft: Draft) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let name = RwSignal::new(String::new());
    let password = VaultPassword::new();
    let doing = Doing::new();
    on_cleanup(move || {
        password.wipe();
        session.held.set(false);
    });
    let chosen = move || draft.choice.with(|choice| choice.indices().len());
    let ready = move || chosen() > 0 && draft.looked_at();
    let import = move |event: SubmitEvent| {
        event.prevent_default();
        let (accounts, expected) = draft
            .choice
            .with_untracked(|choice| (choice.indices(), choice.expected()));
        if doing.busy.get_untracked() || !untrack(ready) {
            return;
        }
        let Some(source) = draft.source(accounts) else {
            return;
        };
        let Some(typed) = password.take() else { return };
        let import = ImportWallet {
            name: feed
                .state
                .with_untracked(|state| named(&name.get_untracked(), state)),
            password: typed,
            source,
            expected,
        };
        session.flow.set(Some(Flow::Import));
        doing.call(import, move |wallet| {
            draft.wipe();
            spawn_local(async move {
                feed.refresh_all().await;
                let text = say(
                    language.get_untracked(),
                    Key::ImportDone,
                    &[("name", &wallet.name)],
                );
                session.say(Tone::Good, text);
                session.flow.set(None);
            });
        });
    };
    // While the core writes, Escape would hide what it did.
    Effect::new(move || session.held.set(doing.busy.get()));
    let label = move || match (draft.kind.get(), chosen()) {
        _ if doing.busy.get() => Key::ImportSealing.text(language.get()).to_owned(),
        (Kind::Phrase, 0) => Key::ImportNone.text(language.get()).to_owned(),
        (Kind::Phrase, count @ 2..) => {
            say(language.get(), Key::ImportCount, &[("count", &count.to_string())])
        }
        (Kind::Phrase, 1) | (Kind::Key | Kind::File, _) => Key::ImportOne.text(language.get()).to_owned(),
    };
    view! {
        <form on:submit=import novalidate>
            <fieldset disabled=move || doing.busy.get()>
                <FoundAccounts draft=draft />
                <div class="columns">
                    <Field testid="import-name" label=Key::WalletName value=name hint=Key::WalletNameHint />
                    <div class="stack">
                        <VaultPasswordFields
                            password=password
                            testid="import-password"
                            again="import-password-again"
                            warning=Key::ImportPasswordWarning
                        />
                    </div>
                </div>
                {doing.problem()}
                <div class="row spread">
                    <button
                        type="button"
                        class="button quiet"
                        data-testid="import-back"
                        on:click=move |_| draft.stage.set(Stage::Source)
                    >
                        {text(Key::BackToSource)}
                    </button>
                    <button
                        type="submit"
                        class="button"
                        data-testid="import-submit"
                        disabled=move || doing.busy.get() || !ready()
                    >
                        {label}
                    </button>
                </div>
            </fieldset>
            {move || doing.busy.get().then(|| view! { <Sealing /> })}
        </form>
        <Leave />
    }
}
