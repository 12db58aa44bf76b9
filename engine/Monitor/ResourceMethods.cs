using System.Text;
using System.Text.Json;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Monitor.JsonRpc;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Spec;

namespace Engine.Monitor;

/// <summary>update and stats. The master reads cgroup files, as any uid may; the supervisor writes them.</summary>
public sealed class ResourceMethods(SupervisorLink link, ContainerRecord container)
{
    /// <summary>Changes limits; <paramref name="document"/> is a linux.resources object. The first write that the kernel refuses ends it.</summary>
    public async Task Update(JsonElement document)
    {
        var resources = Parse(document);
        CgroupPlan plan;
        try
        {
            plan = CgroupPlan.Update(container.Cgroups, resources);
        }
        catch (CgroupException refused)
        {
            throw new JsonRpcException(JsonRpcCode.InvalidParams, refused.Message);
        }

        foreach (var step in plan.Steps)
        {
            await Carry(step);
        }

        foreach (var check in plan.Checks)
        {
            check.Verify();
        }
    }

    /// <summary>What the container uses now.</summary>
    public JsonValue Stats()
    {
        var stats = CgroupReader.ReadStats(container.Cgroups);
        return json =>
        {
            json.WriteStartObject();
            json.WriteString("id", container.Id);
            Group(json, "memory",
                ("current", stats.MemoryCurrent), ("limit", stats.MemoryLimit), ("peak", stats.MemoryPeak), ("swap", stats.SwapCurrent), ("oomKills", stats.OomKills));
            Group(json, "cpu",
                ("usageMicroseconds", stats.CpuUsage), ("userMicroseconds", stats.CpuUser), ("systemMicroseconds", stats.CpuSystem),
                ("throttledPeriods", stats.CpuThrottledPeriods), ("throttledMicroseconds", stats.CpuThrottledTime));
            Group(json, "pids", ("current", stats.PidsCurrent), ("limit", stats.PidsLimit));
            Group(json, "io", ("readBytes", stats.IoReadBytes), ("writeBytes", stats.IoWriteBytes));
            json.WriteEndObject();
        };
    }

    private static ResourcesSpec Parse(JsonElement document)
    {
        try
        {
            return ConfigLoader.LoadResources(Encoding.UTF8.GetBytes(document.GetRawText()), "resources");
        }
        catch (ConfigException refused)
        {
            throw JsonRpcParameters.Invalid(string.Join("; ", refused.Lines));
        }
    }

    // Members that are not measured are left out.
    private static void Group(Utf8JsonWriter json, string name, params ReadOnlySpan<(string Name, long? Value)> members)
    {
        json.WriteStartObject(name);
        foreach (var (member, value) in members)
        {
            if (value is { } number)
            {
                json.WriteNumber(member, number);
            }
        }

        json.WriteEndObject();
    }

    private async Task Carry(CgroupStep step)
    {
        switch (step)
        {
            case WriteCgroupStep write:
                try
                {
                    await link.Call(s => s.WriteCgroup((uint)write.Slot, write.File, write.Value, write.Optional));
                }
                catch (RpcException refused)
                {
                    throw new JsonRpcException(
                        JsonRpcCode.OperationFailed, write.Explain(ErrnoText.Describe(refused.Errno)), new(refused.Operation, refused.Path, refused.Errno));
                }

                break;
            case DeviceProgramStep program:
                await link.Call(s => s.SetCgroupDevices((uint)program.Slot, program.Program, "resources.devices"));
                break;
            default:
                throw new JsonRpcException(JsonRpcCode.InternalError, $"an update does not {step}");
        }
    }
}
