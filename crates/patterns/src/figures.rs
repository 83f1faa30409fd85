//! Statistics tell each of their figures by name.

/// Makes `lines`, from the names of those fields that are numbers.
macro_rules! figures {
    ($($name:ident),+ $(,)?) => {
        /// Each figure with its name, for whoever prints them.
        pub fn lines(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
            [$((stringify!($name), self.$name as u64)),+].into_iter()
        }
    };
}
pub(crate) use figures;
