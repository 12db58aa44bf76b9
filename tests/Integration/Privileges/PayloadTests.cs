using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Privileges;

/// <summary>What reaches the payload: what the config says, and nothing of who started it.</summary>
public sealed class PayloadTests : EngineTest
{
    private const string None = "0000000000000000";

    [RootTheory(Needs.Probe)]
    [InlineData(false)]
    [InlineData(true)]
    public void It_has_three_descriptors_and_no_signal_state(bool terminal)
    {
        var bundle = NewBundle().Probe("fds", "status", "cwd").WithCwd("/tmp");
        if (terminal)
        {
            bundle.WithTerminal();
        }
        ShouldBeClean(Look(bundle));
    }

    [RootFact(Needs.Probe)]
    public void An_exec_process_is_as_clean()
    {
        var id = Start(NewBundle().Shell("while :; do sleep 1; done").WithCwd("/tmp"));
        var result = Cli.OciOk("exec", id, "/probe", "fds", "status");
        var facts = Parse(result.Text);
        Assert.Equal(["0", "1", "2"], facts.Where(f => f.Name == "fd").Select(f => f.Value.Split(' ')[0]));
        Assert.Equal(None, Value(facts, "blocked"));
        Assert.Equal(None, Value(facts, "ignored"));
        Assert.Equal("0", Value(facts, "pdeathsig"));
    }

    [RootFact(Needs.Probe)]
    public void Its_capabilities_are_the_configs_in_every_set()
    {
        // CAP_KILL is 5, CAP_NET_BIND_SERVICE is 10.
        var facts = Look(NewBundle().Probe("caps").WithCapabilities(["CAP_KILL", "CAP_NET_BIND_SERVICE"]));
        Assert.Equal(("0000000000000420", "0000000000000420", "0000000000000420"), (Value(facts, "bounding"), Value(facts, "effective"), Value(facts, "permitted")));
        Assert.Equal((None, None), (Value(facts, "inheritable"), Value(facts, "ambient")));

        facts = Look(NewBundle().Probe("caps").WithUser(1000, 1000)
            .WithCapabilities(["CAP_KILL"], "bounding", "effective", "permitted", "inheritable", "ambient"));
        Assert.All(new[] { "bounding", "effective", "permitted", "inheritable", "ambient" }, set => Assert.Equal("0000000000000020", Value(facts, set)));
    }

    [RootFact(Needs.Probe)]
    public void Without_capabilities_it_has_none()
    {
        var bundle = NewBundle().Probe("caps", "status");
        bundle.Process.Remove("capabilities");
        var facts = Look(bundle);
        Assert.All(new[] { "bounding", "effective", "permitted", "inheritable", "ambient" }, set => Assert.Equal(None, Value(facts, set)));
        Assert.Equal("1", Value(facts, "no_new_privs"));
    }

    [RootFact(Needs.Probe)]
    public void Its_groups_are_exactly_the_configs()
    {
        Assert.Equal("", Value(Look(NewBundle().Probe("id")), "groups"));
        var facts = Look(NewBundle().Probe("id").WithUser(1000, 1001, 44, 5000));
        Assert.Equal("1000 1000 1000 1000", Value(facts, "uid"));
        Assert.Equal("1001 1001 1001 1001", Value(facts, "gid"));
        Assert.Equal(["44", "5000"], Value(facts, "groups").Split(' ').Order());
    }

    [RootFact(Needs.Probe)]
    public void A_hostile_callers_state_does_not_reach_it()
    {
        // Descriptors (one of them the host's root), blocked and ignored signals, umask, limits, working directory, environment.
        const string perl = """
            use POSIX; open(my $d, '<', '/'); POSIX::dup2(fileno($d), 50); open(my $p, '<', '/etc/passwd'); POSIX::dup2(fileno($p), 51);
            POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(1..31)); $SIG{$_} = 'IGNORE' for qw(HUP INT QUIT TERM PIPE CHLD USR1);
            umask 0; chdir '/proc'; $ENV{LEAKED} = 'secret'; $ENV{LD_PRELOAD} = '/nowhere.so'; exec 'sh', '-c', 'ulimit -S -c 0; ulimit -S -n 64; exec "$@"', 'sh', @ARGV;
            """;
        var id = NewId();
        var command = Hostile(["/usr/bin/perl", "-e", perl], ["create", id, "-b", NewBundle().Probe("fds", "status", "cwd", "env").WithCwd("/tmp").Path]);
        var created = command.Run();
        Assert.True(created.ExitCode == 0, created.ToString());
        Cli.OciOk("start", id);
        Cli.WaitForStatus(id, "stopped");
        var output = string.Concat(File.ReadLines(Cli.DefaultLog(id)).Select(l => l.Split(' ', 4)[3] + "\n"));
        var facts = Parse(output);
        ShouldBeClean(facts);
        Assert.DoesNotContain("LEAKED", output, StringComparison.Ordinal);
        Assert.DoesNotContain("LD_PRELOAD", output, StringComparison.Ordinal);
    }

    [RootFact(Needs.Probe)]
    public void Closed_standard_streams_of_the_caller_do_not_matter()
    {
        var path = NewBundle().Probe("fds", "status", "cwd").WithCwd("/tmp").Path;
        for (var closed = 1; closed < 8; closed++)
        {
            var redirections = string.Concat(Enumerable.Range(0, 3).Where(fd => (closed & (1 << fd)) != 0).Select(fd => fd == 0 ? " 0<&-" : $" {fd}>&-"));
            var id = NewId();
            var created = Hostile(["/bin/sh", "-c", "exec \"$@\"" + redirections, "sh"], ["create", id, "-b", path]).Run();
            Assert.True(created.ExitCode == 0, $"closed:{redirections}\n{created}");
            Cli.OciOk("start", id);
            Cli.WaitForStatus(id, "stopped");
            ShouldBeClean(Parse(string.Concat(File.ReadLines(Cli.DefaultLog(id)).Select(l => l.Split(' ', 4)[3] + "\n"))));
            Cli.OciOk("delete", id);
        }
    }

    private Command Hostile(string[] prefix, string[] arguments)
    {
        var command = new Command(prefix[0], [.. prefix[1..], Installation.Engine, "oci", .. arguments]);
        command.Environment["ENGINE_ROOT"] = Cli.Root;
        return command;
    }

    private static void ShouldBeClean(List<(string Name, string Value)> facts)
    {
        Assert.Equal(["0", "1", "2"], facts.Where(f => f.Name == "fd").Select(f => f.Value.Split(' ')[0]));
        Assert.Equal(None, Value(facts, "blocked"));
        Assert.Equal(None, Value(facts, "ignored"));
        Assert.Equal("0", Value(facts, "pdeathsig"));
        Assert.Equal("022", Value(facts, "umask").TrimStart('0').PadLeft(3, '0'));
        Assert.Equal("/tmp", Value(facts, "cwd"));
        Assert.Equal("1", Value(facts, "pid"));
    }

    private List<(string Name, string Value)> Look(Bundle bundle)
    {
        var (code, output) = RunToEnd(bundle);
        Assert.True(code == 0, $"exit code {code}: {output}");
        return Parse(output.Replace("\r", "", StringComparison.Ordinal));
    }

    private static List<(string Name, string Value)> Parse(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 2)).Select(p => (p[0], p.Length > 1 ? p[1] : "")).ToList();

    private static string Value(List<(string Name, string Value)> facts, string name) =>
        facts.Any(f => f.Name == name) ? facts.First(f => f.Name == name).Value : $"no {name}";
}
