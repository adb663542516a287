//! Founding a consortium in a folder, or finding it there.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{ConsortiumError, ConsortiumSettings};
use crate::{
    chain::{Candidate, Genesis},
    codec::{Decode, Encode},
    crypto::SecretKey,
    types::MemberIndex,
};

/// Folder of a member.
pub(super) fn member_home(dir: &Path, member: MemberIndex) -> PathBuf {
    dir.join(format!("member-{member}"))
}

/// The genesis and the members' keys: those in the folder, or new ones.
pub(super) fn found(settings: &ConsortiumSettings) -> Result<(Genesis, Vec<SecretKey>), ConsortiumError> {
    let path = settings.dir.join("genesis");
    if !path.exists() {
        establish(settings, &path)?;
    }
    let bytes = fs::read(&path).map_err(|error| file(&path, error))?;
    let genesis = Genesis::from_bytes(&bytes).map_err(|error| file(&path, error))?;
    genesis.validate().map_err(|fault| file(&path, fault))?;
    same(settings, &genesis)?;
    let homes = (0..).map(|index| member_home(&settings.dir, number(index)));
    // Those that joined later are there too.
    let joined =
        |(index, home): &(usize, PathBuf)| *index < genesis.members.len() || home.join("key").exists();
    let keys =
        homes.enumerate().take_while(joined).map(|(_, home)| read_key(&home)).collect::<Result<_, _>>()?;
    Ok((genesis, keys))
}

/// The member with this place in the list.
pub(super) fn number(index: usize) -> MemberIndex {
    MemberIndex::new(u16::try_from(index).unwrap_or(u16::MAX))
}

fn file(path: &Path, reason: impl std::fmt::Display) -> ConsortiumError {
    ConsortiumError::File { path: path.to_owned(), reason: reason.to_string() }
}

fn same(settings: &ConsortiumSettings, genesis: &Genesis) -> Result<(), ConsortiumError> {
    let differing = [
        (settings.name == genesis.name, "name"),
        (settings.members == genesis.members.len(), "number of members"),
        (settings.parameters == genesis.parameters, "parameters"),
        (settings.config == genesis.config, "application configuration"),
    ];
    match differing.into_iter().find(|(same, _)| !same) {
        Some((_, what)) => Err(ConsortiumError::OtherGenesis { dir: settings.dir.clone(), what }),
        None => Ok(()),
    }
}

/// Draws keys and writes the genesis, which comes last: without it the keys count for nothing and are drawn again.
fn establish(settings: &ConsortiumSettings, path: &Path) -> Result<(), ConsortiumError> {
    let mut members = Vec::new();
    for member in (0..).map(MemberIndex::new).take(settings.members) {
        let home = member_home(&settings.dir, member);
        let key = SecretKey::generate(&mut rand::rngs::OsRng);
        write_key(&home, &key)?;
        members.push(Candidate::new(format!("member {member}"), &key, None));
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let genesis = Genesis {
        name: settings.name.clone(),
        time_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        members,
        parameters: settings.parameters,
        config: settings.config.clone(),
    };
    genesis.validate().map_err(|fault| file(path, fault))?;
    write_whole(path, &genesis.to_bytes(), 0o644)
}

pub(super) fn write_key(home: &Path, key: &SecretKey) -> Result<(), ConsortiumError> {
    fs::create_dir_all(home).map_err(|error| file(home, error))?;
    write_whole(&home.join("key"), hex::encode(key.to_secret_bytes()).as_bytes(), 0o600)
}

fn read_key(home: &Path) -> Result<SecretKey, ConsortiumError> {
    let path = home.join("key");
    let text = fs::read_to_string(&path).map_err(|error| file(&path, error))?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes)
        .map_err(|_| file(&path, "not a key of 64 hexadecimal digits"))?;
    Ok(SecretKey::from_bytes(&bytes))
}

/// Writes a file that is there whole, or not at all.
fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ConsortiumError> {
    let draft = path.with_extension("draft");
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut handle = options.write(true).create(true).truncate(true).mode(mode).open(&draft)?;
        handle.write_all(bytes)?;
        handle.sync_all()?;
        fs::rename(&draft, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|error| file(path, error))
}
