//! What this computer knows of a payee. Nobody is asked.

use std::collections::BTreeMap;

use enerlink_domain::{
    Address, Error, TxDetail, TxKind,
    payee::{Known, PayeeCheck},
};
use enerlink_store::{address_book, movements, outbox};

use crate::Engine;

impl Engine {
    /// What is known of a typed payee.
    ///
    /// # Errors
    /// `INVALID_INPUT` for what is no address, nobody's address, or a contract of the network.
    pub async fn check_payee(&self, typed: &str) -> Result<PayeeCheck, Error> {
        let reader = self.store().reader();
        let mut paid: BTreeMap<Address, u32> = BTreeMap::new();
        let mut contracts = Vec::new();
        if let Some(network) = self.network() {
            let chain_id = network.addresses.chain_id;
            contracts = network.addresses.all();
            paid.extend(movements::paid(&reader, chain_id).await?);
            let mut sent: BTreeMap<Address, u32> = BTreeMap::new();
            for row in outbox::succeeded(&reader, chain_id, &[TxKind::SendToken, TxKind::SendCoin]).await? {
                if let Some(TxDetail::Send { to, .. }) = row.detail {
                    *sent.entry(to).or_default() += 1;
                }
            }
            // What was sent from here is among what the chain tells, unless it was the coin.
            for (to, times) in sent {
                let known = paid.entry(to).or_default();
                *known = times.max(*known);
            }
        }
        let own = self.wallets().into_iter().flat_map(|wallet| {
            let name = wallet.name;
            let accounts = wallet.accounts.into_iter();
            accounts.map(move |account| (account.address, name.clone()))
        });
        let known = Known {
            own: own.collect(),
            contacts: address_book::list(&reader).await?,
            paid: paid.into_iter().collect(),
            contracts,
        };
        known.judge(typed)
    }
}
