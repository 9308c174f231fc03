//! Whom something is sent to: the address as typed or from the book, and what is known of it here.

use enerlink_domain::{
    Error,
    payee::{LookAlike, PayeeCheck, Standing},
    wallet::Contact,
};
use enerlink_ipc::{CheckPayee, ListContacts};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    components::{
        address::Grouped,
        field::Field,
        icon::{Glyph, Icon},
        loaded::Loaded,
        problem::sentence,
    },
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
};

/// What the core says of a typed address; none while it is empty or being asked.
pub(super) type Judged = RwSignal<Option<Result<PayeeCheck, Error>>>;

/// The address, the book, and the verdict.
#[component]
pub(super) fn PayeeField(
    /// As typed.
    address: RwSignal<String>,
    /// What is known of it.
    judged: Judged,
) -> impl IntoView {
    let contacts: Loaded<Vec<Contact>> = Loaded::new();
    contacts.read(ListContacts {});
    let choose = move |event: ev::Event| {
        let chosen = event_target_value(&event);
        if !chosen.is_empty() {
            address.set(chosen);
        }
    };
    let options = move || {
        let contacts = contacts.value.get().unwrap_or_default().into_iter();
        contacts
            .map(|contact| {
                let whole = contact.address.to_string();
                let value = whole.clone();
                let chosen = move || address.with(|typed| *typed == whole);
                view! { <option value=value prop:selected=chosen>{contact.name}</option> }
            })
            .collect_view()
    };
    let any = move || {
        contacts
            .value
            .with(|contacts| contacts.as_ref().is_some_and(|list| !list.is_empty()))
    };
    view! {
        <Show when=any>
            <div class="field">
                <label for="send-contact">{text(Key::SendContact)}</label>
                <select id="send-contact" class="select" data-testid="send-contact" on:change=choose>
                    <option value="">{text(Key::ChooseContact)}</option>
                    {options}
                </select>
            </div>
        </Show>
        <Field testid="send-to" label=Key::SendTo value=address placeholder="0x…" hint=Key::ContactAddressHint />
        <div class="verdict-box" data-testid="payee-verdict" aria-live="polite">
            {move || judged.get().map(|judged| view! { <Verdict judged=judged /> })}
        </div>
    }
}

/// Asks the core what is known of a typed address; an answer for an older text is dropped.
pub(super) fn judge(address: RwSignal<String>) -> Judged {
    let judged = RwSignal::new(None);
    Effect::new(move || {
        let typed = address.get();
        judged.set(None);
        if typed.trim().is_empty() {
            return;
        }
        spawn_local(async move {
            let answer = ipc::call(&CheckPayee { text: typed.clone() }).await;
            if address.try_with_untracked(|now| *now == typed) == Some(true) {
                judged.set(Some(answer));
            }
        });
    });
    judged
}

#[component]
fn Verdict(judged: Result<PayeeCheck, Error>) -> impl IntoView {
    let language = prefs().language;
    match judged {
        Err(error) => {
            let words = move || sentence(language.get(), &error);
            view! { <p class="verdict bad" data-verdict="bad">{words}</p> }.into_any()
        }
        Ok(check) => view! { <About check=check /> }.into_any(),
    }
}

/// What is known of a payee, with what speaks against it.
#[component]
pub(super) fn About(check: PayeeCheck) -> impl IntoView {
    let language = prefs().language;
    let unproven = !check.checksum && check.needs_a_look();
    let address = check.address;
    let (class, icon, name) = if check.is_dangerous() {
        ("verdict bad", Icon::Warning, "look_alike")
    } else if check.needs_a_look() {
        ("verdict warn", Icon::Warning, "look")
    } else {
        ("verdict good", Icon::Check, "known")
    };
    let standing = check.standing.clone();
    let twin = check.resembles.clone();
    view! {
        <p class=class data-verdict=name>
            <Glyph icon=icon />
            {move || standing_words(language.get(), &standing)}
        </p>
        {unproven.then(|| view! {
            <p class="verdict warn" data-verdict="no_checksum">{text(Key::AddressNoChecksum)}</p>
        })}
        {twin.map(|twin| view! { <Twin twin=twin this=address /> })}
    }
}

