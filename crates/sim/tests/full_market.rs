//! The random neighbourhood for longer: ten times as many operations.

#[path = "market/model.rs"]
#[allow(dead_code, reason = "the shorter run is part of the other test")]
mod model;
#[path = "market/street.rs"]
#[allow(dead_code, reason = "this test needs half of it")]
mod street;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_agrees_for_two_thousand_operations() {
    model::trade(2_000, 20_261_122).await;
}
