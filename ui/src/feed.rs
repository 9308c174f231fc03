//! Keeps [`LiveState`] in step with the core: snapshots first, then events, and snapshots again when events were missed.

mod home;

use std::time::Duration;

use enerlink_domain::{
    MeterId, NoticeKind, UnixMillis,
    device::Notice,
    event::VaultState,
    settlement::SettlementFilter,
    view::{AppStatus, PowerCurve},
    wallet::BackupContent,
};
use enerlink_ipc::{
    Event, ListMeters, ListNotices, ListSettlements, Lock, ReadGuards, ReadNetwork, ReadPower, ReadSecurity,
    ReadStatus, SeeNotices, ShowNotification,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    clock::CoreClock,
    components::inbox::PAGE,
    desktop::{self, Desk},
    format,
    household::Household,
    i18n::{Key, say},
    inbox::Told,
    ipc,
    live::{LiveState, News, Outcome, Refetch},
    pages::market,
    prefs::Prefs,
    session::{Session, Tone},
};

/// How often sums and curve are read again; everything else comes by events.
const REFRESH: Duration = Duration::from_secs(10);
/// How often the countdown and the ages move.
const TICK: Duration = Duration::from_millis(250);
/// Events that ask for snapshots within this time share them.
const GATHER: Duration = Duration::from_millis(200);
/// Pause before a lost event channel is opened again.
const RECONNECT: Duration = Duration::from_secs(1);
/// Characters that the desktop shows of a notice.
const LONGEST_BODY: usize = 300;
/// A point every five minutes of a day.
const POINTS: u16 = 288;
/// With less of today than this the curve is read by the minute: three hours, in milliseconds.
pub(crate) const SHORT_HISTORY: i64 = 3 * 3_600_000;
/// A point every minute of a short history.
const SHORT_POINTS: u16 = 180;

/// The live state and the ways to refresh it.
#[derive(Clone, Copy)]
pub(crate) struct Feed {
    /// What the core told.
    pub state: RwSignal<LiveState>,
    /// Today's power.
    pub curve: RwSignal<Option<PowerCurve>>,
    /// When sums and curve were read.
    pub read_at: RwSignal<UnixMillis>,
    /// The core's time now, moved on between its answers.
    pub now: RwSignal<UnixMillis>,
    /// Our wall clock's milliseconds from which on another unlock attempt is allowed.
    pub unlock_at: RwSignal<i64>,
    clock: StoredValue<CoreClock>,
    wanted: StoredValue<Refetch>,
    reading: StoredValue<bool>,
    /// How many events have told of chain and vault, which the status holds too.
    told: StoredValue<u64>,
    session: Session,
    prefs: Prefs,
    /// What the household has chosen.
    pub household: Household,
    desk: StoredValue<Desk>,
}

impl Feed {
    /// A feed that has heard nothing yet.
    pub(crate) fn new(session: Session, prefs: Prefs, household: Household) -> Self {
        let wall = ipc::wall_millis();
        Self {
            state: RwSignal::new(LiveState::default()),
            curve: RwSignal::new(None),
            read_at: RwSignal::new(UnixMillis(wall)),
            now: RwSignal::new(UnixMillis(wall)),
            unlock_at: RwSignal::new(0),
            clock: StoredValue::new(CoreClock::new(UnixMillis(wall), wall)),
            wanted: StoredValue::new(Refetch::Nothing),
            reading: StoredValue::new(false),
            told: StoredValue::new(0),
            session,
            prefs,
            household,
            desk: StoredValue::new(Desk::default()),
        }
    }

    /// Reads everything and listens from then on.
    pub(crate) fn start(self) {
        self.listen();
        spawn_local(self.refresh_all());
        set_interval(move || self.want(Refetch::Home), REFRESH);
        set_interval(
            move || self.now.set(self.clock.read_value().at(ipc::wall_millis())),
            TICK,
        );
    }