/// Both addresses one above the other, with what differs marked.
#[component]
fn Twin(twin: LookAlike, this: enerlink_domain::Address) -> impl IntoView {
    let language = prefs().language;
    let known = twin.address;
    let words = {
        let twin = twin.clone();
        move || twin_words(language.get(), &twin)
    };
    view! {
        <p class="verdict bad" data-testid="payee-twin">{words}</p>
        <p class="label">{text(Key::PayeeTwinKnown)}</p>
        <p class="whole-address"><Marked address=known differs=twin.differs.clone() /></p>
        <p class="label">{text(Key::PayeeTwinThis)}</p>
        <p class="whole-address"><Marked address=this differs=twin.differs /></p>
    }
}

#[component]
fn Marked(address: enerlink_domain::Address, differs: Vec<u8>) -> impl IntoView {
    let whole = address.to_string();
    let digits = marked(&whole, &differs)
        .into_iter()
        .map(|(digits, differs)| match differs {
            true => view! { <mark>{digits}</mark> }.into_any(),
            false => view! { <span>{digits}</span> }.into_any(),
        })
        .collect_view();
    view! { <code class="compared" aria-label=whole>{digits}</code> }
}

/// The address in stretches, each of which differs or does not.
fn marked(whole: &str, differs: &[u8]) -> Vec<(String, bool)> {
    let mut parts: Vec<(String, bool)> = Vec::new();
    for (at, letter) in whole.chars().enumerate() {
        let other = at >= 2 && differs.iter().any(|place| usize::from(*place) == at - 2);
        match parts.last_mut() {
            Some((part, differs)) if *differs == other => part.push(letter),
            _ => parts.push((letter.to_string(), other)),
        }
    }
    parts
}

/// Where a payee stands, as a sentence.
fn standing_words(language: Language, standing: &Standing) -> String {
    match standing {
        Standing::Own { wallet } => say(language, Key::PayeeOwn, &[("name", wallet)]),
        Standing::Contact { name } => say(language, Key::PayeeContact, &[("name", name)]),
        Standing::Paid { times } => say(language, Key::PayeePaid, &[("times", &times.to_string())]),
        Standing::New => Key::PayeeNew.text(language).to_owned(),
    }
}

fn twin_words(language: Language, twin: &LookAlike) -> String {
    let known = match &twin.name {
        Some(name) => name.clone(),
        None => crate::format::short_address(twin.address),
    };
    let count = twin.differs.len().to_string();
    say(language, Key::PayeeTwin, &[("known", &known), ("count", &count)])
}

/// What a payee is called where there is a name for it, else its short address.
pub(super) fn name_of(check: &PayeeCheck) -> String {
    let short = crate::format::short_address(check.address);
    match &check.standing {
        Standing::Own { wallet } => format!("{wallet} ({short})"),
        Standing::Contact { name } => format!("{name} ({short})"),
        Standing::Paid { .. } | Standing::New => short,
    }
}

/// The whole address of a payee, to be compared.
#[component]
pub(super) fn Whole(check: PayeeCheck) -> impl IntoView {
    view! { <p class="whole-address" data-testid="send-payee" data-address=check.address.to_string()><Grouped address=check.address /></p> }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::Address;

    use super::*;

    fn check(standing: Standing) -> PayeeCheck {
        PayeeCheck {
            address: Address([0xab; 20]),
            checksum: true,
            standing,
            resembles: None,
        }
    }

    #[test]
    fn digits_that_differ_are_marked_where_they_stand() {
        let parts = marked("0x12345", &[1, 2, 4]);
        let expected = [("0x1", false), ("23", true), ("4", false), ("5", true)];
        assert_eq!(parts, expected.map(|(text, differs)| (text.to_owned(), differs)));
    }

    #[test]
    fn a_payee_is_called_what_it_is_known_as() {
        let named = check(Standing::Contact {
            name: "Bu Ani".into(),
        });
        assert!(name_of(&named).starts_with("Bu Ani (0x"));
        assert!(name_of(&check(Standing::New)).starts_with("0x"));
        for language in Language::ALL {
            let twin = LookAlike {
                address: Address([1; 20]),
                name: Some("Bu Ani".into()),
                differs: vec![7, 8],
            };
            let words = twin_words(language, &twin);
            assert!(words.contains("Bu Ani") && words.contains('2'), "{words}");
            let paid = standing_words(language, &Standing::Paid { times: 3 });
            assert!(paid.contains('3'), "{paid}");
        }
    }
}
