using System.Text.Json;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>The supervisor's own promises, asked for by a master that does what it likes.</summary>
public sealed class SupervisorTests : EngineTest
{
    public static TheoryData<Step> EveryStep => [.. Enum.GetValues<Step>().Where(s => s < Step.Created)];

    [RootTheory(Needs.Probe)]
    [MemberData(nameof(EveryStep))]
    public void A_cli_that_goes_away_before_created_leaves_nothing(Step step)
    {
        using var container = Begin(step);
        container.Launch.Channel.Dispose();
        AssertUndone(container);
    }

    [RootTheory(Needs.Probe)]
    [MemberData(nameof(EveryStep))]
    public void A_master_that_dies_before_created_leaves_nothing_and_the_cli_is_told(Step step)
    {
        using var container = Begin(step);
        container.KillMaster();
        var result = container.Launch.Result();
        Assert.Equal((1u, "master"), (result.Kind, result.Operation));
        Assert.Contains("signal 9", result.Detail, StringComparison.Ordinal);
        Assert.False(System.IO.Directory.Exists(container.StateDirectory), "told before it was undone");
        AssertUndone(container);
    }

    [RootTheory(Needs.Probe)]
    [MemberData(nameof(EveryStep))]
    public void Abort_is_answered_when_nothing_is_left(Step step)
    {
        using var container = Begin(step);
        container.Host.Abort().Wait();
        Assert.False(System.IO.Directory.Exists(container.StateDirectory));
        Assert.Empty(container.Cgroups);
        Assert.True(container.Payload == 0 || !ProcFs.Lives(container.Payload));
        container.KillMaster();
        AssertUndone(container);
    }

    [RootFact(Needs.Probe)]
    public void A_stage_that_dies_is_the_answer_to_created()
    {
        using var container = Begin(Step.Rooted);
        Native.Check(Native.kill(container.Payload, signal_h.SIGKILL), "kill the stage");
        var failure = Assert.Throws<RpcException>(() => container.Host.Created().Wait());
        Assert.Equal("container stage", failure.Operation);
        container.Host.Abort().Wait();
    }

    [RootFact(Needs.Probe)]
    public void State_and_pid_file_follow_the_life_of_the_container()
    {
        using var container = Begin(Step.Created, "/bin/sh", "-c", "echo out; exit 3");
        Assert.Equal("created", container.Status);
        Assert.Equal(container.Payload, container.State.GetProperty("pid").GetInt32());
        Assert.Equal(container.Launch.Process.Pid, container.State.GetProperty("supervisor").GetProperty("pid").GetInt32());
        Assert.Equal(StartTime(container.Payload), container.State.GetProperty("startTime").GetInt64());
        Assert.True(container.State.GetProperty("engine").GetProperty("own").GetBoolean());
        Assert.Equal(container.Payload.ToString(System.Globalization.CultureInfo.InvariantCulture), File.ReadAllText(container.PidFile));

        var told = new List<ContainerStatus>();
        container.Host.StateChanged += told.Add;
        container.Host.Start().Wait();
        Eventually.True(() => Seen(container, told, "stopped"), "the end is told");
        Assert.Equal(["running", "stopped"], told.Select(s => s.Status));
        Assert.Equal(3, told[^1].ExitCode);

        // "Stopped" is said when everything is gone.
        Assert.Equal(
            new[] { "config.json", container.Id + ".log", "state.json" }.Order(StringComparer.Ordinal),
            System.IO.Directory.GetFiles(container.StateDirectory).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(container.PidFile));
        Assert.Empty(container.Cgroups);
        Assert.Equal(("stopped", 3, "exited with code 3"),
            (container.Status, container.State.GetProperty("exitCode").GetInt32(), container.State.GetProperty("exitDesc").GetString()));
        Assert.EndsWith(" stdout out\n", container.Log, StringComparison.Ordinal);
        container.KillMaster();
        Assert.Equal(0, container.AwaitEnd());
    }

    [RootFact(Needs.Probe)]
    public void A_start_that_fails_is_answered_with_the_reason_when_the_container_is_stopped()
    {
        using var container = Begin(Step.Sources);
        var bad = Path.Combine(Directory, "rootfs", "bin", "bad");
        File.WriteAllText(bad, "\u007fno program");
        File.SetUnixFileMode(bad, (UnixFileMode)0b111_101_101);
        container.Resume(Step.Sources, "/bin/bad");
        var failure = Assert.Throws<RpcException>(() => container.Host.Start().Wait());
        Assert.Equal((StageId.Payload, "execve", Errno.ENOEXEC), (failure.Stage, failure.Operation, failure.Errno));
        Assert.Equal(("stopped", 126), (container.Status, container.State.GetProperty("exitCode").GetInt32()));
        Assert.Contains("ENOEXEC", container.State.GetProperty("exitDesc").GetString(), StringComparison.Ordinal);
    }

