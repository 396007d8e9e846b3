//! GitHub's Markdown in pieces: what any face in it is made of.

/// The words as they are: nothing in them is taken for a mark.
pub(crate) fn plain(words: &str) -> String {
    let mut text = String::new();
    for c in words.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '$' => {
                text.push('\\');
                text.push(c);
            }
            '\n' => text.push_str("<br>"),
            c => text.push(c),
        }
    }
    text
}

/// The words as code, within a line.
pub(crate) fn code(words: &str) -> String {
    // A bar ends a cell even in code, and a backslash before it would be shown where there is no table.
    if words.contains(['`', '|', '\n']) { plain(words) } else { format!("`{words}`") }
}

/// The lines as a block of code.
pub(crate) fn block(lines: &str) -> String {
    let mut fence = "```".to_owned();
    while lines.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}text\n{}\n{fence}\n", lines.trim_end_matches('\n'))
}

/// What is folded away until someone wants to see it.
pub(crate) fn folded(title: &str, text: &str) -> String {
    format!("<details><summary>{}</summary>\n\n{text}\n</details>\n", plain(title))
}

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table. The cells are Markdown already.
pub(crate) fn table(heads: &[(String, Side)], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = |(_, side): &(String, Side)| match side {
        Side::Left => "---".to_owned(),
        Side::Right => "---:".to_owned(),
    };
    let mut text = line(heads.iter().map(|(head, _)| head.clone()).collect());
    text += &line(heads.iter().map(rule).collect());
    text.extend(rows.into_iter().map(line));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_taken_for_a_mark() {
        assert_eq!(plain("a|b *c* <d>\nshop#2"), r"a\|b \*c\* \<d\><br>shop\#2");
        assert_eq!((code("a b"), code("a`|b")), ("`a b`".to_owned(), r"a\`\|b".to_owned()));
        assert_eq!(block("```\n"), "````text\n```\n````\n");
    }

    #[test]
    fn a_table_has_a_rule_below_its_heads() {
        let heads = [("what".to_owned(), Side::Left), ("how many".to_owned(), Side::Right)];
        let rows = vec![vec!["lost".to_owned(), "3".to_owned()]];
        assert_eq!(table(&heads, rows), "| what | how many |\n| --- | ---: |\n| lost | 3 |\n");
    }
}
