//! Java's regular expressions: in linear time where they can be, with a bound on backtracking where they look around or refer
//! back.

mod translate;

use crate::limits::{BACKTRACKS_MAX, BYTES_PER_STEP, REGEX_BYTES_MAX};
use crate::{Reason, RenderError};

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    find: Engine,
    full: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(regex::Regex),
    /// The same expression, with more and more backtracking allowed.
    Backtracking(Box<[fancy_regex::Regex; BACKTRACKS_MAX.len()]>),
}

/// What a match covers, and its groups, each with its start and end.
pub(crate) struct Match {
    pub(crate) groups: Vec<Option<(usize, usize)>>,
}

impl Match {
    pub(crate) fn range(&self) -> (usize, usize) {
        self.groups.first().copied().flatten().unwrap_or((0, 0))
    }
}

/// Counts what matching costs.
pub(crate) trait Cost {
    /// `steps` more, or the budget is spent.
    fn steps(&mut self, steps: u64) -> Result<(), RenderError>;
}

impl Pattern {
    /// Compiles `source`, in Java's syntax.
    pub(crate) fn new(source: &str) -> Result<Self, RenderError> {
        let refuse = |what: &dyn std::fmt::Display| {
            RenderError::thrown(format!("`{source}` is no regular expression: {what}"))
        };
        let translated = translate::java(source).map_err(|what| refuse(&what))?;
        let engine = |text: &str, linear: bool| -> Result<Engine, RenderError> {
            if linear {
                let built = regex::RegexBuilder::new(text)
                    .size_limit(REGEX_BYTES_MAX)
                    .dfa_size_limit(REGEX_BYTES_MAX)
                    .build();
                if let Ok(regex) = built {
                    return Ok(Engine::Linear(regex));
                }
            }
            let mut built = Vec::with_capacity(BACKTRACKS_MAX.len());
            for (limit, _) in BACKTRACKS_MAX {
                let mut builder = fancy_regex::RegexBuilder::new(text);
                builder
                    .backtrack_limit(limit)
                    .delegate_size_limit(REGEX_BYTES_MAX)
                    .delegate_dfa_size_limit(REGEX_BYTES_MAX);
                built.push(builder.build().map_err(|error| refuse(&error))?);
            }
            let built = built.try_into().map_err(|_| refuse(&"too large"))?;
            Ok(Engine::Backtracking(Box::new(built)))
        };
        Ok(Self {
            find: engine(&translated.find, translated.find_is_linear)?,
            full: engine(&format!("\\A(?:{})\\z", translated.full), translated.full_is_linear)?,
        })
    }

    /// Whether all of `text` matches.
    pub(crate) fn matches(&self, text: &str, cost: &mut dyn Cost) -> Result<bool, RenderError> {
        Ok(self.full.at(text, 0, cost)?.is_some())
    }

    /// The first match at or after `from`.
    pub(crate) fn find(
        &self,
        text: &str,
        from: usize,
        cost: &mut dyn Cost,
    ) -> Result<Option<Match>, RenderError> {
        self.find.at(text, from, cost)
    }

    /// Calls `each` for every match, as Java's `Matcher.find` comes to them.
    pub(crate) fn each(
        &self,
        text: &str,
        cost: &mut dyn Cost,
        mut each: impl FnMut(&mut dyn Cost, Match) -> Result<bool, RenderError>,
    ) -> Result<(), RenderError> {
        let mut from = 0;
        while from <= text.len() {
            let Some(found) = self.find(text, from, cost)? else { break };
            let (start, end) = found.range();
            from = end;
            if start == end {
                from += text[end..].chars().next().map_or(1, char::len_utf8);
            }
            if !each(cost, found)? {
                break;
            }
        }
        Ok(())
    }

    /// The group called `name`.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        match &self.find {
            Engine::Linear(regex) => regex.capture_names().position(|group| group == Some(name)),
            Engine::Backtracking(regexes) => {
                regexes[0].capture_names().position(|group| group == Some(name))
            }
        }
    }
}

impl Engine {
    fn at(
        &self,
        text: &str,
        from: usize,
        cost: &mut dyn Cost,
    ) -> Result<Option<Match>, RenderError> {
        match self {
            Self::Linear(regex) => {
                let found = regex.captures_at(text, from).map(|captures| Match {
                    groups: captures
                        .iter()
                        .map(|group| group.map(|group| (group.start(), group.end())))
                        .collect(),
                });
                let end = found.as_ref().map_or(text.len(), |found| found.range().1);
                cost.steps(2 + (end.saturating_sub(from) / BYTES_PER_STEP) as u64)?;
                Ok(found)
            }
            Self::Backtracking(regexes) => {
                for (regex, (_, steps)) in regexes.iter().zip(BACKTRACKS_MAX) {
                    cost.steps(steps)?;
                    if let Ok(captures) = regex.captures_from_pos(text, from) {
                        return Ok(captures.map(|captures| Match {
                            groups: captures
                                .iter()
                                .map(|group| group.map(|group| (group.start(), group.end())))
                                .collect(),
                        }));
                    }
                }
                Err(RenderError::spent(Reason::Steps))
            }
        }
    }
}
