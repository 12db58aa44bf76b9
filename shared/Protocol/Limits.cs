namespace Engine.Shared.Protocol;

/// <summary>Every limit of the protocols, checked by both sides when a message is read and when it is written.</summary>
public static class Limits
{
    /// <summary>Version of all protocols in this folder. Both servers and the pump refuse another one before anything else.</summary>
    public const uint Version = 1;

    /// <summary>One SOCK_SEQPACKET datagram. Larger values travel in a sealed memfd. Fits any default wmem_max (212992).</summary>
    public const int Frame = 32 * 1024;

    /// <summary>Descriptors in one datagram. The kernel allows 253; the launch needs the most.</summary>
    public const int Descriptors = 16;

    /// <summary>Descriptors that a payload gets beside its stdio; arbitrary, far above what socket activation or a pipe plumber hands over.</summary>
    public const int Preserved = 512;

    /// <summary>PATH_MAX without its NUL.</summary>
    public const int Path = 4095;

    /// <summary>NAME_MAX: one path component, a cgroup file, a leaf in the state directory.</summary>
    public const int Leaf = 255;

    /// <summary>A value written to a cgroup or sysctl file. The kernel reads at most one page.</summary>
    public const int KernelValue = 4095;

    /// <summary>Options of one filesystem mount, each handed to fsconfig by itself. 256 bytes is its key limit, a page its value.</summary>
    public const int MountOptions = 64;

    /// <summary>One mount option <c>key=value</c>.</summary>
    public const int MountOption = 4095;

    /// <summary>Container id, as the CLI accepts it.</summary>
    public const int Id = 200;

    /// <summary>HOST_NAME_MAX and __NEW_UTS_LEN.</summary>
    public const int HostName = 64;

    /// <summary>Ranges in one id map: the kernel's UID_GID_MAP_MAX_EXTENTS, three numbers each.</summary>
    public const int IdMapWords = 340 * 3;

    /// <summary>Slots for sources on their way from the supervisor to the container stage; arbitrary, one per bind mount.</summary>
    public const int Sources = 1024;

    /// <summary>Slots for cgroup directories: 12 v1 controllers, name=systemd, the unified tree; rounded up.</summary>
    public const int CgroupSlots = 16;

    /// <summary>Arguments or environment of one hook, inline in a frame.</summary>
    public const int HookStrings = 256;

    /// <summary>startContainer hooks held by the container stage until start; arbitrary.</summary>
    public const int StartHooks = 32;

    /// <summary>A hook's output that an error quotes; the rest is read and dropped.</summary>
    public const int HookOutput = 1024;

    /// <summary>Process plan in a memfd: MAX_ARG_STRLEN * a few; execve itself refuses more than a quarter of the stack limit.</summary>
    public const int ProcessPlan = 8 * 1024 * 1024;

    /// <summary>Arguments or environment strings of the payload; execve counts them as int.</summary>
    public const int ExecStrings = 64 * 1024;

    /// <summary>One argument: the kernel's MAX_ARG_STRLEN without its NUL.</summary>
    public const int ExecString = 131071;

    /// <summary>NGROUPS_MAX.</summary>
    public const int Groups = 65536;

    /// <summary>Resource limits: RLIM_NLIMITS, five words each (see <see cref="ProcessPlan"/>).</summary>
    public const int RlimitWords = 16 * 5;

    /// <summary>A set of CPUs or memory nodes, a bit each: the kernel's NR_CPUS ends at 8192.</summary>
    public const int BitmapWords = 256;

    /// <summary>IFNAMSIZ without its NUL.</summary>
    public const int InterfaceName = 15;

    /// <summary>Addresses of one network device: 64 of ten words, see <see cref="MoveNetDevice"/>.</summary>
    public const int AddressWords = 64 * 10;

    /// <summary>BPF_MAXINSNS of 8 bytes.</summary>
    public const int SeccompBytes = 4096 * 8;

    /// <summary>A device program; eBPF instructions of 8 bytes, BPF_MAXINSNS of them for an unprivileged loader.</summary>
    public const int DeviceProgramBytes = 4096 * 8;

    /// <summary>State prefix in a memfd; annotations are the only part that grows.</summary>
    public const int StatePrefix = 1024 * 1024;

    /// <summary>Text of an error.</summary>
    public const int Detail = 2048;

    /// <summary>Stage, operation or method name.</summary>
    public const int Name = 64;
}
