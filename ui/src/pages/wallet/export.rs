//! One key as an encrypted key file that other wallets open.

use enerlink_domain::{Address, wallet::PickedFile};
use enerlink_ipc::ExportKeystore;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    components::{
        copy::CopyButton,
        dialog::{Dialog, Foot},
        doing::{Doing, take},
        icon::{Glyph, Icon},
        new_password::{NewPassword, NewPasswordFields},
        password::PasswordField,
    },
    i18n::{Key, text},
    pages::wallet::accounts::WholeAddress,
    prefs::prefs,
    session::{Tone, session},
};

/// The passwords, the native dialog, and where the file lies.
#[component]
pub(super) fn ExportDialog(
    /// Which account.
    address: Address,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let (password, file_password) = (RwSignal::new(String::new()), NewPassword::new());
    let doing = Doing::new();
    let written = RwSignal::new(None::<PickedFile>);
    let export = move |event: SubmitEvent| {
        event.prevent_default();
        if doing.busy.get_untracked() || !file_password.check() {
            return;
        }
        let command = ExportKeystore {
            address,
            password: take(password),
            file_password: file_password.typed.get_untracked(),
        };
        doing.call(command, move |file| match file {
            Some(file) => {
                file_password.wipe();
                written.try_set(Some(file));
            }
            None => session.say(
                Tone::Bad,
                Key::NothingSaved.text(language.get_untracked()).to_owned(),
            ),
        });
    };
    let form = move || {
        view! {
            <form on:submit=export novalidate>
                <p class="mut">{text(Key::ExportLead)}</p>
                <WholeAddress address=address />
                <fieldset disabled=doing.busy>
                    <PasswordField testid="export-password" label=Key::VaultPassword value=password first=true />
                    <NewPasswordFields
                        testid="export-file-password"
                        again="export-file-password-again"
                        label=Key::FilePassword
                        value=file_password
                    />
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button
                        type="submit"
                        class="button"
                        data-testid="export-submit"
                        disabled=move || doing.busy.get() || password.with(String::is_empty)
                    >
                        {move || if doing.busy.get() { Key::Sealing } else { Key::ChoosePlace }.text(language.get())}
                    </button>
                </Foot>
            </form>
        }
    };
    let title = Signal::derive(move || Key::ExportTitle.text(language.get()).to_owned());
    view! {
        <Dialog testid="export-dialog" title=title on_close=on_close busy=doing.busy>
            {move || match written.get() {
                None => form().into_any(),
                Some(file) => view! { <Written file=file on_close=on_close /> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Written(file: PickedFile, on_close: Callback<()>) -> impl IntoView {
    view! {
        <p class="done-line" role="status" data-testid="export-done">
            <Glyph icon=Icon::Check />
            {text(Key::ExportDone)}
        </p>
        <dl class="figures wide">
            <div>
                <dt>{text(Key::Path)}</dt>
                <dd class="code" data-testid="export-path">
                    {file.path.clone()}
                    <CopyButton value=file.path label=Key::Copy />
                </dd>
            </div>
        </dl>
        <div class="problem notice">
            <Glyph icon=Icon::Warning />
            <div class="words"><p>{text(Key::ExportKeep)}</p></div>
        </div>
        <div class="row foot">
            <button type="button" class="end button" data-testid="export-close" on:click=move |_| on_close.run(())>
                {text(Key::Done)}
            </button>
        </div>
    }
}
