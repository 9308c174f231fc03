//! What the chain says: its identity, its head, accounts, the converter's terms, meters.

use alloy::{
    primitives::{B256, Bytes, U64, U256},
    sol_types::SolCall,
};
use enerlink_domain::{
    Address, BlockHash, Etk, Idrs, MeterId, WattHours, Wei, event::Balances, settlement::Watermark,
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    Addresses, Chain, ChainError,
    contracts::{amount, converter::EnergyConverter, etk::ETKToken, from_alloy, hash, to_alloy},
};

/// The converter's own bound on its ratio, ETK base units for 1000 Wh.
const MAX_RATIO: u64 = 100_000_000;
/// Both tokens count in hundredths.
const DECIMALS: u8 = 2;

/// Which chain a node serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of block 0.
    pub genesis: BlockHash,
}

/// The newest block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: BlockHash,
    /// Its time, Unix seconds.
    pub timestamp: u64,
}

/// What the converter asks of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConverterTerms {
    /// ETK base units for 1000 Wh.
    pub ratio: u64,
    /// The smallest net energy of a settlement, in either direction.
    pub minimum: WattHours,
}

/// A meter as the converter knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterOnChain {
    /// Whose meter it is.
    pub prosumer: Address,
    /// The key that may settle it besides the prosumer.
    pub settler: Option<Address>,
    /// Registers last settled.
    pub watermark: Watermark,
    /// Registers of the first transaction, which paid nothing.
    pub baseline: Watermark,
    /// Whether the baseline is set.
    pub opened: bool,
    /// Whether it is out of service.
    pub retired: bool,
    /// Rated power in watts.
    pub rated_power_w: u32,
    /// Unix seconds up to which the plausibility bucket is filled.
    pub cleared_at: u64,
    /// Remainder of the conversion in thousandths of an ETK base unit, -999 to 999.
    pub carry: i64,
    /// Sum of all positive settlements.
    pub minted: WattHours,
    /// Sum of all negative settlements, without the sign.
    pub burned: WattHours,
}

/// The fields of a block that are read; whatever else a node sends is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    pub(crate) number: U64,
    pub(crate) hash: B256,
    pub(crate) timestamp: U64,
    pub(crate) gas_limit: U64,
    pub(crate) base_fee_per_gas: Option<U256>,
}

impl Chain {
    /// Chain id and genesis of the node.
    pub async fn identity(&self) -> Result<Identity, ChainError> {
        let (chain_id, genesis) = tokio::try_join!(
            self.wire.request::<U64>("eth_chainId", json!([])),
            self.block_hash(0)
        )?;
        let genesis = genesis.ok_or_else(|| self.wire.bad("eth_getBlockByNumber", "it has no block 0"))?;
        Ok(Identity {
            chain_id: chain_id.to(),
            genesis,
        })
    }

    /// Checks that the node serves the chain of `addresses`, and that the contracts there are EnerLink's:
    /// [`ChainError::WrongChain`], [`ChainError::OtherChain`], [`ChainError::ContractsMissing`].
    pub async fn verify(&self, addresses: &Addresses) -> Result<(), ChainError> {
        let found = self.identity().await?;
        if found.chain_id != addresses.chain_id {
            return Err(ChainError::WrongChain {
                expected: addresses.chain_id,
                found: found.chain_id,
            });
        }
        if found.genesis != addresses.genesis {
            return Err(ChainError::OtherChain {
                expected: addresses.genesis,
                found: found.genesis,
            });
        }
        tokio::try_join!(
            self.require_code("EnergyConverter", addresses.converter),
            self.require_code("ETKToken", addresses.etk),
            self.require_code("IDRSToken", addresses.idrs)
        )?;
        self.require_token_of_converter(addresses).await?;
        tokio::try_join!(
            self.require_decimals("ETKToken", addresses.etk),
            self.require_decimals("IDRSToken", addresses.idrs)
        )?;
        Ok(())
    }

    async fn require_code(&self, contract: &'static str, address: Address) -> Result<(), ChainError> {
        let code: Bytes = self
            .wire
            .request("eth_getCode", json!([address.to_lower(), "latest"]))
            .await?;
        if code.is_empty() {
            return Err(missing(contract, address, "the account has no code"));
        }
        Ok(())
    }

