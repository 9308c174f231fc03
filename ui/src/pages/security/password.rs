//! Another password for the vault.

use enerlink_ipc::ChangePassword;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    components::{
        dialog::{Dialog, Foot},
        doing::{Doing, take},
        new_password::{NewPassword, NewPasswordFields},
        password::PasswordField,
    },
    i18n::{Key, text},
    prefs::prefs,
    security::security,
    session::{Tone, session},
};

/// The old one, and the new one twice.
#[component]
pub(super) fn ChangePasswordDialog(
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (security, session, language) = (security(), session(), prefs().language);
    let (old, new) = (RwSignal::new(String::new()), NewPassword::new());
    let doing = Doing::new();
    let change = move |event: SubmitEvent| {
        event.prevent_default();
        if doing.busy.get_untracked() || !new.check() {
            return;
        }
        // The new one stays typed until it is in force: a mistyped old one must not cost it.
        let command = ChangePassword {
            password: take(old),
            new_password: new.typed.get_untracked(),
        };
        doing.call(command, move |()| {
            new.wipe();
            on_close.try_run(());
            security.read();
            session.say(
                Tone::Good,
                Key::PasswordChanged.text(language.get_untracked()).to_owned(),
            );
        });
    };
    let title = Signal::derive(move || Key::ChangePassword.text(language.get()).to_owned());
    view! {
        <Dialog testid="password-dialog" title=title on_close=on_close busy=doing.busy>
            <form on:submit=change novalidate>
                <p class="mut">{text(Key::ChangePasswordLead)}</p>
                <fieldset disabled=doing.busy>
                    <PasswordField testid="password-old" label=Key::PasswordNow value=old first=true />
                    <NewPasswordFields
                        testid="password-new"
                        again="password-new-again"
                        label=Key::PasswordNew
                        value=new
                    />
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button
                        type="submit"
                        class="button"
                        data-testid="password-submit"
                        disabled=move || doing.busy.get() || old.with(String::is_empty)
                    >
                        {move || if doing.busy.get() { Key::Sealing } else { Key::ChangePassword }.text(language.get())}
                    </button>
                </Foot>
            </form>
        </Dialog>
    }
}
