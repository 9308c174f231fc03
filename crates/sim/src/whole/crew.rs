//! The crew: the tasks of one simulated process, driven in one order. Of the tasks that are woken at the same moment
//! the one that was started first runs first, because the order in which wakers are called is partly left to chance.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use enerlink_domain::clock::BoxFuture;
use enerlink_engine::wires::Spawner;

use super::fuse::Fuse;

/// The tasks of one process. Dropped, they are gone in the middle of what they did.
pub(super) struct Crew {
    shared: Arc<Shared>,
    tasks: Vec<Option<Member>>,
    fuse: Fuse,
}

/// A task and its waker, the same one at every poll: who holds one of a task's wakers and is given another that does not
/// say it is the same wakes the old one, which would be this task again, and again.
struct Member {
    work: BoxFuture<'static, ()>,
    waker: Waker,
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    /// Tasks that were not polled yet.
    new: Vec<BoxFuture<'static, ()>>,
    woken: BTreeSet<usize>,
    waker: Option<Waker>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(mut state: MutexGuard<'_, State>) {
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct TaskWaker {
    shared: Arc<Shared>,
    task: usize,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut state = self.shared.state();
        state.woken.insert(self.task);
        Shared::wake(state);
    }
}

impl Crew {
    /// A crew without tasks, which stops dead when `fuse` has blown.
    pub(super) fn new(fuse: Fuse) -> Self {
        Self {
            shared: Arc::default(),
            tasks: Vec::new(),
            fuse,
        }
    }

    /// Takes tasks for this crew.
    pub(super) fn spawner(&self) -> Spawner {
        let shared = Arc::clone(&self.shared);
        Arc::new(move |task| {
            let mut state = shared.state();
            state.new.push(task);
            Shared::wake(state);
        })
    }

    /// The next task that can go on, if any.
    fn next(&mut self, context: &Context<'_>) -> Option<usize> {
        let mut state = self.shared.state();
        for work in state.new.split_off(0) {
            let number = self.tasks.len();
            let shared = Arc::clone(&self.shared);
            let waker = Waker::from(Arc::new(TaskWaker { shared, task: number }));
            self.tasks.push(Some(Member { work, waker }));
            state.woken.insert(number);
        }
        let next = state.woken.pop_first();
        if next.is_none() {
            state.waker = Some(context.waker().clone());
        }
        next
    }
}

impl Future for Crew {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        while !self.fuse.is_blown() {
            let Some(number) = self.next(context) else {
                return Poll::Pending;
            };
            let Some(member) = self.tasks.get_mut(number).and_then(Option::as_mut) else {
                continue;
            };
            let mut context = Context::from_waker(&member.waker);
            if member.work.as_mut().poll(&mut context).is_ready() {
                self.tasks[number] = None;
            }
        }
        Poll::Pending
    }
}
