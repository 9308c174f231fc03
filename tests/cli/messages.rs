//! Messages of a real mosquitto: every documented sample is stored exactly, every malformed one is refused with its
//! reason, and the next good one still counts.

use crate::support::{Household, METER, Running, publish, run, sensors};
use enerlink_domain::{MeterId, MicroAmps, MicroVolts, MicroWatts, MicroWh, view::MessageFilter};
use enerlink_store::{Store, heartbeats, messages, readings, registers, statuses};

const HEARTBEAT: &str =
    r#"{"qos":2,"status":"alive","uptime":33215145,"free_heap":226024,"timestamp":33215145}"#;
const STATUS: &str = r#"{"timestamp":33860400,"pwm":{"max_pwm":255,"led_duty":63},
    "grid":{"mode":"export","exporting":true,"importing":false},"mqtt":{"attempts":0,"connected":true},
    "wifi":{"ip":"192.168.1.2","rssi":-60,"connected":true},
    "motor":{"duty":0,"max_pwm":1023,"percent":0,"direction":"forward"},
    "motor1":{"duty":0,"percent":0,"direction":"forward"},"motor2":{"duty":0,"percent":0,"direction":"forward"},
    "system":{"free_heap":225968}}"#;
const NESTED: &str =
    r#"{"grid":{"export":{"settlement_energy_wh":15234.5},"import":{"settlement_energy_wh":2567.3}}}"#;

fn malformed() -> Vec<Vec<u8>> {
    let good = sensors(40_000_000, 2_000_000, 4_000);
    let mut variants: Vec<Vec<u8>> = [
        good[..good.len() / 2].to_owned(),
        good.replace("994.8", "\"994.8\""),
        good.replace("994.8", "NaN"),
        good.replace("994.8", "1e400"),
        good.replace("994.8", "Infinity"),
        good.replace("994.8", "0x10"),
        good.replace("994.8", "01"),
        good.replace("994.8", "true"),
        good.replace("994.8", "[1]"),
        good.replace("2.000000", "-2.000000"),
        good.replace("\"active\":true", "\"active\":\"yes\""),
        good.replace("\"state\":\"charging\"", "\"state\":7"),
        good.replace("40000000", "-5"),
        good.replace("40000000", "\"now\""),
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "{\"export\":5}".to_owned(),
        "{\"a\":".repeat(2_000) + "1" + &"}".repeat(2_000),
        "[".repeat(100_000),
        format!("{{\"pad\":\"{}\"}}", "x".repeat(1_000_000)),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    variants.push(vec![0xff, 0xfe, 0x00, 0x80]);
    variants.push(
        [
            b"{\"load\":{\"power\":1},\"x\":\"".as_slice(),
            &[0xc3, 0x28],
            b"\"}",
        ]
        .concat(),
    );
    variants
}

#[test]
fn documented_samples_are_stored_and_malformed_ones_refused_with_a_reason() {
    let mut household = Household::new(false);
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    let port = household.broker.port;
    household.publish_sensors();
    let shown = running.wait_for("a reading", |line| {
        line["event"] == "device" && !line["sensors"].is_null()
    });
    assert_eq!(
        shown["sensors"][1]["solar"]["power"], "1275800",
        "µW of 1275.8 mW"
    );
    publish(port, "home/energy-monitor/heartbeat", HEARTBEAT.as_bytes());
    publish(port, "home/energy-monitor/status", STATUS.as_bytes());
    let malformed = malformed();
    assert!(malformed.len() >= 20);
    for payload in &malformed {
        publish(port, "home/energy-monitor/sensors", payload);
    }
    household.export(50);
    running.wait_for("the next good message", |line| {
        line["event"] == "device" && line["sensors"][1]["export"]["total_energy"] == "51959955"
    });
    running.stop();

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(check_stored(&household, malformed.len()));
    let view = run(&[
        "--json",
        "meter",
        "status",
        "--data-dir",
        &household.path("profile"),
    ])
    .remove(0);
    assert_eq!(view["registers"]["export"], "51959955");
    assert_eq!(view["device"]["status"][1]["wifi_rssi"], -60);
}

async fn check_stored(household: &Household, malformed: usize) {
    let store = Store::open(&household.file("profile").join("enerlink.db"))
        .await
        .expect("the database opens");
    let reader = store.reader();
    let meter: MeterId = METER.parse().expect("an id");
    let counted = registers::load(&reader, &meter)
        .await
        .expect("readable")
        .expect("heard");
    assert_eq!(counted.export, MicroWh(51_959_955));
    assert_eq!(counted.first.export, MicroWh(1_959_955));

    let at = counted.baseline.expect("counted").received_at;
    let (_, last) = readings::last(&reader, &meter, at)
        .await
        .expect("readable")
        .expect("stored");
    let load = last.load.expect("load");
    assert_eq!(load.power, Some(MicroWatts(994_800)));
    assert_eq!(load.current, Some(MicroAmps(240_750)));
    assert_eq!(load.voltage, Some(MicroVolts(4_121_200)));
    let battery = last.battery.expect("battery");
    assert_eq!(battery.current, Some(MicroAmps(-36_490)));
    assert_eq!(last.battery_power(), Some(MicroWatts(152_200)));
    assert_eq!(
        last.grid_power(),
        Some(MicroWatts(38_600)),
        "an idle direction does not count"
    );
    let (_, heartbeat) = heartbeats::last(&reader, &meter)
        .await
        .expect("readable")
        .expect("stored");
    assert_eq!(
        (heartbeat.uptime_ms, heartbeat.free_heap),
        (Some(33_215_145), Some(226_024))
    );
    let (_, status) = statuses::last(&reader, &meter)
        .await
        .expect("readable")
        .expect("stored");
    assert_eq!((status.led_duty, status.motors.len()), (Some(63), 3));

    let refused = MessageFilter {
        accepted: Some(false),
        ..MessageFilter::default()
    };
    let refused = messages::list(&reader, &refused, 200, None)
        .await
        .expect("readable")
        .rows;
    assert_eq!(refused.len(), malformed, "each malformed message is logged");
    for message in &refused {
        assert!(
            message
                .reason
                .as_ref()
                .is_some_and(|reason| reason.contains(": ")),
            "{:?}",
            message.reason
        );
        // A byte that is no text is shown by a character of three.
        assert!(message.payload.len() <= 3 * 4096);
    }
}

#[test]
fn the_nested_shape_is_counted_by_its_settlement_counters() {
    let household = Household::new(false);
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    let topic = "home/energy-monitor/sensors";
    publish(household.broker.port, topic, NESTED.as_bytes());
    running.wait_for("a reading", |line| {
        line["event"] == "device" && !line["sensors"].is_null()
    });
    // Five kilowatts need a while for one watt-hour: the meter has no clock, so that the receipt decides.
    std::thread::sleep(std::time::Duration::from_secs(2));
    publish(
        household.broker.port,
        topic,
        NESTED.replace("15234.5", "15235.75").as_bytes(),
    );
    running.wait_for("the second reading", |line| {
        line["event"] == "device" && line["sensors"][1]["export"]["settlement_energy"] == "15235750000"
    });
    running.stop();
    let view = run(&[
        "--json",
        "meter",
        "status",
        "--data-dir",
        &household.path("profile"),
    ])
    .remove(0);
    assert_eq!(view["meter"]["source"], "settlement");
    assert_eq!(view["registers"]["export"], "1250000");
}
