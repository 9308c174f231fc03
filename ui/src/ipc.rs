//! The only place where the window speaks to the shell, and the only one that knows `JsValue`.

use std::collections::BTreeMap;

pub(crate) use enerlink_ipc::Error;
use enerlink_ipc::{Code, Command, Event, desktop::Wish};
use leptos::{html, prelude::*};
use serde::{Deserialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use crate::locale;

/// The two functions of Tauri that the window needs. `withGlobalTauri` is off, so there is no friendlier global.
#[allow(unsafe_code, reason = "wasm-bindgen expands an import to unsafe code")]
mod tauri {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI_INTERNALS__"])]
        pub(super) async fn invoke(command: &str, arguments: JsValue) -> Result<JsValue, JsValue>;

        #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI_INTERNALS__"], js_name = transformCallback)]
        pub(super) fn transform_callback(callback: &JsValue, once: bool) -> Result<f64, JsValue>;
    }
}

/// The shell's command that feeds a channel with events; its argument is a channel, which no type of `ipc` can be.
const SUBSCRIBE: &str = "subscribe_events";
/// The same for what the shell wants of the page.
const SUBSCRIBE_WISHES: &str = "subscribe_wishes";

/// Calls a command of the core and waits for its answer.
pub(crate) async fn call<C: Command>(command: &C) -> Result<C::Output, Error> {
    let arguments = serde_json::to_string(command).map_err(|error| internal(error.to_string()))?;
    let arguments = js_sys::JSON::parse(&arguments).map_err(rejection)?;
    let answer = tauri::invoke(C::NAME, arguments).await.map_err(rejection)?;
    read(&answer)
}

/// Hands every event of the core to `on_event`, in the order in which it was sent; `None` when the core has closed
/// the channel. The callback lives as long as the window.
pub(crate) async fn subscribe(mut on_event: impl FnMut(Option<Event>) + 'static) -> Result<(), Error> {
    let mut queue = InOrder::default();
    let receive = Closure::<dyn FnMut(JsValue)>::new(move |raw: JsValue| {
        for message in queue.push(read(&raw).ok()) {
            on_event(message);
        }
    });
    open_channel(SUBSCRIBE, receive).await
}

/// Hands every wish of the shell to `on_wish`. The callback lives as long as the window.
pub(crate) async fn subscribe_wishes(on_wish: impl Fn(Wish) + 'static) -> Result<(), Error> {
    let receive = Closure::<dyn FnMut(JsValue)>::new(move |raw: JsValue| {
        // What a person wishes comes one at a time: there is no order to keep.
        if let Ok(Message::Event { message, .. }) = read(&raw)
            && let Ok(wish) = serde_json::from_value(message)
        {
            on_wish(wish);
        }
    });
    open_channel(SUBSCRIBE_WISHES, receive).await
}

async fn open_channel(command: &str, receive: Closure<dyn FnMut(JsValue)>) -> Result<(), Error> {
    let id = tauri::transform_callback(receive.as_ref(), false).map_err(rejection)?;
    receive.forget();
    let arguments = js_sys::Object::new();
    let channel = JsValue::from_str(&format!("__CHANNEL__:{id}"));
    js_sys::Reflect::set(&arguments, &JsValue::from_str("channel"), &channel).map_err(rejection)?;
    tauri::invoke(command, arguments.into())
        .await
        .map(drop)
        .map_err(rejection)
}

/// The text of a file that a person chose.
pub(crate) async fn read_file(file: &web_sys::File) -> Result<String, Error> {
    let text = wasm_bindgen_futures::JsFuture::from(file.text())
        .await
        .map_err(rejection)?;
    text.as_string().ok_or_else(|| internal("the file is not text"))
}

/// Calls `on_change` whenever the canvas is laid out at another size, as long as its owner lives.
pub(crate) fn observe_size(canvas: NodeRef<html::Canvas>, on_change: impl Fn() + 'static) {
    let callback = Closure::<dyn FnMut()>::new(on_change);
    let Ok(observer) = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()) else {
        return;
    };
    let kept = StoredValue::new_local((observer, callback));
    Effect::new(move || {
        if let Some(canvas) = canvas.get() {
            kept.with_value(|(observer, _)| observer.observe(&canvas));
        }
    });
    on_cleanup(move || {
        kept.try_with_value(|(observer, _)| observer.disconnect());
    });
}

/// Counts how often the page has got another theme, as long as its owner lives: with it comes every colour.
pub(crate) fn observe_theme() -> RwSignal<u32> {
    let changes = RwSignal::new(0_u32);
    let callback = Closure::<dyn FnMut()>::new(move || {
        changes.try_update(|count| *count += 1);
    });
    let observer = web_sys::MutationObserver::new(callback.as_ref().unchecked_ref());
    let (Ok(observer), Some(root)) = (observer, document().document_element()) else {
        return changes;
    };
    let attributes = web_sys::MutationObserverInit::new();
    attributes.set_attributes(true);
    // What cannot be observed keeps the colours that it has.
    let _ = observer.observe_with_options(&root, &attributes);
    let kept = StoredValue::new_local((observer, callback));
    on_cleanup(move || {
        kept.try_with_value(|(observer, _)| observer.disconnect());
    });
    changes
}

