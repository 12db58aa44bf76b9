using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Starter.Policy;

/// <summary>What the supervisor does for an ordinary user, request by request, decided before any system call of the request. Elsewhere: yes.</summary>
internal static unsafe class HostRules
{
    private const ulong Always = CLONE_NEWNS;

    /// <summary>In the order of <see cref="SiteConfig.NamespaceNames"/>.</summary>
    private static ReadOnlySpan<int> SiteNamespaces => [CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNET, CLONE_NEWCGROUP];

    public static bool Permit(ref Spawn request)
    {
        if (!Rules.Apply)
            return true;
        if ((request.Namespaces & CLONE_NEWUSER) != 0 || request.UidMap.Count != 0 || request.GidMap.Count != 0)
            return Rules.Deny(PolicyRule.UserNamespace);
        if ((request.Namespaces & CLONE_NEWTIME) != 0 || ((SpawnFlags)request.Flags & SpawnFlags.HasTimeOffsets) != 0)
            return Rules.Deny(PolicyRule.TimeNamespace);
        if ((request.Namespaces & CLONE_NEWNS) == 0)
            return Rules.Deny(PolicyRule.MountNamespace);

        ulong allowed = Always;
        for (int i = 0; i < SiteNamespaces.Length; i++)
        {
            if ((Site.Config.Namespaces >> i & 1) != 0)
                allowed |= (uint)SiteNamespaces[i];
        }

        if ((request.Namespaces & ~allowed) != 0)
            return Rules.Deny(PolicyRule.Namespaces);
        bool loopback = ((SpawnFlags)request.Flags & SpawnFlags.LoopbackUp) != 0;
        if (loopback && (request.Namespaces & CLONE_NEWNET) == 0)
            return Rules.Deny(PolicyRule.NetDevices);
        return ((SpawnFlags)request.Flags & SpawnFlags.HasOomScoreAdj) == 0 || ProcessRules.PermitOomScore(request.OomScoreAdj);
    }

    /// <summary>Only what came as a descriptor of the caller's, or a device by the name that everybody knows it by.</summary>
    public static bool Permit(ref CloneSource request, int descriptor)
    {
        if (!Rules.Apply)
            return true;
        SourceFlags flags = (SourceFlags)request.Flags;
        if ((flags & (SourceFlags.IdMap | SourceFlags.RecursiveIdMap)) != 0 || request.UidMap.Count != 0 || request.GidMap.Count != 0)
            return Rules.Deny(PolicyRule.SourceIdMap, request.Path);
        if ((flags & SourceFlags.InStage) != 0)
            return Rules.Deny(PolicyRule.SourcePath, request.Path);
        if ((flags & SourceFlags.Device) != 0)
            return DeviceRules.Permit(request.Path);
        return ((flags & SourceFlags.FromDescriptor) != 0 && descriptor >= 0) || Rules.Deny(PolicyRule.SourcePath, request.Path);
    }

    public static bool Permit(ref OpenCgroup request)
    {
        if (!Rules.Apply)
            return true;
        CgroupFlags flags = (CgroupFlags)request.Flags;
        return (flags & (CgroupFlags.Resctrl | CgroupFlags.Given)) == 0 || Rules.Deny(PolicyRule.IntelRdt, request.Path);
    }

    public static bool Permit(ref WriteCgroup request)
    {
        if (!Rules.Apply)
            return true;
        bool devices = request.File.Length > 8 && new ReadOnlySpan<byte>(request.File.At, 8).SequenceEqual("devices."u8);
        return !devices || Rules.Deny(PolicyRule.CgroupDevices, request.File);
    }
}
