"""Real nodes in their own threads, and a probe that publishes, calls and waits for events."""

from __future__ import annotations

import threading
import time
import traceback
from collections import defaultdict

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

WAIT_S = 30.0  # waits end as soon as they can; this long only on a starved machine


class Spinner:
    """Spins one node in one thread."""

    def __init__(self, node):
        self.node = node
        self.errors = []
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self):
        while rclpy.ok() and not self._stopping:
            try:
                self._executor.spin_once(timeout_sec=0.5)
            except ExternalShutdownException:
                return
            except Exception as error:
                if self._stopping:
                    return
                self.errors.append(error)
                traceback.print_exc()

    _stopping = False

    def run(self, call):
        """Run ``call`` in the node's own thread and return what it returns."""
        task = self._executor.create_task(call)
        done = threading.Event()
        task.add_done_callback(lambda _: done.set())
        assert done.wait(WAIT_S), "the node did not answer"
        return task.result()

    def stop(self):
        self._stopping = True
        self._executor.shutdown()
        self._thread.join(5)
        self.node.destroy_node()


class Probe:
    """Collects messages; every wait ends as soon as what it waits for has happened."""

    def __init__(self, name="probe"):
        self.node = rclpy.create_node(name)
        self.changed = threading.Condition()
        self.messages = defaultdict(list)
        self._publishers = {}
        self._clients = {}
        self.spinner = Spinner(self.node)

    def listen(self, message_type, topic, qos=10):
        self.node.create_subscription(message_type, topic, lambda m: self._got(topic, m), qos)

    def _got(self, topic, message):
        with self.changed:
            self.messages[topic].append(message)
            self.changed.notify_all()

    def wait(self, condition, what="", timeout=WAIT_S):
        """The first true value of ``condition()``, looked at whenever a message came."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not (value := condition()):
                left = deadline - time.monotonic()
                assert left > 0, f"waited {timeout} s in vain for {what or condition}"
                self.changed.wait(min(left, 0.1))
            return value

    def next(self, topic, accept=lambda message: True, timeout=WAIT_S):
        """The first message from now on that is accepted."""
        start = len(self.messages[topic])
        return self.first(topic, accept, timeout, start)

    def first(self, topic, accept=lambda message: True, timeout=WAIT_S, start=0):
        return self.wait(
            lambda: next((m for m in self.messages[topic][start:] if accept(m)), None),
            f"a message on {topic}",
            timeout,
        )

    def publisher(self, message_type, topic, qos=10, match=True):
        publisher = self._publishers.get(topic)
        if publisher is None:
            publisher = self.node.create_publisher(message_type, topic, qos)
            self._publishers[topic] = publisher
        if match:
            self.wait(lambda: publisher.get_subscription_count() > 0, f"a subscriber of {topic}")
        return publisher

    def call(self, service_type, name, request, timeout=WAIT_S):
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self.node.create_client(service_type, name)
        self.wait(client.service_is_ready, f"service {name}", timeout)
        future = client.call_async(request)
        return self.finish(future, f"an answer of {name}", timeout)

    def ask(self, call, what="a future", timeout=WAIT_S):
        """The result of the future that ``call`` makes in the node's own thread.

        rclpy's action client loses an answer that comes before it has noted its question, which
        happens when another thread than the executor's asks.
        """
        return self.finish(self.spinner.run(call), what, timeout)

    def finish(self, future, what="a future", timeout=WAIT_S):
        def done(_):
            with self.changed:
                self.changed.notify_all()

        future.add_done_callback(done)
        self.wait(lambda: future.done(), what, timeout)
        return future.result()

    def stop(self):
        self.spinner.stop()
