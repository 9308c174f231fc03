//! Unlock and lock: by hand, when nobody is there, when the computer has slept.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{
    Clock, Code, Error, Event,
    event::VaultState,
    wallet::{LockReason, WalletAct, WalletView},
};
use enerlink_keystore::{Keystore, Password};
use enerlink_store::{Mark, NewActivity, Store, settings, transaction_logs, wallets};
use tokio::sync::{mpsc, watch};

use crate::{
    Engine,
    bus::Bus,
    choices::{self, Choices, LONGEST_IDLE_MINUTES},
    config::Access,
    task::Task,
};

/// How often the clocks are compared.
const TURN: Duration = Duration::from_secs(5);
/// The time of day that runs ahead of the monotonic time by more than this has run while the computer slept.
const SLEEP: i64 = 30_000;

impl Engine {
    /// Opens the vault; transactions that waited for it are signed.
    pub async fn unlock(&self, password: Password) -> Result<Vec<WalletView>, Error> {
        self.0.autolock.restart(&*self.0.clock);
        let wallets = self
            .with_password(move |keystore, at| keystore.unlock(&password, at))
            .await?;
        if self.config().access == Access::Exclusive {
            // What is not stored did not happen.
            self.note_unlock(&wallets)
                .await
                .inspect_err(|_| self.keystore().lock())?;
        }
        self.tell_wallets();
        self.wake_tasks();
        Ok(wallets)
    }

    async fn note_unlock(&self, views: &[WalletView]) -> Result<(), Error> {
        let ids: Vec<_> = views.iter().map(|view| view.wallet).collect();
        let tx = self.store().begin().await?;
        wallets::mark(&tx, &ids, Mark::Unlocked, self.clock().wall()).await?;
        self.commit_act(tx, self.act(WalletAct::Unlocked)).await
    }

    /// Wipes the keys from memory.
    pub fn lock(&self, reason: LockReason) {
        if lock(self.keystore(), self.bus(), reason) {
            let _ = self.0.autolock.locks.send(reason);
        }
    }

    /// Locks for good; the tasks have stopped, so that the line is written here.
    pub(crate) async fn lock_at_exit(&self) {
        let writes = self.config().access == Access::Exclusive;
        if !lock(self.keystore(), self.bus(), LockReason::Exit) || !writes {
            return;
        }
        let noted = async {
            let tx = self.store().begin().await?;
            self.commit_act(tx, act(self.clock(), LockReason::Exit)).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the lock at the end could not be noted");
        }
    }

    /// Somebody is there: the idle lock starts anew. Without the first call there is none, as on a computer that
    /// nobody sits at.
    pub fn touch(&self) {
        self.0.autolock.touch(&*self.0.clock);
    }

    /// After how many minutes without a person the wallet locks; 0 is never.
    pub async fn set_idle_lock(&self, minutes: u32) -> Result<(), Error> {
        self.may_write()?;
        if minutes > LONGEST_IDLE_MINUTES {
            let text = format!("the idle lock takes 1 to {LONGEST_IDLE_MINUTES} minutes, or 0 for never");
            return Err(Error::new(Code::InvalidInput, text));
        }
        let tx = self.store().begin().await?;
        settings::set(&tx, choices::IDLE_MINUTES, &minutes.to_string()).await?;
        tx.commit().await?;
        self.reload_choices().await
    }
}

/// Locks and tells; answers whether there was anything to lock.
fn lock(keystore: &Keystore, bus: &Bus, reason: LockReason) -> bool {
    let open = keystore.state() == VaultState::Unlocked;
    // Also when it is not open: an unlock that is on its way must not succeed.
    keystore.lock();
    if open {
        tracing::info!(?reason, "wallet locked");
        bus.tell(Event::Vault {
            state: keystore.state(),
            reason: Some(reason),
        });
    }
    open
}

/// The line of a lock.
pub(crate) fn act(clock: &dyn Clock, reason: LockReason) -> NewActivity {
    let why = match reason {
        LockReason::Person => "person",
        LockReason::Idle => "idle",
        LockReason::Suspend => "suspend",
        LockReason::Screen => "screen",
        LockReason::Exit => "exit",
    };
    NewActivity {
        at: clock.wall(),
        act: WalletAct::Locked,
        wallet: None,
        account: None,
        detail: Some(why.to_owned()),
    }
}

