//! The app's window under WebDriver: find, click, type, read, press keys, take pictures.

pub(crate) mod dialog;

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    elements::Element,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{PASSWORD, end_group, free_port};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(150);
/// The sizes a picture is taken at: the usual one and the smallest.
pub(crate) const SIZES: [(u32, u32); 2] = [(1280, 800), (1024, 700)];

/// The Control key in WebDriver.
pub(crate) const CONTROL: char = '\u{e009}';
/// The Escape key.
pub(crate) const ESCAPE: char = '\u{e00c}';
/// The Enter key.
pub(crate) const ENTER: char = '\u{e007}';
/// The Tab key.
pub(crate) const TAB: char = '\u{e004}';
/// The Shift key in WebDriver.
pub(crate) const SHIFT: char = '\u{e008}';
/// The space bar.
pub(crate) const SPACE: char = ' ';
/// The arrow key that points down.
pub(crate) const DOWN: char = '\u{e015}';
/// The arrow key that points up.
pub(crate) const UP: char = '\u{e013}';

/// Notes what nobody catches, and what a panic of the page says: it would leave a page that only looks alive.
const NOTE_ERRORS: &str = "window.testErrors = [];\
    const say = console.error;\
    console.error = (...words) => { window.testErrors.push(words.map(String).join(' ').slice(0, 500)); say(...words); };\
    addEventListener('error', event => window.testErrors.push(String(event.message)));\
    addEventListener('unhandledrejection', event => window.testErrors.push(String(event.reason)))";

/// tauri-driver, which starts the app for each session.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        end_group(&mut self.0);
    }
}

/// An open window.
pub(crate) struct Window {
    /// The WebDriver session.
    pub(crate) client: Client,
    screenshots: PathBuf,
    /// What the names of its pictures begin with.
    place: String,
    _driver: Driver,
    _web_data: tempfile::TempDir,
}

impl Window {
    /// Opens the app with `arguments` on `profile`.
    pub(crate) async fn open(arguments: &[&str], profile: &Path) -> Self {
        Self::open_with(arguments, profile, &[]).await
    }

    /// The same with these variables in its environment.
    pub(crate) async fn open_with(arguments: &[&str], profile: &Path, variables: &[(&str, &str)]) -> Self {
        let app = std::env::var("ENERLINK_APP").expect("run by `cargo xtask e2e`");
        Self::open_program(&app, arguments, profile, variables).await
    }

    /// The same with another program than the one that was just built.
    pub(crate) async fn open_program(
        program: &str,
        arguments: &[&str],
        profile: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let screenshots =
            PathBuf::from(std::env::var("ENERLINK_SCREENSHOTS").expect("run by `cargo xtask e2e`"));
        fs::create_dir_all(&screenshots).expect("writable");
        let web_data = tempfile::tempdir().expect("directory");
        let port = free_port();
        let driver = drive(port, web_data.path(), variables);
        let mut arguments: Vec<&str> = arguments.to_vec();
        let profile = profile.display().to_string();
        arguments.extend(["--data-dir", &profile]);
        let capabilities = json!({ "tauri:options": { "application": program, "args": arguments } });
        let client = connect(port, &capabilities).await;
        let window = Self {
            client,
            screenshots,
            place: String::new(),
            _driver: driver,
            _web_data: web_data,
        };
        window.run(NOTE_ERRORS).await;
        window.resize(SIZES[0]).await;
        window
    }

