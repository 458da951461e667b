//! Defender's Arc auto-provisioning, into an account that the test describes.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::azure_double::{ArcStep, AwsAccount, AwsAccounts, AwsInstance, AwsView};

use crate::plans::{all_plans, offering};
use crate::support::{ACCOUNT, Azure, GROUP, SUBSCRIPTION, TENANT, foundational, subscription};

const ONE: &str = "i-0123456789abcdef1";
const TWO: &str = "i-0123456789abcdef2";
const SERVERS: &str = "DefenderForServersAws";
const DATABASES: &str = "DefenderForDatabasesAws";
const ROLE: &str = "DefenderForCloud-ArcAutoProvisioning";

struct Provisioning {
    azure: Azure,
    accounts: AwsAccounts,
}

impl Provisioning {
    /// A connector with all plans. Nothing happens behind the test's back.
    async fn start(account: AwsAccount) -> Self {
        let it = Self::before_the_connector(account).await;
        it.azure
            .double
            .switch(None, json!({ "arc": { "onWrite": false } }))
            .unwrap();
        it.connect(&all_plans(ACCOUNT)).await;
        it
    }

    async fn before_the_connector(account: AwsAccount) -> Self {
        let accounts = AwsAccounts::default();
        accounts.set(ACCOUNT, account);
        let view = AwsView::Accounts(accounts.clone());
        let azure = Azure::start_with(view, subscription()).await;
        Self { azure, accounts }
    }

    async fn connect(&self, body: &Value) {
        let answer = self.azure.put("aws-1", body).await;
        assert!(answer.status().is_success());
    }

    async fn step(&self) -> ArcStep {
        self.azure.double.provision_arc(SUBSCRIPTION).await.unwrap()
    }

    fn machine(&self, instance: &str) -> Option<Value> {
        let raw = self.azure.double.raw(&id(instance))?;
        serde_json::from_slice(&raw).unwrap()
    }
}

fn id(instance: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.HybridCompute/machines/{instance}"
    )
}

fn account(instances: impl IntoIterator<Item = AwsInstance>) -> AwsAccount {
    let ready = AwsAccount::onboarded_for_all_plans(ACCOUNT, TENANT);
    let add = |account: AwsAccount, one| account.with_instance("eu-west-1", one);
    instances.into_iter().fold(ready, add)
}

#[tokio::test]
async fn every_managed_instance_gets_a_machine_whatever_its_ec2_tags() {
    let tagged = AwsInstance::managed(TWO).tagged("MDFCSecurityConnector", "false");
    let both = [AwsInstance::managed(ONE), tagged];
    let account = account(both).with_instance("us-east-1", AwsInstance::managed("i-0123abcd"));
    let it = Provisioning::start(account).await;
    let step = it.step().await;
    assert_eq!(step.made, [id(ONE), id(TWO), id("i-0123abcd")]);
    assert_eq!((step.left_out.len(), step.problems.len()), (0, 0));
    let machine = it.machine(TWO).unwrap();
    assert_eq!(machine["id"], id(TWO));
    assert_eq!(machine["name"], TWO);
    assert_eq!(machine["type"], "Microsoft.HybridCompute/machines");
    assert_eq!(machine["location"], "eastus");
    assert_eq!(machine["properties"]["status"], "Connected");
    let tags = json!({ "AccountId": ACCOUNT, "Cloud": "AWS", "InstanceId": TWO,
        "MDFCSecurityConnector": "true" });
    assert_eq!(machine["tags"], tags);
    assert_eq!(
        it.step().await,
        ArcStep::default(),
        "a second look changes nothing"
    );
}

