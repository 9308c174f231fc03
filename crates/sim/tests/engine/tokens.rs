//! Tokens on their way: exchanges, sends and allowances through the outbox, and what the chain tells of them.

use enerlink_chain::{Call, build};
use enerlink_domain::{
    Address, Code, Event, Idrs, Status, Transaction, TxDetail, TxKind, TxStage, Wei,
    id::keccak256,
    payee::Standing,
    token::{
        Amount, Asset, ConversionFilter, Movement, MovementFilter, MovementKind, Ramp, SendDraft, Spender,
        Token,
    },
    wallet::LockReason,
};
use enerlink_engine::Engine;
use enerlink_sim::node::{Fault, ReorgTxs, Span};
use enerlink_store::transaction_logs;

use crate::support::{Household, Setup, password, told, until};

/// Somebody else.
const OTHER: Address = Address([0x5a; 20]);

impl Household {
    /// Exchanges, and waits until that is confirmed.
    pub(crate) async fn exchange(&self, way: Ramp, amount: &str) -> Transaction {
        let queued = self.engine().ramp(self.owner(), way, amount).await;
        self.at(queued.expect("queued").id, TxStage::Confirmed).await
    }

    pub(crate) fn draft_to(&self, to: Address, asset: Asset, amount: &str) -> SendDraft {
        SendDraft {
            from: self.owner(),
            to: to.to_string(),
            asset,
            amount: amount.to_owned(),
            confirmed: true,
        }
    }

    /// Sends, and waits until that is confirmed.
    async fn send_through(&self, draft: SendDraft) -> Transaction {
        let queued = self.engine().send(draft).await.expect("queued");
        self.at(queued.id, TxStage::Confirmed).await
    }

    async fn idrs(&self) -> Idrs {
        let held = self.chain.balances(&self.addresses, self.owner()).await;
        held.expect("read").idrs
    }
}

async fn moved(engine: &Engine) -> Vec<Movement> {
    let page = engine.movements(&MovementFilter::default(), 200, None).await;
    page.expect("readable").rows
}

/// Waits until so many movements are stored.
async fn movements(engine: &Engine, count: usize) -> Vec<Movement> {
    until(&format!("{count} movements"), async || {
        moved(engine).await.len() == count
    })
    .await;
    moved(engine).await
}

