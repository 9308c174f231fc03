// Runs slither over the contracts and fails when it finds something of medium impact or more, or did not see everything.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { binary, root } from "./forge.mjs";

/** What is wrong with a run of slither, by its exit code and what it said; nothing for a good one. */
export function judge(status, text) {
  const errors = text.split("\n").filter((line) => /\bERROR:/.test(line));
  if (errors.length > 0) return `slither could not look at everything: ${errors[0]}`;
  if (!/^INFO:Slither:.* analyzed \([1-9]\d* contracts/m.test(text)) return "slither looked at nothing";
  if (status !== 0) return "slither found something of medium impact or more";
}

/** The lines of a source in which slither is told to look away and the line before does not say why. */
export function unexplained(source) {
  const lines = source.split("\n");
  const reason = (line) => /^\s*\/\/(?!.*slither-)/.test(line ?? "");
  return lines.flatMap((line, index) => (line.includes("slither-disable") && !reason(lines[index - 1]) ? [index + 1] : []));
}

function sources() {
  const files = fs.readdirSync(path.join(root, "src"), { recursive: true }).filter((file) => file.endsWith(".sol"));
  return files.map((file) => [file, fs.readFileSync(path.join(root, "src", file), "utf8")]);
}

function check() {
  // Slither builds with the forge that it finds; node_modules/.bin has a wrapper that hides failures.
  const folders = [path.dirname(binary()), process.env.PATH];
  const { status, stdout, stderr, error } = spawnSync("slither", ["."], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: folders.join(path.delimiter) },
  });
  if (error) throw error;
  process.stdout.write(stdout + stderr);
  const silent = sources().flatMap(([file, source]) =>
    unexplained(source).map((line) => `src/${file}:${line} tells slither to look away and does not say why`),
  );
  for (const wrong of [judge(status, stdout + stderr), ...silent].filter(Boolean)) {
    console.error(`error: ${wrong}`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) check();
