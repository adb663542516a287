//! The ledger's own affairs in blocks, at one executor: what is in order, and what makes a block invalid.

use std::sync::Arc;

use galen_ledger::{
    MemberIndex, View,
    beacon::{BeaconMessage, Dealing, Secret, Share, SignedDealing},
    chain::{
        Action, Block, Candidate, Change, Committee, Evidence, Genesis, Parameters, SignedChange, Statement,
        Upkeep, Vote, upkeep::upkeep_root,
    },
    codec::Decode,
    consensus::{BuildOrder, Committed},
    crypto::SecretKey,
    execution::{
        Executor, MemoryStore,
        executor::{Candidates, Clock},
        upkeep::{Pending, RoundRecord},
    },
    types::{BlockHash, Cycle, Height, Round},
};

use crate::{app::Registers, rules::world_with};

const CLOCK: Option<Clock> = Some(Clock { latest_ms: u64::MAX });

/// One executor, whose blocks have whatever is put into them.
struct Chain {
    genesis: Arc<Genesis>,
    keys: Vec<SecretKey>,
    executor: Executor,
    view: u64,
}

fn member(index: u16) -> MemberIndex {
    MemberIndex::new(index)
}

impl Chain {
    fn new(members: u8, cycle_blocks: u64, beacon_interval: u64) -> Self {
        let parameters = Parameters { cycle_blocks, beacon_interval, ..Parameters::default() };
        let (genesis, keys) = world_with(members, parameters);
        let store = Arc::new(MemoryStore::new());
        let executor = Executor::open(Registers::new(), Arc::clone(&genesis), store).expect("opens");
        Self { genesis, keys, executor, view: 0 }
    }

    fn committee(&self) -> Arc<Committee> {
        self.executor.committee()
    }

    /// A block with exactly these affairs, in order or not.
    fn block(&self, upkeep: Vec<Upkeep>) -> Arc<Block> {
        let (parent, height, view) =
            (self.executor.tip().block, self.executor.tip().height, View::new(self.view + 1));
        let proposer = self.committee().leader(view).expect("somebody leads");
        let candidates = Candidates { proposer, now_ms: 1, upkeep: vec![], lanes: vec![], txs: vec![] };
        let order = BuildOrder { view, parent, height };
        let built = self.executor.build(&order, candidates).expect("store").expect("on the tip").block;
        let mut block = Block::clone(&built);
        block.header.upkeep_root = upkeep_root(&upkeep);
        block.upkeep = upkeep;
        Arc::new(block)
    }

    fn refused(&self, upkeep: Vec<Upkeep>) -> String {
        let block = self.block(upkeep);
        match self.executor.execute(&block, CLOCK).expect("store") {
            Ok(_) => "accepted".into(),
            Err(rejection) => rejection.0,
        }
    }

    fn extend(&mut self, upkeep: Vec<Upkeep>) {
        let block = self.block(upkeep);
        block.validate(&self.genesis, &self.committee()).expect("valid");
        let outcome = self.executor.execute(&block, CLOCK).expect("store").expect("in order").outcome;
        self.view += 1;
        self.executor.commit(vec![Committed { block, outcome, certificate: None }]).expect("commits");
    }

    fn extend_to(&mut self, height: u64) {
        while self.executor.tip().height.get() < height {
            self.extend(vec![]);
        }
    }

    fn commit(&self, dealer: u16, round: u64) -> Upkeep {
        let committee = self.committee();
        let context = committee.dealing(Round::new(round), member(dealer));
        let key = &self.keys[usize::from(dealer)];
        let dealing = Dealing::deal(&context, &key.beacon()).expect("good keys");
        Upkeep::Beacon(BeaconMessage::Commit(SignedDealing::sign(&context, dealing, key)))
    }

    fn disclose(&self, dealer: u16, round: u64) -> Upkeep {
        let committee = self.committee();
        let context = committee.dealing(Round::new(round), member(dealer));
        let secret = Dealing::secret(&context, &self.keys[usize::from(dealer)].beacon());
        Upkeep::Beacon(BeaconMessage::Disclose { round: Round::new(round), dealer: member(dealer), secret })
    }

