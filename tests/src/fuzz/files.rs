//! What is read from disk: the log, the file of the sign state, and an exported chain from anybody.

use std::sync::{Arc, LazyLock};

use galen_ledger::{
    AppError, Application, BlockContext, Consortium, ConsortiumSettings, LightProof, Receipt, Refusal,
    StateRead, StateWrite,
    chain::{Parameters, Statement},
    codec::Encode,
    consensus::{Record, SignState},
    lanes::{Numbering, Numbers},
    light::Trust,
    storage::{
        Journal, Log, MemoryStorage, Storage,
        sign_file::{Slot, SlotFile},
    },
    types::Cycle,
    verify_chain,
};

use super::{
    Target, checked, decoded, way,
    world::{WORLD, outcome},
};

const LOG: &str = "log-00000000";

/// The readers of files.
pub fn targets() -> Vec<Target> {
    vec![
        Target::new("log", log, || vec![log_seed()]),
        Target::new("journal", journal, || vec![journal_seed()]),
        Target::new("sign_file", slot_file::<SignState>, || vec![slot_seed(signed())]),
        Target::new("number_file", slot_file::<Numbers>, || vec![slot_seed(reserved())]),
        Target {
            memory: 4096,
            mutations: 1000,
            ..Target::new("export", export, || vec![CHAIN.export.clone()])
        },
        Target { mutations: 3000, ..Target::new("light_proof", light_proof, || CHAIN.proofs.clone()) },
    ]
}

/// An application that takes every transaction.
pub struct Plain;

impl Plain {
    /// Shared.
    pub fn shared() -> Arc<dyn Application> {
        Arc::new(Self)
    }
}

impl Application for Plain {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        state.put(b"config", config.to_vec());
        Ok(())
    }

    fn check(&self, _: &dyn StateRead, _: &BlockContext, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    fn execute(&self, state: &mut dyn StateWrite, _: &BlockContext, tx: &[u8]) -> Receipt {
        state.put(b"last", tx.to_vec());
        Receipt::accepted(vec![])
    }
}

fn file(name: &str, bytes: &[u8]) -> MemoryStorage {
    let mut storage = MemoryStorage::new();
    storage.create(name).expect("memory");
    storage.append(name, bytes).expect("memory");
    storage.sync(name).expect("memory");
    storage
}

fn contents(storage: &MemoryStorage, name: &str) -> Vec<u8> {
    let length = usize::try_from(storage.len(name).expect("there")).expect("short");
    storage.read(name, 0, length).expect("there")
}

/// What is opened once can be opened again, with the same records, and continued.
fn log(bytes: &[u8]) -> String {
    let storage = file(LOG, bytes);
    let read = |storage: &MemoryStorage| {
        let mut entries = Vec::new();
        let log = Log::open(Box::new(storage.clone()), |entry| entries.push((entry.kind, entry.bytes)));
        log.map(|log| (log, entries))
    };
    match read(&storage) {
        Ok((mut log, entries)) => {
            log.append(9, b"more").expect("memory");
            log.sync().expect("memory");
            let (_, more) = read(&storage).expect("what was opened opens again");
            assert_eq!(more.split_last().map(|(last, rest)| (last.0, rest)), Some((9, &entries[..])));
            format!("{} records", entries.len().min(9))
        }
        Err(error) => way(&error),
    }
}

/// The records of a log that are whole, whatever they say.
fn journal(bytes: &[u8]) -> String {
    let storage = Box::new(file(LOG, bytes));
    match Journal::open(storage, &WORLD.genesis, outcome(0), SignState::default()) {
        Ok((mut journal, recovered)) => {
            let minis = journal.take_minis().len().min(3);
            let (votes, certificates) = (recovered.votes.len().min(3), recovered.certificates.len().min(3));
            let blocks = recovered.blocks.len().min(3);
            format!("{votes} votes, {certificates} certificates, {blocks} blocks, {minis} mini-blocks")
        }
        Err(error) => way(&error),
    }
}

/// The files of the sign state, and of the numbers of mini-blocks.
fn slot_file<T: Slot + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> String {
    let storage = file(T::FILE, bytes);
    match SlotFile::<T>::open(Box::new(storage.clone())) {
        Ok((mut file, state)) => {
            file.write(&state).expect("memory");
            let (_, again) = SlotFile::<T>::open(Box::new(storage)).expect("what was opened opens again");
            assert_eq!(again, state);
            format!("opens, new: {}", state == T::default())
        }
        Err(error) => way(&error),
    }
}

