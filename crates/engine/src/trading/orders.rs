//! Orders of the household: checked by the same rules as in the window, simulated, and handed to the outbox.

use std::sync::Arc;

use enerlink_chain::build;
use enerlink_domain::{
    Address, Code, Error, Permit, Transaction, TxKind, TxStage, Wei,
    event::Balances,
    market::{Amount, MAX_CANCELS, NewOrder, OrderId, Preview, Ticket, TicketProblem},
    token::{self, Token},
    transaction::{TxDetail, Units},
    view::TicketView,
};
use enerlink_keystore::{PermitTerms, Signer};
use enerlink_store::{OutboxRow, approvals, outbox};

use crate::{
    Engine,
    network::{self, Network},
    outbox as sending, task,
};

/// A signed allowance that was not used after so many seconds is void.
const PERMIT_LASTS: u64 = 3600;

impl Engine {
    /// What a ticket would do now, or what stands in its way. Balances are those of the last block, less what is on its way.
    pub async fn preview_ticket(&self, ticket: Ticket) -> Result<TicketView, Error> {
        let known = self
            .ledger()
            .state
            .borrow()
            .balances
            .get(&ticket.account)
            .copied();
        let unread = || {
            Error::new(
                Code::NodeUnreachable,
                "the balances of the account were not read yet",
            )
        };
        let balances = self.less_waiting(known.ok_or_else(unread)?).await?;
        let allowance = self.allowed(&ticket).await?;
        Ok(match self.check(ticket, balances, allowance).await? {
            Ok(preview) => TicketView::Ready {
                fee: self.fee(preview.gas, balances.native).await,
                preview,
            },
            Err(problems) => TicketView::Blocked { problems },
        })
    }

    /// What the market may take already of what the ticket pays with, as it was read last; nothing while an order is on its
    /// way that will use it.
    async fn allowed(&self, ticket: &Ticket) -> Result<u128, Error> {
        let Some(network) = self.network() else {
            return Ok(0);
        };
        let waiting = self.waiting(ticket.account).await?;
        if waiting.iter().any(|row| row.kind == TxKind::PlaceOrder) {
            return Ok(0);
        }
        let known = approvals::list(&self.store().reader(), network.addresses.chain_id).await?;
        let found = known.iter().find(|row| {
            row.owner == ticket.account
                && Some(row.spender) == network.addresses.market
                && row.token == Token::paid_by(ticket.side)
        });
        Ok(found.map_or(0, |row| match row.left {
            Some(left) => u128::try_from(left).unwrap_or(0),
            None => u128::MAX,
        }))
    }

    /// What `gas` costs at most an account that holds `coins`; none while the node cannot be asked.
    async fn fee(&self, gas: u64, coins: Wei) -> Option<Wei> {
        // Whoever types does not wait for a node that is known to be away.
        let network = self
            .network()
            .filter(|_| self.ledger().state.borrow().chain.link.up)?;
        let asked = network.chain.fees().await.ok()?;
        let fees = sending::affordable(asked, gas, coins).unwrap_or(asked);
        Some(Wei(u128::from(gas).saturating_mul(fees.price().0)))
    }

    /// Places an order. Answers the transaction as queued; what becomes of the order the chain tells.
    ///
    /// # Errors
    /// `LOCKED`, `INVALID_INPUT` when the rules of the ticket refuse it, `MARKET_UNREAD`, `NO_MARKET`, and what the
    /// simulation says.
    pub async fn place_order(&self, ticket: Ticket) -> Result<Transaction, Error> {
        let (network, market) = self.ready(ticket.account)?;
        let token = Token::paid_by(ticket.side);
        let contract = network.addresses.token(token);
        let waiting = self.waiting(ticket.account).await?;
        let balances = network.chain.balances(&network.addresses, ticket.account).await?;
        let balances = self.less_waiting(balances).await?;
        // What waits will use the allowance that is there.
        let busy = waiting.iter().any(|row| row.kind == TxKind::PlaceOrder);
        let allowance = match busy {
            true => 0,
            false => network.chain.allowance(contract, ticket.account, market).await?,
        };
        let preview = match self.check(ticket, balances, allowance).await? {
            Ok(preview) => preview,
            Err(problems) => {
                let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
                return Err(Error::new(Code::OrderInvalid, words.join("; ")));
            }
        };
        let order = preview.order;
        let (call, permit) = match preview.approve {
            None => (build::place_order(market, &order, None), None),
            Some(amount) => {
                let amount = units(amount);
                match self.permit(&network, market, &order, amount, &waiting).await? {
                    Some((permit, signature)) => (
                        build::place_order(market, &order, Some((&permit, &signature))),
                        Some(permit.nonce),
                    ),
                    None => {
                        self.approve(&network, ticket.account, token, market, amount)
                            .await?;
                        (build::place_order(market, &order, None), None)
                    }
                }
            }
        };
        // Behind others the simulation would see a chain without them: the outbox asks when it is this order's turn.
        if waiting.is_empty() && (permit.is_some() || preview.approve.is_none()) {
            network.chain.simulate(ticket.account, &call).await?;
        }
        let detail = TxDetail::Place {
            side: order.side,
            price: order.price,
            lots: order.lots,
            flags: order.flags,
            permit,
            pair: self.market_state().pair,
        };
        self.queue(&network, ticket.account, TxKind::PlaceOrder, call, detail)
            .await
    }

