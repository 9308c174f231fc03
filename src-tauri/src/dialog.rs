//! The native file dialogs. The page cannot name files: it gets the paths that a person has picked, and only those are
//! read or written for it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Local, Utc};
use enerlink_domain::{Address, audit::ReceiptFormat, clock::BoxFuture};
use enerlink_ipc::{
    Code, Error,
    view::BrokerDraft,
    wallet::{BackupSource, ImportSource, PickedFile},
};
use rfd::{AsyncFileDialog, FileHandle};
use tauri::{AppHandle, Manager as _, Runtime, WebviewWindow};
use tokio::sync::oneshot;

/// What a person is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A key file. They have no common ending, geth's have none at all.
    Keystore,
    /// An encrypted backup file.
    Backup,
    /// Images of a sheet's codes.
    Sheet,
    /// A certificate or a key. They have many endings.
    Pem,
    /// Where a new file of this name shall lie.
    Save(String),
}

/// Puts a question to a person and answers the paths picked; none when the dialog was cancelled.
type Ask = dyn Fn(Question) -> BoxFuture<'static, Vec<PathBuf>> + Send + Sync;

/// The dialogs, and every path that they have answered.
pub struct Dialogs {
    ask: Box<Ask>,
    open: tokio::sync::Mutex<()>,
    picked: Mutex<BTreeSet<PathBuf>>,
}

impl Dialogs {
    /// Dialogs that ask by `ask`.
    pub fn new(ask: impl Fn(Question) -> BoxFuture<'static, Vec<PathBuf>> + Send + Sync + 'static) -> Self {
        Self {
            ask: Box::new(ask),
            open: tokio::sync::Mutex::new(()),
            picked: Mutex::default(),
        }
    }

    /// The dialogs of the desktop. On Linux these are GTK's: GTK is there wherever the web view is, while a portal is
    /// another service that may be missing, and its stand-in another program.
    pub(crate) fn native<R: Runtime>(app: AppHandle<R>) -> Self {
        Self::new(move |question| Box::pin(show(app.clone(), question)))
    }

    /// One file, or none when the dialog was cancelled or another one is open.
    pub(crate) async fn pick(&self, question: Question) -> Result<Option<PickedFile>, Error> {
        Ok(self.pick_all(question).await?.pop())
    }

    /// Every file picked.
    pub(crate) async fn pick_all(&self, question: Question) -> Result<Vec<PickedFile>, Error> {
        let Ok(_open) = self.open.try_lock() else {
            return Ok(Vec::new());
        };
        let paths = (self.ask)(question).await;
        let files = paths.iter().map(|path| named(path)).collect::<Result<_, _>>()?;
        self.picked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(paths);
        Ok(files)
    }

    /// Where a new file shall lie; `name` is proposed.
    pub(crate) async fn save(&self, name: String) -> Result<Option<PathBuf>, Error> {
        let file = self.pick(Question::Save(name)).await?;
        Ok(file.map(|file| file.path.into()))
    }

    /// Refuses a key file that nobody has picked.
    pub(crate) fn allow_import(&self, source: &ImportSource) -> Result<(), Error> {
        match source {
            ImportSource::Keystore { path, .. } => self.allow(path),
            ImportSource::Phrase { .. } | ImportSource::PrivateKey { .. } => Ok(()),
        }
    }

    /// Refuses a backup that nobody has picked.
    pub(crate) fn allow_backup(&self, backup: &BackupSource) -> Result<(), Error> {
        match backup {
            BackupSource::File { path } => self.allow(path),
            BackupSource::Sheet { paths } => paths.iter().try_for_each(|path| self.allow(path)),
        }
    }

    /// Refuses certificates and keys that nobody has picked; without a name they are taken away.
    pub(crate) fn allow_broker(&self, broker: &BrokerDraft) -> Result<(), Error> {
        [&broker.ca_file, &broker.client_cert_file, &broker.client_key_file]
            .into_iter()
            .flatten()
            .filter(|path| !path.is_empty())
            .try_for_each(|path| self.allow(path))
    }

