//! The registers that money depends on, and how they stand to the chain.

use enerlink_domain::{WattHours, register::CounterSource, view::MeterView};
use leptos::prelude::*;

use crate::{
    format,
    i18n::{Key, Language, text},
    pages::meter::{One, words},
    prefs::prefs,
};

/// The card.
#[component]
pub(super) fn RegistersCard(meter: One) -> impl IntoView {
    let language = prefs().language;
    let rows = move || {
        let rows = meter.with(|meter| meter.as_ref().map(|view| rows(language.get(), view)));
        let rows = rows.unwrap_or_default().into_iter();
        rows.map(|(label, words)| view! { <div><dt>{text(label)}</dt><dd>{words}</dd></div> })
            .collect_view()
    };
    view! {
        <section class="card" aria-label=text(Key::Registers) data-testid="setup-registers">
            <header><h2>{text(Key::Registers)}</h2><small>{text(Key::RegistersHint)}</small></header>
            <dl class="figures wide">{rows}</dl>
        </section>
    }
}

/// Every figure with every digit that is known.
fn rows(language: Language, view: &MeterView) -> Vec<(Key, String)> {
    let source = match view.meter.source {
        Some(CounterSource::Total) => Key::SourceTotal.text(language).to_owned(),
        Some(CounterSource::Settlement) => Key::SourceSettlement.text(language).to_owned(),
        None => words::unknown(),
    };
    let mut rows = vec![(Key::CountedBy, source)];
    let Some(registers) = view.registers.as_ref() else {
        return rows;
    };
    let wh = |micro: u64| format::exact_energy(language, i128::from(micro));
    let whole = |wh: WattHours| format!("{}\u{a0}Wh", format::count(language, wh.0));
    rows.push((Key::ExportRegister, wh(registers.export.0)));
    rows.push((Key::ImportRegister, wh(registers.import.0)));
    if let Some(watermark) = registers.watermark {
        rows.push((Key::ExportSettled, whole(watermark.export)));
        rows.push((Key::ImportSettled, whole(watermark.import)));
    }
    rows.push((Key::Epochs, registers.epoch.to_string()));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_that_was_not_heard_has_no_registers() {
        let mut view = crate::live::tests::home().meter.expect("a meter");
        view.registers = None;
        assert_eq!(rows(Language::English, &view).len(), 1);
    }
}
