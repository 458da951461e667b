//! Stack sets, as far as their stacks in single accounts go.

use std::collections::BTreeMap;

use testkit::aws_wire::{Answer, Asked, answered, refused};

/// A stack of a stack set.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) region: &'static str,
    pub(crate) status: (&'static str, &'static str),
    pub(crate) last_operation: String,
}

#[derive(Debug, Default)]
pub(crate) struct StackSets {
    pub(crate) is_trusted: bool,
    /// Tags by the name of the stack set.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Stacks by stack set and account.
    pub(crate) instances: BTreeMap<(String, String), Vec<Instance>>,
    /// The status of operations by stack set and id.
    pub(crate) operations: BTreeMap<(String, String), &'static str>,
    /// What was to be made: stack set, account, Regions, targets.
    pub(crate) made: Vec<(String, String, Vec<String>, Vec<String>)>,
    /// What was to be removed, likewise.
    pub(crate) removed: Vec<(String, String, Vec<String>, Vec<String>)>,
    /// How many looks at a removal it takes until the stacks are gone; `None` never.
    pub(crate) looks: Option<u32>,
}

impl StackSets {
    pub(crate) fn answer(&mut self, asked: &Asked) -> Answer {
        let action = asked.action();
        let name = asked.field("StackSetName").unwrap_or_default();
        match action.as_str() {
            "DescribeOrganizationsAccess" => {
                let status = if self.is_trusted {
                    "ENABLED"
                } else {
                    "DISABLED"
                };
                answered(&action, &format!("<Status>{status}</Status>"))
            }
            "DescribeStackSet" => match self.tags.get(&name) {
                None => refused(404, "StackSetNotFoundException", "none"),
                Some(tags) => {
                    let shown = |(key, value): (&String, &String)| {
                        format!("<member><Key>{key}</Key><Value>{value}</Value></member>")
                    };
                    let tags = tags.iter().map(shown).collect::<Vec<_>>().concat();
                    answered(
                        &action,
                        &format!("<StackSet><Tags>{tags}</Tags></StackSet>"),
                    )
                }
            },
            "ListStackInstances" => {
                let account = asked.field("StackInstanceAccount").unwrap();
                let key = (name, account.clone());
                let instances = self.instances.get(&key).into_iter().flatten();
                let shown: String = instances.map(|one| shown(&account, one)).collect();
                answered(&action, &format!("<Summaries>{shown}</Summaries>"))
            }
            "DescribeStackSetOperation" => {
                let key = (name, asked.field("OperationId").unwrap());
                self.go_on();
                match self.operations.get(&key) {
                    None => refused(404, "OperationNotFoundException", "none"),
                    Some(status) => answered(
                        &action,
                        &format!(
                            "<StackSetOperation><Status>{status}</Status></StackSetOperation>"
                        ),
                    ),
                }
            }
            "CreateStackInstances" | "DeleteStackInstances" => self.begin(asked, name),
            other => panic!("{other}"),
        }
    }

    fn begin(&mut self, asked: &Asked, name: String) -> Answer {
        let id = asked.field("OperationId").unwrap();
        let account = asked.field("DeploymentTargets.Accounts.member.1").unwrap();
        let regions = members(asked, "Regions");
        let targets = members(asked, "DeploymentTargets.OrganizationalUnitIds");
        let action = asked.action();
        let deletes = action == "DeleteStackInstances";
        assert_eq!(
            asked.field("RetainStacks").as_deref(),
            deletes.then_some("false")
        );
        let key = (name.clone(), id.clone());
        self.operations.insert(key, "RUNNING");
        let asked_for = if deletes {
            &mut self.removed
        } else {
            &mut self.made
        };
        asked_for.push((name, account, regions, targets));
        answered(&action, &format!("<OperationId>{id}</OperationId>"))
    }

    /// All operations have ended.
    pub(crate) fn end(&mut self, status: &'static str) {
        self.operations.values_mut().for_each(|one| *one = status);
    }

    /// Removals end after so many looks.
    fn go_on(&mut self) {
        let Some(looks) = self.looks.as_mut().filter(|_| !self.removed.is_empty()) else {
            return;
        };
        *looks = looks.saturating_sub(1);
        if *looks == 0 {
            for (name, account, ..) in &self.removed {
                self.instances.remove(&(name.clone(), account.clone()));
            }
            self.end("SUCCEEDED");
        }
    }
}

fn members(asked: &Asked, of: &str) -> Vec<String> {
    (1..)
        .map_while(|n| asked.field(&format!("{of}.member.{n}")))
        .collect()
}

fn shown(account: &str, one: &Instance) -> String {
    let (status, detailed) = one.status;
    format!(
        "<member><Account>{account}</Account><Region>{}</Region><Status>{status}</Status>\
         <StatusReason>because</StatusReason><StackInstanceStatus><DetailedStatus>{detailed}\
         </DetailedStatus></StackInstanceStatus><LastOperationId>{}</LastOperationId></member>",
        one.region, one.last_operation
    )
}
