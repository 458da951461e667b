// The managed identity and whom it trusts. A module, because these live in a resource group while
// identity.bicep is deployed to the subscription.

@description('Name of the managed identity.')
param identityName string

@description('Location of the managed identity.')
param location string

@description('Issuer of the token.')
param issuer string

@description('Subject of the token.')
param subject string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: identityName
  location: location
}

resource credential 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'defender-connector-aws'
  properties: {
    issuer: issuer
    subject: subject
    // The audience that the AWS role may mint tokens for.
    audiences: [
      'api://AzureADTokenExchange'
    ]
  }
}

output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
