"""Self-test of the local cloud's extension: real stacks, real function processes, the AWS behaviours that are played.

Run with the python of the emulator's virtual environment: ``python tests/local-cloud/test_local_cloud.py``.
"""

import unittest
from pathlib import Path

if __name__ == "__main__":
    unittest.main(module=None, argv=["unittest", "discover", str(Path(__file__).parent)])
