using System.Text;
using System.Text.Json;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Rpc;

/// <summary>Large values in sealed memory files, the arena, texts of errors, the trace.</summary>
public class ValueTests
{
    [Fact]
    public void A_sealed_file_has_its_bytes_and_nobody_can_change_them()
    {
        byte[] bytes = new byte[100_000];
        Random.Shared.NextBytes(bytes);
        using var file = SealedMemfd.Create("name", bytes);
        Assert.Equal(bytes, File.ReadAllBytes($"/proc/self/fd/{file.Value}"));
        Assert.Equal(SealedMemfd.Seals, Libc.fcntl(file.Value, fcntl_h.F_GET_SEALS, 0) & SealedMemfd.Seals);
        Assert.ThrowsAny<Exception>(() => File.WriteAllBytes($"/proc/self/fd/{file.Value}", [1]));
        Assert.ThrowsAny<Exception>(() => File.AppendAllBytes($"/proc/self/fd/{file.Value}", [1]));
        Assert.Equal(bytes, File.ReadAllBytes($"/proc/self/fd/{file.Value}"));
    }

    [Fact]
    public void A_process_plan_is_read_as_it_was_described()
    {
        var description = new ProcessDescription
        {
            Flags = ProcessFlags.NoNewPrivileges | ProcessFlags.HasUmask,
            Args = ["sh", "-c", "echo '日本' \"$1\"", ""],
            Env = ["PATH=/bin", "EMPTY="],
            Cwd = "/work dir",
            Uid = 1000,
            Gid = uint.MaxValue - 1,
            Groups = [5, 6, 4000000000],
            Umask = 0x12,
            Bounding = 0x1ffffffffff,
            Ambient = 1,
            Rlimits = [new ResourceLimit(7, 1024, ulong.MaxValue)],
            Seccomp = [1, 2, 3, 4, 5, 6, 7, 8],
            SchedulerNice = -20,
            OomScoreAdj = -1000,
        };
        using var file = ProcessPlanWriter.Write(description);
        var values = Messages.Decode(typeof(ProcessPlan), File.ReadAllBytes($"/proc/self/fd/{file.Value}"), out var status);
        Assert.Equal(Shared.Wire.WireStatus.Ok, status);
        Assert.Equal((uint)description.Flags, values[0]);
        Assert.Equal(description.Args, values[1]);
        Assert.Equal(description.Env, values[2]);
        Assert.Equal(("/work dir", 1000u, uint.MaxValue - 1), (values[3], values[4], values[5]));
        Assert.Equal(description.Groups, (uint[])values[6]!);
        Assert.Equal(new uint[] { 7, 1024, 0, uint.MaxValue, uint.MaxValue }, values[13]);
        Assert.Equal((-20, -1000), (values[21], values[27]));
    }

    [Fact]
    public void A_plan_may_be_as_large_as_execve_allows_and_no_larger()
    {
        string argument = new('x', Limits.ExecString);
        using (ProcessPlanWriter.Write(new ProcessDescription { Args = [.. Enumerable.Repeat(argument, 40)] }))
        {
        }

        var tooLong = Assert.Throws<MessageException>(() => ProcessPlanWriter.Write(new ProcessDescription { Args = [argument + "x"] }, "config.json process.args"));
        Assert.StartsWith("config.json process.args: ", tooLong.Message, StringComparison.Ordinal);
        Assert.Throws<MessageException>(() => ProcessPlanWriter.Write(new ProcessDescription { Env = [.. Enumerable.Repeat(argument, 70)] }));
        Assert.Throws<MessageException>(() => ProcessPlanWriter.Write(new ProcessDescription { Args = ["a\0b"] }));
    }

    [Fact]
    public void The_arena_keeps_texts_apart_and_starts_again()
    {
        using var arena = new MessageArena();
        for (int round = 0; round < 3; round++)
        {
            var texts = Enumerable.Range(0, 500).Select(i => arena.Text(new string((char)('a' + (i % 26)), i * 7))).ToArray();
            for (int i = 0; i < texts.Length; i++)
            {
                Assert.Equal(new string((char)('a' + (i % 26)), i * 7), texts[i].Decode());
            }

            arena.Reset();
        }

        Assert.Throws<MessageException>(() => arena.Text("half \ud800 pair"));
        Assert.Equal(200_000, arena.Text(new string('x', 200_000)).Length);
        Assert.True(arena.Text(null).IsEmpty);
    }

    [Theory]
    [InlineData("open", "/a", 2, "", "open /a: No such file or directory (ENOENT)")]
    [InlineData("", "/a", 13, "why", "/a: Permission denied (EACCES): why")]
    [InlineData("policy", "", 0, "not allowed", "policy: not allowed")]
    [InlineData("fork", "", 11, "", "fork: Resource temporarily unavailable (EAGAIN)")]
    public void An_error_is_one_line(string operation, string path, int errno, string detail, string line) =>
        Assert.Equal(line, ErrnoText.Line(operation, path, errno, detail));

