//! What happens in a world, in the order of its plan: the storm, the healing, and what has to be true then.

use std::{collections::VecDeque, sync::PoisonError, time::Duration};

use super::{
    check::{self, Violation},
    faults::FaultKind,
    fuse::{Fuse, Point},
    house::{self, House},
    lines::{Lines, READINGS_ON_THE_WAY},
    plan::{Act, STORM},
    site::Site,
    truth::Known,
    world::{World, set_ratio, set_threshold},
};
use enerlink_domain::{Code, wallet::LockReason};

/// The person looks around this often.
const LOOK: Duration = Duration::from_secs(20);
/// After this long without faults everything has to be in order.
const HEALED: Duration = Duration::from_secs(4 * 3600);
/// How long nothing may change before the end.
const STILL: u32 = 4;

impl World {
    /// Lets everything of the plan happen, heals everything, and answers what is wrong then.
    pub(super) async fn live(&mut self) -> anyhow::Result<Vec<Violation>> {
        self.start().await;
        self.pass(Duration::from_secs(60)).await?;
        let mut violations = self.storm().await?;
        self.heal().await?;
        violations.extend(self.settle_down().await?);
        Ok(violations)
    }

    async fn storm(&mut self) -> anyhow::Result<Vec<Violation>> {
        let begun = self.moment();
        let end = begun + STORM;
        self.around.lines.set_calm(self.plan.quiet);
        for site in &self.sites {
            site.device.set_calm(self.plan.quiet);
        }
        self.miner.set_calm(self.plan.quiet);
        if self.plan.uptime > 0 {
            self.tally.count(FaultKind::UptimeRollover);
        }
        let mut acts: VecDeque<_> = self.plan.acts.iter().copied().collect();
        let mut violations = Vec::new();
        while self.moment() < end {
            let next = acts.front().map_or(end, |turn| begun + turn.at).min(end);
            self.wait_until(next).await;
            while let Some(turn) = acts.pop_front_if(|turn| begun + turn.at <= self.moment()) {
                self.trace
                    .say(format_args!("{:?}, meter {}", turn.act, turn.meter));
                self.act(turn.act, turn.meter).await?;
            }
            violations.extend(check::now(self).await?);
            if !violations.is_empty() {
                break;
            }
        }
        Ok(violations)
    }

    /// Everything is mended, and the person comes home.
    async fn heal(&mut self) -> anyhow::Result<()> {
        self.trace.say("everything is mended");
        self.around.lines.set_calm(true);
        self.around.lines.set_node_up(true);
        self.around.lines.set_broker_up(true);
        for site in &self.sites {
            site.device.set_calm(true);
            site.device.set_power(Some(0), Some(0));
        }
        self.miner.set_calm(true);
        self.give_gas(true).await?;
        if let Some((copy, _directory)) = self.copy.take() {
            copy.stop().await;
        }
        if let Some(house) = &self.house {
            house.fuse.put_out();
        }
        self.todo.unlock = true;
        Ok(())
    }

    /// Waits until nothing changes any more.
    async fn settle_down(&mut self) -> anyhow::Result<Vec<Violation>> {
        let end = self.moment() + HEALED;
        let (mut still, mut before) = (0, None);
        while still < STILL {
            if self.moment() > end {
                return Ok(vec![Violation::new(
                    "it does not come to rest",
                    format!("{before:?}"),
                )]);
            }
            self.pass(self.plan.period / 2 + Duration::from_secs(10)).await?;
            self.give_gas(true).await?;
            if self.is_thrown_out() {
                self.restart().await;
            }
            let now = check::rest(self).await?;
            still = if now.is_some() && now == before {
                still + 1
            } else {
                0
            };
            before = now;
        }
        let court = check::end(self).await?;
        self.compared = court.compared;
        Ok(court.violations)
    }

    /// Whether the wallet believes that another program uses its client id, because a proxy has cut its connections again
    /// and again while others stayed. It holds back for ten minutes then, of the computer's time, and says so: the person
    /// who reads it starts the wallet again.
    fn is_thrown_out(&self) -> bool {
        let Some(house) = self.alive() else { return false };
        let views = self
            .sites
            .iter()
            .filter_map(|site| house.engine.meter(&site.id).ok());
        views
            .into_iter()
            .any(|view| view.device.link.code == Some(Code::ClientIdTaken))
    }

    async fn pass(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = self.moment() + time;
        while self.moment() < end {
            self.wait_until(end).await;
        }
        Ok(())
    }

