//! What a registered meter needs before it can settle: its baseline, and the settlement key that was chosen.

use std::sync::Arc;

use enerlink_chain::build;
use enerlink_domain::{Address, Error, Meter, MeterId, Registration, TxKind, settlement::Watermark};
use enerlink_keystore::{Keystore, Signer};
use enerlink_store::{NewOutbox, OutboxRow, Store, outbox as outbox_rows};

use super::Settling;
use crate::{network::Network, outbox, task};

/// The last change of the settlement key of `meter` that is on its way, if any.
pub(crate) async fn unfinished_key_change(
    store: &Store,
    meter: &MeterId,
) -> Result<Option<OutboxRow>, Error> {
    let rows = outbox_rows::unfinished(&store.reader()).await?;
    Ok(rows
        .into_iter()
        .rfind(|row| row.kind == TxKind::SetSettler && row.meter_id.as_ref() == Some(meter)))
}

impl Settling {
    /// Queues what is missing on chain, for every meter.
    pub(super) async fn prepare(&mut self) -> Result<(), Error> {
        if self.parts.held.borrow().is_some() {
            return Ok(());
        }
        for meter in self.meters() {
            let registration = self.parts.ledger.state.borrow().registration(&meter);
            match registration {
                Registration::Registered => self.open(&meter).await?,
                Registration::Open { settler, .. } if meter.settlement_key => {
                    self.authorise(&meter, settler).await?
                }
                Registration::Open { settler, .. } => self.give_up(&meter, settler).await?,
                Registration::Unknown
                | Registration::Missing
                | Registration::Foreign { .. }
                | Registration::Retired => {}
            }
        }
        Ok(())
    }

    async fn open(&mut self, meter: &Meter) -> Result<(), Error> {
        let registers = self
            .parts
            .metering
            .state
            .borrow()
            .get(&meter.id)
            .and_then(|live| live.registers);
        let Some(registers) = registers else { return Ok(()) };
        let Some(Network { addresses, .. }) = self.parts.network.borrow().clone() else {
            return Ok(());
        };
        let baseline = Watermark {
            export: registers.first.export.floor_wh(),
            import: registers.first.import.floor_wh(),
        };
        let input = build::open_meter(&addresses, &meter.id, baseline).input;
        self.queue_once(meter, TxKind::OpenMeter, input).await
    }

    /// Authorises this profile's settlement key, when the chain names none. A key of another machine is left alone
    /// unless a person asks: two machines would replace each other's for ever, and the wallet's own signature works
    /// beside it.
    async fn authorise(&mut self, meter: &Meter, settler: Option<Address>) -> Result<(), Error> {
        if settler.is_some() {
            return Ok(());
        }
        let key = self
            .with_key(meter, |keystore, id| Ok(keystore.create_settlement_key(id)?))
            .await?;
        match self.set_settler(meter, key) {
            Some(input) => self.queue_once(meter, TxKind::SetSettler, input).await,
            None => Ok(()),
        }
    }

    /// Takes this profile's settlement key off the chain when it is not wanted any more, and then off the disk.
    async fn give_up(&mut self, meter: &Meter, settler: Option<Address>) -> Result<(), Error> {
        let key = self
            .with_key(meter, |keystore, id| Ok(keystore.settlement_key(id)?))
            .await?;
        let Some(key) = key else { return Ok(()) };
        if settler == Some(key) {
            return match self.set_settler(meter, Address::ZERO) {
                Some(input) => self.queue_once(meter, TxKind::SetSettler, input).await,
                None => Ok(()),
            };
        }
        // Until the chain has confirmed it, a reorganisation may bring the key back.
        if unfinished_key_change(&self.parts.store, &meter.id)
            .await?
            .is_none()
        {
            self.with_key(meter, |keystore, id| Ok(keystore.remove_settlement_key(id)?))
                .await?;
            tracing::info!(meter = %meter.id, "settlement key removed");
        }
        Ok(())
    }

    /// Queues what a person has just asked for, whoever's key the chain knows and whatever was tried before.
    pub(super) async fn change_key(&mut self, meter: &Meter) -> Result<(), Error> {
        let registration = self.parts.ledger.state.borrow().registration(meter);
        let Registration::Open { settler, .. } = registration else {
            // It follows once the meter is open.
            return Ok(());
        };
        let wanted = match meter.settlement_key {
            true => {
                self.with_key(meter, |keystore, id| Ok(keystore.create_settlement_key(id)?))
                    .await?
            }
            false => Address::ZERO,
        };
        let Some(input) = self.set_settler(meter, wanted) else {
            return Ok(());
        };
        let agrees = match unfinished_key_change(&self.parts.store, &meter.id).await? {
            Some(last) => last.input == input,
            None => settler.unwrap_or(Address::ZERO) == wanted,
        };
        if !agrees {
            self.queue(meter, TxKind::SetSettler, input).await?;
        }
        self.prepare().await
    }

    fn set_settler(&self, meter: &Meter, settler: Address) -> Option<Vec<u8>> {
        let network = self.parts.network.borrow();
        let addresses = &network.as_ref()?.addresses;
        Some(build::set_settler(addresses, &meter.id, settler).input)
    }

    async fn with_key<T: Send + 'static>(
        &self,
        meter: &Meter,
        work: impl FnOnce(&Keystore, &MeterId) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (keystore, id) = (Arc::clone(&self.parts.keystore), meter.id.clone());
        task::off_thread(move || work(&keystore, &id)).await?
    }

    /// Queues a transaction of `kind` for `meter`, unless one is on its way or was tried in this period.
    async fn queue_once(&mut self, meter: &Meter, kind: TxKind, input: Vec<u8>) -> Result<(), Error> {
        let (now, pause) = (
            self.parts.clock.monotonic(),
            self.parts.rules.borrow().period(meter),
        );
        let recent = self
            .prepared
            .get(&(meter.id.clone(), kind.as_str()))
            .is_some_and(|last| now.saturating_sub(*last) < pause);
        if recent {
            return Ok(());
        }
        let unfinished = outbox_rows::unfinished(&self.parts.store.reader()).await?;
        let queued = unfinished
            .iter()
            .any(|row| row.kind == kind && row.meter_id.as_ref() == Some(&meter.id));
        if queued {
            return Ok(());
        }
        self.queue(meter, kind, input).await
    }

    async fn queue(&mut self, meter: &Meter, kind: TxKind, input: Vec<u8>) -> Result<(), Error> {
        let now = self.parts.clock.wall();
        let Some(Network { addresses, .. }) = self.parts.network.borrow().clone() else {
            return Ok(());
        };
        let tried = self.parts.clock.monotonic();
        self.prepared.insert((meter.id.clone(), kind.as_str()), tried);
        let entry = NewOutbox {
            account: meter.owner,
            signer: outbox::signer_text(&Signer::Wallet(meter.owner)),
            kind,
            meter_id: Some(meter.id.clone()),
            settlement_id: None,
            detail: None,
            chain_id: addresses.chain_id,
            to: addresses.converter,
            input,
            created_at: now,
        };
        let tx = self.parts.store.begin().await?;
        outbox_rows::insert(&tx, &entry).await?;
        tx.commit().await?;
        tracing::info!(meter = %meter.id, kind = kind.as_str(), "transaction queued");
        self.parts.outbox.wake();
        Ok(())
    }
}
