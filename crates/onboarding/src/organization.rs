//! An AWS Organization: which of its accounts are to be onboarded, what a run does with each of
//! them, and what came of it.
//!
//! What is seen (every account, every connector) is compared with what is wanted, and the
//! difference is a list of items, one an account. Whoever works on an item reads again before it
//! writes: the list may be minutes old by then.

pub mod account;
pub mod concurrency;
pub mod directory;
pub mod id;
pub mod item;
pub mod left_behind;
pub mod narrowing;
pub mod plan;
pub mod report;
pub mod result;
pub mod scope;
pub mod seen_connector;
pub mod shown;
pub mod stack_instance;
pub mod stack_set;
pub mod stray;
pub mod wanted;

pub use account::{AccountState, OuPath, SeenAccount};
pub use concurrency::{LastRun, MaxConcurrency, PutTimes, max_concurrency};
pub use directory::{Directory, Organization};
pub use id::{OrganizationId, OuId, RootId, TargetId};
pub use item::{Action, Intent, Item, Skipped};
pub use left_behind::LeftBehindFacts;
pub use narrowing::Narrowing;
pub use plan::{Look, Plan, Purpose, orphans, plan};
pub use report::{Migration, Report, ReportBuilder, RunCounts, RunOutcome};
pub use result::{AccountOutcome, AccountResult, read_results};
pub use scope::{Scope, SkipReason, Standing};
pub use seen_connector::{Membership, SeenConnector};
pub use shown::Shown;
pub use stack_instance::{
    InstanceStatus, OperationState, Repair, StackChoice, StackInstance, StackInstances, repair,
};
pub use stack_set::{OperationId, StackSetKind, StackSetName, StackSetNamePrefix};
pub use stray::{StrayAccounts, StrayStacks};
pub use wanted::{DeploymentScope, MemberRegistration, OrganizationSettings, WantedState};