/// Tells the task that somebody is there, or that the vault was locked.
pub(crate) struct Handle {
    /// The monotonic time at which somebody was there last; none before the first.
    touched: watch::Sender<Option<Duration>>,
    locks: mpsc::UnboundedSender<LockReason>,
}

impl Handle {
    fn touch(&self, clock: &dyn Clock) {
        self.touched.send_replace(Some(clock.monotonic()));
    }

    /// Whoever types the password is there.
    fn restart(&self, clock: &dyn Clock) {
        self.touched.send_if_modified(|touched| {
            let armed = touched.is_some();
            *touched = touched.map(|_| clock.monotonic());
            armed
        });
    }
}

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) bus: Bus,
    pub(crate) choices: watch::Receiver<Choices>,
}

/// Locks an unattended wallet, and logs every lock.
pub(crate) struct Autolock {
    parts: Parts,
    touched: watch::Receiver<Option<Duration>>,
    locks: mpsc::UnboundedReceiver<LockReason>,
}

impl Autolock {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let (touched, reader) = watch::channel(None);
        let (sender, locks) = mpsc::unbounded_channel();
        let task = Self {
            parts,
            touched: reader,
            locks,
        };
        let handle = Handle {
            touched,
            locks: sender,
        };
        (task, handle)
    }

    /// How far the time of day is ahead of the monotonic time, in milliseconds.
    fn skew(&self) -> i64 {
        let monotonic = i64::try_from(self.parts.clock.monotonic().as_millis()).unwrap_or(i64::MAX);
        self.parts.clock.wall().0.saturating_sub(monotonic)
    }

    /// When the wallet locks for want of a person, whose minutes are real ones.
    fn idle_at(&self) -> Option<Duration> {
        let minutes = u64::from(self.parts.choices.borrow().idle_minutes);
        let touched = (*self.touched.borrow()).filter(|_| minutes > 0)?;
        let idle = Duration::from_secs(minutes * 60);
        Some(touched + idle.saturating_mul(self.parts.clock.pace()))
    }

    /// Locks if there is a reason to; a computer that nobody sits at has none.
    async fn look(&self, slept: bool) -> Result<(), Error> {
        let attended = self.touched.borrow().is_some();
        let idle = self
            .idle_at()
            .is_some_and(|at| self.parts.clock.monotonic() >= at);
        let reason = match (attended && slept, idle) {
            (true, _) => LockReason::Suspend,
            // Locking what is locked would only stop whoever is about to unlock it.
            (false, true) if self.parts.keystore.state() == VaultState::Unlocked => LockReason::Idle,
            (false, _) => return Ok(()),
        };
        if lock(&self.parts.keystore, &self.parts.bus, reason) {
            self.note(reason).await?;
        }
        Ok(())
    }

    async fn note(&self, reason: LockReason) -> Result<(), Error> {
        let tx = self.parts.store.begin().await?;
        let noted = transaction_logs::note(&tx, act(&*self.parts.clock, reason)).await?;
        tx.commit().await?;
        self.parts.bus.tell(Event::Activity(noted));
        Ok(())
    }
}

impl Task for Autolock {
    const NAME: &'static str = "autolock";

    async fn run(&mut self) -> Result<(), Error> {
        let mut skew = self.skew();
        loop {
            let next = self.parts.clock.monotonic() + TURN;
            // Past its time nothing is left to lock until somebody comes.
            let now = self.parts.clock.monotonic();
            let next = self
                .idle_at()
                .filter(|at| *at > now)
                .map_or(next, |at| at.min(next));
            tokio::select! {
                biased;
                Some(reason) = self.locks.recv() => self.note(reason).await?,
                changed = self.touched.changed() => if changed.is_err() { return Ok(()) },
                changed = self.parts.choices.changed() => if changed.is_err() { return Ok(()) },
                () = self.parts.clock.sleep_until(next) => {}
            }
            let before = std::mem::replace(&mut skew, self.skew());
            self.look(skew.saturating_sub(before) > SLEEP).await?;
        }
    }
}
