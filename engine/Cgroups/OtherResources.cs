using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>The small ones of linux.resources: pids, hugepageLimits, network, rdma.</summary>
internal static class OtherResources
{
    /// <summary>
    /// pids.limit: -1 is no limit; 0 is one since 1.3.0 of the specification. Nothing can be born in a cgroup with 0, not even the container's
    /// first process: with 1 no other process can be made in it, which is the same.
    /// </summary>
    public static void PlanPids(ResourceContext c, PidsSpec pids) =>
        c.Write(c.Require("pids", "pids.limit"), "pids.max", pids.Limit < 0 ? "max" : $"{Math.Max(1, pids.Limit)}", "pids.limit");

    /// <summary>
    /// hugepageLimits: the limit on pages in use, and the one on reservations where the kernel has it (5.7), as the
    /// specification prefers it.
    /// </summary>
    public static void PlanHugepages(ResourceContext c, HugepageLimitSpec[] limits)
    {
        for (var i = 0; i < limits.Length; i++)
        {
            var member = $"hugepageLimits[{i}]";
            var size = limits[i].PageSize;
            if (!IsPageSize(size))
                throw c.Refuse(member + ".pageSize", $"{Quote.Text(size)} is no page size", "write it as 2MB, 64KB or 1GB");
            var slot = c.Require("hugetlb", member);
            var end = slot.Version == CgroupVersion.V1 ? "limit_in_bytes" : "max";
            c.Write(slot, $"hugetlb.{size}.{end}", $"{limits[i].Limit}", member, advice: "this machine's sizes are in /sys/kernel/mm/hugepages");
            c.Write(slot, $"hugetlb.{size}.rsvd.{end}", $"{limits[i].Limit}", member, optional: true);
        }
    }

    /// <summary>network: v1 only; v2 leaves it to BPF and nftables (match on cgroup path).</summary>
    public static void PlanNetwork(ResourceContext c, NetworkSpec network)
    {
        if (c.IsSet(network.ClassId, "network.classID"))
            c.Write(V1(c, "net_cls", "network.classID"), "net_cls.classid", $"{network.ClassId}", "network.classID");
        for (var i = 0; i < network.Priorities.Length; i++)
        {
            var member = $"network.priorities[{i}]";
            var (name, priority) = (network.Priorities[i].Name, network.Priorities[i].Priority);
            if (name.Length is 0 or > 15 || name.Any(ch => char.IsWhiteSpace(ch) || char.IsControl(ch)))
                throw c.Refuse(member + ".name", $"{Quote.Text(name)} is no interface name");
            c.Write(V1(c, "net_prio", member), "net_prio.ifpriomap", $"{name} {priority}", member, advice: "the interface must be there in the runtime's network namespace");
        }
    }

    /// <summary>rdma: the same file on both versions.</summary>
    public static void PlanRdma(ResourceContext c, IReadOnlyDictionary<string, RdmaSpec> rdma)
    {
        foreach (var (device, limits) in rdma.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            var member = $"rdma[{Quote.Text(device)}]";
            if (device.Length == 0 || device.Any(ch => char.IsWhiteSpace(ch) || char.IsControl(ch)))
                throw c.Refuse(member, "is no device name");
            if (limits.HcaHandles is null && limits.HcaObjects is null)
                throw c.Refuse(member, "has neither hcaHandles nor hcaObjects");
            var handles = limits.HcaHandles is { } h ? $" hca_handle={h}" : "";
            var objects = limits.HcaObjects is { } o ? $" hca_object={o}" : "";
            c.Write(c.Require("rdma", member), "rdma.max", device + handles + objects, member, advice: "the device must be in /sys/class/infiniband");
        }
    }

    private static CgroupSlot V1(ResourceContext c, string controller, string member)
    {
        if (c.OnV1(controller) is { } slot)
            return slot;
        throw c.Unified is not null && c.OnV1("cpu") is null && c.OnV1("memory") is null
            ? c.NotOnV2(member, $"controller {controller}", "match the cgroup path in nftables instead, or remove it")
            : c.Missing(controller, member);
    }

    /// <summary>The schema's pattern: [1-9][0-9]*[KMG]B.</summary>
    private static bool IsPageSize(string text) =>
        text is [>= '1' and <= '9', .. var digits, 'K' or 'M' or 'G', 'B'] && digits.All(char.IsAsciiDigit);
}
