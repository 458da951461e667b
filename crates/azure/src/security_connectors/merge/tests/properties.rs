//! What holds for any plans, over whatever stands there.

use proptest::prelude::*;
use serde_json::Map;

use super::plans::any_plans;
use super::*;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Fields that no API version has.
fn unknown() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("x-[a-z]{1,6}", any_json(), 0..4)
        .prop_map(|map| map.into_iter().collect())
}

fn unknowns() -> impl Strategy<Value = Vec<Map<String, Value>>> {
    prop::collection::vec(unknown(), 1..12)
}

/// A connector of some plans, with unknown fields in every object of it. The keys of tags are all
/// known: a map of them is one value.
fn odd(plans: &Plans, unknown: &[Map<String, Value>]) -> Value {
    let mut body = body(&wanting(plans), None).unwrap();
    body["id"] = json!(ID);
    let offerings = body.pointer_mut("/properties/offerings").unwrap();
    let other = json!({"offeringType": "FromTheFuture", "part": {"on": true}});
    offerings.as_array_mut().unwrap().insert(0, other);
    strew(&mut body, &mut unknown.iter().cycle());
    body
}

fn strew<'a>(value: &mut Value, unknown: &mut impl Iterator<Item = &'a Map<String, Value>>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                if !["tags", "exclusionTags"].contains(&key.as_str()) {
                    strew(value, unknown);
                }
            }
            fields.extend(unknown.next().unwrap().clone());
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strew(item, unknown)),
        _ => {}
    }
}

/// Paths of unknown fields that changed, and of objects that are gone with what was in them.
fn lost(before: &Value, after: &Value, path: &str, found: &mut Vec<String>) {
    for (key, value) in before.as_object().into_iter().flatten() {
        let path = format!("{path}/{key}");
        match (value, after.get(key)) {
            (value, now) if key.starts_with("x-") => {
                found.extend((now != Some(value)).then_some(path));
            }
            (Value::Array(items), Some(Value::Array(now))) if key == "offerings" => {
                for item in items {
                    let kind = &item["offeringType"];
                    let now = now.iter().find(|one| one["offeringType"] == *kind);
                    match now {
                        Some(now) => lost(item, now, kind.as_str().unwrap(), found),
                        None => found.push(kind.as_str().unwrap().to_owned()),
                    }
                }
            }
            (Value::Object(_), None) if key != "exclusionTags" => found.push(path),
            (Value::Object(_), Some(now)) => lost(value, now, &path, found),
            _ => {}
        }
    }
}

/// What has to go: offerings of plans that are off, and parts that have a role and no switch.
fn may_go(path: &str, plans: &Plans) -> bool {
    let collects = |plan: &onboarding::plans::Containers| plan.audit_logs.is_some();
    match path {
        "DefenderCspmAws"
        | "DefenderForServersAws"
        | "DefenderForContainersAws"
        | "DefenderForDatabasesAws" => !wanting(plans).wants(path),
        "DefenderCspmAws/ciem" => plans.ciem().is_none(),
        "DefenderForContainersAws/kubernetesDataCollection"
        | "DefenderForContainersAws/cloudWatchToKinesis"
        | "DefenderForContainersAws/kinesisToS3" => {
            !plans.containers.as_ref().is_some_and(collects)
        }
        _ => false,
    }
}

/// What a service may add to what was written, where it is not there.
fn defaults(kind: &str) -> Vec<(&'static str, Value)> {
    let off = || json!({"enabled": false});
    let scanners = || json!({"enabled": false, "configuration": {"scanningMode": "Default"}});
    let arc =
        || json!({"enabled": false, "configuration": {"proxy": "", "privateLinkScope": null}});
    match kind {
        "DefenderCspmAws" => vec![
            ("/vmScanners", scanners()),
            ("/vmScanners/configuration/exclusionTags", json!(null)),
            ("/dataSensitivityDiscovery", off()),
            ("/databasesDspm", off()),
            (
                "/ciem",
                json!({"ciemDiscovery": {}, "ciemOidc": {"cloudRoleArn": ""}}),
            ),
            ("/mdcContainersImageAssessment", off()),
            ("/mdcContainersAgentlessDiscoveryK8s", off()),
            ("/serverlessContainers", off()),
        ],
        "DefenderForServersAws" => vec![
            ("/arcAutoProvisioning", arc()),
            ("/arcAutoProvisioning/configuration/proxy", json!("")),
            (
                "/vaAutoProvisioning",
                json!({"enabled": false, "configuration": {}}),
            ),
            (
                "/mdeAutoProvisioning",
                json!({"enabled": false, "configuration": {}}),
            ),
            ("/vmScanners", scanners()),
            ("/vmScanners/configuration/exclusionTags", json!({})),
        ],
        "DefenderForContainersAws" => vec![
            ("/kubernetesDataCollection", json!({})),
            ("/cloudWatchToKinesis", json!({"cloudRoleArn": ""})),
            ("/kinesisToS3", json!(null)),
            ("/kubeAuditRetentionTime", json!(30)),
            ("/dataCollectionExternalId", json!("")),
            ("/mdcContainersImageAssessment", off()),
            ("/mdcContainersAgentlessDiscoveryK8s", off()),
            ("/vmScanners", scanners()),
            ("/installationMethod", json!("Arc")),
            ("/securityGatingEnabled", json!(false)),
            ("/containerAntiMalwareEnabled", json!(false)),
        ],
        "DefenderForDatabasesAws" => vec![
            ("/arcAutoProvisioning", arc()),
            (
                "/arcAutoProvisioning/configuration/privateLinkScope",
                json!(""),
            ),
            ("/rds", off()),
            ("/databasesDspm", off()),
        ],
        _ => Vec::new(),
    }
}

