using System.Text;
using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.Spec;

/// <summary>The parts of a configuration that are not of one platform.</summary>
internal static class CommonChecks
{
    /// <summary>
    /// SemVer 2.0.0 of major version 1. Any minor version: what a later one adds is unknown to us and, by its own rule,
    /// ignored.
    /// </summary>
    public static void Version(RuntimeSpec spec, Findings findings)
    {
        if (!SemVer.TryMajor(spec.OciVersion, out var major))
            findings.Error("ociVersion", $"must be a version such as 1.3.0, is {Quote.Text(spec.OciVersion)}");
        else if (major != 1)
            findings.Error("ociVersion", $"must be a version 1, is {Quote.Text(spec.OciVersion)}; this engine understands 1.0.0 to 1.3.0 and later");
    }

    /// <summary>Whether the directory exists is found out when it is opened.</summary>
    public static void Root(RuntimeSpec spec, Findings findings)
    {
        if (spec.Root is null)
            findings.Error("root", "is required and missing");
        else if (spec.Root.Path.Length == 0)
            findings.Error("root.path", "must not be empty");
        else
            CheckText.PathLength(spec.Root.Path, "root.path", findings);
    }

    /// <summary>hostname and domainname: only in a namespace that is not the host's.</summary>
    public static void Names(RuntimeSpec spec, Findings findings)
    {
        Name(spec.Hostname, "hostname");
        Name(spec.Domainname, "domainname");

        void Name(string? value, string at)
        {
            if (string.IsNullOrEmpty(value))
                return;
            if (spec.Linux?.Namespace("uts") is null)
                findings.Error(at, "needs a uts namespace (linux.namespaces): it would rename the host");
            if (Encoding.UTF8.GetByteCount(value) > Limits.HostName)
                findings.Error(at, $"is longer than {Limits.HostName} bytes: {Quote.Text(value)}");
        }
    }

    /// <summary>They are copied into every state document, which has a bound of its own.</summary>
    public static void Annotations(RuntimeSpec spec, Findings findings)
    {
        const int most = Limits.StatePrefix - (64 * 1024);
        var size = 0L;
        foreach (var (name, value) in spec.Annotations)
            size += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        if (size > most)
            findings.Error("annotations", $"has {size} bytes of text; at most {most} have room in the container's state");
    }

    public static void Process(RuntimeSpec spec, Findings findings)
    {
        if (spec.Process is null)
            findings.Error("process", "is required and missing: a container without one could not be started");
        else
            ProcessChecks.Run(spec.Process, "process", findings);
    }
}
