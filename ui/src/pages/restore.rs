//! A backup's way back into the profile: the file or the sheet's images, a look inside, and then the restore.

use enerlink_domain::wallet::{BackupContent, BackupSource, PickedFile};
use enerlink_ipc::{AcknowledgeRestore, InspectBackup, PickBackup, PickSheet, Restore};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{
        backup_content::{ContentList, Tense},
        doing::{Doing, take},
        icon::{Glyph, Icon},
        password::PasswordField,
    },
    feed::feed,
    i18n::{Key, say, text},
    pages::sheet::{Leave, Sheet},
    prefs::prefs,
    session::{Flow, session},
};

/// What is restored from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One encrypted file.
    File,
    /// Images of the sheet's codes.
    Sheet,
}

/// Where the restore stands.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// The backup is chosen.
    Choose,
    /// It was looked into; nothing was changed.
    Inside(BackupContent),
    /// It is restored.
    Done(BackupContent),
}

/// What was chosen and typed; the passwords are wiped when the page goes.
#[derive(Clone, Copy)]
struct Draft {
    stage: RwSignal<Stage>,
    kind: RwSignal<Kind>,
    file: RwSignal<Option<PickedFile>>,
    images: RwSignal<Vec<PickedFile>>,
    backup_password: RwSignal<String>,
    password: RwSignal<String>,
    tried: RwSignal<bool>,
    doing: Doing,
}

impl Draft {
    fn source(self) -> Option<BackupSource> {
        source(self.kind.get(), self.file.get().as_ref(), &self.images.get())
    }

    fn wipe(self) {
        for secret in [self.backup_password, self.password] {
            secret.try_set(String::new());
        }
    }
}

/// What the core is asked to open, once something was chosen.
fn source(kind: Kind, file: Option<&PickedFile>, images: &[PickedFile]) -> Option<BackupSource> {
    match kind {
        Kind::File => file.map(|file| BackupSource::File {
            path: file.path.clone(),
        }),
        Kind::Sheet if images.is_empty() => None,
        Kind::Sheet => Some(BackupSource::Sheet {
            paths: images.iter().map(|image| image.path.clone()).collect(),
        }),
    }
}

/// Adds what was picked; the same image is not listed twice.
fn add(images: &mut Vec<PickedFile>, picked: Vec<PickedFile>) {
    for image in picked {
        if !images.iter().any(|known| known.path == image.path) {
            images.push(image);
        }
    }
}

/// The three stages.
#[component]
pub(crate) fn RestorePage() -> impl IntoView {
    let draft = Draft {
        stage: RwSignal::new(Stage::Choose),
        kind: RwSignal::new(Kind::File),
        file: RwSignal::new(None),
        images: RwSignal::new(Vec::new()),
        backup_password: RwSignal::new(String::new()),
        password: RwSignal::new(String::new()),
        tried: RwSignal::new(false),
        doing: Doing::new(),
    };
    on_cleanup(move || draft.wipe());
    move || match draft.stage.get() {
        Stage::Choose => view! {
            <Sheet title=Key::RestoreTitle lead=Key::RestoreLead>
                <ChooseStage draft=draft />
            </Sheet>
        }
        .into_any(),
        Stage::Inside(content) => view! {
            <Sheet title=Key::InsideTitle lead=Key::InsideLead roomy=true>
                <ContentList content=content tense=Tense::Future />
                <RestoreStage draft=draft />
            </Sheet>
        }
        .into_any(),
        Stage::Done(content) => view! { <RestoredPage content=content /> }.into_any(),
    }
}

