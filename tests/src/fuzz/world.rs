//! A small chain by hand: keys, blocks, votes, certificates, and everything else that members say.

use std::sync::{Arc, LazyLock};

use galen_ledger::{
    AppHash, Height, MemberIndex, TxHash, View,
    beacon::{BeaconMessage, Dealing, Share, SignedDealing},
    blobs::{BlobChunk, BlobRequest},
    chain::{
        Action, Block, Candidate, Certificate, Change, Committee, Evidence, Genesis, Header, Outcome,
        Parameters, SignedChange, Statement, Upkeep, Vote, block::tx_root, upkeep::upkeep_root,
    },
    consensus::{Bundle, CompactProposal, Message, Proposal, Receipts, message::Status},
    crypto::SecretKey,
    lanes::{Lane, MiniBlock, Receipt, lane::Omitted, lanes_root, route::group_of_member},
    types::{BlobHash, BlockHash, Cycle, MiniHash, ReceiptsRoot, Round, Turn},
};

/// Four members.
pub struct World {
    /// The genesis.
    pub genesis: Arc<Genesis>,
    /// The first committee.
    pub committee: Arc<Committee>,
    /// Everybody's secrets.
    pub keys: Vec<SecretKey>,
}

/// The one world of the targets.
pub static WORLD: LazyLock<World> = LazyLock::new(|| World::with(World::parameters()));

/// A member.
pub fn member(number: u16) -> MemberIndex {
    MemberIndex::new(number)
}

/// What executing a block may have given.
pub fn outcome(byte: u8) -> Outcome {
    Outcome { app_hash: AppHash::from_bytes([byte; 32]), receipts_root: ReceiptsRoot::from_bytes([byte; 32]) }
}

impl World {
    /// Short cycles.
    pub fn parameters() -> Parameters {
        Parameters { cycle_blocks: 9, beacon_interval: 9, ..Parameters::default() }
    }

    /// A world with other limits and lengths.
    pub fn with(parameters: Parameters) -> Self {
        let keys: Vec<_> = (1..=4).map(|seed| SecretKey::from_bytes(&[seed; 32])).collect();
        let genesis = Genesis {
            name: "fuzz".into(),
            time_ms: 0,
            members: keys.iter().map(|key| Candidate::new("member", key, None)).collect(),
            parameters,
            config: b"config".to_vec(),
        };
        let committee = Arc::new(genesis.committee());
        Self { genesis: Arc::new(genesis), committee, keys }
    }

    /// A block of the leader of a view, on the parent of another.
    pub fn block(&self, view: u64, height: u64, parent: (BlockHash, u64), txs: Vec<Vec<u8>>) -> Block {
        self.block_with(view, height, parent, (vec![], txs), vec![])
    }

    /// A block with mini-blocks and affairs of the ledger.
    pub fn block_with(
        &self,
        view: u64,
        height: u64,
        parent: (BlockHash, u64),
        (lanes, txs): (Vec<Lane>, Vec<Vec<u8>>),
        upkeep: Vec<Upkeep>,
    ) -> Block {
        let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
        let header = Header {
            chain_id: self.genesis.chain_id(),
            cycle: self.committee.cycle(),
            height: Height::new(height),
            view: View::new(view),
            proposer: self.committee.leader(View::new(view)).expect("somebody leads"),
            parent: parent.0,
            parent_view: View::new(parent.1),
            time_ms: 1,
            parent_outcome: outcome(0),
            tx_root: tx_root(&hashes),
            upkeep_root: upkeep_root(&upkeep),
            lanes_root: lanes_root(&lanes),
        };
        Block { header, upkeep, lanes, txs }
    }

    /// The first block.
    pub fn first(&self, upkeep: Vec<Upkeep>) -> Block {
        let genesis = (self.genesis.block_hash(), 0);
        self.block_with(1, 1, genesis, (vec![], vec![b"set a 1".to_vec(), vec![7; 40]]), upkeep)
    }

