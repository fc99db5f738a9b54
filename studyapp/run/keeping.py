"""What is kept in this process because it is the same for many runs."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Things by name, as many as a `limit`; those asked for longest ago go first. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit, self._things, self._lock = limit, OrderedDict[str, Thing](), Lock()

    def get(self, name: str) -> Thing | None:
        with self._lock:
            if (found := self._things.get(name)) is not None:
                self._things.move_to_end(name)
            return found

    def keep(self, name: str, thing: Thing) -> None:
        with self._lock:
            self._things[name] = thing
            while len(self._things) > self._limit:
                self._things.popitem(last=False)
