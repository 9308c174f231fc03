//! One reading of the chain: for the task that reads again and again, and for a process that only looks once.

use std::collections::BTreeSet;

use enerlink_chain::{ChainError, ConverterTerms, MeterOnChain};
use enerlink_domain::{
    Address, Meter, UnixMillis,
    event::{Balances, ChainState},
    meter::Link,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::LedgerState;
use crate::network::Network;

/// So many questions are asked at the same time at most.
const AT_ONCE: usize = 32;

/// What the chain says now of the converter, of `meters` in their order, and of `accounts`.
pub(super) async fn ask(
    network: &Network,
    meters: &[Meter],
    accounts: &BTreeSet<Address>,
) -> Result<(ConverterTerms, Vec<Option<MeterOnChain>>, Vec<Balances>), ChainError> {
    let Network { chain, addresses } = network;
    let standings: Vec<_> = meters
        .iter()
        .map(|meter| chain.meter(addresses, &meter.id))
        .collect();
    let balances: Vec<_> = accounts
        .iter()
        .map(|account| chain.balances(addresses, *account))
        .collect();
    tokio::try_join!(chain.terms(addresses), all(standings), all(balances))
}

/// The answers to these questions, in their order; not all are asked at the same time.
async fn all<T>(questions: Vec<impl Future<Output = Result<T, ChainError>>>) -> Result<Vec<T>, ChainError> {
    stream::iter(questions).buffered(AT_ONCE).try_collect().await
}

impl LedgerState {
    /// What the chain says now, at `now` here, of `meters` and their owners: for a process that does not follow it.
    pub(crate) async fn ask(
        network: &Network,
        meters: &[Meter],
        now: UnixMillis,
    ) -> Result<Self, ChainError> {
        network.check_identity().await?;
        let head = network.chain.head().await?;
        let accounts = meters.iter().map(|meter| meter.owner).collect();
        let (terms, standings, balances) = ask(network, meters, &accounts).await?;
        let mut state = Self::new(ChainState {
            link: Link::up(now),
            chain_id: network.addresses.chain_id,
            block: Some(head.number),
        });
        state.head = Some(head);
        state.terms = Some(terms);
        let ids = meters.iter().map(|meter| meter.id.clone());
        state.meters = ids.zip(standings).collect();
        let of = balances.into_iter().map(|balances| (balances.account, balances));
        state.balances = of.collect();
        Ok(state)
    }
}
