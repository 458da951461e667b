//! The lists of Organizations.

use aws_sdk_organizations::operation::list_accounts::ListAccountsError;
use aws_sdk_organizations::operation::list_accounts_for_parent::ListAccountsForParentError;
use aws_sdk_organizations::operation::list_organizational_units_for_parent::ListOrganizationalUnitsForParentError;
use aws_sdk_organizations::operation::list_parents::ListParentsError;
use aws_sdk_organizations::operation::list_roots::ListRootsError;
use aws_sdk_organizations::types::error::InvalidInputException;
use aws_sdk_organizations::types::{
    Account, InvalidInputExceptionReason, OrganizationalUnit, Parent, Root,
};

use super::OrganizationDirectory;
use crate::call::Call;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::pages::{Answer, Listing, Page};

/// The largest page.
const PAGE: i32 = 20;

fn is_of_token(error: &InvalidInputException) -> bool {
    error.reason() == Some(&InvalidInputExceptionReason::InvalidPaginationToken)
}

macro_rules! listing {
    (
        $(#[$doc:meta])* $name:ident of $item:ident, $action:literal at $pace:ident,
        $request:ident $(by $parameter:ident)?, $items:ident, $error:ident
    ) => {
        $(#[$doc])*
        pub(super) struct $name<'a> {
            pub(super) directory: &'a OrganizationDirectory,
            $(pub(super) $parameter: &'a str,)?
        }

        impl Listing for $name<'_> {
            type Item = $item;

            fn call(&self) -> Call<'_> {
                self.directory.call($action)
            }

            fn pace(&self) -> Option<&Pace> {
                Some(&self.directory.paces().$pace)
            }

            async fn page(&self, token: Option<String>) -> Result<Answer<$item>, Failure> {
                let request = self.directory.client().$request().max_results(PAGE);
                $(let request = request.$parameter(self.$parameter);)?
                let request = request.set_next_token(token);
                let sent = async {
                    self.directory.paces().$pace.turn().await;
                    match request.send().await {
                        Ok(page) => Ok(Answer::Page(Page {
                            items: page.$items.unwrap_or_default(),
                            next: page.next_token,
                        })),
                        Err(error) => match error.as_service_error() {
                            Some($error::InvalidInputException(inner)) if is_of_token(inner) => {
                                Ok(Answer::StaleToken)
                            }
                            _ => Err(error),
                        },
                    }
                };
                self.call().send(sent).await
            }
        }
    };
}

listing!(
    /// Every account of the organization.
    Accounts of Account, "organizations:ListAccounts" at accounts,
    list_accounts, accounts, ListAccountsError
);
listing!(
    /// The accounts right below a root or unit.
    AccountsBelow of Account, "organizations:ListAccountsForParent" at accounts_below,
    list_accounts_for_parent by parent_id, accounts, ListAccountsForParentError
);
listing!(
    /// The units right below a root or unit.
    UnitsBelow of OrganizationalUnit,
    "organizations:ListOrganizationalUnitsForParent" at units_below,
    list_organizational_units_for_parent by parent_id, organizational_units,
    ListOrganizationalUnitsForParentError
);
listing!(
    /// What an account or unit is right below. There is one.
    Parents of Parent, "organizations:ListParents" at parents,
    list_parents by child_id, parents, ListParentsError
);
listing!(
    /// The roots. There is one.
    Roots of Root, "organizations:ListRoots" at roots, list_roots, roots, ListRootsError
);
