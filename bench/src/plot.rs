//! Plots for the page, as SVG: they are small, and a change of them can be read.

use std::fmt::Write;

use crate::figure::{Aim, Figure};
use crate::quiet::Others;

const WIDTH: f64 = 760.0;
/// Grey that can be read on white and on black.
const INK: &str = "#7d8590";
const COLOURS: [&str; 4] = ["#2f81f7", "#d9822b", "#3fa66b", "#b4637a"];

/// Ratios over a number that grows by factors.
#[derive(Debug)]
pub(crate) struct Plot {
    /// Its file is `performance-NAME.svg`.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What is along the axis: 8, 16, 32.
    pub(crate) across: &'static str,
    pub(crate) lines: Vec<Line>,
    /// A ratio that is drawn across.
    pub(crate) aim: Option<f64>,
}

/// Points that belong together, from left to right.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Plot {
    /// The file's text.
    pub(crate) fn svg(&self) -> String {
        let (left, right, top, bottom) = (50.0, WIDTH - 150.0, 46.0, 250.0);
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let logs = || points().map(|(x, _)| x.ln());
        let (first, last) = (logs().fold(f64::INFINITY, f64::min), logs().fold(f64::NEG_INFINITY, f64::max));
        let highest = points().map(|(_, y)| *y).chain(self.aim).chain([1.0]).fold(0.0, f64::max) * 1.1;
        let at_x = |x: f64| left + (right - left) * (x.ln() - first) / (last - first).max(f64::MIN_POSITIVE);
        let at_y = |y: f64| bottom - (bottom - top) * y / highest;

        let mut svg = begin(self.title, 300.0);
        for step in 0.. {
            let value = f64::from(step) * 0.25;
            if value > highest {
                break;
            }
            let y = at_y(value);
            let _ = writeln!(svg, r#"<path d="M{left} {y:.1}H{right}" stroke="{INK}" stroke-opacity=".25"/>"#);
            text(&mut svg, left - 8.0, y + 4.0, "end", INK, &format!("{value:.2}"));
        }
        let mut marks: Vec<f64> = points().map(|(x, _)| *x).collect();
        marks.sort_by(f64::total_cmp);
        marks.dedup();
        for x in marks {
            text(&mut svg, at_x(x), bottom + 18.0, "middle", INK, &short(x));
        }
        text(&mut svg, f64::midpoint(left, right), bottom + 38.0, "middle", INK, self.across);
        if let Some(aim) = self.aim {
            let y = at_y(aim);
            let _ = writeln!(svg, r#"<path d="M{left} {y:.1}H{right}" stroke="{INK}" stroke-dasharray="5 4"/>"#);
            text(&mut svg, right + 10.0, y + 4.0, "start", INK, &format!("aim {aim}"));
        }
        for (number, line) in self.lines.iter().enumerate() {
            let colour = COLOURS.get(number % COLOURS.len()).copied().unwrap_or(INK);
            let drawn: Vec<String> =
                line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", at_x(*x), at_y(*y))).collect();
            let drawn = drawn.join(" ");
            let _ = writeln!(svg, r#"<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>"#);
            for (x, y) in &line.points {
                let (x, y) = (at_x(*x), at_y(*y));
                let _ = writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{colour}"/>"#);
            }
            // Below the plot's edge, where lines that lie on each other do not hide each other's names.
            text(&mut svg, right + 10.0, bottom - 18.0 * number as f64, "start", colour, &line.name);
        }
        svg + "</svg>\n"
    }
}

/// A bar for each figure that has an aim: how far it is from it, by factors. To the right is good. Grey where nothing is
/// judged.
pub(crate) fn against_aims(figures: &[Figure], others: Others) -> String {
    let rows: Vec<(&str, f64)> =
        figures.iter().filter_map(|figure| Some((figure.what.as_str(), margin(figure)?))).collect();
    let (row, top, middle) = (34.0, 66.0, WIDTH / 2.0);
    // Twice as good is as long as half as good.
    let widest = rows.iter().map(|(_, margin)| margin.ln().abs()).fold(2_f64.ln(), f64::max);
    let mut svg = begin("How far each figure is from its aim", top + row * rows.len() as f64 + 10.0);
    text(&mut svg, middle, 46.0, "middle", INK, "worse ◂ aim ▸ better");
    for (number, (what, margin)) in rows.iter().enumerate() {
        let (y, length) = (top + row * number as f64, (middle - 60.0) * margin.ln() / widest);
        let colour = match margin {
            _ if !others.were_quiet() => INK,
            margin if *margin >= 1.0 => "#3fa66b",
            _ => "#cf5b56",
        };
        let (x, end) = (middle + length.min(0.0), middle + length);
        text(&mut svg, 8.0, y + 8.0, "start", INK, &what.replace('`', ""));
        let width = length.abs().max(1.0);
        let _ =
            writeln!(svg, r#"<rect x="{x:.1}" y="{:.1}" width="{width:.1}" height="9" fill="{colour}"/>"#, y + 13.0);
        let (beside, anchor) = if length < 0.0 { (end - 5.0, "end") } else { (end + 5.0, "start") };
        text(&mut svg, beside, y + 22.0, anchor, colour, &format!("{margin:.2} ×"));
    }
    let _ = writeln!(svg, r#"<path d="M{middle} 52V{:.0}" stroke="{INK}"/>"#, top + row * rows.len() as f64);
    svg + "</svg>\n"
}

/// How many times as good as the aim it is.
fn margin(figure: &Figure) -> Option<f64> {
    let margin = match figure.aim {
        Aim::RatioAtLeast(aim) => figure.ratio().median / aim,
        Aim::RatioAtMost(aim) => aim / figure.ratio().median,
        Aim::ValueAtMost(aim) => aim / figure.ours().median,
        Aim::Nothing => return None,
    };
    (margin.is_finite() && margin > 0.0).then_some(margin)
}

fn begin(title: &str, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>{title}</title>\n"
    );
    let _ = writeln!(svg, r#"<text x="8" y="22" font-size="15" fill="{INK}">{title}</text>"#);
    svg
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, colour: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{colour}">{words}</text>"#);
}

/// 20000 as 20k.
fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e4 => format!("{}k", value / 1e3),
        value => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_than_the_aim_is_more_than_one_whatever_is_better() {
        let figure = |ours, theirs, aim| Figure {
            what: "a <b> of `c`".to_owned(),
            unit: "ms",
            against: "bare",
            rounds: vec![(ours, theirs)],
            aim,
        };
        assert_eq!(margin(&figure(8.0, 10.0, Aim::RatioAtLeast(0.4))), Some(2.0));
        assert_eq!(margin(&figure(40.0, 10.0, Aim::RatioAtMost(2.0))), Some(0.5));
        assert_eq!(margin(&figure(40.0, 10.0, Aim::ValueAtMost(80.0))), Some(2.0));
        assert_eq!(margin(&figure(0.0, 10.0, Aim::RatioAtLeast(1.0))), None);
        let figures = [figure(8.0, 10.0, Aim::RatioAtLeast(0.4)), figure(1.0, 1.0, Aim::Nothing)];
        let svg = against_aims(&figures, Others::taking(0.0));
        assert!(svg.contains("a &lt;b> of c") && svg.contains("2.00 ×"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 1);
        assert!(svg.contains("#3fa66b"));
        assert!(!against_aims(&figures, Others::taking(0.5)).contains("#3fa66b"), "nothing is judged");
    }

    #[test]
    fn a_plot_has_all_of_its_points_inside() {
        let line = |name: &str, points| Line { name: name.to_owned(), points };
        let plot = Plot {
            name: "t",
            title: "t",
            across: "clients",
            lines: vec![line("one", vec![(8.0, 0.5), (64.0, 2.0)]), line("two", vec![(8.0, 1.0)])],
            aim: Some(0.95),
        };
        let svg = plot.svg();
        let numbers = |name: &str| -> Vec<f64> {
            svg.split("<circle ")
                .skip(1)
                .map(|part| part.split(name).nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
                .collect()
        };
        assert_eq!(numbers("cx=\""), [50.0, 610.0, 50.0]);
        assert!(numbers("cy=\"").iter().all(|y| (46.0..250.0).contains(y)), "{svg}");
    }
}