#[component]
fn ChooseStage(draft: Draft) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let look = move |event: SubmitEvent| {
        event.prevent_default();
        draft.tried.set(true);
        let backup_password = draft.backup_password.get_untracked();
        let Some(backup) = untrack(|| draft.source()).filter(|_| !backup_password.is_empty()) else {
            return;
        };
        let inspect = InspectBackup {
            backup,
            backup_password,
        };
        draft.doing.call(inspect, move |content| {
            draft.tried.try_set(false);
            draft.stage.try_set(Stage::Inside(content));
        });
    };
    let busy = draft.doing.busy;
    let missing = Signal::derive(move || {
        let empty = draft.backup_password.with(String::is_empty);
        (draft.tried.get() && empty).then_some(Key::PasswordNeeded)
    });
    let nothing =
        move || (draft.tried.get() && draft.source().is_none()).then(|| Key::FileNeeded.text(language.get()));
    let tab = move |kind: Kind, label: Key, testid: &'static str| {
        view! {
            <button
                type="button"
                data-testid=testid
                class:on=move || draft.kind.get() == kind
                aria-pressed=move || if draft.kind.get() == kind { "true" } else { "false" }
                on:click=move |_| draft.kind.set(kind)
            >
                {text(label)}
            </button>
        }
    };
    view! {
        <form on:submit=look novalidate>
            <fieldset disabled=move || busy.get()>
                <div class="segments even" role="group" aria-label=text(Key::ImportKind)>
                    {tab(Kind::File, Key::FromBackupFile, "restore-from-file")}
                    {tab(Kind::Sheet, Key::FromSheet, "restore-from-sheet")}
                </div>
                {move || match draft.kind.get() {
                    Kind::File => view! { <FileChoice draft=draft /> }.into_any(),
                    Kind::Sheet => view! { <ImageChoice draft=draft /> }.into_any(),
                }}
                <p class="complaint" role="alert">{nothing}</p>
                <PasswordField
                    testid="restore-backup-password"
                    label=Key::BackupPassword
                    value=draft.backup_password
                    complaint=missing
                />
                <p class="aside">{text(Key::BackupPasswordHint)}</p>
                {draft.doing.problem()}
                <button type="submit" class="button wide" data-testid="restore-inspect">
                    {move || if busy.get() { Key::LookingInside } else { Key::LookInside }.text(language.get())}
                </button>
            </fieldset>
        </form>
        <button
            type="button"
            class="link"
            data-testid="restore-by-phrase"
            on:click=move |_| session.flow.set(Some(Flow::Import))
        >
            {text(Key::RestoreByPhrase)}
        </button>
        <Leave />
    }
}

#[component]
fn FileChoice(draft: Draft) -> impl IntoView {
    let picking = Doing::new();
    let pick = move |_| {
        picking.call(PickBackup {}, move |picked| {
            if picked.is_some() {
                draft.file.try_set(picked);
            }
        });
    };
    view! {
        <PickedLine file=draft.file testid="restore-pick-file" on_pick=pick />
        <p class="aside">{text(Key::BackupFileHint)}</p>
        {picking.problem()}
    }
}

/// The name of a file that was picked, and the button that picks one.
#[component]
pub(crate) fn PickedLine(
    /// What was picked.
    file: RwSignal<Option<PickedFile>>,
    /// Where a test finds the button.
    testid: &'static str,
    /// Opens the native dialog.
    on_pick: impl Fn(leptos::ev::MouseEvent) + Send + 'static,
) -> impl IntoView {
    let none = text(Key::NoFile);
    let name = move || file.get().map_or_else(|| none().to_owned(), |file| file.name);
    view! {
        <div class="picked">
            <Glyph icon=Icon::File />
            <span
                class:dim=move || file.with(Option::is_none)
                data-testid="picked-file"
                title=move || file.get().map(|file| file.path)
            >
                {name}
            </span>
            <button type="button" class="button quiet small" data-testid=testid on:click=on_pick>
                {text(Key::ChooseFile)}
            </button>
        </div>
    }
}

#[component]
fn ImageChoice(draft: Draft) -> impl IntoView {
    let language = prefs().language;
    let picking = Doing::new();
    let pick = move |_| {
        picking.call(PickSheet {}, move |picked| {
            draft.images.try_update(|images| add(images, picked));
        });
    };
    let count = move || match draft.images.with(Vec::len) {
        0 => Key::NoImages.text(language.get()).to_owned(),
        count => say(language.get(), Key::ImageCount, &[("count", &count.to_string())]),
    };
    let row = move |image: PickedFile| {
        let (path, name) = (image.path.clone(), image.name.clone());
        let remove = move |_| {
            draft
                .images
                .update(|images| images.retain(|image| image.path != path))
        };
        let label = move || say(language.get(), Key::RemoveImage, &[("name", &name)]);
        view! {
            <li data-testid="restore-image" title=image.path>
                <span>{image.name}</span>
                <button type="button" class="ghost" aria-label=label data-testid="restore-image-remove" on:click=remove>
                    <Glyph icon=Icon::Close />
                </button>
            </li>
        }
    };
    view! {
        <div class="picked">
            <Glyph icon=Icon::File />
            <span class:dim=move || draft.images.with(Vec::is_empty)>{count}</span>
            <button type="button" class="button quiet small" data-testid="restore-pick-sheet" on:click=pick>
                {text(Key::AddImages)}
            </button>
        </div>
        <ul class="images">
            <For each=move || draft.images.get() key=|image| image.path.clone() children=row />
        </ul>
        <p class="aside">{text(Key::SheetHint)}</p>
        {picking.problem()}
    }
}

