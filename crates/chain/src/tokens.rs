//! What the tokens' events say of accounts: what came, what went, and who may take some of it.

use std::collections::BTreeMap;

use alloy::{primitives::B256, sol_types::SolEvent};
use enerlink_domain::{
    Address, BlockHash, TxDetail, TxHash,
    token::{Amount, Ramp, Token},
};
use serde_json::json;

use crate::{
    Addresses, Chain, ChainError,
    contracts::{
        amount,
        etk::ETKToken::{Approval, Transfer},
        from_alloy, hash, to_alloy,
    },
    log::{Log, decode},
};

/// Tokens that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferEvent {
    /// Which token.
    pub token: Token,
    /// Who had them; the zero address where they were made.
    pub from: Address,
    /// Who has them; the zero address where they were taken.
    pub to: Address,
    /// Base units; at most the largest number that amounts hold.
    pub units: i128,
    /// The transaction.
    pub tx: TxHash,
    /// The including block.
    pub block: (u64, BlockHash),
    /// Position among the block's logs.
    pub log_index: u64,
}

/// Somebody was allowed to take tokens, or no longer. How much is left of it, only the token knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApprovalEvent {
    /// Which token.
    pub token: Token,
    /// Whose.
    pub owner: Address,
    /// Who may take them.
    pub spender: Address,
}

/// Both, in the order of the chain, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenEvents {
    /// What moved.
    pub transfers: Vec<TransferEvent>,
    /// What was allowed.
    pub approvals: Vec<ApprovalEvent>,
}

impl Chain {
    /// What the events of both tokens say of `accounts` in blocks `from_block..=to_block`.
    pub async fn token_events(
        &self,
        addresses: &Addresses,
        accounts: &[Address],
        from_block: u64,
        to_block: u64,
    ) -> Result<TokenEvents, ChainError> {
        let who: Vec<B256> = accounts
            .iter()
            .map(|account| to_alloy(*account).into_word())
            .collect();
        let tokens = Token::ALL.map(|token| addresses.token(token));
        // An owner and a sender stand at the same place, so that one search finds both.
        let gone = json!([[Transfer::SIGNATURE_HASH, Approval::SIGNATURE_HASH], who]);
        let come = json!([Transfer::SIGNATURE_HASH, null, who]);
        let mut logs = self.logs(&tokens, &gone, from_block, to_block).await?;
        logs.extend(self.logs(&tokens, &come, from_block, to_block).await?);
        read(&logs, addresses, accounts).map_err(|reason| self.wire.bad("eth_getLogs", reason))
    }
}

/// The events among `logs` that concern `accounts`; a log that was found twice counts once.
fn read(logs: &[Log], addresses: &Addresses, accounts: &[Address]) -> Result<TokenEvents, String> {
    let placed: BTreeMap<(u64, B256, u64), &Log> = logs
        .iter()
        .map(|log| ((log.block_number.to(), log.block_hash, log.log_index.to()), log))
        .collect();
    let mut events = TokenEvents::default();
    for log in placed.into_values() {
        let Some(token) = token_of(log, addresses) else {
            continue;
        };
        match log.topics.first() {
            Some(topic) if *topic == Transfer::SIGNATURE_HASH => {
                let transfer = transfer(log, token)?;
                if accounts.contains(&transfer.from) || accounts.contains(&transfer.to) {
                    events.transfers.push(transfer);
                }
            }
            Some(topic) if *topic == Approval::SIGNATURE_HASH => {
                let approval = approval(log, token)?.0;
                if accounts.contains(&approval.owner) && !events.approvals.contains(&approval) {
                    events.approvals.push(approval);
                }
            }
            _ => {}
        }
    }
    Ok(events)
}

/// Whether `logs` show what `detail` does with the tokens of `account`.
pub(crate) fn shows(logs: &[Log], addresses: &Addresses, account: Address, detail: &TxDetail) -> bool {
    let moved = |amount: &Amount, from: Address, to: Address| {
        logs.iter().any(|log| {
            let token = token_of(log, addresses);
            let event = token.and_then(|token| transfer(log, token).ok());
            event.is_some_and(|event| {
                (event.from, event.to, event.token.of(event.units)) == (from, to, *amount)
            })
        })
    };
    let allowed = |token: Token, spender: Address, units: u128| {
        let expected = ApprovalEvent {
            token,
            owner: account,
            spender,
        };
        let units = i128::try_from(units).unwrap_or(i128::MAX);
        logs.iter().any(|log| {
            let found = token_of(log, addresses).and_then(|token| approval(log, token).ok());
            found == Some((expected, units))
        })
    };
    match detail {
        // Of an order its own events are read, see [`crate::Receipt::placed`]; its end moves nothing.
        TxDetail::Place { .. } | TxDetail::Cancel { .. } => true,
        TxDetail::Send {
            amount: Amount::Coin(_),
            ..
        } => true,
        TxDetail::Send { amount, to } => moved(amount, account, *to),
        TxDetail::Ramp {
            way: Ramp::On,
            amount,
        } => moved(&Amount::Idrs(*amount), Address::ZERO, account),
        TxDetail::Ramp {
            way: Ramp::Off,
            amount,
        } => moved(&Amount::Idrs(*amount), account, Address::ZERO),
        TxDetail::Revoke { token, spender } => allowed(*token, *spender, 0),
        TxDetail::Approve {
            token,
            spender,
            amount,
        } => allowed(*token, *spender, amount.0),
    }
}

