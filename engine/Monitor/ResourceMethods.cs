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
    /// <summary>Changes limits; <paramref name="document"/> is a linux.resources object. All of them or, see <see cref="ResourceUpdate"/>, none.</summary>
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

        try
        {
            await new ResourceUpdate(plan, new SupervisorWriter(link)).Run();
        }
        catch (UpdateException refused)
        {
            throw new JsonRpcException(JsonRpcCode.OperationFailed, refused.Message, new(refused.Operation, refused.Path, refused.Errno));
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

    // The supervisor keeps the directories open, and is the one who may.
    private sealed class SupervisorWriter(SupervisorLink link) : ICgroupWriter
    {
        public Task Write(WriteCgroupStep step) => Refusals(link.Call(s => s.WriteCgroup((uint)step.Slot, step.File, step.Value, step.Optional)));

        public Task Exchange(DeviceProgramStep step) => Refusals(link.Call(s => s.SetCgroupDevices((uint)step.Slot, step.Program, "resources.devices")));

        private static async Task Refusals(Task call)
        {
            try
            {
                await call;
            }
            catch (RpcException refused)
            {
                throw new SyscallException(refused.Operation, refused.Path, refused.Errno);
            }
        }
    }
}
