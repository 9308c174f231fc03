//! Accounts: their nonces, native coin and tokens.

use alloy::primitives::{U64, U256};
use enerlink_domain::{Address, Etk, Idrs, Wei, event::Balances};
use serde_json::json;

use crate::{
    Addresses, Chain, ChainError,
    block::tag,
    contracts::{amount, etk::ETKToken, to_alloy},
};

impl Chain {
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
        self.transaction_count(account, &tag(block)).await
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

    /// The nonce that the next permit of `owner` must carry (EIP-2612).
    pub async fn permit_nonce(&self, token: Address, owner: Address) -> Result<u64, ChainError> {
        let call = ETKToken::noncesCall {
            owner: to_alloy(owner),
        };
        let nonce = self.view("the token", token, &call, "latest").await?;
        u64::try_from(nonce).map_err(|_| {
            self.wire
                .bad("eth_call", format!("a permit nonce of {nonce} is absurd"))
        })
    }

    /// The token's name, which is the domain of its permits.
    pub async fn token_name(&self, token: Address) -> Result<String, ChainError> {
        self.view("the token", token, &ETKToken::nameCall {}, "latest")
            .await
    }

    /// What `spender` may take from `owner`, in base units; at most the largest number that the domain holds.
    pub async fn allowance(
        &self,
        token: Address,
        owner: Address,
        spender: Address,
    ) -> Result<u128, ChainError> {
        let call = ETKToken::allowanceCall {
            owner: to_alloy(owner),
            spender: to_alloy(spender),
        };
        let allowance = self.view("the token", token, &call, "latest").await?;
        Ok(u128::try_from(allowance).unwrap_or(u128::MAX))
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
}
