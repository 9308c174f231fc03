//! The miner: blocks in virtual time, and what a chain does to those who believe its newest blocks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    clock::WorldTime,
    dice::Dice,
    faults::{FaultKind, Tally},
    plan::Plan,
    trace::Trace,
};
use crate::node::{Node, ReorgTxs};

/// Makes blocks until the runtime ends.
pub(super) struct Miner {
    calm: Arc<AtomicBool>,
}

struct Task {
    node: Node,
    time: WorldTime,
    calm: Arc<AtomicBool>,
    block_time: Duration,
    reorganised: u64,
    empty: u64,
    dice: Dice,
    trace: Trace,
    tally: Tally,
}

impl Miner {
    /// Starts a calm miner.
    pub(super) fn start(
        node: Node,
        time: WorldTime,
        plan: &Plan,
        dice: Dice,
        trace: Trace,
        tally: Tally,
    ) -> Self {
        let calm = Arc::new(AtomicBool::new(true));
        let task = Task {
            node,
            time,
            calm: Arc::clone(&calm),
            block_time: plan.block_time,
            reorganised: plan.reorganised,
            empty: plan.empty,
            dice,
            trace,
            tally,
        };
        tokio::spawn(task.run());
        Self { calm }
    }

    pub(super) fn set_calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
    }
}

impl Task {
    async fn run(mut self) {
        loop {
            self.time.sleep(self.block_time).await;
            if self.turn().await.is_none() {
                return;
            }
        }
    }

    /// One block; `None` when the node is gone.
    async fn turn(&mut self) -> Option<()> {
        let (reorganise, empty) = (self.dice.happens(self.reorganised), self.dice.happens(self.empty));
        let depth = self.dice.pick(1..6);
        let txs = self
            .dice
            .of(&[ReorgTxs::Requeue, ReorgTxs::Requeue, ReorgTxs::Drop]);
        if !self.calm.load(Ordering::Relaxed) {
            if reorganise {
                let removed = self.node.reorg(depth, txs).await.ok()?.len();
                self.trace.say(format_args!(
                    "{depth} blocks replaced, {removed} transactions {txs:?}"
                ));
                self.tally.count(FaultKind::reorganisation(depth));
            }
            if empty {
                self.node.mine_empty().await.ok()?;
                self.tally.count(FaultKind::EmptyBlock);
                return Some(());
            }
        }
        self.node.mine(1).await.ok()?;
        Some(())
    }
}
