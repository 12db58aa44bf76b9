using System.Diagnostics;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration;

/// <summary>The fixture itself: the gate finds each kind of leak, and a bundle is one that the reference runtime accepts.</summary>
public sealed class SupportTests : IDisposable
{
    private readonly string _tag = $"{TestRun.Tag}-support";
    private readonly string _directory;
    private readonly string _state;

    public SupportTests()
    {
        _directory = Path.Combine(TestRun.Directory, _tag);
        _state = Path.Combine(_directory, "state");
        Directory.CreateDirectory(_state);
    }

    public void Dispose() => SafeTree.Delete(_directory);

    [RootFact(Needs.RootOnly)]
    public void The_gate_sees_nothing_where_nothing_is()
    {
        Assert.NotNull(TestRun.Cgroup);
        new LeakGate(_tag, _state).AssertNothingLeft(0);
    }

    [RootFact(Needs.RootOnly)]
    public void The_gate_finds_a_process_of_a_dead_parent_and_ends_it()
    {
        var gate = new LeakGate(_tag, _state);
        var pid = int.Parse(new Command("/bin/sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $!").Run().Trimmed, System.Globalization.CultureInfo.InvariantCulture);
        var failure = Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => gate.AssertNothingLeft(0));
        Assert.Contains("sleep 1000", failure.Message, StringComparison.Ordinal);
        Assert.False(ProcFs.Lives(pid));
        gate.AssertNothingLeft();
    }

    [RootFact(Needs.RootOnly)]
    public void The_gate_finds_mounts_cgroups_sockets_and_files()
    {
        var gate = new LeakGate(_tag, _state);
        var mount = Path.Combine(_directory, "mount");
        Directory.CreateDirectory(mount);
        new Command("/bin/mount", "-t", "tmpfs", "tmpfs", mount).Run().ShouldExit(0);
        var cgroup = Path.Combine(TestRun.Hierarchies[^1], _tag + "-cgroup");
        Directory.CreateDirectory(cgroup);
        File.WriteAllText(Path.Combine(_state, "left.json"), "{}");
        var temporary = $"/tmp/left-{_tag}";
        File.WriteAllText(temporary, "");
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(_directory, "left.sock")));

        var found = string.Join('\n', gate.Findings());
        Assert.Contains($"mount: ", found, StringComparison.Ordinal);
        Assert.Contains($"cgroup: {cgroup}", found, StringComparison.Ordinal);
        Assert.Contains("socket: ", found, StringComparison.Ordinal);
        Assert.Contains("left.json", found, StringComparison.Ordinal);
        Assert.Contains($"file: {temporary}", found, StringComparison.Ordinal);

        File.Delete(temporary);
        File.Delete(Path.Combine(_state, "left.json"));
        socket.Dispose();
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => gate.AssertNothingLeft(0));
        gate.AssertNothingLeft();
    }

    [RootFact(Needs.RootOnly)]
    public void A_tree_is_deleted_without_what_is_bound_into_it()
    {
        var precious = Path.Combine(_directory, "precious");
        var tree = Path.Combine(_directory, "tree");
        Directory.CreateDirectory(precious);
        Directory.CreateDirectory(Path.Combine(tree, "bound"));
        File.WriteAllText(Path.Combine(precious, "file"), "kept");
        new Command("/bin/mount", "--bind", precious, Path.Combine(tree, "bound")).Run().ShouldExit(0);
        SafeTree.Delete(tree);
        Assert.False(Directory.Exists(tree));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(precious, "file")));
    }

    [RootFact(Needs.RootOnly)]
    public void A_command_that_leaves_its_output_open_is_noticed()
    {
        var command = new Command("/bin/sh", "-c", "sleep 30 & echo started");
        using var running = command.Start();
        var failure = Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => running.Wait(drainSeconds: 0.2));
        Assert.Contains("still holds", failure.Message, StringComparison.Ordinal);
        foreach (var pid in LeakGate.Processes())
        {
            using var left = Process.GetProcessById(pid);
            left.Kill();
        }
    }

    [RootFact(Needs.RootOnly)]
    public void A_terminal_is_controlled_resized_and_typed_on()
    {
        using var pty = new Pty(new Command("/bin/sh", "-c", "trap 'stty size; exit 7' INT; tty; stty size; echo ready; while :; do sleep 1; done"), rows: 33, columns: 99);
        pty.WaitFor("ready");
        Assert.Contains(pty.Path, pty.Screen, StringComparison.Ordinal);
        Assert.Contains("33 99", pty.Screen, StringComparison.Ordinal);
        pty.Resize(44, 111);
        pty.Type("\u0003");
        pty.WaitFor("44 111");
        Assert.Equal(7, pty.Wait());
    }

    [RootFact(Needs.RootOnly | Needs.Runc)]
    public void The_default_bundle_runs_under_the_reference_runtime()
    {
        var bundle = new Bundle(Path.Combine(_directory, "bundle")).Shell("echo $0 $FOO; id -u; hostname; cat /etc/passwd | wc -l; exit 3").WithEnvironment("FOO=bar").WithUser(1000, 1000);
        var result = new Command(Installation.Find("runc")!, "--root", Path.Combine(_directory, "runc"), "run", "-b", bundle.Path, _tag).Run();
        Assert.Equal("/bin/sh bar\n1000\nbundle\n4\n", result.ShouldExit(3).Text);
    }

    [RootFact(Needs.RootOnly | Needs.Runc | Needs.Probe)]
    public void The_probe_tells_what_the_reference_runtime_set()
    {
        var bundle = new Bundle(Path.Combine(_directory, "bundle")).Probe("id", "caps", "status", "rlimits", "fds", "cwd", "host", "stat", "/dev/null", "exit", "9")
            .WithUser(1000, 1001, 7, 8).WithCapabilities(["CAP_KILL"], "bounding").WithRlimit("RLIMIT_NOFILE", 100, 200).WithCwd("/home");
        var result = new Command(Installation.Find("runc")!, "--root", Path.Combine(_directory, "runc"), "run", "-b", bundle.Path, _tag).Run().ShouldExit(9);
        var lines = result.Text.Split('\n');
        foreach (var expected in new[]
        {
            "uid 1000 1000 1000 1000", "gid 1001 1001 1001 1001", "groups 7 8", "bounding 0000000000000020", "permitted 0000000000000000", "no_new_privs 1",
            "RLIMIT_NOFILE 100 200", "pid 1", "cwd /home", "hostname bundle", "stat 20666 0 0 1:3",
        })
        {
            Assert.Contains(expected, lines);
        }
        Assert.Equal(3, lines.Count(l => l.StartsWith("fd ", StringComparison.Ordinal)));
    }
}
