//! A second opinion on what clients saw: naive, quadratic, and from the history file alone.
//!
//! [`told`] reads the JSON lines of `highwater run --history`; [`known`] answers plain questions by going through all of them; the
//! others say what each anomaly comes to, by the definitions of `judges.md`. None of it shares code with the judge that sits in the
//! run, and both must agree: on every property, how often it broke, and whether that broke a promise.
//!
//! Two things the judge in the run is told by brokers, and a history knows within bounds: when a coordinator decided that a
//! transaction is committed, and whether a commit of offsets was stored whose answer never came. The naive judge then says the
//! least and the most that it may be; nearly always they are the same.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each question is about one or two of all the things that a history may say"
)]

mod agreement;
mod groups;
mod known;
mod losses;
mod opinion;
mod places;
mod polls;
mod random;
mod sends;
mod told;
mod transactions;

use highwater_reports::property::Property;

use known::Known;
use opinion::Opinion;
use told::Told;

/// How many properties the naive judge judges.
const PROPERTIES: usize = 14;

/// What the naive judge makes of a history's text.
fn opinions(text: &str) -> [(Property, Opinion); PROPERTIES] {
    let told = Told::read(text);
    let known = Known::new(&told);
    let (lost_write, unseen) = losses::lost_and_unseen(&known);
    let order = polls::poll_order(&known);
    [
        (Property::InconsistentOffsets, places::inconsistent_offsets(&known)),
        (Property::Duplicate, places::duplicate(&known)),
        (Property::LostWrite, lost_write),
        (Property::Unseen, unseen),
        (Property::AbortedRead, polls::aborted_read(&known)),
        (Property::PollSkip, order.skips),
        (Property::NonmonotonicPoll, order.backwards),
        (Property::IntPollSkip, order.skips_inside),
        (Property::IntNonmonotonicPoll, order.backwards_inside),
        (Property::NonmonotonicSend, sends::nonmonotonic_send(&known)),
        (Property::Reprocessed, groups::reprocessed(&known)),
        (Property::Skipped, groups::skipped(&known)),
        (Property::PrecommittedRead, transactions::precommitted_read(&known)),
        (Property::AtomicTransactions, transactions::atomic_transactions(&known)),
    ]
}
