//! Real brokers: the one that is documented for users, with its certificates and its access list, and one on which a
//! command lies.

use std::{fs, path::Path, time::Duration};

use enerlink_domain::{
    Code, CommandStage, DeviceState, MeterCommand, MicroWh, NoticeKind, Presence, UnixMillis,
    device::OfflineReason,
    view::{BrokerDraft, MeterEdit},
};
use enerlink_engine::Engine;
use enerlink_meter::Channel;

use crate::{
    mosquitto::Mosquitto,
    shipped::{BASE, OTHER, Shipped},
    support::{End, Household, Setup, WH, password, registers, until},
};

fn sensors(uptime: u64, export: u64) -> String {
    format!(
        r#"{{"timestamp":{uptime},"export":{{"total_energy_wh":{export}}},"import":{{"total_energy_wh":0}}}}"#
    )
}

/// The documented broker as a household reaches it with its client certificate.
fn certified(shipped: &Shipped) -> BrokerDraft {
    let file = |name: &str| Some(shipped.broker.directory().join(name).display().to_string());
    BrokerDraft {
        url: format!("mqtts://127.0.0.1:{}", shipped.certified),
        password: None,
        ca_file: file("ca.crt"),
        client_cert_file: file("anna.crt"),
        client_key_file: file("anna.key"),
    }
}

fn moved(broker: BrokerDraft, base_topic: &str) -> MeterEdit {
    MeterEdit {
        broker: Some(broker),
        base_topic: Some(base_topic.to_owned()),
        ..MeterEdit::default()
    }
}

/// Lets the documented meter say so until `engine` has counted it.
async fn counts(household: &Household, engine: &Engine, shipped: &Shipped, uptime: u64, export: u64) {
    until("the meter to be counted", async || {
        let topic = Channel::Sensors.topic(BASE);
        shipped
            .publish("METER-001", &topic, &sensors(uptime, export))
            .await;
        registers(engine, &household.id).is_some_and(|(counted, _)| counted.0 == export * 1_000_000)
    })
    .await;
}

