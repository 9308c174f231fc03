// Hears readings over socket.io and measures how long each took since it was sent.
// usage: node live-client.mjs <bridge port>

import { createInterface } from 'node:readline'
import { io } from 'socket.io-client'

const [port] = process.argv.slice(2)
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
const took = []
const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
socket.on('reading', (meter, said) => took.push(Math.round((performance.timeOrigin + performance.now()) * 1000 - said.sent_us)))
socket.on('connect', () => answer({}))
createInterface({ input: process.stdin }).on('line', () => answer({ took_us: took }))
