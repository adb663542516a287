//! The log and the sign state under crashes and damage.

use galen_ledger::{
    View,
    chain::Statement,
    codec::{Decode, Encode},
    consensus::SignState,
    storage::{FaultyStorage, FileStorage, Log, LogError, MemoryStorage, NumberFile, SignFile, Storage},
    types::{BlockHash, Cycle},
};

const LOG: &str = "log-00000000";

fn read(storage: &MemoryStorage) -> Result<Vec<(u8, Vec<u8>)>, LogError> {
    let mut entries = Vec::new();
    Log::open(Box::new(storage.clone()), |entry| entries.push((entry.kind, entry.bytes)))?;
    Ok(entries)
}

/// A log of three synchronised batches of two records each.
fn written() -> (MemoryStorage, Vec<(u8, Vec<u8>)>) {
    let storage = MemoryStorage::new();
    let mut log = Log::open(Box::new(storage.clone()), |_| {}).expect("opens");
    let mut records = Vec::new();
    for batch in 0..3u8 {
        for record in 0..2u8 {
            let bytes = vec![batch * 16 + record; usize::from(batch) * 7 + 3];
            log.append(record + 1, &bytes).expect("appends");
            records.push((record + 1, bytes));
        }
        log.sync().expect("syncs");
    }
    (storage, records)
}

fn contents(storage: &MemoryStorage) -> Vec<u8> {
    storage.read(LOG, 0, storage.len(LOG).expect("there") as usize).expect("reads")
}

fn with_contents(bytes: &[u8]) -> MemoryStorage {
    let mut storage = MemoryStorage::new();
    storage.create(LOG).expect("creates");
    storage.append(LOG, bytes).expect("appends");
    storage.sync(LOG).expect("syncs");
    storage
}

#[test]
fn t54_a_log_cut_anywhere_opens_with_a_prefix_of_its_records_and_can_be_continued() {
    let (storage, records) = written();
    let bytes = contents(&storage);
    let mut lengths = Vec::new();
    for end in 0..=bytes.len() {
        let cut = with_contents(&bytes[..end]);
        let found = read(&cut).expect("a torn tail is cut");
        assert_eq!(found, records[..found.len()], "cut at {end}");
        lengths.push(found.len());
        let mut log = Log::open(Box::new(cut.clone()), |_| {}).expect("opens");
        log.append(9, b"more").expect("appends");
        log.sync().expect("syncs");
        assert_eq!(read(&cut).expect("reads").last(), Some(&(9, b"more".to_vec())));
    }
    assert!(lengths.is_sorted());
    assert_eq!(lengths.last(), Some(&6));
}

#[test]
fn t54_a_flipped_byte_before_the_last_synchronisation_refuses_to_open_and_says_what_to_do() {
    let (storage, records) = written();
    let bytes = contents(&storage);
    let last_batch = bytes.len() - 2 * (8 + 1 + 17);
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x40;
        let found = read(&with_contents(&damaged));
        if place < last_batch {
            let error = found.expect_err("damaged").to_string();
            assert!(error.contains("restore it from a backup"), "{error}");
        } else {
            // Nothing after it proves that the last batch was synchronised: it is a torn tail; the sign state file
            // still prevents a second vote.
            let found = found.expect("torn");
            assert!(found.len() < 6 && found[..] == records[..found.len()]);
        }
    }
}

#[test]
fn t54_a_disk_that_keeps_any_parts_of_the_unsynchronised_tail_does_not_stop_the_node() {
    let (storage, records) = written();
    let synced = contents(&storage).len();
    let mut log = Log::open(Box::new(storage.clone()), |_| {}).expect("opens");
    for byte in 0..3u8 {
        log.append(3, &[byte; 50]).expect("appends");
    }
    let bytes = contents(&storage);
    for hole in synced..bytes.len() {
        let mut torn = bytes.clone();
        torn[hole] = !torn[hole];
        let found = read(&with_contents(&torn)).expect("what was not synchronised may be lost");
        assert!(found.len() >= 6 && found[..6] == records[..]);
    }
}

