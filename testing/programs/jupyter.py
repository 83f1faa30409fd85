"""A Jupyter kernel in a process of its own: started, asked, interrupted, restarted, ended."""

import threading

from jupyter_client.manager import start_new_kernel

SECONDS = 60  # it only has to end
printed = []


def take(message):
    if message["msg_type"] == "stream":
        printed.append(message["content"]["text"])


def run(client, cell):
    printed.clear()
    content = client.execute_interactive(cell, output_hook=take, timeout=SECONDS)["content"]
    return content["status"], "".join(printed), content.get("ename")


manager, client = start_new_kernel(kernel_name="python3", startup_timeout=SECONDS)
for number in range(50):
    assert run(client, f"print({number} ** 2)") == ("ok", f"{number ** 2}\n", None)
assert run(client, "print('x' * 5_000_000)") == ("ok", "x" * 5_000_000 + "\n", None)

# The cell tells that it runs by what it prints; only then it is interrupted.
waits = "import threading\nprint('waiting', flush=True)\nthreading.Event().wait()"
began = threading.Event()
interrupt = threading.Thread(target=lambda: (began.wait(SECONDS), manager.interrupt_kernel()))
interrupt.start()


def take_and_tell(message):
    take(message)
    if "waiting" in "".join(printed):
        began.set()


printed.clear()
reply = client.execute_interactive(waits, output_hook=take_and_tell, timeout=SECONDS)["content"]
interrupt.join()
assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt"), reply

manager.restart_kernel()
client.wait_for_ready(timeout=SECONDS)
assert run(client, "print('again')") == ("ok", "again\n", None)
client.stop_channels()
manager.shutdown_kernel()
