//! Every plan with every feature, in both API versions.

use super::*;

/// The empty map says the same as none.
fn without_empty_tags(mut body: Value) -> Value {
    let offerings = body.pointer_mut("/properties/offerings").unwrap();
    for offering in offerings.as_array_mut().unwrap() {
        let configuration = offering.pointer_mut("/vmScanners/configuration");
        if let Some(Value::Object(fields)) = configuration {
            fields.retain(|key, value| key != "exclusionTags" || *value != json!({}));
        }
    }
    body
}

#[test]
fn the_example_of_each_version_is_what_its_plans_write() {
    let older = include_str!("all-plans.2024-08-01-preview.json");
    let newer = include_str!("all-plans.2026-08-01-preview.json");
    for (example, plans) in [(older, plans::fullest()), (newer, plans::newest())] {
        let example: Value = serde_json::from_str(example).unwrap();
        let wanted = wanting(&plans);
        assert_eq!(differences(&wanted, &answered(example.clone())), vec![]);
        assert_eq!(body(&wanted, None).unwrap(), without_empty_tags(example));
    }
}

#[test]
fn the_newer_version_adds_four_fields() {
    let mut newer = body(&wanting(&plans::newest()), None).unwrap();
    for (offering, field) in [
        (1, "serverlessContainers"),
        (3, "installationMethod"),
        (3, "securityGatingEnabled"),
        (3, "containerAntiMalwareEnabled"),
    ] {
        let offering = newer["properties"]["offerings"][offering].as_object_mut();
        assert!(offering.unwrap().remove(field).is_some(), "{field}");
    }
    assert_eq!(newer, body(&wanting(&plans::fullest()), None).unwrap());
}

/// One offering of all plans, in the newer version.
fn written(place: usize) -> Value {
    body(&wanting(&plans::newest()), None).unwrap()["properties"]["offerings"][place].clone()
}

#[test]
fn defender_cspm_is_written_with_all_its_features() {
    insta::assert_json_snapshot!(written(1), @r#"
    {
      "ciem": {
        "ciemDiscovery": {
          "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-Ciem"
        },
        "ciemOidc": {
          "azureActiveDirectoryAppName": "mciem-aws-oidc-connector",
          "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-OidcCiem"
        }
      },
      "dataSensitivityDiscovery": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/SensitiveDataDiscovery",
        "enabled": true
      },
      "databasesDspm": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-DataSecurityPostureDB",
        "enabled": true
      },
      "mdcContainersAgentlessDiscoveryK8s": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersAgentlessDiscoveryK8sRole",
        "enabled": true
      },
      "mdcContainersImageAssessment": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersImageAssessmentRole",
        "enabled": true
      },
      "offeringType": "DefenderCspmAws",
      "serverlessContainers": {
        "enabled": true
      },
      "vmScanners": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-AgentlessScanner",
        "configuration": {
          "exclusionTags": {
            "MdcScan": "exclude"
          },
          "scanningMode": "Default"
        },
        "enabled": true
      }
    }
    "#);
}

#[test]
fn defender_for_servers_is_written_with_all_its_features() {
    insta::assert_json_snapshot!(written(2), @r#"
    {
      "arcAutoProvisioning": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-ArcAutoProvisioning",
        "configuration": {
          "privateLinkScope": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-arc/providers/Microsoft.HybridCompute/privateLinkScopes/pls1",
          "proxy": "http://proxy.example.internal:8080"
        },
        "enabled": true
      },
      "defenderForServers": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-DefenderForServers"
      },
      "mdeAutoProvisioning": {
        "configuration": {},
        "enabled": true
      },
      "offeringType": "DefenderForServersAws",
      "subPlan": {
        "type": "P2"
      },
      "vaAutoProvisioning": {
        "configuration": {
          "type": "TVM"
        },
        "enabled": true
      },
      "vmScanners": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-AgentlessScanner",
        "configuration": {
          "scanningMode": "Default"
        },
        "enabled": true
      }
    }
    "#);
}

#[test]
fn defender_for_containers_is_written_with_all_its_features() {
    insta::assert_json_snapshot!(written(3), @r#"
    {
      "cloudWatchToKinesis": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersK8sCloudWatchToKinesisRole"
      },
      "containerAntiMalwareEnabled": true,
      "dataCollectionExternalId": "c0ffee00-7bf7-482a-897a-111122223333",
      "enableAuditLogsAutoProvisioning": true,
      "enableDefenderAgentAutoProvisioning": true,
      "enablePolicyAgentAutoProvisioning": true,
      "installationMethod": "Arc",
      "kinesisToS3": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersK8sKinesisToS3Role"
      },
      "kubeAuditRetentionTime": 30,
      "kubernetesDataCollection": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersK8sDataCollectionRole"
      },
      "kubernetesService": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersK8sRole"
      },
      "mdcContainersAgentlessDiscoveryK8s": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersAgentlessDiscoveryK8sRole",
        "enabled": true
      },
      "mdcContainersImageAssessment": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/MDCContainersImageAssessmentRole",
        "enabled": true
      },
      "offeringType": "DefenderForContainersAws",
      "securityGatingEnabled": true,
      "vmScanners": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-AgentlessScanner",
        "configuration": {
          "scanningMode": "Default"
        },
        "enabled": true
      }
    }
    "#);
}

#[test]
fn defender_for_databases_is_written_with_all_its_features() {
    insta::assert_json_snapshot!(written(4), @r#"
    {
      "arcAutoProvisioning": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-ArcAutoProvisioning",
        "configuration": {},
        "enabled": true
      },
      "databasesDspm": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-DataSecurityPostureDB",
        "enabled": true
      },
      "offeringType": "DefenderForDatabasesAws",
      "rds": {
        "cloudRoleArn": "arn:aws:iam::123456789012:role/DefenderForCloud-DataThreatProtectionDB",
        "enabled": true
      }
    }
    "#);
}
