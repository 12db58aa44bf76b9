using static Engine.Shared.Linux.mount_h;

namespace Engine.Mounts;

/// <summary>What is done for one entry of <c>mounts</c>.</summary>
public enum MountKind
{
    /// <summary>A new mount of a filesystem type.</summary>
    Filesystem,

    /// <summary>A clone of a source's mount.</summary>
    Bind,

    /// <summary>A change of the mount that is at the destination already: "remount", or propagation and nothing else.</summary>
    Change,
}

/// <summary>Whether ids are mapped on the way through the mount.</summary>
public enum IdMapKind
{
    None,

    /// <summary>On the top mount.</summary>
    Top,

    /// <summary>On the whole tree.</summary>
    Recursive,
}

/// <summary>
/// The options of one entry of <c>mounts</c>, sorted by what carries them: attributes of the mount (MOUNT_ATTR_*, for
/// fsmount and mount_setattr), propagation (MS_*, for mount_setattr), switches and parameters of the filesystem (for
/// fsconfig). Parsing accepts anything and says nothing about sense: that is the validator's part.
/// </summary>
/// <remarks>
/// Of two options that contradict each other the last one counts, as in mount(8). Attributes to clear are given only
/// where an option asked for it: a bind keeps what its source has. Access times are one choice of three, so that any of
/// their words clears all of MOUNT_ATTR__ATIME, as mount_setattr demands.
/// </remarks>
public sealed class MountOptions
{
    private MountOptions()
    {
    }

    public MountKind Kind { get; private set; }

    /// <summary>rbind.</summary>
    public bool Recursive { get; private set; }

    /// <summary>remount.</summary>
    public bool Remount { get; private set; }

    /// <summary>MOUNT_ATTR_* of the top mount.</summary>
    public ulong AttrSet { get; private set; }
    public ulong AttrClear { get; private set; }

    /// <summary>MOUNT_ATTR_* of the whole tree (rro, rnosuid, …); applied before those of the top mount. Zero for a new mount.</summary>
    public ulong RecursiveSet { get; private set; }
    public ulong RecursiveClear { get; private set; }

    /// <summary>MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, perhaps with MS_REC; 0 when nothing was said.</summary>
    public ulong Propagation { get; private set; }

    /// <summary>MS_* of the superblock. MS_RDONLY is here as well as in <see cref="AttrSet"/>: "ro" on a new mount means both.</summary>
    public ulong SuperblockSet { get; private set; }
    public ulong SuperblockClear { get; private set; }

    /// <summary>Options this table does not know, hence the filesystem's: "key" or "key=value", in order.</summary>
    public string[] Data { get; private set; } = [];

    /// <summary>tmpcopyup.</summary>
    public bool CopyUp { get; private set; }

    public IdMapKind IdMap { get; private set; }

    /// <summary>
    /// What fsconfig is given for a new mount, in order: the superblock's switches under the kernel's names, then
    /// <see cref="Data"/>. MS_SILENT and MS_I_VERSION have no name there: the first only chose a log level, and
    /// filesystems that have inode versions keep them always.
    /// </summary>
    public IEnumerable<string> FilesystemOptions
    {
        get
        {
            foreach (var (flag, key) in SuperblockKeys)
            {
                if ((SuperblockSet & flag) != 0)
                    yield return key;
            }
            foreach (var option in Data)
                yield return option;
        }
    }

    // fs/fs_context.c, common_set_sb_flag.
    private static readonly (ulong Flag, string Key)[] SuperblockKeys =
    [
        (MS_RDONLY, "ro"), (MS_SYNCHRONOUS, "sync"), (MS_DIRSYNC, "dirsync"), (MS_MANDLOCK, "mand"), (MS_LAZYTIME, "lazytime"),
    ];

    /// <summary>The same, with "ro" meaning the mounts below as well.</summary>
    public MountOptions WithReadonlyTree()
    {
        var copy = (MountOptions)MemberwiseClone();
        copy.RecursiveSet |= MOUNT_ATTR_RDONLY & AttrSet;
        return copy;
    }

