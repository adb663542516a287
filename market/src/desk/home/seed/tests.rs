use std::fs;
use std::os::unix::fs::PermissionsExt;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;

fn seed() -> Seed {
    Seed::draw(&mut ChaCha20Rng::from_seed([5; 32]))
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.into())).expect("one line")
}

fn protection(text: &str) -> Protection {
    Protection::Passphrase(passphrase(text), Work::for_tests())
}

fn never() -> Result<Passphrase, PassphraseFault> {
    panic!("nobody needs a passphrase here")
}

fn opened(folder: &Path, text: &str) -> Result<Seed, SeedFault> {
    read(folder, SeedStorage::Encrypted, || Ok(passphrase(text)))
}

#[test]
fn a_seed_comes_back_from_both_ways_of_keeping_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let (closed, plain) = (dir.path().join("closed"), dir.path().join("plain"));
    for (folder, protection) in [(&closed, protection("correct horse")), (&plain, Protection::Plain)] {
        fs::create_dir(folder).expect("made");
        write_new(folder, &seed(), &protection).expect("written");
        assert!(matches!(
            write_new(folder, &seed(), &Protection::Plain),
            Err(SeedFault::File(PrivateFault::Exists(_)))
        ));
    }
    assert_eq!(opened(&closed, "correct horse").expect("opened").bytes(), seed().bytes());
    assert_eq!(read(&plain, SeedStorage::Plain, never).expect("read").bytes(), seed().bytes());
    let text = fs::read(closed.join("seed.age")).expect("read");
    assert!(
        text.starts_with(b"age-encryption.org/v1\n-> scrypt "),
        "another program of that format reads it"
    );
    assert!(!text.windows(16).any(|part| part == &hex::encode(seed().bytes()).as_bytes()[..16]));
}

#[test]
fn a_wrong_passphrase_is_told_from_a_damaged_file() {
    let dir = tempfile::tempdir().expect("a folder");
    write_new(dir.path(), &seed(), &protection("correct horse")).expect("written");
    let said = opened(dir.path(), "correct horsf").expect_err("refused").to_string();
    assert!(said.contains("does not open") && !said.contains("horse"), "{said}");

    let path = dir.path().join("seed.age");
    let whole = fs::read(&path).expect("read");
    for cut in (0..whole.len()).step_by(7) {
        write_private(&path, &whole[..cut]).expect("written");
        assert!(
            matches!(opened(dir.path(), "correct horse"), Err(SeedFault::Damaged { .. })),
            "cut at {cut}"
        );
    }
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        write_private(&path, &changed).expect("written");
        assert!(opened(dir.path(), "correct horse").is_err(), "byte {place} of {} changed", whole.len());
    }
    write_private(&path, &vec![b'x'; 5000]).expect("written");
    assert!(matches!(opened(dir.path(), "x"), Err(SeedFault::File(PrivateFault::Large { .. }))));
    write_private(&path, &[&whole[..], b"more"].concat()).expect("written");
    assert!(opened(dir.path(), "correct horse").is_err(), "more than was written");
}

#[test]
fn t76_a_file_that_asks_for_hours_of_work_is_refused_before_it_is_done() {
    let dir = tempfile::tempdir().expect("a folder");
    write_new(dir.path(), &seed(), &protection("correct horse")).expect("written");
    let path = dir.path().join("seed.age");
    let text = fs::read(&path).expect("read");
    let end = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).expect("two lines").0;
    let costly = [&text[..end - 1], b"63", &text[end..]].concat();
    write_private(&path, &costly).expect("written");
    assert!(matches!(opened(dir.path(), "correct horse"), Err(SeedFault::Excessive(_))));
}

#[test]
fn t73_a_seed_that_others_may_read_and_one_stored_otherwise_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path();
    assert!(matches!(read(folder, SeedStorage::Plain, never), Err(SeedFault::Missing(_))));
    write_new(folder, &seed(), &Protection::Plain).expect("written");
    let said = read(folder, SeedStorage::Encrypted, never).expect_err("refused").to_string();
    assert!(said.contains("keys.seed"), "{said}");
    let path = folder.join("seed");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
    let said = read(folder, SeedStorage::Plain, never).expect_err("refused").to_string();
    assert!(said.contains("0640") && said.contains("chmod 600"), "{said}");
    for wrong in [&b"12345"[..], b"", &[0xff; 64], &[b'g'; 64]] {
        write_private(&path, wrong).expect("written");
        let said = read(folder, SeedStorage::Plain, never).expect_err("refused").to_string();
        assert!(said.contains("64 hex digits") && !said.contains("12345"), "{said}");
    }
    write_private(&path, &[b'0'; 4096]).expect("written");
    assert!(matches!(
        read(folder, SeedStorage::Plain, never),
        Err(SeedFault::File(PrivateFault::Large { size: 4096, .. }))
    ));
    assert_eq!(format!("{:?}", seed()), "Seed(…)");
}

#[test]
fn a_passphrase_is_changed_only_by_who_knows_it() {
    let dir = tempfile::tempdir().expect("a folder");
    write_new(dir.path(), &seed(), &protection("first words")).expect("written");
    let (wrong, first, second) = (passphrase("guess"), passphrase("first words"), passphrase("other words"));
    let refused = change_passphrase(dir.path(), &wrong, &second, Work::for_tests());
    assert!(matches!(refused, Err(SeedFault::Wrong(_))));
    assert!(opened(dir.path(), "first words").is_ok(), "nothing was changed");
    change_passphrase(dir.path(), &first, &second, Work::for_tests()).expect("changed");
    assert!(matches!(opened(dir.path(), "first words"), Err(SeedFault::Wrong(_))));
    assert_eq!(opened(dir.path(), "other words").expect("opened").bytes(), seed().bytes());
}
