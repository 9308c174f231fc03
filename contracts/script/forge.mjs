// Runs the pinned forge inside contracts/, whatever the caller's directory is.
import { spawnSync } from "node:child_process";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");
const binary = path.join(root, "node_modules", "@foundry-rs", "forge", "bin.mjs");

/** Runs `forge ...args` with the terminal as its own; the process ends with forge's exit code unless that is 0. */
export function forge(args, env = {}) {
  const { status, error } = spawnSync(process.execPath, [binary, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
