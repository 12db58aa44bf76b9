using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>config-linux.md, Seccomp: SCMP_ACT_NOTIFY with a listener that gets the descriptor and the container process state.</summary>
public sealed class SeccompNotifyTests : ConfigTest
{
    // A listener that answers every mkdir with ENOTUNIQ (76), which no file system would, and lets anything else go on.
    private const string Agent = """
        import array, fcntl, json, select, socket, struct, sys, threading
        MKDIR = 83
        def answer(fd):
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            while True:
                if poll.poll()[0][1] & select.POLLHUP:
                    return
                request = bytearray(80)
                try:
                    fcntl.ioctl(fd, 0xC0502100, request)
                    mkdir = struct.unpack_from("<i", request, 16)[0] == MKDIR
                    reply = struct.pack("<QqiI", struct.unpack_from("<Q", request)[0], 0, -76 if mkdir else 0, 0 if mkdir else 1)
                    fcntl.ioctl(fd, 0xC0182101, bytearray(reply))
                except OSError:
                    pass
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(sys.argv[1])
        server.listen(8)
        print("ready", flush=True)
        while True:
            peer, _ = server.accept()
            text, ancillary, _, _ = peer.recvmsg(65536, socket.CMSG_SPACE(64))
            if not text:
                continue
            fds = array.array("i")
            for _, _, data in ancillary:
                fds.frombytes(data)
            state = json.loads(text)
            state["descriptors"] = len(fds)
            threading.Thread(target=answer, args=(fds[0],), daemon=True).start()
            # One state a connection, which the sender closes.
            state["more"] = 0
            while rest := peer.recv(4096):
                state["more"] += len(rest)
            print(json.dumps(state), flush=True)
            peer.close()
        """;

    private const string Mkdir = "83";

    private string Socket => Path.Combine(Directory, "agent.sock");

    private RunningCommand Listen()
    {
        var script = Path.Combine(Directory, "agent.py");
        File.WriteAllText(script, Agent);
        var agent = Owned(new Command("/usr/bin/python3", script, Socket).Start());
        agent.WaitForOutput("ready");
        return agent;
    }

    private Bundle Notifying(string names, bool noNewPrivileges = true, string metadata = "", string flags = "[]")
    {
        var bundle = NewBundle().Edit(c => c["linux"]!["seccomp"] = JsonNode.Parse(
            $$"""{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"{{Socket}}","listenerMetadata":"{{metadata}}","flags":{{flags}},"syscalls":[{"names":[{{names}}],"action":"SCMP_ACT_NOTIFY"}]}"""));
        bundle.Process["noNewPrivileges"] = noNewPrivileges;
        return bundle;
    }

    private static JsonNode State(RunningCommand agent, int which)
    {
        Eventually.True(() => agent.Output.Split('\n').Count(l => l.StartsWith('{')) > which, () => agent.Output);
        return JsonNode.Parse(agent.Output.Split('\n').Where(l => l.StartsWith('{')).ElementAt(which))!;
    }

    [RootFact(Needs.Probe)]
    public void The_listener_gets_the_state_and_answers()
    {
        var agent = Listen();
        foreach (var noNewPrivileges in new[] { true, false })
        {
            var bundle = Notifying("\"mkdir\"", noNewPrivileges, "für \\\"dich\\\"", """["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV","SECCOMP_FILTER_FLAG_TSYNC"]""")
                .Probe("syscall", Mkdir, "0", "fds").WithAnnotation("a", "b");
            var lines = Lines(bundle);
            Assert.Equal("syscall ENOTUNIQ", lines[0]);
            Assert.DoesNotContain(lines, l => l.Contains("seccomp notify", StringComparison.Ordinal) || l.Contains("socket", StringComparison.Ordinal));
            var state = State(agent, noNewPrivileges ? 0 : 1);
            Assert.Equal((1, 0), ((int)state["descriptors"]!, (int)state["more"]!));
            Assert.Equal("seccompFd", (string?)Assert.Single(state["fds"]!.AsArray()));
            Assert.Equal("für \"dich\"", (string?)state["metadata"]);
            Assert.NotNull((string?)state["ociVersion"]);
            Assert.True((int)state["pid"]! > 1);
            Assert.Equal((int)state["pid"]!, (int)state["state"]!["pid"]!);
            Assert.Equal(bundle.Path, (string?)state["state"]!["bundle"]);
            Assert.Equal("b", (string?)state["state"]!["annotations"]!["a"]);
        }
    }

    [RootFact(Needs.Probe)]
    public void No_call_of_ours_can_be_held_before_the_listener_is_there()
    {
        var agent = Listen();
        // All that the engine itself does between filter and payload, and writing and sending, which handing the descriptor over could take.
        var lines = Lines(Notifying("\"write\",\"sendmsg\",\"execve\",\"close\",\"prctl\",\"capset\",\"capget\",\"futex\",\"clone\",\"clone3\",\"exit\"", false).Probe("say", "here"));
        Assert.Equal(["say here"], lines);
        Assert.Equal(1, (int)State(agent, 0)["descriptors"]!);
    }

    [RootFact(Needs.Probe)]
    public void A_further_process_has_a_listener_of_its_own()
    {
        var agent = Listen();
        var id = Create(Notifying("\"mkdir\"").Probe("forever"));
        Cli.OciOk("start", id);
        var init = State(agent, 0);
        Assert.Equal("syscall ENOTUNIQ", Cli.OciOk("exec", id, "/probe", "syscall", Mkdir, "0").Trimmed);
        var further = State(agent, 1);
        Assert.Equal((int)init["pid"]!, (int)further["state"]!["pid"]!);
        Assert.NotEqual((int)init["pid"]!, (int)further["pid"]!);
        Assert.Equal(("running", id), ((string?)further["state"]!["status"], (string?)further["state"]!["id"]));
    }

    [RootFact]
    public void Nobody_who_listens_is_named_at_create()
    {
        Refused(Notifying("\"mkdir\""), "linux.seccomp.listenerPath", Socket, "ENOENT");
        Refused(NewBundle().Edit(c => c["linux"]!["seccomp"] = JsonNode.Parse(
            """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_NOTIFY"}]}""")), "linux.seccomp.listenerPath", "required");
    }
}
