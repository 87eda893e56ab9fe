//! Graphs among the stuck tasks of a finding: which belong together, and who waits in a ring.

/// Sets of things that belong together.
pub(super) struct Groups {
    parent: Vec<usize>,
}

impl Groups {
    /// `n` things, each alone.
    pub fn new(n: usize) -> Self {
        Self { parent: (0..n).collect() }
    }

    /// The thing that stands for the group of `i`: the smallest in it.
    pub fn find(&mut self, mut i: usize) -> usize {
        while self.parent[i] != i {
            self.parent[i] = self.parent[self.parent[i]];
            i = self.parent[i];
        }
        i
    }

    /// Puts two groups together.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b)] = a.min(b);
    }
}

/// The first ring found in a graph given by the successors of each node; empty if there is none.
pub(super) fn ring(edges: &[Vec<usize>]) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        OnPath,
        Done,
    }
    let mut marks = vec![Mark::New; edges.len()];
    for start in 0..edges.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // A path of (node, next successor to look at): depth-first without recursion.
        let mut path = vec![(start, 0)];
        marks[start] = Mark::OnPath;
        while let Some(top) = path.last_mut() {
            let (node, next) = *top;
            top.1 += 1;
            match edges[node].get(next) {
                None => {
                    marks[node] = Mark::Done;
                    path.pop();
                }
                Some(&to) => match marks[to] {
                    Mark::OnPath => {
                        let from = path.iter().position(|&(on_path, _)| on_path == to).unwrap_or(0);
                        return path[from..].iter().map(|&(on_path, _)| on_path).collect();
                    }
                    Mark::New => {
                        marks[to] = Mark::OnPath;
                        path.push((to, 0));
                    }
                    Mark::Done => {}
                },
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_found_behind_a_tail_and_a_tree_has_none() {
        assert_eq!(ring(&[vec![1], vec![2], vec![3], vec![1]]), [1, 2, 3]);
        assert_eq!(ring(&[vec![0]]), [0]);
        assert!(ring(&[vec![1, 2], vec![3], vec![3], vec![]]).is_empty());
        assert!(ring(&[]).is_empty());
    }

    #[test]
    fn groups_are_known_by_their_smallest() {
        let mut groups = Groups::new(5);
        groups.join(4, 2);
        groups.join(3, 4);
        assert_eq!((0..5).map(|i| groups.find(i)).collect::<Vec<_>>(), [0, 1, 2, 2, 2]);
    }
}
