//! The receipt of a settlement: what the chain says of it, with everything that proves it against a block hash.
//!
//! A receipt holds the block's header, and from the header's two roots the Merkle-Patricia branches to the transaction and
//! to what came of it. Who trusts the hash of the block needs nobody else: [`verify`] asks no node. What is not in the
//! chain's own data, and so cannot be proved, is said in [`ProvedSettlement`]. The format is in `docs/audit.md`.

mod evidence;
mod gather;

use alloy::primitives::Bytes;
use enerlink_domain::{
    Address, BlockHash, Code, Error, Etk, Hash32, MeterId, NetWattHours, TxHash, WattHours,
    settlement::Watermark,
};
use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

pub use self::evidence::verify;
use crate::error::sentence;

/// The word that a receipt begins with.
const FORMAT: &str = "enerlink-settlement-receipt-1";
/// The longest receipt that is read, in bytes. A block of a thousand transactions makes one of 20 KB.
pub const MAX_RECEIPT: usize = 512 << 10;

/// A receipt, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettlementReceipt {
    format: String,
    chain: OnChain,
    settlement: Figures,
    block: InBlock,
    /// The transaction.
    transaction: Branch,
    /// What came of it.
    receipt: Branch,
    /// Keccak-256 over the compact JSON of all this with zeros here: a slip of the pen is noticed wherever it is.
    checksum: Hash32,
}

/// Where the settlement took place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnChain {
    /// EIP-155 chain id.
    chain_id: u64,
    /// Hash of block 0.
    genesis: BlockHash,
    /// The contract that settles.
    converter: Address,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    settlement_id: String,
    meter_id: MeterId,
    prosumer: Address,
    /// Registers settled before it, whole Wh; none where this wallet cannot know them.
    export_before_wh: Option<WattHours>,
    import_before_wh: Option<WattHours>,
    /// Registers settled by it, whole Wh.
    export_after_wh: WattHours,
    import_after_wh: WattHours,
    /// Net energy; positive is export.
    energy_wh: NetWattHours,
    /// Minted (positive) or burned (negative), hundredths of an ETK.
    etk_cents: Etk,
}

/// The block that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InBlock {
    number: u64,
    hash: BlockHash,
    /// Unix seconds.
    timestamp: u64,
    /// RLP of the header, whose Keccak-256 is the block's hash.
    header: Bytes,
}

/// A value of a trie, with the nodes that lead to it from the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Branch {
    /// Keccak-256 of the transaction; the same in both tries.
    transaction: TxHash,
    /// RLP of its place in the block.
    key: Bytes,
    /// EIP-2718 bytes.
    value: Bytes,
    /// Nodes of the trie from its root, RLP.
    proof: Vec<Bytes>,
}

