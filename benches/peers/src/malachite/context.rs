//! The types that malachite's core is generic over.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use malachitebft_core_types::{
    Context, LinearTimeouts, NilOrVal, Round, SignedExtension, VoteType, VotingPower,
};
use malachitebft_signing_ed25519::{Ed25519, PublicKey};
use sha2::{Digest as _, Sha256};

/// The context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bench;

/// A member's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub u16);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl malachitebft_core_types::Address for Address {}

/// A height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Height(pub u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl malachitebft_core_types::Height for Height {
    const INITIAL: Self = Self(1);
    const ZERO: Self = Self(0);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0 + n)
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// The digest of a block, and when it was made, for the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId {
    pub digest: [u8; 32],
    pub made: [u8; 8],
}

impl fmt::Display for BodyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x?}", &self.digest[..4])
    }
}

/// A block. Its digest is computed once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Body {
    id: BodyId,
    pub bytes: Arc<[u8]>,
}

impl Body {
    pub fn new(bytes: Arc<[u8]>) -> Self {
        let made = bytes[..8].try_into().expect("eight bytes");
        Self { id: BodyId { digest: Sha256::digest(&bytes).into(), made }, bytes }
    }
}

impl malachitebft_core_types::Value for Body {
    type Id = BodyId;

    fn id(&self) -> BodyId {
        self.id
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    pub address: Address,
    pub key: PublicKey,
}

impl malachitebft_core_types::Validator<Bench> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn voting_power(&self) -> VotingPower {
        1
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators(pub Arc<Vec<Validator>>);

impl malachitebft_core_types::ValidatorSet<Bench> for Validators {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        self.0.len() as u64
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.0.get(usize::from(address.0))
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub height: Height,
    pub round: Round,
    pub value: Body,
    pub pol_round: Round,
    pub address: Address,
}

impl malachitebft_core_types::Proposal<Bench> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &Body {
        &self.value
    }

    fn take_value(self) -> Body {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }
}

/// Proposals go in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPart;

impl malachitebft_core_types::ProposalPart<Bench> for NoPart {
    fn is_first(&self) -> bool {
        true
    }

    fn is_last(&self) -> bool {
        true
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub kind: VoteType,
    pub height: Height,
    pub round: Round,
    pub value: NilOrVal<BodyId>,
    pub address: Address,
    pub extension: Option<SignedExtension<Bench>>,
}

impl malachitebft_core_types::Vote<Bench> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<BodyId> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<BodyId> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }

    fn extension(&self) -> Option<&SignedExtension<Bench>> {
        self.extension.as_ref()
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Bench>> {
        self.extension.take()
    }

    fn extend(self, extension: SignedExtension<Bench>) -> Self {
        Self { extension: Some(extension), ..self }
    }
}

fn vote(
    kind: VoteType,
    height: Height,
    round: Round,
    value: NilOrVal<BodyId>,
    address: Address,
) -> Vote {
    Vote { kind, height, round, value, address, extension: None }
}

impl Context for Bench {
    type Address = Address;
    type Extension = Bytes;
    type Height = Height;
    type Proposal = Proposal;
    type ProposalPart = NoPart;
    type SigningScheme = Ed25519;
    type Timeouts = LinearTimeouts;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Value = Body;
    type Vote = Vote;

    fn select_proposer<'a>(&self, validators: &'a Validators, height: Height, round: Round) -> &'a Validator {
        let turn = height.0 + u64::try_from(round.as_i64()).unwrap_or(0);
        &validators.0[usize::try_from(turn).unwrap_or(0) % validators.0.len()]
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: Body,
        pol_round: Round,
        address: Address,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, address }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<BodyId>,
        address: Address,
    ) -> Vote {
        vote(VoteType::Prevote, height, round, value, address)
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<BodyId>,
        address: Address,
    ) -> Vote {
        vote(VoteType::Precommit, height, round, value, address)
    }
}
