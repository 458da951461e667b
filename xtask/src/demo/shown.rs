//! The demo's tables.

use serde_json::Value;

use crate::azure::Connector;
use crate::inventory::Inventory;
use crate::table::Table;

/// What CloudFormation made.
pub fn stacks(inventory: &Inventory) -> String {
    let mut table = Table::new(["stack", "resource", "type", "status"]);
    for stack in &inventory.stacks {
        table.row([&stack.name, "", "AWS::CloudFormation::Stack", &stack.status]);
        for resource in &stack.resources {
            table.row([
                &stack.name,
                &resource.logical_id,
                &resource.kind,
                &resource.status,
            ]);
        }
    }
    titled("What CloudFormation made", &table)
}

/// Who may come in, and as whom.
pub fn roles(inventory: &Inventory) -> String {
    let mut table = Table::new(["kind", "name", "audience"]);
    for role in &inventory.roles {
        table.row(["role", role, ""]);
    }
    for provider in &inventory.providers {
        for audience in &provider.audiences {
            table.row(["identity provider", &provider.arn, audience]);
        }
    }
    titled("Roles and identity provider", &table)
}

/// What Defender for Cloud has.
pub fn connectors(connectors: &[Connector]) -> String {
    let mut table = Table::new([
        "account",
        "connector",
        "plan",
        "feature",
        "role",
        "scan interval (hours)",
    ]);
    for connector in connectors {
        let interval = scan_interval(connector);
        for offering in &connector.properties.offerings {
            let plan = offering["offeringType"].as_str().unwrap_or("?");
            for (feature, role) in roles_of(offering) {
                table.row([
                    &connector.properties.hierarchy_identifier,
                    &connector.name,
                    plan,
                    &feature,
                    &role,
                    &interval,
                ]);
            }
        }
    }
    titled("What Defender for Cloud has", &table)
}

/// Hours between scans, as text.
pub fn scan_interval(connector: &Connector) -> String {
    match &connector.properties.environment_data["scanInterval"] {
        Value::Null => "?".to_owned(),
        hours => hours.to_string(),
    }
}

/// The features of an offering that have a role, and its name. An offering without one has a row too.
fn roles_of(offering: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (feature, part) in offering.as_object().into_iter().flatten() {
        collect(feature, part, &mut found);
    }
    if found.is_empty() {
        found.push((String::new(), "none".to_owned()));
    }
    found
}

fn collect(feature: &str, part: &Value, found: &mut Vec<(String, String)>) {
    for (key, value) in part.as_object().into_iter().flatten() {
        match value.as_str() {
            Some(arn) if key == "cloudRoleArn" => {
                let role = arn.rsplit('/').next().unwrap_or(arn);
                found.push((feature.to_owned(), role.to_owned()));
            }
            _ => collect(&format!("{feature}.{key}"), value, found),
        }
    }
}

fn titled(title: &str, table: &Table) -> String {
    format!("\n   {title}\n\n{}", table.render())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_connector_is_shown_with_its_plans_and_their_roles() {
        let listed = json!({
            "id": "/subscriptions/s/resourceGroups/g/providers/x/aws-111111111111",
            "name": "aws-111111111111",
            "properties": {
                "hierarchyIdentifier": "111111111111",
                "environmentData": {"environmentType": "AwsAccount", "scanInterval": 12},
                "offerings": [
                    {
                        "offeringType": "CspmMonitorAws",
                        "nativeCloudConnection": {"cloudRoleArn": "arn:aws:iam::111111111111:role/CspmMonitorAws"},
                    },
                    {
                        "offeringType": "DefenderCspmAws",
                        "ciem": {"ciemOidc": {"cloudRoleArn": "arn:aws:iam::111111111111:role/Oidc"}},
                        "vmScanners": {"enabled": true, "cloudRoleArn": "arn:aws:iam::111111111111:role/Scanner"},
                    },
                ],
            },
        });
        let connector: Connector = serde_json::from_value(listed).unwrap();
        insta::assert_snapshot!(connectors(&[connector]), @r"
           What Defender for Cloud has

          account       connector         plan             feature                role            scan interval (hours)
          ------------  ----------------  ---------------  ---------------------  --------------  ---------------------
          111111111111  aws-111111111111  CspmMonitorAws   nativeCloudConnection  CspmMonitorAws  12
          111111111111  aws-111111111111  DefenderCspmAws  ciem.ciemOidc          Oidc            12
          111111111111  aws-111111111111  DefenderCspmAws  vmScanners             Scanner         12
        ");
    }
}
