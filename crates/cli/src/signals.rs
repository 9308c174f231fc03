//! What a system says to a running program: to end, beside Ctrl+C, and to lock its wallet.

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

/// Completes when the system asks the program to end.
pub(crate) async fn terminated() {
    system::terminated().await;
}

/// What asks to lock the wallet: SIGUSR1, on Windows Ctrl+Break.
pub(crate) struct Lock(system::Lock);

impl Lock {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        Self(system::listen())
    }

    /// Completes each time that it is asked.
    pub(crate) async fn next(&mut self) {
        if let Some(asked) = &mut self.0
            && asked.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) type Lock = Option<Signal>;

    pub(super) fn listen() -> Lock {
        signal(SignalKind::user_defined1()).ok()
    }

    pub(super) async fn terminated() {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(windows)]
mod windows {
    use tokio::signal::windows::{CtrlBreak, ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown};

    pub(super) type Lock = Option<CtrlBreak>;

    pub(super) fn listen() -> Lock {
        ctrl_break().ok()
    }

    /// The terminal is closed, the person logs out, or the computer is switched off.
    pub(super) async fn terminated() {
        let (Ok(mut close), Ok(mut logoff), Ok(mut shutdown)) =
            (ctrl_close(), ctrl_logoff(), ctrl_shutdown())
        else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = close.recv() => {}
            _ = logoff.recv() => {}
            _ = shutdown.recv() => {}
        }
    }
}
