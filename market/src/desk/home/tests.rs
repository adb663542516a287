use std::fs;
use std::os::unix::fs::PermissionsExt;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([9; 32])
}

fn create(folder: &Path, role: DeskRole) -> Result<DeskHome, HomeFault> {
    let seed = Seed::draw(&mut rng());
    DeskHome::create(folder, DeskConfig::new(role, "St. Mary"), (&seed, &Protection::Plain), &mut rng())
}

fn never() -> Result<Passphrase, PassphraseFault> {
    panic!("nobody needs a passphrase here")
}

#[test]
fn a_new_home_is_closed_and_opens_with_its_keys_and_its_owner() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("desk");
    let layout = create(&folder, DeskRole::Hospital).expect("made").layout().clone();
    for path in layout.folders() {
        assert_eq!(mode(&path), 0o700, "{}", path.display());
    }
    for path in [layout.config(), layout.people(), layout.token(OWNER), folder.join("seed")] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let home = DeskHome::open(&folder, DeskRole::Hospital).expect("opened");
    assert_eq!(home.closed(), []);
    assert_eq!(home.config().keys.seed, SeedStorage::Plain);
    assert_eq!(home.seed(never).expect("read").bytes(), Seed::draw(&mut rng()).bytes());
    let token = fs::read(layout.token(OWNER)).expect("read");
    assert_eq!(home.people().current().expect("read").find(&token), Some(OWNER));
    let said = home.network().expect_err("none yet").to_string();
    assert!(said.contains("no gateway") && said.contains("desk.toml"), "{said}");
}

#[test]
fn one_process_has_a_home_and_no_other_role() {
    let dir = tempfile::tempdir().expect("a folder");
    let home = create(dir.path(), DeskRole::Auditor).expect("made");
    assert!(matches!(DeskHome::open(dir.path(), DeskRole::Auditor), Err(HomeFault::InUse(_))));
    drop(home);
    let said = DeskHome::open(dir.path(), DeskRole::Hospital).expect_err("another").to_string();
    assert!(said.contains("role auditor, not hospital"), "{said}");
    assert!(DeskHome::open(dir.path(), DeskRole::Auditor).is_ok());
    assert!(matches!(create(dir.path(), DeskRole::Auditor), Err(HomeFault::Exists(_))));
    let none = DeskHome::open(&dir.path().join("none"), DeskRole::Auditor).expect_err("none").to_string();
    assert!(none.contains("galen auditor init"), "{none}");
    assert!(!dir.path().join("none").exists(), "asking makes nothing");
}

#[test]
fn what_is_open_is_closed_and_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let layout = create(dir.path(), DeskRole::Researcher).expect("made").layout().clone();
    for (path, open) in [(layout.work(), 0o755), (layout.people(), 0o644)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).expect("set");
    }
    let home = DeskHome::open(dir.path(), DeskRole::Researcher).expect("opened");
    assert_eq!(home.closed(), [(layout.work(), 0o755), (layout.people(), 0o644)]);
    assert_eq!((mode(&layout.work()), mode(&layout.people())), (0o700, 0o600));
}

#[test]
fn a_mistake_in_the_configuration_is_named_and_no_home_is_made_with_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let seed = Seed::draw(&mut rng());
    let config = DeskConfig { approvals: 3, ..DeskConfig::new(DeskRole::Hospital, "St. Mary") };
    let folder = dir.path().join("wrong");
    let refused = DeskHome::create(&folder, config, (&seed, &Protection::Plain), &mut rng());
    assert!(refused.expect_err("refused").to_string().contains("approvals is 1 or 2"));
    assert!(!folder.exists());
    let layout = create(dir.path(), DeskRole::Hospital).expect("made").layout().clone();
    let text = fs::read_to_string(layout.config()).expect("read").replace("approvals = 1", "aprovals = 1");
    fs::write(layout.config(), text).expect("written");
    let said = DeskHome::open(dir.path(), DeskRole::Hospital).expect_err("refused").to_string();
    assert!(said.contains("desk.toml") && said.contains("aprovals") && said.contains("line "), "{said}");
}

#[test]
fn a_home_that_was_not_finished_is_none_and_its_seed_is_not_overwritten() {
    let dir = tempfile::tempdir().expect("a folder");
    seed::write_new(dir.path(), &Seed::draw(&mut rng()), &Protection::Plain).expect("written");
    let said = create(dir.path(), DeskRole::Hospital).expect_err("refused").to_string();
    assert!(said.contains("seed is there already"), "{said}");
    assert!(matches!(DeskHome::open(dir.path(), DeskRole::Hospital), Err(HomeFault::NoHome { .. })));
}
