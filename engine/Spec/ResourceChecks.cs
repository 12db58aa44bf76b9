using Engine.Diagnostics;
using Engine.Shared.Protocol;
using static Engine.Spec.CheckText;

namespace Engine.Spec;

/// <summary>
/// linux.resources, of a configuration or by itself. What depends on the host (which controllers there are, which values
/// the kernel takes at the moment) shows when the cgroup is written.
/// </summary>
internal static class ResourceChecks
{
    public static void Run(ResourcesSpec? resources, string at, Findings findings)
    {
        if (resources is null)
            return;
        DeviceRules(resources.Devices, At(at, "devices"), findings);
        Memory(resources.Memory, At(at, "memory"), findings);
        Cpu(resources.Cpu, At(at, "cpu"), findings);
        if (resources.Pids is { Limit: < -1 } pids)
            findings.Error(At(at, "pids.limit"), $"must be -1 (no limit) or more, is {pids.Limit}");
        BlockIo(resources.BlockIo, At(at, "blockIO"), findings);
        Huge(resources.HugepageLimits, At(at, "hugepageLimits"), findings);
        Network(resources.Network, At(at, "network"), findings);
        Rdma(resources.Rdma, At(at, "rdma"), findings);
        Unified(resources.Unified, At(at, "unified"), findings);
    }

    private static void DeviceRules(DeviceRuleSpec[] rules, string at, Findings findings)
    {
        for (var i = 0; i < rules.Length; i++)
        {
            var rule = rules[i];
            if (rule.Type is not (null or "" or "a" or "b" or "c"))
                findings.Error($"{at}[{i}].type", $"must be a, b or c, is {Quote.Text(rule.Type)}");
            // Left out it could mean all or nothing, and a rule that denies must not turn out to mean nothing.
            if (string.IsNullOrEmpty(rule.Access))
                findings.Error($"{at}[{i}].access", "is required: r, w, m or several of them");
            else if (!SchemaTypes.IsMadeOf(rule.Access, "rwm"))
                findings.Error($"{at}[{i}].access", $"must consist of r, w and m, is {Quote.Text(rule.Access)}");
            DeviceNumber(rule.Major, LinuxChecks.LastMajor, $"{at}[{i}].major", findings);
            DeviceNumber(rule.Minor, LinuxChecks.LastMinor, $"{at}[{i}].minor", findings);
        }
    }

    // -1 is how older callers say "all".
    private static void DeviceNumber(long? number, long last, string at, Findings findings)
    {
        if (number < -1 || number > last)
            findings.Error(at, $"must be from 0 to {last}, or -1 for all, is {number}");
    }

    private static void Memory(MemorySpec? memory, string at, Findings findings)
    {
        if (memory is null)
            return;
        foreach (var (name, value) in (ReadOnlySpan<(string, long?)>)
                 [("limit", memory.Limit), ("reservation", memory.Reservation), ("swap", memory.Swap), ("kernel", memory.Kernel), ("kernelTCP", memory.KernelTcp)])
        {
            if (value < -1)
                findings.Error(At(at, name), $"must be -1 (no limit) or more, is {value}");
        }
        if (memory.Swappiness > 100)
            findings.Error(At(at, "swappiness"), $"must be from 0 to 100, is {memory.Swappiness}");
        if (memory.Swap > 0 && memory.Limit > memory.Swap)
            findings.Error(At(at, "swap"), $"must not be below memory.limit ({memory.Limit}): it counts both, is {memory.Swap}");
    }

    private static void Cpu(CpuSpec? cpu, string at, Findings findings)
    {
        if (cpu is null)
            return;
        CpuList(cpu.Cpus, At(at, "cpus"), findings);
        CpuList(cpu.Mems, At(at, "mems"), findings);
        if (cpu.Idle is not (null or 0 or 1))
            findings.Error(At(at, "idle"), $"must be 0 or 1, is {cpu.Idle}");
    }

