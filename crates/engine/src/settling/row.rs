//! The rows: what meters are owed now, what of it may be settled, and from what it was made. What they all need is asked
//! and stored once.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_chain::{Chain, ConverterTerms, Head, MeterOnChain, build};
use enerlink_domain::{
    Address, Code, Error, Etk, Event, Meter, Registers, Settlement, SettlementStage, Status, Trigger, TxKind,
    WattHours,
    settlement::{Basis, Due, Terms, settlement_id},
};
use enerlink_keystore::Signer;
use enerlink_store::{NewOutbox, outbox as outbox_rows, readings, settlements};
use futures_util::future::{join_all, try_join_all};

use super::Settling;
use crate::{
    backup, guarding,
    network::{self, Network},
    outbox,
};

/// What a settlement costs at most, with room.
const SETTLEMENT_GAS: u64 = 200_000;

/// So many meters are settled together at most.
pub(super) const AT_ONCE: usize = 32;

/// What is known of one meter that is to be settled.
struct Looked {
    standing: MeterOnChain,
    /// The last settlement that has succeeded.
    last: Option<Settlement>,
    account: Address,
    signer: Signer,
}

/// What the chain says to all who settle at the same time.
struct Round {
    network: Network,
    terms: ConverterTerms,
    head: Head,
    /// What is left of each owner's tokens once everything on its way has burned.
    free: BTreeMap<Address, Etk>,
}

impl Settling {
    /// Writes a settlement of everything that is owed and may be settled now, for each of these meters. Answers in their
    /// order.
    pub(super) async fn settle(&self, meters: &[Meter], trigger: Trigger) -> Vec<Result<Settlement, Error>> {
        let mut outcomes = Vec::with_capacity(meters.len());
        for some in meters.chunks(AT_ONCE) {
            match self.settle_some(some, trigger).await {
                Ok(settled) => outcomes.extend(settled),
                Err(error) => outcomes.extend(some.iter().map(|_| Err(error.clone()))),
            }
        }
        outcomes
    }

    async fn settle_some(
        &self,
        meters: &[Meter],
        trigger: Trigger,
    ) -> Result<Vec<Result<Settlement, Error>>, Error> {
        if self.parts.held.borrow().is_some() {
            return Err(backup::unseen());
        }
        let network = self.parts.network.borrow().clone().ok_or_else(network::missing)?;
        let reader = self.parts.store.reader();
        let open = meters.iter().map(|meter| settlements::open(&reader, &meter.id));
        let open = try_join_all(open).await?;
        // Where all are on their way nobody has to be asked.
        if open.iter().all(Option::is_some) {
            return Ok(meters.iter().map(|meter| Err(pending(meter))).collect());
        }
        network.check_identity().await?;
        let looked = meters.iter().zip(open).map(async |(meter, open)| match open {
            Some(_) => Err(pending(meter)),
            None => self.look(&network, meter).await,
        });
        let looked = join_all(looked).await;
        if looked.iter().all(Result::is_err) {
            return Ok(looked.into_iter().filter_map(Result::err).map(Err).collect());
        }
        let standing = meters.iter().zip(&looked).filter(|(_, looked)| looked.is_ok());
        let owners: BTreeSet<Address> = standing.map(|(meter, _)| meter.owner).collect();
        let mut round = self.round(network, owners).await?;
        let mut outcomes: Vec<Result<Settlement, Error>> = Vec::with_capacity(meters.len());
        let mut entries = Vec::new();
        for (meter, looked) in meters.iter().zip(looked) {
            let twice = outcomes.iter().flatten().any(|row| row.meter_id == meter.id);
            let drafted = match looked {
                Ok(_) if twice => Err(pending(meter)),
                Ok(looked) => self.draft(meter, looked, &mut round, trigger).await,
                Err(error) => Err(error),
            };
            outcomes.push(drafted.map(|(row, entry)| {
                entries.push(entry);
                row
            }));
        }
        if entries.is_empty() {
            return Ok(outcomes);
        }
        let tx = self.parts.store.begin().await?;
        for (row, entry) in outcomes.iter().flatten().zip(&entries) {
            settlements::insert(&tx, row).await?;
            outbox_rows::insert(&tx, entry).await?;
        }
        tx.commit().await?;
        for row in outcomes.iter().flatten() {
            self.parts.bus.tell(Event::Settlement(row.clone()));
        }
        self.parts.outbox.wake();
        Ok(outcomes)
    }

