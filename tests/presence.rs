//! The wallet locks when the computer sleeps or the screen is locked: real signals over real buses, with services that
//! speak as logind and the screen savers do.

#![cfg(target_os = "linux")]

#[path = "support/bus.rs"]
mod bus;

use std::{
    io::{ErrorKind, Read as _},
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bus::Bus;
use enerlink_domain::wallet::LockReason;
use enerlink_wallet::presence::{Buses, watch};
use tokio::{sync::mpsc, time::timeout};
use zbus::{Connection, OwnedFd, OwnedObjectPath, fdo};

const LOGIN: &str = "org.freedesktop.login1";
const MANAGER: &str = "/org/freedesktop/login1";
const OWN_SESSION: &str = "/org/freedesktop/login1/session/_32";
const OTHER_SESSION: &str = "/org/freedesktop/login1/session/_33";
/// How long a signal may take on a busy machine, and how long silence is listened to.
const PATIENCE: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_millis(300);

/// logind, as far as the wallet asks it.
#[derive(Clone, Default)]
struct Manager {
    /// Whether it knows the session of the caller.
    knows_caller: bool,
    /// Our ends of the locks given out.
    delays: Arc<Mutex<Vec<UnixStream>>>,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn inhibit(&self, what: &str, who: &str, _why: &str, mode: &str) -> OwnedFd {
        assert_eq!((what, who, mode), ("sleep", "EnerLink Wallet", "delay"));
        let (ours, theirs) = UnixStream::pair().expect("sockets");
        ours.set_nonblocking(true).expect("a socket");
        self.delays.lock().expect("not poisoned").push(ours);
        std::os::fd::OwnedFd::from(theirs).into()
    }

    #[zbus(name = "GetSessionByPID")]
    fn get_session_by_pid(&self, pid: u32) -> fdo::Result<OwnedObjectPath> {
        assert_eq!(pid, std::process::id());
        if self.knows_caller {
            return Ok(OWN_SESSION.try_into().expect("a path"));
        }
        Err(fdo::Error::Failed("no session".to_owned()))
    }
}

impl Manager {
    /// Whether the delay of this number is held, once there is one.
    async fn holds(&self, number: usize) -> bool {
        loop {
            if let Some(stream) = self.delays.lock().expect("not poisoned").get_mut(number) {
                // The end of the stream: the wallet has let go.
                return matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The user of logind.
struct User;

#[zbus::interface(name = "org.freedesktop.login1.User")]
impl User {
    #[zbus(property)]
    fn display(&self) -> (String, OwnedObjectPath) {
        ("2".to_owned(), OWN_SESSION.try_into().expect("a path"))
    }
}

/// Both buses, logind on the one, and what the wallet was told.
struct Desktop {
    session: Bus,
    _system: Bus,
    login: Connection,
    manager: Manager,
    told: mpsc::UnboundedReceiver<LockReason>,
    leaves: Arc<AtomicUsize>,
}

impl Desktop {
    async fn start(knows_caller: bool) -> Self {
        let (system, session) = (Bus::start(), Bus::start());
        let manager = Manager {
            knows_caller,
            ..Manager::default()
        };
        let login = system.connect().await;
        let objects = login.object_server();
        objects.at(MANAGER, manager.clone()).await.expect("served");
        objects
            .at("/org/freedesktop/login1/user/self", User)
            .await
            .expect("served");
        login.request_name(LOGIN).await.expect("a free name");
        let buses = Buses {
            system: Some(system.address.clone()),
            session: Some(session.address.clone()),
        };
        let (sender, told) = mpsc::unbounded_channel();
        let leaves = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&leaves);
        tokio::spawn(watch(buses, move |reason| {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = sender.send(reason);
        }));
        let desktop = Self {
            session,
            _system: system,
            login,
            manager,
            told,
            leaves,
        };
        // The first delay is asked for after all of logind's signals are listened to.
        assert!(desktop.manager.holds(0).await, "sleep waits for the wallet");
        desktop
    }

    async fn login_says(&self, path: &str, interface: &str, member: &str, on: Option<bool>) {
        let said = match on {
            Some(on) => {
                self.login
                    .emit_signal(None::<&str>, path, interface, member, &on)
                    .await
            }
            None => {
                self.login
                    .emit_signal(None::<&str>, path, interface, member, &())
                    .await
            }
        };
        said.expect("said");
    }

    async fn sleep(&self, begins: bool) {
        self.login_says(
            MANAGER,
            "org.freedesktop.login1.Manager",
            "PrepareForSleep",
            Some(begins),
        )
        .await;
    }

    async fn locks_for(&mut self, reason: LockReason) {
        let told = timeout(PATIENCE, self.told.recv()).await.expect("told in time");
        assert_eq!(told, Some(reason));
    }

    async fn hears_nothing(&mut self) {
        assert!(timeout(SILENCE, self.told.recv()).await.is_err());
    }
}

#[tokio::test]
async fn sleep_waits_until_the_wallet_is_locked() {
    let mut desktop = Desktop::start(true).await;
    desktop.sleep(true).await;
    desktop.locks_for(LockReason::Suspend).await;
    let manager = desktop.manager.clone();
    timeout(PATIENCE, async { while manager.holds(0).await {} })
        .await
        .expect("the computer may sleep");
    assert_eq!(desktop.leaves.load(Ordering::SeqCst), 1, "it was locked before");
    desktop.sleep(false).await;
    assert!(desktop.manager.holds(1).await, "the next sleep waits again");
    desktop.hears_nothing().await;
    desktop.sleep(true).await;
    desktop.locks_for(LockReason::Suspend).await;
}

#[tokio::test]
async fn the_lock_of_this_session_locks_and_of_another_does_not() {
    for knows_caller in [true, false] {
        let mut desktop = Desktop::start(knows_caller).await;
        let session = "org.freedesktop.login1.Session";
        desktop.login_says(OTHER_SESSION, session, "Lock", None).await;
        desktop.login_says(OWN_SESSION, session, "Unlock", None).await;
        desktop.hears_nothing().await;
        desktop.login_says(OWN_SESSION, session, "Lock", None).await;
        desktop.locks_for(LockReason::Screen).await;
    }
}

#[tokio::test]
async fn every_screen_saver_locks_and_nobody_else() {
    let mut desktop = Desktop::start(true).await;
    for (name, path) in [
        ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
        ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
        ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
        ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
        ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
    ] {
        let saver = desktop.session.connect().await;
        let say = async |on: bool| {
            saver
                .emit_signal(None::<&str>, path, name, "ActiveChanged", &on)
                .await
                .expect("said");
        };
        // Without the name it is any program, which may not lock the wallet at will.
        say(true).await;
        desktop.hears_nothing().await;
        saver.request_name(name).await.expect("a free name");
        say(false).await;
        desktop.hears_nothing().await;
        say(true).await;
        desktop.locks_for(LockReason::Screen).await;
    }
}

#[tokio::test]
async fn without_buses_and_services_the_wallet_carries_on() {
    let nowhere = Some("unix:path=/nonexistent/bus".to_owned());
    let buses = Buses {
        system: nowhere.clone(),
        session: nowhere,
    };
    timeout(PATIENCE, watch(buses, |_| panic!("nobody speaks")))
        .await
        .expect("ends by itself");
    // Buses without services: it listens on, in case they come.
    let (system, session) = (Bus::start(), Bus::start());
    let buses = Buses {
        system: Some(system.address.clone()),
        session: Some(session.address.clone()),
    };
    let watching = tokio::spawn(watch(buses, |_| panic!("nobody speaks")));
    tokio::time::sleep(SILENCE).await;
    assert!(!watching.is_finished());
    drop((system, session));
    timeout(PATIENCE, watching)
        .await
        .expect("ends with the buses")
        .expect("no panic");
}
