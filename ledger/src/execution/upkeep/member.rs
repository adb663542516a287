//! What the ledger remembers of each member there has ever been.

use crate::{
    chain::{Candidate, MemberKeys, genesis::MAX_NAME_BYTES},
    codec::{Decode, DecodeError, Encode, Reader, put_bytes},
    credit::Credit,
    types::Cycle,
};

/// What is to change about a member with the next cycle. One change a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// It gets a seat.
    Join,
    /// It loses its seat.
    Leave,
    /// It gets other keys.
    Rotate(MemberKeys),
    /// It may propose again.
    Readmit,
}

/// What the ledger remembers of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// A name for people.
    pub name: String,
    /// Its keys.
    pub keys: MemberKeys,
    /// Whether it has a seat in the current cycle.
    pub seated: bool,
    /// Its credit.
    pub credit: Credit,
    /// It was proven to have broken a rule, and is skipped as a proposer until it is readmitted.
    pub barred: bool,
    /// What it did before this cycle is forgiven.
    pub since: Cycle,
    /// What is to change.
    pub pending: Option<Pending>,
}

impl MemberRecord {
    /// A member of the first committee.
    pub fn seated(candidate: &Candidate) -> Self {
        Self { seated: true, pending: None, ..Self::joining(candidate) }
    }

    /// A member of the next.
    pub fn joining(candidate: &Candidate) -> Self {
        Self {
            name: candidate.name.clone(),
            keys: candidate.keys,
            seated: false,
            credit: Credit::default(),
            barred: false,
            since: Cycle::new(0),
            pending: Some(Pending::Join),
        }
    }

    /// Whether it will have a seat in the next cycle.
    pub fn will_be_seated(&self) -> bool {
        match self.pending {
            Some(Pending::Join) => true,
            Some(Pending::Leave) => false,
            _ => self.seated,
        }
    }

    /// The keys that are or will be in use.
    pub fn keys_in_use(&self) -> impl Iterator<Item = MemberKeys> {
        let rotated = match self.pending {
            Some(Pending::Rotate(keys)) => Some(keys),
            _ => None,
        };
        let current = (self.seated || self.will_be_seated()).then_some(self.keys);
        current.into_iter().chain(rotated)
    }

    /// Carries out what is pending, as the cycle `next` begins.
    pub fn turn(&mut self, next: Cycle) {
        match self.pending.take() {
            Some(Pending::Join) => {
                self.seated = true;
                self.since = next;
            }
            Some(Pending::Leave) => self.seated = false,
            Some(Pending::Rotate(keys)) => self.keys = keys,
            Some(Pending::Readmit) => {
                self.barred = false;
                self.credit = Credit::default();
                self.since = next;
            }
            None => {}
        }
    }
}

impl Encode for Pending {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Join => out.push(1),
            Self::Leave => out.push(2),
            Self::Rotate(keys) => {
                out.push(3);
                keys.encode(out);
            }
            Self::Readmit => out.push(4),
        }
    }
}

impl Decode for Pending {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            1 => Self::Join,
            2 => Self::Leave,
            3 => Self::Rotate(Decode::decode(reader)?),
            4 => Self::Readmit,
            tag => return Err(DecodeError::UnknownTag { what: "pending change", tag }),
        })
    }
}

impl Encode for MemberRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.name.as_bytes());
        self.keys.encode(out);
        self.seated.encode(out);
        self.credit.encode(out);
        self.barred.encode(out);
        self.since.encode(out);
        self.pending.encode(out);
    }
}

impl Decode for MemberRecord {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: reader.text(MAX_NAME_BYTES, "member name")?,
            keys: Decode::decode(reader)?,
            seated: Decode::decode(reader)?,
            credit: Decode::decode(reader)?,
            barred: Decode::decode(reader)?,
            since: Decode::decode(reader)?,
            pending: Decode::decode(reader)?,
        })
    }
}
