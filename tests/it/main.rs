//! The whole engine, and the real program from outside.
//!
//! Short forms run everywhere. `SEERFLOW_FULL=1` runs the long forms, and `SEERFLOW_SHARED` names
//! a folder with data sets to measure on; see `tests/slow/README.md`.

mod api;
mod archives;
mod burst;
mod canary;
mod checkpoint;
mod cli;
mod clients;
mod cluster;
mod control;
mod daemon;
mod failing;
mod formats;
mod founding;
mod generator;
mod hostile;
mod imports;
mod live;
mod load;
mod loghub;
mod many;
mod marks;
mod merging;
mod otlp;
mod quality;
mod quiet;
mod retro;
mod risk;
mod rules;
mod samples;
mod stored;
mod stories;
mod support;
mod tables;
mod validate;
mod walkthrough;
mod warm;
mod webhook;
