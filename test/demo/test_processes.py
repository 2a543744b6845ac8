"""No process outlives the demo, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vljepa_ros.demo.domain import claim_domain
from vljepa_ros.demo.processes import NodeDied, Processes

PARENT = """
import sys, time
from pathlib import Path
from vljepa_ros.demo.processes import Processes
processes = Processes(Path(sys.argv[1]), __import__("os").environ)
processes.start("sleeper", [sys.executable, "-S", "-c", "import time; time.sleep(600)"])
print(processes._children["sleeper"].pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path):
    processes = Processes(tmp_path / "logs", os.environ)
    yield processes
    processes.stop(0.0)


def python(code):
    return [sys.executable, "-u", "-c", code]


def gone(pid):
    """Ended; as a zombie it only waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def death_of(processes):
    def died():
        try:
            processes.check()
        except NodeDied as error:
            found.append(error)
        return found

    found = []
    wait_for(died)
    return found[0]


def test_a_node_that_ends_is_reported_with_its_last_words(processes):
    processes.start("camera", python("print('one\\n\\ntwo'); raise SystemExit('no lens')"))
    death = death_of(processes)
    assert str(death) == "camera ended with status 1"
    assert death.tail == ("one", "two", "no lens")


def test_a_node_that_is_killed_is_reported_with_the_signal(processes):
    processes.start("camera", python("import os; os.kill(os.getpid(), 9)"))
    assert str(death_of(processes)) == "camera was killed by SIGKILL"


def test_stop_ends_also_what_does_not_listen(processes):
    deaf = "import signal, time; signal.signal(15, lambda *_: print('no')); print('up')\n"
    processes.start("deaf", python(deaf + "while True: time.sleep(600)"))
    processes.start("good", python("import time; print('up'); time.sleep(600)"))
    wait_for(lambda: processes.tail("deaf") and processes.tail("good"))
    children = list(processes._children.values())
    assert all(os.getpgid(child.pid) == child.pid for child in children)
    began = time.monotonic()
    processes.stop(0.5)
    assert time.monotonic() - began < 5
    deaf, good = (child.returncode for child in children)
    assert (deaf, good) == (-signal.SIGKILL, -signal.SIGTERM)


def test_nodes_die_with_a_demo_that_is_killed(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
    wait_for(lambda: gone(child))


def test_domains_are_not_shared():
    (one, first), (two, second) = claim_domain(), claim_domain()
    assert one != two and {one, two} <= set(range(1, 101))
    first.close()
    second.close()
