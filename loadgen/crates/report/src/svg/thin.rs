//! Fewer points for the same picture.

use crate::limits;

type Point = (f64, f64);

/// The runs of finite points, each a line without interruption. More than [`limits::POINTS_MAX`] points become one
/// run in order of `x`, with the least and the greatest of each column; `part` says where in 0 to 1 an `x` lies.
pub(super) fn runs(points: &[Point], part: impl Fn(f64) -> f64) -> Vec<Vec<Point>> {
    if points.len() <= limits::POINTS_MAX {
        return points
            .split(|point| !super::is_finite(point))
            .filter(|run| !run.is_empty())
            .map(<[Point]>::to_vec)
            .collect();
    }
    let mut sorted: Vec<Point> = points.iter().copied().filter(super::is_finite).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let column = |point: &Point| (part(point.0) * (limits::COLUMNS_MAX - 1) as f64) as usize;
    let thinned: Vec<Point> =
        sorted.chunk_by(|a, b| column(a) == column(b)).flat_map(extremes).collect();
    if thinned.is_empty() { Vec::new() } else { vec![thinned] }
}

/// The least and the greatest of a column, in their order.
fn extremes(column: &[Point]) -> impl Iterator<Item = Point> {
    let order = |a: &(usize, &Point), b: &(usize, &Point)| a.1.1.total_cmp(&b.1.1);
    let least = column.iter().enumerate().min_by(order);
    let greatest = column.iter().enumerate().max_by(order);
    let (first, second) = match (least, greatest) {
        (Some(a), Some(b)) if a.0 == b.0 => (Some(a), None),
        (Some(a), Some(b)) if a.0 > b.0 => (Some(b), Some(a)),
        other => other,
    };
    [first, second].into_iter().flatten().map(|(_, point)| *point)
}
