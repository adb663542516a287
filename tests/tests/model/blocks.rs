//! All blocks that there can be: in every view two on each possible parent, so that a leader can contradict itself.

/// Most views of a run.
pub const MAX_VIEWS: usize = 3;

/// A block, by its place in the list of all blocks; the genesis is none of them.
pub type Block = usize;

/// A set of blocks, as bits.
pub type Blocks = u32;

/// What a block is: its view, counted from 0, and its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The view.
    pub view: usize,
    /// The parent; none is the genesis.
    pub parent: Option<Block>,
    /// The other block of this view on this parent.
    pub sibling: Block,
}

/// The blocks of all views, earlier views first.
pub fn tree(views: usize) -> Vec<Place> {
    let mut blocks: Vec<Place> = Vec::new();
    for view in 0..views {
        let parents: Vec<_> = std::iter::once(None).chain((0..blocks.len()).map(Some)).collect();
        for parent in parents {
            let first = blocks.len();
            blocks.push(Place { view, parent, sibling: first + 1 });
            blocks.push(Place { view, parent, sibling: first });
        }
    }
    blocks
}

/// Whether a block is in a set.
pub fn has(set: Blocks, block: Block) -> bool {
    set >> block & 1 == 1
}

/// Whether two blocks are on one chain.
pub fn agree(tree: &[Place], one: Block, other: Block) -> bool {
    // Ancestors come earlier in the list.
    let (mut later, earlier) = (one.max(other), one.min(other));
    while later > earlier {
        let Some(parent) = tree[later].parent else { return false };
        later = parent;
    }
    later == earlier
}

/// The blocks of a view.
pub fn of_view(tree: &[Place], view: usize) -> Blocks {
    let here = tree.iter().enumerate().filter(|(_, place)| place.view == view);
    here.fold(0, |set, (block, _)| set | 1 << block)
}

#[test]
fn blocks_are_counted_and_their_lines_followed() {
    let tree = tree(MAX_VIEWS);
    assert_eq!((0..3).map(|view| of_view(&tree, view).count_ones()).collect::<Vec<_>>(), [2, 6, 18]);
    let child = |view, parent| tree.iter().position(|b| b.view == view && b.parent == parent).unwrap();
    let two = child(1, Some(0));
    let three = child(2, Some(two));
    assert!(agree(&tree, 0, three) && agree(&tree, three, two) && agree(&tree, two, two));
    assert!(!agree(&tree, 1, three) && !agree(&tree, 0, 1) && !agree(&tree, two, tree[two].sibling));
}
