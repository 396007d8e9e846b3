//! The face for people: one table, plain text, no colours.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::groups::GroupSums;
use super::ratio::Ratio;
use super::{Broke, Comparison, Harm, Row, Variation};
use crate::latency::{Millis, Percentiles};

/// How many violated properties a row names. All are in the JSON and in the CSV.
const NAMED: usize = 3;

/// The whole comparison.
pub fn comparison(comparison: &Comparison) -> String {
    let columns = columns(comparison);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let heads = columns.shown.iter().map(|column| Cell::new(&column.head));
    table.set_header(heads.collect::<Vec<_>>());
    for (place, column) in columns.shown.iter().enumerate() {
        if let Some(shown) = table.column_mut(place) {
            shown.set_cell_alignment(column.alignment);
            shown.set_padding((u16::from(place > 0), 1));
        }
    }
    for row in &comparison.rows {
        table.add_row(columns.shown.iter().map(|column| (column.cell)(row)).collect::<Vec<_>>());
    }
    format!("{}\n{}\n{}", headline(comparison), table.trim_fmt(), columns.note())
}

/// `COMPARISON  leader-crash, 20 seeds, 0 to 19, retries=3`
pub(super) fn headline(comparison: &Comparison) -> String {
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
pub(super) struct Column {
    pub(super) head: String,
    pub(super) alignment: CellAlignment,
    pub(super) cell: Box<dyn Fn(&Row) -> String>,
}

impl Column {
    fn left(head: &str, cell: impl Fn(&Row) -> String + 'static) -> Self {
        Self { head: head.to_owned(), alignment: CellAlignment::Left, cell: Box::new(cell) }
    }

    fn right(head: &str, cell: impl Fn(&Row) -> String + 'static) -> Self {
        Self { alignment: CellAlignment::Right, ..Self::left(head, cell) }
    }
}

/// The columns of a table that is as narrow as it can be without hiding anything.
pub(super) struct Columns<'a> {
    rows: &'a [Row],
    pub(super) shown: Vec<Column>,
    /// What has no column because no row has any of it. The table's last line names it.
    left_out: Vec<&'static str>,
}

