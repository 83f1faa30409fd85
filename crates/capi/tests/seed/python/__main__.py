"""The Python examples of the introductions to ZeroMQ, written anew and short, each as one process with threads: the same
sockets, the same calls. Runs the one that the argument names, on pyzmq over whatever libzmq is loaded; the first line says
which."""

import os
import sys

import zmq

import requests
import routing
import tasks
import topics
from common import say

say("libzmq %s%s" % (zmq.zmq_version(), ", with drafts" if zmq.has("draft") else ""))
name = sys.argv[1]
(example,) = [vars(family)[name] for family in (requests, topics, tasks, routing) if name in vars(family)]
example()
# What still waits in threads is not waited for.
os._exit(0)
