use std::collections::BTreeMap;

use highwater_model::event::EventKind;
use highwater_model::ids::TopicPartition;
use highwater_model::machine::Ending;
use highwater_reports::end::RunEnd;

use super::*;
use crate::run::{RunOptions, run, run_bare};
use crate::scenario::load::load_str;
use crate::scenario::plan::PlannedWhen;
use crate::testing::{at, crash, plan};

const SHOP: NodeId = NodeId(4);

/// 40 records every 50 ms from 100 ms on, of a producer that a fault may crash, or not.
struct Application {
    plan: Plan,
    keys: Keys,
    workload: Workload,
    life: u32,
}

impl Application {
    fn new(faults: Vec<(PlannedWhen, PlannedAction)>) -> Self {
        let plan = plan(faults);
        Self { keys: keys(&plan), workload: Workload::new(&plan), plan, life: 0 }
    }

    fn of_a_mortal() -> Self {
        Self::new(vec![at(1_000, crash(PlannedTarget::Node(SHOP), Ending::Process))])
    }

    /// The number of the next record, and when the one after it is due.
    fn ask(&mut self) -> Option<(u32, Option<u64>)> {
        let (command, again) = self.workload.next(&self.plan, &self.keys, SHOP, self.life)?;
        let Command::Send { record, .. } = command else { panic!("{command:?}") };
        Some((record.value.number(), again.map(|at| at.0 / 1_000)))
    }

    fn tell(&mut self, acknowledged: bool, numbers: &[u32]) {
        let record = |&number| Record { value: RecordId::new(SHOP, number), content: None, size_bytes: 1 };
        let records: Arc<[Record]> = numbers.iter().map(record).collect();
        let (client, partition) = (SHOP, TopicPartition::default());
        self.workload.hear(&if acknowledged {
            Event::SendAcknowledged { client, partition, base_offset: None, records }
        } else {
            let error = highwater_model::message::ErrorCode::RequestTimedOut;
            Event::SendFailed { client, partition, records, error, definite: false }
        });
    }

    /// The producer dies and lives again; when it is asked then.
    fn restart(&mut self) -> Option<u64> {
        self.workload.died(SHOP);
        let (life, at) = self.workload.revived(&self.plan, SHOP)?;
        self.life = life;
        Some(at.0 / 1_000)
    }
}

#[test]
fn a_producer_is_asked_for_one_record_after_the_other() {
    let mut application = Application::new(vec![]);
    assert!(!application.workload.keeps_ledgers(), "nobody pays for what cannot happen");
    assert_eq!(application.ask(), Some((0, Some(150))));
    for number in 1..39 {
        assert_eq!(application.ask(), Some((number, Some(u64::from(number) * 50 + 150))));
    }
    assert_eq!(application.ask(), Some((39, None)));
    assert_eq!((application.workload.left(), application.ask()), (0, None));
}

#[test]
fn after_a_restart_comes_again_what_nobody_told_of() {
    let mut application = Application::of_a_mortal();
    for number in 0..6 {
        assert_eq!(application.ask().unwrap().0, number);
    }
    application.tell(true, &[0, 1, 3]);
    application.tell(false, &[4]);
    assert_eq!(application.workload.left(), 34);
    assert_eq!(application.restart(), Some(0), "at once");
    assert_eq!(application.workload.left(), 36);
    assert_eq!(application.ask(), Some((2, Some(0))));
    assert_eq!(application.ask(), Some((5, Some(400))));
    assert_eq!(application.ask(), Some((6, Some(450))), "and the schedule goes on");
}

#[test]
fn a_second_crash_amid_that_forgets_nothing_and_repeats_what_is_unanswered() {
    let mut application = Application::of_a_mortal();
    for number in 0..4 {
        assert_eq!(application.ask().unwrap().0, number);
    }
    application.restart();
    assert_eq!([application.ask(), application.ask()].map(|asked| asked.unwrap().0), [0, 1]);
    application.tell(true, &[0]);
    application.restart();
    assert_eq!(application.workload.left(), 39);
    assert_eq!([(); 4].map(|()| application.ask().unwrap().0), [1, 2, 3, 4]);
}

#[test]
fn what_was_to_be_asked_of_an_earlier_life_is_not_asked() {
    let mut application = Application::of_a_mortal();
    application.ask();
    application.restart();
    application.life = 0;
    assert_eq!(application.ask(), None);
    application.life = 1;
    assert_eq!(application.ask(), Some((0, Some(150))));
}

#[test]
fn whoever_has_sent_everything_and_heard_of_all_rests() {
    let mut application = Application::of_a_mortal();
    while let Some((number, _)) = application.ask() {
        application.tell(true, &[number]);
    }
    assert_eq!(application.restart(), None);
    assert_eq!(application.workload.left(), 0);
}

const CRASHING: &str = r#"{
    "story": "A producer dies before it hears, and its application repeats.",
    "cluster": { "brokers": 1 },
    "topics": [{ "name": "orders" }],
    "producers": [{ "name": "shop", "topic": "orders", "records": 30, "every_ms": 50, "config": { "acks": "-1" } }],
    "faults": [{ "when": { "event": "produce_acknowledged", "occurrence": 5, "before": "ack" },
                 "do": { "crash": "shop", "restart_after_ms": 500 } }],
    "duration_ms": 10000
}"#;

#[test]
fn a_record_that_was_written_and_not_told_of_is_written_twice() {
    let loaded = load_str("crashing.json", CRASHING, &[]).unwrap();
    let prepared = Arc::new(crate::prepared::Prepared::new(loaded.plan));
    for seed in 0..5 {
        let report = run_bare(&prepared, seed, RunOptions::default());
        assert_eq!(report, run(&prepared, seed, RunOptions::default()), "seed {seed}");
        assert_eq!(report.end, RunEnd::Converged, "seed {seed}");
        let seen: BTreeMap<_, _> = report.seen.iter().map(|(&kind, &times)| (kind, times)).collect();
        assert_eq!((seen[&EventKind::NodeStopped], seen[&EventKind::NodeRestarted]), (1, 1));
        assert_eq!(seen[&EventKind::RecordSent], 31, "seed {seed}: the fifth again");
        assert_eq!(report.counts.acknowledged, 30, "seed {seed}");
    }
}
