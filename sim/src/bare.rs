//! The driver for tests, enumeration and measurements: a loop, and nothing beneath it.

use highwater_model::ids::NodeId;

use crate::driver::{Crew, Observer, Turn};
use crate::world::World;

/// Runs a world to its end.
pub fn drive<C: Crew, O: Observer>(world: World<O>, crew: C) -> O::Report {
    drive_until(world, crew, |_| false)
}

/// Runs a world to its end, or until somebody has seen enough. It is asked before each turn.
pub(crate) fn drive_until<C: Crew, O: Observer>(
    mut world: World<O>,
    mut crew: C,
    mut enough: impl FnMut(&World<O>) -> bool,
) -> O::Report {
    let nodes = world.prepared.plan.names.nodes.len() as u16;
    let mut actors: Vec<Option<C::Actor>> =
        (0..nodes).map(NodeId).map(|node| world.is_running(node).then(|| crew.start(node))).collect();
    loop {
        if enough(&world) {
            return world.finish();
        }
        match world.next() {
            Turn::Deliver { node, input } => {
                if let Some(actor) = &mut actors[usize::from(node.0)] {
                    world.step(input, actor);
                }
            }
            turn @ (Turn::Stop { .. } | Turn::Start { .. }) => world.attend(&turn, &mut crew, &mut actors),
            Turn::Pause { .. } | Turn::Resume { .. } => {}
            Turn::Done => return world.finish(),
        }
    }
}
