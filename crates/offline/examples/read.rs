//! Reads a file that is a directory, and says what it is, how many objects and links it has, how long that took, and what was damaged.
//!
//! `cargo run --release -p adrecover-offline --example read -- [KIND:]FILE [ACCOUNT]` also tells the attributes, gaps and links of
//! an account. The memory is the process's peak on Linux.

#![expect(clippy::print_stdout, reason = "it is a program that prints figures")]

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

use adrecover_core::source::{Direction, Key, Object, Selection, Source};
use adrecover_offline::{Options, Place, open};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let place = Place::parse(&arguments.next().ok_or("give a file")?);
    let begun = Instant::now();
    let mut source = open(&place, &Options::default())?;
    println!("{:#?}\nopened in {:?}", source.about(), begun.elapsed());
    let begun = Instant::now();
    let (mut objects, mut attributes, mut values, mut gaps) = (0u64, 0, 0, 0);
    source.list(&Selection::everything(), &mut |object| {
        objects += 1;
        attributes += object.entry.attributes.len();
        values += object.entry.attributes.iter().map(|attribute| attribute.values.len()).sum::<usize>();
        gaps += object.gaps.len();
        ControlFlow::Continue(())
    })?;
    println!(
        "listed in {:?}: {objects} objects, {attributes} attributes, {values} values, {gaps} gaps",
        begun.elapsed()
    );
    println!("{:?}, {} damaged: {:#?}", source.count()?, source.damage().total(), source.damage().first());
    if let Some(account) = arguments.next() {
        let begun = Instant::now();
        let found = source.find(&Key::Account(account))?;
        println!("looked up in {:?}", begun.elapsed());
        for object in &found {
            show(source.as_mut(), object)?;
        }
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    }
    Ok(())
}

fn show(source: &mut dyn Source, object: &Object) -> Result<(), Box<dyn Error>> {
    println!("{} ({}, {}, {:?})", object.entry.dn, object.place, object.standing.name(), object.guid);
    for attribute in &object.entry.attributes {
        let values = adrecover_core::value::from_attribute(&attribute.values);
        let shown: Vec<_> = values.iter().map(adrecover_core::value::Value::shown).collect();
        println!("  {}: {}", attribute.name, shown.join(" | "));
    }
    for gap in &object.gaps {
        println!("  {}: {}", gap.attribute, gap.reason.describe());
    }
    for direction in [Direction::Holds, Direction::PointedTo] {
        source.links(object, direction, &mut |link| {
            println!("  {direction:?} {}: {} {:?}", link.attribute, link.other.dn, link.state);
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}
