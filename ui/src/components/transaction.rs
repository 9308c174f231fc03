//! What a transaction does and how it ended, as one reads it: the same words wherever one is told of.

use enerlink_domain::{
    Status, TxDetail, TxKind, market::Side, token::Amount, transaction::LoggedTransaction,
};

use crate::{
    format::{self, Sign},
    i18n::{Key, Language, say},
    pages::market::Units,
};

/// What a transaction is for.
pub(crate) fn kind_words(kind: TxKind) -> Key {
    match kind {
        TxKind::OpenMeter => Key::OpenMeter,
        TxKind::SetSettler => Key::SettlerSet,
        TxKind::SettleMeter => Key::Settlement,
        TxKind::SendToken => Key::TxSendToken,
        TxKind::SendCoin => Key::TxSendCoin,
        TxKind::OnRamp => Key::TxOnRamp,
        TxKind::OffRamp => Key::TxOffRamp,
        TxKind::Revoke => Key::TxRevoke,
        TxKind::FillNonce => Key::NonceFilled,
        TxKind::PlaceOrder => Key::PlaceOrder,
        TxKind::CancelOrders => Key::CancelOrders,
        TxKind::Approve => Key::Approve,
    }
}

/// What the chain has made of it so far.
pub(crate) fn status_words(status: Status) -> Key {
    match status {
        Status::Pending => Key::StatusPending,
        Status::Success => Key::StatusSuccess,
        Status::Failed => Key::StatusFailed,
    }
}

/// What it is for, and what it does in particular or at which meter. An order is told in `units`, else in kilowatt-hours.
pub(crate) fn what(
    language: Language,
    kind: TxKind,
    detail: Option<&TxDetail>,
    meter: Option<&str>,
    units: Option<Units>,
) -> String {
    let kind = kind_words(kind).text(language);
    match (detail, meter) {
        (Some(detail), _) => format!("{kind} · {}", detail_words(language, detail, units)),
        (None, Some(meter)) => format!("{kind} · {meter}"),
        (None, None) => kind.to_owned(),
    }
}

/// What it does, in one line.
pub(crate) fn detail_words(language: Language, detail: &TxDetail, units: Option<Units>) -> String {
    match detail {
        TxDetail::Place {
            side,
            price,
            lots,
            pair,
            ..
        } => {
            let line = match side {
                Side::Bid => Key::TxBidLine,
                Side::Ask => Key::TxAskLine,
            };
            let (amount, price) = match units.or(pair.map(Units::usual)) {
                Some(units) => (units.energy(language, *lots), units.unit_price(language, *price)),
                // An order of an earlier version, of a market that was not read yet.
                None => {
                    let price = format::decimal(language, price.get().into(), 2, 2, Sign::Negative);
                    (
                        format!("{}\u{a0}lot", format::count(language, lots.0.into())),
                        format!("Rp\u{a0}{price}/lot"),
                    )
                }
            };
            say(language, line, &[("amount", &amount), ("price", &price)])
        }
        TxDetail::Cancel { orders } => {
            let count = format::count(language, orders.len() as u64);
            say(language, Key::TxCancelLine, &[("count", &count)])
        }
        TxDetail::Approve {
            token,
            spender,
            amount,
        } => {
            // More than anybody will ever hold is no number for a person.
            let amount = match i128::try_from(amount.0) {
                Ok(units) => format::amount(language, token.of(units)),
                Err(_) => say(language, Key::TxApproveAll, &[("token", token.symbol())]),
            };
            let spender = format::short_address(*spender);
            say(
                language,
                Key::TxApproveLine,
                &[("amount", &amount), ("spender", &spender)],
            )
        }
        TxDetail::Send { amount, to } => {
            let (amount, payee) = (format::amount(language, *amount), format::short_address(*to));
            say(
                language,
                Key::TxSendLine,
                &[("amount", &amount), ("payee", &payee)],
            )
        }
        TxDetail::Ramp { amount, .. } => {
            let amount = format::amount(language, Amount::Idrs(*amount));
            say(language, Key::TxRampLine, &[("amount", &amount)])
        }
        TxDetail::Revoke { token, spender } => {
            let spender = format::short_address(*spender);
            say(
                language,
                Key::TxRevokeLine,
                &[("token", token.symbol()), ("spender", &spender)],
            )
        }
    }
}

