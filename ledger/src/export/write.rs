//! Writing the file.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    future::Future,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{DIGEST_CONTEXT, MAGIC, VERSION};
use crate::{
    blobs::{BlobError, Blobs},
    chain::{Block, Certificate, Genesis},
    codec::{Encode, put_bytes},
    execution::StoreError,
    follow::{Follower, put_frame},
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
    /// What was followed cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob cannot be read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A block is not kept here.
    #[error("block {0} is not here: who began with a snapshot does not have the blocks before it")]
    BlockMissing(Height),
    /// A transaction refers to a blob that is not here.
    #[error("blob {blob}, to which a transaction at height {height} refers, is not here")]
    BlobMissing {
        /// The block.
        height: Height,
        /// The blob.
        blob: BlobHash,
    },
}

/// A chain that can be written down: a node's own, or one that is followed.
pub trait Source: Sync {
    /// What it began with.
    fn genesis(&self) -> &Genesis;

    /// Height of the newest block.
    fn newest(&self) -> Height;

    /// A final block, with its certificate if it has one of its own; none if it is not here.
    fn final_block(
        &self,
        height: Height,
    ) -> impl Future<Output = Result<Option<(Block, Option<Certificate>)>, ExportError>> + Send;

    /// The blobs that a transaction refers to.
    fn blobs_of(&self, tx: &[u8]) -> Vec<BlobHash>;
}

impl Source for Node {
    fn genesis(&self) -> &Genesis {
        Self::genesis(self)
    }

    fn newest(&self) -> Height {
        self.height()
    }

    async fn final_block(&self, height: Height) -> Result<Option<(Block, Option<Certificate>)>, ExportError> {
        let found = self.block(height).await?;
        Ok(found.map(|(block, record)| (block, record.certificate)))
    }

    fn blobs_of(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.attachments(tx)
    }
}

impl Source for Follower {
    fn genesis(&self) -> &Genesis {
        Self::genesis(self)
    }

    fn newest(&self) -> Height {
        self.position().height
    }

    async fn final_block(&self, height: Height) -> Result<Option<(Block, Option<Certificate>)>, ExportError> {
        Ok(self.block(height)?)
    }

    fn blobs_of(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.attachments(tx)
    }
}

/// Writes the chain up to the newest block under a certificate of its own, with all blobs that its transactions refer to. Gives
/// the height.
///
/// # Errors
/// When the file cannot be written, the chain cannot be read, or a block or blob is missing.
pub async fn export(chain: &impl Source, blobs: &dyn Blobs, path: &Path) -> Result<Height, ExportError> {
    let height = certified(chain).await?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = Draft(draft.into());
    write(chain, blobs, height, &draft, path).await?;
    Ok(height)
}

/// A file that is removed, unless it was given another name.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

async fn write(
    chain: &impl Source,
    blobs: &dyn Blobs,
    height: Height,
    draft: &Draft,
    path: &Path,
) -> Result<(), ExportError> {
    let failed = |source| ExportError::Io { path: path.to_owned(), source };
    let mut sink = Sink::create(&draft.0).map_err(failed)?;
    sink.put(&header(chain.genesis())).map_err(failed)?;
    let attached = attachments(chain, height, blobs).await?;
    sink.put(&u32::try_from(attached.len()).unwrap_or(u32::MAX).to_bytes()).map_err(failed)?;
    for (blob, at) in attached {
        let bytes = blobs.get(&blob)?.ok_or(ExportError::BlobMissing { height: at, blob })?;
        let mut framed = blob.to_bytes();
        put_bytes(&mut framed, &bytes);
        sink.put(&framed).map_err(failed)?;
    }
    sink.put(&height.to_bytes()).map_err(failed)?;
    for at in (1..=height.get()).map(Height::new) {
        let (block, certificate) = kept(chain, at).await?;
        let mut framed = Vec::new();
        put_frame(&mut framed, &block, certificate.as_ref());
        sink.put(&framed).map_err(failed)?;
    }
    sink.finish(&draft.0, path).map_err(failed)
}

fn header(genesis: &Genesis) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    VERSION.encode(&mut bytes);
    genesis.encode(&mut bytes);
    bytes
}

async fn kept(chain: &impl Source, at: Height) -> Result<(Block, Option<Certificate>), ExportError> {
    chain.final_block(at).await?.ok_or(ExportError::BlockMissing(at))
}

/// The newest block that has a certificate of its own, 0 before the first: what is followed may be read between two of them.
async fn certified(chain: &impl Source) -> Result<Height, ExportError> {
    for at in (1..=chain.newest().get()).rev().map(Height::new) {
        if kept(chain, at).await?.1.is_some() {
            return Ok(at);
        }
    }
    Ok(Height::new(0))
}

/// All blobs that the chain refers to, with the first height that does.
async fn attachments(
    chain: &impl Source,
    height: Height,
    blobs: &dyn Blobs,
) -> Result<Vec<(BlobHash, Height)>, ExportError> {
    let (mut seen, mut attached) = (BTreeSet::new(), Vec::new());
    for at in (1..=height.get()).map(Height::new) {
        let (block, _) = kept(chain, at).await?;
        for blob in block.txs.iter().flat_map(|tx| chain.blobs_of(tx)) {
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
