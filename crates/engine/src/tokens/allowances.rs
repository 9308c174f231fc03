//! Who may take tokens of the wallet's accounts, as the tokens themselves say, and how that ends.

use std::collections::BTreeSet;

use enerlink_chain::{Addresses, ApprovalEvent, Chain, ChainError, build};
use enerlink_domain::{
    Address, Code, Error, Transaction, TxDetail, TxKind,
    token::{Allowance, Spender, Token},
};
use enerlink_store::{Approval, approvals, outbox};

use crate::{
    Engine,
    config::Access,
    network::{self, Network},
};

/// From here on an allowance has no end: nobody will ever hold as much.
const ENDLESS: u128 = i128::MAX.unsigned_abs();

impl Engine {
    /// Every allowance of an account of this wallet that is more than nothing. Read anew when the node answers, else as
    /// it was read last.
    pub async fn allowances(&self) -> Result<Vec<Allowance>, Error> {
        let Some(network) = self.network() else {
            return Ok(Vec::new());
        };
        let chain_id = network.addresses.chain_id;
        let reader = self.store().reader();
        let mut known = approvals::list(&reader, chain_id).await?;
        let wallets = self.wallets();
        known.retain(|row| wallets.iter().any(|wallet| wallet.has(row.owner)));
        if let Some(fresh) = self.read_anew(&network, &known).await? {
            known = fresh;
        }
        let waiting = outbox::unfinished(&reader).await?;
        let ending = |row: &Approval| {
            let detail = TxDetail::Revoke {
                token: row.token,
                spender: row.spender,
            };
            waiting
                .iter()
                .any(|tx| tx.account == row.owner && tx.detail.as_ref() == Some(&detail))
        };
        let shown = known.iter().filter(|row| row.left != Some(0));
        Ok(shown
            .map(|row| Allowance {
                token: row.token,
                owner: row.owner,
                spender: row.spender,
                known_as: known_as(&network.addresses, row.spender),
                amount: row.left.map(|left| row.token.of(left)),
                block: row.block,
                ending: ending(row),
            })
            .collect())
    }

    /// Asks the tokens, and stores what has changed. `None` while they cannot be asked.
    async fn read_anew(&self, network: &Network, known: &[Approval]) -> Result<Option<Vec<Approval>>, Error> {
        let state = self.ledger().state.borrow().clone();
        let running = self.config().access == Access::Exclusive;
        let Some(head) = state.head.filter(|_| running && state.chain.link.up) else {
            return Ok(None);
        };
        let pairs = known.iter().map(pair).collect();
        let Ok(fresh) = read(&network.chain, &network.addresses, &pairs, head.number).await else {
            return Ok(None);
        };
        let left = |row: &Approval| (pair(row), row.left);
        let changed: Vec<&Approval> = fresh
            .iter()
            .filter(|row| !known.iter().any(|before| left(before) == left(row)))
            .collect();
        if !changed.is_empty() && self.may_write().is_ok() {
            let now = self.clock().wall();
            let tx = self.store().begin().await?;
            for row in changed {
                approvals::set(&tx, network.addresses.chain_id, row, now).await?;
            }
            tx.commit().await?;
        }
        Ok(Some(fresh))
    }

    /// Ends what `spender` may take of `owner`: queues an `approve` of nothing.
    ///
    /// # Errors
    /// `LOCKED`, `REVERTED`, `NO_GAS`, or that the node cannot be asked.
    pub async fn revoke_allowance(
        &self,
        owner: Address,
        token: Token,
        spender: Address,
    ) -> Result<Transaction, Error> {
        self.wallet_with(owner)?;
        let network = self.network().ok_or_else(network::missing)?;
        let detail = TxDetail::Revoke { token, spender };
        let waiting = outbox::unfinished(&self.store().reader()).await?;
        if waiting
            .iter()
            .any(|tx| tx.account == owner && tx.detail.as_ref() == Some(&detail))
        {
            return Err(Error::new(
                Code::StillPending,
                "this allowance is being ended already",
            ));
        }
        let call = build::approve(network.addresses.token(token), spender, 0);
        self.cost_of(&network, owner, &call, &detail).await?;
        self.queue(&network, owner, TxKind::Revoke, call, detail).await
    }
}

/// Whose allowance it is, for whom.
pub(super) fn pair(row: &Approval) -> ApprovalEvent {
    ApprovalEvent {
        token: row.token,
        owner: row.owner,
        spender: row.spender,
    }
}

/// What is left of each.
pub(super) async fn read(
    chain: &Chain,
    addresses: &Addresses,
    pairs: &BTreeSet<ApprovalEvent>,
    block: u64,
) -> Result<Vec<Approval>, ChainError> {
    let mut found = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let left = chain
            .allowance(addresses.token(pair.token), pair.owner, pair.spender)
            .await?;
        found.push(Approval {
            token: pair.token,
            owner: pair.owner,
            spender: pair.spender,
            left: i128::try_from(left).ok().filter(|_| left < ENDLESS),
            block,
        });
    }
    Ok(found)
}

fn known_as(addresses: &Addresses, spender: Address) -> Spender {
    if addresses.market == Some(spender) {
        Spender::Market
    } else if addresses.converter == spender {
        Spender::Converter
    } else {
        Spender::Stranger
    }
}