    /// Reads all snapshots.
    pub(crate) async fn refresh_all(self) {
        // Before the status, which must be taken over as soon as it is there: an event meanwhile would be newer.
        let restored = Self::read_restored().await;
        match self.read_status().await {
            Ok(status) => {
                let wait = i64::try_from(status.unlock_wait_ms).unwrap_or(i64::MAX);
                // Without a wait there is none: the clock of the form is a moment behind this one.
                let until = if wait > 0 {
                    ipc::wall_millis().saturating_add(wait)
                } else {
                    0
                };
                self.unlock_at.set(until);
                self.state.update(|state| {
                    state.failure = None;
                    state.restored = restored;
                    state.status = Some(status);
                });
            }
            Err(error) => return self.state.update(|state| state.failure = Some(error)),
        }
        if let Ok(network) = ipc::call(&ReadNetwork {}).await {
            self.state.update(|state| state.network = network);
        }
        self.household.read();
        if let Ok(guards) = ipc::call(&ReadGuards {}).await {
            let guards = guards.into_iter().map(|guard| (guard.owner, guard));
            self.state.update(|state| state.guards = guards.collect());
        }
        self.refresh_home().await;
        let notices = ListNotices {
            limit: PAGE,
            before: None,
        };
        if let Ok(page) = ipc::call(&notices).await {
            self.state.update(|state| state.inbox.begin(page));
        }
    }

    /// Reads the home page and today's curve. Without a wallet there is nothing to read.
    pub(crate) async fn refresh_home(self) {
        let vault = self
            .state
            .with_untracked(|state| state.status.as_ref().map(|status| status.vault));
        if matches!(vault, None | Some(VaultState::Missing)) {
            return;
        }
        match self.read_home().await {
            Ok(home) => {
                let meter = home.meter.as_ref().map(|meter| meter.meter.id.clone());
                let from = day_start(home.now);
                self.observe(home.now);
                self.read_at.set(home.now);
                self.state.update(|state| {
                    state.failure = None;
                    state.home = Some(home);
                });
                if let Ok(meters) = ipc::call(&ListMeters {}).await {
                    self.state.update(|state| state.meters = Some(meters));
                }
                if let Some(meter_id) = meter
                    && let Ok(curve) = self.read_curve(meter_id.clone(), from).await
                    && self
                        .state
                        .with_untracked(|state| state.meter_id() == Some(&meter_id))
                {
                    self.curve.set(Some(curve));
                }
            }
            Err(error) => self.state.update(|state| state.failure = Some(error)),
        }
    }

    /// What was restored and waits to be looked at. When it cannot be read, the pages say what is in the way.
    async fn read_restored() -> Option<BackupContent> {
        ipc::call(&ReadSecurity {}).await.ok()?.restored
    }

    /// The status, read again when events overtook the answer: what they told is newer.
    async fn read_status(self) -> Result<AppStatus, ipc::Error> {
        loop {
            let before = self.told.get_value();
            let answer = ipc::call(&ReadStatus {}).await;
            if answer.is_err() || self.told.get_value() == before {
                return answer;
            }
        }
    }

    /// How long a span of the core's time is for whoever sits at the window: a simulated clock may run faster.
    pub(crate) fn felt(self, span: Duration) -> Duration {
        span.div_f64(self.clock.read_value().rate())
    }

    /// Power of the day that began at `day`; by the minute while it has been heard for less than three hours.
    async fn read_curve(self, meter_id: MeterId, day: UnixMillis) -> Result<PowerCurve, ipc::Error> {
        let read = |from: UnixMillis, hours: u64, points: u16| ReadPower {
            meter_id: meter_id.clone(),
            from,
            to: from.plus(Duration::from_secs(hours * 3600)),
            points,
        };
        let curve = ipc::call(&read(day, 24, POINTS)).await?;
        let now = self.now.get_untracked();
        match curve.points.first() {
            Some(first) if now.0 - first.at.0 < SHORT_HISTORY => {
                ipc::call(&read(first.at, 3, SHORT_POINTS)).await
            }
            _ => Ok(curve),
        }
    }

