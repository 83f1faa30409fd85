use crate::exit::Failure;
use clap::Args;
pub(crate) const ROLE_VERB: &str = "demo-role";
/// See the library at work
#[derive(Args)]
pub(crate) struct Demo {}
#[derive(Args)]
pub(crate) struct RoleArgs {}
impl Demo {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        Ok(())
    }
}
impl RoleArgs {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        Ok(())
    }
}
