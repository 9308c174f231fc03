// Starts the WebAssembly. A file of its own, because the content security policy allows no inline script.
import start from "/enerlink-ui.js";
start({ module_or_path: "/enerlink-ui_bg.wasm" });
