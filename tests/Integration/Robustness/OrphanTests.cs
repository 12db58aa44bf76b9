using System.Text.Json.Nodes;
using Engine.Tests.Integration.Config;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Robustness;

/// <summary>A container whose supervisor was killed: what the caller's own command does in its stead.</summary>
public sealed class OrphanTests() : ResourceTest(Profile.Root)
{
    [RootFact(Needs.Probe)]
    public void Pause_stops_it_and_resume_lets_it_go_on()
    {
        var id = Orphan(NewBundle().Probe("counter"));
        var log = Cli.DefaultLog(id);
        Eventually.True(() => Lines(log) > 2, "a counter in the log");
        for (var round = 0; round < 2; round++)
        {
            Cli.Oci("resume", id).ShouldFail(255, "running");
            Cli.OciOk("pause", id);
            Assert.Equal("paused", Cli.Status(id));
            Cli.Oci("pause", id).ShouldFail(255, "paused");
            // Nothing is counted while it stands still: what the pump had in hand is written, then the log stays as it is.
            var pid = (int)Cli.State(id)["pid"]!;
            var used = Ticks(pid);
            var before = Lines(log);
            Cli.OciOk("state", id);
            Assert.InRange(Lines(log), before, before + 1);
            Assert.Equal(used, Ticks(pid));
            Cli.OciOk("resume", id);
            Assert.Equal("running", Cli.Status(id));
            Eventually.True(() => Lines(log) > before + 2, "the counter to go on");
        }
        Cli.OciOk("pause", id);
        Cli.OciOk("delete", "--force", id);
    }

    [RootFact]
    public void Update_changes_its_limits_or_none_of_them()
    {
        if (!HasV1("memory") || !HasV1("cpu") || !HasV1("cpuset"))
        {
            return;
        }
        UpdateIsWhole(Orphan(With("""{"memory":{"limit":67108864},"cpu":{"shares":512},"pids":{"limit":33}}""")));
    }

    [RootFact]
    public void So_it_is_with_a_supervisor()
    {
        if (!HasV1("memory") || !HasV1("cpu") || !HasV1("cpuset"))
        {
            return;
        }
        UpdateIsWhole(Start(With("""{"memory":{"limit":67108864},"cpu":{"shares":512},"pids":{"limit":33}}""")));
    }

    // The processor does not exist: the kernel refuses a value that comes after others.
    private void UpdateIsWhole(string id)
    {
        string[] Values() => [Value(id, "memory", "memory.limit_in_bytes"), Value(id, "cpu", "cpu.shares"), Value(id, "pids", "pids.max")];
        Update(id, """{"memory":{"limit":33554432},"cpu":{"shares":256}}""").ShouldExit(0);
        Assert.Equal(["33554432", "256", "33"], Values());
        Update(id, """{"memory":{"limit":16777216},"cpu":{"shares":1024,"cpus":"4000"},"pids":{"limit":7}}""")
            .ShouldFail(255, "cpu.cpus", "4000", "the values before are in force again");
        Assert.Equal(["33554432", "256", "33"], Values());
        Update(id, """{"cpu":{"cpus":"4000"}}""").ShouldFail(255, "cpu.cpus", "nothing was changed");
        Update(id, """{"pids":{"limit":8}}""").ShouldExit(0);
        Assert.Equal(["33554432", "256", "8"], Values());
    }

    private string Orphan(Bundle bundle)
    {
        var id = Start(bundle);
        var roles = new Roles(Cli, id);
        roles.Kill(Role.Supervisor);
        Eventually.True(() => !ProcFs.Lives(roles.Supervisor), "the supervisor's end");
        return id;
    }

    private static int Lines(string log) => File.ReadAllText(log).Count(c => c == '\n');

    private static string Ticks(int pid) => string.Join(' ', ProcFs.Read(pid, "stat")!.Split(' ')[13..15]);
}
