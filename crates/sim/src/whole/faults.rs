//! What goes wrong in the simulated world, by name, and how often it did.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A question never reaches the node.
    QuestionLost,
    /// A question is carried out and its answer lost.
    AnswerLost,
    /// A question is carried out late, perhaps after nobody waits for it any more.
    QuestionDelayed,
    /// A later question is carried out before an earlier one.
    QuestionsReordered,
    /// Signed bytes arrive twice.
    SendDuplicated,
    /// The node is away for a while.
    NodeDown,
    /// The newest block is replaced.
    Reorganisation1,
    /// The newest two blocks are replaced.
    Reorganisation2,
    /// The newest three blocks are replaced.
    Reorganisation3,
    /// The newest four blocks are replaced.
    Reorganisation4,
    /// The newest five blocks are replaced.
    Reorganisation5,
    /// A block without the transactions that wait.
    EmptyBlock,
    /// The node forgets a transaction that waits.
    TransactionDropped,
    /// A message of the device is lost.
    MessageLost,
    /// A message arrives late, in order.
    MessageDelayed,
    /// A message arrives twice.
    MessageDuplicated,
    /// A message arrives after later ones.
    MessageReordered,
    /// The broker is away, and the device keeps what it has to say.
    BrokerDown,
    /// The broker is away, and the device does not keep what it had to say.
    BrokerDownForgetful,
    /// The broker keeps an old reading and hands it to who subscribes.
    RetainedReading,
    /// The device starts again.
    MeterReboot,
    /// The device's counters start again.
    CounterReset,
    /// The device's uptime passes 2^32 milliseconds.
    UptimeRollover,
    /// A counter falls by next to nothing.
    Noise,
    /// The device says nothing for long.
    MeterSilent,
    /// The settlement key is given up, and wanted again later.
    SettlementKeyGivenUp,
    /// The wallet is locked.
    WalletLocked,
    /// The operator changes the conversion ratio.
    RatioChanged,
    /// The operator changes the smallest settlement.
    ThresholdChanged,
    /// The accounts have no coins for gas.
    GasMissing,
    /// Another copy of the wallet settles beside this one.
    SecondCopy,
    /// The database is an older one.
    DatabaseRestored,
    /// The profile has lost its database.
    EmptyProfile,
    /// The process dies around a question to the node.
    CrashAtQuestion,
    /// The process dies after a commit.
    CrashAtCommit,
    /// The process dies between a commit and the acknowledgement to the broker.
    CrashAtAcknowledgement,
    /// The process dies at some moment.
    CrashAtAnyTime,
    /// The process is stopped in order and started again.
    Restart,
    /// The computer's clock is set back.
    ClockSetBack,
    /// The computer's clock is set forward.
    ClockSetForward,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 40] = [
        Self::QuestionLost,
        Self::AnswerLost,
        Self::QuestionDelayed,
        Self::QuestionsReordered,
        Self::SendDuplicated,
        Self::NodeDown,
        Self::Reorganisation1,
        Self::Reorganisation2,
        Self::Reorganisation3,
        Self::Reorganisation4,
        Self::Reorganisation5,
        Self::EmptyBlock,
        Self::TransactionDropped,
        Self::MessageLost,
        Self::MessageDelayed,
        Self::MessageDuplicated,
        Self::MessageReordered,
        Self::BrokerDown,
        Self::BrokerDownForgetful,
        Self::RetainedReading,
        Self::MeterReboot,
        Self::CounterReset,
        Self::UptimeRollover,
        Self::Noise,
        Self::MeterSilent,
        Self::SettlementKeyGivenUp,
        Self::WalletLocked,
        Self::RatioChanged,
        Self::ThresholdChanged,
        Self::GasMissing,
        Self::SecondCopy,
        Self::DatabaseRestored,
        Self::EmptyProfile,
        Self::CrashAtQuestion,
        Self::CrashAtCommit,
        Self::CrashAtAcknowledgement,
        Self::CrashAtAnyTime,
        Self::Restart,
        Self::ClockSetBack,
        Self::ClockSetForward,
    ];

    pub(super) fn reorganisation(depth: u64) -> Self {
        match depth {
            0 | 1 => Self::Reorganisation1,
            2 => Self::Reorganisation2,
            3 => Self::Reorganisation3,
            4 => Self::Reorganisation4,
            _ => Self::Reorganisation5,
        }
    }
}

/// How often each kind has happened.
pub type Counts = BTreeMap<FaultKind, u64>;

/// Counts what happens. Clones count together.
#[derive(Clone, Default)]
pub(super) struct Tally(Arc<Mutex<Counts>>);

impl Tally {
    pub(super) fn count(&self, kind: FaultKind) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(kind).or_default() += 1;
    }

    pub(super) fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
