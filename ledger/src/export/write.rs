//! Writing the file.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{DIGEST_CONTEXT, MAGIC, VERSION};
use crate::{
    blobs::{BlobError, Blobs},
    codec::{Encode, put_bytes},
    follow::put_frame,
    node::{Node, ReadError},
    types::{BlobHash, Height},
};

/// The chain cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The chain cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A blob cannot be read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A transaction refers to a blob that is not here.
    #[error("blob {blob}, to which a transaction at height {height} refers, is not here")]
    BlobMissing {
        /// The block.
        height: Height,
        /// The blob.
        blob: BlobHash,
    },
}

/// Writes the chain up to the newest final block, with all blobs that its transactions refer to. Gives the height.
///
/// # Errors
/// When the file cannot be written, the chain cannot be read, or a blob is missing.
pub async fn export(node: &Node, blobs: &dyn Blobs, path: &Path) -> Result<Height, ExportError> {
    let failed = |source| ExportError::Io { path: path.to_owned(), source };
    let height = node.height();
    let draft = path.with_extension("draft");
    let mut sink = Sink::create(&draft).map_err(failed)?;
    sink.put(&header(node)).map_err(failed)?;
    let attached = attachments(node, height, blobs).await?;
    sink.put(&u32::try_from(attached.len()).unwrap_or(u32::MAX).to_bytes()).map_err(failed)?;
    for (blob, at) in attached {
        let bytes = blobs.get(&blob)?.ok_or(ExportError::BlobMissing { height: at, blob })?;
        let mut framed = blob.to_bytes();
        put_bytes(&mut framed, &bytes);
        sink.put(&framed).map_err(failed)?;
    }
    sink.put(&height.to_bytes()).map_err(failed)?;
    for at in (1..=height.get()).map(Height::new) {
        let Some((block, record)) = node.block(at).await? else { break };
        let mut framed = Vec::new();
        put_frame(&mut framed, &block, record.certificate.as_ref());
        sink.put(&framed).map_err(failed)?;
    }
    sink.finish(&draft, path).map_err(failed)?;
    Ok(height)
}

fn header(node: &Node) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    VERSION.encode(&mut bytes);
    node.genesis().encode(&mut bytes);
    bytes
}

/// All blobs that the chain refers to, with the first height that does.
async fn attachments(
    node: &Node,
    height: Height,
    blobs: &dyn Blobs,
) -> Result<Vec<(BlobHash, Height)>, ExportError> {
    let (mut seen, mut attached) = (BTreeSet::new(), Vec::new());
    for at in (1..=height.get()).map(Height::new) {
        let Some((block, _)) = node.block(at).await? else { break };
        for blob in block.txs.iter().flat_map(|tx| node.attachments(tx)) {
            if !blobs.has(&blob)? {
                return Err(ExportError::BlobMissing { height: at, blob });
            }
            if seen.insert(blob) {
                attached.push((blob, at));
            }
        }
    }
    attached.sort_unstable();
    Ok(attached)
}

/// A file that is hashed as it is written.
struct Sink {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
}

impl Sink {
    fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        Ok(Self { file, hasher: blake3::Hasher::new_derive_key(DIGEST_CONTEXT) })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    /// Ends the file, and gives it its name only when it is whole.
    fn finish(mut self, draft: &Path, path: &Path) -> io::Result<()> {
        self.file.write_all(self.hasher.finalize().as_bytes())?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(draft, path)
    }
}
