//! Stacks: deployed by `sam` or straight by the API that `sam` uses, looked at, taken away.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::error::DisplayErrorContext;
use aws_sdk_cloudformation::types::{Capability, Parameter};
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::account::Account;
use crate::operation::Outcome;
use crate::sam::sam;
use crate::{artifacts, until};

mod observed;

/// The emulator is one process: more operations at once only make each of them slower.
static OPERATIONS: Semaphore = Semaphore::const_new(4);
/// An operation that still runs after this long waits for something, and makes room.
const BUSY_AT_MOST: Duration = Duration::from_secs(12);
const SETTLED_WITHIN: Duration = Duration::from_mins(9);

/// A stack that exists or is about to.
#[derive(Debug)]
pub struct Stack<'a> {
    account: &'a Account,
    name: String,
    parameters: BTreeMap<String, String>,
    /// A template of the test's own; the application's when absent.
    template: Option<Value>,
    id: RefCell<Option<String>>,
    /// Events of earlier operations.
    known_events: RefCell<BTreeSet<String>>,
}

impl<'a> Stack<'a> {
    /// The application with foundational CSPM alone.
    pub(crate) fn of_application(account: &'a Account) -> Self {
        let tenancy = &account.azure.tenancy;
        let parameters = [
            ("AzureTenantId", &tenancy.tenant),
            ("AzureSubscriptionId", &tenancy.subscription),
            ("AzureResourceGroup", &tenancy.resource_group),
            ("AzureLocation", &tenancy.location),
            ("AzureClientId", &tenancy.client),
        ];
        // Plans come one by one, in the tests that are about them.
        let off = ["ServersPlan", "ContainersPlan", "DatabasesPlan"];
        let off = off.map(|plan| (plan.to_owned(), "Off".to_owned()));
        let parameters = parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .chain(off)
            .collect();
        Self::new(account, account.stack_name(), parameters, None)
    }

    /// A stack of the test's own.
    pub fn of_template(account: &'a Account, name: &str, template: Value) -> Self {
        let name = format!("{}-{name}", account.stack_name());
        Self::new(account, name, BTreeMap::new(), Some(template))
    }

    fn new(
        account: &'a Account,
        name: String,
        parameters: BTreeMap<String, String>,
        template: Option<Value>,
    ) -> Self {
        let (id, known_events) = (RefCell::default(), RefCell::default());
        Self {
            account,
            name,
            parameters,
            template,
            id,
            known_events,
        }
    }

