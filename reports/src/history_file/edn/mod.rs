//! The face for Jepsen: EDN in the form that `jepsen.tests.kafka` reads.
//!
//! Source: jepsen 0.3.14-SNAPSHOT `jepsen/src/jepsen/tests/kafka.clj` (operations), jepsen.history `pair-index-fold` (a process has one
//! operation under way at a time).
//!
//! A history is a vector of maps, an operation a line. A partition is its own key, `"orders-0"`, and a value an integer:
//!
//! ```edn
//! {:index 0 :time 1000000000 :process 0 :type :invoke :f :send :value [[:send "orders-0" 40000000000]]}
//! {:index 1 :time 1009000000 :process 0 :type :ok :f :send :value [[:send "orders-0" [0 40000000000]]]}
//! {:index 2 :time 1020000000 :process 1 :type :invoke :f :poll :value [[:poll]]}
//! {:index 3 :time 1020000000 :process 1 :type :ok :f :poll :value [[:poll {"orders-0" [[0 40000000000]]}]]}
//! ```
//!
//! What Jepsen has no word for is put in its words:
//!
//! - a producer has many sends under way, a process but one: each send takes a process of its client that is free, or a new one. So
//!   Jepsen compares only sends of which one ended before the other began;
//! - the records of a batch are one operation. It began when the first of them was handed over;
//! - a transaction is one operation `:txn` of its sends, and ended as its application was told: `:ok` committed, `:fail` aborted,
//!   `:info` unknown. What its application polled before stands in an operation of its own;
//! - each new share of a member, and each loss of partitions, is an `:assign` of what it owns. A position that is set anew between
//!   two polls is an `:assign` without the partition and one with it;
//! - a process that crashes does `:crash`, and what it had under way is `:info`; its client goes on as other processes;
//! - commits of offsets, and what applications finish, are left out.

mod jobs;
mod processes;
mod text;

use highwater_model::names::Names;

use super::header::{FORMAT, FORMAT_VERSION};
use super::ops::Op;
use crate::panel::PanelSetup;

/// The whole file.
pub fn file(setup: &PanelSetup, ops: &[Op], names: &Names) -> String {
    let jobs = jobs::jobs(ops);
    let lines = processes::assigned(&jobs, ops);
    let mut text = format!(
        "; {FORMAT} {FORMAT_VERSION}: scenario {}, seed {}, protocol {}, for jepsen.tests.kafka\n[\n",
        setup.scenario,
        setup.seed,
        setup.protocol.preset.name(),
    );
    for (index, line) in lines.iter().enumerate() {
        text::write(&mut text, index, line, &jobs, names);
    }
    text.push_str("]\n");
    text
}
