//! Deletions over time as a picture: bars, stacked by type. Everything in it is made of numbers and of words of our own.

use std::fmt::Write as _;

use adrecover_core::kind::ObjectKind;
use adrecover_core::time::Timestamp;

use super::timeline::{Bar, Timeline};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const HEIGHT: f64 = 200.0;
const BELOW: f64 = 44.0;
/// The widest bar.
const WIDEST: f64 = 46.0;

/// The picture; nothing where there is nothing to draw.
pub(super) fn svg(timeline: &Timeline) -> String {
    let (Some(first), Some(last)) = (timeline.bars.first(), timeline.bars.last()) else {
        return String::new();
    };
    let step = timeline.seconds_a_bar.max(1);
    let place = |bar: &Bar| (bar.from - first.from).num_seconds() / step;
    let slots = place(last) + 1;
    // A single bar stands in the middle of some room.
    let room = slots.max(12);
    let offset = (room - slots) / 2;
    let slot = (WIDTH - LEFT - RIGHT) / room as f64;
    let width = (slot * 0.82).min(WIDEST);
    let (top, scale) = axis(timeline.bars.iter().map(|bar| bar.number).max().unwrap_or(1));
    let y = |number: usize| TOP + HEIGHT * (1.0 - number as f64 / top as f64);
    let x = |at: i64| LEFT + (at + offset) as f64 * slot + (slot - width) / 2.0;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"Deletions over time\">\n",
        TOP + HEIGHT + BELOW
    );
    let mut number = 0;
    while number <= top {
        let at = y(number);
        let class = if number == 0 { "axis" } else { "grid" };
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{number}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0
        );
        number += scale;
    }
    for bar in &timeline.bars {
        stacked(&mut out, bar, x(place(bar)), width, y);
    }
    labels(&mut out, first.from, slots, step, |at| x(at) + width / 2.0);
    out.push_str("</svg>\n");
    legend(&mut out, &timeline.bars);
    out
}

fn stacked(out: &mut String, bar: &Bar, x: f64, width: f64, y: impl Fn(usize) -> f64) {
    let mut below = 0;
    let title = bar.by_type.iter().map(|(kind, number)| format!("{number} {}", kind.name()));
    let title = title.collect::<Vec<_>>().join(", ");
    let _ = write!(out, "<g><title>{}: {title}</title>", bar.from.format("%Y-%m-%d %H:%M:%S"));
    for (kind, number) in &bar.by_type {
        let (low, high) = (y(below), y(below + number));
        below += number;
        let _ = write!(
            out,
            "<rect x=\"{x:.1}\" y=\"{high:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"var(--{})\"/>",
            (low - high).max(0.5),
            kind.name()
        );
    }
    out.push_str("</g>\n");
}

/// Times below the bars, as many as there is room for, and dates where they change.
fn labels(out: &mut String, first: Timestamp, slots: i64, step: i64, x: impl Fn(i64) -> f64) {
    let every = ((slots + 7) / 8).max(1);
    let form = match step {
        ..60 => "%H:%M:%S",
        60..86_400 => "%H:%M",
        _ => "%m-%d",
    };
    let base = TOP + HEIGHT + 18.0;
    let mut day = None;
    let mut at = 0;
    while at < slots {
        let seconds = at.checked_mul(step).and_then(chrono::Duration::try_seconds);
        let Some(time) = seconds.and_then(|seconds| first.checked_add_signed(seconds)) else { break };
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{base}\" text-anchor=\"middle\">{}</text>",
            x(at),
            time.format(form)
        );
        let today = time.format(if step < 86_400 { "%Y-%m-%d" } else { "%Y" }).to_string();
        if day.as_ref() != Some(&today) {
            let _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{today}</text>",
                x(at),
                base + 16.0
            );
            day = Some(today);
        }
        at += every;
    }
    out.push('\n');
}

fn legend(out: &mut String, bars: &[Bar]) {
    out.push_str("<p class=\"small\">");
    for (kind, name) in ObjectKind::ALL {
        let number: usize =
            bars.iter().flat_map(|bar| &bar.by_type).filter(|(k, _)| *k == kind).map(|(_, n)| n).sum();
        if number > 0 {
            let _ = write!(
                out,
                "<span class=\"key\" style=\"background:var(--{name})\"></span>{name} ({number}) &ensp; "
            );
        }
    }
    out.push_str("</p>\n");
}

/// The top of the axis and the step of its lines: round numbers, at most five lines.
fn axis(most: usize) -> (usize, usize) {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = step * factor;
            if most.div_ceil(step) <= 5 {
                return (most.div_ceil(step).max(1) * step, step);
            }
        }
        step *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_round_numbers() {
        assert_eq!(axis(0), (1, 1));
        assert_eq!(axis(3), (3, 1));
        assert_eq!(axis(7), (8, 2));
        assert_eq!(axis(23), (25, 5));
        assert_eq!(axis(300), (300, 100));
        assert_eq!(axis(10_000), (10_000, 2000));
    }

    #[test]
    fn a_picture_of_any_list() {
        let bar = |at: i64, number| Bar {
            from: Timestamp::from_timestamp(at, 0).unwrap(),
            number,
            by_type: vec![(ObjectKind::User, number)],
        };
        assert_eq!(svg(&Timeline::default()), "");
        let one = svg(&Timeline { seconds_a_bar: 1, bars: vec![bar(1_790_000_000, 3)] });
        assert_eq!((one.matches("<rect").count(), one.contains("user (3)")), (1, true));
        let many = svg(&Timeline {
            seconds_a_bar: 60,
            bars: (0..60).map(|n| bar(1_790_000_000 + n * 60, 1)).collect(),
        });
        assert_eq!(many.matches("<rect").count(), 60);
        // Times that only a damaged journal has.
        let far = svg(&Timeline {
            seconds_a_bar: 5_000_000_000,
            bars: vec![bar(-62_000_000_000, 1), bar(230_000_000_000, 1)],
        });
        assert_eq!(far.matches("<rect").count(), 2);
    }
}
