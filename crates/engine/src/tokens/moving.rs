//! Sending, and the simulated ramp: judged, simulated and priced before a row is queued; the chain decides the rest.

use enerlink_chain::{Call, build};
use enerlink_domain::{
    Address, Code, Error, Event, Transaction, TxDetail, TxKind, TxStage, Wei,
    token::{Amount, Asset, MOST_RAMPED, Ramp, SendDraft, SendPreview},
};
use enerlink_keystore::Signer;
use enerlink_store::{NewOutbox, conversions, outbox as rows};

use crate::{
    Engine,
    network::{self, Network},
    outbox,
};

impl Engine {
    /// What would become of `draft`. Nothing is signed; the wallet may be locked.
    ///
    /// # Errors
    /// `INVALID_INPUT` for amount or payee, `INSUFFICIENT_BALANCE`, `NO_GAS`, `REVERTED`, or that the node cannot be asked.
    pub async fn preview_send(&self, draft: &SendDraft) -> Result<SendPreview, Error> {
        self.wallet_with(draft.from)?;
        let amount = Amount::parse_moved(draft.asset, &draft.amount)?;
        let payee = self.check_payee(&draft.to).await?;
        if payee.address == draft.from {
            let text = format!("{} would send to itself", draft.from);
            return Err(Error::new(Code::InvalidInput, text));
        }
        let network = self.network().ok_or_else(network::missing)?;
        let (before, rest) = self.rest_after(&network, draft.from, amount).await?;
        let call = build::send(&network.addresses, payee.address, amount);
        let detail = TxDetail::Send {
            amount,
            to: payee.address,
        };
        let fee = self.cost_of(&network, draft.from, &call, &detail).await?;
        let after = match rest {
            Amount::Coin(rest) => Amount::Coin(rest.checked_sub(fee).unwrap_or_default()),
            rest => rest,
        };
        Ok(SendPreview {
            from: draft.from,
            payee,
            amount,
            before,
            after,
            fee,
        })
    }

    /// Queues what `draft` says.
    ///
    /// # Errors
    /// Those of [`Engine::preview_send`], `LOCKED`, and `CONFIRMATION_MISSING` when a person has to look at the payee first.
    pub async fn send(&self, draft: SendDraft) -> Result<Transaction, Error> {
        self.may_write()?;
        let preview = self.preview_send(&draft).await?;
        if let Some(warning) = preview.payee.warning()
            && preview.payee.needs_a_look()
            && !draft.confirmed
        {
            return Err(Error::new(Code::ConfirmationMissing, warning));
        }
        let network = self.network().ok_or_else(network::missing)?;
        let (to, amount) = (preview.payee.address, preview.amount);
        let kind = match draft.asset {
            Asset::Etk | Asset::Idrs => TxKind::SendToken,
            Asset::Coin => TxKind::SendCoin,
        };
        let call = build::send(&network.addresses, to, amount);
        let detail = TxDetail::Send { amount, to };
        self.queue(&network, draft.from, kind, call, detail).await
    }

    /// Queues a simulated exchange of IDR and IDRS, one for one. `amount` is a canonical decimal.
    ///
    /// # Errors
    /// `INVALID_INPUT`, `LOCKED`, `INSUFFICIENT_BALANCE`, `NO_GAS`, `REVERTED` where the ramp is closed, or that the node
    /// cannot be asked.
    pub async fn ramp(&self, account: Address, way: Ramp, amount: &str) -> Result<Transaction, Error> {
        self.may_write()?;
        self.wallet_with(account)?;
        let amount = Amount::parse_moved(Asset::Idrs, amount)?;
        let Amount::Idrs(idrs) = amount else {
            return Err(Error::new(Code::Internal, "the ramp exchanges IDRS"));
        };
        if idrs > MOST_RAMPED {
            let text = format!("at most {MOST_RAMPED} IDRS are exchanged at once");
            return Err(Error::new(Code::InvalidInput, text));
        }
        let network = self.network().ok_or_else(network::missing)?;
        if way == Ramp::Off {
            self.rest_after(&network, account, amount).await?;
        }
        let call = build::ramp(&network.addresses, way, idrs);
        let detail = TxDetail::Ramp { way, amount: idrs };
        self.cost_of(&network, account, &call, &detail).await?;
        let kind = match way {
            Ramp::On => TxKind::OnRamp,
            Ramp::Off => TxKind::OffRamp,
        };
        self.queue(&network, account, kind, call, detail).await
    }

