//! The face for people.

use std::fmt::Write as _;

use highwater_model::protocol::Preset;
use strum::IntoEnumIterator;

use super::{Amiss, Harm, Museum, Row};
use crate::protocols::text::table;
use crate::render::wrapped;

/// How wide a column of prose is.
const PROSE: usize = 34;
const ERA: usize = 16;

/// The table, what its words mean, and what is not as stated.
pub fn museum(museum: &Museum) -> String {
    let files = museum.rows.len();
    let amiss = museum.rows.iter().filter(|row| !row.amiss.is_empty()).count();
    let mut text = match amiss {
        0 => format!("MUSEUM  {files} bugs; all break and are mended as stated\n\n"),
        _ => format!("MUSEUM  {files} bugs; {amiss} not as stated\n\n"),
    };
    let heads = ["bug", "breaks", "broken in", "mended in", "found\nafter"].map(str::to_owned);
    let presets = Preset::iter().map(|preset| preset.name().to_owned());
    text += &table(heads.into_iter().chain(presets), museum.rows.iter().map(cells));
    text += &words(museum);
    for row in &museum.rows {
        row.amiss.iter().for_each(|amiss| text += &told(&row.name, amiss));
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let found = row.found_after.map_or_else(|| format!("- of {}", row.searched), |seeds| seeds.to_string());
    let first = [
        format!("{}\n{}", row.issue, wrapped(&row.name.replace('_', " "), "", ERA).trim_end()),
        lines(&row.breaks, PROSE),
        format!("{}\n{}", lines(&row.broken_in.to_string(), ERA), row.broken.word()),
        format!(
            "{}\n{}",
            lines(&format!("{}{}", row.mended_in, row.mended_settings), ERA),
            row.mended.word()
        ),
        found,
    ];
    first.into_iter().chain(Preset::iter().map(|preset| verdict(row, preset))).collect()
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

fn lines(words: &str, width: usize) -> String {
    wrapped(words, "", width).trim_end().to_owned()
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
    format!("\n{}", wrapped(&format!("The worst that broke of what was promised. {meant}.{mark}"), "", 110))
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
