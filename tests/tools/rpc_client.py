#!/usr/bin/python3
"""A client of the starter that shares no line with it: Debian's python3-msgpack writes and reads every message.

Usage: rpc_client.py BUILD STARTER PUMP RELAY ROOTFS STATE [COMMAND...]

Takes one container through its life: launch, both RPC servers, start, COMMAND executed in it, kill. BUILD is the build id that
all programs of one build share. RELAY is executed in the master's place and hands its two sockets over (tests/Probe/Relay.cs).
Prints what came back as one JSON object.
"""
import array
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys

import msgpack

VERSION = 1
FRAME = 32 * 1024

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID = 0x20000, 0x4000000, 0x8000000, 0x20000000
MS_SLAVE = 0x80000
NOSUID, NODEV, NOEXEC = 2, 4, 8
NO_NEW_PRIVILEGES, HAS_CAPABILITIES = 1, 2
SEAL_ALL = 1 | 2 | 4 | 8

# LaunchDescriptor, by bit.
MASTER_EXE, PUMP_EXE, STATE, CONTROL, ATTACH, LOG_DIR, REQUEST, INIT, PLAN, STATE_ROOT = 0, 1, 2, 3, 4, 5, 7, 9, 10, 11


def text(value):
    """A string as the protocol has it: its NUL is part of it."""
    return value + "\0"


def pack(message):
    return msgpack.packb(message, use_bin_type=True)


def unpack(data):
    return msgpack.unpackb(data, raw=False)


def sealed(data):
    """A memory file that nobody can change."""
    fd = os.memfd_create("test", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEAL_ALL)
    return fd


def send(channel, message, descriptors=()):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    channel.sendmsg([pack(message)], rights)


def receive(channel, seconds=20):
    """The next message and its descriptors; None at the end."""
    channel.settimeout(seconds)
    data, control, _, _ = channel.recvmsg(FRAME, socket.CMSG_SPACE(16 * 4))
    descriptors = array.array("i")
    for level, kind, content in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content)
    return (data, list(descriptors))


class Server:
    """One RPC connection. Requests are sent at once and answered in order."""

    def __init__(self, channel):
        self.channel = channel
        self.id = 0
        self.notifications = []

    def send(self, method, *params, descriptors=()):
        self.id += 1
        send(self.channel, [0, self.id, method, list(params)], descriptors)
        return self.id

    def answer(self, wanted):
        while True:
            data, _ = receive(self.channel)
            if not data:
                raise EOFError("the server is gone")
            message = unpack(data)
            if message[0] == 2:
                self.notifications.append(message[1:])
                continue
            kind, number, error, result = message
            assert kind == 1 and number == wanted, message
            if error is not None:
                raise RuntimeError(error)
            return result

    def call(self, method, *params, descriptors=()):
        return self.answer(self.send(method, *params, descriptors=descriptors))


