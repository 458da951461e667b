//! What stays behind where nothing could be done, with the commands that remove it.
//!
//! They are for a person to read and run, so nothing goes into them but ids whose form was
//! checked.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use super::{AccountOutcome, AccountResult, Action, StackSetNamePrefix};
use crate::arc::TagValue;
use crate::arc::roles::HOST_MANAGEMENT_ROLE;
use crate::arc::tags::{ACCOUNT_ID, CLOUD, CONNECTOR, INSTANCE_ID};
use crate::deployment::MANAGED_BY;
use crate::provider::Provider;
use crate::{AccountId, ConnectorId, Partition, RegionName, TenantId};

/// Every Region that the account has, for a shell.
const EVERY_REGION: &str =
    "$(aws ec2 describe-regions --query 'Regions[].RegionName' --output text)";
/// The setting of Default Host Management.
const HOST_SETTING: &str = "/ssm/managed-instance/default-ec2-instance-management-role";

/// What a deployment puts into accounts.
#[derive(Debug, Clone)]
pub struct LeftBehindFacts {
    /// The partition of the accounts.
    pub partition: Partition,
    /// How the names of the stack sets begin.
    pub prefix: StackSetNamePrefix,
    /// The tenant whose provider CIEM has; `None` where CIEM is off.
    pub ciem: Option<TenantId>,
    /// Where runbooks and rules are; none means every Region.
    pub regions: BTreeSet<RegionName>,
    /// The values of the instances' tags; `None` where instances get none.
    pub tags: Option<InstanceTags>,
    /// Whether Default Host Management is set.
    pub host_management: bool,
    /// Whether accounts whose connector is removed stay, and Defender makes them another.
    pub passes_to_defender: bool,
}

/// Values of the tags that are the same for all instances.
#[derive(Debug, Clone)]
pub struct InstanceTags {
    /// Of `Cloud`.
    pub cloud: TagValue,
    /// Of `MDFCSecurityConnector`.
    pub connector: TagValue,
}

/// What stays behind of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LeftBehind {
    /// The account.
    pub account_id: AccountId,
    /// Whose credentials the commands need.
    pub run_in: &'static str,
    /// The commands.
    pub commands: Vec<String>,
}

impl LeftBehind {
    /// What stays behind after this action came to this result. `had_connector` says whether one of
    /// ours was there: an account without has been taken out before.
    pub(super) fn by(
        action: Action,
        had_connector: bool,
        result: &AccountResult,
        facts: &LeftBehindFacts,
    ) -> Option<Self> {
        let (run_in, commands) = match (action, result.outcome) {
            (Action::RemoveConnector, AccountOutcome::Removed) if facts.passes_to_defender => {
                return None;
            }
            // The roles by which we would have acted are gone.
            (Action::Offboard | Action::RemoveConnector, AccountOutcome::Removed)
                if had_connector =>
            {
                ("the AWS account", in_account(&result.account_id, facts))
            }
            (Action::Offboard | Action::RemoveConnector, AccountOutcome::Failed) => {
                let connector = result.connector.as_ref()?.as_str();
                let connector: ConnectorId = connector.parse().ok()?;
                ("the Azure subscription", vec![in_azure(&connector)])
            }
            _ => return None,
        };
        Some(Self {
            account_id: result.account_id.clone(),
            run_in,
            commands,
        })
    }
}

fn in_azure(connector: &ConnectorId) -> String {
    format!("az resource delete --ids '{connector}'")
}

/// Stacks before the providers that their roles trust.
fn in_account(account: &AccountId, facts: &LeftBehindFacts) -> Vec<String> {
    let regions = match facts
        .regions
        .iter()
        .map(RegionName::as_str)
        .collect::<Vec<_>>()
    {
        chosen if chosen.is_empty() => EVERY_REGION.to_owned(),
        chosen => chosen.join(" "),
    };
    let in_every_region = |command: String| format!("for region in {regions}; do {command}; done");
    let mut commands = Vec::new();
    if let Some(tags) = &facts.tags {
        commands.push(in_every_region(remove_tags(account, tags)));
    }
    if facts.host_management {
        commands.push(in_every_region(reset_host_management()));
    }
    // Roles are laid in one Region, which need not be among the chosen ones.
    let delete_stacks = delete_stacks(&facts.prefix);
    commands.push(format!(
        "for region in {EVERY_REGION}; do {delete_stacks}; done"
    ));
    let ciem = facts.ciem.clone().map(Provider::Ciem);
    let providers = [Provider::Defender].into_iter().chain(ciem);
    commands.extend(providers.map(|provider| delete_provider(&provider, account, facts)));
    commands
}

