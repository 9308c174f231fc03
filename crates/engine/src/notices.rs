//! Notices: what the household is told of its meters. Stored first, told afterwards; conditions survive a restart.

use enerlink_domain::{Error, Event, MeterId, Notice, NoticeKind, UnixMillis, device::NoticePage};
use enerlink_store::{Store, Tx, notices};

use crate::{Engine, bus::Bus};

/// Rows of one page of the inbox, at most.
const PAGE_ROWS: u16 = 200;

/// Something to raise, or to clear.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// It happened, or began.
    Raise {
        meter: Option<MeterId>,
        kind: NoticeKind,
        detail: String,
    },
    /// The condition of this number is over.
    Clear(i64),
}

/// Stores notices and tells them.
#[derive(Clone)]
pub(crate) struct Notices {
    store: Store,
    bus: Bus,
}

impl Notices {
    pub(crate) fn new(store: Store, bus: Bus) -> Self {
        Self { store, bus }
    }

    /// Stores `changes` in one transaction; answers them as they are now, to be told.
    pub(crate) async fn store(&self, changes: &[Change], at: UnixMillis) -> Result<Vec<Notice>, Error> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.store.begin().await?;
        let written = write(&tx, changes, at).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Tells what was stored.
    pub(crate) fn tell(&self, written: &[Notice]) {
        for notice in written {
            self.bus.tell(Event::Notice(notice.clone()));
        }
    }
}

/// Writes `changes`; whoever commits them tells them.
pub(crate) async fn write(tx: &Tx, changes: &[Change], at: UnixMillis) -> Result<Vec<Notice>, Error> {
    let mut written = Vec::with_capacity(changes.len());
    for change in changes {
        written.push(match change {
            Change::Raise { meter, kind, detail } => {
                notices::raise(tx, meter.as_ref(), *kind, detail, at).await?
            }
            Change::Clear(id) => notices::clear(tx, *id, at).await?,
        });
    }
    Ok(written)
}

impl Engine {
    /// The inbox, newest first.
    pub async fn notices(&self, limit: u16, before: Option<i64>) -> Result<NoticePage, Error> {
        Ok(notices::list(&self.store().reader(), limit.min(PAGE_ROWS), before).await?)
    }

    /// Somebody has looked at the inbox.
    pub async fn see_notices(&self) -> Result<(), Error> {
        self.may_write()?;
        let tx = self.store().begin().await?;
        notices::see_all(&tx).await?;
        Ok(tx.commit().await?)
    }
}
