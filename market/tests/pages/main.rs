//! Pages: what they are made of, looked at and checked. `target/gallery` has them as files, to open in a browser.

mod assets;
mod contrast;
mod gallery;
mod markup;
mod words;
