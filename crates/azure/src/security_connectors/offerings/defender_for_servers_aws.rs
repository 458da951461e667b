//! `DefenderForServersAws`: Defender for Servers.

use onboarding::RoleArn;
use onboarding::offering::{self as domain, Reading};
use onboarding::plans::VulnerabilityAssessment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Model;
use super::arc_auto_provisioning::ArcAutoProvisioning;
use super::feature::{CloudRole, Switch};
use super::sub_plan::SubPlan;
use super::vm_scanners::VmScanners;
use crate::security_connectors::dialect::SubPlanForm;

/// The offering `DefenderForServersAws`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefenderForServersAws {
    /// The plan's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defender_for_servers: Option<CloudRole>,
    /// Azure Arc on every instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arc_auto_provisioning: Option<ArcAutoProvisioning>,
    /// A solution that assesses vulnerabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub va_auto_provisioning: Option<VaAutoProvisioning>,
    /// Microsoft Defender for Endpoint on every instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mde_auto_provisioning: Option<MdeAutoProvisioning>,
    /// The sub-plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_plan: Option<SubPlan>,
    /// Agentless scanning of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_scanners: Option<VmScanners>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// `vaAutoProvisioning`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VaAutoProvisioning {
    /// Which solution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<VaConfiguration>,
    /// Whether it is installed.
    #[serde(flatten)]
    pub switch: Switch,
}

/// `vaAutoProvisioning.configuration`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VaConfiguration {
    /// `TVM` or `Qualys`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// `mdeAutoProvisioning`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MdeAutoProvisioning {
    /// Anything; nothing is known that could stand in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Value>,
    /// Whether it is installed.
    #[serde(flatten)]
    pub switch: Switch,
}

impl Model for DefenderForServersAws {
    const TYPE: &'static str = "DefenderForServersAws";
    type Compared = domain::DefenderForServersAws;

    fn seen(&self) -> domain::DefenderForServersAws {
        let mde = self.mde_auto_provisioning.as_ref();
        domain::DefenderForServersAws {
            defender_for_servers: CloudRole::seen(self.defender_for_servers.as_ref()),
            arc_auto_provisioning: ArcAutoProvisioning::seen(self.arc_auto_provisioning.as_ref()),
            vulnerability_assessment: VaAutoProvisioning::seen(self.va_auto_provisioning.as_ref()),
            endpoint_protection: Switch::is_on(mde.map(|mde| &mde.switch)),
            sub_plan: SubPlan::seen(self.sub_plan.as_ref()),
            vm_scanners: VmScanners::seen(self.vm_scanners.as_ref()),
        }
    }

    fn misfit() -> domain::DefenderForServersAws {
        domain::DefenderForServersAws {
            defender_for_servers: Some(RoleArn::seen("")),
            ..domain::DefenderForServersAws::default()
        }
    }

    fn over(self, wanted: &domain::DefenderForServersAws, form: SubPlanForm) -> Self {
        let role = wanted.defender_for_servers.as_ref();
        let arc = wanted.arc_auto_provisioning.as_ref();
        let assessment = wanted.vulnerability_assessment;
        Self {
            defender_for_servers: CloudRole::over(self.defender_for_servers, role),
            arc_auto_provisioning: ArcAutoProvisioning::over(self.arc_auto_provisioning, arc),
            va_auto_provisioning: VaAutoProvisioning::over(self.va_auto_provisioning, assessment),
            mde_auto_provisioning: MdeAutoProvisioning::over(
                self.mde_auto_provisioning,
                wanted.endpoint_protection,
            ),
            sub_plan: SubPlan::over(self.sub_plan, wanted.sub_plan, form),
            vm_scanners: VmScanners::over(self.vm_scanners, wanted.vm_scanners.as_ref()),
            other: self.other,
        }
    }
}

