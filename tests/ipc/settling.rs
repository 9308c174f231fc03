//! Settlement over the wire: files only where the person says, and refusals that say why.

use std::fs;

use enerlink_wallet::Question;
use serde_json::{Value, json};

use crate::support::Shell;

const STRANGER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

#[test]
fn settlements_are_saved_where_the_person_says_and_over_nothing() {
    let (shell, _) = Shell::with_wallet();
    let all = json!({ "filter": {} });
    assert_eq!(
        shell.answer("save_settlements", all.clone()),
        Value::Null,
        "cancelled"
    );
    assert!(matches!(
        shell.person.last_asked(),
        Some(Question::Save(name)) if name.starts_with("EnerLink-settlements-") && name.ends_with(".csv")
    ));
    let path = shell.file("settlements.csv");
    shell.person.picks(&[&path]);
    let saved = shell.answer("save_settlements", all.clone());
    assert_eq!(saved["rows"], 0);
    let heads = fs::read_to_string(&path).expect("written");
    assert!(heads.starts_with("settlement_id,"), "{heads}");
    shell.person.picks(&[&path]);
    assert_eq!(shell.refusal("save_settlements", all), "INVALID_INPUT");
}

#[test]
fn a_receipt_is_named_after_its_settlement_and_never_made_up() {
    let (shell, _) = Shell::with_wallet();
    let receipt = |format: &str, language: &str| json!({ "settlementId": "SM-001/131/0", "format": format, "language": language });
    assert_eq!(
        shell.answer("save_receipt", receipt("pdf", "id")),
        Value::Null,
        "cancelled"
    );
    assert!(matches!(
        shell.person.last_asked(),
        Some(Question::Save(name)) if name.starts_with("EnerLink-receipt-SM-001-131-0-") && name.ends_with(".pdf")
    ));
    let path = shell.file("receipt");
    for (format, language) in [("json", "id"), ("pdf", "en"), ("pdf", "fr")] {
        shell.person.picks(&[&path]);
        assert_eq!(
            shell.refusal("save_receipt", receipt(format, language)),
            "INVALID_INPUT"
        );
        assert!(!path.exists(), "{format} {language}");
    }
}

#[test]
fn an_empty_profile_has_nothing_to_audit_and_nothing_to_change() {
    let (shell, _) = Shell::with_wallet();
    let page = json!({ "meterId": null, "limit": 10, "before": null });
    let audit = shell.answer("read_audit", page);
    assert_eq!((&audit["rows"], &audit["next"]), (&json!([]), &Value::Null));
    let totals = json!({ "meterId": null, "edges": [0, 1000, 2000] });
    let totals = shell.answer("read_totals", totals);
    assert_eq!(totals.as_array().map(Vec::len), Some(2));
    assert_eq!(totals[0]["settlements"], 0);
    for edges in [json!([]), json!([5]), json!([5, 5]), json!([6, 5])] {
        let edges = json!({ "meterId": null, "edges": edges });
        assert_eq!(shell.refusal("read_totals", edges), "INVALID_INPUT");
    }
    let transactions = shell.answer("list_transactions", json!({ "limit": 10, "before": null }));
    assert_eq!(transactions, json!({ "rows": [], "next": null }));
    let unknown = json!({ "hash": format!("0x{}", "ab".repeat(32)) });
    assert_eq!(shell.answer("find_transaction", unknown), Value::Null);
    for command in ["speed_up", "cancel_transaction"] {
        let code = shell.refusal(command, json!({ "id": 7 }));
        assert!(["INVALID_INPUT", "NO_NETWORK"].contains(&code.as_str()), "{code}");
    }
}

#[test]
fn choices_and_orders_for_accounts_without_a_meter_are_refused() {
    let (shell, wallet) = Shell::with_wallet();
    let owner = &wallet["accounts"][0]["address"];
    assert_eq!(shell.answer("read_settling", json!({}))["accounts"], json!([]));
    assert_eq!(shell.answer("read_guards", json!({})), json!([]));
    let choose = |owner: &Value, period: u32| json!({ "owner": owner, "meterId": null, "choice": { "period_minutes": period } });
    assert_eq!(shell.refusal("set_settling", choose(owner, 5)), "WALLET_UNKNOWN");
    for period in [0, 1441] {
        assert_eq!(
            shell.refusal("set_settling", choose(owner, period)),
            "INVALID_INPUT"
        );
    }
    for owner in [owner, &json!(STRANGER)] {
        for order in ["explained", "not_now", "restore", "resume"] {
            let order = json!({ "owner": owner, "order": order });
            assert_eq!(shell.refusal("order_guard", order), "METER_UNKNOWN");
        }
    }
}