    /// Cancels open orders of `account`, sixteen with each transaction. Those that are not open any more are passed over.
    ///
    /// # Errors
    /// `LOCKED`, `ORDER_CLOSED` when none of them is open, `ORDER_FOREIGN`.
    pub async fn cancel_orders(
        &self,
        account: Address,
        orders: Vec<OrderId>,
    ) -> Result<Vec<Transaction>, Error> {
        let (network, market) = self.ready(account)?;
        let asked = orders.clone();
        let found = self
            .0
            .trading
            .read(move |live| asked.iter().map(|id| live.book.order(*id)).collect::<Vec<_>>());
        let found = found.await?;
        if let Some(foreign) = found.iter().flatten().find(|order| order.trader != account) {
            let text = format!("the order {} does not belong to {account}", foreign.id);
            return Err(Error::new(Code::OrderForeign, text));
        }
        let open: Vec<OrderId> = found.into_iter().flatten().map(|order| order.id).collect();
        if open.is_empty() {
            let text = "none of these orders is open any more";
            return Err(Error::new(Code::OrderClosed, text));
        }
        let mut queued = Vec::new();
        for ids in open.chunks(MAX_CANCELS) {
            let call = build::cancel_orders(market, ids);
            let detail = TxDetail::Cancel { orders: ids.to_vec() };
            queued.push(
                self.queue(&network, account, TxKind::CancelOrders, call, detail)
                    .await?,
            );
        }
        Ok(queued)
    }

    /// Cancels every open order of `account`.
    pub async fn cancel_all_orders(&self, account: Address) -> Result<Vec<Transaction>, Error> {
        let open = self.0.trading.read(move |live| {
            let own = live.book.own().filter(|order| order.trader == account);
            own.map(|order| order.id).collect::<Vec<_>>()
        });
        self.cancel_orders(account, open.await?).await
    }

    async fn check(
        &self,
        ticket: Ticket,
        balances: Balances,
        allowance: u128,
    ) -> Result<Result<Box<Preview>, Vec<TicketProblem>>, Error> {
        self.0
            .trading
            .read(move |live| {
                ticket
                    .check(&live.book, &balances, allowance, live.pair)
                    .map(Box::new)
            })
            .await
    }

    /// Network and market, when `account` can sign for them.
    fn ready(&self, account: Address) -> Result<(Network, Address), Error> {
        self.may_write()?;
        self.check_seen()?;
        let network = self.network().ok_or_else(network::missing)?;
        let no_market = || Error::new(Code::NoMarket, "the network names no market");
        let market = network.addresses.market.ok_or_else(no_market)?;
        self.wallet_with(account)?;
        if !self.keystore().can_sign(&Signer::Wallet(account)) {
            return Err(Error::new(Code::Locked, "the wallet is locked"));
        }
        Ok((network, market))
    }

    /// What the account has sent to the market and no block has yet.
    async fn waiting(&self, account: Address) -> Result<Vec<OutboxRow>, Error> {
        let mut rows = outbox::unfinished(&self.store().reader()).await?;
        rows.retain(|row| {
            row.account == account && sending::is_of_market(row.kind) && row.stage != TxStage::Mined
        });
        Ok(rows)
    }

    /// `balances` less what is on its way already.
    async fn less_waiting(&self, mut balances: Balances) -> Result<Balances, Error> {
        for taken in self.on_its_way(balances.account).await? {
            match taken {
                token::Amount::Etk(etk) => balances.etk.0 -= etk.0,
                token::Amount::Idrs(idrs) => balances.idrs.0 -= idrs.0,
                token::Amount::Coin(coin) => {
                    balances.native = balances.native.checked_sub(coin).unwrap_or_default();
                }
            }
        }
        Ok(balances)
    }

    /// A signed allowance for `order`; none where the token knows no permits.
    async fn permit(
        &self,
        network: &Network,
        market: Address,
        order: &NewOrder,
        value: u128,
        waiting: &[OutboxRow],
    ) -> Result<Option<(Permit, [u8; 65])>, Error> {
        let token = network.addresses.token(Token::paid_by(order.side));
        let chain = &network.chain;
        let known =
            async { tokio::try_join!(chain.token_name(token), chain.permit_nonce(token, order.trader)) };
        let (token_name, nonce) = match known.await {
            Ok(known) => known,
            Err(enerlink_chain::ChainError::ContractsMissing { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Those that are on their way with the same token use the next numbers; some may be in a block already.
        let before = waiting.iter().filter_map(|row| match &row.detail {
            Some(TxDetail::Place { side, permit, .. }) if *side == order.side => *permit,
            _ => None,
        });
        let nonce = before.max().map_or(nonce, |last| nonce.max(last + 1));
        let seconds = u64::try_from(self.clock().wall().0 / 1000).unwrap_or(0);
        let now = chain.head().await?.timestamp.max(seconds);
        let permit = Permit {
            token,
            token_name,
            chain_id: network.addresses.chain_id,
            owner: order.trader,
            spender: market,
            value,
            nonce,
            deadline: now + PERMIT_LASTS,
        };
        let terms = PermitTerms {
            chain_id: network.addresses.chain_id,
            token,
            nonce,
            now,
            unlimited_confirmed: false,
        };
        let (keystore, signed) = (Arc::clone(self.keystore()), permit.clone());
        let signature = task::off_thread(move || keystore.sign_permit(&signed, &terms)).await??;
        Ok(Some((permit, signature)))
    }

    /// Lets the market take exactly `amount`; the order goes behind it.
    async fn approve(
        &self,
        network: &Network,
        account: Address,
        token: Token,
        market: Address,
        amount: u128,
    ) -> Result<Transaction, Error> {
        let call = build::approve(network.addresses.token(token), market, amount);
        let detail = TxDetail::Approve {
            token,
            spender: market,
            amount: Units(amount),
        };
        self.queue(network, account, TxKind::Approve, call, detail).await
    }
}

fn units(amount: Amount) -> u128 {
    match amount {
        Amount::Etk(etk) => etk.0.unsigned_abs(),
        Amount::Idrs(idrs) => idrs.0.unsigned_abs(),
    }
}
