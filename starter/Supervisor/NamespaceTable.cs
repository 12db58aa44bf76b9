using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>Namespaces that the container joins by path, opened before anything is made.</summary>
internal static unsafe class NamespaceTable
{
    private const int Most = 8;

    private struct Store
    {
        public fixed ulong Kinds[Most];
        public fixed int Descriptors[Most];
    }

    private static Store s_store;
    private static int s_count;

    // The user namespace comes last: until then we hold root's capabilities over the others, whoever owns them; afterwards only those that
    // the joined user namespace gives (security.md H36). The mount namespace just before it: joining it changes what paths mean.
    private static ReadOnlySpan<int> Order =>
        [CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWTIME, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWUSER];

    /// <summary>CLONE_NEW* of all that are open.</summary>
    public static ulong Joined
    {
        get
        {
            ulong joined = 0;
            for (int i = 0; i < s_count; i++)
                joined |= s_store.Kinds[i];
            return joined;
        }
    }

    /// <summary>CLONE_NEW* of those that are not this process's own, reached by another path.</summary>
    public static ulong Foreign { get; private set; }

    /// <summary>OpenNamespace.</summary>
    public static bool Open(ref OpenNamespace request)
    {
        if (s_count == Most || (Joined & request.Kind) != 0)
            return Failure.Refuse("OpenNamespace"u8, request.Path, "a namespace of this kind is there already"u8);
        if (request.Path.IsEmpty || request.Path.At[0] != '/')
            return Failure.Refuse("OpenNamespace"u8, request.Path, "the path is not absolute"u8);

        // O_NONBLOCK: a fifo in its place must not hold us.
        int fd = Sys.openat(AT_FDCWD, request.Path.At, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
        if (fd < 0)
            return Failure.Call("openat"u8, request.Path, fd);

        statfs system = default;
        bool isNamespace = Sys.fstatfs(fd, &system) >= 0 && system.f_type == NSFS_MAGIC;
        int kind = isNamespace ? Sys.ioctl(fd, NS_GET_NSTYPE, 0) : -ENOTTY;
        if (kind > 0 && (ulong)(uint)kind == request.Kind)
        {
            if (!IsOwn(fd, request.Kind))
                Foreign |= request.Kind;
            s_store.Kinds[s_count] = request.Kind;
            s_store.Descriptors[s_count] = fd;
            s_count++;
            return true;
        }

        Sys.close(fd);
        return Failure.Refuse("OpenNamespace"u8, request.Path, kind > 0 ? "a namespace of another kind"u8 : "not a namespace"u8);
    }

    /// <summary>Makes the calling process (the join process) a member of all of them.</summary>
    public static bool Join()
    {
        for (int i = 0; i < Order.Length; i++)
        {
            ulong kind = (uint)Order[i];
            for (int n = 0; n < s_count; n++)
            {
                if (s_store.Kinds[n] != kind)
                    continue;
                int result = Sys.setns(s_store.Descriptors[n], (int)kind);
                if (result < 0)
                    return Failure.Call("setns"u8, Name(kind), result);
            }
        }

        return true;
    }

    /// <summary>Closes them: the container holds its namespaces by being in them.</summary>
    public static void Close()
    {
        for (int i = 0; i < s_count; i++)
            Sys.close(s_store.Descriptors[i]);
        s_count = 0;
    }

    // A namespace that cannot be compared counts as ours: nothing may be changed in it then.
    private static bool IsOwn(int fd, ulong kind)
    {
        byte* buffer = stackalloc byte[64];
        TextBuilder path = new TextBuilder(buffer, 64);
        path.Append("/proc/self/ns/"u8);
        path.Append(ProcName(kind));
        stat theirs = default, ours = default;
        return Sys.fstat(fd, &theirs) < 0 || Sys.newfstatat(AT_FDCWD, path.Text, &ours, 0) < 0 ||
            (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev);
    }

    private static ReadOnlySpan<byte> ProcName(ulong kind)
    {
        switch (kind)
        {
            case CLONE_NEWNET: return "net"u8;
            case CLONE_NEWIPC: return "ipc"u8;
            case CLONE_NEWUTS: return "uts"u8;
            case CLONE_NEWCGROUP: return "cgroup"u8;
            case CLONE_NEWTIME: return "time"u8;
            case CLONE_NEWPID: return "pid"u8;
            case CLONE_NEWNS: return "mnt"u8;
            default: return "user"u8;
        }
    }

    private static ReadOnlySpan<byte> Name(ulong kind)
    {
        switch (kind)
        {
            case CLONE_NEWNET: return "network namespace"u8;
            case CLONE_NEWIPC: return "ipc namespace"u8;
            case CLONE_NEWUTS: return "uts namespace"u8;
            case CLONE_NEWCGROUP: return "cgroup namespace"u8;
            case CLONE_NEWTIME: return "time namespace"u8;
            case CLONE_NEWPID: return "pid namespace"u8;
            case CLONE_NEWNS: return "mount namespace"u8;
            default: return "user namespace"u8;
        }
    }
}
