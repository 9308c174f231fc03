//! Linux: what logind says on the system bus, and the screen saver on the session's. Where there is no bus or no such
//! service, nothing is watched, and the log says so once; the engine still notices sleep by the clocks.

use enerlink_domain::wallet::LockReason;
use futures_util::{StreamExt as _, stream::select_all};
use zbus::{
    Connection, MatchRule, Message, MessageStream, OwnedFd, OwnedObjectPath, connection, message::Type,
};

use super::Buses;

const LOGIN: &str = "org.freedesktop.login1";
const LOGIN_PATH: &str = "/org/freedesktop/login1";
const LOGIN_MANAGER: &str = "org.freedesktop.login1.Manager";
const LOGIN_SESSION: &str = "org.freedesktop.login1.Session";

/// The names of a locked screen: of the standard that KDE follows, and of desktops with their own. Each is the name of the
/// service and of its interface.
const SCREEN_SAVERS: [&str; 5] = [
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
];

/// Calls `leave` whenever the person leaves; runs as long as the buses do.
pub async fn watch(buses: Buses, leave: impl Fn(LockReason) + Send + Sync + 'static) {
    let sleep = async {
        let ended = watch_login(buses.system.as_deref(), &leave).await;
        tell("the system's sleep", ended);
    };
    let screen = async {
        let ended = watch_screen(buses.session.as_deref(), &leave).await;
        tell("the screen's lock", ended);
    };
    tokio::join!(sleep, screen);
}

fn tell(what: &str, ended: zbus::Result<()>) {
    let why = ended.map_or_else(|error| error.to_string(), |()| "the bus is gone".to_owned());
    tracing::info!(%why, "{what} is not watched");
}

/// Sleep and the session's lock, from logind.
async fn watch_login(bus: Option<&str>, leave: &impl Fn(LockReason)) -> zbus::Result<()> {
    let bus = match bus {
        Some(address) => connection::Builder::address(address).build().await?,
        None => Connection::system().await?,
    };
    let sleeps = signals(&bus, LOGIN, LOGIN_MANAGER, "PrepareForSleep", Some(LOGIN_PATH)).await?;
    let mut heard = vec![sleeps];
    match own_session(&bus).await {
        Ok(session) => heard.push(signals(&bus, LOGIN, LOGIN_SESSION, "Lock", Some(session.as_str())).await?),
        Err(error) => tell("this session's lock", Err(error)),
    }
    let mut delay = delay_sleep(&bus).await;
    let mut heard = select_all(heard);
    while let Some(message) = heard.next().await {
        let message = message?;
        if message
            .header()
            .interface()
            .is_some_and(|name| name == LOGIN_SESSION)
        {
            leave(LockReason::Screen);
        } else if is_on(&message) {
            leave(LockReason::Suspend);
            // The keys are wiped before memory is written to the disk: only now the computer may sleep.
            drop(delay.take());
        } else {
            delay = delay_sleep(&bus).await;
        }
    }
    Ok(())
}

/// Asks logind to wait a moment before the computer sleeps, for as long as the answer is held. Best effort: a sleep that does
/// not wait is still announced.
async fn delay_sleep(bus: &Connection) -> Option<OwnedFd> {
    let terms = ("sleep", "EnerLink Wallet", "wipes its keys", "delay");
    let answer = bus
        .call_method(Some(LOGIN), LOGIN_PATH, Some(LOGIN_MANAGER), "Inhibit", &terms)
        .await;
    answer.ok()?.body().deserialize().ok()
}

/// The session that this process belongs to, or else the one that shows the user's desktop.
async fn own_session(bus: &Connection) -> zbus::Result<OwnedObjectPath> {
    let ask = |member, body| bus.call_method(Some(LOGIN), LOGIN_PATH, Some(LOGIN_MANAGER), member, body);
    let own = ask("GetSessionByPID", &std::process::id()).await;
    if let Ok(answer) = own {
        return answer.body().deserialize();
    }
    let user = "/org/freedesktop/login1/user/self";
    let display = ("org.freedesktop.login1.User", "Display");
    let answer = bus
        .call_method(
            Some(LOGIN),
            user,
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &display,
        )
        .await?;
    let body = answer.body();
    let (_id, path): (String, OwnedObjectPath) = body.deserialize::<zbus::Variant<'_>>()?.try_into()?;
    Ok(path)
}

/// The screen's lock, from whichever screen saver there is or will be.
async fn watch_screen(bus: Option<&str>, leave: &impl Fn(LockReason)) -> zbus::Result<()> {
    let bus = match bus {
        Some(address) => connection::Builder::address(address).build().await?,
        None => Connection::session().await?,
    };
    let mut heard = Vec::new();
    for name in SCREEN_SAVERS {
        heard.push(signals(&bus, name, name, "ActiveChanged", None).await?);
    }
    let mut heard = select_all(heard);
    while let Some(message) = heard.next().await {
        if is_on(&message?) {
            leave(LockReason::Screen);
        }
    }
    Ok(())
}

/// The signals `member` of `interface` that come from `service`, and from nobody else: the bus sees to that.
async fn signals(
    bus: &Connection,
    service: &str,
    interface: &str,
    member: &str,
    path: Option<&str>,
) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(service)
        .interface(interface)
        .member(member);
    let rule = match path {
        Some(path) => rule.path(path),
        None => rule,
    };
    MessageStream::for_match_rule(rule.build()?, bus, None).await
}

/// Whether the signal says yes.
fn is_on(signal: &Message) -> bool {
    signal.body().deserialize::<bool>().unwrap_or(false)
}