    [RootFact(Needs.Probe)]
    public void Poststart_hooks_run_however_short_the_payload_lives_and_stopped_comes_after_them()
    {
        using var container = Begin(Step.Created, "/bin/true");
        var mark = Path.Combine(Directory, "hooked");
        var told = new List<ContainerStatus>();
        container.Host.StateChanged += told.Add;
        var start = container.Host.Start(2);
        var first = container.Host.RunHook(Shell("sleep 0.2"));
        var second = container.Host.RunHook(Shell($"cat >{mark}"));
        var toldBefore = 0;
        second.OnCompleted(_ => toldBefore = told.Count);
        start.Wait();
        first.Wait();
        second.Wait();
        Eventually.True(() => Seen(container, told, "stopped"), "the end is told");
        Assert.Contains(container.Id, File.ReadAllText(mark), StringComparison.Ordinal);
        Assert.Equal(["running", "stopped"], told.Select(s => s.Status));
        Assert.Equal(1, toldBefore);
    }

    // A master that was not given the processor between its two requests.
    [RootFact(Needs.Probe)]
    public void Poststart_hooks_that_Start_has_announced_are_waited_for()
    {
        using var container = Begin(Step.Created, "/bin/true");
        var pid = container.Host.Status().Wait().Pid;
        container.Host.Start(2).Wait();
        Eventually.True(() => !ProcFs.Lives(pid) && container.PumpPid == 0 && !container.Cgroups.Any(), "all but the hooks is done");
        foreach (var mark in new[] { "first", "second" })
        {
            Assert.Equal("running", container.Status);
            container.Host.RunHook(Shell($"cat >{Path.Combine(Directory, mark)}")).Wait();
            Assert.Contains(container.Id, File.ReadAllText(Path.Combine(Directory, mark)), StringComparison.Ordinal);
        }
        Eventually.True(() => container.Status == "stopped", "stopped behind the last of them");
    }

    [RootFact(Needs.Probe)]
    public void Announced_hooks_that_nobody_asks_for_hold_nothing_up_for_ever()
    {
        using var container = Begin(Step.Created, "/bin/true");
        container.Host.Start(int.MaxValue).Wait();
        Eventually.True(() => container.Status == "stopped", "the end of the patience", seconds: 60);
        container.KillMaster();
        Assert.Equal(0, container.AwaitEnd());
    }

    [RootFact(Needs.Probe)]
    public void Poststart_hooks_do_not_run_when_the_start_fails()
    {
        using var container = Begin(Step.Sources);
        var bad = Path.Combine(Directory, "rootfs", "bin", "bad");
        File.WriteAllText(bad, "\u007fno program");
        File.SetUnixFileMode(bad, (UnixFileMode)0b111_101_101);
        container.Resume(Step.Sources, "/bin/bad");
        var mark = Path.Combine(Directory, "hooked");
        var start = container.Host.Start();
        var hook = container.Host.RunHook(Shell($"cat >{mark}"));
        Assert.Throws<RpcException>(start.Wait);
        AssertRefused(hook, Errno.ESRCH);
        Assert.False(File.Exists(mark));
    }

    [RootFact(Needs.Probe)]
    public void Requests_at_the_wrong_time_are_refused()
    {
        using var container = Begin(Step.Greeted);
        var host = container.Host;
        AssertRefused(host.Start());
        AssertRefused(host.Created());
        AssertRefused(host.Freeze());
        AssertRefused(host.Kill(signal_h.SIGTERM, false));
        container.Save();
        AssertRefused(host.ReopenLog());
        Assert.Equal("creating", host.Status().Wait().Status);
        host.Abort().Wait();
        AssertRefused(host.Start(), Errno.ESRCH);
    }

    [RootFact(Needs.Probe)]
    public void Paths_that_are_not_what_they_should_be_are_refused()
    {
        using var container = Begin(Step.Saved);
        var host = container.Host;
        var cgroup = TestRun.Hierarchies[0];
        AssertFails(host.OpenNamespace(sched_h.CLONE_NEWNET, "/proc/self/ns/uts"), "another kind");
        AssertFails(host.OpenNamespace(sched_h.CLONE_NEWNET, "/etc/passwd"), "not a namespace");
        AssertFails(host.OpenCgroup(0, CgroupFlags.Create, "/tmp", "/x"), "not a mount of the kind");
        AssertFails(host.OpenCgroup(0, CgroupFlags.Create | VersionOf(cgroup), cgroup, "/a/../b"), "..");
        AssertFails(host.OpenCgroup(99, CgroupFlags.Create | VersionOf(cgroup), cgroup, "/a"), "no such slot");
        AssertFails(host.WriteCgroup(3, "pids.max", "1"), "not open");
        AssertFails(host.CloneSource(0, SourceFlags.NoFollow, "/proc/self/exe"), "ELOOP");
        AssertFails(host.CloneSource(Limits.Sources, SourceFlags.None, "/"), "no such slot");
        AssertFails(host.CloneSource(1, SourceFlags.None, "relative"), "EINVAL");
        host.Abort().Wait();
    }

