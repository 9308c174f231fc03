//! The operator's side: deploy the contracts, register a household's meter, give a household coins for gas.

use std::time::Duration;

use enerlink_chain::{Addresses, Call, Chain, Receipt, SendOutcome, build, create_address};
use enerlink_domain::{Address, Code, Error, MeterId, Wei, view::RegistrationRequest};
use enerlink_keystore::Account;

/// The `kind` of a registration request.
pub const REQUEST_KIND: &str = "enerlink-registration-1";
/// A node that has not mined after this long is not going to.
const PATIENCE: Duration = Duration::from_secs(120);
/// Energy of a market's lot, in Wh: prices are then IDRS per kWh.
const LOT_WH: u64 = 10;
/// How often the node is asked for a receipt.
const TURN: Duration = Duration::from_millis(100);

/// The text that the owner of a meter signs (EIP-191), one field a line.
pub fn request_text(request: &RegistrationRequest) -> String {
    format!(
        "EnerLink meter registration\nmeter: {}\nprosumer: {}\nrated power: {} W\nchain: {}\nconverter: {}",
        request.meter_id, request.prosumer, request.rated_power_w, request.chain_id, request.converter
    )
}

/// An account that sends one transaction after the other and waits for each: the operator's, or a simulated
/// neighbour's. A household's transactions go through the outbox instead.
pub struct DirectAccount {
    account: Account,
    chain: Chain,
    chain_id: u64,
}

impl DirectAccount {
    /// An account on the chain that `chain` serves now.
    pub async fn connect(account: Account, chain: Chain) -> Result<Self, Error> {
        let chain_id = chain.identity().await?.chain_id;
        Ok(Self {
            account,
            chain,
            chain_id,
        })
    }

    /// Whose it is.
    pub fn address(&self) -> Address {
        self.account.address()
    }

    /// Sends `call` and waits until it is in a block. A refused call is an error with the decoded reason.
    pub async fn send(&self, call: Call) -> Result<Receipt, Error> {
        let simulated = self.chain.simulate(self.address(), &call).await?;
        let fees = self.chain.fees().await?;
        let nonce = self.chain.pending_nonce(self.address()).await?;
        let unsigned = build::unsigned(call, self.chain_id, nonce, simulated.gas, fees);
        let signed = self.account.sign(&unsigned, self.chain_id)?;
        match self.chain.send_raw(&signed).await? {
            SendOutcome::Accepted | SendOutcome::AlreadyKnown => {}
            SendOutcome::NonceTooLow => return Err(refused("another transaction has used its nonce")),
            SendOutcome::Underpriced => return Err(refused("the node asks for a higher fee")),
            SendOutcome::InsufficientFunds => {
                let text = format!("{} cannot pay for gas", self.address());
                return Err(Error::new(Code::NoGas, text));
            }
        }
        for _ in 0..PATIENCE.as_millis() / TURN.as_millis() {
            if let Some(receipt) = self.chain.receipt(signed.hash).await? {
                return if receipt.succeeded {
                    Ok(receipt)
                } else {
                    Err(refused("the contract refused it in the block"))
                };
            }
            // The node works in real time, whatever clock the household's engine runs on.
            tokio::time::sleep(TURN).await;
        }
        Err(Error::new(
            Code::NodeUnreachable,
            format!("the node has not mined {} in two minutes", signed.hash),
        ))
    }

    /// Deploys tokens, converter and market, wired together; this account owns all but the market, which nobody owns.
    pub async fn deploy(&self) -> Result<Addresses, Error> {
        let owner = self.address();
        let etk = self.create(build::deploy_etk(owner)).await?;
        let idrs = self.create(build::deploy_idrs(owner, true)).await?;
        let converter = self.create(build::deploy_converter(owner, etk)).await?;
        self.send(build::set_converter(etk, converter)).await?;
        let identity = self.chain.identity().await?;
        let mut addresses = Addresses {
            chain_id: identity.chain_id,
            genesis: identity.genesis,
            converter,
            etk,
            idrs,
            market: None,
            confirmations: None,
        };
        addresses.market = Some(self.deploy_market(&addresses).await?);
        self.chain.verify(&addresses).await?;
        Ok(addresses)
    }

    /// Deploys a market for the tokens of `addresses`. Its lot is what [`LOT_WH`] are at the ratio of now: for another
    /// ratio another market is needed.
    pub async fn deploy_market(&self, addresses: &Addresses) -> Result<Address, Error> {
        let ratio = self.chain.terms(addresses).await?.ratio;
        // A ratio below 100 has no whole base unit for so little energy.
        let lot = (ratio * LOT_WH / 1000).max(1);
        self.create(build::deploy_market(addresses.etk, addresses.idrs, lot))
            .await
    }

    async fn create(&self, call: Call) -> Result<Address, Error> {
        let nonce = self.chain.pending_nonce(self.address()).await?;
        let receipt = self.send(call).await?;
        Ok(receipt
            .contract
            .unwrap_or_else(|| create_address(self.address(), nonce)))
    }

    /// Registers the meter of `request`, after checking that its owner signed it and that it is for this chain.
    pub async fn authorize(
        &self,
        addresses: &Addresses,
        request: &RegistrationRequest,
    ) -> Result<Receipt, Error> {
        check_request(addresses, request)?;
        self.register(
            addresses,
            &request.meter_id,
            request.prosumer,
            request.rated_power_w,
        )
        .await
    }

    /// Registers `meter` to `prosumer`.
    pub async fn register(
        &self,
        addresses: &Addresses,
        meter: &MeterId,
        prosumer: Address,
        rated_power_w: u32,
    ) -> Result<Receipt, Error> {
        self.send(build::register_meter(addresses, meter, prosumer, rated_power_w))
            .await
    }

    /// Gives `to` native coin for gas.
    pub async fn fund(&self, to: Address, value: Wei) -> Result<Receipt, Error> {
        self.send(build::transfer(to, value)).await
    }
}

fn refused(why: &str) -> Error {
    Error::new(Code::Reverted, why)
}

/// Refuses a request that is not signed by its prosumer, or is meant for another chain.
fn check_request(addresses: &Addresses, request: &RegistrationRequest) -> Result<(), Error> {
    let invalid = |text: &str| Error::new(Code::InvalidInput, text);
    if request.kind != REQUEST_KIND {
        return Err(invalid("this file is not a registration request"));
    }
    if (request.chain_id, request.converter) != (addresses.chain_id, addresses.converter) {
        return Err(invalid("the request is meant for another chain or converter"));
    }
    let signature: Option<[u8; 65]> =
        enerlink_domain::id::unhex(&request.signature).and_then(|bytes| bytes.try_into().ok());
    let signature = signature.ok_or_else(|| invalid("the signature is not 65 bytes of hexadecimal"))?;
    let signer = enerlink_keystore::recover_message(request_text(request).as_bytes(), &signature);
    if signer != Some(request.prosumer) {
        return Err(invalid("the request is not signed by the prosumer it names"));
    }
    Ok(())
}
