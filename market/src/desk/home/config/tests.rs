use super::*;

fn config(role: DeskRole) -> DeskConfig {
    DeskConfig {
        gateway: Some("https://gateway.example:7711".into()),
        chain: Some(ChainId::from_bytes([7; 32])),
        ..DeskConfig::new(role, "St. \"Mary\" of Köln")
    }
}

fn read(text: &str) -> Result<DeskConfig, toml::de::Error> {
    toml::from_str(text)
}

#[test]
fn what_is_written_is_read_again() {
    for role in DeskRole::ALL {
        for config in [config(role), DeskConfig::new(role, "x")] {
            assert_eq!(config.mistakes(), Vec::<String>::new());
            assert_eq!(read(&config.to_text()).expect("reads"), config, "{}", config.to_text());
        }
    }
    let mut full = config(DeskRole::Hospital);
    full.listen = SocketAddr::from(([0, 0, 0, 0], 7722));
    full.allow_network = true;
    full.public_url = Some("https://desk.example".into());
    full.approvals = 2;
    full.keys = KeysSection { seed: SeedStorage::Plain, passphrase_file: Some("/run/pass".into()) };
    full.prover.url = Some("http://127.0.0.1:7620".into());
    full.prover.token_file = Some("/run/token".into());
    assert_eq!(full.mistakes(), Vec::<String>::new());
    assert_eq!(read(&full.to_text()).expect("reads"), full);
    assert!(matches!(full.prover(), Prover::Service { .. }));
    assert_eq!(full.origin(1), "https://desk.example");
    assert!(full.public_name().is_some_and(|name| name.is_secure()));
    assert_eq!(config(DeskRole::Auditor).public_name(), None);
    assert_eq!(config(DeskRole::Auditor).origin(7723), "http://127.0.0.1:7723");
}

#[test]
fn an_unknown_field_is_named_with_its_line() {
    for (field, wrong) in [("listen", "lissen"), ("passphrase_file", "passphrase"), ("level", "lewel")] {
        let text = config(DeskRole::Hospital).to_text();
        let text = text.replace(&format!("# {field} = "), &format!("{field} = "));
        let text = text.replace(&format!("\n{field} = "), &format!("\n{wrong} = "));
        let before = text.lines().take_while(|line| !line.starts_with(&format!("{wrong} ="))).count();
        let error = read(&text).expect_err("refused").to_string();
        assert!(error.contains(&format!("line {},", before + 1)) && error.contains(wrong), "{error}");
    }
}

#[test]
fn each_mistake_is_said_and_all_at_once() {
    let mut wrong = config(DeskRole::Researcher);
    wrong.name = "two\nlines".into();
    wrong.listen = SocketAddr::from(([0, 0, 0, 0], 1));
    wrong.approvals = 2;
    wrong.prover.token_file = Some("token".into());
    wrong.gateway = Some("gateway:7711".into());
    let said = wrong.mistakes().join("\n");
    for words in ["name must", "listen is", "approvals is", "[prover] means", "belong together", "gateway = "]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    wrong.allow_network = true;
    assert!(wrong.mistakes().concat().contains("demands public_url"));
}

#[test]
fn addresses_are_checked_and_a_password_in_one_is_not_repeated() {
    let said = |change: fn(&mut DeskConfig)| {
        let mut config = config(DeskRole::Hospital);
        config.prover.token_file = Some("token".into());
        config.prover.url = Some("http://[::1]:7620".into());
        change(&mut config);
        config.mistakes().join("; ")
    };
    assert_eq!(said(|_| {}), "");
    assert_eq!(said(|config| config.gateway = Some("http://10.0.0.1:7711".into())), "");
    assert!(said(|config| config.gateway = Some("ftp://gateway".into())).contains("neither http nor https"));
    assert!(said(|config| config.gateway = Some("not a url".into())).contains("is no URL"));
    assert!(said(|config| config.gateway = Some("https://gateway/?token=1".into())).contains("after ? or #"));
    assert!(said(|config| config.prover.url = Some("http://10.0.0.1:7620".into())).contains("must be https"));
    assert!(said(|config| config.public_url = Some("http://desk.example".into())).contains("must be https"));
    assert_eq!(said(|config| config.public_url = Some("http://localhost:8080".into())), "");
    assert_eq!(said(|config| config.public_url = Some("https://desk.example:8443/".into())), "");
    for (url, words) in [
        ("https://desk.example/galen", "public_url = \"https://desk.example/galen\" has a path"),
        ("https://desk.example/?a=1", "after ? or #"),
        ("https://desk.example/#a", "after ? or #"),
        ("https://me@desk.example", "a user's name or password"),
        ("desk.example", "is no URL"),
        ("ws://desk.example", "neither http nor https"),
        ("http://10.0.0.5", "must be https"),
    ] {
        let mut config = config(DeskRole::Auditor);
        config.public_url = Some(url.into());
        let said = config.mistakes().join("; ");
        assert!(said.contains(words), "{url}: {said}");
    }
    let secret = said(|config| config.gateway = Some("https://me:hunter2@gateway".into()));
    assert!(secret.contains("password") && !secret.contains("hunter2"), "{secret}");
}