    /// Older settlements than the home page holds, newest first.
    pub(crate) async fn older_settlements(
        self,
        before: Option<i64>,
    ) -> Result<enerlink_domain::view::SettlementPage, ipc::Error> {
        let meter_id = self.state.with_untracked(|state| state.meter_id().cloned());
        ipc::call(&ListSettlements {
            filter: SettlementFilter {
                meter_id,
                ..SettlementFilter::default()
            },
            limit: 50,
            before,
        })
        .await
    }

    /// Seals the keys; the page stays.
    pub(crate) fn lock(self) {
        if !self.state.with_untracked(LiveState::unlocked) {
            return;
        }
        spawn_local(async move {
            if let Err(error) = ipc::call(&Lock {}).await {
                self.session.say(Tone::Bad, error.message);
            }
            self.refresh_all().await;
        });
    }

    /// Does `action` now when keys can sign; asks for the password first otherwise.
    pub(crate) fn with_keys(self, action: impl FnOnce() + 'static) {
        if self.state.with_untracked(LiveState::unlocked) {
            action();
        } else {
            self.session.ask_for_keys(action);
        }
    }

    /// What Ctrl+L and the button do: lock what is open, ask for the password of what is locked.
    pub(crate) fn turn_key(self) {
        if self.state.with_untracked(LiveState::unlocked) {
            self.lock();
        } else if self.session.inside.get_untracked() {
            self.session.ask_for_keys(|| {});
        }
    }

    fn listen(self) {
        spawn_local(async move {
            let opened = ipc::subscribe(move |event| match event {
                Some(event) => self.take(event),
                None => self.listen_again(),
            });
            if opened.await.is_err() {
                self.listen_again();
            }
        });
    }

    fn listen_again(self) {
        set_timeout(
            move || {
                self.listen();
                spawn_local(self.refresh_all());
            },
            RECONNECT,
        );
    }

    fn take(self, event: Event) {
        if let Some(now) = LiveState::time_of(&event) {
            self.observe(now);
        }
        if matches!(event, Event::Chain(_) | Event::Vault { .. }) {
            self.told.update_value(|told| *told += 1);
        }
        let outcome = self.state.try_update(|state| state.apply(event));
        let Some(Outcome { refetch, news }) = outcome else {
            return;
        };
        self.want(refetch);
        if let Some(news) = news {
            self.tell(news);
        }
    }

    /// Reads again soon, once for all who ask meanwhile, and never twice at a time: a page that is slower than its events
    /// falls behind by one reading, not by all of them.
    fn want(self, refetch: Refetch) {
        self.wanted.update_value(|wanted| *wanted = refetch.max(*wanted));
        if self.reading.get_value() || self.wanted.get_value() == Refetch::Nothing {
            return;
        }
        self.reading.set_value(true);
        let read = async move {
            let wanted = self.wanted.get_value();
            self.wanted.set_value(Refetch::Nothing);
            match wanted {
                Refetch::Nothing => {}
                Refetch::Home => self.refresh_home().await,
                Refetch::All => self.refresh_all().await,
            }
            self.reading.set_value(false);
            self.want(Refetch::Nothing);
        };
        set_timeout(move || spawn_local(read), GATHER);
    }

    fn observe(self, now: UnixMillis) {
        let local = ipc::wall_millis();
        self.clock.update_value(|clock| clock.observe(now, local));
    }