    /// Waits until `moment`, or a little, or until the process dies; then does what is to be done.
    async fn wait_until(&mut self, moment: Duration) {
        let mut moment = moment.min(self.moment() + LOOK);
        if let Some(at) = self.restart_at {
            moment = moment.min(at);
        }
        let fuse = self.house.as_ref().map(|house| house.fuse.clone());
        let died = tokio::select! {
            biased;
            () = death(fuse) => true,
            () = self.around.time.sleep_until(moment) => false,
        };
        if died {
            self.bury().await;
        }
        self.tend().await;
        if self.house.as_ref().is_some_and(|house| house.fuse.is_blown()) {
            self.bury().await;
        }
    }

    /// The process has died: it is started again after a while.
    async fn bury(&mut self) {
        let Some(house) = self.house.take() else { return };
        let kind = match house.fuse.point() {
            Some(Point::Question | Point::Answer) => FaultKind::CrashAtQuestion,
            Some(Point::Commit) => FaultKind::CrashAtCommit,
            Some(Point::Acknowledgement) => FaultKind::CrashAtAcknowledgement,
            None => FaultKind::CrashAtAnyTime,
        };
        self.tally.count(kind);
        self.trace.say(format_args!("home dies: {kind:?}"));
        house.die().await;
        self.come_back();
    }

    /// The process is started after a while; with a settlement key nobody hurries to unlock the wallet.
    fn come_back(&mut self) {
        self.restart_at = Some(self.moment() + self.dice.millis(1_000..120_000));
        self.todo.unlock = !self.plan.settlement_key || self.todo.furnish || self.dice.happens(500);
    }

    async fn take_down(&mut self) {
        if let Some(house) = self.house.take() {
            house.die().await;
        }
        self.come_back();
    }

    async fn restart(&mut self) {
        if let Some(house) = self.house.take() {
            self.tally.count(FaultKind::Restart);
            house.stop().await;
            self.come_back();
        }
    }

    async fn act(&mut self, act: Act, meter: usize) -> anyhow::Result<()> {
        let device = &self.sites[meter].device;
        match act {
            Act::Crash(Some((point, count))) => {
                if let Some(house) = &self.house {
                    house.fuse.light(point, count);
                }
            }
            Act::Crash(None) => {
                if let Some(house) = &self.house {
                    house.fuse.blow();
                }
            }
            Act::Restart => self.restart().await,
            Act::SetClock(milliseconds) => {
                self.around.time.shift(milliseconds);
                self.tally.count(match milliseconds {
                    ..0 => FaultKind::ClockSetBack,
                    _ => FaultKind::ClockSetForward,
                });
            }
            Act::BrokerDown { keeps, .. } => {
                for site in &self.sites {
                    site.device.set_keeps(keeps);
                }
                self.around.lines.set_broker_up(false);
                self.tally.count(match keeps {
                    true => FaultKind::BrokerDown,
                    false => FaultKind::BrokerDownForgetful,
                });
            }
            Act::BrokerUp => self.around.lines.set_broker_up(true),
            Act::NodeDown { .. } => {
                self.around.lines.set_node_up(false);
                self.tally.count(FaultKind::NodeDown);
            }
            Act::NodeUp => self.around.lines.set_node_up(true),
            Act::DropTransaction => self.drop_transaction().await?,
            Act::Reboot => {
                device.reboot();
                self.tally.count(FaultKind::MeterReboot);
            }
            Act::ResetCounters => {
                device.reset();
                self.tally.count(FaultKind::CounterReset);
            }
            Act::Noise => device.be_noisy(),
            Act::Silence { .. } => {
                device.set_silent(true);
                self.tally.count(FaultKind::MeterSilent);
            }
            Act::Speak => device.set_silent(false),
            Act::Retain => {
                let (topic, text) = device.sensors();
                self.around.lines.retain(topic, text.into_bytes());
                self.tally.count(FaultKind::RetainedReading);
            }
            Act::SetRatio(ratio) => {
                self.operate(set_ratio(&self.addresses, ratio), FaultKind::RatioChanged);
            }
            Act::SetThreshold(wh) => {
                self.operate(set_threshold(&self.addresses, wh), FaultKind::ThresholdChanged);
            }
            Act::TakeGas => {
                if self.plan.base_fee > 0 {
                    self.tally.count(FaultKind::GasMissing);
                }
                self.give_gas(false).await?;
            }
            Act::GiveGas => self.give_gas(true).await?,
            Act::SetPower(solar, load) => device.set_power(solar, load),
            Act::StartCopy => {
                if self.copy.is_none() && !self.todo.furnish {
                    self.start_copy().await?;
                    self.tally.count(FaultKind::SecondCopy);
                }
            }
            Act::StopCopy => {
                if let Some((copy, _directory)) = self.copy.take() {
                    copy.stop().await;
                }
            }
            Act::Lock | Act::Unlock | Act::GiveUpKey | Act::WantKey | Act::SettleNow => {
                self.person(act, meter).await;
            }
            Act::KeepBackup | Act::RestoreBackup | Act::LoseDatabase => self.database(act).await?,
        }
        Ok(())
    }

