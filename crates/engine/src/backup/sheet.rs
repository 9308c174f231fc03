//! The printed sheet: the encrypted vault as QR codes, and back from images of them.

use std::path::Path;

use enerlink_domain::{
    Code, Error,
    wallet::{SheetReport, WalletAct},
};
use enerlink_paper::{Language, Sheet};
use enerlink_store::{Mark, NewActivity, wallets};

use crate::{Engine, files};

/// An image is never larger, in bytes.
const LARGEST_IMAGE: u64 = 32 << 20;
/// Nobody has photographed more.
const MOST_IMAGES: usize = 64;

impl Engine {
    /// Writes the printable sheet in `language` (`id` or `en`) to `path`, never over a file that is there: one PDF
    /// looks like another. It carries the vault as it lies on the disk, so that no password is needed.
    pub async fn save_sheet(&self, path: &Path, language: &str) -> Result<SheetReport, Error> {
        self.may_write()?;
        let language = match language {
            "id" => Language::Indonesian,
            "en" => Language::English,
            other => {
                let text = format!("there is no sheet in the language {other:?}; write id or en");
                return Err(Error::new(Code::InvalidInput, text));
            }
        };
        let created_at = self.clock().wall();
        let target = path.to_owned();
        let (views, codes, pages) = self
            .with_keys(move |keystore| {
                let (vault, views) = (keystore.sealed_vault()?, keystore.wallets());
                let sheet = Sheet {
                    vault: &vault,
                    wallets: &views,
                    created_at,
                    language,
                };
                let document = enerlink_paper::pdf(&sheet).map_err(unprintable)?;
                files::create(&target, &document.bytes)?;
                Ok((views, document.codes, document.pages))
            })
            .await?;
        let act = NewActivity {
            detail: Some(files::name(path)),
            ..self.act(WalletAct::SheetWritten)
        };
        let ids: Vec<_> = views.iter().map(|view| view.wallet).collect();
        let tx = self.store().begin().await?;
        wallets::mark(&tx, &ids, Mark::Sheet, created_at).await?;
        self.commit_act(tx, act).await?;
        Ok(SheetReport {
            path: path.display().to_string(),
            codes,
            pages,
            wallets: u32::try_from(views.len()).unwrap_or(u32::MAX),
        })
    }
}

/// The vault in images of a sheet's codes.
pub(super) fn read(paths: &[String]) -> Result<Vec<u8>, Error> {
    let unreadable = |text: String| Error::new(Code::BackupUnreadable, text);
    if paths.len() > MOST_IMAGES {
        return Err(unreadable(format!("at most {MOST_IMAGES} images are read")));
    }
    let mut images = Vec::with_capacity(paths.len());
    for path in paths {
        images.push(files::read(Path::new(path), LARGEST_IMAGE)?.to_vec());
    }
    enerlink_paper::read(&images).map_err(|error| unreadable(error.to_string()))
}

fn unprintable(error: enerlink_paper::Error) -> Error {
    Error::new(Code::InvalidInput, error.to_string())
}