    fn allow(&self, path: &str) -> Result<(), Error> {
        let picked = self.picked.lock().unwrap_or_else(PoisonError::into_inner);
        if picked.contains(Path::new(path)) {
            return Ok(());
        }
        // The path is not repeated: it is the page's word, and as long as the page likes.
        let message = "this file was not picked in the file dialog";
        Err(Error::new(Code::InvalidInput, message))
    }
}

fn named(path: &Path) -> Result<PickedFile, Error> {
    let words = path.to_str().zip(path.file_name().and_then(|name| name.to_str()));
    let (path, name) = words.ok_or_else(|| {
        let message = format!("the name of {} is not Unicode: rename the file", path.display());
        Error::new(Code::InvalidInput, message)
    })?;
    Ok(PickedFile {
        path: path.to_owned(),
        name: name.to_owned(),
    })
}

/// Opens the dialog where the desktop wants it, on the main thread, and waits for the answer elsewhere.
async fn show<R: Runtime>(app: AppHandle<R>, question: Question) -> Vec<PathBuf> {
    let (sender, opened) = oneshot::channel();
    let window = app.get_webview_window("main");
    let asked = app.run_on_main_thread(move || {
        // The receiver is gone only when the command was dropped, and then nobody waits for the answer.
        let _ = sender.send(open(question, window.as_ref()));
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the file dialog cannot open");
        return Vec::new();
    }
    match opened.await {
        Ok(answer) => answer.await,
        Err(_) => Vec::new(),
    }
}

/// A dialog without words of its own: the desktop speaks the person's language.
fn open<R: Runtime>(
    question: Question,
    window: Option<&WebviewWindow<R>>,
) -> BoxFuture<'static, Vec<PathBuf>> {
    let mut dialog = AsyncFileDialog::new().set_title("EnerLink Wallet");
    if let Some(window) = window {
        dialog = dialog.set_parent(window);
    }
    match question {
        Question::Keystore | Question::Pem => one(dialog.pick_file()),
        Question::Backup => one(dialog.add_filter("*.enlbackup", &["enlbackup"]).pick_file()),
        Question::Sheet => {
            let images = ["png", "jpg", "jpeg", "PNG", "JPG", "JPEG"];
            let picked = dialog.add_filter("*.png, *.jpg", &images).pick_files();
            Box::pin(async { paths(picked.await.unwrap_or_default()) })
        }
        Question::Save(name) => one(dialog.set_file_name(name).save_file()),
    }
}

fn one(
    answer: impl Future<Output = Option<FileHandle>> + Send + 'static,
) -> BoxFuture<'static, Vec<PathBuf>> {
    Box::pin(async { paths(answer.await.into_iter().collect()) })
}

fn paths(files: Vec<FileHandle>) -> Vec<PathBuf> {
    files.iter().map(|file| file.path().to_owned()).collect()
}

/// The name that geth gives a key file.
pub(crate) fn keystore_name(address: Address, now: DateTime<Utc>) -> String {
    let digits = address.to_string().trim_start_matches("0x").to_lowercase();
    format!("UTC--{}--{digits}", now.format("%Y-%m-%dT%H-%M-%S%.9fZ"))
}

/// The name of a backup made today.
pub(crate) fn backup_name(today: DateTime<Local>) -> String {
    format!("EnerLink-backup-{}.enlbackup", today.format("%Y-%m-%d"))
}

/// The name of a sheet made today.
pub(crate) fn sheet_name(today: DateTime<Local>) -> String {
    format!("EnerLink-sheet-{}.pdf", today.format("%Y-%m-%d"))
}

/// The name of a receipt, which says whose it is.
pub(crate) fn receipt_name(settlement_id: &str, format: ReceiptFormat) -> String {
    let ending = match format {
        ReceiptFormat::Json => "json",
        ReceiptFormat::Pdf => "pdf",
    };
    dated(&format!("receipt-{}", settlement_id.replace('/', "-")), ending)
}

/// The name of a file saved today; of the page's word for it only letters, digits and dashes are taken.
pub(crate) fn dated(name: &str, ending: &str) -> String {
    dated_on(Local::now(), name, ending)
}

