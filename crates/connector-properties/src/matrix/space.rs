//! What a user can write, and which of it is right: told anew, from the documentation.

use std::collections::BTreeSet;

use onboarding::ApiVersion;
use serde_json::{Map, Value, json};

/// The plans, as `Plans` names them.
pub const PLANS: [&str; 4] = ["Cspm", "Servers", "Containers", "Databases"];

/// How many combinations of each plan are accepted and refused, over both API versions. A number
/// that changes is a rule that changed.
pub const CSPM: (usize, usize) = (386, 1918);
pub const SERVERS: (usize, usize) = (240, 528);
pub const CONTAINERS: (usize, usize) = (6720, 20_928);
pub const DATABASES: (usize, usize) = (40, 24);

const SCOPE: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg/providers/Microsoft.HybridCompute/privateLinkScopes/pls";

/// One plan with some of its features.
#[derive(Debug)]
pub struct Combination {
    plan: &'static str,
    features: Map<String, Value>,
}

impl Combination {
    /// As `Plans`.
    pub fn plans(&self) -> Map<String, Value> {
        Map::from_iter([(self.plan.to_owned(), self.features.clone().into())])
    }

    fn has(&self, feature: &str) -> bool {
        self.features.contains_key(feature)
    }

    fn is(&self, feature: &str, value: &str) -> bool {
        self.features.get(feature).is_some_and(|seen| seen == value)
    }

    /// The paths at which it is wrong under an API version.
    pub fn refusals(&self, version: ApiVersion) -> BTreeSet<String> {
        let mut wrong = BTreeSet::new();
        let mut unless = |right: bool, feature: &str| {
            if !right {
                wrong.insert(format!("{}.{feature}", self.plan));
            }
        };
        let newer = version == ApiVersion::V20260801Preview;
        for feature in [
            "ServerlessContainers",
            "InstallationMethod",
            "SecurityGating",
            "AntiMalware",
        ] {
            unless(newer || !self.has(feature), feature);
        }
        let scans = self.is("AgentlessScanning", "true");
        unless(scans || !self.has("ExclusionTags"), "ExclusionTags");
        let arc = self.is("ArcAutoProvisioning", "true");
        for feature in ["ArcProxy", "ArcPrivateLinkScope"] {
            unless(arc || !self.has(feature), feature);
        }
        let logs = self.is("AuditLogs", "true");
        for feature in ["RetentionDays", "DataCollectionExternalId"] {
            unless(logs || !self.has(feature), feature);
        }
        let p1 = self.is("SubPlan", "P1");
        unless(!(p1 && scans), "AgentlessScanning");
        unless(!p1 || !self.has("ExclusionTags"), "ExclusionTags");
        if self.is("Tier", "Foundational") {
            for (feature, value) in &self.features {
                let bare =
                    feature == "Tier" || value == "false" && feature != "ServerlessContainers";
                unless(bare, feature);
            }
        }
        if let Some(ciem) = self.features.get("Ciem") {
            unless(ciem.get("Subject").is_some(), "Ciem");
        }
        wrong
    }
}