    fn share(&self, dealer: u16, holder: u16, round: u64) -> Upkeep {
        let committee = self.committee();
        let context = committee.dealing(Round::new(round), member(dealer));
        let dealing = Dealing::deal(&context, &self.keys[usize::from(dealer)].beacon()).expect("good keys");
        let key = self.keys[usize::from(holder)].beacon();
        let share = Share::decrypt(&dealing, &context, member(holder), &key).expect("has a share");
        let (dealer, holder) = (member(dealer), member(holder));
        Upkeep::Beacon(BeaconMessage::Share { round: Round::new(round), dealer, holder, share })
    }

    fn round(&self) -> RoundRecord {
        self.executor.round().expect("store").expect("one runs")
    }

    fn change(&self, nonce: u64, last: u64, action: Action, approvers: &[u16]) -> Upkeep {
        let change = Change { chain_id: self.genesis.chain_id(), last: Cycle::new(last), nonce, action };
        let approve = |index: &u16| change.approve(member(*index), &self.keys[usize::from(*index)]);
        let approvals: Vec<_> = approvers.iter().map(approve).collect();
        Upkeep::Change(SignedChange::new(change, approvals))
    }

    fn candidate(&self, seed: u8) -> Candidate {
        Candidate::new("ward", &SecretKey::from_bytes(&[seed; 32]), Some(&self.genesis.chain_id()))
    }
}

/// Windows of four blocks: 1–4 commitment, 5–8 disclosure, 9–12 extra disclosure.
#[test]
fn a_round_takes_each_message_in_its_window_and_once() {
    let mut chain = Chain::new(4, 24, 12);
    assert!(chain.refused(vec![chain.disclose(0, 0)]).contains("window"));
    assert!(chain.refused(vec![chain.commit(0, 1)]).contains("round"));
    chain.extend(vec![chain.commit(0, 0), chain.commit(3, 0)]);
    assert!(chain.refused(vec![chain.commit(0, 0)]).contains("already"));
    assert!(chain.refused(vec![chain.commit(1, 0), chain.commit(1, 0)]).contains("upkeep 1"));
    chain.extend(vec![chain.commit(1, 0)]);
    chain.extend_to(4);
    assert!(chain.refused(vec![chain.commit(2, 0)]).contains("window"));
    assert!(chain.refused(vec![chain.disclose(2, 0)]).contains("never committed"));
    assert!(chain.refused(vec![chain.share(0, 1, 0)]).contains("window"));
    chain.extend(vec![chain.disclose(0, 0)]);
    assert!(chain.refused(vec![chain.disclose(0, 0)]).contains("already"));
    chain.extend_to(8);
    chain.extend(vec![chain.disclose(3, 0), chain.share(1, 2, 0)]);
    assert!(chain.refused(vec![chain.share(1, 2, 0)]).contains("already"));
    assert_eq!(chain.executor.output().expect("store"), None);
    chain.extend(vec![chain.share(1, 0, 0)]);
    let (record, output) = (chain.round(), chain.executor.output().expect("store").expect("complete"));
    assert_eq!((record.restored, record.complete, output.height), (vec![member(1)], true, Height::new(10)));
    assert!(chain.refused(vec![chain.disclose(1, 0)]).contains("already"), "restored before");
}

