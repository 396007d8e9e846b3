//! The face for people: one table, plain text, no colours.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{Broke, Comparison, Harm, Row};
use crate::latency::Percentiles;

/// How many violated properties a row names. All are in the JSON and in the CSV.
const NAMED: usize = 3;

/// The whole comparison.
pub fn comparison(comparison: &Comparison) -> String {
    let columns = columns(comparison);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let heads = columns.iter().map(|column| Cell::new(&column.head));
    table.set_header(heads.collect::<Vec<_>>());
    for (place, column) in columns.iter().enumerate() {
        if let Some(shown) = table.column_mut(place) {
            shown.set_cell_alignment(column.alignment);
            shown.set_padding((u16::from(place > 0), 1));
        }
    }
    for row in &comparison.rows {
        table.add_row(columns.iter().map(|column| (column.cell)(row)).collect::<Vec<_>>());
    }
    format!("{}\n{}\n", headline(comparison), table.trim_fmt())
}

/// `COMPARISON  leader-crash, 20 seeds, 0 to 19, retries=3`
fn headline(comparison: &Comparison) -> String {
    let Comparison { scenario, seeds, first_seed, last_seed, combinations, rows, .. } = comparison;
    let mut line = match seeds {
        1 => format!("COMPARISON  {scenario}, seed {first_seed}"),
        seeds => format!("COMPARISON  {scenario}, {seeds} seeds each, {first_seed} to {last_seed}"),
    };
    for pair in &comparison.overrides {
        line += ", ";
        line += pair;
    }
    if (rows.len() as u64) < *combinations {
        line += &format!("; interrupted after {} of {combinations} combinations", rows.len());
    }
    line + "\n"
}

/// A column of the table.
struct Column {
    head: String,
    alignment: CellAlignment,
    cell: Box<dyn Fn(&Row) -> String>,
}

impl Column {
    fn left(head: &str, cell: impl Fn(&Row) -> String + 'static) -> Self {
        Self { head: head.to_owned(), alignment: CellAlignment::Left, cell: Box::new(cell) }
    }

    fn right(head: &str, cell: impl Fn(&Row) -> String + 'static) -> Self {
        Self { alignment: CellAlignment::Right, ..Self::left(head, cell) }
    }
}

/// What most comparisons have none of has no column there: unconfirmed records that were lost, panics.
fn columns(comparison: &Comparison) -> Vec<Column> {
    let any = |count: fn(&Row) -> u64| comparison.rows.iter().any(|row| count(row) > 0);
    let mut columns = Vec::new();
    for (place, variation) in comparison.vary.iter().enumerate() {
        let value =
            move |row: &Row| row.settings.0.get(place).map_or_else(String::new, |(_, value)| value.clone());
        columns.push(Column::left(&variation.key, value));
    }
    columns.push(Column::right("lost\n(seeds)", |row| harm(&row.lost)));
    if any(|row| row.unconfirmed) {
        columns.push(Column::right("of acks=0\n(seeds)", |row| harm(&row.lost_unconfirmed)));
    }
    columns.push(Column::right("duplicated\n(seeds)", |row| harm(&row.duplicated)));
    columns.push(Column::right("unavailable\nms a seed", |row| or_dash(row.unavailable_ms)));
    columns.push(Column::right("ack ms\np50", |row| latency(row, |found| found.p50_ms.to_string())));
    columns.push(Column::right("\np99", |row| latency(row, |found| found.p99_ms.to_string())));
    columns.push(Column::right("\np99.9", |row| latency(row, |found| found.p999_ms.to_string())));
    columns.push(Column::right("messages\na record", |row| or_dash(row.messages_per_record)));
    columns.push(Column::right("seeds\nkept", |row| row.verdicts.kept.to_string()));
    columns.push(Column::right("\nbroken", |row| row.verdicts.broken.to_string()));
    columns.push(Column::right("\nstalled", |row| row.verdicts.stalled.to_string()));
    if any(|row| row.verdicts.panicked) {
        columns.push(Column::right("\npanicked", |row| row.verdicts.panicked.to_string()));
    }
    columns.push(Column::left("violated\non seeds", |row| violated(&row.verdicts.violated)));
    columns
}

/// `12 (35 %)`
fn harm(harm: &Harm) -> String {
    match harm.seeds_percent {
        Some(percent) if harm.seeds > 0 => format!("{} ({percent} %)", harm.records),
        Some(_) | None => harm.records.to_string(),
    }
}

fn latency(row: &Row, shown: impl Fn(&Percentiles) -> String) -> String {
    row.ack_latency.as_ref().map_or_else(|| "-".to_owned(), shown)
}

/// The worst, a line each.
fn violated(broke: &[Broke]) -> String {
    if broke.is_empty() {
        return "-".to_owned();
    }
    // The place of "and one more" names that one as well.
    let named = if broke.len() > NAMED + 1 { NAMED } else { broke.len() };
    let each =
        broke.iter().take(named).map(|Broke { property, seeds }| format!("{} {seeds}", property.name()));
    let more = (broke.len() > named).then(|| format!("and {} more", broke.len() - named));
    each.chain(more).collect::<Vec<_>>().join("\n")
}

fn or_dash(found: Option<impl ToString>) -> String {
    found.map_or_else(|| "-".to_owned(), |found| found.to_string())
}
