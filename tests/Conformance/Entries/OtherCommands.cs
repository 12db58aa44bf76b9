using System.Globalization;

namespace Engine.Tests.Conformance.Entries;

/// <summary>runc's other commands and its global options, as callers rely on them.</summary>
internal static class OtherCommands
{
    public static Entry[] All { get; } =
    [
        new("pid-file", "runc CLI create --pid-file", "the file has the pid of the container process, without a newline", t =>
        {
            var file = t.File("pid");
            var container = t.Create(t.NewWaiting(), "--pid-file", file);
            Assert.Equal(container.Pid.ToString(CultureInfo.InvariantCulture), File.ReadAllText(file));
        }),
        new("pid-file.relative", "runc CLI create --pid-file", "a relative path is relative to the caller's directory", t =>
        {
            var (id, bundle) = (t.NewId(), t.NewWaiting().Path);
            var command = t.Oci.PrepareDetached(t.File("o"), t.File("e"), "create", "--bundle", bundle, "--pid-file", "my.pid", id);
            command.WorkingDirectory = t.Directory;
            command.Run().ShouldExit(0);
            Assert.True(File.Exists(t.File("my.pid")));
        }),
        new("stdio", "runc CLI create", "the program has the standard streams of create", t =>
        {
            var container = t.Start(t.NewBundle().Shell("echo to stdout; echo to stderr >&2"));
            container.WaitForEnd();
            Assert.Equal(("to stdout\n", "to stderr\n"), (container.Output, container.Error));
        }),
        new("create.quiet", "runc CLI create", "a create that succeeds prints nothing", t =>
        {
            var container = t.Create(t.NewWaiting());
            Assert.Equal(("", ""), (container.Output, container.Error));
        }),
        new("create.no-environment", "runc CLI", "create works without PATH and HOME", t =>
        {
            var (id, bundle) = (t.NewId(), t.NewWaiting().Path);
            var command = t.Oci.PrepareDetached(t.File("o"), t.File("e"), "create", "--bundle", bundle, id);
            command.Environment.Clear();
            command.Run().ShouldExit(0);
        }),
        new("create.preserve-fds", "runc CLI create --preserve-fds", "descriptors from 3 on reach the program", t =>
        {
            var bundle = t.NewBundle().Shell("cat <&3").Path;
            var kept = t.File("kept", "kept\n");
            var result = new Command("/bin/sh", "-c", "exec 3<\"$0\"; exec \"$@\"", kept, t.Oci.Program, "--root", t.Oci.Root, "run", "--bundle", bundle, "--preserve-fds", "1", t.NewId()).Run();
            Assert.Equal("kept\n", result.ShouldExit(0).Text);
        }),
        new("create.listen-fds", "runc CLI", "LISTEN_FDS are handed over with LISTEN_PID 1", t =>
        {
            var bundle = t.NewBundle().Shell("cat <&3; echo $LISTEN_FDS $LISTEN_PID").Path;
            var kept = t.File("kept", "kept\n");
            var script = "exec 3<\"$0\"; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"";
            Assert.Equal("kept\n1 1\n", new Command("/bin/sh", "-c", script, kept, t.Oci.Program, "--root", t.Oci.Root, "run", "--bundle", bundle, t.NewId()).Run().ShouldExit(0).Text);
        }),
        new("create.stray-descriptors", "runc CLI", "a descriptor that the caller forgot does not reach the program", t =>
        {
            var bundle = t.NewBundle().Probe("fds").Path;
            var result = new Command("/bin/sh", "-c", "exec 7</etc/passwd; exec \"$@\"", "sh", t.Oci.Program, "--root", t.Oci.Root, "run", "--bundle", bundle, t.NewId()).Run();
            Assert.Equal(["0", "1", "2"], new ProbeOutput(result.ShouldExit(0).Text).All("fd").Select(l => l.Split(' ')[0]));
        }),
        new("pause", "runc CLI pause", "pause freezes, the status is paused; resume thaws", t =>
        {
            Paused.NeedFreezer(t);
            var container = t.Start(t.NewBundle().Probe("counter")).WaitForOutput("count 1");
            t.Oci.Ok("pause", container.Id);
            Assert.Equal("paused", container.Status);
            var frozen = container.Output;
            Assert.True(Eventually.Stays(() => container.Output == frozen, 0.5), "it went on");
            t.Oci.Ok("resume", container.Id);
            Assert.Equal("running", container.Status);
            Assert.True(Eventually.Holds(() => container.Output != frozen, 5), "it did not go on");
        }),
        new("pause.unknown", "runc CLI pause", "pause of an unknown container is an error", t => t.Oci.Refused("pause", t.NewId())),
        new("pause.stopped", "runc CLI pause", "pause of a stopped container is an error", t => t.Oci.Refused("pause", Stopped(t).Id)),
        new("resume.running", "runc CLI resume", "resume of a running container is an error", t => t.Oci.Refused("resume", t.StartWaiting().Id)),
        new("ps.json", "runc CLI ps --format json", "ps prints the pids of the container's processes", t =>
        {
            var container = t.StartWaiting();
            Assert.Equal([container.Pid], JsonNode.Parse(t.Oci.Ok("ps", "--format", "json", container.Id).Text)!.AsArray().Select(n => (int)n!));
        }),
        new("ps.table", "runc CLI ps", "ps prints a table with the columns of ps(1)", t =>
        {
            var container = t.StartWaiting();
            var lines = t.Oci.Ok("ps", container.Id).Text.Split('\n');
            Assert.Contains("PID", lines[0], StringComparison.Ordinal);
            Assert.Contains(lines, l => l.Contains("/probe say ready forever", StringComparison.Ordinal));
        }),
        new("list.json", "runc CLI list --format json", "list prints every container with id, pid, status, bundle and created", t =>
        {
            var container = t.StartWaiting();
            var item = Assert.Single(JsonNode.Parse(t.Oci.Ok("list", "--format", "json").Text)!.AsArray())!;
            Assert.Equal((container.Id, container.Pid, "running"), ((string?)item["id"], (int)item["pid"]!, (string?)item["status"]));
            Assert.NotNull((string?)item["bundle"]);
            Assert.True(DateTimeOffset.TryParse((string?)item["created"], CultureInfo.InvariantCulture, out _));
        }),
        new("list.empty", "runc CLI list", "list of no containers prints no container and is no error", t => Assert.DoesNotContain(TestRun.Tag, t.Oci.Ok("list", "--quiet").Text, StringComparison.Ordinal)),
        new("list.quiet", "runc CLI list --quiet", "list --quiet prints ids", t =>
        {
            var container = t.StartWaiting();
            Assert.Equal(container.Id, t.Oci.Ok("list", "--quiet").Trimmed);
        }),
        new("list.table", "runc CLI list", "list prints a table with a header", t =>
        {
            var container = t.StartWaiting();
            var lines = t.Oci.Ok("list").Text.Split('\n');
            Assert.Equal(["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(h => h == "NAME" ? "ID" : h));
            Assert.StartsWith(container.Id + " ", lines[1], StringComparison.Ordinal);
        }),
        new("list.stopped", "runc CLI list", "a stopped container is listed with pid 0", t =>
        {
            Stopped(t);
            var item = Assert.Single(JsonNode.Parse(t.Oci.Ok("list", "--format", "json").Text)!.AsArray())!;
            Assert.Equal(("stopped", 0), ((string?)item["status"], (int)item["pid"]!));
        }),
        new("update.pids", "runc CLI update --pids-limit", "update changes the limit of a running container", t =>
        {
            t.NeedController("pids");
            var container = t.StartWaiting();
            t.Oci.Ok("update", "--pids-limit", "55", container.Id);
            Assert.Equal("55", container.CgroupFile("pids", "pids.max"));
        }),
        new("update.resources", "runc CLI update --resources -", "update reads a resources document from standard input", t =>
        {
            t.NeedController("pids");
            var container = t.StartWaiting();
            var command = t.Oci.Prepare("update", "--resources", "-", container.Id);
            command.Input = """{"pids":{"limit":66},"memory":{},"cpu":{}}"""u8.ToArray();
            command.Run().ShouldExit(0);
            Assert.Equal("66", container.CgroupFile("pids", "pids.max"));
        }),
        new("update.memory", "runc CLI update --memory", "update changes the memory limit", t =>
        {
            t.NeedController("memory");
            var container = t.StartWaiting();
            t.Oci.Ok("update", "--memory", "67108864", container.Id);
            Assert.Equal("67108864", container.CgroupFile("memory", t.View.IsV2 ? "memory.max" : "memory.limit_in_bytes"));
        }),
        new("update.option-after-id", "runc CLI update", "options may follow the id", t =>
        {
            t.NeedController("pids");
            var container = t.StartWaiting();
            t.Oci.Ok("update", container.Id, "--pids-limit", "44");
            Assert.Equal("44", container.CgroupFile("pids", "pids.max"));
        }),
        new("update.unknown", "runc CLI update", "update of an unknown container is an error", t => t.Oci.Refused("update", "--pids-limit", "5", t.NewId())),
        new("log.json", "runc CLI --log-format json", "a failure is one JSON object with level, msg and an RFC 3339 time", t =>
        {
            var log = t.File("log.json");
            Assert.NotEqual(0, new Command(t.Oci.Program, "--root", t.Oci.Root, "--log", log, "--log-format", "json", "state", t.NewId()).Run().ExitCode);
            var line = JsonNode.Parse(Assert.Single(File.ReadAllLines(log)))!;
            Assert.Equal("error", (string?)line["level"]);
            Assert.Contains("does not exist", (string?)line["msg"], StringComparison.Ordinal);
            Assert.True(DateTimeOffset.TryParse((string?)line["time"], CultureInfo.InvariantCulture, out _));
        }),
        new("log.not-found", "runc CLI --log", "a program that is not there: the message has words that podman turns into exit code 127", t =>
        {
            var result = t.Run(t.NewBundle().Args("no-such-program"));
            Assert.NotEqual(0, result.ExitCode);
            Assert.True(result.Error.Contains("executable file not found in", StringComparison.OrdinalIgnoreCase) || result.Error.Contains("no such file or directory", StringComparison.OrdinalIgnoreCase), result.ToString());
        }),
        new("error.duplicate", "runc CLI create", "a duplicate id: the message says that it exists", t =>
        {
            var container = t.Create(t.NewWaiting());
            var (again, _) = t.TryCreate(container.Id, t.NewWaiting().Path);
            Assert.Contains("exist", again.Error, StringComparison.Ordinal);
        }),
        new("version", "runc CLI --version", "--version prints a version of the runtime and of the specification", t => Assert.Contains("spec: 1.", t.Oci.Ok("--version").Text, StringComparison.Ordinal)),
        new("unknown-command", "runc CLI", "an unknown command is an error", t => Assert.NotEqual(0, t.Oci.Run("nonsense").ExitCode)),
        new("unknown-option", "runc CLI", "an unknown option is an error", t => Assert.NotEqual(0, t.Oci.Run("state", "--nonsense", t.NewId()).ExitCode)),
        new("spec", "runc CLI spec", "spec writes a config.json that runs once its root filesystem is there", t =>
        {
            var directory = t.NewDirectory("spec");
            var command = t.Oci.Prepare("spec");
            command.WorkingDirectory = directory;
            command.Run().ShouldExit(0);
            var config = JsonNode.Parse(File.ReadAllText(Path.Combine(directory, "config.json")))!;
            var bundle = t.NewBundle();
            config["process"]!["terminal"] = false;
            config["process"]!["args"] = Scenario.Strings("/probe", "say", "ran");
            // A runtime that may not raise limits cannot set spec's.
            config["process"]!.AsObject().Remove("rlimits");
            config["root"]!["path"] = bundle.Rootfs;
            Assert.Equal("say ran\n", t.Run(bundle.Raw(config.ToJsonString())).ShouldExit(0).Text);
        }),
    ];

    private static Container Stopped(Scenario t)
    {
        var container = t.Start(t.NewBundle().Probe("exit", "0"));
        container.WaitForEnd();
        return container;
    }
}