fn fill_in(body: &mut Value, chosen: &[bool]) {
    let mut chosen = chosen.iter().cycle();
    let offerings = body.pointer_mut("/properties/offerings").unwrap();
    for offering in offerings.as_array_mut().unwrap() {
        offering["description"] = json!("of the service");
        let kind = offering["offeringType"].as_str().unwrap().to_owned();
        for (pointer, value) in defaults(&kind) {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = offering.pointer_mut(parent).and_then(Value::as_object_mut);
            if let (Some(parent), Some(true)) = (parent, chosen.next()) {
                parent.entry(key).or_insert(value);
            }
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_what_was_wanted(plans in any_plans(), string in any::<bool>()) {
        let form = if string { SubPlanForm::String } else { SubPlanForm::Object };
        let wanted = wanting(&plans);
        let seen = answered(super::super::body(&wanted, None, form).unwrap());
        prop_assert_eq!(seen.offerings.len(), wanted.offerings.len());
        for (wanted, seen) in wanted.offerings.iter().zip(&seen.offerings) {
            prop_assert!(wanted.is_met_by(seen), "{:?} {:?}", wanted, seen);
        }
        prop_assert_eq!(differences(&wanted, &seen), vec![]);
    }

    #[test]
    fn unknown_fields_survive_everywhere(
        former in any_plans(), plans in any_plans(), unknown in unknowns()
    ) {
        let before = odd(&former, &unknown);
        let after = body(&wanting(&plans), read(before.clone()).as_ref()).unwrap();
        let mut gone = Vec::new();
        lost(&before, &after, "", &mut gone);
        gone.retain(|path| !may_go(path, &plans));
        prop_assert_eq!(gone, Vec::<String>::new());
    }

    #[test]
    fn a_second_write_changes_nothing(
        former in any_plans(), plans in any_plans(), unknown in unknowns()
    ) {
        let wanted = wanting(&plans);
        let first = body(&wanted, read(odd(&former, &unknown)).as_ref()).unwrap();
        let seen = answered(first.clone());
        prop_assert_eq!(differences(&wanted, &seen), vec![]);
        prop_assert_eq!(body(&wanted, Some(&seen)).unwrap(), first);
    }

    #[test]
    fn defaults_that_the_service_fills_in_are_no_difference(
        plans in any_plans(), chosen in prop::collection::vec(any::<bool>(), 1..20)
    ) {
        let wanted = wanting(&plans);
        let mut written = body(&wanted, None).unwrap();
        fill_in(&mut written, &chosen);
        prop_assert_eq!(differences(&wanted, &answered(written)), vec![]);
    }

    #[test]
    fn whatever_stands_there_is_made_what_is_wanted_or_left(
        former in any_plans(), plans in any_plans(), offering in 0..5_usize,
        place in any::<prop::sample::Index>(), odd in any_json()
    ) {
        let mut before = body(&wanting(&former), None).unwrap();
        before["id"] = json!(ID);
        let offerings = before["properties"]["offerings"].as_array_mut().unwrap();
        let place_of = offering % offerings.len();
        let fields = offerings[place_of].as_object_mut().unwrap();
        let nth = place.index(fields.len());
        *fields.values_mut().nth(nth).unwrap() = odd;
        let wanted = wanting(&plans);
        if let Ok(after) = body(&wanted, read(before).as_ref()) {
            prop_assert_eq!(differences(&wanted, &answered(after)), vec![]);
        }
    }

    #[test]
    fn no_item_of_a_list_panics(fields in unknown(), tags in unknown()) {
        let _ = read(json!({"id": ID, "tags": tags, "properties": fields}));
        let _ = read(json!({"id": ID, "properties": {"environmentData": tags, "offerings": [fields]}}));
    }
}
