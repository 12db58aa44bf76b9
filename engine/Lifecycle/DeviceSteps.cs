using Engine.Mounts;
using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// Device nodes, the links beside them and the console (config-linux.md, Default Devices and Devices). A /dev that is
/// itself a bind mount is the caller's and is left alone, as runc does. In a user namespace nodes cannot be made, so the
/// host's are bound.
/// </summary>
public static class DeviceSteps
{
    internal static void Add(CreationPlan plan, PlanInput input, SourceSlots sources)
    {
        bool isOwn = !DevIsBound(input);
        if (isOwn)
        {
            AddNodes(plan, input, sources);
            DefaultLink[] links = File.Exists("/proc/kcore") ? [.. DefaultDevices.Links, DefaultDevices.CoreLink] : DefaultDevices.Links;
            foreach (DefaultLink link in links)
            {
                bool replace = link.Path == "/dev/ptmx";
                plan.Container("CreateSymlink", $"{link.Path} -> {link.Target}", "", stage => stage.CreateSymlink(link.Target, link.Path, replace));
            }
        }

        if (input.Config.Process is { Terminal: true } process)
        {
            uint rows = (uint)(process.ConsoleSize?.Height ?? 0);
            uint columns = (uint)(process.ConsoleSize?.Width ?? 0);
            plan.Container("CreateConsole", "/dev/console", "process.terminal", stage => stage.CreateConsole(rows, columns, "process.terminal"));
        }

        if (DeferredReadonly(input))
        {
            var attributes = new MountAttributes { Set = mount_h.MOUNT_ATTR_RDONLY };
            plan.Container("ChangeMount", "/dev (read-only)", "mounts", stage => stage.ChangeMount("/dev", attributes, [], "mounts: /dev"));
        }
    }

    private static void AddNodes(CreationPlan plan, PlanInput input, SourceSlots sources)
    {
        var configured = new HashSet<string>(input.Linux.Devices.Select(device => MountSteps.Normal(device.Path)));
        foreach (DefaultDevice device in DefaultDevices.Nodes)
        {
            if (!configured.Contains(device.Path))
            {
                AddNode(plan, input, sources, device.Path, stat_h.S_IFCHR | DefaultDevices.Mode, device.Major, device.Minor, 0, 0, "");
            }
        }

        for (int i = 0; i < input.Linux.Devices.Length; i++)
        {
            DeviceSpec device = input.Linux.Devices[i];
            if (IsDefaultLink(device.Path))
            {
                // podman --privileged lists every node of the host's /dev; ptmx is always the link to the container's own devpts.
                continue;
            }

            uint type = device.Type switch
            {
                "b" => stat_h.S_IFBLK,
                "p" => stat_h.S_IFIFO,
                _ => stat_h.S_IFCHR,
            };
            AddNode(
                plan, input, sources, device.Path, type | device.Permissions, (uint)(device.Major ?? 0),
                (uint)(device.Minor ?? 0), device.Uid ?? 0, device.Gid ?? 0, $"linux.devices[{i}]");
        }
    }

    private static void AddNode(
        CreationPlan plan, PlanInput input, SourceSlots sources, string path, uint mode, uint major, uint minor, uint uid, uint gid, string jsonPath)
    {
        uint? bind = null;
        if ((input.HasUserNamespace || input.IsSetuid) && (mode & stat_h.S_IFMT) != stat_h.S_IFIFO)
        {
            uint slot = sources.Next(jsonPath);
            bind = slot;
            plan.Host("CloneSource", path, jsonPath, host => host.CloneSource(slot, SourceFlags.NoFollow | SourceFlags.Device, path, context: jsonPath));
        }

        plan.Container(
            "CreateDevice", $"{path} {major}:{minor}", jsonPath, stage => stage.CreateDevice(path, mode, major, minor, uid, gid, bind, jsonPath));
    }

    private static bool IsDefaultLink(string path) => DefaultDevices.Links.Any(link => link.Path == MountSteps.Normal(path));

    private static bool DevIsBound(PlanInput input) => input.Config.Mounts.Any(
        mount => MountSteps.Normal(mount.Destination) == "/dev" && (MountOptions.Parse(mount.Type, mount.Options).Kind == MountKind.Bind));

    private static bool DeferredReadonly(PlanInput input) => input.Config.Mounts.Any(
        mount => MountSteps.IsDeferredReadonly(mount.Destination, MountOptions.Parse(mount.Type, mount.Options)));
}
