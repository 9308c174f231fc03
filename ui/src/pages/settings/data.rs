//! What is kept for how long, and what the utility charges.

use enerlink_domain::view::Preferences;
use enerlink_ipc::CopyDatabase;
use leptos::prelude::*;

use crate::{
    components::{doing::Doing, field::Field, loaded::Waiting},
    format::{self, Sign},
    household::household,
    i18n::{Key, Language, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// A hundred years.
const MOST_DAYS: u32 = 36_500;
const MOST_MESSAGES: u32 = 100_000_000;

/// The card with the form.
#[component]
pub(super) fn DataCard() -> impl IntoView {
    let (household, session, language) = (household(), session(), prefs().language);
    let copying = Doing::new();
    let copy = move |_| {
        copying.call(CopyDatabase {}, move |copy| {
            if let Some(copy) = copy {
                let words = say(
                    language.get_untracked(),
                    Key::DatabaseCopied,
                    &[("file", &copy.name)],
                );
                session.say(Tone::Good, words);
            }
        });
    };
    let known = Memo::new(move |_| household.preferences.value.with(Option::is_some));
    view! {
        <section class="card" data-testid="data-card">
            <header><h2>{text(Key::DataSettings)}</h2></header>
            {move || if known.get() {
                view! { <Form /> }.into_any()
            } else {
                view! { <Waiting error=household.preferences.error retry=move |()| household.read() rows=3 /> }.into_any()
            }}
            <div class="setting">
                <div><b>{text(Key::DatabaseSize)}</b><small>{text(Key::CopyDatabaseHint)}</small></div>
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="copy-database"
                    disabled=move || copying.busy.get()
                    on:click=copy
                >
                    {text(Key::CopyDatabase)}
                </button>
            </div>
            {copying.problem()}
        </section>
    }
}

#[component]
fn Form() -> impl IntoView {
    let (household, session, language) = (household(), session(), prefs().language);
    let doing = Doing::new();
    let [days, messages, tariff] = [(); 3].map(|()| RwSignal::new(String::new()));
    let fill = move |language: Language, known: &Preferences| {
        days.set(format::count(language, known.raw_days.into()));
        messages.set(format::count(language, known.log_messages.into()));
        tariff.set(tariff_text(language, known.tariff_sen_per_kwh));
    };
    Effect::new(move || {
        household.preferences.value.with(|known| {
            if let Some(known) = known {
                fill(language.get(), known);
            }
        });
    });
    let typed = move || {
        Some((
            whole(&days.get(), MOST_DAYS)?,
            whole(&messages.get(), MOST_MESSAGES)?,
            parse_tariff(&tariff.get())?,
        ))
    };
    let changed = move || {
        household.preferences.value.with(|known| {
            let kept = known
                .as_ref()
                .map(|known| (known.raw_days, known.log_messages, known.tariff_sen_per_kwh));
            typed() != kept
        })
    };
    let complaint = move |right: bool, key: Key| (!right).then_some(key);
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some((raw_days, log_messages, tariff_sen_per_kwh)) = untrack(typed) else {
            return;
        };
        household.change(
            doing,
            |preferences| {
                preferences.raw_days = raw_days;
                preferences.log_messages = log_messages;
                preferences.tariff_sen_per_kwh = tariff_sen_per_kwh;
            },
            move || {
                let words = Key::ChangesSaved.text(language.get_untracked());
                session.say(Tone::Good, words.to_owned());
            },
        );
    };
    view! {
        <form class="data" on:submit=save>
            <Field testid="data-tariff" label=Key::Tariff value=tariff hint=Key::TariffHint mode="decimal"
                complaint=Signal::derive(move || complaint(parse_tariff(&tariff.get()).is_some(), Key::TariffWrong)) />
            <Field testid="data-raw-days" label=Key::RawDays value=days hint=Key::RawDaysHint mode="numeric"
                complaint=Signal::derive(move || complaint(whole(&days.get(), MOST_DAYS).is_some(), Key::RawDaysWrong)) />
            <Field testid="data-log-messages" label=Key::LogMessages value=messages hint=Key::LogMessagesHint mode="numeric"
                complaint=Signal::derive(move || complaint(whole(&messages.get(), MOST_MESSAGES).is_some(), Key::LogMessagesWrong)) />
            <div class="foot">
                {doing.problem()}
                <button
                    type="submit"
                    class="button small"
                    data-testid="data-save"
                    disabled=move || doing.busy.get() || typed().is_none() || !changed()
                >
                    {move || text(if doing.busy.get() { Key::SavingChanges } else { Key::SaveChanges })()}
                </button>
            </div>
        </form>
    }
}

/// A whole number up to `most`, grouped or not.
pub(super) fn whole(text: &str, most: u32) -> Option<u32> {
    let number = parse_hundredths(text)?;
    let whole = u32::try_from(number / 100).ok()?;
    (number.is_multiple_of(100) && whole <= most).then_some(whole)
}

fn tariff_text(language: Language, sen: u64) -> String {
    format::decimal(language, i128::from(sen), 2, 2, Sign::Negative)
}

/// Hundredths of a rupiah; what no utility would ask for is a slip of the finger.
fn parse_tariff(text: &str) -> Option<u64> {
    parse_hundredths(text).filter(|sen| *sen <= 100_000_000)
}

/// A number with two decimals at most, written in either language: the last separator is the point, unless three digits
/// follow it.
fn parse_hundredths(text: &str) -> Option<u64> {
    let text = text.trim();
    let point = text.rfind(['.', ',']).filter(|at| text.len() - at <= 3);
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let separator = point.map(|at| &text[at..=at]);
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let [first, others @ ..] = groups.as_slice() else {
        return None;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = others.is_empty() || first.len() <= 3;
    let is_number = digits(first)
        && grouped
        && others.iter().all(|group| group.len() == 3 && digits(group))
        && (point.is_none() || digits(fraction))
        // One sign cannot group and point.
        && separator.is_none_or(|separator| !whole.contains(separator));
    let hundredths: u64 = format!("{fraction:0<2}").parse().ok()?;
    let whole: u64 = groups.concat().parse().ok()?;
    is_number
        .then(|| whole.checked_mul(100)?.checked_add(hundredths))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tariff_is_read_as_either_language_writes_it() {
        for (text, expected) in [
            ("1444,70", Some(144_470)),
            ("1444.70", Some(144_470)),
            ("1.444,70", Some(144_470)),
            ("1,444.7", Some(144_470)),
            ("1.444", Some(144_400)),
            (" 1444 ", Some(144_400)),
            ("0", Some(0)),
            ("0,05", Some(5)),
            ("1000000", Some(100_000_000)),
            ("1000000,01", None),
            ("", None),
            (",5", None),
            ("1444,", None),
            ("1.44.70", None),
            ("1.444.70", None),
            ("-1", None),
            ("1444,701", None),
            ("Rp 5", None),
        ] {
            assert_eq!(parse_tariff(text), expected, "{text:?}");
        }
        for language in Language::ALL {
            assert_eq!(parse_tariff(&tariff_text(language, 144_470)), Some(144_470));
        }
    }

    #[test]
    fn days_and_rows_are_whole_numbers_within_bounds() {
        assert_eq!(whole("60", MOST_DAYS), Some(60));
        assert_eq!(whole("200.000", MOST_MESSAGES), Some(200_000));
        assert_eq!(whole("36500", MOST_DAYS), Some(36_500));
        for text in ["36501", "1,5", "sixty", "", "99999999999999999999"] {
            assert_eq!(whole(text, MOST_DAYS), None, "{text}");
        }
    }
}
