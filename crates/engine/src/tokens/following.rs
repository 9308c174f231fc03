//! From the events of both tokens to rows: each movement once, taken back when its block is gone.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_chain::{Head, TransferEvent};
use enerlink_domain::{Address, BlockHash, Error, Event, UnixMillis, token::MovementKind};
use enerlink_store::{NewMovement, approvals, cursors, movements};

use super::{Tokens, allowances};
use crate::network::Network;

/// Blocks that a reorganisation may have replaced: when one that was read is gone, so many before it are read again.
const REORGANISED: u64 = 128;

/// What is read next of an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    /// From this block on.
    block: u64,
    /// Whether nothing was read before: then nothing of it is news.
    first: bool,
}

impl Tokens {
    /// Reads what the tokens' events say of `accounts` up to the last block that counts.
    pub(super) async fn follow(
        &self,
        network: &Network,
        head: Head,
        accounts: &BTreeSet<Address>,
    ) -> Result<(), Error> {
        let Some(to) = (head.number + 1).checked_sub(u64::from(network.confirmations())) else {
            return Ok(());
        };
        let mut starts: BTreeMap<Start, Vec<Address>> = BTreeMap::new();
        for account in accounts {
            if let Some(start) = self.start(network, *account, to).await? {
                starts.entry(start).or_default().push(*account);
            }
        }
        for (start, accounts) in starts {
            self.read(network, head, start, to, &accounts).await?;
        }
        Ok(())
    }

    /// Where reading goes on; none where everything up to `to` is known, or the node lags behind what is known.
    async fn start(&self, network: &Network, account: Address, to: u64) -> Result<Option<Start>, Error> {
        let chain_id = network.addresses.chain_id;
        let reader = self.parts.store.reader();
        let Some((block, hash)) = cursors::get(&reader, chain_id, &cursor(account)).await? else {
            return Ok(Some(Start {
                block: 0,
                first: true,
            }));
        };
        let from = match network.chain.block_hash(block).await? {
            None => return Ok(None),
            Some(found) if found == hash => block + 1,
            Some(_) => {
                let from = block.saturating_sub(REORGANISED);
                let last = movements::last_before(&reader, chain_id, account, from).await?;
                let stands = match last {
                    Some((block, hash)) => network.chain.block_hash(block).await? == Some(hash),
                    None => true,
                };
                if stands { from } else { 0 }
            }
        };
        let start = Start {
            block: from,
            first: false,
        };
        Ok((from <= to).then_some(start))
    }

    async fn read(
        &self,
        network: &Network,
        head: Head,
        start: Start,
        to: u64,
        accounts: &[Address],
    ) -> Result<(), Error> {
        let Network { chain, addresses } = network;
        let before = chain.block_hash(to).await?;
        let events = chain.token_events(addresses, accounts, start.block, to).await?;
        let mut times: BTreeMap<u64, (BlockHash, u64)> = BTreeMap::new();
        for event in &events.transfers {
            if !times.contains_key(&event.block.0)
                && let Some(found) = chain.block_time(event.block.0).await?
            {
                times.insert(event.block.0, found);
            }
        }
        let known = approvals::list(&self.parts.store.reader(), addresses.chain_id).await?;
        let touched = |owner: Address| {
            let moved = events.transfers.iter().any(|event| event.from == owner);
            self.seen.is_none() || moved
        };
        let mut pairs: BTreeSet<_> = events.approvals.iter().copied().collect();
        let own = known.iter().filter(|row| accounts.contains(&row.owner));
        pairs.extend(own.filter(|row| touched(row.owner)).map(allowances::pair));
        let allowed = allowances::read(chain, addresses, &pairs, head.number).await?;
        // The same hash before and after: the events are those of the chain that the cursor will name.
        let Some(hash) = chain.block_hash(to).await?.filter(|hash| before == Some(*hash)) else {
            return Ok(());
        };
        let now = self.parts.clock.wall();
        let tx = self.parts.store.begin().await?;
        let mut news = Vec::new();
        for account in accounts {
            let known = movements::forget_from(&tx, addresses.chain_id, *account, start.block).await?;
            let rows = events
                .transfers
                .iter()
                .filter_map(|event| movement(*account, event, &times));
            let rows: Vec<_> = rows.collect();
            let stored = movements::insert(&tx, addresses.chain_id, &rows).await?;
            // What is only in another block now was told before.
            news.extend(stored.into_iter().filter(|row| !known.contains(&row.tx)));
            cursors::set(&tx, addresses.chain_id, &cursor(*account), to, hash).await?;
        }
        for approval in &allowed {
            approvals::set(&tx, addresses.chain_id, approval, now).await?;
        }
        tx.commit().await?;
        if !start.first {
            for movement in news {
                self.parts.bus.tell(Event::Movement(movement));
            }
        }
        Ok(())
    }
}

/// What an event is for `account`. Of nothing nobody is told: anybody can make a token say that nothing was sent.
fn movement(
    account: Address,
    event: &TransferEvent,
    times: &BTreeMap<u64, (BlockHash, u64)>,
) -> Option<NewMovement> {
    let (kind, other) = match (event.from, event.to) {
        (Address::ZERO, to) if to == account => (MovementKind::Minted, None),
        (from, Address::ZERO) if from == account => (MovementKind::Burned, None),
        (from, to) if from == account => (MovementKind::Sent, Some(to)),
        (from, to) if to == account => (MovementKind::Received, Some(from)),
        _ => return None,
    };
    let seconds = times.get(&event.block.0).map_or(0, |(_, seconds)| *seconds);
    let at = i64::try_from(seconds).ok()?.checked_mul(1000)?;
    (event.units > 0).then_some(NewMovement {
        account,
        kind,
        token: event.token,
        units: event.units,
        other,
        tx: event.tx,
        block: event.block,
        log_index: event.log_index,
        at: UnixMillis(at),
    })
}

/// The name of the cursor up to which the tokens of `account` are read.
fn cursor(account: Address) -> String {
    format!("tokens/{}", account.to_lower())
}
