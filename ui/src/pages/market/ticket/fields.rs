//! The ticket's inputs: price and amount in the unit that suits, and the share of what the account can pay.

use std::fmt;

use enerlink_domain::market::{AmountUnit, Lots, Mistyped, Price, PriceUnit, Side};
use leptos::{ev, prelude::*};

use super::{
    super::{
        desk::Desk,
        draft::{self, Kind, mistyped, parse},
        figures::Units,
    },
    Preview,
};
use crate::{
    components::amount::concealed,
    format::{self, Sign},
    i18n::{Key, Language, say, text},
    prefs::prefs,
};

/// Prices or lots that an arrow moves with Shift.
const STRIDE: u32 = 10;

/// For what price.
#[component]
pub(super) fn PriceField(desk: Desk) -> impl IntoView {
    let language = prefs().language;
    let label = move || {
        let key = match (desk.form.kind.get(), desk.form.side.get()) {
            (Kind::Market, Side::Bid) => Key::PriceAtMost,
            (Kind::Market, Side::Ask) => Key::PriceAtLeast,
            (_, _) => Key::PriceWord,
        };
        key.text(language.get())
    };
    let complaint = Memo::new(move |_| {
        let (units, wrong) = (desk.units.get()?, desk.ticket()?.err()?.price?);
        Some(mistyped(language.get(), wrong, |price| {
            units.money(language.get(), price)
        }))
    });
    let step = move |event: ev::KeyboardEvent| {
        let next = step_by(&event, |up, stride| {
            let units = desk.units.get_untracked()?;
            let now = read(desk.form.price, language.get_untracked(), |text| {
                units.pair.parse_price(text, units.price)
            })?;
            let next = stepped(now.get().into(), up, stride, u16::MAX.into());
            let next = u16::try_from(next).ok().and_then(Price::new)?;
            Some(units.typed_price(language.get_untracked(), next))
        });
        if let Some(text) = next {
            desk.form.price.set(text);
        }
    };
    let turn = move |_| {
        let next = match desk.form.price_unit.get_untracked() {
            PriceUnit::Kwh => PriceUnit::Etk,
            PriceUnit::Etk => PriceUnit::Kwh,
        };
        let price = desk.units.get_untracked().and_then(|units| {
            read(desk.form.price, language.get_untracked(), |text| {
                units.pair.parse_price(text, units.price)
            })
        });
        desk.form.price_unit.set(next);
        if let Some(price) = price {
            desk.fill_price(price);
        }
    };
    view! {
        <Number
            testid="ticket-price"
            label=Signal::derive(label)
            value=desk.form.price
            complaint=complaint
            unit=Signal::derive(move || desk.units.get().map_or("", Units::price_symbol))
            unit_hint=Key::OtherPriceUnit
            on_unit=turn
            on_key=step
        />
    }
}

/// How much.
#[component]
pub(super) fn AmountField(desk: Desk) -> impl IntoView {
    let language = prefs().language;
    let complaint = Memo::new(move |_| {
        let (units, wrong) = (desk.units.get()?, desk.ticket()?.err()?.amount?);
        Some(mistyped(language.get(), wrong, |lots| {
            units.energy(language.get(), lots)
        }))
    });
    let amount = move || {
        let units = desk.units.get_untracked()?;
        read(desk.form.amount, language.get_untracked(), |text| {
            units.pair.parse_amount(text, units.amount)
        })
    };
    let fill = move |lots: Lots| {
        if let Some(units) = desk.units.get_untracked() {
            desk.form
                .amount
                .set(units.typed_amount(language.get_untracked(), lots));
        }
    };
    let step = move |event: ev::KeyboardEvent| {
        let next = step_by(&event, |up, stride| {
            Some(Lots(stepped(amount()?.0, up, stride, u32::MAX)))
        });
        if let Some(lots) = next {
            fill(lots);
        }
    };
    let turn = move |_| {
        let next = match desk.form.amount_unit.get_untracked() {
            AmountUnit::Kwh => AmountUnit::Etk,
            AmountUnit::Etk => AmountUnit::Lots,
            AmountUnit::Lots => AmountUnit::Kwh,
        };
        let lots = amount();
        desk.form.amount_unit.set(next);
        if let Some(lots) = lots {
            fill(lots);
        }
    };
    view! {
        <Number
            testid="ticket-amount"
            label=Signal::derive(move || Key::AmountWord.text(language.get()))
            value=desk.form.amount
            complaint=complaint
            unit=Signal::derive(move || desk.units.get().map_or("", Units::amount_symbol))
            unit_hint=Key::OtherAmountUnit
            on_unit=turn
            on_key=step
        />
    }
}