impl VaAutoProvisioning {
    fn seen(part: Option<&Self>) -> Option<Reading<VulnerabilityAssessment>> {
        let part = part.filter(|part| Switch::is_on(Some(&part.switch)))?;
        let configuration = part.configuration.as_ref();
        let kind = configuration.and_then(|one| one.kind.as_deref());
        let known = [
            VulnerabilityAssessment::Tvm,
            VulnerabilityAssessment::Qualys,
        ];
        let solution = known
            .into_iter()
            .find(|solution| kind.is_some_and(|kind| kind.eq_ignore_ascii_case(solution.as_str())));
        Some(solution.map_or(Reading::Unknown, Reading::Known))
    }

    fn over(seen: Option<Self>, wanted: Option<Reading<VulnerabilityAssessment>>) -> Option<Self> {
        let Some(Reading::Known(solution)) = wanted else {
            return seen.map(|seen| Self {
                switch: seen.switch.turned(false),
                ..seen
            });
        };
        let seen = seen.unwrap_or_default();
        Some(Self {
            configuration: Some(VaConfiguration {
                kind: Some(solution.as_str().to_owned()),
                ..seen.configuration.unwrap_or_default()
            }),
            switch: seen.switch.turned(true),
        })
    }
}

impl MdeAutoProvisioning {
    fn over(seen: Option<Self>, wanted: bool) -> Option<Self> {
        if !wanted {
            return seen.map(|seen| Self {
                switch: seen.switch.turned(false),
                ..seen
            });
        }
        let seen = seen.unwrap_or_default();
        let configuration = seen.configuration;
        Some(Self {
            configuration: configuration.or_else(|| Some(Value::Object(Map::new()))),
            switch: seen.switch.turned(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn assessment(body: Value) -> Option<VaAutoProvisioning> {
        from_value(body).unwrap()
    }

    #[test]
    fn an_assessment_that_is_not_known_is_on_all_the_same() {
        let seen = |body| VaAutoProvisioning::seen(assessment(body).as_ref());
        let on = |kind: Value| json!({"enabled": true, "configuration": {"type": kind}});
        let tvm = Some(Reading::Known(VulnerabilityAssessment::Tvm));
        assert_eq!(seen(on(json!("TVM"))), tvm);
        assert_eq!(seen(on(json!("tvm"))), tvm);
        for unknown in [
            on(json!("Nessus")),
            on(json!(null)),
            json!({"enabled": true}),
        ] {
            assert_eq!(seen(unknown), Some(Reading::Unknown));
        }
        let off = json!({"enabled": false, "configuration": {"type": "TVM"}});
        assert_eq!(seen(off), None);
    }

    #[test]
    fn assessment_and_endpoint_protection_keep_what_is_unknown() {
        let seen = json!({"enabled": true, "x": 1, "configuration": {"type": "Qualys", "y": 2}});
        let tvm = Some(Reading::Known(VulnerabilityAssessment::Tvm));
        let over = |wanted| to_value(VaAutoProvisioning::over(assessment(seen.clone()), wanted));
        assert_eq!(
            over(tvm).unwrap(),
            json!({"enabled": true, "x": 1, "configuration": {"type": "TVM", "y": 2}})
        );
        assert_eq!(
            over(None).unwrap(),
            json!({"enabled": false, "x": 1, "configuration": {"type": "Qualys", "y": 2}})
        );
        let mde = |seen: Value, wanted| {
            to_value(MdeAutoProvisioning::over(from_value(seen).unwrap(), wanted)).unwrap()
        };
        assert_eq!(
            mde(json!(null), true),
            json!({"enabled": true, "configuration": {}})
        );
        assert_eq!(
            mde(json!({"configuration": [1], "x": 1}), true),
            json!({"enabled": true, "configuration": [1], "x": 1})
        );
        assert_eq!(
            mde(json!({"x": 1}), false),
            json!({"enabled": false, "x": 1})
        );
        assert_eq!(mde(json!(null), false), json!(null));
    }
}
