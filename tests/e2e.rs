//! The real window, driven by WebDriver: create a wallet, write the phrase down, unlock, watch, settle. Screenshots
//! are saved for people to look at. Run by `cargo xtask e2e`, which provides the display and the driver.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

const PASSWORD: &str = "correct horse battery staple 42";
const PATIENCE: Duration = Duration::from_secs(30);

/// tauri-driver, which starts the app for each session.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Window {
    client: Client,
    screenshots: PathBuf,
    _driver: Driver,
    _profile: tempfile::TempDir,
}

impl Window {
    /// Opens the app with `arguments` in a profile of its own.
    async fn open(arguments: &[&str]) -> Self {
        let app = std::env::var("ENERLINK_APP").expect("run by `cargo xtask e2e`");
        let screenshots =
            PathBuf::from(std::env::var("ENERLINK_SCREENSHOTS").expect("run by `cargo xtask e2e`"));
        fs::create_dir_all(&screenshots).expect("writable");
        let profile = tempfile::tempdir().expect("directory");
        let (port, native) = (free_port(), free_port());
        let driver = Command::new("tauri-driver")
            .args(["--port", &port.to_string(), "--native-port", &native.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`cargo xtask e2e` installs tauri-driver");
        let driver = Driver(driver);
        let data_dir = profile.path().join("profile");
        let mut all: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        all.extend(["--data-dir".to_owned(), data_dir.display().to_string()]);
        let capabilities = json!({ "tauri:options": { "application": app, "args": all } });
        let capabilities = capabilities.as_object().expect("an object").clone();
        let mut client = None;
        for _ in 0..100 {
            let built = ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&format!("http://127.0.0.1:{port}"))
                .await;
            match built {
                Ok(built) => {
                    client = Some(built);
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
        let client = client.expect("the window opens");
        client.set_window_size(1280, 800).await.expect("sized");
        Self {
            client,
            screenshots,
            _driver: driver,
            _profile: profile,
        }
    }

    /// Waits for the element with this test id.
    async fn find(&self, id: &str) -> fantoccini::elements::Element {
        let selector = format!("[data-testid='{id}']");
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(&selector))
            .await;
        match found {
            Ok(found) => found,
            Err(error) => {
                self.shoot("failed").await;
                panic!("no {id}: {error}");
            }
        }
    }

    async fn click(&self, id: &str) {
        self.find(id)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("{id} can be clicked: {error}"));
    }

    async fn type_into(&self, id: &str, text: &str) {
        self.find(id)
            .await
            .send_keys(text)
            .await
            .unwrap_or_else(|error| panic!("{id} can be typed into: {error}"));
    }

    async fn text(&self, id: &str) -> String {
        self.find(id).await.text().await.unwrap_or_default()
    }

    async fn all(&self, selector: &str) -> Vec<fantoccini::elements::Element> {
        self.client
            .find_all(Locator::Css(selector))
            .await
            .expect("a selector")
    }

    /// Waits until the text of `id` satisfies `wanted`.
    async fn wait_text(&self, id: &str, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let text = self.text(id).await;
            if wanted(&text) {
                return text;
            }
            if tokio::time::Instant::now() > deadline {
                self.shoot("failed").await;
                panic!("{id} never {what}: {text:?}");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn shoot(&self, name: &str) {
        if let Ok(picture) = self.client.screenshot().await {
            let _ = fs::write(self.screenshots.join(format!("{name}.png")), picture);
        }
    }

    /// Screenshots at both sizes and in both themes.
    async fn shoot_all(&self, name: &str) {
        for (width, height) in [(1280, 800), (1024, 700)] {
            self.client.set_window_size(width, height).await.expect("sized");
            for theme in ["light", "dark"] {
                self.set_theme(theme).await;
                tokio::time::sleep(Duration::from_millis(700)).await;
                self.shoot(&format!("{name}-{width}-{theme}")).await;
            }
        }
        self.set_theme("light").await;
        self.client.set_window_size(1280, 800).await.expect("sized");
    }

    async fn set_theme(&self, theme: &str) {
        let script = "document.documentElement.setAttribute('data-theme', arguments[0])";
        self.client
            .execute(script, vec![json!(theme)])
            .await
            .expect("scripts of the driver run");
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("bound").port()
}

/// Creates a wallet, writes its phrase down and answers the quiz.
async fn create_wallet(window: &Window) {
    window.type_into("create-name", "Rumah Surya").await;
    window.type_into("create-password", PASSWORD).await;
    window.type_into("create-password-again", PASSWORD).await;
    window.shoot_all("create").await;
    window.click("create-submit").await;
    window.type_into("reveal-password", PASSWORD).await;
    window.click("reveal-submit").await;
    window.find("phrase-word").await;
    let mut words = Vec::new();
    for element in window.all("[data-testid='phrase-word']").await {
        words.push(
            element
                .attr("data-word")
                .await
                .expect("attributes")
                .unwrap_or(element.text().await.expect("text")),
        );
    }
    assert_eq!(words.len(), 12, "{}", words.len());
    window.shoot_all("phrase").await;
    window.click("phrase-continue").await;
    window.find("quiz-word").await;
    for element in window.all("[data-testid='quiz-word']").await {
        let index: usize = element
            .attr("data-index")
            .await
            .expect("attributes")
            .expect("an index")
            .parse()
            .expect("a number");
        element
            .send_keys(words[index].split_whitespace().last().expect("a word"))
            .await
            .expect("typed");
    }
    window.click("quiz-submit").await;
}

#[tokio::test]
async fn a_household_creates_a_wallet_and_settles_its_surplus() {
    let window = Window::open(&["demo", "--seed", "1", "--speed", "20"]).await;
    create_wallet(&window).await;

    window.type_into("unlock-password", "not the password").await;
    window.click("unlock-submit").await;
    window.find("error-message").await;
    window.shoot("unlock-wrong").await;
    let field = window.find("unlock-password").await;
    field.clear().await.expect("cleared");
    field.send_keys(PASSWORD).await.expect("typed");
    window.click("unlock-submit").await;

    let before = window
        .wait_text("power-solar", "shows power", |text| text.contains('W'))
        .await;
    window
        .wait_text("power-solar", "changes", |text| text != before)
        .await;
    window
        .wait_text("countdown", "counts down", |text| text.contains(':'))
        .await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while window
        .find("settle-now")
        .await
        .attr("disabled")
        .await
        .expect("attributes")
        .is_some()
    {
        assert!(
            tokio::time::Instant::now() < deadline,
            "nothing to settle in time"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    window.click("settle-now").await;
    let row = "[data-testid='settlement-row'][data-status='SUCCESS']";
    let settled = window
        .client
        .wait()
        .at_most(PATIENCE)
        .for_element(Locator::Css(row))
        .await;
    if settled.is_err() {
        window.shoot("failed").await;
    }
    settled.expect("a settlement succeeds");
    window
        .wait_text("etk-balance", "rises", |text| {
            text.chars().any(|letter| ('1'..='9').contains(&letter))
        })
        .await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    window.shoot_all("home").await;

    window.click("lock").await;
    window.find("unlock-password").await;
    window.shoot_all("locked").await;
    window.client.clone().close().await.expect("closed");
}

#[tokio::test]
async fn a_new_profile_says_what_is_missing_and_nothing_leaves_the_window() {
    let window = Window::open(&[]).await;
    create_wallet(&window).await;
    window.type_into("unlock-password", PASSWORD).await;
    window.click("unlock-submit").await;
    window.find("lock").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    window.shoot_all("empty").await;
    // The policy of the page: no evaluation, no inline script, no connection elsewhere.
    let script = "try { eval('1'); return 'ran' } catch (error) { return 'refused' }";
    let answer = window
        .client
        .execute(script, vec![])
        .await
        .expect("scripts of the driver run");
    assert_eq!(answer, json!("refused"), "eval");
    let script = "const done = arguments[arguments.length - 1]; fetch('http://127.0.0.1:9/').then(() => done('sent'), error => done(String(error)))";
    let answer = window
        .client
        .execute_async(script, vec![])
        .await
        .expect("scripts of the driver run");
    assert_ne!(answer, json!("sent"));
    let script = "return typeof window.__TAURI__";
    assert_eq!(
        window.client.execute(script, vec![]).await.expect("run"),
        json!("undefined")
    );
    window.client.clone().close().await.expect("closed");
}
