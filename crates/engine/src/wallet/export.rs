//! What leaves as a file: one key as Web3 Secret Storage, the rows of a table, a picture of a chart.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use enerlink_domain::{
    Address, Code, Error,
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

    /// Writes a picture that the page has drawn, a PNG in Base64 (RFC 4648): a new file, never over one that is there.
    pub async fn save_image(&self, png: String, path: &Path) -> Result<PickedFile, Error> {
        let invalid = |why: &str| Error::new(Code::InvalidInput, format!("this is no picture: {why}"));
        if png.len() > MOST_IMAGE {
            return Err(invalid("it is larger than 8 MiB"));
        }
        let image = BASE64_STANDARD
            .decode(png)
            .map_err(|_| invalid("it is not Base64"))?;
        if !image.starts_with(PNG) {
            return Err(invalid("it is not a PNG file"));
        }
        let target = path.to_owned();
        self.with_keys(move |_| files::create(&target, &image)).await?;
        Ok(files::picked(path))
    }
}

/// Bytes of Base64.
const MOST_IMAGE: usize = 8 * 1024 * 1024 * 4 / 3;
/// How a PNG file begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
