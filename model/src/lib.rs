//! Kafka's partition replication as machines that know no clock, no network, no disk and no chance.
pub mod config;
pub mod event;
pub mod ids;
pub mod machine;
pub mod message;
pub mod names;
pub mod protocol;
pub mod record;
pub mod time;
pub mod view;
