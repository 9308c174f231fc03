// A sensors message into the wallet's own tables, every field of it: one wide row, and the message itself in the log.

import Database from 'better-sqlite3'

const PARTS = ['load', 'solar', 'export', 'import', 'battery']
const NUMBERS = [
  ['power', 'power_uw', 1e3],
  ['current', 'current_ua', 1e3],
  ['voltage', 'voltage_uv', 1e6],
  ['daily_energy_wh', 'daily_uwh', 1e6],
  ['total_energy_wh', 'total_uwh', 1e6],
  ['settlement_energy_wh', 'settlement_uwh', 1e6],
]
const HEAD = [
  'meter_id', 'received_at', 'device_time', 'verdict', 'added_export_uwh', 'added_import_uwh', 'new_epoch',
  'register_export_uwh', 'register_import_uwh', 'epoch', 'boot', 'subsystems',
]
const LOG = [
  'received_at', 'direction', 'topic', 'meter_id', 'payload', 'payload_length', 'accepted', 'retained', 'duplicate',
]

/** Opens a database that the wallet has created, with the durability that the wallet has. */
export function open(file) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  return db
}

const insertion = (db, table, columns) =>
  db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`)

const flag = (value) => (value === undefined ? null : Number(value))

/** A function that stores one message of `meter`; it takes no transaction by itself. */
export function writer(db) {
  const tail = PARTS.flatMap((part) => [
    ...NUMBERS.map(([, column]) => `${part}_${column}`),
    `${part}_active`, `${part}_generating`, `${part}_state`,
  ])
  const reading = insertion(db, 'energy_readings_detailed', [...HEAD, ...tail])
  const log = insertion(db, 'mqtt_message_logs', LOG)
  const last = new Map()
  return (meter, topic, payload) => {
    const said = JSON.parse(payload)
    const now = Date.now()
    const micro = (value) => Math.round(value * 1e6)
    const counters = [micro(said.export.total_energy_wh), micro(said.import.total_energy_wh)]
    const before = last.get(meter) ?? counters
    last.set(meter, counters)
    const row = [
      meter, now, said.timestamp, 'counted', counters[0] - before[0], counters[1] - before[1], 0,
      counters[0], counters[1], 0, 0, 31,
    ]
    for (const name of PARTS) {
      const part = said[name]
      for (const [field, , scale] of NUMBERS) row.push(Math.round(part[field] * scale))
      row.push(flag(part.active), flag(part.generating), part.state ?? null)
    }
    reading.run(row)
    log.run(now, 'IN', topic, meter, payload, payload.length, 1, 0, 0)
    return said
  }
}
