//! Who the household is, what it pays and wants to keep: checked, stored, and used at once.

use enerlink_domain::{Code, Error, view::Preferences};
use enerlink_store::{preferences, prosumers};

use crate::Engine;

/// Ten years of raw readings.
const MOST_DAYS: u32 = 3650;
/// Messages that a log holds, unless it is without bound.
const LOG: std::ops::RangeInclusive<u32> = 1_000..=100_000_000;
/// A million rupiah a kWh.
const HIGHEST_TARIFF: u64 = 100_000_000;
/// Characters of the household's name, at most.
const LONGEST_NAME: usize = 64;
/// Characters of how it can be reached, at most.
const LONGEST_CONTACT: usize = 200;

impl Engine {
    /// What the household has chosen, or the defaults.
    pub fn preferences(&self) -> Preferences {
        self.0.preferences.borrow().clone()
    }

    /// Keeps what the household has chosen; answers what is kept.
    pub async fn set_preferences(&self, chosen: Preferences) -> Result<Preferences, Error> {
        self.may_write()?;
        let mut chosen = checked(chosen)?;
        if chosen.name.is_empty() {
            // Who does not speak of it changes nothing about it.
            let known = self.preferences();
            (chosen.name, chosen.contact) = (known.name, known.contact);
        }
        let tx = self.store().begin().await?;
        preferences::save(&tx, &chosen).await?;
        if !chosen.name.is_empty() {
            let now = self.clock().wall();
            prosumers::describe(&tx, &chosen.name, chosen.contact.as_deref(), now).await?;
        }
        tx.commit().await?;
        self.0.preferences.send_replace(chosen.clone());
        Ok(chosen)
    }

    /// Reads again what a restore or the first wallet has brought.
    pub(crate) async fn reload_preferences(&self) -> Result<(), Error> {
        let stored = preferences::load(&self.store().reader()).await?;
        self.0.preferences.send_replace(stored);
        Ok(())
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
    chosen.name = chosen.name.trim().to_owned();
    if chosen.name.chars().count() > LONGEST_NAME || chosen.name.chars().any(char::is_control) {
        return invalid(format!(
            "the household's name is one line of at most {LONGEST_NAME} characters"
        ));
    }
    let contact = chosen.contact.take().unwrap_or_default();
    let contact = contact.trim();
    if contact.chars().count() > LONGEST_CONTACT || contact.chars().any(char::is_control) {
        return invalid(format!(
            "how the household can be reached is one line of at most {LONGEST_CONTACT} characters"
        ));
    }
    if chosen.name.is_empty() && !contact.is_empty() {
        return invalid("whom this reaches needs a name".to_owned());
    }
    chosen.contact = (!contact.is_empty()).then(|| contact.to_owned());
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
            with(|chosen| chosen.name = "é".repeat(LONGEST_NAME)),
        ] {
            fine.expect("within bounds");
        }
        for refused in [
            with(|chosen| chosen.raw_days = 3651),
            with(|chosen| chosen.log_messages = 999),
            with(|chosen| chosen.tariff_sen_per_kwh = HIGHEST_TARIFF + 1),
            with(|chosen| chosen.name = "n".repeat(LONGEST_NAME + 1)),
            with(|chosen| chosen.name = "Sari\nBudi".to_owned()),
            with(|chosen| chosen.contact = Some("sari@example.org".to_owned())),
            with(|chosen| {
                chosen.name = "Sari".to_owned();
                chosen.contact = Some("c".repeat(LONGEST_CONTACT + 1));
            }),
        ] {
            assert_eq!(refused.expect_err("out of bounds").code, Code::InvalidInput);
        }
        let named = with(|chosen| {
            chosen.name = " Rumah Sari ".to_owned();
            chosen.contact = Some(" ".to_owned());
        })
        .expect("fine");
        assert_eq!((named.name.as_str(), named.contact), ("Rumah Sari", None));
        let muted = with(|chosen| {
            chosen.muted = vec![NoticeKind::Rebooted, NoticeKind::Offline, NoticeKind::Rebooted]
        });
        assert_eq!(
            muted.expect("fine").muted,
            [NoticeKind::Offline, NoticeKind::Rebooted]
        );
    }
}
