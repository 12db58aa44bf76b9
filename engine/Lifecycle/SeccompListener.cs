using System.Text;
using System.Text.Json;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Spec;
using Engine.State;
using ContainerStatus = Engine.State.ContainerStatus;

namespace Engine.Lifecycle;

/// <summary>
/// linux.seccomp.listenerPath (config-linux.md, Seccomp): the connection is made while the container is created, so that nobody has to be
/// there later; the process that loads the filter sends its descriptor over it, with the container process state composed here.
/// </summary>
public static class SeccompListener
{
    /// <summary>The name under which the specification knows the descriptor.</summary>
    private const string DescriptorName = "seccompFd";

    /// <summary>Plans the connection for a container's own process.</summary>
    /// <returns>Null when nothing notifies; else what completes the description once the process's number is known.</returns>
    internal static Action<int>? Add(CreationPlan plan, PlanInput input, SourceSlots sources, ProcessDescription description)
    {
        const string jsonPath = "linux.seccomp.listenerPath";
        if (input.Linux.Seccomp is not { } seccomp || !seccomp.Notifies)
        {
            return null;
        }

        string path = seccomp.ListenerPath!;
        uint slot = sources.Next(jsonPath);
        description.ListenerSlot = slot;
        plan.Host("ConnectSocket", path, jsonPath, host => host.ConnectSocket(slot, path, jsonPath));
        return pid => Describe(description, seccomp, new StateDocument
        {
            Id = input.Order.Id,
            Status = ContainerStatus.Created,
            Pid = pid,
            Bundle = input.Order.Bundle,
            Annotations = input.Config.Annotations,
        });
    }

    /// <summary>The connection for a further process, which the caller owns; null when nothing notifies.</summary>
    internal static SafeFd? Connect(SeccompSpec? seccomp, StateDocument state, ProcessDescription description)
    {
        if (seccomp is null || !seccomp.Notifies)
        {
            return null;
        }

        Describe(description, seccomp, state);
        string path = seccomp.ListenerPath!;
        using SafeFd directory = Files.Open(Path.GetDirectoryName(path) ?? "/", fcntl_h.O_PATH);
        return UnixSockets.Connect(directory, Path.GetFileName(path));
    }

    // The number of the process is put between head and tail by the side that knows it.
    private static void Describe(ProcessDescription description, SeccompSpec seccomp, StateDocument state)
    {
        description.ListenerHead = Encoding.UTF8.GetBytes($"{{\"ociVersion\":\"{OciVersions.Newest}\",\"fds\":[\"{DescriptorName}\"],\"pid\":");
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            if (!string.IsNullOrEmpty(seccomp.ListenerMetadata))
            {
                json.WriteString("metadata", seccomp.ListenerMetadata);
            }

            json.WriteStartObject("state");
            json.WriteString("ociVersion", OciVersions.Newest);
            json.WriteString("id", state.Id);
            json.WriteString("status", state.Status);
            json.WriteNumber("pid", state.Pid ?? 0);
            json.WriteString("bundle", state.Bundle);
            if (state.Annotations is { Count: > 0 } annotations)
            {
                json.WriteStartObject("annotations");
                foreach ((string key, string value) in annotations)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        byte[] tail = stream.ToArray();
        tail[0] = (byte)',';
        description.ListenerTail = tail;
    }
}
