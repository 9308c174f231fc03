//! What counts for each meter when it settles: what the environment says, what was chosen for the meter and its account,
//! what the contract asks for. Everybody who settles, estimates or guards reads it here, and is told when it changes.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use enerlink_chain::ConverterTerms;
use enerlink_domain::{
    Address, Code, Error, Meter, MeterId, WattHours,
    choice::{Given, MeterSettling, SettlingChoice, SettlingInEffect, SettlingView, Source, Sourced},
};
use enerlink_store::{Read, settings};

use crate::{
    Engine,
    config::{Config, Settling},
    network,
};

/// Settings under this are choices: of an account, `settling.choice/{owner}`, or of its meter, `…/{owner}/{meter}`.
const CHOICE: &str = "settling.choice/";
/// The setting that is there while automatic settlement is paused.
const PAUSED: &str = "settling.paused";

/// The choices as they are stored, under what rules over them.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    default: Settling,
    environment: Given,
    env_file: Given,
    accounts: BTreeMap<Address, SettlingChoice>,
    meters: BTreeMap<(Address, MeterId), SettlingChoice>,
    paused: bool,
}

impl Rules {
    /// Reads what is stored. What is not understood counts as not chosen.
    pub(crate) async fn load(r: &impl Read, config: &Config) -> Result<Self, Error> {
        let mut rules = Self {
            default: config.settling,
            environment: config.environment,
            env_file: config.env_file,
            accounts: BTreeMap::new(),
            meters: BTreeMap::new(),
            paused: false,
        };
        for (key, text) in settings::all(r).await? {
            if key == PAUSED {
                rules.paused = true;
                continue;
            }
            let Some(whose) = key.strip_prefix(CHOICE) else {
                continue;
            };
            if rules.take(whose, &text).is_none() {
                tracing::warn!(
                    key,
                    "a choice about settling is not understood and does not count"
                );
            }
        }
        Ok(rules)
    }

    fn take(&mut self, whose: &str, text: &str) -> Option<()> {
        let choice: SettlingChoice = serde_json::from_str(text).ok()?;
        choice.check().ok()?;
        match whose.split_once('/') {
            None => self.accounts.insert(whose.parse().ok()?, choice),
            Some((owner, meter)) => self
                .meters
                .insert((owner.parse().ok()?, meter.parse().ok()?), choice),
        };
        Some(())
    }

    /// What counts for `meter`, where `contract` is the contract's minimum once it was read.
    pub(crate) fn of(&self, meter: &Meter, contract: Option<WattHours>) -> SettlingInEffect {
        let default = SettlingChoice {
            automatic: Some(self.default.automatic),
            period_minutes: Some(whole_minutes(self.default.period)),
            minimum: Some(self.default.minimum),
            early: self.default.early,
            guard: None,
        };
        let pause = SettlingChoice {
            automatic: self.paused.then_some(false),
            ..SettlingChoice::default()
        };
        let layers = [
            // Whoever pauses means all of it, now.
            (Source::Pause, pause),
            (Source::Environment, self.environment.choice),
            (Source::EnvFile, self.env_file.choice),
            (Source::Meter, self.chosen(meter)),
            (Source::Account, self.account(meter.owner)),
            (Source::Default, default),
        ];
        SettlingInEffect::of(&layers, contract)
    }

    /// Length of a period of `meter`. Where nobody has chosen it need not be whole minutes.
    pub(crate) fn period(&self, meter: &Meter) -> Duration {
        let effect = self.of(meter, None);
        match effect.period_minutes.source {
            Source::Default => self.default.period,
            _ => effect.period(),
        }
    }

    /// ETK base units per 1000 Wh for live estimates, where the environment names other ones than the chain's.
    pub(crate) fn estimate_ratio(&self) -> Option<Sourced<u64>> {
        let named = |source, given: Given| given.estimate_ratio.map(|value| Sourced { value, source });
        named(Source::Environment, self.environment).or_else(|| named(Source::EnvFile, self.env_file))
    }

    fn account(&self, owner: Address) -> SettlingChoice {
        self.accounts.get(&owner).copied().unwrap_or_default()
    }

    fn chosen(&self, meter: &Meter) -> SettlingChoice {
        let key = (meter.owner, meter.id.clone());
        self.meters.get(&key).copied().unwrap_or_default()
    }
}

