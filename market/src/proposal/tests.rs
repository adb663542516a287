use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::action::{AccreditMember, AccreditResearcher, Suspend, WithdrawDataset};
use crate::id::SchemaId;
use crate::role::Governor;

fn chain() -> ChainId {
    ChainId::from_bytes([7; 32])
}

fn signer(seed: u8) -> Signer {
    Signer::from_seed([seed; 32])
}

fn researcher() -> Action {
    Action::AccreditResearcher(AccreditResearcher { account: signer(1).key(), name: "Institute".into() })
}

fn propose(action: Action) -> Proposal {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    Proposal::new(chain(), action, Height::new(90), &mut rng).expect("governance orders it")
}

fn governors(seeds: &[u8], threshold: u16) -> Governors {
    let member = |seed: &u8| Governor { key: signer(*seed).key(), name: String::new() };
    Governors { members: seeds.iter().map(member).collect(), threshold }
}

fn again(proposal: &Proposal) -> Proposal {
    Proposal::parse(&serde_json::to_vec(proposal).expect("JSON")).expect("a proposal")
}

#[test]
fn signatures_are_collected_file_by_file_until_the_ledger_takes_the_order() {
    let board = governors(&[1, 2, 3], 2);
    let mut proposal = propose(researcher());
    assert_eq!(proposal.missing(&board).expect("whole").found, 0);
    for seed in [3, 1, 3] {
        proposal = again(&proposal);
        proposal.sign(&signer(seed)).expect("signed");
    }
    assert!(
        proposal.missing(&board).expect("whole").is_nothing(),
        "a second signature of one key is the same"
    );
    let Transaction::Order(order) = proposal.transaction().expect("whole") else { panic!("an order") };
    assert_eq!(order.signatures.len(), 2);
    order.check_signatures(&chain()).expect("hold, in order");
    proposal.sign(&signer(9)).expect("signed");
    assert_eq!(proposal.missing(&board).expect("whole").strangers, [signer(9).key()]);
}

#[test]
fn the_account_concerned_must_sign_as_well() {
    let action = AccreditMember { key: signer(5).key(), name: "New".into(), threshold: 2 };
    let mut proposal = propose(Action::AccreditMember(action));
    proposal.sign(&signer(1)).expect("signed");
    let missing = proposal.missing(&governors(&[1], 1)).expect("whole");
    assert_eq!((missing.account, missing.is_nothing()), (Some(signer(5).key()), false));
    proposal.sign(&signer(5)).expect("signed");
    assert!(proposal.missing(&governors(&[1], 1)).expect("whole").is_nothing());
}

#[test]
fn a_file_that_says_something_else_than_it_is_is_not_signed() {
    let suspend = propose(Action::Suspend(Suspend { account: signer(4).key(), reason: "fraud".into() }));
    let mut exchanged = Proposal { order: suspend.order.clone(), ..propose(researcher()) };
    let said = exchanged.sign(&signer(1)).expect_err("refused").to_string();
    assert!(said.contains("suspend account") && said.contains("do not sign it"), "{said}");
    assert!(exchanged.signatures.is_empty());
    let later = Proposal { what: suspend.what.replace("block 90", "block 9"), ..suspend };
    assert!(matches!(later.order(), Err(ProposalFault::Words { .. })));
}

#[test]
fn a_signature_for_another_order_or_chain_is_noticed() {
    let mut proposal = propose(researcher());
    proposal.sign(&signer(1)).expect("signed");
    let elsewhere = Proposal { chain: ChainId::from_bytes([8; 32]), ..proposal.clone() };
    assert!(matches!(elsewhere.order(), Err(ProposalFault::Signature(_))));
    let other = Proposal {
        signatures: proposal.signatures.clone(),
        ..propose(Action::Suspend(Suspend { account: signer(4).key(), reason: String::new() }))
    };
    assert!(matches!(other.transaction(), Err(ProposalFault::Signature(_))));
}

#[test]
fn an_application_is_for_its_chain_and_says_what_it_is() {
    let application = Application::new(Some(chain()), &researcher()).expect("governance orders it");
    let text = serde_json::to_vec(&application).expect("JSON");
    let read = Application::parse(&text).expect("an application");
    assert_eq!(read.action(&chain()).expect("whole"), researcher());
    assert!(matches!(read.action(&ChainId::from_bytes([8; 32])), Err(ProposalFault::Chain { .. })));
    let lying = Application { what: read.what.replace("Institute", "Hospital"), ..read };
    assert!(matches!(lying.action(&chain()), Err(ProposalFault::Words { .. })));
    let own = Action::WithdrawDataset(WithdrawDataset {
        account: signer(1).key(),
        schema: SchemaId::new(galen_circuits::field::F::from(1u64)),
    });
    let said = Application::new(None, &own).expect_err("refused").to_string();
    assert!(said.contains("withdrawing a dataset is not ordered by governance"), "{said}");
}

#[test]
fn t76_files_that_are_truncated_or_damaged_are_refused() {
    let proposal = propose(researcher());
    let text = serde_json::to_vec(&proposal).expect("JSON");
    for cut in 0..text.len() {
        assert!(matches!(Proposal::parse(&text[..cut]), Err(ProposalFault::Json { .. })), "cut at {cut}");
    }
    for order in ["", "zz", "00", &format!("{}00", proposal.order), &proposal.order[2..]] {
        let damaged = Proposal { order: order.to_owned(), ..proposal.clone() };
        assert!(matches!(damaged.order(), Err(ProposalFault::Damaged(_))), "{order}");
    }
}
