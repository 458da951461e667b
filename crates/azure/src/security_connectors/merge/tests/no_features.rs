//! Every plan without any feature: made so, and switched off where the features were on.

use super::*;

#[test]
fn all_features_off_leave_no_part_that_was_not_there() {
    let written = body(&wanting(&plans::barest()), None).unwrap();
    insta::assert_json_snapshot!(written["properties"]["offerings"], @r#"
    [
      {
        "nativeCloudConnection": {
          "cloudRoleArn": "arn:aws:iam::123456789012:role/CspmMonitorAws"
        },
        "offeringType": "CspmMonitorAws"
      },
      {
        "offeringType": "DefenderCspmAws"
      },
      {
        "defenderForServers": {
          "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-DefenderForServers"
        },
        "offeringType": "DefenderForServersAws",
        "subPlan": {
          "type": "P1"
        }
      },
      {
        "enableAuditLogsAutoProvisioning": false,
        "enableDefenderAgentAutoProvisioning": false,
        "enablePolicyAgentAutoProvisioning": false,
        "kubernetesService": {
          "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersK8sRole"
        },
        "offeringType": "DefenderForContainersAws"
      },
      {
        "offeringType": "DefenderForDatabasesAws"
      }
    ]
    "#);
}

/// One offering from which all features were taken.
fn switched_off(place: usize) -> Value {
    let before = answered(body(&wanting(&plans::newest()), None).unwrap());
    let written = body(&wanting(&plans::barest()), Some(&before)).unwrap();
    written["properties"]["offerings"][place].clone()
}

#[test]
fn the_features_of_defender_cspm_are_switched_off() {
    insta::assert_json_snapshot!(switched_off(1), @r#"
    {
      "dataSensitivityDiscovery": {
        "enabled": false
      },
      "databasesDspm": {
        "enabled": false
      },
      "mdcContainersAgentlessDiscoveryK8s": {
        "enabled": false
      },
      "mdcContainersImageAssessment": {
        "enabled": false
      },
      "offeringType": "DefenderCspmAws",
      "serverlessContainers": {
        "enabled": true
      },
      "vmScanners": {
        "configuration": {
          "scanningMode": "Default"
        },
        "enabled": false
      }
    }
    "#);
}

#[test]
fn the_features_of_defender_for_servers_are_switched_off() {
    insta::assert_json_snapshot!(switched_off(2), @r#"
    {
      "arcAutoProvisioning": {
        "configuration": {},
        "enabled": false
      },
      "defenderForServers": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-DefenderForServers"
      },
      "mdeAutoProvisioning": {
        "configuration": {},
        "enabled": false
      },
      "offeringType": "DefenderForServersAws",
      "subPlan": {
        "type": "P1"
      },
      "vaAutoProvisioning": {
        "configuration": {
          "type": "TVM"
        },
        "enabled": false
      },
      "vmScanners": {
        "configuration": {
          "scanningMode": "Default"
        },
        "enabled": false
      }
    }
    "#);
}

#[test]
fn the_features_of_defender_for_containers_are_switched_off() {
    insta::assert_json_snapshot!(switched_off(3), @r#"
    {
      "containerAntiMalwareEnabled": true,
      "enableAuditLogsAutoProvisioning": false,
      "enableDefenderAgentAutoProvisioning": false,
      "enablePolicyAgentAutoProvisioning": false,
      "installationMethod": "Arc",
      "kubernetesService": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersK8sRole"
      },
      "mdcContainersAgentlessDiscoveryK8s": {
        "enabled": false
      },
      "mdcContainersImageAssessment": {
        "enabled": false
      },
      "offeringType": "DefenderForContainersAws",
      "securityGatingEnabled": true,
      "vmScanners": {
        "configuration": {
          "scanningMode": "Default"
        },
        "enabled": false
      }
    }
    "#);
}

#[test]
fn the_features_of_defender_for_databases_are_switched_off() {
    insta::assert_json_snapshot!(switched_off(4), @r#"
    {
      "arcAutoProvisioning": {
        "configuration": {},
        "enabled": false
      },
      "databasesDspm": {
        "enabled": false
      },
      "offeringType": "DefenderForDatabasesAws",
      "rds": {
        "enabled": false
      }
    }
    "#);
}
