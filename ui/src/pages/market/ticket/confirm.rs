//! The question before an order is signed: what it does, for whom and where, and the raw call folded away.

use enerlink_domain::{
    market::{Amount, Preview as Outlook, Ticket},
    view::TicketView,
};
use enerlink_ipc::PlaceOrder;
use leptos::prelude::*;

use super::{
    super::desk::Desk,
    action_words,
    effect::{EffectList, MUCH_IMPACT, Terms, effects},
};
use crate::{
    components::{
        address::{AddressTag, Grouped},
        confirm::{Confirm, Demands},
        doing::Doing,
    },
    format::{self, Sign},
    household::household,
    i18n::{Key, Language, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// The dialog.
#[component]
pub(super) fn PlaceDialog(
    desk: Desk,
    /// What is placed.
    ticket: Ticket,
    /// What would come of it.
    view: TicketView,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let (session, language, hidden, household) = (session(), prefs().language, prefs().hidden, household());
    let doing = Doing::new();
    let (TicketView::Ready { preview, fee }, Some(units)) = (view, desk.units.get_untracked()) else {
        return None;
    };
    let action = Signal::derive(move || action_words(units, language.get(), &ticket));
    let confirm = move |_| {
        doing.call(PlaceOrder { ticket }, move |_| {
            let action = action.get_untracked();
            session.say(
                Tone::Good,
                say(language.get_untracked(), Key::OrderQueued, &[("order", &action)]),
            );
            desk.form.amount.try_set(String::new());
            desk.read_again();
            on_close.try_run(());
        });
    };
    let risky = preview.impact_bps >= MUCH_IMPACT || !preview.cancels.is_empty();
    let demands = if risky {
        Demands::pause()
    } else {
        Demands::default()
    };
    let outlook = StoredValue::new(*preview);
    let lines = move || {
        let terms = Terms {
            tariff_sen: household.tariff(),
            fee,
            coins: desk.balances().map(|held| held.native),
            hidden: hidden.get(),
        };
        let lines = outlook.with_value(|outlook| effects(units, language.get(), &ticket, outlook, terms));
        view! { <EffectList lines=lines /> }
    };
    let uncertain = outlook.with_value(|outlook| !outlook.certain);
    let market = desk
        .state
        .with_untracked(|state| state.as_ref().and_then(|state| state.market));
    let allowance = move || outlook.with_value(|outlook| allowance(language.get(), outlook));
    Some(view! {
        <Confirm
            testid="place-order"
            title=action
            demands=demands
            action=action
            doing=doing
            on_confirm=confirm
            on_close=on_close
        >
            {lines}
            {uncertain.then(|| view! { <p class="aside">{text(Key::OrderUncertain)}</p> })}
            <dl class="figures">
                <div>
                    <dt>{text(Key::Account)}</dt>
                    <dd><AddressTag address=ticket.account testid="place-account" /></dd>
                </div>
                <div>
                    <dt>{text(Key::AllowanceWord)}</dt>
                    <dd>{allowance}</dd>
                </div>
            </dl>
            <details class="raw">
                <summary>{text(Key::RawCall)}</summary>
                {market.map(|market| view! { <Grouped address=market /> })}
                <code data-testid="place-raw">{outlook.with_value(raw)}</code>
            </details>
            <p class="aside">{text(Key::OrderSimulated)}</p>
        </Confirm>
    })
}

/// What the market may take along with the order.
fn allowance(language: Language, outlook: &Outlook) -> String {
    match outlook.approve {
        None => Key::AllowanceThere.text(language).to_owned(),
        Some(amount) => say(
            language,
            Key::AllowanceAdded,
            &[("amount", &amount_words(language, amount))],
        ),
    }
}

fn amount_words(language: Language, amount: Amount) -> String {
    match amount {
        Amount::Etk(etk) => format!("{}\u{a0}ETK", format::etk(language, etk, Sign::Negative)),
        Amount::Idrs(idrs) => format!("{}\u{a0}IDRS", format::idrs(language, idrs)),
    }
}

/// The call, as the contract is given it.
fn raw(outlook: &Outlook) -> String {
    let order = &outlook.order;
    let placed = format!(
        "side: {} {}, price: {}, lots: {}, flags: {}, maxFills: {}",
        order.side.number(),
        order.side,
        order.price,
        order.lots,
        order.flags.number(),
        order.max_fills,
    );
    match outlook.approve {
        None => format!("placeOrder({placed})"),
        Some(amount) => {
            let (value, token) = match amount {
                Amount::Etk(etk) => (etk.0, "ETK"),
                Amount::Idrs(idrs) => (idrs.0, "IDRS"),
            };
            format!("placeOrderWithPermit({placed}, permit: {value} {token})")
        }
    }
}
