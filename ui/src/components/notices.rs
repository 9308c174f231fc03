//! What stands in the way, above everything else on Home: one line each, with what to do.

use enerlink_domain::{
    Code, Error, Readiness, Registration, TxStage, event::VaultState, view::Home, wallet::WalletId,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        icon::{Glyph, Icon},
        problem::{Problem, Weight},
    },
    feed::feed,
    i18n::{Key, say, text},
    live::LiveState,
    prefs::prefs,
    session::{Flow, Form, session},
};

/// A button that helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Help {
    None,
    Retry,
    Network,
    Unlock,
}

/// Something in the way.
#[derive(Clone, Debug, PartialEq)]
struct Notice {
    error: Error,
    weight: Weight,
    help: Help,
}

/// The list, empty on a good day.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let notices = Memo::new(move |_| feed.state.with(collect));
    let unwritten = Memo::new(move |_| {
        feed.state.with(|state| {
            let wallets = &state.status.as_ref()?.wallets;
            wallets
                .iter()
                .find(|wallet| !wallet.phrase_confirmed)
                .map(|wallet| (wallet.wallet, wallet.name.clone()))
        })
    });
    let network = move |_| session.form.set(Some(Form::Network));
    let unlock = move |_| feed.turn_key();
    let retry = move |_| spawn_local(feed.refresh_all());
    let list = move || {
        notices.get().into_iter().map(|notice| {
            let (help, missing) = (notice.help, notice.error.code == Code::NoNetwork);
            view! {
                <Problem error=notice.error weight=notice.weight>
                    {match help {
                        Help::None => ().into_any(),
                        Help::Retry => view! {
                            <button type="button" class="button quiet small" on:click=retry>{text(Key::TryAgain)}</button>
                        }.into_any(),
                        Help::Unlock => view! {
                            <button type="button" class="button quiet small" data-testid="notice-unlock" on:click=unlock>
                                {text(Key::Unlock)}
                            </button>
                        }.into_any(),
                        Help::Network => view! {
                            <button
                                type="button"
                                class="button quiet small"
                                data-testid="change-network"
                                on:click=network
                            >
                                {text(if missing { Key::NetworkTitle } else { Key::ChangeNetwork })}
                            </button>
                        }.into_any(),
                    }}
                </Problem>
            }
        }).collect_view()
    };
    view! {
        <div class="notices">
            {move || unwritten.get().map(|(wallet, name)| view! { <BackupNotice wallet=wallet name=name /> })}
            {list}
        </div>
    }
}

/// The phrase was not written down yet.
#[component]
fn BackupNotice(wallet: WalletId, name: String) -> impl IntoView {
    let session = session();
    let language = prefs().language;
    let missing = move || say(language.get(), Key::BackupMissing, &[("name", &name)]);
    let begin = move |_| session.flow.set(Some(Flow::Phrase(wallet)));
    view! {
        <div class="problem notice" data-testid="backup-banner">
            <Glyph icon=Icon::Key />
            <div class="words">
                <p>{missing}</p>
                <p class="next">{text(Key::BackupMissingWhy)}</p>
            </div>
            <div class="act">
                <button type="button" class="button small" data-testid="backup-start" on:click=begin>
                    {text(Key::BackupBegin)}
                </button>
            </div>
        </div>
    }
}

