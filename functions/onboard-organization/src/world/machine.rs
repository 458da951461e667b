//! The state machine, and in its children the other functions, as far as marks and connectors go.

use lambda_runtime::Diagnostic;
use onboarding::AccountId;
use serde_json::{Value, json};

use super::World;

/// How often a step is tried that was stopped or failed in passing.
const TRIES: usize = 4;

/// What a child fails with, by account.
pub(crate) type Failing = fn(&AccountId) -> Option<&'static str>;

pub(crate) fn none_fails(_: &AccountId) -> Option<&'static str> {
    None
}

/// Carries runs out.
pub(crate) struct Machine<'a> {
    pub(crate) world: &'a World,
    pub(crate) failing: Failing,
}

impl World {
    /// A machine whose children go well.
    pub(crate) fn machine(&self) -> Machine<'_> {
        Machine {
            world: self,
            failing: none_fails,
        }
    }

    /// A sweep, to its end.
    pub(crate) async fn sweep(&self, name: &str) -> Value {
        let input = json!({"Operation": "Onboard", "Scope": "Organization"});
        self.machine().run(name, &input).await.unwrap()
    }

    /// Carries out the one execution that was started.
    pub(crate) async fn carry_out(&self) -> Result<Value, Diagnostic> {
        let started = std::mem::take(self.aws.state().started.as_mut().unwrap());
        assert_eq!(started.len(), 1, "{started:?}");
        let (name, input) = started.into_iter().next().unwrap();
        self.machine().run(&name, &input).await
    }
}

impl Machine<'_> {
    /// A sweep that is given up as soon as a step is stopped or fails.
    pub(crate) async fn once(&self, run: &str, input: &Value) -> Option<Value> {
        let list = json!({"Operation": "ListAccounts", "RunId": run, "Intent": input["Operation"]});
        let listed = self.world.invoke(&list).await?.ok()?;
        let entries = self.world.object(listed["Key"].as_str()?);
        let results: Vec<Value> = entries
            .as_array()?
            .iter()
            .map(|one| self.child(one))
            .collect();
        let key = self.world.write_results(run, &results);
        let report = json!({"Operation": "Report", "RunId": run, "Intent": input["Operation"],
            "ResultsKey": key});
        self.world.invoke(&report).await?.ok()
    }

    /// A run to its end.
    pub(crate) async fn run(&self, name: &str, input: &Value) -> Result<Value, Diagnostic> {
        let run = input["RunId"].as_str().unwrap_or(name).to_owned();
        let request = input["RequestId"].as_str();
        let ended = self.branch(&run, input).await;
        if let Some(request) = request {
            let mut answer = json!({"Operation": "Answer", "RequestId": request, "RunId": run});
            match &ended {
                Ok(outcome) => answer["Outcome"] = outcome.clone(),
                Err(error) => {
                    let cause =
                        json!({"errorType": error.error_type, "errorMessage": error.error_message});
                    answer["Error"] =
                        json!({"Error": error.error_type, "Cause": cause.to_string()});
                }
            }
            self.step(&answer).await?;
        }
        ended
    }

    async fn branch(&self, run: &str, input: &Value) -> Result<Value, Diagnostic> {
        let listed = self.list(run, input).await?;
        let mut report = json!({"Operation": "Report", "RunId": run, "Intent": input["Operation"]});
        if listed["Count"].as_u64().unwrap() > 0 {
            let entries = self.world.object(listed["Key"].as_str().unwrap());
            let results = entries.as_array().unwrap().iter();
            let results: Vec<Value> = results.map(|entry| self.child(entry)).collect();
            report["ResultsKey"] = json!(self.world.write_results(run, &results));
        }
        self.step(&report).await
    }

    /// The first step of a run.
    pub(crate) async fn list(&self, run: &str, input: &Value) -> Result<Value, Diagnostic> {
        let mut list =
            json!({"Operation": "ListAccounts", "RunId": run, "Intent": input["Operation"]});
        for name in ["RequestId", "AccountIds", "Redrive"] {
            if let Some(value) = input.get(name) {
                list[name] = value.clone();
            }
        }
        self.step(&list).await
    }

    /// A step, tried again where the function was stopped or failed in passing.
    async fn step(&self, event: &Value) -> Result<Value, Diagnostic> {
        for _ in 1..TRIES {
            match self.world.invoke(event).await {
                None => {}
                Some(Err(error)) if error.error_type == "Transient" => {}
                Some(ended) => return ended,
            }
        }
        self.world.event(event).await
    }

    /// What comes of one account.
    pub(crate) fn child(&self, entry: &Value) -> Value {
        let id = &entry["AccountId"];
        let account: AccountId = id.as_str().unwrap().parse().unwrap();
        if let Some(error) = (self.failing)(&account) {
            let cause = json!({"errorType": error, "errorMessage": "why"});
            return json!({"AccountId": id, "Outcome": "Failed", "ErrorType": error,
                "Reason": cause.to_string()});
        }
        let keys = self.world.keys();
        let leaves = keys.contains(&"leaving/all".to_owned())
            || keys.contains(&format!("leaving/{account}"));
        let puts_in = entry["Action"] == "Onboard";
        if puts_in == leaves {
            return json!({"AccountId": id, "Outcome": "Failed", "ErrorType": "Conflict"});
        }
        let azure = &self.world.azure;
        match entry["Action"].as_str().unwrap() {
            "Onboard" if entry["AsWanted"] == true || azure.connected().contains(&account) => {
                json!({"AccountId": id, "Outcome": "AlreadyConnected"})
            }
            "Onboard" => {
                let connector = azure.write(&account);
                json!({"AccountId": id, "Outcome": "Connected", "Connector": connector,
                    "PutMilliseconds": 900})
            }
            "Offboard" => {
                azure.delete(&account);
                json!({"AccountId": id, "Outcome": "Offboarded"})
            }
            _ => {
                azure.delete(&account);
                json!({"AccountId": id, "Outcome": "Removed"})
            }
        }
    }
}

impl World {
    /// The files of a `ResultWriter`; the key of its manifest.
    pub(crate) fn write_results(&self, run: &str, results: &[Value]) -> String {
        let folder = format!("runs/{run}/results/0b7d6f52");
        let file = format!("{folder}/SUCCEEDED_0.json");
        self.aws.bucket.put(&file, json!(results).to_string());
        let manifest = json!({
            "DestinationBucket": "defender-runs", "MapRunArn": "arn",
            "ResultFiles": {"FAILED": [], "PENDING": [], "SUCCEEDED": [{"Key": file, "Size": 1}]},
        });
        let key = format!("{folder}/manifest.json");
        self.aws.bucket.put(&key, manifest.to_string());
        key
    }
}
