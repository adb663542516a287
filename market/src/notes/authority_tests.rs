use super::super::group::bases;
use super::super::group::support::{any_point, every_byte_matters, rng};
use super::super::note::Opening;
use super::*;
use crate::codec::Canonical;

#[test]
fn an_audit_key_is_known_to_its_owner() {
    let mut rng = rng(80);
    let secret = AmountSecret::from_seed(&[1; 32]);
    let key = secret.key();
    every_byte_matters(&key.to_canonical(), 1, |bytes| {
        AmountKey::from_canonical(bytes).is_ok_and(|key| key.holds())
    });
    let other = AmountSecret::from_seed(&[2; 32]).key();
    assert!(!AmountKey { key: other.key, ..key }.holds());
    assert!(!AmountKey { possession: other.possession, ..key }.holds());
    // A multiple of B too, so that handles would carry amounts; another's, shifted.
    for point in [key.key.get() + bases().B, key.key.get() + other.key.get()] {
        let meaning = Meaning { label: POSSESSION, context: &[] };
        let possession = SameLogarithm::new(meaning, &[(blinding_base(), point)], &secret.0, &mut rng);
        assert!(!AmountKey { key: Point::new(point).unwrap(), possession }.holds());
    }
    assert_eq!(format!("{secret:?}"), "AmountSecret");
}

#[test]
fn t34_an_amount_is_opened_to_what_was_committed_to_and_to_nothing_else() {
    let mut rng = rng(81);
    let secret = AmountSecret::from_seed(&[1; 32]);
    let key = secret.key().key;
    for amount in [0, 1, 900, (1 << 40) - 1] {
        let opening = Opening { amount, blinding: Scalar::random(&mut rng) };
        let commitment = Point::new(opening.commit()).unwrap();
        let handle = Point::new(opening.blinding * key.get()).unwrap();
        let opened = secret.prove(amount, &commitment, &handle, &mut rng).unwrap();
        assert!(opened.holds(&key, &commitment, &handle));
        every_byte_matters(&opened.proof.to_canonical(), 1, |bytes| {
            let proof = OpeningProof::from_canonical(bytes);
            proof.is_ok_and(|proof| OpenedAmount { proof, ..opened }.holds(&key, &commitment, &handle))
        });
        // The authority itself cannot say another amount; nor can what it said be used for another.
        for wrong in [amount + 1, amount.wrapping_sub(1), u64::MAX, amount ^ (1 << 63)] {
            let lie = secret.prove(wrong, &commitment, &handle, &mut rng).unwrap();
            assert!(!lie.holds(&key, &commitment, &handle));
            assert!(!OpenedAmount { amount: wrong, ..opened }.holds(&key, &commitment, &handle));
        }
        let other = any_point(&mut rng);
        assert!(!opened.holds(&other, &commitment, &handle));
        assert!(!opened.holds(&key, &other, &handle));
        assert!(!opened.holds(&key, &commitment, &other));
        assert!(
            !AmountSecret::from_seed(&[2; 32]).prove(amount, &commitment, &handle, &mut rng).unwrap().holds(
                &key,
                &commitment,
                &handle
            )
        );
        // T36: a unit more in the commitment, and a unit more said, is another statement, though a true one.
        let more = Point::new(commitment.get() + bases().B).unwrap();
        assert!(!OpenedAmount { amount: amount + 1, ..opened }.holds(&key, &more, &handle));
    }
}

#[test]
fn t36_the_proof_of_another_protocol_is_none() {
    let mut rng = rng(82);
    let secret = AmountSecret::from_seed(&[1; 32]);
    let key = secret.key().key;
    let opening = Opening { amount: 5, blinding: Scalar::random(&mut rng) };
    let commitment = Point::new(opening.commit()).unwrap();
    let handle = Point::new(opening.blinding * key.get()).unwrap();
    let context = context(&commitment, 5);
    let meaning = Meaning { label: POSSESSION, context: &context };
    let proof = SameLogarithm::new(meaning, &pairs(&key, &commitment, &handle, 5), &secret.0, &mut rng);
    assert!(!OpenedAmount { amount: 5, proof: OpeningProof(proof) }.holds(&key, &commitment, &handle));
    // An amount that was opened is not for logs; in JSON nothing unknown is skipped.
    let opened = secret.prove(5, &commitment, &handle, &mut rng).unwrap();
    assert!(!format!("{opened:?}").contains('5'));
    let json = serde_json::to_string(&opened).unwrap();
    assert_eq!(serde_json::from_str::<OpenedAmount>(&json).unwrap(), opened);
    let more = json.replace("{\"amount\"", "{\"more\":1,\"amount\"");
    assert!(serde_json::from_str::<OpenedAmount>(&more).is_err());
}
