//! Hostile text: what a meter, a stranger at the broker and a node say is shown as text, and neither runs nor asks
//! anybody for anything.

use std::{
    fs,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    thread,
};

use serde_json::{Value, json};

use crate::{
    support::{Household, anvil_with, publish},
    window::{ESCAPE, Window},
};

/// Short enough for a name that a device may choose.
const NAME: &str = "<img src=x onerror=ran=1>";

/// A script, a handler of an element that cannot be loaded, and an address that is a script; each tells `stranger`, should
/// it run.
fn hostile(stranger: &str) -> String {
    format!(
        "<script>window.ran=1;fetch('{stranger}')</script><img src='{stranger}' onerror='window.ran=1'>\
         <a href='javascript:window.ran=1'>x</a>"
    )
}

#[tokio::test]
async fn hostile_text_of_meter_broker_and_node_is_shown_as_text() {
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    stranger.set_nonblocking(true).expect("a socket");
    let text = hostile(&format!("http://{}/", stranger.local_addr().expect("an address")));
    let household = Household::bare(anvil_with(31337, &["--base-fee", "0", "--gas-price", "0"]));
    household.add_meter(&[]);
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    from_the_node(&window, &household.file("addresses.json"), &text).await;
    from_the_meter(&window, household.broker.port, &text).await;
    from_the_broker(&window, household.broker.port, &text).await;

    let asked = stranger.accept().map(|(_, address)| address);
    let nobody = asked
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    assert!(nobody, "{asked:?}");
    assert_eq!(window.run("return typeof window.ran").await, json!("undefined"));
    let made = "return document.querySelectorAll('script:not([src]), [onerror], [href^=javascript]').length";
    assert_eq!(window.run(made).await, json!(0));
    window.close().await;
}

/// The name of a relay stands beside its switch, a message that is no reading in the log.
async fn from_the_meter(window: &Window, port: u16, text: &str) {
    let status = json!({
        "timestamp": 33_860_400,
        "relay": { NAME: false },
        "system": { "free_heap": 225_968, "status": NAME },
        "mqtt": { "attempts": 0, "connected": true },
        "wifi": { "ip": NAME, "rssi": -60, "connected": true },
    });
    window.click("nav-meter").await;
    window.click("meter-open").await;
    window.click("meter-part-controls").await;
    publish(port, "home/energy-monitor/status", status.to_string().as_bytes());
    window
        .wait_text("output-row", "names the relay", |shown| shown.contains(NAME))
        .await;
    window.shoot_all("hostile-2-relay").await;

    publish(port, "home/energy-monitor/sensors", text.as_bytes());
    window.click("meter-part-messages").await;
    let refused = "[data-testid='messages'] tbody tr:has(.chip.bad) .unfold";
    window.find_css(refused).await.click().await.expect("a row");
    window
        .wait_text("message-payload", "is what was said", |shown| {
            shown.contains(text)
        })
        .await;
    window.shoot_all("hostile-3-message").await;
}

/// Whoever may publish can invent a base topic, which is offered where meters are looked for.
async fn from_the_broker(window: &Window, port: u16, text: &str) {
    window.click("meter-back").await;
    window.click("meter-add").await;
    window
        .replace("meter-broker", &format!("mqtt://127.0.0.1:{port}"))
        .await;
    window.click("add-find").await;
    window.find("listening").await;
    publish(
        port,
        &format!("{text}/sensors"),
        crate::support::sensors(1_000, 0, 0).as_bytes(),
    );
    window
        .wait_text("found-meter", "names the topic", |shown| shown.contains(text))
        .await;
    window.shoot_all("hostile-4-topic").await;
}

/// A node's words are part of the reason why it cannot be used.
async fn from_the_node(window: &Window, addresses: &Path, text: &str) {
    let node = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = node.local_addr().expect("an address").port();
    let words = text.to_owned();
    thread::spawn(move || {
        for stream in node.incoming().flatten() {
            let words = words.clone();
            thread::spawn(move || refuse(&stream, &words));
        }
    });
    window.click("change-network").await;
    let addresses = fs::read_to_string(addresses).expect("written");
    window.type_into("network-addresses", &addresses).await;
    window
        .replace("network-url", &format!("http://127.0.0.1:{port}"))
        .await;
    window.click("network-submit").await;
    window
        .wait_text("error-message", "says what the node says", |shown| {
            shown.contains(text)
        })
        .await;
    window.shoot_all("hostile-1-node").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='network-url']").await;
}

/// Refuses every call of JSON-RPC with these words.
fn refuse(stream: &TcpStream, words: &str) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            let header = line.to_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let call: Value = serde_json::from_slice(&body).expect("JSON");
        let error = json!({ "code": -32_000, "message": words });
        let answer = json!({ "jsonrpc": "2.0", "id": call["id"], "error": error }).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        let mut writer = stream;
        writer.write_all((head + &answer).as_bytes()).expect("answered");
    }
}
