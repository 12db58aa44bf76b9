"""A few calls of the Kubernetes Container Runtime Interface (CRI v1), as a kubelet makes them: cri.py SOCKET CALL [ARGUMENT]...

The messages are put together by hand from the field numbers of the public api.proto (k8s.io/cri-api, runtime/v1): no generated code, no crictl.
"""
import sys

import grpc


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def message(*fields):
    """Bytes of a message from (number, value): int, str, bytes or a list of them; a message is bytes."""
    out = b""
    for number, value in fields:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                out += varint(number << 3) + varint(one)
            else:
                one = one.encode() if isinstance(one, str) else one
                out += varint(number << 3 | 2) + varint(len(one)) + one
    return out


def fields(data):
    """{number: last value} of a message; lengths come back as bytes."""
    at, found = 0, {}

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        else:
            size = number()
            found[key >> 3] = data[at:at + size]
            at += size
    return found


NODE, CONTAINER = 2, 1  # NamespaceMode


def sandbox(name):
    namespaces = message((1, NODE), (2, CONTAINER))
    return message((1, message((1, name), (2, name + "-uid"), (3, "default"))), (3, "/tmp/cri-logs"),
                   (8, message((1, "/kubepods"), (2, message((1, namespaces))))))


class Cri:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix://" + socket)

    def call(self, method, request):
        raw = self.channel.unary_unary("/runtime.v1.RuntimeService/" + method)
        return fields(raw(request, timeout=60))

    def version(self):
        return self.call("Version", b"")[2].decode()

    def runp(self, name, handler):
        return self.call("RunPodSandbox", message((1, sandbox(name)), (2, handler)))[1].decode()

    def create(self, pod, pod_name, name, image, memory, *command):
        resources = message((3, 512), (4, int(memory)))
        config = message((1, message((1, name))), (2, message((1, image))), (3, list(command)), (11, name + ".log"), (15, message((1, resources))))
        return self.call("CreateContainer", message((1, pod), (2, config), (3, sandbox(pod_name))))[1].decode()

    def start(self, container):
        self.call("StartContainer", message((1, container)))

    def exec(self, container, *command):
        reply = self.call("ExecSync", message((1, container), (2, list(command)), (3, 20)))
        sys.stdout.write(reply.get(1, b"").decode())
        sys.stderr.write(reply.get(2, b"").decode())
        sys.exit(reply.get(3, 0))

    def update(self, container, memory):
        self.call("UpdateContainerResources", message((1, container), (2, message((4, int(memory))))))

    def status(self, container):
        status = fields(self.call("ContainerStatus", message((1, container)))[1])
        return "%s %d" % (["created", "running", "exited", "unknown"][status.get(3, 0)], status.get(7, 0))

    def stats(self, container):
        stats = fields(self.call("ContainerStats", message((1, container)))[1])
        return "memory %d" % fields(fields(stats[3])[2])[1]

    def stop(self, container, seconds):
        self.call("StopContainer", message((1, container), (2, int(seconds))))

    def rm(self, container):
        self.call("RemoveContainer", message((1, container)))

    def stopp(self, pod):
        self.call("StopPodSandbox", message((1, pod)))

    def rmp(self, pod):
        self.call("RemovePodSandbox", message((1, pod)))


if __name__ == "__main__":
    try:
        answer = getattr(Cri(sys.argv[1]), sys.argv[2])(*sys.argv[3:])
        if answer is not None:
            print(answer)
    except grpc.RpcError as error:
        sys.exit("%s: %s" % (error.code(), error.details()))