#[component]
fn RestoreStage(draft: Draft) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let exists = feed.state.with_untracked(crate::live::LiveState::has_vault);
    let busy = draft.doing.busy;
    let missing = Signal::derive(move || {
        let empty = draft.password.with(String::is_empty);
        (draft.tried.get() && empty).then_some(Key::PasswordNeeded)
    });
    let restore = move |event: SubmitEvent| {
        event.prevent_default();
        draft.tried.set(true);
        let typed = draft.password.with_untracked(|typed| !typed.is_empty());
        if busy.get_untracked() || exists && !typed {
            return;
        }
        let Some(backup) = untrack(|| draft.source()) else {
            return;
        };
        draft.tried.set(false);
        let restore = Restore {
            backup,
            backup_password: draft.backup_password.get_untracked(),
            password: exists.then(|| take(draft.password)),
        };
        session.flow.set(Some(Flow::Restore));
        draft.doing.call(restore, move |content| {
            draft.wipe();
            draft.stage.try_set(Stage::Done(content));
        });
    };
    // While the core writes, Escape would hide what it did.
    Effect::new(move || session.held.set(busy.get()));
    on_cleanup(move || session.held.set(false));
    view! {
        <form on:submit=restore novalidate>
            <fieldset disabled=move || busy.get()>
                {if exists {
                    view! {
                        <PasswordField
                            testid="restore-password"
                            label=Key::VaultPassword
                            value=draft.password
                            complaint=missing
                            first=true
                        />
                    }
                    .into_any()
                } else {
                    view! { <p class="aside">{text(Key::RestoreKeepsPassword)}</p> }.into_any()
                }}
                {draft.doing.problem()}
                <div class="row spread">
                    <button
                        type="button"
                        class="button quiet"
                        data-testid="restore-back"
                        on:click=move |_| draft.stage.set(Stage::Choose)
                    >
                        {text(Key::BackToSource)}
                    </button>
                    <button type="submit" class="button" data-testid="restore-submit">
                        {move || if busy.get() { Key::Restoring } else { Key::RestoreNow }.text(language.get())}
                    </button>
                </div>
            </fieldset>
        </form>
        <Leave />
    }
}

/// What was restored; nothing is sent until it was looked at.
#[component]
pub(crate) fn RestoredPage(
    /// The list.
    content: BackupContent,
) -> impl IntoView {
    let (feed, session) = (feed(), session());
    let doing = Doing::new();
    let go_on = move |_| {
        doing.call(AcknowledgeRestore {}, move |()| {
            spawn_local(async move {
                feed.refresh_all().await;
                session.flow.set(None);
            });
        });
    };
    view! {
        <Sheet title=Key::RestoredTitle lead=Key::RestoredLead roomy=true>
            <ContentList content=content tense=Tense::Past />
            {doing.problem()}
            <button
                type="button"
                class="button wide"
                data-testid="restored-continue"
                disabled=move || doing.busy.get()
                on:click=go_on
            >
                {text(Key::RestoredContinue)}
            </button>
        </Sheet>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(path: &str) -> PickedFile {
        PickedFile {
            path: path.to_owned(),
            name: path.trim_start_matches('/').to_owned(),
        }
    }

    #[test]
    fn only_what_was_chosen_is_opened() {
        let file = image("/a.enlbackup");
        let images = [image("/1.png"), image("/2.png")];
        assert_eq!(source(Kind::File, None, &images), None);
        assert_eq!(source(Kind::Sheet, Some(&file), &[]), None);
        assert_eq!(
            source(Kind::File, Some(&file), &images),
            Some(BackupSource::File {
                path: "/a.enlbackup".to_owned()
            })
        );
        assert_eq!(
            source(Kind::Sheet, Some(&file), &images),
            Some(BackupSource::Sheet {
                paths: vec!["/1.png".to_owned(), "/2.png".to_owned()]
            })
        );
    }

    #[test]
    fn an_image_is_listed_once() {
        let mut images = vec![image("/1.png")];
        add(
            &mut images,
            vec![image("/2.png"), image("/1.png"), image("/2.png")],
        );
        assert_eq!(images, [image("/1.png"), image("/2.png")]);
    }
}
