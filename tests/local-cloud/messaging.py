"""EventBridge rules, queues, and the functions that read them: the parts that play them, and their routes of the admin
API.
"""

import event_source_batch
import event_source_mapping
import event_source_poller
import event_source_resource
import events_rules
import events_targets
import sqs_queues

_PARTS = (sqs_queues, events_rules, events_targets, event_source_poller, event_source_mapping, event_source_resource)

# Routes of the admin API that read.
READS = {"batches": event_source_batch.batches}


def reset() -> None:
    """Forget what is kept outside of the emulator's stores."""
    event_source_batch.reset()


def install() -> None:
    """Put every part in its place."""
    for part in _PARTS:
        part.install()
