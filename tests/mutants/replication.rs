//! Mutants of replication: of leaders, followers, the ISR and the controller.

use highwater_model::defects::Defect;
use highwater_reports::property::Property;

use super::mutant::Mutant;

/// By the rule that each breaks, in the order in which a record meets them.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant::defect(
        Defect::CommitsOneTooFar,
        "A leader takes one offset more for committed than its ISR holds.",
    )
    .on("records_flow")
    .aims(&[Property::WeakIsr]),
    Mutant::defect(
        Defect::SkipsDeduplication,
        "A leader does not look whether it has a producer's batch already.",
    )
    .on("ack_is_lost")
    .aims(&[Property::IdempotentDedup]),
];
