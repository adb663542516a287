use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::traits::Identity;

use super::*;

#[test]
fn t33_only_the_one_encoding_of_an_element_that_is_not_the_identity_is_read() {
    let good = *Point::new(blinding_base()).unwrap().as_bytes();
    assert!(Point::from_canonical(&good).is_ok());
    assert!(Point::new(RistrettoPoint::identity()).is_none());
    // The identity; all ones; p, which is 0 again; p + 1; a negative number; the good one with the unused bit.
    let p = |low: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f);
        bytes
    };
    let mut high = good;
    high[31] |= 0x80;
    let mut one = [0; 32];
    one[0] = 1;
    for bytes in [[0; 32], [0xff; 32], p(0xed), p(0xee), one, high] {
        assert!(Point::from_bytes(bytes).is_none(), "{bytes:?}");
        let fault = CodecFault::NotCanonical("an element of the group of money");
        assert_eq!(Point::from_canonical(&bytes), Err(fault));
    }
}

#[test]
fn scalars_are_below_the_order() {
    let mut bytes = (-Scalar::ONE).to_bytes();
    assert_eq!(Exponent::from_canonical(&bytes), Ok(Exponent(-Scalar::ONE)));
    bytes[0] += 1;
    assert!(Exponent::from_canonical(&bytes).is_err());
    assert_eq!(format!("{:?}", Exponent(Scalar::ONE)), "Exponent");
}

#[test]
fn hashes_know_where_one_part_ends() {
    assert_ne!(hash_to_scalar("test", &[b"ab", b"c"]), hash_to_scalar("test", &[b"a", b"bc"]));
    assert_ne!(hash_to_point("test", &[b"ab"]), hash_to_point("test", &[b"ab", b""]));
    assert_ne!(hash_to_scalar("test", &[b"ab"]), hash_to_scalar("text", &[b"ab"]));
}
