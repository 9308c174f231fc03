// A failure of forge must fail the script that called it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { pathToFileURL } from "node:url";
import test from "node:test";

function statusOf(args) {
  const module = pathToFileURL(path.join(import.meta.dirname, "forge.mjs"));
  const code = `const { forge } = await import(${JSON.stringify(module)}); forge(${JSON.stringify(args)});`;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", code]).status;
}

test("what forge refuses ends with its exit code", () => {
  assert.notEqual(statusOf(["test", "--no-such-option"]), 0);
});

test("what forge does ends with 0", () => {
  assert.equal(statusOf(["--version"]), 0);
});
