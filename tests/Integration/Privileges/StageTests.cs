using System.Text.RegularExpressions;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Robustness;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Privileges;

/// <summary>The starter's processes: names, what the waiting stage holds, what the supervisor holds.</summary>
public sealed class StageTests : EngineTest
{
    [RootTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_waiting_stage_holds_its_streams_the_link_and_nothing_of_the_host(bool terminal)
    {
        var bundle = NewBundle().Shell("sleep 1000");
        if (terminal)
        {
            bundle.WithTerminal();
        }
        var stage = new Roles(Cli, Create(bundle)).Payload;
        var allowed = new List<Allowed>
        {
            new("/dev/null", true, "0 to 2, until the payload's are put there"),
            new(@"socket:\[\d+\]", true, "the link to the supervisor"),
            new(@"anon_inode:\[signalfd\]", true, "the end of the supervisor"),
            new(terminal ? "/dev/(pts/\\d+|console)" : @"pipe:\[\d+\]", true, "the payload's streams"),
        };
        DescriptorList.ShouldFit(stage, [.. allowed]);
        // One socket: the RPC socket is closed before "created".
        Assert.Single(ProcFs.Descriptors(stage).Values, t => t.StartsWith("socket:", StringComparison.Ordinal));
    }

    [RootFact]
    public void The_starter_cannot_be_traced_by_its_own_kind()
    {
        var roles = new Roles(Cli, Create(NewBundle().WithUserNamespace().Shell("sleep 1000")));
        Assert.All(new[] { roles.Supervisor, roles.Payload }, pid =>
            Assert.Equal("0:0", new Command("/usr/bin/stat", "-c", "%u:%g", $"/proc/{pid}/environ").Run().Trimmed));
    }

    [RootFact]
    public void The_supervisor_holds_what_it_needs_to_replace_and_to_clean_up()
    {
        var id = Start(NewBundle().Shell("while :; do sleep 1; done"));
        var directory = Regex.Escape(Cli.StateDirectory(id));
        DescriptorList.ShouldFit(
            new Roles(Cli, id).Supervisor,
            new("/dev/null", true, "0 to 2"),
            new(@"socket:\[\d+\]", true, "listeners, RPC, reports of master, pump and stage"),
            new(@"pipe:\[\d+\]", true, "the payload's streams, for the pump that follows"),
            new(@"anon_inode:(\[pidfd\]|\[signalfd\]|\[eventfd\])", true, "its children; the out-of-memory notice"),
            new(@"pidfd:\[\d+\]|pidfd", true, "its children, as newer kernels name them"),
            new(directory, false, "the state directory"),
            new(directory + "/.*\\.log", true, "the log, for the pump that follows"),
            new("/sys/fs/cgroup(/.*)?", false, "cgroup directories, by handle"),
            new(Regex.Escape(Installation.Engine), false, "O_PATH: the master that follows"),
            new(Regex.Escape(Installation.Pump), false, "O_PATH: the pump that follows"));
    }

    [RootFact]
    public void Names_in_ps_are_those_of_the_table()
    {
        var roles = new Roles(Cli, Create(NewBundle().Shell("sleep 1000")));
        Assert.Equal(Name(StageId.Supervisor), ProcFs.Read(roles.Supervisor, "comm")!.TrimEnd('\n'));
        Assert.Equal(Name(StageId.Container), ProcFs.Read(roles.Payload, "comm")!.TrimEnd('\n'));
        Assert.Equal(Name(StageId.Pump), ProcFs.Read(roles.Pump!.Value, "comm")!.TrimEnd('\n'));
    }

    [RootFact]
    public void The_document_lists_every_name()
    {
        // "[5:pay]" alone stands in the line of a process that has two.
        var document = File.ReadAllText(Path.Combine(Installation.SourceRoot, "docs", "privileges.md"));
        var listed = Regex.Matches(document, @"`(starter:)?(\[\d:[a-z]{3}\])`").Select(m => "starter:" + m.Groups[2].Value).Append("engine-pump").Distinct().Order();
        var real = Enum.GetValues<StageId>().Where(s => s != StageId.None).Select(Name).Order();
        Assert.Equal(real, listed);
        Assert.Contains("`engine-pump`", document, StringComparison.Ordinal);
    }

    [RootFact]
    public void The_state_directory_and_everything_in_it_are_the_callers_alone()
    {
        var id = Create(NewBundle().Shell("sleep 1000"));
        var directory = Cli.StateDirectory(id);
        Assert.Equal("drwx------", Mode(directory));
        Assert.All(System.IO.Directory.GetFileSystemEntries(directory), entry =>
        {
            // The last three letters: nothing for others, whatever the directory's mode becomes.
            Assert.EndsWith("---", Mode(entry), StringComparison.Ordinal);
            Assert.Equal("0:0", new Command("/usr/bin/stat", "-c", "%u:%g", entry).Run().Trimmed);
        });
    }

    [RootFact]
    public void No_socket_has_an_abstract_name()
    {
        var before = Abstract();
        var id = Start(NewBundle().Shell("while :; do sleep 1; done"));
        using var client = Cli.Control(id);
        client.CallOk("state");
        var ours = LeakGate.Processes().SelectMany(p => ProcFs.Descriptors(p).Values).Where(t => t.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(t => t["socket:[".Length..^1]).ToHashSet();
        Assert.NotEmpty(ours);
        Assert.DoesNotContain(Abstract().Except(before), l => ours.Contains(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[6]));
    }

    private static List<string> Abstract() => File.ReadLines("/proc/net/unix").Where(l => l.Contains(" @", StringComparison.Ordinal)).ToList();

    private static string Mode(string path) => new Command("/usr/bin/stat", "-c", "%A", path).Run().ShouldExit(0).Trimmed;

    private static string Name(StageId stage) => System.Text.Encoding.UTF8.GetString(StageNames.Of(stage));
}
