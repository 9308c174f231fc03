//! A table of the core's rows: search, sort, what to do when it is empty, and the shown rows as CSV.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use enerlink_domain::csv;
use enerlink_ipc::SaveTable;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        icon::{Glyph, Icon},
        problem,
    },
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
    session::{Tone, session},
};

/// A column of a table of `R`.
pub(crate) struct Column<R: 'static> {
    /// Its name in the head and in CSV; a column without one holds buttons, and is not exported.
    pub title: Option<Key>,
    /// Its class: `n` for figures.
    pub class: &'static str,
    /// Its words, which are searched.
    pub words: fn(&R, Language) -> String,
    /// What goes to CSV instead of the words.
    pub exact: Option<fn(&R) -> String>,
    /// How rows are ordered by it.
    pub order: Option<fn(&R, &R) -> Ordering>,
    /// What is shown instead of the words.
    pub cell: Option<Cell<R>>,
}

/// What a table shows in a cell.
pub(crate) type Cell<R> = Arc<dyn Fn(&R) -> AnyView + Send + Sync>;

impl<R> Clone for Column<R> {
    fn clone(&self) -> Self {
        Self {
            cell: self.cell.clone(),
            ..*self
        }
    }
}

impl<R> Column<R> {
    /// A column of words.
    pub(crate) fn new(title: Key, words: fn(&R, Language) -> String) -> Self {
        Self {
            title: Some(title),
            class: "",
            words,
            exact: None,
            order: None,
            cell: None,
        }
    }

    /// A column of buttons.
    pub(crate) fn buttons(cell: impl Fn(&R) -> AnyView + Send + Sync + 'static) -> Self {
        Self {
            title: None,
            class: "n buttons",
            words: |_, _| String::new(),
            exact: None,
            order: None,
            cell: Some(Arc::new(cell)),
        }
    }

    /// With a view of its own.
    pub(crate) fn shown(mut self, cell: impl Fn(&R) -> AnyView + Send + Sync + 'static) -> Self {
        self.cell = Some(Arc::new(cell));
        self
    }

    /// With an order.
    pub(crate) fn ordered(mut self, order: fn(&R, &R) -> Ordering) -> Self {
        self.order = Some(order);
        self
    }

    /// With an exact text for CSV.
    pub(crate) fn exactly(mut self, exact: fn(&R) -> String) -> Self {
        self.exact = Some(exact);
        self
    }

    /// With a class.
    pub(crate) fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}

/// Which column orders the rows, and whether downwards.
pub(crate) type Sorting = Option<(usize, bool)>;

/// The rows that are shown: those with every word of the search, in the order asked for.
fn arrange<R: Clone>(
    rows: &[R],
    columns: &[Column<R>],
    search: &str,
    sorting: Sorting,
    language: Language,
) -> Vec<R> {
    let wanted: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let found = |row: &&R| {
        let words: Vec<String> = columns
            .iter()
            .map(|column| (column.words)(row, language).to_lowercase())
            .collect();
        wanted
            .iter()
            .all(|wanted| words.iter().any(|words| words.contains(wanted)))
    };
    let mut rows: Vec<R> = rows.iter().filter(found).cloned().collect();
    let order = sorting.and_then(|(at, down)| Some((columns.get(at)?.order?, down)));
    if let Some((order, down)) = order {
        rows.sort_by(|a, b| if down { order(b, a) } else { order(a, b) });
    }
    rows
}

/// The shown rows as CSV, with the heads of the language.
fn export<R>(rows: &[R], columns: &[Column<R>], language: Language) -> String {
    let named: Vec<(Key, &Column<R>)> = columns
        .iter()
        .filter_map(|column| Some((column.title?, column)))
        .collect();
    let heads = named
        .iter()
        .map(|(title, _)| title.text(language).to_owned())
        .collect();
    let lines = rows.iter().map(|row| {
        named
            .iter()
            .map(|(_, column)| match column.exact {
                Some(exact) => exact(row),
                None => (column.words)(row, language),
            })
            .collect()
    });
    csv::write(std::iter::once(heads).chain(lines))
}

