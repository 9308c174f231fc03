//! Rows that the core writes to a file which the person has chosen.

use enerlink_domain::view::SavedRows;
use enerlink_ipc::Command;
use leptos::task::spawn_local;

use crate::{
    components::problem,
    format,
    i18n::{Key, Language, say},
    ipc,
    session::{Session, Tone},
};

/// Lets the core write, and says how many `{rows}` are in which `{file}`.
pub(crate) fn save_rows<C: Command<Output = Option<SavedRows>> + 'static>(
    session: Session,
    language: Language,
    command: C,
    key: Key,
) {
    spawn_local(async move {
        match ipc::call(&command).await {
            Ok(Some(saved)) => {
                let rows = format::count(language, saved.rows);
                let told = [("rows", rows.as_str()), ("file", saved.path.as_str())];
                session.say(Tone::Good, say(language, key, &told));
            }
            Ok(None) => {}
            Err(error) => session.say(Tone::Bad, problem::sentence(language, &error)),
        }
    });
}