    /// The stack with a parameter set to something else.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: &str) -> Self {
        self.set(parameter, value);
        self
    }

    /// Sets a parameter for the next operation.
    pub fn set(&mut self, parameter: &str, value: &str) {
        self.parameters
            .insert(parameter.to_owned(), value.to_owned());
    }

    /// Sets the template for the next operation.
    pub fn set_template(&mut self, template: Value) {
        self.template = Some(template);
    }

    /// `sam deploy`, and how the stack is afterwards.
    pub async fn sam_deploy(&self) -> Result<Outcome> {
        let template = self.account.cloud.template.display().to_string();
        let mut words = vec![
            "--template-file".to_owned(),
            template,
            "--parameter-overrides".to_owned(),
        ];
        words.extend(
            self.parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        self.sam("deploy", words).await?;
        self.settled().await
    }

    /// `sam delete`.
    pub async fn sam_delete(&self) -> Result<()> {
        self.sam("delete", vec!["--no-prompts".to_owned()]).await
    }

    /// Runs `sam` with the set `local` of samconfig.toml.
    async fn sam(&self, subcommand: &str, more: Vec<String>) -> Result<()> {
        let account = self.account;
        let config_file = account
            .cloud
            .root
            .join("samconfig.toml")
            .display()
            .to_string();
        let words = [
            subcommand,
            "--config-file",
            &config_file,
            "--config-env",
            "local",
            "--stack-name",
            &self.name,
        ];
        let words: Vec<String> = words.into_iter().map(str::to_owned).chain(more).collect();
        sam(&account.cloud, &account.id, &words).await.map(drop)
    }

    /// Creates the stack with what `sam package` made, and waits for the end.
    pub async fn create(&self) -> Result<Outcome> {
        let turn = self.begin_create().await?;
        self.end_of(turn).await
    }

    /// Updates the stack to the parameters that are set now, and waits for the end.
    pub async fn update(&self) -> Result<Outcome> {
        let turn = self.begin_update().await?;
        self.end_of(turn).await
    }

    /// Deletes the stack and waits for the end.
    pub async fn delete(&self) -> Result<Outcome> {
        let turn = self.begin_delete().await?;
        self.end_of(turn).await
    }

    /// Starts to create the stack.
    pub async fn begin_create(&self) -> Result<Turn> {
        let request = self
            .account
            .cloudformation
            .create_stack()
            .stack_name(&self.name);
        let request = match &self.template {
            Some(template) => request.template_body(template.to_string()),
            None => request.template_url(artifacts::upload(self.account).await?),
        };
        let turn = Turn::take().await?;
        let made = request
            .set_parameters(Some(self.parameters()))
            .capabilities(Capability::CapabilityNamedIam)
            .capabilities(Capability::CapabilityAutoExpand)
            .send()
            .await
            .map_err(|error| anyhow::anyhow!("{}", DisplayErrorContext(error)))?;
        *self.id.borrow_mut() = made.stack_id;
        Ok(turn)
    }

    /// Starts to update the stack.
    pub async fn begin_update(&self) -> Result<Turn> {
        self.remember_events().await?;
        let turn = Turn::take().await?;
        let request = self
            .account
            .cloudformation
            .update_stack()
            .stack_name(&self.name);
        let request = match &self.template {
            Some(template) => request.template_body(template.to_string()),
            None => request.use_previous_template(true),
        };
        request
            .set_parameters(Some(self.parameters()))
            .capabilities(Capability::CapabilityNamedIam)
            .capabilities(Capability::CapabilityAutoExpand)
            .send()
            .await
            .map_err(|error| anyhow::anyhow!("{}", DisplayErrorContext(error)))?;
        Ok(turn)
    }

    /// Starts to delete the stack.
    pub async fn begin_delete(&self) -> Result<Turn> {
        self.remember_events().await?;
        let turn = Turn::take().await?;
        self.account
            .cloudformation
            .delete_stack()
            .stack_name(&self.name)
            .send()
            .await?;
        Ok(turn)
    }

    /// Waits for the end of an operation that was started.
    pub async fn end_of(&self, turn: Turn) -> Result<Outcome> {
        if let Ok(settled) = tokio::time::timeout(BUSY_AT_MOST, self.settled()).await {
            return settled;
        }
        drop(turn);
        self.settled().await
    }

    /// Waits until nothing is in progress.
    pub async fn settled(&self) -> Result<Outcome> {
        let what = format!("the end of an operation on stack {}", self.name);
        until(&what, SETTLED_WITHIN, async || self.settled_now().await).await
    }

    /// How the stack is, if nothing is in progress.
    pub async fn settled_now(&self) -> Result<Option<Outcome>> {
        let seen = self.look().await?;
        Ok((!seen.status.ends_with("_IN_PROGRESS")).then_some(seen))
    }

    fn parameters(&self) -> Vec<Parameter> {
        let made = self.parameters.iter().map(|(name, value)| {
            Parameter::builder()
                .parameter_key(name)
                .parameter_value(value)
                .build()
        });
        made.collect()
    }
}

/// Room for one operation.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, not read")] SemaphorePermit<'static>);

impl Turn {
    async fn take() -> Result<Self> {
        Ok(Self(
            OPERATIONS
                .acquire()
                .await
                .context("nobody closes the queue")?,
        ))
    }
}
