#!/usr/bin/env python3
"""manager.py DIRECTORY [tcp:PORT|udp:PORT|unix]... -- PROGRAM ARGUMENT...: runs the program as a service manager does.

Opens a socket for each word, on loopback, and hands them over (LISTEN_FDS). Listens for what the program says about its
readiness (NOTIFY_SOCKET), and appends it to DIRECTORY/said, one message a line, its lines joined by ` `, the number of the
program replaced by `own`, and by whom: `by own` or `by other`. Ends as the program does.
"""
import os
import select
import socket
import struct
import sys

directory = sys.argv[1]
split = sys.argv.index("--")
kinds, command = sys.argv[2:split], sys.argv[split + 1:]

sockets = []
for number, (kind, _, port) in enumerate(word.partition(":") for word in kinds):
    if kind == "unix":
        passed = socket.socket(socket.AF_UNIX)
        passed.bind(f"{directory}/socket-{number}")
    else:
        passed = socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        passed.bind(("127.0.0.1", int(port)))
    if kind != "udp":
        passed.listen()
    sockets.append(passed)

manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
manager.bind(f"{directory}/notify")

pid = os.fork()
if pid == 0:
    environment = dict(os.environ, NOTIFY_SOCKET=f"{directory}/notify")
    if sockets:
        environment.update(LISTEN_FDS=str(len(sockets)), LISTEN_PID=str(os.getpid()))
    # Above all the numbers that they get in the end first, so that none is overwritten.
    high = [os.dup2(passed.fileno(), 200 + number, inheritable=False) for number, passed in enumerate(sockets)]
    for number, descriptor in enumerate(high):
        os.dup2(descriptor, 3 + number, inheritable=True)
    os.execve(command[0], command, environment)

for passed in sockets:
    passed.close()
exited = os.pidfd_open(pid)
while True:
    ready, _, _ = select.select([manager, exited], [], [])
    if manager in ready:
        message, ancillary, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(12))
        sender = struct.unpack("iii", ancillary[0][2])[0]
        words = message.decode().replace(str(pid), "own").split("\n")
        with open(f"{directory}/said", "a") as said:
            said.write(" ".join(words) + (" by own\n" if sender == pid else " by other\n"))
    elif exited in ready:
        break
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
