using System.Text;
using Engine.Diagnostics;
using Engine.Security;
using Engine.Shared.Protocol;

namespace Engine.Spec;

/// <summary>linux.sysctl: only keys of namespaces that the container does not share with the host.</summary>
internal static class SysctlChecks
{
    public static void Run(RuntimeSpec spec, HostFacts host, Findings findings)
    {
        if (spec.Linux is not { Sysctl.Count: > 0 } linux)
            return;
        var spellings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in linux.Sysctl)
        {
            var at = JsonPath.Property("linux.sysctl", key);
            if (!Sysctl.TryCanonical(key, out var path))
            {
                findings.Error(at, "is no sysctl key such as net.ipv4.ip_forward");
                continue;
            }
            if (!spellings.TryAdd(path, key))
                findings.Error(at, $"is the same key as {Quote.Text(spellings[path])}");
            Key(path, spec, linux, host, at, findings);
            Value(value, at, findings);
        }
    }

    private static void Key(string path, RuntimeSpec spec, LinuxSpec linux, HostFacts host, string at, Findings findings)
    {
        var owner = Sysctl.Owner(path);
        var ns = owner is null ? null : linux.Namespace(owner);
        if (owner is null)
            findings.Error(at, "is of the whole machine, not of a namespace");
        else if (ns is null)
            findings.Error(at, $"needs a namespace of type {owner} (linux.namespaces): it would change the host");
        else if (owner == "network" && ns.IsJoined && host.IsOwnNetworkNamespace(ns.Path!))
            findings.Error(at, $"would change the host: {Quote.Text(ns.Path)} is its network namespace");
        else if (path == "kernel/hostname")
            findings.Error(at, "is set by hostname");
        else if (path == "kernel/domainname" && !string.IsNullOrEmpty(spec.Domainname))
            findings.Error(at, "contradicts domainname");
    }

    private static void Value(string value, string at, Findings findings)
    {
        if (value.AsSpan().IndexOfAny('\n', '\r') >= 0)
            findings.Error(at, $"must be one line, is {Quote.Text(value)}");
        if (Encoding.UTF8.GetByteCount(value) > Limits.KernelValue)
            findings.Error(at, $"is longer than {Limits.KernelValue} bytes");
    }
}