/// A feature and what may stand there; `None` is absent.
type Dimension = (&'static str, Vec<Option<Value>>);

fn switch(name: &'static str) -> Dimension {
    (name, vec![Some(json!("false")), Some(json!("true"))])
}

fn optional(name: &'static str, values: &[Value]) -> Dimension {
    let values = values.iter().cloned().map(Some);
    (name, std::iter::once(None).chain(values).collect())
}

fn one_of(name: &'static str, values: &[&str]) -> Dimension {
    (
        name,
        values.iter().map(|value| Some(json!(value))).collect(),
    )
}

fn tags() -> Dimension {
    optional("ExclusionTags", &[json!("MdcScan=exclude,Team=a")])
}

fn arc() -> [Dimension; 3] {
    [
        switch("ArcAutoProvisioning"),
        optional("ArcProxy", &[json!("http://proxy.example.com:3128")]),
        optional("ArcPrivateLinkScope", &[json!(SCOPE)]),
    ]
}

fn newer_switch(name: &'static str) -> Dimension {
    optional(name, &[json!("true"), json!("false")])
}

fn dimensions(plan: &str) -> Vec<Dimension> {
    match plan {
        "Cspm" => vec![
            one_of("Tier", &["Foundational", "Defender"]),
            switch("AgentlessScanning"),
            tags(),
            switch("SensitiveDataDiscovery"),
            switch("DatabasesDspm"),
            switch("ContainersImageAssessment"),
            switch("ContainersAgentlessDiscovery"),
            optional(
                "Ciem",
                &[
                    json!({"Subject": "c0ffee00-1bf0-4dda-aec3-111122223333"}),
                    json!({"ApplicationName": "without a subject"}),
                ],
            ),
            newer_switch("ServerlessContainers"),
        ],
        "Servers" => [
            vec![
                one_of("SubPlan", &["P1", "P2"]),
                one_of("VulnerabilityAssessment", &["Off", "TVM", "Qualys"]),
                switch("EndpointProtection"),
                switch("AgentlessScanning"),
                tags(),
            ],
            arc().into(),
        ]
        .concat(),
        "Containers" => vec![
            switch("AuditLogs"),
            optional("RetentionDays", &[json!("90")]),
            optional(
                "DataCollectionExternalId",
                &[json!("e0000000-1bf0-4dda-aec3-111122223333")],
            ),
            switch("DefenderAgent"),
            switch("PolicyAgent"),
            switch("ImageAssessment"),
            switch("AgentlessDiscovery"),
            switch("AgentlessScanning"),
            tags(),
            optional("InstallationMethod", &[json!("Arc"), json!("Helm")]),
            newer_switch("SecurityGating"),
            newer_switch("AntiMalware"),
        ],
        "Databases" => [arc().into(), vec![switch("Rds"), switch("Dspm")]].concat(),
        other => panic!("there is no plan {other}"),
    }
}

/// Every combination of a plan's features.
pub fn combinations(plan: &str) -> impl Iterator<Item = Combination> {
    let plan = PLANS.into_iter().find(|known| *known == plan).unwrap();
    let mut found = vec![Map::new()];
    for (name, values) in dimensions(plan) {
        found = found
            .iter()
            .flat_map(|features| {
                values.iter().map(move |value| {
                    let mut features = features.clone();
                    features.extend(value.clone().map(|value| (name.to_owned(), value)));
                    features
                })
            })
            .collect();
    }
    found
        .into_iter()
        .map(move |features| Combination { plan, features })
}

/// Plans beside each other: each absent, `Off`, with the least and with the most.
pub fn all_together() -> Vec<Map<String, Value>> {
    let mut found = vec![Map::new()];
    for plan in PLANS {
        let right = |one: &Combination| one.refusals(ApiVersion::V20260801Preview).is_empty();
        let all: Vec<Combination> = combinations(plan).filter(right).collect();
        let most = all
            .last()
            .map(|one| one.features.clone())
            .unwrap_or_default();
        let least = match plan {
            "Cspm" => json!({"Tier": "Defender"}),
            "Servers" => json!({"SubPlan": "P1"}),
            _ => json!({}),
        };
        let off = match plan {
            "Cspm" => json!({"Tier": "Foundational"}),
            _ => json!("Off"),
        };
        let choices = [None, Some(off), Some(least), Some(most.into())];
        found = found
            .iter()
            .flat_map(|plans: &Map<String, Value>| {
                choices.iter().map(|choice| {
                    let mut plans = plans.clone();
                    plans.extend(choice.clone().map(|value| (plan.to_owned(), value)));
                    plans
                })
            })
            .collect();
    }
    found
}

/// What `Organization` may say.
pub fn organizations() -> [Value; 3] {
    [
        json!({"StackSetName": "DefenderConnector-Members-Account"}),
        json!({"StackSetName": "x", "ExcludedAccountIds": ""}),
        json!({"StackSetName": "x", "ExcludedAccountIds": ["222222222222", "333333333333"]}),
    ]
}