/// What a receipt proves, and what it only says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvedSettlement {
    /// Whether the block's hash is the one that the caller trusts. All that follows holds for that block.
    pub block_trusted: bool,
    /// EIP-155 chain id, as the signed transaction names it; none when it names none.
    pub chain_id: Option<u64>,
    /// The contract whose events these are. That it is the one people mean is not proved: compare it.
    pub converter: Address,
    /// The block.
    pub block: u64,
    /// Its hash.
    pub block_hash: BlockHash,
    /// Its time, Unix seconds.
    pub timestamp: u64,
    /// The transaction.
    pub tx: TxHash,
    /// Id of the settlement.
    pub settlement_id: String,
    /// Which meter.
    pub meter_id: MeterId,
    /// Whose tokens moved.
    pub prosumer: Address,
    /// Net energy, Wh; positive is export.
    pub energy_wh: NetWattHours,
    /// Minted (positive) or burned (negative).
    pub etk: Etk,
    /// Registers settled by it.
    pub after: Watermark,
    /// Registers settled before it, as the receipt says. Only their net difference to `after` is proved.
    pub before: Option<Watermark>,
    /// Hash of block 0, as the receipt says; not proved.
    pub genesis: BlockHash,
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum ProofError {
    /// Longer than any receipt.
    #[error("the receipt is longer than {MAX_RECEIPT} bytes")]
    TooLarge,
    /// Not a receipt of this format, byte for byte as one is written.
    #[error("this is not a settlement receipt as EnerLink writes it: {0}")]
    Malformed(String),
    /// Its checksum is not that of its content.
    #[error("the receipt was changed: its checksum does not agree")]
    Checksum,
    /// The header is not that of the block.
    #[error("the header does not hash to the block {block}")]
    Header {
        /// The block that the receipt names.
        block: BlockHash,
    },
    /// The block is not the one that is trusted.
    #[error("the receipt is of block {found}, not of the trusted block {trusted}")]
    Untrusted {
        /// The block that the receipt names.
        found: BlockHash,
        /// The block that is trusted.
        trusted: BlockHash,
    },
    /// A branch does not lead to its value.
    #[error("the proof of the {what} does not lead from the header to it: {reason}")]
    Branch {
        /// `transaction` or `outcome`.
        what: &'static str,
        /// Where it breaks.
        reason: String,
    },
    /// The transaction had no effect.
    #[error("the transaction has failed in the block")]
    Failed,
    /// The chain's events say something else.
    #[error("the receipt says something else than the chain: {0}")]
    Figures(&'static str),
}

impl From<ProofError> for Error {
    fn from(error: ProofError) -> Self {
        Self::new(Code::ReceiptInvalid, sentence(&error.to_string()))
    }
}

impl SettlementReceipt {
    /// Reads a receipt. One byte of difference to how it would be written is refused: there is no room for remarks.
    ///
    /// # Errors
    /// [`ProofError::TooLarge`], [`ProofError::Malformed`], [`ProofError::Checksum`]. What it says is not checked yet,
    /// see [`verify`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_RECEIPT {
            return Err(ProofError::TooLarge);
        }
        let receipt: Self = serde_json::from_slice(bytes)
            .map_err(|error| ProofError::Malformed(crate::error::quoted(&error.to_string())))?;
        if receipt.format != FORMAT {
            let text = format!("its format is {}", crate::error::quoted(&receipt.format));
            return Err(ProofError::Malformed(text));
        }
        if receipt.sum() != receipt.checksum {
            return Err(ProofError::Checksum);
        }
        if receipt.to_json().as_bytes() != bytes {
            let text = "it is written in another way".to_owned();
            return Err(ProofError::Malformed(text));
        }
        Ok(receipt)
    }

    /// The file, one line for each value.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("text, numbers and lists of them are always JSON") + "\n"
    }

    /// The block that has to be trusted.
    pub fn block_hash(&self) -> BlockHash {
        self.block.hash
    }

    /// EIP-155 chain id, as the receipt says.
    pub fn chain_id(&self) -> u64 {
        self.chain.chain_id
    }

    /// Hash of block 0, as the receipt says.
    pub fn genesis(&self) -> BlockHash {
        self.chain.genesis
    }

    /// The height of that block.
    pub fn block_number(&self) -> u64 {
        self.block.number
    }

    fn sum(&self) -> Hash32 {
        let unsummed = Self {
            checksum: Hash32::default(),
            ..self.clone()
        };
        let text = serde_json::to_vec(&unsummed);
        let text = text.expect("text, numbers and lists of them are always JSON");
        Hash32(enerlink_domain::id::keccak256(&text))
    }

    fn sealed(mut self) -> Self {
        self.checksum = self.sum();
        self
    }

    fn before(&self) -> Option<Watermark> {
        Some(Watermark {
            export: self.settlement.export_before_wh?,
            import: self.settlement.import_before_wh?,
        })
    }

    fn after(&self) -> Watermark {
        Watermark {
            export: self.settlement.export_after_wh,
            import: self.settlement.import_after_wh,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of a settlement on anvil.
    const EXAMPLE: &str = include_str!("../tests/data/receipt.json");

    fn example() -> SettlementReceipt {
        SettlementReceipt::parse(EXAMPLE.as_bytes()).expect("a receipt")
    }

    #[test]
    fn the_example_is_proved() {
        let receipt = example();
        let proved = verify(&receipt, Some(receipt.block.hash)).expect("proved");
        assert!(proved.block_trusted);
        assert_eq!(proved.chain_id, Some(31337));
        assert_eq!((proved.energy_wh, proved.etk), (NetWattHours(350), Etk(35_000)));
        assert!(!verify(&receipt, None).expect("proved").block_trusted);
    }

    /// What a forger may try who knows how the checksum is made.
    #[test]
    fn a_forger_cannot_change_what_is_proved() {
        type Forgery = fn(&mut SettlementReceipt);
        let forgeries: &[(&str, Forgery)] = &[
            ("id", |receipt| receipt.settlement.settlement_id.push('0')),
            ("meter", |receipt| {
                receipt.settlement.meter_id = "METER-002".parse().expect("an id")
            }),
            ("prosumer", |receipt| receipt.settlement.prosumer.0[3] ^= 1),
            ("after", |receipt| receipt.settlement.export_after_wh.0 += 1),
            ("before", |receipt| {
                receipt.settlement.import_before_wh = Some(WattHours(0))
            }),
            ("energy", |receipt| receipt.settlement.energy_wh.0 += 1),
            ("tokens", |receipt| receipt.settlement.etk_cents.0 += 1),
            ("converter", |receipt| receipt.chain.converter.0[0] ^= 1),
            ("chain", |receipt| receipt.chain.chain_id += 1),
            ("number", |receipt| receipt.block.number += 1),
            ("time", |receipt| receipt.block.timestamp += 1),
            ("transaction", |receipt| {
                receipt.receipt.transaction.0[0] ^= 1;
                receipt.transaction.transaction.0[0] ^= 1;
            }),
            ("outcome", |receipt| {
                receipt.receipt.value = receipt.receipt.value[1..].to_vec().into()
            }),
            ("both", |receipt| receipt.receipt = receipt.transaction.clone()),
            ("no nodes", |receipt| receipt.receipt.proof.clear()),
            ("fewer nodes", |receipt| drop(receipt.receipt.proof.pop())),
            ("more nodes", |receipt| {
                let node = receipt.receipt.proof[0].clone();
                receipt.receipt.proof.push(node);
            }),
            ("place", |receipt| {
                receipt.receipt.key = vec![0x05].into();
                receipt.transaction.key = vec![0x05].into();
            }),
            ("long key", |receipt| {
                receipt.receipt.key = vec![0x81, 0x80].into();
                receipt.transaction.key = vec![0x81, 0x80].into();
            }),
            ("header", |receipt| {
                let mut header = receipt.block.header.to_vec();
                header.push(0);
                receipt.block.hash = Hash32(enerlink_domain::id::keccak256(&header));
                receipt.block.header = header.into();
            }),
        ];
        for (what, forge) in forgeries {
            let mut receipt = example();
            forge(&mut receipt);
            let receipt = receipt.sealed();
            let bytes = receipt.to_json();
            let parsed = SettlementReceipt::parse(bytes.as_bytes()).expect("well written");
            assert!(verify(&parsed, None).is_err(), "{what}");
        }
        let mut unsealed = example();
        unsealed.chain.genesis.0[0] ^= 1;
        assert_eq!(verify(&unsealed, None), Err(ProofError::Checksum));
        // What the chain's data do not say, a receipt only claims.
        assert!(verify(&unsealed.sealed(), None).is_ok());
    }

    #[test]
    fn only_what_is_written_like_a_receipt_is_read() {
        let refused = |bytes: &[u8]| SettlementReceipt::parse(bytes).expect_err("refused");
        assert_eq!(refused(&vec![b' '; MAX_RECEIPT + 1]), ProofError::TooLarge);
        let compact = serde_json::to_vec(&example()).expect("JSON");
        let deep = "[".repeat(100_000);
        let newer = EXAMPLE.replace("receipt-1", "receipt-2");
        let more = EXAMPLE.replacen("{\n", "{\n  \"note\": \"paid\",\n", 1);
        for bytes in [
            &compact[..],
            deep.as_bytes(),
            newer.as_bytes(),
            more.as_bytes(),
            b"",
            b"{}",
            b"null",
        ] {
            assert!(matches!(refused(bytes), ProofError::Malformed(_)));
        }
        let error = Error::from(refused(b"{}"));
        assert_eq!(error.code, Code::ReceiptInvalid);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_changed_byte_is_taken(at: prop::sample::Index, bit in 0_u8..8) {
            let mut bytes = EXAMPLE.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let verified = SettlementReceipt::parse(&bytes).and_then(|receipt| verify(&receipt, None));
            prop_assert!(verified.is_err());
        }

        #[test]
        fn noise_in_its_bytes_is_refused_and_never_a_panic(
            which in 0_usize..6, at: prop::sample::Index, noise in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut receipt = example();
            let place = match which {
                0 => &mut receipt.block.header,
                1 => &mut receipt.receipt.value,
                2 => &mut receipt.receipt.key,
                3 => &mut receipt.transaction.value,
                4 => &mut receipt.receipt.proof[0],
                _ => &mut receipt.transaction.proof[0],
            };
            let at = at.index(place.len() + 1);
            let mut bytes = place.to_vec();
            bytes.splice(at..(at + noise.len()).min(place.len()), noise);
            prop_assume!(bytes != place.to_vec());
            *place = bytes.into();
            prop_assert!(verify(&receipt.sealed(), None).is_err());
        }
    }
}
