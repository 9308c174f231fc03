//! What this program is: its version, where its data lies, and the licences of its parts.

use leptos::prelude::*;

use crate::{
    components::dialog::Dialog,
    feed::feed,
    i18n::{Key, text},
    pages::settings::Fact,
    prefs::prefs,
};

/// Written by `cargo xtask licences`: a line for each licence, with the crates under it.
const LICENCES: &str = include_str!("../../../assets/licences.txt");

/// The card.
#[component]
pub(super) fn AboutCard() -> impl IntoView {
    let feed = feed();
    let about = Memo::new(move |_| {
        feed.state.with(|state| {
            state
                .status
                .as_ref()
                .map(|status| (status.version.clone(), status.data_dir.clone()))
        })
    });
    let open = RwSignal::new(false);
    let close = Callback::new(move |()| open.set(false));
    view! {
        <section class="card" data-testid="about-card">
            <header>
                <h2>{text(Key::About)}</h2>
                <button
                    type="button"
                    class="end button quiet small"
                    data-testid="about-licences"
                    on:click=move |_| open.set(true)
                >
                    {text(Key::Licences)}
                </button>
            </header>
            {move || about.get().map(|(version, data_dir)| view! {
                <dl class="figures wide">
                    <Fact label=Key::Version value=version />
                    <Fact label=Key::DataDirectory value=data_dir />
                    <Fact label=Key::Licence value="Apache-2.0".to_owned() />
                    <Fact label=Key::Font value="Inter, SIL Open Font License 1.1".to_owned() />
                </dl>
            })}
            {move || open.get().then(|| view! { <LicencesDialog on_close=close /> })}
        </section>
    }
}

/// Every part by its licence.
#[component]
fn LicencesDialog(on_close: Callback<()>) -> impl IntoView {
    let language = prefs().language;
    let title = Signal::derive(move || Key::Licences.text(language.get()).to_owned());
    let lines = parts(LICENCES)
        .map(|(licence, names)| view! { <dt>{licence}</dt><dd>{names}</dd> })
        .collect_view();
    view! {
        <Dialog testid="licences" title=title on_close=on_close>
            <p class="aside">{text(Key::LicencesHint)}</p>
            // The list has the keyboard's focus, so that the arrows scroll it.
            <div class="licences" tabindex="0" role="region" aria-label=text(Key::Licences) data-testid="licences-list">
                <dl>{lines}</dl>
            </div>
        </Dialog>
    }
}

/// Each licence with the parts under it.
fn parts(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    list.lines().filter_map(|line| line.split_once(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_shown() {
        assert_eq!(parts(LICENCES).count(), LICENCES.lines().count());
        let mut all = parts(LICENCES).flat_map(|(_, names)| names.split(", "));
        assert!(all.any(|name| name == "leptos"));
        assert!(parts(LICENCES).all(|(licence, names)| !licence.is_empty() && !names.is_empty()));
    }
}
