// Settles meters with the contract call of ethers v6, in one of several ways.
// usage: node settle.mjs <node> <converter> <abi file> <private key>
// orders: {"way":"in_turn|at_once|plain|given","meters":[[id, exportWh, importWh, settlementId], …]}

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Contract, JsonRpcProvider, NonceManager, Wallet } from 'ethers'

const [url, converter, file, key] = process.argv.slice(2)
const { abi } = JSON.parse(readFileSync(file))
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
const connect = (provider) => new Contract(converter, abi, new Wallet(key, provider))

const provider = new JsonRpcProvider(url)
const contract = connect(provider)
const { address } = contract.runner
// A Wallet alone takes the nonce from an answer that may be 250 ms old: its next call would use the same one again.
const counting = new Contract(converter, abi, new NonceManager(new Wallet(key, provider)))
// Without batches nothing waits for company.
const direct = connect(new JsonRpcProvider(url, 31337, { staticNetwork: true, batchMaxCount: 1 }))
// What a caller may know by himself: gas of the first settlement with room, a free chain, and what was sent before.
const overrides = { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }

const since = (began) => Math.round((performance.now() - began) * 1000)
const mined = async (nonce) => {
  while ((await provider.getTransactionCount(address)) < nonce) await new Promise((done) => setTimeout(done, 5))
}

const ways = {
  async in_turn(meters) {
    const before = await provider.getTransactionCount(address)
    const began = performance.now()
    for (const meter of meters) await counting.settleMeter(...meter)
    await mined(before + meters.length)
    return { us: since(began) }
  },
  async at_once(meters) {
    const calls = await Promise.allSettled(meters.map((meter) => contract.settleMeter(...meter)))
    return { refused: calls.filter((call) => call.status === 'rejected').length }
  },
  async plain([meter]) {
    const began = performance.now()
    await contract.settleMeter(...meter)
    return { us: since(began) }
  },
  async given([meter]) {
    overrides.nonce ??= await provider.getTransactionCount(address)
    overrides.gasLimit ??= ((await contract.settleMeter.estimateGas(...meter)) * 12n) / 10n
    const began = performance.now()
    await direct.settleMeter(...meter, overrides)
    overrides.nonce += 1
    return { us: since(began) }
  },
}

answer({})
for await (const line of createInterface({ input: process.stdin })) {
  const { way, meters } = JSON.parse(line)
  answer(await ways[way](meters))
}