#[test]
fn a_block_with_a_wrong_proof_signature_or_secret_is_invalid() {
    let mut chain = Chain::new(4, 24, 12);
    // The dealing of another member under one's own name and signature.
    let Upkeep::Beacon(BeaconMessage::Commit(other)) = chain.commit(1, 0) else { panic!("a dealing") };
    let committee = chain.committee();
    let context = committee.dealing(Round::new(0), member(2));
    let copied = SignedDealing::sign(&context, other.dealing.clone(), &chain.keys[2]);
    let copied = Upkeep::Beacon(BeaconMessage::Commit(copied));
    assert!(chain.refused(vec![copied.clone()]).contains("proof of the dealing"));
    let forged = Upkeep::Beacon(BeaconMessage::Commit(SignedDealing { dealer: member(2), ..other }));
    assert!(chain.refused(vec![forged]).contains("signature"));
    // What a quorum has checked is not checked again.
    assert!(chain.executor.execute(&chain.block(vec![copied]), None).expect("store").is_ok());
    chain.extend(vec![chain.commit(0, 0), chain.commit(1, 0)]);
    chain.extend_to(8);
    let wrong = Secret::from_bytes(&[1; 32]).expect("any bytes");
    let wrong = BeaconMessage::Disclose { round: Round::new(0), dealer: member(0), secret: wrong };
    assert!(chain.refused(vec![Upkeep::Beacon(wrong)]).contains("not the secret"));
    let Upkeep::Beacon(BeaconMessage::Share { share, .. }) = chain.share(0, 2, 0) else { panic!("a share") };
    let (round, dealer, holder) = (Round::new(0), member(0), member(3));
    let wrong = BeaconMessage::Share { round, dealer, holder, share };
    assert!(chain.refused(vec![Upkeep::Beacon(wrong)]).contains("share of member 3"));
}

#[test]
fn f_commitments_are_too_few_and_the_next_round_begins_afresh() {
    let mut chain = Chain::new(4, 24, 12);
    chain.extend(vec![chain.commit(0, 0)]);
    chain.extend_to(4);
    assert!(chain.refused(vec![chain.disclose(0, 0)]).contains("too few"));
    chain.extend_to(12);
    assert_eq!((chain.round().counted, chain.executor.output().expect("store")), (0, None));
    chain.extend(vec![chain.commit(0, 1), chain.commit(1, 1)]);
    chain.extend_to(16);
    chain.extend(vec![chain.disclose(0, 1), chain.disclose(1, 1)]);
    let output = chain.executor.output().expect("store").expect("complete");
    assert_eq!((output.round, chain.round().counted), (Round::new(1), 1));
}

#[test]
fn a_round_whose_secrets_stay_unknown_gives_nothing_and_costs_the_withholder() {
    let mut chain = Chain::new(4, 12, 12);
    chain.extend(vec![chain.commit(0, 0), chain.commit(1, 0)]);
    chain.extend_to(4);
    chain.extend(vec![chain.disclose(0, 0)]);
    chain.extend_to(12);
    assert_eq!(chain.executor.output().expect("store"), None);
    let credit = |index| chain.executor.member(member(index)).expect("store").expect("member").credit.get();
    assert!(credit(1) < credit(2) && credit(2) < credit(0), "{} {} {}", credit(0), credit(1), credit(2));
}

#[test]
fn duties_follow_the_windows_and_the_same_is_said_again() {
    let mut chain = Chain::new(4, 24, 12);
    let owed = |chain: &Chain, index: u16| {
        let duties = chain.executor.duties(member(index)).expect("store");
        let key = &chain.keys[usize::from(index)];
        let perform = |duty| chain.executor.perform(duty, member(index), key).expect("store").expect("owed");
        duties.into_iter().map(|duty| Upkeep::Beacon(perform(duty))).collect::<Vec<_>>()
    };
    assert_eq!(owed(&chain, 2), [chain.commit(2, 0)]);
    assert_eq!(owed(&chain, 2), owed(&chain, 2));
    let all = |chain: &Chain| (0..3).flat_map(|index| owed(chain, index)).collect::<Vec<_>>();
    chain.extend(all(&chain));
    assert_eq!(owed(&chain, 2), []);
    chain.extend_to(3);
    assert_eq!(owed(&chain, 2), [], "not before the window of commitments is closed");
    chain.extend_to(4);
    assert_eq!(owed(&chain, 2), [chain.disclose(2, 0), chain.commit(2, 1)]);
    assert_eq!(owed(&chain, 3), [chain.commit(3, 1)], "it has not committed");
    chain.extend(vec![chain.disclose(0, 0), chain.disclose(1, 0)]);
    chain.extend_to(8);
    assert_eq!(owed(&chain, 3), [chain.share(2, 3, 0), chain.commit(3, 1)]);
    assert_eq!(owed(&chain, 2), [chain.disclose(2, 0), chain.commit(2, 1)]);
}