fn dated_on(today: DateTime<Local>, name: &str, ending: &str) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    let name: String = name.chars().filter(plain).take(48).collect();
    format!("EnerLink-{name}-{}.{ending}", today.format("%Y-%m-%d"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeZone as _;
    use tokio::time::timeout;

    use super::*;

    fn answering(paths: &'static [&'static str]) -> Dialogs {
        Dialogs::new(move |_| Box::pin(async move { paths.iter().map(PathBuf::from).collect() }))
    }

    #[tokio::test]
    async fn only_picked_paths_are_allowed() {
        let dialogs = answering(&["/home/surya/key"]);
        let key = |path: &str| ImportSource::Keystore {
            path: path.to_owned(),
            password: String::new(),
        };
        let refused = dialogs
            .allow_import(&key("/home/surya/key"))
            .expect_err("not yet");
        assert_eq!(refused.code, Code::InvalidInput);
        let picked = dialogs.pick(Question::Keystore).await.expect("a name");
        assert_eq!(picked.map(|file| file.name).as_deref(), Some("key"));
        dialogs.allow_import(&key("/home/surya/key")).expect("picked");
        for path in [
            "/etc/passwd",
            "/home/surya/key2",
            "/home/surya/x/../key",
            "key",
            "",
        ] {
            assert!(dialogs.allow_import(&key(path)).is_err(), "{path}");
        }
        let sheet = |paths: &[&str]| BackupSource::Sheet {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        };
        assert!(dialogs.allow_backup(&sheet(&["/home/surya/key"])).is_ok());
        let broker = |path: &str| BrokerDraft {
            client_key_file: Some(path.to_owned()),
            ..BrokerDraft::default()
        };
        assert!(dialogs.allow_broker(&broker("/home/surya/key")).is_ok());
        assert!(dialogs.allow_broker(&broker("/etc/shadow")).is_err());
        assert!(dialogs.allow_broker(&broker("")).is_ok(), "no file is read");
        assert!(
            dialogs
                .allow_backup(&sheet(&["/home/surya/key", "/etc/passwd"]))
                .is_err()
        );
    }

    #[tokio::test]
    async fn a_cancelled_dialog_answers_nothing_and_allows_nothing() {
        let dialogs = answering(&[]);
        assert_eq!(dialogs.pick(Question::Backup).await, Ok(None));
        assert_eq!(dialogs.pick_all(Question::Sheet).await, Ok(Vec::new()));
        assert_eq!(dialogs.save("x".to_owned()).await, Ok(None));
        assert!(dialogs.allow("").is_err());
    }

    #[tokio::test]
    async fn one_dialog_is_open_at_a_time() {
        let dialogs = Dialogs::new(|_| Box::pin(std::future::pending()));
        let first = dialogs.pick(Question::Backup);
        tokio::pin!(first);
        assert!(timeout(Duration::from_millis(10), &mut first).await.is_err());
        assert_eq!(dialogs.pick(Question::Backup).await, Ok(None));
    }

    #[test]
    fn new_files_have_names_that_sort() {
        let now = Utc
            .with_ymd_and_hms(2026, 3, 4, 5, 6, 7)
            .single()
            .expect("a time");
        assert_eq!(
            keystore_name(Address([0xab; 20]), now),
            format!("UTC--2026-03-04T05-06-07.000000000Z--{}", "ab".repeat(20))
        );
        let today = Local
            .with_ymd_and_hms(2026, 3, 4, 5, 6, 7)
            .single()
            .expect("a time");
        assert_eq!(backup_name(today), "EnerLink-backup-2026-03-04.enlbackup");
        assert_eq!(sheet_name(today), "EnerLink-sheet-2026-03-04.pdf");
        assert_eq!(
            dated_on(today, "../act ivity-1", "csv"),
            "EnerLink-activity-1-2026-03-04.csv"
        );
        let receipt = receipt_name("SM-001/131/0", ReceiptFormat::Pdf);
        assert!(
            receipt.starts_with("EnerLink-receipt-SM-001-131-0-20"),
            "{receipt}"
        );
        assert!(receipt.ends_with(".pdf"), "{receipt}");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/home/\xff"));
        assert_eq!(named(path).expect_err("not Unicode").code, Code::InvalidInput);
    }
}
