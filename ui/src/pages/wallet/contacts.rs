//! The address book: addresses that the household knows by name.

use enerlink_domain::{
    Address, Error,
    wallet::{AddressCheck, Contact},
};
use enerlink_ipc::{CheckAddress, ListContacts, PutContact, RemoveContact};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{
        address::{AddressTag, Grouped},
        dialog::{Dialog, Foot},
        doing::Doing,
        field::Field,
        icon::{Glyph, Icon},
        loaded::{Loaded, Waiting},
        problem::sentence,
        table::{Column, Table},
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    ipc,
    pages::wallet::when,
    prefs::prefs,
    session::{Session, Tone, session},
};

/// Most characters of a name.
const LONGEST: usize = 64;

/// What is being done with the book.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Act {
    Add,
    Rename(Contact),
}

/// The card with the book.
#[component]
pub(super) fn AddressBook() -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let contacts = Loaded::new();
    let read = move || contacts.read(ListContacts {});
    read();
    let act = RwSignal::new(None::<Act>);
    let close = Callback::new(move |()| act.set(None));
    let rows = Memo::new(move |_| contacts.value.get().unwrap_or_default());
    let count = move || {
        let count = rows.with(Vec::len);
        (count > 0).then(|| format::count(language.get(), count as u64))
    };
    let dialog = move || {
        Some(match act.get()? {
            Act::Add => view! { <AddDialog contacts=contacts on_close=close /> }.into_any(),
            Act::Rename(contact) => {
                view! { <RenameDialog contact=contact contacts=contacts on_close=close /> }.into_any()
            }
        })
    };
    let empty = || {
        view! {
            <p>{text(Key::NoContacts)}</p>
            <p class="dim small">{text(Key::NoContactsHint)}</p>
        }
    };
    let there = Memo::new(move |_| contacts.value.with(Option::is_some));
    view! {
        <section class="card contacts" data-testid="address-book" aria-label=text(Key::AddressBook)>
            <header>
                <h2>{text(Key::AddressBook)}</h2>
                <small>{count}</small>
                <button
                    type="button"
                    class="end button quiet small"
                    data-testid="contact-add"
                    on:click=move |_| act.set(Some(Act::Add))
                >
                    {text(Key::AddContact)}
                </button>
            </header>
            <Show when=move || there.get() fallback=move || view! { <Waiting error=contacts.error retry=move |()| read() /> }>
                <Table
                    id="contact"
                    label=Key::AddressBook
                    columns=columns(act, contacts, session, language)
                    rows=rows
                    identity=|contact: &Contact| format!("{} {}", contact.address, contact.name)
                    kind=|contact| contact.address.to_string()
                    empty=ViewFn::from(empty)
                />
            </Show>
            {dialog}
        </section>
    }
}

fn columns(
    act: RwSignal<Option<Act>>,
    contacts: Loaded<Vec<Contact>>,
    session: Session,
    language: RwSignal<Language>,
) -> Vec<Column<Contact>> {
    let buttons = move |contact: &Contact| {
        let (renamed, removed) = (contact.clone(), contact.clone());
        let (rename, remove) = (text(Key::Rename), text(Key::RemoveContact));
        view! {
            <button
                type="button"
                class="ghost"
                data-testid="contact-rename"
                title=rename
                aria-label=rename
                on:click=move |_| act.set(Some(Act::Rename(renamed.clone())))
            >
                <Glyph icon=Icon::Edit />
            </button>
            <button
                type="button"
                class="ghost"
                data-testid="contact-remove"
                title=remove
                aria-label=remove
                on:click=move |_| forget(removed.clone(), contacts, session, language)
            >
                <Glyph icon=Icon::Trash />
            </button>
        }
        .into_any()
    };
    vec![
        Column::new(Key::ContactName, |contact: &Contact, _| contact.name.clone())
            .ordered(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase())),
        Column::new(Key::AddressWord, |contact: &Contact, _| {
            contact.address.to_string()
        })
        .shown(|contact| {
            view! { <AddressTag address=contact.address testid="contact-address" /> }.into_any()
        }),
        Column::new(Key::ContactNoted, |contact: &Contact, language| {
            when(language, contact.created_at)
        })
        .ordered(|a, b| a.created_at.cmp(&b.created_at))
        .exactly(|contact| format::iso_time(contact.created_at))
        .class("when"),
        Column::buttons(buttons),
    ]
}

