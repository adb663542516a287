//! The light client: from the genesis to a key of the newest state, and everything that must not get past it (T58).

use galen_ledger::{
    AppHash, Consortium, Height, LightFault, LightProof,
    chain::{Certificate, CertificateFault, Committee, Genesis, Statement},
    codec::Encode,
    consortium::ConsortiumSettings,
    crypto::{Purpose, SecretKey},
    light::{Anchor, Step, Trust, Verified, walk},
    types::{Cycle, MemberIndex},
};

use crate::{app::Registers, consortium::start_with};

fn short_cycles(settings: &mut ConsortiumSettings) {
    settings.parameters.cycle_blocks = 5;
    settings.parameters.beacon_interval = 5;
}

/// A chain of three cycles and a bit, with `a` set and `nothing` not, and the secrets of its members.
struct Chain {
    proof: LightProof,
    genesis: Genesis,
    secrets: Vec<SecretKey>,
}

async fn chain() -> Chain {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start_with(dir.path(), short_cycles);
    consortium.advance(16).await.expect("advances");
    consortium.submit(*b"set a 1").await.expect("accepted");
    consortium.submit(*b"set b 2").await.expect("accepted");
    let proof = proof_of(&consortium, &["a", "nothing"]);
    let genesis = consortium.genesis().as_ref().clone();
    let secrets = (0..4).filter_map(|index| consortium.key(MemberIndex::new(index))).collect();
    consortium.stop().await;
    Chain { proof, genesis, secrets }
}

fn proof_of(consortium: &Consortium, keys: &[&str]) -> LightProof {
    let keys: Vec<_> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
    let node = consortium.nodes().into_iter().max_by_key(galen_ledger::Node::height).expect("runs");
    node.light_proof(&keys).expect("reads").expect("has blocks")
}

impl Chain {
    fn verify(&self, change: impl FnOnce(&mut LightProof)) -> Result<Verified, LightFault> {
        let mut proof = self.proof.clone();
        change(&mut proof);
        LightProof::from_file(&proof.to_file())?.verify(Trust::Genesis(&self.genesis))
    }

