using System.Text.Json;
using static Engine.Spec.JsonTokens;

namespace Engine.Spec;

/// <summary>linux, less resources and seccomp.</summary>
internal static partial class SpecReader
{
    private static LinuxSpec Linux(ref Utf8JsonReader reader)
    {
        var linux = new LinuxSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "namespaces": linux.Namespaces = List(ref reader, Namespace); break;
                case "uidMappings": linux.UidMappings = List(ref reader, Mapping); break;
                case "gidMappings": linux.GidMappings = List(ref reader, Mapping); break;
                case "timeOffsets": linux.TimeOffsets = Map(ref reader, TimeOffset); break;
                case "devices": linux.Devices = List(ref reader, Device); break;
                case "netDevices": linux.NetDevices = Map(ref reader, NetDevice); break;
                case "cgroupsPath": linux.CgroupsPath = Text(ref reader); break;
                case "resources": linux.Resources = Resources(ref reader); break;
                case "rootfsPropagation": linux.RootfsPropagation = Text(ref reader); break;
                case "seccomp": linux.Seccomp = Seccomp(ref reader); break;
                case "sysctl": linux.Sysctl = Map(ref reader, Text); break;
                case "maskedPaths": linux.MaskedPaths = List(ref reader, Text); break;
                case "readonlyPaths": linux.ReadonlyPaths = List(ref reader, Text); break;
                case "mountLabel": linux.MountLabel = Text(ref reader); break;
                case "intelRdt": linux.IntelRdt = IntelRdt(ref reader); break;
                case "memoryPolicy": linux.MemoryPolicy = MemoryPolicy(ref reader); break;
                case "personality": linux.Personality = Personality(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return linux;
    }

    private static NamespaceSpec Namespace(ref Utf8JsonReader reader)
    {
        var entry = new NamespaceSpec { Type = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "type": entry.Type = Text(ref reader); break;
                case "path": entry.Path = Text(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return entry;
    }

    private static IdMapping Mapping(ref Utf8JsonReader reader)
    {
        var mapping = new IdMapping { ContainerId = 0, HostId = 0, Size = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "containerID": mapping.ContainerId = reader.GetUInt32(); break;
                case "hostID": mapping.HostId = reader.GetUInt32(); break;
                case "size": mapping.Size = reader.GetUInt32(); break;
                default: reader.Skip(); break;
            }
        }
        return mapping;
    }

    private static TimeOffsetSpec TimeOffset(ref Utf8JsonReader reader)
    {
        var timeOffset = new TimeOffsetSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "secs": timeOffset.Secs = reader.GetInt64(); break;
                case "nanosecs": timeOffset.Nanosecs = reader.GetUInt32(); break;
                default: reader.Skip(); break;
            }
        }
        return timeOffset;
    }

    private static DeviceSpec Device(ref Utf8JsonReader reader)
    {
        var device = new DeviceSpec { Type = "", Path = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "type": device.Type = Text(ref reader); break;
                case "path": device.Path = Text(ref reader); break;
                case "major": device.Major = reader.GetInt64(); break;
                case "minor": device.Minor = reader.GetInt64(); break;
                case "fileMode": device.FileMode = reader.GetUInt32(); break;
                case "uid": device.Uid = reader.GetUInt32(); break;
                case "gid": device.Gid = reader.GetUInt32(); break;
                default: reader.Skip(); break;
            }
        }
        return device;
    }

    private static NetDeviceSpec NetDevice(ref Utf8JsonReader reader)
    {
        var netDevice = new NetDeviceSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "name": netDevice.Name = Text(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return netDevice;
    }

    private static IntelRdtSpec IntelRdt(ref Utf8JsonReader reader)
    {
        var intelRdt = new IntelRdtSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "closID": intelRdt.ClosId = Text(ref reader); break;
                case "schemata": intelRdt.Schemata = List(ref reader, Text); break;
                case "l3CacheSchema": intelRdt.L3CacheSchema = Text(ref reader); break;
                case "memBwSchema": intelRdt.MemBwSchema = Text(ref reader); break;
                case "enableMonitoring": intelRdt.EnableMonitoring = reader.GetBoolean(); break;
                default: reader.Skip(); break;
            }
        }
        return intelRdt;
    }

    private static MemoryPolicySpec MemoryPolicy(ref Utf8JsonReader reader)
    {
        var memoryPolicy = new MemoryPolicySpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "mode": memoryPolicy.Mode = Text(ref reader); break;
                case "nodes": memoryPolicy.Nodes = Text(ref reader); break;
                case "flags": memoryPolicy.Flags = List(ref reader, Text); break;
                default: reader.Skip(); break;
            }
        }
        return memoryPolicy;
    }

    private static PersonalitySpec Personality(ref Utf8JsonReader reader)
    {
        var personality = new PersonalitySpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "domain": personality.Domain = Text(ref reader); break;
                case "flags": personality.Flags = List(ref reader, Text); break;
                default: reader.Skip(); break;
            }
        }
        return personality;
    }
}
