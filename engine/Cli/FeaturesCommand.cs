using System.CommandLine;
using System.Text;
using System.Text.Json;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Linux;

namespace Engine.Cli;

/// <summary>
/// <c>engine features</c>: the specification's features document, and what this machine offers. Runs without privilege and starts nothing.
/// </summary>
public static class FeaturesCommand
{
    // openat2 5.6, close_range 5.9, mount_setattr 5.12, cgroup.kill 5.14.
    private static readonly Version MinimumKernel = new(5, 14);

    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var command = new Command("features", "what this engine and this machine offer, as JSON");
        command.SetAction(_ => Run());
        return command;
    }

    private static int Run()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            FeaturesDocument.WriteMembers(json);
            WriteMachine(json);
            json.WriteEndObject();
        }

        Console.Out.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
        return 0;
    }

    private static void WriteMachine(Utf8JsonWriter json)
    {
        string release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        json.WriteStartObject("machine");
        json.WriteString("kernel", release);
        json.WriteString("minimumKernel", MinimumKernel.ToString());
        json.WriteBoolean("kernelIsSufficient", KernelOf(release) >= MinimumKernel);
        json.WriteString("cgroups", CgroupLayout.Read().Mode.ToString().ToLowerInvariant());
        json.WriteStartObject("workflows");
        json.WriteString("root", Identity.EffectiveUid == 0 ? "available" : "needs root");
        json.WriteString("setuid", "not part of this build");
        json.WriteString("rootless", "not part of this build");
        json.WriteEndObject();
        json.WriteString("version", BuildInfo.Version);
        json.WriteString("build", BuildInfo.Build);
        json.WriteEndObject();
    }

    private static Version KernelOf(string release)
    {
        string[] parts = release.Split('.', '-', '+');
        return parts.Length > 1 && int.TryParse(parts[0], out int major) && int.TryParse(parts[1], out int minor) ? new Version(major, minor) : new Version(0, 0);
    }
}