    /// The same, with pictures that tell where they were taken: what is walked in several places has several sets.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.place = format!("{place}-");
        self
    }

    /// Gives the window a size, and waits until the page has it: a click on a page that moves goes astray. A desktop may
    /// refuse a size.
    async fn resize(&self, (width, height): (u32, u32)) {
        self.client.set_window_size(width, height).await.expect("sized");
        let deadline = Instant::now() + Duration::from_secs(3);
        while self.run("return window.innerWidth").await != json!(width) && Instant::now() < deadline {
            sleep(PAUSE).await;
        }
    }

    /// Closes the window, which ends the app; nothing in it may have broken down.
    pub(crate) async fn close(self) {
        self.has_no_errors().await;
        self.client.clone().close().await.expect("closed");
    }

    async fn has_no_errors(&self) {
        let errors = self.run("return window.testErrors").await;
        assert_eq!(errors, json!([]), "the page has panicked");
    }

    /// Waits for the element with this test id.
    pub(crate) async fn find(&self, id: &str) -> Element {
        self.find_css(&format!("[data-testid='{id}']")).await
    }

    /// Waits for an element.
    pub(crate) async fn find_css(&self, selector: &str) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(selector))
            .await;
        match found {
            Ok(found) => found,
            Err(error) => {
                self.shoot_failure().await;
                panic!("no {selector}: {error}");
            }
        }
    }

    /// Every element that is there now.
    pub(crate) async fn all(&self, selector: &str) -> Vec<Element> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.client.find_all(Locator::Css(selector)).await {
                Ok(found) => return found,
                // One of them may go while they are being named.
                Err(error) if error.is_stale_element_reference() && Instant::now() < deadline => {}
                Err(error) => panic!("{selector}: {error}"),
            }
        }
    }

    /// Waits until nothing matches.
    pub(crate) async fn wait_gone(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.all(selector).await.is_empty() {
            if Instant::now() > deadline {
                self.shoot_failure().await;
                panic!("{selector} stays");
            }
            sleep(PAUSE).await;
        }
    }

    /// Presses a button as a screen reader does: a synthesized pointer may miss a page that is being laid out.
    pub(crate) async fn click(&self, id: &str) {
        // What was typed before may still be on its way to the page.
        self.find_css(&format!("[data-testid='{id}']:not(:disabled)"))
            .await;
        self.run(&format!(
            "document.querySelector(\"[data-testid='{id}']\").click()"
        ))
        .await;
    }

    pub(crate) async fn type_into(&self, id: &str, text: &str) {
        self.find(id)
            .await
            .send_keys(text)
            .await
            .unwrap_or_else(|error| panic!("{id} can be typed into: {error}"));
    }

    /// Types over what a field holds.
    pub(crate) async fn replace(&self, id: &str, text: &str) {
        self.find(id).await.clear().await.expect("cleared");
        self.type_into(id, text).await;
    }

    /// Chooses the option with this value from a list.
    pub(crate) async fn choose(&self, id: &str, value: &str) {
        self.find_css(&format!("[data-testid='{id}'] option[value='{value}']"))
            .await;
        self.run(&format!(
            "const list = document.querySelector(\"[data-testid='{id}']\"); list.value = '{value}'; \
             list.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        ))
        .await;
    }

    /// Presses keys together and lets them go.
    pub(crate) async fn press(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keyboard".into());
        for value in keys {
            actions = actions.then(KeyAction::Down { value: *value });
        }
        for value in keys.iter().rev() {
            actions = actions.then(KeyAction::Up { value: *value });
        }
        self.client.perform_actions(actions).await.expect("keys");
    }

    /// Types on the keyboard, into whatever has the focus.
    pub(crate) async fn type_keys(&self, text: &str) {
        for letter in text.chars() {
            self.press(&[letter]).await;
        }
    }

    /// Types over what the field with the focus holds.
    pub(crate) async fn type_over(&self, text: &str) {
        self.press(&[CONTROL, 'a']).await;
        self.type_keys(text).await;
    }

    /// Goes on with Tab until `id` has the focus.
    pub(crate) async fn tab_to(&self, id: &str) {
        self.step_to(&[TAB], id).await;
    }

    /// Goes back with Tab until `id` has the focus.
    pub(crate) async fn tab_back_to(&self, id: &str) {
        self.step_to(&[SHIFT, TAB], id).await;
    }

    async fn step_to(&self, keys: &[char], id: &str) {
        for _ in 0..40 {
            if self.focused().await == id {
                return;
            }
            self.press(keys).await;
        }
        self.shoot_failure().await;
        panic!("the Tab key does not reach {id}");
    }

    /// Waits until `id` has the focus by itself.
    pub(crate) async fn wait_focus(&self, id: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.focused().await != id {
            if Instant::now() > deadline {
                self.shoot_failure().await;
                panic!("{id} never has the focus: {}", self.focused().await);
            }
            sleep(PAUSE).await;
        }
    }

    /// The test id of what has the focus.
    async fn focused(&self) -> String {
        let focused = self
            .run("return document.activeElement?.dataset?.testid ?? ''")
            .await;
        focused.as_str().unwrap_or_default().to_owned()
    }

    /// The words of the phrase, read while the button that shows them is held by `key`; they are gone afterwards.
    pub(crate) async fn words_while_held(&self, key: char) -> Vec<String> {
        self.hold(key).await;
        let words = self.phrase().await;
        self.let_go(key).await;
        let covered = self.phrase().await;
        assert!(
            covered.iter().all(|word| !words.contains(word)),
            "nothing of the phrase stays in the page"
        );
        words
    }

    /// Begins to hold `key` on the button that shows the phrase.
    pub(crate) async fn hold(&self, key: char) {
        self.wait_focus("phrase-hold").await;
        let hold = KeyActions::new("keyboard".into()).then(KeyAction::Down { value: key });
        self.client.perform_actions(hold).await.expect("keys");
    }

    /// Lets `key` go.
    pub(crate) async fn let_go(&self, key: char) {
        let release = KeyActions::new("keyboard".into()).then(KeyAction::Up { value: key });
        self.client.perform_actions(release).await.expect("keys");
    }

    /// What stands in the places of the words.
    async fn phrase(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll(\"[data-testid='phrase-word']\")].map(word => word.textContent)";
        serde_json::from_value(self.run(script).await).expect("words")
    }

    /// The text of an element, whether it is scrolled into view or not.
    pub(crate) async fn text(&self, id: &str) -> String {
        let text = self.find(id).await.prop("textContent").await;
        text.ok().flatten().unwrap_or_default()
    }

    /// Waits until the text of `id` satisfies `wanted`.
    pub(crate) async fn wait_text(&self, id: &str, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_css_text(&format!("[data-testid='{id}']"), what, wanted)
            .await
    }

    /// The same of the first element that `selector` finds.
    pub(crate) async fn wait_css_text(
        &self,
        selector: &str,
        what: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.find_css(selector).await.prop("textContent").await;
            let text = text.ok().flatten().unwrap_or_default();
            if wanted(&text) {
                return text;
            }
            if Instant::now() > deadline {
                self.shoot_failure().await;
                panic!("{selector} never {what}: {text:?}");
            }
            sleep(PAUSE).await;
        }
    }

    /// Waits for what went wrong under `code`, and answers what is said and what is to be done.
    pub(crate) async fn problem(&self, code: &str) -> (String, String) {
        let parts = ["error-message", "error-next-step"]
            .map(|part| format!("[data-code='{code}'] [data-testid='{part}']"));
        let mut said = Vec::new();
        for selector in &parts {
            let text = self.find_css(selector).await.text().await.expect("text");
            assert!(text.len() > 10 && text.ends_with('.'), "{selector}: {text:?}");
            said.push(text);
        }
        let next = said.pop().unwrap_or_default();
        (said.pop().unwrap_or_default(), next)
    }

    /// Opens the wallet on the unlock page.
    pub(crate) async fn unlock(&self) {
        self.type_into("unlock-password", PASSWORD).await;
        self.click("unlock-submit").await;
        self.find_css("[data-testid='key-state'][data-state='unlocked']")
            .await;
    }

    /// What a script of the driver answers.
    pub(crate) async fn run(&self, script: &str) -> serde_json::Value {
        self.client
            .execute(script, vec![])
            .await
            .expect("scripts of the driver run")
    }

    pub(crate) async fn shoot(&self, name: &str) {
        if let Ok(picture) = self.client.screenshot().await {
            let _ = fs::write(self.picture(name), picture);
        }
    }

    /// Where a picture of this name is kept.
    pub(crate) fn picture(&self, name: &str) -> PathBuf {
        self.screenshots.join(format!("{}{name}.png", self.place))
    }

    async fn shoot_failure(&self) {
        let thread = std::thread::current();
        self.shoot(&format!("failed-{}", thread.name().unwrap_or("test")))
            .await;
        // What follows from a panic is not worth a word.
        self.has_no_errors().await;
    }

    /// Screenshots at both sizes and in both themes; nothing may be wider than the window.
    pub(crate) async fn shoot_all(&self, name: &str) {
        for (width, height) in SIZES {
            self.resize((width, height)).await;
            for theme in ["light", "dark"] {
                self.set_theme(theme).await;
                self.come_to_rest().await;
                self.shoot(&format!("{name}-{width}-{theme}")).await;
            }
            let script = "return [document.documentElement, ...document.querySelectorAll('.page, .card, .tile > *')]\
                .filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.className + ': ' + part.textContent)";
            assert_eq!(self.run(script).await, json!([]), "{name} is cut at {width}");
        }
        self.set_theme("light").await;
        self.resize(SIZES[0]).await;
    }

    /// What axe-core finds serious or critical on the page as it is in this theme: the rule, and where.
    pub(crate) async fn violations(&self, theme: &str) -> Vec<serde_json::Value> {
        self.set_theme(theme).await;
        self.come_to_rest().await;
        if self.run("return typeof axe").await == json!("undefined") {
            let file =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/node_modules/axe-core/axe.min.js");
            let source = fs::read_to_string(file).expect("`cargo xtask e2e` installs axe-core");
            self.run(&format!("{source}; window.axe = axe")).await;
        }
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations \
                .filter(({ impact }) => impact === 'serious' || impact === 'critical') \
                .map(({ id, nodes }) => [id, ...nodes.slice(0, 5).map(node => node.target.join(' ') + ': ' + node.failureSummary)])), \
                error => done([String(error)]))";
        let found = self.client.execute_async(script, vec![]).await;
        self.set_theme("light").await;
        serde_json::from_value(found.expect("axe-core runs")).expect("a list")
    }

    /// Waits, not for long, until the font is there and nothing is on its way to another colour or place.
    async fn come_to_rest(&self) {
        sleep(Duration::from_millis(400)).await;
        let script = "return document.fonts.status === 'loaded' \
            && !document.getAnimations().some(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))";
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.run(script).await != json!(true) && Instant::now() < deadline {
            sleep(PAUSE).await;
        }
    }

    async fn set_theme(&self, theme: &str) {
        self.run(&format!(
            "document.documentElement.setAttribute('data-theme', '{theme}')"
        ))
        .await;
    }
}

/// Starts the driver on `port`. What the web view keeps, and what the desktop is told, goes to `web_data`, so that windows do not share it.
fn drive(port: u16, web_data: &Path, variables: &[(&str, &str)]) -> Driver {
    let driver = Command::new("tauri-driver")
        .args(["--port", &port.to_string()])
        .args(["--native-port", &free_port().to_string()])
        .env("XDG_DATA_HOME", web_data.join("data"))
        .env("XDG_CACHE_HOME", web_data.join("cache"))
        .env("XDG_CONFIG_HOME", web_data.join("config"))
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("`cargo xtask e2e` installs tauri-driver");
    Driver(driver)
}

async fn connect(port: u16, capabilities: &serde_json::Value) -> Client {
    let capabilities = capabilities.as_object().expect("an object").clone();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let built = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        match built {
            Ok(client) => return client,
            Err(error) => assert!(Instant::now() < deadline, "the window opens: {error}"),
        }
        sleep(PAUSE).await;
    }
}