    [RootFact(Needs.Probe)]
    public void A_hook_gets_the_state_and_only_its_own_environment()
    {
        using var container = Begin(Step.Spawned);
        var report = Path.Combine(Directory, "hook");
        container.Host.RunHook(Shell($"cat >{report}.state; env >{report}.env; ls /proc/self/fd >{report}.fds", "NAME=value")).Wait();
        using var document = JsonDocument.Parse(File.ReadAllText(report + ".state"));
        var state = document.RootElement;
        Assert.Equal(["ociVersion", "id", "bundle", "status", "pid"], state.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("creating", container.Payload), (state.GetProperty("status").GetString(), state.GetProperty("pid").GetInt32()));
        Assert.Equal(["NAME=value"], File.ReadLines(report + ".env").Where(l => !l.StartsWith("PWD=", StringComparison.Ordinal) && !l.StartsWith("SHLVL=", StringComparison.Ordinal) && !l.StartsWith("_=", StringComparison.Ordinal)));
        Assert.Equal(4, File.ReadLines(report + ".fds").Count());
        container.Host.Abort().Wait();
    }

    [RootFact(Needs.Probe)]
    public void A_hook_that_fails_is_quoted_and_one_that_hangs_is_killed_with_its_children()
    {
        using var container = Begin(Step.Saved);
        AssertFails(container.Host.RunHook(Shell("echo first; echo why >&2; exit 5")), "exited with code 5: first\nwhy");
        AssertFails(container.Host.RunHook(Shell("head -c 10000000 /dev/zero; echo end; exit 1")), "end");
        AssertFails(container.Host.RunHook(new HookCall("/nonexistent", [], [], 0, "creating")), "ENOENT");
        AssertFails(container.Host.RunHook(new HookCall("relative", [], [], 0, "creating")), "not absolute");
        AssertFails(container.Host.RunHook(Shell("sleep 1000 & echo $!; sleep 1000") with { TimeoutMilliseconds = 100 }), "killed after its timeout");
        container.Host.Abort().Wait();
    }

    [RootFact(Needs.Probe)]
    public void A_kill_does_not_wait_for_a_hook_and_other_requests_do()
    {
        using var container = Begin(Step.Created);
        container.Host.Start().Wait();
        var gate = Path.Combine(Directory, "gate");
        var order = new List<string>();
        var hook = container.Host.RunHook(Shell($"while [ ! -e {gate} ]; do sleep 0.01; done"));
        hook.OnCompleted(_ => order.Add("hook"));
        var kill = container.Host.Kill(signal_h.SIGURG, false);
        kill.OnCompleted(_ => order.Add("kill"));
        var freeze = container.Host.Freeze();
        freeze.OnCompleted(_ => order.Add("freeze"));
        kill.Wait();
        File.WriteAllText(gate, "");
        freeze.Wait();
        Assert.Equal(["kill", "hook", "freeze"], order);
        Assert.Equal("paused", container.Status);
        container.Host.Kill(signal_h.SIGKILL, false).Wait();
        Eventually.True(() => container.Status == "stopped", "a paused container can be killed");
    }

    [RootFact(Needs.Probe)]
    public void A_client_of_the_control_socket_brings_a_new_master()
    {
        using var container = Begin(Step.Created);
        container.Host.Start().Wait();
        container.KillMaster();
        using var state = Files.OpenDirectory(container.StateDirectory);
        using var client = UnixSockets.Connect(state, "control.sock");
        container.AwaitMaster();
        Assert.Equal("engine master serve", ProcFs.CommandLine(container.MasterPid));
        Assert.Null(container.Container);
        container.Host.Hello().Wait();
        Assert.Equal(new ContainerStatus("running", container.Payload, -1, false), container.Host.Status().Wait());
        using var file = container.Host.ReadState().Wait();
        Assert.Equal(new FileInfo(Path.Combine(container.StateDirectory, "state.json")).Length, (long)Files.Stat(file).Size);
    }

