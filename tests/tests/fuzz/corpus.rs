//! The files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The folder of the corpora.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

/// Targets that have one.
pub fn folders() -> BTreeSet<String> {
    let entries = fs::read_dir(root()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The inputs of a target, by the names of their files.
pub fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(root().join(target)) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.into_iter().map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

/// Puts other inputs in the place of all that were not found by a failure.
pub fn write(target: &str, inputs: &[Vec<u8>]) {
    let folder = root().join(target);
    fs::create_dir_all(&folder).unwrap();
    for (name, _) in self::inputs(target) {
        if !name.starts_with("found-") {
            fs::remove_file(folder.join(name)).unwrap();
        }
    }
    for (number, input) in inputs.iter().enumerate() {
        fs::write(folder.join(format!("{number:02}")), input).unwrap();
    }
}

/// Keeps an input that brought a target down; its path from the root of the project.
pub fn keep(target: &str, input: &[u8]) -> String {
    let hash = blake3::hash(input).to_hex();
    let path = format!("target/fuzz/{target}-{}", &hash[..12]);
    let file = root().join("../../..").join(&path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, input).unwrap();
    path
}
