using Engine.Shared.Wire;

namespace Engine.Shared.Policy;

/// <summary>What is wrong with a site configuration; <see cref="SiteConfig.Words"/> has the words.</summary>
public enum SiteConfigError
{
    None,
    TooLong,
    LineTooLong,
    Character,
    NoEquals,
    UnknownKey,
    DuplicateKey,
    Value,
}

/// <summary>Keys of the site configuration, in the order of the names.</summary>
public enum SiteKey
{
    AllowSetuid,
    AllowUsers,
    AllowGroups,
    DenyUsers,
    DenyGroups,
    AllowNs,
    LimitRootfsOwners,
    LimitRootfsGroups,
    LimitRootfsPaths,
    UserBind,
    DenyBindPaths,
    AllowDevices,
    TmpfsMaxSize,
    TmpfsMaxInodes,
    MaxMounts,
    MaxContainers,
    Cgroups,
    CgroupMemoryMax,
    CgroupPidsMax,
    Libexec,
    Count,
}

/// <summary>
/// /etc/engine/engine.conf: what the administrator lets ordinary users do through the set-uid starter. Lines of <c>key = value</c>; <c>#</c> begins
/// a comment line. Anything else (an unknown key, a key twice, a value out of its form, a control character) makes the whole file unusable, and with
/// it the workflow: a restriction that was misspelt must not be missing. No includes, no variables. Texts point into the caller's buffer.
/// </summary>
public unsafe struct SiteConfig
{
    /// <summary>Bytes of a file at most.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int MaxLine = 1024;

    /// <summary>Blank-separated names in the order of <see cref="SiteKey"/>.</summary>
    public static ReadOnlySpan<byte> KeyNames =>
        "allow_setuid allow_users allow_groups deny_users deny_groups allow_ns limit_rootfs_owners limit_rootfs_groups limit_rootfs_paths user_bind deny_bind_paths allow_devices tmpfs_max_size tmpfs_max_inodes max_mounts max_containers cgroups cgroup_memory_max cgroup_pids_max libexec"u8;

    /// <summary>Blank-separated names of the namespaces that allow_ns may list; bit n of <see cref="Namespaces"/> is the n-th.</summary>
    public static ReadOnlySpan<byte> NamespaceNames => "pid ipc uts network cgroup"u8;

    /// <summary>The set-uid workflow is offered at all. Default no.</summary>
    public bool AllowSetuid;

    /// <summary>Comma-separated ids and ranges (1000-1999). Empty: everybody who is not denied.</summary>
    public Text AllowUsers, AllowGroups;

    /// <summary>Comma-separated ids and ranges; they count more than the allowed ones.</summary>
    public Text DenyUsers, DenyGroups;

    /// <summary>By <see cref="NamespaceNames"/>. Default all.</summary>
    public uint Namespaces;

    /// <summary>Ids and ranges of who must own the root directory; empty for anybody.</summary>
    public Text RootfsOwners, RootfsGroups;

    /// <summary>Comma-separated absolute directories, one of which must be or hold the root directory; empty for any.</summary>
    public Text RootfsPaths;

    /// <summary>Users may bind-mount. Default yes.</summary>
    public bool UserBind;

    /// <summary>Comma-separated absolute directories that no bind source may be, be in, or hold.</summary>
    public Text DenyBindPaths;

    /// <summary>Comma-separated absolute device paths that may be bound beside the standard ones.</summary>
    public Text Devices;

    /// <summary>Bytes of a tmpfs at most. Default 64 MiB.</summary>
    public ulong TmpfsMaxSize;

    /// <summary>Inodes of a tmpfs at most. Default 65536.</summary>
    public ulong TmpfsMaxInodes;

    /// <summary>Mounts of a container at most. Default 512.</summary>
    public ulong MaxMounts;

    /// <summary>Containers of a user at once. Default 100.</summary>
    public ulong MaxContainers;

    /// <summary>Make /engine/user-UID in every cgroup hierarchy and hand it to the user. Default no.</summary>
    public bool Cgroups;

    /// <summary>Bytes and processes for all containers of a user together, set on his cgroup; 0 for no limit.</summary>
    public ulong CgroupMemoryMax, CgroupPidsMax;

    /// <summary>The directory with master and pump, absolute. Default /usr/local/libexec/engine.</summary>
    public Text Libexec;