/// The table. Its ids are `{id}-row`, `{id}-search`, `{id}-csv` and `{id}-empty`.
#[component]
pub(crate) fn Table<R>(
    /// Begins its test ids.
    id: &'static str,
    /// What it is called.
    label: Key,
    /// Its columns.
    columns: Vec<Column<R>>,
    /// Its rows.
    #[prop(into)]
    rows: Signal<Vec<R>>,
    /// What tells a row apart from every other, and from itself when it has changed.
    identity: fn(&R) -> String,
    /// What a test reads of a row, as `data-kind`.
    kind: fn(&R) -> String,
    /// What tells a row apart although it has changed: what was unfolded below it stays. A test reads it as `data-id`.
    #[prop(optional)]
    named: Option<fn(&R) -> String>,
    /// What is said when there are no rows at all.
    empty: ViewFn,
    /// What is searched for, when the core searches; the table itself searches the rows it has otherwise.
    #[prop(optional)]
    search: Option<RwSignal<String>>,
    /// Writes every row that the core has, where these are not all.
    #[prop(optional, into)]
    on_save: Option<Callback<()>>,
    /// What unfolds below a row.
    #[prop(optional)]
    fold: Option<Cell<R>>,
    /// Controls beside the search.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView
where
    R: Clone + PartialEq + Send + Sync + 'static,
{
    let (session, language) = (session(), prefs().language);
    let columns = StoredValue::new(columns);
    let local = search.is_none();
    let search = search.unwrap_or_else(|| RwSignal::new(String::new()));
    let unfolded = RwSignal::new(BTreeSet::<String>::new());
    let fold = StoredValue::new(fold);
    let folds = fold.with_value(Option::is_some);
    let sorting = RwSignal::new(None);
    let shown = Memo::new(move |_| {
        rows.with(|rows| {
            columns.with_value(|columns| {
                let search = if local { search.get() } else { String::new() };
                arrange(rows, columns, &search, sorting.get(), language.get())
            })
        })
    });
    let any = Memo::new(move |_| rows.with(|rows| !rows.is_empty()));
    let none_found = move || any.get() && shown.with(Vec::is_empty);
    let save = move |_| {
        if let Some(on_save) = on_save {
            return on_save.run(());
        }
        let language = language.get_untracked();
        let csv = shown.with_untracked(|rows| columns.with_value(|columns| export(rows, columns, language)));
        let name = id.to_owned();
        spawn_local(async move {
            match ipc::call(&SaveTable { name, csv }).await {
                Ok(Some(file)) => {
                    session.say(Tone::Good, say(language, Key::CsvSaved, &[("file", &file.name)]));
                }
                Ok(None) => {}
                Err(error) => session.say(Tone::Bad, problem::sentence(language, &error)),
            }
        });
    };
    let save_hint = match on_save {
        Some(_) => Key::SaveAllCsvHint,
        None => Key::SaveCsvHint,
    };
    let row = move |row: R| {
        let cells = columns.with_value(|columns| {
            columns
                .iter()
                .map(|column| {
                    let content = match &column.cell {
                        Some(cell) => cell(&row),
                        None => {
                            let (words, row) = (column.words, row.clone());
                            (move || words(&row, language.get())).into_any()
                        }
                    };
                    view! { <td class=column.class>{content}</td> }
                })
                .collect_view()
        });
        let own = named.map(|named| named(&row));
        let name = StoredValue::new(own.clone().unwrap_or_else(|| identity(&row)));
        let open = Memo::new(move |_| name.with_value(|name| unfolded.with(|open| open.contains(name))));
        let button = folds.then(
            || view! { <td class="unfold"><Unfold id=id name=name open=open unfolded=unfolded /></td> },
        );
        let width = columns.with_value(Vec::len) + 1;
        let content = StoredValue::new(row.clone());
        let below = move || {
            let fold = fold.get_value().filter(|_| open.get())?;
            let content = content.with_value(|row| fold(row));
            Some(
                view! { <tr class="below" data-testid=format!("{id}-below")><td colspan=width>{content}</td></tr> },
            )
        };
        view! {
            <tr data-testid=format!("{id}-row") data-kind=kind(&row) data-id=own>{button}{cells}</tr>
            {below}
        }
    };
    let heads = move || {
        columns.with_value(|columns| {
        columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                view! { <Head at=at title=column.title class=column.class sorts=column.order.is_some() sorting=sorting /> }
            })
            .collect_view()
    })
    };
    view! {
        <div class="tools">
            <Search id=id search=search />
            {children.map(|children| children())}
            <button
                type="button"
                class="end button quiet small"
                data-testid=format!("{id}-csv")
                disabled=move || shown.with(Vec::is_empty)
                title=text(save_hint)
                on:click=save
            >
                <Glyph icon=Icon::File />
                {text(Key::SaveCsv)}
            </button>
        </div>
        <Show when=move || any.get() fallback=move || {
            let empty = empty.clone();
            view! { <div class="empty" data-testid=format!("{id}-empty")>{empty.run()}</div> }
        }>
            <div class="scroll">
                <table class="list" aria-label=text(label)>
                    <thead>
                        <tr>
                            {folds.then(|| view! { <th class="unfold"><span class="unseen">{text(Key::Unfold)}</span></th> })}
                            {heads()}
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || shown.get() key=move |row| identity(row) children=row />
                    </tbody>
                </table>
            </div>
            <Show when=none_found>
                <div class="empty">
                    <p>{text(Key::NothingFound)}</p>
                    <button type="button" class="link" on:click=move |_| search.set(String::new())>
                        {text(Key::ClearSearch)}
                    </button>
                </div>
            </Show>
        </Show>
    }
}

