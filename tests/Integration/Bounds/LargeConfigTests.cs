using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Bounds;

/// <summary>Large config.json: what works works, what cannot is refused with its path, and neither costs more memory than a bound.</summary>
public sealed class LargeConfigTests : EngineTest
{
    private const int Mega = 1024 * 1024;

    // Half of it the text of a document of 16 MiB (bytes and UTF-16), the rest what is made of it.
    private const int MostMegabytes = 160;

    [RootFact(Needs.Python)]
    public void Ten_megabytes_that_mean_nothing_are_read_past()
    {
        foreach (var filler in new JsonNode[] { JsonValue.Create(new string('y', 10 * Mega))!, new JsonArray(Enumerable.Repeat(0, 2 * Mega).Select(i => (JsonNode)JsonValue.Create(i)).ToArray()) })
        {
            var bundle = NewBundle().Shell("sleep 1000").Edit(c => c["unknown"] = filler);
            var id = Start(bundle);
            Assert.InRange(Peak(MasterOf(id)), 1, MostMegabytes);
            Cli.OciOk("delete", "--force", id);
        }
    }

    [RootFact(Needs.Python)]
    public void An_error_in_a_large_document_is_found_with_its_line_in_bounded_memory()
    {
        var bundle = NewBundle().WithCwd("relative").Edit(c => c["unknown"] = new JsonArray(Enumerable.Repeat(0, 2 * Mega).Select(i => (JsonNode)JsonValue.Create(i)).ToArray()));
        Refused(bundle, "config.json:1: process.cwd");
    }

    [RootFact(Needs.Python)]
    public void A_thousand_bind_mounts_are_mounted()
    {
        var source = Path.Combine(Directory, "source");
        System.IO.Directory.CreateDirectory(source);
        File.WriteAllText(Path.Combine(source, "file"), "x");
        var bundle = NewBundle().Shell("grep -c ' /m/' /proc/self/mountinfo; ls /m/0 /m/999");
        for (var i = 0; i < 1000; i++)
        {
            bundle.WithBind(source, $"/m/{i.ToString(CultureInfo.InvariantCulture)}", "rbind", "ro");
        }
        Assert.Equal((0, "1000\n/m/0:\nfile\n\n/m/999:\nfile\n"), RunToEnd(bundle));
        for (var i = 1000; i <= Engine.Shared.Protocol.Limits.Sources; i++)
        {
            bundle.WithBind(source, $"/m/{i.ToString(CultureInfo.InvariantCulture)}");
        }
        Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldFail(255, "mounts[", "more than 1024 bind mounts");
    }

    [RootFact(Needs.Python)]
    public void A_thousand_file_systems_are_mounted()
    {
        var bundle = NewBundle().Shell("grep -c ' /m/' /proc/self/mountinfo");
        for (var i = 0; i < 1000; i++)
        {
            bundle.WithMount($"/m/{i.ToString(CultureInfo.InvariantCulture)}", "tmpfs", "tmpfs", "size=4k");
        }
        Assert.Equal((0, "1000\n"), RunToEnd(bundle));
    }

    [RootFact(Needs.Python)]
    public void Environment_values_of_64_kilobytes_and_the_longest_there_can_be_arrive()
    {
        var bundle = NewBundle().Shell("echo ${#A} ${#B} ${#LONG}");
        bundle.WithEnvironment("A=" + new string('a', 65536), "B=" + new string('b', 65536), "LONG=" + new string('c', 131071 - 5));
        Assert.Equal((0, "65536 65536 131066\n"), RunToEnd(bundle));
        bundle.WithEnvironment("LONGER=" + new string('d', 131072 - 7));
        Refused(bundle, "process.env[", "longer than 131071 bytes");
    }

    [RootFact(Needs.Python)]
    public void Arguments_are_taken_up_to_what_the_kernel_executes()
    {
        var words = Enumerable.Repeat(new string('a', 65535), 28).ToArray();
        Assert.Equal((0, "28\n"), RunToEnd(NewBundle().Args(["/bin/sh", "-c", "echo $#", "sh", .. words])));
        // 2 MiB is a quarter of the usual stack limit: execve's own answer, at start.
        var id = Create(NewBundle().Args(["/bin/sh", "-c", "echo $#", "sh", .. words, .. words]));
        Cli.Oci("start", id).ShouldFail(255, "execve", "/bin/sh", "E2BIG");
        Refused(NewBundle().Args(["/bin/true", .. Enumerable.Repeat(words[0], 100)]), "process.args", "longer than 6291456 bytes");
        Refused(NewBundle().Args([.. Enumerable.Repeat("a", 65537)]), "process.args", "more than 65536 entries");
        Refused(NewBundle().Args("/bin/true", new string('a', 131072)), "process.args[1]", "longer than 131071 bytes");
    }