    /// Some transactions of a member.
    pub fn mini(&self, author: u16, number: u64) -> MiniBlock {
        let group = group_of_member(&self.committee, member(author)).expect("everybody has a group");
        let tx = |place: u8| vec![place, author as u8, number as u8].into();
        let (place, key) = ((group, member(author)), &self.keys[usize::from(author)]);
        MiniBlock::sign(&self.committee.scope(), place, number, (0..3).map(tx).collect(), key)
    }

    /// Its name.
    pub fn name(&self, mini: &MiniBlock) -> MiniHash {
        mini.header.hash(&self.genesis.chain_id())
    }

    /// That a member has checked it.
    pub fn receipt(&self, mini: &MiniBlock, signer: u16) -> Receipt {
        let key = &self.keys[usize::from(signer)];
        Receipt::sign(&self.name(mini), member(signer), &self.committee.scope(), key)
    }

    /// Receipts of two members, as they travel.
    pub fn receipts(&self, mini: &MiniBlock) -> Receipts {
        let signed = [0, 2].map(|signer| self.receipt(mini, signer));
        Receipts {
            cycle: mini.header.cycle,
            mini: self.name(mini),
            signed: signed.map(|receipt| (receipt.signer, receipt.signature)).to_vec(),
        }
    }

    /// The mini-blocks of [`Self::laned`].
    pub fn minis(&self) -> [MiniBlock; 2] {
        [self.mini(1, 0), self.mini(3, 7)]
    }

    /// The first block with mini-blocks: one whole and receipted, one of which a transaction is left out; and a transaction
    /// of the proposer's own.
    pub fn laned(&self, upkeep: Vec<Upkeep>) -> Block {
        let [whole, part] = self.minis();
        let lane = |mini: &MiniBlock, receipts, omitted| Lane {
            header: mini.header,
            signature: mini.signature,
            receipts,
            omitted,
        };
        let left_out = vec![Omitted { place: 1, tx: TxHash::of(&part.txs[1]) }];
        let lanes = vec![lane(&whole, self.receipts(&whole).signed, vec![]), lane(&part, vec![], left_out)];
        let minis = [&whole, &part];
        let included = lanes.iter().zip(minis).flat_map(|(lane, mini)| lane.included_of(mini));
        let txs = included.map(|tx| tx.to_vec()).chain([b"set b 2".to_vec()]).collect();
        self.block_with(1, 1, (self.genesis.block_hash(), 0), (lanes, txs), upkeep)
    }

    /// A vote.
    pub fn vote(&self, voter: u16, statement: Statement) -> Vote {
        Vote::sign(statement, member(voter), &self.committee.scope(), &self.keys[usize::from(voter)])
    }

    /// A certificate of some members.
    pub fn certificate(&self, statement: Statement, signers: &[u16]) -> Certificate {
        let signed = signers.iter().map(|signer| (member(*signer), self.vote(*signer, statement).signature));
        Certificate::new(self.committee.cycle(), statement, signed)
    }

    /// A block with its leader's signature.
    pub fn proposal(&self, view: u64, block: Block) -> Proposal {
        let leader = self.committee.leader(View::new(view)).expect("somebody leads");
        Proposal::sign(View::new(view), Arc::new(block), &self.committee.scope(), &self.keys[leader.at()])
    }

    /// One of each kind of statement.
    pub fn statements(&self) -> [Statement; 3] {
        let (view, block) = (View::new(1), self.first(vec![]).hash());
        [
            Statement::Notarize { view, block },
            Statement::Nullify { view },
            Statement::Finalize { view, block, outcome: outcome(1).hash() },
        ]
    }

    /// A change of the membership, approved.
    pub fn change(&self) -> SignedChange {
        let chain_id = self.genesis.chain_id();
        let candidate = Candidate::new("ward", &SecretKey::from_bytes(&[9; 32]), Some(&chain_id));
        let action = Action::Admit { member: member(4), candidate };
        let change = Change { chain_id, last: Cycle::new(7), nonce: 5, action };
        let approvals: Vec<_> =
            (0..3).map(|number| change.approve(member(number), &self.keys[usize::from(number)])).collect();
        SignedChange::new(change, approvals)
    }