/// Forgets a contact; the toast brings it back.
fn forget(contact: Contact, contacts: Loaded<Vec<Contact>>, session: Session, language: RwSignal<Language>) {
    spawn_local(async move {
        let address = contact.address;
        if let Err(error) = ipc::call(&RemoveContact { address }).await {
            return session.say(Tone::Bad, sentence(language.get_untracked(), &error));
        }
        contacts.read(ListContacts {});
        let told = say(
            language.get_untracked(),
            Key::ContactRemoved,
            &[("name", &contact.name)],
        );
        session.say_with_undo(told, move || {
            let back = PutContact {
                address: contact.address.to_string(),
                name: contact.name.clone(),
            };
            spawn_local(async move {
                match ipc::call(&back).await {
                    Ok(_) => contacts.read(ListContacts {}),
                    Err(error) => session.say(Tone::Bad, sentence(language.get_untracked(), &error)),
                }
            });
        });
    });
}

/// A new entry.
#[component]
fn AddDialog(contacts: Loaded<Vec<Contact>>, on_close: Callback<()>) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let (address, name) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (doing, tried) = (Doing::new(), RwSignal::new(false));
    let check = checked(address);
    let unnamed = Signal::derive(move || {
        (tried.get() && name.with(|name| !is_name(name))).then_some(Key::ContactNameMissing)
    });
    let usable = move || address_of(check.get().as_ref()).is_some();
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let typed = name.get_untracked().trim().to_owned();
        let Some(address) = address_of(check.get_untracked().as_ref()) else {
            return;
        };
        if !is_name(&typed) {
            return;
        }
        let command = PutContact {
            address: address.to_string(),
            name: typed,
        };
        doing.call(command, move |contact| {
            on_close.try_run(());
            contacts.read(ListContacts {});
            let language = language.get_untracked();
            session.say(
                Tone::Good,
                say(language, Key::ContactSaved, &[("name", &contact.name)]),
            );
        });
    };
    // An address of one's own, or one that is noted already, is worth a word before it is noted.
    let known = move || {
        let address = address_of(check.get().as_ref())?;
        let own = feed.state.with(|state| {
            let wallets = &state.status.as_ref()?.wallets;
            wallets
                .iter()
                .find(|wallet| wallet.has(address))
                .map(|wallet| wallet.name.clone())
        });
        let noted = contacts.value.with(|contacts| {
            let contact = contacts
                .iter()
                .flatten()
                .find(|contact| contact.address == address);
            contact.map(|contact| contact.name.clone())
        });
        let language = language.get();
        own.map(|name| say(language, Key::AddressOwn, &[("name", &name)]))
            .or(noted.map(|name| say(language, Key::AddressNoted, &[("name", &name)])))
    };
    let title = Signal::derive(move || Key::AddContactTitle.text(language.get()).to_owned());
    view! {
        <Dialog testid="contact-dialog" title=title on_close=on_close busy=doing.busy>
            <form on:submit=add novalidate>
                <fieldset disabled=doing.busy>
                    <Field testid="contact-address-input" label=Key::AddressWord value=address placeholder="0x…" />
                    <Verdict address=address check=check />
                    <Field testid="contact-name" label=Key::ContactName value=name complaint=unnamed />
                    {move || known().map(|known| view! { <p class="aside" data-testid="contact-known">{known}</p> })}
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button
                        type="submit"
                        class="button"
                        data-testid="contact-submit"
                        disabled=move || doing.busy.get() || !usable()
                    >
                        {text(Key::Save)}
                    </button>
                </Foot>
            </form>
        </Dialog>
    }
}

/// Another name for an address.
#[component]
fn RenameDialog(contact: Contact, contacts: Loaded<Vec<Contact>>, on_close: Callback<()>) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let name = RwSignal::new(contact.name);
    let (doing, tried) = (Doing::new(), RwSignal::new(false));
    let address = contact.address;
    let unnamed = Signal::derive(move || {
        (tried.get() && name.with(|name| !is_name(name))).then_some(Key::ContactNameMissing)
    });
    let rename = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let typed = name.get_untracked().trim().to_owned();
        if !is_name(&typed) {
            return;
        }
        let command = PutContact {
            address: address.to_string(),
            name: typed,
        };
        doing.call(command, move |contact| {
            on_close.try_run(());
            contacts.read(ListContacts {});
            let language = language.get_untracked();
            session.say(
                Tone::Good,
                say(language, Key::ContactSaved, &[("name", &contact.name)]),
            );
        });
    };
    let title = Signal::derive(move || Key::RenameContactTitle.text(language.get()).to_owned());
    view! {
        <Dialog testid="contact-rename-dialog" title=title on_close=on_close busy=doing.busy>
            <form on:submit=rename novalidate>
                <fieldset disabled=doing.busy>
                    <p class="whole-address"><Grouped address=address /></p>
                    <Field testid="contact-new-name" label=Key::ContactName value=name complaint=unnamed />
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button type="submit" class="button" data-testid="contact-rename-submit" disabled=doing.busy>
                        {text(Key::Save)}
                    </button>
                </Foot>
            </form>
        </Dialog>
    }
}

