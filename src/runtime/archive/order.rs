//! The order in which chunks are opened, and what is promised before each.
//!
//! Chunks go by (least stamp, file, number). A chunk is open while its greatest stamp is not below
//! the promise. When one too many would be open, the floor rises to one tick above the smallest
//! greatest stamp among the open ones: that chunk closes, and later records below the floor are
//! `crowded`. All this is read off the index, so it is the same for any number of workers.

use super::cut::Chunk;
use super::read::Window;
use seerflow_model::time::{Ns, TICK, floor_tick};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A chunk in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Index of its file.
    pub file: u32,
    /// Its number in the file.
    pub chunk: u32,
    /// Records below it are crowded.
    pub floor: Ns,
    /// No record of this chunk or of a later one is below it; never goes back.
    pub promise: Ns,
}

/// Puts the chunks of all files in order. `files`: their chunks, by index.
pub fn arrange(files: &[&[Chunk]], window: Window, open_max: usize) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    for (file, chunks) in files.iter().enumerate() {
        for (number, chunk) in chunks.iter().enumerate() {
            if window.meets(chunk.least, chunk.greatest) {
                let promise = chunk.least.max(window.since);
                let (file, chunk) = (file as u32, number as u32);
                placed.push(Placed { file, chunk, floor: 0, promise });
            }
        }
    }
    placed.sort_unstable_by_key(|p| (p.promise, p.file, p.chunk));
    let mut open: BinaryHeap<Reverse<Ns>> = BinaryHeap::new();
    let mut floor = 0;
    for place in &mut placed {
        let greatest = files[place.file as usize][place.chunk as usize].greatest;
        let least = place.promise;
        close(&mut open, least.max(floor));
        while open.len() >= open_max.max(1) {
            let Some(Reverse(first)) = open.pop() else { break };
            floor = floor_tick(first).saturating_add(TICK);
            close(&mut open, least.max(floor));
        }
        place.floor = floor;
        place.promise = least.max(floor);
        open.push(Reverse(greatest.min(window.until - 1).max(place.promise)));
    }
    placed
}

/// Closes what lies wholly below the promise.
fn close(open: &mut BinaryHeap<Reverse<Ns>>, promise: Ns) {
    while open.peek().is_some_and(|Reverse(greatest)| *greatest < promise) {
        open.pop();
    }
}
