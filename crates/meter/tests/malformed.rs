//! Messages that are refused: with the right reason, naming the field, and without a panic for any bytes.

use enerlink_domain::reading::Units;
use enerlink_meter::{Channel, MAX_DEPTH, MAX_PAYLOAD, Message, decode};
use proptest::prelude::*;

/// What the refusal of `payload` says: its code and its sentence.
fn refusal(channel: Channel, payload: &[u8]) -> (&'static str, String) {
    match decode(channel, payload, Units::Milli) {
        Ok(message) => panic!("{}: accepted as {message:?}", String::from_utf8_lossy(payload)),
        Err(error) => (error.reason(), error.to_string()),
    }
}

#[test]
fn hostile_sensors_are_refused_with_the_field_and_the_reason() {
    for (text, reason, sentence) in [
        ("", "truncated", "the message is cut off"),
        ("   \n", "truncated", "the message is cut off"),
        (r#"{"load":{"power":994.8"#, "truncated", "the message is cut off"),
        (r#"{"load":{"power":99"#, "truncated", "the message is cut off"),
        (r#"{"load""#, "truncated", "the message is cut off"),
        (
            r#"{"load":{"state":"chargi"#,
            "truncated",
            "the message is cut off",
        ),
        (
            r#"[{"load":{}}]"#,
            "not_an_object",
            "the message is an array, not an object",
        ),
        (
            r#""load""#,
            "not_an_object",
            "the message is a string, not an object",
        ),
        ("42", "not_an_object", "the message is a number, not an object"),
        ("null", "not_an_object", "the message is null, not an object"),
        (
            r#"{"load":{"power":"994.8"}}"#,
            "wrong_type",
            "load.power is a string, not a number",
        ),
        (
            r#"{"load":{"power":true}}"#,
            "wrong_type",
            "load.power is a boolean, not a number",
        ),
        (
            r#"{"load":{"power":[1]}}"#,
            "wrong_type",
            "load.power is an array, not a number",
        ),
        (
            r#"{"load":{"voltage":{"v":1}}}"#,
            "wrong_type",
            "load.voltage is an object, not a number",
        ),
        (
            r#"{"load":994.8}"#,
            "wrong_type",
            "load is a number, not an object",
        ),
        (r#"{"grid":[]}"#, "wrong_type", "grid is an array, not an object"),
        (
            r#"{"grid":{"export":7}}"#,
            "wrong_type",
            "grid.export is a number, not an object",
        ),
        (
            r#"{"export":{"active":1}}"#,
            "wrong_type",
            "export.active is a number, not a boolean",
        ),
        (
            r#"{"solar":{"generating":"yes"}}"#,
            "wrong_type",
            "solar.generating is a string, not a boolean",
        ),
        (
            r#"{"battery":{"state":1}}"#,
            "wrong_type",
            "battery.state is a number, not a string",
        ),
        (
            r#"{"timestamp":"33857692","load":{}}"#,
            "wrong_type",
            "timestamp is a string, not a number",
        ),
        (
            r#"{"meterId":17,"load":{}}"#,
            "wrong_type",
            "meterId is a number, not a string",
        ),
        (
            r#"{"timestamp":-1,"load":{}}"#,
            "negative",
            "timestamp is negative",
        ),
        (
            r#"{"timestamp":1e30,"load":{}}"#,
            "out_of_range",
            "timestamp is out of range",
        ),
        (
            r#"{"load":{"power":1e400}}"#,
            "out_of_range",
            "load.power is out of range",
        ),
        (
            r#"{"load":{"power":-1e400}}"#,
            "out_of_range",
            "load.power is out of range",
        ),
        (
            r#"{"load":{"power":1e300}}"#,
            "out_of_range",
            "load.power is out of range",
        ),
        (
            r#"{"export":{"total_energy_wh":9223372036854.775808}}"#,
            "out_of_range",
            "export.total_energy_wh is out of range",
        ),
        (
            r#"{"export":{"total_energy_wh":-0.01}}"#,
            "negative",
            "export.total_energy_wh is negative",
        ),
        (
            r#"{"grid":{"import":{"settlement_energy_wh":-5}}}"#,
            "negative",
            "grid.import.settlement_energy_wh is negative",
        ),
        (
            r#"{"export":{"power":1,"power":2}}"#,
            "duplicate",
            "export.power occurs twice",
        ),
        (r#"{"load":{},"load":{}}"#, "duplicate", "load occurs twice"),
        (r#"{"load":{},"lo\u0061d":{}}"#, "duplicate", "load occurs twice"),
        (
            r#"{"export":{},"grid":{"export":{}}}"#,
            "duplicate",
            "grid.export occurs twice",
        ),
        (
            r#"{"meterId":"A","meter_id":"B","load":{}}"#,
            "duplicate",
            "meter_id occurs twice",
        ),
        (
            r#"{"meterId":"a/b","load":{}}"#,
            "bad_meter_id",
            "the meter id in the message is not a valid meter id",
        ),
        (
            r#"{"meterId":"","load":{}}"#,
            "bad_meter_id",
            "the meter id in the message is not a valid meter id",
        ),
        ("{}", "no_groups", "the message has none of the documented groups"),
        (
            r#"{"timestamp":1}"#,
            "no_groups",
            "the message has none of the documented groups",
        ),
        (
            r#"{"load":null,"grid":{"mode":"off"}}"#,
            "no_groups",
            "the message has none of the documented groups",
        ),
    ] {
        assert_eq!(
            refusal(Channel::Sensors, text.as_bytes()),
            (reason, sentence.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn what_is_not_json_is_refused_at_the_field() {
    for (text, field) in [
        (r#"{"load":{"power":NaN}}"#, "load.power"),
        (r#"{"timestamp":NaN,"load":{}}"#, "timestamp"),
        (r#"{"load":{},"solar":{"power":-Infinity}}"#, "solar.power"),
        (
            "{\n \"load\": {\"voltage\": 1,\n  \"p\\\"{\": 2, \"é\": nul}}",
            "load.é",
        ),
        (
            r#"{"grid":{"export":{},"import":{"total_energy_wh":[1,2,{"a":b}]}}}"#,
            "grid.import.total_energy_wh.a",
        ),
        (r#"{"load":{"power":01}}"#, "load.power"),
        (r#"{"load":{"power":+1}}"#, "load.power"),
        (r#"{"load":{"power":.5}}"#, "load.power"),
        (r#"{"load":{"power":1,}}"#, "load"),
        (r#"{"load":{"power":0x10}}"#, "load.power"),
        (r#"{'load':{}}"#, "$"),
        (r#"{"load":{}} {"load":{}}"#, "$"),
        (r#"{"load":{}}garbage"#, "$"),
        ("\u{feff}{}", "$"),
        ("{\"lo\u{1}ad\":{}}", "$"),
        ("meter says hello", "$"),
    ] {
        let (reason, sentence) = refusal(Channel::Sensors, text.as_bytes());
        assert_eq!(reason, "not_json", "{text}: {sentence}");
        let named = format!("the message is not JSON, at {field}: ");
        assert!(sentence.starts_with(&named), "{text}: {sentence}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let (reason, sentence) = refusal(Channel::Sensors, b"{\"load\":\"\xff\xfe\"}");
    assert_eq!(
        (reason, sentence.as_str()),
        ("not_utf8", "the message is not UTF-8 from byte 9 on")
    );
}

#[test]
fn size_and_depth_are_bounded_before_anything_is_parsed() {
    let padded = |size: usize| format!("{{\"load\":{{}}{}}}", " ".repeat(size - 11));
    assert!(decode(Channel::Sensors, padded(MAX_PAYLOAD).as_bytes(), Units::Milli).is_ok());
    assert_eq!(
        refusal(Channel::Sensors, padded(MAX_PAYLOAD + 1).as_bytes()).0,
        "too_large"
    );

    let nested = |depth: usize| {
        format!(
            "{{\"load\":{{}},\"x\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(decode(Channel::Sensors, nested(MAX_DEPTH).as_bytes(), Units::Milli).is_ok());
    assert_eq!(
        refusal(Channel::Sensors, nested(MAX_DEPTH + 1).as_bytes()).0,
        "too_deep"
    );
    assert_eq!(
        refusal(Channel::Sensors, "[".repeat(60_000).as_bytes()).0,
        "too_deep"
    );
    // Brackets within a text are no depth.
    let text = format!(r#"{{"load":{{}},"x":"\"{}"}}"#, "[{".repeat(100));
    assert!(decode(Channel::Sensors, text.as_bytes(), Units::Milli).is_ok());
}

#[test]
fn other_channels_refuse_what_they_cannot_use() {
    for (channel, text, reason) in [
        (Channel::Heartbeat, r#"{"uptime":1}"#, "missing"),
        (Channel::Heartbeat, r#"{"status":null}"#, "missing"),
        (Channel::Heartbeat, r#"{"status":"zombie"}"#, "unknown_word"),
        (
            Channel::Heartbeat,
            r#"{"status":"alive","qos":256}"#,
            "out_of_range",
        ),
        (Channel::Heartbeat, r#"{"status":"alive","qos":-1}"#, "negative"),
        (
            Channel::Heartbeat,
            r#"{"status":"alive","uptime":"1"}"#,
            "wrong_type",
        ),
        (Channel::Status, "{}", "no_groups"),
        (Channel::Status, r#"{"grid":{"mode":"sideways"}}"#, "unknown_word"),
        (Channel::Status, r#"{"grid":{"mode":true}}"#, "wrong_type"),
        (Channel::Status, r#"{"motor":{"percent":-1}}"#, "negative"),
        (Channel::Status, r#"{"motor7":[]}"#, "wrong_type"),
        (
            Channel::Status,
            r#"{"wifi":{"rssi":-99999999999}}"#,
            "out_of_range",
        ),
        (Channel::Status, r#"{"data":{}}"#, "no_groups"),
        (
            Channel::Status,
            r#"{"data":{"device_role":"meter"}}"#,
            "no_groups",
        ),
        (
            Channel::Status,
            r#"{"data":{"grid":{"mode":"sideways"}}}"#,
            "unknown_word",
        ),
        (
            Channel::Status,
            r#"{"data":{"system":{"uptime":-5}}}"#,
            "negative",
        ),
        (
            Channel::Status,
            r#"{"data":{"relay":{"a":true,"a":false}}}"#,
            "duplicate",
        ),
        (Channel::Response, r#"{"ok":true}"#, "missing"),
        (Channel::Response, r#"{"correlation_id":"c"}"#, "missing"),
        (
            Channel::Response,
            r#"{"correlation_id":"c","ok":"true"}"#,
            "wrong_type",
        ),
        (
            Channel::Response,
            r#"{"correlation_id":"c","ok":true,"counters":{"export_wh":-1}}"#,
            "negative",
        ),
        (
            Channel::Response,
            r#"{"correlation_id":"\ud800","ok":true}"#,
            "not_json",
        ),
    ] {
        assert_eq!(refusal(channel, text.as_bytes()).0, reason, "{text}");
    }
    let long = format!(r#"{{"correlation_id":"{}","ok":true}}"#, "c".repeat(65));
    assert_eq!(refusal(Channel::Response, long.as_bytes()).0, "too_long");
}

#[test]
fn an_unknown_battery_state_does_not_cost_the_counters() {
    let text = r#"{"battery":{"state":"<script>"},"export":{"total_energy_wh":2}}"#;
    let Ok(Message::Sensors(sensors)) = decode(Channel::Sensors, text.as_bytes(), Units::Milli) else {
        panic!("refused");
    };
    assert_eq!(sensors.battery.expect("battery").state, None);
    assert!(sensors.export.expect("export").total_energy.is_some());
}

#[test]
fn many_fields_take_no_quadratic_time() {
    let fields: Vec<String> = (0..6000).map(|number| format!("\"{number}\":1")).collect();
    let text = format!("{{\"load\":{{}},{}}}", fields.join(","));
    // The fastest of some tries: a shared machine may stand still in one of them.
    let fastest = (0..5).map(|_| {
        let started = std::time::Instant::now();
        assert!(decode(Channel::Sensors, text.as_bytes(), Units::Milli).is_ok());
        started.elapsed()
    });
    assert!(fastest.min() < Some(std::time::Duration::from_millis(500)));
}

/// Text that is nearly a message: valid pieces in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\"load\"",
        "\"data\"",
        "\"units\"",
        "\"datetime\"",
        "\"sensors\"",
        "\"relay\"",
        "\"export\"",
        "\"grid\"",
        "\"power\"",
        "\"state\"",
        "\"total_energy_wh\"",
        "\"timestamp\"",
        "\"status\"",
        "\"motor\"",
        "\"correlation_id\"",
        "\"ok\"",
        "true",
        "null",
        "1",
        "-1",
        "1e400",
        "0.000001",
        "\"alive\"",
        "\"\\ud800\"",
        " ",
        "é",
        "\u{0}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for channel in Channel::ALL {
            let _ = decode(channel, &bytes, Units::Milli);
        }
    }

    #[test]
    fn no_text_panics(text in nearly_json()) {
        for channel in Channel::ALL {
            let _ = decode(channel, text.as_bytes(), Units::Base);
        }
    }

    #[test]
    fn a_counter_survives_any_digits(micro in 0_u64..=i64::MAX as u64) {
        let text = format!(r#"{{"export":{{"total_energy_wh":{}.{:06}}}}}"#, micro / 1_000_000, micro % 1_000_000);
        let Ok(Message::Sensors(sensors)) = decode(Channel::Sensors, text.as_bytes(), Units::Milli) else {
            return Err(TestCaseError::fail(text));
        };
        prop_assert_eq!(sensors.export.expect("export").total_energy.expect("counter").0, micro);
    }
}
