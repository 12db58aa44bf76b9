using System.Globalization;
using System.Text.Json.Nodes;

namespace Engine.Tests.Conformance;

/// <summary>A container of an entry, made by <c>create</c> with files as its standard output and error.</summary>
internal sealed class Container(Scenario scenario, string id, string outputPath, string errorPath)
{
    private int _pid;
    private int? _exitCode;

    public string Id => id;

    public JsonObject State => scenario.Oci.State(id);

    public string? Status => scenario.Oci.Status(id);

    /// <summary>What the payload (and create) wrote so far.</summary>
    public string Output => File.Exists(outputPath) ? File.ReadAllText(outputPath) : "";

    public string Error => File.Exists(errorPath) ? File.ReadAllText(errorPath) : "";

    /// <summary>The output as the probe's lines.</summary>
    public ProbeOutput Probe => new(Output);

    /// <summary>Pid of the container process as the host sees it, from the state document.</summary>
    public int Pid => _pid != 0 ? _pid : _pid = (int)State["pid"]!;

    public Container Start()
    {
        _ = Pid;
        scenario.Oci.Ok("start", id);
        return this;
    }

    /// <summary>Sends a signal.</summary>
    public Container Kill(string signal = "KILL")
    {
        _ = Pid;
        scenario.Oci.Ok("kill", id, signal);
        return this;
    }

    /// <summary>Waits until the process has ended; its exit code, 128+N for signal N.</summary>
    public int WaitForEnd()
    {
        var pid = Pid;
        Eventually.True(() => _exitCode is not null || (_exitCode = Kernel.Reap(pid)) is not null || !Directory.Exists($"/proc/{pid}"),
            () => $"{id} ends; it runs {ProcFs.CommandLine(pid)}\nstdout: {Output}\nstderr: {Error}", 20);
        return _exitCode ?? throw new Xunit.Sdk.XunitException($"process {pid.ToString(CultureInfo.InvariantCulture)} did not become a child of the caller, which is a subreaper");
    }

    /// <summary>Waits until the payload has written the text.</summary>
    public Container WaitForOutput(string text)
    {
        Eventually.True(() => Output.Contains(text, StringComparison.Ordinal), () => $"'{text}' in the output of {id}\nstdout: {Output}\nstderr: {Error}", 20);
        return this;
    }

    public void Delete() => scenario.Oci.Ok("delete", id);

    /// <summary>A file of the container's cgroup without its last newline.</summary>
    public string CgroupFile(string controller, string file) => File.ReadAllText(Path.Combine(scenario.View.Directory(Pid, controller), file)).TrimEnd('\n');

    /// <summary>Runs a command inside and returns what the probe printed there.</summary>
    public ProbeOutput Exec(string[] options, params string[] command) => new(scenario.Oci.Ok(["exec", .. options, id, .. command]).Text);
}
