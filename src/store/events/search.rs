//! Which rows of a block hold a needle.
//!
//! A match that lies in what records of a skeleton share is in all of them, and nothing is
//! decompressed. Any other match touches a value. If the needle begins and ends with a word, it
//! then holds a word of that value; so where the filter knows none of its words among values,
//! there is none. Else, for each skeleton, a word of the needle that the skeleton lacks is looked
//! for in the values, and the records where it is are built and searched.

use super::block::Block;
use super::decode::Skeleton;
use super::error::Result;
use super::filter::{self, Kind};
use super::needle::Needle;
use super::part::Hits;
use super::plan::WORDLESS;
use super::skeleton::HOLE;
use roaring::RoaringBitmap;
use seerflow_model::text;

impl Block {
    /// See the module head.
    pub(super) fn rows_with(&self, needle: &Needle) -> Result<Hits> {
        let filter = self.filter()?;
        let hashes = needle.hashes();
        let held = |kind, h: u64| filter::may_hold(&filter, kind, h);
        let mut hits = Hits::default();
        if hashes.iter().all(|h| held(Kind::Value, *h) || held(Kind::Shared, *h)) {
            // A literal is a value as a whole.
            let in_values = !needle.is_between_words()
                || hashes.iter().any(|h| held(Kind::Value, *h))
                || held(Kind::Value, WORDLESS);
            self.in_records(needle, in_values, &mut hits.sure)?;
        }
        if hashes.iter().all(|h| held(Kind::Added, *h)) {
            let apart = self.apart()?;
            hits.maybe = (0..self.rows()).filter(|row| apart(*row)).collect();
            hits.maybe -= &hits.sure;
        }
        Ok(hits)
    }

    fn in_records(&self, needle: &Needle, in_values: bool, sure: &mut RoaringBitmap) -> Result<()> {
        let codes = self.codes()?;
        let skeletons = self.skeletons()?;
        let mut everywhere = vec![false; codes.counts.len()];
        let holed = needle.text().as_bytes().contains(&HOLE);
        for (code, skeleton) in skeletons.iter() {
            let text = std::str::from_utf8(&skeleton.text).unwrap_or_default();
            if !holed && needle.is_in(text) {
                if let Some(everywhere) = everywhere.get_mut(code as usize) {
                    *everywhere = true;
                }
            } else if in_values && !holed && skeleton.slots > 0 {
                self.in_values(needle, code, skeleton, text, sure)?;
            }
        }
        let rows = (0u32..).zip(&codes.codes);
        let all = rows.filter(|(_, code)| everywhere.get(**code as usize) == Some(&true));
        sure.extend(all.map(|(row, _)| row));
        if in_values && codes.counts.first().is_some_and(|count| *count > 0) {
            let literals = self.literals()?;
            for (rank, row) in (0u32..).zip(codes.rows(0).iter().copied()) {
                let raw = literals.value(rank).unwrap_or_default();
                if needle.is_in(&text::decode(raw)) {
                    sure.insert(row);
                }
            }
        }
        Ok(())
    }

    fn in_values(
        &self,
        needle: &Needle,
        code: u32,
        skeleton: &Skeleton,
        shared: &str,
        sure: &mut RoaringBitmap,
    ) -> Result<()> {
        let lacks = |word: &&super::needle::Word| !word.is_in(shared);
        let missing = needle
            .words()
            .iter()
            .filter(|word| word.is_ascii())
            .filter(lacks)
            .max_by_key(|word| word.len());
        let frame = self.frame(skeleton.frame)?;
        let ranks = missing.map(|word| skeleton.ranks_with(&frame, word.text().as_bytes()));
        if ranks.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        let (codes, mut record, mut places) = (self.codes()?, Vec::new(), Vec::new());
        let all = codes.rows(code);
        let ranks = ranks.unwrap_or_else(|| (0..all.len() as u32).collect());
        for row in ranks.iter().filter_map(|rank| all.get(*rank as usize).copied()) {
            record.clear();
            places.clear();
            self.record(row, &mut record, &mut places)?;
            if needle.is_in(&text::decode(&record)) {
                sure.insert(row);
            }
        }
        Ok(())
    }
}