#[tokio::test]
async fn what_cannot_have_the_agent_is_left_out_with_its_reason() {
    let mut lost = AwsInstance::managed("i-00000002");
    lost.node.as_mut().unwrap().ping = "ConnectionLost".to_owned();
    let mut stopped = AwsInstance::managed("i-00000003");
    stopped.state = "stopped".to_owned();
    let mut graviton = AwsInstance::managed("i-00000005").running("Red Hat Enterprise Linux", "9");
    graviton.architecture = "arm64".to_owned();
    let mut terminated = AwsInstance::managed("i-00000006");
    terminated.state = "terminated".to_owned();
    let account = account([
        AwsInstance::unmanaged("i-00000001"),
        lost,
        stopped,
        AwsInstance::managed("i-00000004").running("Ubuntu", "16.04"),
        graviton,
        terminated,
    ]);
    let step = Provisioning::start(account).await.step().await;
    assert_eq!(step.made, Vec::<String>::new());
    let reasons: Vec<(&str, &str)> = step
        .left_out
        .iter()
        .map(|(id, reason)| (id.as_str(), reason.as_str()))
        .collect();
    let expected = [
        ("i-00000001", "it is no managed node"),
        ("i-00000002", "its SSM agent is not online"),
        ("i-00000003", "its SSM agent is not online"),
        ("i-00000004", "Arc does not support its platform"),
        ("i-00000005", "Arc does not support its platform"),
    ];
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn one_plan_with_it_on_is_enough_and_without_it_nothing_happens() {
    let it = Provisioning::start(account([AwsInstance::managed(ONE)])).await;
    for (off, makes) in [
        (&[SERVERS, DATABASES][..], 0),
        (&[DATABASES], 1),
        (&[SERVERS], 1),
    ] {
        let mut body = all_plans(ACCOUNT);
        for plan in off {
            offering(&mut body, plan)["arcAutoProvisioning"]["enabled"] = json!(false);
        }
        it.connect(&body).await;
        assert_eq!(it.step().await.made.len(), makes, "without {off:?}");
        let machine = it.azure.request(
            reqwest::Method::DELETE,
            &format!("{}?api-version=2024-07-10", id(ONE)),
        );
        machine.send().await.unwrap();
    }
    it.connect(&foundational(ACCOUNT)).await;
    assert_eq!(it.step().await, ArcStep::default());
    assert_eq!(it.azure.double.provision_arc("another").await, None);
}

#[tokio::test]
async fn the_role_must_let_defender_in_and_let_it_act() {
    let it = Provisioning::start(account([AwsInstance::managed(ONE)])).await;
    let mut without_role = account([AwsInstance::managed(ONE)]);
    without_role.roles.remove(ROLE);
    let mut without_trust = account([AwsInstance::managed(ONE)]);
    without_trust.role_mut(ROLE).trust["Statement"] = json!([]);
    let mut without_rights = account([AwsInstance::managed(ONE)]);
    without_rights.role_mut(ROLE).policies.clear();
    let mut without_provider = account([AwsInstance::managed(ONE)]);
    without_provider.providers.clear();
    for (account, reason) in [
        (without_role, "there is no arn:"),
        (without_trust, "keeps its user out"),
        (without_rights, "may not do ssm:"),
        (
            without_provider,
            "there is no arn:aws:iam::111122223333:oidc-provider",
        ),
    ] {
        it.accounts.set(ACCOUNT, account);
        let step = it.step().await;
        assert_eq!(step.made, Vec::<String>::new());
        assert!(step.problems[0].contains(reason), "{step:?}");
    }
    // Another role that is broken does not matter.
    let mut another = account([AwsInstance::managed(ONE)]);
    another.roles.remove("CspmMonitorAws");
    it.accounts.set(ACCOUNT, another);
    assert_eq!(it.step().await.made, [id(ONE)]);
}

#[tokio::test]
async fn only_the_regions_of_the_connector_are_looked_at() {
    let account =
        account([AwsInstance::managed(ONE)]).with_instance("us-east-1", AwsInstance::managed(TWO));
    let it = Provisioning::start(account).await;
    let mut body = all_plans(ACCOUNT);
    body["properties"]["environmentData"]["regions"] = json!(["us-east-1", "us-west-2"]);
    it.connect(&body).await;
    assert_eq!(it.step().await.made, [id(TWO)]);
}

#[tokio::test]
async fn a_machine_goes_with_its_instance_and_stays_without_its_agent() {
    let it = Provisioning::start(account([
        AwsInstance::managed(ONE),
        AwsInstance::managed(TWO),
    ]))
    .await;
    it.step().await;
    let mut stopped = AwsInstance::managed(TWO);
    stopped.state = "stopped".to_owned();
    stopped.node.as_mut().unwrap().ping = "ConnectionLost".to_owned();
    it.accounts.set(ACCOUNT, account([stopped]));
    let step = it.step().await;
    assert_eq!(step.removed, [id(ONE)]);
    assert_eq!(it.machine(ONE), None);
    assert_eq!(
        it.machine(TWO).unwrap()["properties"]["status"],
        "Disconnected"
    );
    let mut terminated = AwsInstance::managed(TWO);
    terminated.state = "terminated".to_owned();
    it.accounts.set(ACCOUNT, account([terminated]));
    assert_eq!(it.step().await.removed, [id(TWO)]);
}

#[tokio::test]
async fn a_machine_that_is_there_keeps_its_tags_and_one_of_others_is_never_removed() {
    let it = Provisioning::start(account([AwsInstance::managed(ONE)])).await;
    let theirs = json!({ "tags": { "Team": "Web" }, "properties": { "status": "Connected" } });
    it.azure
        .double
        .seed_machine(SUBSCRIPTION, GROUP, ONE, theirs);
    assert_eq!(it.step().await, ArcStep::default());
    assert_eq!(it.machine(ONE).unwrap()["tags"], json!({ "Team": "Web" }));
    it.accounts.set(ACCOUNT, account([]));
    assert_eq!(it.step().await.removed, Vec::<String>::new());
    assert!(it.machine(ONE).is_some());
}

#[tokio::test]
async fn what_is_undocumented_can_be_played_otherwise() {
    let it = Provisioning::start(account([])).await;
    let mut by_host_management = AwsInstance::managed(ONE);
    by_host_management.has_profile = false;
    let tagged = AwsInstance::managed(TWO)
        .tagged("AccountId", ACCOUNT)
        .tagged("Cloud", "AWS")
        .tagged("InstanceId", TWO)
        .tagged("MDFCSecurityConnector", "true");
    let wrong = AwsInstance {
        id: "i-0123abcd".to_owned(),
        ..tagged.clone()
    };
    it.accounts
        .set(ACCOUNT, account([by_host_management, tagged, wrong]));
    let arc = json!({ "onWrite": false, "needsEc2Tags": true, "takesHostManagement": false,
        "tags": { "accountid": "${AccountId}", "MDFCSecurityConnector": "${ConnectorId}" } });
    it.azure.double.switch(None, json!({ "arc": arc })).unwrap();
    let step = it.step().await;
    assert_eq!(step.made, [id(TWO)]);
    assert_eq!(step.left_out[ONE], "it has no instance profile");
    assert_eq!(step.left_out["i-0123abcd"], "its EC2 tags are not right");
    let tags = it.machine(TWO).unwrap()["tags"].clone();
    assert_eq!(tags["accountid"], ACCOUNT);
    let connector = tags["MDFCSecurityConnector"].as_str().unwrap();
    assert!(
        connector.ends_with("/securityconnectors/aws-1"),
        "{connector}"
    );
    assert_eq!(tags.as_object().unwrap().len(), 2);
    let unknown = json!({ "arc": { "needsTags": true } });
    assert!(it.azure.double.switch(None, unknown).is_err());
}

#[tokio::test]
async fn without_the_provider_there_are_no_machines() {
    let it = Provisioning::start(account([AwsInstance::managed(ONE)])).await;
    let mut setup = subscription();
    setup.hybrid_compute_registration_state = "NotRegistered".to_owned();
    it.azure.double.add_subscription(setup);
    let step = it.step().await;
    assert_eq!(
        step.left_out[ONE],
        "Microsoft.HybridCompute is not registered"
    );
}

#[tokio::test]
async fn defender_looks_by_itself_once_a_connector_is_written_and_by_the_admin_api() {
    let it = Provisioning::before_the_connector(account([AwsInstance::managed(ONE)])).await;
    it.connect(&all_plans(ACCOUNT)).await;
    for _ in 0..500 {
        if it.machine(ONE).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(it.machine(ONE).is_some());
    it.accounts
        .set(ACCOUNT, account([AwsInstance::unmanaged(TWO)]));
    let url = format!(
        "{}/_double/defender/arc?subscription=",
        it.azure.double.base_url()
    );
    let post = |subscription: &str| it.azure.http.post(format!("{url}{subscription}")).send();
    let step: Value = post(SUBSCRIPTION).await.unwrap().json().await.unwrap();
    let expected = json!({ "made": [], "removed": [id(ONE)],
        "leftOut": { TWO: "it is no managed node" }, "problems": [] });
    assert_eq!(step, expected);
    assert_eq!(post("another").await.unwrap().status(), 404);
}