async fn status(engine: &Engine) -> Vec<Status> {
    let page = engine
        .conversions(&ConversionFilter::default(), 10, None)
        .await
        .expect("readable");
    page.rows.iter().map(|row| row.status).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_is_what_its_receipt_says_and_a_reorganisation_puts_it_back() {
    let household = Household::open(Setup::default()).await;
    let engine = household.engine();
    let done = household.exchange(Ramp::On, "1000.5").await;
    assert_eq!((done.kind, done.as_simulated), (TxKind::OnRamp, Some(true)));
    assert_eq!(household.idrs().await, Idrs(100_050));
    let page = engine
        .conversions(&ConversionFilter::default(), 10, None)
        .await
        .expect("readable");
    let row = &page.rows[0];
    assert_eq!(
        (row.status, row.tx, row.block),
        (Status::Success, done.hash, done.block)
    );
    assert_eq!(
        (row.way, row.amount, row.transaction),
        (Ramp::On, Idrs(100_050), done.id)
    );
    let minted = movements(engine, 1).await.remove(0);
    assert_eq!(
        (minted.kind, minted.amount),
        (MovementKind::Minted, Amount::Idrs(Idrs(100_050)))
    );
    assert!(minted.at.0 > 1_700_000_000_000, "the block's time: {minted:?}");

    household.node.set_automine(false).await.expect("manual");
    let faults = household.node.faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    household
        .node
        .reorg(1, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    until("the exchange to wait again", async || {
        status(engine).await == [Status::Pending]
    })
    .await;
    movements(engine, 0).await;
    faults.clear();
    household.node.set_automine(true).await.expect("automine");
    until("the bytes to be sent again", async || {
        household.node.mine(1).await.expect("a block");
        status(engine).await == [Status::Success]
    })
    .await;
    assert_eq!(household.idrs().await, Idrs(100_050), "once");
    movements(engine, 1).await;

    household.exchange(Ramp::Off, "250.25").await;
    assert_eq!(household.idrs().await, Idrs(75_025));
    assert_eq!(movements(engine, 2).await[0].kind, MovementKind::Burned);
    let store = household.store(engine).await;
    let lines = transaction_logs::list(&store.reader(), 50, None)
        .await
        .expect("lines");
    let texts: Vec<&str> = lines.iter().map(|(_, log)| log.line.as_str()).collect();
    let begins = |text: &str| texts.iter().filter(|line| line.starts_with(text)).count();
    assert_eq!(
        begins("off_ramp: exchange 250.25 IDRS for IDR (simulated), succeeded in block"),
        1
    );
    assert_eq!(
        begins("on_ramp: exchange 1000.50 IDR for IDRS (simulated), succeeded in block"),
        2
    );
    assert_eq!(
        begins("on_ramp: exchange 1000.50 IDR for IDRS (simulated), waits"),
        1,
        "{texts:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ramp_refuses_what_it_cannot_exchange_before_anything_is_queued() {
    let household = Household::open(Setup::default()).await;
    let (engine, owner) = (household.engine(), household.owner());
    let before = household.outbox(engine).await.len();
    for (way, amount, code) in [
        (Ramp::On, "1,5", Code::InvalidInput),
        (Ramp::On, "1e3", Code::InvalidInput),
        (Ramp::On, " 1", Code::InvalidInput),
        (Ramp::On, "0.001", Code::InvalidInput),
        (Ramp::On, "0", Code::InvalidInput),
        (Ramp::On, "1000000000000.01", Code::InvalidInput),
        (Ramp::Off, "0.01", Code::InsufficientBalance),
    ] {
        let refused = engine.ramp(owner, way, amount).await.expect_err(amount);
        assert_eq!(refused.code, code, "{amount}: {refused}");
    }
    let strange = engine.ramp(OTHER, Ramp::On, "1").await.expect_err("not ours");
    assert_eq!(strange.code, Code::WalletUnknown);
    engine.lock(LockReason::Person);
    let locked = engine.ramp(owner, Ramp::On, "1").await.expect_err("locked");
    assert_eq!(locked.code, Code::Locked);
    household.unlock().await;
    let close = Call {
        to: Some(household.addresses.idrs),
        value: Wei::ZERO,
        input: keccak256(b"closeRamp()")[..4].to_vec(),
    };
    household.operator.send(close).await.expect("closed");
    let closed = engine.ramp(owner, Ramp::On, "1").await.expect_err("closed");
    assert_eq!(closed.code, Code::Reverted);
    assert!(closed.message.contains("ramp is closed"), "{closed}");
    assert_eq!(household.outbox(engine).await.len(), before, "nothing was queued");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_judged_exact_and_told_on_both_sides() {
    let household = Household::open(Setup::default()).await;
    let (engine, owner) = (household.engine(), household.owner());
    let wallet = engine.wallets().remove(0);
    let wallet = engine
        .add_account(wallet.wallet, password(), None)
        .await
        .expect("an account");
    let second = wallet.accounts[1].address;
    household.exchange(Ramp::On, "500").await;
    movements(engine, 1).await;

    // To oneself nobody warns, and both accounts have their line.
    let own = household.draft_to(second, Asset::Idrs, "100");
    let preview = engine.preview_send(&own).await.expect("a preview");
    assert!(matches!(preview.payee.standing, Standing::Own { .. }) && preview.payee.warning().is_none());
    assert_eq!(preview.before, Amount::Idrs(Idrs(50_000)));
    assert_eq!(preview.after, Amount::Idrs(Idrs(40_000)));
    household
        .send_through(SendDraft {
            confirmed: false,
            ..own
        })
        .await;
    let both = movements(engine, 3).await;
    let kinds: Vec<_> = both
        .iter()
        .map(|row| (row.account, row.kind, row.other))
        .collect();
    assert!(
        kinds.contains(&(owner, MovementKind::Sent, Some(second))),
        "{kinds:?}"
    );
    assert!(
        kinds.contains(&(second, MovementKind::Received, Some(owner))),
        "{kinds:?}"
    );

    // Whom nobody has paid is looked at first.
    let first = household.draft_to(OTHER, Asset::Idrs, "0.01");
    let warned = engine
        .send(SendDraft {
            confirmed: false,
            ..first.clone()
        })
        .await;
    assert_eq!(warned.expect_err("a warning").code, Code::ConfirmationMissing);
    let sent = household.send_through(first).await;
    assert_eq!((sent.kind, sent.as_simulated), (TxKind::SendToken, Some(true)));
    let detail = TxDetail::Send {
        amount: Amount::Idrs(Idrs(1)),
        to: OTHER,
    };
    assert_eq!(sent.detail, Some(detail));
    movements(engine, 4).await;
    let paid = engine.check_payee(&OTHER.to_string()).await.expect("an address");
    assert_eq!(paid.standing, Standing::Paid { times: 1 });

    // Who begins and ends like that one is dangerous.
    let mut twin = OTHER.0;
    twin[9] = 0;
    let twin = engine
        .check_payee(&Address(twin).to_string())
        .await
        .expect("an address");
    assert!(twin.is_dangerous());
    assert_eq!(twin.resembles.expect("a look-alike").address, OTHER);

    // Contracts, nobody, oneself, and what is not there.
    for (to, amount, code) in [
        (household.addresses.idrs, "1", Code::InvalidInput),
        (household.addresses.etk, "1", Code::InvalidInput),
        (Address::ZERO, "1", Code::InvalidInput),
        (owner, "1", Code::InvalidInput),
        (OTHER, "1e2", Code::InvalidInput),
        (OTHER, "400", Code::InsufficientBalance),
    ] {
        let refused = engine.send(household.draft_to(to, Asset::Idrs, amount)).await;
        assert_eq!(refused.expect_err(amount).code, code, "{to} {amount}");
    }

    // What comes from elsewhere is told once. Nothing that somebody says to have come is not.
    let mut events = engine.events();
    let operator = &household.operator;
    let made = build::ramp(&household.addresses, Ramp::On, Idrs(700));
    operator.send(made).await.expect("made");
    for units in [0, 700] {
        let gift = build::send(&household.addresses, owner, Amount::Idrs(Idrs(units)));
        operator.send(gift).await.expect("sent");
    }
    let received = told(&mut events, |event| match event {
        Event::Movement(row) if row.kind == MovementKind::Received => Some(row),
        _ => None,
    })
    .await;
    assert_eq!(
        (received.kind, received.amount),
        (MovementKind::Received, Amount::Idrs(Idrs(700)))
    );
    assert_eq!(received.other, Some(operator.address()));
    movements(engine, 5).await;
    let stranger = engine
        .check_payee(&operator.address().to_string())
        .await
        .expect("an address");
    assert_eq!(
        stranger.standing,
        Standing::New,
        "who has sent something is not known for it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coins_are_sent_to_the_wei_and_nothing_is_promised_twice() {
    let household = Household::found(Setup {
        base_fee: 7,
        ..Setup::default()
    })
    .await;
    let engine = household.engine();
    household.fund(household.owner(), 1_000_000_000_000_000_000).await;
    household.greet(engine).await;
    household.opened().await;
    let draft = household.draft_to(OTHER, Asset::Coin, "0.000000000000000001");
    let preview = engine.preview_send(&draft).await.expect("a preview");
    assert!(preview.fee > Wei::ZERO && preview.after.base_units() < preview.before.base_units());
    let sent = household.send_through(draft).await;
    assert_eq!((sent.kind, sent.as_simulated), (TxKind::SendCoin, Some(true)));
    assert_eq!(household.chain.native_balance(OTHER).await, Ok(Wei(1)));
    assert_eq!(
        engine
            .check_payee(&OTHER.to_string())
            .await
            .expect("an address")
            .standing,
        Standing::Paid { times: 1 }
    );
    household.exchange(Ramp::On, "100").await;
    household.node.set_automine(false).await.expect("manual");
    let first = engine
        .send(household.draft_to(OTHER, Asset::Idrs, "60"))
        .await
        .expect("queued");
    household.at(first.id, TxStage::Sent).await;
    let twice = engine.send(household.draft_to(OTHER, Asset::Idrs, "60")).await;
    assert_eq!(
        twice.expect_err("on its way already").code,
        Code::InsufficientBalance
    );
    let rest = engine
        .send(household.draft_to(OTHER, Asset::Idrs, "40"))
        .await
        .expect("queued");
    household.at(rest.id, TxStage::Sent).await;
    // A cancelled one takes no tokens.
    engine.cancel_transaction(rest.id).await.expect("cancelled");
    household.node.mine(1).await.expect("a block");
    household.at(first.id, TxStage::Confirmed).await;
    household.at(rest.id, TxStage::Replaced).await;
    assert_eq!(household.idrs().await, Idrs(4_000));
    let all = household.draft_to(OTHER, Asset::Coin, &held(&household).await);
    let refused = engine.send(all).await.expect_err("nothing is left for gas");
    assert!(
        matches!(refused.code, Code::NoGas | Code::InsufficientBalance),
        "{refused}"
    );
}

async fn held(household: &Household) -> String {
    let held = household.chain.native_balance(household.owner()).await;
    held.expect("read").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn allowances_are_found_on_chain_and_ended() {
    let mut household = Household::open(Setup::default()).await;
    let owner = household.owner();
    let market = household.addresses.market.expect("a market");
    let nonce = household.chain.nonce(owner).await.expect("a nonce");
    let exact = build::approve(household.addresses.etk, market, 12_345);
    household.call_beside(nonce, exact).await;
    let endless = build::approve(household.addresses.idrs, OTHER, u128::MAX);
    household.call_beside(nonce + 1, endless).await;
    until("both allowances", async || {
        household.engine().allowances().await.expect("readable").len() == 2
    })
    .await;
    // Found again by a wallet that has lost its database.
    household.lose_database().await;
    until("both allowances again", async || {
        household.engine().allowances().await.expect("readable").len() == 2
    })
    .await;
    let engine = household.engine();
    let shown = engine.allowances().await.expect("readable");
    let of = |token| shown.iter().find(|row| row.token == token).expect("shown");
    let (etk, idrs) = (of(Token::Etk), of(Token::Idrs));
    assert_eq!(
        (etk.known_as, etk.amount),
        (Spender::Market, Some(Token::Etk.of(12_345)))
    );
    assert_eq!(
        (idrs.known_as, idrs.amount),
        (Spender::Stranger, None),
        "without an end"
    );

    household.node.set_automine(false).await.expect("manual");
    let queued = engine
        .revoke_allowance(owner, Token::Idrs, OTHER)
        .await
        .expect("queued");
    assert_eq!(queued.kind, TxKind::Revoke);
    let again = engine.revoke_allowance(owner, Token::Idrs, OTHER).await;
    assert_eq!(again.expect_err("on its way").code, Code::StillPending);
    let ending = engine.allowances().await.expect("readable");
    assert!(
        ending.iter().any(|row| row.token == Token::Idrs && row.ending),
        "{ending:?}"
    );
    household.at(queued.id, TxStage::Sent).await;
    household.node.mine(1).await.expect("a block");
    let ended = household.at(queued.id, TxStage::Confirmed).await;
    assert_eq!(ended.as_simulated, Some(true));
    until("one allowance", async || {
        household.engine().allowances().await.expect("readable").len() == 1
    })
    .await;
    assert_eq!(
        household
            .chain
            .allowance(household.addresses.idrs, owner, OTHER)
            .await,
        Ok(0)
    );
}