/// An exported chain without its digest, which anybody can compute.
fn export(content: &[u8]) -> String {
    let digest = blake3::derive_key("galen ledger v1 chain export", content);
    let bytes = [content, &digest].concat();
    let verified = verify_chain(&bytes, None, |_, _| Ok(Plain::shared()));
    verified
        .map_or_else(|fault| way(&fault), |chain| format!("{} blocks", chain.report().height.get().min(3)))
}

/// What somebody says of a chain to a client that has only its genesis, without magic and digest.
fn light_proof(bytes: &[u8]) -> String {
    decoded(bytes, |proof: LightProof| {
        assert_eq!(LightProof::from_file(&proof.to_file()).ok().as_ref(), Some(&proof));
        checked(proof.verify(Trust::Chain(proof.chain_id)).map(drop))
    })
}

fn log_seed() -> Vec<u8> {
    let storage = MemoryStorage::new();
    let mut log = Log::open(Box::new(storage.clone()), |_| {}).expect("opens");
    for batch in 0..3u8 {
        log.append(batch + 1, &[batch; 20]).expect("memory");
        log.append(batch + 2, &[]).expect("memory");
        log.sync().expect("memory");
    }
    contents(&storage, LOG)
}

fn journal_seed() -> Vec<u8> {
    let storage = MemoryStorage::new();
    let opened = Journal::open(Box::new(storage.clone()), &WORLD.genesis, outcome(0), SignState::default());
    let (mut journal, _) = opened.expect("opens");
    let block = Arc::new(WORLD.first(vec![]));
    let [notarize, _, finalize] = WORLD.statements();
    for record in [
        Record::Block(Arc::clone(&block)),
        Record::Vote(WORLD.vote(0, notarize)),
        Record::Certificate(WORLD.certificate(notarize, &[0, 1, 2])),
        Record::Certificate(WORLD.certificate(finalize, &[0, 1, 2])),
    ] {
        journal.persist(&record).expect("memory");
    }
    journal.persist_mini(&WORLD.mini(1, 0)).expect("memory");
    let certificate = Some(WORLD.certificate(finalize, &[0, 1, 2]));
    let committed = galen_ledger::consensus::Committed { block, outcome: outcome(1), certificate };
    journal.finalize(&committed).expect("memory");
    journal.sync().expect("memory");
    contents(&storage, LOG)
}

fn slot_seed<T: Slot>(state: T) -> Vec<u8> {
    let storage = MemoryStorage::new();
    let (mut file, _) = SlotFile::<T>::open(Box::new(storage.clone())).expect("opens");
    file.write(&state).expect("memory");
    contents(&storage, T::FILE)
}

fn signed() -> SignState {
    let (mut state, view) = (SignState::default(), galen_ledger::View::new(4));
    assert!(state.vote(WORLD.committee.cycle(), &Statement::Nullify { view }));
    state
}

fn reserved() -> Numbers {
    let first = Numbering::after(Numbers::default(), 0).next(Cycle::new(3));
    first.and_then(|(_, reserved)| reserved).expect("the first number reserves some")
}

/// What a consortium that ran leaves behind.
struct Chain {
    export: Vec<u8>,
    proofs: Vec<Vec<u8>>,
}

static CHAIN: LazyLock<Chain> = LazyLock::new(run);

fn run() -> Chain {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = ConsortiumSettings::new(folder.path(), b"config".to_vec());
    settings.parameters = Parameters { cycle_blocks: 3, beacon_interval: 3, ..settings.parameters };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let consortium = Consortium::start(settings, |_, _| Plain::shared()).expect("starts");
        consortium.submit(*b"one").await.expect("final");
        consortium.advance(4).await.expect("goes on");
        let path = folder.path().join("chain");
        consortium.export(&path).await.expect("exports");
        let mut export = std::fs::read(&path).expect("is there");
        export.truncate(export.len() - 32);
        let node = consortium.nodes().into_iter().next().expect("members");
        let keys: [&[&[u8]]; 2] = [&[], &[b"last", b"nothing"]];
        let proof = |keys: &[&[u8]]| {
            let keys: Vec<_> = keys.iter().map(|key| key.to_vec()).collect();
            let proof = node.light_proof(&keys).expect("reads").expect("blocks");
            LightProof { genesis: Some(consortium.genesis().as_ref().clone()), ..proof }.to_bytes()
        };
        let proofs = keys.map(proof).to_vec();
        consortium.stop().await;
        Chain { export, proofs }
    })
}
