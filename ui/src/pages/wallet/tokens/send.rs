//! Sending: what and to whom, then the effect once more with what the core makes of it, and only then the key.

use enerlink_domain::{
    Address,
    token::{Amount, Asset, SendDraft, SendPreview},
};
use enerlink_ipc::{PreviewSend, SendTokens};
use leptos::{ev::SubmitEvent, prelude::*};

use super::payee::{About, PayeeField, Whole, judge, name_of};
use crate::{
    components::{
        address::Grouped,
        amount::concealed,
        confirm::{Confirm, Demands},
        dialog::{Dialog, Foot},
        doing::Doing,
        field::Field,
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// The draft as typed so far, and what the core makes of it.
#[component]
pub(super) fn SendDialog(
    /// The account that sends.
    from: Address,
    /// Takes it away.
    on_close: Callback<()>,
) -> impl IntoView {
    let draft = Draft {
        from,
        to: RwSignal::new(String::new()),
        asset: RwSignal::new(Asset::Idrs),
        amount: RwSignal::new(String::new()),
    };
    let preview = RwSignal::new(None::<SendPreview>);
    let back = Callback::new(move |()| preview.set(None));
    move || match preview.get() {
        None => view! { <Typing draft=draft preview=preview on_close=on_close /> }.into_any(),
        Some(shown) => {
            view! { <ConfirmSend draft=draft preview=shown on_back=back on_close=on_close /> }.into_any()
        }
    }
}

#[derive(Clone, Copy)]
struct Draft {
    from: Address,
    to: RwSignal<String>,
    asset: RwSignal<Asset>,
    amount: RwSignal<String>,
}

impl Draft {
    /// For the core; none while the amount is no number.
    fn built(self, language: Language, confirmed: bool) -> Option<SendDraft> {
        let asset = self.asset.get_untracked();
        let amount = self
            .amount
            .with_untracked(|typed| canonical(language, asset, typed))?;
        Some(SendDraft {
            from: self.from,
            to: self.to.get_untracked(),
            asset,
            amount,
            confirmed,
        })
    }
}

/// What was typed, if it is an amount that can move.
fn canonical(language: Language, asset: Asset, typed: &str) -> Option<String> {
    let text = format::canonical(language, typed)?;
    Amount::parse_moved(asset, &text).ok().map(|_| text)
}

#[component]
fn Typing(draft: Draft, preview: RwSignal<Option<SendPreview>>, on_close: Callback<()>) -> impl IntoView {
    let language = prefs().language;
    let (doing, tried) = (Doing::new(), RwSignal::new(false));
    let judged = judge(draft.to);
    let sound = move || {
        let (asset, language) = (draft.asset.get(), language.get());
        draft
            .amount
            .with(|typed| canonical(language, asset, typed))
            .is_some()
    };
    let complaint = Signal::derive(move || {
        (tried.get() && !sound()).then(|| match draft.asset.get() {
            Asset::Etk | Asset::Idrs => Key::AmountTwoWrong,
            Asset::Coin => Key::AmountCoinWrong,
        })
    });
    let usable = move || judged.with(|judged| matches!(judged, Some(Ok(_))));
    let go_on = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if let Some(draft) = draft.built(language.get_untracked(), false) {
            doing.call(PreviewSend { draft }, move |shown| preview.set(Some(shown)));
        }
    };
    let assets = Asset::ALL.map(|asset| {
        let on = move || draft.asset.get() == asset;
        view! {
            <button
                type="button"
                data-testid=format!("send-asset-{}", asset.as_str())
                class:on=on
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| draft.asset.set(asset)
            >
                {move || asset_words(language.get(), asset)}
            </button>
        }
    });
    let title = Signal::derive(move || Key::SendTitle.text(language.get()).to_owned());
    view! {
        <Dialog testid="send-dialog" title=title on_close=on_close busy=doing.busy>
            <form on:submit=go_on novalidate>
                <fieldset disabled=doing.busy>
                    <p class="label">{text(Key::FromAccount)}</p>
                    <p class="whole-address"><Grouped address=draft.from /></p>
                    <PayeeField address=draft.to judged=judged />
                    <div class="segments even" role="group" aria-label=text(Key::SendWhat)>
                        {assets.into_iter().collect_view()}
                    </div>
                    <Field testid="send-amount" label=Key::SendAmount value=draft.amount mode="decimal" complaint=complaint />
                    <Holding draft=draft />
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button
                        type="submit"
                        class="button"
                        data-testid="send-continue"
                        disabled=move || doing.busy.get() || !usable()
                    >
                        {text(Key::SendContinue)}
                    </button>
                </Foot>
            </form>
        </Dialog>
    }
}

/// What the account holds of it.
#[component]
fn Holding(draft: Draft) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let held = move || {
        let balances = feed.state.with(|state| state.balances_of(draft.from))?;
        Some(match draft.asset.get() {
            Asset::Etk => Amount::Etk(balances.etk),
            Asset::Idrs => Amount::Idrs(balances.idrs),
            Asset::Coin => Amount::Coin(balances.native),
        })
    };
    let words = concealed(move || match held() {
        Some(held) => format::amount(language.get(), held),
        None => Key::BalanceUnknown.text(language.get()).to_owned(),
    });
    view! { <dl class="figures"><div><dt>{text(Key::BalanceBefore)}</dt><dd data-testid="send-held">{words}</dd></div></dl> }
}

