//! Commands to meters: stored, sent, answered or timed out. The same correlation id goes with every attempt, so that a
//! meter can tell a repetition from a new wish.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{
    Clock, Code, Error, MeterId, Sensors, StatusSnapshot, reading::Response, register::CounterSource,
    view::CommandId,
};
use enerlink_meter::DeviceCommand;
use enerlink_store::{CommandRow, CommandStatus, Store, commands as rows};
use tokio::sync::{OnceCell, mpsc, oneshot};
use uuid::Uuid;

use crate::{metering, task::Task};

/// A meter has this long to answer an attempt.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so many attempts the command has timed out.
const ATTEMPTS: u32 = 3;
/// How often unanswered commands are looked at.
const TURN: Duration = Duration::from_secs(2);

enum Request {
    Send(MeterId, DeviceCommand, oneshot::Sender<Result<CommandId, Error>>),
    ResetAfterSettlement(MeterId),
    Answered(MeterId, Response),
}

/// Asks the task to command a meter.
#[derive(Clone)]
pub(crate) struct Handle(mpsc::Sender<Request>);

impl Handle {
    /// Stores `command` for `meter` and sends it.
    pub(crate) async fn send(&self, meter: MeterId, command: DeviceCommand) -> Result<CommandId, Error> {
        let stopped = || Error::new(Code::Internal, "the command task has stopped");
        let (reply, answer) = oneshot::channel();
        self.0
            .send(Request::Send(meter, command, reply))
            .await
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Resets the settlement counters on the display of `meter`, when that cannot lose energy.
    pub(crate) async fn reset_display_after_settlement(&self, meter: MeterId) {
        let _ = self.0.send(Request::ResetAfterSettlement(meter)).await;
    }

    /// Hands over what `meter` has just said of itself, never a retained message: a command may be seen in it. Costs
    /// nothing while no command waits for that.
    pub(crate) fn observed(
        &self,
        meter: &MeterId,
        status: Option<&StatusSnapshot>,
        sensors: Option<&Sensors>,
    ) {
        let _ = (meter, status, sensors);
    }

    /// Hands over an answer of `meter`. Metering must not wait for a task that waits for metering: when the inbox is
    /// full the answer is dropped, and the command is repeated under the same id.
    pub(crate) fn answered(&self, meter: MeterId, response: Response) {
        let _ = self.0.try_send(Request::Answered(meter, response));
    }
}

pub(crate) struct Commands {
    clock: Arc<dyn Clock>,
    store: Store,
    inbox: mpsc::Receiver<Request>,
    /// Metering sends for this task and is sent answers by it, so one of the two learns of the other later.
    metering: Arc<OnceCell<metering::Handle>>,
}

impl Commands {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        store: Store,
    ) -> (Self, Handle, Arc<OnceCell<metering::Handle>>) {
        let (sender, inbox) = mpsc::channel(256);
        let metering = Arc::new(OnceCell::new());
        (
            Self {
                clock,
                store,
                inbox,
                metering: Arc::clone(&metering),
            },
            Handle(sender),
            metering,
        )
    }

    async fn answer(&self, request: Request) -> Result<(), Error> {
        match request {
            Request::Send(meter, command, reply) => {
                let _ = reply.send(self.create(&meter, &command).await);
                Ok(())
            }
            Request::ResetAfterSettlement(meter) => self.reset(&meter).await,
            Request::Answered(meter, response) => self.note(&meter, &response).await,
        }
    }

    /// Only totals survive a reset of the settlement counters: without them, what flows between the last message and
    /// the reset would be lost.
    async fn reset(&self, meter: &MeterId) -> Result<(), Error> {
        let source = self.metering.get().and_then(|metering| {
            metering
                .state
                .borrow()
                .get(meter)
                .and_then(|live| live.registers)
                .map(|registers| registers.source)
        });
        if source == Some(CounterSource::Total) {
            self.create(meter, &DeviceCommand::ResetSettlement).await?;
        }
        Ok(())
    }

    async fn create(&self, meter: &MeterId, command: &DeviceCommand) -> Result<CommandId, Error> {
        let now = self.clock.wall();
        let correlation_id = Uuid::new_v4().to_string();
        let row = CommandRow {
            correlation_id: correlation_id.clone(),
            meter_id: meter.clone(),
            command: command.encode(&correlation_id, now),
            status: CommandStatus::Pending,
            attempts: 0,
            created_at: now,
            sent_at: None,
            finished_at: None,
            error: None,
        };
        let tx = self.store.begin().await?;
        rows::insert(&tx, &row).await?;
        tx.commit().await?;
        self.attempt(row).await?;
        Ok(CommandId { correlation_id })
    }

    /// Publishes `row` once more, or gives it up.
    async fn attempt(&self, mut row: CommandRow) -> Result<(), Error> {
        let now = self.clock.wall();
        if row.attempts >= ATTEMPTS {
            row.status = CommandStatus::Timeout;
            row.finished_at = Some(now);
            row.error = Some("the meter did not answer".to_owned());
            return self.save(&row).await;
        }
        let Some(metering) = self.metering.get() else {
            return Ok(());
        };
        row.attempts += 1;
        row.sent_at = Some(now);
        match metering.publish(&row.meter_id, row.command.clone()).await {
            Ok(()) => row.status = CommandStatus::Sent,
            Err(error) => row.error = Some(error.message),
        }
        self.save(&row).await
    }

    async fn note(&self, meter: &MeterId, response: &Response) -> Result<(), Error> {
        let found = rows::get(&self.store.reader(), &response.correlation_id).await?;
        let Some(mut row) = found.filter(|row| row.meter_id == *meter) else {
            tracing::info!(%meter, id = response.correlation_id, "answer to an unknown command");
            return Ok(());
        };
        let late = matches!(row.status, CommandStatus::Timeout);
        if !late && !matches!(row.status, CommandStatus::Pending | CommandStatus::Sent) {
            return Ok(());
        }
        row.finished_at = Some(self.clock.wall());
        row.error = response.error.clone();
        if late {
            // The state never goes back; that the answer came after all is worth knowing.
            row.error = Some("the answer came late".to_owned());
        } else {
            row.status = if response.ok {
                CommandStatus::Acknowledged
            } else {
                CommandStatus::Failed
            };
        }
        self.save(&row).await
    }

    async fn save(&self, row: &CommandRow) -> Result<(), Error> {
        let tx = self.store.begin().await?;
        rows::update(&tx, row).await?;
        Ok(tx.commit().await?)
    }

    async fn repeat_unanswered(&self) -> Result<(), Error> {
        let now = self.clock.wall();
        for row in rows::unfinished(&self.store.reader()).await? {
            if row.sent_at.is_none_or(|sent| now.since(sent) >= PATIENCE) {
                self.attempt(row).await?;
            }
        }
        Ok(())
    }
}

impl Task for Commands {
    const NAME: &'static str = "commands";

    async fn run(&mut self) -> Result<(), Error> {
        let mut turn = self.clock.monotonic() + TURN;
        loop {
            tokio::select! {
                Some(request) = self.inbox.recv() => self.answer(request).await?,
                () = self.clock.sleep_until(turn) => {
                    self.repeat_unanswered().await?;
                    turn = self.clock.monotonic() + TURN;
                }
            }
        }
    }
}