    async fn require_token_of_converter(&self, addresses: &Addresses) -> Result<(), ChainError> {
        let call = EnergyConverter::etkTokenCall {};
        let token = from_alloy(
            self.view("EnergyConverter", addresses.converter, &call, "latest")
                .await?,
        );
        if token != addresses.etk {
            let reason = format!("it mints the token {token}, not {}", addresses.etk);
            return Err(missing("EnergyConverter", addresses.converter, reason));
        }
        Ok(())
    }

    async fn require_decimals(&self, contract: &'static str, token: Address) -> Result<(), ChainError> {
        let decimals = self
            .view(contract, token, &ETKToken::decimalsCall {}, "latest")
            .await?;
        if decimals != DECIMALS {
            return Err(missing(
                contract,
                token,
                format!("it has {decimals} decimals, not {DECIMALS}"),
            ));
        }
        Ok(())
    }

    /// The newest block.
    pub async fn head(&self) -> Result<Head, ChainError> {
        let block = self.latest_block().await?;
        Ok(Head {
            number: block.number.to(),
            hash: hash(block.hash),
            timestamp: block.timestamp.to(),
        })
    }

    pub(crate) async fn latest_block(&self) -> Result<Block, ChainError> {
        const METHOD: &str = "eth_getBlockByNumber";
        let block: Option<Block> = self.wire.request(METHOD, json!(["latest", false])).await?;
        block.ok_or_else(|| self.wire.bad(METHOD, "it has no newest block"))
    }

    /// The hash of block `number`, or `None` when there is no such block yet.
    pub async fn block_hash(&self, number: u64) -> Result<Option<BlockHash>, ChainError> {
        const METHOD: &str = "eth_getBlockByNumber";
        let block: Option<Block> = self.wire.request(METHOD, json!([tag(number), false])).await?;
        match block {
            Some(block) if block.number.to::<u64>() != number => Err(self.wire.bad(
                METHOD,
                format!("asked for block {number}, got block {}", block.number),
            )),
            block => Ok(block.map(|block| hash(block.hash))),
        }
    }

    /// Transactions of `account` that are in blocks: the nonce of the next one.
    pub async fn nonce(&self, account: Address) -> Result<u64, ChainError> {
        self.transaction_count(account, "latest").await
    }

    /// Like [`Chain::nonce`], with those that wait in the node's pool.
    pub async fn pending_nonce(&self, account: Address) -> Result<u64, ChainError> {
        self.transaction_count(account, "pending").await
    }

    /// Like [`Chain::nonce`], as of `block`.
    pub async fn nonce_at(&self, account: Address, block: u64) -> Result<u64, ChainError> {
        self.transaction_count(account, &format!("{block:#x}")).await
    }

    async fn transaction_count(&self, account: Address, block: &str) -> Result<u64, ChainError> {
        let params = json!([account.to_lower(), block]);
        let count: U64 = self.wire.request("eth_getTransactionCount", params).await?;
        Ok(count.to())
    }

    /// Native coin of `account` at the newest block.
    pub async fn native_balance(&self, account: Address) -> Result<Wei, ChainError> {
        self.native_balance_at(account, "latest").await
    }

    async fn native_balance_at(&self, account: Address, block: &str) -> Result<Wei, ChainError> {
        const METHOD: &str = "eth_getBalance";
        let balance: U256 = self
            .wire
            .request(METHOD, json!([account.to_lower(), block]))
            .await?;
        u128::try_from(balance).map(Wei).map_err(|_| {
            self.wire
                .bad(METHOD, format!("a balance of {balance} wei is absurd"))
        })
    }

    /// What `account` holds, all at the same block.
    pub async fn balances(&self, addresses: &Addresses, account: Address) -> Result<Balances, ChainError> {
        let block = self.head().await?.number;
        let at = tag(block);
        let (etk, idrs, native) = tokio::try_join!(
            self.token_balance("ETKToken", addresses.etk, account, &at),
            self.token_balance("IDRSToken", addresses.idrs, account, &at),
            self.native_balance_at(account, &at)
        )?;
        Ok(Balances {
            account,
            etk: Etk(etk),
            idrs: Idrs(idrs),
            native,
            block,
        })
    }

