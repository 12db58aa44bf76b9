using System.Globalization;
using System.Text.RegularExpressions;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Robustness;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Privileges;

/// <summary>Master and pump are nobody: no id of anyone's, no capability, no way to new ones, and only what they need in their hands.</summary>
public sealed class MasterAndPumpTests : EngineTest
{
    private static readonly string[] CapabilitySets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
    private const string Loop = "while :; do echo tick; sleep 0.1; done";

    [RootTheory]
    [InlineData(Role.Master, MasterDescriptors.IdBase)]
    [InlineData(Role.Pump, MasterDescriptors.PumpIdBase)]
    public void It_has_an_id_of_its_own_and_no_privilege(Role role, uint idBase)
    {
        var roles = Running(out _);
        // The one that created, and one that came later.
        for (var i = 0; i < 2; i++)
        {
            var pid = i == 0 ? roles[role]!.Value : role == Role.Pump ? roles.KillAndAwaitReplacement(role) : AnotherMaster(roles);
            var id = (idBase + (uint)roles.Supervisor).ToString(CultureInfo.InvariantCulture);
            var four = string.Join('\t', Enumerable.Repeat(id, 4));
            Assert.Equal(four, ProcFs.Status(pid, "Uid"));
            Assert.Equal(four, ProcFs.Status(pid, "Gid"));
            Assert.Equal("", ProcFs.Status(pid, "Groups"));
            Assert.All(CapabilitySets, set => Assert.Equal("0000000000000000", ProcFs.Status(pid, set)));
            Assert.Equal("1", ProcFs.Status(pid, "NoNewPrivs"));
            Assert.Equal("0077", ProcFs.Status(pid, "Umask"));
            Eventually.True(() => IsUndumpable(pid), $"the {role} being undumpable");
        }
    }

    [RootTheory]
    [InlineData(Role.Master)]
    [InlineData(Role.Pump)]
    public void Another_process_of_its_id_cannot_look_into_it(Role role)
    {
        var roles = Running(out _);
        var pid = roles[role]!.Value;
        var id = ProcFs.Status(pid, "Uid")!.Split('\t')[0];
        Eventually.True(() => IsUndumpable(pid), $"the {role} being undumpable");
        var peek = new Command("/usr/bin/setpriv", "--reuid", id, "--regid", id, "--clear-groups", "cat", $"/proc/{pid}/environ").Run();
        Assert.NotEqual(0, peek.ExitCode);
        Assert.Contains("denied", peek.Error, StringComparison.OrdinalIgnoreCase);
    }

    [RootFact]
    public void The_master_holds_sockets_and_the_config_to_read()
    {
        var roles = Running(out var id);
        var list = new Allowed[]
        {
            new("/dev/null", true, "0 to 2, when no diagnostics are asked for"),
            new(@"socket:\[\d+\]", true, "supervisor's RPC, control.sock, its clients"),
            new(@"anon_inode:\[(eventfd|eventpoll|signalfd)\]", true, "its own wake-ups"),
            new(@"pipe:\[\d+\]", true, "the runtime's own, for signals"),
            new("/dev/urandom", false, "the runtime's random numbers"),
            new(Regex.Escape(Cli.StateDirectory(id)) + "/config.json", false, "for what the config says later"),
        };
        DescriptorList.ShouldFit(roles.Master!.Value, list);
        DescriptorList.ShouldFit(AnotherMaster(roles), list);
    }

    [RootTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_pump_holds_the_payloads_streams_the_log_and_sockets(bool terminal)
    {
        var bundle = NewBundle().Shell(Loop);
        if (terminal)
        {
            bundle.WithTerminal();
        }
        var id = Start(bundle);
        using var client = Cli.Attach(id);
        client.WaitFor("tick");
        DescriptorList.ShouldFit(
            new Roles(Cli, id).Pump!.Value,
            new("/dev/null", true, "0 to 2"),
            new(@"socket:\[\d+\]", true, "the supervisor's notes, attach.sock, its clients"),
            new(terminal ? "/dev/(pts/)?ptmx" : @"pipe:\[\d+\]", true, "the payload's streams"),
            new(Regex.Escape(Cli.DefaultLog(id)), true, "appends the log"));
        // O_APPEND: it can add to the log, not change it.
        var pump = new Roles(Cli, id).Pump!.Value;
        var log = ProcFs.Descriptors(pump).Single(d => d.Value == Cli.DefaultLog(id)).Key;
        var flags = Convert.ToInt64(ProcFs.Read(pump, $"fdinfo/{log}")!.Split('\n').First(l => l.StartsWith("flags:", StringComparison.Ordinal))[6..].Trim(), 8);
        Assert.Equal(0x400, flags & 0x400);
    }

    [RootFact]
    public void No_process_with_a_runtime_has_privilege()
    {
        var roles = Running(out var id);
        using var client = Cli.Control(id);
        client.CallOk("state");
        var hosted = LeakGate.Processes().Where(p => ExecutableOf(p) == Installation.Engine).ToList();
        Assert.Equal([roles.Master!.Value], hosted);
        Assert.All(LeakGate.Processes().Where(p => ProcFs.Status(p, "Uid")?.StartsWith("0\t", StringComparison.Ordinal) == true && !IsPayload(p, roles.Payload)), p =>
        {
            Assert.NotEqual(Installation.Engine, ExecutableOf(p));
            Assert.Equal("1", ProcFs.Status(p, "Threads"));
        });
    }

    [RootFact]
    public void No_container_has_the_ids_of_another()
    {
        var first = Running(out _);
        var second = Running(out _);
        var ids = new[] { first.Master, first.Pump, second.Master, second.Pump }.Select(p => ProcFs.Status(p!.Value, "Uid")).ToList();
        Assert.Equal(4, ids.Distinct().Count());
    }

    private Roles Running(out string id)
    {
        id = Start(NewBundle().Shell(Loop));
        return new Roles(Cli, id);
    }

    /// <summary>Kills the master and asks for another one, which stays for some seconds.</summary>
    private int AnotherMaster(Roles roles)
    {
        roles.Kill(Role.Master);
        using var client = Cli.Control(Path.GetFileName(System.IO.Directory.GetDirectories(Cli.Root).Single()));
        client.CallOk("state");
        return roles.Master!.Value;
    }

    // The payload's own children come and go.
    private static bool IsPayload(int pid, int payload) => pid == payload || ProcFs.Parent(pid) == payload;

    private static bool IsUndumpable(int pid) => new Command("/usr/bin/stat", "-c", "%u:%g", $"/proc/{pid}/environ").Run().Trimmed == "0:0";

    private static string? ExecutableOf(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/exe").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
