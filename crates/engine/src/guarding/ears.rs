//! What a guard has heard of one meter: its average power, its grid switch and when it spoke of it, its answers.

use std::time::Duration;

use enerlink_domain::{
    CommandStage, Error, MeterCommand, MeterId, MicroWatts, NetMicroWh, Presence, UnixMillis, guard::Average,
    reading::GridMode,
};
use enerlink_store::{Reader, commands as rows};

use crate::metering::MeterLive;

/// Less is noise: 1 W.
const IDLE: MicroWatts = MicroWatts(1_000_000);
/// The guard's command is among so many of the newest.
const RECENT: u16 = 10;

/// What is remembered of a meter as long as the engine runs.
#[derive(Default)]
pub(super) struct Ears {
    average: Average,
    heard: bool,
    /// Grid power as the device measures it; only its sign counts.
    grid: Option<MicroWatts>,
    surplus: Option<MicroWatts>,
    mode: Option<GridMode>,
    /// When the device said so, in this run.
    said_at: Option<Duration>,
    /// The status that was heard last.
    status_at: Option<UnixMillis>,
    /// The command whose answer was heard last.
    answered: Option<String>,
    begun: bool,
}

impl Ears {
    /// Takes in how `live` is now.
    pub(super) fn hear(&mut self, live: &MeterLive, now: Duration) {
        let device = &live.device;
        self.heard = matches!(device.presence, Presence::Online | Presence::Stale);
        let sensors = device.sensors.as_ref().filter(|_| self.heard);
        self.grid = sensors.and_then(|(_, sensors)| sensors.grid_power());
        self.surplus = sensors.and_then(|(_, sensors)| {
            let (sun, load) = (sensors.solar?.power?, sensors.load?.power?);
            Some(MicroWatts(sun.0.abs() - load.0.abs()))
        });
        if let (Some((at, sensors)), Some(registers)) = (sensors, live.compared()) {
            // What another copy has settled first is no energy of now.
            let lead = registers.lead.unwrap_or_default();
            let own =
                |register: enerlink_domain::MicroWh, lead| register.checked_sub(lead).unwrap_or_default();
            let net = NetMicroWh::between(
                own(registers.export, lead.export),
                own(registers.import, lead.import),
            );
            self.average.observe(*at, sensors.device_time, net);
        }
        if let Some((at, status)) = &device.status
            && self.status_at != Some(*at)
        {
            self.status_at = Some(*at);
            if status.grid_mode.is_some() {
                self.mode = status.grid_mode;
                // What was stored before this run says nothing about now.
                self.said_at = self.begun.then_some(now).or(self.said_at);
            }
        }
        self.begun = true;
    }

    /// Looks what became of the guard's command `sent`, or of the newest to the grid. An answer is as good as a status;
    /// a failure is told back.
    pub(super) async fn answered(
        &mut self,
        reader: &Reader,
        meter: &MeterId,
        sent: Option<String>,
        now: Duration,
    ) -> Result<bool, Error> {
        let view = match sent {
            Some(id) => rows::get(reader, &id).await?.map(|row| row.view),
            None => {
                let recent = rows::list(reader, meter, RECENT, None).await?.rows;
                let grid =
                    |command: &Option<MeterCommand>| matches!(command, Some(MeterCommand::Grid { .. }));
                recent.into_iter().find(|view| grid(&view.command))
            }
        };
        let Some((view, mode)) = view.and_then(|view| match view.command {
            Some(MeterCommand::Grid { mode }) => Some((view, mode)),
            _ => None,
        }) else {
            return Ok(false);
        };
        let done = match view.stage {
            CommandStage::Acknowledged | CommandStage::Observed => true,
            CommandStage::Late => view.error.is_none(),
            CommandStage::Failed | CommandStage::TimedOut => return Ok(true),
            CommandStage::Queued | CommandStage::Sent => false,
        };
        let newer = view.finished_at >= self.status_at;
        if done && newer && self.answered.as_ref() != Some(&view.correlation_id) {
            self.answered = Some(view.correlation_id);
            self.mode = Some(mode);
            self.said_at = Some(now);
        }
        Ok(false)
    }

    pub(super) fn is_heard(&self) -> bool {
        self.heard
    }

    pub(super) fn power(&self) -> Option<MicroWatts> {
        self.average.power()
    }

    /// Whether it takes from the grid: by its counters, and not contradicted by what it measures now. A device that says
    /// that nothing flows while its counter goes on is not believed.
    pub(super) fn imports(&self, average: Option<MicroWatts>) -> bool {
        let takes = |power: Option<MicroWatts>| power.is_some_and(|power| power.0 < -IDLE.0);
        let measured = self.grid.is_none_or(|power| power < MicroWatts::ZERO);
        self.heard && takes(average) && (measured || takes(self.average.latest()))
    }

    pub(super) fn surplus(&self) -> Option<MicroWatts> {
        self.surplus
    }

    pub(super) fn mode(&self) -> Option<GridMode> {
        self.mode
    }

    pub(super) fn said_at(&self) -> Option<Duration> {
        self.said_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A meter that measures `grid` and whose net counter stood so, a second apart.
    fn ears(grid: i64, counters: &[i64]) -> Ears {
        let mut ears = Ears {
            heard: true,
            grid: Some(MicroWatts(grid)),
            ..Ears::default()
        };
        for (second, net) in (0..).zip(counters) {
            let at = UnixMillis(second * 1_000);
            ears.average.observe(at, None, NetMicroWh(*net));
        }
        ears
    }

    #[test]
    fn a_counter_that_goes_on_is_believed_over_a_power_of_zero() {
        let imports = |ears: Ears| ears.imports(ears.power());
        // 1 Wh a second.
        let going_on = [0, -1_000_000, -2_000_000];
        assert!(imports(ears(-3_600_000_000, &going_on)));
        assert!(imports(ears(0, &going_on)), "what it calls power is wrong");
        let stopped = [0, -1_000_000, -1_000_000];
        assert!(!imports(ears(0, &stopped)));
        assert!(imports(ears(-3_600_000_000, &stopped)), "it has just begun again");
        assert!(!imports(ears(-1, &[0, 0])), "no energy, no import");
    }
}