fn double_vote(chain: &Chain, accused: u16) -> Evidence {
    let committee = chain.committee();
    let key = &chain.keys[usize::from(accused)];
    let notarize = |byte| {
        let statement = Statement::Notarize { view: View::new(9), block: BlockHash::from_bytes([byte; 32]) };
        Vote::sign(statement, member(accused), &committee.scope(), key)
    };
    Evidence::Votes(notarize(1), notarize(2))
}

#[test]
fn t50_evidence_bars_from_proposing_until_readmitted() {
    let mut chain = Chain::new(4, 6, 6);
    let evidence = double_vote(&chain, 2);
    let Evidence::Votes(one, other) = evidence.clone() else { panic!("votes") };
    let again = Upkeep::Evidence(Evidence::Votes(one.clone(), one.clone()));
    assert!(chain.refused(vec![again]).contains("honest member may say both"));
    let mut framed = other;
    framed.voter = member(1);
    assert!(chain.refused(vec![Upkeep::Evidence(Evidence::Votes(one, framed))]).contains("honest member"));
    chain.extend(vec![Upkeep::Evidence(evidence.clone())]);
    assert!(chain.refused(vec![Upkeep::Evidence(evidence)]).contains("barred already"));
    let barred = |chain: &Chain| chain.executor.member(member(2)).expect("store").expect("member");
    assert!(barred(&chain).barred && barred(&chain).credit.get() == 0);
    assert!(chain.committee().election().proposers.concat().contains(&member(2)), "not within the cycle");
    chain.extend_to(6);
    let late = double_vote(&chain, 2);
    assert!(!chain.committee().election().proposers.concat().contains(&member(2)));
    assert_eq!((chain.committee().size(), chain.committee().quorum()), (4, 3), "it keeps its vote");
    assert!(
        chain
            .refused(vec![chain.change(0, 2, Action::Readmit(member(1)), &[0, 1, 3])])
            .contains("not barred")
    );
    chain.extend(vec![chain.change(0, 2, Action::Readmit(member(2)), &[0, 1, 3])]);
    chain.extend_to(12);
    assert!(!barred(&chain).barred);
    assert!(chain.committee().election().proposers.concat().contains(&member(2)));
    // What it did before it was readmitted is forgiven; what it does now is not.
    assert!(chain.refused(vec![Upkeep::Evidence(late)]).contains("forgiven"));
    let new = double_vote(&chain, 2);
    chain.extend(vec![Upkeep::Evidence(new)]);
}

#[test]
fn evidence_of_the_cycle_before_counts_and_older_does_not() {
    let mut chain = Chain::new(4, 3, 3);
    let (first, second) = (double_vote(&chain, 1), double_vote(&chain, 2));
    chain.extend_to(4);
    chain.extend(vec![Upkeep::Evidence(first)]);
    chain.extend_to(7);
    assert!(chain.refused(vec![Upkeep::Evidence(second)]).contains("too old"));
}

