use std::fs;
use std::os::unix::fs::PermissionsExt;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::private::write_private;

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn home() -> (tempfile::TempDir, PeopleFile) {
    let dir = tempfile::tempdir().expect("a folder");
    let file = PeopleFile::new(dir.path().join("people.json"));
    (dir, file)
}

#[test]
fn a_token_finds_its_person_and_nothing_else_does() {
    let (_dir, file) = home();
    let [anna, ben] =
        [("Anna", 1), ("Ben", 2)].map(|(name, seed)| file.add(name, &mut rng(seed)).expect("added"));
    let people = file.current().expect("read");
    assert_eq!(people.find(anna.text().as_bytes()), Some("Anna"));
    assert_eq!(people.find(ben.line().as_bytes()), Some("Ben"), "the end of a line does not count");
    for wrong in [&b""[..], b"Anna", &anna.text().as_bytes()[1..], &[b'0'; 64], &[0xff; 1000]] {
        assert_eq!(people.find(wrong), None);
    }
    let hash = serde_json::to_value(&*people).expect("JSON")["people"][0]["token"].clone();
    assert_eq!(people.find(hash.as_str().expect("text").as_bytes()), None, "the hash is no token");
}

#[test]
fn t73_a_token_is_neither_in_the_file_nor_in_a_debug_text() {
    let (_dir, file) = home();
    let token = file.add("Anna", &mut rng(1)).expect("added");
    let text = fs::read_to_string(file.path()).expect("read");
    assert!(!text.contains(token.text()) && text.contains("Anna"), "{text}");
    assert!(!format!("{token:?}{:?}", file.current()).contains(token.text()));
    assert_eq!(fs::metadata(file.path()).expect("there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn t70_who_is_removed_is_nobody_at_once_also_where_the_file_was_read_before() {
    let (_dir, file) = home();
    let running = PeopleFile::new(file.path());
    let anna = file.add("Anna", &mut rng(1)).expect("added");
    assert!(matches!(file.remove("Anna"), Err(PeopleFault::Last(_))), "somebody must be left");
    assert_eq!(running.current().expect("read").len(), 1);
    let ben = file.add("Ben", &mut rng(2)).expect("added");
    assert_eq!(running.current().expect("read").find(ben.text().as_bytes()), Some("Ben"));
    file.remove("Anna").expect("removed");
    assert_eq!(running.current().expect("read").find(anna.text().as_bytes()), None);
    assert!(matches!(file.remove("Anna"), Err(PeopleFault::Unknown(_))));
}

#[test]
fn names_are_one_line_and_taken_once_whatever_their_case() {
    let (_dir, file) = home();
    file.add("Anna", &mut rng(1)).expect("added");
    for name in ["", " Anna", "An\nna", &"x".repeat(MAX_NAME + 1)] {
        assert!(matches!(file.add(name, &mut rng(2)), Err(PeopleFault::Name)), "{name:?}");
    }
    // Two approvals by "Anna" and "anna" would look like two people.
    assert!(matches!(file.add("ANNA", &mut rng(2)), Err(PeopleFault::Taken(_))));
    assert_eq!(file.current().expect("read").len(), 1, "what was refused changed nothing");
}

#[test]
fn t76_a_list_that_is_truncated_huge_or_of_another_encoding_lets_nobody_in() {
    let (_dir, file) = home();
    let token = file.add("Anna", &mut rng(1)).expect("added");
    let whole = fs::read(file.path()).expect("read");
    for cut in 0..whole.len() {
        write_private(file.path(), &whole[..cut]).expect("written");
        assert!(matches!(file.current(), Err(PeopleFault::Damaged { .. })), "cut at {cut}");
    }
    let wrong = [
        String::from_utf8_lossy(&whole).replace("\"since\"", "\"sinse\""),
        format!(
            "{{\"people\":[{0},{0}]}}",
            serde_json::to_value(serde_json::from_slice::<People>(&whole).expect("read")).expect("JSON")["people"]
                [0]
        ),
    ];
    for text in wrong.iter().map(String::as_bytes).chain([&[0xff, 0xfe][..], &[b' '; (1 << 20) + 1]]) {
        write_private(file.path(), text).expect("written");
        assert!(
            file.current().is_err(),
            "{}",
            String::from_utf8_lossy(text).chars().take(80).collect::<String>()
        );
    }
    write_private(file.path(), &whole).expect("written");
    assert_eq!(file.current().expect("read").find(token.text().as_bytes()), Some("Anna"));
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).expect("set");
    assert!(People::load(file.path()).expect_err("open").to_string().contains("0644"));
}