    /// What `account` holds of the asset of `amount`, less what is on its way, and what is left of it then.
    async fn rest_after(
        &self,
        network: &Network,
        account: Address,
        amount: Amount,
    ) -> Result<(Amount, Amount), Error> {
        network.check_identity().await?;
        let held = network.chain.balances(&network.addresses, account).await?;
        let held = match amount {
            Amount::Etk(_) => Amount::Etk(held.etk),
            Amount::Idrs(_) => Amount::Idrs(held.idrs),
            Amount::Coin(_) => Amount::Coin(held.native),
        };
        let mut free = held;
        for taken in self.on_its_way(account).await? {
            if taken.asset() == free.asset() {
                free = free.checked_sub(taken).unwrap_or_else(|| nothing(free));
            }
        }
        let rest = free.checked_sub(amount).ok_or_else(|| {
            let text = match free == held {
                true => format!("{account} holds {held}, {amount} are needed"),
                false => format!("{account} holds {held}, of which {free} are not on their way yet"),
            };
            Error::new(Code::InsufficientBalance, text)
        })?;
        Ok((free, rest))
    }

    /// What transactions of `account` take from it that no block has yet: what is in a block is off the balance already.
    pub(crate) async fn on_its_way(&self, account: Address) -> Result<Vec<Amount>, Error> {
        let network = self.network().ok_or_else(network::missing)?;
        let pair = self.market_state().pair;
        let mut rows = rows::unfinished(&self.store().reader()).await?;
        rows.retain(|row| {
            let own = row.account == account && row.chain_id == network.addresses.chain_id;
            own && row.stage != TxStage::Mined && !row.cancelling
        });
        let details = rows.iter().filter_map(|row| row.detail.as_ref());
        Ok(details.filter_map(|detail| detail.takes(pair)).collect())
    }

    /// Simulates `call` and says what gas costs at most. Refuses what the account cannot pay.
    pub(super) async fn cost_of(
        &self,
        network: &Network,
        account: Address,
        call: &Call,
        detail: &TxDetail,
    ) -> Result<Wei, Error> {
        network.check_identity().await?;
        let simulated = network.chain.simulate(account, call).await?;
        let fees = network.chain.fees().await?;
        let held = network.chain.native_balance(account).await?;
        let free = held.checked_sub(detail.value()).unwrap_or_default();
        let most = u128::from(simulated.gas).saturating_mul(fees.price().0);
        match outbox::affordable(fees, simulated.gas, free) {
            Some(fees) => Ok(Wei(u128::from(simulated.gas).saturating_mul(fees.price().0))),
            None => {
                let missing = Wei(most.saturating_sub(free.0));
                let text = format!("{account} needs {missing} of the chain's coin more for gas");
                Err(Error::new(Code::NoGas, text))
            }
        }
    }

    /// Writes the row. What is on its way is told, and the outbox woken.
    pub(crate) async fn queue(
        &self,
        network: &Network,
        account: Address,
        kind: TxKind,
        call: Call,
        detail: TxDetail,
    ) -> Result<Transaction, Error> {
        self.may_write()?;
        self.check_seen()?;
        let signer = Signer::Wallet(account);
        if !self.keystore().can_sign(&signer) {
            let text = "only an unlocked wallet signs what a person sends";
            return Err(Error::new(Code::Locked, text));
        }
        let to = call
            .to
            .ok_or_else(|| Error::new(Code::Internal, "a wallet creates no contracts"))?;
        let new = NewOutbox {
            account,
            signer: outbox::signer_text(&signer),
            kind,
            meter_id: None,
            settlement_id: None,
            detail: Some(detail),
            chain_id: network.addresses.chain_id,
            to,
            input: call.input,
            created_at: self.clock().wall(),
        };
        let tx = self.store().begin().await?;
        let id = rows::insert(&tx, &new).await?;
        let row = rows::get(&tx, id)
            .await?
            .ok_or_else(|| Error::new(Code::Internal, "a row that was just written is gone"))?;
        conversions::follow(&tx, &row).await?;
        tx.commit().await?;
        let queued = row.transaction();
        self.bus().tell(Event::Transaction(queued.clone()));
        self.0.outbox.wake();
        Ok(queued)
    }
}

fn nothing(of: Amount) -> Amount {
    of.checked_sub(of).unwrap_or(of)
}