    async fn token_balance(
        &self,
        contract: &'static str,
        token: Address,
        account: Address,
        block: &str,
    ) -> Result<i128, ChainError> {
        let call = ETKToken::balanceOfCall {
            account: to_alloy(account),
        };
        let balance = self.view(contract, token, &call, block).await?;
        amount(balance).ok_or_else(|| {
            self.wire
                .bad("eth_call", format!("a balance of {balance} is absurd"))
        })
    }

    /// What the converter asks of a settlement.
    pub async fn terms(&self, addresses: &Addresses) -> Result<ConverterTerms, ChainError> {
        const CONTRACT: &str = "EnergyConverter";
        let (ratio_call, minimum_call) = (
            EnergyConverter::conversionRatioCall {},
            EnergyConverter::minSettlementThresholdCall {},
        );
        let (ratio, minimum) = tokio::try_join!(
            self.view(CONTRACT, addresses.converter, &ratio_call, "latest"),
            self.view(CONTRACT, addresses.converter, &minimum_call, "latest")
        )?;
        let absurd = |what: &str, value: U256| {
            self.wire
                .bad("eth_call", format!("a {what} of {value} is absurd"))
        };
        let known = u64::try_from(ratio)
            .ok()
            .filter(|ratio| (1..=MAX_RATIO).contains(ratio));
        Ok(ConverterTerms {
            ratio: known.ok_or_else(|| absurd("conversion ratio", ratio))?,
            minimum: WattHours(u64::try_from(minimum).map_err(|_| absurd("minimum", minimum))?),
        })
    }

    /// The meter as the converter knows it, or `None` when it was never registered.
    pub async fn meter(
        &self,
        addresses: &Addresses,
        meter: &MeterId,
    ) -> Result<Option<MeterOnChain>, ChainError> {
        let call = EnergyConverter::meterCall {
            meterId: meter.to_string(),
        };
        let view = self
            .view("EnergyConverter", addresses.converter, &call, "latest")
            .await?;
        if view.carry.unsigned_abs() > 999 {
            return Err(self
                .wire
                .bad("eth_call", format!("a carry of {} is absurd", view.carry)));
        }
        let prosumer = from_alloy(view.prosumer);
        Ok((prosumer != Address::ZERO).then(|| MeterOnChain {
            prosumer,
            settler: Some(from_alloy(view.settler)).filter(|settler| *settler != Address::ZERO),
            watermark: watermark(view.exportWh, view.importWh),
            baseline: watermark(view.openedExportWh, view.openedImportWh),
            opened: view.opened,
            retired: view.retired,
            rated_power_w: view.ratedPowerW,
            cleared_at: view.clearedAt,
            carry: view.carry,
            minted: WattHours(view.mintedWh),
            burned: WattHours(view.burnedWh),
        }))
    }

    /// Calls a view function and decodes its answer.
    async fn view<C: SolCall>(
        &self,
        contract: &'static str,
        address: Address,
        call: &C,
        block: &str,
    ) -> Result<C::Return, ChainError> {
        const METHOD: &str = "eth_call";
        let input = Bytes::from(call.abi_encode());
        let params = json!([{ "to": address.to_lower(), "data": input, "input": input }, block]);
        let output: Bytes = match self.wire.ask(METHOD, params).await? {
            Ok(output) => output,
            Err(error) => {
                // Views of our contracts never refuse.
                return Err(match self.refusal(METHOD, &error) {
                    ChainError::Reverted(revert) => missing(contract, address, revert.message),
                    error => error,
                });
            }
        };
        if output.is_empty() {
            return Err(missing(contract, address, "the account has no such function"));
        }
        C::abi_decode_returns_validate(&output).map_err(|error| {
            missing(
                contract,
                address,
                format!("its answer cannot be decoded: {error}"),
            )
        })
    }
}

pub(crate) fn watermark(export_wh: u64, import_wh: u64) -> Watermark {
    Watermark {
        export: WattHours(export_wh),
        import: WattHours(import_wh),
    }
}

/// A block number as JSON-RPC writes it.
pub(crate) fn tag(number: u64) -> String {
    format!("{number:#x}")
}

fn missing(contract: &'static str, address: Address, reason: impl AsRef<str>) -> ChainError {
    ChainError::ContractsMissing {
        contract,
        address,
        reason: crate::error::quoted(reason.as_ref()),
    }
}
