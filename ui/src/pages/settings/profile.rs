//! Who lives here: name, how to be reached, what the utility charges, and the wallet that is used.

use enerlink_domain::view::{AppStatus, Preferences};
use leptos::prelude::*;

use crate::{
    components::{doing::Doing, field::Field, loaded::Waiting},
    feed::feed,
    format,
    household::household,
    i18n::{Key, text},
    pages::settings::typed::{parse_tariff, tariff_text},
    prefs::prefs,
    session::{Tone, WalletPart, session},
};

/// Characters of the name, at most, as the core has it.
const LONGEST_NAME: usize = 64;
/// Characters of how to be reached, at most.
const LONGEST_CONTACT: usize = 200;

/// The card with the form.
#[component]
pub(super) fn ProfileCard() -> impl IntoView {
    let (household, feed, session, language) = (household(), feed(), session(), prefs().language);
    let known = Memo::new(move |_| household.preferences.value.with(Option::is_some));
    let wallet = Memo::new(move |_| feed.state.with(|state| active(state.status.as_ref()?)));
    let active = move || {
        wallet
            .get()
            .unwrap_or_else(|| Key::NoWallets.text(language.get()).to_owned())
    };
    view! {
        <section class="card" data-testid="profile-card">
            <header><h2>{text(Key::Profile)}</h2></header>
            {move || if known.get() {
                view! { <Form /> }.into_any()
            } else {
                view! { <Waiting error=household.preferences.error retry=move |()| household.read() rows=3 /> }.into_any()
            }}
            <div class="setting">
                <div><b>{text(Key::ActiveWallet)}</b><small data-testid="profile-wallet">{active}</small></div>
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="profile-wallets"
                    on:click=move |_| session.open_wallet(WalletPart::Wallets)
                >
                    {text(Key::Wallets)}
                </button>
            </div>
        </section>
    }
}

/// The wallet of the account that is proposed everywhere, and that account.
fn active(status: &AppStatus) -> Option<String> {
    let primary = status.primary?;
    let holds = |wallet: &&enerlink_domain::wallet::WalletView| {
        wallet.accounts.iter().any(|account| account.address == primary)
    };
    let wallet = status.wallets.iter().find(holds)?;
    Some(format!("{} · {}", wallet.name, format::short_address(primary)))
}

/// What is typed, once it is right.
#[derive(Clone, Debug, PartialEq)]
struct Profile {
    name: String,
    contact: Option<String>,
    tariff: u64,
}

impl Profile {
    fn of(known: &Preferences) -> Self {
        Self {
            name: known.name.clone(),
            contact: known.contact.clone(),
            tariff: known.tariff_sen_per_kwh,
        }
    }

    /// None while something is wrong with it.
    fn typed(name: &str, contact: &str, tariff: &str) -> Option<Self> {
        let contact = fitting(contact, 0, LONGEST_CONTACT)?;
        Some(Self {
            name: fitting(name, 1, LONGEST_NAME)?,
            contact: (!contact.is_empty()).then_some(contact),
            tariff: parse_tariff(tariff)?,
        })
    }
}

/// The line without spaces around it, when it is long enough and not too long.
fn fitting(text: &str, least: usize, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[component]
fn Form() -> impl IntoView {
    let (household, session, language) = (household(), session(), prefs().language);
    let doing = Doing::new();
    let [name, contact, tariff] = [(); 3].map(|()| RwSignal::new(String::new()));
    // Preferences are read again now and then; what is being typed stays unless the profile itself is another.
    let kept = Memo::new(move |_| {
        let known = household.preferences.value;
        known.with(|known| known.as_ref().map(Profile::of))
    });
    Effect::new(move || {
        if let Some(kept) = kept.get() {
            name.set(kept.name);
            contact.set(kept.contact.unwrap_or_default());
        }
    });
    Effect::new(move || {
        if let Some(kept) = kept.get() {
            tariff.set(tariff_text(language.get(), kept.tariff));
        }
    });
    let typed = move || Profile::typed(&name.get(), &contact.get(), &tariff.get());
    let changed = move || typed() != kept.get();
    let wrong_name = move || {
        // An empty form of a profile that has no name yet is not a mistake.
        let begun = !name.with(String::is_empty) || !contact.with(String::is_empty);
        (begun && fitting(&name.get(), 1, LONGEST_NAME).is_none()).then_some(Key::ProfileNameWrong)
    };
    let wrong_contact = move || {
        fitting(&contact.get(), 0, LONGEST_CONTACT)
            .is_none()
            .then_some(Key::ProfileContactWrong)
    };
    let wrong_tariff = move || parse_tariff(&tariff.get()).is_none().then_some(Key::TariffWrong);
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(profile) = untrack(typed) else {
            return;
        };
        household.change(
            doing,
            |preferences| {
                preferences.name = profile.name;
                preferences.contact = profile.contact;
                preferences.tariff_sen_per_kwh = profile.tariff;
            },
            move || {
                let words = Key::ChangesSaved.text(language.get_untracked());
                session.say(Tone::Good, words.to_owned());
            },
        );
    };
    view! {
        <form class="data" on:submit=save>
            <Field testid="profile-name" label=Key::ProfileName value=name hint=Key::ProfileNameHint
                complaint=Signal::derive(wrong_name) />
            <Field testid="profile-contact" label=Key::ProfileContact value=contact hint=Key::ProfileContactHint
                complaint=Signal::derive(wrong_contact) />
            <Field testid="profile-tariff" label=Key::Tariff value=tariff hint=Key::TariffHint mode="decimal"
                complaint=Signal::derive(wrong_tariff) />
            <div class="foot">
                {doing.problem()}
                <button
                    type="submit"
                    class="button small"
                    data-testid="profile-save"
                    disabled=move || doing.busy.get() || typed().is_none() || !changed()
                >
                    {move || text(if doing.busy.get() { Key::SavingChanges } else { Key::SaveChanges })()}
                </button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_a_name_and_limits() {
        let typed = |name: &str, contact: &str| Profile::typed(name, contact, "1.444,70");
        let plain = Profile {
            name: "Rumah Sari".to_owned(),
            contact: None,
            tariff: 144_470,
        };
        assert_eq!(typed(" Rumah Sari ", "  "), Some(plain.clone()));
        let reached = Profile {
            contact: Some("0812-3456".to_owned()),
            ..plain
        };
        assert_eq!(typed("Rumah Sari", "0812-3456 "), Some(reached));
        let long = |length: usize| "é".repeat(length);
        assert!(typed(&long(LONGEST_NAME), &long(LONGEST_CONTACT)).is_some());
        for (name, contact) in [
            (String::new(), String::new()),
            (" ".to_owned(), "0812".to_owned()),
            (long(LONGEST_NAME + 1), String::new()),
            ("Sari".to_owned(), long(LONGEST_CONTACT + 1)),
            ("Sari\u{7}".to_owned(), String::new()),
        ] {
            assert_eq!(typed(&name, &contact), None, "{name:?} {contact:?}");
        }
        assert_eq!(Profile::typed("Sari", "", "free"), None);
    }
}
