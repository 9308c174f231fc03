//! Guards come back as they were stored, each with its own record.

use enerlink_domain::{
    Address, Etk, UnixMillis,
    guard::{Guard, GuardAct, GuardStep},
};
use enerlink_store::guards;

use crate::backend;

#[tokio::test]
async fn a_guard_and_its_record_come_back() {
    let store = backend::empty().await;
    let (mine, yours) = (Address([1; 20]), Address([2; 20]));
    let explained: Guard = serde_json::from_value(serde_json::json!({
        "explained": true, "funded": true, "held": [],
        "phase": { "phase": "paused", "until": 7 },
    }))
    .expect("a guard");
    let tx = store.begin().await.expect("a transaction");
    assert_eq!(guards::get(&tx, mine).await.expect("read"), None);
    guards::set(&tx, mine, &Guard::default()).await.expect("stored");
    guards::set(&tx, mine, &explained).await.expect("stored again");
    let act = |at, what, available| GuardAct {
        at: UnixMillis(at),
        what,
        available,
        burn: available,
    };
    let acts = [
        act(1, GuardStep::Warned, Some(Etk(-5))),
        act(2, GuardStep::Cutting, None),
        act(3, GuardStep::Cut, Some(Etk(i128::from(u64::MAX) * 7))),
    ];
    for act in &acts {
        guards::note(&tx, mine, act).await.expect("noted");
    }
    guards::note(&tx, yours, &acts[0]).await.expect("noted");
    tx.commit().await.expect("a commit");
    let reader = store.reader();
    assert_eq!(guards::get(&reader, mine).await.expect("read"), Some(explained));
    assert_eq!(guards::get(&reader, yours).await.expect("read"), None);
    let newest = guards::acts(&reader, mine, 2).await.expect("read");
    assert_eq!(newest, [acts[2].clone(), acts[1].clone()]);
}