    /// <summary>Sorts the options of a mount of this type. Types "bind", "none" and none at all are no filesystem.</summary>
    public static MountOptions Parse(string? type, ReadOnlySpan<string> options)
    {
        var parsed = new MountOptions();
        var bind = type == "bind";
        var data = new List<string>();
        foreach (var option in options)
        {
            var row = MountOptionTable.Find(option);
            switch (row.Kind)
            {
                case OptionKind.Data:
                    data.Add(option);
                    break;
                case OptionKind.Bind:
                    bind = true;
                    parsed.Recursive |= row.Recursive;
                    break;
                default:
                    parsed.Apply(row);
                    break;
            }
        }
        parsed.Data = [.. data];
        parsed.Kind = parsed.Remount ? MountKind.Change
            : bind ? MountKind.Bind
            : IsFilesystem(type) ? MountKind.Filesystem
            : MountKind.Change;
        parsed.FoldRecursive();
        return parsed;
    }

    /// <summary>A type that names a filesystem rather than nothing.</summary>
    public static bool IsFilesystem(string? type) => !string.IsNullOrEmpty(type) && type is not ("none" or "bind");

    private void Apply(MountOption row)
    {
        switch (row.Kind)
        {
            case OptionKind.Attribute when row.Recursive:
                (RecursiveSet, RecursiveClear) = Change(RecursiveSet, RecursiveClear, row);
                break;
            case OptionKind.Attribute:
                (AttrSet, AttrClear) = Change(AttrSet, AttrClear, row);
                break;
            case OptionKind.AccessTime or OptionKind.NotAccessTime when row.Recursive:
                (RecursiveSet, RecursiveClear) = Choose(RecursiveSet, RecursiveClear, row);
                break;
            case OptionKind.AccessTime or OptionKind.NotAccessTime:
                (AttrSet, AttrClear) = Choose(AttrSet, AttrClear, row);
                break;
            case OptionKind.Propagation:
                Propagation = row.Set | (row.Recursive ? (ulong)MS_REC : 0);
                break;
            case OptionKind.Remount:
                Remount = true;
                break;
            case OptionKind.CopyUp:
                CopyUp = true;
                break;
            case OptionKind.IdMap:
                IdMap = row.Recursive ? IdMapKind.Recursive : IdMapKind.Top;
                break;
        }
        SuperblockSet = (SuperblockSet | row.SuperblockSet) & ~row.SuperblockClear;
        SuperblockClear = (SuperblockClear | row.SuperblockClear) & ~row.SuperblockSet;
    }

    private static (ulong Set, ulong Clear) Change(ulong set, ulong clear, MountOption row) =>
        ((set | row.Set) & ~row.Clear, (clear | row.Clear) & ~row.Set);

    // "noatime" chooses. "atime" takes that choice back, to what the kernel does by itself, which is relatime; it leaves
    // another choice alone. "norelatime" takes back a choice of what happens anyway, hence only forgets it.
    private static (ulong Set, ulong Clear) Choose(ulong set, ulong clear, MountOption row)
    {
        const ulong all = MOUNT_ATTR__ATIME;
        if (row.Kind == OptionKind.AccessTime)
            return ((set & ~all) | row.Set, clear | all);
        var isChosen = (clear & all) != 0;
        var isOurs = isChosen && (set & all) == row.Set;
        if (row.Set == MOUNT_ATTR_RELATIME)
            return isOurs ? (set, clear & ~all) : (set, clear);
        return isChosen && !isOurs ? (set, clear) : (set & ~all, clear | all);
    }

    // A new mount is a tree of one: what is asked of the whole tree is asked of it, and what is asked of it alone counts last.
    private void FoldRecursive()
    {
        if (Kind != MountKind.Filesystem)
            return;
        var decided = AttrSet | AttrClear;
        AttrSet |= RecursiveSet & ~decided;
        AttrClear |= RecursiveClear & ~decided;
        RecursiveSet = RecursiveClear = 0;
    }
}