    /// A certificate of finality of a header by the members whose secrets are given, in the scope of a committee.
    fn certify(&self, anchor: &Anchor, committee: &Committee, signers: &[u16]) -> Certificate {
        let view = anchor.header.view;
        let statement =
            Statement::Finalize { view, block: anchor.header.hash(), outcome: anchor.outcome.hash() };
        let signed = signers.iter().map(|index| {
            let key = &self.secrets[usize::from(*index)];
            let signature = key.sign(&committee.scope(), Purpose::Finalize, &statement.to_bytes());
            (MemberIndex::new(*index), signature)
        });
        Certificate::new(committee.cycle(), statement, signed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_client_learns_what_is_in_the_state_and_what_is_not() {
    let chain = chain().await;
    let verified = chain.verify(|_| {}).expect("verifies");
    assert!(verified.cycle >= Cycle::new(3) && verified.height > Height::new(16), "{verified:?}");
    assert_eq!((verified.members, verified.quorum), (4, 3));
    assert_eq!(verified.claims[0].value.as_deref(), Some(b"1".as_slice()));
    assert_eq!(verified.claims[1].value, None);
    assert_eq!(verified.time_ms, chain.proof.anchor.header.time_ms);
    // Whoever knows the chain's id only needs the genesis with the proof.
    let id = chain.genesis.chain_id();
    assert_eq!(chain.proof.verify(Trust::Chain(id)), Err(LightFault::NoGenesis));
    let with = LightProof { genesis: Some(chain.genesis.clone()), ..chain.proof.clone() };
    assert_eq!(with.verify(Trust::Chain(id)), Ok(verified));
    let other = LightProof { genesis: Some(Genesis { name: "x".into(), ..chain.genesis.clone() }), ..with };
    assert!(matches!(other.verify(Trust::Chain(id)), Err(LightFault::OtherChain { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_chain_and_a_restarted_node_give_light_proofs_too() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start_with(dir.path(), short_cycles);
    consortium.advance(11).await.expect("advances");
    consortium.submit(*b"set a 1").await.expect("accepted");
    consortium.settled(consortium.height()).await.expect("settles");
    let path = dir.path().join("chain");
    consortium.export(&path).await.expect("exports");
    let genesis = consortium.genesis().as_ref().clone();
    consortium.stop().await;
    drop(consortium);
    let chain = galen_ledger::verify_chain_file(&path, None, |_, _| Ok(Registers::new())).expect("verifies");
    let proof = chain.light_proof(&[b"a".to_vec()]).expect("reads").expect("has blocks");
    let offline = proof.verify(Trust::Genesis(&genesis)).expect("verifies");
    assert_eq!(offline.claims[0].value.as_deref(), Some(b"1".as_slice()));
    // One from its store as it was, one from its log.
    std::fs::remove_dir_all(dir.path().join("member-0/state")).expect("removes");
    let again = start_with(dir.path(), short_cycles);
    for node in again.nodes() {
        let proof = node.light_proof(&[b"a".to_vec()]).expect("reads").expect("has blocks");
        let verified = proof.verify(Trust::Genesis(&genesis)).expect("verifies");
        assert_eq!(verified.claims, offline.claims);
    }
    again.stop().await;
}

/// Each byte is changed, and the digest at the end made right again: a proof has no byte that does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn t58_no_byte_of_a_light_proof_can_be_changed() {
    let chain = chain().await;
    let file = chain.proof.to_file();
    let length = file.len() - 32;
    println!("{} bytes, {} steps", file.len(), chain.proof.steps.len());
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(LightProof::from_file(&damaged).is_err(), "byte {at}: damage is seen");
        if at >= length {
            continue;
        }
        let digest = blake3::derive_key("galen ledger v1 light proof", &damaged[..length]);
        damaged[length..].copy_from_slice(&digest);
        let verified =
            LightProof::from_file(&damaged).and_then(|proof| proof.verify(Trust::Genesis(&chain.genesis)));
        assert!(verified.is_err(), "byte {at} of {length}: {verified:?}");
    }
    assert!(LightProof::from_file(&file[..length]).is_err() && LightProof::from_file(&[]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_a_forged_history_is_refused_with_its_reason() {
    let chain = chain().await;
    let height = chain.proof.anchor.header.height;
    // A header exchanged for another that is final as well.
    let first = chain.proof.steps[0].last.clone();
    let swapped = chain.verify(|proof| proof.anchor.header = first.header.clone());
    assert!(matches!(swapped, Err(LightFault::Cycle { .. })), "{swapped:?}");
    // A header whose time was changed, under the certificate of the true one.
    let edited = chain.verify(|proof| proof.anchor.header.time_ms += 1);
    assert_eq!(edited, Err(LightFault::Statement(height)));
    // A state of one's own, under a certificate that was not for it.
    let state = chain.verify(|proof| proof.anchor.outcome.app_hash = AppHash::from_bytes([7; 32]));
    assert_eq!(state, Err(LightFault::Statement(height)));
    // A step left out: the next is of another cycle than the committee reached.
    let skipped = chain.verify(|proof| drop(proof.steps.remove(1)));
    assert!(matches!(skipped, Err(LightFault::Cycle { expected, .. }) if expected == Cycle::new(1)));
    // A committee of one's own choice.
    let genesis = chain.genesis.committee();
    let chosen = chain.verify(|proof| proof.steps[1].next = genesis.clone());
    assert_eq!(chosen, Err(LightFault::Committee(Cycle::new(2))));
    // Its committee named where the certificate does not reach.
    let named = chain.verify(|proof| {
        let (hash, step) = (genesis.hash().to_string(), &mut proof.steps[1]);
        step.next = genesis.clone();
        let event = step.receipts.events.iter_mut().find(|event| event.kind == "ledger.cycle");
        event.expect("a cycle begins").attributes.insert("committee".into(), hash);
    });
    assert_eq!(named, Err(LightFault::Committee(Cycle::new(2))));
    // A block in the middle of a cycle taken for its end.
    let early = chain.verify(|proof| {
        let step = Step { last: proof.anchor.clone(), ..proof.steps[0].clone() };
        proof.steps.push(step);
    });
    let cycle = chain.proof.anchor.header.cycle;
    let expected = if chain.genesis.schedule().is_last(height) {
        LightFault::Committee(cycle.next())
    } else {
        LightFault::NotLast { height, cycle }
    };
    assert_eq!(early, Err(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_bad_members_and_members_of_another_cycle_certify_nothing() {
    let chain = chain().await;
    let height = chain.proof.anchor.header.height;
    let committee = walk(&chain.genesis, &chain.proof.steps).expect("walks");
    let mut forged = chain.proof.anchor.clone();
    forged.outcome.app_hash = AppHash::from_bytes([7; 32]);
    // f members, and one less than a quorum, say that the state is another.
    for signers in [&[3][..], &[2, 3]] {
        forged.certificate = chain.certify(&forged, &committee, signers);
        let refused = chain.verify(|proof| proof.anchor = forged.clone());
        let fault = CertificateFault::Signers { signers: signers.len(), quorum: 3, members: 4 };
        assert_eq!(refused, Err(LightFault::Certificate { height, fault }));
    }
    // The same keys, signing for another cycle.
    let other = chain.genesis.committee();
    let mut anchor = chain.proof.anchor.clone();
    anchor.certificate = chain.certify(&anchor, &other, &[0, 1, 2]);
    let refused = chain.verify(|proof| proof.anchor = anchor.clone());
    let fault = CertificateFault::Cycle(Cycle::new(0));
    assert_eq!(refused, Err(LightFault::Certificate { height, fault }));
    // A quorum of keys, one of which nobody knows.
    let mut stranger = chain.certify(&chain.proof.anchor, &committee, &[0, 1, 2]);
    assert_eq!(stranger.verify(&committee), Ok(()), "the test signs as members do");
    let strangers = Chain { secrets: vec![SecretKey::from_bytes(&[9; 32]); 4], ..chain };
    stranger = strangers.certify(&strangers.proof.anchor, &committee, &[0, 1, 2]);
    let refused = strangers.verify(|proof| proof.anchor.certificate = stranger.clone());
    assert_eq!(refused, Err(LightFault::Certificate { height, fault: CertificateFault::Signature }));
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_false_claims_about_the_state_are_refused() {
    let chain = chain().await;
    let present = chain.proof.claims[0].clone();
    let absent = chain.proof.claims[1].clone();
    let refused = |claim, absent| Err(LightFault::Claim { claim, absent });
    // There is something at `a`: neither nothing nor something else can be claimed.
    let nothing = chain.verify(|proof| proof.claims[0].proof.value = None);
    assert_eq!(nothing, refused(0, true));
    let borrowed = chain.verify(|proof| proof.claims[0].proof = absent.proof.clone());
    assert_eq!(borrowed, refused(0, true));
    let other = chain.verify(|proof| proof.claims[0].proof.value = Some(b"2".to_vec()));
    assert_eq!(other, refused(0, false));
    // There is nothing at `nothing`.
    let something = chain.verify(|proof| proof.claims[1].proof = present.proof.clone());
    assert_eq!(something, refused(1, false));
    let moved = chain.verify(|proof| proof.claims[0].key = b"b".to_vec());
    assert_eq!(moved, refused(0, false));
    let old = chain.verify(|proof| proof.claims[0].proof.height = Height::new(1));
    let height = chain.proof.anchor.header.height;
    assert_eq!(old, Err(LightFault::OtherState { claim: 0, height }));
}