    /// <summary>Reads a whole file. <paramref name="line"/>: where the error is, from 1.</summary>
    public static SiteConfigError Parse(byte* text, int length, out SiteConfig config, out int line)
    {
        config = default;
        config.Namespaces = 0x1f;
        config.UserBind = true;
        config.TmpfsMaxSize = 64UL << 20;
        config.TmpfsMaxInodes = 65536;
        config.MaxMounts = 512;
        config.MaxContainers = 100;
        line = 0;
        if (length > MaxBytes)
        {
            return SiteConfigError.TooLong;
        }

        uint seen = 0;
        int at = 0;
        while (at < length)
        {
            line++;
            int end = at;
            while (end < length && text[end] != '\n')
            {
                end++;
            }

            SiteConfigError error = Line(new Text(text + at, end - at), ref config, ref seen);
            if (error != SiteConfigError.None)
            {
                return error;
            }

            at = end + 1;
        }

        return SiteConfigError.None;
    }

    /// <summary>For a person.</summary>
    public static ReadOnlySpan<byte> Words(SiteConfigError error)
    {
        switch (error)
        {
            case SiteConfigError.TooLong: return "longer than 64 KiB"u8;
            case SiteConfigError.LineTooLong: return "a line is longer than 1024 bytes"u8;
            case SiteConfigError.Character: return "a character that is not printable ASCII"u8;
            case SiteConfigError.NoEquals: return "not KEY = VALUE"u8;
            case SiteConfigError.UnknownKey: return "an unknown key"u8;
            case SiteConfigError.DuplicateKey: return "a key that was there already"u8;
            case SiteConfigError.Value: return "not a value of this key"u8;
            default: return "sound"u8;
        }
    }