    /// Looks whether `meter` can be settled at all, and lifts its registers to what the chain has settled.
    async fn look(&self, network: &Network, meter: &Meter) -> Result<Looked, Error> {
        let standing = network.chain.meter(&network.addresses, &meter.id).await?;
        let standing = standing.ok_or_else(|| unregistered(meter))?;
        check_standing(meter, &standing)?;
        let mark = self
            .parts
            .ledger
            .state
            .borrow()
            .mark(&meter.id, standing.watermark);
        self.parts.metering.raise(&meter.id, mark).await?;
        let last = settlements::last_success(&self.parts.store.reader(), &meter.id).await?;
        check_not_undone(last.as_ref(), &standing)?;
        let (account, signer) = self.signer(&network.chain, meter, &standing).await?;
        Ok(Looked {
            standing,
            last,
            account,
            signer,
        })
    }

    async fn round(&self, network: Network, owners: BTreeSet<Address>) -> Result<Round, Error> {
        let chain = &network.chain;
        let balances = owners
            .iter()
            .map(|owner| chain.balances(&network.addresses, *owner));
        let (terms, head, balances) = tokio::try_join!(
            chain.terms(&network.addresses),
            chain.head(),
            try_join_all(balances)
        )?;
        let burning = settlements::burning_by_meter(&self.parts.store.reader()).await?;
        let lives = self.parts.metering.state.borrow();
        let ledger = self.parts.ledger.state.borrow();
        let free = owners.into_iter().zip(balances).map(|(owner, balances)| {
            let own = lives.values().filter(|live| live.meter.owner == owner);
            let spent = guarding::pending_burns(&burning, own, &ledger);
            (owner, Etk(balances.etk.0.saturating_sub(spent.0)))
        });
        let free = free.collect();
        drop((lives, ledger));
        Ok(Round {
            network,
            terms,
            head,
            free,
        })
    }

    /// The settlement of one meter and its transaction, neither stored yet.
    async fn draft(
        &self,
        meter: &Meter,
        looked: Looked,
        round: &mut Round,
        trigger: Trigger,
    ) -> Result<(Settlement, NewOutbox), Error> {
        let standing = &looked.standing;
        let free = round.free.entry(meter.owner).or_default();
        let effect = self.parts.rules.borrow().of(meter, Some(round.terms.minimum));
        let terms = standing.terms(
            round.terms.ratio,
            effect.minimum.value,
            Some(*free),
            round.head.timestamp,
        );
        let registers = self.registers(meter)?;
        let (to, energy) = match terms.due(registers.export, registers.import) {
            Due::Settle { to, energy } => (to, energy),
            Due::BelowMinimum { energy, minimum } => return Err(below_minimum(energy.0, minimum)),
            Due::BucketFull => {
                let text = "the chain's plausibility limit for this meter is used up for the moment; the energy is carried";
                return Err(Error::new(Code::NothingToSettle, text));
            }
            Due::InsufficientEtk { missing } => {
                self.parts.missing.note(&meter.id, missing).await?;
                let text = format!(
                    "the imported energy costs {missing} ETK more than the account holds; it is owed and carried"
                );
                return Err(Error::new(Code::InsufficientBalance, text));
            }
        };
        let basis = self
            .basis(meter, looked.last.as_ref(), &registers, &terms)
            .await?;
        let now = self.parts.clock.wall();
        let row = Settlement {
            settlement_id: settlement_id(&meter.id, to),
            meter_id: meter.id.clone(),
            prosumer: meter.owner,
            status: Status::Pending,
            stage: SettlementStage::Queued,
            trigger,
            from: standing.watermark,
            to,
            energy_wh: energy,
            etk: Etk::from_energy(energy, terms.ratio, terms.carry).0,
            tx: None,
            block: None,
            confirmations: 0,
            reason: None,
            created_at: now,
            settled_at: None,
            basis: Some(basis),
        };
        // What one burns, the next one does not have.
        *free = Etk(free.0.saturating_add(row.etk.0.min(0)));
        let addresses = &round.network.addresses;
        let call = build::settle_meter(addresses, &meter.id, to, &row.settlement_id);
        let entry = NewOutbox {
            account: looked.account,
            signer: outbox::signer_text(&looked.signer),
            kind: TxKind::SettleMeter,
            meter_id: Some(meter.id.clone()),
            settlement_id: Some(row.settlement_id.clone()),
            detail: None,
            chain_id: addresses.chain_id,
            to: addresses.converter,
            input: call.input,
            created_at: now,
        };
        Ok((row, entry))
    }

