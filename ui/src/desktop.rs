//! Notices on the desktop: gathered for a moment, and not one after the other, so that a flood is one word and a short
//! drop-out is none.

use enerlink_domain::{NoticeKind, device::Notice};

use crate::{
    i18n::{Key, Language, notice as words, say},
    inbox::Told,
};

/// What comes within this time is shown together, in milliseconds: a meter that is back at once was never gone.
const GATHER: i64 = 2_000;
/// The least time between two words on the desktop, in milliseconds.
const QUIET: i64 = 20_000;
/// Lines of one word on the desktop.
const LINES: usize = 4;

/// Notices that wait to be shown.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    waiting: Vec<(Told, Notice)>,
    shown_at: Option<i64>,
    planned: bool,
}

impl Desk {
    /// Takes a notice at local time `now`; in so many milliseconds [`Desk::due`] is to be called, unless it will be anyway.
    pub(crate) fn take(&mut self, told: Told, notice: Notice, now: i64) -> Option<u64> {
        let waits = self.waiting.iter().position(|(_, known)| known.id == notice.id);
        match (waits, told) {
            (Some(at), Told::Over) => drop(self.waiting.remove(at)),
            (Some(at), Told::Begun) => self.waiting[at] = (told, notice),
            (None, _) => self.waiting.push((told, notice)),
        }
        if self.planned || self.waiting.is_empty() {
            return None;
        }
        self.planned = true;
        let rest = self.shown_at.map_or(0, |shown| shown + QUIET - now);
        u64::try_from(rest.clamp(GATHER, QUIET)).ok()
    }

    /// What is to be shown at local time `now`.
    pub(crate) fn due(&mut self, now: i64) -> Vec<(Told, Notice)> {
        self.planned = false;
        if !self.waiting.is_empty() {
            self.shown_at = Some(now);
        }
        std::mem::take(&mut self.waiting)
    }
}

/// Where a notice of `kind` is said at once: in the window, on the desktop. The inbox has it in any case.
pub(crate) fn said(kind: NoticeKind, muted: bool, attended: bool) -> (bool, bool) {
    // The settlement and the alert have said so themselves, with the reason and the limit.
    let in_window = !matches!(kind, NoticeKind::SettlementFailed | NoticeKind::PriceReached);
    (in_window && !muted, !attended && !muted)
}

/// What a notice says: that something began, or that it is over.
pub(crate) fn headline(language: Language, told: Told, notice: &Notice) -> &'static str {
    match told {
        Told::Begun => words::begun(language, notice.kind),
        Told::Over => words::over(language, notice.kind),
    }
}

/// Whose it is and what is behind it: `Roof · -87 dBm`. The all-clear needs no reason.
pub(crate) fn detail(language: Language, told: Told, notice: &Notice, meter: &str) -> String {
    let reason = match told {
        Told::Begun => words::detail(language, notice.kind, &notice.detail),
        Told::Over => String::new(),
    };
    [meter, &reason]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Title and text for the desktop; `name` is what the household calls the meter of a notice.
pub(crate) fn notification(
    language: Language,
    due: &[(Told, Notice)],
    name: impl Fn(&Notice) -> String,
) -> Option<(String, String)> {
    if let [(told, notice)] = due {
        let title = headline(language, *told, notice).to_owned();
        return Some((title, detail(language, *told, notice, &name(notice))));
    }
    let (shown, more) = due.split_at(due.len().min(LINES));
    let mut lines: Vec<String> = shown
        .iter()
        .map(|(told, notice)| {
            let headline = headline(language, *told, notice);
            match name(notice) {
                name if name.is_empty() => headline.to_owned(),
                name => format!("{name}: {headline}"),
            }
        })
        .collect();
    if !more.is_empty() {
        lines.push(say(language, Key::AndMore, &[("count", &more.len().to_string())]));
    }
    let title = say(language, Key::MoreNotices, &[("count", &due.len().to_string())]);
    (!due.is_empty()).then(|| (title, lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::tests::notice;

    const EN: Language = Language::English;

    fn begun(id: i64) -> (Told, Notice) {
        (Told::Begun, notice(id, NoticeKind::Offline, None))
    }

    #[test]
    fn what_comes_together_is_shown_together() {
        let mut desk = Desk::default();
        let (told, first) = begun(1);
        assert_eq!(desk.take(told, first, 0), Some(2_000));
        for id in 2..=30 {
            let (told, notice) = begun(id);
            assert_eq!(desk.take(told, notice, id), None);
        }
        assert_eq!(desk.due(2_000).len(), 30);
        let (told, late) = begun(31);
        assert_eq!(desk.take(told, late, 5_000), Some(17_000));
        assert_eq!(desk.due(22_000).len(), 1);
        let (told, next) = begun(32);
        assert_eq!(desk.take(told, next, 90_000), Some(2_000));
    }

    #[test]
    fn a_short_drop_out_is_not_told() {
        let mut desk = Desk::default();
        let (told, gone) = begun(1);
        desk.take(told, gone, 0);
        desk.take(Told::Over, notice(1, NoticeKind::Offline, Some(5)), 100);
        assert_eq!(desk.due(2_000), []);
        // Nothing was shown, so the next one need not wait.
        let (told, gone) = begun(2);
        assert_eq!(desk.take(told, gone, 2_100), Some(2_000));
        assert_eq!(desk.due(4_100).len(), 1);
        // What was told to have begun is told to be over.
        desk.take(Told::Over, notice(2, NoticeKind::Offline, Some(9)), 30_000);
        assert_eq!(desk.due(32_000).len(), 1);
    }

    #[test]
    fn what_is_switched_off_is_said_nowhere() {
        for (kind, muted, attended, expected) in [
            (NoticeKind::Offline, false, true, (true, false)),
            (NoticeKind::Offline, false, false, (true, true)),
            (NoticeKind::Offline, true, true, (false, false)),
            (NoticeKind::Offline, true, false, (false, false)),
            (NoticeKind::SettlementFailed, false, false, (false, true)),
            (NoticeKind::PriceReached, false, false, (false, true)),
        ] {
            let found = said(kind, muted, attended);
            assert_eq!(found, expected, "{kind:?} muted {muted}, attended {attended}");
        }
    }

    #[test]
    fn one_notice_speaks_for_itself_and_many_are_listed() {
        let mut offline = begun(1).1;
        offline.detail = "no_data".to_owned();
        let name = |_: &Notice| "Roof".to_owned();
        let shown = |due: &[(Told, Notice)]| notification(EN, due, name);
        assert_eq!(
            shown(&[(Told::Begun, offline.clone())]),
            Some(("Meter offline".to_owned(), "Roof · no data".to_owned()))
        );
        assert_eq!(
            shown(&[(Told::Over, offline)]),
            Some(("Meter is back".to_owned(), "Roof".to_owned()))
        );
        let many: Vec<(Told, Notice)> = (1..=6).map(begun).collect();
        let (title, body) = shown(&many).expect("something to show");
        assert_eq!(title, "6 new notices");
        assert_eq!(body.lines().count(), 5);
        assert!(body.starts_with("Roof: Meter offline\n") && body.ends_with("and 2 more"));
        assert_eq!(shown(&[]), None);
    }
}
