//! The face for people.

use comfy_table::{Table, presets};

use super::{Diff, Difference, Matrix, PresetRow, SwitchRow};
use crate::render::wrapped;

const WIDTH: usize = 110;

/// How wide the column of switches is.
const NAMES: usize = 42;

/// A switch a row: what it is set to, and from which preset on. Then what each preset and each switch is.
pub fn matrix(matrix: &Matrix) -> String {
    let rows = matrix.switches.iter().map(|row| vec![row.name.name().to_owned(), history(row)]);
    let mut text = format!(
        "SWITCHES  {} under {} presets; --format json has every value under every preset\n\n",
        matrix.switches.len(),
        matrix.presets.len()
    );
    text += &table(["switch", "from the oldest preset on"].map(str::to_owned).into_iter(), rows);
    text += "\nPRESETS\n";
    matrix.presets.iter().for_each(|preset| text += &about(preset));
    text += "\nWHAT EACH SWITCH DECIDES\n";
    for SwitchRow { name, says, changed_by, .. } in &matrix.switches {
        text += &says_of(name.name(), says, changed_by);
    }
    text
}

/// What differs; then what each of that is.
pub fn diff(diff: &Diff) -> String {
    let Diff { from, to, switches } = diff;
    let mut text =
        format!("DIFFERENCES  {} and {}: {} switches\n\n", from.name.name(), to.name.name(), switches.len());
    text += &about(from);
    text += &about(to);
    if switches.is_empty() {
        return text;
    }
    let heads = ["switch", from.name.name(), to.name.name()].map(str::to_owned);
    let row = |it: &Difference| [it.name.name(), it.from, it.to].map(str::to_owned).to_vec();
    text += "\n";
    text += &table(heads.into_iter(), switches.iter().map(row));
    text += "\n";
    for Difference { name, says, changed_by, from, from_says, to, to_says } in switches {
        text += &says_of(name.name(), says, changed_by);
        for (value, meaning) in [(from, from_says), (to, to_says)].iter().filter(|(_, it)| !it.is_empty()) {
            text += &wrapped(&format!("{value}: {meaning}"), "        ", WIDTH);
        }
    }
    text
}

/// `own_high_watermark, 0.11: epoch_query, 2.0: epoch_query_iterative`: a value, and each preset that changes it.
fn history(row: &SwitchRow) -> String {
    let mut before = None;
    let mut told = Vec::new();
    for (preset, &value) in &row.values {
        match before.replace(value) {
            None => told.push(value.to_owned()),
            Some(same) if same == value => {}
            Some(_) => told.push(format!("{}: {value}", preset.name())),
        }
    }
    wrapped(&told.join(", "), "", WIDTH - NAMES).trim_end().to_owned()
}

fn about(PresetRow { name, says }: &PresetRow) -> String {
    let name = format!("{:10}", name.name());
    let text = wrapped(says, &" ".repeat(12), WIDTH);
    format!("  {name}{}", text.trim_start())
}

fn says_of(name: &str, says: &str, changed_by: &str) -> String {
    format!("  {name}: {changed_by}\n{}", wrapped(says, "      ", WIDTH))
}

/// Columns with two spaces between them, and nothing else.
pub(crate) fn table(heads: impl Iterator<Item = String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(heads.collect::<Vec<_>>());
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(place > 0), 1));
    }
    rows.for_each(|row| {
        table.add_row(row);
    });
    format!("{}\n", table.trim_fmt())
}