#[component]
fn ConfirmSend(
    draft: Draft,
    preview: SendPreview,
    on_back: Callback<()>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let doing = Doing::new();
    let (amount, fee) = (preview.amount, preview.fee);
    let (before, after) = (preview.before, preview.after);
    let send = move || {
        let Some(draft) = draft.built(language.get_untracked(), true) else {
            return;
        };
        doing.call(SendTokens { draft }, move |_| {
            on_close.run(());
            let language = language.get_untracked();
            let amount = format::amount(language, amount);
            session.say(Tone::Good, say(language, Key::SendDone, &[("amount", &amount)]));
        });
    };
    let demands = match preview.payee.needs_a_look() {
        true => Demands::pause(),
        false => Demands::default(),
    };
    let action = Signal::derive(move || {
        let language = language.get();
        say(
            language,
            Key::SendThis,
            &[("amount", &format::amount(language, amount))],
        )
    });
    let payee = preview.payee.clone();
    let effect = move || {
        let language = language.get();
        let (amount, payee) = (format::amount(language, amount), name_of(&payee));
        say(
            language,
            Key::SendEffect,
            &[("amount", &amount), ("payee", &payee)],
        )
    };
    view! {
        <Confirm
            testid="send-confirm"
            title=Signal::derive(move || Key::SendTitle.text(language.get()).to_owned())
            demands=demands
            action=action
            doing=doing
            on_confirm=move |_: String| feed.with_keys(send)
            on_close=on_back
        >
            <p data-testid="send-effect"><b>{effect}</b></p>
            <Whole check=preview.payee.clone() />
            <div class="verdict-box" data-testid="send-verdict"><About check=preview.payee /></div>
            <dl class="figures">
                <div><dt>{text(Key::BalanceBefore)}</dt><dd>{concealed(move || format::amount(language.get(), before))}</dd></div>
                <div><dt>{text(Key::BalanceAfter)}</dt><dd>{concealed(move || format::amount(language.get(), after))}</dd></div>
                <div><dt>{text(Key::FeeAtMost)}</dt><dd>{move || format::amount(language.get(), Amount::Coin(fee))}</dd></div>
            </dl>
            <p class="label">{text(Key::FromAccount)}</p>
            <p class="whole-address"><Grouped address=preview.from /></p>
        </Confirm>
    }
}

fn asset_words(language: Language, asset: Asset) -> &'static str {
    match asset {
        Asset::Etk => "ETK",
        Asset::Idrs => "IDRS",
        Asset::Coin => Key::NativeCoin.text(language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_move_goes_on() {
        let id = Language::Indonesian;
        assert_eq!(canonical(id, Asset::Idrs, "1.000,50").as_deref(), Some("1000.50"));
        for typed in ["", "0", "0,00", "1,005", "1e3", "-1", "1.5"] {
            assert_eq!(canonical(id, Asset::Idrs, typed), None, "{typed}");
        }
        assert_eq!(
            canonical(id, Asset::Coin, "0,000000000000000001").as_deref(),
            Some("0.000000000000000001")
        );
    }
}
