//! Rows that the core hands out page by page, newest first: the first page again when something changed, older ones on demand.

use enerlink_domain::Error;
use enerlink_ipc::Command;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::loaded::Waiting,
    i18n::{Key, text},
    ipc,
};

/// What tells a row apart and orders it; the greatest is the newest.
type RowKey<R> = fn(&R) -> (i64, String);

/// What was read so far.
pub(crate) struct Pages<R: Send + Sync + 'static> {
    /// The rows, newest first; none until the core answered.
    pub rows: RwSignal<Option<Vec<R>>>,
    /// Where older rows begin, when there are some.
    pub next: RwSignal<Option<i64>>,
    /// Why the last page could not be read.
    pub error: RwSignal<Option<Error>>,
    /// Whether a page is on its way.
    pub busy: RwSignal<bool>,
    /// Counts beginnings: a page of what was asked before is not joined.
    turn: StoredValue<u64>,
    /// Whether the rows belong to what was asked before: they stay until the first page of the new question.
    outdated: StoredValue<bool>,
    key: RowKey<R>,
}

impl<R: Send + Sync + 'static> Clone for Pages<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Send + Sync + 'static> Copy for Pages<R> {}

/// The rows of a page, and where the next one begins.
pub(crate) type Opened<R> = (Vec<R>, Option<i64>);

impl<R: Clone + Send + Sync + 'static> Pages<R> {
    /// Nothing was read yet.
    pub(crate) fn new(key: RowKey<R>) -> Self {
        Self {
            rows: RwSignal::new(None),
            next: RwSignal::new(None),
            error: RwSignal::new(None),
            busy: RwSignal::new(false),
            turn: StoredValue::new(0),
            outdated: StoredValue::new(false),
            key,
        }
    }

    /// Something else is asked for from now on: the next page replaces what is there.
    pub(crate) fn begin(self) {
        self.turn.update_value(|turn| *turn += 1);
        self.outdated.set_value(true);
        self.next.set(None);
        self.error.set(None);
    }

    /// Reads the page that `command` asks for, which begins before `before`, and joins it to what is there.
    pub(crate) fn read<C>(self, command: C, before: Option<i64>, open: fn(C::Output) -> Opened<R>)
    where
        C: Command + 'static,
    {
        // Whoever shows it may be gone by now.
        let Some(turn) = self.turn.try_get_value() else {
            return;
        };
        self.busy.set(true);
        spawn_local(async move {
            let answer = ipc::call(&command).await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            match answer {
                Ok(page) => {
                    let (rows, next) = open(page);
                    self.error.try_set(None);
                    let outdated = self.outdated.try_get_value() == Some(true);
                    self.outdated.try_set_value(false);
                    let known = self.rows.try_get_untracked().flatten().filter(|_| !outdated);
                    // The newest page tells where older ones begin only when nothing older was read yet.
                    if known.is_none() || before.is_some() {
                        self.next.try_set(next);
                    }
                    self.rows
                        .try_set(Some(join(known.unwrap_or_default(), rows, self.key)));
                }
                Err(error) => {
                    self.error.try_set(Some(error));
                }
            }
            self.busy.try_set(false);
        });
    }
}

/// A row, and whether amounts are hidden.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Veiled<R> {
    /// As the core told it.
    pub row: R,
    /// Whether nobody may read over a shoulder how much it is.
    pub hidden: bool,
}

impl<R: Clone + PartialEq + Send + Sync + 'static> Pages<R> {
    /// The rows as they are shown.
    pub(crate) fn veiled(self, hidden: RwSignal<bool>) -> Memo<Vec<Veiled<R>>> {
        Memo::new(move |_| {
            let hidden = hidden.get();
            let rows = self.rows.get().unwrap_or_default().into_iter();
            rows.map(|row| Veiled { row, hidden }).collect()
        })
    }
}

/// Newest first, each row once; what comes later replaces what was known.
pub(crate) fn join<R>(mut known: Vec<R>, page: Vec<R>, key: RowKey<R>) -> Vec<R> {
    known.retain(|row| page.iter().all(|new| key(new) != key(row)));
    known.extend(page);
    known.sort_by_key(|row| std::cmp::Reverse(key(row)));
    known
}

/// A table of pages: its shape while nothing was read, why it cannot be read, and the way to older rows.
#[component]
pub(crate) fn Paged<R>(
    /// The rows.
    pages: Pages<R>,
    /// Where a test finds the button for older ones.
    older_testid: &'static str,
    /// Reads the page before a place; the newest one before none.
    #[prop(into)]
    read: Callback<Option<i64>>,
    /// The table.
    children: ChildrenFn,
) -> impl IntoView
where
    R: Clone + Send + Sync + 'static,
{
    let there = Memo::new(move |_| pages.rows.with(Option::is_some));
    let broken = move || there.get() && pages.error.with(Option::is_some);
    let newest = move |()| read.run(None);
    let more = move |_| {
        if let Some(before) = pages.next.get_untracked() {
            read.run(Some(before));
        }
    };
    view! {
        <Show when=move || there.get() fallback=move || view! { <Waiting error=pages.error retry=newest rows=6 /> }>
            {children()}
            <Show when=move || pages.next.get().is_some()>
                <button type="button" class="link" data-testid=older_testid disabled=pages.busy on:click=more>
                    {text(Key::ShowOlder)}
                </button>
            </Show>
            <Show when=broken>
                <Waiting error=pages.error retry=newest />
            </Show>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_joined_once_and_newest_first() {
        let key: RowKey<(i64, &str)> = |row| (row.0, String::new());
        let joined = join(vec![(5, "old"), (4, "")], vec![(6, ""), (5, "new")], key);
        let joined = join(joined, vec![(3, ""), (2, "")], key);
        assert_eq!(joined, [(6, ""), (5, "new"), (4, ""), (3, ""), (2, "")]);
    }
}