/// Whether any file of the database below `directory` holds `marker`.
fn database_holds(directory: &Path, marker: &str) -> bool {
    let files = fs::read_dir(directory).expect("listed").flatten();
    let mut database = files.filter(|file| file.file_name().to_string_lossy().starts_with("enerlink.db"));
    database.any(|file| {
        let bytes = fs::read(file.path()).expect("readable");
        bytes
            .windows(marker.len())
            .any(|window| window == marker.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_behind_client_certificates_is_found_heard_and_restored() {
    let shipped = Shipped::start();
    let mut household = Household::found(Setup::default()).await;
    let engine = household.engine().clone();
    let keyless = BrokerDraft {
        client_key_file: None,
        ..certified(&shipped)
    };
    let refused = engine.probe(keyless, None, Duration::from_secs(1)).await;
    assert_eq!(refused.expect_err("half a pair").code, Code::InvalidInput);
    let topic = Channel::Sensors.topic(BASE);
    let listening = engine.probe(certified(&shipped), Some(BASE.to_owned()), Duration::from_secs(3));
    let speaking = async {
        for uptime in 1..4 {
            shipped
                .publish("METER-001", &topic, &sensors(60_000 * uptime, 5))
                .await;
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    };
    let (probe, ()) = tokio::join!(listening, speaking);
    let found = probe.expect("let in").found;
    assert!(
        found
            .iter()
            .any(|meter| meter.base_topic == BASE && meter.sensors.is_some())
    );
    let id = household.id.clone();
    let edited = engine.edit_meter(id, moved(certified(&shipped), BASE)).await;
    edited.expect("edited");
    counts(&household, &engine, &shipped, 600_000, 5).await;
    drop(engine);
    household.restart(End::Stopped).await;
    counts(&household, household.engine(), &shipped, 4_200_000, 505).await;
    let key = String::from_utf8(shipped.file("anna.key")).expect("PEM");
    let marker = key.lines().nth(1).expect("a line of the key");
    let home = Path::new(&household.engine().status().data_dir).to_owned();
    assert!(!database_holds(&home, marker));
    assert!(database_holds(&home, BASE), "the search finds what is there");
    // The backup brings certificates and key along.
    let path = household.shelf("home.enlbackup");
    household
        .engine()
        .save_backup(password(), &path)
        .await
        .expect("a backup");
    let fresh = household.fresh().await;
    let source = enerlink_domain::wallet::BackupSource::File {
        path: path.display().to_string(),
    };
    fresh
        .engine
        .restore(source, password(), None)
        .await
        .expect("restored");
    counts(&household, &fresh.engine, &shipped, 7_800_000, 1_005).await;
    fresh.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_that_the_access_list_hides_is_told_as_a_silent_subscription_and_its_command_times_out() {
    let shipped = Shipped::start();
    let household = Household::found(Setup::default()).await;
    let anna = BrokerDraft {
        url: format!("mqtts://anna@127.0.0.1:{}", shipped.broker.port),
        password: shipped.wallet("anna", BASE).password,
        client_cert_file: None,
        client_key_file: None,
        ..certified(&shipped)
    };
    let id = household.id.clone();
    let edited = household
        .engine()
        .edit_meter(id.clone(), moved(anna, OTHER))
        .await;
    edited.expect("edited");
    let reason = OfflineReason::SubscriptionSilent;
    until("the alarm", async || {
        let topic = Channel::Sensors.topic(OTHER);
        shipped.publish("METER-002", &topic, &sensors(60_000, 1)).await;
        let device = household.engine().meter(&id).expect("the meter").device;
        device.presence == Presence::Offline { reason }
    })
    .await;
    let raised = household
        .engine()
        .meter(&id)
        .expect("the meter")
        .device
        .conditions;
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(
        (raised[0].kind, raised[0].detail.as_str()),
        (NoticeKind::Offline, "subscription_silent")
    );
    // The broker takes a command for it and lets nobody hear it.
    let slower = MeterCommand::Intervals {
        sensor_ms: Some(5_000),
        heartbeat_ms: None,
    };
    let sent = household.engine().send_command(id.clone(), slower, false).await;
    let sent = sent.expect("sent").correlation_id;
    until("the command to end", async || {
        let page = household.engine().list_commands(&id, 50, None).await;
        let mut rows = page.expect("a page").rows.into_iter();
        let row = rows.find(|row| row.correlation_id == sent).expect("stored");
        assert!(
            row.stage.is_open() || row.stage == CommandStage::TimedOut,
            "no success: {row:?}"
        );
        row.stage == CommandStage::TimedOut && row.attempts > 0
    })
    .await;
    let own = MeterEdit {
        base_topic: Some(BASE.to_owned()),
        ..MeterEdit::default()
    };
    household
        .engine()
        .edit_meter(id.clone(), own)
        .await
        .expect("edited");
    counts(&household, household.engine(), &shipped, 60_000, 1).await;
    until("the all-clear", async || {
        let device = household.engine().meter(&id).expect("the meter").device;
        device.presence == Presence::Online && device.conditions.is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_lies_on_the_broker_is_told_until_it_is_taken_away() {
    let broker = Mosquitto::open();
    let household = Household::found(Setup::default()).await;
    let lying = "home/energy-monitor/command";
    broker.publish(lying, true, r#"{"grid":"off"}"#).await;
    let draft = BrokerDraft {
        url: format!("mqtt://127.0.0.1:{}", broker.port),
        ..BrokerDraft::default()
    };
    let id = household.id.clone();
    let edited = household
        .engine()
        .edit_meter(id.clone(), moved(draft, "home/energy-monitor"))
        .await;
    edited.expect("edited");
    let lies = || {
        let device = household.engine().meter(&id).expect("the meter").device;
        device
            .conditions
            .into_iter()
            .find(|notice| notice.kind == NoticeKind::RetainedCommand)
    };
    until("the condition", async || lies().is_some()).await;
    assert_eq!(lies().expect("raised").detail, lying);
    broker.publish(lying, true, "").await;
    until("the all-clear", async || lies().is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_is_not_the_last_one_after_a_restart() {
    let broker = Mosquitto::open();
    let mut household = Household::found(Setup::default()).await;
    let id = household.id.clone();
    let topic = Channel::Sensors.topic(BASE);
    let says = |uptime: u64, used: u64| {
        format!(
            r#"{{"timestamp":{uptime},"load":{{"total_energy_wh":{used}}},"export":{{"total_energy_wh":{used}}},"import":{{"total_energy_wh":0}}}}"#
        )
    };
    let device = |household: &Household| household.engine().meter(&id).expect("the meter").device;
    let used = |household: &Household| {
        let (_, sensors) = device(household).sensors?;
        sensors.load?.total_energy
    };
    let refused = |household: &Household, word: &str| device(household).tally.get(word).copied();
    broker.publish(&topic, true, says(3_600_000, 400)).await;
    let draft = BrokerDraft {
        url: format!("mqtt://127.0.0.1:{}", broker.port),
        ..BrokerDraft::default()
    };
    let edited = household
        .engine()
        .edit_meter(id.clone(), moved(draft, BASE))
        .await;
    edited.expect("edited");
    until("what was kept to be refused", async || {
        refused(&household, "retained").is_some()
    })
    .await;
    assert_eq!(used(&household), None);
    until("the meter to be counted", async || {
        broker.publish(&topic, false, says(7_200_000, 1_000)).await;
        used(&household) == Some(MicroWh(1_000 * WH))
    })
    .await;
    broker.publish(&topic, false, says(7_100_000, 700)).await;
    until("the late one to be refused", async || {
        refused(&household, "late").is_some()
    })
    .await;
    household.restart(End::Stopped).await;
    assert_eq!(used(&household), Some(MicroWh(1_000 * WH)), "not the late one");
    until("what was kept to come again", async || {
        refused(&household, "retained") >= Some(2)
    })
    .await;
    household.restart(End::Stopped).await;
    assert_eq!(
        used(&household),
        Some(MicroWh(1_000 * WH)),
        "not the retained one"
    );
    until("the next one to be counted", async || {
        broker.publish(&topic, false, says(10_800_000, 1_003)).await;
        used(&household) == Some(MicroWh(1_003 * WH))
    })
    .await;
    let ever = [UnixMillis(0), UnixMillis(4_000_000_000_000)];
    let drawn = household.engine().history(&id, &ever).await.expect("drawn");
    assert_eq!(drawn.total.used, MicroWh(3 * WH), "only what was used since");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_the_profile_that_listens_too_is_told_until_it_ends() {
    let broker = Mosquitto::open();
    let mut household = Household::found(Setup::default()).await;
    let draft = BrokerDraft {
        url: format!("mqtt://127.0.0.1:{}", broker.port),
        ..BrokerDraft::default()
    };
    let id = household.id.clone();
    let edited = household
        .engine()
        .edit_meter(id.clone(), moved(draft, BASE))
        .await;
    edited.expect("edited");
    let mut name = None;
    until("the wallet to be at the broker", async || {
        let log = broker.log();
        let ids = log.split_whitespace().find(|word| word.starts_with("enerlink-"));
        name = ids.map(str::to_owned);
        name.is_some()
    })
    .await;
    let (client, mut events) = broker.client(&name.expect("just found"));
    let rival = tokio::spawn(async move {
        let _client = client;
        loop {
            if events.poll().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let device = |household: &Household| household.engine().meter(&id).expect("the meter").device;
    let taken = |device: &DeviceState| {
        let mut conditions = device.conditions.iter();
        conditions.any(|notice| notice.kind == NoticeKind::ClientIdTaken)
    };
    until("the other one to be told", async || {
        let device = device(&household);
        device.link.code == Some(Code::ClientIdTaken) && taken(&device)
    })
    .await;
    // The wallet waits ten minutes before it tries again by itself; a new start does at once.
    rival.abort();
    household.restart(End::Stopped).await;
    until("the all-clear", async || {
        let topic = Channel::Sensors.topic(BASE);
        broker.publish(&topic, false, sensors(60_000, 1)).await;
        let device = device(&household);
        device.link.up && !taken(&device)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_is_stopped_answers_at_once() {
    let broker = Mosquitto::open();
    let household = Household::found(Setup::default()).await;
    let engine = household.engine();
    let draft = BrokerDraft {
        url: format!("mqtt://127.0.0.1:{}", broker.port),
        ..BrokerDraft::default()
    };
    let probing = engine.probe(draft, None, Duration::from_secs(100));
    let stopping = async {
        until("the probe to listen", async || {
            broker.log().contains("enerlink-scan")
        })
        .await;
        engine.stop_probe();
    };
    let (probe, ()) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(probing, stopping) })
            .await
            .expect("it does not wait until its end");
    assert!(probe.expect("nothing").found.is_empty());
    until("the connection to be closed", async || {
        broker
            .log()
            .lines()
            .any(|line| line.contains("enerlink-scan") && !line.contains("New client"))
    })
    .await;
}
