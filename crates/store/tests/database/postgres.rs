//! The same tests on PostgreSQL, on a server that is started for them, and what is particular to it.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use enerlink_domain::{Code, Error};
use enerlink_store::{Access, Store, StoreError, settings};
use sea_orm::{ConnectionTrait, Database};

use crate::backend::{self, SERVER};

/// The user without rights, on every Unix.
const NOBODY: u32 = 65_534;
/// Tests of files, which are SQLite's.
const OF_FILES: [&str; 3] = ["opening::", "damage::", "postgres::"];

/// A server of its own in a temporary directory. It ends with its handle.
struct Server {
    process: Child,
    directory: tempfile::TempDir,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let root = fs::metadata(directory.path()).expect("a directory").uid() == 0;
        if root {
            chown(directory.path(), Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        let command = |program: &str| {
            let mut command = Command::new(find(program));
            command.current_dir(directory.path()).stdin(Stdio::null());
            if root {
                // PostgreSQL refuses to run as root.
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let made = command("initdb")
            .args(["-D", "data", "-U", "enerlink", "-A", "trust", "-E", "UTF8"])
            .args(["--no-locale", "--no-sync"])
            .output()
            .expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let log = fs::File::create(directory.path().join("log")).expect("a log");
        let process = command("postgres")
            .args(["-D", "data", "-p", &port.to_string(), "-k", "."])
            .args(["-h", "127.0.0.1", "-F", "-c", "max_connections=200"])
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("postgres");
        let server = Self {
            process,
            directory,
            port,
        };
        server.wait();
        server
    }

    fn url(&self) -> String {
        format!("postgres://enerlink@127.0.0.1:{}", self.port)
    }

    fn wait(&self) {
        let start = Instant::now();
        let log = || fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        while !log().contains("ready to accept connections")
            || TcpStream::connect(("127.0.0.1", self.port)).is_err()
        {
            assert!(start.elapsed() < Duration::from_secs(30), "{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fast shutdown: connections are cut, files are left whole.
        let _ = Command::new("kill")
            .args(["-INT", &self.process.id().to_string()])
            .status();
        let _ = self.process.wait();
    }
}

/// A program of PostgreSQL, which many systems keep off the path.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(versions.map(|version| version.path().join("bin")))
        .chain(["/opt/homebrew/opt/postgresql/bin", "/usr/pgsql/bin"].map(PathBuf::from))
        .map(|place| place.join(program))
        .collect();
    places.retain(|place| Path::exists(place));
    places.into_iter().next().unwrap_or_else(|| {
        panic!(
            "{program} is not installed: cargo xtask test installs PostgreSQL, or apt-get install postgresql"
        )
    })
}

#[test]
fn every_test_passes_on_postgresql() {
    let server = Server::start();
    let mut again = Command::new(std::env::current_exe().expect("this program"));
    for tests in OF_FILES {
        again.args(["--skip", tests]);
    }
    let output = again.env(SERVER, server.url()).output().expect("started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let passed = said.lines().filter(|line| line.ends_with("... ok")).count();
    assert!(passed > 30, "only {passed} tests were run: {said}");

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        one_process_has_it(&server).await;
        what_is_not_ours_is_refused(&server).await;
    });
}

async fn one_process_has_it(server: &Server) {
    let url = backend::database(&server.url()).await;
    let early = Store::open_url(&url, Access::ReadOnly)
        .await
        .expect("tables are made");
    early.close().await.expect("a close");
    let store = Store::open_url(&url, Access::Exclusive).await.expect("a store");
    let second = Store::open_url(&url, Access::Exclusive)
        .await
        .expect_err("in use");
    assert!(matches!(second, StoreError::InUse { .. }), "{second}");
    assert_eq!(Error::from(second).code, Code::ProfileInUse);
    let tx = store.begin().await.expect("a transaction");
    settings::set(&tx, "key", "value").await.expect("a write");
    tx.commit().await.expect("a commit");
    let beside = Store::open_url(&url, Access::ReadOnly).await.expect("a reader");
    let read = settings::get(&beside.reader(), "key").await.expect("a read");
    assert_eq!(read.as_deref(), Some("value"));
    beside.check().await.expect("a sound schema");
    assert!(beside.size().await.expect("a size") > 1_000_000);
    beside.close().await.expect("a close");
    store.close().await.expect("a close");
    let next = Store::open_url(&url, Access::Exclusive)
        .await
        .expect("it is free");
    let read = settings::get(&next.reader(), "key").await.expect("a read");
    assert_eq!(read.as_deref(), Some("value"));
    next.close().await.expect("a close");
}

async fn what_is_not_ours_is_refused(server: &Server) {
    let refused = async |statements: &[&str], ours: bool| {
        let url = backend::database(&server.url()).await;
        if ours {
            let store = Store::open_url(&url, Access::Exclusive).await.expect("a store");
            store.close().await.expect("a close");
        }
        let db = Database::connect(&url).await.expect("a connection");
        for statement in statements {
            db.execute_unprepared(statement).await.expect(statement);
        }
        db.close().await.expect("a close");
        Store::open_url(&url, Access::Exclusive)
            .await
            .expect_err("a refusal")
    };
    let foreign = refused(&["CREATE TABLE a (b INT)"], false).await;
    assert!(matches!(foreign, StoreError::Foreign { .. }), "{foreign}");
    let other = refused(&["CREATE TABLE schema_mark (b INT)"], false).await;
    assert!(matches!(other, StoreError::Foreign { .. }), "{other}");
    let newer = refused(&["UPDATE schema_mark SET version = 99"], true).await;
    assert!(matches!(newer, StoreError::Newer { found: 99, .. }), "{newer}");
    let changed = refused(&["ALTER TABLE outbox DROP COLUMN raw"], true).await;
    assert!(matches!(changed, StoreError::Corrupt { .. }), "{changed}");
}
