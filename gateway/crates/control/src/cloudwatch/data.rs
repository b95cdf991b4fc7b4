//! `GetMetricData`

use std::collections::{BTreeMap, HashMap};

use super::evaluate::{Line, Outcome, Source, evaluate, spend};
use super::expression::{self, Expression};
use super::input::Members;
use super::select::{Metric, Span, period};
use super::statistic::Statistic;
use super::{map, missing, text, validation};
use crate::ApiError;
use crate::limits::{
    METRIC_DATA_POINTS_MAX, METRIC_EXPRESSION_DEPTH_MAX, METRIC_QUERIES_MAX, METRIC_VALUES_MAX,
};
use crate::metrics::Metrics;
use crate::wire::cbor::Value;

const QUERIES: &str = "MetricDataQueries";

pub(super) fn get_metric_data(metrics: &Metrics, input: &Members<'_>) -> Result<Value, ApiError> {
    let request = Request::read(input)?;
    let mut run = Run {
        metrics,
        request: &request,
        known: HashMap::new(),
        depth: 0,
        left: METRIC_VALUES_MAX,
    };
    let mut lines = Vec::new();
    for query in request.queries.iter().filter(|query| query.is_returned) {
        for line in run.lines(query)? {
            lines.push((&*query.id, line));
        }
    }
    Ok(request.page(lines))
}

struct Request {
    queries: Vec<Query>,
    start_ms: u64,
    end_ms: u64,
    is_ascending: bool,
    points_max: usize,
    offset: usize,
}

struct Query {
    id: String,
    label: Option<String>,
    is_returned: bool,
    what: What,
}

enum What {
    Metric { metric: Metric, period_s: u64, statistic: Statistic },
    Expression(Expression),
}

impl Request {
    fn read(input: &Members<'_>) -> Result<Self, ApiError> {
        if !input.has(QUERIES) {
            return Err(missing(QUERIES));
        }
        let structures = input.structures(QUERIES)?;
        if structures.is_empty() || structures.len() > METRIC_QUERIES_MAX {
            let text = format!(
                "The collection MetricDataQueries must have a size from 1 to {METRIC_QUERIES_MAX}."
            );
            return Err(validation(text));
        }
        let (start_ms, end_ms) = (input.needed_time("StartTime")?, input.needed_time("EndTime")?);
        match start_ms.cmp(&end_ms) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => {
                let text = "The parameter StartTime must not equal parameter EndTime.";
                return Err(validation(text));
            }
            std::cmp::Ordering::Greater => {
                return Err(validation("The parameter EndTime must be greater than StartTime."));
            }
        }
        let is_ascending = match input.text("ScanBy")? {
            None | Some("TimestampDescending") => false,
            Some("TimestampAscending") => true,
            Some(other) => {
                return Err(validation(format!(
                    "The value {other} for parameter ScanBy is invalid."
                )));
            }
        };
        let points_max = input.count("MaxDatapoints")?.unwrap_or(METRIC_DATA_POINTS_MAX);
        if points_max > METRIC_DATA_POINTS_MAX {
            let text =
                format!("The parameter MaxDatapoints must be at most {METRIC_DATA_POINTS_MAX}.");
            return Err(validation(text));
        }
        let queries: Vec<Query> = structures.iter().map(Query::read).collect::<Result<_, _>>()?;
        let mut ids: Vec<&str> = queries.iter().map(|query| &*query.id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            let text = "The values for parameter id in MetricDataQueries are not unique.";
            return Err(validation(text));
        }
        if !queries.iter().any(|query| query.is_returned) {
            return Err(validation(
                "At least one query must return data: ReturnData is false for all.",
            ));
        }
        let points_max = usize::try_from(points_max).unwrap_or(usize::MAX);
        let offset = super::offset_of(input)?;
        Ok(Self { queries, start_ms, end_ms, is_ascending, points_max, offset })
    }

    /// A page of the results: points are counted through all of them.
    fn page(&self, lines: Vec<(&str, Line)>) -> Value {
        let (mut skipped, mut room) = (self.offset, self.points_max);
        let mut is_more = false;
        let mut results = Vec::new();
        for (id, line) in lines {
            let count = line.points.len();
            if skipped > 0 && skipped >= count {
                skipped -= count;
                continue;
            }
            let taken = (count - skipped).min(room);
            let is_whole = skipped + taken == count;
            if room == 0 && count > 0 {
                is_more = true;
                break;
            }
            let mut points: Vec<(u64, f64)> = line.points.into_iter().collect();
            if !self.is_ascending {
                points.reverse();
            }
            let points = &points[skipped..skipped + taken];
            (skipped, room) = (0, room - taken);
            is_more |= !is_whole;
            let seconds = points.iter().map(|(second, _)| Value::Time(*second as f64));
            let values = points.iter().map(|(_, value)| Value::Number(*value));
            results.push(map([
                ("Id", text(id)),
                ("Label", text(&line.label)),
                ("Timestamps", Value::List(seconds.collect())),
                ("Values", Value::List(values.collect())),
                ("StatusCode", text(if is_whole { "Complete" } else { "PartialData" })),
            ]));
        }
        let mut members = vec![("MetricDataResults".to_owned(), Value::List(results))];
        if is_more {
            let next = self.offset.saturating_add(self.points_max);
            members.push(("NextToken".to_owned(), Value::Text(next.to_string())));
        }
        members.push(("Messages".to_owned(), Value::List(Vec::new())));
        Value::Map(members)
    }
}

