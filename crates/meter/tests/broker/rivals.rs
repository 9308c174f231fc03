//! Two clients with one id: each would throw the other out for ever.

use std::time::Duration;

use enerlink_domain::{Code, Error};
use enerlink_meter::Incoming;
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    mosquitto::Mosquitto,
    support::{Reader, config},
};

/// Another program with the id of the subscription under test; it comes back whenever it is thrown out.
fn rival(broker: &Mosquitto) -> JoinHandle<()> {
    let (client, mut events) = broker.client("enerlink-test");
    tokio::spawn(async move {
        let _client = client;
        loop {
            if events.poll().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    })
}

async fn taken_over(reader: &mut Reader) -> Error {
    loop {
        if let Incoming::TakenOver(error) = reader.next().await {
            return error;
        }
    }
}

#[tokio::test]
async fn two_clients_with_one_id_do_not_fight_for_ever() {
    let broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    let fight = rival(&broker);
    let error = taken_over(&mut reader).await;
    assert_eq!(error.code, Code::ClientIdTaken);
    assert!(
        error.message.contains("the same client id, enerlink-test"),
        "{error}"
    );
    let connections = || broker.log().matches("New client connected").count();
    let before = connections();
    let quiet = timeout(Duration::from_secs(3), reader.incoming.recv()).await;
    assert!(quiet.is_err(), "it goes on fighting: {quiet:?}");
    assert_eq!(connections(), before);
    fight.abort();

    // It can be told to try again at once.
    reader.stop().await;
    Reader::start(config(broker.port)).until_connected().await;
}

#[tokio::test]
async fn a_broker_that_is_restarted_again_and_again_is_no_rival() {
    let mut broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    for _ in 0..6 {
        broker.kill();
        broker.start();
        loop {
            match reader.next().await {
                Incoming::Connected => break,
                Incoming::Disconnected(error) => assert_eq!(error.code, Code::BrokerUnreachable),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(reader.subscription.reconnects(), 6);
}
