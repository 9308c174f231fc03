//! The recovery phrase: shown after the password again, and typed back.

use enerlink_domain::{
    Error,
    wallet::{WalletAct, WalletId, WalletView},
};
use enerlink_keystore::{Password, Phrase};

use crate::Engine;

impl Engine {
    /// The recovery phrase, after the password again.
    pub async fn reveal_phrase(&self, wallet: WalletId, password: Password) -> Result<Phrase, Error> {
        self.may_write()?;
        let view = self.wallet_of(wallet)?;
        let phrase = self
            .with_password(move |keystore, at| keystore.reveal_phrase(wallet, &password, at))
            .await?;
        let tx = self.store().begin().await?;
        self.commit_act(tx, self.act_on(&view, WalletAct::PhraseRevealed))
            .await?;
        Ok(phrase)
    }

    /// Notes that the phrase was written down: `words` are positions (from 0) with the words typed.
    pub async fn confirm_phrase(
        &self,
        wallet: WalletId,
        password: Password,
        words: Vec<(u8, String)>,
    ) -> Result<WalletView, Error> {
        self.may_write()?;
        let view = self
            .with_password(move |keystore, at| keystore.confirm_phrase(wallet, &password, &words, at))
            .await?;
        let tx = self.store().begin().await?;
        self.commit_act(tx, self.act_on(&view, WalletAct::PhraseConfirmed))
            .await?;
        self.tell_wallets();
        Ok(view)
    }
}
