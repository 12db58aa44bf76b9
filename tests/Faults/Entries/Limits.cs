using System.Globalization;

namespace Engine.Tests.Faults.Entries;

/// <summary>Too few processes, too few descriptors.</summary>
internal static class Limits
{
    private const int RuntimeThreads = 4;

    public static Entry[] All { get; } =
    [
        new("FI21.pids", "with any number of processes left a create works, or fails and leaves nothing; kill and delete need few", FewProcesses),
        new("FI22.descriptors", "with any limit from 3 to 70 descriptors a create works, or fails and leaves nothing", FewDescriptors),
    ];

    private static void FewProcesses(Ground ground)
    {
        var hierarchy = TestRun.Hierarchies.FirstOrDefault(h => h.EndsWith("/pids", StringComparison.Ordinal)) ?? throw new SkipException("no pids controller of cgroup v1");
        var cgroup = Directory.CreateDirectory(Path.Combine(hierarchy, $"{TestRun.Tag}-few")).FullName;
        try
        {
            var bundle = ground.NewWaiting().Path;
            var other = ground.Start(ground.NewWaiting());
            var (worked, refused) = (0, 0);
            for (var max = 1; max <= 24; max++)
            {
                File.WriteAllText(Path.Combine(cgroup, "pids.max"), max.ToString(CultureInfo.InvariantCulture));
                var id = ground.NewId();
                var result = Enter(ground, cgroup, "create", id, "-b", bundle);
                worked += result.ExitCode == 0 ? 1 : 0;
                refused += result.ExitCode == 0 ? 0 : 1;
                // With fewer the .NET runtime gets no thread and ends before there is a program that could say so.
                Assert.True(result.ExitCode == 0 || result.Error.Length > 0 || max < RuntimeThreads, $"it failed without a word\n{result}");
                Assert.Contains(Truth.Status(ground.Cli, id), result.ExitCode == 0 ? new string?[] { "created" } : [null, "stopped"]);
                ground.Cli.OciOk("delete", "--force", id);
                Assert.Null(ground.Cli.Status(id));
            }
            Assert.True(worked > 0 && refused > 0, $"{worked} worked, {refused} were refused");
            // What is there already can be ended from inside the last limit at which a creation failed.
            // Whoever has ended counts until he is reaped.
            Eventually.True(() => File.ReadAllText(Path.Combine(cgroup, "pids.current")) == "0\n", () => $"an empty cgroup, not {File.ReadAllText(Path.Combine(cgroup, "pids.current"))}");
            File.WriteAllText(Path.Combine(cgroup, "pids.max"), "8");
            Enter(ground, cgroup, "kill", other, "KILL").ShouldExit(0);
            ground.Cli.WaitForStatus(other, "stopped");
            Enter(ground, cgroup, "delete", other).ShouldExit(0);
        }
        finally
        {
            _ = Eventually.Holds(() => File.ReadAllText(Path.Combine(cgroup, "cgroup.procs")).Length == 0, 10);
            Directory.Delete(cgroup);
        }
    }

    private static CommandResult Enter(Ground ground, string cgroup, params string[] arguments) =>
        ground.Before(["/bin/sh", "-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"", cgroup], [.. arguments.Prepend("oci")]).Run();

    private static void FewDescriptors(Ground ground)
    {
        var bundle = ground.NewWaiting().Path;
        var (worked, refused) = (0, 0);
        for (var limit = 3; limit <= 70; limit += limit < 16 ? 1 : 6)
        {
            var id = ground.NewId();
            var result = ground.Before(["/bin/sh", "-c", "ulimit -n \"$0\" && exec \"$@\"", limit.ToString(CultureInfo.InvariantCulture)], "oci", "create", id, "-b", bundle).Run();
            worked += result.ExitCode == 0 ? 1 : 0;
            refused += result.ExitCode == 0 ? 0 : 1;
            Assert.True(result.ExitCode == 0 || result.Error.Length > 0, $"it failed without a word\n{result}");
            Assert.Contains(Truth.Status(ground.Cli, id), result.ExitCode == 0 ? new string?[] { "created" } : [null, "stopped"]);
            ground.DeleteAndCheck(id);
        }
        Assert.True(worked > 0 && refused > 0, $"{worked} worked, {refused} were refused");
    }
}
