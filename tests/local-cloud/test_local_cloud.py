"""Self-test of the local cloud's extension: real stacks, real function processes, the AWS behaviours that are played.

Run with the python of the emulator's virtual environment: ``python tests/local-cloud/test_local_cloud.py``.
"""

import unittest

from test_custom_resources import AsynchronousInvocation, Lifecycle, Replies  # noqa: F401
from test_identity import ProviderApi, TrustPolicies, WebIdentityToken  # noqa: F401

if __name__ == "__main__":
    unittest.main()
