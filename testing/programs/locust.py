"""Locust's master and two workers, on gevent's pyzmq: every worker reports, and what they counted arrives."""

import re
import socket
import subprocess
import sys
import tempfile

LOAD = """
from locust import User, constant, task

class Nobody(User):
    wait_time = constant(0.01)

    @task
    def work(self):
        self.environment.events.request.fire(
            request_type="x", name="y", response_time=1, response_length=1, exception=None, context={})
"""

with tempfile.NamedTemporaryFile("w", suffix=".py") as load, socket.socket() as lent:
    load.write(LOAD)
    load.flush()
    # Locust takes no port 0 for its master; the one lent is free again once it is closed.
    lent.bind(("127.0.0.1", 0))
    port = str(lent.getsockname()[1])
    lent.close()
    locust = [sys.executable, "-m", "locust", "-f", load.name]
    master = subprocess.Popen(
        [*locust, "--master", "--headless", "--users", "20", "--spawn-rate", "20", "--run-time", "5s",
         "--expect-workers", "2", "--master-bind-port", port],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    workers = [
        subprocess.Popen([*locust, "--worker", "--master-port", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    said, _ = master.communicate(timeout=120)
    assert master.returncode == 0, said
    assert all(worker.wait(60) == 0 for worker in workers), said
    counted, failed = re.findall(r"Aggregated\s+(\d+)\s+(\d+)\(", said)[-1]
    assert int(counted) > 0 and failed == "0", said
