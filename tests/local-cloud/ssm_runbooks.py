"""Systems Manager: runbooks of AWS's own, by what "Systems Manager Automation runbook reference" says of them.

AWS-AttachIAMToInstance has the documented parameters, steps and outputs; what a step does in detail is ours. An
instance profile that was made just now is tried again, for EC2 does not see it at once.
"""

_ATTACH_IAM_TO_INSTANCE = """
description: Attach IAM to Instance
schemaVersion: "0.3"
assumeRole: "{{ AutomationAssumeRole }}"
parameters:
  AutomationAssumeRole:
    type: String
    description: (Optional) The ARN of the role that Automation acts in.
    default: ""
  ForceReplace:
    type: Boolean
    description: (Optional) Whether to replace an instance profile that is there.
    default: true
  InstanceId:
    type: String
    description: (Required) The instance.
  RoleName:
    type: String
    description: (Required) The role to add to the instance.
outputs:
  - AttachIAMProfileToInstanceWithRetry.AssociationId
  - GetInstanceProfile.InstanceProfileName
  - GetInstanceProfile.InstanceProfileArn
  - AttachIAMProfileToInstance.AssociationId
  - ListInstanceProfilesForRole.InstanceProfileName
  - ListInstanceProfilesForRole.InstanceProfileArn
mainSteps:
  - name: DescribeInstanceProfile
    action: aws:executeAwsApi
    inputs:
      Service: ec2
      Api: DescribeIamInstanceProfileAssociations
      Filters:
        - Name: instance-id
          Values: ["{{ InstanceId }}"]
        - Name: state
          Values: [associating, associated]
    outputs:
      - {Name: AssociationId, Selector: "$.IamInstanceProfileAssociations[0].AssociationId", Type: String}
      - {Name: Associations, Selector: "$.IamInstanceProfileAssociations..AssociationId", Type: StringList}
  - name: CheckInstanceProfileAssociations
    action: aws:branch
    inputs:
      Choices:
        - NextStep: DisassociateIamInstanceProfile
          And:
            - {Variable: "{{ DescribeInstanceProfile.Associations }}", Contains: iip-assoc}
            - {Variable: "{{ ForceReplace }}", BooleanEquals: true}
      Default: ListInstanceProfilesForRole
  - name: DisassociateIamInstanceProfile
    action: aws:executeAwsApi
    inputs:
      Service: ec2
      Api: DisassociateIamInstanceProfile
      AssociationId: "{{ DescribeInstanceProfile.AssociationId }}"
  - name: ListInstanceProfilesForRole
    action: aws:executeAwsApi
    inputs: {Service: iam, Api: ListInstanceProfilesForRole, RoleName: "{{ RoleName }}"}
    outputs:
      - {Name: InstanceProfileName, Selector: "$.InstanceProfiles[0].InstanceProfileName", Type: String}
      - {Name: InstanceProfileArn, Selector: "$.InstanceProfiles[0].Arn", Type: String}
      - {Name: Names, Selector: "$.InstanceProfiles..InstanceProfileName", Type: StringList}
  - name: CheckInstanceProfileCreated
    action: aws:branch
    inputs:
      Choices:
        - NextStep: CreateInstanceProfileForRole
          Variable: "{{ ListInstanceProfilesForRole.Names }}"
          StringEquals: "[]"
      Default: AttachIAMProfileToInstance
  - name: AttachIAMProfileToInstance
    action: aws:executeAwsApi
    isEnd: true
    inputs:
      Service: ec2
      Api: AssociateIamInstanceProfile
      InstanceId: "{{ InstanceId }}"
      IamInstanceProfile: {Arn: "{{ ListInstanceProfilesForRole.InstanceProfileArn }}"}
    outputs:
      - {Name: AssociationId, Selector: "$.IamInstanceProfileAssociation.AssociationId", Type: String}
  - name: CreateInstanceProfileForRole
    action: aws:executeAwsApi
    inputs: {Service: iam, Api: CreateInstanceProfile, InstanceProfileName: "{{ RoleName }}"}
  - name: AddRoleToInstanceProfile
    action: aws:executeAwsApi
    inputs:
      Service: iam
      Api: AddRoleToInstanceProfile
      InstanceProfileName: "{{ RoleName }}"
      RoleName: "{{ RoleName }}"
  - name: GetInstanceProfile
    action: aws:executeAwsApi
    inputs: {Service: iam, Api: GetInstanceProfile, InstanceProfileName: "{{ RoleName }}"}
    outputs:
      - {Name: InstanceProfileName, Selector: "$.InstanceProfile.InstanceProfileName", Type: String}
      - {Name: InstanceProfileArn, Selector: "$.InstanceProfile.Arn", Type: String}
  - name: AttachIAMProfileToInstanceWithRetry
    action: aws:executeAwsApi
    maxAttempts: 10
    isEnd: true
    inputs:
      Service: ec2
      Api: AssociateIamInstanceProfile
      InstanceId: "{{ InstanceId }}"
      IamInstanceProfile: {Arn: "{{ GetInstanceProfile.InstanceProfileArn }}"}
    outputs:
      - {Name: AssociationId, Selector: "$.IamInstanceProfileAssociation.AssociationId", Type: String}
"""

# By name: the content in YAML, and the type of its targets.
RUNBOOKS = {"AWS-AttachIAMToInstance": (_ATTACH_IAM_TO_INSTANCE, "/AWS::EC2::Instance")}
