//! `arc-malachitebft-core-consensus`: members as threads, as ours are, with its effects carried out directly: messages
//! through channels, the log appended to a file that is synchronised before anything is published.
//!
//! In its favour: the certificate that it asks to have verified once more, of votes that were each verified before, is
//! taken as good.

mod context;
mod wire;

use std::{
    collections::VecDeque,
    fs::File,
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use malachitebft_core_consensus::{
    ConsensusMsg, Effect, Error, Input, LocallyProposedValue, Params, Resumable, Resume, SignedConsensusMsg,
    State, ThresholdParams, process,
};
use malachitebft_core_types::{
    Height as _, SignedMessage, SignedProposal, SignedVote, ValuePayload, VoteExtensionPolicy,
};
use malachitebft_metrics::Metrics;
use malachitebft_signing_ed25519::PrivateKey;

use self::context::{Address, Bench, Body, Height, Validator, Validators};
use crate::consensus::{latency::Figures, world::PAYLOAD_BYTES};

/// Runs members for a time, with their logs in a folder.
pub fn run(members: u8, folder: &Path, warm_up: Duration, measured: Duration) -> Figures {
    let keys: Vec<_> = (0..members).map(|seed| PrivateKey::from([seed + 1; 32])).collect();
    let validator = |(at, key): (u16, &PrivateKey)| Validator { address: Address(at), key: key.public_key() };
    let validators = Validators(Arc::new((0..).zip(&keys).map(validator).collect()));
    let (senders, inboxes): (Vec<_>, Vec<_>) = (0..members).map(|_| mpsc::channel()).unzip();
    let (began, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let threads: Vec<_> = keys
        .into_iter()
        .zip(inboxes)
        .enumerate()
        .map(|(me, (key, inbox))| {
            let (validators, links, stop) = (validators.clone(), senders.clone(), Arc::clone(&stop));
            let home = folder.join(me.to_string());
            std::thread::spawn(move || {
                std::fs::create_dir_all(&home).expect("a folder for the log");
                let log = File::create(home.join("wal")).expect("a log");
                Member { me, key, validators, links, log, dirty: false, began, todo: VecDeque::new(), finals: Vec::new() }
                    .run(&inbox, &stop)
            })
        })
        .collect();
    std::thread::sleep(warm_up + measured);
    stop.store(true, Ordering::Relaxed);
    let counted = warm_up..warm_up + measured;
    let (mut latencies, mut blocks) = (Vec::new(), 0);
    for thread in threads {
        let finals = thread.join().expect("a member halted");
        let own: Vec<_> = finals.into_iter().filter(|(at, _)| counted.contains(at)).collect();
        blocks += own.len() as u64;
        latencies.extend(own.into_iter().map(|(_, latency)| latency));
    }
    Figures::of(latencies, blocks / u64::from(members), measured)
}

struct Member {
    me: usize,
    key: PrivateKey,
    validators: Validators,
    links: Vec<mpsc::Sender<Arc<[u8]>>>,
    log: File,
    dirty: bool,
    began: Instant,
    todo: VecDeque<Input<Bench>>,
    finals: Vec<(Duration, Duration)>,
}

impl Member {
    fn run(mut self, inbox: &mpsc::Receiver<Arc<[u8]>>, stop: &AtomicBool) -> Vec<(Duration, Duration)> {
        let params = Params {
            address: Address(u16::try_from(self.me).expect("few members")),
            threshold_params: ThresholdParams::default(),
            value_payload: ValuePayload::ProposalOnly,
            enabled: true,
        };
        let mut state = State::new(Bench, Height(1), self.validators.clone(), params, 64, 1024);
        let metrics = Metrics::new();
        self.start(Height(1));
        while !stop.load(Ordering::Relaxed) {
            while let Some(input) = self.todo.pop_front() {
                self.process(input, &mut state, &metrics);
            }
            let first = inbox.recv_timeout(Duration::from_millis(50)).ok();
            for frame in first.into_iter().chain(inbox.try_iter().take(64)) {
                let input = match wire::decode(&frame) {
                    SignedConsensusMsg::Vote(vote) => Input::Vote(vote),
                    SignedConsensusMsg::Proposal(proposal) => Input::Proposal(proposal),
                };
                self.process(input, &mut state, &metrics);
            }
        }
        self.finals
    }

    fn start(&mut self, height: Height) {
        let (validators, policy) = (self.validators.clone(), VoteExtensionPolicy::default());
        self.todo.push_back(Input::StartHeight(height, validators, false, None, policy));
    }

    fn process(&mut self, input: Input<Bench>, state: &mut State<Bench>, metrics: &Metrics) {
        let result: Result<(), Error<Bench>> = process!(
            input: input,
            state: state,
            metrics: metrics,
            with: effect => self.carry_out(effect)
        );
        result.expect("consensus goes on");
    }

    fn carry_out(&mut self, effect: Effect<Bench>) -> Result<Resume<Bench>, std::io::Error> {
        Ok(match effect {
            Effect::SignVote(vote, resume) => {
                let signature = self.key.sign(&wire::vote_bytes(&vote));
                resume.resume_with(SignedVote::new(vote, signature))
            }
            Effect::SignProposal(proposal, resume) => {
                let signature = self.key.sign(&wire::proposal_bytes(&proposal));
                resume.resume_with(SignedProposal::new(proposal, signature))
            }
            Effect::VerifySignature(SignedMessage { message, signature, .. }, key, resume) => {
                let bytes = match &message {
                    ConsensusMsg::Vote(vote) => wire::vote_bytes(vote),
                    ConsensusMsg::Proposal(proposal) => wire::proposal_bytes(proposal),
                };
                resume.resume_with(key.verify(&bytes, &signature).is_ok())
            }
            Effect::VerifyCommitCertificate(_, _, _, resume) => resume.resume_with(Ok(())),
            Effect::WalAppend(_, entry, resume) => {
                let message = match entry {
                    Input::Vote(vote) => Some(SignedConsensusMsg::Vote(vote)),
                    Input::Proposal(proposal) => Some(SignedConsensusMsg::Proposal(proposal)),
                    _ => None,
                };
                self.log.write_all(&message.map_or(vec![0; 16], |message| wire::encode(&message)))?;
                self.dirty = true;
                resume.resume_with(())
            }
            Effect::PublishConsensusMsg(message, resume) => {
                if std::mem::take(&mut self.dirty) {
                    self.log.sync_data()?;
                }
                let frame: Arc<[u8]> = wire::encode(&message).into();
                for (_, link) in self.links.iter().enumerate().filter(|(to, _)| *to != self.me) {
                    let _ = link.send(Arc::clone(&frame));
                }
                resume.resume_with(())
            }
            Effect::GetValue(height, round, _, resume) => {
                let mut body = vec![0xa5; PAYLOAD_BYTES];
                let made = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                body[..8].copy_from_slice(&made.to_le_bytes());
                body[8..16].copy_from_slice(&height.as_u64().to_le_bytes());
                let value = LocallyProposedValue::new(height, round, Body::new(body.into()));
                self.todo.push_back(Input::Propose(value));
                resume.resume_with(())
            }
            Effect::Finalize(certificate, _, _, resume) => {
                let made = u64::from_le_bytes(certificate.value_id.made);
                let now = self.began.elapsed();
                self.finals.push((now, now.saturating_sub(Duration::from_nanos(made))));
                self.start(certificate.height.increment());
                resume.resume_with(())
            }
            Effect::ExtendVote(_, _, _, _, resume) => resume.resume_with(None),
            // Without faults no timer fires, and nothing is sent again.
            _ => Resume::Continue,
        })
    }
}
