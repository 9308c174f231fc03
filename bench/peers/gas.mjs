// Measures what @samwitch/erc1155-orderbook costs: whole transactions in its steady state, as those of the product.
// usage: node gas.mjs <node>
// answers one object: the gas of each operation

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Contract, ContractFactory, Interface, JsonRpcProvider, Wallet, ZeroAddress, id } from 'ethers'

const provider = new JsonRpcProvider(process.argv[2], 31337, { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 })
provider.pollingInterval = 10
// Gas is free on this chain.
const free = { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }

const require = createRequire(import.meta.url)
const package_ = new URL('node_modules/@samwitch/erc1155-orderbook/', import.meta.url)
// The package holds its contracts compiled as its authors deploy them, the code in a generated source.
const published = (name, folder = '') => {
  const abi = JSON.parse(readFileSync(new URL(`data/abi/contracts/${folder}${name}.sol/${name}.json`, package_)))
  const source = readFileSync(new URL(`typechain-types/factories/contracts/${folder}${name}__factory.ts`, package_), 'utf8')
  return { abi, bytecode: source.match(/_bytecode =\s*"(0x[0-9a-f]+)"/)[1] }
}
const owner = new Wallet(id('owner'), provider)
const deploy = async ({ abi, bytecode }, ...given) => {
  const contract = await new ContractFactory(abi, bytecode, owner).deploy(...given, free)
  await contract.waitForDeployment()
  return contract
}

const LOT = 1n // The token that is traded.
const [BUY, SELL] = [0, 1]
const PRICE = 1_500
const PURSE = 1_000_000_000n

const nft = await deploy(published('MockERC1155NoRoyalty', 'test/'))
const money = await deploy(published('MockBrushToken', 'test/'))
const logic = await deploy(published('SamWitchOrderBook'))
const proxy = require('@openzeppelin/contracts/build/contracts/ERC1967Proxy.json')
const start = new Interface(published('SamWitchOrderBook').abi)
const given = [nft.target, money.target, ZeroAddress, 0, 0, 500]
const { target } = await deploy(proxy, logic.target, start.encodeFunctionData('initialize', given))
const book = new Contract(target, published('SamWitchOrderBook').abi, owner)

const cost = async (sent) => {
  const receipt = await (await sent).wait()
  const added = receipt.logs.map((log) => (log.address === target ? book.interface.parseLog(log) : null))
  return { gas: Number(receipt.gasUsed), order: added.find((event) => event?.name === 'AddedToBook')?.args.orderId }
}
const limit = (trader, side, price, quantity) =>
  cost(book.connect(trader).limitOrders([{ side, tokenId: LOT, price, quantity }], free))
const buy = (trader, price, quantity) => limit(trader, BUY, price, quantity)
const sell = (trader, price, quantity) => limit(trader, SELL, price, quantity)
const cancel = (trader, order, side, price) =>
  cost(book.connect(trader).cancelOrders([order], [{ side, tokenId: LOT, price }], free))

const traders = {}
// A trader with both tokens and a finite allowance.
const named = async (name) => {
  if (traders[name]) return traders[name]
  const trader = new Wallet(id(name), provider)
  await cost(nft.connect(trader).mintSpecificId(LOT, PURSE, free))
  await cost(money.mint(trader.address, PURSE, free))
  await cost(money.connect(trader).approve(target, PURSE, free))
  await cost(nft.connect(trader).setApprovalForAll(target, true, free))
  return (traders[name] = trader)
}

await cost(book.setTokenIdInfos([LOT], [{ tick: 1, minQuantity: 1 }], free))
const [alice, bob, carol] = [await named('alice'), await named('bob'), await named('carol')]
const neighbours = []
for (let number = 0; number < 16; number += 1) neighbours.push(await named(`neighbour ${number}`))
for (const trader of [alice, bob, carol]) {
  await buy(trader, 1_000, 100)
  await sell(trader, 60_000, 100)
}

// Each begins with the same book.
const apart = async (scenario) => {
  const before = await provider.send('evm_snapshot', [])
  const measured = await scenario()
  await provider.send('evm_revert', [before])
  return measured
}

const measured = {
  ...(await apart(async () => {
    await buy(alice, PRICE, 10)
    return { place_existing: (await buy(bob, PRICE, 10)).gas, place_new: (await buy(bob, PRICE - 1, 10)).gas }
  })),
  ...(await apart(async () => {
    const { order } = await sell(alice, PRICE + 1, 10)
    const { gas } = await buy(bob, PRICE + 1, 5)
    return { take_1: gas, claim: (await cost(book.connect(alice).claimTokens([order], free))).gas }
  })),
  ...(await apart(async () => {
    for (const trader of neighbours.slice(0, 12)) await sell(trader, PRICE + 1, 1)
    const one = (await buy(bob, PRICE + 1, 1)).gas
    const ten = (await buy(bob, PRICE + 1, 10)).gas
    return { take_10: ten, further_maker: (ten - one) / 9 }
  })),
  ...(await apart(async () => {
    await buy(alice, PRICE, 10)
    const { order } = await buy(bob, PRICE, 10)
    await buy(carol, PRICE, 10)
    return { cancel: (await cancel(bob, order, BUY, PRICE)).gas }
  })),
  ...(await apart(async () => {
    const { order } = await buy(bob, PRICE, 10)
    return { cancel_last: (await cancel(bob, order, BUY, PRICE)).gas }
  })),
  ...(await apart(async () => {
    for (const [number, trader] of neighbours.entries()) await sell(trader, PRICE + number, 1)
    return { worst_call: (await buy(bob, 50_000, 20)).gas }
  })),
}
process.stdout.write(`${JSON.stringify(measured)}\n`)
