"""The worker: newest wins, nothing waits for the next unrelated event, a clean end."""

from __future__ import annotations

import threading
import time

import pytest
import rclpy

from test.nodes.ros import Spinner
from vljepa_ros.nodes.worker import Worker, WorkerStopped


@pytest.fixture
def spinner(namespace):
    spinner = Spinner(
        rclpy.create_node("idle", namespace=namespace, start_parameter_services=False)
    )
    yield spinner
    spinner.stop()


def test_a_result_wakes_an_idle_executor(spinner):
    worker = Worker(spinner.node)
    for _ in range(5):
        done = threading.Event()
        began = time.monotonic()
        worker.submit(lambda: 42).add_done_callback(lambda _, done=done: done.set())
        assert done.wait(5)
        assert time.monotonic() - began < 0.3  # the executor's own timeout is 0.5 s
    worker.stop()


def test_the_newest_offer_wins_and_the_rest_are_counted(spinner):
    seen, gate, entered = [], threading.Event(), threading.Event()

    def handle(item):
        entered.set()
        gate.wait(5)
        seen.append(item)

    worker = Worker(spinner.node, handle)
    worker.offer(0)
    assert entered.wait(5)
    for item in range(1, 10):
        worker.offer(item)
    gate.set()
    finished = threading.Event()
    worker.submit(finished.set)
    assert finished.wait(5)
    worker.submit(lambda: None)
    assert worker.stop() and seen == [0, 9] and worker.dropped == 8


def test_frames_are_seen_between_the_requests_of_a_long_plan(spinner):
    order, gate = [], threading.Event()
    worker = Worker(spinner.node, lambda item: order.append(f"frame {item}"))
    worker.submit(lambda: gate.wait(5))
    last = threading.Event()
    for i in range(4):
        worker.submit(lambda i=i: order.append(f"job {i}"))
    worker.submit(last.set)
    worker.offer("a")
    gate.set()
    assert last.wait(5)
    assert order.index("frame a") < order.index("job 1")
    worker.stop()


def test_an_exception_reaches_whoever_asked_and_the_worker_goes_on(spinner):
    errors, reported = [], threading.Event()

    def fail(item):
        raise ValueError(f"bad {item}")

    def report(error):
        errors.append(str(error))
        reported.set()

    worker = Worker(spinner.node, fail, report)
    future = worker.submit(lambda: 1 / 0)
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(5) and isinstance(future.exception(), ZeroDivisionError)
    worker.offer("frame")
    assert reported.wait(5) and errors == ["bad frame"]
    assert worker.stop()


def test_stopping_refuses_what_waits_and_joins(spinner):
    worker = Worker(spinner.node)
    gate, entered = threading.Event(), threading.Event()
    worker.submit(lambda: (entered.set(), gate.wait(5)))
    assert entered.wait(5)
    waiting = worker.submit(lambda: None)
    gate.set()
    assert worker.stop() and not worker.alive
    late = worker.submit(lambda: None)
    assert isinstance(late.exception(), WorkerStopped)
    assert waiting.done()
