//! An amount of tokens that the eye button can hide.

use leptos::prelude::*;

use crate::{format::HIDDEN, prefs::prefs};

/// The amount as given, or dots of one length.
pub(crate) fn concealed(
    amount: impl Fn() -> String + Send + Sync + 'static,
) -> impl Fn() -> String + Send + Sync {
    let hidden = prefs().hidden;
    move || if hidden.get() { HIDDEN.to_owned() } else { amount() }
}
