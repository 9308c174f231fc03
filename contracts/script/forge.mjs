// Runs the pinned forge inside contracts/, whatever the caller's directory is.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");

/** The program itself and not `.bin/forge`: that wrapper ends with 0 even when forge failed. */
export function binary() {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const name = process.platform === "win32" ? "forge.exe" : "forge";
  const file = path.join(root, "node_modules", "@foundry-rs", `forge-${process.platform}-${arch}`, "bin", name);
  if (!fs.existsSync(file)) throw new Error(`${file} is missing: npm ci in contracts/, on a platform that forge supports`);
  return file;
}

/** Runs `forge ...args` with the terminal as its own; the process ends with forge's exit code unless that is 0. */
export function forge(args, env = {}) {
  const { status, error } = spawnSync(binary(), args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
