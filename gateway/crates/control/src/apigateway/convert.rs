//! What is served, as the model that the data plane compiles.

use super::state::State;
use gateway_model::{Account, Definitions, Place};

impl State {
    /// What the data plane serves of this state.
    #[must_use]
    pub fn definitions(&self) -> Definitions {
        let cloudwatch_role_arn = self.account.cloudwatch_role_arn.clone();
        let account = Account { cloudwatch_role_arn, place: Place::nowhere() };
        Definitions { account: Some(account), ..Definitions::default() }
    }
}
