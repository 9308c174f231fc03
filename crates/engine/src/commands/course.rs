//! The course of one command: what is done next, and what an answer or an observation makes of it. Pure: time comes in.

use std::time::Duration;

use enerlink_domain::{
    CommandStage, CommandView, Sensors, StatusSnapshot, UnixMillis, device::NoticeKind, reading::Response,
};

use super::evidence::Evidence;

/// A meter has this long to answer an attempt.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// It is sent so often, at most.
pub(super) const ATTEMPTS: u32 = 3;
/// No attempt begins later than this after the wish: a switch that moves minutes later would surprise.
pub(super) const LEAVE_WITHIN: Duration = Duration::from_secs(30);
/// How soon it is tried again when there was no connection.
const RETRY: Duration = Duration::from_secs(1);
/// So long after its end a status may still show that it was carried out.
pub(super) const LATE_WITHIN: Duration = Duration::from_secs(600);
/// The same in milliseconds.
pub(super) const LATE_WITHIN_MS: i64 = 600_000;

/// What the clock shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// For pauses: never goes back.
    pub(super) steady: Duration,
    /// For people.
    pub(super) wall: UnixMillis,
}

/// What is to be done with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, for the moment.
    Wait,
    /// Hand it to the broker.
    Send,
    /// Nothing was heard: it has come to its end.
    End,
    /// Nothing can be heard of it any more.
    Forget,
}

/// A command on its way, or one that ended in silence and may still be heard of.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) view: CommandView,
    /// As it is sent, the same every time.
    pub(super) json: String,
    /// The wallet's own wish: nobody is told when it fails.
    pub(super) automatic: bool,
    /// When the first attempt was made.
    pub(super) first_sent: Option<Duration>,
    pub(super) evidence: Evidence,
    /// The epoch of the meter's registers in which a reset of its settlement counters was asked for.
    pub(super) reset_in: Option<u32>,
    /// No attempt begins at or after this.
    leave_by: Duration,
    /// Nothing is to be done before this.
    next: Duration,
    /// It ended because nothing was heard.
    silent: bool,
}

impl Course {
    /// A new command.
    pub(super) fn new(view: CommandView, json: String, evidence: Evidence, now: Now) -> Self {
        Self {
            view,
            json,
            automatic: false,
            first_sent: None,
            evidence,
            reset_in: None,
            leave_by: now.steady + LEAVE_WITHIN,
            next: now.steady,
            silent: false,
        }
    }

    /// A command that a former run of the app has left. What it still may do depends on its age, which only the time
    /// of day can tell; where that was set back, it is not sent any more.
    pub(super) fn resumed(view: CommandView, json: String, now: Now) -> Self {
        let age = |since: UnixMillis| (since <= now.wall).then(|| now.wall.since(since));
        let rest = |length: Duration, since: Option<UnixMillis>| {
            since
                .and_then(age)
                .map_or(Duration::ZERO, |age| length.saturating_sub(age))
        };
        let next = match view.stage {
            CommandStage::Queued => Duration::ZERO,
            CommandStage::Sent => rest(PATIENCE, view.sent_at),
            _ => rest(LATE_WITHIN, view.finished_at),
        };
        Self {
            leave_by: now.steady + rest(LEAVE_WITHIN, Some(view.created_at)),
            next: now.steady + next,
            silent: view.stage == CommandStage::TimedOut,
            first_sent: None,
            evidence: Evidence::default(),
            reset_in: None,
            automatic: false,
            view,
            json,
        }
    }

    /// What is to be done at `now`.
    pub(super) fn step(&self, now: Now) -> Step {
        // Both clocks: the steady one may stand still while the computer sleeps, the other one may be set back.
        let in_time = || now.steady < self.leave_by && now.wall.since(self.view.created_at) < LEAVE_WITHIN;
        if now.steady < self.next {
            Step::Wait
        } else if !self.view.stage.is_open() {
            Step::Forget
        } else if self.view.attempts < ATTEMPTS && in_time() {
            Step::Send
        } else {
            Step::End
        }
    }

    /// The broker has it.
    pub(super) fn sent(&mut self, now: Now) {
        self.first_sent.get_or_insert(now.steady);
        self.view.attempts += 1;
        self.view.sent_at = Some(now.wall);
        self.view.error = None;
        self.next = now.steady + PATIENCE;
        self.become_stage(CommandStage::Sent);
    }

