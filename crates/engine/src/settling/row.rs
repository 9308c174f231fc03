//! The row: what a meter is owed now, what of it may be settled, and from what it was made.

use enerlink_chain::{Chain, MeterOnChain, build};
use enerlink_domain::{
    Address, Code, Error, Etk, Event, Meter, Registers, Settlement, SettlementStage, Status, Trigger, TxKind,
    WattHours,
    settlement::{Basis, Due, Terms, settlement_id},
};
use enerlink_keystore::Signer;
use enerlink_store::{NewOutbox, outbox as outbox_rows, readings, settlements};

use super::Settling;
use crate::{
    backup, guarding,
    network::{self, Network},
    outbox,
};

/// What a settlement costs at most, with room.
const SETTLEMENT_GAS: u64 = 200_000;

impl Settling {
    /// Writes a settlement of everything that is owed and may be settled now.
    pub(super) async fn settle(&self, meter: &Meter, trigger: Trigger) -> Result<Settlement, Error> {
        if self.parts.held.borrow().is_some() {
            return Err(backup::unseen());
        }
        let network = self.parts.network.borrow().clone().ok_or_else(network::missing)?;
        if settlements::open(&self.parts.store.reader(), &meter.id)
            .await?
            .is_some()
        {
            return Err(Error::new(
                Code::SettlementPending,
                format!("a settlement of {} is on its way", meter.id),
            ));
        }
        network.check_identity().await?;
        let Network { chain, addresses } = network;
        let standing = chain.meter(&addresses, &meter.id).await?;
        let standing = standing.ok_or_else(|| unregistered(meter))?;
        check_standing(meter, &standing)?;
        let mark = self
            .parts
            .ledger
            .state
            .borrow()
            .mark(&meter.id, standing.watermark);
        self.parts.metering.raise(&meter.id, mark).await?;
        let (terms, balances, head) = tokio::try_join!(
            chain.terms(&addresses),
            chain.balances(&addresses, meter.owner),
            chain.head()
        )?;
        let spent = self.pending_burns(meter.owner).await?;
        self.check_not_undone(meter, &standing).await?;
        let terms = Terms {
            watermark: standing.watermark,
            minimum: self
                .parts
                .rules
                .borrow()
                .of(meter, Some(terms.minimum))
                .minimum
                .value,
            ratio: terms.ratio,
            carry: standing.carry,
            balance: Etk(balances.etk.0.saturating_sub(spent.0)),
            rated_power_w: standing.rated_power_w,
            cleared_at: standing.cleared_at,
            now: head.timestamp,
        };
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
        let basis = self.basis(meter, &registers, &terms).await?;
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
        let call = build::settle_meter(&addresses, &meter.id, to, &row.settlement_id);
        let (account, signer) = self.signer(&chain, meter, &standing).await?;
        let entry = NewOutbox {
            account,
            signer: outbox::signer_text(&signer),
            kind: TxKind::SettleMeter,
            meter_id: Some(meter.id.clone()),
            settlement_id: Some(row.settlement_id.clone()),
            detail: None,
            chain_id: addresses.chain_id,
            to: addresses.converter,
            input: call.input,
            created_at: now,
        };
        let tx = self.parts.store.begin().await?;
        settlements::insert(&tx, &row).await?;
        outbox_rows::insert(&tx, &entry).await?;
        tx.commit().await?;
        self.parts.bus.tell(Event::Settlement(row.clone()));
        self.parts.outbox.wake();
        Ok(row)
    }

    /// What settlements of the account's other meters will burn.
    async fn pending_burns(&self, owner: Address) -> Result<Etk, Error> {
        let burning = settlements::burning_by_meter(&self.parts.store.reader()).await?;
        let lives = self.parts.metering.state.borrow();
        let own = lives.values().filter(|live| live.meter.owner == owner);
        Ok(guarding::pending_burns(
            &burning,
            own,
            &self.parts.ledger.state.borrow(),
        ))
    }

    /// Refuses while the chain has less than was settled: a reorganisation has undone it, and it is brought forward by
    /// its own bytes, or found to be lost, before anything new is settled.
    async fn check_not_undone(&self, meter: &Meter, standing: &MeterOnChain) -> Result<(), Error> {
        let last = settlements::last_success(&self.parts.store.reader(), &meter.id).await?;
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
    async fn basis(&self, meter: &Meter, registers: &Registers, terms: &Terms) -> Result<Basis, Error> {
        let reader = self.parts.store.reader();
        let last = settlements::last_success(&reader, &meter.id).await?;
        // One that another copy has sent does not say what it was made from.
        let before = last.as_ref().and_then(|row| row.basis.as_ref());
        Ok(Basis {
            export: registers.export,
            import: registers.import,
            epoch: registers.epoch,
            epochs_crossed: registers
                .epoch
                .saturating_sub(before.map_or(0, |basis| basis.epoch)),
            from: match (&last, before) {
                (None, _) => readings::first(&reader, &meter.id).await?,
                (Some(_), before) => before.and_then(|basis| basis.to),
            },
            to: registers.baseline.map(|last| last.received_at),
            ratio: terms.ratio,
            carry: terms.carry,
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