#[test]
fn changes_need_a_quorum_of_the_present_committee_and_are_made_once() {
    let mut chain = Chain::new(5, 6, 6);
    let remove = |chain: &Chain, nonce, last, approvers: &[u16]| {
        chain.change(nonce, last, Action::Remove(member(4)), approvers)
    };
    assert!(
        chain.refused(vec![remove(&chain, 0, 3, &[0, 1, 2])]).contains("3 approvals where a quorum is 4")
    );
    let Upkeep::Change(signed) = remove(&chain, 0, 3, &[0, 1, 2, 3]) else { panic!("a change") };
    let other = Change { nonce: 1, ..signed.change.clone() };
    let borrowed =
        [0, 1, 2, 3].map(|index| signed.change.approve(member(index), &chain.keys[usize::from(index)]));
    assert!(chain.refused(vec![Upkeep::Change(SignedChange::new(other, borrowed))]).contains("signature"));
    let stranger = [0, 1, 2, 7].map(|index| signed.change.approve(member(index), &chain.keys[0]));
    let stranger = SignedChange::new(signed.change.clone(), stranger);
    assert!(chain.refused(vec![Upkeep::Change(stranger)]).contains("member 7 is not in the committee"));
    assert!(chain.refused(vec![remove(&chain, 0, 200, &[0, 1, 2, 3])]).contains("up to cycle 200"));
    let mut foreign = signed.change.clone();
    foreign.chain_id = galen_ledger::ChainId::from_bytes([1; 32]);
    assert!(chain.refused(vec![Upkeep::Change(SignedChange::new(foreign, []))]).contains("another chain"));
    // The second removal of a cycle counts the first.
    let second = chain.change(3, 3, Action::Remove(member(3)), &[0, 1, 2, 4]);
    let both = vec![Upkeep::Change(signed.clone()), second];
    assert!(chain.refused(both).contains("upkeep 1: there must be at least 4 members"));
    chain.extend(vec![Upkeep::Change(signed.clone())]);
    assert!(chain.refused(vec![Upkeep::Change(signed.clone())]).contains("already"));
    assert!(chain.refused(vec![remove(&chain, 9, 3, &[0, 1, 2, 3])]).contains("being changed"));
    chain.extend_to(6);
    assert_eq!(chain.committee().members().collect::<Vec<_>>(), [0, 1, 2, 3].map(member));
    assert!(chain.refused(vec![Upkeep::Change(signed)]).contains("already"));
    let fewer = chain.change(5, 3, Action::Remove(member(3)), &[0, 1, 2]);
    assert!(chain.refused(vec![fewer]).contains("at least 4"));
    assert!(chain.refused(vec![remove(&chain, 6, 3, &[0, 1, 2])]).contains("no seat"));
    chain.extend_to(12);
    let expired = chain.change(7, 1, Action::Readmit(member(3)), &[0, 1, 2]);
    assert!(chain.refused(vec![expired]).contains("up to cycle 1"));
}

#[test]
fn the_newcomer_has_the_next_number_and_keys_of_its_own() {
    let mut chain = Chain::new(4, 6, 6);
    let admit = |chain: &Chain, number, seed: u8| {
        let action = Action::Admit { member: member(number), candidate: chain.candidate(seed) };
        chain.change(u64::from(seed), 3, action, &[0, 1, 2])
    };
    assert!(chain.refused(vec![admit(&chain, 5, 50)]).contains("next member has number 4"));
    assert!(chain.refused(vec![admit(&chain, 4, 1)]).contains("key is in use"), "that of member 0");
    let mut stolen = chain.candidate(50);
    stolen.keys.beacon = chain.candidate(51).keys.beacon;
    let stolen = chain.change(0, 3, Action::Admit { member: member(4), candidate: stolen }, &[0, 1, 2]);
    assert!(chain.refused(vec![stolen]).contains("proof of possession"));
    let twins = vec![admit(&chain, 4, 50), admit(&chain, 5, 50)];
    assert!(chain.refused(twins).contains("upkeep 1: a key is in use"));
    chain.extend(vec![admit(&chain, 4, 50), admit(&chain, 5, 51)]);
    let joining = chain.executor.member(member(4)).expect("store").expect("known");
    assert_eq!((joining.seated, joining.pending), (false, Some(Pending::Join)));
    chain.extend_to(6);
    assert_eq!(chain.committee().size(), 6);
    assert_eq!(chain.committee().key(member(5)), Some(&chain.candidate(51).keys.voting));
    let rotate = |candidate| Action::Rotate { member: member(1), candidate };
    let taken = chain.change(0, 3, rotate(chain.candidate(50)), &[0, 1, 2, 3]);
    assert!(chain.refused(vec![taken]).contains("key is in use"));
    let action = rotate(chain.candidate(60));
    assert!(chain.refused(vec![chain.change(0, 3, action, &[0, 1, 2, 3])]).contains("where a quorum is 5"));
}

#[test]
fn the_committee_of_a_cycle_follows_from_the_chain_alone() {
    let run = || {
        let mut chain = Chain::new(7, 12, 12);
        chain.extend((0..7).map(|index| chain.commit(index, 0)).collect());
        chain.extend_to(4);
        chain.extend((0..7).map(|index| chain.disclose(index, 0)).collect());
        chain.extend_to(12);
        (chain.committee(), chain.executor.tip().outcome)
    };
    assert_eq!(run(), run());
    assert_ne!(run().0.election().groups, Chain::new(7, 12, 12).committee().election().groups);
}
