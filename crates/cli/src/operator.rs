//! `enerlink operator`: what the operator of the neighbourhood does, with the operator's own key.

use std::fs;

use enerlink_domain::{Error, Wei, view::RegistrationRequest};
use enerlink_engine::{Account, Addresses, Chain, operator::DirectAccount};
use serde_json::json;

use crate::{
    arguments::{OperatorArguments, OperatorCommand},
    failure::{Failure, Outcome},
    output,
    secret::Secret,
};

pub(crate) async fn operator(command: OperatorCommand, json: bool) -> Outcome {
    match command {
        OperatorCommand::Deploy { operator, out } => {
            let account = connect(&operator).await?;
            let addresses = account.deploy().await?;
            let text = addresses.to_json();
            fs::write(&out, &text).map_err(|error| {
                Failure::input(format!(
                    "deployed, but cannot write {}: {error}\n{text}",
                    out.display()
                ))
            })?;
            if json {
                output::line(&addresses);
            } else {
                output::text_line(&format!(
                    "contracts deployed on chain {}, addresses in {}",
                    addresses.chain_id,
                    out.display()
                ));
            }
        }
        OperatorCommand::Authorize {
            operator,
            addresses,
            request,
            fund,
        } => {
            let addresses = Addresses::parse(Secret::read(&addresses)?.text()).map_err(Error::from)?;
            let request: RegistrationRequest = serde_json::from_str(Secret::read(&request)?.text())
                .map_err(|error| Failure::input(format!("this is not a registration request: {error}")))?;
            let account = connect(&operator).await?;
            let receipt = account.authorize(&addresses, &request).await?;
            if fund > 0 {
                account.fund(request.prosumer, Wei(fund)).await?;
            }
            let value =
                json!({ "meter_id": request.meter_id, "prosumer": request.prosumer, "block": receipt.block });
            output::answer(json, &value, |_| {
                format!(
                    "meter {} is registered to {} in block {}",
                    request.meter_id, request.prosumer, receipt.block
                )
            });
        }
    }
    Ok(())
}

async fn connect(arguments: &OperatorArguments) -> Result<DirectAccount, Failure> {
    let chain = Chain::new(&arguments.rpc).map_err(Error::from)?;
    let key = Secret::read(&arguments.keystore)?;
    let password = Secret::read(&arguments.password_file)?.password();
    let account = Account::from_v3(key.text(), &password).map_err(Error::from)?;
    Ok(DirectAccount::connect(account, chain).await?)
}
