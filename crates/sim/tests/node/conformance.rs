//! The same calls against this node and anvil; the answers must agree once hashes and times are taken out.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::sol;
use alloy::sol_types::{SolCall, SolEvent};
use alloy::transports::RpcError;
use enerlink_sim::node::{BlockTime, Node, NodeConfig};
use serde_json::{Map, Value, json};

use crate::anvil::{FIRST, start_anvil};
use crate::contracts::etk_code;
use crate::support::{Client, Clock, ETHER, Key};

sol! {
    function mint(address to, uint256 amount);
    function transfer(address to, uint256 amount) returns (bool);
    function balanceOf(address owner) view returns (uint256);
    function setConverter(address converter);
    event Transfer(address indexed from, address indexed to, uint256 value);
}

/// What depends on the clock or on a node's own choice of hashes.
const OWN: [&str; 11] = [
    "hash",
    "parentHash",
    "blockHash",
    "stateRoot",
    "timestamp",
    "blockTimestamp",
    "mixHash",
    "extraData",
    "size",
    "beneficiary",
    // Anvil names a blob price even where there is no blob; geth does not.
    "blobGasPrice",
];

/// Anvil mines some time after it has answered; blocks on request make its answers repeatable.
pub(crate) const ON_REQUEST: &str =
    "--no-mining --hardfork cancun --base-fee 0 --gas-price 0 --disable-min-priority-fee";

pub(crate) async fn start_ours(owner: Address) -> (Node, Clock) {
    let clock = Clock::default();
    let mut config: NodeConfig = clock.config();
    config.block_time = BlockTime::Manual;
    config.accounts = vec![(owner, U256::from(10_000 * ETHER))];
    (Node::start(config).await.unwrap(), clock)
}

/// How the two answers to a call are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// Equal, except for what is a node's own.
    Content,
    /// Both refuse; with revert data, the same code and data. The words differ.
    Refusal,
    /// Gas: ours suffices by being exact, anvil's may be up to 2 % above.
    Gas,
}

struct Step {
    method: &'static str,
    params: Value,
    by: By,
}

fn step(method: &'static str, params: Value) -> Step {
    Step {
        method,
        params,
        by: By::Content,
    }
}

fn refused(method: &'static str, params: Value) -> Step {
    Step {
        method,
        params,
        by: By::Refusal,
    }
}

fn raw(bytes: Vec<u8>) -> Value {
    json!([Bytes::from(bytes)])
}

fn hash(bytes: &[u8]) -> B256 {
    alloy::primitives::keccak256(bytes)
}

