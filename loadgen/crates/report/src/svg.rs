//! A plot as SVG: it stands alone, or inside HTML, and follows the reader's light or dark scheme.
//!
//! Nothing leaves the picture: positions are clamped to the plot's area, and texts are cut to widths that no common
//! sans-serif exceeds. Values that are no finite numbers interrupt a line.

mod axis;
mod thin;
mod width;

use std::fmt::Write as _;

use crate::text::xml;
use crate::{Plot, Series, Style, limits};
use axis::Ruler;
use width::{cut, width_px};

/// Width of the picture, in pixels of its view box.
const WIDTH: f64 = 720.0;
const AREA_HEIGHT: f64 = 230.0;
const AREA_TOP: f64 = 64.0;
const MARGIN: f64 = 16.0;
const RIGHT: f64 = WIDTH - 24.0;
const LEGEND_ROW: f64 = 20.0;
const SWATCH: f64 = 28.0;
const STYLE: &str = include_str!("svg/plot.css");

/// The picture of a plot.
#[must_use]
pub fn render(plot: &Plot) -> String {
    let shown = &plot.series[..plot.series.len().min(limits::SERIES_MAX)];
    let values = |of: fn(&(f64, f64)) -> f64| {
        shown.iter().flat_map(|s| &s.points).filter(|p| is_finite(p)).map(of).collect::<Vec<_>>()
    };
    let y = Ruler::new(plot.y.scale, &values(|p| p.1), 5, true);
    let x = Ruler::new(plot.x.scale, &values(|p| p.0), 9, false);
    let y_ticks = y.ticks();
    let labels = y_ticks.iter().map(|tick| width_px(&tick.label, 12.0)).fold(0.0, f64::max);
    let left = MARGIN + labels.min(WIDTH / 4.0) + 8.0;
    let frame = Frame { left, right: RIGHT, top: AREA_TOP, bottom: AREA_TOP + AREA_HEIGHT };
    let legend = Legend::new(shown, plot.series.len() - shown.len(), &frame);
    let height = frame.bottom + 50.0 + legend.rows as f64 * LEGEND_ROW;

    let mut out = String::new();
    let title = xml(&plot.title);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lg-plot\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
         <rect class=\"lg-ground\" x=\"0\" y=\"0\" width=\"{WIDTH}\" height=\"{height}\"/>"
    );
    text(&mut out, MARGIN, 24.0, "lg-title", &cut(&plot.title, 15.0, WIDTH - 2.0 * MARGIN));
    text(&mut out, MARGIN, 46.0, "lg-label", &cut(&plot.y.label, 12.0, WIDTH - 2.0 * MARGIN));
    axes(&mut out, &frame, &x, &y);
    let label = cut(&plot.x.label, 12.0, WIDTH - 2.0 * MARGIN);
    text(&mut out, RIGHT, frame.bottom + 38.0, "lg-label lg-end", &label);
    let mut drawn = false;
    for (series, class) in shown.iter().zip(classes(shown)) {
        drawn |= draw(&mut out, series, &class, &frame, &x, &y);
    }
    if !drawn {
        let (middle, centre) =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        text(&mut out, middle, centre, "lg-label lg-middle", "no data");
    }
    legend.draw(&mut out, shown, &frame);
    out.push_str("</svg>\n");
    out
}

/// Where the data lies in the picture.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    fn x(&self, part: f64) -> f64 {
        round(self.left + part * (self.right - self.left))
    }

    fn y(&self, part: f64) -> f64 {
        round(self.bottom - part * (self.bottom - self.top))
    }
}

fn axes(out: &mut String, frame: &Frame, x: &Ruler, y: &Ruler) {
    for tick in y.ticks() {
        let at = frame.y(tick.part);
        let _ = writeln!(
            out,
            "<path class=\"lg-grid\" d=\"M{:.1} {at}H{}\"/>",
            frame.left, frame.right
        );
        let label = cut(&tick.label, 12.0, WIDTH / 4.0);
        text(out, frame.left - 8.0, at + 4.0, "lg-tick lg-end", &label);
    }
    let _ = writeln!(
        out,
        "<path class=\"lg-axis\" d=\"M{:.1} {}H{}\"/>",
        frame.left, frame.bottom, frame.right
    );
    // Labels of this axis must not meet, so one that would is left out and keeps its mark.
    let mut free_from = 0.0;
    let mut marks: Vec<(f64, Option<String>)> = Vec::new();
    for tick in x.ticks() {
        let at = frame.x(tick.part);
        let half = width_px(&tick.label, 12.0) / 2.0;
        let middle = at.min(WIDTH - half - 2.0).max(half + 2.0);
        let fits = middle - half >= free_from;
        if fits {
            free_from = middle + half + 8.0;
        }
        let _ = writeln!(out, "<path class=\"lg-axis\" d=\"M{at} {}v4\"/>", frame.bottom);
        marks.push((round(middle), fits.then_some(tick.label)));
    }
    for (at, label) in marks {
        if let Some(label) = label {
            text(out, at, frame.bottom + 18.0, "lg-tick lg-middle", &label);
        }
    }
}

