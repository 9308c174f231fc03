// Measures whole transactions and compares them with the committed snapshots/, or with --write replaces those.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { forge, root } from "./forge.mjs";

const TOLERANCE = 0.01;
const committed = path.join(root, "snapshots");
const measured = path.join(root, "cache", "snapshots");

function read(directory) {
  const rows = new Map();
  for (const file of fs.existsSync(directory) ? fs.readdirSync(directory).sort() : []) {
    const group = JSON.parse(fs.readFileSync(path.join(directory, file), "utf8"));
    for (const [name, gas] of Object.entries(group)) rows.set(`${path.parse(file).name}: ${name}`, Number(gas));
  }
  return rows;
}

/** What differs between two tables of gas, one sentence each; empty when all is within the tolerance. */
export function drift(before, after) {
  const sentences = [];
  for (const [name, gas] of after) {
    const was = before.get(name);
    if (was === undefined) sentences.push(`${name} is not in the snapshot`);
    else if (!(Math.abs(gas - was) <= was * TOLERANCE)) sentences.push(`${name} was ${was}, is ${gas}`);
  }
  for (const name of before.keys()) if (!after.has(name)) sentences.push(`${name} is no longer measured`);
  return sentences;
}

function measure() {
  fs.rmSync(measured, { recursive: true, force: true });
  forge(["build"]);
  // Without --isolate a call would be measured inside the test's own transaction.
  forge(["test", "--isolate", "--match-path", "test/gas/*"], { FOUNDRY_SNAPSHOTS: measured });
  return read(measured);
}

/** Measures and compares; a difference above the tolerance ends the process with 1. */
export function check() {
  const after = measure();
  const sentences = drift(read(committed), after);
  for (const sentence of sentences) console.error(`gas: ${sentence}`);
  if (after.size === 0) console.error("gas: nothing was measured");
  if (sentences.length > 0 || after.size === 0) {
    console.error("gas: if this is meant, npm run snapshot");
    process.exit(1);
  }
  console.log(`gas: ${after.size} operations within ${TOLERANCE * 100} % of the snapshot`);
}

function write() {
  measure();
  fs.rmSync(committed, { recursive: true, force: true });
  fs.cpSync(measured, committed, { recursive: true });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === "--write") write();
  else check();
}