    [RootFact(Needs.Python)]
    public void What_has_no_room_is_refused_with_its_path()
    {
        Refused(NewBundle().WithAnnotation("a", new string('y', 10 * Mega)), "annotations", "bytes of text");
        Refused(NewBundle().Edit(c => c["unknown"] = Names(100_000)), "unknown", "more than 65536 names");
        Refused(NewBundle().Edit(c => c["linux"]!["sysctl"] = Names(100_000)), "linux.sysctl", "more than 65536 names");
        Refused(NewBundle().Edit(c => c["mounts"] = new JsonArray(Enumerable.Range(0, 100_000).Select(_ => (JsonNode)new JsonObject { ["destination"] = "/a" }).ToArray())), "mounts[65536]", "more than 65536 entries");
        Refused(NewBundle().Raw("{\"ociVersion\":\"1.0.2\",\"x\":" + new string('[', 5 * Mega)), "x[0][0]", "depth");
        Refused(NewBundle().Raw(new string(' ', 17 * Mega)), "config.json", "EFBIG");
        var one = new JsonObject { ["names"] = BundleDefaults.Strings(["getpid"]), ["action"] = "SCMP_ACT_ERRNO" };
        Refused(
            NewBundle().Edit(c => c["linux"]!["seccomp"] = new JsonObject
            {
                ["defaultAction"] = "SCMP_ACT_ALLOW",
                ["syscalls"] = new JsonArray(Enumerable.Range(0, 5000).Select(_ => (JsonNode)one.DeepClone()).ToArray()),
            }),
            "linux.seccomp.syscalls[4096]", "4096 rules");
    }

    [RootFact(Needs.Python)]
    public void Twenty_lines_of_errors_are_enough()
    {
        var bundle = NewBundle().Edit(c => c["mounts"] = new JsonArray(Enumerable.Range(0, 50_000).Select(i => (JsonNode)BundleDefaults.Mount("/m", "tmpfs", "t", [$"bogus{i}=\n"])).ToArray()));
        var result = Measured(bundle);
        Assert.Equal(255, result.ExitCode);
        Assert.InRange(result.Error.Split('\n').Count(l => l.Contains("mounts[", StringComparison.Ordinal)), 1, 20);
    }

    private static JsonObject Names(int count) => new(Enumerable.Range(0, count).Select(i => KeyValuePair.Create(i.ToString(CultureInfo.InvariantCulture), (JsonNode?)"1")));

    private void Refused(Bundle bundle, params string[] parts)
    {
        var result = Measured(bundle);
        Assert.Equal(255, result.ExitCode);
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith("peak ", StringComparison.Ordinal)).ToArray();
        Assert.True(lines.Length == 1 && parts.All(p => lines[0].Contains(p, StringComparison.Ordinal)), $"expected one line with {string.Join(", ", parts)}\n{result}");
        Assert.InRange(lines[0].Length, 1, 1000);
    }

    // The document is read by the master, a descendant that the supervisor reaps: for --plan the command reads it itself, with the same code.
    private CommandResult Measured(Bundle bundle)
    {
        const string Script = """
            import resource, subprocess, sys
            code = subprocess.run(sys.argv[1:]).returncode
            print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
            sys.exit(code)
            """;
        var id = NewId();
        var path = bundle.Path;
        var real = Cli.Oci("create", id, "-b", path);
        Assert.Equal(255, real.ExitCode);
        Assert.Null(Cli.Status(id));
        var command = new Command("/usr/bin/python3", "-c", Script, Installation.Engine, "oci", "create", "--plan", id, "-b", path);
        command.Environment["ENGINE_ROOT"] = Cli.Root;
        var measured = command.Run();
        var peak = int.Parse(measured.Error[(measured.Error.LastIndexOf("peak ", StringComparison.Ordinal) + 5)..], CultureInfo.InvariantCulture);
        Assert.InRange(peak, 1, MostMegabytes);
        return real;
    }

    private int MasterOf(string id)
    {
        using var client = Cli.Control(id);
        client.CallOk("state");
        return new Robustness.Roles(Cli, id).Master!.Value;
    }

    // VmHWM in MiB.
    private static int Peak(int pid) => int.Parse(ProcFs.Status(pid, "VmHWM")!.Split(' ', '\t').First(w => w.Length > 0), CultureInfo.InvariantCulture) / 1024;
}
