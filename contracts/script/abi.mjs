// Builds the contracts and writes, or with --check compares, the committed abi/*.json: contract name, ABI and bytecode.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { forge, root } from "./forge.mjs";

const CONTRACTS = ["ETKToken", "IDRSToken", "EnergyConverter", "Market"];

function build(out, cache) {
  forge(["build", "src", "--out", out, "--cache-path", cache]);
}

function describe(out, contractName) {
  const artifact = JSON.parse(fs.readFileSync(path.join(out, `${contractName}.sol`, `${contractName}.json`), "utf8"));
  const bytecode = artifact.bytecode.object;
  if (!/^0x([0-9a-f]{2})+$/.test(bytecode)) throw new Error(`${contractName}: bytecode is empty or needs linking`);
  return `${JSON.stringify({ contractName, abi: artifact.abi, bytecode }, null, 2)}\n`;
}

function write() {
  const out = path.join(root, "out");
  build(out, path.join(root, "cache"));
  for (const name of CONTRACTS) fs.writeFileSync(path.join(root, "abi", `${name}.json`), describe(out, name));
}

// A fresh build in a temporary place, so that no older output can hide a difference.
function check() {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), "enerlink-abi-"));
  try {
    const out = path.join(place, "out");
    build(out, path.join(place, "cache"));
    const files = new Set(fs.readdirSync(path.join(root, "abi")));
    const stale = CONTRACTS.filter((name) => {
      const file = path.join(root, "abi", `${name}.json`);
      return !files.delete(`${name}.json`) || fs.readFileSync(file, "utf8") !== describe(out, name);
    });
    for (const name of stale) console.error(`abi/${name}.json is not in step with the sources: npm run build`);
    for (const file of files) console.error(`abi/${file} belongs to no contract`);
    if (stale.length > 0 || files.size > 0) process.exitCode = 1;
    else console.log(`abi: ${CONTRACTS.length} files in step`);
  } finally {
    fs.rmSync(place, { recursive: true });
  }
}

if (process.argv[2] === "--check") check();
else write();