impl Query {
    fn read(input: &Members<'_>) -> Result<Self, ApiError> {
        let id = input.needed_text("Id")?;
        let begins = id.starts_with(|c: char| c.is_ascii_lowercase());
        let is_word = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !begins || !is_word || id.len() > 255 {
            return Err(validation(format!(
                "The value {id} for parameter {} is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                input.name("Id")
            )));
        }
        let expression = input.text("Expression")?;
        let what = match (input.structure("MetricStat")?, expression) {
            (Some(_), Some(_)) => {
                return Err(validation(format!(
                    "The parameters {} and {} are mutually exclusive and you have specified both.",
                    input.name("MetricStat"),
                    input.name("Expression")
                )));
            }
            (None, None) => {
                let name = input.name("MetricStat");
                return Err(validation(format!("The parameter {name} is required.")));
            }
            (None, Some(text)) => {
                // Its period is that of what it is made of.
                period(input)?;
                let parsed = expression::parse(text).map_err(|what| in_expression(id, &what))?;
                What::Expression(parsed)
            }
            (Some(stat), None) => Self::metric(&stat)?,
        };
        Ok(Self {
            id: id.to_owned(),
            label: input.text("Label")?.map(str::to_owned),
            is_returned: input.bool("ReturnData")?.unwrap_or(true),
            what,
        })
    }

    fn metric(stat: &Members<'_>) -> Result<What, ApiError> {
        let named = stat.structure("Metric")?.ok_or_else(|| missing(&stat.name("Metric")))?;
        let mut metric = Metric::read(&named)?;
        metric.unit = stat.text("Unit")?.map(str::to_owned);
        let period_s = period(stat)?.ok_or_else(|| missing(&stat.name("Period")))?;
        let name = stat.needed_text("Stat")?;
        let statistic = Statistic::parse(name).ok_or_else(|| {
            validation(format!(
                "The value {name} for parameter {} is not supported.",
                stat.name("Stat")
            ))
        })?;
        Ok(What::Metric { metric, period_s, statistic })
    }
}

fn in_expression(id: &str, what: &str) -> ApiError {
    validation(format!("Error in expression '{id}' [{what}]"))
}

/// The queries of a request while they are computed.
struct Run<'r> {
    metrics: &'r Metrics,
    request: &'r Request,
    /// Results by id; of one that is being computed there is none yet.
    known: HashMap<&'r str, Option<Outcome>>,
    depth: usize,
    left: usize,
}

impl<'r> Run<'r> {
    /// What a query returns.
    fn lines(&mut self, query: &'r Query) -> Result<Vec<Line>, ApiError> {
        let outcome = self.outcome(query).map_err(|what| in_expression(&query.id, &what))?;
        match outcome {
            Outcome::One(line) => Ok(vec![line]),
            Outcome::Several(lines) => Ok(lines),
            Outcome::Scalar(_) => {
                let what = "Its result is a number, not a time series";
                Err(in_expression(&query.id, what))
            }
        }
    }

    fn outcome(&mut self, query: &'r Query) -> Result<Outcome, String> {
        match self.known.get(&*query.id) {
            Some(Some(known)) => return Ok(known.clone()),
            Some(None) => return Err(format!("{} depends on itself", query.id)),
            None => {}
        }
        if self.depth >= METRIC_EXPRESSION_DEPTH_MAX {
            return Err(format!(
                "More than {METRIC_EXPRESSION_DEPTH_MAX} expressions depend on each other"
            ));
        }
        self.known.insert(&query.id, None);
        self.depth += 1;
        let outcome = self.compute(query);
        self.depth -= 1;
        self.known.insert(&query.id, Some(outcome.clone()?));
        outcome
    }

    fn compute(&mut self, query: &'r Query) -> Result<Outcome, String> {
        match &query.what {
            What::Metric { metric, period_s, statistic } => {
                let span = self.span(*period_s);
                let found = metric.values(self.metrics, span, statistic.is_extended());
                let points: BTreeMap<u64, f64> = found
                    .into_iter()
                    .filter_map(|(second, units)| {
                        let mut units = units.into_values();
                        let mut values = units.next()?;
                        units.for_each(|unit| values.merge(&unit));
                        Some((second, statistic.of(&values)?))
                    })
                    .collect();
                spend(&mut self.left, points.len())?;
                let label = query.label.clone().unwrap_or_else(|| metric.name.clone());
                Ok(Outcome::One(Line { label, period_s: *period_s, points }))
            }
            What::Expression(parsed) => {
                let mut outcome = evaluate(parsed, self)?;
                // Several keep the names of what they were made of.
                if let Outcome::One(line) = &mut outcome {
                    line.label = query.label.clone().unwrap_or_else(|| query.id.clone());
                }
                Ok(outcome)
            }
        }
    }
}

impl Source for Run<'_> {
    fn result(&mut self, id: &str) -> Result<Outcome, String> {
        let query = self.request.queries.iter().find(|query| query.id == id);
        let query = query.ok_or_else(|| format!("There is no query with the id {id}"))?;
        self.outcome(query)
    }

    fn metrics(&mut self, filter: &str) -> Result<Vec<Line>, String> {
        let mut lines = Vec::new();
        for query in &self.request.queries {
            let is_metric = matches!(query.what, What::Metric { .. });
            if is_metric
                && query.id.contains(filter)
                && let Outcome::One(line) = self.outcome(query)?
            {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    fn span(&self, period_s: u64) -> Span {
        Span::new(self.request.start_ms, self.request.end_ms, period_s)
    }

    fn left(&mut self) -> &mut usize {
        &mut self.left
    }
}
