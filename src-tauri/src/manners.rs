//! Manners: what closing and quitting do, and what the shell wants of its page. Closing leads into the tray only where
//! there is one; everywhere else it ends the program, so that no window closes into nowhere.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use enerlink_domain::wallet::LockReason;
use enerlink_engine::Engine;
use enerlink_ipc::desktop::{Answer, Closing, TrayAct, TrayFace, Wish};
use tauri::{AppHandle, Manager as _, Runtime, Window, WindowEvent, async_runtime::spawn, ipc::Channel};
use tokio::sync::watch;

use crate::{
    tray::{self, Tray},
    window,
};

/// How the program behaves on this desktop.
pub(crate) struct Manners {
    face: watch::Sender<TrayFace>,
    tray: watch::Sender<bool>,
    closing: Mutex<Closing>,
    /// Where wishes go; the page that has asked last.
    page: Mutex<Option<Channel<Wish>>>,
    /// Whether the page has a question open.
    asking: AtomicBool,
    /// Whether the program shall end.
    over: watch::Sender<bool>,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            face: watch::Sender::new(tray::first_face()),
            tray: watch::Sender::new(false),
            closing: Mutex::default(),
            page: Mutex::default(),
            asking: AtomicBool::new(false),
            over: watch::Sender::new(false),
        }
    }
}

/// What becomes of a window that is closed.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Hide,
    Quit,
    /// The page asks.
    Ask,
}

impl Manners {
    /// Whether there is a tray to go to, now and later.
    pub(crate) fn tray(&self) -> watch::Receiver<bool> {
        self.tray.subscribe()
    }

    /// The tray's end of it; `act` does what its entries say.
    pub(crate) fn connect(&self, act: impl Fn(TrayAct) + Send + Sync + 'static) -> Tray {
        Tray {
            face: self.face.subscribe(),
            here: self.tray.clone(),
            act: Box::new(act),
        }
    }

    /// Takes what the page says: what the tray shows, and what closing does.
    pub(crate) fn show(&self, face: TrayFace, closing: Closing) {
        let face = tray::trimmed(face);
        self.face.send_if_modified(|shown| {
            let other = *shown != face;
            *shown = face;
            other
        });
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner) = closing;
    }

    /// Sends wishes to this page from now on.
    pub(crate) fn listen(&self, page: Channel<Wish>) {
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
        self.asking.store(false, Ordering::SeqCst);
    }

    /// Whether the page hears it.
    fn tell(&self, wish: Wish) -> bool {
        let page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        page.as_ref().is_some_and(|page| page.send(wish).is_ok())
    }

    /// Whether the page asks; it does not while a question is open, so that a page that hangs can be left.
    fn ask(&self, question: Wish) -> bool {
        if self.asking.swap(true, Ordering::SeqCst) {
            return false;
        }
        let asked = self.tell(question);
        self.asking.store(asked, Ordering::SeqCst);
        asked
    }

    /// Waits until the program shall end.
    pub(crate) async fn over(&self) {
        // The sender lives in `self`, so that the wait cannot end for its lack.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
    }

    fn end(&self) -> End {
        let closing = *self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        match (*self.tray.borrow(), closing) {
            (false, _) | (true, Closing::Quit) => End::Quit,
            (true, Closing::Keep) => End::Hide,
            (true, Closing::Ask) if self.ask(Wish::AskClosing) => End::Ask,
            // Whoever cannot be asked loses nothing.
            (true, Closing::Ask) => End::Hide,
        }
    }
}

/// Closing a window.
pub(crate) fn on_window_event<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    let WindowEvent::CloseRequested { api, .. } = event else {
        return;
    };
    api.prevent_close();
    match window.state::<Manners>().end() {
        End::Hide => window::hide(window.app_handle()),
        End::Quit => drop(spawn(quit(window.app_handle().clone()))),
        End::Ask => {}
    }
}

/// Does what an entry of the tray says. What the page knows how to do it does in its own way, with the words for what
/// comes of it; what must not wait for a page is done here.
pub(crate) fn act<R: Runtime>(app: &AppHandle<R>, act: TrayAct) {
    match act {
        TrayAct::Open => window::show(app),
        TrayAct::Lock => app.state::<Engine>().lock(LockReason::Person),
        TrayAct::Quit => drop(spawn(quit(app.clone()))),
        TrayAct::Settle | TrayAct::Pause | TrayAct::Resume => {
            if !app.state::<Manners>().tell(Wish::Act(act)) {
                window::show(app);
            }
        }
    }
}

/// Does what a person has answered to a question.
pub(crate) fn answer<R: Runtime>(app: &AppHandle<R>, answer: Answer) {
    app.state::<Manners>().asking.store(false, Ordering::SeqCst);
    match answer {
        Answer::Stay => {}
        Answer::Keep => window::hide(app),
        Answer::Quit => drop(spawn(quit(app.clone()))),
        Answer::QuitAnyway => drop(app.state::<Manners>().over.send_replace(true)),
    }
}

/// Ends the program, unless something is on its way that a person should know of.
pub(crate) async fn quit<R: Runtime>(app: AppHandle<R>) {
    if is_busy(&app.state::<Engine>()).await && app.state::<Manners>().ask(Wish::AskQuitting) {
        return window::show(&app);
    }
    app.state::<Manners>().over.send_replace(true);
}

/// Whether quitting leaves something of the household on its way. A database that cannot be asked keeps nobody here.
async fn is_busy(engine: &Engine) -> bool {
    let status = engine.status();
    !status.demo && !status.read_only && engine.under_way().await.is_ok_and(|rows| rows > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn page(wishes: &Arc<Mutex<u32>>) -> Channel<Wish> {
        let wishes = Arc::clone(wishes);
        Channel::new(move |_| {
            *wishes.lock().expect("not poisoned") += 1;
            Ok(())
        })
    }

    #[test]
    fn no_window_closes_into_nowhere() {
        let manners = Manners::default();
        for closing in [Closing::Ask, Closing::Keep, Closing::Quit] {
            manners.show(tray::first_face(), closing);
            assert_eq!(manners.end(), End::Quit, "{closing:?} without a tray");
        }
        manners.tray.send_replace(true);
        for (closing, end) in [
            (Closing::Keep, End::Hide),
            (Closing::Quit, End::Quit),
            (Closing::Ask, End::Hide),
        ] {
            manners.show(tray::first_face(), closing);
            assert_eq!(manners.end(), end, "{closing:?} without a page");
        }
    }

    #[test]
    fn a_question_is_asked_once_until_it_is_answered() {
        let manners = Manners::default();
        manners.tray.send_replace(true);
        let wishes = Arc::new(Mutex::new(0));
        manners.listen(page(&wishes));
        assert_eq!(manners.end(), End::Ask);
        assert_eq!(manners.end(), End::Hide, "the page does not answer");
        assert!(!manners.ask(Wish::AskQuitting));
        manners.asking.store(false, Ordering::SeqCst);
        assert_eq!(manners.end(), End::Ask);
        assert_eq!(*wishes.lock().expect("not poisoned"), 2);
    }
}