fn script(owner: &Key) -> Vec<Step> {
    let friend = Address::repeat_byte(0x77);
    let etk = owner.address.create(0);
    let amount = U256::from(100_000);
    let input = |call: &dyn Fn() -> Vec<u8>| Bytes::from(call());
    let converter = setConverterCall {
        converter: owner.address,
    }
    .abi_encode();
    let mint = mintCall {
        to: owner.address,
        amount,
    }
    .abi_encode();
    let pay = transferCall {
        to: friend,
        amount: U256::from(7),
    }
    .abi_encode();
    let too_much = transferCall {
        to: friend,
        amount: amount * U256::from(9),
    }
    .abi_encode();
    let balance = input(&|| balanceOfCall { owner: friend }.abi_encode());
    let sent = [
        owner.create(0, &etk_code(owner.address)),
        owner.call(1, etk, &converter),
        owner.call(2, etk, &mint),
        owner.call(3, etk, &pay),
        owner.sign(owner.legacy(4, friend, 1_000, 0)),
        owner.sign(owner.access_list(5, friend, 1_000, 0)),
        owner.transfer(6, friend, 1_000, 3),
        owner.call(7, etk, &too_much),
    ];
    let mut steps = vec![
        step("eth_chainId", json!([])),
        step("net_version", json!([])),
        step("eth_syncing", json!([])),
        step("eth_blockNumber", json!([])),
        step("eth_getBlockByNumber", json!(["latest", false])),
        Step {
            by: By::Gas,
            ..step(
                "eth_estimateGas",
                json!([{ "from": owner.address, "to": friend }]),
            )
        },
        step("eth_gasPrice", json!([])),
    ];
    for tx in &sent {
        steps.push(step("eth_sendRawTransaction", raw(tx.clone())));
        steps.push(step("eth_getTransactionByHash", json!([hash(tx)])));
        steps.push(step("evm_mine", json!([])));
        steps.push(step("eth_getTransactionReceipt", json!([hash(tx)])));
        steps.push(step("eth_getTransactionByHash", json!([hash(tx)])));
        steps.push(step("eth_getBlockByNumber", json!(["latest", true])));
    }
    let topic = Transfer::SIGNATURE_HASH;
    let pay_request = json!([{ "from": owner.address, "to": etk, "input": Bytes::from(pay) }]);
    let bad_request = json!([{ "from": owner.address, "to": etk, "input": Bytes::from(too_much) }, "latest"]);
    steps.extend([
        step("eth_blockNumber", json!([])),
        step("eth_getBlockByNumber", json!(["earliest", false])),
        step("eth_getBlockByNumber", json!(["0x3", false])),
        step("eth_getBlockByNumber", json!(["0x99", false])),
        step("eth_getBlockByNumber", json!(["finalized", false])),
        step("eth_getBlockReceipts", json!(["latest"])),
        step("eth_getBlockTransactionCountByNumber", json!(["latest"])),
        step("eth_getTransactionCount", json!([owner.address, "latest"])),
        step("eth_getTransactionCount", json!([owner.address, "pending"])),
        step("eth_getBalance", json!([owner.address, "latest"])),
        step("eth_getBalance", json!([friend, "0x5"])),
        step("eth_getCode", json!([etk, "latest"])),
        step("eth_getCode", json!([friend, "latest"])),
        step("eth_getStorageAt", json!([etk, "0x2", "latest"])),
        step("eth_call", json!([{ "to": etk, "input": balance }, "latest"])),
        step("eth_call", json!([{ "to": etk, "data": balance }])),
        refused("eth_call", bad_request.clone()),
        refused("eth_estimateGas", bad_request),
        Step {
            by: By::Gas,
            ..step("eth_estimateGas", pay_request)
        },
        step(
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "toBlock": "latest" }]),
        ),
        step(
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "address": etk, "topics": [topic] }]),
        ),
        step(
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "topics": [[topic], null, friend.into_word()] }]),
        ),
        step(
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "address": [friend, owner.address] }]),
        ),
        step("eth_feeHistory", json!(["0x3", "latest", [10.0, 50.0]])),
        step("eth_getTransactionReceipt", json!([B256::repeat_byte(1)])),
        step("eth_getTransactionByHash", json!([B256::repeat_byte(1)])),
        refused("eth_sendRawTransaction", json!(["0x1234"])),
        refused("eth_sendRawTransaction", raw(sent[0].clone())),
        refused("eth_sendRawTransaction", raw(owner.transfer(0, friend, 1, 0))),
        refused(
            "eth_sendRawTransaction",
            raw(owner.transfer(8, friend, 20_000 * ETHER, 0)),
        ),
        refused(
            "eth_sendRawTransaction",
            raw(Key::new(9).transfer(0, friend, 1, 0)),
        ),
        refused("eth_nothing", json!([])),
    ]);
    let waiting = [owner.transfer(9, friend, 1, 0), owner.transfer(8, friend, 1, 0)];
    steps.extend([
        step("eth_sendRawTransaction", raw(waiting[0].clone())),
        step("eth_getTransactionReceipt", json!([hash(&waiting[0])])),
        step("eth_getTransactionByHash", json!([hash(&waiting[0])])),
        step("eth_sendRawTransaction", raw(waiting[1].clone())),
        step("eth_getTransactionCount", json!([owner.address, "pending"])),
        step("evm_mine", json!([])),
        step("eth_getTransactionReceipt", json!([hash(&waiting[0])])),
        step("eth_getTransactionReceipt", json!([hash(&waiting[1])])),
        step("eth_blockNumber", json!([])),
        step("anvil_mine", json!(["0x3"])),
        step("eth_blockNumber", json!([])),
        step("eth_getTransactionCount", json!([owner.address, "latest"])),
        step("anvil_setBalance", json!([friend, "0x64"])),
        step("eth_getBalance", json!([friend, "latest"])),
        step("eth_sendRawTransaction", raw(owner.transfer(10, friend, 1, 0))),
        step("eth_getTransactionCount", json!([owner.address, "pending"])),
        step("eth_getTransactionCount", json!([owner.address, "latest"])),
        step(
            "anvil_dropTransaction",
            json!([hash(&owner.transfer(10, friend, 1, 0))]),
        ),
        step(
            "eth_getTransactionByHash",
            json!([hash(&owner.transfer(10, friend, 1, 0))]),
        ),
        step("evm_mine", json!([])),
        step("eth_blockNumber", json!([])),
        step("eth_blockNumber", json!([])),
        step("eth_sendRawTransaction", raw(owner.transfer(10, friend, 5, 0))),
        step("evm_mine", json!([])),
        step("eth_getBalance", json!([friend, "latest"])),
        step("eth_blockNumber", json!([])),
        step("anvil_reorg", json!([2, []])),
        step("eth_blockNumber", json!([])),
        step("eth_getTransactionCount", json!([owner.address, "latest"])),
        step(
            "eth_getTransactionReceipt",
            json!([hash(&owner.transfer(10, friend, 5, 0))]),
        ),
        step("eth_getBlockByNumber", json!(["latest", true])),
    ]);
    steps
}