fn remove_tags(account: &AccountId, tags: &InstanceTags) -> String {
    let same = json!([
        {"Key": ACCOUNT_ID, "Value": account},
        {"Key": CLOUD, "Value": tags.cloud},
        {"Key": CONNECTOR, "Value": tags.connector},
    ]);
    let same = quoted(&same.to_string());
    format!(
        "for instance in $(aws ec2 describe-instances --region \"$region\" --filters \
         Name=tag-key,Values={CONNECTOR} --query 'Reservations[].Instances[].InstanceId' --output \
         text); do aws ec2 delete-tags --region \"$region\" --resources \"$instance\" --tags \
         {same}; aws ec2 delete-tags --region \"$region\" --resources \"$instance\" --tags \
         Key={INSTANCE_ID},Value=\"$instance\"; done"
    )
}

fn reset_host_management() -> String {
    format!(
        "if [ \"$(aws ssm get-service-setting --region \"$region\" --setting-id {HOST_SETTING} \
         --query ServiceSetting.SettingValue --output text)\" = {HOST_MANAGEMENT_ROLE} ]; then aws \
         ssm reset-service-setting --region \"$region\" --setting-id {HOST_SETTING}; fi"
    )
}

fn delete_stacks(prefix: &StackSetNamePrefix) -> String {
    format!(
        "for stack in $(aws cloudformation describe-stacks --region \"$region\" --query \
         \"Stacks[?starts_with(StackName, 'StackSet-{prefix}-')].StackName\" --output text); do \
         aws cloudformation delete-stack --region \"$region\" --stack-name \"$stack\"; done"
    )
}

/// Another product may have made the provider, or use it too.
fn delete_provider(provider: &Provider, account: &AccountId, facts: &LeftBehindFacts) -> String {
    let provider_arn = provider.arn(&facts.partition, account);
    let arn = format!("--open-id-connect-provider-arn {provider_arn}");
    let (key, value) = MANAGED_BY;
    let ours = json!(provider.audiences());
    format!(
        "if [ \"$(aws iam list-open-id-connect-provider-tags {arn} --query \
         \"Tags[?Key=='{key}'].Value\" --output text)\" = {value} ] && [ -z \"$(aws iam \
         get-open-id-connect-provider {arn} --query 'ClientIDList[?!contains(`{ours}`, @)]' \
         --output text)\" ]; then aws iam delete-open-id-connect-provider {arn}; fi"
    )
}

