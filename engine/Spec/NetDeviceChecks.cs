using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.Spec;

/// <summary>linux.netDevices.</summary>
internal static class NetDeviceChecks
{
    public static void Run(RuntimeSpec spec, HostFacts host, Findings findings)
    {
        if (spec.Linux is not { NetDevices.Count: > 0 } linux)
            return;
        var network = linux.Namespace("network");
        if (network is null || (network.IsJoined && host.IsOwnNetworkNamespace(network.Path!)))
            findings.Error("linux.netDevices", "network devices cannot be moved without a private network namespace (linux.namespaces)");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, device) in linux.NetDevices)
        {
            var at = JsonPath.Property("linux.netDevices", name);
            if (!IsName(name) || name.Contains('%'))
                findings.Error(at, $"is no name of a network device: {Quote.Text(name)}");
            var inside = string.IsNullOrEmpty(device.Name) ? name : device.Name;
            var where = string.IsNullOrEmpty(device.Name) ? at : at + ".name";
            if (!IsName(inside) || (inside.Contains('%') && !IsTemplate(inside)))
                findings.Error(where, $"is no name of a network device: {Quote.Text(inside)}");
            else if (inside == "lo")
                findings.Error(where, "every network namespace has an lo of its own");
            else if (!IsTemplate(inside) && !seen.Add(inside))
                findings.Error(where, $"{Quote.Text(inside)} is the name of another device of linux.netDevices");
        }
    }

    // The kernel's dev_valid_name.
    private static bool IsName(string name) =>
        name.Length is > 0 and <= Limits.InterfaceName && name is not ("." or "..") && name.All(c => c is > ' ' and < '\x7f' and not ('/' or ':'));

    private static bool IsTemplate(string name) => name.EndsWith("%d", StringComparison.Ordinal) && name.IndexOf('%') == name.Length - 2;
}