/// The button that unfolds what stands below a row.
#[component]
fn Unfold(
    id: &'static str,
    name: StoredValue<String>,
    open: Memo<bool>,
    unfolded: RwSignal<BTreeSet<String>>,
) -> impl IntoView {
    let turn = move |_| {
        let name = name.get_value();
        unfolded.update(|unfolded| {
            if !unfolded.remove(&name) {
                unfolded.insert(name);
            }
        });
    };
    let label = text(Key::Unfold);
    view! {
        <button
            type="button"
            class="ghost unfold"
            class:on=move || open.get()
            data-testid=format!("{id}-unfold")
            title=label
            aria-label=label
            aria-expanded=move || if open.get() { "true" } else { "false" }
            on:click=turn
        >
            <Glyph icon=Icon::Forward />
        </button>
    }
}

/// A head that sorts: up, down, and as it came.
#[component]
fn Head(
    at: usize,
    title: Option<Key>,
    class: &'static str,
    sorts: bool,
    sorting: RwSignal<Sorting>,
) -> impl IntoView {
    let Some(title) = title else {
        return view! { <th class=class><span class="unseen">{text(Key::Actions)}</span></th> }.into_any();
    };
    if !sorts {
        return view! { <th class=class scope="col">{text(title)}</th> }.into_any();
    }
    let direction = move || {
        sorting
            .get()
            .filter(|(column, _)| *column == at)
            .map(|(_, down)| down)
    };
    let turn = move |_| sorting.update(|sorting| *sorting = turned(*sorting, at));
    let standing = move || match direction() {
        None => "none",
        Some(false) => "ascending",
        Some(true) => "descending",
    };
    view! {
        <th class=class scope="col" aria-sort=standing>
            <button type="button" class="sort" on:click=turn>
                {text(title)}
                {move || direction().map(|down| {
                    view! { <Glyph icon=if down { Icon::Down } else { Icon::Up } /> }
                })}
            </button>
        </th>
    }
    .into_any()
}

/// What a click on the head of column `at` makes of the order.
fn turned(sorting: Sorting, at: usize) -> Sorting {
    match sorting {
        Some((column, false)) if column == at => Some((at, true)),
        Some((column, true)) if column == at => None,
        Some(_) | None => Some((at, false)),
    }
}

/// The search of a table; `/` goes to the first one of the page.
#[component]
fn Search(id: &'static str, search: RwSignal<String>) -> impl IntoView {
    let label = text(Key::Search);
    view! {
        <label class="search">
            <Glyph icon=Icon::Search />
            <input
                type="search"
                data-testid=format!("{id}-search")
                aria-label=label
                placeholder=label
                autocomplete="off"
                spellcheck="false"
                bind:value=search
            />
            <kbd aria-hidden="true">"/"</kbd>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column<(u8, &'static str)>> {
        vec![
            Column::new(Key::Time, |row: &(u8, &str), _| row.0.to_string())
                .ordered(|a, b| a.0.cmp(&b.0))
                .exactly(|row| format!("{:03}", row.0)),
            Column::new(Key::State, |row: &(u8, &str), _| row.1.to_owned()),
            Column::buttons(|_| ().into_any()),
        ]
    }

    const ROWS: [(u8, &str); 3] = [(2, "Rumah Bogor"), (10, "Warung"), (1, "rumah, kedua")];

    fn arranged(search: &str, sorting: Sorting) -> Vec<u8> {
        arrange(&ROWS, &columns(), search, sorting, Language::English)
            .into_iter()
            .map(|row| row.0)
            .collect()
    }

    #[test]
    fn every_word_of_the_search_has_to_be_found() {
        assert_eq!(arranged("", None), [2, 10, 1]);
        assert_eq!(arranged(" RUMAH ", None), [2, 1]);
        assert_eq!(arranged("bogor rumah", None), [2]);
        assert_eq!(arranged("10 war", None), [10]);
        assert_eq!(arranged("nobody", None), [0_u8; 0]);
    }

    #[test]
    fn a_head_sorts_up_and_down_and_not_at_all() {
        let mut sorting = None;
        let mut seen = Vec::new();
        for _ in 0..3 {
            sorting = turned(sorting, 0);
            seen.push(arranged("", sorting));
        }
        assert_eq!(seen, [[1, 2, 10], [10, 2, 1], [2, 10, 1]]);
        assert_eq!(turned(Some((0, true)), 1), Some((1, false)));
    }

    #[test]
    fn what_is_shown_is_exported_with_its_heads() {
        let rows = arrange(&ROWS, &columns(), "rumah", Some((0, false)), Language::English);
        assert_eq!(
            export(&rows, &columns(), Language::English),
            "Time,State\r\n001,\"rumah, kedua\"\r\n002,Rumah Bogor\r\n"
        );
    }
}
