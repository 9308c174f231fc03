//! `enerlink market`.

use std::time::Duration;

use enerlink_domain::{
    Address, Code, Error, Status, Transaction, TxStage,
    market::{AmountUnit, Lots, MarketStats, OrderId, Pair, Price, PriceUnit, Ticket},
    view::{MarketPhase, MarketQuery, MarketView, Order, TicketView, Trade},
};
use enerlink_engine::{Access, Engine};

use crate::{
    arguments::{
        MarketCommand, OrdersArguments, PlaceArguments, ProfileArguments, TradesArguments, UnlockArguments,
    },
    failure::{Failure, Outcome},
    moment, output, pages, records, session,
};

/// A chain that has not answered after this long is left to `enerlink run`.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) async fn market(command: MarketCommand, json: bool) -> Outcome {
    match command {
        MarketCommand::Book { profile, group, rows } => {
            let query = MarketQuery { group, rows, tape: 0 };
            let view = read(&profile, query).await?;
            output::answer(json, &view, |view| {
                let mut lines = Vec::new();
                if let Some(depth) = &view.depth {
                    let line = |side: &str, row: &enerlink_domain::market::DepthRow| {
                        format!(
                            "{side} {:>6}  {:>10} lots  {:>10} in all",
                            row.price, row.lots, row.cumulative
                        )
                    };
                    lines.extend(depth.asks.iter().rev().map(|row| line("ASK", row)));
                    lines.extend(depth.bids.iter().map(|row| line("BID", row)));
                }
                match lines.is_empty() {
                    true => "Nobody asks and nobody bids.".to_owned(),
                    false => lines.join("\n"),
                }
            });
            Ok(())
        }
        MarketCommand::Stats(profile) => {
            let nothing = MarketQuery {
                group: 1,
                rows: 0,
                tape: 0,
            };
            let state = read(&profile, nothing).await?.state;
            output::answer(json, &state, |state| match &state.stats {
                Some(stats) => figures(stats),
                None => "Nothing is known of the market.".to_owned(),
            });
            Ok(())
        }
        MarketCommand::Place(arguments) => place(arguments, json).await,
        MarketCommand::Cancel {
            unlock,
            account,
            orders,
            all,
        } => cancel(&unlock, account, orders, all, json).await,
        MarketCommand::Orders { wanted, limit, file } => list_orders(&wanted, limit, file, json).await,
        MarketCommand::Trades { wanted, limit, file } => list_trades(&wanted, limit, file, json).await,
    }
}

async fn place(arguments: PlaceArguments, json: bool) -> Outcome {
    let engine = session::open_unlocked(&arguments.unlock).await?;
    let pair = live(&engine).await?;
    let account = account_or_primary(&engine, arguments.account)?;
    let amount = match arguments.unit.as_str() {
        "kwh" => AmountUnit::Kwh,
        "etk" => AmountUnit::Etk,
        "lots" => AmountUnit::Lots,
        _ => return Err(Failure::input("the unit is kwh, etk or lots")),
    };
    let per = match arguments.price_unit.as_str() {
        "kwh" => PriceUnit::Kwh,
        "etk" => PriceUnit::Etk,
        _ => return Err(Failure::input("the price is per kwh or per etk")),
    };
    let lots = pair
        .parse_amount(&arguments.amount, amount)
        .map_err(|error| Failure::input(format!("the amount is {error} (lots)")))?;
    let price = pair
        .parse_price(&arguments.price, per)
        .map_err(|error| Failure::input(format!("the price is {error} (IDRS units per lot)")))?;
    let ticket = Ticket {
        account,
        side: arguments.side,
        kind: arguments.kind,
        price,
        lots,
    };
    if !arguments.yes {
        let view = engine.preview_ticket(ticket).await?;
        engine.stop().await;
        output::answer(json, &view, preview);
        let text = "nothing was placed; repeat it with --yes";
        return Err(Error::new(Code::ConfirmationMissing, text).into());
    }
    let queued = engine.place_order(ticket).await?;
    let done = finished(&engine, vec![queued]).await?;
    engine.stop().await;
    answer(&done, json)
}

