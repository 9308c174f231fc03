//! What the household pays and wants to keep: checked, stored, and used at once.

use enerlink_domain::{Code, Error, view::Preferences};
use enerlink_store::preferences;

use crate::Engine;

/// Ten years of raw readings.
const MOST_DAYS: u32 = 3650;
/// Messages that a log holds, unless it is without bound.
const LOG: std::ops::RangeInclusive<u32> = 1_000..=100_000_000;
/// A million rupiah a kWh.
const HIGHEST_TARIFF: u64 = 100_000_000;

impl Engine {
    /// What the household has chosen, or the defaults.
    pub fn preferences(&self) -> Preferences {
        self.0.preferences.borrow().clone()
    }

    /// Keeps what the household has chosen; answers what is kept.
    pub async fn set_preferences(&self, chosen: Preferences) -> Result<Preferences, Error> {
        self.may_write()?;
        let chosen = checked(chosen)?;
        let tx = self.store().begin().await?;
        preferences::save(&tx, &chosen).await?;
        tx.commit().await?;
        self.0.preferences.send_replace(chosen.clone());
        Ok(chosen)
    }
}

fn checked(mut chosen: Preferences) -> Result<Preferences, Error> {
    let invalid = |text: String| Err(Error::new(Code::InvalidInput, text));
    if chosen.raw_days > MOST_DAYS {
        let text = format!("raw readings are kept for 1 to {MOST_DAYS} days, or for ever with 0");
        return invalid(text);
    }
    if chosen.log_messages != 0 && !LOG.contains(&chosen.log_messages) {
        let text = format!(
            "the log keeps {} to {} messages, or is without bound with 0",
            LOG.start(),
            LOG.end()
        );
        return invalid(text);
    }
    if chosen.tariff_sen_per_kwh > HIGHEST_TARIFF {
        return invalid("a kWh costs at most Rp 1.000.000".to_owned());
    }
    chosen.muted.sort_unstable();
    chosen.muted.dedup();
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::NoticeKind;

    use super::*;

    #[test]
    fn preferences_have_bounds() {
        let with = |change: fn(&mut Preferences)| {
            let mut chosen = Preferences::default();
            change(&mut chosen);
            checked(chosen)
        };
        assert_eq!(with(|_| {}), Ok(Preferences::default()));
        for fine in [
            with(|chosen| chosen.raw_days = 0),
            with(|chosen| chosen.raw_days = 3650),
            with(|chosen| chosen.log_messages = 0),
            with(|chosen| chosen.log_messages = 1000),
        ] {
            fine.expect("within bounds");
        }
        for refused in [
            with(|chosen| chosen.raw_days = 3651),
            with(|chosen| chosen.log_messages = 999),
            with(|chosen| chosen.tariff_sen_per_kwh = HIGHEST_TARIFF + 1),
        ] {
            assert_eq!(refused.expect_err("out of bounds").code, Code::InvalidInput);
        }
        let muted = with(|chosen| {
            chosen.muted = vec![NoticeKind::Rebooted, NoticeKind::Offline, NoticeKind::Rebooted]
        });
        assert_eq!(
            muted.expect("fine").muted,
            [NoticeKind::Offline, NoticeKind::Rebooted]
        );
    }
}
