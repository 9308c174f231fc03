//! Settlement keys as a person sees them: asked for, given up, how far they have come.

use enerlink_domain::{
    Address, Error, Meter, MeterId, Registration,
    wallet::{SettlementKeyState, SettlementKeyView, WalletAct},
};
use enerlink_store::NewActivity;

use crate::{Engine, settling};

impl Engine {
    /// Lets settlement of a meter go on while the wallet is locked, or no longer. The chain is told by a transaction
    /// of the owner's, which waits for the wallet to be unlocked.
    pub async fn set_settlement_key(
        &self,
        meter: MeterId,
        enabled: bool,
    ) -> Result<SettlementKeyView, Error> {
        self.may_write()?;
        self.check_seen()?;
        let owner = self.meter(&meter)?.meter.owner;
        let kind = match enabled {
            true => WalletAct::SettlementKeyEnabled,
            false => WalletAct::SettlementKeyRevoked,
        };
        let act = NewActivity {
            wallet: self.wallet_with(owner).ok().map(|view| view.name),
            account: Some(owner),
            detail: Some(meter.to_string()),
            ..self.act(kind)
        };
        let noted = self.metering().set_settlement_key(&meter, enabled, act).await?;
        self.bus().tell(enerlink_domain::Event::Activity(noted));
        self.settling().settlement_key(meter.clone()).await?;
        self.settlement_key_view(&self.meter(&meter)?.meter).await
    }

    /// How far the settlement key of `meter` has come.
    pub(crate) async fn settlement_key_view(&self, meter: &Meter) -> Result<SettlementKeyView, Error> {
        let id = meter.id.clone();
        let key = self
            .with_keys(move |keystore| Ok(keystore.settlement_key(&id)?))
            .await?;
        let registration = self.ledger().state.borrow().registration(meter);
        let pending = settling::unfinished_key_change(self.store(), &meter.id)
            .await?
            .is_some();
        let on_chain = match registration {
            Registration::Open { settler, .. } => settler,
            _ => None,
        };
        Ok(SettlementKeyView {
            meter_id: meter.id.clone(),
            meter_name: meter.name.clone(),
            key,
            on_chain,
            state: match registration {
                Registration::Unknown => SettlementKeyState::Unknown,
                _ => state(meter.settlement_key, key, on_chain, pending),
            },
        })
    }
}

/// `pending` is whether a change is on its way to the chain.
fn state(wanted: bool, key: Option<Address>, on_chain: Option<Address>, pending: bool) -> SettlementKeyState {
    match (wanted, on_chain) {
        (true, Some(known)) if Some(known) == key => SettlementKeyState::Active,
        (true, None) => SettlementKeyState::Authorising,
        (true, Some(_)) if pending => SettlementKeyState::Authorising,
        (false, Some(known)) if pending || Some(known) == key => SettlementKeyState::Revoking,
        (true | false, Some(_)) => SettlementKeyState::Elsewhere,
        (false, None) if pending => SettlementKeyState::Revoking,
        (false, None) => SettlementKeyState::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_wish_chain_and_outbox() {
        use SettlementKeyState::{Active, Authorising, Elsewhere, Off, Revoking};
        let (own, other) = (Some(Address([1; 20])), Some(Address([2; 20])));
        for (wanted, key, on_chain, pending, expected) in [
            (true, None, None, false, Authorising),
            (true, own, None, true, Authorising),
            (true, own, own, false, Active),
            (true, own, other, false, Elsewhere),
            (true, own, other, true, Authorising),
            (false, own, own, true, Revoking),
            (false, own, own, false, Revoking),
            (false, own, None, true, Revoking),
            (false, None, None, false, Off),
            (false, None, other, false, Elsewhere),
            (false, None, other, true, Revoking),
        ] {
            assert_eq!(
                state(wanted, key, on_chain, pending),
                expected,
                "{wanted} {key:?} {on_chain:?} {pending}"
            );
        }
    }
}
