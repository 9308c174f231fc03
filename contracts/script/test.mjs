// Runs every test of the contracts, then the gas check; --full takes the long fuzz and invariant runs.
import { check } from "./gas.mjs";
import { forge } from "./forge.mjs";

const profile = process.argv.includes("--full") ? "full" : (process.env.FOUNDRY_PROFILE ?? "default");
// Tests deploy the built artifacts without importing them, so a filtered run alone might not rebuild these.
forge(["build"]);
forge(["test", "--no-match-path", "test/gas/*"], { FOUNDRY_PROFILE: profile });
check();
