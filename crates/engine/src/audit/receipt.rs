//! The receipt of a settlement as a file: with its proof, or for people.

use std::path::{Path, PathBuf};

use enerlink_chain::{
    Chain, ChainError,
    proof::{self, ProvedSettlement, SettlementReceipt},
};
use enerlink_domain::{
    Code, Error, Settlement, Status, UnixMillis, audit::ReceiptFormat, wallet::PickedFile,
};
use enerlink_paper::{Language, Receipt};
use enerlink_store::settlements;

use crate::{Engine, files, network};

/// An image or a PDF is never larger, in bytes.
const LARGEST_FILE: u64 = 32 << 20;
/// Nobody has photographed more.
const MOST_IMAGES: usize = 64;

impl Engine {
    /// Writes the receipt of a settlement to `path`, never over a file that is there. A PDF is in `language` (`id` or
    /// `en`). The node is asked for the block, and what it says is verified before it is written.
    pub async fn save_receipt(
        &self,
        settlement_id: &str,
        format: ReceiptFormat,
        language: &str,
        path: &Path,
    ) -> Result<PickedFile, Error> {
        let language = match language {
            "id" => Language::Indonesian,
            "en" => Language::English,
            other => {
                let text = format!("there is no receipt in the language {other:?}; write id or en");
                return Err(Error::new(Code::InvalidInput, text));
            }
        };
        let (settlement, receipt) = self.receipt(settlement_id).await?;
        let (target, created_at) = (path.to_owned(), self.clock().wall());
        let written = tokio::task::spawn_blocking(move || {
            let json = receipt.to_json();
            let content = match format {
                ReceiptFormat::Json => json.into_bytes(),
                ReceiptFormat::Pdf => pdf(&settlement, &receipt, &json, language, created_at)?,
            };
            files::create(&target, &content)
        });
        written
            .await
            .map_err(|error| Error::new(Code::Internal, format!("writing stopped: {error}")))??;
        Ok(files::picked(path))
    }

    /// The receipt of a settlement that the chain has confirmed.
    async fn receipt(&self, settlement_id: &str) -> Result<(Settlement, SettlementReceipt), Error> {
        let settlement = settlements::get(&self.store().reader(), settlement_id).await?;
        let settlement = settlement.ok_or_else(|| {
            let text = format!("there is no settlement {settlement_id}");
            Error::new(Code::InvalidInput, text)
        })?;
        match settlement.status {
            Status::Success => {}
            Status::Pending => {
                let text = format!("settlement {settlement_id} is not confirmed yet");
                return Err(Error::new(Code::SettlementPending, text));
            }
            Status::Failed => {
                let text = format!("settlement {settlement_id} has failed: there is nothing to prove");
                return Err(Error::new(Code::InvalidInput, text));
            }
        }
        let network = self.network().ok_or_else(network::missing)?;
        network.check_identity().await?;
        let receipt = network
            .chain
            .settlement_receipt(&network.addresses, &settlement)
            .await?;
        let receipt = receipt.ok_or_else(|| {
            let text = format!("the node does not have the block of settlement {settlement_id}");
            Error::new(Code::ReceiptInvalid, text)
        })?;
        Ok((settlement, receipt))
    }
}

/// The receipt in a JSON file, attached to its PDF, or in pictures (PNG, JPEG) of its codes.
pub fn read_receipt(paths: &[PathBuf]) -> Result<SettlementReceipt, Error> {
    if paths.len() > MOST_IMAGES {
        let text = format!("at most {MOST_IMAGES} images are read");
        return Err(Error::new(Code::InvalidInput, text));
    }
    let mut contents = Vec::with_capacity(paths.len());
    for path in paths {
        contents.push(files::read(path, LARGEST_FILE)?.to_vec());
    }
    let json = match contents.as_slice() {
        [json] if json.first() == Some(&b'{') => json.clone(),
        printed => enerlink_paper::read_receipt(printed)
            .map_err(|error| Error::new(Code::ReceiptInvalid, error.to_string()))?,
    };
    Ok(SettlementReceipt::parse(&json)?)
}

/// Verifies a receipt with a node that is trusted: the block must be part of its chain, and the chain must be the one that
/// the receipt names. Answers also how deep the block lies.
pub async fn verify_receipt_with(
    chain: &Chain,
    receipt: &SettlementReceipt,
) -> Result<(ProvedSettlement, u64), Error> {
    let identity = chain.identity().await?;
    if identity.chain_id != receipt.chain_id() {
        let (expected, found) = (receipt.chain_id(), identity.chain_id);
        return Err(ChainError::WrongChain { expected, found }.into());
    }
    if identity.genesis != receipt.genesis() {
        let (expected, found) = (receipt.genesis(), identity.genesis);
        return Err(ChainError::OtherChain { expected, found }.into());
    }
    let head = chain.head().await?.number;
    let trusted = chain.block_hash(receipt.block_number()).await?;
    let trusted = trusted.ok_or_else(|| {
        let text = format!("the node has no block {}", receipt.block_number());
        Error::new(Code::ReceiptInvalid, text)
    })?;
    let proved = proof::verify(receipt, Some(trusted))?;
    let confirmations = (head + 1).saturating_sub(proved.block);
    Ok((proved, confirmations))
}

fn pdf(
    settlement: &Settlement,
    receipt: &SettlementReceipt,
    json: &str,
    language: Language,
    created_at: UnixMillis,
) -> Result<Vec<u8>, Error> {
    let proved = proof::verify(receipt, Some(receipt.block_hash()))?;
    let seconds = i64::try_from(proved.timestamp).unwrap_or(i64::MAX);
    let document = enerlink_paper::receipt_pdf(&Receipt {
        settlement,
        chain_id: receipt.chain_id(),
        converter: proved.converter,
        block: proved.block,
        block_hash: proved.block_hash,
        settled_at: UnixMillis(seconds.saturating_mul(1000)),
        file: json.as_bytes(),
        created_at,
        language,
    });
    let document = document.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    Ok(document.bytes)
}
