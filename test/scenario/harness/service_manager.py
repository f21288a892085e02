"""As much of systemd as a service sees: opens sockets, starts the service, and says what it hears.

  service_manager.py NOTIFY_SOCKET WATCHDOG_USEC SOCKET... -- COMMAND...

A SOCKET is tcp:ADDRESS:PORT, udp:ADDRESS:PORT or unix:PATH. Each notification is a line of stdout.
SIGUSR1 stops the service and starts it again; SIGTERM stops it for good. The sockets stay open.
"""

import os
import selectors
import signal
import socket
import sys

FIRST_FD = 3


def opened(name):
    kind, _, where = name.partition(":")
    if kind == "unix":
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.bind(where)
        made.listen()
        return made
    address, _, port = where.rpartition(":")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == "tcp"))
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind((address, int(port)))
    if kind == "tcp":
        made.listen()
    return made


def start(sockets, watchdog, notify, command):
    pid = os.fork()
    if pid != 0:
        return pid
    # Above where they go, so that none is written over by another.
    copies = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(sockets)]
    for i, fd in enumerate(copies):
        os.dup2(fd, FIRST_FD + i)
        os.close(fd)
    environment = dict(
        os.environ,
        NOTIFY_SOCKET=notify,
        WATCHDOG_USEC=watchdog,
        WATCHDOG_PID=str(os.getpid()),
        LISTEN_PID=str(os.getpid()),
        LISTEN_FDS=str(len(sockets)),
    )
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execvpe(command[0], command, environment)


def main():
    notify, watchdog = sys.argv[1:3]
    end = sys.argv.index("--")
    sockets = [opened(name) for name in sys.argv[3:end]]
    command = sys.argv[end + 1 :]
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind("\0" + notify[1:] if notify.startswith("@") else notify)

    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    ready = selectors.DefaultSelector()
    ready.register(heard, selectors.EVENT_READ)
    ready.register(wake, selectors.EVENT_READ)

    pid, again = start(sockets, watchdog, notify, command), False
    while True:
        for key, _ in ready.select():
            if key.fileobj is heard:
                print("notified", heard.recv(4096).decode().replace("\n", " "), flush=True)
                continue
            for number in wake.recv(64):
                if number in (signal.SIGUSR1, signal.SIGTERM):
                    again = number == signal.SIGUSR1
                    os.kill(pid, signal.SIGTERM)
            gone, status = os.waitpid(-1, os.WNOHANG)
            if gone != pid:
                continue
            print("ended with", os.waitstatus_to_exitcode(status), flush=True)
            if not again:
                return os.waitstatus_to_exitcode(status)
            pid, again = start(sockets, watchdog, notify, command), False


sys.exit(main())
