//! What is kept and for how long: old readings leave by themselves, and nothing that money or a chart stands on.

use enerlink_domain::{MeterId, UnixMillis, Verdict, view::Preferences};
use enerlink_engine::Engine;
use enerlink_store::{Store, readings};

use crate::support::{End, Household, Setup, WH, until};

const DAY: i64 = 86_400_000;
const ALWAYS: [UnixMillis; 2] = [UnixMillis(0), UnixMillis(4_000_000_000_000)];

/// When each reading that counts was received.
async fn moments(store: &Store, meter: &MeterId) -> Vec<UnixMillis> {
    let rows = readings::range(&store.reader(), meter, ALWAYS[0], ALWAYS[1], u32::MAX).await;
    let counted = rows
        .expect("readable")
        .into_iter()
        .filter(|row| !matches!(row.verdict, Verdict::Refused { .. }));
    counted.map(|row| row.received_at).collect()
}

async fn keep(engine: &Engine, raw_days: u32) {
    let chosen = Preferences {
        raw_days,
        ..engine.preferences()
    };
    engine.set_preferences(chosen).await.expect("kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_readings_leave_and_what_was_settled_and_drawn_stays() {
    let mut household = Household::open(Setup::default()).await;
    for _ in 0..3 {
        household.flow(120 * WH, 0).await;
    }
    let settled = household.settle_through().await;
    for _ in 0..5 {
        household.flow(10 * WH, 0).await;
    }
    let store = household.store(household.engine()).await;
    let id = household.id.clone();
    let before = moments(&store, &id).await;
    let drawn = household.engine().history(&id, &ALWAYS).await.expect("drawn");
    assert!(before.len() >= 9, "the first, three and five: {before:?}");

    // Two months later the first message of a new day has come.
    household.clock.shift(61 * DAY);
    household.flow(WH, 0).await;
    keep(household.engine(), 0).await;
    assert_eq!(moments(&store, &id).await.len(), before.len() + 1, "for ever");
    keep(household.engine(), 60).await;
    until("the old readings to be gone", async || {
        moments(&store, &id).await.len() < before.len()
    })
    .await;
    let left = moments(&store, &id).await;
    let count = before.len();
    let stays = |at: usize| left.contains(&before[at]);
    assert!(stays(0), "the first");
    assert!(
        stays(count - 6) && stays(count - 5),
        "both sides of the settlement"
    );
    assert!(
        !stays(count - 4) && !stays(count - 3),
        "nothing stands on these: {left:?} of {before:?}"
    );
    assert!(left.last() > before.last(), "the newest");

    // It lasts over a restart, and everything that was counted is still drawn, settled and owed.
    household.restart(End::Stopped).await;
    household.follows(household.engine()).await;
    let again = household.engine().history(&id, &ALWAYS).await.expect("drawn");
    assert_eq!(
        again.total.exported.0,
        drawn.total.exported.0 + WH,
        "rollups stay for ever"
    );
    let rows = household.rows(household.engine()).await;
    assert!(rows.iter().any(|row| row.settlement_id == settled.settlement_id));
    household.flow(100 * WH, 0).await;
    household.settle_through().await;
    household.check(household.engine(), 2).await;
}