    fn tell(self, news: News) {
        let language = self.prefs.language.get_untracked();
        let hidden = self.prefs.hidden.get_untracked();
        match news {
            News::Settled { energy, etk } => {
                let energy = format::whole_energy(language, energy);
                let amount = if hidden {
                    format::HIDDEN.into()
                } else {
                    format::etk(language, etk, format::Sign::Always)
                };
                let text = say(
                    language,
                    Key::ToastSettled,
                    &[("energy", &energy), ("amount", &amount)],
                );
                self.session.say(Tone::Good, text);
            }
            News::SettlementFailed { reason } => {
                let reason = reason.unwrap_or_default();
                self.session
                    .say(Tone::Bad, say(language, Key::ToastFailed, &[("reason", &reason)]));
            }
            News::Received(movement) => {
                let amount = if hidden {
                    format::HIDDEN.into()
                } else {
                    format::amount(language, movement.amount)
                };
                let text = say(language, Key::TokenReceived, &[("amount", &amount)]);
                self.session.say(Tone::Good, text);
            }
            News::TaskFailed { task } => {
                self.session
                    .say(Tone::Bad, say(language, Key::ToastTask, &[("task", &task)]));
            }
            News::PriceReached(alert) => {
                if let Some(text) = self
                    .state
                    .with_untracked(|state| market::alert_news(language, state, &alert))
                {
                    self.session.say(Tone::Good, text);
                }
            }
            News::Notice { told, notice } => self.tell_notice(told, notice),
        }
    }

    /// Says what has come of something that may have been asked for outside the window: there too, when nobody looks here.
    pub(crate) fn announce(self, tone: Tone, text: String) {
        if !ipc::is_attended() {
            let (title, body) = ("EnerLink Wallet".to_owned(), text.clone());
            spawn_local(async move { drop(ipc::call(&ShowNotification { title, body }).await) });
        }
        self.session.say(tone, text);
    }

    /// A toast for whoever looks at the window, a word on the desktop for whoever does not.
    fn tell_notice(self, told: Told, mut notice: Notice) {
        let language = self.prefs.language.get_untracked();
        if self.prefs.hidden.get_untracked() && notice.kind.tells_an_amount() {
            format::HIDDEN.clone_into(&mut notice.detail);
        }
        let tone = match (told, notice.kind) {
            (Told::Over, _) | (_, NoticeKind::OrderFilled | NoticeKind::PriceReached) => Tone::Good,
            (Told::Begun, _) => Tone::Bad,
        };
        let detail = desktop::detail(language, told, &notice, &self.meter_of(&notice));
        let text = format!("{}. {detail}", desktop::headline(language, told, &notice));
        let muted = self.household.mutes(notice.kind);
        let (in_window, on_desktop) = desktop::said(notice.kind, muted, ipc::is_attended());
        if in_window {
            self.session.say(tone, text.trim_end_matches(". ").to_owned());
        }
        if !on_desktop {
            return;
        }
        let wait = self
            .desk
            .try_update_value(|desk| desk.take(told, notice, ipc::wall_millis()));
        if let Some(wait) = wait.flatten() {
            set_timeout(move || self.show_on_desktop(), Duration::from_millis(wait));
        }
    }

    /// Shows what was gathered, unless somebody has come back meanwhile and sees it in the inbox.
    fn show_on_desktop(self) {
        let due = self.desk.try_update_value(|desk| desk.due(ipc::wall_millis()));
        let language = self.prefs.language.get_untracked();
        let words = desktop::notification(language, &due.unwrap_or_default(), |notice| self.meter_of(notice));
        if let Some((title, body)) = words.filter(|_| !ipc::is_attended()) {
            let body = body.chars().take(LONGEST_BODY).collect();
            // A desktop without notifications has the inbox all the same.
            spawn_local(async move { drop(ipc::call(&ShowNotification { title, body }).await) });
        }
    }

    fn meter_of(self, notice: &Notice) -> String {
        let name = |id| self.state.with_untracked(|state| state.name_of(id));
        notice.meter_id.as_ref().map(name).unwrap_or_default()
    }

    /// Notes that somebody has looked at the inbox, when there was something new.
    pub(crate) fn see_notices(self) {
        if self.state.with_untracked(|state| state.inbox.unseen == 0) {
            return;
        }
        self.state.update(|state| state.inbox.see_all());
        // What could not be noted is new again the next time.
        spawn_local(async { drop(ipc::call(&SeeNotices {}).await) });
    }
}

/// The feed of this window.
pub(crate) fn feed() -> Feed {
    expect_context::<Feed>()
}

/// The start of the local day.
pub(crate) fn day_start(at: UnixMillis) -> UnixMillis {
    format::day_start(at, ipc::utc_offset_minutes(at.0))
}