/// The engine with the book read to the chain's head; where another process has the profile, what that one has stored.
async fn reading(profile: &ProfileArguments) -> Result<Engine, Failure> {
    match session::open(&profile.data_dir, Access::Exclusive).await {
        Ok(engine) => {
            live(&engine).await?;
            Ok(engine)
        }
        Err(failure) if failure.is(Code::ProfileInUse) => {
            session::open(&profile.data_dir, Access::ReadOnly).await
        }
        Err(failure) => Err(failure),
    }
}

/// [`reading`]; where no node answers, what was stored last: what has happened can be told without one.
async fn recalling(profile: &ProfileArguments) -> Result<Engine, Failure> {
    match reading(profile).await {
        Err(failure) if failure.is(Code::NodeUnreachable) || failure.is(Code::MarketUnread) => {
            tracing::warn!("the node does not answer; this is what was read last");
            session::open(&profile.data_dir, Access::ReadOnly).await
        }
        read => read,
    }
}

async fn read(profile: &ProfileArguments, query: MarketQuery) -> Result<MarketView, Failure> {
    let engine = reading(profile).await?;
    let view = engine.market_view(query).await;
    engine.stop().await;
    Ok(view?)
}

/// The figures in one line; prices are IDRS base units per lot.
fn figures(stats: &MarketStats) -> String {
    let price = |price: Option<Price>| price.map_or_else(|| "none".to_owned(), |price| price.to_string());
    let average = stats
        .average
        .map_or_else(|| "none".to_owned(), |average| average.plain(2));
    format!(
        "last {}, best bid {}, best ask {}; 24 h: {} lots for {} IDRS, high {}, low {}, weighted average {average}; \
         liquidity: {} lots to be bought, {} to be sold",
        price(stats.last),
        price(stats.best_bid),
        price(stats.best_ask),
        stats.lots,
        stats.value,
        price(stats.high),
        price(stats.low),
        stats.bids.lots,
        stats.asks.lots
    )
}

fn preview(view: &TicketView) -> String {
    match view {
        TicketView::Ready { preview, fee } => format!(
            "{} of {} lots would trade at once for {} IDRS, {} would rest; afterwards {} ETK and {} IDRS; {}",
            preview.filled,
            preview.order.lots,
            preview.value,
            preview.rests,
            preview.etk_after,
            preview.idrs_after,
            fee.map_or_else(
                || "gas cannot be priced now".to_owned(),
                |fee| format!("at most {fee} of the chain's coin for gas")
            )
        ),
        TicketView::Blocked { problems } => {
            let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
            words.join("; ")
        }
    }
}

async fn cancel(
    unlock: &UnlockArguments,
    account: Option<Address>,
    orders: Vec<OrderId>,
    all: bool,
    json: bool,
) -> Outcome {
    let engine = session::open_unlocked(unlock).await?;
    live(&engine).await?;
    let account = account_or_primary(&engine, account)?;
    let queued = match all {
        true => engine.cancel_all_orders(account).await?,
        false => engine.cancel_orders(account, orders).await?,
    };
    let done = finished(&engine, queued).await?;
    engine.stop().await;
    answer(&done, json)
}

fn answer(done: &[Transaction], json: bool) -> Outcome {
    for row in done {
        output::answer(json, row, |row| {
            let reason = row
                .reason
                .as_ref()
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default();
            format!("{} {}: {}{reason}", row.kind.as_str(), row.id, row.stage.as_str())
        });
    }
    let failed = done.iter().find(|row| row.stage.status() == Status::Failed);
    match failed {
        Some(row) => Err(Error::new(Code::Reverted, row.reason.clone().unwrap_or_default()).into()),
        None => Ok(()),
    }
}