    /// One of each kind of message of the beacon.
    pub fn beacon(&self) -> [BeaconMessage; 3] {
        let (round, dealer, holder) = (Round::new(0), member(1), member(2));
        let context = self.committee.dealing(round, dealer);
        let dealing = Dealing::deal(&context, &self.keys[1].beacon()).expect("good keys");
        let share = Share::decrypt(&dealing, &context, holder, &self.keys[2].beacon()).expect("has a share");
        let secret = Dealing::secret(&context, &self.keys[1].beacon());
        [
            BeaconMessage::Commit(SignedDealing::sign(&context, dealing, &self.keys[1])),
            BeaconMessage::Disclose { round, dealer, secret },
            BeaconMessage::Share { round, dealer, holder, share },
        ]
    }

    /// One of each kind of evidence.
    pub fn evidence(&self) -> [Evidence; 3] {
        let [notarize, ..] = self.statements();
        let other = Statement::Notarize { view: View::new(1), block: self.genesis.block_hash() };
        let blocks = [self.first(vec![]), self.block(1, 1, (self.genesis.block_hash(), 0), vec![])];
        let blocks = blocks.map(|block| (block.hash(), self.proposal(1, block).signature));
        let (cycle, view) = (self.committee.cycle(), View::new(1));
        let proposer = self.committee.leader(view).expect("somebody leads");
        let one = self.mini(2, 5);
        let (mut header, key) = (one.header, &self.keys[2]);
        header.root = [8; 32];
        let minis = [(one.header, one.signature), (header, header.sign(&self.committee.scope(), key))];
        [
            Evidence::Votes(self.vote(3, notarize), self.vote(3, other)),
            Evidence::Proposals { cycle, view, proposer, blocks },
            Evidence::MiniBlocks(minis),
        ]
    }

    /// One of each kind of the ledger's affairs.
    pub fn upkeep(&self) -> Vec<Upkeep> {
        let beacon = self.beacon().into_iter().map(Upkeep::Beacon);
        let evidence = self.evidence().into_iter().map(Upkeep::Evidence);
        beacon.chain(evidence).chain([Upkeep::Change(self.change())]).collect()
    }

    /// One of each kind of message.
    pub fn messages(&self) -> Vec<Message> {
        let block = self.first(self.upkeep());
        let [notarize, nullify, finalize] = self.statements();
        let cycle = self.committee.cycle();
        let blob = BlobHash::of(b"blob");
        let minis = self.minis();
        let mut messages = vec![
            Message::Propose(self.proposal(1, self.first(vec![]))),
            Message::Propose(self.proposal(1, self.laned(vec![]))),
            Message::Compact(CompactProposal::of(&self.proposal(1, self.laned(vec![])))),
            Message::FetchMinis(minis.iter().map(|mini| self.name(mini)).collect()),
            Message::Receipts(self.receipts(&minis[0])),
            Message::MiniBlock(Arc::new(minis[0].clone())),
            Message::Vote(self.vote(1, notarize)),
            Message::Certificate(self.certificate(nullify, &[0, 2, 3])),
            Message::Certificate(self.certificate(finalize, &[0, 1, 2, 3])),
            Message::Status(Status {
                turn: Turn { cycle, view: View::new(3) },
                height: Height::new(2),
                finalized: View::new(2),
                missing_from: View::new(3),
            }),
            Message::Fetch(block.hash()),
            Message::Block(Arc::new(block)),
            Message::Tx(b"set a 1".to_vec().into()),
            Message::FetchBlob(BlobRequest { blob, first: 1, count: 4 }),
            Message::BlobChunk(BlobChunk { blob, size: 9, index: 0, bytes: vec![3; 9] }),
            Message::NoBlob(blob),
            Message::FetchSnapshot(Height::new(6)),
            Message::Snapshot(Height::new(9), blob),
        ];
        let votes = [1, 3].map(|voter| self.vote(voter, notarize));
        messages.extend(Bundle::new(&votes).map(Message::Bundle));
        messages.extend(self.upkeep().into_iter().map(|item| Message::Upkeep { cycle, item }));
        messages
    }
}
