//! How the rest of the engine, and its readers, reach the command task.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::{
    Code, CommandView, Error, MeterCommand, MeterId, Sensors, StatusSnapshot,
    command::CommandPage,
    reading::{GridMode, Response},
};
use enerlink_store::commands as rows;
use tokio::sync::{mpsc, oneshot, watch};

use crate::Engine;

/// Commands of one page, at most.
pub(super) const PAGE_ROWS: u16 = 200;

/// What the task is asked, or told.
pub(super) enum Request {
    Send(
        MeterId,
        MeterCommand,
        bool,
        oneshot::Sender<Result<CommandView, Error>>,
    ),
    Guard(MeterId, GridMode, oneshot::Sender<Result<CommandView, Error>>),
    Answered(MeterId, Response),
    Observed(MeterId, Option<Box<StatusSnapshot>>, Option<Box<Sensors>>),
}

/// What the task waits for.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Awaited {
    /// Meters in whose messages a command may be seen carried out.
    pub(super) meters: BTreeSet<MeterId>,
    /// Commands by their correlation ids: of which meter, and, of a reset of its settlement counters, in which epoch of its
    /// registers it was asked for.
    pub(super) commands: BTreeMap<String, (MeterId, Option<u32>)>,
}

/// Asks the task to command a meter.
#[derive(Clone)]
pub(crate) struct Handle {
    inbox: mpsc::Sender<Request>,
    settled: mpsc::UnboundedSender<MeterId>,
    awaited: watch::Receiver<Awaited>,
}

impl Handle {
    /// The handle of a task that reads from the other ends of `inbox` and `settled`, and tells what it waits for.
    pub(super) fn new(
        inbox: mpsc::Sender<Request>,
        settled: mpsc::UnboundedSender<MeterId>,
        awaited: watch::Receiver<Awaited>,
    ) -> Self {
        Self {
            inbox,
            settled,
            awaited,
        }
    }

    /// Stores `command` for `meter` and sends it.
    pub(crate) async fn send(
        &self,
        meter: MeterId,
        command: MeterCommand,
        confirmed: bool,
    ) -> Result<CommandView, Error> {
        self.ask(|reply| Request::Send(meter, command, confirmed, reply))
            .await
    }

    /// Stores the guard's command for `meter` and sends it: nobody confirms it, and the guard tells what became of it.
    pub(crate) async fn guard(&self, meter: MeterId, mode: GridMode) -> Result<CommandView, Error> {
        self.ask(|reply| Request::Guard(meter, mode, reply)).await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Request,
    ) -> Result<T, Error> {
        let stopped = || Error::new(Code::Internal, "the command task has stopped");
        let (reply, answer) = oneshot::channel();
        self.inbox.send(request(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Resets the settlement counters on the display of `meter`, when that cannot lose energy or the household wants it.
    /// Settlements do not wait for displays.
    pub(crate) fn reset_display_after_settlement(&self, meter: MeterId) {
        let _ = self.settled.send(meter);
    }

    /// Hands over an answer of `meter`. Metering must not wait for a task that waits for metering: when the inbox is
    /// full the answer is dropped, and the command is repeated under the same id.
    pub(crate) fn answered(&self, meter: MeterId, response: Response) {
        let _ = self.inbox.try_send(Request::Answered(meter, response));
    }

    /// The meter whose command has this correlation id; of a reset of its settlement counters also the epoch of its registers
    /// in which it was asked for.
    pub(crate) fn asked(&self, correlation_id: &str) -> Option<(MeterId, Option<u32>)> {
        self.awaited.borrow().commands.get(correlation_id).cloned()
    }

    /// Hands over what `meter` has just said of itself, never a retained message: a command may be seen in it. Costs
    /// nothing while no command waits for that.
    pub(crate) fn observed(
        &self,
        meter: &MeterId,
        status: Option<&StatusSnapshot>,
        sensors: Option<&Sensors>,
    ) {
        if self.awaited.borrow().meters.contains(meter) {
            let status = status.cloned().map(Box::new);
            let sensors = sensors.cloned().map(Box::new);
            let _ = self
                .inbox
                .try_send(Request::Observed(meter.clone(), status, sensors));
        }
    }
}

impl Engine {
    /// Stores a command for `meter`, within its limits, and sends it. `confirmed` says that a person has agreed, which
    /// is needed where power is switched or counters are reset.
    ///
    /// # Errors
    /// `CONFIRMATION_MISSING`, `TOO_OFTEN`, an output that the meter does not have; nothing is stored then.
    pub async fn send_command(
        &self,
        meter: MeterId,
        command: MeterCommand,
        confirmed: bool,
    ) -> Result<CommandView, Error> {
        self.may_write()?;
        self.commands().send(meter, command, confirmed).await
    }

    /// Commands of `meter`, newest first.
    pub async fn list_commands(
        &self,
        meter: &MeterId,
        limit: u16,
        before: Option<i64>,
    ) -> Result<CommandPage, Error> {
        let reader = self.store().reader();
        Ok(rows::list(&reader, meter, limit.min(PAGE_ROWS), before).await?)
    }
}
