//! What was done with wallets: written with what it changed, then told.

use enerlink_domain::{
    Error, Event,
    wallet::{ActivityPage, SecurityView, WalletAct, WalletHistory, WalletView},
};
use enerlink_store::{NewActivity, Tx, transaction_logs, wallets};

use crate::Engine;

impl Engine {
    /// An act now that concerns no wallet in particular.
    pub(crate) fn act(&self, act: WalletAct) -> NewActivity {
        NewActivity {
            at: self.clock().wall(),
            act,
            wallet: None,
            account: None,
            detail: None,
        }
    }

    /// An act now on `wallet`.
    pub(crate) fn act_on(&self, wallet: &WalletView, act: WalletAct) -> NewActivity {
        NewActivity {
            wallet: Some(wallet.name.clone()),
            ..self.act(act)
        }
    }

    /// Writes `act` with whatever else `tx` changes, then tells it.
    pub(crate) async fn commit_act(&self, tx: Tx, act: NewActivity) -> Result<(), Error> {
        let noted = transaction_logs::note(&tx, act).await?;
        tx.commit().await?;
        tracing::info!(
            act = noted.act.as_str(),
            wallet = noted.wallet,
            detail = noted.detail,
            "wallet"
        );
        self.bus().tell(Event::Activity(noted));
        Ok(())
    }

    /// What was done with wallets, newest first: at most `limit` rows (1 to 200), only those before row `before`.
    pub async fn activity(&self, limit: u16, before: Option<i64>) -> Result<ActivityPage, Error> {
        Ok(transaction_logs::activities(&self.store().reader(), limit, before).await?)
    }

    /// The security page.
    pub async fn security(&self) -> Result<SecurityView, Error> {
        let rows = wallets::list(&self.store().reader()).await?;
        let history = |wallet: &WalletView| {
            let found = rows.iter().find(|row| row.history.wallet == wallet.wallet);
            found.map_or_else(
                || WalletHistory {
                    wallet: wallet.wallet,
                    created_at: wallet.created_at,
                    ..WalletHistory::default()
                },
                |row| row.history.clone(),
            )
        };
        let mut settlement_keys = Vec::new();
        for view in self.meters() {
            settlement_keys.push(self.settlement_key_view(&view.meter).await?);
        }
        Ok(SecurityView {
            idle_lock_minutes: self.choices().idle_minutes,
            histories: self.wallets().iter().map(history).collect(),
            settlement_keys,
            restored: self.held(),
        })
    }
}