/// A line of the log as a sentence; `meter` is what the household calls the meter that it is about.
pub(crate) fn log_words(language: Language, row: &LoggedTransaction, meter: Option<&str>) -> String {
    let what = what(language, row.kind, row.about.detail.as_ref(), meter, None);
    let end = match (row.status, row.about.block) {
        (Status::Success, Some(block)) => {
            let block = format::count(language, block);
            say(language, Key::TxEndedIn, &[("block", &block)])
        }
        // Only what had succeeded and was taken back is in the log once more.
        (Status::Pending, _) => Key::TxWaitsAgain.text(language).to_owned(),
        (status, _) => status_words(status).text(language).to_owned(),
    };
    match &row.about.reason {
        Some(reason) => format!("{what}: {end}. {reason}"),
        None => format!("{what}: {end}"),
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        Address, Etk, Hash32, Idrs, UnixMillis, Wei,
        market::{AmountUnit, Lots, OrderFlags, OrderId, Pair, Price, PriceUnit},
        token::{Ramp, Token},
        transaction::{TxAbout, Units as BaseUnits},
    };

    use super::*;

    const OTHER: Address = Address([0x11; 20]);

    /// 1 kWh are 1000 ETK, a lot is 10 of them.
    fn pair() -> Pair {
        Pair::new(Etk(1_000), 100_000).expect("a pair")
    }

    fn order(side: Side, pair: Option<Pair>) -> TxDetail {
        TxDetail::Place {
            side,
            price: Price::new(1_444).expect("not zero"),
            lots: Lots(2_500),
            flags: OrderFlags::GoodTillCancelled,
            permit: None,
            pair,
        }
    }

    fn plain(words: &str) -> String {
        words.replace('\u{a0}', " ")
    }

    /// One of each variant with each way that it is told, and how that is in both languages.
    fn details() -> Vec<(TxDetail, [&'static str; 2])> {
        let id = OrderId::new(1, Side::Ask, Price::new(1_444).expect("not zero"), 0).expect("an id");
        let approve = |token, amount| TxDetail::Approve {
            token,
            spender: OTHER,
            amount: BaseUnits(amount),
        };
        let send = |amount| TxDetail::Send { amount, to: OTHER };
        let ramp = |way| TxDetail::Ramp {
            way,
            amount: Idrs(100_050),
        };
        vec![
            (
                order(Side::Ask, Some(pair())),
                [
                    "jual 25 kWh, paling murah Rp 1.444/kWh",
                    "sell 25 kWh, Rp 1,444/kWh at least",
                ],
            ),
            (
                order(Side::Bid, Some(pair())),
                [
                    "beli 25 kWh, paling mahal Rp 1.444/kWh",
                    "buy 25 kWh, Rp 1,444/kWh at most",
                ],
            ),
            (
                order(Side::Ask, None),
                [
                    "jual 2.500 lot, paling murah Rp 14,44/lot",
                    "sell 2,500 lot, Rp 14.44/lot at least",
                ],
            ),
            (
                TxDetail::Cancel { orders: vec![id, id] },
                ["2 pesanan", "2 of them"],
            ),
            (
                approve(Token::Idrs, 150_000),
                ["1.500,00 IDRS untuk 0x1111…1111", "1,500.00 IDRS for 0x1111…1111"],
            ),
            (
                approve(Token::Etk, u128::MAX),
                ["semua ETK untuk 0x1111…1111", "all ETK for 0x1111…1111"],
            ),
            (
                send(Amount::Etk(Etk(123_456))),
                ["1.234,56 ETK kepada 0x1111…1111", "1,234.56 ETK to 0x1111…1111"],
            ),
            (
                send(Amount::Coin(Wei(250_000_000_000_000_000))),
                ["0,25 koin kepada 0x1111…1111", "0.25 coins to 0x1111…1111"],
            ),
            (
                ramp(Ramp::On),
                ["1.000,50 IDRS, simulasi", "1,000.50 IDRS, simulated"],
            ),
            (
                ramp(Ramp::Off),
                ["1.000,50 IDRS, simulasi", "1,000.50 IDRS, simulated"],
            ),
            (
                TxDetail::Revoke {
                    token: Token::Idrs,
                    spender: OTHER,
                },
                ["IDRS, 0x1111…1111", "IDRS of 0x1111…1111"],
            ),
        ]
    }

    #[test]
    fn whatever_a_transaction_does_is_said_in_both_languages() {
        for (detail, expected) in details() {
            let said = Language::ALL.map(|language| plain(&detail_words(language, &detail, None)));
            assert_eq!(said, expected, "{detail:?}");
        }
    }

    #[test]
    fn an_order_is_told_in_the_units_of_the_page() {
        let units = Units {
            pair: pair(),
            price: PriceUnit::Etk,
            amount: AmountUnit::Etk,
        };
        let told = |detail: &TxDetail| plain(&detail_words(Language::English, detail, Some(units)));
        let words = "sell 25,000 ETK, Rp 1.444/ETK at least";
        assert_eq!(told(&order(Side::Ask, Some(pair()))), words);
        assert_eq!(told(&order(Side::Ask, None)), words, "of an earlier version, too");
    }

    fn logged(kind: TxKind, status: Status, about: TxAbout) -> LoggedTransaction {
        LoggedTransaction {
            id: 1,
            at: UnixMillis(5),
            kind,
            status,
            account: OTHER,
            hash: Some(Hash32([9; 32])),
            about,
            line: String::new(),
        }
    }

    #[test]
    fn every_line_of_the_log_is_a_sentence_in_both_languages() {
        let said = |row: &LoggedTransaction, meter: Option<&str>| {
            Language::ALL.map(|language| plain(&log_words(language, row, meter)))
        };
        for (detail, expected) in details() {
            let about = TxAbout {
                detail: Some(detail),
                block: Some(1_234),
                ..TxAbout::default()
            };
            let row = logged(TxKind::Approve, Status::Success, about);
            let [id, en] = expected;
            let sentences = [
                format!("Izin token · {id}: berhasil di blok 1.234"),
                format!("Token allowance · {en}: succeeded in block 1,234"),
            ];
            assert_eq!(said(&row, None), sentences);
        }
        let about = TxAbout {
            meter_id: Some("HOME-001".parse().expect("an id")),
            reason: Some("its nonce was used".to_owned()),
            ..TxAbout::default()
        };
        let failed = logged(TxKind::SettleMeter, Status::Failed, about.clone());
        assert_eq!(
            said(&failed, Some("Rumah")),
            [
                "Penyelesaian · Rumah: gagal. its nonce was used",
                "Settlement · Rumah: failed. its nonce was used"
            ]
        );
        let undone = logged(
            TxKind::SettleMeter,
            Status::Pending,
            TxAbout {
                reason: None,
                ..about
            },
        );
        assert_eq!(
            said(&undone, Some("Rumah")),
            [
                "Penyelesaian · Rumah: dibatalkan jaringan, menunggu lagi",
                "Settlement · Rumah: taken back by the chain, waits again"
            ]
        );
        let old = logged(TxKind::FillNonce, Status::Success, TxAbout::default());
        assert_eq!(
            said(&old, None),
            ["Celah diisi: berhasil", "Gap filled: succeeded"]
        );
    }
}
