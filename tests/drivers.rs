//! Both drivers, the bare loop and the actors on madsim, make the same run of a seed: whatever one finds the other plays
//! again.

use highwater_sim::run::{RunOptions, run, run_bare};

use crate::support::scenarios::{each_scenario, prepared};

macro_rules! alike {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                runs_alike_on_both_drivers(stringify!($name));
            }
        )*
    };
}
each_scenario!(alike);

fn runs_alike_on_both_drivers(name: &str) {
    let prepared = prepared(name);
    for seed in 0..200 {
        let bare = run_bare(&prepared, seed, RunOptions::default());
        let actors = run(&prepared, seed, RunOptions::default());
        assert_eq!(bare.fingerprint, actors.fingerprint, "{name}, seed {seed}");
        assert_eq!(bare, actors, "{name}, seed {seed}");
    }
}