/// Takes out what is a node's own.
fn normalise(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter(|(name, _)| !OWN.contains(&name.as_str()));
            Value::Object(
                kept.map(|(name, field)| (name, normalise(field)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(list) => Value::Array(list.into_iter().map(normalise).collect()),
        other => other,
    }
}

async fn ask(client: &Client, step: &Step) -> Value {
    match client
        .0
        .raw_request::<_, Value>(step.method.into(), step.params.clone())
        .await
    {
        Ok(answer) if step.by == By::Refusal => json!({ "answer": answer }),
        Ok(answer) => normalise(answer),
        Err(RpcError::ErrorResp(error)) => {
            let data = error.as_revert_data();
            json!({ "error": data.is_some().then_some(error.code), "data": data })
        }
        Err(other) => panic!("{}: {other}", step.method),
    }
}

fn agree(by: By, ours: &Value, theirs: &Value) -> bool {
    if by != By::Gas {
        return ours == theirs;
    }
    let gas = |answer: &Value| serde_json::from_value::<U256>(answer.clone()).unwrap();
    let (ours, theirs) = (gas(ours), gas(theirs));
    ours <= theirs && theirs * U256::from(50) <= ours * U256::from(51)
}

#[tokio::test]
async fn answers_like_anvil() {
    let owner = Key::from_secret(FIRST);
    let anvil = start_anvil(ON_REQUEST);
    let (node, clock) = start_ours(owner.address).await;
    let (ours, theirs) = (Client::new(node.url()), Client::new(&anvil.url));
    let mut differences = Vec::new();
    for (index, step) in script(&owner).iter().enumerate() {
        clock.advance(1);
        let (mine, other) = (ask(&ours, step).await, ask(&theirs, step).await);
        let answered =
            step.by == By::Refusal && (mine.get("answer").is_some() || other.get("answer").is_some());
        if answered || !agree(step.by, &mine, &other) {
            differences.push(format!(
                "step {index} {} {}\n  ours  {mine}\n  anvil {other}",
                step.method, step.params
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{} answers differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}