/// Draws one series; whether there was anything to draw.
fn draw(
    out: &mut String,
    series: &Series,
    class: &str,
    frame: &Frame,
    x: &Ruler,
    y: &Ruler,
) -> bool {
    let mut path = String::new();
    let mut dots = String::new();
    for run in thin::runs(&series.points, |value| x.part(value)) {
        let at = |&(px, py): &(f64, f64)| (frame.x(x.part(px)), frame.y(y.part(py)));
        if series.style == Style::Dots || run.len() == 1 {
            let radius = if series.style == Style::Dots { 2.2 } else { 3.0 };
            for (cx, cy) in run.iter().map(at) {
                let _ = writeln!(
                    dots,
                    "<circle class=\"{class}\" cx=\"{cx}\" cy=\"{cy}\" r=\"{radius}\"/>"
                );
            }
            continue;
        }
        for (i, (px, py)) in run.iter().map(at).enumerate() {
            let _ = write!(path, "{}{px} {py}", if i == 0 { 'M' } else { 'L' });
        }
    }
    if !path.is_empty() {
        let _ = writeln!(out, "<path class=\"lg-line {class}\" d=\"{path}\"/>");
    }
    out.push_str(&dots);
    !path.is_empty() || !dots.is_empty()
}

/// Colours go round among what was measured, dashes among bounds.
fn classes(shown: &[Series]) -> impl Iterator<Item = String> {
    let (mut colours, mut dashes) = (0, 0);
    shown.iter().map(move |series| {
        if series.style == Style::Bound {
            dashes += 1;
            return format!("lg-b{}", (dashes - 1) % 3);
        }
        colours += 1;
        format!("lg-s{}", (colours - 1) % 8)
    })
}

/// Names below the picture, in as many rows as they need.
struct Legend {
    items: Vec<Item>,
    rows: usize,
}

struct Item {
    label: String,
    x: f64,
    row: usize,
}

impl Legend {
    fn new(shown: &[Series], hidden: usize, frame: &Frame) -> Self {
        let mut items = Vec::new();
        let (mut x, mut row) = (frame.left, 0);
        let more = (hidden > 0).then(|| format!("and {hidden} more, not drawn"));
        for label in shown.iter().map(|series| series.label.as_str()).chain(more.as_deref()) {
            let label = cut(label, 12.0, frame.right - frame.left - SWATCH);
            let width = SWATCH + width_px(&label, 12.0) + 16.0;
            if x > frame.left && x + width > frame.right {
                (x, row) = (frame.left, row + 1);
            }
            items.push(Item { label, x: round(x), row });
            x += width;
        }
        let rows = if items.is_empty() { 0 } else { row + 1 };
        Self { items, rows }
    }

    fn draw(&self, out: &mut String, shown: &[Series], frame: &Frame) {
        let styles = shown.iter().map(|series| Some(series.style)).chain([None]);
        let classes = classes(shown).chain([String::new()]);
        for ((item, style), class) in self.items.iter().zip(styles).zip(classes) {
            let y = frame.bottom + 58.0 + item.row as f64 * LEGEND_ROW;
            let x = item.x;
            let _ = match style {
                None => Ok(()),
                Some(Style::Dots) => {
                    let cx = x + 10.0;
                    writeln!(
                        out,
                        "<circle class=\"{class}\" cx=\"{cx}\" cy=\"{}\" r=\"3\"/>",
                        y - 4.0
                    )
                }
                Some(Style::Line | Style::Bound) => {
                    writeln!(out, "<path class=\"lg-line {class}\" d=\"M{x} {}h20\"/>", y - 4.0)
                }
            };
            text(out, x + SWATCH, y, "lg-key", &item.label);
        }
    }
}

fn text(out: &mut String, x: f64, y: f64, class: &str, said: &str) {
    if said.is_empty() {
        return;
    }
    let (x, y, said) = (round(x), round(y), xml(said));
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{said}</text>");
}

fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

/// Tenths of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
