"""Whatever happens to a function leaves other accounts' functions of the same name at work."""

import threading
import time
import unittest

from testing_workflows import WorkflowTest


class FunctionsOfOneName(WorkflowTest):
    def test_a_change_of_a_function_ends_no_other_accounts_function_of_its_name(self):
        self.make_function()
        at_work, errors = self.cloud.client("lambda", self.account), []

        def work():
            answer = at_work.invoke(FunctionName="work", Payload=b'{"mode": "sleep", "seconds": 2}')
            errors.append(answer.get("FunctionError"))

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.7)
        self.account = str(int(self.account) + 400000000)
        self.iam = self.cloud.client("iam", self.account)
        self.make_function()
        self.cloud.client("lambda", self.account).update_function_configuration(FunctionName="work", Timeout=20)
        thread.join()
        self.assertEqual(errors, [None])


if __name__ == "__main__":
    unittest.main()