fn token_of(log: &Log, addresses: &Addresses) -> Option<Token> {
    let contract = from_alloy(log.address);
    let token = Token::ALL
        .into_iter()
        .find(|token| addresses.token(*token) == contract);
    token.filter(|_| !log.removed)
}

fn transfer(log: &Log, token: Token) -> Result<TransferEvent, String> {
    let event = decode::<Transfer>(log)?;
    Ok(TransferEvent {
        token,
        from: from_alloy(event.from),
        to: from_alloy(event.to),
        units: amount(event.value).unwrap_or(i128::MAX),
        tx: hash(log.transaction_hash),
        block: (log.block_number.to(), hash(log.block_hash)),
        log_index: log.log_index.to(),
    })
}

/// The event, and how many base units it allows.
fn approval(log: &Log, token: Token) -> Result<(ApprovalEvent, i128), String> {
    let event = decode::<Approval>(log)?;
    let approval = ApprovalEvent {
        token,
        owner: from_alloy(event.owner),
        spender: from_alloy(event.spender),
    };
    Ok((approval, amount(event.value).unwrap_or(i128::MAX)))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;
    use enerlink_domain::{Idrs, transaction::Units};

    use super::*;
    use crate::{contracts::AlloyAddress, log::sample};

    const ME: Address = Address([4; 20]);
    const OTHER: Address = Address([5; 20]);

    fn addresses() -> Addresses {
        Addresses {
            chain_id: 31337,
            genesis: BlockHash::default(),
            converter: Address([1; 20]),
            etk: Address([2; 20]),
            idrs: Address([3; 20]),
            market: None,
            confirmations: None,
        }
    }

    fn moved(contract: Address, index: u64, from: Address, to: Address, value: U256) -> Log {
        let event = Transfer {
            from: to_alloy(from),
            to: to_alloy(to),
            value,
        };
        sample(contract, index, event.encode_log_data())
    }

    fn allowed(contract: Address, index: u64, owner: Address, value: u64) -> Log {
        let event = Approval {
            owner: to_alloy(owner),
            spender: AlloyAddress::repeat_byte(6),
            value: U256::from(value),
        };
        sample(contract, index, event.encode_log_data())
    }

    #[test]
    fn events_of_the_tokens_are_read_once_and_in_order() {
        let Addresses {
            etk, idrs, converter, ..
        } = addresses();
        let logs = [
            moved(idrs, 3, OTHER, ME, U256::from(5)),
            moved(etk, 1, Address::ZERO, ME, U256::MAX),
            moved(idrs, 3, OTHER, ME, U256::from(5)),
            moved(converter, 4, OTHER, ME, U256::from(5)),
            moved(etk, 5, OTHER, Address::ZERO, U256::from(5)),
            allowed(etk, 6, ME, 9),
            allowed(etk, 7, ME, 0),
            allowed(etk, 8, OTHER, 9),
        ];
        let events = read(&logs, &addresses(), &[ME]).expect("sound");
        let seen: Vec<_> = events
            .transfers
            .iter()
            .map(|event| (event.token, event.from, event.units, event.log_index))
            .collect();
        assert_eq!(
            seen,
            [
                (Token::Etk, Address::ZERO, i128::MAX, 1),
                (Token::Idrs, OTHER, 5, 3)
            ]
        );
        let own = ApprovalEvent {
            token: Token::Etk,
            owner: ME,
            spender: Address([6; 20]),
        };
        assert_eq!(events.approvals, [own]);
        let mut cut = logs;
        cut[0].data = Default::default();
        assert!(read(&cut[..1], &addresses(), &[ME]).is_err());
    }

    #[test]
    fn a_receipt_shows_only_what_it_is_asked_for() {
        let idrs = addresses().idrs;
        let send = |units| TxDetail::Send {
            amount: Amount::Idrs(Idrs(units)),
            to: OTHER,
        };
        let way = |way| TxDetail::Ramp { way, amount: Idrs(5) };
        let revoke = TxDetail::Revoke {
            token: Token::Etk,
            spender: Address([6; 20]),
        };
        let approve = |units| TxDetail::Approve {
            token: Token::Etk,
            spender: Address([6; 20]),
            amount: Units(units),
        };
        let sent = [moved(idrs, 0, ME, OTHER, U256::from(5))];
        let made = [moved(idrs, 0, Address::ZERO, ME, U256::from(5))];
        let taken = [moved(idrs, 0, ME, Address::ZERO, U256::from(5))];
        let ended = [allowed(addresses().etk, 0, ME, 0)];
        let left = [allowed(addresses().etk, 0, ME, 1)];
        for (logs, detail, expected) in [
            (&sent[..], send(5), true),
            (&sent[..], send(6), false),
            (&made[..], send(5), false),
            (&made[..], way(Ramp::On), true),
            (&taken[..], way(Ramp::On), false),
            (&taken[..], way(Ramp::Off), true),
            (&ended[..], revoke.clone(), true),
            (&left[..], revoke.clone(), false),
            (&left[..], approve(1), true),
            (&left[..], approve(2), false),
            (&ended[..], approve(u128::MAX), false),
            (&[][..], revoke, false),
        ] {
            assert_eq!(shows(logs, &addresses(), ME, &detail), expected, "{detail:?}");
        }
        let foreign = [moved(OTHER, 0, ME, OTHER, U256::from(5))];
        assert!(
            !shows(&foreign, &addresses(), ME, &send(5)),
            "another contract says nothing"
        );
    }
}
