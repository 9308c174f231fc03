#!/usr/bin/env node
// Answers the two calls that forge makes of a Solidity compiler, `--version` and `--standard-json`, over soljson.
import fs from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");

// A single write to a pipe is cut at its buffer, 64 KiB on Linux, so this writes until nothing is left.
function writeAll(text) {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += fs.writeSync(1, bytes, offset);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

const args = process.argv.slice(2);
if (args.includes("--version")) {
  writeAll(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (args.includes("--standard-json")) {
  writeAll(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  process.stderr.write(`solc.mjs answers --version and --standard-json, not: ${args.join(" ")}\n`);
  process.exitCode = 2;
}
