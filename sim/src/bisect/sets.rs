//! All sets of one size, in order.

/// The sets of `size` things of a list, in the order of their places in it.
pub(super) struct Sets<'a, T> {
    of: &'a [T],
    /// The places of the next set; none once all were made.
    next: Option<Vec<usize>>,
}

impl<'a, T> Sets<'a, T> {
    pub(super) fn new(of: &'a [T], size: usize) -> Self {
        Self { of, next: (size <= of.len()).then(|| (0..size).collect()) }
    }
}

impl<T: Copy> Iterator for Sets<'_, T> {
    type Item = Vec<T>;

    fn next(&mut self) -> Option<Vec<T>> {
        let places = self.next.take()?;
        let set = places.iter().map(|&place| self.of[place]).collect();
        let size = places.len();
        // The last place that can still move on does, and those after it follow close behind.
        let moving = (0..size).rev().find(|&index| places[index] + (size - index) < self.of.len());
        self.next = moving.map(|index| {
            let first = places[index] + 1;
            places[..index].iter().copied().chain((first..).take(size - index)).collect()
        });
        Some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_come_in_order_and_each_once() {
        let pairs: Vec<Vec<u8>> = Sets::new(&[1, 2, 3, 4], 2).collect();
        assert_eq!(pairs, [[1, 2], [1, 3], [1, 4], [2, 3], [2, 4], [3, 4]]);
        assert_eq!(Sets::new(&[1, 2, 3], 3).collect::<Vec<_>>(), [[1, 2, 3]]);
        assert_eq!(Sets::new(&[1, 2, 3], 1).count(), 3);
        assert_eq!(Sets::new(&[1, 2, 3], 4).count(), 0);
        let many: Vec<u8> = (0..20).collect();
        assert_eq!(Sets::new(&many, 3).count(), 1_140);
    }
}
