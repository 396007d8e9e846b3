//! A set of offsets as few spans. A reader that goes forward makes one of them longer; no look costs more for that.

use highwater_model::ids::Offset;

/// Offsets `[from, to)`.
pub(super) type Span = (Offset, Offset);

/// A set of offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans {
    /// Ascending; neither overlap nor touch.
    spans: Vec<Span>,
}

impl Spans {
    /// Puts `[from, to)` in, and says which parts of it were in before.
    #[inline]
    pub(super) fn add(&mut self, from: Offset, to: Offset) -> Vec<Span> {
        match self.spans.last_mut() {
            _ if from >= to => Vec::new(),
            Some(last) if from == last.1 => {
                last.1 = to;
                Vec::new()
            }
            Some(last) if from < last.1 => self.merge(from, to),
            Some(_) | None => {
                self.spans.push((from, to));
                Vec::new()
            }
        }
    }

    #[cold]
    fn merge(&mut self, from: Offset, to: Offset) -> Vec<Span> {
        let first = self.spans.partition_point(|(_, end)| *end < from);
        let behind = self.spans.partition_point(|(begin, _)| *begin <= to);
        let touched = &self.spans[first..behind];
        let shared = touched.iter().map(|(begin, end)| ((*begin).max(from), (*end).min(to)));
        let before = shared.filter(|(begin, end)| begin < end).collect();
        let begin = touched.first().map_or(from, |(begin, _)| (*begin).min(from));
        let end = touched.last().map_or(to, |(_, end)| (*end).max(to));
        self.spans.splice(first..behind, [(begin, end)]);
        before
    }

    /// Whether it holds an offset.
    pub(super) fn contains(&self, offset: Offset) -> bool {
        let place = self.spans.partition_point(|(_, end)| *end <= offset);
        self.spans.get(place).is_some_and(|(begin, _)| *begin <= offset)
    }

    /// What it lacks below an end.
    pub(super) fn gaps(&self, end: Offset) -> Vec<Span> {
        let ends = std::iter::once(Offset::ZERO).chain(self.spans.iter().map(|(_, end)| *end));
        let begins = self.spans.iter().map(|(begin, _)| *begin).chain(std::iter::once(end));
        let gaps = ends.zip(begins).map(|(from, to)| (from, to.min(end)));
        gaps.filter(|(from, to)| from < to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, to: u64) -> Span {
        (Offset(from), Offset(to))
    }

    fn set(spans: &[(u64, u64)]) -> Spans {
        let mut set = Spans::default();
        for (from, to) in spans {
            set.add(Offset(*from), Offset(*to));
        }
        set
    }

    #[test]
    fn a_reader_that_goes_forward_keeps_one_span() {
        assert_eq!(set(&[(0, 3), (3, 5), (5, 9)]).spans, [span(0, 9)]);
        assert_eq!(set(&[(2, 3), (5, 9)]).gaps(Offset(12)), [span(0, 2), span(3, 5), span(9, 12)]);
        assert_eq!(set(&[(2, 9)]).gaps(Offset(4)), [span(0, 2)]);
    }

    #[test]
    fn what_was_in_before_is_told() {
        let mut spans = set(&[(0, 3), (5, 9)]);
        assert_eq!(spans.add(Offset(2), Offset(7)), [span(2, 3), span(5, 7)]);
        assert_eq!(spans.spans, [span(0, 9)]);
        assert_eq!(spans.add(Offset(4), Offset(4)), []);
        let mut spans = set(&[(0, 1), (5, 9)]);
        assert_eq!(spans.add(Offset(2), Offset(4)), []);
        assert_eq!(spans.spans, [span(0, 1), span(2, 4), span(5, 9)]);
        assert!(spans.contains(Offset(3)) && !spans.contains(Offset(4)) && !spans.contains(Offset(9)));
    }
}
