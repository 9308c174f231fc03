//! Two nodes, by HTTP and by WebSocket: a settlement goes on with the one that answers, and nothing is signed while the
//! chain contradicts itself.

use enerlink_domain::{Code, Error, view::NetworkDraft};
use enerlink_sim::{node::ReorgTxs, proxy::Proxy};

use crate::support::{Household, Setup, WH, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_goes_on_with_the_node_that_answers() {
    let mut household = Household::open(Setup::default()).await;
    let proxy = Proxy::before(household.node.url()).expect("loopback");
    let first = format!("http://surya:MARKER-node@127.0.0.1:{}", proxy.port());
    let draft = NetworkDraft {
        rpc_url: first.clone(),
        fallback_url: Some(household.node.socket_url()),
        addresses: household.addresses.to_json(),
    };
    let view = household
        .engine()
        .set_network(draft.clone())
        .await
        .expect("both serve");
    assert_eq!(view.rpc_url, format!("http://127.0.0.1:{}/", proxy.port()));
    let store = household.store(household.engine()).await;
    let stored = enerlink_store::settings::all(&store.reader())
        .await
        .expect("settings");
    assert!(
        !format!("{stored:?}").contains("MARKER-node"),
        "a password is in no database"
    );
    let fallback = view.fallback_url.expect("given");
    assert!(fallback.starts_with("ws://"), "{fallback}");
    assert_ne!(view.answering, fallback);
    household.flow(500 * WH, 0).await;
    household.settle_through().await;

    proxy.cut();
    household.flow(500 * WH, 0).await;
    until("the other node to be asked", async || {
        household
            .engine()
            .network_view()
            .is_some_and(|view| view.answering == fallback)
    })
    .await;
    household.link_up().await;
    household.settle_through().await;
    household.check(household.engine(), 2).await;

    proxy.mend();
    until("the first node to be asked again", async || {
        household
            .engine()
            .network_view()
            .is_some_and(|view| view.answering != fallback)
    })
    .await;
    // One that serves another chain is not taken, even beside a good one; one that is away is.
    let other = Household::found(Setup::default()).await;
    let wrong = NetworkDraft {
        fallback_url: Some(other.node.url().to_owned()),
        ..draft.clone()
    };
    let refused = household
        .engine()
        .set_network(wrong)
        .await
        .expect_err("another chain");
    assert!(
        matches!(refused.code, Code::OtherChain | Code::ContractsMissing),
        "{refused}"
    );
    let away = NetworkDraft {
        fallback_url: Some("wss://127.0.0.1:1".to_owned()),
        ..draft
    };
    let view = household.engine().set_network(away).await.expect("one serves");
    assert_eq!(view.fallback_url.as_deref(), Some("wss://127.0.0.1:1/"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_signed_while_the_chain_contradicts_itself() {
    let mut household = Household::open(Setup::default()).await;
    household.node.mine(100).await.expect("blocks");
    let height = household.node.block_number().await.expect("a height");
    until("the deep block to be known", async || {
        household.engine().status().chain.block == Some(height)
    })
    .await;
    // Deeper than any reorganisation, and at the same height.
    household
        .node
        .reorg(90, ReorgTxs::Drop)
        .await
        .expect("another history");
    household.link_down(Code::NodesDisagree).await;
    household.flow(500 * WH, 0).await;
    let refused: Error = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("nobody knows what is true");
    assert_eq!(refused.code, Code::NodesDisagree);
    assert_eq!(household.settlement_transactions(household.engine()).await, 0);
}
