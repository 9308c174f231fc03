// Reads a market's events with ethers v6 or viem, page by page.
// usage: node sync.mjs <node> <market> <abi file>
// orders: {"way":"ethers|viem","to":<last block>,"page":<blocks>}

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Contract, JsonRpcProvider } from 'ethers'
import { createPublicClient, http } from 'viem'

const [url, market, file] = process.argv.slice(2)
const { abi } = JSON.parse(readFileSync(file))
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

// Neither asks which chain it is, nor waits for company.
const contract = new Contract(market, abi, new JsonRpcProvider(url, 31337, { staticNetwork: true, batchMaxCount: 1 }))
const client = createPublicClient({ transport: http(url, { timeout: 60_000 }) })
const topics = [['OrderPlaced', 'Trade', 'OrderCancelled'].map((name) => contract.interface.getEvent(name).topicHash)]
const events = abi.filter((item) => item.type === 'event' && contract.interface.getEvent(item.name))

const ways = {
  ethers: (from, to) => contract.queryFilter(topics, from, to),
  viem: (from, to) =>
    client.getContractEvents({ address: market, abi: events, fromBlock: BigInt(from), toBlock: BigInt(to), strict: true }),
}

answer({})
for await (const line of createInterface({ input: process.stdin })) {
  const { way, to, page } = JSON.parse(line)
  const began = performance.now()
  const found = []
  for (let from = 0; from <= to; from += page) {
    for (const event of await ways[way](from, Math.min(to, from + page - 1))) found.push(event)
  }
  const us = Math.round((performance.now() - began) * 1000)
  const decoded = found.filter((event) => event.args !== undefined)
  answer({ us, events: decoded.length })
}
