//! Nothing that anything printed holds a secret, and the look at it is no look at nothing.

use std::fs;

use anyhow::Result;
use integration_tests::{on_local_cloud, secret_scan};

#[test]
fn what_the_functions_print_is_kept_and_holds_no_secret() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        let printed = fs::read_to_string(account.cloud.logs.join("functions.log"))?;
        let of_account = |line: &&str| line.contains(&account.id);
        assert!(
            printed.lines().filter(of_account).count() > 5,
            "the functions printed nothing"
        );
        let known = account.secrets_of_test();
        let (files, leaks) = secret_scan::leaks_in(&account.cloud.logs, &known)?;
        assert!(files >= 2, "there are no logs of the servers");
        assert_eq!(leaks, Vec::<String>::new());
        Ok(())
    })
}