    /// It could not be handed to the broker, which is no attempt. Answers whether that is news.
    pub(super) fn held_back(&mut self, why: &str, now: Duration) -> bool {
        self.next = now + RETRY;
        let news = self.view.error.as_deref() != Some(why);
        self.view.error = Some(why.to_owned());
        news
    }

    /// Nothing was heard. Only a meter that is known to answer fails by that; of another one it says nothing.
    pub(super) fn end(&mut self, answers: bool, now: Now) {
        let never_left = self.view.attempts == 0;
        let (stage, why) = match (never_left, answers) {
            (true, _) => (
                CommandStage::TimedOut,
                format!(
                    "it could not be sent within {} s and will not be",
                    LEAVE_WITHIN.as_secs()
                ),
            ),
            (false, true) => (
                CommandStage::Failed,
                "the meter, which answers commands, did not answer this one".to_owned(),
            ),
            (false, false) => (
                CommandStage::TimedOut,
                "the meter has neither answered nor shown it".to_owned(),
            ),
        };
        let cause = self.view.error.take().filter(|_| never_left);
        self.finish(
            stage,
            Some(cause.map_or(why.clone(), |cause| format!("{why}: {cause}"))),
            now,
        );
        self.silent = true;
        self.next = now.steady + LATE_WITHIN;
    }

    /// A newer command for the same output takes its place: it is not repeated, because that would undo the newer one.
    pub(super) fn replace(&mut self, now: Now) -> bool {
        let why = "a newer command took its place".to_owned();
        let open = self.view.stage.is_open();
        self.next = now.steady;
        open && self.finish(CommandStage::TimedOut, Some(why), now)
    }

    /// Takes the meter's answer in. Answers whether it changed anything: a repeated one does not.
    pub(super) fn answered(&mut self, response: &Response, now: Now) -> bool {
        if response.correlation_id != self.view.correlation_id {
            return false;
        }
        let refusal = || {
            response
                .error
                .clone()
                .unwrap_or_else(|| "the meter refused".to_owned())
        };
        match (self.view.stage.is_open(), response.ok) {
            (true, true) => self.finish(CommandStage::Acknowledged, None, now),
            (true, false) => self.finish(CommandStage::Failed, Some(refusal()), now),
            (false, ok) if self.silent => {
                let error = (!ok).then(refusal);
                self.finish(CommandStage::Late, error, now)
            }
            (false, _) => false,
        }
    }

    /// Takes in what the meter says of itself. Answers whether that shows the command carried out.
    pub(super) fn observed(
        &mut self,
        status: Option<&StatusSnapshot>,
        sensors: Option<&Sensors>,
        now: Now,
    ) -> bool {
        // Before it has left, a status that happens to show the same proves nothing.
        let Some(command) = self.view.command.as_ref().filter(|_| self.view.attempts > 0) else {
            return false;
        };
        let shown = status.is_some_and(|status| super::evidence::in_status(command, status))
            || sensors.is_some_and(|sensors| self.evidence.in_sensors(command, sensors, now.steady));
        if !shown {
            return false;
        }
        let stage = if self.view.stage.is_open() {
            CommandStage::Observed
        } else {
            CommandStage::Late
        };
        (stage == CommandStage::Observed || self.silent) && self.finish(stage, None, now)
    }

    /// What the household is told of it, if anything.
    pub(super) fn notice(&self) -> Option<(NoticeKind, String)> {
        let failed = matches!(self.view.stage, CommandStage::Failed)
            || self.view.stage == CommandStage::TimedOut && self.silent;
        (failed && !self.automatic).then(|| (NoticeKind::CommandFailed, self.view.correlation_id.clone()))
    }

    /// When something is to be done next.
    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Whether something may still be heard that changes it.
    pub(super) fn is_watched(&self) -> bool {
        self.view.stage.is_open() || self.silent
    }

    fn finish(&mut self, stage: CommandStage, error: Option<String>, now: Now) -> bool {
        if !self.become_stage(stage) {
            return false;
        }
        self.silent = false;
        self.view.finished_at = Some(now.wall);
        self.view.error = error;
        true
    }

    /// The one place where the stage changes.
    fn become_stage(&mut self, stage: CommandStage) -> bool {
        let may = self.view.stage.may_become(stage);
        if may {
            self.view.stage = stage;
        }
        may
    }
}