#[test]
fn t54_records_that_were_synchronised_survive_a_disk_that_fails_at_any_operation() {
    for operations in 0..40 {
        let inner = MemoryStorage::new();
        let faulty = FaultyStorage::new(inner.clone(), operations);
        let mut durable = 0;
        let mut failed = false;
        if let Ok(mut log) = Log::open(Box::new(faulty), |_| {}) {
            for record in 0..10u8 {
                let done = log.append(1, &[record; 20]).and_then(|_| log.sync());
                match done {
                    Ok(()) if failed => panic!("a log that failed once must not go on"),
                    Ok(()) => durable += 1,
                    Err(_) => failed = true,
                }
            }
        }
        for kept in [0, 1, 10, 28, 29, 1000] {
            let found = read(&inner.after_power_cut(kept)).expect("opens");
            assert!(found.len() >= durable, "{operations} operations, {kept} bytes kept");
            let expected: Vec<_> = (0..found.len()).map(|record| (1, vec![record as u8; 20])).collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn records_can_be_read_again_and_files_behave_as_memory_does() {
    let dir = tempfile::tempdir().expect("dir");
    let mut places = Vec::new();
    {
        let storage = FileStorage::open(dir.path().join("log")).expect("opens");
        let mut log = Log::open(Box::new(storage), |_| {}).expect("opens");
        for byte in 0..5u8 {
            places.push(log.append(2, &[byte; 1000]).expect("appends"));
        }
        log.sync().expect("syncs");
    }
    let storage = FileStorage::open(dir.path().join("log")).expect("opens");
    let mut seen = 0;
    let log = Log::open(Box::new(storage), |_| seen += 1).expect("opens");
    assert_eq!(seen, 5);
    for (byte, place) in (0..).zip(places) {
        assert_eq!(log.read(place).expect("reads").bytes, vec![byte; 1000]);
    }
}

#[test]
fn t54_the_sign_state_survives_a_torn_write_of_the_next() {
    let notarize =
        |view, byte| Statement::Notarize { view: View::new(view), block: BlockHash::from_bytes([byte; 32]) };
    let cycle = Cycle::new(0);
    let storage = MemoryStorage::new();
    let (mut file, mut state) = SignFile::open(Box::new(storage.clone())).expect("opens");
    for view in 1..6 {
        assert!(state.vote(cycle, &notarize(view, 1)));
        file.write(&state).expect("writes");
        let (_, found) = SignFile::open(Box::new(storage.clone())).expect("opens");
        assert_eq!(found, state);
        let mut next = state;
        assert!(next.vote(cycle, &notarize(view + 1, 2)));
        let torn = storage.after_power_cut(0);
        let faulty = FaultyStorage::new(torn.clone(), 0);
        let (mut dying, _) = SignFile::open(Box::new(faulty)).expect("opens");
        assert!(dying.write(&next).is_err());
        let (_, found) = SignFile::open(Box::new(torn)).expect("opens");
        assert_eq!(found, state, "half of a slot was written");
    }
}

#[test]
fn t54_a_sign_state_with_both_slots_damaged_refuses_to_open() {
    let mut storage = MemoryStorage::new();
    let (mut file, mut state) = SignFile::open(Box::new(storage.clone())).expect("opens");
    assert!(state.vote(Cycle::new(0), &Statement::Nullify { view: View::new(1) }));
    file.write(&state).expect("writes");
    storage.write_at("sign_state", 20, &[0xff; 4]).expect("damages");
    assert!(SignFile::open(Box::new(storage.clone())).is_ok(), "one slot is whole");
    storage.write_at("sign_state", 4096 + 20, &[0xff; 4]).expect("damages");
    let error = SignFile::open(Box::new(storage)).err().expect("refuses").to_string();
    assert!(error.contains("must not sign"), "{error}");
    assert_eq!(SignState::from_bytes(&state.to_bytes()), Ok(state));
}

/// A folder with these files, of these lengths.
fn folder(files: &[(&str, usize)]) -> Box<MemoryStorage> {
    let mut storage = MemoryStorage::new();
    for (name, length) in files {
        storage.create(name).expect("makes");
        storage.append(name, &vec![0; *length]).expect("writes");
    }
    Box::new(storage)
}

#[test]
fn t54_a_sign_state_that_is_short_or_gone_refuses_to_open_unless_nothing_ever_ran() {
    let whole = 2 * 4096;
    let beside: [&[(&str, usize)]; 3] =
        [&[("log-00000000", 99)], &[("mini_blocks", whole)], &[("mini_blocks", whole), ("log-00000003", 0)]];
    for length in [Some(0), Some(1), Some(4096), Some(whole - 1), None] {
        let of = |name| length.map(|length| (name, length)).into_iter();
        for beside in beside {
            let files: Vec<_> = of("sign_state").chain(beside.iter().copied()).collect();
            let refused = SignFile::open(folder(&files)).err().expect("refuses");
            assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData, "{files:?}");
            assert!(refused.to_string().contains("must not sign"), "{refused}");
        }
        // The very first start was broken off.
        let files: Vec<_> = of("sign_state").collect();
        let (_, state) = SignFile::open(folder(&files)).expect("begins");
        assert_eq!(state, SignState::default());
        // Numbers begin afresh when their file was removed, not when it was cut.
        let log = ("log-00000000", 99);
        for beside in [vec![("sign_state", whole)], vec![("sign_state", whole), log]] {
            let ran = beside.contains(&log);
            let files: Vec<_> = of("mini_blocks").chain(beside).collect();
            let opened = NumberFile::open(folder(&files));
            assert_eq!(opened.is_ok(), length.is_none() || !ran, "{files:?}");
        }
    }
}
