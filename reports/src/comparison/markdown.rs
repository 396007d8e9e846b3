//! The face for comments: the table of [`text`](super::text) in GitHub's Markdown.

use comfy_table::CellAlignment;

use super::Comparison;
use super::text::{columns, headline};
use crate::render::markdown::{Side, plain, table};

/// The whole comparison.
pub fn comparison(comparison: &Comparison) -> String {
    let columns = columns(comparison);
    let side = |alignment: CellAlignment| {
        if alignment == CellAlignment::Right { Side::Right } else { Side::Left }
    };
    let mut above = "";
    let heads = columns.shown.iter().map(|column| {
        // A group of columns has its name above the first of them only.
        let (first, second) = column.head.split_once('\n').unwrap_or((&column.head, ""));
        above = if first.is_empty() { above } else { first };
        (plain(format!("{above} {second}").trim()), side(column.alignment))
    });
    let heads: Vec<(String, Side)> = heads.collect();
    let row = |row| columns.shown.iter().map(|column| plain(&(column.cell)(row))).collect();
    let rows = comparison.rows.iter().map(row);
    format!("**{}**\n\n{}{}", plain(headline(comparison).trim_end()), table(&heads, rows), columns.note())
}
