using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>scheduler, ioPriority, personality, memoryPolicy and execCPUAffinity as the payload finds them.</summary>
public sealed class SchedulingTests : ConfigTest
{
    private static JsonNode Json(string json) => JsonNode.Parse(json)!;

    // Fields 19, 40 and 41 of /proc/PID/stat: nice, realtime priority, policy.
    private static string Sched(string stat)
    {
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Trim().Split(' ');
        return $"{fields[19 - 3]} {fields[40 - 3]} {fields[41 - 3]}";
    }

    private string Payload(string scheduler)
    {
        var bundle = NewBundle().Args("/bin/cat", "/proc/self/stat");
        bundle.Process["scheduler"] = Json(scheduler);
        return Sched(Assert.Single(Lines(bundle)));
    }

    [RootFact]
    public void A_scheduling_policy_is_the_payloads()
    {
        Assert.Equal("7 0 0", Payload("""{"policy":"SCHED_OTHER","nice":7}"""));
        Assert.Equal("-3 0 3", Payload("""{"policy":"SCHED_BATCH","nice":-3}"""));
        Assert.Equal("0 0 5", Payload("""{"policy":"SCHED_IDLE"}"""));
        Assert.Equal("0 0 6", Payload("""{"policy":"SCHED_DEADLINE","flags":["SCHED_FLAG_RESET_ON_FORK"],"runtime":1000000,"deadline":100000000,"period":100000000}"""));
    }

    [RootFact]
    public void A_policy_that_the_kernel_does_not_take_fails_the_create()
    {
        var bundle = NewBundle().Args("/bin/true");
        bundle.Process["scheduler"] = Json("""{"policy":"SCHED_DEADLINE","runtime":5,"deadline":3,"period":3}""");
        Refused(bundle, "process", "sched_setattr", "EINVAL");
        bundle.Process["scheduler"] = Json("""{"policy":"SCHED_ISO"}""");
        Refused(bundle, "process.scheduler.policy");
    }

    [RootFact]
    public void Exec_has_the_scheduling_of_the_container()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000");
        bundle.Process["scheduler"] = Json("""{"policy":"SCHED_BATCH","nice":4}""");
        bundle.Process["ioPriority"] = Json("""{"class":"IOPRIO_CLASS_IDLE","priority":0}""");
        var id = Start(bundle);
        Assert.Equal("4 0 3", Sched(Cli.OciOk("exec", id, "/bin/cat", "/proc/self/stat").Text));
        Assert.Contains("idle", Cli.OciOk("exec", id, "/bin/ionice").Text, StringComparison.Ordinal);
    }

    [RootFact]
    public void An_io_priority_is_the_payloads_and_its_childrens()
    {
        var bundle = NewBundle().Shell("ionice; sh -c ionice");
        bundle.Process["ioPriority"] = Json("""{"class":"IOPRIO_CLASS_BE","priority":6}""");
        Assert.Equal(["best-effort: prio 6", "best-effort: prio 6"], Lines(bundle));
    }

    [RootFact]
    public void An_execution_domain_is_the_payloads()
    {
        var bundle = NewBundle().Args("/bin/cat", "/proc/self/personality").Edit(c => c["linux"]!["personality"] = Json("""{"domain":"LINUX32"}"""));
        Assert.Equal(["00000008"], Lines(bundle));
        bundle.Args("/bin/cat", "/proc/self/personality").Edit(c => c["linux"]!["personality"] = Json("""{"domain":"LINUX"}"""));
        Assert.Equal(["00000000"], Lines(bundle));
        bundle.Edit(c => c["linux"]!["personality"] = Json("""{"domain":"LINUX","flags":["ADDR_NO_RANDOMIZE"]}"""));
        Refused(bundle, "linux.personality.flags[0]");
    }

    [RootFact]
    public void A_memory_policy_is_the_payloads()
    {
        var bundle = NewBundle().Args("/bin/cat", "/proc/self/numa_maps").Edit(
            c => c["linux"]!["memoryPolicy"] = Json("""{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_STATIC_NODES"]}"""));
        Assert.Contains(Lines(bundle), line => line.Contains(" bind=static:0", StringComparison.Ordinal));
        bundle.Edit(c => c["linux"]!["memoryPolicy"] = Json("""{"mode":"MPOL_PREFERRED"}"""));
        Assert.Contains(Lines(bundle), line => line.Contains(" local", StringComparison.Ordinal));
        bundle.Edit(c => c["linux"]!["memoryPolicy"] = Json("""{"mode":"MPOL_BIND","nodes":"900"}"""));
        Refused(bundle, "process", "set_mempolicy", "EINVAL");
    }

    [RootFact]
    public void An_exec_runs_on_the_cpus_it_is_given_and_the_payload_on_all()
    {
        var last = Environment.ProcessorCount - 1;
        var bundle = NewBundle().Shell("grep Cpus_allowed_list /proc/self/status > /cpus; exec sleep 1000");
        bundle.Process["execCPUAffinity"] = new JsonObject { ["initial"] = "0", ["final"] = last.ToString(CultureInfo.InvariantCulture) };
        var id = Start(bundle);
        Assert.Equal($"Cpus_allowed_list:\t{last}", Cli.OciOk("exec", id, "/bin/grep", "Cpus_allowed_list", "/proc/self/status").Trimmed);
        var all = ProcFs.Read(Environment.ProcessId, "status")!.Split('\n').Single(l => l.StartsWith("Cpus_allowed_list", StringComparison.Ordinal));
        Eventually.True(() => File.Exists(bundle.Rootfs + "/cpus") && File.ReadAllText(bundle.Rootfs + "/cpus").Trim() == all, "the payload's own list");
    }
}
