// The gas check must fail when gas drifts, appears or vanishes, and must not when it stays within 1 %.
import assert from "node:assert/strict";
import test from "node:test";
import { drift } from "./gas.mjs";

const table = (rows) => new Map(Object.entries(rows));

test("drift of exactly 1 % passes, in both directions", () => {
  assert.deepEqual(drift(table({ a: 10_000, b: 10_000 }), table({ a: 10_100, b: 9_900 })), []);
});

test("drift above 1 % is named, in both directions", () => {
  const sentences = drift(table({ a: 10_000, b: 10_000 }), table({ a: 10_101, b: 9_899 }));
  assert.deepEqual(sentences, ["a was 10000, is 10101", "b was 10000, is 9899"]);
});

test("a measurement without a snapshot and one that vanished are named", () => {
  const sentences = drift(table({ gone: 1 }), table({ fresh: 1 }));
  assert.deepEqual(sentences, ["fresh is not in the snapshot", "gone is no longer measured"]);
});

test("what is not a number never passes", () => {
  assert.equal(drift(table({ a: 10_000 }), table({ a: Number.NaN })).length, 1);
});
