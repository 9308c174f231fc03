//! No wallet yet: the language, and the ways to one.

use leptos::{ev::KeyboardEvent, html, prelude::*};

use crate::{
    components::{
        demo::{Switching, SwitchingState},
        icon::{Glyph, Icon},
    },
    feed::feed,
    i18n::{Key, text},
    pages::sheet::Sheet,
    session::{Flow, session},
};

/// A way that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A flow of this window.
    Flow(Flow),
    /// The simulated neighbourhood, or the way out of it.
    Profile {
        /// Whether it leads into the simulation.
        demo: bool,
    },
}

/// Icon, words and place in tests of a way.
struct Face {
    icon: Icon,
    title: Key,
    hint: Key,
    testid: &'static str,
}

impl Way {
    /// The ways there are, in their order.
    fn all(demo: bool) -> [Self; 4] {
        [
            Self::Flow(Flow::Create),
            Self::Flow(Flow::Import),
            Self::Flow(Flow::Restore),
            Self::Profile { demo: !demo },
        ]
    }

    fn face(self) -> Face {
        let (icon, title, hint, testid) = match self {
            Self::Flow(Flow::Create) => (
                Icon::Plus,
                Key::WelcomeCreate,
                Key::WelcomeCreateHint,
                "welcome-create",
            ),
            Self::Flow(Flow::Restore) => (
                Icon::History,
                Key::WelcomeRestore,
                Key::WelcomeRestoreHint,
                "welcome-restore",
            ),
            Self::Flow(Flow::Import | Flow::Phrase(_)) => (
                Icon::Key,
                Key::WelcomeImport,
                Key::WelcomeImportHint,
                "welcome-import",
            ),
            Self::Profile { demo: true } => {
                (Icon::Eye, Key::WelcomeDemo, Key::WelcomeDemoHint, "welcome-demo")
            }
            Self::Profile { demo: false } => (
                Icon::Back,
                Key::LeaveDemo,
                Key::LeaveDemoHint,
                "welcome-leave-demo",
            ),
        };
        Face {
            icon,
            title,
            hint,
            testid,
        }
    }
}

/// Four large choices; arrow keys go between them.
#[component]
pub(crate) fn WelcomePage() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let demo = feed
        .state
        .with_untracked(|state| state.status.as_ref().is_some_and(|status| status.demo));
    let switching = Switching::new();
    let choose = move |way: Way| match way {
        Way::Flow(flow) => session.flow.set(Some(flow)),
        Way::Profile { demo } => switching.to(demo),
    };
    let ways = Way::all(demo);
    let buttons = ways.map(|_| NodeRef::<html::Button>::new());
    Effect::new(move || {
        if let Some(first) = buttons[0].get() {
            // Without it, Tab reaches the first choice as well.
            let _ = first.focus();
        }
    });
    let step = move |at: usize, event: KeyboardEvent| {
        let Some(to) = neighbour(at, buttons.len(), &event.key()) else {
            return;
        };
        event.prevent_default();
        if let Some(button) = buttons[to].get_untracked() {
            let _ = button.focus();
        }
    };
    let choices = ways
        .into_iter()
        .zip(buttons)
        .enumerate()
        .map(move |(at, (way, button))| {
            let face = way.face();
            view! {
                <li>
                    <button
                        node_ref=button
                        type="button"
                        class="way-in"
                        data-testid=face.testid
                        disabled=move || switching.busy.get()
                        on:click=move |_| choose(way)
                        on:keydown=move |event| step(at, event)
                    >
                        <Glyph icon=face.icon />
                        <span><b>{text(face.title)}</b><small>{text(face.hint)}</small></span>
                        <Glyph icon=Icon::Forward />
                    </button>
                </li>
            }
        });
    view! {
        <Sheet title=Key::WelcomeTitle lead=Key::WelcomeLead roomy=true>
            <ul class="ways-in">{choices.collect_view()}</ul>
            <SwitchingState switching=switching />
        </Sheet>
    }
}

/// Where a key leads from choice `at` of `count`; none for a key that does not move.
fn neighbour(at: usize, count: usize, key: &str) -> Option<usize> {
    match key {
        "ArrowDown" | "ArrowRight" => Some((at + 1) % count),
        "ArrowUp" | "ArrowLeft" => Some((at + count - 1) % count),
        "Home" => Some(0),
        "End" => Some(count - 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_round() {
        for (at, key, expected) in [
            (0, "ArrowDown", Some(1)),
            (3, "ArrowDown", Some(0)),
            (0, "ArrowUp", Some(3)),
            (2, "Home", Some(0)),
            (1, "End", Some(3)),
            (1, "Tab", None),
            (1, "Enter", None),
        ] {
            assert_eq!(neighbour(at, 4, key), expected, "{at} {key}");
        }
    }

    #[test]
    fn the_demo_offers_the_way_out_of_it() {
        assert_eq!(Way::all(false)[3], Way::Profile { demo: true });
        assert_eq!(Way::all(true)[3], Way::Profile { demo: false });
    }
}