/// A number with its unit, which is a button for the next unit.
#[component]
fn Number(
    testid: &'static str,
    label: Signal<&'static str>,
    value: RwSignal<String>,
    complaint: Memo<Option<String>>,
    unit: Signal<&'static str>,
    unit_hint: Key,
    #[prop(into)] on_unit: Callback<()>,
    #[prop(into)] on_key: Callback<ev::KeyboardEvent>,
) -> impl IntoView {
    let hint = format!("{testid}-hint");
    let described = hint.clone();
    view! {
        <div class="field number" class:wrong=move || complaint.get().is_some()>
            <label for=testid>{label}</label>
            <div class="in-unit">
                <input
                    id=testid
                    data-testid=testid
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby=described
                    aria-invalid=move || if complaint.get().is_some() { "true" } else { "false" }
                    bind:value=value
                    on:keydown=move |event| on_key.run(event)
                />
                <button
                    type="button"
                    class="unit"
                    data-testid=format!("{testid}-unit")
                    title=text(unit_hint)
                    on:click=move |_| on_unit.run(())
                >
                    {unit}
                </button>
            </div>
            <p class="hint" id=hint>{complaint}</p>
        </div>
    }
}

/// Which part of what the account can pay.
#[component]
pub(super) fn Share(desk: Desk, preview: Preview) -> impl IntoView {
    let language = prefs().language;
    let most = Memo::new(move |_| preview.most(desk));
    let now = Memo::new(move |_| {
        let (most, ticket) = (most.get()?, desk.ticket()?.ok()?);
        Some(draft::percent_of(most, ticket.lots))
    });
    let slide = move |event: ev::Event| {
        let percent = event_target_value(&event).parse().unwrap_or(0);
        if let (Some(most), Some(units)) = (most.get_untracked(), desk.units.get_untracked()) {
            let lots = draft::share(most, percent);
            desk.form
                .amount
                .set(units.typed_amount(language.get_untracked(), lots));
            // The most is of a price: without one there is none.
            if desk.form.price.with_untracked(|price| price.trim().is_empty())
                && let Some(best) = untrack(|| super::best(desk, desk.form.side.get()))
            {
                desk.fill_price(best);
            }
        }
    };
    let balance = concealed(move || {
        let (balances, language) = (desk.balances(), language.get());
        match (balances, desk.form.side.get()) {
            (None, _) => "–".to_owned(),
            (Some(held), Side::Bid) => format!("{}\u{a0}IDRS", format::idrs(language, held.idrs)),
            (Some(held), Side::Ask) => {
                format!("{}\u{a0}ETK", format::etk(language, held.etk, Sign::Negative))
            }
        }
    });
    let words = move || {
        let percent = now.get().unwrap_or(0).to_string();
        let values = [("percent", percent.as_str()), ("balance", &balance())];
        say(language.get(), Key::ShareWords, &values)
    };
    view! {
        <div class="share">
            <input
                type="range"
                min="0"
                max="100"
                data-testid="ticket-share"
                aria-label=text(Key::ShareOf)
                disabled=move || most.get().is_none_or(|most| most == Lots::ZERO)
                prop:value=move || now.get().unwrap_or(0).to_string()
                on:input=slide
            />
            <p class="dim">{words}</p>
        </div>
    }
}

/// What a field says, when that is something.
fn read<T: fmt::Display>(
    field: RwSignal<String>,
    language: Language,
    count: impl Fn(&str) -> Result<T, Mistyped<T>>,
) -> Option<T> {
    field.with_untracked(|text| parse(language, text, count).ok())
}

/// What an arrow key makes of a field.
fn step_by<T>(event: &ev::KeyboardEvent, next: impl Fn(bool, u32) -> Option<T>) -> Option<T> {
    let up = match event.key().as_str() {
        "ArrowUp" => true,
        "ArrowDown" => false,
        _ => return None,
    };
    event.prevent_default();
    next(up, if event.shift_key() { STRIDE } else { 1 })
}

/// One step up or down, at least one and at most `most`.
fn stepped(now: u32, up: bool, stride: u32, most: u32) -> u32 {
    let next = if up {
        now.saturating_add(stride)
    } else {
        now.saturating_sub(stride)
    };
    next.clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_stay_within_what_can_be_counted() {
        for (now, up, stride, expected) in [
            (5, true, 1, 6),
            (5, false, 10, 1),
            (1, false, 1, 1),
            (65_530, true, 10, 65_535),
        ] {
            assert_eq!(stepped(now, up, stride, 65_535), expected, "{now} {up} {stride}");
        }
    }
}
