"""Which process of pytest-xdist gets which tests, at a cost that does not grow with their number.

The `loadgroup` of xdist itself counts, whenever a test ends, all that it ever gave to the process,
and looks for each test's number by going through the list; and it sends every test in a message of
its own. With 17,000 tests that is more than a minute of one core.
"""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

_UNITS_MAX = 16
# One message carries this share of what is left, so that all processes end together.
_SHARE = 1 / 100


class GroupScheduling(LoadGroupScheduling):
    """`loadgroup` that forgets what is done and hands out several tests at once.

    A unit is a test, or all tests of one `xdist_group`. Groups come first, the largest in front,
    and one at a time: a process that is given all of them still has them to do when the others
    have run out of tests.
    """

    _numbers: dict[str, int] | None = None

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Note that a test is done; hand out more if the process has almost nothing left."""
        # Of all processes alike: one that took the place of another may have work before it has
        # said what it collected.
        assert self.collection is not None
        nodeid = self.collection[item_index]
        scope = self._split_scope(nodeid)
        units = self.assigned_work[node]
        units[scope][nodeid] = True
        if all(units[scope].values()):
            del units[scope]
        self._reschedule(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self._numbers is None:  # the same in every process: xdist has compared
            self._numbers = {nodeid: at for at, nodeid in enumerate(self.collection or ())}
        count = max(1, min(_UNITS_MAX, int(len(self.workqueue) * _SHARE)))
        if len(next(iter(self.workqueue.values()))) > 1:
            count = 1
        units = dict(self.workqueue.popitem(last=False) for _ in range(count))
        self.assigned_work[node].update(units)
        node.send_runtest_some(
            [
                self._numbers[nodeid]
                for unit in units.values()
                for nodeid, is_done in unit.items()
                if not is_done
            ]
        )
