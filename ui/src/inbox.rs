//! What meters have to tell, newest first, and what of it is news: a plain reducer, without a window.

use enerlink_domain::device::{Notice, NoticePage};

/// The notices that are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Inbox {
    /// Newest first.
    pub rows: Vec<Notice>,
    /// How many nobody has seen.
    pub unseen: u32,
    /// What older ones are asked for with; none at the end.
    pub next: Option<i64>,
    /// Whether the core was asked already: before that nothing can be told to be new.
    read: bool,
}

/// What a notice says that was not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Something began, or happened.
    Begun,
    /// Something that lasted is over.
    Over,
}

impl Inbox {
    /// Takes the newest page; older rows that were read stay, unless there is a gap before them.
    pub(crate) fn begin(&mut self, page: NoticePage) {
        let oldest = page.rows.last().map(|notice| notice.id);
        let joins = self
            .rows
            .iter()
            .any(|known| oldest.is_some_and(|oldest| known.id >= oldest));
        let older: Vec<Notice> = std::mem::take(&mut self.rows)
            .into_iter()
            .filter(|known| joins && oldest.is_some_and(|oldest| known.id < oldest))
            .collect();
        if older.is_empty() {
            self.next = page.next;
        }
        self.rows = page.rows;
        self.rows.extend(older);
        self.unseen = page.unseen;
        self.read = true;
    }

    /// Takes the next page.
    pub(crate) fn extend(&mut self, page: NoticePage) {
        let oldest = self.rows.last().map(|notice| notice.id);
        let older = page.rows.into_iter();
        self.rows
            .extend(older.filter(|notice| oldest.is_none_or(|oldest| notice.id < oldest)));
        self.next = page.next;
    }

    /// Takes what the core tells, and says whether it is news. The same notice twice is not.
    pub(crate) fn take(&mut self, notice: &Notice) -> Option<Told> {
        if !self.read {
            return None;
        }
        let over = notice.kind.is_condition() && notice.cleared_at.is_some();
        if let Some(known) = self.rows.iter_mut().find(|known| known.id == notice.id) {
            let was_over = known.cleared_at.is_some();
            let was_seen = std::mem::replace(known, notice.clone()).seen;
            if notice.seen && !was_seen {
                self.unseen = self.unseen.saturating_sub(1);
            }
            return (over && !was_over).then_some(Told::Over);
        }
        let newest = self.rows.first().map(|known| known.id);
        if newest.is_none_or(|newest| notice.id > newest) {
            self.rows.insert(0, notice.clone());
            self.unseen += u32::from(!notice.seen);
            return Some(if over { Told::Over } else { Told::Begun });
        }
        // Older than what was read: only its all-clear is new.
        over.then_some(Told::Over)
    }

    /// Somebody has looked.
    pub(crate) fn see_all(&mut self) {
        self.unseen = 0;
        for notice in &mut self.rows {
            notice.seen = true;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use enerlink_domain::{UnixMillis, device::NoticeKind};

    use super::*;

    pub(crate) fn notice(id: i64, kind: NoticeKind, cleared: Option<i64>) -> Notice {
        Notice {
            id,
            meter_id: "SM-001".parse().ok(),
            kind,
            detail: String::new(),
            raised_at: UnixMillis(id),
            cleared_at: cleared.map(UnixMillis),
            seen: false,
        }
    }

    fn page(ids: &[i64], next: Option<i64>) -> NoticePage {
        NoticePage {
            rows: ids
                .iter()
                .map(|id| notice(*id, NoticeKind::Offline, None))
                .collect(),
            unseen: ids.len() as u32,
            next,
        }
    }

    fn ids(inbox: &Inbox) -> Vec<i64> {
        inbox.rows.iter().map(|notice| notice.id).collect()
    }

    #[test]
    fn a_notice_is_news_once_and_its_end_is_news_again() {
        let mut inbox = Inbox::default();
        let offline = notice(7, NoticeKind::Offline, None);
        assert_eq!(inbox.take(&offline), None, "nothing was read yet");
        inbox.begin(page(&[6], None));
        assert_eq!(inbox.take(&offline), Some(Told::Begun));
        assert_eq!(inbox.take(&offline), None);
        let back = notice(7, NoticeKind::Offline, Some(9));
        assert_eq!(inbox.take(&back), Some(Told::Over));
        assert_eq!(inbox.take(&back), None);
        let failed = notice(8, NoticeKind::CommandFailed, Some(8));
        assert_eq!(inbox.take(&failed), Some(Told::Begun));
        assert_eq!((ids(&inbox), inbox.unseen), (vec![8, 7, 6], 3));
        inbox.see_all();
        assert_eq!(inbox.unseen, 0);
        assert!(inbox.rows.iter().all(|notice| notice.seen));
    }

    #[test]
    fn of_what_was_not_read_only_the_end_is_news() {
        let mut inbox = Inbox::default();
        inbox.begin(page(&[20, 19], Some(19)));
        assert_eq!(inbox.take(&notice(3, NoticeKind::Offline, None)), None);
        assert_eq!(
            inbox.take(&notice(3, NoticeKind::Offline, Some(30))),
            Some(Told::Over)
        );
        assert_eq!(inbox.take(&notice(4, NoticeKind::CounterReset, Some(4))), None);
        assert_eq!(ids(&inbox), [20, 19]);
    }

    #[test]
    fn pages_join_without_gaps_or_doubles() {
        let mut inbox = Inbox::default();
        inbox.begin(page(&[9, 8], Some(8)));
        inbox.extend(page(&[8, 7, 6], Some(6)));
        assert_eq!((ids(&inbox), inbox.next), (vec![9, 8, 7, 6], Some(6)));
        inbox.begin(page(&[10, 9], Some(9)));
        assert_eq!((ids(&inbox), inbox.next), (vec![10, 9, 8, 7, 6], Some(6)));
        // So many were missed that older rows would leave a gap.
        inbox.begin(page(&[40, 39], Some(39)));
        assert_eq!((ids(&inbox), inbox.next), (vec![40, 39], Some(39)));
    }
}
