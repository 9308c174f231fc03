//! What leaves as a file: one key as Web3 Secret Storage, the rows of a table.

use std::path::Path;

use enerlink_domain::{
    Address, Error,
    wallet::{PickedFile, WalletAct},
};
use enerlink_keystore::Password;
use enerlink_store::{Mark, NewActivity, wallets};

use crate::{Engine, files};

impl Engine {
    /// Writes the key of `address` as a key file of version 3, sealed by `file_password`: a new file for its owner
    /// only, never over one that is there.
    pub async fn export_keystore(
        &self,
        address: Address,
        password: Password,
        file_password: Password,
        path: &Path,
    ) -> Result<PickedFile, Error> {
        self.may_write()?;
        let view = self.wallet_with(address)?;
        let json = self
            .with_password(move |keystore, at| keystore.export_v3(address, &password, &file_password, at))
            .await?;
        let target = path.to_owned();
        self.with_keys(move |_| files::create(&target, json.as_bytes()))
            .await?;
        let act = NewActivity {
            account: Some(address),
            detail: Some(files::name(path)),
            ..self.act_on(&view, WalletAct::Exported)
        };
        let tx = self.store().begin().await?;
        wallets::mark(&tx, &[view.wallet], Mark::Exported, act.at).await?;
        self.commit_act(tx, act).await?;
        Ok(files::picked(path))
    }

    /// Writes the rows of a table as they were put together for a person: a new file, never over one that is there.
    pub async fn save_table(&self, csv: String, path: &Path) -> Result<PickedFile, Error> {
        let target = path.to_owned();
        self.with_keys(move |_| files::create(&target, csv.as_bytes()))
            .await?;
        Ok(files::picked(path))
    }
}
