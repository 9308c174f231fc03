//! The window's commands on Tauri's mock runtime, with a real engine on a real profile and a person who picks files.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use enerlink_engine::{Config, Engine, KdfParams, Keystore, Parts, SystemClock};
use enerlink_wallet::{Dialogs, Login, Question};
use serde_json::{Value, json};
use tauri::{
    App, WebviewWindow,
    ipc::{CallbackFn, InvokeBody},
    test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets},
    webview::InvokeRequest,
};

/// The password of every vault here.
pub(crate) const PASSWORD: &str = "marker-password seven roofs 4711";

/// What the person answers to the next dialogs, and what was asked.
#[derive(Clone, Default)]
pub(crate) struct Person {
    answers: Arc<Mutex<VecDeque<Vec<PathBuf>>>>,
    asked: Arc<Mutex<Vec<Question>>>,
}

impl Person {
    /// Picks these files in the next dialog; none to cancel it.
    pub(crate) fn picks(&self, paths: &[&Path]) {
        let paths = paths.iter().map(|path| path.to_path_buf()).collect();
        self.answers.lock().expect("not poisoned").push_back(paths);
    }

    /// What was asked last.
    pub(crate) fn last_asked(&self) -> Option<Question> {
        self.asked.lock().expect("not poisoned").last().cloned()
    }

    fn dialogs(&self) -> Dialogs {
        let person = self.clone();
        Dialogs::new(move |question| {
            person.asked.lock().expect("not poisoned").push(question);
            let answer = person.answers.lock().expect("not poisoned").pop_front();
            Box::pin(std::future::ready(answer.unwrap_or_default()))
        })
    }
}

/// A window on a profile of its own.
pub(crate) struct Shell {
    pub(crate) engine: Engine,
    pub(crate) person: Person,
    pub(crate) directory: tempfile::TempDir,
    window: WebviewWindow<MockRuntime>,
    _app: App<MockRuntime>,
}

impl Shell {
    /// A window on an empty profile.
    pub(crate) fn empty() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let profile = directory.path().join("profile");
        let keystore = Keystore::open_with(&profile, KdfParams::for_tests()).expect("an empty directory");
        let clock = Arc::new(SystemClock::new());
        let started = Engine::start(Config::new(profile), Parts { clock, keystore });
        let engine = tauri::async_runtime::block_on(started).expect("an empty profile starts");
        let person = Person::default();
        let app = mock_builder()
            .invoke_handler(enerlink_wallet::handler())
            .build(mock_context(noop_assets()))
            .expect("the mock app builds");
        let login = Login::new(directory.path(), Path::new("/opt/enerlink-wallet"), &[]);
        enerlink_wallet::manage(&app, engine.clone(), person.dialogs(), login);
        let window = tauri::WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default())
            .build()
            .expect("a window");
        Self {
            engine,
            person,
            directory,
            window,
            _app: app,
        }
    }

    /// A window on a profile with one wallet, which is locked, and that wallet.
    pub(crate) fn with_wallet() -> (Self, Value) {
        let shell = Self::empty();
        let wallet = shell.answer(
            "create_wallet",
            json!({ "name": "Home", "password": PASSWORD, "words": 12, "passphrase": "" }),
        );
        shell.answer("lock", json!({}));
        (shell, wallet)
    }

    /// A file beside the profile.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn call(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().expect("a URL"),
            body: InvokeBody::Json(arguments),
            headers: tauri::http::HeaderMap::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        get_ipc_response(&self.window, request).map(|body| body.deserialize::<Value>().expect("JSON"))
    }

    /// What a command answers that has to succeed.
    pub(crate) fn answer(&self, command: &str, arguments: Value) -> Value {
        self.call(command, arguments)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The code of a command that has to be refused.
    pub(crate) fn refusal(&self, command: &str, arguments: Value) -> String {
        let error = match self.call(command, arguments) {
            Ok(answer) => panic!("{command} answers {answer}"),
            Err(error) => error,
        };
        assert!(
            error["message"].as_str().is_some_and(|text| text.len() > 10),
            "{command}: {error}"
        );
        error["code"].as_str().expect("a code").to_owned()
    }
}
