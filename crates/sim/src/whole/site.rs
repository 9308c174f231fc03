//! A meter of the household: whose it is, where it speaks, and its device.

use enerlink_domain::{Address, MeterId, reading::Units, view::MeterDraft};
use tokio::sync::mpsc;

use super::{
    clock::WorldTime,
    device::{self, Device},
    dice::Dice,
    faults::Tally,
    lines::Lines,
    plan::Plan,
    template,
    trace::Trace,
    world::RATED_POWER_W,
};
use crate::home::{Home, HomeConfig};

/// One meter.
pub(super) struct Site {
    pub(super) id: MeterId,
    pub(super) owner: Address,
    /// Before the channels of its device.
    base_topic: String,
    pub(super) device: Device,
}

/// What the devices of one world have in common.
pub(super) struct Ground<'a> {
    pub(super) seed: u64,
    pub(super) plan: &'a Plan,
    pub(super) time: &'a WorldTime,
    pub(super) lines: &'a Lines,
    pub(super) trace: &'a Trace,
    pub(super) tally: &'a Tally,
}

/// Who owns the meter of this number, and its id.
pub(super) fn named(plan: &Plan, number: usize) -> anyhow::Result<(MeterId, Address)> {
    let id = format!("METER-{:03}", number + 1).parse();
    let id = id.map_err(|_| anyhow::anyhow!("a meter id"))?;
    Ok((id, template::account(plan.accounts[number])?))
}

impl Site {
    /// The meter of this number, whose device speaks from now on and hears `commands`.
    pub(super) fn start(
        ground: &Ground<'_>,
        number: usize,
        base_topic: String,
        commands: mpsc::UnboundedReceiver<Vec<u8>>,
    ) -> anyhow::Result<Self> {
        let plan = ground.plan;
        let config = HomeConfig {
            sensor_interval: plan.beats.sensors,
            ..HomeConfig::default()
        };
        // Neighbours have other clouds and habits, and other luck.
        let seed = ground.seed ^ ((number as u64) << 32);
        let dice = Dice::new(ground.seed, "device");
        let mut home = Home::new(config, seed, ground.time.now());
        home.set_uptime(plan.uptime);
        home.set_solar(plan.powers[number].0);
        home.set_load(plan.powers[number].1);
        let parts = device::Parts {
            number,
            base: base_topic.clone(),
            home,
            time: ground.time.clone(),
            lines: ground.lines.clone(),
            dice: match number {
                0 => dice,
                _ => dice.fork(number as u64),
            },
            rates: plan.messages,
            trace: ground.trace.clone(),
            tally: ground.tally.clone(),
        };
        let (id, owner) = named(plan, number)?;
        Ok(Self {
            id,
            owner,
            base_topic,
            device: Device::start(parts, plan.beats, commands),
        })
    }

    /// What a person types in to add it.
    pub(super) fn draft(&self, lines: &Lines, settlement_key: bool) -> MeterDraft {
        MeterDraft {
            id: self.id.clone(),
            name: String::new(),
            owner: Some(self.owner),
            broker: lines.broker_draft(),
            base_topic: self.base_topic.clone(),
            units: Units::Milli,
            profile: None,
            rated_power_w: RATED_POWER_W,
            settlement_key,
            take_opening: false,
        }
    }
}