/// What the core says of a typed address, in one line; without a checksum the digits in groups.
#[component]
fn Verdict(address: RwSignal<String>, check: RwSignal<Option<AddressCheck>>) -> impl IntoView {
    let language = prefs().language;
    let words = move || match check.get() {
        None if address.with(|typed| typed.trim().is_empty()) => {
            view! { <p class="verdict">{text(Key::ContactAddressHint)}</p> }.into_any()
        }
        None => view! { <p class="verdict">{text(Key::AddressChecking)}</p> }.into_any(),
        Some(AddressCheck::Good { .. }) => view! {
            <p class="verdict good" data-verdict="good">
                <Glyph icon=Icon::Check />
                {text(Key::AddressGood)}
            </p>
        }
        .into_any(),
        Some(AddressCheck::NoChecksum { address }) => view! {
            <p class="verdict warn" data-verdict="no_checksum">
                <Glyph icon=Icon::Warning />
                {text(Key::AddressNoChecksum)}
            </p>
            <Grouped address=address />
        }
        .into_any(),
        Some(AddressCheck::Bad { error }) => {
            let words = move || reason(language.get(), &error);
            view! { <p class="verdict bad" data-verdict="bad">{words}</p> }.into_any()
        }
    };
    view! { <div class="verdict-box" data-testid="address-verdict" aria-live="polite">{words}</div> }
}

/// Why an address is refused. The core says it in English; in Indonesian its sentence is the detail.
fn reason(language: Language, error: &Error) -> String {
    let why = error.message.trim();
    match language {
        Language::English if !why.is_empty() => sentence(language, error),
        _ if why.is_empty() => Key::AddressBad.text(language).to_owned(),
        _ => {
            let detail = say(language, Key::Detail, &[("text", why)]);
            format!("{} {detail}", Key::AddressBad.text(language))
        }
    }
}

/// Asks the core what a typed address is worth; an answer for an older text is dropped.
fn checked(address: RwSignal<String>) -> RwSignal<Option<AddressCheck>> {
    let check = RwSignal::new(None);
    Effect::new(move || {
        let typed = address.get();
        check.set(None);
        if typed.trim().is_empty() {
            return;
        }
        spawn_local(async move {
            let answer = ipc::call(&CheckAddress { text: typed.clone() }).await;
            let answer = answer.unwrap_or_else(|error| AddressCheck::Bad { error });
            if address.try_with_untracked(|now| *now == typed) == Some(true) {
                check.set(Some(answer));
            }
        });
    });
    check
}

/// The address of a check that did not refuse it.
fn address_of(check: Option<&AddressCheck>) -> Option<Address> {
    match check? {
        AddressCheck::Good { address } | AddressCheck::NoChecksum { address } => Some(*address),
        AddressCheck::Bad { .. } => None,
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.trim().chars().count())
}

#[cfg(test)]
mod tests {
    use enerlink_domain::Code;

    use super::*;

    #[test]
    fn names_have_one_to_sixty_four_characters() {
        assert!(is_name(" Warung Bu Ani "));
        assert!(is_name(&"é".repeat(64)));
        assert!(!is_name(&"é".repeat(65)));
        assert!(!is_name("  "));
    }

    #[test]
    fn a_refused_address_is_told_why_in_the_language() {
        let error = Error::new(Code::InvalidInput, "one digit is missing");
        assert_eq!(reason(Language::English, &error), "One digit is missing.");
        assert_eq!(
            reason(Language::Indonesian, &error),
            "Bukan alamat yang sah. Rincian: one digit is missing"
        );
        let silent = Error::new(Code::InvalidInput, "");
        assert_eq!(reason(Language::English, &silent), "This is not an address.");
    }

    #[test]
    fn only_addresses_that_were_not_refused_are_noted() {
        let address = Address([1; 20]);
        assert_eq!(address_of(None), None);
        assert_eq!(address_of(Some(&AddressCheck::Good { address })), Some(address));
        assert_eq!(
            address_of(Some(&AddressCheck::NoChecksum { address })),
            Some(address)
        );
        let error = Error::new(Code::InvalidInput, "one digit is missing");
        assert_eq!(address_of(Some(&AddressCheck::Bad { error })), None);
    }
}
