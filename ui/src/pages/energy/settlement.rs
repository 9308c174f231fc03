//! One settlement, unfolded: registers before and after, what it was made from, where the chain has it, and its receipt.

use enerlink_domain::{
    MicroWh, Settlement, Status, TxHash, WattHours, audit::ReceiptFormat, settlement::Basis,
};
use enerlink_ipc::{FindTransaction, SaveReceipt};
use leptos::prelude::*;

use super::settlements::trigger_words;
use crate::{
    components::{
        activity::simulation_words,
        address::AddressTag,
        copy::CopyButton,
        doing::Doing,
        icon::{Glyph, Icon},
        loaded::Loaded,
        transaction::status_words,
    },
    feed::feed,
    format::{self, Sign},
    i18n::{Key, Language, headline, say, text},
    ipc,
    prefs::prefs,
    session::{Tone, session},
};

/// What stands below a row.
#[component]
pub(super) fn Detail(
    row: Settlement,
    /// Whether its block is not on the chain any more.
    #[prop(optional)]
    gone: bool,
) -> impl IntoView {
    let language = prefs().language;
    let reason = row.reason.clone();
    let basis = row.basis.clone();
    view! {
        <div class="settlement-detail" data-testid="settlement-detail">
            {reason.map(|reason| view! { <p class="warn" data-testid="settlement-reason">{reason}</p> })}
            <div class="columns">
                <Registers row=row.clone() />
                {match basis {
                    Some(basis) => view! { <Made basis=basis /> }.into_any(),
                    None => view! { <p class="aside">{text(Key::NoBasis)}</p> }.into_any(),
                }}
                <OnChain row=row.clone() gone=gone />
            </div>
            <div class="row foot">
                <span class="dim small">{move || {
                    let words = [status_words(row.status), trigger_words(row.trigger)].map(|key| key.text(language.get()));
                    format!("{} · {}", words[0], words[1])
                }}</span>
                <Receipt id=row.settlement_id.clone() shut=row.status != Status::Success />
            </div>
        </div>
    }
}

/// Both registers, as the chain had them and has them after it.
#[component]
fn Registers(row: Settlement) -> impl IntoView {
    let language = prefs().language;
    let line = move |label: Key, from: WattHours, to: WattHours| {
        let words = move |energy: WattHours| format::count(language.get(), energy.0);
        view! {
            <tr>
                <th scope="row">{text(label)}</th>
                <td class="n">{move || words(from)}</td>
                <td class="n">{move || words(to)}</td>
                <td class="n">{move || words(WattHours(to.0.saturating_sub(from.0)))}</td>
            </tr>
        }
    };
    view! {
        <table class="list registers" aria-label=text(Key::RegistersWh)>
            <thead>
                <tr>
                    <th scope="col">{text(Key::RegistersWh)}</th>
                    <th class="n" scope="col">{text(Key::BeforeIt)}</th>
                    <th class="n" scope="col">{text(Key::AfterIt)}</th>
                    <th class="n" scope="col">{text(Key::MovedBy)}</th>
                </tr>
            </thead>
            <tbody>
                {line(Key::Exported, row.from.export, row.to.export)}
                {line(Key::Imported, row.from.import, row.to.import)}
            </tbody>
        </table>
    }
}

/// Readings, epochs and terms, as they stood when the row was written.
#[component]
fn Made(basis: Basis) -> impl IntoView {
    let language = prefs().language;
    let (from, to) = (basis.from, basis.to);
    let window = move || {
        let words = |at: Option<enerlink_domain::UnixMillis>| {
            at.map_or("–".to_owned(), |at| {
                let offset = ipc::utc_offset_minutes(at.0);
                let day = format::day_and_month(language.get(), at, offset);
                format!("{day} {}", format::time_with_seconds(at, offset))
            })
        };
        format!("{} – {}", words(from), words(to))
    };
    let epochs = move || {
        let (now, crossed) = (
            format::count(language.get(), basis.epoch.into()),
            format::count(language.get(), basis.epochs_crossed.into()),
        );
        let key = if basis.epochs_crossed == 0 {
            Key::EpochNoneCrossed
        } else {
            Key::EpochsCrossed
        };
        say(language.get(), key, &[("epoch", &now), ("count", &crossed)])
    };
    // From where they stood for the settlement before, if that is known.
    let register = move |before: Option<MicroWh>, after: MicroWh| {
        let exact = |energy: MicroWh| format::exact_energy(language.get(), i128::from(energy.0));
        match before {
            Some(before) => format!("{} → {}", exact(before), exact(after)),
            None => exact(after),
        }
    };
    let before = basis.before;
    view! {
        <dl class="figures">
            <div><dt>{text(Key::ReadingsWindow)}</dt><dd>{window}</dd></div>
            <div><dt>{text(Key::ExportRegister)}</dt><dd data-testid="settlement-export-register">{move || register(before.map(|pair| pair.export), basis.export)}</dd></div>
            <div><dt>{text(Key::ImportRegister)}</dt><dd>{move || register(before.map(|pair| pair.import), basis.import)}</dd></div>
            <div><dt>{text(Key::CounterEpoch)}</dt><dd>{epochs}</dd></div>
            <div><dt>{text(Key::ConversionRatio)}</dt><dd>{move || ratio_words(language.get(), basis.ratio)}</dd></div>
            <div><dt>{text(Key::RemainderBefore)}</dt><dd>{move || remainder(language.get(), basis.carry)}</dd></div>
        </dl>
    }
}