/// One word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organization::Shown;

    fn facts() -> LeftBehindFacts {
        LeftBehindFacts {
            partition: "aws".parse().unwrap(),
            prefix: StackSetNamePrefix::default_prefix(),
            ciem: None,
            regions: BTreeSet::new(),
            tags: None,
            host_management: false,
            passes_to_defender: false,
        }
    }

    fn result(outcome: AccountOutcome) -> AccountResult {
        let failed = AccountResult::failed("111122223333".parse().unwrap(), "why");
        AccountResult { outcome, ..failed }
    }

    fn commands(facts: &LeftBehindFacts) -> Vec<String> {
        let removed = result(AccountOutcome::Removed);
        let left = LeftBehind::by(Action::RemoveConnector, true, &removed, facts);
        left.unwrap().commands
    }

    #[test]
    fn an_account_whose_roles_are_gone_keeps_provider_stacks_and_tags() {
        let mut facts = facts();
        assert_eq!(commands(&facts).len(), 2);
        facts.regions.insert("eu-west-1".parse().unwrap());
        facts.ciem = Some("8f1f3a43-6c5e-4a09-8a6c-2f8a6a6f7a01".parse().unwrap());
        facts.host_management = true;
        facts.tags = Some(InstanceTags {
            cloud: "AWS".parse().unwrap(),
            connector: "it's".parse().unwrap(),
        });
        insta::assert_snapshot!(commands(&facts).join("\n"), @r###"
        for region in eu-west-1; do for instance in $(aws ec2 describe-instances --region "$region" --filters Name=tag-key,Values=MDFCSecurityConnector --query 'Reservations[].Instances[].InstanceId' --output text); do aws ec2 delete-tags --region "$region" --resources "$instance" --tags '[{"Key":"AccountId","Value":"111122223333"},{"Key":"Cloud","Value":"AWS"},{"Key":"MDFCSecurityConnector","Value":"it'\''s"}]'; aws ec2 delete-tags --region "$region" --resources "$instance" --tags Key=InstanceId,Value="$instance"; done; done
        for region in eu-west-1; do if [ "$(aws ssm get-service-setting --region "$region" --setting-id /ssm/managed-instance/default-ec2-instance-management-role --query ServiceSetting.SettingValue --output text)" = DefenderConnectorHostManagement ]; then aws ssm reset-service-setting --region "$region" --setting-id /ssm/managed-instance/default-ec2-instance-management-role; fi; done
        for region in $(aws ec2 describe-regions --query 'Regions[].RegionName' --output text); do for stack in $(aws cloudformation describe-stacks --region "$region" --query "Stacks[?starts_with(StackName, 'StackSet-DefenderConnector-Members-')].StackName" --output text); do aws cloudformation delete-stack --region "$region" --stack-name "$stack"; done; done
        if [ "$(aws iam list-open-id-connect-provider-tags --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/ --query "Tags[?Key=='ManagedBy'].Value" --output text)" = defender-connector-aws ] && [ -z "$(aws iam get-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/ --query 'ClientIDList[?!contains(`["api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479","api://AzureSecurityCenter.MultiCloud.DefenderForServers","api://AzureSecurityCenter.MultiCloud.DefenderForServers.VmScanner","api://AzureSecurityCenter.MultiCloud.DefenderForDatabases","api://b2f86835-c959-461c-b08c-2cd5ca382af5","api://6610e979-c931-41ec-adc7-b9920c9d52f1","api://1462b192-27f7-4cb9-8523-0f4ecb54b47e"]`, @)]' --output text)" ]; then aws iam delete-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/; fi
        if [ "$(aws iam list-open-id-connect-provider-tags --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/sts.windows.net/8f1f3a43-6c5e-4a09-8a6c-2f8a6a6f7a01/ --query "Tags[?Key=='ManagedBy'].Value" --output text)" = defender-connector-aws ] && [ -z "$(aws iam get-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/sts.windows.net/8f1f3a43-6c5e-4a09-8a6c-2f8a6a6f7a01/ --query 'ClientIDList[?!contains(`["api://mciem-aws-oidc-app"]`, @)]' --output text)" ]; then aws iam delete-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/sts.windows.net/8f1f3a43-6c5e-4a09-8a6c-2f8a6a6f7a01/; fi
        "###);
    }

    #[test]
    fn a_connector_that_could_not_be_removed_is_named() {
        let id = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg/providers/Microsoft.Security/securityConnectors/aws-1";
        let of = |connector: &str| {
            let mut failed = result(AccountOutcome::Failed);
            failed.connector = Some(Shown::reason(connector));
            LeftBehind::by(Action::Offboard, true, &failed, &facts())
        };
        let left = of(id).unwrap();
        assert_eq!(left.commands, [format!("az resource delete --ids '{id}'")]);
        assert_eq!(of(&format!("{id}';reboot'")), None);
    }

    #[test]
    fn what_came_to_a_good_end_leaves_nothing() {
        for (action, outcome) in [
            (Action::Onboard, AccountOutcome::Connected),
            (Action::Onboard, AccountOutcome::Failed),
            (Action::Offboard, AccountOutcome::Offboarded),
            (Action::RemoveConnector, AccountOutcome::Skipped),
            (Action::RemoveConnector, AccountOutcome::Failed),
        ] {
            assert_eq!(
                LeftBehind::by(action, true, &result(outcome), &facts()),
                None
            );
        }
    }

    #[test]
    fn an_account_that_we_are_not_let_into_keeps_what_it_had() {
        let removed = result(AccountOutcome::Removed);
        let left = |had| LeftBehind::by(Action::Offboard, had, &removed, &facts());
        assert_eq!(left(true).unwrap().commands, commands(&facts()));
        assert_eq!(left(false), None, "it was taken out before");
    }

    #[test]
    fn an_account_that_passes_to_defender_keeps_what_defender_needs() {
        let mut facts = facts();
        facts.passes_to_defender = true;
        let removed = result(AccountOutcome::Removed);
        let left = LeftBehind::by(Action::RemoveConnector, true, &removed, &facts);
        assert_eq!(left, None);
    }
}
