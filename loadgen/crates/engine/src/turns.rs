//! Which request is sent next: in turn, each as often as its weight says, evenly spread.

use crate::Request;
use crate::limits::TURNS_MAX;

/// A round of requests, by index; after its end it starts again.
#[derive(Clone, Debug)]
pub(crate) struct Turns(Vec<u16>);

impl Turns {
    /// The round of `requests`; empty when none has a weight.
    pub(crate) fn new(requests: &[Request]) -> Self {
        let weights: Vec<u64> = requests.iter().map(|request| request.weight.into()).collect();
        Self(round(&weights))
    }

    /// Whether no request has a weight.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The request at `place` of the whole plan.
    #[inline]
    pub(crate) fn at(&self, place: u64) -> u16 {
        match self.0.as_slice() {
            [only] => *only,
            round => round[(place % round.len() as u64) as usize],
        }
    }
}

/// Each index as often as its weight, reduced; occurrence `j` of weight `w` lies at (2j + 1) / w of the round.
fn round(weights: &[u64]) -> Vec<u16> {
    let divisor = weights.iter().copied().fold(0, gcd).max(1);
    let total: u64 = weights.iter().map(|weight| weight / divisor).sum();
    let reduced = |weight: u64| match weight / divisor {
        0 => 0,
        weight if total <= TURNS_MAX => weight,
        weight => (u128::from(weight) * u128::from(TURNS_MAX) / u128::from(total)).max(1) as u64,
    };
    let mut places: Vec<(u64, u64, u16)> = Vec::new();
    for (index, &weight) in (0..=u16::MAX).zip(weights) {
        let weight = reduced(weight);
        places.extend((0..weight).map(|j| (2 * j + 1, weight, index)));
    }
    // Products of numbers below 2^22 and 2^20.
    places.sort_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)).then(a.2.cmp(&b.2)));
    places.into_iter().map(|(_, _, index)| index).collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_as_often_as_its_weight_and_evenly_spread() {
        assert_eq!(round(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(round(&[4, 2]), [0, 1, 0]);
        assert_eq!(round(&[3, 1]), [0, 0, 1, 0]);
        assert_eq!(round(&[0, 5]), [1]);
        assert_eq!(round(&[0, 0]), []);
        assert_eq!(round(&[70, 20, 10]), [0, 0, 1, 0, 0, 2, 0, 1, 0, 0]);
    }

    #[test]
    fn weights_beyond_the_table_are_scaled_down_and_none_is_lost() {
        let round = round(&[u64::from(u32::MAX), 1, 7]);
        assert!(round.len() as u64 <= TURNS_MAX + 2, "{}", round.len());
        assert_eq!(round.iter().filter(|&&index| index == 1).count(), 1);
    }

    #[test]
    fn places_go_round() {
        let turns = Turns(vec![0, 1, 0]);
        let taken: Vec<u16> = (0..7).map(|place| turns.at(place)).collect();
        assert_eq!(taken, [0, 1, 0, 0, 1, 0, 0]);
    }
}