/// Everything in the way, the most basic first, each code once.
fn collect(state: &LiveState) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    let mut add = |error: Error, weight: Weight, help: Help| {
        if !notices.iter().any(|known| known.error.code == error.code) {
            notices.push(Notice { error, weight, help });
        }
    };
    if let Some(error) = &state.failure {
        add(error.clone(), Weight::Failure, Help::Retry);
    }
    let Some(status) = &state.status else {
        return notices;
    };
    if status.read_only {
        add(Error::new(Code::ProfileInUse, ""), Weight::Notice, Help::None);
    }
    if let Some(error) = &state.storage_problem {
        add(error.clone(), Weight::Failure, Help::None);
    }
    let meter = state.home.as_ref().and_then(|home| home.meter.as_ref());
    if let (Some(error), true) = (state.chain_problem(), meter.is_some() || state.network.is_some()) {
        let weight = if error.code == Code::NoNetwork {
            Weight::Notice
        } else {
            Weight::Failure
        };
        add(error, weight, Help::Network);
    }
    let Some(meter) = meter else { return notices };
    if !meter.device.link.up {
        let link = &meter.device.link;
        let code = link.code.unwrap_or(Code::MeterSilent);
        add(
            Error::new(code, link.message.clone().unwrap_or_default()),
            Weight::Failure,
            Help::None,
        );
    }
    match meter.registration {
        Registration::Foreign { prosumer } => {
            let message = format!("{} is registered to {prosumer}", meter.meter.id);
            add(
                Error::new(Code::MeterForeign, message),
                Weight::Failure,
                Help::None,
            );
        }
        Registration::Retired => add(Error::new(Code::MeterForeign, ""), Weight::Failure, Help::None),
        // A card of its own says what to send to whom.
        Registration::Missing => {}
        Registration::Unknown | Registration::Registered | Registration::Open { .. } => {}
    }
    if let Some(reason) = state.home.as_ref().and_then(gas_missing) {
        add(Error::new(Code::NoGas, reason), Weight::Notice, Help::None);
    }
    let readiness = state
        .home
        .as_ref()
        .and_then(|home| home.estimate.as_ref())
        .map(|estimate| &estimate.readiness);
    if let Some(Readiness::Blocked { code }) = readiness {
        let elsewhere = matches!(
            code,
            Code::MeterUnregistered
                | Code::SettlementPending
                | Code::NothingToSettle
                | Code::InsufficientBalance
        );
        let locked = *code == Code::Locked && status.vault == VaultState::Unlocked;
        if !elsewhere && !locked {
            let help = if *code == Code::Locked {
                Help::Unlock
            } else {
                Help::None
            };
            add(Error::new(*code, ""), Weight::Notice, help);
        }
    }
    notices
}

/// What the account lacks, when a transaction or a settlement waits for gas.
fn gas_missing(home: &Home) -> Option<String> {
    let transactions = home.transactions.iter().map(|row| (row.stage, &row.reason));
    let settlements = home.settlements.iter().map(|row| (row.stage, &row.reason));
    transactions
        .chain(settlements)
        .find(|(stage, _)| *stage == TxStage::NoGas)
        .map(|(_, reason)| reason.clone().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::{home, state_with, transaction};
    use enerlink_domain::TxKind;

    fn codes(state: &LiveState) -> Vec<Code> {
        collect(state)
            .into_iter()
            .map(|notice| notice.error.code)
            .collect()
    }

    #[test]
    fn a_good_day_has_no_notices() {
        assert_eq!(codes(&state_with(home())), []);
    }

    #[test]
    fn a_transaction_that_waits_for_gas_is_said_whatever_the_estimate_says() {
        let mut home = home();
        let mut waiting = transaction(1, TxKind::OpenMeter, 100);
        waiting.stage = TxStage::NoGas;
        waiting.reason = Some("0x12 needs 5 wei more for gas".to_owned());
        home.transactions.push(waiting);
        let notices = collect(&state_with(home));
        assert_eq!(
            notices[0].error,
            Error::new(Code::NoGas, "0x12 needs 5 wei more for gas")
        );
        assert_eq!(notices.len(), 1);
    }

    #[test]
    fn each_thing_in_the_way_is_said_once() {
        let mut home = home();
        if let Some(meter) = &mut home.meter {
            meter.registration = Registration::Retired;
            meter.device.link.up = false;
            meter.device.link.code = Some(Code::BrokerUnreachable);
        }
        if let Some(estimate) = &mut home.estimate {
            estimate.readiness = Readiness::Blocked { code: Code::NoGas };
        }
        let mut state = state_with(home);
        if let Some(status) = &mut state.status {
            status.chain.link.up = false;
            status.chain.link.code = Some(Code::WrongChain);
        }
        let expected = [
            Code::WrongChain,
            Code::BrokerUnreachable,
            Code::MeterForeign,
            Code::NoGas,
        ];
        assert_eq!(codes(&state), expected);
        if let Some(estimate) = state.home.as_mut().and_then(|home| home.estimate.as_mut()) {
            estimate.readiness = Readiness::Blocked {
                code: Code::WrongChain,
            };
        }
        assert_eq!(codes(&state), expected[..3]);
    }
}
