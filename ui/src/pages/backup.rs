//! The phrase is written down: password again, the words, four of them typed back.

use enerlink_domain::{
    Error,
    wallet::{WalletId, WalletView},
};
use enerlink_ipc::RevealPhrase;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{
        icon::{Glyph, Icon},
        password::PasswordField,
        problem::Problem,
    },
    feed::feed,
    i18n::{Key, text},
    ipc,
    pages::{
        phrase::PhraseStage,
        quiz::QuizStage,
        sheet::{Leave, Sheet},
    },
    session::session,
};

/// Where the backup stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The password is asked for.
    Password,
    /// The words are shown.
    Words,
    /// Some are asked back.
    Quiz,
}

/// What the stages share; wiped when the page goes.
#[derive(Clone, Copy)]
pub(crate) struct Backup {
    /// Whose phrase.
    pub wallet: WalletId,
    /// Where it stands.
    pub stage: RwSignal<Stage>,
    /// The password, which the core asks for twice.
    pub password: RwSignal<String>,
    /// The words, while they may be seen.
    pub words: RwSignal<Vec<String>>,
    /// How many words the phrase has.
    length: RwSignal<usize>,
}

impl Backup {
    /// How many words the phrase has, once it was read.
    pub(crate) fn count(self) -> usize {
        self.length.get_untracked()
    }

    /// Whether a passphrase belongs to the phrase.
    pub(crate) fn with_passphrase(self) -> bool {
        self.is_so(|wallet| wallet.passphrase)
    }

    /// Whether something is true of the wallet.
    fn is_so(self, what: impl Fn(&WalletView) -> bool) -> bool {
        feed().state.with_untracked(|state| {
            let wallets = state.status.as_ref().map(|status| &status.wallets);
            let wallet = wallets
                .into_iter()
                .flatten()
                .find(|wallet| wallet.wallet == self.wallet);
            wallet.is_some_and(what)
        })
    }

    /// Forgets the secrets.
    pub(crate) fn wipe(self) {
        self.password.try_set(String::new());
        self.words.try_set(Vec::new());
    }
}

/// The three stages.
#[component]
pub(crate) fn BackupPage(
    /// Whose phrase.
    wallet: WalletId,
) -> impl IntoView {
    let backup = Backup {
        wallet,
        stage: RwSignal::new(Stage::Password),
        password: RwSignal::new(String::new()),
        words: RwSignal::new(Vec::new()),
        length: RwSignal::new(0),
    };
    on_cleanup(move || backup.wipe());
    move || match backup.stage.get() {
        Stage::Password => view! {
            <Sheet title=Key::BackupTitle lead=Key::BackupLead step=2>
                <PasswordStage backup=backup />
            </Sheet>
        }
        .into_any(),
        Stage::Words => view! {
            <Sheet title=Key::WordsTitle lead=Key::WordsLead step=2>
                <PhraseStage backup=backup />
            </Sheet>
        }
        .into_any(),
        Stage::Quiz => view! {
            <Sheet title=Key::QuizTitle lead=Key::QuizLead step=3>
                <QuizStage backup=backup />
            </Sheet>
        }
        .into_any(),
    }
}

#[component]
fn PasswordStage(backup: Backup) -> impl IntoView {
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<Error>);
    let reveal = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(None);
        spawn_local(async move {
            let password = backup.password.get_untracked();
            match ipc::call(&RevealPhrase {
                wallet: backup.wallet,
                password,
            })
            .await
            {
                Ok(words) => {
                    backup.length.set(words.len());
                    backup.words.set(words);
                    backup.stage.set(Stage::Words);
                }
                Err(problem) => {
                    error.set(Some(problem));
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <form on:submit=reveal novalidate>
            <ul class="rules">
                <li>{text(Key::BackupRulePaper)}</li>
                <li>{text(Key::BackupRuleAlone)}</li>
                <li>{text(Key::BackupRuleNobody)}</li>
            </ul>
            <fieldset>
                <PasswordField testid="reveal-password" label=Key::Password value=backup.password first=true />
                {move || error.get().map(|error| view! { <Problem error=error /> })}
                <button type="submit" class="button wide" data-testid="reveal-submit" disabled=move || busy.get()>
                    {move || if busy.get() { text(Key::Revealing)() } else { text(Key::ShowWords)() }}
                </button>
            </fieldset>
        </form>
        <LeaveBackup backup=backup />
    }
}

/// The way out: plain for a phrase that was written down before, with what it costs for one that was not.
#[component]
pub(crate) fn LeaveBackup(
    /// Wiped when it is left.
    backup: Backup,
) -> impl IntoView {
    if backup.is_so(|wallet| wallet.phrase_confirmed) {
        view! { <Leave /> }.into_any()
    } else {
        view! { <SkipBackup backup=backup /> }.into_any()
    }
}

#[component]
fn SkipBackup(backup: Backup) -> impl IntoView {
    let (feed, session) = (feed(), session());
    let asked = RwSignal::new(false);
    let skip = move |_| {
        backup.wipe();
        session.flow.set(None);
        spawn_local(feed.refresh_all());
    };
    view! {
        <Show
            when=move || asked.get()
            fallback=move || view! {
                <button type="button" class="link" data-testid="backup-skip" on:click=move |_| asked.set(true)>
                    {text(Key::SkipBackup)}
                </button>
            }
        >
            <div class="problem" role="alert">
                <Glyph icon=Icon::Warning />
                <div class="words">
                    <p>{text(Key::SkipWarning)}</p>
                    <p class="next">{text(Key::SkipLater)}</p>
                    <div class="row">
                        <button type="button" class="button quiet" on:click=move |_| asked.set(false)>
                            {text(Key::SkipNot)}
                        </button>
                        <button type="button" class="button danger" data-testid="backup-skip-confirm" on:click=skip>
                            {text(Key::SkipAnyway)}
                        </button>
                    </div>
                </div>
            </div>
        </Show>
    }
}
