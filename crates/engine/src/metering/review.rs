//! Review: whether each meter is heard and what is wrong with it, after messages and once a second. What lasts is
//! stored before it is told, and told again only when it is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use enerlink_domain::{
    Error, Event, MeterId, Notice, NoticeKind, Presence, UnixMillis,
    device::OfflineReason,
    health::{self, BrokerLink, Signs},
    meter::Link,
};

use super::{MeterLive, Metering, live};
use crate::notices::Change;

/// A retained command that is still there has come within this time after a connection.
const RETAINED_WITHIN: Duration = Duration::from_secs(5);
/// A meter that has booted is well again when it has run for so long since.
const QUIET: Duration = Duration::from_secs(300);

/// What has changed about a meter.
struct Finding {
    meter: MeterId,
    presence: Presence,
    changes: Vec<Change>,
    health: Option<u8>,
}

impl Metering {
    /// Looks at `whom`, or at everybody, and tells of those who have changed; of everybody in `whom` in any case.
    pub(super) async fn review(&self, whom: Option<&BTreeSet<MeterId>>) -> Result<(), Error> {
        let (now, moment) = (self.clock.wall(), self.clock.monotonic());
        let findings: Vec<Finding> = {
            let state = self.state.borrow();
            let asked = |live: &&MeterLive| whom.is_none_or(|whom| whom.contains(&live.meter.id));
            let judge = |live| judge(live, self.broker_link(live, moment), moment, now);
            state.values().filter(asked).filter_map(judge).collect()
        };
        let mut changed: BTreeSet<MeterId> = whom.cloned().unwrap_or_default();
        if !findings.is_empty() {
            let changes: Vec<Change> = findings
                .iter()
                .flat_map(|finding| finding.changes.iter().cloned())
                .collect();
            let written = self.notices.store(&changes, now).await?;
            self.state.send_modify(|state| {
                for finding in &findings {
                    if let Some(live) = state.get_mut(&finding.meter) {
                        apply(live, finding, &written, now);
                    }
                }
            });
            self.notices.tell(&written);
            changed.extend(findings.into_iter().map(|finding| finding.meter));
        }
        let state = self.state.borrow();
        for live in changed.iter().filter_map(|id| state.get(id)) {
            self.bus.tell(Event::Device(live.device.clone()));
        }
        Ok(())
    }
}

/// What is new about a meter; none when nothing is.
fn judge(live: &MeterLive, broker: BrokerLink, moment: Duration, now: UnixMillis) -> Option<Finding> {
    let device = &live.device;
    let since = |at: Option<Duration>| at.map(|at| moment.saturating_sub(at));
    let newer = |at: UnixMillis| live.last_heard().is_none_or(|heard| at >= heard);
    let presence = health::presence(&Signs {
        retired: live.meter.retired_at.is_some(),
        broker,
        ever_heard: live.ever_heard(),
        silence: since(live.run.heard),
        interval: device.interval_ms.map(Duration::from_millis),
        heartbeat: since(live.run.beat),
        heartbeat_interval: live.run.beat_interval,
        status: device
            .status
            .as_ref()
            .filter(|(at, _)| newer(*at))
            .map(|(_, status)| status),
    });
    let active: BTreeSet<NoticeKind> = device.conditions.iter().map(|notice| notice.kind).collect();
    let mut found = conditions(live, presence, broker, &active);
    if presence != Presence::Retired && since_boot(live, moment, now).is_some_and(|since| since < QUIET) {
        found.insert(NoticeKind::Rebooted, String::new());
    }
    let kinds = found.keys().copied().collect();
    let health = health::score(presence, &kinds);
    let raised = found
        .into_iter()
        .filter(|(kind, detail)| {
            let known = device.conditions.iter().find(|notice| notice.kind == *kind);
            known.is_none_or(|notice| names_its_cause(*kind) && notice.detail != *detail)
        })
        .map(|(kind, detail)| Change::Raise {
            meter: Some(live.meter.id.clone()),
            kind,
            detail,
        });
    let over = |notice: &&Notice| !kinds.contains(&notice.kind);
    let cleared = device
        .conditions
        .iter()
        .filter(over)
        .map(|notice| Change::Clear(notice.id));
    let changes: Vec<Change> = raised.chain(cleared).collect();
    let news = presence != device.presence || health != device.health || !changes.is_empty();
    news.then(|| Finding {
        meter: live.meter.id.clone(),
        presence,
        changes,
        health,
    })
}

/// Whether the detail of a condition is its cause, which may become another one while it lasts. Others measure, and every
/// figure would be told.
fn names_its_cause(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::Offline | NoticeKind::SensorError)
}

fn conditions(
    live: &MeterLive,
    presence: Presence,
    broker: BrokerLink,
    active: &BTreeSet<NoticeKind>,
) -> BTreeMap<NoticeKind, String> {
    if presence == Presence::Retired {
        return BTreeMap::new();
    }
    let mut found = live
        .run
        .watch
        .conditions(&live.meter, &live.device, presence, active);
    let known = matches!(broker, BrokerLink::Up(up) if up > RETAINED_WITHIN);
    let lasts = |kind| !known && active.contains(&kind);
    if let Some(topic) = live.run.retained.first() {
        found.insert(NoticeKind::RetainedCommand, topic.clone());
    } else if lasts(NoticeKind::RetainedCommand) {
        found.insert(NoticeKind::RetainedCommand, String::new());
    }
    let connected = matches!(broker, BrokerLink::Up(_));
    if live.run.taken_over || (!connected && active.contains(&NoticeKind::ClientIdTaken)) {
        found.insert(NoticeKind::ClientIdTaken, live.meter.broker.url());
    }
    found
}

/// How long ago the last boot was seen; one of a former run is as old as its notice.
fn since_boot(live: &MeterLive, moment: Duration, now: UnixMillis) -> Option<Duration> {
    let told = |notice: &&Notice| notice.kind == NoticeKind::Rebooted;
    match live.run.booted {
        Some(at) => Some(moment.saturating_sub(at)),
        None => live
            .device
            .conditions
            .iter()
            .find(told)
            .map(|notice| now.since(notice.raised_at)),
    }
}

fn apply(live: &mut MeterLive, finding: &Finding, written: &[Notice], now: UnixMillis) {
    let device = &mut live.device;
    device.presence = finding.presence;
    device.health = finding.health;
    for notice in written
        .iter()
        .filter(|notice| notice.meter_id.as_ref() == Some(&finding.meter))
    {
        device.conditions.retain(|known| known.id != notice.id);
        if notice.cleared_at.is_none() {
            device.conditions.push(notice.clone());
        }
    }
    match finding.presence {
        Presence::Online if !device.link.up && !live.run.broker_down => device.link = Link::up(now),
        Presence::Stale | Presence::Offline { .. } if device.link.up => {
            let last = device.sensors.as_ref().map(|(at, _)| *at);
            device.link = live::silent(now, &live.meter.base_topic, last);
        }
        Presence::Offline {
            reason: OfflineReason::SubscriptionSilent,
        } if !live.run.broker_down => {
            device.link = Link::down(
                device.link.since,
                Error::new(
                    enerlink_domain::Code::MeterSilent,
                    "the subscription is silent: check the broker's access list and the base topic",
                ),
            );
        }
        Presence::Waiting
        | Presence::Online
        | Presence::Stale
        | Presence::Offline { .. }
        | Presence::Retired => {}
    }
}
