// The faults that are put into a contract: where, which, and always the same for a seed.
import assert from "node:assert/strict";
import test from "node:test";
import { mutants, sample } from "./mutants.mjs";

const SOURCE = `contract A {
    uint256 private constant MOST = 16;
    // if (x == 1) revert No(); is a comment
    modifier onlyOwner() {
        if (msg.sender != owner) revert No("a == b");
        _;
    }
    function set(uint256 x) external onlyOwner returns (uint256 y) {
        if (x > MOST || !open) revert Far(x);
        uint256 z = x + 1;
        for (uint256 i = 0; i < z; ++i) {
            total -= i << 2;
        }
        emit Set(x);
        return z;
    }
    function get() external view returns (uint256);
}
`;

const found = mutants("A.sol", SOURCE);

test("each fault is named with its place", () => {
  assert.deepEqual(
    found.map(({ line, kind, was, now }) => `${line} ${kind}: ${was} → ${now}`),
    [
      "2 constant: 16 → (16) + 1",
      '5 revert: if (msg.sender != owner) revert No("a == b"); → ',
      "5 comparison: != → ==",
      "8 modifier: onlyOwner → ",
      "9 revert: if (x > MOST || !open) revert Far(x); → ",
      "9 boundary: > → >=",
      "9 comparison: > → <=",
      "9 logic: || → &&",
      "9 logic: ! → ",
      "10 arithmetic: + → -",
      "11 boundary: < → <=",
      "11 comparison: < → >=",
      "12 statement: total -= i << 2; → ",
      "12 arithmetic: -= → +=",
      "14 statement: emit Set(x); → ",
    ],
  );
});

test("a mutant differs from its source in that place only", () => {
  for (const { was, now, source } of found) {
    assert.notEqual(source, SOURCE);
    assert.equal(source.length - SOURCE.length, now.length - was.length);
  }
});

test("a sample is the same for a seed, in order and without doubles", () => {
  const list = Array.from({ length: 50 }, (_, index) => index);
  const first = sample(list, 10, 1);
  assert.deepEqual(sample(list, 10, 1), first);
  assert.notDeepEqual(sample(list, 10, 2), first);
  assert.equal(new Set(first).size, 10);
  assert.deepEqual([...first].sort((a, b) => a - b), first);
  assert.deepEqual(sample(list, 80, 3), list);
});