    [Fact]
    public void Unknown_numbers_are_shown_as_numbers() => Assert.EndsWith("(4095)", ErrnoText.Describe(4095), StringComparison.Ordinal);

    [Fact]
    public void The_trace_has_every_request_beside_those_it_overlaps()
    {
        var (ours, theirs) = FdChannel.Pair();
        using var client = new ContainerClient(ours);
        using var server = new FakeServer(new FdChannel(theirs));
        var trace = new RpcTrace();
        client.Connection.Trace = trace;
        using (trace.Phase("mounts"))
        {
            client.SetHostname("a", "config.json hostname");
            client.MaskPath("/b");
            server.Succeed(server.Next().Id);
            server.Fail(server.Next().Id, StageId.Container, "openat2", "/b", Errno.EPERM);
            Assert.Throws<RpcException>(client.Drain);
        }

        client.SetHostname("c");
        server.Succeed(server.Next().Id);
        client.Drain();

        using var json = JsonDocument.Parse(trace.ToJson());
        var events = json.RootElement.GetProperty("traceEvents").EnumerateArray().ToArray();
        var requests = events.Where(e => e.GetProperty("ph").GetString() == "X").ToArray();
        Assert.Equal(["SetHostname", "MaskPath", "mounts", "SetHostname"], requests.Select(e => e.GetProperty("name").GetString()));
        Assert.Equal([1, 2, 1, 1], requests.Select(e => e.GetProperty("tid").GetInt32()));
        Assert.Equal("config.json hostname", requests[0].GetProperty("args").GetProperty("item").GetString());
        Assert.Contains("EPERM", requests[1].GetProperty("args").GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.All(requests, e => Assert.True(e.GetProperty("dur").GetDouble() >= 0));
        Assert.Equal(
            ["container stage", "phases"],
            events.Where(e => e.GetProperty("ph").GetString() == "M").Select(e => e.GetProperty("args").GetProperty("name").GetString()));
    }

    [Fact]
    public void The_supervisors_answers_have_their_values()
    {
        var (ours, theirs) = FdChannel.Pair();
        using var client = new SupervisorClient(ours);
        using var server = new FakeServer(new FdChannel(theirs));
        using var source = SealedMemfd.Create("source", "x"u8);
        var told = new List<ContainerStatus>();
        client.StateChanged += told.Add;

        var kind = client.CloneSource(3, SourceFlags.Recursive, "/data", source);
        var request = server.Next();
        var clone = FakeServer.Params<CloneSource>(request);
        Assert.Equal((3u, (uint)(SourceFlags.Recursive | SourceFlags.FromDescriptor)), (clone.Slot, clone.Flags));
        Assert.Equal("/memfd:source (deleted)", new FileInfo($"/proc/self/fd/{Assert.Single(request.Descriptors).Value}").LinkTarget);
        server.NotifyState("creating", 0, -1);
        server.Succeed(request.Id, new SourceKind { Mode = 0x4000 });
        Assert.Equal(0x4000u, kind.Result);
        Assert.Equal([new ContainerStatus("creating", 0, -1, false)], told);

        var spawned = client.Spawn(new SpawnRequest { UidMap = [0, 1000, 1] });
        server.Succeed(server.Next().Id, new Spawned { Pid = 4711 });
        Assert.Equal(4711, spawned.Result);

        var status = client.Status();
        server.SucceedWithStatus(server.Next().Id, "running", 4711);
        Assert.Equal(new ContainerStatus("running", 4711, -1, false), status.Result);
    }

    [Fact]
    public void State_and_device_programs_travel_as_files()
    {
        var (ours, theirs) = FdChannel.Pair();
        using var client = new SupervisorClient(ours);
        using var server = new FakeServer(new FdChannel(theirs));
        client.SaveState("\"id\":\"box\""u8, "\"engine\":{}"u8);
        var request = server.Next();
        Assert.Equal((10u, 11u), (FakeServer.Params<SaveState>(request).OciLength, FakeServer.Params<SaveState>(request).OwnLength));
        Assert.Equal("\"id\":\"box\"\"engine\":{}", File.ReadAllText($"/proc/self/fd/{request.Descriptors[0].Value}"));

        client.SetCgroupDevices(2, new byte[16]);
        request = server.Next();
        Assert.Equal(16u, FakeServer.Params<SetCgroupDevices>(request).Length);
        Assert.Equal(16, File.ReadAllBytes($"/proc/self/fd/{request.Descriptors[0].Value}").Length);
        Assert.Throws<MessageException>(() => client.SetCgroupDevices(2, new byte[Limits.DeviceProgramBytes + 1]));

        var state = client.ReadState();
        using var file = SealedMemfd.Create("state.json", "{}"u8);
        server.SucceedWithDescriptor(server.Next().Id, file);
        using var received = state.Result;
        Assert.Equal("{}", File.ReadAllText($"/proc/self/fd/{received.Value}", Encoding.UTF8));

        var without = client.ReadState();
        server.Succeed(server.Next().Id);
        Assert.Throws<MessageException>(without.Wait);
    }
}
