//! What is backed up, wallet by wallet, and the ways to do it: phrase, file, printed sheet.

use enerlink_domain::wallet::{BackupReport, SheetReport, WalletId, WalletView};
use enerlink_ipc::{SaveBackup, SaveSheet};
use leptos::{ev::SubmitEvent, prelude::*, wasm_bindgen::JsCast};

use crate::{
    components::{
        copy::CopyButton,
        doing::{Doing, take},
        icon::{Glyph, Icon},
        loaded::Waiting,
        password::PasswordField,
    },
    feed::feed,
    format,
    i18n::{Key, say, text},
    pages::wallet::{
        moment,
        tasks::{Standing, Task, checklist},
        when,
    },
    prefs::prefs,
    security::security,
    session::{Flow, Tone, session},
};

/// The checklist, and below it the file and the sheet.
#[component]
pub(super) fn BackupPart() -> impl IntoView {
    let (feed, security) = (feed(), security());
    let wallets = Memo::new(move |_| {
        feed.state.with(|state| {
            let wallets = state.status.as_ref().map(|status| status.wallets.clone());
            wallets.unwrap_or_default()
        })
    });
    let due = security.due();
    let read = Memo::new(move |_| security.view.value.with(Option::is_some));
    let lists = move || {
        wallets
            .get()
            .into_iter()
            .map(|wallet| view! { <Checklist wallet=wallet /> })
            .collect_view()
    };
    view! {
        <section class="card" aria-label=text(Key::BackupChecklist)>
            <header>
                <h2>{text(Key::BackupChecklist)}</h2>
                {move || due.get().map(|due| view! {
                    <span class="chip warn" data-testid="backup-due">{text(due)}</span>
                })}
            </header>
            <Show when=move || read.get() fallback=move || view! {
                <Waiting error=security.view.error retry=move |()| security.read() rows=3 />
            }>
                <div class="checklists">{lists}</div>
                {move || due.get().is_none().then(|| view! {
                    <p class="aside" data-testid="backup-complete">{text(Key::BackupAllDone)}</p>
                })}
            </Show>
        </section>
        <div class="pair even">
            <FileCard />
            <SheetCard />
        </div>
    }
}

#[component]
fn Checklist(wallet: WalletView) -> impl IntoView {
    let security = security();
    let id = wallet.wallet;
    let name = wallet.name.clone();
    let lines = move || {
        let history = security.history(id);
        checklist(&wallet, history.as_ref())
            .into_iter()
            .map(|(task, standing)| view! { <Line wallet=id task=task standing=standing /> })
            .collect_view()
    };
    view! {
        <div class="checklist" data-testid="backup-wallet" data-wallet=id.to_string()>
            <h3>{name}</h3>
            <ul>{lines}</ul>
        </div>
    }
}

#[component]
fn Line(wallet: WalletId, task: Task, standing: Standing) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let (title, open) = match task {
        Task::Phrase => (Key::TaskPhrase, Key::TaskPhraseOpen),
        Task::NoPhrase => (Key::TaskNoPhrase, Key::TaskNoPhraseHint),
        Task::File => (Key::TaskFile, Key::TaskFileOpen),
        Task::Sheet => (Key::TaskSheet, Key::TaskSheetOpen),
    };
    let state = match standing {
        Standing::Done(_) => "done",
        Standing::Open => "open",
        Standing::Optional => "optional",
    };
    let testid = match task {
        Task::Phrase | Task::NoPhrase => "task-phrase",
        Task::File => "task-file",
        Task::Sheet => "task-sheet",
    };
    let done = matches!(standing, Standing::Done(_));
    let date = match standing {
        Standing::Done(at) => at,
        Standing::Open | Standing::Optional => None,
    };
    let phrase = (task == Task::Phrase).then(|| {
        let label = if done { Key::ShowAgain } else { Key::WriteDown };
        let class = if done { "link" } else { "button small" };
        view! {
            <button
                type="button"
                class=class
                data-testid="task-phrase-begin"
                on:click=move |_| session.flow.set(Some(Flow::Phrase(wallet)))
            >
                {text(label)}
            </button>
        }
    });
    // File and sheet hold every wallet: their cards below do it for all.
    let below = match task {
        Task::File => Some(("backup-password", Key::SaveBackup)),
        Task::Sheet => Some(("sheet-save", Key::SaveSheet)),
        Task::Phrase | Task::NoPhrase => None,
    };
    let go = below.filter(|_| !done).map(|(target, label)| {
        view! {
            <button type="button" class="link" data-testid="task-go" on:click=move |_| go_to(target)>
                {text(label)}
            </button>
        }
    });
    view! {
        <li class="task" class:done=done data-testid=testid data-state=state>
            <span class="mark" aria-hidden="true">{done.then(|| view! { <Glyph icon=Icon::Check /> })}</span>
            <div>
                <p>{text(title)}</p>
                {(!done).then(|| view! { <small>{text(open)}</small> })}
            </div>
            {date.map(|at| view! {
                <span class="dim small date" title=move || moment(language.get(), at)>{move || when(language.get(), at)}</span>
            })}
            {phrase}
            {go}
        </li>
    }
}

/// Puts the cursor where something is done, and scrolls there.
fn go_to(testid: &str) {
    let found = document().get_element_by_id(testid);
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        element.scroll_into_view();
        // What cannot take the cursor is in sight at least.
        let _ = element.focus();
    }
}

