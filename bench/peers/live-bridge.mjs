// mqtt.js to socket.io, with what the wallet does on the way: every message is stored before it is told, and the energy of
// a year is asked for again and again.
// usage: node live-bridge.mjs <broker port> <database> <meters> <meter with a year>

import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import mqtt from 'mqtt'
import { Server } from 'socket.io'
import { open, writer } from './reading.mjs'

const [port, file, meters, meterOfYear] = process.argv.slice(2)
const db = open(file)
const store = writer(db)
const storeAll = db.transaction((messages) =>
  messages.map(([topic, payload]) => {
    const meter = topic.slice(0, topic.indexOf('/'))
    return [meter, store(meter, topic, payload)]
  }),
)
const year = db.prepare(`
  SELECT received_at / 86400000 AS day, sum(solar_sum_uw) / sum(solar_count) AS solar, sum(load_sum_uw) / sum(load_count) AS load,
         sum(grid_sum_uw) / sum(grid_count) AS grid, sum(battery_sum_uw) / sum(battery_count) AS battery,
         sum(produced_uwh) AS produced, sum(used_uwh) AS used, sum(exported_uwh) AS exported, sum(imported_uwh) AS imported
  FROM energy_rollups WHERE meter_id = ? AND width_ms = 3600000 GROUP BY 1`)

const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false })
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { clientId: 'bridge', clean: false, reconnectPeriod: 0 })
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

// Whatever has arrived is one transaction; the next waits for the next turn of the loop.
let waiting = []
let most = 0
const flush = () => {
  const messages = waiting
  waiting = []
  most = Math.max(most, messages.length)
  for (const [meter, said] of storeAll(messages)) io.emit('reading', meter, said)
}
client.on('message', (topic, payload) => {
  if (waiting.push([topic, payload]) === 1) setImmediate(flush)
})
const look = () => {
  const days = year.all(meterOfYear).length
  if (days < 365) throw new Error(`a year of ${days} days`)
}
setInterval(look, 100)
client.once('connect', () => {
  const topics = Array.from({ length: Number(meters) }, (_, meter) => `M${meter}/sensors`)
  client.subscribe(topics, { qos: 1 }, () => http.listen(0, '127.0.0.1', () => answer({ port: http.address().port })))
})
createInterface({ input: process.stdin }).on('line', () => answer({ most }))
