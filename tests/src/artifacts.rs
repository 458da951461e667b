//! The packaged application: made once by `sam package`, then put into each account.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use aws_sdk_s3::operation::create_bucket::CreateBucketError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use tokio::sync::OnceCell;

use crate::account::{Account, sdk_config};
use crate::local_cloud::LocalCloud;
use crate::sam::sam;

/// Every account has a bucket of packages, named after it: names are shared by all accounts.
pub(crate) const BUCKET_PREFIX: &str = "packages-";
const TEMPLATE_KEY: &str = "packaged.template";
/// The account that `sam package` runs in.
const PACKAGING_ACCOUNT: &str = "100000000001";

/// Everything that `sam package` uploads, by key, and the template that refers to it.
static PACKAGE: OnceCell<BTreeMap<String, Vec<u8>>> = OnceCell::const_new();

/// Puts the package into the account's bucket; returns the template's URL.
pub(crate) async fn upload(account: &Account) -> Result<String> {
    let package = PACKAGE.get_or_try_init(|| package(&account.cloud)).await?;
    let bucket = bucket(&account.id);
    make_bucket(&account.s3, &bucket).await?;
    for (key, body) in package {
        let body = ByteStream::from(if key == TEMPLATE_KEY {
            String::from_utf8_lossy(body)
                .replace(&self::bucket(PACKAGING_ACCOUNT), &bucket)
                .into()
        } else {
            body.clone()
        });
        account
            .s3
            .put_object()
            .bucket(&bucket)
            .key(key)
            .body(body)
            .send()
            .await?;
    }
    Ok(format!("{}/{bucket}/{TEMPLATE_KEY}", account.cloud.aws_url))
}

async fn package(cloud: &LocalCloud) -> Result<BTreeMap<String, Vec<u8>>> {
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&sdk_config(cloud, PACKAGING_ACCOUNT).await)
            .force_path_style(true)
            .build(),
    );
    let bucket = bucket(PACKAGING_ACCOUNT);
    make_bucket(&s3, &bucket).await?;
    let packaged = std::env::temp_dir().join(format!("packaged-{}.template", std::process::id()));
    let words = [
        "package",
        "--template-file",
        &cloud.template.display().to_string(),
        "--s3-bucket",
        &bucket,
        "--output-template-file",
        &packaged.display().to_string(),
        "--no-progressbar",
    ];
    sam(cloud, PACKAGING_ACCOUNT, &words.map(str::to_owned)).await?;
    let template = fs::read(&packaged).context("sam package left no template")?;
    fs::remove_file(&packaged)?;
    let mut package = BTreeMap::from([(TEMPLATE_KEY.to_owned(), template)]);
    let listed = s3.list_objects_v2().bucket(&bucket).send().await?;
    for key in listed.contents().iter().filter_map(|object| object.key()) {
        let object = s3.get_object().bucket(&bucket).key(key).send().await?;
        package.insert(key.to_owned(), object.body.collect().await?.to_vec());
    }
    Ok(package)
}

async fn make_bucket(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<()> {
    let place = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::EuWest1)
        .build();
    let made = s3
        .create_bucket()
        .bucket(bucket)
        .create_bucket_configuration(place)
        .send()
        .await;
    match made {
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateBucketError::is_bucket_already_owned_by_you) =>
        {
            Ok(())
        }
        made => Ok(made.map(drop)?),
    }
}

fn bucket(account: &str) -> String {
    format!("{BUCKET_PREFIX}{account}")
}