impl Columns<'_> {
    fn any(&self, is: impl Fn(&Row) -> bool) -> bool {
        self.rows.iter().any(is)
    }

    /// Shows a column if any row has something there, or has it named as one that was left out.
    fn or_leave_out(&mut self, name: &'static str, column: Column, is: impl Fn(&Row) -> bool) {
        if self.any(is) {
            self.shown.push(column);
        } else {
            self.left_out.push(name);
        }
    }

    fn settings(&mut self, vary: &[Variation]) {
        for (place, variation) in vary.iter().enumerate() {
            let value = move |row: &Row| {
                row.settings.0.get(place).map_or_else(String::new, |(_, value)| value.clone())
            };
            self.shown.push(Column::left(&variation.key, value));
        }
    }

    /// Lost and duplicated records are what one compares for: they are told even if there are none.
    fn records(&mut self) {
        let failed = Column::right("failed", |row| of_records(row.failed, row.sent));
        self.or_leave_out("failed", failed, |row| row.failed > 0);
        self.shown.push(Column::right("lost\n(seeds)", |row| harm(&row.lost)));
        if self.any(|row| row.unconfirmed > 0) {
            self.shown.push(Column::right("of acks=0\n(seeds)", |row| harm(&row.lost_unconfirmed)));
        }
        self.shown.push(Column::right("duplicated\n(seeds)", |row| harm(&row.duplicated)));
    }

    /// Only where groups tell the combinations apart, or something came to harm in them.
    fn groups(&mut self) {
        let harmed = self.any(|row| row.groups.is_some_and(|sums| sums.reprocessed + sums.skipped > 0));
        let mut lags = self.rows.iter().filter_map(|row| row.groups.map(|sums| sums.max_lag));
        let first = lags.next();
        if !harmed && lags.all(|lag| Some(lag) == first) {
            return;
        }
        self.of_groups("rebalances", |sums| sums.rebalances);
        self.of_groups("reprocessed", |sums| sums.reprocessed);
        self.of_groups("skipped", |sums| sums.skipped);
        self.of_groups("max lag", |sums| sums.max_lag);
    }

    fn of_groups(&mut self, name: &'static str, number: fn(&GroupSums) -> u64) {
        let column = Column::right(name, move |row| or_dash(row.groups.as_ref().map(number)));
        self.or_leave_out(name, column, |row| row.groups.as_ref().is_some_and(|sums| number(sums) > 0));
    }

    fn costs(&mut self) {
        let unavailable = Column::right("unavailable\nms a seed", |row| or_dash(row.unavailable_ms));
        let none = Ratio::of(0, 1);
        self.or_leave_out("unavailable", unavailable, |row| row.unavailable_ms > none);
        if self.any(|row| row.ack_latency.is_some()) {
            let of = |percentile: fn(&Percentiles) -> Millis| move |row: &Row| latency(row, percentile);
            self.shown.push(Column::right("ack ms\np50", of(|found| found.p50_ms)));
            self.shown.push(Column::right("\np99", of(|found| found.p99_ms)));
            self.shown.push(Column::right("\np99.9", of(|found| found.p999_ms)));
        } else {
            self.left_out.push("ack ms");
        }
        self.shown.push(Column::right("messages\na record", |row| or_dash(row.messages_per_record)));
    }

    fn verdicts(&mut self) {
        self.shown.push(Column::right("seeds\nkept", |row| row.verdicts.kept.to_string()));
        self.shown.push(Column::right("\nbroken", |row| row.verdicts.broken.to_string()));
        let stalled = Column::right("\nstalled", |row| row.verdicts.stalled.to_string());
        self.or_leave_out("stalled", stalled, |row| row.verdicts.stalled > 0);
        if self.any(|row| row.verdicts.panicked > 0) {
            self.shown.push(Column::right("\npanicked", |row| row.verdicts.panicked.to_string()));
        }
        let column = Column::left("violated\non seeds", |row| violated(&row.verdicts.violated));
        self.or_leave_out("violated", column, |row| !row.verdicts.violated.is_empty());
    }

    /// `None of these in any row: failed, stalled`
    pub(super) fn note(&self) -> String {
        if self.rows.is_empty() || self.left_out.is_empty() {
            return String::new();
        }
        format!("\nNone of these in any row: {}\n", self.left_out.join(", "))
    }
}

pub(super) fn columns(comparison: &Comparison) -> Columns<'_> {
    let mut columns = Columns { rows: &comparison.rows, shown: Vec::new(), left_out: Vec::new() };
    columns.settings(&comparison.vary);
    columns.records();
    columns.groups();
    columns.costs();
    columns.verdicts();
    columns
}

/// `12 (0.5 %)`
fn of_records(some: u64, all: u64) -> String {
    match Ratio::percent(some, all) {
        Some(percent) if some > 0 => format!("{some} ({percent} %)"),
        Some(_) | None => some.to_string(),
    }
}

/// `12 (35 %)`
fn harm(harm: &Harm) -> String {
    match harm.seeds_percent {
        Some(percent) if harm.seeds > 0 => format!("{} ({percent} %)", harm.records),
        Some(_) | None => harm.records.to_string(),
    }
}

fn latency(row: &Row, percentile: impl Fn(&Percentiles) -> Millis) -> String {
    or_dash(row.ack_latency.as_ref().map(percentile))
}

/// The worst, a line each.
fn violated(broke: &[Broke]) -> String {
    if broke.is_empty() {
        return "-".to_owned();
    }
    // The place of "and one more" names that one as well.
    let named = if broke.len() > NAMED + 1 { NAMED } else { broke.len() };
    let each = broke.iter().take(named).map(|Broke { property, seeds, only_on_offsets }| {
        let offsets = if only_on_offsets == seeds { " (offsets)" } else { "" };
        format!("{} {seeds}{offsets}", property.name())
    });
    let more = (broke.len() > named).then(|| format!("and {} more", broke.len() - named));
    each.chain(more).collect::<Vec<_>>().join("\n")
}

fn or_dash(found: Option<impl ToString>) -> String {
    found.map_or_else(|| "-".to_owned(), |found| found.to_string())
}
