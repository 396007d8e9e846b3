//! The face for people.

use std::fmt::Write as _;

use highwater_model::protocol::Preset;
use strum::IntoEnumIterator;

use super::{Amiss, Harm, Museum, Row};
use crate::protocols::text::table;
use crate::render::wrapped;

/// How wide a column of prose is.
const PROSE: usize = 26;
const ERA: usize = 14;
const PRESETS: usize = 32;

/// The table, what its words mean, and what is not as stated.
pub fn museum(museum: &Museum) -> String {
    let files = museum.rows.len();
    let amiss = museum.rows.iter().filter(|row| !row.amiss.is_empty()).count();
    let mut text = match (amiss, museum.interrupted_of) {
        (_, Some(of)) => {
            format!("MUSEUM  interrupted after {files} of {of} bugs; {amiss} not as stated\n\n")
        }
        (0, None) if files == 1 => "MUSEUM  1 bug; it breaks and is mended as stated\n\n".to_owned(),
        (0, None) => format!("MUSEUM  {files} bugs; all break and are mended as stated\n\n"),
        (_, None) => format!("MUSEUM  {files} bugs; {amiss} not as stated\n\n"),
    };
    let heads = ["bug", "breaks", "broken in", "mended in", "found\nafter", "under each preset"];
    text += &table(heads.map(str::to_owned).into_iter(), museum.rows.iter().map(cells));
    text += &words(museum);
    for row in &museum.rows {
        row.amiss.iter().for_each(|amiss| text += &told(&row.name, amiss));
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let found = row.found_after.map_or_else(|| format!("- of {}", row.searched), |seeds| seeds.to_string());
    vec![
        format!("{}\n{}", lines(&row.issue, ERA), wrapped(&row.name.replace('_', " "), "", ERA).trim_end()),
        lines(&row.breaks, PROSE),
        format!("{}\n{}", lines(&row.broken_in.to_string(), ERA), row.broken.word()),
        format!(
            "{}\n{}",
            lines(&format!("{}{}", row.mended_in, row.mended_settings), ERA),
            row.mended.word()
        ),
        found,
        lines(&verdicts(row), PRESETS),
    ]
}

/// `0.10 to 0.11-iv1 cut, 0.11 lost, 2.0 to 4.0-elr holds`
fn verdicts(row: &Row) -> String {
    let mut spans: Vec<(Preset, Preset, String)> = Vec::new();
    for preset in Preset::iter() {
        let word = verdict(row, preset);
        match spans.last_mut() {
            Some((_, last, same)) if *same == word => *last = preset,
            Some(_) | None => spans.push((preset, preset, word)),
        }
    }
    let told = spans.iter().map(|(first, last, word)| match first == last {
        true => format!("{} {word}", first.name()),
        false => format!("{} to {} {word}", first.name(), last.name()),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn verdict(row: &Row, preset: Preset) -> String {
    let harm = row.verdicts.get(&preset).copied();
    let mark = if is_marked(row, preset) { "*" } else { "" };
    format!("{}{mark}", harm.map_or("", Harm::word))
}

/// Whether records are lost there, though the verdict does not say so.
fn is_marked(row: &Row, preset: Preset) -> bool {
    row.lossy.contains(&preset) && row.verdicts.get(&preset) != Some(&Harm::Lost)
}

/// Wrapped; names that are too long are broken where their words end, or the table would be wider than any screen.
fn lines(words: &str, width: usize) -> String {
    let mut pieces: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        if word.chars().count() <= width {
            pieces.push(word.to_owned());
        } else {
            pieces.extend(broken(word, width));
        }
    }
    wrapped(&pieces.join(" "), "", width).trim_end().to_owned()
}

fn broken(name: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in name.split_inclusive(['_', '.']) {
        match lines.last_mut().filter(|line| line.len() + word.len() <= width) {
            Some(line) => line.push_str(word),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What the words mean that stand in the table.
fn words(museum: &Museum) -> String {
    let said = |row: &Row| row.verdicts.values().copied().chain([row.broken, row.mended]).collect::<Vec<_>>();
    let said: Vec<Harm> = museum.rows.iter().flat_map(said).collect();
    let meant = Harm::iter().filter(|harm| said.contains(harm));
    let meant = meant.map(|harm| format!("{}: {}", harm.word(), harm.says())).collect::<Vec<_>>().join("; ");
    let marked = museum.rows.iter().any(|row| Preset::iter().any(|preset| is_marked(row, preset)));
    let mark = if marked {
        " *: committed or acknowledged records are gone besides, which a power failure over unflushed logs or an unclean election may cost."
    } else {
        ""
    };
    let head = "What breaks: what the file is there to break, promised or not; else the worst that broke of what was promised.";
    format!("\n{}", wrapped(&format!("{head} {meant}.{mark}"), "", 110))
}

fn told(name: &str, Amiss { twin, seed, what, again }: &Amiss) -> String {
    let which = if *twin { "mended" } else { "broken" };
    let seed = seed.map_or_else(|| "all seeds together".to_owned(), |seed| format!("seed {seed}"));
    let mut text = format!("\nnot as stated: {name}, {which}, {seed}\n");
    for each in what {
        writeln!(text, "  {each}").expect("a String takes all that is written");
    }
    text + "again: " + again + "\n"
}
