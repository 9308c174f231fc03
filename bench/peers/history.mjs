// Curves and bars over a history of raw readings and over an hourly table, by GROUP BY.
// usage: node history.mjs <the wallet's database> <own database>
// One order a line: {"table":"raw|hourly","from":ms,"to":ms,"width":ms,"times":n}; answers how long each took.

import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'

const [theirs, file] = process.argv.slice(2)
const db = new Database(file)
db.pragma('journal_mode = WAL')
const columns = ['solar', 'load', 'grid', 'battery', 'produced', 'used', 'exported', 'imported']

// Narrow rows in the order of time: the least that these charts need.
function prepare() {
  const known = db.prepare("SELECT count(*) AS known FROM sqlite_master WHERE name = 'hourly'").get().known
  if (known) return
  db.exec(`
    ATTACH '${theirs}' AS theirs;
    BEGIN;
    CREATE TABLE raw (at INTEGER PRIMARY KEY, ${columns.map((name) => `${name} INTEGER`).join(', ')});
    INSERT INTO raw SELECT received_at, solar_power_uw, load_power_uw,
        export_power_uw * export_active - import_power_uw * import_active,
        CASE battery_state WHEN 'charging' THEN battery_power_uw WHEN 'discharging' THEN -battery_power_uw ELSE 0 END,
        solar_total_uwh - lag(solar_total_uwh, 1, solar_total_uwh) OVER (ORDER BY received_at),
        load_total_uwh - lag(load_total_uwh, 1, load_total_uwh) OVER (ORDER BY received_at),
        added_export_uwh, added_import_uwh
      FROM theirs.energy_readings_detailed ORDER BY received_at;
    CREATE TABLE hourly (at INTEGER PRIMARY KEY, ${columns.map((name) => `${name} INTEGER`).join(', ')});
    INSERT INTO hourly SELECT at / 3600000 * 3600000, CAST(avg(solar) AS INTEGER), CAST(avg(load) AS INTEGER),
        CAST(avg(grid) AS INTEGER), CAST(avg(battery) AS INTEGER), sum(produced), sum(used), sum(exported), sum(imported)
      FROM raw GROUP BY 1;
    COMMIT;
    DETACH theirs;`)
}

const grouped = (table) =>
  db.prepare(`SELECT at / @width AS bucket, avg(solar) AS solar, avg(load) AS load, avg(grid) AS grid, avg(battery) AS battery,
      sum(produced) AS produced, sum(used) AS used, sum(exported) AS exported, sum(imported) AS imported
    FROM ${table} WHERE at >= @from AND at < @to GROUP BY 1`)

prepare()
const tables = { raw: grouped('raw'), hourly: grouped('hourly') }
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
answer({ rows: db.prepare('SELECT count(*) AS rows FROM raw').get().rows })
createInterface({ input: process.stdin }).on('line', (line) => {
  const { table, times, ...numbers } = JSON.parse(line)
  // A plain number is a REAL to SQLite: every reading would be a bucket of its own.
  const range = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, BigInt(value)]))
  const took = []
  let rows = 0
  for (let time = 0; time < times; time += 1) {
    const began = performance.now()
    rows = tables[table].all(range).length
    took.push(Math.round((performance.now() - began) * 1000))
  }
  answer({ took_us: took, rows })
})
