use std::fs::read_dir;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::azure_double::{DoubleSetup, Fault};
use testkit::bodies::{Recorder, SentBody};
use uuid::Uuid;

use crate::support::{
    ACCOUNT, Azure, SUBSCRIPTION, VERSION, connector, connector_id, foundational, subscription,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(Uuid::new_v4().to_string())
}

/// Every line of every file in the folder.
fn lines(folder: &Path) -> Vec<Value> {
    let files = read_dir(folder).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts
        .flat_map(|text| {
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

async fn recording_into(folder: &Path) -> Azure {
    let setup = DoubleSetup {
        bodies: Recorder::into_folder(folder),
        ..DoubleSetup::default()
    };
    Azure::start_as(setup, subscription()).await
}

#[tokio::test]
async fn every_connector_that_is_put_is_kept_with_what_came_of_it() {
    let folder = folder();
    let azure = recording_into(&folder).await;
    let good = foundational(ACCOUNT);
    let mut wrong = good.clone();
    wrong["colour"] = json!("red");
    azure.put("aws-1", &good).await;
    azure.put("AWS-1", &wrong).await;
    azure
        .double
        .fault(SUBSCRIPTION, Fault::status(503).on("PUT"));
    azure.put("aws-1", &good).await;
    azure.double.fault(SUBSCRIPTION, Fault::closed().on("PUT"));
    let broken = azure.request(Method::PUT, &connector("aws-1")).json(&good);
    assert!(broken.send().await.is_err());
    azure.get(&connector("aws-1")).await;
    azure.delete("aws-1").await;

    let kept = lines(&folder);
    let statuses: Vec<&Value> = kept.iter().map(|line| &line["status"]).collect();
    assert_eq!(
        statuses,
        [&json!(201), &json!(400), &json!(503), &json!(null)]
    );
    assert_eq!(
        kept[0],
        json!({
            "apiVersion": VERSION,
            "path": connector_id("aws-1"),
            "status": 201,
            "body": good,
            "stored": null,
        })
    );
    assert_eq!(kept[1]["body"]["colour"], "red");
    assert_eq!(kept[1]["path"], connector_id("AWS-1"));
    assert!(kept[1]["stored"]["properties"]["offerings"][0]["description"].is_string());
}

#[tokio::test]
async fn a_body_that_cannot_be_kept_is_an_error() {
    let folder = folder();
    std::fs::write(&folder, "in the way").unwrap();
    let azure = recording_into(&folder).await;
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        500
    );
}

#[test]
fn recorders_write_a_file_each_and_nothing_when_off() {
    let folder = folder();
    let sent = SentBody {
        api_version: VERSION,
        path: "/subscriptions/s",
        status: Some(200),
        body: &json!({}),
        stored: Some(&json!({ "a": 1 })),
    };
    Recorder::off().record(&sent).unwrap();
    assert!(!folder.exists());
    let one = Recorder::into_folder(&folder);
    one.record(&sent).unwrap();
    one.clone().record(&sent).unwrap();
    Recorder::into_folder(&folder).record(&sent).unwrap();
    assert_eq!(read_dir(&folder).unwrap().count(), 2);
    let kept = lines(&folder);
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0]["stored"], json!({ "a": 1 }));
}
