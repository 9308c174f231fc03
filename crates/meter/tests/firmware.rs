//! The firmware of `docs/firmware` compiles, as far as a compiler on this computer can tell: what it calls is declared
//! beside this file, as the libraries declare it.

use std::{
    path::Path,
    process::{Command, Output},
};

/// Compiles a sketch without making anything of it; none without a C++ compiler.
fn compiled(sketch: &Path) -> Option<Output> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["c++", "g++", "clang++"].iter().find_map(|compiler| {
        let mut command = Command::new(compiler);
        command
            .args(["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"])
            .args(["-include", "Arduino.h", "-x", "c++"])
            .arg("-I")
            .arg(here.join("tests/arduino"))
            .arg(sketch);
        command.output().ok()
    })
}

#[test]
fn the_sketch_compiles_and_one_with_a_mistake_does_not() {
    let sketch =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/firmware/enerlink-meter/enerlink-meter.ino");
    let Some(output) = compiled(&sketch) else {
        eprintln!("not checked: there is no C++ compiler");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let wrong = tempfile::tempdir().expect("a directory");
    let wrong_sketch = wrong.path().join("wrong.ino");
    let text = std::fs::read_to_string(&sketch).expect("readable");
    let text = text.replace("mqtt.setBufferSize", "mqtt.setBuffersSize");
    std::fs::write(&wrong_sketch, text).expect("writable");
    let output = compiled(&wrong_sketch).expect("the same compiler");
    assert!(!output.status.success(), "the check finds mistakes");
}
