// The Azure side, once per AWS account that runs the stack: a resource group for the connectors and a
// managed identity that the AWS role DefenderConnectorAzureSignIn signs in as, without any secret.
//
//   az deployment sub create --name defender-connector-aws --location <location> \
//     --template-file azure/identity.bicep --parameters issuer=<issuer> subject=<role ARN>
//
// azure/print-issuer.sh prints issuer and subject. Whoever runs this needs Owner, or Contributor and
// User Access Administrator, on the subscription.

targetScope = 'subscription'

@description('Issuer URL of the AWS account\'s outbound identity federation, compared case by case.')
@maxLength(600)
param issuer string

@description('ARN of the AWS role that signs in: arn:aws:iam::<account>:role/DefenderConnectorAzureSignIn.')
@maxLength(600)
param subject string

@description('Location of the resource group, the identity and the connectors.')
param location string = deployment().location

@description('Resource group for the identity and the connectors; made when it is not there.')
param resourceGroupName string = 'rg-defender-connector-aws'

@description('Name of the managed identity.')
param identityName string = 'id-defender-connector-aws'

// What Microsoft documents for whoever onboards an AWS account, per plan:
//   Foundational CSPM, Defender for Containers   Contributor on the subscription
//   Servers and Databases with Arc
//   auto-provisioning                            Owner on the subscription
//   Defender CSPM with all extensions            Owner on the subscription
//   CIEM in Defender CSPM                        Security Admin besides
// ConnectorOnly grants what this product itself calls, which is less than any of these. Should the service
// ask for more with a plan, the stack fails with the permission it names: then choose Contributor or Owner.
@description('ConnectorOnly: security connectors alone. Contributor, Owner: what Microsoft documents for the plans.')
@allowed([
  'ConnectorOnly'
  'Contributor'
  'Owner'
])
param connectorRights string = 'ConnectorOnly'

// For the Arc machines that Defender makes, in any group of the subscription. Without it the functions say in
// their report that they did not compare tags, and do all the rest. Contributor and Owner have these rights.
@description('None. Compare: the four tags of Arc machines are compared. Repair: missing ones can be added (RepairArcMachineTags).')
@allowed([
  'None'
  'Compare'
  'Repair'
])
param arcMachineRights string = 'None'

var connectorOnlyName = guid(subscription().id, 'defender-connector-aws', 'ConnectorOnly')
var roleNames = {
  ConnectorOnly: connectorOnlyName
  Contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c'
  Owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'
}

var arcMachineTagsName = guid(subscription().id, 'defender-connector-aws', 'ArcMachineTags', arcMachineRights)
var arcMachineActions = {
  None: []
  Compare: [
    'Microsoft.HybridCompute/machines/read'
  ]
  Repair: [
    'Microsoft.HybridCompute/machines/read'
    // Good for more than tags, which Azure does not tell apart; the functions send tags alone.
    'Microsoft.HybridCompute/machines/write'
  ]
}

resource group 'Microsoft.Resources/resourceGroups@2021-04-01' = {
  name: resourceGroupName
  location: location
}

module identity 'federated-identity.bicep' = {
  name: 'defender-connector-aws-identity'
  scope: group
  params: {
    identityName: identityName
    location: location
    issuer: issuer
    subject: subject
  }
}

resource connectorOnly 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (connectorRights == 'ConnectorOnly') {
  name: connectorOnlyName
  properties: {
    // Unique in the tenant, which may hold several such subscriptions.
    roleName: 'Defender connector for AWS (${subscription().subscriptionId})'
    description: 'Reads and writes security connectors of Microsoft Defender for Cloud, and nothing else.'
    type: 'CustomRole'
    assignableScopes: [
      subscription().id
    ]
    permissions: [
      {
        actions: [
          'Microsoft.Security/securityConnectors/read'
          'Microsoft.Security/securityConnectors/write'
          'Microsoft.Security/securityConnectors/delete'
          // A classic connector for the same account has to be found, and refused by name.
          'Microsoft.Security/connectors/read'
          // Whether Microsoft.Security is registered, and where it offers connectors.
          'Microsoft.Resources/subscriptions/providers/read'
          'Microsoft.Resources/subscriptions/resourceGroups/read'
        ]
        notActions: []
      }
    ]
  }
}

resource arcMachineTags 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (arcMachineRights != 'None') {
  name: arcMachineTagsName
  properties: {
    roleName: 'Defender connector for AWS: ${arcMachineRights} Arc machine tags (${subscription().subscriptionId})'
    description: 'Lets Defender connector for AWS look after the tags of Azure Arc machines.'
    type: 'CustomRole'
    assignableScopes: [
      subscription().id
    ]
    permissions: [
      {
        actions: arcMachineActions[arcMachineRights]
        notActions: []
      }
    ]
  }
}

// On the subscription and not on the group: an account may be connected under any group of it, which has to
// be seen before a second connector is written. Other connectorRights or arcMachineRights later add an assignment;
// remove the former one by hand when it grants more.
resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, resourceGroupName, identityName, connectorRights)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleNames[connectorRights])
    principalId: identity.outputs.principalId
    // Without it the assignment fails until the new identity is known everywhere.
    principalType: 'ServicePrincipal'
  }
  dependsOn: [
    connectorOnly
  ]
}

resource arcMachineAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (arcMachineRights != 'None') {
  name: guid(subscription().id, resourceGroupName, identityName, 'ArcMachineTags', arcMachineRights)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', arcMachineTagsName)
    principalId: identity.outputs.principalId
    principalType: 'ServicePrincipal'
  }
  dependsOn: [
    arcMachineTags
  ]
}

output tenantId string = subscription().tenantId
output subscriptionId string = subscription().subscriptionId
output resourceGroup string = group.name
output location string = location
output clientId string = identity.outputs.clientId