def start_starter(program, stdio):
    """The starter with its launch socket as descriptor 3."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def child():
        os.dup2(theirs.fileno(), 3)

    process = subprocess.Popen([program], stdin=stdio, stdout=stdio, stderr=None, preexec_fn=child, close_fds=False)
    theirs.close()
    return ours, process


def launch(channel, build, mode, identifier, descriptors, namespaces=0, flags=0):
    mask = 0
    for kind in descriptors:
        mask |= 1 << kind
    order = [descriptors[kind] for kind in sorted(descriptors)]
    send(channel, [VERSION, text(build), mode, flags, mask, text(identifier), text(""), 0, text(""), text(""), 4096, namespaces, 0, 0, 0], order)


def process_plan(args, cwd="/", uid=0, gid=0):
    capabilities = 1 << 10
    return pack([
        NO_NEW_PRIVILEGES | HAS_CAPABILITIES, [text(a) for a in args], [text("PATH=/bin")], text(cwd), uid, gid, b"", 0,
        capabilities, capabilities, capabilities, 0, 0, b"", b"", 0, text(""), text(""), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, text(""),
        0, b"", b"", b"", b"", b"", 0])


class Container:
    """A container made by hand, request by request."""

    def __init__(self, build, starter, pump, relay, state, identifier):
        self.build, self.starter, self.state, self.identifier = build, starter, state, identifier
        directory = os.path.join(state, identifier)
        os.makedirs(directory)
        opened = []

        def path(name, flags=os.O_PATH):
            opened.append(os.open(name, flags))
            return opened[-1]

        listeners = []
        for name in ("control.sock", "attach.sock"):
            listeners.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listeners[-1].bind(os.path.join(directory, name))
            listeners[-1].listen()
        request, request_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.request = request
        self.launch, self.process = start_starter(starter, subprocess.DEVNULL)
        launch(self.launch, build, 1, identifier, {
            MASTER_EXE: path(relay), PUMP_EXE: path(pump), STATE: path(directory, os.O_RDONLY), CONTROL: listeners[0].fileno(),
            ATTACH: listeners[1].fileno(), LOG_DIR: path(directory), REQUEST: request_end.fileno(), STATE_ROOT: path(state, os.O_RDONLY)})
        request_end.close()
        for fd in opened:
            os.close(fd)
        for listener in listeners:
            listener.close()
        data, sockets = receive(request)
        if data != b"sockets":
            raise RuntimeError(unpack(receive(self.launch)[0]))
        self.host, self.stage = (Server(socket.socket(fileno=fd)) for fd in sockets)

    def create(self, rootfs, args):
        """Everything up to "created". The set-up is sent as one burst: requests need no answer to go on."""
        host, stage = self.host, self.stage
        hello = host.call("Hello", VERSION, text(self.build))
        members = b'"ociVersion":"1.0.2","id":"' + self.identifier.encode() + b'"'
        state = sealed(members)
        host.call("SaveState", len(members), 0, descriptors=[state])
        source = host.call("CloneSource", 0, 0, text(rootfs), b"", b"")
        spawn = host.send("Spawn", CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID, 0, b"", b"", 0, 0, 0, 0, 0)
        plan = sealed(process_plan(args))
        wanted = [
            stage.send("Hello", VERSION, text(self.build)),
            stage.send("AttachRoot", 0, MS_SLAVE, 0),
            stage.send("MountFilesystem", text("proc"), text("proc"), text("/proc"), 1, NOSUID | NODEV | NOEXEC, 0, 0, []),
            stage.send("MountFilesystem", text("tmpfs"), text("tmpfs"), text("/dev"), 0, NOSUID, 0, 0, [text("mode=755"), text("size=64k")]),
            stage.send("CreateDevice", text("/dev/null"), 0o020666, 1, 3, 0, 0, 0),
            stage.send("CreateSymlink", text("/proc/self/fd"), text("/dev/fd"), False),
            stage.send("SetHostname", text("by-hand")),
            stage.send("EnterRoot", 0, False),
            stage.send("MaskPath", text("/proc/timer_list")),
            stage.send("ReadonlyPath", text("/proc/sys")),
            stage.send("PrepareProcess", descriptors=[plan]),
            stage.send("Finish"),
        ]
        pid = host.answer(spawn)[0]
        for number in wanted:
            stage.answer(number)
        host.call("Created")
        os.close(state)
        os.close(plan)
        return {"hello": hello, "sourceKind": oct(source[0]), "pid": pid}

    def execute(self, pid, args):
        """One more process in the container; what it wrote and its exit code."""
        channel, process = start_starter(self.starter, subprocess.PIPE)
        init, plan = os.pidfd_open(pid), sealed(process_plan(args))
        launch(channel, self.build, 2, self.identifier, {INIT: init, PLAN: plan}, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID)
        send(channel, [0, 0])
        os.close(init)
        os.close(plan)
        first = unpack(receive(channel)[0])
        last = unpack(receive(channel)[0]) if first[0] == 0 else first
        channel.close()
        output = process.communicate()[0].decode()
        return {"started": first[0], "kind": last[0], "exitCode": last[2], "error": last[3], "output": output}

    def await_end(self):
        """Waits until the supervisor has ended; what it told meanwhile, its exit code, and the state it left."""
        told = list(self.host.notifications)
        try:
            while True:
                data, _ = receive(self.host.channel)
                if not data:
                    break
                told.append(unpack(data)[1:])
        except ConnectionResetError:
            pass
        self.request.close()
        code = self.process.wait(30)
        with open(os.path.join(self.state, self.identifier, "state.json"), encoding="utf-8") as file:
            return {"told": told, "supervisor": code, "state": json.load(file)}


def main():
    build, starter, pump, relay, rootfs, state = sys.argv[1:7]
    command = sys.argv[7:] or ["id"]
    container = Container(build, starter, pump, relay, state, "by-hand")
    result = {"create": container.create(rootfs, ["sleep", "1000"])}
    host = container.host
    result["created"] = host.call("Status")
    host.call("Start", 0)
    result["running"] = host.call("Status")
    result["exec"] = container.execute(result["create"]["pid"], command)
    result["missing"] = container.execute(result["create"]["pid"], ["/no/such/program"])
    try:
        host.call("Resize", 1, "wrong type")
        result["malformed"] = None
    except RuntimeError as error:
        result["malformed"] = error.args[0]
    host.call("Kill", 9, False)
    result["end"] = container.await_end()
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