fn whole_minutes(period: Duration) -> u32 {
    u32::try_from(period.as_secs().div_ceil(60)).map_or(u32::MAX, |minutes| minutes.max(1))
}

impl Engine {
    /// The settings of settlement, and where each value comes from.
    pub fn settling_view(&self) -> SettlingView {
        self.settling_view_by(self.ledger().state.borrow().terms)
    }

    /// [`Engine::settling_view`] with what the contract says now, for a process that does not follow the chain.
    ///
    /// # Errors
    /// `NO_NETWORK`, or why the node cannot be asked.
    pub async fn ask_settling_view(&self) -> Result<SettlingView, Error> {
        let network = self.0.network.borrow().clone().ok_or_else(network::missing)?;
        network.check_identity().await?;
        let terms = network.chain.terms(&network.addresses).await?;
        Ok(self.settling_view_by(Some(terms)))
    }

    fn settling_view_by(&self, terms: Option<ConverterTerms>) -> SettlingView {
        let minimum = terms.map(|terms| terms.minimum);
        let rules = self.0.rules.borrow();
        let meters: Vec<Meter> = self
            .metering()
            .state
            .borrow()
            .values()
            .map(|live| live.meter.clone())
            .collect();
        let mut accounts: Vec<_> = meters
            .iter()
            .map(|meter| (meter.owner, rules.account(meter.owner)))
            .collect();
        accounts.sort_by_key(|(owner, _)| *owner);
        accounts.dedup();
        let meters = meters.into_iter().map(|meter| MeterSettling {
            choice: rules.chosen(&meter),
            effect: rules.of(&meter, minimum),
            meter_id: meter.id,
            owner: meter.owner,
        });
        SettlingView {
            accounts,
            meters: meters.collect(),
            ratio: terms.map(|terms| terms.ratio),
            contract_minimum: minimum,
            estimate_ratio: rules.estimate_ratio(),
            paused: rules.paused,
        }
    }

    /// Keeps what was chosen for the meters of `owner`, or for one of them; what is absent is inherited. Every task
    /// goes by it at once.
    pub async fn set_settling(
        &self,
        owner: Address,
        meter: Option<MeterId>,
        choice: SettlingChoice,
    ) -> Result<SettlingView, Error> {
        self.may_write()?;
        choice.check()?;
        if let Some(id) = &meter {
            let found = self.meter(id)?.meter.owner;
            if found != owner {
                let text = format!("the meter {id} belongs to {found}, not to {owner}");
                return Err(Error::new(Code::InvalidInput, text));
            }
        } else if !self
            .settling_view()
            .accounts
            .iter()
            .any(|(known, _)| *known == owner)
        {
            return Err(Error::new(
                Code::WalletUnknown,
                format!("{owner} has no meter here"),
            ));
        }
        let whose = match &meter {
            None => owner.to_lower(),
            Some(meter) => format!("{}/{meter}", owner.to_lower()),
        };
        let key = format!("{CHOICE}{whose}");
        let tx = self.store().begin().await?;
        if choice.is_empty() {
            settings::remove(&tx, &key).await?;
        } else {
            let json = serde_json::to_string(&choice)
                .map_err(|error| Error::new(Code::Internal, error.to_string()))?;
            settings::set(&tx, &key, &json).await?;
        }
        tx.commit().await?;
        tracing::info!(%whose, ?choice, "settling was chosen");
        self.reload_rules().await?;
        Ok(self.settling_view())
    }

    /// Pauses automatic settlement of every meter, over the environment too, or lets it go on as before.
    pub async fn pause_settling(&self, paused: bool) -> Result<SettlingView, Error> {
        self.may_write()?;
        let tx = self.store().begin().await?;
        if paused {
            settings::set(&tx, PAUSED, "yes").await?;
        } else {
            settings::remove(&tx, PAUSED).await?;
        }
        tx.commit().await?;
        tracing::info!(paused, "automatic settlement was paused or goes on");
        self.reload_rules().await?;
        Ok(self.settling_view())
    }

    /// Reads again what was chosen about settling.
    pub(crate) async fn reload_rules(&self) -> Result<(), Error> {
        let rules = Rules::load(&self.store().reader(), self.config()).await?;
        self.0.rules.send_replace(rules);
        Ok(())
    }
}
