//! Ids, names and statuses.

use proptest::prelude::*;

use crate::market::*;

fn price(value: u16) -> Price {
    Price::new(value).expect("not zero")
}

#[test]
fn an_id_is_laid_out_as_the_contract_does() {
    let id = OrderId::new(3, Side::Ask, price(1445), 7).expect("an id");
    assert_eq!(id.number(), 3 << 57 | 1 << 56 | 1445 << 40 | 7);
    let text = serde_json::to_string(&id).expect("json");
    assert_eq!(text, format!("\"{}\"", id.number()));
    assert_eq!(serde_json::from_str::<OrderId>(&text).expect("json"), id);
}

#[test]
fn what_cannot_be_an_id_is_refused() {
    for text in ["", "0", "7", "-1", "01", " 1", "1e3", "0x1"] {
        assert_eq!(text.parse::<OrderId>(), Err(NoOrderId), "{text}");
    }
    let first = 1_u128 << 40;
    for text in [format!("+{first}"), format!("0{first}"), format!("{first} ")] {
        assert_eq!(text.parse::<OrderId>(), Err(NoOrderId), "{text}");
    }
    assert_eq!(
        OrderId::try_from(1 << 105 | first),
        Err(NoOrderId),
        "a generation of 49 bits"
    );
    assert_eq!(OrderId::try_from(1 << 56), Err(NoOrderId), "a price of zero");
    assert!(OrderId::try_from(first).is_ok());
    assert_eq!(OrderId::new(1 << 48, Side::Bid, Price::MIN, 0), None);
    assert_eq!(OrderId::new(0, Side::Bid, Price::MIN, 1 << 40), None);
}

#[test]
fn names_are_those_of_the_source_documents() {
    for side in Side::ALL {
        assert_eq!(serde_json::to_value(side).expect("json"), side.as_str());
        assert_eq!(Side::parse(side.as_str()), Some(side));
        assert_eq!(Side::from_number(side.number()), Some(side));
    }
    for status in OrderStatus::ALL {
        assert_eq!(serde_json::to_value(status).expect("json"), status.as_str());
        assert_eq!(OrderStatus::parse(status.as_str()), Some(status));
    }
    for flags in OrderFlags::ALL {
        assert_eq!(OrderFlags::from_number(flags.number()), Some(flags));
    }
    assert_eq!((Side::from_number(2), OrderFlags::from_number(3)), (None, None));
}

#[test]
fn a_status_follows_from_what_was_traded_and_what_rests() {
    for (traded, resting, status) in [
        (0, 10, OrderStatus::Open),
        (4, 6, OrderStatus::PartiallyFilled),
        (10, 0, OrderStatus::Filled),
        (4, 0, OrderStatus::Cancelled),
        (0, 0, OrderStatus::Cancelled),
    ] {
        let is = OrderStatus::of(Lots(10), Lots(traded), Lots(resting));
        assert_eq!(is, status);
        assert_eq!(is.rests(), resting > 0);
    }
}

#[test]
fn prices_cross_when_both_gain() {
    assert!(Side::Bid.crosses(price(10), price(10)));
    assert!(Side::Bid.crosses(price(11), price(10)));
    assert!(!Side::Bid.crosses(price(9), price(10)));
    assert!(Side::Ask.crosses(price(10), price(10)));
    assert!(Side::Ask.crosses(price(9), price(10)));
    assert!(!Side::Ask.crosses(price(11), price(10)));
    assert_eq!((Price::MAX.up(), Price::MIN.down()), (None, None));
    assert!(serde_json::from_str::<Price>("\"0\"").is_err());
    assert!(
        serde_json::from_str::<Price>("7").is_err(),
        "a string, as all money"
    );
}

#[test]
fn a_log_is_flat_in_json() {
    let log = MarketLog {
        block: 7,
        block_hash: Default::default(),
        tx: Default::default(),
        log_index: 2,
        at: crate::UnixMillis(1000),
        event: MarketEvent::Cancelled {
            id: OrderId::new(0, Side::Bid, price(1), 0).expect("an id"),
            lots_left: Lots(5),
        },
    };
    let json = serde_json::to_value(log).expect("json");
    assert_eq!(
        (&json["event"], &json["lots_left"]),
        (&"cancelled".into(), &"5".into())
    );
    assert_eq!(serde_json::from_value::<MarketLog>(json).expect("json"), log);
}

proptest! {
    #[test]
    fn an_id_says_where_its_order_rests(
        generation in 0..OrderId::GENERATIONS, ask: bool, value in 1..=u16::MAX, sequence in 0..OrderId::SEQUENCES,
    ) {
        let side = if ask { Side::Ask } else { Side::Bid };
        let id = OrderId::new(generation, side, price(value), sequence).expect("in range");
        prop_assert_eq!((id.generation(), id.side(), id.price(), id.sequence()), (generation, side, price(value), sequence));
        prop_assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = text.parse::<OrderId>();
    }
}
