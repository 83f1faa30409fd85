"""A cluster of four engines behind ipyparallel's hub and schedulers: every engine works, nothing is lost."""

import sys

sys.path.pop(0)  # this file has the name of what it imports
import ipyparallel

with ipyparallel.Cluster(n=4, log_level=40) as cluster:
    everyone = cluster[:]
    assert everyone.map_sync(lambda n: n * n, range(100)) == [n * n for n in range(100)]
    balanced = cluster.load_balanced_view()
    assert sorted(balanced.map_sync(lambda n: n + 1, range(300))) == list(range(1, 301))
    everyone.push({"large": bytes(10_000_000)})
    assert [len(large) for large in everyone.pull("large", block=True)] == [10_000_000] * 4
    assert len(set(everyone.apply_async(lambda: __import__("os").getpid()).get())) == 4
