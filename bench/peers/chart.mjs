// The same readings in uPlot, on a page with all points in its memory.
// usage: node chart.mjs <the wallet's database>
// Says where the page is served, {"port":…,"rows":…}, and serves it until it is ended.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import Database from 'better-sqlite3'

const db = new Database(process.argv[2], { readonly: true })
const rows = db.prepare(`SELECT received_at, solar_power_uw, load_power_uw, import_power_uw * import_active
  FROM energy_readings_detailed ORDER BY received_at`).raw()
const count = db.prepare('SELECT count(*) AS count FROM energy_readings_detailed').get().count
// Seconds, then W of each curve.
const data = new Float64Array(4 * count)
let at = 0
for (const [time, ...powers] of rows.iterate()) {
  data[at] = time / 1000
  powers.forEach((power, curve) => { data[(curve + 1) * count + at] = power / 1e6 })
  at += 1
}
db.close()

const part = (name) => readFileSync(new URL(`node_modules/uplot/dist/${name}`, import.meta.url))
const script = `
const { width, height } = Object.fromEntries(new URLSearchParams(location.search))
const numbers = new Float64Array(await (await fetch('/data')).arrayBuffer())
const count = numbers.length / 4
const data = [0, 1, 2, 3].map((column) => numbers.subarray(column * count, (column + 1) * count))
const whole = { from: data[0][0], to: data[0][count - 1] }
const curve = (label, stroke, fill) => ({ label, stroke, fill, width: 1.5, points: { show: false } })
const chart = new uPlot({
  width: Number(width), height: Number(height), legend: { show: false }, cursor: { drag: { x: false, y: false } },
  series: [{}, curve('sun', '#f5b43c', '#f5b43c28'), curve('home', '#5b8def'), curve('import', '#e5644e')],
}, data, document.querySelector('.plot'))
// As the wallet does it: a notch of 100 pixels is a quarter, and with Shift the pixels themselves.
document.querySelector('.plot').addEventListener('wheel', (event) => {
  event.preventDefault()
  const { min, max } = chart.scales.x
  const box = chart.over.getBoundingClientRect(), wide = max - min
  const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1)
  let width = wide, from = min
  if (event.shiftKey) from += event.deltaY * wide / box.width
  else {
    width = Math.min(wide * 1.25 ** (event.deltaY / 100), whole.to - whole.from)
    from = min + share * (wide - width)
  }
  from = Math.min(Math.max(from, whole.from), whole.to - width)
  chart.setScale('x', { min: from, max: from + width })
}, { passive: false })
document.body.dataset.ready = ''
`
const page = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/uPlot.min.css">
<body data-watched><div class="plot"></div><script src="/language.js"></script><script src="/uPlot.iife.min.js"></script><script type="module" src="/page.js"></script>`
const served = {
  '/': ['text/html', page],
  // Without a locale the web view speaks "C", which uPlot takes for a language.
  '/language.js': ['text/javascript', "Object.defineProperty(navigator, 'language', { value: 'en' })"],
  '/page.js': ['text/javascript', script],
  '/uPlot.iife.min.js': ['text/javascript', part('uPlot.iife.min.js')],
  '/uPlot.min.css': ['text/css', part('uPlot.min.css')],
  '/data': ['application/octet-stream', Buffer.from(data.buffer)],
}
const server = createServer((request, response) => {
  const [type, body] = served[new URL(request.url, 'http://localhost').pathname] ?? ['text/plain', '']
  response.writeHead(body ? 200 : 404, { 'content-type': type }).end(body)
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port, rows: count })}\n`)
})