    /// <summary>Whether a list of ids and ranges has <paramref name="id"/>.</summary>
    public static bool Lists(Text list, uint id)
    {
        int cursor = 0;
        while (Next(list, ref cursor, out Text item))
        {
            if (Range(item, out uint first, out uint last) && id >= first && id <= last)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The next item of a comma-separated list, without blanks; start with cursor 0.</summary>
    public static bool Next(Text list, ref int cursor, out Text item)
    {
        item = default;
        if (cursor >= list.Length)
        {
            return false;
        }

        int end = cursor;
        while (end < list.Length && list.At[end] != ',')
        {
            end++;
        }

        item = Trim(new Text(list.At + cursor, end - cursor));
        cursor = end + 1;
        return true;
    }

    private static SiteConfigError Line(Text line, ref SiteConfig config, ref uint seen)
    {
        if (line.Length > MaxLine)
        {
            return SiteConfigError.LineTooLong;
        }

        for (int i = 0; i < line.Length; i++)
        {
            if ((line.At[i] < ' ' && line.At[i] != '\t') || line.At[i] > '~')
            {
                return SiteConfigError.Character;
            }
        }

        Text rest = Trim(line);
        if (rest.IsEmpty || rest.At[0] == '#')
        {
            return SiteConfigError.None;
        }

        int equals = 0;
        while (equals < rest.Length && rest.At[equals] != '=')
        {
            equals++;
        }

        if (equals == rest.Length)
        {
            return SiteConfigError.NoEquals;
        }

        Text name = Trim(new Text(rest.At, equals));
        int key = Linux.NameTable.Find(KeyNames, new ReadOnlySpan<byte>(name.At, name.Length));
        if (key < 0)
        {
            return SiteConfigError.UnknownKey;
        }

        if ((seen >> key & 1) != 0)
        {
            return SiteConfigError.DuplicateKey;
        }

        seen |= 1u << key;
        Text value = Trim(new Text(rest.At + equals + 1, rest.Length - equals - 1));
        return config.Set((SiteKey)key, value) ? SiteConfigError.None : SiteConfigError.Value;
    }

    private bool Set(SiteKey key, Text value)
    {
        switch (key)
        {
            case SiteKey.AllowSetuid: return Boolean(value, ref AllowSetuid);
            case SiteKey.AllowUsers: return Ids(value, ref AllowUsers);
            case SiteKey.AllowGroups: return Ids(value, ref AllowGroups);
            case SiteKey.DenyUsers: return Ids(value, ref DenyUsers);
            case SiteKey.DenyGroups: return Ids(value, ref DenyGroups);
            case SiteKey.AllowNs: return Names(value, ref Namespaces);
            case SiteKey.LimitRootfsOwners: return Ids(value, ref RootfsOwners);
            case SiteKey.LimitRootfsGroups: return Ids(value, ref RootfsGroups);
            case SiteKey.LimitRootfsPaths: return Paths(value, ref RootfsPaths);
            case SiteKey.UserBind: return Boolean(value, ref UserBind);
            case SiteKey.DenyBindPaths: return Paths(value, ref DenyBindPaths);
            case SiteKey.AllowDevices: return Paths(value, ref Devices);
            case SiteKey.TmpfsMaxSize: return Size(value, ref TmpfsMaxSize);
            case SiteKey.TmpfsMaxInodes: return Size(value, ref TmpfsMaxInodes);
            case SiteKey.MaxMounts: return Size(value, ref MaxMounts);
            case SiteKey.MaxContainers: return Size(value, ref MaxContainers);
            case SiteKey.Cgroups: return Boolean(value, ref Cgroups);
            case SiteKey.CgroupMemoryMax: return Size(value, ref CgroupMemoryMax);
            case SiteKey.CgroupPidsMax: return Size(value, ref CgroupPidsMax);
            default:
                Libexec = value;
                return IsPath(value);
        }
    }

    private static bool Boolean(Text value, ref bool to)
    {
        to = value.Is("yes"u8);
        return to || value.Is("no"u8);
    }

    private static bool Ids(Text value, ref Text to)
    {
        to = value;
        int cursor = 0;
        while (Next(value, ref cursor, out Text item))
        {
            if (!Range(item, out _, out _))
            {
                return false;
            }
        }

        return !value.IsEmpty;
    }

    private static bool Names(Text value, ref uint to)
    {
        to = 0;
        int cursor = 0;
        while (Next(value, ref cursor, out Text item))
        {
            int index = Linux.NameTable.Find(NamespaceNames, new ReadOnlySpan<byte>(item.At, item.Length));
            if (index < 0)
            {
                return value.Is("none"u8);
            }

            to |= 1u << index;
        }

        return !value.IsEmpty;
    }

    private static bool Paths(Text value, ref Text to)
    {
        to = value;
        int cursor = 0;
        while (Next(value, ref cursor, out Text item))
        {
            if (!IsPath(item))
            {
                return false;
            }
        }

        return !value.IsEmpty;
    }

    // Absolute, and no component that could lead upwards or mean nothing.
    private static bool IsPath(Text path)
    {
        if (path.Length < 2 || path.At[0] != '/')
        {
            return false;
        }

        int component = 0;
        for (int i = 1; i <= path.Length; i++)
        {
            if (i < path.Length && path.At[i] != '/')
            {
                component++;
                continue;
            }

            bool dots = (component == 1 && path.At[i - 1] == '.') || (component == 2 && path.At[i - 1] == '.' && path.At[i - 2] == '.');
            if (component == 0 || dots)
            {
                return false;
            }

            component = 0;
        }

        return true;
    }

    // "7" or "7-9".
    private static bool Range(Text item, out uint first, out uint last)
    {
        int dash = 0;
        while (dash < item.Length && item.At[dash] != '-')
        {
            dash++;
        }

        bool read = Decimal(new Text(item.At, dash), out ulong low);
        ulong high = low;
        if (read && dash < item.Length)
        {
            read = Decimal(new Text(item.At + dash + 1, item.Length - dash - 1), out high);
        }

        first = (uint)low;
        last = (uint)high;
        return read && low <= high && high < uint.MaxValue;
    }

    /// <summary>A number above zero with an optional K, M, G or T (powers of 1024), in either case.</summary>
    public static bool Size(Text value, ref ulong to)
    {
        int shift = 0;
        if (value.Length > 1)
        {
            switch (value.At[value.Length - 1] | 0x20)
            {
                case 'k': shift = 10; break;
                case 'm': shift = 20; break;
                case 'g': shift = 30; break;
                case 't': shift = 40; break;
            }
        }

        Text digits = new Text(value.At, value.Length - (shift == 0 ? 0 : 1));
        if (!Decimal(digits, out ulong number) || number == 0 || number > ulong.MaxValue >> shift)
        {
            return false;
        }

        to = number << shift;
        return true;
    }

    private static bool Decimal(Text digits, out ulong number)
    {
        number = 0;
        for (int i = 0; i < digits.Length; i++)
        {
            uint digit = (uint)(digits.At[i] - '0');
            if (digit > 9 || number > (ulong.MaxValue - digit) / 10)
            {
                return false;
            }

            number = (number * 10) + digit;
        }

        return digits.Length > 0;
    }

    private static Text Trim(Text text)
    {
        int start = 0, end = text.Length;
        while (start < end && (text.At[start] == ' ' || text.At[start] == '\t'))
        {
            start++;
        }

        while (end > start && (text.At[end - 1] == ' ' || text.At[end - 1] == '\t'))
        {
            end--;
        }

        return new Text(text.At + start, end - start);
    }
}