    async fn person(&mut self, act: Act, meter: usize) {
        let Some(house) = &self.house else {
            self.todo.unlock |= act == Act::Unlock;
            return;
        };
        match act {
            Act::Lock => {
                house.engine.lock(LockReason::Person);
                self.todo.unlock = false;
                self.tally.count(FaultKind::WalletLocked);
            }
            Act::GiveUpKey if self.plan.settlement_key => {
                self.todo.keys.insert(meter, false);
                self.tally.count(FaultKind::SettlementKeyGivenUp);
            }
            Act::WantKey if self.plan.settlement_key => {
                self.todo.keys.insert(meter, true);
            }
            Act::SettleNow => {
                let id = self.sites[meter].id.clone();
                let prophecies = &self.around.prophecies;
                let done = house
                    .with(async |engine| prophecies.settle(engine, id).await)
                    .await;
                match done {
                    Ok(row) => self
                        .trace
                        .say(format_args!("settled by hand: {}", row.settlement_id)),
                    Err(error) => self
                        .trace
                        .say(format_args!("not settled by hand: {:?}", error.code)),
                }
            }
            Act::Unlock => self.todo.unlock = true,
            _ => {}
        }
    }

    async fn database(&mut self, act: Act) -> anyhow::Result<()> {
        match act {
            Act::KeepBackup => {
                let directory = tempfile::Builder::new().prefix("enerlink-backup-").tempdir()?;
                let wanted = |name: &str| house::is_database(name) && !name.ends_with("-shm");
                house::copy(self.directory.path(), directory.path(), &wanted)?;
                self.backup = Some((directory, self.known()));
            }
            Act::RestoreBackup => {
                let Some((directory, known)) = self.backup.take() else {
                    return Ok(());
                };
                self.take_down().await;
                self.move_out()?;
                house::copy(directory.path(), self.directory.path(), &|_| true)?;
                self.know(known);
                self.todo.furnish = true;
                self.tally.count(FaultKind::DatabaseRestored);
            }
            _ => {
                self.take_down().await;
                self.move_out()?;
                self.know(vec![Known::default(); self.sites.len()]);
                self.todo.furnish = true;
                self.todo.unlock = true;
                self.tally.count(FaultKind::EmptyProfile);
            }
        }
        Ok(())
    }

    /// Leaves the database behind: in a new directory, because a connection that is still being closed tidies the files
    /// beside the old one.
    fn move_out(&mut self) -> anyhow::Result<()> {
        let directory = tempfile::Builder::new().prefix("enerlink-whole-").tempdir()?;
        let wanted = |name: &str| !house::is_database(name) && name != "profile.lock";
        house::copy(self.directory.path(), directory.path(), &wanted)?;
        self.directory = directory;
        Ok(())
    }

    async fn drop_transaction(&self) -> anyhow::Result<()> {
        let Some(hash) = self.around.lines.last_sent() else {
            return Ok(());
        };
        if let Ok(hash) = hash.parse()
            && self.node.drop_pending(hash).await?
        {
            self.tally.count(FaultKind::TransactionDropped);
        }
        Ok(())
    }

    /// Now, since the world began.
    pub(super) fn moment(&self) -> Duration {
        self.around.time.elapsed()
    }

    /// What the household's database can know of each meter.
    pub(super) fn known(&self) -> Vec<Known> {
        if let Lines::Sockets(_) = self.around.lines {
            let last = |site: &Site| Known::by_last(site.device.before_last(READINGS_ON_THE_WAY));
            return self.sites.iter().map(last).collect();
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn know(&self, known: Vec<Known>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// The household's process, when there is one that lives.
    pub(super) fn alive(&self) -> Option<&House> {
        self.house.as_ref().filter(|house| !house.fuse.is_blown())
    }
}

async fn death(fuse: Option<Fuse>) {
    match fuse {
        Some(fuse) => fuse.blown().await,
        None => std::future::pending().await,
    }
}
