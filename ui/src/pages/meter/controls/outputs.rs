//! Outputs as the household wants them: their names, whether they are shown, how far they may be driven.

use enerlink_domain::{command::OutputSetting, view::MeterEdit};
use enerlink_ipc::EditMeter;
use leptos::{ev::SubmitEvent, prelude::*};

use super::Output;
use crate::{
    components::{
        dialog::{Dialog, Foot},
        doing::Doing,
    },
    feed::feed,
    i18n::{Key, text},
    pages::meter::{One, take_over, words},
    prefs::prefs,
};

/// What was typed of one output.
#[derive(Clone)]
struct Typed {
    key: String,
    name: RwSignal<String>,
    hidden: RwSignal<bool>,
    /// Percent; empty is all of it.
    limit: RwSignal<String>,
    /// Whether it can be driven in part.
    graded: bool,
}

impl Typed {
    fn of(output: &Output, known: Option<&OutputSetting>) -> Self {
        let limit = known.and_then(|known| known.limit_percent);
        Self {
            key: output.key(),
            name: RwSignal::new(known.map(|known| known.name.clone()).unwrap_or_default()),
            hidden: RwSignal::new(known.is_some_and(|known| known.hidden)),
            limit: RwSignal::new(limit.map(|limit| limit.to_string()).unwrap_or_default()),
            graded: matches!(output, Output::Motor(_) | Output::Led),
        }
    }

    /// The setting, when its limit can be read.
    fn setting(&self) -> Option<OutputSetting> {
        Some(OutputSetting {
            key: self.key.clone(),
            name: self.name.get_untracked().trim().to_owned(),
            hidden: self.hidden.get_untracked(),
            limit_percent: limit(&self.limit.get_untracked())?,
        })
    }
}

/// Whole percent from 1 to 100; nothing typed is no limit.
fn limit(text: &str) -> Option<Option<u8>> {
    let text = text.trim().trim_end_matches('%').trim();
    if text.is_empty() {
        return Some(None);
    }
    let percent = text.parse().ok()?;
    (1..=100).contains(&percent).then_some(Some(percent))
}

/// The dialog.
#[component]
pub(super) fn OutputsDialog(meter: One, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let (doing, tried) = (Doing::new(), RwSignal::new(false));
    let known = meter.get_untracked().map(|view| view.meter);
    let (id, typed) = match known {
        Some(meter) => {
            let outputs = Output::of(&meter.capabilities).into_iter();
            let typed: Vec<Typed> = outputs
                .map(|output| {
                    let key = output.key();
                    Typed::of(&output, meter.outputs.iter().find(|known| known.key == key))
                })
                .collect();
            (Some(meter.id), typed)
        }
        None => (None, Vec::new()),
    };
    let rows = typed
        .iter()
        .map(|row| {
            let (key, name, hidden, typed_limit) = (row.key.clone(), row.name, row.hidden, row.limit);
            let wrong = move || tried.get() && typed_limit.with(|typed| limit(typed).is_none());
            let graded = row.graded.then(|| {
                view! {
                    <input
                        type="text"
                        inputmode="numeric"
                        class="number"
                        class:wrong=wrong
                        placeholder="100"
                        data-testid="output-limit"
                        aria-label=text(Key::LimitPercent)
                        aria-invalid=move || if wrong() { "true" } else { "false" }
                        bind:value=typed_limit
                    />
                }
            });
            let kind = {
                let key = key.clone();
                move || words::output_kind(language.get(), &key)
            };
            view! {
                <tr data-testid="output-setting" data-output=key>
                    <th scope="row">{kind}</th>
                    <td>
                        <input
                            type="text"
                            class="number own"
                            maxlength="40"
                            data-testid="output-name"
                            aria-label=text(Key::OwnName)
                            bind:value=name
                        />
                    </td>
                    <td class="n">{graded}</td>
                    <td class="n">
                        <input
                            type="checkbox"
                            class="switch"
                            data-testid="output-hidden"
                            aria-label=text(Key::HideOutput)
                            bind:checked=hidden
                        />
                    </td>
                </tr>
            }
        })
        .collect_view();
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let outputs: Option<Vec<OutputSetting>> = typed.iter().map(Typed::setting).collect();
        let (Some(meter_id), Some(outputs)) = (id.clone(), outputs) else {
            return;
        };
        let edit = MeterEdit {
            outputs: Some(outputs),
            ..MeterEdit::default()
        };
        doing.call(EditMeter { meter_id, edit }, move |view| {
            take_over(feed, view);
            on_close.try_run(());
        });
    };
    view! {
        <Dialog testid="outputs-dialog" title=Signal::derive(move || Key::NamesAndLimits.text(language.get()).to_owned()) on_close=on_close busy=doing.busy>
            <p class="mut">{text(Key::NamesAndLimitsLead)}</p>
            <form on:submit=save novalidate>
                <fieldset disabled=doing.busy>
                    <table class="list settings-table">
                        <thead>
                            <tr>
                                <th scope="col">{text(Key::Output)}</th>
                                <th scope="col">{text(Key::OwnName)}</th>
                                <th scope="col" class="n">{text(Key::LimitPercent)}</th>
                                <th scope="col" class="n">{text(Key::HideOutput)}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                    {doing.problem()}
                </fieldset>
                <Foot on_close=on_close busy=doing.busy>
                    <button type="submit" class="button" data-testid="outputs-save">{text(Key::Save)}</button>
                </Foot>
            </form>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_percent_or_none() {
        for (typed, expected) in [
            ("", Some(None)),
            (" 40 % ", Some(Some(40))),
            ("100", Some(Some(100))),
            ("0", None),
            ("101", None),
            ("half", None),
        ] {
            assert_eq!(limit(typed), expected, "{typed:?}");
        }
    }
}