/// The encrypted file.
#[component]
fn FileCard() -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let password = RwSignal::new(String::new());
    let doing = Doing::new();
    let report = RwSignal::new(None::<BackupReport>);
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        if password.with_untracked(String::is_empty) {
            return;
        }
        report.set(None);
        let command = SaveBackup {
            password: take(password),
        };
        doing.call(command, move |written| match written {
            Some(written) => {
                report.try_set(Some(written));
            }
            None => session.say(
                Tone::Bad,
                Key::NothingSaved.text(language.get_untracked()).to_owned(),
            ),
        });
    };
    view! {
        <section class="card backup-way" data-testid="backup-file">
            <header>
                <Glyph icon=Icon::File />
                <h2>{text(Key::FileTitle)}</h2>
            </header>
            <p class="mut">{text(Key::FileLead)}</p>
            <form on:submit=save novalidate>
                <fieldset disabled=doing.busy>
                    <PasswordField testid="backup-password" label=Key::VaultPassword value=password />
                    {doing.problem()}
                    <button
                        type="submit"
                        class="button"
                        data-testid="backup-save"
                        disabled=move || password.with(String::is_empty)
                    >
                        {text(Key::SaveBackup)}
                    </button>
                </fieldset>
            </form>
            <Working doing=doing words=Key::BackingUp />
            {move || report.get().map(|report| view! { <FileReport report=report /> })}
        </section>
    }
}

#[component]
fn FileReport(report: BackupReport) -> impl IntoView {
    let language = prefs().language;
    let (bytes, wallets, meters) = (report.bytes, report.wallets, report.meters);
    let size = move || {
        let exact = format!("{}\u{a0}B", format::count(language.get(), bytes));
        let short = format::file_size(language.get(), bytes);
        if short == exact {
            short
        } else {
            format!("{short} ({exact})")
        }
    };
    let holds = move || {
        let count = |number: u32| format::count(language.get(), u64::from(number));
        let values = [("wallets", count(wallets)), ("meters", count(meters))];
        let values = values.each_ref().map(|(place, value)| (*place, value.as_str()));
        say(language.get(), Key::BackupHolds, &values)
    };
    view! {
        <div class="report" role="status" data-testid="backup-report">
            <p class="done-line"><Glyph icon=Icon::Check />{text(Key::BackupSaved)}</p>
            <dl class="figures">
                <Entry label=Key::Path value=report.path testid="backup-path" />
                <div>
                    <dt>{text(Key::Size)}</dt>
                    <dd data-testid="backup-size" data-bytes=bytes.to_string()>{size}</dd>
                </div>
                <div>
                    <dt>{text(Key::Holds)}</dt>
                    <dd>{holds}</dd>
                </div>
                <Entry label=Key::Sha256 value=report.sha256 testid="backup-sha256" />
            </dl>
            <p class="aside">{text(Key::BackupElsewhere)}</p>
        </div>
    }
}

/// The printable sheet.
#[component]
fn SheetCard() -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let doing = Doing::new();
    let report = RwSignal::new(None::<SheetReport>);
    let save = move |_| {
        report.set(None);
        let command = SaveSheet {
            language: language.get_untracked().code().to_owned(),
        };
        doing.call(command, move |written| match written {
            Some(written) => {
                report.try_set(Some(written));
            }
            None => session.say(
                Tone::Bad,
                Key::NothingSaved.text(language.get_untracked()).to_owned(),
            ),
        });
    };
    view! {
        <section class="card backup-way" data-testid="backup-sheet">
            <header>
                <Glyph icon=Icon::Print />
                <h2>{text(Key::SheetTitle)}</h2>
            </header>
            <p class="mut">{text(Key::SheetLead)}</p>
            <p class="mut">{text(Key::SheetOutdated)}</p>
            {doing.problem()}
            <button type="button" class="button quiet" id="sheet-save" data-testid="sheet-save" disabled=doing.busy on:click=save>
                {text(Key::SaveSheet)}
            </button>
            <Working doing=doing words=Key::SheetMaking />
            {move || report.get().map(|report| view! { <SheetDone report=report /> })}
        </section>
    }
}

#[component]
fn SheetDone(report: SheetReport) -> impl IntoView {
    let language = prefs().language;
    let SheetReport {
        path,
        codes,
        pages,
        wallets,
    } = report;
    let figures = move || {
        let values = [("codes", codes), ("pages", pages), ("wallets", wallets)]
            .map(|(place, value)| (place, format::count(language.get(), u64::from(value))));
        let values = values.each_ref().map(|(place, value)| (*place, value.as_str()));
        say(language.get(), Key::SheetFigures, &values)
    };
    view! {
        <div class="report" role="status" data-testid="sheet-report">
            <p class="done-line"><Glyph icon=Icon::Check />{text(Key::SheetSaved)}</p>
            <dl class="figures">
                <Entry label=Key::Path value=path testid="sheet-path" />
                <div>
                    <dt>{text(Key::Holds)}</dt>
                    <dd data-testid="sheet-figures">{figures}</dd>
                </div>
            </dl>
            <p class="aside">{text(Key::SheetKeep)}</p>
        </div>
    }
}

/// A long value with a button that copies it.
#[component]
fn Entry(label: Key, value: String, testid: &'static str) -> impl IntoView {
    view! {
        <div>
            <dt>{text(label)}</dt>
            <dd class="code">
                <span data-testid=testid>{value.clone()}</span>
                <CopyButton value=value label=Key::Copy />
            </dd>
        </div>
    }
}

/// A bar while the core is at work.
#[component]
fn Working(doing: Doing, words: Key) -> impl IntoView {
    move || {
        doing.busy.get().then(|| {
            view! {
                <div class="progress" role="status">
                    <div class="bar"><i></i></div>
                    <p>{text(words)}</p>
                </div>
            }
        })
    }
}
