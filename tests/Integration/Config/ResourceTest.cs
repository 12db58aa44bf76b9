using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>
/// Base of the tests of resources. The machine's own cgroup layout is one profile; the others type every command in a private
/// view of /sys/fs/cgroup. The hierarchies are the kernel's in each, so that what was written is read from outside.
/// </summary>
public abstract class ResourceTest(Profile profile) : ConfigTest(profile)
{
    /// <summary>Every command of the engine in a view: v1 or v2.</summary>
    protected static Profile View(string version) => new(version, [Path.Combine(Installation.SourceRoot, "tests", "cgroup-view.sh"), version], null);

    /// <summary>Whether a controller is mounted on the machine as v1; the tests of a controller that is not end there.</summary>
    protected static bool HasV1(string controller) => System.IO.Directory.Exists("/sys/fs/cgroup/" + controller);

    /// <summary>The machine's mount of cgroup v2, alone or beside v1.</summary>
    protected static string Unified => System.IO.Directory.Exists("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";

    /// <summary>Directory of the payload's cgroup in the hierarchy of a v1 controller, or in cgroup v2 ("").</summary>
    protected string Cgroup(string id, string controller)
    {
        var pid = (int)Cli.State(id)["pid"]!;
        var line = ProcFs.Read(pid, "cgroup")!.Split('\n').Single(l => l.Split(':') is [_, var names, _] && names.Split(',').Contains(controller));
        var path = line[(line.IndexOf(':', line.IndexOf(':', StringComparison.Ordinal) + 1) + 1)..];
        Assert.Contains(id, path, StringComparison.Ordinal);
        return (controller.Length == 0 ? Unified : "/sys/fs/cgroup/" + controller) + path;
    }

    /// <summary>A value of the payload's cgroup.</summary>
    protected string Value(string id, string controller, string file) => File.ReadAllText(Path.Combine(Cgroup(id, controller), file)).Trim();

    /// <summary>Asks for one resource.</summary>
    protected Bundle With(string json) => NewBundle().Shell("sleep 1000").WithResources(r =>
    {
        foreach (var (name, value) in JsonNode.Parse(json)!.AsObject())
        {
            r[name] = value!.DeepClone();
        }
    });

    /// <summary>Runs <c>engine oci update</c> with this document.</summary>
    protected CommandResult Update(string id, string json)
    {
        var file = Path.Combine(Directory, "update.json");
        File.WriteAllText(file, json);
        return Cli.Oci("update", "--from-file", file, id);
    }

    /// <summary>Pauses, proves that the payload stands still, resumes, proves that it goes on.</summary>
    protected void PauseAndResume(Func<string, string> frozen, string whenFrozen, string whenThawed)
    {
        var id = Start(NewBundle().Probe("counter"));
        string Log() => Cli.OciOk("logs", id).Text;
        Eventually.True(() => Log().Contains("count 1", StringComparison.Ordinal), "the counter");
        Cli.OciOk("pause", id);
        Assert.Equal("paused", Cli.Status(id));
        Assert.Equal(whenFrozen, frozen(id));
        var pid = (int)Cli.State(id)["pid"]!;
        var before = ProcFs.Read(pid, "stat")!.Split(' ')[13..15];
        Cli.Oci("delete", id).ShouldFail(255, "paused");
        Cli.OciOk("resume", id);
        Assert.Equal("running", Cli.Status(id));
        Assert.Equal(whenThawed, frozen(id));
        var lines = Log().Split('\n').Length;
        Eventually.True(() => Log().Split('\n').Length > lines + 1, "the counter to go on");
        Assert.NotNull(before);
        // A paused container dies, too.
        Cli.OciOk("pause", id);
        Cli.OciOk("kill", id, "KILL");
        Cli.WaitForStatus(id, "stopped");
        Cli.OciOk("delete", id);
    }

    /// <summary>A block device of the machine that has a queue, as MAJOR:MINOR, or null.</summary>
    protected static string? Disk => System.IO.Directory.Exists("/sys/block")
        ? System.IO.Directory.GetDirectories("/sys/block").Where(d => System.IO.Directory.Exists(d + "/queue")).Select(d => File.ReadAllText(d + "/dev").Trim()).FirstOrDefault()
        : null;

    protected static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
