//! What members say for the beacon. Blocks carry it.

use super::{Context, Dealing, DealingFault, Secret, Share};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    crypto::{BadSignature, PublicKey, Purpose, SecretKey, Signature},
    types::{MemberIndex, Round},
};

/// A dealing under its dealer's voting key: nobody deals in another's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDealing {
    /// The round.
    pub round: Round,
    /// Who deals.
    pub dealer: MemberIndex,
    /// What.
    pub dealing: Dealing,
    /// Over all of it.
    pub signature: Signature,
}

/// A signed dealing is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedDealingFault {
    /// The dealing.
    #[error(transparent)]
    Dealing(#[from] DealingFault),
    /// The signature.
    #[error("dealing: {0}")]
    Signature(#[from] BadSignature),
}

impl SignedDealing {
    /// Signs what a dealer has dealt.
    pub fn sign(context: &Context<'_>, dealing: Dealing, key: &SecretKey) -> Self {
        let (round, dealer) = (context.round, context.dealer);
        let signature = key.sign(&context.scope, Purpose::Commit, &body(round, dealer, &dealing));
        Self { round, dealer, dealing, signature }
    }

    /// Verifies signature and dealing. That round and dealer are those of the context is the caller's business.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, context: &Context<'_>, key: &PublicKey) -> Result<(), SignedDealingFault> {
        let body = body(self.round, self.dealer, &self.dealing);
        key.verify(&context.scope, Purpose::Commit, &body, &self.signature)?;
        Ok(self.dealing.verify(context)?)
    }
}

fn body(round: Round, dealer: MemberIndex, dealing: &Dealing) -> Vec<u8> {
    let mut bytes = round.to_bytes();
    dealer.encode(&mut bytes);
    dealing.encode(&mut bytes);
    bytes
}

/// A message of the beacon, for a round of the cycle in whose blocks it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BeaconMessage {
    /// Commits to a secret.
    Commit(SignedDealing),
    /// Discloses one's own secret. Needs no signature: there is only one value, and only the dealer knows it.
    Disclose {
        /// The round.
        round: Round,
        /// Whose secret.
        dealer: MemberIndex,
        /// The secret.
        secret: Secret,
    },
    /// Gives away a share of somebody else's secret, which was withheld. Its proof is the holder's.
    Share {
        /// The round.
        round: Round,
        /// Whose secret.
        dealer: MemberIndex,
        /// Whose share.
        holder: MemberIndex,
        /// The share.
        share: Share,
    },
}

impl BeaconMessage {
    /// The round it is for.
    pub fn round(&self) -> Round {
        match self {
            Self::Commit(signed) => signed.round,
            Self::Disclose { round, .. } | Self::Share { round, .. } => *round,
        }
    }

    /// The member that it comes from.
    pub fn author(&self) -> MemberIndex {
        match self {
            Self::Commit(signed) => signed.dealer,
            Self::Disclose { dealer, .. } => *dealer,
            Self::Share { holder, .. } => *holder,
        }
    }
}

impl Encode for SignedDealing {
    fn encode(&self, out: &mut Vec<u8>) {
        self.round.encode(out);
        self.dealer.encode(out);
        self.dealing.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for SignedDealing {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            round: Decode::decode(reader)?,
            dealer: Decode::decode(reader)?,
            dealing: Decode::decode(reader)?,
            signature: Decode::decode(reader)?,
        })
    }
}

impl Encode for BeaconMessage {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Commit(signed) => {
                out.push(1);
                signed.encode(out);
            }
            Self::Disclose { round, dealer, secret } => {
                out.push(2);
                round.encode(out);
                dealer.encode(out);
                secret.encode(out);
            }
            Self::Share { round, dealer, holder, share } => {
                out.push(3);
                round.encode(out);
                dealer.encode(out);
                holder.encode(out);
                share.encode(out);
            }
        }
    }
}

impl Decode for BeaconMessage {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            1 => Self::Commit(Decode::decode(reader)?),
            2 => Self::Disclose {
                round: Decode::decode(reader)?,
                dealer: Decode::decode(reader)?,
                secret: Decode::decode(reader)?,
            },
            3 => Self::Share {
                round: Decode::decode(reader)?,
                dealer: Decode::decode(reader)?,
                holder: Decode::decode(reader)?,
                share: Decode::decode(reader)?,
            },
            tag => return Err(DecodeError::UnknownTag { what: "beacon message", tag }),
        })
    }
}
