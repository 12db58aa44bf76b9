namespace Engine.Spec;

/// <summary>Definitions the schemas share (defs.json, defs-linux.json of the specification).</summary>
internal static class SchemaTypes
{
    public static readonly Shape I32 = Shape.Integer(int.MinValue, int.MaxValue);
    public static readonly Shape I64 = Shape.Integer(long.MinValue, long.MaxValue);
    public static readonly Shape U8 = Shape.Integer(0, byte.MaxValue);
    public static readonly Shape U16 = Shape.Integer(0, ushort.MaxValue);
    public static readonly Shape U32 = Shape.Integer(0, uint.MaxValue);
    public static readonly Shape U64 = Shape.Integer(0, ulong.MaxValue);
    public static readonly Shape Texts = Shape.ListOf(Shape.Text);
    public static readonly Shape TextMap = Shape.MapOf(Shape.Text);

    /// <summary>Permission bits, 0 to 0777; a node's type has a property of its own.</summary>
    public static readonly Shape Permissions = Shape.Integer(0, 511);

    public static readonly Shape IdMappings = Shape.ListOf(Shape.Object(
        new("containerID", U32, Required: true),
        new("hostID", U32, Required: true),
        new("size", U32, Required: true)));

    public static readonly Shape SeccompAction = Shape.OneOf(
        "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
        "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY");

    public static readonly Shape SeccompArchitecture = Shape.OneOf(
        "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64",
        "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
        "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X",
        "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64");

    public static readonly Shape SeccompFlag = Shape.OneOf(
        "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");

    public static readonly Shape SeccompOperator = Shape.OneOf(
        "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ");

    public static readonly Shape NamespaceType = Shape.OneOf("mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time");

    /// <summary>A text of nothing but characters of a set.</summary>
    public static bool IsMadeOf(string text, string characters) => text.AsSpan().IndexOfAnyExcept(characters) < 0;
}
