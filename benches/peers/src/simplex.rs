//! `commonware-consensus` simplex on its tokio runtime, with channels in memory for links and an application that hashes
//! the payloads that it is sent.

use std::{
    collections::HashMap,
    convert::Infallible,
    num::{NonZeroU16, NonZeroUsize},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use commonware_actor::{Feedback, Unreliable};
use commonware_consensus::{
    Automaton, CertifiableAutomaton, Relay, Reporter, Viewable as _,
    simplex::{
        self, Engine, ForwardPolicy, Plan, SkipBudget, SkipPolicy,
        elector::RoundRobin,
        scheme::ed25519::Scheme,
        types::{Activity, Context},
    },
    types::{Epoch, ViewDelta},
};
use commonware_cryptography::{
    Hasher as _, Sha256, Signer as _,
    ed25519::{PrivateKey, PublicKey},
    sha256::Digest,
};
use commonware_p2p::{BlockedSubscription, Blocker, CheckedSender, LimitedSender, Receiver, Recipients};
use commonware_parallel::Sequential;
use commonware_runtime::{Clock as _, IoBuf, IoBufs, Runner as _, Supervisor as _, buffer::paged::CacheRef, tokio};
use commonware_utils::{
    NonZeroDuration,
    channel::{oneshot, ring},
    ordered::Set,
};
use ::tokio::sync::mpsc;

use crate::consensus::{latency::Figures, world::PAYLOAD_BYTES};

type Frame = (PublicKey, IoBuf);

const MAILBOX: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
const BUFFER: NonZeroUsize = NonZeroUsize::new(1024 * 1024).unwrap();

#[derive(Clone, Debug)]
struct Link {
    me: PublicKey,
    peers: Arc<HashMap<PublicKey, mpsc::UnboundedSender<Frame>>>,
}

struct Checked {
    link: Link,
    to: Vec<PublicKey>,
}

impl LimitedSender for Link {
    type PublicKey = PublicKey;
    type Checked<'a> = Checked;

    fn check(&mut self, recipients: Recipients<PublicKey>) -> Result<Checked, SystemTime> {
        let to = match recipients {
            Recipients::All => self.peers.keys().filter(|peer| **peer != self.me).cloned().collect(),
            Recipients::Some(some) => some,
            Recipients::One(one) => vec![one],
        };
        Ok(Checked { link: self.clone(), to })
    }
}

impl CheckedSender for Checked {
    type PublicKey = PublicKey;

    fn recipients(&self) -> Vec<PublicKey> {
        self.to.clone()
    }

    fn send(self, message: impl Into<IoBufs> + Send, _: bool) -> Unreliable<Feedback> {
        let frame = message.into().coalesce();
        for peer in self.to.iter().filter_map(|peer| self.link.peers.get(peer)) {
            let _ = peer.send((self.link.me.clone(), frame.clone()));
        }
        Unreliable::new(Feedback::Ok)
    }
}

#[derive(Debug)]
struct Inbox(mpsc::UnboundedReceiver<Frame>);

impl Receiver for Inbox {
    type Error = Infallible;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Frame, Infallible> {
        match self.0.recv().await {
            Some(frame) => Ok(frame),
            None => std::future::pending().await,
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        MAILBOX
    }
}

/// One network: the sender and the receiver of each member.
fn network(members: &[PublicKey]) -> Vec<(Link, Inbox)> {
    let (senders, inboxes): (Vec<_>, Vec<_>) = members.iter().map(|_| mpsc::unbounded_channel()).unzip();
    let peers = Arc::new(members.iter().cloned().zip(senders).collect::<HashMap<_, _>>());
    let link = |me: &PublicKey| Link { me: me.clone(), peers: Arc::clone(&peers) };
    members.iter().map(link).zip(inboxes.into_iter().map(Inbox)).collect()
}

#[derive(Clone)]
struct Nobody;

impl Blocker for Nobody {
    type PublicKey = PublicKey;

    fn block(&mut self, peer: PublicKey) -> Feedback {
        panic!("member {peer} is blocked: the harness is wrong");
    }

    fn blocked(&mut self) -> BlockedSubscription<PublicKey> {
        ring::channel(NonZeroUsize::MIN).1
    }
}

#[derive(Default)]
struct Bodies {
    held: HashMap<Digest, Arc<[u8]>>,
    waiting: HashMap<Digest, Vec<oneshot::Sender<bool>>>,
    finals: Vec<(Duration, Duration)>,
    view: u64,
    blocks: Vec<(Duration, u64)>,
}

/// The application of one member. Bodies go from one to the other by a call, and are hashed on arrival.
#[derive(Clone)]
struct Application {
    me: usize,
    members: Arc<Vec<Mutex<Bodies>>>,
    began: Instant,
}

impl Application {
    fn with<T>(&self, member: usize, act: impl FnOnce(&mut Bodies) -> T) -> T {
        act(&mut self.members[member].lock().expect("nobody panics with it"))
    }

    fn deliver(&self, member: usize, body: &Arc<[u8]>) {
        let digest = Sha256::hash(&[body]);
        self.with(member, |bodies| {
            bodies.held.insert(digest, Arc::clone(body));
            for reply in bodies.waiting.remove(&digest).unwrap_or_default() {
                let _ = reply.send(true);
            }
        });
    }
}

impl Automaton for Application {
    type Context = Context<Digest, PublicKey>;
    type Digest = Digest;

    async fn propose(&mut self, context: Self::Context) -> oneshot::Receiver<Digest> {
        let (reply, answer) = oneshot::channel();
        let mut body = vec![0xa5; PAYLOAD_BYTES];
        let made = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        body[..8].copy_from_slice(&made.to_le_bytes());
        body[8..16].copy_from_slice(&context.round.view().get().to_le_bytes());
        let digest = Sha256::hash(&[&body]);
        self.with(self.me, |bodies| bodies.held.insert(digest, body.into()));
        let _ = reply.send(digest);
        answer
    }

    async fn verify(&mut self, _: Self::Context, payload: Digest) -> oneshot::Receiver<bool> {
        let (reply, answer) = oneshot::channel();
        self.with(self.me, |bodies| {
            if bodies.held.contains_key(&payload) {
                let _ = reply.send(true);
            } else {
                bodies.waiting.entry(payload).or_default().push(reply);
            }
        });
        answer
    }
}

impl CertifiableAutomaton for Application {}

impl Relay for Application {
    type Digest = Digest;
    type Plan = Plan<PublicKey>;
    type PublicKey = PublicKey;

    fn broadcast(&mut self, payload: Digest, _: Plan<PublicKey>) -> Feedback {
        if let Some(body) = self.with(self.me, |bodies| bodies.held.get(&payload).cloned()) {
            (0..self.members.len()).filter(|to| *to != self.me).for_each(|to| self.deliver(to, &body));
        }
        Feedback::Ok
    }
}

impl Reporter for Application {
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        if let Activity::Finalization(finalization) = activity {
            let now = self.began.elapsed();
            self.with(self.me, |bodies| {
                let view = finalization.view().get();
                let blocks = view.saturating_sub(bodies.view);
                bodies.view = bodies.view.max(view);
                // Its ancestors are final with it, and without faults every view has a block.
                bodies.blocks.push((now, blocks));
                if let Some(body) = bodies.held.remove(&finalization.proposal.payload) {
                    let made = u64::from_le_bytes(body[..8].try_into().expect("eight bytes"));
                    bodies.finals.push((now, now.saturating_sub(Duration::from_nanos(made))));
                }
            });
        }
        Feedback::Ok
    }
}

/// Runs members for a time, with their journals in a folder.
pub fn run(members: u8, folder: &Path, warm_up: Duration, measured: Duration) -> Figures {
    let keys: Vec<_> = (0..members).map(|seed| PrivateKey::from_seed(seed.into())).collect();
    let mut keyed: Vec<_> = keys.into_iter().map(|key| (key.public_key(), key)).collect();
    keyed.sort_by(|one, other| one.0.cmp(&other.0));
    let public: Vec<_> = keyed.iter().map(|(public, _)| public.clone()).collect();
    let bodies = Arc::new((0..members).map(|_| Mutex::default()).collect::<Vec<_>>());
    let began = Instant::now();
    let settings = tokio::Config::new().with_worker_threads(2).with_storage_directory(folder);
    let all = Arc::clone(&bodies);
    tokio::Runner::new(settings).start(|context| async move {
        let mut networks = [network(&public), network(&public), network(&public)].map(Vec::into_iter);
        let participants = Set::from_iter_dedup(public.clone());
        let mut engines = Vec::new();
        for (me, (_, key)) in keyed.into_iter().enumerate() {
            let context = context.child("member").with_attribute("number", me);
            let app = Application { me, members: Arc::clone(&all), began };
            let scheme = Scheme::signer(b"bench", participants.clone(), key).expect("a participant");
            let config = simplex::Config {
                scheme,
                elector: RoundRobin::<Sha256>::default(),
                blocker: Nobody,
                automaton: app.clone(),
                relay: app.clone(),
                reporter: app,
                strategy: Sequential,
                partition: format!("member-{me}"),
                mailbox_size: MAILBOX,
                epoch: Epoch::new(1),
                floor: simplex::Floor::Genesis(Sha256::hash(&[b"genesis"])),
                leader_timeout: Duration::from_secs(2),
                certification_timeout: Duration::from_secs(3),
                timeout_retry: Duration::from_secs(10),
                fetch_timeout: NonZeroDuration::new(Duration::from_secs(1)).expect("not zero"),
                fetch_retry_delay: Duration::from_millis(100),
                view_retention: ViewDelta::new(10),
                skip: SkipPolicy::Enabled {
                    timeout: Duration::from_secs(12),
                    budget: SkipBudget::Participants,
                },
                replay_buffer: BUFFER,
                write_buffer: BUFFER,
                page_cache: CacheRef::new(
                    NonZeroU16::new(4096).expect("not zero"),
                    NonZeroUsize::new(64).expect("not zero"),
                ),
                forward: ForwardPolicy::Disabled,
                track_historical_votes: false,
            };
            let [votes, certificates, resolver] =
                networks.each_mut().map(|network| network.next().expect("as many as members"));
            engines.push(Engine::new(context.child("engine"), config).start(votes, certificates, resolver));
        }
        context.sleep(warm_up + measured).await;
        engines.iter().for_each(|engine| engine.abort());
    });
    let counted = warm_up..warm_up + measured;
    let (mut latencies, mut blocks) = (Vec::new(), 0);
    for member in bodies.iter() {
        let member = member.lock().expect("nobody panics with it");
        let finals = member.finals.iter().filter(|(at, _)| counted.contains(at));
        latencies.extend(finals.map(|(_, latency)| *latency));
        blocks += member.blocks.iter().filter(|(at, _)| counted.contains(at)).map(|(_, b)| b).sum::<u64>();
    }
    Figures::of(latencies, blocks / u64::from(members), measured)
}
