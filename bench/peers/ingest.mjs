// Takes what a broker has kept for it and stores it, `batch` messages in a transaction.
// usage: node ingest.mjs <port> <database> <messages> <batch>

import { createInterface } from 'node:readline'
import mqtt from 'mqtt'
import { open, writer } from './reading.mjs'

const [port, file, total, batch] = process.argv.slice(2)
const db = open(file)
const store = writer(db)
const storeAll = db.transaction((messages) => {
  for (const [topic, payload] of messages) store('BENCH', topic, payload)
})
const options = { clientId: 'peer', clean: false, reconnectPeriod: 0 }
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

const orders = {
  subscribe() {
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, options)
    client.once('connect', () => client.subscribe('bench/sensors', { qos: 1 }, () => client.end(false, {}, () => answer({}))))
  },
  drain() {
    const began = performance.now()
    let waiting = []
    let taken = 0
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, options)
    // The acknowledgement follows when this returns: with a batch of one after the commit, else before it.
    client.on('message', (topic, payload) => {
      waiting.push([topic, payload])
      taken += 1
      if (waiting.length < Number(batch) && taken < Number(total)) return
      storeAll(waiting)
      waiting = []
      if (taken === Number(total)) {
        const ms = performance.now() - began
        const rows = db.prepare('SELECT count(*) AS rows FROM energy_readings_detailed').get().rows
        client.end(false, {}, () => answer({ ms, rows }))
      }
    })
  },
}
createInterface({ input: process.stdin }).on('line', (line) => orders[line]())
