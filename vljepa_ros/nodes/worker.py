"""One worker thread beside the executor: it infers, callbacks never do.

Frames go through a one-slot, newest-wins buffer, so that a slow model sees few frames but never a
stale one. Requests go through a queue, in turn with frames. Whatever the worker finishes is handed
back to the executor's thread through a guard condition: a future finished from another thread does
not wake an idle executor by itself, and was seen 2.5 s late when the camera was silent.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

T = TypeVar("T")


_STOPPED = "the node is shutting down"


class WorkerStopped(RuntimeError):
    """The job was dropped because the node is being shut down or cleaned up."""


class Mailbox:
    """Callables to be run in the executor's thread, posted from any other."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._items: deque[Callable[[], None]] = deque()
        # Its own group: a service callback that awaits what is posted here holds the node's.
        self._guard = node.create_guard_condition(self._drain, ReentrantCallbackGroup())

    def post(self, item: Callable[[], None]) -> None:
        self._items.append(item)
        self._guard.trigger()

    def _drain(self) -> None:
        while self._items:
            item = self._items.popleft()
            try:
                item()
            except Exception as error:  # one bad result must not hold up the others
                self._node.get_logger().error(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        self._items.clear()
        self._node.destroy_guard_condition(self._guard)


class Worker(Generic[T]):
    """``handle`` runs in the worker's thread on the newest item offered.

    Its exceptions go to ``on_error`` in the executor's thread; results are its own to post.
    """

    def __init__(
        self,
        node: Node,
        handle: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self.mailbox = Mailbox(node)
        self.dropped = 0  # offers replaced before they were handled
        self._handle = handle
        self._on_error = on_error
        self._slot: T | None = None
        self._jobs: deque[tuple[Callable[[], Any], Future]] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"{node.get_name()}_worker")
        self._thread.daemon = True  # a model stuck in C code must not keep the process alive
        self._thread.start()

    def offer(self, item: T) -> None:
        """Put the newest item into the slot; one that was still there is dropped."""
        with self._wake:
            self.dropped += self._slot is not None
            self._slot = item
            self._wake.notify()

    def submit(self, job: Callable[[], Any]) -> Future:
        """Run a job in the worker's thread. The future completes in the executor's thread."""
        future: Future = Future()
        with self._wake:
            if self._stopping:
                _refuse(future)
                return future
            self._jobs.append((job, future))
            self._wake.notify()
        return future

    def post(self, item: Callable[[], None]) -> None:
        """Run ``item`` soon in the executor's thread."""
        self.mailbox.post(item)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float = 2.0) -> bool:
        """Drop what waits, let the running job end, join. False when it did not end in time."""
        with self._wake:
            self._stopping = True
            self._slot = None
            jobs = list(self._jobs)
            self._jobs.clear()
            self._wake.notify()
        for _, future in jobs:
            _refuse(future)
        self._thread.join(timeout)
        self.mailbox.close()
        return not self._thread.is_alive()

    def _run(self) -> None:
        job_before = False
        while True:
            with self._wake:
                while not (self._stopping or self._jobs or self._slot is not None):
                    self._wake.wait()
                if self._stopping:
                    return
                # In turn: a plan of many requests must not blind the robot, nor frames starve it.
                frame_first = job_before and self._slot is not None
                job = self._jobs.popleft() if self._jobs and not frame_first else None
                job_before = job is not None
                item = None
                if job is None:
                    item, self._slot = self._slot, None
            if job is not None:
                self._do(*job)
            elif item is not None:
                self._see(item)

    def _do(self, job: Callable[[], Any], future: Future) -> None:
        try:
            result = job()
        except Exception as error:
            failure = error
            self.post(lambda: future.set_exception(failure))
        else:
            self.post(lambda: future.set_result(result))

    def _see(self, item: T) -> None:
        try:
            if self._handle is not None:
                self._handle(item)
        except Exception as error:
            failure = error
            if self._on_error is not None:
                report = self._on_error
                self.post(lambda: report(failure))


def _refuse(future: Future) -> None:
    future.set_exception(WorkerStopped(_STOPPED))
    future.exception()  # rclpy prints what nobody fetched; at shutdown nobody will
