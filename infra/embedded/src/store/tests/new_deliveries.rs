use super::*;
use crate::store::deliveries::Stored;
use crate::store::new_deliveries::{MOST_BYTES, NewDeliveries};
use fjall::UserKey;

fn new(number: u8, bytes: usize) -> (UserKey, Stored) {
    let delivery = delivery(&timer("a"), "del_a", NOW);
    ([number].into(), Stored { delivery, record: vec![0; bytes].into() })
}

#[test]
fn however_large_they_are_no_more_than_so_many_bytes_are_kept() {
    let kept = NewDeliveries::default();
    let bytes = 100_000;
    kept.keep((0..200).map(|number| new(number, bytes)).collect());
    let found = (0..200).filter(|number| kept.take(&[*number]).is_some()).count();
    assert_eq!(found, MOST_BYTES / bytes);
}

#[test]
fn what_is_taken_forgotten_or_kept_anew_makes_room() {
    let kept = NewDeliveries::default();
    kept.keep(vec![new(1, MOST_BYTES / 2 + 1), new(1, MOST_BYTES)]);
    kept.forget([new(1, 0).0].iter());
    for _ in 0..3 {
        kept.keep(vec![new(2, MOST_BYTES)]);
        assert!(kept.take(&[2]).is_some());
    }
    assert!(kept.take(&[1]).is_none());
}
