"""What functions print outlives their log groups."""

import os
import tempfile
import unittest

import function_log


class FunctionLog(unittest.TestCase):
    def test_every_line_is_kept_with_its_account_and_function_and_passed_on(self):
        passed_on = []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "functions.log")
            emit = function_log._kept_in(path, lambda *args, **kwargs: passed_on.append((args, kwargs)))
            arn = "arn:aws:lambda:eu-west-1:111122223333:function:reply-guard"
            emit({"config": {"FunctionName": "reply-guard", "FunctionArn": arn}}, "1", "one\ntwo", False, 3, log_source=None)
            emit({"FunctionName": "register-account"}, "2", "", True, 4)
            with open(path, encoding="utf-8") as file:
                kept = file.read()
        self.assertEqual(kept, "111122223333/reply-guard one\n111122223333/reply-guard two\n")
        self.assertEqual([args[1] for args, _ in passed_on], ["1", "2"])


if __name__ == "__main__":
    unittest.main()
