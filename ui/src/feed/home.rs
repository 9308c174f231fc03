//! The home page: of which meter, and of which day.

use enerlink_domain::{Code, MeterId, UnixMillis, view::Home};
use enerlink_ipc::ReadHome;
use leptos::{prelude::*, task::spawn_local};

use super::{Feed, day_start};
use crate::ipc;

impl Feed {
    /// The home page for the day of the core's clock, which is known only from its answer; read again when another meter
    /// was chosen meanwhile.
    pub(super) async fn read_home(self) -> Result<Home, ipc::Error> {
        loop {
            let chosen = self.prefs.home_meter.get_untracked();
            let asked = day_start(self.now.get_untracked());
            let mut home = Self::read_home_of(chosen.clone(), asked).await?;
            let right = day_start(home.now);
            if right != asked {
                home = Self::read_home_of(chosen.clone(), right).await?;
            }
            if self.prefs.home_meter.get_untracked() == chosen {
                return Ok(home);
            }
        }
    }

    /// The home page of the chosen meter; of the core's own choice where that one cannot stand there any more.
    async fn read_home_of(chosen: Option<MeterId>, day_start: UnixMillis) -> Result<Home, ipc::Error> {
        let read = |meter_id| ReadHome { meter_id, day_start };
        if chosen.is_some() {
            let answer = ipc::call(&read(chosen)).await;
            if !is_gone(&answer) {
                return answer;
            }
        }
        ipc::call(&read(None)).await
    }

    /// Puts another meter on Home, now and from now on.
    pub(crate) fn choose_meter(self, id: Option<MeterId>) {
        self.prefs.home_meter.set(id);
        spawn_local(self.refresh_home());
    }
}

/// Whether a chosen meter cannot stand on Home any more: this profile does not know it, or it is retired.
fn is_gone(answer: &Result<Home, ipc::Error>) -> bool {
    match answer {
        Ok(home) => home
            .meter
            .as_ref()
            .is_none_or(|view| view.meter.retired_at.is_some()),
        Err(error) => error.code == Code::MeterUnknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::home;

    #[test]
    fn a_chosen_meter_stands_on_home_until_it_is_retired_or_unknown() {
        let refused = |code| Err(ipc::Error::new(code, ""));
        assert!(!is_gone(&Ok(home())));
        assert!(!is_gone(&refused(Code::Storage)), "it may be there all the same");
        assert!(is_gone(&refused(Code::MeterUnknown)));
        let mut retired = home();
        let view = retired.meter.as_mut().expect("a meter");
        view.meter.retired_at = Some(UnixMillis(1));
        assert!(is_gone(&Ok(retired)));
    }
}
