//! The doorbell of a profile: the first window listens, a later start of the same profile rings and ends. Its name is
//! made of the profile's path, so that other profiles have bells of their own; the system takes the name away when
//! the process ends, however it ends. Who writes is decided by the profile's lock alone: a bell that does not answer
//! changes nothing.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::Path,
    time::Duration,
};

use interprocess::local_socket::{
    GenericNamespaced, ListenerOptions,
    tokio::{Listener, Stream, prelude::*},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};

/// Whoever does not answer within this time is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// After an error the next visitor is awaited a moment later.
const PAUSE: Duration = Duration::from_secs(1);
/// What is rung for: the window shall come to the front.
const SHOW: u8 = b's';
/// Nothing but whether somebody is there.
const PRESENCE: u8 = b'p';
/// What is answered when it is done.
const DONE: u8 = b'd';

/// What a start finds at the door of its profile.
pub(crate) enum Door {
    /// Nobody: the bell is ours.
    Ours(Doorbell),
    /// A window, which has answered.
    Answered,
    /// Somebody who does not answer, or no bells at all.
    Silent(io::Error),
}

/// A bell that is hung up, as long as it lives.
pub(crate) struct Doorbell(Listener);

/// Hangs up the bell of `profile`, or rings it when it is there; then its window comes to the front if `show`.
pub(crate) async fn knock(profile: &Path, show: bool) -> Door {
    let refused = match listen(profile, false) {
        Ok(listener) => return Door::Ours(Doorbell(listener)),
        Err(error) => error,
    };
    match timeout(PATIENCE, ring(profile, show)).await {
        Ok(Ok(())) => Door::Answered,
        // A socket that a process has left behind, where it is a file.
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            listen(profile, true).map_or_else(Door::Silent, |listener| Door::Ours(Doorbell(listener)))
        }
        Ok(Err(_)) | Err(_) => Door::Silent(refused),
    }
}

impl Doorbell {
    /// Calls `open` for each visitor, with whether the window shall come to the front, and tells them when it is done.
    pub(crate) async fn answer(self, open: impl AsyncFn(bool)) {
        loop {
            let greeted = match self.0.accept().await {
                Ok(visitor) => timeout(PATIENCE, greet(visitor, &open)).await,
                Err(error) => {
                    sleep(PAUSE).await;
                    Ok(Err(error))
                }
            };
            if let Ok(Err(error)) = greeted {
                tracing::info!(%error, "a visitor was not understood");
            }
        }
    }
}

async fn greet(mut visitor: Stream, open: &impl AsyncFn(bool)) -> io::Result<()> {
    match visitor.read_u8().await? {
        SHOW => open(true).await,
        PRESENCE => open(false).await,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    }
    visitor.write_u8(DONE).await
}

async fn ring(profile: &Path, show: bool) -> io::Result<()> {
    let mut stream = Stream::connect(name(profile).to_ns_name::<GenericNamespaced>()?).await?;
    stream.write_u8(if show { SHOW } else { PRESENCE }).await?;
    match stream.read_u8().await? {
        DONE => Ok(()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn listen(profile: &Path, overwrite: bool) -> io::Result<Listener> {
    ListenerOptions::new()
        .name(name(profile).to_ns_name::<GenericNamespaced>()?)
        .try_overwrite(overwrite)
        .max_spin_time(PATIENCE)
        .create_tokio()
}

/// A short name: some systems allow about a hundred characters, and a path may be longer.
fn name(profile: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    profile.hash(&mut hasher);
    format!("enerlink-wallet-{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn the_second_start_of_a_profile_rings_and_another_profile_does_not() {
        let directory = tempfile::tempdir().expect("directory");
        let (one, two) = (directory.path().join("one"), directory.path().join("two"));
        let Door::Ours(bell) = knock(&one, true).await else {
            panic!("nobody else is there");
        };
        let rung = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&rung);
        let listening = tokio::spawn(bell.answer(async move |show| {
            heard.lock().expect("not poisoned").push(show);
        }));
        for show in [true, false] {
            assert!(matches!(knock(&one, show).await, Door::Answered));
        }
        assert_eq!(*rung.lock().expect("not poisoned"), [true, false]);
        assert!(matches!(knock(&two, true).await, Door::Ours(_)));
        listening.abort();
        assert!(listening.await.is_err());
        assert!(
            matches!(knock(&one, true).await, Door::Ours(_)),
            "the bell is gone"
        );
    }

    #[tokio::test]
    async fn a_visitor_who_says_nothing_or_nonsense_does_not_block_the_door() {
        let directory = tempfile::tempdir().expect("directory");
        let Door::Ours(bell) = knock(directory.path(), true).await else {
            panic!("nobody else is there");
        };
        let listening = tokio::spawn(bell.answer(async |_| {}));
        let connect = async || {
            let name = name(directory.path());
            let name = name.to_ns_name::<GenericNamespaced>().expect("a name");
            Stream::connect(name).await.expect("it listens")
        };
        drop(connect().await);
        let mut stranger = connect().await;
        stranger.write_all(b"xyz").await.expect("sent");
        assert!(stranger.read_u8().await.is_err());
        assert!(matches!(knock(directory.path(), true).await, Door::Answered));
        listening.abort();
    }
}