/// `1.000 Wh = 1.000,00 ETK`.
pub(crate) fn ratio_words(language: Language, ratio: u64) -> String {
    let wh = format::count(language, 1000);
    let etk = format::decimal(language, i128::from(ratio), 2, 2, Sign::Negative);
    format!("{wh}\u{a0}Wh = {etk}\u{a0}ETK")
}

/// Thousandths of a base unit as ETK.
fn remainder(language: Language, carry: i64) -> String {
    let etk = format::decimal(language, i128::from(carry), 5, 5, Sign::Always);
    format!("{etk}\u{a0}ETK")
}

/// Who, and where the chain has it.
#[component]
fn OnChain(row: Settlement, gone: bool) -> impl IntoView {
    let language = prefs().language;
    let written = move |at: enerlink_domain::UnixMillis| {
        format::date_and_time(language.get(), at, ipc::utc_offset_minutes(at.0))
    };
    let (created, settled) = (row.created_at, row.settled_at);
    let (copied, deep) = (row.settlement_id.clone(), row.clone());
    view! {
        <dl class="figures">
            <div><dt>{text(Key::SettlementId)}</dt><dd class="code">{row.settlement_id.clone()}<CopyButton value=copied label=Key::Copy /></dd></div>
            <div><dt>{text(Key::Account)}</dt><dd><AddressTag address=row.prosumer /></dd></div>
            <div><dt>{text(Key::WrittenAt)}</dt><dd>{move || written(created)}</dd></div>
            {settled.map(|settled| view! { <div><dt>{text(Key::SettledAt)}</dt><dd>{move || written(settled)}</dd></div> })}
            {row.tx.map(|tx| view! {
                <div><dt>{text(Key::TransactionWord)}</dt><dd class="code">{format::short_hash(tx)}<CopyButton value=tx.to_string() label=Key::CopyTransaction /></dd></div>
                <Simulated tx=tx />
            })}
            {row.block.map(|block| view! {
                <div><dt>{text(Key::Block)}</dt><dd>{move || format::count(language.get(), block)}</dd></div>
                {(!gone).then(|| view! {
                    <div><dt>{text(Key::ConfirmationsWord)}</dt><dd data-testid="settlement-confirmations"><Deep row=deep.clone() /></dd></div>
                })}
            })}
        </dl>
    }
}

/// How many blocks confirm it now.
#[component]
pub(super) fn Deep(row: Settlement) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let head = Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref().and_then(|status| status.chain.block))
    });
    move || format::count(language.get(), row.confirmations_at(head.get()))
}

/// Whether its transaction did what was simulated before it was signed.
#[component]
fn Simulated(tx: TxHash) -> impl IntoView {
    let language = prefs().language;
    let found = Loaded::new();
    found.read(FindTransaction { hash: tx });
    let state = move || {
        let found = found.value.get().flatten()?;
        Some(if found.as_simulated? { "yes" } else { "no" })
    };
    let words = move || match (found.value.get(), found.error.get()) {
        (Some(Some(row)), _) => simulation_words(&row).text(language.get()),
        (Some(None), _) => Key::SimulatedElsewhere.text(language.get()),
        (None, Some(error)) => headline(language.get(), error.code),
        (None, None) => "–",
    };
    view! {
        <div data-testid="settlement-simulation" data-state=state><dt>{text(Key::Simulation)}</dt><dd>{words}</dd></div>
    }
}

/// The receipt, as proof and for people; only what the chain has settled can be proved.
#[component]
fn Receipt(id: String, shut: bool) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let doing = Doing::new();
    let id = StoredValue::new(id);
    let offline = Memo::new(move |_| feed.state.with(|state| state.chain_problem().is_some()));
    let save = move |format: ReceiptFormat| {
        let command = SaveReceipt {
            settlement_id: id.get_value(),
            format,
            language: language.get_untracked().code().to_owned(),
        };
        doing.call(command, move |file| {
            if let Some(file) = file {
                let words = say(
                    language.get_untracked(),
                    Key::ReceiptSaved,
                    &[("file", &file.name)],
                );
                session.say(Tone::Good, words);
            }
        });
    };
    let button = move |format: ReceiptFormat, label: Key, hint: Key, testid: &'static str| {
        let title = move || {
            let key = match (shut, offline.get()) {
                (true, _) => Key::ReceiptNotYet,
                (false, true) => Key::ReceiptOffline,
                (false, false) => hint,
            };
            key.text(language.get())
        };
        view! {
            <button
                type="button"
                class="button quiet small"
                data-testid=testid
                title=title
                disabled=move || shut || doing.busy.get()
                on:click=move |_| save(format)
            >
                <Glyph icon=Icon::File />
                {text(label)}
            </button>
        }
    };
    view! {
        <span class="end row">
            {button(ReceiptFormat::Pdf, Key::ReceiptPdf, Key::ReceiptPdfHint, "receipt-pdf")}
            {button(ReceiptFormat::Json, Key::ReceiptJson, Key::ReceiptJsonHint, "receipt-json")}
        </span>
        <div class="across">{doing.problem()}</div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_and_a_remainder_are_exact() {
        let plain = |text: String| text.replace('\u{a0}', " ");
        assert_eq!(
            plain(ratio_words(Language::Indonesian, 100_000)),
            "1.000 Wh = 1.000,00 ETK"
        );
        assert_eq!(plain(ratio_words(Language::English, 100)), "1,000 Wh = 1.00 ETK");
        assert_eq!(plain(remainder(Language::English, -999)), "\u{2212}0.00999 ETK");
        assert_eq!(plain(remainder(Language::English, 0)), "0.00000 ETK");
    }
}
