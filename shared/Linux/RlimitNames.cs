using System;

namespace Engine.Shared.Linux;

/// <summary>Limit names as the OCI configuration writes them.</summary>
public static class RlimitNames
{
    private static ReadOnlySpan<byte> Names =>
        "RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC RLIMIT_NOFILE RLIMIT_MEMLOCK "u8 +
        "RLIMIT_AS RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME"u8;

    /// <summary>"RLIMIT_NOFILE" for 7; "?" for a number that is no limit.</summary>
    public static ReadOnlySpan<byte> Name(int resource) => NameTable.At(Names, resource);

    /// <summary>7 for "RLIMIT_NOFILE"; -1 if there is no such limit.</summary>
    public static int Number(ReadOnlySpan<byte> name) => NameTable.Find(Names, name);
}
