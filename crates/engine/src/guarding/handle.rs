//! How the engine's readers reach the guards.

use std::collections::BTreeMap;

use enerlink_domain::{
    Address, Code, Error,
    guard::{GuardOrder, GuardView},
};
use tokio::sync::{mpsc, oneshot, watch};

use super::stored_view;
use crate::{Engine, metering::MeterLive};

/// An order of a person.
pub(super) struct Request {
    pub(super) owner: Address,
    pub(super) order: GuardOrder,
    pub(super) reply: oneshot::Sender<Result<GuardView, Error>>,
}

/// Reads the guards, and tells them what a person wants.
#[derive(Clone)]
pub(crate) struct Handle {
    inbox: mpsc::Sender<Request>,
    views: watch::Receiver<BTreeMap<Address, GuardView>>,
}

impl Handle {
    pub(super) fn new(
        inbox: mpsc::Sender<Request>,
        views: watch::Receiver<BTreeMap<Address, GuardView>>,
    ) -> Self {
        Self { inbox, views }
    }

    /// The guards that run here.
    pub(crate) fn views(&self) -> BTreeMap<Address, GuardView> {
        self.views.borrow().clone()
    }

    async fn order(&self, owner: Address, order: GuardOrder) -> Result<GuardView, Error> {
        let stopped = || Error::new(Code::Internal, "the guards have stopped");
        let (reply, answer) = oneshot::channel();
        let request = Request { owner, order, reply };
        self.inbox.send(request).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Engine {
    /// The guards, one for each account that has a meter. Where they do not run, as they are stored.
    pub async fn guards(&self) -> Result<Vec<GuardView>, Error> {
        let mut accounts: BTreeMap<Address, Vec<MeterLive>> = BTreeMap::new();
        for live in self.metering().state.borrow().values() {
            if live.meter.retired_at.is_none() {
                accounts.entry(live.meter.owner).or_default().push(live.clone());
            }
        }
        let running = self.0.guarding.views();
        let mut guards = Vec::with_capacity(accounts.len());
        for (owner, lives) in accounts {
            guards.push(match running.get(&owner) {
                Some(view) => view.clone(),
                None => {
                    let rules = self.0.rules.borrow().clone();
                    stored_view(self.store(), owner, &lives, &rules, self.clock().wall()).await?
                }
            });
        }
        Ok(guards)
    }

    /// Tells the guard of `owner` what to do, and answers how it is then.
    ///
    /// # Errors
    /// `METER_UNKNOWN` when the account has no meter.
    pub async fn order_guard(&self, owner: Address, order: GuardOrder) -> Result<GuardView, Error> {
        self.may_write()?;
        self.0.guarding.order(owner, order).await
    }
}
