using System.Text.Json;
using static Engine.Spec.JsonTokens;

namespace Engine.Spec;

/// <summary>linux.resources.</summary>
internal static partial class SpecReader
{
    public static ResourcesSpec Resources(ref Utf8JsonReader reader)
    {
        var resources = new ResourcesSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "devices": resources.Devices = List(ref reader, DeviceRule); break;
                case "memory": resources.Memory = Memory(ref reader); break;
                case "cpu": resources.Cpu = Cpu(ref reader); break;
                case "pids": resources.Pids = Pids(ref reader); break;
                case "blockIO": resources.BlockIo = BlockIo(ref reader); break;
                case "hugepageLimits": resources.HugepageLimits = List(ref reader, HugepageLimit); break;
                case "network": resources.Network = Network(ref reader); break;
                case "rdma": resources.Rdma = Map(ref reader, Rdma); break;
                case "unified": resources.Unified = Map(ref reader, Text); break;
                default: reader.Skip(); break;
            }
        }
        return resources;
    }

    private static DeviceRuleSpec DeviceRule(ref Utf8JsonReader reader)
    {
        var deviceRule = new DeviceRuleSpec { Allow = false };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "allow": deviceRule.Allow = reader.GetBoolean(); break;
                case "type": deviceRule.Type = Text(ref reader); break;
                case "major": deviceRule.Major = reader.GetInt64(); break;
                case "minor": deviceRule.Minor = reader.GetInt64(); break;
                case "access": deviceRule.Access = Text(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return deviceRule;
    }

    private static MemorySpec Memory(ref Utf8JsonReader reader)
    {
        var memory = new MemorySpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "limit": memory.Limit = reader.GetInt64(); break;
                case "reservation": memory.Reservation = reader.GetInt64(); break;
                case "swap": memory.Swap = reader.GetInt64(); break;
                case "kernel": memory.Kernel = reader.GetInt64(); break;
                case "kernelTCP": memory.KernelTcp = reader.GetInt64(); break;
                case "swappiness": memory.Swappiness = reader.GetUInt64(); break;
                case "disableOOMKiller": memory.DisableOomKiller = reader.GetBoolean(); break;
                case "useHierarchy": memory.UseHierarchy = reader.GetBoolean(); break;
                case "checkBeforeUpdate": memory.CheckBeforeUpdate = reader.GetBoolean(); break;
                default: reader.Skip(); break;
            }
        }
        return memory;
    }

    private static CpuSpec Cpu(ref Utf8JsonReader reader)
    {
        var cpu = new CpuSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "shares": cpu.Shares = reader.GetUInt64(); break;
                case "quota": cpu.Quota = reader.GetInt64(); break;
                case "burst": cpu.Burst = reader.GetUInt64(); break;
                case "period": cpu.Period = reader.GetUInt64(); break;
                case "realtimeRuntime": cpu.RealtimeRuntime = reader.GetInt64(); break;
                case "realtimePeriod": cpu.RealtimePeriod = reader.GetUInt64(); break;
                case "cpus": cpu.Cpus = Text(ref reader); break;
                case "mems": cpu.Mems = Text(ref reader); break;
                case "idle": cpu.Idle = reader.GetInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return cpu;
    }

    private static PidsSpec Pids(ref Utf8JsonReader reader)
    {
        var pids = new PidsSpec { Limit = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "limit": pids.Limit = reader.GetInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return pids;
    }

    private static BlockIoSpec BlockIo(ref Utf8JsonReader reader)
    {
        var blockIo = new BlockIoSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "weight": blockIo.Weight = reader.GetUInt16(); break;
                case "leafWeight": blockIo.LeafWeight = reader.GetUInt16(); break;
                case "weightDevice": blockIo.WeightDevice = List(ref reader, WeightDevice); break;
                case "throttleReadBpsDevice": blockIo.ThrottleReadBpsDevice = List(ref reader, ThrottleDevice); break;
                case "throttleWriteBpsDevice": blockIo.ThrottleWriteBpsDevice = List(ref reader, ThrottleDevice); break;
                case "throttleReadIOPSDevice": blockIo.ThrottleReadIopsDevice = List(ref reader, ThrottleDevice); break;
                case "throttleWriteIOPSDevice": blockIo.ThrottleWriteIopsDevice = List(ref reader, ThrottleDevice); break;
                default: reader.Skip(); break;
            }
        }
        return blockIo;
    }

    private static WeightDeviceSpec WeightDevice(ref Utf8JsonReader reader)
    {
        var weightDevice = new WeightDeviceSpec { Major = 0, Minor = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "major": weightDevice.Major = reader.GetInt64(); break;
                case "minor": weightDevice.Minor = reader.GetInt64(); break;
                case "weight": weightDevice.Weight = reader.GetUInt16(); break;
                case "leafWeight": weightDevice.LeafWeight = reader.GetUInt16(); break;
                default: reader.Skip(); break;
            }
        }
        return weightDevice;
    }

    private static ThrottleDeviceSpec ThrottleDevice(ref Utf8JsonReader reader)
    {
        var throttleDevice = new ThrottleDeviceSpec { Major = 0, Minor = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "major": throttleDevice.Major = reader.GetInt64(); break;
                case "minor": throttleDevice.Minor = reader.GetInt64(); break;
                case "rate": throttleDevice.Rate = reader.GetUInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return throttleDevice;
    }

    private static HugepageLimitSpec HugepageLimit(ref Utf8JsonReader reader)
    {
        var hugepageLimit = new HugepageLimitSpec { PageSize = "", Limit = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "pageSize": hugepageLimit.PageSize = Text(ref reader); break;
                case "limit": hugepageLimit.Limit = reader.GetUInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return hugepageLimit;
    }

    private static NetworkSpec Network(ref Utf8JsonReader reader)
    {
        var network = new NetworkSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "classID": network.ClassId = reader.GetUInt32(); break;
                case "priorities": network.Priorities = List(ref reader, InterfacePriority); break;
                default: reader.Skip(); break;
            }
        }
        return network;
    }

    private static InterfacePrioritySpec InterfacePriority(ref Utf8JsonReader reader)
    {
        var interfacePriority = new InterfacePrioritySpec { Name = "", Priority = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "name": interfacePriority.Name = Text(ref reader); break;
                case "priority": interfacePriority.Priority = reader.GetUInt32(); break;
                default: reader.Skip(); break;
            }
        }
        return interfacePriority;
    }

    private static RdmaSpec Rdma(ref Utf8JsonReader reader)
    {
        var rdma = new RdmaSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "hcaHandles": rdma.HcaHandles = reader.GetUInt32(); break;
                case "hcaObjects": rdma.HcaObjects = reader.GetUInt32(); break;
                default: reader.Skip(); break;
            }
        }
        return rdma;
    }
}
