// Only a run of slither that saw the contracts and found nothing passes.
import assert from "node:assert/strict";
import test from "node:test";
import { judge, unexplained } from "./slither.mjs";

const SEEN = "INFO:Detectors:\nINFO:Slither:. analyzed (75 contracts with 102 detectors), 9 result(s) found\n";

test("findings of low impact pass", () => {
  assert.equal(judge(0, SEEN), undefined);
});

test("findings of medium impact and more fail", () => {
  assert.match(judge(255, SEEN), /medium/);
});

test("what slither could not read fails, whatever its exit code", () => {
  assert.match(judge(0, `ERROR:ContractSolcParsing:Missing function\n${SEEN}`), /Missing function/);
  assert.match(judge(0, ""), /nothing/);
  assert.match(judge(0, SEEN.replace("75", "0")), /nothing/);
});

test("looking away needs a reason in the line before", () => {
  const away = "// slither-disable-next-line uninitialized-local";
  assert.deepEqual(unexplained(`// Memory begins as zeros.\n${away}\nuint256 x;`), []);
  assert.deepEqual(unexplained(`uint256 y;\n${away}\n${away}\nuint256 x;`), [2, 3]);
});
