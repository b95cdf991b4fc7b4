//! How much, and for how long.

use std::time::Duration;

use serde_saphyr::Spanned;

use super::read::Reading;
use super::twin::{self, Text};
use crate::limits::*;
use crate::quantity;
use crate::scenario::{Arrivals, Burst, Load, RateStep, UserKind, UserStage};

/// What a stage counts.
#[derive(Clone, Copy, PartialEq)]
enum Amount {
    Users(usize),
    Rate(f64),
}

impl Reading<'_> {
    pub(super) fn load(&mut self, file: &twin::File, kinds: &[UserKind]) -> Option<Load> {
        let (place, twin) = (file.load.referenced, &file.load.value);
        let stages = match (&twin.users, &twin.arrival, twin.stages.is_empty()) {
            (Some(users), None, true) => {
                let amount = self.users_count(users).map(Amount::Users);
                self.single(file, amount, twin.ramp.as_ref())
            }
            (None, Some(arrival), true) => {
                if let Some(ramp) = &twin.ramp {
                    self.problem(&ramp.referenced, "write the ramp under arrival".into());
                }
                let amount = self.parsed(&arrival.value.rate, quantity::rate).map(Amount::Rate);
                self.single(file, amount, arrival.value.ramp.as_ref())
            }
            (None, None, false) => self.stages(file, twin),
            _ => {
                let what = "write one of users, arrival and stages: how many users there are, \
                            at which rate requests arrive, or how either changes";
                self.problem(&place, what.into());
                None
            }
        }?;
        let lasts: Duration = stages.iter().map(|(_, _, lasts)| *lasts).sum();
        if lasts.is_zero() || lasts > DURATION_MAX {
            self.problem(
                &place,
                format!("the load lasts {lasts:?}; write above zero, up to {DURATION_MAX:?}"),
            );
            return None;
        }
        if stages.iter().all(|(_, to, _)| matches!(to, Amount::Users(_))) {
            return self.closed(twin, &stages);
        }
        self.open(file, kinds, &stages)
    }

    fn closed(&mut self, twin: &twin::Load, stages: &[(Amount, Amount, Duration)]) -> Option<Load> {
        for text in [twin.burst.as_ref().map(|burst| &burst.count), twin.users_max.as_ref()]
            .into_iter()
            .flatten()
        {
            self.problem(&text.referenced, "this goes with an arrival rate, not with users".into());
        }
        let stage = |&(from, to, lasts): &(Amount, Amount, Duration)| match (from, to) {
            (Amount::Users(from), Amount::Users(to)) => Some(UserStage { from, to, lasts }),
            _ => None,
        };
        Some(Load::Users(stages.iter().filter_map(stage).collect()))
    }

    fn open(
        &mut self,
        file: &twin::File,
        kinds: &[UserKind],
        stages: &[(Amount, Amount, Duration)],
    ) -> Option<Load> {
        let twin = &file.load.value;
        if let Some(thinking) = file.users.iter().find_map(|user| user.think.as_ref())
            && kinds.iter().any(|kind| kind.think.is_some())
        {
            let what = "an arrival rate says when requests are sent: take think out, or write a load of users";
            self.problem(&thinking.referenced, what.into());
        }
        let burst = twin.burst.as_ref().and_then(|burst| {
            let count = self.parsed(&burst.count, |text| quantity::count(text, 1, BURST_MAX));
            let every = self.duration(&burst.every, DURATION_MAX);
            Some(Burst { count: count?, every: every? })
        });
        let users_max = match &twin.users_max {
            None => Some(ARRIVAL_USERS),
            Some(text) => self.users_count(text),
        };
        let steps = stages.iter().filter_map(|&(from, to, lasts)| match (from, to) {
            (Amount::Rate(from_rps), Amount::Rate(to_rps)) => {
                Some(RateStep { from_rps, to_rps, lasts })
            }
            _ => None,
        });
        let arrivals = Arrivals { steps: steps.collect(), burst, users_max: users_max? };
        let count = crate::schedule::Schedule::new(&arrivals).total();
        if count == 0 || count > COUNT_MAX {
            let what = format!("{count} requests would be sent; write a load of 1 to {COUNT_MAX}");
            self.problem(&file.load.referenced, what);
        }
        Some(Load::Arrivals(arrivals))
    }

    /// `users` or `arrival` beside `duration`: a ramp from nothing, and the rest.
    fn single(
        &mut self,
        file: &twin::File,
        amount: Option<Amount>,
        ramp: Option<&Text>,
    ) -> Option<Vec<(Amount, Amount, Duration)>> {
        if let Some(repeat) = &file.load.value.repeat {
            self.problem(&repeat.referenced, "only stages are repeated".into());
        }
        let lasts = match &file.duration {
            None => DURATION,
            Some(text) => self.duration(text, DURATION_MAX)?,
        };
        let amount = amount?;
        let Some(ramp_text) = ramp else { return Some(vec![(amount, amount, lasts)]) };
        let ramp = self.parsed(ramp_text, quantity::duration)?;
        if ramp > lasts {
            let what =
                format!("the ramp is longer than the duration of {lasts:?}: make one of them fit");
            self.problem(&ramp_text.referenced, what);
            return None;
        }
        let all = [(nothing(amount), amount, ramp), (amount, amount, lasts - ramp)];
        Some(all.into_iter().filter(|(_, _, lasts)| !lasts.is_zero()).collect())
    }

    fn stages(
        &mut self,
        file: &twin::File,
        twin: &twin::Load,
    ) -> Option<Vec<(Amount, Amount, Duration)>> {
        if let Some(duration) = &file.duration {
            self.problem(
                &duration.referenced,
                "stages say how long they last: take duration out".into(),
            );
        }
        if let Some(ramp) = &twin.ramp {
            self.problem(&ramp.referenced, "write ramps within the stages".into());
        }
        let repeat = match &twin.repeat {
            None => 1,
            Some(text) => self.parsed(text, |text| quantity::count(text, 1, STAGES_MAX as u64))?,
        };
        if twin.stages.len() * repeat as usize > STAGES_MAX {
            self.problem(
                &file.load.referenced,
                format!("at most {STAGES_MAX} stages, repeats counted"),
            );
            return None;
        }
        let mut read: Vec<(Amount, Duration, Duration)> = Vec::new();
        for stage in &twin.stages {
            read.extend(self.stage(stage));
        }
        if read.len() != twin.stages.len() {
            return None;
        }
        let is_users = |amount: &Amount| matches!(amount, Amount::Users(_));
        let odd = read.iter().position(|(amount, ..)| is_users(amount) != is_users(&read[0].0));
        if let Some(odd) = odd {
            let what = "stages count either users or rates, all of them the same";
            self.problem(&twin.stages[odd].referenced, what.into());
            return None;
        }
        let mut out = Vec::new();
        let mut before = nothing(read[0].0);
        for _ in 0..repeat {
            for &(amount, ramp, lasts) in &read {
                out.push((before, amount, ramp));
                out.push((amount, amount, lasts));
                before = amount;
            }
        }
        out.retain(|(_, _, lasts)| !lasts.is_zero());
        Some(out)
    }

    fn stage(&mut self, stage: &Spanned<twin::Stage>) -> Option<(Amount, Duration, Duration)> {
        let twin = &stage.value;
        let amount = match (&twin.users, &twin.rate) {
            (Some(users), None) => self.users_count(users).map(Amount::Users),
            (None, Some(rate)) => self.parsed(rate, quantity::rate).map(Amount::Rate),
            _ => {
                self.problem(&stage.referenced, "write users or rate, one of them".into());
                None
            }
        };
        let mut span = |text: &Option<Text>| match text {
            None => Some(Duration::ZERO),
            Some(text) => self.parsed(text, quantity::duration),
        };
        let (ramp, lasts) = (span(&twin.ramp), span(&twin.lasts));
        if twin.ramp.is_none() && twin.lasts.is_none() {
            self.problem(&stage.referenced, "write how long it lasts: for, ramp or both".into());
            return None;
        }
        Some((amount?, ramp?, lasts?))
    }

    fn users_count(&mut self, text: &Text) -> Option<usize> {
        let count = self.parsed(text, |text| quantity::count(text, 1, USERS_MAX as u64));
        count.map(|count| count as usize)
    }
}

/// None of what `amount` counts.
fn nothing(amount: Amount) -> Amount {
    match amount {
        Amount::Users(_) => Amount::Users(0),
        Amount::Rate(_) => Amount::Rate(0.0),
    }
}