    /// The registers of `meter`, once the chain was compared with them.
    fn registers(&self, meter: &Meter) -> Result<Registers, Error> {
        let state = self.parts.metering.state.borrow();
        let found = state.get(&meter.id).and_then(|live| live.compared());
        found.ok_or_else(|| {
            let text = format!(
                "nothing has been heard from {} since the chain was read",
                meter.id
            );
            Error::new(Code::NothingToSettle, text)
        })
    }

    /// What a settlement of `registers` is made from.
    async fn basis(
        &self,
        meter: &Meter,
        last: Option<&Settlement>,
        registers: &Registers,
        terms: &Terms,
    ) -> Result<Basis, Error> {
        // One that another copy has sent does not say what it was made from.
        let before = last.and_then(|row| row.basis.as_ref());
        Ok(Basis {
            export: registers.export,
            import: registers.import,
            epoch: registers.epoch,
            epochs_crossed: registers
                .epoch
                .saturating_sub(before.map_or(0, |basis| basis.epoch)),
            from: match (last, before) {
                (None, _) => readings::first(&self.parts.store.reader(), &meter.id).await?,
                (Some(_), before) => before.and_then(|basis| basis.to),
            },
            to: registers.baseline.map(|last| last.received_at),
            ratio: terms.ratio,
            carry: terms.carry,
            before: None,
        })
    }

    /// The settlement key when the chain knows it and it is not being given up, else the owner's own key. On a chain that charges for gas a key
    /// without coins leaves the work to an unlocked wallet.
    async fn signer(
        &self,
        chain: &Chain,
        meter: &Meter,
        standing: &MeterOnChain,
    ) -> Result<(Address, Signer), Error> {
        let wallet = (meter.owner, Signer::Wallet(meter.owner));
        let key = self.parts.keystore.settlement_key(&meter.id)?;
        let authorised = key.filter(|key| meter.settlement_key && standing.settler == Some(*key));
        let Some(key) = authorised else {
            return Ok(wallet);
        };
        let balance = chain.native_balance(key).await?;
        let poor = outbox::affordable(chain.fees().await?, SETTLEMENT_GAS, balance).is_none();
        if poor && self.parts.keystore.can_sign(&wallet.1) {
            return Ok(wallet);
        }
        Ok((key, Signer::Settlement(meter.id.clone())))
    }
}

fn pending(meter: &Meter) -> Error {
    Error::new(
        Code::SettlementPending,
        format!("a settlement of {} is on its way", meter.id),
    )
}

/// Refuses while the chain has less than was settled: a reorganisation has undone it, and it is brought forward by its
/// own bytes, or found to be lost, before anything new is settled.
fn check_not_undone(last: Option<&Settlement>, standing: &MeterOnChain) -> Result<(), Error> {
    match last.filter(|last| !standing.watermark.covers(last.to)) {
        None => Ok(()),
        Some(lost) => Err(Error::new(
            Code::SettlementPending,
            format!(
                "the chain has lost the settlement {}, which comes first",
                lost.settlement_id
            ),
        )),
    }
}

fn unregistered(meter: &Meter) -> Error {
    Error::new(
        Code::MeterUnregistered,
        format!("the meter {} is not registered on chain", meter.id),
    )
}

fn check_standing(meter: &Meter, standing: &MeterOnChain) -> Result<(), Error> {
    if standing.retired {
        return Err(Error::new(
            Code::MeterForeign,
            format!("the meter {} is retired on chain", meter.id),
        ));
    }
    if standing.prosumer != meter.owner {
        let text = format!(
            "the meter {} is registered to {}, not to {}",
            meter.id, standing.prosumer, meter.owner
        );
        return Err(Error::new(Code::MeterForeign, text));
    }
    if !standing.opened {
        let text = format!("the baseline of {} is not on chain yet", meter.id);
        return Err(Error::new(Code::NothingToSettle, text));
    }
    Ok(())
}

fn below_minimum(energy: i64, minimum: WattHours) -> Error {
    Error::new(
        Code::NothingToSettle,
        format!(
            "Settlement threshold not met: {energy} Wh of at least {} Wh; the energy is carried",
            minimum.0
        ),
    )
}
