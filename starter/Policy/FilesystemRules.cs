using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Container;
using Engine.Starter.Server;

namespace Engine.Starter.Policy;

/// <summary>New filesystems of an ordinary user: four types, each with the few options that are safe, and bounds where the caller gave none.</summary>
internal static unsafe class FilesystemRules
{
    public static bool Permit(ref MountFilesystem request)
    {
        if (request.Type.Is("tmpfs"u8))
            return Tmpfs(ref request);
        if (request.Type.Is("proc"u8))
            return Proc(ref request);
        if (request.Type.Is("devpts"u8))
            return Devpts(ref request);
        if (request.Type.Is("mqueue"u8))
        {
            return Mqueue(ref request);
        }

        if (request.Type.Is("sysfs"u8))
            return Rules.Deny(PolicyRule.Sysfs, request.Destination);
        bool cgroup = request.Type.Is("cgroup"u8) || request.Type.Is("cgroup2"u8);
        return Rules.Deny(cgroup ? PolicyRule.CgroupMount : PolicyRule.OtherFilesystem, request.Type);
    }

    /// <summary>Gives the filesystem of <paramref name="context"/> the bounds that every tmpfs of a user has and this caller did not name.</summary>
    public static bool Complete(int context, ref MountFilesystem request)
    {
        if (!Rules.Apply || !request.Type.Is("tmpfs"u8))
            return true;
        return Bound("size"u8, Site.Config.TmpfsMaxSize, request.Options, context, request.Destination) &&
            Bound("nr_inodes"u8, Site.Config.TmpfsMaxInodes, request.Options, context, request.Destination);
    }

    private static bool Bound(ReadOnlySpan<byte> key, ulong most, TextList options, int context, Text path)
    {
        int cursor = 0;
        while (options.Next(ref cursor, out Text option))
        {
            // The options have been taken apart by now: the key ends in a NUL.
            if (CString.Equals(option.At, key))
                return true;
        }

        byte* digits = stackalloc byte[24];
        TextBuilder value = new TextBuilder(digits, 24);
        value.AppendDecimal(most);
        return Filesystems.Option(context, CString.Of(key), value.Text, path);
    }

    private static bool Tmpfs(ref MountFilesystem request)
    {
        int cursor = 0;
        while (request.Options.Next(ref cursor, out Text option))
        {
            Split(option, out ReadOnlySpan<byte> key, out Text value);
            bool size = key.SequenceEqual("size"u8);
            if (size || key.SequenceEqual("nr_inodes"u8))
            {
                ulong wanted = 0;
                ulong most = size ? Site.Config.TmpfsMaxSize : Site.Config.TmpfsMaxInodes;
                if (!SiteConfig.Size(value, ref wanted) || wanted > most)
                    return Rules.Deny(PolicyRule.TmpfsLimits, option);
            }
            else if (!IsReadonly(option) && !key.SequenceEqual("mode"u8) && !IsCallers(key, value))
            {
                return Rules.Deny(PolicyRule.Tmpfs, option);
            }
        }

        return true;
    }

    private static bool Proc(ref MountFilesystem request)
    {
        if (!ContainerStage.Owns(CLONE_NEWPID))
            return Rules.Deny(PolicyRule.Proc, request.Destination);
        request.AttrSet |= MOUNT_ATTR_NOEXEC;
        request.Flags |= (uint)MountFlags.NoSymlink;
        int cursor = 0;
        while (request.Options.Next(ref cursor, out Text option))
        {
            Split(option, out ReadOnlySpan<byte> key, out Text _);
            if (!IsReadonly(option) && !key.SequenceEqual("hidepid"u8) && !key.SequenceEqual("subset"u8))
                return Rules.Deny(PolicyRule.Proc, option);
        }

        return true;
    }

    // Always an instance of its own since Linux 4.7. Its devices must work, so that nodev is not forced: the kernel makes all of them.
    private static bool Devpts(ref MountFilesystem request)
    {
        request.AttrSet = (request.AttrSet & ~(ulong)MOUNT_ATTR_NODEV) | MOUNT_ATTR_NOEXEC;
        int cursor = 0;
        while (request.Options.Next(ref cursor, out Text option))
        {
            Split(option, out ReadOnlySpan<byte> key, out Text value);
            bool known = IsReadonly(option) || key.SequenceEqual("newinstance"u8) || key.SequenceEqual("ptmxmode"u8) || key.SequenceEqual("mode"u8) || IsCallers(key, value);
            if (!known)
                return Rules.Deny(PolicyRule.Devpts, option);
        }

        return true;
    }

    private static bool Mqueue(ref MountFilesystem request)
    {
        bool own = ContainerStage.Owns(CLONE_NEWIPC);
        int cursor = 0;
        while (own && request.Options.Next(ref cursor, out Text option))
            own = IsReadonly(option);
        return own || Rules.Deny(PolicyRule.Mqueue, request.Destination);
    }

    // Takes something away, from every filesystem.
    private static bool IsReadonly(Text option) => option.Is("ro"u8);

    // uid= and gid= that name nobody else.
    private static bool IsCallers(ReadOnlySpan<byte> key, Text value)
    {
        if (!Number.TryParse(new ReadOnlySpan<byte>(value.At, value.Length), out ulong id) || id >= uint.MaxValue)
            return false;
        return (key.SequenceEqual("uid"u8) && id == Caller.Uid) || (key.SequenceEqual("gid"u8) && Caller.HasGroup((uint)id));
    }

    private static void Split(Text option, out ReadOnlySpan<byte> key, out Text value)
    {
        int equals = 0;
        while (equals < option.Length && option.At[equals] != '=')
            equals++;
        key = new ReadOnlySpan<byte>(option.At, equals);
        value = equals < option.Length ? new Text(option.At + equals + 1, option.Length - equals - 1) : new Text(option.At + equals, 0);
    }
}
