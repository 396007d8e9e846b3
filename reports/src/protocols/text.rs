//! The face for people.

use comfy_table::{Table, presets};
use highwater_model::protocol::Preset;

use super::{Diff, Difference, Matrix, PresetRow, SwitchRow};
use crate::render::wrapped;

const WIDTH: usize = 110;

/// What stands where a preset has what the older one beside it has.
const AS_BEFORE: &str = ".";

/// A switch a row and a preset a column; then what each of them is.
pub fn matrix(matrix: &Matrix) -> String {
    let heads = matrix.presets.iter().map(|preset| preset.name.name().to_owned());
    let rows = matrix.switches.iter().map(|row| [vec![row.name.name().to_owned()], cells(row)].concat());
    let mut text = format!(
        "SWITCHES  {} under {} presets; {AS_BEFORE} is as in the preset before\n\n",
        matrix.switches.len(),
        matrix.presets.len()
    );
    text += &table(["switch".to_owned()].into_iter().chain(heads), rows);
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
    for Difference { name, says, changed_by, .. } in switches {
        text += &says_of(name.name(), says, changed_by);
    }
    text
}

/// A value where it changes. Long ones are broken where their words end, or the table would be wider than any screen.
fn cells(row: &SwitchRow) -> Vec<String> {
    let mut before = None;
    let cell = |(_, &value): (&Preset, &&'static str)| {
        let same = before == Some(value);
        before = Some(value);
        if same { AS_BEFORE.to_owned() } else { broken(value) }
    };
    row.values.iter().map(cell).collect()
}

fn broken(value: &str) -> String {
    const WIDEST: usize = 11;
    let mut lines: Vec<String> = Vec::new();
    for word in value.split_inclusive('_') {
        match lines.last_mut().filter(|line| line.len() + word.len() <= WIDEST) {
            Some(line) => line.push_str(word),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
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
