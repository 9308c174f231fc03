//! The wire between a simulated process and the node, and everything that can go wrong on it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use enerlink_chain::Endpoint;
use enerlink_domain::clock::BoxFuture;
use serde_json::Value;

use super::{
    dice::Dice,
    faults::{FaultKind, Tally},
    fuse::{Fuse, Point},
    trace::Trace,
};

const SEND: &str = "eth_sendRawTransaction";
/// Longer than anybody waits for an answer.
const NEVER: Duration = Duration::from_secs(600);

/// How often questions meet with a fault, in one of 1000 cases.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rates {
    pub(super) lost: u64,
    pub(super) answer_lost: u64,
    pub(super) delayed: u64,
    pub(super) duplicated: u64,
}

/// The network on the way to the node. Clones are the same network.
#[derive(Clone)]
pub(super) struct Net(Arc<State>);

struct State {
    node: Arc<dyn Endpoint>,
    rates: Rates,
    /// Nothing goes wrong any more, or not yet.
    calm: AtomicBool,
    down: AtomicBool,
    dice: Mutex<Dice>,
    asked: AtomicU64,
    carried_out: AtomicU64,
    /// Hashes that the node has answered to sent bytes, the newest last.
    sent: Mutex<Vec<String>>,
    trace: Trace,
    tally: Tally,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Lost { silent: bool },
    AnswerLost,
    Delayed(Duration),
    Duplicated,
}

impl Net {
    /// A calm network before `node`.
    pub(super) fn new(node: Arc<dyn Endpoint>, rates: Rates, dice: Dice, trace: Trace, tally: Tally) -> Self {
        Self(Arc::new(State {
            node,
            rates,
            calm: AtomicBool::new(true),
            down: AtomicBool::new(false),
            dice: Mutex::new(dice),
            asked: AtomicU64::new(0),
            carried_out: AtomicU64::new(0),
            sent: Mutex::new(Vec::new()),
            trace,
            tally,
        }))
    }

    pub(super) fn set_calm(&self, calm: bool) {
        self.0.calm.store(calm, Ordering::Relaxed);
    }

    pub(super) fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::Relaxed);
    }

    /// The hash of the last bytes that were sent.
    pub(super) fn last_sent(&self) -> Option<String> {
        let sent = self.0.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.last().cloned()
    }

    /// The way to the node for the process that `fuse` belongs to.
    pub(super) fn endpoint(&self, name: &'static str, fuse: Fuse) -> Arc<dyn Endpoint> {
        Arc::new(Wire {
            net: self.clone(),
            name,
            fuse,
        })
    }

    fn draw(&self, method: &str) -> (Duration, Option<Fault>) {
        let mut dice = self.0.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let latency = dice.millis(1..120);
        let roll = dice.pick(0..1000);
        let (silent, late) = (dice.happens(300), dice.millis(500..30_000));
        if self.0.calm.load(Ordering::Relaxed) {
            return (latency, None);
        }
        let rates = self.0.rates;
        let mut bound = rates.lost;
        if roll < bound {
            return (latency, Some(Fault::Lost { silent }));
        }
        bound += rates.answer_lost;
        if roll < bound {
            return (latency, Some(Fault::AnswerLost));
        }
        bound += rates.delayed;
        if roll < bound {
            return (latency, Some(Fault::Delayed(late)));
        }
        let twice = method == SEND && dice.happens(rates.duplicated);
        (latency, twice.then_some(Fault::Duplicated))
    }

    async fn carry_out(&self, question: String, number: u64) -> Result<Vec<u8>, String> {
        let before = self.0.carried_out.fetch_max(number, Ordering::Relaxed);
        if before > number && !self.0.calm.load(Ordering::Relaxed) {
            self.0.tally.count(FaultKind::QuestionsReordered);
        }
        let answer = self.0.node.post(question.clone()).await;
        if question.contains(SEND)
            && let Ok(answer) = &answer
            && let Ok(answer) = serde_json::from_slice::<Value>(answer)
            && let Some(hash) = answer["result"].as_str()
        {
            let mut sent = self.0.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.push(hash.to_owned());
        }
        answer
    }
}

struct Wire {
    net: Net,
    name: &'static str,
    fuse: Fuse,
}

impl Wire {
    async fn ask(&self, question: String) -> Result<Vec<u8>, String> {
        self.fuse.pass(Point::Question).await;
        let state = &self.net.0;
        let asked: Value = serde_json::from_str(&question).unwrap_or_default();
        let method = asked["method"].as_str().unwrap_or_default();
        let (latency, fault) = self.net.draw(method);
        if method == SEND || fault.is_some() {
            state
                .trace
                .say(format_args!("{} asks {method} {fault:?}", self.name));
        }
        let number = state.asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(latency / 2).await;
        if state.down.load(Ordering::Relaxed) {
            return Err("connection refused".to_owned());
        }
        let answer = match fault {
            None => self.net.carry_out(question, number).await,
            Some(Fault::Lost { silent }) => {
                state.tally.count(FaultKind::QuestionLost);
                if silent {
                    tokio::time::sleep(NEVER).await;
                }
                Err("connection reset".to_owned())
            }
            Some(Fault::AnswerLost) => {
                state.tally.count(FaultKind::AnswerLost);
                let _ = self.net.carry_out(question, number).await;
                Err("connection reset".to_owned())
            }
            Some(Fault::Delayed(late)) => {
                state.tally.count(FaultKind::QuestionDelayed);
                let net = self.net.clone();
                // It is carried out even when nobody waits for the answer any more.
                let work = tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    net.carry_out(question, number).await
                });
                work.await.unwrap_or_else(|error| Err(error.to_string()))
            }
            Some(Fault::Duplicated) => {
                state.tally.count(FaultKind::SendDuplicated);
                let first = self.net.carry_out(question.clone(), number).await;
                let _ = self.net.carry_out(question, number).await;
                first
            }
        };
        self.fuse.pass(Point::Answer).await;
        tokio::time::sleep(latency / 2).await;
        answer
    }
}

impl Endpoint for Wire {
    fn url(&self) -> &str {
        "memory://node"
    }

    fn post(&self, question: String) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        Box::pin(self.ask(question))
    }
}
