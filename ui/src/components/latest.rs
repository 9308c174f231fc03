//! Something that is asked for again and again while a person moves through it: one question at a time, and of those that
//! come meanwhile only the last.

use enerlink_domain::Error;
use enerlink_ipc::Command;
use leptos::{prelude::*, task::spawn_local};

use crate::ipc;

/// What was answered last, with the key of its question.
pub(crate) struct Latest<K: Send + Sync + 'static, C: Command + Send + Sync + 'static>
where
    C::Output: Send + Sync,
{
    /// The last answer; it stays until the next one comes.
    pub value: RwSignal<Option<(K, C::Output)>>,
    /// Why the last question was not answered.
    pub error: RwSignal<Option<Error>>,
    turn: StoredValue<Turn<(K, C)>>,
}

impl<K: Send + Sync, C: Command + Send + Sync> Clone for Latest<K, C>
where
    C::Output: Send + Sync,
{
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Send + Sync, C: Command + Send + Sync> Copy for Latest<K, C> where C::Output: Send + Sync {}

impl<K: Send + Sync, C: Command + Send + Sync> Latest<K, C>
where
    C::Output: Send + Sync,
{
    /// Nothing was asked yet.
    pub(crate) fn new() -> Self {
        Self {
            value: RwSignal::new(None),
            error: RwSignal::new(None),
            turn: StoredValue::new(Turn::Idle),
        }
    }

    /// Asks now, or as soon as the question before is answered; then only the last one is asked.
    pub(crate) fn ask(self, key: K, command: C) {
        let mut now = None;
        self.turn
            .try_update_value(|turn| now = turn.begin((key, command)));
        if let Some(mut question) = now {
            spawn_local(async move {
                loop {
                    let answer = ipc::call(&question.1).await;
                    // Whoever asked may be gone by now.
                    let Some(next) = self.turn.try_update_value(Turn::end) else {
                        return;
                    };
                    self.take(question.0, answer, next.is_some());
                    match next {
                        Some(next) => question = next,
                        None => return,
                    }
                }
            });
        }
    }

    fn take(self, key: K, answer: Result<C::Output, Error>, overtaken: bool) {
        match answer {
            Ok(value) => {
                self.error.try_set(None);
                self.value.try_set(Some((key, value)));
            }
            Err(_) if overtaken => {}
            Err(error) => {
                self.error.try_set(Some(error));
            }
        }
    }
}

/// Whose turn it is.
#[derive(Debug, PartialEq)]
enum Turn<Q> {
    Idle,
    /// A question is being answered, and another one may wait.
    Busy(Option<Q>),
}

impl<Q> Turn<Q> {
    /// The question when it may be asked at once; otherwise it waits in the place of one that has waited.
    fn begin(&mut self, question: Q) -> Option<Q> {
        match self {
            Self::Idle => {
                *self = Self::Busy(None);
                Some(question)
            }
            Self::Busy(waiting) => {
                *waiting = Some(question);
                None
            }
        }
    }

    /// An answer has come: the question that has waited, if one has.
    fn end(&mut self) -> Option<Q> {
        match std::mem::replace(self, Self::Idle) {
            Self::Busy(Some(next)) => {
                *self = Self::Busy(None);
                Some(next)
            }
            Self::Busy(None) | Self::Idle => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_those_that_wait_only_the_last_is_asked() {
        let mut turn = Turn::Idle;
        assert_eq!(turn.begin(1), Some(1));
        assert_eq!(turn.begin(2), None);
        assert_eq!(turn.begin(3), None);
        assert_eq!(turn.end(), Some(3));
        assert_eq!(turn.begin(4), None);
        assert_eq!(turn.end(), Some(4));
        assert_eq!(turn.end(), None);
        assert_eq!(turn.begin(5), Some(5));
    }
}