    [RootFact(Needs.Probe)]
    public void A_pump_that_is_killed_is_replaced_and_nothing_is_lost()
    {
        using var container = Begin(Step.Created, "/bin/sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done");
        container.Host.Start().Wait();
        Eventually.True(() => container.Log.Contains(" stdout 5\n", StringComparison.Ordinal), "output");
        var first = container.PumpPid;
        Native.Check(Native.kill(first, signal_h.SIGKILL), "kill the pump");
        Eventually.True(() => container.PumpPid is var pump && pump != 0 && pump != first, "another pump");
        var before = container.Log.Length;
        Eventually.True(() => container.Log.Length > before + 200, "the log goes on");
        var numbers = container.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => int.Parse(l.Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
    }

    [RootFact(Needs.Probe)]
    public void Sigterm_is_passed_on_to_the_payload()
    {
        using var container = Begin(Step.Created, "/bin/sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
        container.Host.Start().Wait();
        Eventually.True(() => container.Log.Contains("ready", StringComparison.Ordinal), "output");
        Native.Check(Native.kill(container.Launch.Process.Pid, signal_h.SIGTERM), "SIGTERM");
        Eventually.True(() => container.Status == "stopped", "the end");
        Assert.Equal(7, container.State.GetProperty("exitCode").GetInt32());
    }

    [RootFact(Needs.Probe)]
    public void Bytes_that_are_no_request_end_the_connection_and_the_creation()
    {
        using var container = Begin(Step.Spawned);
        container.HostChannel.Send([0xc1, 0xff]);
        container.KillMaster();
        Assert.Equal("master", container.Launch.Result().Operation);
        AssertUndone(container);
    }

    [RootFact(Needs.Probe)]
    public void Master_and_pump_have_no_privilege_and_the_supervisor_inherits_nothing()
    {
        using var container = Begin(Step.Created);
        foreach (var (pid, id) in new[] { (container.MasterPid, MasterDescriptors.IdBase), (container.PumpPid, MasterDescriptors.PumpIdBase) })
        {
            var own = (id + (uint)container.Launch.Process.Pid).ToString(System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(string.Join('\t', own, own, own, own), ProcFs.Status(pid, "Uid"));
            Assert.Equal(string.Join('\t', own, own, own, own), ProcFs.Status(pid, "Gid"));
            Assert.Equal("", ProcFs.Status(pid, "Groups"));
            Assert.All(["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"], set => Assert.Equal("0000000000000000", ProcFs.Status(pid, set)));
            Assert.Equal("1", ProcFs.Status(pid, "NoNewPrivs"));
        }
        // 3 and 4, the RPC sockets, are this test's by now.
        Assert.Equal([0, 1, 2, 5, 6], ProcFs.Descriptors(container.MasterPid).Keys);
        Assert.Equal("engine master create", ProcFs.CommandLine(container.MasterPid));
        Assert.All(Enumerable.Range(0, 3), fd => Assert.Equal("/dev/null", ProcFs.Descriptors(container.Launch.Process.Pid)[fd]));
        Assert.Equal("1", ProcFs.Status(container.Launch.Process.Pid, "Threads"));
    }

    private Supervised Begin(Step step, params string[] args)
    {
        var container = Owned(new Supervised(Directory));
        container.Advance(step, args);
        return container;
    }

    private static bool Seen(Supervised container, List<ContainerStatus> told, string status)
    {
        // Behind the last one the supervisor closes the connection.
        container.Host.Connection.ReceiveAvailable();
        return told.Any(s => s.Status == status);
    }

    private static void AssertUndone(Supervised container)
    {
        Assert.Equal(0, container.AwaitEnd());
        Assert.False(System.IO.Directory.Exists(container.StateDirectory), "state directory");
        Assert.Empty(container.Cgroups);
        Assert.False(File.Exists(container.PidFile), "pid file");
        Assert.True(container.Payload == 0 || !ProcFs.Lives(container.Payload), "container stage");
    }

    private static void AssertRefused(Pending request, int errno = Errno.EINVAL) => Assert.Equal(errno, Assert.Throws<RpcException>(request.Wait).Errno);

    private static void AssertFails(Pending request, string words) =>
        Assert.Contains(words, Assert.Throws<RpcException>(request.Wait).Message, StringComparison.Ordinal);

    private static CgroupFlags VersionOf(string hierarchy) => File.Exists(Path.Combine(hierarchy, "cgroup.controllers")) ? CgroupFlags.Unified : 0;

    private static HookCall Shell(string script, params string[] environment) => new("/bin/sh", ["sh", "-c", script], environment, 0, "creating");

    private static long StartTime(int pid) =>
        long.Parse(ProcFs.Read(pid, "stat")!.Split(") ")[^1].Split(' ')[19], System.Globalization.CultureInfo.InvariantCulture);
}