async fn list_orders(
    wanted: &OrdersArguments,
    limit: u16,
    file: Option<std::path::PathBuf>,
    json: bool,
) -> Outcome {
    if let Some(path) = file {
        let engine = reading(&wanted.profile).await?;
        let saved = engine.save_orders(&wanted.filter(), &path).await?;
        engine.stop().await;
        output::answer(json, &saved, records::written);
        return Ok(());
    }
    let engine = recalling(&wanted.profile).await?;
    let shown = pages::show_all(
        limit,
        async |rows, before| {
            let page = engine.orders(&wanted.filter(), rows, before).await?;
            Ok((page.rows, page.next))
        },
        |row| output::answer(json, row, told),
    )
    .await;
    engine.stop().await;
    shown
}

async fn list_trades(
    wanted: &TradesArguments,
    limit: u16,
    file: Option<std::path::PathBuf>,
    json: bool,
) -> Outcome {
    if let Some(path) = file {
        let engine = reading(&wanted.profile).await?;
        let saved = engine.save_trades(&wanted.filter(), &path).await?;
        engine.stop().await;
        output::answer(json, &saved, records::written);
        return Ok(());
    }
    let engine = recalling(&wanted.profile).await?;
    let shown = pages::show_all(
        limit,
        async |rows, before| {
            let page = engine.trades(&wanted.filter(), rows, before).await?;
            Ok((page.rows, page.next))
        },
        |row| output::answer(json, row, traded),
    )
    .await;
    engine.stop().await;
    shown
}

fn traded(row: &Trade) -> String {
    let (at, side) = (moment::shown(row.at), row.side);
    format!(
        "{at}  {side}  {:>10} lots at {:>6}  {:>14} IDRS",
        row.lots,
        row.price,
        row.value.to_string()
    )
}

/// One line about an order.
pub(crate) fn told(order: &Order) -> String {
    let id = order
        .id
        .map_or_else(|| order.tx.to_string(), |id: OrderId| id.to_string());
    let left = match order.left {
        Lots::ZERO => String::new(),
        left => format!(", {left} left"),
    };
    format!(
        "order {id}: {} {} of {} lots at {}, {} traded{left}",
        order.status.as_str(),
        order.side,
        order.lots,
        order.price,
        order.filled
    )
}

fn account_or_primary(engine: &Engine, account: Option<Address>) -> Result<Address, Failure> {
    let known = account.or_else(|| engine.primary());
    known.ok_or_else(|| Error::new(Code::NoVault, "there is no account to trade with").into())
}

/// Waits until the book is read.
async fn live(engine: &Engine) -> Result<Pair, Failure> {
    session::wait_for_chain(engine).await?;
    let waiting = async {
        loop {
            let state = engine.market_state();
            match (&state.phase, state.pair) {
                (MarketPhase::Live, Some(pair)) => return Ok(pair),
                (MarketPhase::Missing, _)
                    if engine.network_view().is_none_or(|view| view.market.is_none()) =>
                {
                    return Err(Error::new(Code::NoMarket, "the network names no market"));
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    };
    let late = || Error::new(Code::MarketUnread, "the book was not read in two minutes");
    Ok(tokio::time::timeout(PATIENCE, waiting)
        .await
        .map_err(|_| late())??)
}

/// Waits until the chain has decided, or until somebody has to do something first.
async fn finished(engine: &Engine, queued: Vec<Transaction>) -> Result<Vec<Transaction>, Failure> {
    let waiting = async {
        let mut done = Vec::new();
        for row in queued {
            let mut row = row;
            while row.stage.status() == Status::Pending {
                tokio::time::sleep(LOOK).await;
                row = engine.transaction(row.id).await?;
                let code = match row.stage {
                    TxStage::NoGas => Code::NoGas,
                    TxStage::AwaitingUnlock => Code::Locked,
                    _ => continue,
                };
                return Err(Error::new(code, row.reason.unwrap_or_default()));
            }
            done.push(row);
        }
        Ok::<_, Error>(done)
    };
    let late = || {
        let text = "the chain has not confirmed yet; `enerlink run` follows it to its end";
        Error::new(Code::NodeUnreachable, text)
    };
    Ok(tokio::time::timeout(PATIENCE, waiting)
        .await
        .map_err(|_| late())??)
}
