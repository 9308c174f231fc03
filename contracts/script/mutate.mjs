// Breaks the contracts in small ways, one at a time in a copy, and fails when the tests notice fewer than they should.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { binary, root } from "./forge.mjs";
import { mutants, sample } from "./mutants.mjs";

const LEAST_KILLED = 0.9;
const LONGEST_MS = 180_000;
const CONTRACTS = ["ETKToken", "IDRSToken", "EnergyConverter", "Market"];
const COPIED = ["foundry.toml", "package.json", "script", "snapshots", "src", "test"];
/** The tests that are about a file, the quick ones first; all of them for a file that is not listed. */
const SUITES = [
  [
    /^(Market|libraries\/(Lanes|OrderId|Payments|PriceBitmap|Queue|Top|WholeERC20))\.sol$/,
    ["test/{Market{Orders,Cancel,Tokens},Roles}.t.sol", "test/MarketModel.t.sol"],
  ],
  [
    /^(EnergyConverter|libraries\/(Bucket|Conversion))\.sol$/,
    ["test/{Bucket,Meters,Process,Roles,Settle,Terms}.t.sol", "test/{Exactness,Invariants}.t.sol"],
  ],
  [/^(ETKToken|IDRSToken|base\/KeptOwnership)\.sol$/, ["test/{ETKToken,IDRSToken,Roles}.t.sol"]],
];

/** All of them but those of gas: a `*` would match their folder too. */
const EVERY = ["test/[A-Z]*.t.sol"];

const running = new Set();

function stop(child) {
  if (process.platform === "win32" || child.exitCode !== null) child.kill();
  else process.kill(-child.pid, "SIGKILL");
}

/** Runs a program in `place` without a word; its exit code, or `null` when it took too long. */
function run(place, program, args) {
  return new Promise((done, failed) => {
    // A group of its own, for forge starts the compiler.
    const child = spawn(program, args, { cwd: place, stdio: "ignore", detached: process.platform !== "win32" });
    const clock = setTimeout(stop, LONGEST_MS, child);
    running.add(child);
    const ended = (tell) => (outcome) => {
      clearTimeout(clock);
      running.delete(child);
      tell(outcome);
    };
    child.on("error", ended(failed));
    child.on("close", ended(done));
  });
}

function bytecodes(place) {
  const read = (name) => fs.readFileSync(path.join(place, "out", `${name}.sol`, `${name}.json`), "utf8");
  return CONTRACTS.map((name) => JSON.parse(read(name)).bytecode.object).join();
}

async function copy(parent, job) {
  const place = path.join(parent, String(job));
  for (const name of COPIED) fs.cpSync(path.join(root, name), path.join(place, name), { recursive: true });
  fs.symlinkSync(fs.realpathSync(path.join(root, "node_modules")), path.join(place, "node_modules"), "junction");
  if ((await run(place, binary(), ["build"])) !== 0) throw new Error("the contracts do not compile");
  return place;
}

/** What became of a mutant: `killed`, `killed by time`, `killed by gas`, `survived`; or `invalid`, `identical`. */
async function judge(place, mutant, original) {
  const file = path.join(place, "src", mutant.file);
  const source = fs.readFileSync(file, "utf8");
  // What a mutant before it failed on would be tried first.
  for (const kept of ["fuzz", "invariant"]) fs.rmSync(path.join(place, "cache", kept), { recursive: true, force: true });
  fs.writeFileSync(file, mutant.source);
  try {
    if ((await run(place, binary(), ["build"])) !== 0) return "invalid";
    if (bytecodes(place) === original) return "identical";
    return await tried(place, mutant.file);
  } finally {
    fs.writeFileSync(file, source);
  }
}

/** What the tests about a file say to the built contracts. */
async function tried(place, file) {
  for (const suite of SUITES.find(([files]) => files.test(file))?.[1] ?? EVERY) {
    const tests = await run(place, binary(), ["test", "--fail-fast", "--threads", "1", "--match-path", suite]);
    if (tests !== 0) return tests === null ? "killed by time" : "killed";
  }
  return (await run(place, process.execPath, ["script/gas.mjs"])) === 0 ? "survived" : "killed by gas";
}

function all(only) {
  const files = fs.readdirSync(path.join(root, "src"), { recursive: true }).map((file) => file.split(path.sep).join("/"));
  const sources = files.filter((file) => file.endsWith(".sol") && !file.startsWith("interfaces/") && file.includes(only));
  return sources.sort().flatMap((file) => mutants(file, fs.readFileSync(path.join(root, "src", file), "utf8")));
}

function report(results) {
  const count = (...outcomes) => results.filter((result) => outcomes.includes(result)).length;
  const killed = count("killed", "killed by time", "killed by gas");
  const valid = killed + count("survived");
  const share = valid === 0 ? 0 : killed / valid;
  const ways = `${count("killed by gas")} of them by gas, ${count("killed by time")} by time`;
  const none = `${count("identical")} change nothing, ${count("invalid")} do not compile`;
  console.log(`mutants: ${killed} of ${valid} killed (${(share * 100).toFixed(1)} %; ${ways}); ${none}`);
  if (share < LEAST_KILLED) {
    console.error(`error: fewer than ${LEAST_KILLED * 100} % of the mutants are killed; those that survived are listed above`);
    process.exitCode = 1;
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      all: { type: "boolean", default: false },
      file: { type: "string", default: "" },
      jobs: { type: "string", default: String(Math.min(os.availableParallelism(), 4)) },
      sample: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
    },
  });
  const found = all(values.file);
  const chosen = values.all ? found : sample(found, Number(values.sample), Number(values.seed));
  console.log(`mutants: ${chosen.length} of ${found.length} are tried`);
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), "enerlink-mutants-"));
  const leave = () => {
    running.forEach(stop);
    fs.rmSync(parent, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      leave();
      process.exit(130);
    });
  }
  try {
    const places = await Promise.all(Array.from({ length: Number(values.jobs) }, (_, job) => copy(parent, job)));
    const original = bytecodes(places[0]);
    if ((await tried(places[0], "")) !== "survived") throw new Error("the tests fail before anything is broken");
    const results = [];
    const waiting = [...chosen];
    const work = async (place) => {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        const outcome = await judge(place, mutant, original);
        results.push(outcome);
        const { file, line, kind, was, now } = mutant;
        console.log(`${outcome}: src/${file}:${line} ${kind}: ${was}${now ? ` → ${now}` : " left out"}`);
      }
    };
    await Promise.all(places.map(work));
    report(results);
  } finally {
    leave();
  }
}

await main();