/// Whether the desktop asks for light windows, now and whenever it changes its mind.
pub(crate) fn follow_light_desktop() -> RwSignal<bool> {
    let light = RwSignal::new(false);
    let Some(query) = window()
        .match_media("(prefers-color-scheme: light)")
        .ok()
        .flatten()
    else {
        return light;
    };
    light.set(query.matches());
    let seen = query.clone();
    let on_change = Closure::<dyn FnMut()>::new(move || light.set(seen.matches()));
    query.set_onchange(Some(on_change.as_ref().unchecked_ref()));
    on_change.forget();
    light
}

/// Scrolls no further than needed for the element with this id to be seen.
pub(crate) fn scroll_to(id: &str) {
    let nearest = web_sys::ScrollIntoViewOptions::new();
    nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
    if let Some(element) = document().get_element_by_id(id) {
        element.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}

/// The wall clock of this computer, Unix milliseconds.
pub(crate) fn wall_millis() -> i64 {
    js_sys::Date::now() as i64
}

/// Whether somebody looks at the window: it is shown and has the focus.
pub(crate) fn is_attended() -> bool {
    let document = document();
    !document.hidden() && document.has_focus().unwrap_or(true)
}

/// Minutes by which the household's time is ahead of UTC at a moment (Unix milliseconds): that of the desktop, unless
/// another was chosen.
pub(crate) fn utc_offset_minutes(at: i64) -> i64 {
    let desktop = |at| -(js_sys::Date::new(&JsValue::from_f64(at as f64)).get_timezone_offset() as i64);
    locale::offset(at, desktop)
}

/// A message of the channel, as the shell sends it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    /// The shell dropped the channel after `index` messages.
    End {
        index: u64,
        #[serde(rename = "end")]
        _end: bool,
    },
    /// One event.
    Event { index: u64, message: serde_json::Value },
}

/// Puts messages into the order in which they were sent: large ones travel another way and may be overtaken.
#[derive(Default)]
struct InOrder {
    next: u64,
    waiting: BTreeMap<u64, Option<Event>>,
}

impl InOrder {
    /// Takes one message and returns those whose turn it is. A message that cannot be read counts as missed.
    fn push(&mut self, message: Option<Message>) -> Vec<Option<Event>> {
        let missed = || Some(Event::Lagged { missed: 1 });
        match message {
            None => return vec![missed()],
            Some(Message::End { index, .. }) => {
                self.waiting.insert(index, None);
            }
            Some(Message::Event { index, message }) => {
                let event = serde_json::from_value(message).ok().or_else(missed);
                self.waiting.insert(index, event);
            }
        }
        let mut ready = Vec::new();
        while let Some(message) = self.waiting.remove(&self.next) {
            self.next += 1;
            ready.push(message);
        }
        ready
    }
}

fn read<T: DeserializeOwned>(value: &JsValue) -> Result<T, Error> {
    let text = if value.is_undefined() {
        "null".to_owned()
    } else {
        js_sys::JSON::stringify(value)
            .map(String::from)
            .map_err(rejection)?
    };
    serde_json::from_str(&text)
        .map_err(|error| internal(format!("the core's answer is not understood: {error}")))
}

/// What a rejected promise says: an error of the core, or a text of Tauri.
fn rejection(value: JsValue) -> Error {
    if let Some(text) = value.as_string() {
        return internal(text);
    }
    if let Some(error) = value.dyn_ref::<js_sys::Error>() {
        return internal(String::from(error.message()));
    }
    read(&value).unwrap_or_else(|error| error)
}

fn internal(message: impl Into<String>) -> Error {
    Error::new(Code::Internal, message)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::event::VaultState;
    use serde_json::json;

    use super::*;

    fn event(index: u64, state: &str) -> Option<Message> {
        let text = json!({ "index": index, "message": { "event": "vault", "state": state } }).to_string();
        Some(serde_json::from_str(&text).expect("a message"))
    }

    #[test]
    fn overtaken_messages_wait_for_their_turn() {
        let mut queue = InOrder::default();
        assert_eq!(queue.push(event(1, "unlocked")), []);
        assert_eq!(
            queue.push(event(0, "locked")),
            [
                Some(Event::Vault {
                    state: VaultState::Locked,
                    reason: None
                }),
                Some(Event::Vault {
                    state: VaultState::Unlocked,
                    reason: None
                })
            ]
        );
        assert_eq!(
            queue.push(event(2, "missing")),
            [Some(Event::Vault {
                state: VaultState::Missing,
                reason: None
            })]
        );
    }

    #[test]
    fn the_end_waits_for_the_last_message() {
        let mut queue = InOrder::default();
        let end = serde_json::from_str(r#"{"end":true,"index":1}"#).expect("a message");
        assert_eq!(queue.push(Some(end)), []);
        assert_eq!(
            queue.push(event(0, "locked")),
            [
                Some(Event::Vault {
                    state: VaultState::Locked,
                    reason: None
                }),
                None
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_counts_as_missed() {
        let mut queue = InOrder::default();
        assert_eq!(
            queue.push(event(0, "melted")),
            [Some(Event::Lagged { missed: 1 })]
        );
        assert_eq!(queue.push(None), [Some(Event::Lagged { missed: 1 })]);
        assert_eq!(
            queue.push(event(1, "locked")),
            [Some(Event::Vault {
                state: VaultState::Locked,
                reason: None
            })]
        );
    }
}
