using static Engine.Shared.Linux.mount_h;

namespace Engine.Mounts;

/// <summary>What an option is for.</summary>
internal enum OptionKind
{
    /// <summary>Not in the table: the filesystem's own.</summary>
    Data,

    /// <summary>Says what is so anyway.</summary>
    Nothing,
    Bind,
    Remount,
    Propagation,

    /// <summary>Attribute bits; perhaps superblock bits with them.</summary>
    Attribute,

    /// <summary>Chooses when access times are written.</summary>
    AccessTime,

    /// <summary>Takes such a choice back.</summary>
    NotAccessTime,
    Superblock,
    CopyUp,
    IdMap,
}

/// <summary>One row of the table.</summary>
/// <param name="Kind">What the option is for.</param>
/// <param name="Set">Attribute or propagation bits it sets.</param>
/// <param name="Clear">Attribute bits it clears.</param>
/// <param name="Recursive">It is for the whole tree.</param>
/// <param name="SuperblockSet">MS_* bits it sets.</param>
/// <param name="SuperblockClear">MS_* bits it clears.</param>
internal readonly record struct MountOption(
    OptionKind Kind, ulong Set = 0, ulong Clear = 0, bool Recursive = false, ulong SuperblockSet = 0, ulong SuperblockClear = 0);

/// <summary>The "Linux mount options" of config.md, all of them, and nothing else: anything unknown is the filesystem's.</summary>
internal static class MountOptionTable
{
    private static readonly Dictionary<string, MountOption> Rows = Build();

    /// <summary>Every word of the table, sorted: what <c>features</c> lists as mountOptions.</summary>
    public static IEnumerable<string> Names => Rows.Keys.Order(StringComparer.Ordinal);

    /// <summary>The row of an option; <see cref="OptionKind.Data"/> for one that is not in the table.</summary>
    public static MountOption Find(string option) => Rows.TryGetValue(option, out var row) ? row : default;

    private static Dictionary<string, MountOption> Build()
    {
        var rows = new Dictionary<string, MountOption>(StringComparer.Ordinal)
        {
            ["defaults"] = new(OptionKind.Nothing),
            ["bind"] = new(OptionKind.Bind),
            ["rbind"] = new(OptionKind.Bind, Recursive: true),
            ["remount"] = new(OptionKind.Remount),
            ["tmpcopyup"] = new(OptionKind.CopyUp),
            ["idmap"] = new(OptionKind.IdMap),
            ["ridmap"] = new(OptionKind.IdMap, Recursive: true),
        };
        AddAttributes(rows);
        AddSuperblock(rows);
        foreach (var (name, bits) in (ReadOnlySpan<(string, int)>)
                 [("private", MS_PRIVATE), ("shared", MS_SHARED), ("slave", MS_SLAVE), ("unbindable", MS_UNBINDABLE)])
        {
            rows[name] = new(OptionKind.Propagation, (ulong)bits);
            rows["r" + name] = new(OptionKind.Propagation, (ulong)bits, Recursive: true);
        }
        return rows;
    }

    // Each attribute is one word to set and one to clear it, and both again with "r" for the whole tree.
    private static void AddAttributes(Dictionary<string, MountOption> rows)
    {
        foreach (var (set, clear, bits) in (ReadOnlySpan<(string, string, int)>)
                 [("ro", "rw", MOUNT_ATTR_RDONLY), ("nosuid", "suid", MOUNT_ATTR_NOSUID), ("nodev", "dev", MOUNT_ATTR_NODEV),
                  ("noexec", "exec", MOUNT_ATTR_NOEXEC), ("nodiratime", "diratime", MOUNT_ATTR_NODIRATIME),
                  ("nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW)])
        {
            // Read-only is of the mount and of the filesystem; recursive words are of mounts only.
            var superblock = bits == MOUNT_ATTR_RDONLY ? (ulong)MS_RDONLY : 0;
            rows[set] = new(OptionKind.Attribute, Set: (ulong)bits, SuperblockSet: superblock);
            rows[clear] = new(OptionKind.Attribute, Clear: (ulong)bits, SuperblockClear: superblock);
            rows["r" + set] = new(OptionKind.Attribute, Set: (ulong)bits, Recursive: true);
            rows["r" + clear] = new(OptionKind.Attribute, Clear: (ulong)bits, Recursive: true);
        }
        foreach (var (choose, takeBack, bits) in (ReadOnlySpan<(string, string, int)>)
                 [("noatime", "atime", MOUNT_ATTR_NOATIME), ("relatime", "norelatime", MOUNT_ATTR_RELATIME),
                  ("strictatime", "nostrictatime", MOUNT_ATTR_STRICTATIME)])
        {
            rows[choose] = new(OptionKind.AccessTime, (ulong)bits);
            rows[takeBack] = new(OptionKind.NotAccessTime, (ulong)bits);
            rows["r" + choose] = new(OptionKind.AccessTime, (ulong)bits, Recursive: true);
            rows["r" + takeBack] = new(OptionKind.NotAccessTime, (ulong)bits, Recursive: true);
        }
    }

    private static void AddSuperblock(Dictionary<string, MountOption> rows)
    {
        foreach (var (set, clear, bits) in (ReadOnlySpan<(string, string, int)>)
                 [("sync", "async", MS_SYNCHRONOUS), ("dirsync", "", MS_DIRSYNC), ("mand", "nomand", MS_MANDLOCK),
                  ("lazytime", "nolazytime", MS_LAZYTIME), ("iversion", "noiversion", MS_I_VERSION), ("silent", "loud", MS_SILENT)])
        {
            rows[set] = new(OptionKind.Superblock, SuperblockSet: (ulong)bits);
            if (clear.Length > 0)
                rows[clear] = new(OptionKind.Superblock, SuperblockClear: (ulong)bits);
        }
    }
}