    private static void CpuList(string? list, string at, Findings findings)
    {
        if (!NumberList.TryParse(list, out _))
            findings.Error(at, $"must be a list such as 0-3,7, is {Quote.Text(list)}");
    }

    private static void BlockIo(BlockIoSpec? io, string at, Findings findings)
    {
        if (io is null)
            return;
        Weight(io.Weight, At(at, "weight"), findings);
        Weight(io.LeafWeight, At(at, "leafWeight"), findings);
        for (var i = 0; i < io.WeightDevice.Length; i++)
        {
            var device = io.WeightDevice[i];
            var where = $"{At(at, "weightDevice")}[{i}]";
            BlockDevice(device.Major, device.Minor, where, findings);
            Weight(device.Weight, where + ".weight", findings);
            Weight(device.LeafWeight, where + ".leafWeight", findings);
        }
        foreach (var (name, devices) in (ReadOnlySpan<(string, ThrottleDeviceSpec[])>)
                 [("throttleReadBpsDevice", io.ThrottleReadBpsDevice), ("throttleWriteBpsDevice", io.ThrottleWriteBpsDevice),
                  ("throttleReadIOPSDevice", io.ThrottleReadIopsDevice), ("throttleWriteIOPSDevice", io.ThrottleWriteIopsDevice)])
        {
            for (var i = 0; i < devices.Length; i++)
                BlockDevice(devices[i].Major, devices[i].Minor, $"{At(at, name)}[{i}]", findings);
        }
    }

    // 0 is how Go callers say that there is none.
    private static void Weight(ushort? weight, string at, Findings findings)
    {
        if (weight is > 0 and < 10 or > 1000)
            findings.Error(at, $"must be from 10 to 1000, is {weight}");
    }

    private static void BlockDevice(long major, long minor, string at, Findings findings)
    {
        if (major is < 0 or > LinuxChecks.LastMajor || minor is < 0 or > LinuxChecks.LastMinor)
            findings.Error(at, $"is no device number: {major}:{minor}");
    }

    private static void Huge(HugepageLimitSpec[] limits, string at, Findings findings)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < limits.Length; i++)
        {
            if (!seen.Add(limits[i].PageSize))
                findings.Error($"{at}[{i}].pageSize", $"{limits[i].PageSize} appears twice");
        }
    }

    private static void Network(NetworkSpec? network, string at, Findings findings)
    {
        var priorities = network?.Priorities ?? [];
        for (var i = 0; i < priorities.Length; i++)
        {
            // Written as "name priority", and the kernel's names are what dev_valid_name takes.
            var name = priorities[i].Name;
            if (name.Length is 0 or > 15 || name is "." or ".." || name.Any(c => char.IsWhiteSpace(c) || c is '/' or ':' || char.IsControl(c)))
                findings.Error($"{At(at, "priorities")}[{i}].name", $"is no interface name: {Quote.Text(name)}");
        }
    }

    // Written as "device hca_handle=N": a blank or a line feed in the name would begin another one.
    private static void Rdma(Dictionary<string, RdmaSpec> rdma, string at, Findings findings)
    {
        foreach (var device in rdma.Keys)
        {
            if (device.Length > Limits.Leaf || device.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '/'))
                findings.Error(JsonPath.Property(at, device), "is no device name");
        }
    }

    // A key becomes a file name below the container's cgroup, written by a privileged process.
    private static void Unified(Dictionary<string, string> unified, string at, Findings findings)
    {
        foreach (var (file, value) in unified)
        {
            var where = JsonPath.Property(at, file);
            var dot = file.IndexOf('.');
            if (dot <= 0 || dot == file.Length - 1 || file.Length > Limits.Leaf || !file.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
                findings.Error(where, "is no cgroup file name such as memory.high");
            else if (file.StartsWith("cgroup.", StringComparison.Ordinal))
                findings.Error(where, "is how the engine itself manages the cgroup");
            if (System.Text.Encoding.UTF8.GetByteCount(value) > Limits.KernelValue)
                findings.Error(where, $"is longer than {Limits.KernelValue} bytes");
        }
    }
}
