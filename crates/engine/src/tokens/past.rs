//! What became of tokens: exchanges and movements, page by page and as files.

use std::path::Path;

use enerlink_domain::{
    Error,
    token::{
        Conversion, ConversionFilter, ConversionPage, Movement, MovementFilter, MovementKind, MovementPage,
        Token,
    },
    view::SavedRows,
};
use enerlink_store::{conversions, movements};

use crate::{Engine, history::Export, network};

/// Rows of one page, at most.
const PAGE_ROWS: u16 = 200;
/// Rows that are in memory at once while a file is written.
const CHUNK: u32 = 1_000;

impl Engine {
    /// Exchanges at the ramp, newest first.
    pub async fn conversions(
        &self,
        filter: &ConversionFilter,
        limit: u16,
        before: Option<i64>,
    ) -> Result<ConversionPage, Error> {
        Ok(conversions::list(&self.store().reader(), filter, limit.min(PAGE_ROWS), before).await?)
    }

    /// What moved, the newest in the chain first.
    pub async fn movements(
        &self,
        filter: &MovementFilter,
        limit: u16,
        before: Option<i64>,
    ) -> Result<MovementPage, Error> {
        let Some(network) = self.network() else {
            return Ok(MovementPage {
                rows: Vec::new(),
                next: None,
            });
        };
        let (reader, chain_id) = (self.store().reader(), network.addresses.chain_id);
        Ok(movements::list(&reader, chain_id, filter, limit.min(PAGE_ROWS), before).await?)
    }

    /// Writes exchanges as CSV, oldest first: a new file, never over one that is there.
    pub async fn save_conversions(&self, filter: &ConversionFilter, path: &Path) -> Result<SavedRows, Error> {
        let mut file = Export::begin(path, titles(&CONVERSION_TITLES)).await?;
        let (reader, mut after) = (self.store().reader(), None);
        loop {
            let page = conversions::export(&reader, filter, after, CHUNK).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            file = file.append(page.iter().map(conversion).collect()).await?;
        }
        file.finish().await
    }

    /// Writes movements as CSV, the oldest in the chain first: a new file, never over one that is there.
    pub async fn save_movements(&self, filter: &MovementFilter, path: &Path) -> Result<SavedRows, Error> {
        let network = self.network().ok_or_else(network::missing)?;
        let mut file = Export::begin(path, titles(&MOVEMENT_TITLES)).await?;
        let (reader, mut after) = (self.store().reader(), None);
        loop {
            let page = movements::export(&reader, network.addresses.chain_id, filter, after, CHUNK).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.block, last.id));
            file = file.append(page.iter().map(movement).collect()).await?;
        }
        file.finish().await
    }
}

fn titles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const CONVERSION_TITLES: [&str; 12] = [
    "number",
    "asked_at_ms",
    "direction",
    "idrs",
    "account",
    "status",
    "stage",
    "reason",
    "transaction",
    "tx_hash",
    "block",
    "settled_at_ms",
];

fn conversion(row: &Conversion) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.created_at.0.to_string(),
        row.way.as_str().to_owned(),
        row.amount.to_string(),
        row.account.to_string(),
        row.status.as_str().to_owned(),
        row.stage.as_str().to_owned(),
        row.reason.clone().unwrap_or_default(),
        row.transaction.to_string(),
        row.tx.map(|hash| hash.to_string()).unwrap_or_default(),
        row.block.map(|block| block.to_string()).unwrap_or_default(),
        row.settled_at.map(|at| at.0.to_string()).unwrap_or_default(),
    ]
}

const MOVEMENT_TITLES: [&str; 9] = [
    "number", "at_ms", "event", "amount", "token", "account", "other", "tx_hash", "block",
];

/// What an account has less of than before has a minus.
fn movement(row: &Movement) -> Vec<String> {
    let sign = match row.kind {
        MovementKind::Minted | MovementKind::Received => "",
        MovementKind::Burned | MovementKind::Sent => "-",
    };
    vec![
        row.id.to_string(),
        row.at.0.to_string(),
        row.kind.as_str().to_owned(),
        format!("{sign}{}", row.amount.digits()),
        row.amount.token().map_or("", Token::symbol).to_owned(),
        row.account.to_string(),
        row.other.map(|other| other.to_string()).unwrap_or_default(),
        row.tx.to_string(),
        row.block.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Address, Hash32, Idrs, Status, TxStage, UnixMillis, token::Ramp};

    use super::*;

    #[test]
    fn every_title_has_its_value_and_what_goes_has_a_minus() {
        let exchanged = conversion(&Conversion {
            id: 3,
            transaction: 17,
            account: Address([1; 20]),
            way: Ramp::Off,
            amount: Idrs(12_345),
            status: Status::Success,
            stage: TxStage::Final,
            tx: Some(Hash32([2; 32])),
            block: Some(9),
            reason: None,
            created_at: UnixMillis(5),
            settled_at: Some(UnixMillis(6)),
        });
        assert_eq!(exchanged.len(), CONVERSION_TITLES.len());
        assert_eq!(exchanged[..4], ["3", "5", "off", "123.45"]);
        for (kind, amount) in [(MovementKind::Minted, "1.50"), (MovementKind::Burned, "-1.50")] {
            let moved = movement(&Movement {
                id: 4,
                account: Address([1; 20]),
                kind,
                amount: Token::Etk.of(150),
                other: None,
                tx: Hash32([2; 32]),
                block: 9,
                at: UnixMillis(5),
            });
            assert_eq!(moved.len(), MOVEMENT_TITLES.len());
            assert_eq!(moved[2..5], [kind.as_str(), amount, "ETK"]);
        }
    }
}
