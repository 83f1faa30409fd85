//! What a socket was told in words that its native options do not remember.

use super::Wanted;
use crate::errno::Errno;
use std::{
    collections::BTreeMap,
    ffi::c_int,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Values as C gave them, to be given back as they were: the native options know "none" where C has 0 or -1.
#[derive(Debug, Default)]
pub struct Extras(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    ints: BTreeMap<c_int, c_int>,
    texts: BTreeMap<c_int, Vec<u8>>,
    max_message_size: Option<i64>,
}

impl Extras {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, option: c_int, value: c_int) {
        self.lock().ints.insert(option, value);
    }

    /// What an option with an `int` was set to, if it was.
    pub fn kept(&self, option: c_int) -> Option<c_int> {
        self.lock().ints.get(&option).copied()
    }

    pub(super) fn keep_text(&self, option: c_int, text: &[u8]) {
        self.lock().texts.insert(option, text.to_vec());
    }

    /// What a text was set to; empty if it was not.
    pub fn text(&self, option: c_int) -> Vec<u8> {
        self.lock().texts.get(&option).cloned().unwrap_or_default()
    }

    pub(super) fn get_text(&self, option: c_int, wanted: &mut Wanted<'_>) -> Result<(), Errno> {
        wanted.text(&self.text(option))
    }

    pub(super) fn keep_max_message_size(&self, size: i64) {
        self.lock().max_message_size = Some(size);
    }

    pub(super) fn max_message_size(&self) -> i64 {
        self.lock().max_message_size.unwrap_or(-1)
    }
}
