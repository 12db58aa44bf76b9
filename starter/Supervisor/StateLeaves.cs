using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>Removing what lies in the state directory, by the names we know and through its descriptor only.</summary>
internal static unsafe class StateLeaves
{
    private const int NameBytes = Limits.Leaf + 1;

    /// <summary>The container ended: nobody can connect any more. State, config and log stay for who asks.</summary>
    public static void RemoveSockets()
    {
        int directory = LaunchRecord.Get(LaunchDescriptor.StateDirectory);
        Sys.unlinkat(directory, CString.Of(StateLeaf.Control), 0);
        Sys.unlinkat(directory, CString.Of(StateLeaf.Attach), 0);
        Sys.unlinkat(directory, CString.Of(StateLeaf.Start), 0);
    }

    /// <summary>The container never was: every known name and the directory itself, which frees the id.</summary>
    public static void RemoveAll()
    {
        int directory = LaunchRecord.Get(LaunchDescriptor.StateDirectory);
        int root = LaunchRecord.Get(LaunchDescriptor.StateRoot);
        Text id = LaunchRecord.Launch.Id;
        RemoveSockets();
        Sys.unlinkat(directory, CString.Of(StateLeaf.State), 0);
        Sys.unlinkat(directory, CString.Of(StateLeaf.NewState), 0);
        Sys.unlinkat(directory, CString.Of(StateLeaf.Config), 0);

        byte* buffer = stackalloc byte[NameBytes];
        TextBuilder log = new TextBuilder(buffer, NameBytes);
        log.Append(new ReadOnlySpan<byte>(id.At, id.Length));
        log.Append(StateLeaf.LogSuffix);
        if (!log.Overflowed)
            Sys.unlinkat(directory, log.Text, 0);

        // By its name only as long as the name still means the directory that we were given.
        stat named = default, held = default;
        if (root >= 0 && Sys.fstat(directory, &held) >= 0 && Sys.newfstatat(root, id.At, &named, AT_SYMLINK_NOFOLLOW) >= 0 &&
            named.st_dev == held.st_dev && named.st_ino == held.st_ino)
            Sys.unlinkat(root, id.At, AT_REMOVEDIR);
    }
}
