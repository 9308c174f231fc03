//! Tokens on the command line: the ramp, sending, what moved, and allowances, against anvil.

use std::fs;

use crate::support::{Household, wait_until};
use serde_json::json;

/// Somebody else, with the checksum.
const OTHER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

#[test]
fn idrs_are_exchanged_sent_and_allowances_ended() {
    let household = Household::new(true);
    let on = household.told(&["ramp", "on", "--amount", "1000.50"]);
    assert_eq!(
        (&on["kind"], &on["as_simulated"]),
        (&json!("on_ramp"), &json!(true))
    );
    for amount in ["1,5", "-1"] {
        let refused = household.refused(&["ramp", "on", "--amount", amount]);
        assert_eq!(refused["code"], "INVALID_INPUT", "{amount}");
    }
    let send = ["send", "--asset", "idrs", "--amount", "0.01", "--to", OTHER];
    let preview = household.told(&[&send[..], &["--preview"]].concat());
    assert_eq!(preview["after"], json!({ "asset": "idrs", "amount": "100049" }));
    assert_eq!(preview["payee"]["standing"], "new");
    assert_eq!(household.refused(&send)["code"], "CONFIRMATION_MISSING");
    let sent = household.told(&[&send[..], &["--yes"]].concat());
    assert_eq!(
        sent["detail"]["amount"],
        json!({ "asset": "idrs", "amount": "1" })
    );
    assert_eq!(
        household.told(&[&send[..], &["--preview"]].concat())["payee"]["standing"],
        "paid"
    );
    let twin = OTHER.to_lowercase().replacen("f3e94", "00000", 1);
    let look_alike = ["send", "--asset", "idrs", "--amount", "1", "--to", &twin];
    let refused = household.refused(&look_alike);
    assert_eq!(refused["code"], "CONFIRMATION_MISSING");
    assert!(
        refused["message"]
            .as_str()
            .is_some_and(|text| text.contains("digits differ"))
    );
    let too_much = household.refused(&["ramp", "off", "--amount", "1000.50"]);
    assert_eq!(too_much["code"], "INSUFFICIENT_BALANCE");
    household.told(&["ramp", "off", "--amount", "1000.49"]);
    let rows = household.said(&["ramp", "list"]);
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (&row["way"], &row["amount"], &row["status"]))
        .collect();
    let expected = [
        (&json!("off"), &json!("100049"), &json!("SUCCESS")),
        (&json!("on"), &json!("100050"), &json!("SUCCESS")),
    ];
    assert_eq!(shown, expected);
    for (more, count) in [
        (["--direction", "off"], 1),
        (["--status", "failed"], 0),
        (["--to", "2020-01-01"], 0),
        (["--from", "2020-01-01"], 2),
    ] {
        let line = [&["ramp", "list"], &more[..]].concat();
        assert_eq!(household.said(&line).len(), count, "{more:?}");
    }
    let file = household.path("exchanges.csv");
    let saved = household.said(&["ramp", "list", "--direction", "off", "--file", &file]);
    assert_eq!(saved[0]["rows"], 1);
    let text = fs::read_to_string(&file).expect("written");
    let row = text.lines().nth(1).expect("a row below the titles");
    assert!(
        row.contains(",off,1000.49,") && row.contains(",SUCCESS,"),
        "{text}"
    );
    // What the last exchange has moved is read by whoever runs next.
    let coin = [
        "send",
        "--asset",
        "coin",
        "--amount",
        "0.1",
        "--to",
        OTHER,
        "--preview",
    ];
    let mut moved = Vec::new();
    wait_until("what was sent is among what moved", || {
        household.told(&coin);
        moved = household.said(&["transfers", "--kind", "sent", "--token", "idrs"]);
        moved.len() == 1
    });
    assert_eq!(moved[0]["other"], OTHER);
    assert!(household.said(&["transfers", "--to", "2020-01-01"]).is_empty());
    let file = household.path("transfers.csv");
    let saved = household.said(&[
        "transfers",
        "--kind",
        "sent",
        "--from",
        "2020-01-01",
        "--file",
        &file,
    ]);
    assert_eq!(saved[0]["rows"], 1);
    let text = fs::read_to_string(&file).expect("written");
    assert!(text.contains(",sent,-0.01,IDRS,"), "{text}");
    for list in [&["allowances", "list"][..], &["allowances"]] {
        assert!(household.said(list).is_empty());
    }
    let nothing = household.told(&["allowances", "revoke", "--token", "idrs", "--spender", OTHER]);
    assert_eq!(
        (&nothing["kind"], &nothing["stage"]),
        (&json!("revoke"), &json!("confirmed"))
    );
}
