//! Which chain a node serves, and whether the EnerLink contracts are on it.

use alloy::primitives::{Bytes, U64};
use enerlink_domain::{Address, BlockHash};
use serde_json::json;

use crate::{
    Addresses, Chain, ChainError,
    contracts::{converter::EnergyConverter, etk::ETKToken, from_alloy, market::Market},
    view::missing,
};

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

impl Identity {
    /// Refuses `found` when it is another chain.
    pub(crate) fn require(&self, found: &Self) -> Result<(), ChainError> {
        if found.chain_id != self.chain_id {
            return Err(ChainError::WrongChain {
                expected: self.chain_id,
                found: found.chain_id,
            });
        }
        if found.genesis != self.genesis {
            return Err(ChainError::OtherChain {
                expected: self.genesis,
                found: found.genesis,
            });
        }
        Ok(())
    }
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
        addresses.identity().require(&self.identity().await?)?;
        tokio::try_join!(
            self.require_code("EnergyConverter", addresses.converter),
            self.require_code("ETKToken", addresses.etk),
            self.require_code("IDRSToken", addresses.idrs)
        )?;
        self.require_token_of_converter(addresses).await?;
        self.require_cents(addresses).await?;
        match addresses.market {
            Some(market) => self.require_market(addresses, market).await,
            None => Ok(()),
        }
    }

    async fn require_market(&self, addresses: &Addresses, market: Address) -> Result<(), ChainError> {
        self.require_code("Market", market).await?;
        let (etk, idrs) = (Market::etkTokenCall {}, Market::idrsTokenCall {});
        let (etk, idrs) = tokio::try_join!(
            self.view("Market", market, &etk, "latest"),
            self.view("Market", market, &idrs, "latest")
        )?;
        let (etk, idrs) = (from_alloy(etk), from_alloy(idrs));
        if (etk, idrs) != (addresses.etk, addresses.idrs) {
            let reason = format!(
                "it trades {etk} for {idrs}, not {} for {}",
                addresses.etk, addresses.idrs
            );
            return Err(missing("Market", market, reason));
        }
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

    /// Both tokens count in hundredths: every amount that the wallet shows and signs rests on it.
    pub(crate) async fn require_cents(&self, addresses: &Addresses) -> Result<(), ChainError> {
        tokio::try_join!(
            self.require_decimals("ETKToken", addresses.etk),
            self.require_decimals("IDRSToken", addresses.idrs)
        )?;
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
}
