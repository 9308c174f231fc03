//! What lies behind: energy between any moments, the message log, and both as files.

mod rows;
mod settlement_rows;

use std::path::Path;

use enerlink_domain::{
    Code, Error, Etk, MeterId, MicroWh, UnixMillis, csv,
    settlement::SettlementFilter,
    view::{DayEnergy, History, MessageFilter, MessagePage, SavedRows, Totals},
};
use enerlink_store::{messages, meters as known, readings, rollups, settlements};

use crate::{Engine, files::Growing, meters, task};

/// Moments that a history may be cut at.
const EDGES: std::ops::RangeInclusive<usize> = 2..=401;
/// Messages of one page, at most.
const PAGE_ROWS: u16 = 200;
/// Rows that are in memory at once while a file is written.
const CHUNK: u32 = 1000;

impl Engine {
    /// Energy of `meter` between moments that follow each other, and what was settled from the first to the last.
    pub async fn history(&self, meter: &MeterId, edges: &[UnixMillis]) -> Result<History, Error> {
        let (from, to) = ends(edges)?;
        self.must_know(meter)?;
        let reader = self.store().reader();
        let bars = rollups::bars(&reader, meter, edges).await?;
        let totals = settlements::between(&reader, meter, from, to).await?;
        Ok(History {
            total: sum(&bars),
            bars,
            settlements: totals.settlements,
            minted: totals.minted,
            burned: totals.burned,
            first: readings::first(&reader, meter).await?,
        })
    }

    /// Writes the raw readings of `meter` received in `from..to` as CSV, oldest first: a new file, never over one that
    /// is there.
    pub async fn save_readings(
        &self,
        meter: &MeterId,
        from: UnixMillis,
        to: UnixMillis,
        path: &Path,
    ) -> Result<SavedRows, Error> {
        if to <= from {
            return Err(Error::new(Code::InvalidInput, "the range ends before it begins"));
        }
        self.must_know(meter)?;
        let mut file = Export::begin(path, rows::reading_titles()).await?;
        let (reader, mut after) = (self.store().reader(), None);
        loop {
            let page = readings::page(&reader, meter, from, to, after, CHUNK).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            let rows = page.iter().map(|(_, reading)| rows::reading(reading)).collect();
            file = file.append(rows).await?;
        }
        file.finish().await
    }

    /// The message log, newest first.
    pub async fn messages(
        &self,
        filter: &MessageFilter,
        limit: u16,
        before: Option<i64>,
    ) -> Result<MessagePage, Error> {
        let reader = self.store().reader();
        Ok(messages::list(&reader, filter, limit.min(PAGE_ROWS), before).await?)
    }

    /// Writes messages as CSV, oldest first: a new file, never over one that is there.
    pub async fn save_messages(&self, filter: &MessageFilter, path: &Path) -> Result<SavedRows, Error> {
        let mut file = Export::begin(path, rows::message_titles()).await?;
        let (reader, mut after) = (self.store().reader(), None);
        loop {
            let page = messages::export(&reader, filter, after, CHUNK).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            file = file.append(page.iter().map(rows::message).collect()).await?;
        }
        file.finish().await
    }

    /// Sums of settlements between moments that follow each other, of `meter` or of all: one between each two. The time
    /// grows with the days between the moments, not with the settlements.
    pub async fn totals_between(
        &self,
        meter: Option<&MeterId>,
        edges: &[UnixMillis],
    ) -> Result<Vec<Totals>, Error> {
        ends(edges)?;
        let reader = self.store().reader();
        let meters = match meter {
            Some(meter) => vec![meter.clone()],
            None => known::list(&reader)
                .await?
                .into_iter()
                .map(|meter| meter.id)
                .collect(),
        };
        let mut all = Vec::with_capacity(edges.len() - 1);
        for pair in edges.windows(2) {
            let mut sum = Totals::default();
            for meter in &meters {
                let share = settlements::between(&reader, meter, pair[0], pair[1]).await?;
                sum.settlements = sum.settlements.saturating_add(share.settlements);
                sum.minted = Etk(sum.minted.0.saturating_add(share.minted.0));
                sum.burned = Etk(sum.burned.0.saturating_add(share.burned.0));
            }
            all.push(sum);
        }
        Ok(all)
    }

    /// Writes settlements as CSV, oldest first: a new file, never over one that is there.
    pub async fn save_settlements(&self, filter: &SettlementFilter, path: &Path) -> Result<SavedRows, Error> {
        let mut file = Export::begin(path, settlement_rows::titles()).await?;
        let (reader, mut after) = (self.store().reader(), None);
        loop {
            let page = settlements::export(&reader, filter, after, CHUNK).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            let rows = page.iter().map(|(_, row)| settlement_rows::row(row)).collect();
            file = file.append(rows).await?;
        }
        file.finish().await
    }

    fn must_know(&self, meter: &MeterId) -> Result<(), Error> {
        let known = self.metering().state.borrow().contains_key(meter);
        known.then_some(()).ok_or_else(|| meters::unknown(meter))
    }
}

/// The first and the last of moments that follow each other.
fn ends(edges: &[UnixMillis]) -> Result<(UnixMillis, UnixMillis), Error> {
    let follow = edges.windows(2).all(|pair| pair[0] < pair[1]);
    match edges {
        [from, .., to] if follow && EDGES.contains(&edges.len()) => Ok((*from, *to)),
        _ => {
            let text = "a history needs 2 to 401 moments, each later than the one before";
            Err(Error::new(Code::InvalidInput, text))
        }
    }
}

fn sum(bars: &[DayEnergy]) -> DayEnergy {
    let add = |pick: fn(&DayEnergy) -> MicroWh| {
        let sum = bars
            .iter()
            .try_fold(MicroWh::default(), |sum, bar| sum.checked_add(pick(bar)));
        sum.unwrap_or(MicroWh::MAX)
    };
    DayEnergy {
        produced: add(|bar| bar.produced),
        used: add(|bar| bar.used),
        exported: add(|bar| bar.exported),
        imported: add(|bar| bar.imported),
    }
}

/// A table that is on its way into a file. The disk may be slow, so that it is written off the async threads.
pub(crate) struct Export {
    file: Growing,
    rows: u64,
}

impl Export {
    pub(crate) async fn begin(path: &Path, titles: Vec<String>) -> Result<Self, Error> {
        let path = path.to_owned();
        blocking(move || {
            let mut file = Growing::begin(&path)?;
            file.write(csv::write([titles]).as_bytes())?;
            Ok(Self { file, rows: 0 })
        })
        .await
    }

    pub(crate) async fn append(mut self, rows: Vec<Vec<String>>) -> Result<Self, Error> {
        blocking(move || {
            self.rows += rows.len() as u64;
            self.file.write(csv::write(rows).as_bytes())?;
            Ok(self)
        })
        .await
    }

    pub(crate) async fn finish(self) -> Result<SavedRows, Error> {
        let Self { file, rows } = self;
        let path = file.path().display().to_string();
        blocking(move || file.finish()).await?;
        Ok(SavedRows { path, rows })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    task::off_thread(work).await?
}
