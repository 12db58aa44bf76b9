using System.CommandLine;
using System.Text;
using System.Text.Json;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Doctor;
using Engine.Lifecycle;
using Engine.Linux;

namespace Engine.Cli;

/// <summary>
/// <c>engine features</c>: the specification's features document, and what this machine offers. Runs without privilege and starts nothing.
/// </summary>
public static class FeaturesCommand
{
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
        (string release, bool isSufficient) = Examination.KernelRelease();
        json.WriteStartObject("machine");
        json.WriteString("kernel", release);
        json.WriteString("minimumKernel", Examination.MinimumKernel.ToString());
        json.WriteBoolean("kernelIsSufficient", isSufficient);
        json.WriteString("cgroups", CgroupLayout.Read().Mode.ToString().ToLowerInvariant());
        json.WriteStartObject("workflows");
        bool isRoot = Identity.EffectiveUid == 0;
        json.WriteString("root", isRoot ? "available" : "needs root");
        json.WriteString("setuid", isRoot ? "for ordinary users" : WorkflowChoice.SetuidObstacle() is { } obstacle ? "not available: " + obstacle : "installed");
        json.WriteString("rootless", isRoot ? "for ordinary users" : "built in; 'engine doctor' tries it");
        json.WriteEndObject();
        json.WriteString("version", BuildInfo.Version);
        json.WriteString("build", BuildInfo.Build);
        json.WriteEndObject();
    }
}
